//! Calls that come in over ARI: what callers press and hear, who answers them, and what happens when nobody does.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, medium, sound, until_heard_for, until_no_callers};
use super::wait::{SOON, eventually, holds};
use super::world::{Agent, World};

pub(crate) const NUMBER: &str = "+33199005679";
const WELCOME: f64 = 440.0;
const SALES: f64 = 880.0;
const SERVICE: f64 = 1_320.0;
/// What agents' phones speak.
const AGENT: f64 = 440.0;

/// A flow is published and the number leads to it.
pub(crate) async fn number(world: &World, nodes: Value, start: &str) {
    let document = json!({ "v": 1, "locales": ["fr-FR"], "start": start, "defaults": { "on_error": "n_end" }, "nodes": nodes });
    let flow =
        world.api.post("/api/flows", json!({ "name": "Accueil", "kind": "ivr", "document": document })).await;
    let id = text(&flow, "id");
    world.api.post(&format!("/api/flows/{id}/publish"), json!({ "rev": flow["rev"] })).await;
    world.api.post("/api/numbers", json!({ "number": NUMBER, "flow": id })).await;
}

pub(crate) async fn queue(world: &World, settings: Value) -> String {
    let mut queue = json!({ "name": format!("Queue {}", settings["name"].as_str().unwrap_or("one")) });
    for (key, value) in settings.as_object().unwrap().iter().filter(|(key, _)| *key != "name") {
        queue[key] = value.clone();
    }
    text(&world.api.post("/api/queues", queue).await, "id")
}

/// A number whose callers wait in this queue at once, and hear a tone when it does not keep them.
pub(crate) async fn number_of_queue(world: &World, queue: &str) {
    let sorry = medium(world, "Désolé", SERVICE).await;
    let nodes = json!({
        "n_queue": { "kind": "queue", "queue": queue,
            "next": { "timeout": "n_sorry", "full": "n_sorry", "no_agents": "n_sorry" } },
        "n_sorry": { "kind": "play", "prompt": [{ "media": sorry }], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(world, nodes, "n_queue").await;
}

pub(crate) async fn callers(world: &World) -> Vec<Value> {
    world.api.get("/api/live/snapshot").await["callers"].as_array().unwrap().clone()
}

pub(crate) async fn until_callers_are(world: &World, state: &str, count: usize) -> Vec<Value> {
    let what = format!("{count} callers are {state}");
    eventually(&what, SOON, async || {
        let all = callers(world).await;
        let wanted: Vec<Value> = all.iter().filter(|caller| caller["state"] == state).cloned().collect();
        if wanted.len() == count { Ok(wanted) } else { Err(all) }
    })
    .await
}

async fn queue_seen(world: &World, queue: &str) -> Value {
    let live = world.api.get("/api/live/snapshot").await;
    live["queues"].as_array().unwrap().iter().find(|seen| seen["queue"] == queue).unwrap().clone()
}

pub(crate) async fn to_work(world: &World, agent: &Agent) {
    world.api.post(&format!("/api/agents/{}/log-in", agent.id), json!({ "campaigns": [] })).await;
    world.desk(agent, "ready").await;
}

#[tokio::test]
async fn keys_lead_to_the_right_prompt() {
    let world = World::start().await;
    let (welcome, sales, service) = (
        medium(&world, "Bienvenue", WELCOME).await,
        medium(&world, "Ventes", SALES).await,
        medium(&world, "Service", SERVICE).await,
    );
    let nodes = json!({
        "n_answer": { "kind": "answer", "delay_ms": 0, "next": { "next": "n_menu" } },
        "n_menu": { "kind": "menu", "prompt": [{ "media": welcome }], "keys": ["1", "2"], "timeout_ms": 3000, "tries": 2,
            "next": { "1": "n_sales", "2": "n_service", "no_input": "n_end", "no_match": "n_end" } },
        "n_sales": { "kind": "play", "prompt": [{ "media": sales }], "next": { "next": "n_end" } },
        "n_service": { "kind": "play", "prompt": [{ "media": service }], "next": { "next": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_answer").await;

    for (name, key, wanted, other) in [("sales", "1", SALES, SERVICE), ("service", "2", SERVICE, SALES)] {
        let press = format!("SendDTMF({key})");
        let heard = call(&world, NUMBER, name, &["Wait(4)", &press, "Wait(15)"]).await;
        until_callers_are(&world, "guided", 1).await;
        until_no_callers(&world).await;
        let heard = sound(&heard).await;
        let [welcome, right, wrong] = [WELCOME, wanted, other].map(|hertz| heard.share_of_tone(hertz));
        println!(
            "key {key}, heard for {:?}: welcome {welcome:.2}, right {right:.2}, wrong {wrong:.2}",
            heard.audible()
        );
        assert!(welcome > 0.35 && right > 0.35 && wrong < 0.01, "{welcome} {right} {wrong}");
        let audible = heard.audible().as_secs_f64();
        assert!((3.6..4.6).contains(&audible), "each once and whole: {audible} s");
    }
    // A key cuts the prompt off.
    let heard = call(&world, NUMBER, "hasty", &["Wait(1)", "SendDTMF(1)", "Wait(15)"]).await;
    until_callers_are(&world, "guided", 1).await;
    until_no_callers(&world).await;
    let audible = sound(&heard).await.audible().as_secs_f64();
    println!("the hasty caller heard sound for {audible:.2} s");
    assert!((2.4..3.6).contains(&audible), "the welcome is cut: {audible} s");
}

#[tokio::test]
async fn a_caller_hears_their_place_word_by_word() {
    let world = World::start().await;
    let settings =
        json!({ "no_agents": { "may_enter": true }, "announce": { "position": true, "wait": false } });
    let queue = queue(&world, settings).await;
    number_of_queue(&world, &queue).await;

    call(&world, NUMBER, "first", &["Wait(30)"]).await;
    until_callers_are(&world, "queued", 1).await;
    let heard = call(&world, NUMBER, "second", &["Wait(30)"]).await;
    until_callers_are(&world, "queued", 2).await;
    until_heard_for(&heard, Duration::from_secs(8)).await;
    for caller in callers(&world).await {
        world.hang_up(caller["call"].as_str().unwrap()).await;
    }
    until_no_callers(&world).await;

    let heard = sound(&heard).await;
    let words = ["queue-thereare", "digits/2", "queue-callswaiting"];
    let found = words.map(|word| heard.finds(&world.pair.sound("fr", word)));
    println!("{words:?} were heard at {found:?}");
    assert!(found.iter().all(|(_, likeness)| *likeness > 0.9), "{words:?}: {found:?}");
    assert!(found.is_sorted_by_key(|(at, _)| *at), "{words:?}: {found:?}");
    let other = heard.finds(&world.pair.sound("fr", "queue-youarenext"));
    assert!(other.1 < 0.7, "nobody said that they are next: {other:?}");
    world.close().await;
}

#[tokio::test]
async fn a_caller_hears_music_until_the_agent_is_there() {
    let world = World::start().await;
    let queue = queue(&world, json!({ "no_agents": { "may_enter": true }, "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let agent = world.agent_with("talks", json!({ "queues": [queue] })).await;

    let heard = call(&world, NUMBER, "patient", &["Wait(30)"]).await;
    until_callers_are(&world, "queued", 1).await;
    assert_eq!(queue_seen(&world, &queue).await["waiting"], 1);
    until_heard_for(&heard, Duration::from_secs(3)).await;
    to_work(&world, &agent).await;
    let [caller] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
    assert_eq!(caller["agent"], json!(agent.id));
    until_heard_for(&heard, Duration::from_secs(3)).await;
    world.hang_up(caller["call"].as_str().unwrap()).await;
    until_no_callers(&world).await;

    let heard = sound(&heard).await;
    let silences = heard.silences(Duration::from_secs(1));
    let agent_share = heard.share_of_tone(AGENT);
    println!(
        "heard {:?} of {:?}; the agent {agent_share:.2}; silences {silences:?}",
        heard.audible(),
        heard.duration()
    );
    assert!(
        silences.iter().all(|silence| silence.end - silence.start <= Duration::from_secs(4)),
        "{silences:?}"
    );
    assert!(agent_share > 0.05, "the agent was heard: {agent_share}");
    let seen = queue_seen(&world, &queue).await;
    assert_eq!((&seen["answered"], &seen["abandoned"], &seen["waiting"]), (&json!(1), &json!(0), &json!(0)));
}

#[tokio::test]
async fn agents_are_tried_and_callers_leave() {
    let world = World::start().await;
    let settings = json!({
        "no_agents": { "may_enter": true }, "ring_timeout": 5000, "misses_max": 1, "max_length": 1, "max_wait": 25000,
        "wrap_up": 0,
    });
    let queue = queue(&world, settings).await;
    number_of_queue(&world, &queue).await;

    // One waits; a second is turned away and hears so; the first gives up and counts as abandoned.
    call(&world, NUMBER, "first", &["Wait(6)"]).await;
    until_callers_are(&world, "queued", 1).await;
    let heard = call(&world, NUMBER, "second", &["Wait(10)"]).await;
    until_no_callers(&world).await;
    let sorry = sound(&heard).await.share_of_tone(SERVICE);
    assert!(sorry > 0.8, "the second caller is told: {sorry}");
    let seen = queue_seen(&world, &queue).await;
    assert_eq!((&seen["turned_away"], &seen["abandoned"]), (&json!(1), &json!(1)), "{seen}");

    // An agent whose phone rings in vain is paused; the caller keeps their place and gets the next agent.
    let absent = world.agent_with("idle", json!({ "queues": [queue], "ring_mode": "per_call" })).await;
    to_work(&world, &absent).await;
    call(&world, NUMBER, "third", &["Wait(24)"]).await;
    until_callers_are(&world, "queued", 1).await;
    let paused = world.until_agent_is(&absent, "paused").await;
    assert_eq!(paused.reason, Some(json!({ "kind": "missed" })));
    let present = world.agent_with("talks", json!({ "queues": [queue], "ring_mode": "per_call" })).await;
    to_work(&world, &present).await;
    let [caller] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
    assert_eq!(caller["agent"], json!(present.id));
    world.hang_up(caller["call"].as_str().unwrap()).await;
    until_no_callers(&world).await;
}

#[tokio::test]
async fn a_dead_daemon_costs_two_seconds_and_a_new_one_finds_its_callers() {
    let mut world = World::start().await;
    let queue = queue(&world, json!({ "no_agents": { "may_enter": true }, "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let agent = world.agent_with("talks", json!({ "queues": [queue] })).await;
    call(&world, NUMBER, "patient", &["Wait(60)"]).await;
    let before = until_callers_are(&world, "queued", 1).await;
    // Asterisk is told within milliseconds, and the daemon must not die before.
    eventually("the place is written on the channel", SOON, async || {
        holds(world.pair.pbx().keeps_a_place().await, ())
    })
    .await;

    world.daemon.kill();
    let began = Instant::now();
    let heard = call(&world, NUMBER, "unlucky", &["Wait(4)"]).await;
    let heard = sound(&heard).await;
    let first = heard
        .silences(Duration::ZERO)
        .first()
        .map_or(Duration::ZERO, |silence| if silence.start.is_zero() { silence.end } else { Duration::ZERO });
    println!("without a daemon the fallback is heard after {first:?} ({:?} in all)", began.elapsed());
    assert!(first <= Duration::from_secs(2) && heard.audible() > Duration::from_secs(1), "{first:?}");

    world.daemon = world.setup.start();
    world.daemon.until_ready(&world.setup.listen).await;
    let after = until_callers_are(&world, "queued", 1).await;
    assert_eq!(before[0]["call"], after[0]["call"]);
    let waited = |caller: &Value| caller["waiting_since"].as_i64().unwrap();
    assert!(
        (waited(&before[0]) - waited(&after[0])).abs() < 1_000,
        "the place is kept: {before:?} {after:?}"
    );
    to_work(&world, &agent).await;
    let [caller] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
    world.hang_up(caller["call"].as_str().unwrap()).await;
    until_no_callers(&world).await;
}

#[tokio::test]
async fn a_caller_goes_on_in_the_flow_that_a_dead_daemon_began() {
    let mut world = World::start().await;
    let queue = queue(&world, json!({ "no_agents": { "may_enter": true } })).await;
    let (own, other) = (medium(&world, "Désolé", SERVICE).await, medium(&world, "Autre", SALES).await);
    let document = |sorry: &str| {
        json!({ "v": 1, "name": "Accueil", "kind": "ivr", "locales": ["fr-FR"], "start": "n_set", "defaults": { "on_error": "n_end" },
            "vars": [{ "name": "heard", "type": "string", "default": "" }],
            "nodes": {
                "n_set": { "kind": "set", "assign": [{ "var": "heard", "expr": "'l\u{2019}été à 5 $'" }], "next": { "next": "n_queue" } },
                "n_queue": { "kind": "queue", "queue": queue, "max_wait_s": 20, "next": { "timeout": "n_which", "full": "n_end", "no_agents": "n_end" } },
                "n_which": { "kind": "branch", "cases": [{ "id": "kept", "when": "heard == 'l\u{2019}été à 5 $'" }],
                    "next": { "kept": "n_sorry", "else": "n_end" } },
                "n_sorry": { "kind": "play", "prompt": [{ "media": sorry }], "next": { "next": "n_end" } },
                "n_end": { "kind": "hangup" } } })
    };
    let draft = json!({ "name": "Accueil", "kind": "ivr", "document": document(&own) });
    let flow = world.api.post("/api/flows", draft).await;
    let address = format!("/api/flows/{}", text(&flow, "id"));
    world.api.post(&format!("{address}/publish"), json!({ "rev": flow["rev"] })).await;
    world.api.post("/api/numbers", json!({ "number": NUMBER, "flow": flow["id"] })).await;

    let heard = call(&world, NUMBER, "faithful", &["Wait(60)"]).await;
    let before = until_callers_are(&world, "queued", 1).await;
    eventually("the place is written on the channel", SOON, async || {
        holds(world.pair.pbx().keeps_a_place().await, ())
    })
    .await;
    let rev = world.api.get(&address).await["rev"].clone();
    let changed = json!({ "rev": rev, "document": document(&other) });
    let rev = world.api.put_draft(&format!("{address}/draft"), changed).await["rev"].clone();
    world.api.post(&format!("{address}/publish"), json!({ "rev": rev })).await;
    world.daemon.kill();
    world.daemon = world.setup.start();
    world.daemon.until_ready(&world.setup.listen).await;
    let after = until_callers_are(&world, "queued", 1).await;
    assert_eq!(before[0]["call"], after[0]["call"]);
    until_no_callers(&world).await;

    let heard = sound(&heard).await;
    let [began, wrong] = [SERVICE, SALES].map(|hertz| heard.tone_changes(hertz, Duration::ZERO, false));
    println!("the prompt of the first revision is heard at {began:?}, that of the second at {wrong:?}");
    assert!(began.is_some_and(|began| (19.0..23.0).contains(&began.as_secs_f64())), "{began:?}");
    assert_eq!(wrong, None);
}
