//! Callers and customers whom agents have: recorded, listened to, and sent on to queues, flows and numbers; proved by
//! sound.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, medium, sound, until_heard_for, until_no_callers};
use super::inbound::{NUMBER, callers, number_of_queue, queue, to_work, until_callers_are};
use super::sound::Sound;
use super::voices::{AGENT, CUSTOMER, SUPERVISOR};
use super::wait::{SOON, eventually, holds};
use super::world::{Agent, World};

/// The tone of a prompt.
pub(crate) const FAREWELL: f64 = 1_320.0;
/// Each voice is listened to for so long.
const LISTEN: Duration = Duration::from_secs(2);
/// People outside: one who answers after a second, and one whose line is busy.
pub(crate) const TALKS: &str = "+33199004110";
const BUSY: &str = "+33199004300";

/// Waits until the one caller there is has this agent on the line, in no transfer.
async fn until_with(world: &World, agent: &Agent) -> Value {
    let what = format!("the caller speaks with {}", agent.account);
    eventually(&what, SOON, async || {
        let all = callers(world).await;
        let wanted = |caller: &&Value| {
            caller["state"] == "connected"
                && caller["agent"] == agent.id.as_str()
                && caller["transfer"].is_null()
        };
        all.iter().find(wanted).cloned().ok_or(all)
    })
    .await
}

async fn give(world: &World, call: &str, to: Value) {
    world.api.post(&format!("/api/calls/{call}/transfer"), to).await;
}

/// A flow that speaks one prompt and hangs up.
pub(crate) async fn speaking_flow(world: &World) -> String {
    let farewell = medium(world, "Au revoir", FAREWELL).await;
    let document = json!({ "v": 1, "locales": ["fr-FR"], "start": "n_play", "nodes": {
        "n_play": { "kind": "play", "prompt": [{ "media": farewell }], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    }, "defaults": { "on_error": "n_end" } });
    let flow =
        world.api.post("/api/flows", json!({ "name": "Adieu", "kind": "ivr", "document": document })).await;
    let id = text(&flow, "id");
    world.api.post(&format!("/api/flows/{id}/publish"), json!({ "rev": flow["rev"] })).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_recorded_heard_and_sent_on() {
    let world = World::start().await;
    let rules = |name: &str, recording: &str| json!({ "name": name, "recording": { "kind": recording }, "wrap_up": 0, "no_agents": { "may_enter": true } });
    let first_queue = queue(&world, rules("first", "all")).await;
    let second_queue = queue(&world, rules("second", "never")).await;
    number_of_queue(&world, &first_queue).await;
    let flow = speaking_flow(&world).await;
    let first = world.agent_with("talks", json!({ "queues": [first_queue] })).await;
    let second = world.agent_with("supervises", json!({ "queues": [second_queue] })).await;
    let supervisor = world.sign_in_as("supervisor", Some(&second)).await;
    to_work(&world, &first).await;
    world.api.post(&format!("/api/agents/{}/log-in", second.id), json!({ "campaigns": [] })).await;
    eventually("the second phone is up", SOON, async || {
        let seen = world.agent_seen(&second).await;
        seen.clone().filter(|seen| seen.phone_up).ok_or(seen)
    })
    .await;

    let heard = call(&world, NUMBER, "sent-on", &["Playtones(1000)", "Wait(90)"]).await;
    let caller = until_with(&world, &first).await;
    let id = text(&caller, "call");
    assert_eq!(caller["recording"], "recording");
    supervisor.post(&format!("/api/calls/{id}/listen"), json!({ "reason": "training" })).await;
    eventually("the supervisor hears the caller", SOON, async || {
        let board = world.api.get("/api/live/snapshot").await;
        let rows = board["agents"].as_array().unwrap();
        let row = rows.iter().find(|row| row["agent"] == second.id.as_str()).unwrap().clone();
        let hears = row["supervising"]["hears"] == true && row["supervising"]["call"] == id.as_str();
        holds(hears && callers(&world).await[0]["listeners"][0]["mode"] == "listen", row)
    })
    .await;
    until_heard_for(&heard, LISTEN).await;
    supervisor.ask("/api/supervision/stop").await;

    // To a queue, whose agent has them; to a number that is busy, and back; to one that answers.
    world.desk(&second, "ready").await;
    give(&world, &id, json!({ "queue": second_queue, "kind": "blind" })).await;
    until_with(&world, &second).await;
    until_heard_for(&heard, LISTEN).await;
    let before = world.pair.calls().len();
    give(&world, &id, json!({ "number": BUSY, "kind": "blind" })).await;
    world.until_network_saw(before + 1).await;
    until_with(&world, &second).await;
    until_heard_for(&heard, LISTEN).await;
    give(&world, &id, json!({ "number": TALKS, "kind": "blind" })).await;
    until_callers_are(&world, "transferred", 1).await;
    world.until_agent_is(&second, "ready").await;
    until_heard_for(&heard, LISTEN).await;
    world.hang_up(&id).await;
    until_no_callers(&world).await;
    let told = sound(&heard).await;
    let shares = [AGENT, SUPERVISOR, CUSTOMER].map(|voice| told.share_of_tone(voice));
    println!(
        "the caller heard the first agent {:.2}, the second {:.2}, the number {:.2} of the time",
        shares[0], shares[1], shares[2]
    );
    assert!(shares.iter().all(|share| *share > 0.1), "{shares:?}");

    // Through a flow, which speaks and hangs up.
    let heard = call(&world, NUMBER, "through", &["Playtones(1000)", "Wait(60)"]).await;
    let id = text(&until_with(&world, &first).await, "call");
    until_heard_for(&heard, LISTEN).await;
    give(&world, &id, json!({ "flow": flow, "kind": "blind" })).await;
    until_no_callers(&world).await;
    let told = sound(&heard).await;
    let begun = told.tone_changes(AGENT, Duration::ZERO, false).expect("the agent is heard");
    let left = told.tone_changes(AGENT, begun, true).expect("the agent is left");
    let (before, after) = (told.between(begun..left), told.between(left..told.duration()));
    let shares = [before.share_of_tone(AGENT), after.share_of_tone(FAREWELL)];
    println!("then the agent {:.2} until {left:?}, and the prompt {:.2} from there on", shares[0], shares[1]);
    assert!(shares.iter().all(|share| *share > 0.9), "{shares:?}");

    // The first queue records, the second does not.
    for recording in world.until_recordings_judged(2).await {
        world.until_archived(&recording.id).await;
        let (_, opus) = world.api.audio(&recording.id, None).await;
        let [left, right] = Sound::voices_of(&opus).try_into().unwrap();
        let shares = [left.share_of_tone(CUSTOMER), right.share_of_tone(AGENT)];
        println!(
            "{}: the caller is {:.3} of the left, the agent {:.3} of the right",
            recording.id, shares[0], shares[1]
        );
        assert!(shares.iter().all(|share| *share > 0.9), "{shares:?}");
        assert_eq!(recording.state, "verified");
    }
    let of_queue = world.api.rows::<Value>(&format!("/api/recordings?queue={first_queue}")).await;
    assert_eq!(of_queue.len(), 2, "{of_queue:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_goes_on_to_a_queue_as_a_caller() {
    let world = World::start().await;
    let queue = queue(&world, json!({ "wrap_up": 0, "no_agents": { "may_enter": true } })).await;
    let first = world.agent("talks").await;
    let second = world.agent_with("supervises", json!({ "queues": [queue] })).await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" } })).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&first), &campaign).await;
    let call = world.until_connected(1).await.remove(0).call;
    world.until_it_lasted(&call, LISTEN).await;

    // Nobody is there: music. Then somebody is.
    give(&world, &call, json!({ "queue": queue, "kind": "blind" })).await;
    let waiting = until_callers_are(&world, "queued", 1).await.remove(0);
    let over = world.until_over(&call).await;
    assert_eq!(over.agent.as_deref(), Some(first.id.as_str()));
    world.until_agent_is(&first, "ready").await;
    to_work(&world, &second).await;
    let caller = until_with(&world, &second).await;
    assert_eq!(caller["call"], waiting["call"]);
    eventually("they are in one room", SOON, async || {
        let rooms = world.pair.pbx().rooms().await;
        holds(rooms.iter().any(|legs| legs.len() == 2), rooms)
    })
    .await;
    world.hang_up(&text(&caller, "call")).await;
    until_no_callers(&world).await;
    assert_eq!(world.until_recordings_judged(1).await[0].state, "verified");
    world.close().await;
}
