//! Whoever looks after the installation: tenants are added, changed, suspended and resumed, and nothing of theirs is seen.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cadran::http::{Houses, Platform};
use cadran::store::Database;
use cadran_engine::model::{Role, TenantId, TenantState};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::world::{Reply, World};

/// What is told when the list of tenants changed.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<TenantId>>>);

#[async_trait]
impl Houses for Told {
    async fn settle(&self, tenant: TenantId) -> Result<(), String> {
        self.0.lock().unwrap().push(tenant);
        // Whether a house is open yet makes no difference to the answer.
        Err("not yet".to_owned())
    }
}

/// The first tenant's centre, with whoever looks after the installation.
struct Installation {
    world: World,
    database: Database,
    told: Told,
    token: String,
}

impl Installation {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let database = Database::open(None, directory.path()).await.unwrap();
        database.migrate().await.unwrap();
        let told = Told::default();
        let platform = Platform { database: database.clone(), houses: Arc::new(told.clone()) };
        let world = World::of(database.first().await.unwrap(), directory).await.looked_after(platform);
        let token = world.signed_in(Role::PlatformAdmin).await;
        Self { world, database, told, token }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        self.world.call(method, path).token(&self.token).header("if-match", "2").json(&body).send().await
    }
}

const PATH: &str = "/api/platform/tenants";

#[tokio::test]
async fn a_tenant_is_added_with_an_admin_of_its_own_and_goes_through_its_life() {
    let installation = Installation::new().await;
    let wanted = json!({ "slug": "acme", "name": "Acme", "hosts": ["calls.acme.example"], "admin": "Grace" });
    let made = installation.send("POST", PATH, wanted).await.expect(201);
    let address = made.header("location").to_owned();
    let made = made.json();
    assert_eq!(
        (&made["slug"], &made["state"], &made["first_login"]),
        (&json!("acme"), &json!("active"), &json!("grace"))
    );
    let id: TenantId = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        (address.as_str(), installation.told.0.lock().unwrap().as_slice()),
        (&*format!("{PATH}/{id}"), &[id][..])
    );

    // Its admin gets in at its own address by the first password, which opens nothing but its own change.
    let acme = installation.database.tenant(id).await.unwrap().unwrap().value;
    let theirs = World::of(installation.database.store(&acme).await.unwrap(), TempDir::new().unwrap()).await;
    let credentials = json!({ "login": "grace", "password": made["first_password"] });
    let opened = theirs.call("POST", "/api/session").json(&credentials).send().await.expect(201).json();
    let token = opened["token"].as_str().unwrap();
    let newcomer = theirs.call("GET", "/api/users").token(token).send().await;
    assert_eq!(newcomer.problem(), (403, "password_change_needed".to_owned()));
    installation.world.call("POST", "/api/session").json(&credentials).send().await.expect(401);

    let read = installation.send("GET", &address, json!({})).await.expect(200);
    assert_eq!((read.header("etag"), &read.json()["hosts"]), ("\"2\"", &json!(["calls.acme.example"])));
    let change = json!({ "name": "Acme Ltd", "hosts": ["voice.acme.example"] });
    let changed = installation.send("PUT", &address, change.clone()).await.expect(200).json();
    assert_eq!((&changed["name"], &changed["rev"]), (&json!("Acme Ltd"), &json!(3)));
    assert_eq!(
        installation.send("PUT", &address, change.clone()).await.problem(),
        (412, "changed".to_owned())
    );
    let bare = installation.world.call("PUT", &address).token(&installation.token).json(&change).send().await;
    assert_eq!(bare.problem(), (428, "revision_missing".to_owned()));
    for (action, state) in [("suspend", "suspended"), ("suspend", "suspended"), ("resume", "active")] {
        let reply = installation.send("POST", &format!("{address}/{action}"), json!({})).await.expect(200);
        assert_eq!(reply.json()["state"], state);
    }
    assert_eq!(installation.database.tenant(id).await.unwrap().unwrap().value.state, TenantState::Active);

    let first = format!("{PATH}/{}/suspend", TenantId::FIRST);
    let refused = installation.send("POST", &first, json!({})).await.expect(422).json();
    assert_eq!(refused["errors"][0]["rule"], "first_tenant");
    let page = installation.send("GET", &format!("{PATH}?limit=1"), json!({})).await.expect(200).json();
    assert_eq!((&page["rows"][0]["slug"], &page["next"]), (&json!("main"), &json!("ten_1")));
    let page = installation.send("GET", &format!("{PATH}?after=ten_1"), json!({})).await.expect(200).json();
    assert_eq!(page["rows"][0]["slug"], "acme");
    installation.send("GET", &format!("{PATH}/ten_99"), json!({})).await.expect(404);
}

#[tokio::test]
async fn what_no_tenant_can_be_is_refused_with_its_place() {
    let installation = Installation::new().await;
    let odd = json!({ "slug": "No Slug", "name": "", "hosts": ["http://x", "fine.example"], "admin": "a b" });
    let refused = installation.send("POST", PATH, odd).await.expect(422).json();
    let rules: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|fault| fault["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["name", "host_name", "tenant_slug", "login"]);
    let assigned = json!({ "slug": "acme", "name": "Acme", "state": "suspended" });
    assert_eq!(installation.send("POST", PATH, assigned).await.problem(), (422, "bad_body".to_owned()));
    let acme = json!({ "slug": "acme", "name": "Acme", "hosts": ["acme.example"] });
    installation.send("POST", PATH, acme).await.expect(201);
    for twice in [
        json!({ "slug": "acme", "name": "x" }),
        json!({ "slug": "x", "name": "x", "hosts": ["acme.example"] }),
    ] {
        assert_eq!(installation.send("POST", PATH, twice).await.problem(), (409, "taken".to_owned()));
    }
}

#[tokio::test]
async fn a_tenant_that_is_asked_for_twice_is_made_once_and_its_password_said_once() {
    let installation = Installation::new().await;
    let ask = || {
        let call =
            installation.world.call("POST", PATH).token(&installation.token).header("idempotency-key", "k");
        call.json(&json!({ "slug": "acme", "name": "Acme" })).send()
    };
    let (first, again) = (ask().await.expect(201), ask().await.expect(201));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.json()["id"], again.json()["id"]);
    assert!(first.json()["first_password"].is_string() && again.json()["first_password"].is_null());
}

#[tokio::test]
async fn nobody_but_the_platforms_own_reaches_the_platform_or_becomes_one_of_them() {
    let installation = Installation::new().await;
    let world = &installation.world;
    let admin = world.signed_in(Role::Admin).await;
    assert_eq!(world.call("GET", PATH).token(&admin).send().await.problem(), (403, "forbidden".to_owned()));
    let beyond = (403, "beyond_your_rights".to_owned());
    let role = json!({ "name": "mine", "rights": ["manage_tenants"] });
    assert_eq!(world.call("POST", "/api/roles").token(&admin).json(&role).send().await.problem(), beyond);
    let user = json!({ "login": "mine", "password": super::world::PASSWORD, "role": "platform_admin" });
    assert_eq!(world.call("POST", "/api/users").token(&admin).json(&user).send().await.problem(), beyond);
    let users = world.call("GET", "/api/users").token(&admin).send().await.expect(200).json();
    let is_theirs = |user: &&Value| user["login"] == "platform_admin";
    let id =
        users["rows"].as_array().unwrap().iter().find(is_theirs).unwrap()["id"].as_str().unwrap().to_owned();
    let take_over = json!({ "role": "admin", "enabled": true, "password": "another fine secret" });
    for (method, body) in [("PUT", take_over), ("DELETE", json!({}))] {
        let call = world.call(method, &format!("/api/users/{id}")).token(&admin).header("if-match", "1");
        assert_eq!(call.json(&body).send().await.problem(), beyond, "{method}");
    }
    // What is looked after is not seen.
    for path in
        ["/api/campaigns", "/api/users", "/api/calls", "/api/recordings", "/api/live/snapshot", "/api/audit"]
    {
        let reply = world.call("GET", path).token(&installation.token).send().await;
        assert_eq!(reply.problem(), (403, "forbidden".to_owned()), "{path}");
    }
    // The log of the first tenant says who did what.
    installation.send("POST", PATH, json!({ "slug": "acme", "name": "Acme" })).await.expect(201);
    let log = world.call("GET", "/api/audit").token(&admin).send().await.expect(200).text();
    assert!(log.contains(PATH) && !log.contains("first_password"), "{log}");
}

#[tokio::test]
async fn a_tenants_own_address_has_no_platform() {
    let world = World::new().await;
    let token = world.signed_in(Role::PlatformAdmin).await;
    assert_eq!(world.call("GET", PATH).token(&token).send().await.problem(), (404, "no_route".to_owned()));
}
