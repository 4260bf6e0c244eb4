//! The daemon is killed in the middle of twenty conversations, or stopped while a phone rings.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::api::{Call, CallSeen};
use super::wait::{SOON, eventually, holds};
use super::world::World;

const CALLS: usize = 20;

/// After a restart every call is taken over within this time.
const TAKEN_OVER_MAX: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_outlive_the_daemon_and_are_taken_over() {
    let mut world = World::start().await;
    let agents = world.agents(CALLS).await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" } })).await;
    let number = |index: usize| format!("+3319900{}10{}", index / 10, index % 10);
    let numbers: Vec<String> = (0..CALLS).map(number).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    world.leads(&campaign, &numbers).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
    let before = pairs(&world.until_connected(CALLS).await);
    for call in before.keys() {
        eventually("the call is recorded", SOON, async || holds(world.pair.pbx().records(call).await, call))
            .await;
    }

    eventually("everybody talks", SOON, async || {
        let heard = voices(&world).await.len();
        holds(heard == CALLS * 2, heard)
    })
    .await;

    world.daemon.kill();
    let heard = voices(&world).await;
    assert_eq!(heard.len(), CALLS * 2, "a leg went with the daemon: {heard:?}");
    voices_go_on(&world, &heard).await;

    let began = Instant::now();
    world.daemon = world.setup.start();
    world.daemon.until_ready(&world.setup.listen).await;
    let after = pairs(&world.until_connected(CALLS).await);
    let took = began.elapsed();
    assert_eq!(after, before, "every call is with the agent it was with");
    assert!(took <= TAKEN_OVER_MAX, "the calls were taken over after {took:?}");

    for call in before.keys() {
        world.hang_up(call).await;
    }
    let calls = eventually("every call is in the history", SOON, async || {
        let calls = world.api.rows::<Call>("/api/calls").await;
        if calls.len() == CALLS { Ok(calls) } else { Err(calls) }
    })
    .await;
    assert!(calls.iter().all(|call| call.ended_by == "operator"), "{calls:?}");
    let network = world.until_network_saw(CALLS).await;
    assert!(network.iter().all(|call| call.status == 200 && call.ended_by == "pbx"), "{network:?}");
    let recordings = world.until_recordings_judged(CALLS).await;
    assert!(recordings.iter().all(|recording| recording.state == "verified"), "{recordings:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_rings_is_given_up_in_time_by_the_next_daemon() {
    let mut world = World::start().await;
    let agent = world.agent("talks").await;
    let campaign = world.campaign(json!({ "ring_timeout": 15_000 })).await;
    let [rings, answers] = ["+33199000400", "+33199001101"];
    world.leads(&campaign, &[rings, answers]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&[agent], &campaign).await;
    eventually("the phone rings", SOON, async || {
        world.pair.carrier().channel_of(rings).await.ok_or("no channel")
    })
    .await;

    // Told to stop, a daemon leaves its calls to the next one, as one that is killed does.
    let status = world.daemon.stop().await;
    assert!(status.success(), "{status}");
    assert!(world.pair.carrier().channel_of(rings).await.is_some(), "the phone rings on");
    world.daemon = world.setup.start();
    world.daemon.until_ready(&world.setup.listen).await;

    let call = world.until_connected_to(answers).await;
    world.hang_up(&call.call).await;
    let attempts = world.until_attempts_ended(2).await;
    let outcomes: Vec<Option<&str>> = attempts.iter().map(|attempt| attempt.outcome.as_deref()).collect();
    assert_eq!(outcomes, [Some("no_answer"), Some("answered")]);
    world.close().await;
}

/// Which call is with which agent.
fn pairs(calls: &[CallSeen]) -> BTreeMap<String, Option<String>> {
    calls.iter().map(|call| (call.call.clone(), call.agent.clone())).collect()
}

/// The legs from which sound has come, and how many packets of it.
async fn voices(world: &World) -> BTreeMap<String, u64> {
    let pbx = world.pair.pbx();
    let mut voices = BTreeMap::new();
    for leg in pbx.channels().await.into_iter().filter(|channel| channel.starts_with("cadran-leg-")) {
        if let Some(packets) = pbx.packets_received(&leg).await.filter(|packets| *packets > 0) {
            voices.insert(leg, packets);
        }
    }
    voices
}

/// Waits until every leg that had sound before has more of it.
async fn voices_go_on(world: &World, before: &BTreeMap<String, u64>) {
    eventually("everybody talks on", SOON, async || {
        let now = voices(world).await;
        let mut quiet: Vec<&String> = before.keys().collect();
        quiet.retain(|leg| now.get(*leg) <= before.get(*leg));
        holds(quiet.is_empty(), quiet)
    })
    .await;
}
