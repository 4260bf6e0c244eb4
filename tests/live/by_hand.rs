//! An agent dials by hand: a lead of the list, a number that no list has, and nobody whom the law protects.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Lead, text};
use super::sound::Sound;
use super::world::{Agent, World};

/// What the network's people say, and what the agents' phones say (`tests/carrier/README.md`).
const CUSTOMER_HERTZ: f64 = 1000.0;
const AGENT_HERTZ: f64 = 440.0;

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_dials_by_hand_and_both_hear_each_other() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let campaign =
        world.campaign(json!({ "mode": { "kind": "manual" }, "recording": { "kind": "all" } })).await;
    let [on_list, on_none, never] = ["+33199000101", "+33199000102", "+33199000103"];
    world.api.post("/api/do-not-call", json!({ "phone": never, "reason": "asked by letter" })).await;
    world.leads(&campaign, &[on_list, never]).await;
    world.start_campaign(&campaign).await;
    // Paused: nobody places a call for them, and they place their own.
    world.log_in(&agent, &campaign).await;
    super::wait::eventually("the phone is up", super::wait::SOON, async || {
        let seen = world.agent_seen(&agent).await;
        seen.clone().filter(|seen| seen.phone_up).ok_or(seen)
    })
    .await;

    // A request that is repeated, also at the same moment, dials once.
    let wanted = json!({ "campaign": campaign, "phone": on_list });
    let (first, second) =
        tokio::join!(dial(&world, &agent, &wanted, "key-1"), dial(&world, &agent, &wanted, "key-1"));
    assert_eq!((first.0, second.0), (200, 200), "{first:?} {second:?}");
    let call = text(&first.1, "call");
    assert_eq!(text(&second.1, "call"), call);
    assert_eq!(world.until_connected_to(on_list).await.call, call);
    assert_eq!(world.agent_seen(&agent).await.unwrap().state, "on_call");
    let (status, again) = dial(&world, &agent, &wanted, "key-1").await;
    assert_eq!((status, &again["call"]), (200, &Value::from(call.as_str())));
    let (status, other) =
        dial(&world, &agent, &json!({ "campaign": campaign, "phone": on_none }), "key-1").await;
    assert_eq!((status, problem(&other)), (422, "idempotency_other"));
    world.until_it_lasted(&call, Duration::from_secs(3)).await;
    world.hang_up(&call).await;
    let over = world.until_over(&call).await;
    assert_eq!((over.phone.as_str(), over.agent.as_deref()), (on_list, Some(agent.id.as_str())));
    assert!(over.connected_at.is_some());
    let recording = world.until_recordings_judged(1).await.remove(0);
    assert_eq!(recording.state, "verified");
    world.until_archived(&recording.id).await;
    let (_, opus) = world.api.audio(&recording.id, None).await;
    let [left, right] = Sound::voices_of(&opus).try_into().unwrap();
    assert!(left.share_of_tone(CUSTOMER_HERTZ) > 0.9, "{}", left.share_of_tone(CUSTOMER_HERTZ));
    assert!(right.share_of_tone(AGENT_HERTZ) > 0.9, "{}", right.share_of_tone(AGENT_HERTZ));

    // After the call it is still the same dial.
    let (status, again) = dial(&world, &agent, &wanted, "key-1").await;
    assert_eq!((status, &again["call"]), (200, &Value::from(call.as_str())));

    let (status, refused) =
        dial(&world, &agent, &json!({ "campaign": campaign, "phone": never }), "key-2").await;
    assert_eq!((status, problem(&refused)), (409, "dial_denied"), "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("INTERNAL_DNC"), "{refused}");

    let unknown = json!({ "campaign": campaign, "phone": on_none, "name": "Ada" });
    let (status, body) = dial(&world, &agent, &unknown, "key-3").await;
    assert_eq!(status, 200, "{body}");
    let call = text(&body, "call");
    assert_eq!(world.until_connected_to(on_none).await.call, call);
    world.hang_up(&call).await;
    world.until_over(&call).await;
    let leads: Vec<Lead> = world.api.rows("/api/leads").await;
    let made = leads.iter().find(|lead| lead.phone == on_none).unwrap();
    assert_eq!((made.state.as_str(), made.done_reason.as_deref()), ("done", Some("outcome")), "{made:?}");

    // The network saw two calls, and history says that an agent made them by hand.
    let seen: Vec<String> = world.until_network_saw(2).await.into_iter().map(|call| call.dialled).collect();
    assert_eq!(seen, [on_list, on_none]);
    let attempts = world.api.rows::<Value>("/api/attempts").await;
    assert_eq!(attempts.len(), 2);
    assert!(
        attempts.iter().all(|attempt| attempt["by_hand"] == true && attempt["agent"] == agent.id.as_str())
    );
    let why = world.api.get(&format!("/api/campaigns/{campaign}/why-idle")).await;
    assert!(why.to_string().contains("agents_decide"), "{why}");
    world.close().await;
}

fn problem(body: &Value) -> &str {
    body["type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default()
}

async fn dial(world: &World, agent: &Agent, body: &Value, key: &str) -> (u16, Value) {
    let path = format!("/api/agents/{}/dial-by-hand", agent.id);
    world.api.post_with_key(&path, body, key).await
}
