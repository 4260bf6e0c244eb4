//! Who is rung for callers of a queue, where those go whom it does not keep, and what a flow records before.

use std::time::Duration;

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, call_from, medium, sound, until_no_callers};
use super::inbound::{NUMBER, number, number_of_queue, queue, to_work, until_callers_are};
use super::onward::{FAREWELL, TALKS, speaking_flow};
use super::sound::Sound;
use super::wait::{SOON, eventually, holds};
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

#[tokio::test]
async fn callers_overflow_into_a_flow_a_mailbox_and_to_a_number() {
    let world = World::start().await;
    let goodbye = speaking_flow(&world).await;
    let mailbox = text(&world.api.post("/api/mailboxes", json!({ "name": "Bureau" })).await, "id");
    let ways = [
        json!({ "to": "flow", "flow": goodbye }),
        json!({ "to": "voicemail", "mailbox": mailbox }),
        json!({ "to": "number", "phone": TALKS }),
    ];
    // Nobody is at work in any of these queues, and a caller chooses by key which they find so.
    let mut queues = Vec::new();
    for (name, way) in ["flow", "box", "number"].iter().zip(ways) {
        queues.push(queue(&world, json!({ "name": name, "overflow": way })).await);
    }
    let nodes = json!({
        "n_menu": { "kind": "menu", "prompt": [], "keys": ["1", "2", "3"], "timeout_ms": 8000,
            "next": { "1": "n_1", "2": "n_2", "3": "n_3", "no_input": "n_end", "no_match": "n_end" } },
        "n_1": { "kind": "queue", "queue": queues[0], "next": {} },
        "n_2": { "kind": "queue", "queue": queues[1], "next": {} },
        "n_3": { "kind": "queue", "queue": queues[2], "next": {} },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_menu").await;
    let chooses = async |key: &str| {
        let press = format!("SendDTMF({key})");
        let lines = ["Wait(1)", &press, "Wait(6)", "Playtones(1000)", "Wait(3)"];
        let heard = call(&world, NUMBER, &format!("chooses-{key}"), &lines).await;
        until_no_callers(&world).await;
        sound(&heard).await
    };

    let farewell = chooses("1").await.share_of_tone(FAREWELL);
    assert!(farewell > 0.9, "the flow speaks: {farewell}");

    chooses("2").await;
    eventually("the message is kept", SOON, async || {
        let messages = world.api.rows::<Value>(&format!("/api/mailboxes/{mailbox}/messages")).await;
        holds(messages.len() == 1, messages)
    })
    .await;

    let outside = chooses("3").await.share_of_tone(1_000.0);
    assert!(outside > 0.8, "who answers outside is heard: {outside}");
    assert_eq!(world.until_network_saw(1).await[0].dialled, TALKS);
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

async fn pause(world: &World, agent: &Agent) {
    world.api.post(&format!("/api/agents/{}/pause", agent.id), json!({ "code": "lunch" })).await;
}

#[tokio::test]
async fn whoever_has_been_ready_for_longest_is_rung() {
    let world = World::start().await;
    let queue = queue(&world, json!({ "strategy": "longest_idle", "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let settings = json!({ "queues": [queue] });
    let first = world.agent_with("talks", settings.clone()).await;
    let second = world.agent_with("talks", settings).await;
    to_work(&world, &first).await;
    to_work(&world, &second).await;
    assert_eq!(next_agent(&world, "one").await, first.id);
    // Since that call the second has been ready for longer, and would be if they had had more calls or a later turn.
    assert_eq!(next_agent(&world, "two").await, second.id);
    pause(&world, &first).await;
    world.desk(&first, "ready").await;
    assert_eq!(next_agent(&world, "three").await, second.id);
    world.close().await;
}

#[tokio::test]
async fn every_phone_rings_and_the_first_to_answer_has_the_caller() {
    let world = World::start().await;
    let queue = queue(&world, json!({ "strategy": "ring_all", "ring_timeout": 30_000, "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let settings = json!({ "queues": [queue], "ring_mode": "per_call" });
    let absent = world.agent_with("idle", settings.clone()).await;
    let present = world.agent_with("slow", settings).await;
    to_work(&world, &absent).await;
    to_work(&world, &present).await;
    assert_eq!(next_agent(&world, "one").await, present.id);

    let rung = eventually("both phones are still", SOON, async || {
        let rung = world.pair.phone_calls();
        if rung.len() == 2 { Ok(rung) } else { Err(rung) }
    })
    .await;
    let of = |agent: &Agent| rung.iter().find(|call| call.dialled.ends_with(&agent.account)).unwrap().status;
    assert_eq!((of(&absent), of(&present)), (487, 200), "{rung:?}");
    // Nobody has missed a call that a colleague took.
    world.until_agent_is(&absent, "ready").await;
    world.close().await;
}

#[tokio::test]
async fn whoever_knows_best_is_rung_and_after_a_wait_whoever_knows_a_little() {
    const PATIENCE: Duration = Duration::from_secs(5);
    let world = World::start().await;
    let relaxed = json!({ "after": PATIENCE.as_millis() as u64, "min": 20 });
    let skills = json!([{ "skill": "german", "min": 80, "relax": [relaxed] }]);
    let queue = queue(&world, json!({ "strategy": "skills", "skills": skills, "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let knows = async |level: u8| {
        let agent =
            world.agent_with("talks", json!({ "queues": [queue], "skills": { "german": level } })).await;
        to_work(&world, &agent).await;
        agent
    };
    let beginner = knows(30).await;
    let fluent = knows(85).await;
    let native = knows(100).await;
    assert_eq!(next_agent(&world, "one").await, native.id);
    pause(&world, &native).await;
    assert_eq!(next_agent(&world, "two").await, fluent.id);
    pause(&world, &fluent).await;

    call(&world, NUMBER, "three", &["Wait(40)"]).await;
    let waiting = until_callers_are(&world, "queued", 1).await.remove(0);
    let [caller] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
    assert_eq!(caller["agent"], json!(beginner.id));
    let waited = caller["since"].as_i64().unwrap() - waiting["waiting_since"].as_i64().unwrap();
    assert!(waited >= PATIENCE.as_millis() as i64, "{waited} ms: {caller}");
    world.hang_up(caller["call"].as_str().unwrap()).await;
    until_no_callers(&world).await;
    world.close().await;
}

#[tokio::test]
async fn a_caller_gets_the_agent_again_whom_they_know() {
    const CALLER: &str = "+33639980101";
    let world = World::start().await;
    let sticky = json!({ "within": 3_600_000, "wait": 30_000 });
    let queue = queue(&world, json!({ "sticky": sticky, "wrap_up": 0 })).await;
    number_of_queue(&world, &queue).await;
    let settings = json!({ "queues": [queue] });
    let known = world.agent_with("talks", settings.clone()).await;
    let other = world.agent_with("talks", settings).await;
    to_work(&world, &known).await;
    let mut had = Vec::new();
    for name in ["first", "again"] {
        call_from(&world, Some(CALLER), NUMBER, name, &["Wait(40)"]).await;
        let [caller] = &until_callers_are(&world, "connected", 1).await[..] else { panic!() };
        had.push(caller["agent"].as_str().unwrap().to_owned());
        world.hang_up(caller["call"].as_str().unwrap()).await;
        until_no_callers(&world).await;
        if name == "first" {
            // From now on the other has been ready for longer.
            to_work(&world, &other).await;
            pause(&world, &known).await;
            world.desk(&known, "ready").await;
        }
    }
    assert_eq!(had, [known.id.clone(), known.id]);
    assert_eq!(next_agent(&world, "stranger").await, other.id);
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
