//! An agent's day: leads shown before they are dialled, what is said of a call, pauses, phones that ring each time.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Attempt, Lead, text};
use super::wait::{SOON, eventually, holds};
use super::world::{Agent, World, now_ms};

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_leads_first_and_says_what_came_of_them() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let campaign = world.campaign(json!({ "mode": { "kind": "preview" }, "wrap_up": 60_000 })).await;
    let [skipped, called_back, not_again, never] =
        ["+33199000101", "+33199000102", "+33199000103", "+33199000104"];
    let forbidden = json!({ "phone": never, "reason": "asked by letter" });
    world.api.post("/api/do-not-call", forbidden).await;
    world.leads(&campaign, &[skipped, called_back, not_again, never]).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&agent), &campaign).await;

    assert_eq!(shown(&world, &agent).await, skipped);
    world.until_agent_is(&agent, "reserved").await;
    world.desk(&agent, "skip").await;

    let call = dial(&world, &agent, called_back).await;
    world.hang_up(&call).await;
    world.until_agent_is(&agent, "wrap_up").await;
    let due_at = now_ms() + 3000;
    dispose(&world, &agent, json!({ "call": call, "code": "callback", "callback_at": due_at })).await;
    world.until_agent_is(&agent, "ready").await;
    let lead = lead(&world, called_back).await;
    assert_eq!((lead.state.as_str(), lead.callback), ("waiting", true), "{lead:?}");

    let call = dial(&world, &agent, not_again).await;
    // Said while they still talk.
    dispose(&world, &agent, json!({ "call": call, "code": "do_not_call", "note": "angry" })).await;
    world.hang_up(&call).await;
    world.until_over(&call).await;
    world.desk(&agent, "ready").await;
    let lead = self::lead(&world, not_again).await;
    assert_eq!(lead.done_reason.as_deref(), Some("do_not_call"), "{lead:?}");
    let entries: Vec<Value> = world.api.rows("/api/do-not-call").await;
    assert!(entries.iter().any(|entry| entry["phone"] == not_again), "{entries:?}");

    let call = dial(&world, &agent, called_back).await;
    assert!(now_ms() >= due_at, "called back before the agreed moment");
    world.hang_up(&call).await;
    world.until_over(&call).await;
    let calls = world.until_network_saw(3).await;
    let dialled: Vec<String> = calls.into_iter().map(|call| call.dialled).collect();
    assert_eq!(dialled, [called_back, not_again, called_back]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_rings_for_each_call_and_pauses_say_why() {
    let world = World::start().await;
    let per_call = json!({ "ring_mode": "per_call", "ring_timeout": 5000 });
    let agent = world.agent_with("talks", per_call.clone()).await;
    let campaign = world.campaign(json!({ "wrap_up": 1000 })).await;
    let numbers = ["+33199000101", "+33199000102"];
    world.leads(&campaign, &numbers).await;
    world.start_campaign(&campaign).await;

    world.log_in(&agent, &campaign).await;
    let seen = world.until_agent_is(&agent, "paused").await;
    assert_eq!((seen.reason, seen.phone_up), (Some(json!({ "kind": "logged_in" })), false));
    for number in numbers {
        world.desk(&agent, "ready").await;
        let call = world.until_connected_to(number).await;
        assert!(world.pair.carrier().channel_of(&agent.account).await.is_some());
        let pause = json!({ "code": "lunch" });
        world.api.post(&format!("/api/agents/{}/pause", agent.id), pause).await;
        world.hang_up(&call.call).await;
        world.until_agent_is(&agent, "wrap_up").await;
        eventually("the phone is put down after the call", SOON, async || {
            let channel = world.pair.carrier().channel_of(&agent.account).await;
            holds(channel.is_none(), channel)
        })
        .await;
        // The wrap-up ends by itself, and the pause that was asked for meanwhile begins.
        let seen = world.until_agent_is(&agent, "paused").await;
        assert_eq!(seen.reason, Some(json!({ "kind": "chosen", "code": "lunch" })));
    }

    // Nobody is called for an agent who does not pick up.
    let away = world.agent_with("idle", per_call).await;
    world.leads(&campaign, &["+33199000105"]).await;
    world.log_in(&away, &campaign).await;
    world.desk(&away, "ready").await;
    let seen = eventually("the absent agent is paused", SOON, async || {
        let seen = world.agent_seen(&away).await;
        let missed = |reason: &Value| reason["kind"] == "missed";
        seen.clone().filter(|seen| seen.reason.as_ref().is_some_and(missed)).ok_or(seen)
    })
    .await;
    assert_eq!(seen.state, "paused");
    assert_eq!(world.api.rows::<Attempt>("/api/attempts").await.len(), numbers.len());
    world.close().await;
}

/// The number of the lead that is shown next. Right after a change there may be none yet.
async fn shown(world: &World, agent: &Agent) -> String {
    let path = format!("/api/agents/{}/next-lead", agent.id);
    let shown = eventually("a lead is shown", SOON, async || world.api.try_ask(&path).await).await;
    text(&shown["lead"], "phone")
}

/// Has the next lead shown, which must be this number, and dials it.
async fn dial(world: &World, agent: &Agent, number: &str) -> String {
    assert_eq!(shown(world, agent).await, number);
    let call = text(&world.desk(agent, "dial").await, "call");
    assert_eq!(world.until_connected_to(number).await.call, call);
    world.until_it_lasted(&call, Duration::from_millis(200)).await;
    call
}

async fn dispose(world: &World, agent: &Agent, said: Value) {
    world.api.post(&format!("/api/agents/{}/disposition", agent.id), said).await;
}

async fn lead(world: &World, phone: &str) -> Lead {
    let leads: Vec<Lead> = world.api.rows("/api/leads").await;
    leads.into_iter().find(|lead| lead.phone == phone).unwrap()
}
