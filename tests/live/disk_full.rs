//! The disk of recordings is full: when a call begins, and when it ends. The row tells the truth, and nothing is lost that
//! could be kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::Recording;
use super::wait::{SOON, eventually, holds};
use super::world::World;

/// Enough for a few seconds of a call, whose two sides take 32,000 bytes a second.
const DISK: &str = "size=1m";
/// The daemon tries for forty seconds to write a file; its verdict is due within sixty.
const VERDICT_MAX: Duration = Duration::from_secs(60);

/// A small disk at a directory. It takes the rights of root to mount one.
struct Disk(PathBuf);

impl Disk {
    fn at(directory: &Path) -> Self {
        std::fs::create_dir_all(directory).unwrap();
        run(Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(directory));
        Self(directory.to_owned())
    }

    fn fill(&self) {
        // It fails once there is no room, which is what it is for.
        std::fs::write(self.ballast(), vec![0; 2 << 20]).expect_err("the disk is small");
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run(Command::new("umount").arg("--lazy").arg(&self.0));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn until_judged(world: &World, call: &str, state: &str) -> Recording {
    eventually(&format!("the recording is {state}"), VERDICT_MAX, async || {
        let all = world.api.rows::<Recording>("/api/recordings").await;
        let found = all.iter().find(|recording| recording.call == call && recording.state == state).cloned();
        found.ok_or(all)
    })
    .await
}

/// What the check of recordings says.
async fn check(world: &World) -> Value {
    let system = world.api.get("/api/system/checks").await;
    system["checks"].as_array().unwrap().iter().find(|check| check["what"] == "recordings").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_no_call_and_no_sound_that_could_be_kept() {
    let world = World::start().await;
    let disk = Disk::at(&world.setup.data().join("recordings"));
    let agent = world.agent("talks").await;
    let campaign = world.campaign(json!({ "recording": { "kind": "all" } })).await;
    let [before, during] = ["+33199000101", "+33199000102"];
    world.leads(&campaign, &[before, during]).await;
    disk.fill();
    let full = check(&world).await;
    assert!(full["health"] == "down" && full["cause"].as_str().unwrap().contains("No space left"), "{full}");
    world.start_campaign(&campaign).await;
    world.to_work(&[agent], &campaign).await;

    // Full before the call, with room again soon after it: everything is kept.
    let first = world.until_connected_to(before).await;
    world.until_it_lasted(&first.call, Duration::from_secs(3)).await;
    world.hang_up(&first.call).await;
    world.until_over(&first.call).await;
    let second = world.until_connected_to(during).await;
    disk.free();
    let kept = until_judged(&world, &first.call, "verified").await;
    assert!(kept.duration.is_some_and(|ms| ms >= 3_000), "{kept:?}");
    world.until_archived(&kept.id).await;

    // Full during the call, and no room after it: the row says so, and the sound stays where it is.
    disk.fill();
    world.until_it_lasted(&second.call, Duration::from_secs(3)).await;
    world.hang_up(&second.call).await;
    world.until_over(&second.call).await;
    let lost = until_judged(&world, &second.call, "failed").await;
    let reason = lost.reason.unwrap();
    assert!(reason.contains("full") && reason.contains("still on Asterisk"), "{reason}");
    let halves = world.pair.pbx().made_by_cadran().await;
    let halves: Vec<&String> = halves.iter().filter(|name| name.contains("rec-")).collect();
    assert_eq!(halves.len(), 2, "{halves:?}");
    for half in halves {
        world.pair.pbx().forget(half).await;
    }
    drop(disk);
    eventually("the check is well again", SOON, async || {
        let check = check(&world).await;
        holds(check["health"] == "up", check)
    })
    .await;
    world.close().await;
}
