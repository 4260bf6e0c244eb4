//! A caller asks to be called back, hangs up, and is called back when their turn comes.

use std::time::Duration;

use serde_json::{Value, json};

use super::callers::{sound, until_heard_for, until_no_callers};
use super::inbound::{NUMBER, callers, number_of_queue, queue, to_work, until_callers_are};
use super::voices::AGENT;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// Somebody who calls from here, and who talks once they are called back.
const PERSON: &str = "+33199004110";

async fn promised(world: &World, open: bool) -> Vec<Value> {
    world.api.rows::<Value>(&format!("/api/caller-callbacks?open={open}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_called_back_when_their_turn_comes() {
    let world = World::start().await;
    let rules = json!({ "wrap_up": 0, "no_agents": { "may_enter": true }, "callback": { "after": 1000 } });
    let queue = queue(&world, rules).await;
    number_of_queue(&world, &queue).await;

    // They press the key again and again until they are offered to be called back.
    let lines = [
        format!("Set(CALLERID(num)={PERSON})"),
        format!("Dial(PJSIP/{NUMBER}@pbx,60,D(wwwwwwwwwwwwwwwwwwwwwwww1))"),
    ];
    for (index, line) in lines.iter().enumerate() {
        let line = format!("dialplan add extension books,{},{line} into test-callers replace", index + 1);
        world.pair.carrier_cli(&line);
    }
    world.pair.carrier_cli("channel originate Local/books@test-callers application Wait 60");
    until_callers_are(&world, "queued", 1).await;
    let open = eventually("a callback is booked", SOON * 2, async || {
        let open = promised(&world, true).await;
        holds(open.len() == 1, open.clone()).map(|()| open)
    })
    .await;
    println!("booked: {}", open[0]);
    assert!(open[0]["conflict"].is_null() && open[0]["place_since"].is_i64(), "{}", open[0]);
    eventually("the caller has hung up and waits at home", SOON * 3, async || {
        let all = callers(&world).await;
        let waits = all.len() == 1 && all[0]["state"] == "queued" && all[0]["callback"] == open[0]["call"];
        holds(waits, all)
    })
    .await;

    let agent = world.agent_with("talks", json!({ "queues": [queue] })).await;
    to_work(&world, &agent).await;
    let caller = until_callers_are(&world, "connected", 1).await.remove(0);
    assert_eq!(caller["agent"], agent.id.as_str());
    let (_, channel) = world.pair.carrier().channel_of(PERSON).await.unwrap();
    let heard = world.home.path().join("called-back.wav");
    world.pair.record_what_is_heard(&channel, &heard);
    until_heard_for(&heard, Duration::from_secs(2)).await;
    world.hang_up(caller["call"].as_str().unwrap()).await;
    until_no_callers(&world).await;
    let share = sound(&heard).await.share_of_tone(AGENT);
    println!("whoever was called back heard the agent {share:.2} of the time");
    assert!(share > 0.5, "{share}");
    assert!(promised(&world, true).await.is_empty());
    let kept = promised(&world, false).await;
    assert_eq!(kept[0]["kept_by"], caller["call"], "{kept:?}");
    world.close().await;
}
