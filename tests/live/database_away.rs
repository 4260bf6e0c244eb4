//! The database goes away in the middle of conversations, and comes back.

use serde_json::json;

use super::api::Attempt;
use super::database::Postgres;
use super::proxy::Proxy;
use super::wait::{SOON, eventually, holds};
use super::world::{Home, Wishes, World};

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_without_a_database_and_nothing_is_lost() {
    let postgres_home = Home::build();
    let postgres = Postgres::up(&postgres_home.path().join("pg"));
    let proxy = Proxy::to(postgres.address()).await;
    let through_proxy = postgres.url.replace(&postgres.address().to_string(), &proxy.address.to_string());
    let wishes = Wishes { postgres: Some((through_proxy, postgres.url.clone())), ..Wishes::default() };
    let world = World::start_with(Home::build(), wishes).await;
    let agents = world.agents(2).await;
    let campaign = world.campaign(json!({})).await;
    let [goes_on, leaves, later] = ["+33199000101", "+33199000102", "+33199000103"];
    world.leads(&campaign, &[goes_on, leaves, later]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
    let stays = world.until_connected_to(goes_on).await;
    let ends = world.until_connected_to(leaves).await;
    let said = json!({ "call": stays.call, "code": "success", "note": "said before the database went away" });
    let agent = stays.agent.as_ref().unwrap();
    world.api.post(&format!("/api/agents/{agent}/disposition"), said).await;

    proxy.cut();
    let carrier = world.pair.carrier();
    let (channel, _) = carrier.channel_of(leaves).await.unwrap();
    carrier.hang_up(&channel).await;
    // An agent is free and a lead is at hand, but no attempt can be made durable.
    eventually("dialling is held, and the log says so", SOON, async || {
        let log = std::fs::read_to_string(world.setup.log()).unwrap();
        holds(log.contains("Dialling is held hold=StoreAway"), "no such line")
    })
    .await;
    let readiness = world.api.readiness().await.unwrap();
    assert_eq!((&readiness["database"], &readiness["engine"]), (&json!(false), &json!(true)), "{readiness}");
    let refused = world.api.try_ask(&format!("/api/agents/{agent}/ready")).await.unwrap_err();
    assert_eq!(refused.status, 503);
    assert!(refused.problem.contains("database_away"), "{refused:?}");
    assert!(carrier.channel_of(goes_on).await.is_some(), "the other conversation goes on");
    assert_eq!(carrier.channel_of(later).await, None, "nothing is dialled");

    proxy.restore();
    eventually("the database is back", SOON, async || {
        let readiness = world.api.readiness().await;
        holds(readiness.as_ref().is_some_and(|readiness| readiness["database"] == true), readiness)
    })
    .await;
    assert_eq!(world.until_over(&ends.call).await.ended_by, "customer");
    world.until_connected_to(later).await;
    let story = world.api.get(&format!("/api/calls/{}", stays.call)).await;
    assert_eq!(story["dispositions"][0]["note"], "said before the database went away", "{story}");
    let live = world.api.live().await;
    assert!(live.calls.iter().any(|call| call.call == stays.call), "{live:?}");
    for call in live.calls {
        world.hang_up(&call.call).await;
    }
    let attempts = world.api.rows::<Attempt>("/api/attempts").await;
    assert_eq!(attempts.len(), 3, "an attempt that was refused left a trace: {attempts:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_somebody_else_locked_holds_dialling_and_no_calls() {
    let world = World::start().await;
    let agents = world.agents(1).await;
    let campaign = world.campaign(json!({})).await;
    let [first, later] = ["+33199000101", "+33199000102"];
    world.leads(&campaign, &[first, later]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
    let call = world.until_connected_to(first).await;

    let lock = world.database.lock().await;
    // Whoever looks on still sees what is going on, and can end it.
    world.hang_up(&call.call).await;
    eventually("dialling is held", SOON, async || {
        let live = world.api.live().await;
        holds(live.held_by.as_deref() == Some("store_away"), live)
    })
    .await;
    assert_eq!(world.api.live().await.calls.len(), 0, "the call is over, and no other is dialled");
    let attempts = world.api.rows::<Attempt>("/api/attempts").await;
    assert_eq!(attempts[0].outcome, None, "its end cannot be written down yet: {attempts:?}");

    lock.release().await;
    assert_eq!(world.until_over(&call.call).await.ended_by, "operator");
    let next = world.until_connected_to(later).await;
    world.hang_up(&next.call).await;
    world.close().await;
}
