//! Who is rung for callers of a queue, where those go whom it does not keep, and what a flow records before.

use std::time::Duration;

use serde_json::json;

use super::callers::{call, medium, until_no_callers};
use super::inbound::{NUMBER, number, number_of_queue, queue, to_work, until_callers_are};
use super::sound::Sound;
use super::world::{Agent, World};

#[tokio::test]
async fn callers_overflow_into_the_next_queue() {
    let world = World::start().await;
    let second = queue(&world, json!({ "name": "two", "wrap_up": 0 })).await;
    let first = json!({ "no_agents": { "may_enter": true }, "max_wait": 4000, "max_length": 1,
        "overflow": { "to": "queue", "queue": second } });
    let first = queue(&world, first).await;
    // The flow has no way of its own for those whom the queue does not keep.
    let nodes =
        json!({ "n_queue": { "kind": "queue", "queue": first, "next": {} }, "n_end": { "kind": "hangup" } });
    number(&world, nodes, "n_queue").await;
    let agent = world.agent_with("talks", json!({ "queues": [second] })).await;
    to_work(&world, &agent).await;

    // The second finds the first queue full and is answered in the other one at once.
    call(&world, NUMBER, "patient", &["Wait(40)"]).await;
    let waiting = until_callers_are(&world, "queued", 1).await;
    assert_eq!(waiting[0]["queue"], json!(first));
    call(&world, NUMBER, "turned", &["Wait(40)"]).await;
    let [answered] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
    assert_eq!((&answered["queue"], &answered["agent"]), (&json!(second), &json!(agent.id)));
    assert_ne!(answered["call"], waiting[0]["call"]);
    world.hang_up(answered["call"].as_str().unwrap()).await;

    // The first has waited for too long: the same agent has them next.
    let [answered] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
    assert_eq!((&answered["queue"], &answered["call"]), (&json!(second), &waiting[0]["call"]));
    world.hang_up(answered["call"].as_str().unwrap()).await;
    until_no_callers(&world).await;
    world.close().await;
}

/// Who has the next caller.
async fn next_agent(world: &World, name: &str) -> String {
    call(world, NUMBER, name, &["Wait(40)"]).await;
    let [caller] = &until_callers_are(world, "connected", 1).await[..] else { panic!() };
    let agent = caller["agent"].as_str().unwrap().to_owned();
    world.hang_up(caller["call"].as_str().unwrap()).await;
    until_no_callers(world).await;
    agent
}

/// One agent has two callers; another comes, and there are two more. Who has those?
async fn order(strategy: &str) -> (World, [Agent; 2], [String; 2]) {
    let world = World::start().await;
    let queue = queue(&world, json!({ "strategy": strategy, "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let settings = json!({ "queues": [queue] });
    let first = world.agent_with("talks", settings.clone()).await;
    let second = world.agent_with("talks", settings).await;
    to_work(&world, &first).await;
    for name in ["one", "two"] {
        assert_eq!(next_agent(&world, name).await, first.id);
    }
    to_work(&world, &second).await;
    let had = [next_agent(&world, "three").await, next_agent(&world, "four").await];
    (world, [first, second], had)
}

#[tokio::test]
async fn whoever_has_had_the_fewest_calls_is_rung() {
    let (world, [_, second], had) = order("fewest_calls").await;
    assert_eq!(had, [second.id.clone(), second.id]);
    world.close().await;
}

#[tokio::test]
async fn agents_are_rung_in_turn() {
    let (world, [first, second], had) = order("round_robin").await;
    assert_eq!(had, [second.id, first.id]);
    world.close().await;
}

#[tokio::test]
async fn a_flow_records_its_caller_and_what_they_hear() {
    const PROMPT: f64 = 440.0;
    const CALLER: f64 = 1_000.0;
    let world = World::start().await;
    let prompt = medium(&world, "Bienvenue", PROMPT).await;
    let nodes = json!({
        "n_answer": { "kind": "answer", "delay_ms": 0, "next": { "next": "n_start" } },
        "n_start": { "kind": "recording", "action": "start", "consent": "announced", "next": { "next": "n_play" } },
        "n_play": { "kind": "play", "prompt": [{ "media": prompt }], "repeat": 2, "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_answer").await;
    call(&world, NUMBER, "recorded", &["Playtones(1000)", "Wait(20)"]).await;
    until_callers_are(&world, "guided", 1).await;
    until_no_callers(&world).await;

    let recording = world.until_recordings_judged(1).await.remove(0);
    assert_eq!(recording.state, "verified", "{recording:?}");
    world.until_archived(&recording.id).await;
    let (status, opus) = world.api.audio(&recording.id, None).await;
    assert_eq!(status, 200);
    let [left, right] = Sound::voices_of(&opus).try_into().unwrap();
    let shares = [left.share_of_tone(CALLER), left.share_of_tone(PROMPT), right.share_of_tone(PROMPT)];
    println!(
        "{:?}: the caller {:.2}, the prompt with them {:.2}, on its side {:.2}",
        left.duration(),
        shares[0],
        shares[1],
        shares[2]
    );
    assert!(shares[0] > 0.9 && shares[1] < 0.01 && shares[2] > 0.9, "{shares:?}");
    assert!(right.audible() > Duration::from_secs(3), "{:?}", right.audible());
    world.close().await;
}
