//! Calls that the PBX's own dialplan hands to flows over FastAGI: what callers press, and what they hear.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, heard_for, medium, sound, until_heard_for, until_quiet};
use super::sound::Sound;
use super::wait::{SOON, eventually, holds};
use super::world::World;

const NUMBER: &str = "+33199005678";
/// What the prompts sound like.
const WELCOME: f64 = 440.0;
const SALES: f64 = 880.0;

/// A flow whose calls come over FastAGI: a menu with one key, a sound for it, and a message for the others.
async fn number(world: &World) -> Value {
    let (welcome, sales) = (medium(world, "Bienvenue", WELCOME).await, medium(world, "Ventes", SALES).await);
    let mailbox = text(&world.api.post("/api/mailboxes", json!({ "name": "Bureau" })).await, "id");
    let document = json!({
        "v": 1, "locales": ["fr-FR"], "start": "n_answer", "defaults": { "on_error": "n_end" },
        "nodes": {
            "n_answer": { "kind": "answer", "delay_ms": 0, "next": { "next": "n_menu" } },
            "n_menu": { "kind": "menu", "prompt": [{ "media": welcome }], "keys": ["1", "2"], "timeout_ms": 4000, "tries": 2,
                "next": { "1": "n_sales", "2": "n_message", "no_input": "n_end", "no_match": "n_end" } },
            "n_sales": { "kind": "play", "prompt": [{ "media": sales }], "next": { "next": "n_end" } },
            "n_message": { "kind": "voicemail", "box": mailbox, "min_s": 1, "max_s": 20, "next": {} },
            "n_end": { "kind": "hangup" },
        },
    });
    let flow =
        world.api.post("/api/flows", json!({ "name": "Accueil", "kind": "ivr", "document": document })).await;
    let id = text(&flow, "id");
    world.api.post(&format!("/api/flows/{id}/publish"), json!({ "rev": flow["rev"] })).await;
    let number = json!({ "number": NUMBER, "flow": id, "via": "fastagi" });
    world.api.post("/api/numbers", number).await
}

/// The PBX knows where FastAGI listens, and hands this number over.
fn hand_over(world: &World, key: &str) {
    world.pair.pbx_cli(&format!("dialplan set global CADRAN_FASTAGI {}", world.setup.fastagi()));
    world.pair.pbx_cli(&format!("dialplan set global CADRAN_KEY {key}"));
    let line =
        format!("dialplan add extension {NUMBER},1,Goto(cadran-fastagi,{NUMBER},1) into from-trunk replace");
    world.pair.pbx_cli(&line);
}

#[tokio::test]
async fn a_flow_over_fastagi_is_heard_and_hears_keys() {
    let world = World::start().await;
    number(&world).await;
    hand_over(&world, world.setup.fastagi_key());

    let heard = call(&world, NUMBER, "sales", &["Wait(4)", "SendDTMF(1)", "Wait(15)"]).await;
    until_quiet(&world).await;
    let heard = sound(&heard).await;
    let (welcome, sales) = (heard.share_of_tone(WELCOME), heard.share_of_tone(SALES));
    println!("heard for {:?}: welcome {welcome:.2}, sales {sales:.2}", heard.audible());
    assert!(welcome > 0.35 && sales > 0.35, "both prompts: {welcome} and {sales}");
    let audible = heard.audible().as_secs_f64();
    assert!((3.6..4.6).contains(&audible), "each once and whole: {audible} s");

    let heard = call(&world, NUMBER, "silent", &["Wait(30)"]).await;
    until_quiet(&world).await;
    let heard = sound(&heard).await;
    assert!(heard.share_of_tone(WELCOME) > 0.9 && heard.share_of_tone(SALES) < 0.05);
    let audible = heard.audible().as_secs_f64();
    assert!((3.6..4.6).contains(&audible), "asked twice: {audible} s");

    // A key cuts the prompt short; then a message is left, and hangs up.
    call(&world, NUMBER, "message", &["Wait(1)", "SendDTMF(2)", "Wait(2)", "Playtones(1000)", "Wait(3)"])
        .await;
    until_quiet(&world).await;
    let rows = eventually("the message is kept", SOON, async || {
        let rows = world.api.get("/api/mailboxes/vm_1/messages").await["rows"].clone();
        holds(rows[0].is_object(), rows.clone()).map(|()| rows)
    })
    .await;
    let seconds = rows[0]["duration"].as_u64().unwrap() / 1_000;
    println!("the message is {seconds} s long");
    assert!((3..=6).contains(&seconds), "{rows}");
    let wav = world.api.get_bytes(&format!("/api/messages/{}/audio", text(&rows[0], "id"))).await;
    let message = Sound::voices_of(&wav).remove(0);
    assert!(message.share_of_tone(1_000.0) > 0.8, "what was left is what is kept");
}

/// When each of the two prompts begins, after the first sound.
fn order(heard: &Sound) -> [Option<Duration>; 2] {
    let begin = heard.tone_changes(WELCOME, Duration::ZERO, false).unwrap_or_default();
    [WELCOME, SALES].map(|hertz| heard.tone_changes(hertz, begin, false).map(|at| at - begin))
}

/// The PBX remembers the path of the last call that it handed over.
fn remember_paths(world: &World) {
    for (context, extension, line) in [
        ("test-paths", "s,1", "Set(GLOBAL(LAST_PATH)=${CADRAN_FLOW_PATH})"),
        ("test-paths", "s,2", "Return()"),
        ("from-trunk", &format!("{NUMBER},1"), "Set(CHANNEL(hangup_handler_push)=test-paths,s,1)"),
        ("from-trunk", &format!("{NUMBER},2"), &format!("Goto(cadran-fastagi,{NUMBER},1)")),
    ] {
        world.pair.pbx_cli(&format!("dialplan add extension {extension},{line} into {context} replace"));
    }
}

/// The path of the last call that was handed over, as the dialplan knows it.
fn path_over_fastagi(world: &World) -> String {
    let globals = world.pair.pbx_cli("dialplan show globals");
    let path = globals.lines().find_map(|line| line.trim().strip_prefix("LAST_PATH="));
    path.unwrap_or_else(|| panic!("no path in {globals}")).to_owned()
}

/// The path of the only caller whom the engine has carried, from history.
async fn path_over_ari(world: &World) -> String {
    let calls = eventually("the call is in history", SOON, async || {
        let calls = world.api.rows::<Value>("/api/caller-calls").await;
        holds(calls.len() == 1, calls.clone()).map(|()| calls)
    })
    .await;
    let story = world.api.get(&format!("/api/calls/{}", text(&calls[0], "id"))).await;
    let steps = story["caller"]["path"].as_array().unwrap();
    let steps: Vec<String> =
        steps.iter().map(|step| format!("{}:{}", text(step, "node"), text(step, "outlet"))).collect();
    steps.join(",")
}

#[tokio::test]
async fn a_flow_is_the_same_over_fastagi_and_over_ari() {
    const OVER_ARI: &str = "+33199005679";
    let world = World::start().await;
    let over_fastagi = number(&world).await;
    hand_over(&world, world.setup.fastagi_key());
    remember_paths(&world);
    world.api.post("/api/numbers", json!({ "number": OVER_ARI, "flow": over_fastagi["flow"] })).await;

    // A wrong key, then the right one: two prompts of the menu, one of the sales, and the end.
    let presses = ["Wait(3)", "SendDTMF(9)", "Wait(4)", "SendDTMF(1)", "Wait(20)"];
    let mut ways = Vec::new();
    for (name, number) in [("agi", NUMBER), ("ari", OVER_ARI)] {
        let heard = call(&world, number, name, &presses).await;
        until_quiet(&world).await;
        let heard = sound(&heard).await;
        let shares = [WELCOME, SALES].map(|hertz| heard.share_of_tone(hertz));
        println!("{name}: {:?} heard, shares {shares:?}, begins {:?}", heard.audible(), order(&heard));
        ways.push((heard.audible().as_secs_f64(), shares, order(&heard)));
    }
    let paths = [path_over_fastagi(&world), path_over_ari(&world).await];
    println!("paths: {paths:?}");
    assert_eq!(paths[0], paths[1]);
    assert!(paths[0].contains("n_menu:1,n_sales:next"), "{paths:?}");
    let [(agi, agi_shares, agi_order), (ari, ari_shares, ari_order)] = &ways[..] else { panic!() };
    assert!((5.4..6.8).contains(agi) && (agi - ari).abs() < 0.4, "{agi} s and {ari} s");
    for (over_agi, over_ari) in agi_shares.iter().zip(ari_shares) {
        assert!((over_agi - over_ari).abs() < 0.1, "{agi_shares:?} and {ari_shares:?}");
    }
    for (over_agi, over_ari) in agi_order.iter().zip(ari_order) {
        let (over_agi, over_ari) = (over_agi.unwrap(), over_ari.unwrap());
        assert!(over_agi.abs_diff(over_ari) < Duration::from_millis(500), "{agi_order:?} and {ari_order:?}");
    }
}

#[tokio::test]
async fn without_cadran_the_caller_hears_the_fallback_at_once() {
    let mut world = World::start().await;
    number(&world).await;

    hand_over(&world, "not the key");
    let heard = call(&world, NUMBER, "stranger", &["Wait(20)"]).await;
    until_quiet(&world).await;
    let heard = sound(&heard).await;
    assert!(heard.share_of_tone(WELCOME) < 0.3, "a dialplan without the key gets nothing");
    assert!(heard.audible() > Duration::from_secs(1), "but the caller hears the fallback");

    hand_over(&world, world.setup.fastagi_key());
    let heard = call(&world, NUMBER, "cut", &["Wait(30)"]).await;
    until_heard_for(&heard, Duration::from_secs(3)).await;
    world.daemon.kill();
    // What is written lags behind what is heard, so that this is a little too early, and the wait looks longer than it is.
    let killed_at = heard_for(&heard);
    until_quiet(&world).await;
    let cut = sound(&heard).await;
    // The prompt of two seconds is over: the next that is heard is the fallback.
    let silences = cut.silences(Duration::ZERO);
    let silence = silences.iter().find(|silence| silence.end > killed_at).expect("there was a silence");
    let waited = silence.end.saturating_sub(killed_at.max(silence.start));
    println!("daemon killed in the menu after {killed_at:?}: the fallback is heard after {waited:?}");
    assert!(silence.start < killed_at, "the prompt was over: {silences:?}");
    assert!(silence.end < cut.duration(), "the fallback is heard: {silences:?}");
    assert!(waited < Duration::from_secs(2), "{waited:?}");
    assert!(cut.audible() > Duration::from_secs(3), "the fallback is heard: {:?}", cut.audible());

    let heard = call(&world, NUMBER, "dead", &["Wait(20)"]).await;
    until_quiet(&world).await;
    let dead = sound(&heard).await;
    let first =
        dead.silences(Duration::from_millis(100)).first().map_or(Duration::ZERO, |silence| silence.end);
    println!("daemon away: the fallback is heard after {first:?}");
    assert!(first < Duration::from_secs(2), "{first:?}");
    assert!(dead.audible() > Duration::from_secs(1));
}
