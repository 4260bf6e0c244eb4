//! A caller asks to be called back, hangs up, is called back when their turn comes, and is asked how it was.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, medium, sound, until_heard_for, until_no_callers};
use super::inbound::{NUMBER, callers, number_of_queue, queue, to_work, until_callers_are};
use super::sound::Sound;
use super::voices::{AGENT, CUSTOMER};
use super::wait::{SOON, eventually, holds};
use super::world::{Agent, World};

/// Somebody who calls from here, and who talks once they are called back.
const PERSON: &str = "+33199004110";
/// The tone of the question.
const QUESTION: f64 = 1_320.0;
/// What is said to the one that is answered in words.
const SPOKEN: f64 = 1_000.0;
/// Each voice is listened to for so long.
const LISTEN: Duration = Duration::from_secs(2);

async fn promised(world: &World, open: bool) -> Vec<Value> {
    world.api.rows::<Value>(&format!("/api/caller-callbacks?open={open}")).await
}

/// Somebody calls who shows their number, and presses 1 six seconds after they were picked up.
fn call_and_press(world: &World) {
    let lines =
        [format!("Set(CALLERID(num)={PERSON})"), format!("Dial(PJSIP/{NUMBER}@pbx,60,D(wwwwwwwwwwww1))")];
    for (index, line) in lines.iter().enumerate() {
        let line = format!("dialplan add extension books,{},{line} into test-callers replace", index + 1);
        world.pair.carrier_cli(&line);
    }
    world.pair.carrier_cli("channel originate Local/books@test-callers application Wait 60");
}

/// Writes down what is heard at the network's end by whoever was dialled.
async fn record(world: &World, dialled: &str) -> PathBuf {
    let (_, channel) = world.pair.carrier().channel_of(dialled).await.unwrap();
    let heard = world.home.path().join(format!("{}.wav", dialled.trim_start_matches('+')));
    world.pair.record_what_is_heard(&channel, &heard);
    heard
}

/// A live flow that asks one question to be answered by a key, and one to be answered in words.
async fn survey(world: &World) -> String {
    let question = medium(world, "De 1 à 5 ?", QUESTION).await;
    let document = json!({ "v": 1, "locales": ["fr-FR"], "start": "n_ask", "defaults": { "on_error": "n_end" }, "nodes": {
        "n_ask": { "kind": "survey", "survey": "calls", "next": { "done": "n_end", "partial": "n_end" },
            "questions": [{ "id": "polite", "prompt": [{ "media": question }], "type": "scale", "min": 1, "max": 5 },
                { "id": "why", "prompt": [{ "media": question }], "type": "voice" }] },
        "n_end": { "kind": "hangup" },
    } });
    let flow =
        world.api.post("/api/flows", json!({ "name": "Avis", "kind": "ivr", "document": document })).await;
    let id = text(&flow, "id");
    world.api.post(&format!("/api/flows/{id}/publish"), json!({ "rev": flow["rev"] })).await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_called_back_when_their_turn_comes_and_asked_how_it_was() {
    let world = World::start().await;
    let survey = survey(&world).await;
    let rules = json!({ "wrap_up": 0, "no_agents": { "may_enter": true }, "callback": { "after": 1000 }, "survey": survey });
    let queue = queue(&world, rules).await;
    number_of_queue(&world, &queue).await;

    call_and_press(&world);
    until_callers_are(&world, "queued", 1).await;
    let open = eventually("a callback is booked", SOON * 2, async || {
        let open = promised(&world, true).await;
        holds(open.len() == 1, open.clone()).map(|()| open)
    })
    .await;
    assert!(open[0]["conflict"].is_null() && open[0]["place_since"].is_i64(), "{}", open[0]);
    eventually("the caller has hung up and waits at home", SOON * 3, async || {
        let all = callers(&world).await;
        let waits = all.len() == 1 && all[0]["state"] == "queued" && all[0]["callback"] == open[0]["call"];
        holds(waits, all)
    })
    .await;
    let waited_since = callers(&world).await[0]["waiting_since"].as_i64().unwrap();
    assert!((waited_since - open[0]["place_since"].as_i64().unwrap()).abs() < 1_000, "the place is kept");

    let agent = world.agent_with("talks", json!({ "queues": [queue] })).await;
    to_work(&world, &agent).await;
    let caller = until_callers_are(&world, "connected", 1).await.remove(0);
    assert_eq!(caller["agent"], agent.id.as_str());
    let both = [record(&world, PERSON).await, record(&world, &agent.account).await];
    until_heard_for(&both[0], LISTEN).await;
    until_heard_for(&both[1], LISTEN).await;
    world.hang_up(&text(&caller, "call")).await;
    until_no_callers(&world).await;
    world.pair.carrier_cli("mixmonitor stop all");
    world.api.post(&format!("/api/agents/{}/log-out", agent.id), json!({})).await;
    let shares = [(&both[0], AGENT), (&both[1], CUSTOMER)];
    for (heard, voice) in shares {
        let share = sound(heard).await.share_of_tone(voice);
        assert!(share > 0.5, "{voice} Hz in {}: {share}", heard.display());
    }
    assert!(promised(&world, true).await.is_empty());
    let kept = promised(&world, false).await;
    assert_eq!((&kept[0]["kept_by"], &kept[0]["state"]), (&caller["call"], &json!("kept")), "{kept:?}");

    asked_how_it_was(&world, &agent).await;
    world.close().await;
}

/// An agent hangs up on a caller, who answers the questions that follow.
async fn asked_how_it_was(world: &World, agent: &Agent) {
    let program = world.sign_in_as("agent", Some(agent)).await;
    eventually("the phone is free", SOON, async || {
        let seen = world.agent_seen(agent).await;
        holds(seen.is_none(), seen)
    })
    .await;
    to_work(world, agent).await;
    // Long after the agent has hung up, however slow the machine is.
    let tone = format!("Playtones({SPOKEN})");
    let answers = ["Wait(7)", "SendDTMF(5)", &tone, "Wait(7)", "StopPlaytones"].repeat(6);
    let heard = call(world, NUMBER, "asked", &answers).await;
    let caller = until_callers_are(world, "connected", 1).await.remove(0);
    until_heard_for(&heard, LISTEN).await;
    program.ask(&format!("/api/calls/{}/hang-up", text(&caller, "call"))).await;
    world.until_agent_is(agent, "ready").await;
    until_no_callers(world).await;
    let heard = sound(&heard).await;
    let begun = heard.tone_changes(QUESTION, Duration::ZERO, false).expect("the question is heard");
    let question = heard.between(begun + Duration::from_millis(300)..begun + Duration::from_millis(1_300));
    let share = question.share_of_tone(QUESTION);
    assert!(share > 0.9, "the question is heard by itself: {share}");
    let answers = eventually("the answers are kept", SOON, async || {
        let answers = world.api.rows::<Value>("/api/survey-answers?survey=calls").await;
        holds(answers.len() == 1, answers.clone()).map(|()| answers)
    })
    .await;
    assert_eq!(answers[0]["call"], caller["call"], "{answers:?}");
    assert_eq!(answers[0]["agent"], agent.id.as_str());
    assert_eq!(answers[0]["answers"]["calls"]["polite"], 5, "{answers:?}");
    let spoken = format!("/api/survey-answers/sounds/{}", text(&answers[0]["answers"]["calls"], "why"));
    let share = Sound::voices_of(&world.api.get_bytes(&spoken).await).remove(0).share_of_tone(SPOKEN);
    assert!(share > 0.5, "the answer is heard: {share}");
    let counts = world.api.get("/api/survey-answers/counts?survey=calls").await;
    assert_eq!(counts.as_array().unwrap().len(), 2, "{counts}");
    assert!(counts.as_array().unwrap().iter().all(|count| count["count"] == 1), "{counts}");
}
