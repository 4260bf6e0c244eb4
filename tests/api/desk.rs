//! Agents at work, through the API.

use cadran_engine::command::Refusal;
use cadran_engine::input::Request;
use cadran_engine::model::Role;
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn what_an_agent_does_reaches_the_engine_in_their_own_name() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let post = |what: &str, body: serde_json::Value| {
        world.call("POST", &format!("/api/agents/{agent}/{what}")).token(&token).json(&body).send()
    };
    let session = post("log-in", json!({ "campaigns": ["cmp_1"] })).await.expect(200).json();
    assert!(session["session"].as_str().unwrap().starts_with("ses_"));
    post("ready", json!({})).await.expect(204);
    post("pause", json!({ "code": "lunch" })).await.expect(204);
    assert_eq!(post("pause", json!({ "code": "a b" })).await.problem().0, 422);
    post("log-out", json!({})).await.expect(204);

    let asked = world.script().asked.clone();
    let campaigns = vec!["cmp_1".parse().unwrap()];
    let expected = [
        Request::LogIn { agent, campaigns },
        Request::Ready { agent },
        Request::Pause { agent, code: "lunch".to_owned() },
        Request::LogOut { agent },
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn the_engines_refusal_says_what_to_do() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    world.script().refusal = Some(Refusal::NotLoggedIn);
    let reply = world.call("POST", &format!("/api/agents/{agent}/ready")).token(&token).send().await;
    assert_eq!(reply.problem(), (409, "refusal_not_logged_in".to_owned()));
    assert_eq!(reply.json()["fix"], "Log in first.");
    let reply = world.call("POST", &format!("/api/agents/{agent}/next-lead")).token(&token).send().await;
    assert_eq!(reply.problem().0, 409);
}

#[tokio::test]
async fn an_agent_reads_the_account_of_their_own_phone_only() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let (other, _) = world.agent(&admin, "agent-2").await;
    let own = world
        .call("GET", &format!("/api/agents/{agent}/phone"))
        .token(&token)
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(own["user"], "agent-1");
    assert_eq!(own["password"].as_str().unwrap().len(), 64);
    let reply = world.call("GET", &format!("/api/agents/{other}/phone")).token(&token).send().await;
    assert_eq!(reply.problem(), (403, "not_yours".to_owned()));
    let listed = world.call("GET", "/api/agents").token(&admin).send().await.expect(200);
    assert!(!listed.text().contains("password"));
}
