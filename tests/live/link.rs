//! The link to the PBX breaks, with a bang or in silence, while people talk.

use std::time::Duration;

use serde_json::json;

use super::api::Attempt;
use super::proxy::Proxy;
use super::wait::{eventually, holds};
use super::world::{Home, Wishes, World};

/// A link that carries nothing any more is noticed within this time.
const NOTICED_MAX: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_link_stops_dialling_and_nothing_is_missed() {
    the_link_breaks(Proxy::cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_link_stops_dialling_and_nothing_is_missed() {
    the_link_breaks(Proxy::silence).await;
}

async fn the_link_breaks(breaks: fn(&Proxy)) {
    let wishes = Wishes { proxy_to_pbx: true, ..Wishes::default() };
    let world = World::start_with(Home::build(), wishes).await;
    let proxy = world.proxy.as_ref().unwrap();
    let agents = world.agents(3).await;
    let campaign = world.campaign(json!({})).await;
    let [goes_on, leaves, later] = ["+33199000101", "+33199000102", "+33199000103"];
    world.leads(&campaign, &[goes_on, leaves]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
    let stays = world.until_connected_to(goes_on).await;
    let missed = world.until_connected_to(leaves).await;

    breaks(proxy);
    eventually("the break is noticed", NOTICED_MAX, async || {
        let live = world.api.live().await;
        holds(live.held_by.as_deref() == Some("switch_away"), live.held_by)
    })
    .await;
    let carrier = world.pair.carrier();
    let (channel, _) = carrier.channel_of(leaves).await.unwrap();
    carrier.hang_up(&channel).await;
    // A third agent is ready and a lead is due, but nothing is dialled blindly.
    world.leads(&campaign, &[later]).await;
    assert_eq!(world.api.rows::<Attempt>("/api/attempts").await.len(), 2);
    assert!(carrier.channel_of(goes_on).await.is_some(), "the other conversation goes on");
    let believed = world.api.live().await.calls.len();
    assert_eq!(believed, 2, "a hang-up cannot be heard through a broken link");

    proxy.restore();
    let over = world.until_over(&missed.call).await;
    assert_eq!(over.ended_by, "lost");
    world.until_connected_to(later).await;
    let live = world.api.live().await;
    assert_eq!(live.held_by, None);
    let same = live.calls.iter().find(|call| call.call == stays.call).unwrap();
    assert_eq!((same.state.as_str(), &same.agent), ("connected", &stays.agent));
    for call in live.calls {
        world.hang_up(&call.call).await;
    }
    world.close().await;
}
