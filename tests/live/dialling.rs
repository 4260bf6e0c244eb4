//! Whom flows call for their callers: somebody outside who takes the call by a key or does not, and an agent; and what
//! a flow has for those who wait. Proved by sound.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, medium, sound, until_heard_for, until_no_callers};
use super::inbound::{NUMBER, number, queue, to_work, until_callers_are};
use super::sound::Sound;
use super::voices::{AGENT, CUSTOMER, MUSIC};
use super::wait::{SOON, eventually};
use super::world::World;

/// What whoever is called hears first, what the flow says when they are done, and how the caller sounds.
const WHISPER: f64 = 620.0;
const AFTER: f64 = 1_320.0;
const CALLER: f64 = 1_600.0;
/// What a flow says to those who wait.
const WORD: f64 = 700.0;
const ASK: f64 = 880.0;
/// People outside who press 1, and 5, two seconds after they have answered.
const TAKES: &str = "+33199004941";
const LETS: &str = "+33199004945";
/// Whoever speaks is listened to for so long. The network writes down what is heard two seconds at a time.
const LISTEN: Duration = Duration::from_secs(5);
/// The share of a tone in what was heard, when it was heard at all, and when it was not.
const PRESENT: f64 = 0.01;
const ABSENT: f64 = 0.001;
/// Nobody hears nothing for longer than this.
const SILENCE_MAX: Duration = Duration::from_secs(4);

/// Records what is heard at the network's end of a call, which has just begun or goes on. Gives its channel, too.
async fn listen_in(world: &World, dialled: &str) -> (String, PathBuf) {
    let (id, channel) = eventually(&format!("{dialled} is called"), SOON, async || {
        world.pair.carrier().channel_of(dialled).await.ok_or("no channel")
    })
    .await;
    let file = world.home.path().join(format!("heard-by-{}.wav", dialled.trim_start_matches('+')));
    world.pair.record_what_is_heard(&channel, &file);
    (id, file)
}

fn shares(heard: &Sound, tones: &[f64]) -> Vec<f64> {
    tones.iter().map(|tone| heard.share_of_tone(*tone)).collect()
}

fn assert_never_silent(heard: &Sound) {
    let silences = heard.silences(Duration::from_secs(1));
    assert!(silences.iter().all(|silence| silence.end - silence.start <= SILENCE_MAX), "{silences:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_outside_takes_the_call_by_a_key_or_does_not() {
    let world = World::start().await;
    let (whisper, after) =
        (medium(&world, "Un client", WHISPER).await, medium(&world, "Au revoir", AFTER).await);
    let dial = |number: &str, next: Value| {
        json!({ "kind": "dial", "to": { "number": number }, "whisper": [{ "media": whisper }], "confirm_key": "1",
            "record": number == TAKES, "next": next })
    };
    let nodes = json!({
        "n_takes": dial(TAKES, json!({ "done": "n_lets", "busy": "n_end", "no_answer": "n_end", "rejected": "n_end" })),
        "n_lets": dial(LETS, json!({ "done": "n_end", "busy": "n_end", "no_answer": "n_after", "rejected": "n_end" })),
        "n_after": { "kind": "play", "prompt": [{ "media": after }], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_takes").await;

    let heard = call(&world, NUMBER, "asks", &[&format!("Playtones({CALLER})"), "Wait(90)"]).await;
    let (taker, by_taker) = listen_in(&world, TAKES).await;
    until_callers_are(&world, "transferred", 1).await;
    until_heard_for(&heard, LISTEN).await;
    world.pair.carrier().hang_up(&taker).await;
    let (_, by_letter) = listen_in(&world, LETS).await;
    until_callers_are(&world, "dialling", 1).await;
    until_no_callers(&world).await;

    let told = sound(&heard).await;
    let heard = shares(&told, &[MUSIC[0], CUSTOMER, AFTER, WHISPER]);
    println!(
        "the caller heard music, the number, the flow and the whisper: {heard:.3?} of {:?}",
        told.duration()
    );
    assert!(heard[..3].iter().all(|share| *share > PRESENT) && heard[3] < ABSENT, "{heard:?}");
    assert_never_silent(&told);
    for (file, speaks) in [(by_taker, true), (by_letter, false)] {
        let heard = shares(&sound(&file).await, &[WHISPER, CALLER, MUSIC[0]]);
        println!("who was called heard whisper, caller and music: {heard:.3?}");
        assert!(heard[0] > PRESENT && heard[2] < ABSENT, "{heard:?}");
        assert!(if speaks { heard[1] > PRESENT } else { heard[1] < ABSENT }, "{heard:?}");
    }
    let recording = world.until_recordings_judged(1).await.remove(0);
    assert_eq!(recording.state, "verified");
    world.until_archived(&recording.id).await;
    let (_, opus) = world.api.audio(&recording.id, None).await;
    let [left, right] = Sound::voices_of(&opus).try_into().unwrap();
    let kept = [left.share_of_tone(CALLER), right.share_of_tone(CUSTOMER)];
    println!("recorded: the caller {:.3} of the left, the number {:.3} of the right", kept[0], kept[1]);
    assert!(kept.iter().all(|share| *share > 0.8), "{kept:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_told_who_calls_and_the_caller_goes_on_after_them() {
    let world = World::start().await;
    let queue = queue(&world, json!({ "wrap_up": 0, "no_agents": { "may_enter": true } })).await;
    let agent = world.agent_with("talks", json!({ "queues": [queue] })).await;
    let desk = world.sign_in_as("agent", Some(&agent)).await;
    let (whisper, after) =
        (medium(&world, "Un client", WHISPER).await, medium(&world, "Au revoir", AFTER).await);
    let nodes = json!({
        "n_agent": { "kind": "dial", "to": { "agent": agent.id }, "whisper": [{ "media": whisper }], "record": true,
            "next": { "done": "n_after", "busy": "n_end", "no_answer": "n_end", "rejected": "n_end" } },
        "n_after": { "kind": "play", "prompt": [{ "media": after }], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_agent").await;
    to_work(&world, &agent).await;
    world.until_agent_is(&agent, "ready").await;

    let (_, by_agent) = listen_in(&world, &agent.account).await;
    let heard = call(&world, NUMBER, "wants-ada", &[&format!("Playtones({CALLER})"), "Wait(90)"]).await;
    let caller = until_callers_are(&world, "connected", 1).await.remove(0);
    assert_eq!(caller["agent"], json!(agent.id));
    until_heard_for(&heard, LISTEN).await;
    desk.ask(&format!("/api/calls/{}/hang-up", text(&caller, "call"))).await;
    world.until_agent_is(&agent, "ready").await;
    until_no_callers(&world).await;
    world.desk(&agent, "log-out").await;

    let told = sound(&heard).await;
    let heard = shares(&told, &[AGENT, AFTER, WHISPER]);
    println!("the caller heard the agent, the flow and the whisper: {heard:.3?} of {:?}", told.duration());
    assert!(heard[..2].iter().all(|share| *share > PRESENT) && heard[2] < ABSENT, "{heard:?}");
    assert_never_silent(&told);
    let told = sound(&by_agent).await;
    let [whispered, spoke] = [WHISPER, CALLER].map(|tone| told.tone_changes(tone, Duration::ZERO, false));
    println!("the agent heard the whisper from {whispered:?} and the caller from {spoke:?}");
    let (Some(whispered), Some(spoke)) = (whispered, spoke) else { panic!("{whispered:?} {spoke:?}") };
    let between = told.between(whispered..spoke).share_of_tone(WHISPER);
    assert!(whispered < spoke && between > 0.8, "first the whisper: {between}");
    assert_eq!(world.until_recordings_judged(1).await[0].state, "verified");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_hears_a_flow_and_leaves_by_a_key_or_with_an_agent() {
    let world = World::start().await;
    let (word, ask, after) = (
        medium(&world, "Patience", WORD).await,
        medium(&world, "Tapez 9", ASK).await,
        medium(&world, "Parti", AFTER).await,
    );
    let wait_flow = json!({ "v": 1, "locales": ["fr-FR"], "start": "n_word", "nodes": {
        "n_word": { "kind": "play", "prompt": [{ "media": word }], "next": { "next": "n_ask" } },
        "n_ask": { "kind": "menu", "prompt": [{ "media": ask }], "keys": ["9"], "timeout_ms": 6000, "tries": 1,
            "next": { "9": "n_leave", "no_input": "n_word", "no_match": "n_word" } },
        "n_leave": { "kind": "return", "name": "left_by_key" },
    } });
    let flow = json!({ "name": "Attente", "kind": "queue_wait", "document": wait_flow });
    let flow = world.api.post("/api/flows", flow).await;
    let wait_flow = text(&flow, "id");
    world.api.post(&format!("/api/flows/{wait_flow}/publish"), json!({ "rev": flow["rev"] })).await;
    let queue = queue(&world, json!({ "no_agents": { "may_enter": true }, "wrap_up": 0 })).await;
    let nodes = json!({
        "n_queue": { "kind": "queue", "queue": queue, "wait_flow": wait_flow, "next": {
            "timeout": "n_end", "full": "n_end", "no_agents": "n_end", "left_by_key": "n_after" } },
        "n_after": { "kind": "play", "prompt": [{ "media": after }], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_queue").await;
    let agent = world.agent_with("talks", json!({ "queues": [queue] })).await;

    // Two words, two seconds each, and music until the key.
    let heard = call(&world, NUMBER, "leaves", &["Wait(8)", "SendDTMF(9)", "Wait(30)"]).await;
    until_callers_are(&world, "queued", 1).await;
    until_no_callers(&world).await;
    let told = sound(&heard).await;
    let heard = shares(&told, &[WORD, ASK, MUSIC[0], AFTER]);
    println!("who leaves heard the words, music, and the flow: {heard:.3?} of {:?}", told.duration());
    assert!(heard.iter().all(|share| *share > PRESENT), "{heard:?}");
    assert_never_silent(&told);

    // The agent comes in the middle of the first word, and nothing of the flow is heard from there on.
    world.api.post(&format!("/api/agents/{}/log-in", agent.id), json!({ "campaigns": [] })).await;
    eventually("the agent's phone is up", SOON, async || {
        let seen = world.agent_seen(&agent).await;
        seen.clone().filter(|seen| seen.phone_up).ok_or(seen)
    })
    .await;
    let heard = call(&world, NUMBER, "served", &["Wait(60)"]).await;
    until_callers_are(&world, "queued", 1).await;
    until_heard_for(&heard, Duration::from_millis(500)).await;
    world.desk(&agent, "ready").await;
    let caller = until_callers_are(&world, "connected", 1).await.remove(0);
    until_heard_for(&heard, LISTEN).await;
    world.hang_up(&text(&caller, "call")).await;
    until_no_callers(&world).await;
    let told = sound(&heard).await;
    let served = told.tone_changes(AGENT, Duration::ZERO, false).expect("the agent is heard");
    let [before, since] = [told.between(Duration::ZERO..served), told.between(served..told.duration())];
    println!(
        "who is served heard {:.3?} until {served:?}, and {:.3?} from there on",
        shares(&before, &[WORD, ASK]),
        shares(&since, &[AGENT, WORD, ASK])
    );
    assert!(before.has_tone(WORD) && !since.has_tone(ASK) && since.share_of_tone(AGENT) > 0.8);
    assert_never_silent(&told);
    world.close().await;
}
