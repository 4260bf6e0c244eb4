//! Many changes in one request.

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::world::{Reply, World};

async fn bulk(world: &World, token: &str, parts: Value) -> Reply {
    world.call("POST", "/api/bulk").token(token).json(&json!({ "requests": parts })).send().await
}

#[tokio::test]
async fn each_part_is_carried_out_and_answered_as_by_itself() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let entry = |phone: &str| json!({ "method": "POST", "path": "/api/do-not-call", "body": { "phone": phone, "reason": "asked" } });
    let agent = json!({ "method": "POST", "path": "/api/agents",
        "body": { "name": "Ada", "sip_account": "ada", "phone_kind": "sip" } });
    let parts = json!([entry("+33199001234"), entry("nonsense"), agent, agent,
        { "method": "POST", "path": "/api/leads/led_9/withdraw" }]);
    let rows = bulk(&world, &admin, parts).await.expect(200).json()["rows"].clone();
    let statuses: Vec<i64> =
        rows.as_array().unwrap().iter().map(|row| row["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 201, 409, 404], "{rows}");
    assert!(rows[1]["body"]["type"].as_str().unwrap().ends_with("#bad_body"), "{rows}");
    let made = rows[2]["location"].as_str().unwrap();
    world.call("GET", made).token(&admin).send().await.expect(200);

    let change = |rev: &str| {
        json!([{ "method": "PUT", "path": made, "if_match": rev,
        "body": { "name": "Ada L", "sip_account": "ada", "phone_kind": "sip" } }])
    };
    let changed = bulk(&world, &admin, change("1")).await.expect(200).json();
    assert_eq!(
        (&changed["rows"][0]["status"], &changed["rows"][0]["body"]["name"]),
        (&json!(200), &json!("Ada L"))
    );
    assert_eq!(bulk(&world, &admin, change("1")).await.json()["rows"][0]["status"], 412);
    // Each act is in the log by itself.
    let log = world.call("GET", "/api/audit?limit=500").token(&admin).send().await.expect(200).text();
    for act in ["POST /api/do-not-call", "POST /api/agents", "PUT /api/agents/{agent}"] {
        assert!(log.contains(act), "{act} is missing: {log}");
    }
    assert!(!log.contains("/api/bulk"), "{log}");
}

#[tokio::test]
async fn nobody_does_in_bulk_what_they_may_not_do_one_by_one() {
    let world = World::new().await;
    let viewer = world.signed_in(Role::Viewer).await;
    let parts = json!([
        { "method": "POST", "path": "/api/do-not-call", "body": { "phone": "+33199001234", "reason": "asked" } },
        { "method": "DELETE", "path": "/api/users/usr_1", "if_match": "1" },
    ]);
    let rows = bulk(&world, &viewer, parts.clone()).await.expect(200).json()["rows"].clone();
    assert_eq!((&rows[0]["status"], &rows[1]["status"]), (&json!(403), &json!(403)), "{rows}");
    world.call("POST", "/api/bulk").json(&json!({ "requests": parts })).send().await.expect(401);
    for odd in [
        json!([{ "method": "GET", "path": "/api/users" }]),
        json!([{ "method": "POST", "path": "/api/bulk", "body": {} }]),
        json!(vec![json!({ "method": "POST", "path": "/api/users" }); 101]),
    ] {
        assert_eq!(bulk(&world, &viewer, odd).await.problem(), (422, "invalid".to_owned()));
    }
}
