//! The table in `src/http/mod.rs` against the routes, the document and the roles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cadran_engine::model::{Right, Role};
use cadran_engine::view::{AgentView, CallView};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{World, now};

const MAP: &str = include_str!("../../src/http/mod.rs");

/// A line of the table.
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) who: Vec<&'static str>,
}

pub(super) fn table() -> Vec<Route> {
    let lines = MAP.lines().filter_map(|line| line.strip_prefix("//! "));
    let routes = lines
        .filter(|line| ["GET ", "POST ", "PUT ", "DELETE "].iter().any(|method| line.starts_with(method)));
    routes
        .map(|line| {
            let mut words = line.split_whitespace();
            Route { method: words.next().unwrap(), path: words.next().unwrap(), who: words.collect() }
        })
        .collect()
}

#[test]
fn the_table_the_document_and_the_routes_agree() {
    let document: Value = serde_json::to_value(cadran::http::document()).unwrap();
    let documented: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(move |method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    let listed: BTreeSet<(String, String)> =
        table().iter().map(|route| (route.path.to_owned(), route.method.to_owned())).collect();
    assert!(listed.len() > 60, "the table was not found");
    assert_eq!(documented, listed);
    for (path, method) in &documented {
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation["summary"].is_string(), "{method} {path} has no summary");
    }
}

#[test]
fn what_is_answered_fits_the_document() {
    let document: Value = serde_json::to_value(cadran::http::document()).unwrap();
    let schemas = &document["components"]["schemas"];
    // What may be set is a part of what is answered, which has more; times are numbers everywhere.
    for part in ["MailboxSettings", "PauseReasonSettings", "SellerSettings", "SkillSettings", "TeamSettings"]
    {
        assert!(schemas[part]["properties"].is_object(), "{part}");
        assert_eq!(schemas[part]["additionalProperties"], Value::Null, "{part}");
    }
    assert_eq!(schemas["Timestamp"]["type"], "integer");
    assert!(!document.to_string().contains("date-time"));
}

#[test]
fn no_two_types_have_one_name_in_the_document() {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in sources(&home.join("src")).into_iter().chain(sources(&home.join("engine/src"))) {
        for name in named_in_the_document(&std::fs::read_to_string(&file).unwrap()) {
            names.entry(name).or_default().push(file.display().to_string());
        }
    }
    assert!(names.len() > 200, "the types were not found");
    names.retain(|_, files| files.len() > 1);
    assert_eq!(names, BTreeMap::new(), "one of each hides the others");
}

/// Rust files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The names by which the types of a file stand in the document.
fn named_in_the_document(code: &str) -> Vec<String> {
    let (mut names, mut derives, mut alias) = (Vec::new(), false, None);
    for line in code.lines().map(str::trim) {
        derives |= line.starts_with("#[") && line.contains("ToSchema");
        if let Some((_, rest)) = line.split_once("schema(as = ") {
            alias = rest.split([',', ')']).next().map(str::to_owned);
        }
        let mut words = line.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        let is_type = !line.starts_with(['#', '/']) && words.any(|word| word == "struct" || word == "enum");
        if is_type {
            let name = alias.take().or_else(|| words.next().map(str::to_owned));
            names.extend(name.filter(|_| std::mem::take(&mut derives)));
        }
    }
    names
}

/// Identifiers that read well and name nothing, but for the agent and the call in hand.
pub(super) fn address(path: &str, agent: &str, call: &str) -> String {
    let nothing = Uuid::nil().simple();
    path.replace("{user}", "usr_999")
        .replace("{campaign}", "cmp_999")
        .replace("{list}", "lst_999")
        .replace("{lead}", "led_999")
        .replace("{trunk}", "trk_999")
        .replace("{seller}", "sel_999")
        .replace("{consent}", "999")
        .replace("{relationship}", "999")
        .replace("{register}", "bloctel")
        .replace("{entry}", "999")
        .replace("{role}", "nobody")
        .replace("{team}", "tem_999")
        .replace("{tenant}", "ten_999")
        .replace("{key}", "999")
        .replace("{webhook}", "whk_999")
        .replace("{delivery}", "999")
        .replace("{import}", "999")
        .replace("{upload}", &format!("upl_{nothing}"))
        .replace("{recording}", &format!("rec_{nothing}-1"))
        .replace("{flow}", "flw_999")
        .replace("{revision}", "9")
        .replace("{pointer}", "live")
        .replace("{test}", "tst_999")
        .replace("{number}", "did_999")
        .replace("{queue}", "q_999")
        .replace("{calendar}", "cln_999")
        .replace("{reason}", "pau_999")
        .replace("{group}", "dsg_999")
        .replace("{skill}", "skl_999")
        .replace("{medium}", "med_999")
        .replace("{callback}", &format!("cal_{nothing}"))
        .replace("{locale}", "fr-FR")
        .replace("{mailbox}", "vm_999")
        .replace("{message}", &format!("msg_{nothing}"))
        .replace("{agent}", agent)
        .replace("{call}", call)
}

#[tokio::test]
async fn each_role_may_what_the_table_says_and_nobody_more() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (own, agent) = world.agent(&admin, "agent-1").await;
    let (other, _) = world.agent(&admin, "agent-2").await;
    let mut people =
        vec![("stranger", Role::Agent, agent.clone(), true), ("agent", Role::Agent, agent, false)];
    for role in Role::ALL {
        match role {
            Role::Admin => people.push((role.as_str(), role, admin.clone(), false)),
            Role::Agent => {}
            _ => people.push((role.as_str(), role, world.signed_in(role).await, false)),
        }
    }
    let in_hand = format!("cal_{}", Uuid::from_u128(1).simple());
    let foreign = format!("cal_{}", Uuid::from_u128(2).simple());
    world.script().view.calls = vec![CallView {
        call: in_hand.parse().unwrap(),
        attempt: format!("att_{}", Uuid::from_u128(3).simple()).parse().unwrap(),
        campaign: "cmp_1".parse().unwrap(),
        lead: "led_1".parse().unwrap(),
        phone: "+33199001234".parse().unwrap(),
        state: "connected",
        since: now(),
        agent: Some(own),
        obligations: Vec::new(),
        recording: "none",
        listeners: Vec::new(),
        transfer: None,
    }];
    world.script().view.agents = Vec::<AgentView>::new();

    let (own_agent, other) = (own.to_string(), other.to_string());
    let mut asked = 0;
    for route in table() {
        let bare = world
            .call(route.method, &address(route.path, &own_agent, &in_hand))
            .json(&json!({}))
            .send()
            .await;
        let open = route.who == ["everybody"];
        assert_eq!(
            bare.status == 401,
            !open,
            "{} {} without a session: {}",
            route.method,
            route.path,
            bare.status
        );
        // Signing out ends the session that the other addresses are asked with.
        if open || (route.method, route.path) == ("DELETE", "/api/session") {
            continue;
        }
        for (name, role, token, is_stranger) in &people {
            let has = |word: &&str| Right::from_word(word).is_some_and(|right| role.rights().has(right));
            let own = *role == Role::Agent && !is_stranger;
            let may = route.who.contains(&"account")
                || route.who.iter().any(has)
                || own && ["self", "in-hand"].iter().any(|word| route.who.contains(word));
            // The same agent, asking for what is another's.
            let (agent, call) = if *is_stranger { (&other, &foreign) } else { (&own_agent, &in_hand) };
            let path = address(route.path, agent, call);
            let reply = world.call(route.method, &path).token(token).json(&json!({})).send().await;
            assert_ne!(reply.status, 401, "{} {path} as {name}", route.method);
            assert_ne!(reply.status, 405, "{} {path} as {name}", route.method);
            assert!(reply.status.as_u16() < 500, "{} {path} as {name}: {}", route.method, reply.text());
            assert_eq!(reply.status != 403, may, "{} {path} as {name}: {}", route.method, reply.text());
            asked += 1;
        }
    }
    assert!(asked > 600, "only {asked} questions were asked");
}

#[tokio::test]
async fn nothing_is_anywhere_else() {
    let world = World::new().await;
    for path in
        ["/", "/api", "/api/", "/debug", "/api/campaigns/", "/api/users/usr_1/password", "/api/../etc/passwd"]
    {
        assert_eq!(world.call("GET", path).send().await.problem(), (404, "no_route".to_owned()), "{path}");
    }
    let reply = world.call("PATCH", "/api/campaigns").send().await;
    assert_eq!(reply.problem(), (405, "method".to_owned()));
    assert_eq!(reply.header("allow"), "GET,HEAD,POST");
}

#[tokio::test]
async fn the_document_can_be_read_without_any_other_server() {
    let world = World::new().await;
    let document = world.call("GET", "/api/openapi.json").send().await.expect(200).json();
    assert_eq!(document["info"]["title"], "Cadran");
    assert_eq!(
        document,
        serde_json::to_value(cadran::http::document()).unwrap(),
        "the one that tests look at"
    );
    let page = world.call("GET", "/api/docs/").send().await.expect(200).text();
    assert!(page.contains("swagger-ui"), "{page}");
    let foreign = page.split(['"', '\'']).find(|word| word.contains("//"));
    assert_eq!(foreign, None, "the page loads this from elsewhere");
    for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let reply = world.call("GET", &format!("/api/docs/{asset}")).send().await.expect(200);
        assert!(reply.header("content-security-policy").contains("script-src 'self'"), "{asset}");
    }
}
