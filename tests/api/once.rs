//! What is sent twice is carried out once.

use cadran_engine::model::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::World;

fn entry(reason: &str) -> Value {
    json!({ "phone": "01 99 00 12 34", "reason": reason })
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_another_is_refused() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let send = |token: String, key: &'static str, body: Value| {
        let call = world.call("POST", "/api/do-not-call").token(&token).header("idempotency-key", key);
        call.json(&body).send()
    };
    let first = send(admin.clone(), "k1", entry("asked")).await.expect(201);
    let asked = world.script().asked.len();
    let again = send(admin.clone(), "k1", entry("asked")).await.expect(201);
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(world.script().asked.len(), asked, "the engine was asked once");

    let other = send(admin.clone(), "k1", entry("wrote")).await;
    assert_eq!(other.problem(), (422, "idempotency_other".to_owned()));
    let manager = world.signed_in(Role::CampaignManager).await;
    let theirs = send(manager, "k1", entry("wrote")).await.expect(201);
    assert_eq!(theirs.header("idempotency-replayed"), "", "a key is its user's own");
    let odd = send(admin.clone(), "", entry("asked")).await;
    assert_eq!(odd.problem(), (400, "bad_idempotency_key".to_owned()));

    let log = world.call("GET", "/api/audit").token(&admin).send().await.expect(200).json();
    let rows = log["rows"].as_array().unwrap();
    let acts = rows.iter().filter(|row| row["action"] == "POST /api/do-not-call").count();
    assert_eq!(acts, 2, "what was not carried out again is not written down again");
}

#[tokio::test]
async fn whoever_was_refused_may_correct_and_send_again() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let send = |body: Value| {
        let call = world.call("POST", "/api/do-not-call").token(&admin).header("idempotency-key", "k1");
        call.json(&body).send()
    };
    send(json!({ "phone": "x", "reason": "asked" })).await.expect(422);
    send(entry("asked")).await.expect(201);
}

#[tokio::test]
async fn of_many_at_once_one_is_carried_out() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let calls = (0..10).map(|_| {
        let call = world.call("POST", "/api/do-not-call").token(&admin).header("idempotency-key", "k1");
        call.json(&entry("asked")).send()
    });
    let replies = join_all(calls).await;
    let fresh =
        |reply: &&super::world::Reply| reply.status == 201 && reply.header("idempotency-replayed").is_empty();
    assert_eq!(replies.iter().filter(fresh).count(), 1);
    assert!(replies.iter().all(|reply| [201, 409].contains(&reply.status.as_u16())));
}
