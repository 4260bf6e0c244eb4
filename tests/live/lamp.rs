//! A caller leaves a message: the telephone of the mailbox's agent is told that it waits, and that it waits no more.

use serde_json::{Value, json};

use super::api::text;
use super::callers::{call, medium, until_no_callers};
use super::inbound::{NUMBER, number};
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// Waits until the PBX has told a telephone so (RFC 3842), since the history was cleared.
async fn until_told(world: &World, line: &str) {
    eventually(&format!("the telephone is told `{line}`"), SOON * 2, async || {
        let history = world.pair.pbx_cli("pjsip show history");
        let numbers: Vec<&str> = history
            .lines()
            .filter(|line| line.contains("NOTIFY sip:"))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        let told: Vec<String> = numbers
            .iter()
            .map(|number| world.pair.pbx_cli(&format!("pjsip show history entry {number}")))
            .collect();
        holds(told.iter().any(|message| message.contains(line)), told.join("\n"))
    })
    .await;
}

#[tokio::test]
async fn the_lamp_of_a_telephone_shows_that_a_message_waits() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let mailbox =
        text(&world.api.post("/api/mailboxes", json!({ "name": "Ada", "agent": agent.id })).await, "id");
    let greeting = medium(&world, "Parlez", 660.0).await;
    let nodes = json!({
        "n_box": { "kind": "voicemail", "box": mailbox, "greeting": [{ "media": greeting }], "min_s": 1, "max_s": 20,
            "next": { "saved": "n_end", "too_short": "n_end" } },
        "n_end": { "kind": "hangup" },
    });
    number(&world, nodes, "n_box").await;
    world.pair.pbx_cli("pjsip set history on");

    call(&world, NUMBER, "leaves", &["Wait(5)", "Playtones(1000)", "Wait(6)"]).await;
    until_no_callers(&world).await;
    let messages = eventually("the message is kept", SOON, async || {
        let messages = world.api.rows::<Value>(&format!("/api/mailboxes/{mailbox}/messages")).await;
        holds(messages.len() == 1, messages.clone()).map(|()| messages)
    })
    .await;
    until_told(&world, "Voice-Message: 1/0").await;

    world.api.get_bytes(&format!("/api/messages/{}/audio", text(&messages[0], "id"))).await;
    until_told(&world, "Voice-Message: 0/1").await;
    world.close().await;
}
