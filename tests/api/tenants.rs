//! Two tenants behind one door: nobody of one is anybody at the other's address, and nothing of one is at the other's.

use cadran::http::Front;
use cadran::store::{Database, Tenant};
use cadran_engine::command::Refusal;
use cadran_engine::model::{Right, Role, TenantId, TenantState};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use uuid::Uuid;

use super::inbound::{flow, message, post};
use super::live::{Screen, ticket};
use super::routes::{address, table};
use super::teams::Belongings;
use super::world::{World, now};

/// A word that is in all that the other tenant has, and nowhere else.
const MARK: &str = "zebra";

/// The first tenant and another, each with an engine of its own.
struct Two {
    ours: World,
    theirs: World,
    front: Front,
    other: Tenant,
}

impl Two {
    async fn on(database: &Database) -> Self {
        let other = Tenant {
            id: TenantId::from_i64(0),
            slug: "acme".parse().unwrap(),
            name: "Acme".to_owned(),
            hosts: ["calls.acme.example".to_owned()].into(),
            state: TenantState::Active,
            created_at: now(),
        };
        let other = database.create_tenant(&other).await.unwrap().value;
        let first = database.tenant(TenantId::FIRST).await.unwrap().unwrap().value;
        let ours = World::of(database.first().await.unwrap(), TempDir::new().unwrap()).await;
        let theirs = World::of(database.store(&other).await.unwrap(), TempDir::new().unwrap()).await;
        let front = Front::default();
        front.open(&first, ours.router(), Handle::current());
        front.open(&other, theirs.router(), Handle::current());
        let ours = ours.behind(front.router(), "localhost");
        let theirs = theirs.behind(front.router(), "Calls.Acme.Example:8443");
        Self { ours, theirs, front, other }
    }

    async fn on_sqlite() -> Self {
        let directory = TempDir::new().unwrap().keep();
        let database = Database::open(None, &directory).await.unwrap();
        database.migrate().await.unwrap();
        Self::on(&database).await
    }

    async fn on_postgres() -> Self {
        let server = std::env::var("CADRAN_TEST_POSTGRES_URL").expect(
            "CADRAN_TEST_POSTGRES_URL is not set: start a PostgreSQL with `scripts/postgres.sh up DIR` and give the \
             address that it prints",
        );
        let name = format!("tenants_{}", Uuid::now_v7().simple());
        let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let (host, _) = server.rsplit_once('/').unwrap();
        let database =
            Database::open(Some(&format!("{host}/{name}")), std::path::Path::new("/")).await.unwrap();
        database.migrate().await.unwrap();
        Self::on(&database).await
    }
}

/// Somebody of each role, by the name of the role.
async fn everybody(world: &World) -> Vec<(Role, String)> {
    let admin = world.signed_in(Role::Admin).await;
    let (_, agent) = world.agent(&admin, "agent-1").await;
    let mut people = vec![(Role::Admin, admin), (Role::Agent, agent)];
    for role in Role::ALL {
        if !matches!(role, Role::Admin | Role::Agent) {
            people.push((role, world.signed_in(role).await));
        }
    }
    people
}

/// Something for every name that addresses have, with [`MARK`] in whatever has a name.
async fn belongings(world: &World, admin: &str) -> Vec<(&'static str, String)> {
    // Numbers that the first tenant has, in a file of its own, are not taken for these.
    for number in 0..12 {
        world.add_user(&format!("spare-{number}"), Role::Viewer, None).await;
    }
    world.agent(admin, "spare-agent").await;
    let mut all = Belongings::new(world, admin, MARK).await.0;
    let mut made = async |noun: &'static str, path: &str, body: Value| -> String {
        let reply = post(world, admin, path, body).await;
        let id = reply["id"].as_str().map_or_else(|| reply["id"].to_string(), str::to_owned);
        all.push((noun, id.clone()));
        id
    };
    made("team", "/api/teams", json!({ "name": MARK })).await;
    let hook = json!({ "name": MARK, "url": "https://zebra.example/", "events": ["lead.settled"], "numbers": false });
    made("webhook", "/api/webhooks", hook).await;
    let hours = json!({ "name": MARK, "calendar": { "tz": "Europe/Paris" } });
    made("calendar", "/api/calendars", hours).await;
    let reason = json!({ "code": MARK, "label_fr": MARK, "label_en": MARK, "paid": true });
    made("reason", "/api/pause-reasons", reason).await;
    let choice = json!({ "code": MARK, "label_fr": MARK, "label_en": MARK, "effect": { "kind": "final" } });
    made("group", "/api/disposition-groups", json!({ "name": MARK, "dispositions": [choice] })).await;
    made("skill", "/api/skills", json!({ "name": MARK, "description": MARK })).await;
    let queue = made("queue", "/api/queues", json!({ "name": MARK })).await;
    let mailbox = made("mailbox", "/api/mailboxes", json!({ "name": MARK })).await;
    made("medium", "/api/media", json!({ "name": MARK })).await;
    made("key", "/api/keys", json!({ "name": MARK, "rights": ["view"] })).await;
    made("entry", "/api/do-not-call", json!({ "phone": "+33199001234", "reason": MARK })).await;
    let listed = json!({ "list": "vip", "phone": "+33199001234", "note": MARK });
    made("listed", "/api/listed-callers", listed).await;
    let seller = made("seller", "/api/sellers", json!({ "name": MARK })).await;
    let consent = json!({ "phone": "+33199001234", "seller": seller, "purpose": "phone_marketing",
        "text_version": "1", "channel": MARK, "evidence": MARK, "given_at": 1_700_000_000_000_i64 });
    made("consent", "/api/consents", consent).await;
    let contract = json!({ "phone": "+33199001234", "seller": seller, "kind": "contract", "related": true,
        "reference": MARK, "began_at": 1_700_000_000_000_i64 });
    made("relationship", "/api/relationships", contract).await;
    let trunk = json!({ "name": MARK, "host": "192.0.2.2", "caller_ids": [], "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 } });
    made("trunk", "/api/trunks", trunk).await;
    let flow = flow(world, admin, MARK, Some(&queue)).await;
    let number = json!({ "number": "+33199005678", "flow": flow });
    made("number", "/api/numbers", number).await;
    post(world, admin, "/api/roles", json!({ "name": "striped", "rights": ["view"] })).await;
    let upload =
        world.call("POST", "/api/uploads").token(admin).bytes("phone\n").send().await.expect(201).json();
    let message = message(&mailbox, MARK);
    world.store.keep_message(&message).await.unwrap();
    all.push(("user", world.add_user("zebra-user", Role::Viewer, None).await.to_string()));
    all.push(("role", "striped".to_owned()));
    all.push(("flow", flow));
    all.push(("message", message.id.to_string()));
    all.push(("upload", upload["id"].as_str().unwrap().to_owned()));
    all
}

/// Names in addresses that are nobody's row by themselves: words, and parts of what stands before them.
const OF_NOBODY: [&str; 7] = ["delivery", "locale", "pointer", "register", "revision", "tenant", "test"];

/// The address of what a tenant has; none when it names nothing. A name that is not known here fails the test.
fn theirs_at(path: &str, all: &[(&'static str, String)]) -> Option<String> {
    let mut named = false;
    let parts =
        path.split('/').map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => part.to_owned(),
            Some(noun) if OF_NOBODY.contains(&noun) => address(part, "", ""),
            Some(noun) => {
                named = true;
                let found = all.iter().find(|(known, _)| *known == noun);
                found
                    .unwrap_or_else(|| {
                        panic!("nothing is known by `{noun}` in {path}: add it to `belongings`")
                    })
                    .1
                    .clone()
            }
        });
    let address = parts.collect::<Vec<_>>().join("/");
    named.then_some(address)
}

async fn nobody_is_anybody_at_anothers_address(two: Two) {
    let people = everybody(&two.ours).await;
    let admin = two.theirs.signed_in(Role::Admin).await;
    let all = belongings(&two.theirs, &admin).await;
    let mut asked = 0;
    for route in table() {
        if route.who == ["everybody"] {
            continue;
        }
        let path = theirs_at(route.path, &all).unwrap_or_else(|| route.path.to_owned());
        let path = address(&path, "agt_1", "cal_1");
        for (role, token) in &people {
            let reply = two.theirs.call(route.method, &path).token(token).json(&json!({})).send().await;
            let told = format!("{} {path} as {role:?} of another tenant: {}", route.method, reply.text());
            assert_eq!(reply.problem(), (401, "not_signed_in".to_owned()), "{told}");
            asked += 1;
        }
        let (_, token) = &people[0];
        let path = format!("/t/{}{path}", two.other.slug);
        let reply = two.ours.call(route.method, &path).token(token).json(&json!({})).send().await;
        assert_eq!(reply.status, 401, "{} {path}", route.method);
        let cookie = format!("__Host-cadran={token}");
        let reply =
            two.ours.call(route.method, &path).header("cookie", &cookie).json(&json!({})).send().await;
        assert_eq!(reply.status, 401, "{} {path} by cookie", route.method);
    }
    assert!(asked > 1_000, "only {asked} questions were asked");

    let key = post(&two.ours, &people[0].1, "/api/keys", json!({ "name": "CRM", "rights": ["view"] })).await;
    let key = key["token"].as_str().unwrap();
    two.ours.call("GET", "/api/campaigns").token(key).send().await.expect(200);
    two.theirs.call("GET", "/api/campaigns").token(key).send().await.expect(401);
}

#[tokio::test]
async fn nobody_is_anybody_at_anothers_address_on_sqlite() {
    nobody_is_anybody_at_anothers_address(Two::on_sqlite().await).await;
}

#[tokio::test]
async fn nobody_is_anybody_at_anothers_address_on_postgres() {
    nobody_is_anybody_at_anothers_address(Two::on_postgres().await).await;
}

/// What changes by itself: when a key was used last, what the log says of this very question, times and figures.
const MOVING: [&str; 5] = ["/api/audit", "/api/keys", "/api/live", "/api/system", "/metrics"];

/// What a tenant's admin is shown of all that addresses name.
async fn shown(world: &World, admin: &str, all: &[(&'static str, String)]) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for route in table() {
        let moves = MOVING.iter().any(|path| route.path.starts_with(path));
        if route.method == "GET" && !moves {
            let path = theirs_at(route.path, all).unwrap_or_else(|| route.path.to_owned());
            let reply = world.call("GET", &path).token(admin).send().await;
            // A problem names the request.
            if reply.status.is_success() {
                shown.push((path, reply.text()));
            }
        }
    }
    shown
}

async fn nothing_of_one_is_at_the_others_address(two: Two) {
    let people = everybody(&two.ours).await;
    let admin = two.theirs.signed_in(Role::Admin).await;
    let all = belongings(&two.theirs, &admin).await;
    let before = shown(&two.theirs, &admin, &all).await;
    let seen = before.iter().filter(|(_, text)| text.contains(MARK)).count();
    assert!(seen > 25, "only {seen} addresses of the other tenant tell of it");

    // Our engine knows no call and no desk of theirs; theirs hears nothing of all this.
    two.ours.script().refusal = Some(Refusal::UnknownCall);
    let heard = two.theirs.script().asked.len();
    let (mut asked, mut odd) = (0, Vec::new());
    for route in table() {
        let Some(path) = theirs_at(route.path, &all) else { continue };
        for (role, token) in &people {
            // Removals say why.
            let asked_for =
                if route.method == "DELETE" { format!("{path}?reason=asked") } else { path.clone() };
            let call = two.ours.call(route.method, &asked_for).token(token).header("if-match", "1");
            let reply = call.json(&json!({})).send().await;
            let told = format!("{} {path} as {role:?} of another tenant: {}", route.method, reply.text());
            assert!(!reply.text().replace(&path, "").contains(MARK), "{told}");
            let rights = route.who.iter().filter_map(|word| Right::from_word(word));
            let may = rights.into_iter().any(|right| role.rights().has(right));
            match (route.method, reply.status.as_u16()) {
                (_, 404) => {}
                (_, 403) => assert!(!may || *role == Role::Agent, "{told}"),
                // What nobody ever had is answered in the same way.
                ("GET", 200) => {
                    let nobodys = address(route.path, "agt_999", &format!("cal_{}", Uuid::nil().simple()));
                    let same = two.ours.call("GET", &nobodys).token(token).send().await.expect(200);
                    if same.text() != reply.text() {
                        odd.push(told);
                    }
                }
                // What is not there any more is as removed as can be; that theirs is there is looked at below.
                ("DELETE", 204) if route.path == "/api/uploads/{upload}" => {}
                // The request is looked at first, and none that is whole is sent.
                (_, 400 | 409 | 415 | 422 | 426 | 428) => {}
                _ => odd.push(format!("{told} ({})", reply.status)),
            }
            asked += 1;
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
    assert_eq!(two.theirs.script().asked.len(), heard, "their engine was asked");
    assert!(asked > 800, "only {asked} questions were asked");
    for (before, after) in before.iter().zip(shown(&two.theirs, &admin, &all).await) {
        assert_eq!(*before, after, "something was changed from outside");
    }

    for route in table() {
        if route.method == "GET" && !route.path.contains('{') {
            let reply = two.ours.call("GET", route.path).token(&people[0].1).send().await;
            assert!(!reply.text().contains(MARK), "{} tells of another tenant: {}", route.path, reply.text());
        }
    }
}

#[tokio::test]
async fn nothing_of_one_is_at_the_others_address_on_sqlite() {
    nothing_of_one_is_at_the_others_address(Two::on_sqlite().await).await;
}

#[tokio::test]
async fn nothing_of_one_is_at_the_others_address_on_postgres() {
    nothing_of_one_is_at_the_others_address(Two::on_postgres().await).await;
}

#[tokio::test]
async fn no_ticket_opens_anothers_stream_and_no_token_anothers_sound() {
    let two = Two::on_sqlite().await;
    let ours = two.ours.signed_in(Role::Admin).await;
    let theirs = two.theirs.signed_in(Role::Admin).await;
    let (our_ticket, their_ticket) = (ticket(&two.ours, &ours).await, ticket(&two.theirs, &theirs).await);
    // A socket without a host of either is the first tenant's.
    let at = two.ours.listen().await;
    let mut screen = Screen::open(at).await;
    screen.hello(&their_ticket).await;
    assert_eq!(screen.end().await, 4401, "their ticket at our address");
    Screen::welcome(&two.ours, at, &ours).await;

    let path = format!("/t/acme/api/calls/cal_{}/audio", Uuid::nil().simple());
    let mut request = format!("ws://{at}{path}").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {ours}").parse().unwrap());
    let refused = connect_async(request).await.unwrap_err();
    assert!(refused.to_string().contains("401"), "{refused}");
    let (mut socket, _) = connect_async(format!("ws://{at}/t/acme/api/live")).await.unwrap();
    let hello = json!({ "op": "hello", "ticket": our_ticket, "proto": 1 }).to_string();
    futures_util::SinkExt::send(&mut socket, tokio_tungstenite::tungstenite::Message::text(hello))
        .await
        .unwrap();
    let said = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
    assert!(said.to_text().unwrap().contains("4401"), "{said}");
}

#[tokio::test]
async fn a_door_leads_where_it_says_and_a_closed_one_nowhere() {
    let two = Two::on_sqlite().await;
    let admin = two.theirs.signed_in(Role::Admin).await;
    let ask = async |host: &World, path: &str| host.call("GET", path).token(&admin).send().await;
    for path in ["/api/me", "/t/acme/api/me"] {
        assert_eq!(ask(&two.theirs, path).await.expect(200).json()["login"], "admin");
    }
    ask(&two.ours, "/t/acme/api/me?lang=fr").await.expect(200);
    ask(&two.ours, "/api/me").await.expect(401);
    for nobodys in ["/t/nobody/api/me", "/t//api/me", "/t"] {
        assert_eq!(ask(&two.ours, nobodys).await.problem(), (404, "no_route".to_owned()), "{nobodys}");
    }
    let list = json!({ "name": "of acme" });
    let made = two.ours.call("POST", "/t/acme/api/teams").token(&admin).json(&list).send().await.expect(201);
    assert_eq!(made.header("location"), "/t/acme/api/teams/tem_1");
    ask(&two.ours, made.header("location")).await.expect(200);

    two.front.close(two.other.id).await;
    assert_eq!(
        ask(&two.theirs, "/api/me").await.problem(),
        (503, "stopping".to_owned()),
        "it is opened or closed"
    );
    two.front.know(&Tenant { state: TenantState::Suspended, ..two.other.clone() });
    for (world, path) in [(&two.ours, "/t/acme/api/me"), (&two.theirs, "/api/me"), (&two.theirs, "/healthz")]
    {
        assert_eq!(ask(world, path).await.problem(), (404, "no_route".to_owned()), "{path}");
    }
    two.ours.call("GET", "/healthz").send().await.expect(200);
    // Its host is its own even while it is closed, and nobody's once it has given it up.
    let moved = Tenant { hosts: ["new.acme.example".to_owned()].into(), ..two.other.clone() };
    two.front.know(&moved);
    ask(&two.theirs, "/healthz").await.expect(200);
}
