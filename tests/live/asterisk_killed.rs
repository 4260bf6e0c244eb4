//! `kill -9` of the PBX in the middle of conversations.

use std::time::Duration;

use serde_json::json;

use super::database::Database;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// A recording has its verdict within a minute of the end, whatever stands in the way.
const VERDICT_MAX: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn lost_calls_are_closed_and_their_agents_work_again() {
    let world = World::start().await;
    let agents = world.agents(3).await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" } })).await;
    world.leads(&campaign, &["+33199000101", "+33199000102", "+33199000103"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
    let calls = world.until_connected(3).await;

    phones_are_on_disk(&world, 3).await;
    world.pair.kill_pbx().await;
    eventually("dialling is held", SOON, async || {
        let live = world.api.live().await;
        holds(live.held_by.as_deref() == Some("switch_away"), live)
    })
    .await;
    // The network does not know yet that its far end is gone.
    for channel in world.pair.carrier().channels().await {
        world.pair.carrier().hang_up(&channel).await;
    }
    world.pair.start_pbx().await;

    for call in calls {
        let over = world.until_over(&call.call).await;
        assert_eq!(over.ended_by, "lost", "{over:?}");
    }
    world.leads(&campaign, &["+33199000104"]).await;
    let call = world.until_connected_to("+33199000104").await;
    for agent in &agents {
        eventually("the agent works again", VERDICT_MAX, async || {
            let seen = world.agent_seen(agent).await;
            let works = |state: &str| state == "ready" || state == "on_call";
            holds(seen.as_ref().is_some_and(|seen| works(&seen.state)), seen)
        })
        .await;
    }
    world.hang_up(&call.call).await;
    let recordings = eventually("every recording has a verdict", VERDICT_MAX, async || {
        let recordings = world.api.rows::<super::api::Recording>("/api/recordings").await;
        let judged = recordings.len() == 4 && recordings.iter().all(|recording| recording.state != "open");
        if judged { Ok(recordings) } else { Err(recordings) }
    })
    .await;
    for recording in recordings {
        let said = match recording.state.as_str() {
            "failed" => recording.reason.is_some(),
            _ => recording.duration.is_some(),
        };
        assert!(said, "a verdict says what there is, or why there is nothing: {recording:?}");
    }
    world.close().await;
}

/// Waits until the PBX has written down where its phones are, which it does about a second later. It knows those that
/// it has not written down again only once they register anew.
async fn phones_are_on_disk(world: &World, count: i64) {
    let memory = Database::Sqlite(world.home.path().join("pbx/db/astdb.sqlite3"));
    eventually("the PBX has written down where its phones are", SOON, async || {
        let found = memory.count("select count(*) from astdb where key like '/registrar/contact/%'").await;
        holds(found == count, found)
    })
    .await;
}
