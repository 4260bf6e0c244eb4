//! Hold, consult, conference, transfer, proved by sound: no customer is ever alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::voices::{AGENT, CUSTOMER, Heard, PHASE, Phase, SUPERVISOR, everybody_heard, record};
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// Silence of a customer between two of its steps.
const GAP_MAX: Duration = Duration::from_millis(400);

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_goes_to_a_colleague_and_back_and_is_never_alone() {
    let world = World::start().await;
    let first = world.agent("talks").await;
    let second = world.agent("supervises").await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" } })).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(std::slice::from_ref(&first), &campaign).await;
    let call = world.until_connected(1).await.remove(0).call;
    world.to_work(&[first.clone(), second.clone()][1..], &campaign).await;
    let everybody = [
        record(&world, "+33199000101", CUSTOMER).await,
        record(&world, &first.account, AGENT).await,
        record(&world, &second.account, SUPERVISOR).await,
    ];

    let to = |agent: &str, kind: &str| json!({ "agent": agent, "kind": kind });
    let nothing = || json!({});
    let voices = Heard::Voices;
    let steps: [(&'static str, Value, [Heard; 3]); 7] = [
        ("hold", nothing(), [Heard::Music, voices(&[]), voices(&[])]),
        ("resume", nothing(), [voices(&[AGENT]), voices(&[CUSTOMER]), voices(&[])]),
        ("transfer", to(&second.id, "attended"), [Heard::Music, voices(&[SUPERVISOR]), voices(&[AGENT])]),
        (
            "conference",
            nothing(),
            [voices(&[AGENT, SUPERVISOR]), voices(&[CUSTOMER, SUPERVISOR]), voices(&[CUSTOMER, AGENT])],
        ),
        ("complete", nothing(), [voices(&[SUPERVISOR]), voices(&[]), voices(&[CUSTOMER])]),
        ("transfer", to(&first.id, "blind"), [voices(&[AGENT]), voices(&[CUSTOMER]), voices(&[])]),
        ("hold", nothing(), [Heard::Music, voices(&[]), voices(&[])]),
    ];
    let mut phases = Vec::new();
    for (what, body, heard) in steps {
        let asked = Instant::now();
        world.api.post(&format!("/api/calls/{call}/{what}"), body).await;
        tokio::time::sleep_until((asked + PHASE).into()).await;
        phases.push(Phase { what, asked, until: Instant::now(), heard });
    }

    // The colleague is paused: refused, and the customer is where they were.
    world.api.post(&format!("/api/agents/{}/pause", second.id), json!({ "code": "lunch" })).await;
    let path = format!("/api/calls/{call}/transfer");
    let refused = world.api.try_post(&path, to(&second.id, "blind")).await.unwrap_err();
    assert_eq!(refused.status, 409, "{refused:?}");

    world.hang_up(&call).await;
    let over = world.until_over(&call).await;
    assert_eq!(over.agent.as_deref(), Some(first.id.as_str()));
    for agent in [&first, &second] {
        world.desk(agent, "log-out").await;
    }
    let slowest = everybody_heard(&everybody, &phases).await;
    assert!(slowest <= GAP_MAX, "{slowest:?}");
    assert_eq!(world.until_recordings_judged(3).await.len(), 3);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_customer_survives_the_daemon() {
    let mut world = World::start().await;
    let agents = world.agents(1).await;
    let campaign = world.campaign(json!({})).await;
    world.leads(&campaign, &["+33199000101"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
    let call = world.until_connected(1).await.remove(0).call;
    world.api.ask(&format!("/api/calls/{call}/hold")).await;
    // Whether the customer is where the music is, Asterisk alone knows.
    eventually("the customer hears music", SOON, async || {
        let rooms = world.pair.pbx().rooms().await;
        let held = rooms.iter().any(|legs| legs.len() == 1) && rooms.len() == 2;
        holds(held, rooms)
    })
    .await;
    world.daemon.kill();
    world.daemon = world.setup.start();
    let listen = world.setup.listen.clone();
    world.daemon.until_ready(&listen).await;
    assert_eq!(world.until_connected(1).await[0].agent.as_deref(), Some(agents[0].id.as_str()));
    eventually("the customer is with the agent again", SOON, async || {
        let rooms = world.pair.pbx().rooms().await;
        holds(rooms.iter().any(|legs| legs.len() == 2), rooms)
    })
    .await;
    world.hang_up(&call).await;
    world.until_over(&call).await;
    world.close().await;
}
