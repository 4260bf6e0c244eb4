//! Every act leaves its trace, and what was tried without the right for it too.

use cadran::audit::{Anchor, Finding, verify};
use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::routes::table;
use super::world::{PASSWORD, World};

async fn log(world: &World, admin: &str) -> Vec<Value> {
    let reply = world.call("GET", "/api/audit?limit=500").token(admin).send().await.expect(200).json();
    reply["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_change_is_written_down_with_what_was_before_and_after() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let seller = json!({ "name": "Maison" });
    let made = world.call("POST", "/api/sellers").token(&admin).json(&seller).send().await.expect(201);
    let address = made.header("location").to_owned();
    let request = made.header("x-request-id").to_owned();
    let renamed = json!({ "name": "Maison neuve" });
    world.call("PUT", &address).token(&admin).header("if-match", "1").json(&renamed).send().await.expect(200);
    world.call("DELETE", &address).token(&admin).header("if-match", "2").send().await.expect(204);

    let rows = log(&world, &admin).await;
    let by_action = |action: &str| rows.iter().find(|row| row["action"] == action).unwrap().clone();
    let (create, change, remove) = (
        by_action("POST /api/sellers"),
        by_action("PUT /api/sellers/{seller}"),
        by_action("DELETE /api/sellers/{seller}"),
    );
    assert_eq!((&create["request"], &create["status"]), (&json!(request), &json!(201)));
    assert_eq!((&create["user"], &create["address"]), (&json!("usr_1"), &json!("127.0.0.1")));
    assert_eq!((&change["target"], &remove["target"]), (&json!(address), &json!(address)));
    assert!(create["after"].is_string() && create["before"].is_null());
    assert_eq!(create["after"], change["before"]);
    assert_eq!(change["after"], remove["before"]);
    assert!(change["before"] != change["after"] && remove["after"].is_null());
    let finding = verify(&world.store, &Anchor::of(world.directory.path())).await.unwrap();
    assert!(matches!(finding, Finding::Whole { anchored: true, .. }), "{finding}");
}

#[tokio::test]
async fn sign_ins_refusals_and_reasons_are_written_down_and_mistakes_are_not() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let viewer = world.signed_in(Role::Viewer).await;
    let wrong = json!({ "login": "admin", "password": "not the password" });
    world.call("POST", "/api/session").json(&wrong).send().await.expect(401);
    world.call("POST", "/api/campaigns").token(&viewer).json(&json!({})).send().await.expect(403);
    world.call("POST", "/api/campaigns").token(&admin).json(&json!({})).send().await.expect(422);
    let entry = json!({ "phone": "01 99 00 12 34", "reason": "asked by letter" });
    let made = world.call("POST", "/api/do-not-call").token(&admin).json(&entry).send().await.expect(201);
    let path = format!("{}?reason=a+mistake", made.header("location"));
    world.call("DELETE", &path).token(&admin).send().await.expect(204);

    let rows = log(&world, &admin).await;
    let statuses = |action: &str| -> Vec<Value> {
        rows.iter().filter(|row| row["action"] == action).map(|row| row["status"].clone()).collect()
    };
    assert_eq!(statuses("POST /api/session"), [401, 201, 201]);
    assert_eq!(statuses("POST /api/campaigns"), [403]);
    let release = rows.iter().find(|row| row["action"] == "DELETE /api/do-not-call/{entry}").unwrap();
    assert_eq!((&release["reason"], &release["status"]), (&json!("a mistake"), &json!(204)));
    let text = json!(rows).to_string();
    assert!(!text.contains("990012") && !text.contains(PASSWORD), "{text}");
}

#[tokio::test]
async fn an_own_desk_is_not_written_down_and_anothers_is() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let supervisor = world.signed_in(Role::Supervisor).await;
    let path = format!("/api/agents/{agent}/pause");
    for token in [&token, &supervisor] {
        world.call("POST", &path).token(token).json(&json!({ "code": "lunch" })).send().await.expect(204);
    }
    let rows = log(&world, &admin).await;
    let pauses: Vec<_> = rows.iter().filter(|row| row["target"] == path.as_str()).collect();
    assert_eq!(pauses.len(), 1);
    let me = world.call("GET", "/api/me").token(&supervisor).send().await.json();
    assert_eq!(pauses[0]["user"], me["user"]);
}

/// Why somebody takes part in a conversation, ends it, or acts at an agent's desk: from the body or from the query.
#[tokio::test]
async fn what_a_supervisor_does_is_written_down_with_their_reason() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, _) = world.agent(&admin, "agent-1").await;
    let (desk, _) = world.agent(&admin, "desk").await;
    world.add_user("sup", Role::Supervisor, Some(desk)).await;
    let token = world.sign_in("sup").await;
    let call = format!("/api/calls/cal_{}", uuid::Uuid::nil().simple());
    let agent = format!("/api/agents/{agent}");
    let acts = [
        (format!("{call}/listen"), json!({ "reason": "asked for help" }), 202),
        (format!("{call}/take-over"), json!({ "reason": "asked for help" }), 202),
        (format!("{agent}/follow?reason=asked+for+help"), json!({}), 202),
        (format!("{agent}/pause?reason=asked+for+help"), json!({ "code": "lunch" }), 204),
        (format!("{agent}/ready?reason=asked+for+help"), json!({}), 204),
        (format!("{agent}/log-out?reason=asked+for+help"), json!({}), 204),
    ];
    for (path, body, status) in acts {
        world.call("POST", &path).token(&token).json(&body).send().await.expect(status);
        let entry = log(&world, &admin).await[0].clone();
        let target = path.split('?').next().unwrap();
        assert_eq!((&entry["target"], &entry["reason"]), (&json!(target), &json!("asked for help")));
    }
    let mute = format!("{call}/listen");
    world.call("POST", &mute).token(&token).json(&json!({ "reason": " " })).send().await.expect(202);
    assert_eq!(log(&world, &admin).await[0]["reason"], Value::Null);
    let long = format!("{agent}/ready?reason={}", "x".repeat(501));
    let reply = world.call("POST", &long).token(&token).send().await;
    assert_eq!(reply.problem(), (422, "invalid".to_owned()));
}

#[tokio::test]
async fn the_log_is_exported_as_lines_and_read_by_those_who_may() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for name in ["a", "b", "c"] {
        let seller = json!({ "name": name });
        world.call("POST", "/api/sellers").token(&admin).json(&seller).send().await.expect(201);
    }
    let path = "/api/audit/export?action=POST%20%2Fapi%2Fsellers";
    let file = world.call("GET", path).token(&admin).send().await.expect(200);
    assert_eq!(file.header("content-type"), "application/x-ndjson");
    let text = file.text();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|line| line["target"].as_str().unwrap()).collect::<Vec<_>>(),
        ["/api/sellers"; 3]
    );
    assert!(lines.is_sorted_by_key(|line| line["seq"].as_i64()));
    let rows = log(&world, &admin).await;
    assert!(rows.iter().any(|row| row["action"] == "GET /api/audit/export"), "an export is an act");
    let manager = world.signed_in(Role::CampaignManager).await;
    assert_eq!(world.call("GET", "/api/audit").token(&manager).send().await.problem().0, 403);
}

/// Whatever changes something and is carried out is in the log: asked of every address that takes an empty body.
#[tokio::test]
async fn no_address_changes_anything_unseen() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let viewer = world.signed_in(Role::Viewer).await;
    let quiet = [
        "/api/campaigns/{campaign}/dry-run",
        "/api/live/tickets",
        "/api/simulations",
        "/api/uploads/{upload}/check",
        "/api/vicidial/campaign",
    ];
    let mut refused = 0;
    for route in table() {
        let changes = route.method != "GET" && !quiet.contains(&route.path);
        if !changes || ["everybody", "account"].iter().any(|word| route.who.contains(word)) {
            continue;
        }
        let path =
            super::routes::address(route.path, "agt_1", &format!("cal_{}", uuid::Uuid::nil().simple()));
        let reply = world.call(route.method, &path).token(&viewer).json(&json!({})).send().await;
        if reply.status == 403 {
            let action = format!("{} {}", route.method, route.path);
            let rows = log(&world, &admin).await;
            assert_eq!((&rows[0]["action"], &rows[0]["status"]), (&json!(action), &json!(403)));
            refused += 1;
        }
    }
    assert!(refused > 50, "{refused}");
}
