//! Two tenants on one real Asterisk: each sees its own calls, over a restart too, and one that is suspended is away.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::{Api, CallSeen, text};
use super::wait::{SOON, eventually, holds};
use super::world::{Side, World};

const OUR_NUMBERS: [&str; 2] = ["+33199001100", "+33199001101"];
const THEIR_NUMBERS: [&str; 2] = ["+33199001102", "+33199001103"];
const PASSWORD: &str = "correct horse battery";

/// Somebody who looks after the installation, and another tenant's centre with its admin.
async fn another_tenant(world: &World) -> (Api, Value, Side) {
    let base = format!("http://{}", world.setup.listen);
    let first = world.setup.run(&["user", "add"], &["--role", "platform_admin", "platform"]);
    let platform = Api::first_sign_in(&base, "platform", &first, PASSWORD).await;
    let wanted = json!({ "slug": "acme", "name": "Acme" });
    let made = platform.post("/api/platform/tenants", wanted).await;
    let base = format!("{base}/t/acme");
    let api = Api::first_sign_in(&base, "admin", &text(&made, "first_password"), PASSWORD).await;
    let trunk = world.trunk_of(&api).await;
    (platform, made, Side { api, trunk })
}

/// Two agents at work for a campaign that records all calls to these numbers.
async fn at_work(world: &World, numbers: [&str; 2]) {
    let agents = world.agents(2).await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" } })).await;
    world.leads(&campaign, &numbers).await;
    world.start_campaign(&campaign).await;
    world.to_work(&agents, &campaign).await;
}

fn pairs(calls: &[CallSeen]) -> BTreeMap<String, (String, Option<String>)> {
    calls.iter().map(|call| (call.phone.clone(), (call.call.clone(), call.agent.clone()))).collect()
}

/// How many legs, bridges and snoops of a tenant Asterisk has.
async fn legs(world: &World, prefix: &str) -> usize {
    world.pair.pbx().channels().await.iter().filter(|channel| channel.starts_with(prefix)).count()
}

fn files(directory: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_dial_at_once_and_each_sees_its_own_calls_over_a_restart() {
    let mut world = World::start().await;
    let (platform, made, mut other) = another_tenant(&world).await;
    at_work(&world, OUR_NUMBERS).await;
    world.turn_to(&mut other);
    at_work(&world, THEIR_NUMBERS).await;

    let theirs = pairs(&world.until_connected(2).await);
    world.turn_to(&mut other);
    let ours = pairs(&world.until_connected(2).await);
    assert!(ours.keys().eq(OUR_NUMBERS), "{ours:?}");
    assert!(theirs.keys().eq(THEIR_NUMBERS), "{theirs:?}");
    assert_eq!((legs(&world, "cadran-leg-").await, legs(&world, "cadran_acme_leg-").await), (4, 4));
    // Several looks at Asterisk pass, each of which would end what belongs to nobody.
    for (call, _) in ours.values() {
        world.until_it_lasted(call, Duration::from_secs(12)).await;
    }

    world.daemon.kill();
    world.daemon = world.setup.start();
    world.daemon.until_ready(&world.setup.listen).await;
    assert_eq!(pairs(&world.until_connected(2).await), ours);
    world.turn_to(&mut other);
    eventually("the other house is open again", SOON, async || other_is_ready(&world.api).await).await;
    assert_eq!(pairs(&world.until_connected(2).await), theirs);
    for (call, _) in theirs.values() {
        world.hang_up(call).await;
    }
    let attempts = world.until_attempts_ended(2).await;
    assert!(attempts.iter().all(|attempt| THEIR_NUMBERS.contains(&&*attempt.phone)), "{attempts:?}");
    let recordings = world.until_recordings_judged(2).await;
    assert!(recordings.iter().all(|recording| recording.state == "verified"), "{recordings:?}");
    for recording in &recordings {
        world.until_archived(&recording.id).await;
    }
    world.turn_to(&mut other);
    assert_eq!(pairs(&world.until_connected(2).await), ours, "the first tenant's calls go on");

    // Suspended, the other tenant answers nobody and has nothing left on Asterisk but phones.
    let address = format!("/api/platform/tenants/{}", text(&made, "id"));
    platform.ask(&format!("{address}/suspend")).await;
    assert_eq!(other.api.try_ask("/api/live/tickets").await.unwrap_err().status, 404);
    for (call, _) in ours.values() {
        world.hang_up(call).await;
    }
    let attempts = world.until_attempts_ended(2).await;
    assert!(attempts.iter().all(|attempt| OUR_NUMBERS.contains(&&*attempt.phone)), "{attempts:?}");
    for recording in world.until_recordings_judged(2).await {
        assert_eq!(recording.state, "verified", "{recording:?}");
        world.until_archived(&recording.id).await;
    }
    let network = world.until_network_saw(4).await;
    let mut dialled: Vec<&str> = network.iter().map(|call| call.dialled.as_str()).collect();
    dialled.sort_unstable();
    let mut expected = [OUR_NUMBERS, THEIR_NUMBERS].concat();
    expected.sort_unstable();
    assert_eq!(dialled, expected, "the network saw what both tenants dialled, and each once");

    let data = world.setup.data();
    let (our_files, their_files) = (files(&data.join("archive")), files(&data.join("tenants/acme/archive")));
    assert!(our_files > 0 && our_files == their_files, "{our_files} files of ours, {their_files} of theirs");

    platform.ask(&format!("{address}/resume")).await;
    eventually("the house is open again", SOON, async || other_is_ready(&other.api).await).await;
    world.turn_to(&mut other);
    world.send_home().await;
    world.turn_to(&mut other);
    world.close().await;
}

async fn other_is_ready(api: &Api) -> Result<(), String> {
    let answer = api.try_ask("/api/live/tickets").await;
    holds(answer.is_ok(), format!("{answer:?}")).map_err(|seen| format!("{seen:?}"))
}
