//! A carrier that answers, falls silent and comes back: on the live stream, and in the checks.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::screen::Screen;
use super::wait::{SOON, eventually};
use super::world::World;

/// How long an outage may take to be seen: what `docs/operating.md` promises for a question every ten seconds.
const DOWN_WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_falls_silent_is_seen_and_comes_back() {
    let world = World::start().await;
    let trunk = world.trunk.clone();
    let check = format!("trunk:{trunk}");
    let mut screen = Screen::open(&world.api, &world.setup.listen, &["trunks", "system"]).await;

    let up = screen.until("trunks", &trunk, SOON, |row| row["probe"]["code"].is_number()).await;
    println!("up: {up}");
    assert_eq!((&up["state"], &up["reachable"], &up["calls_max"]), (&"up".into(), &true.into(), &200.into()));
    let latency = up["probe"]["latency"].as_u64().unwrap();
    assert!((1..1_000).contains(&latency), "{up}");
    let system = world.api.get("/api/system/checks").await;
    println!("checks: {system}");
    assert_eq!(system["health"], "up", "{system}");
    for what in ["agi", "archive", "asterisk", "clock", "database", "engine", "recordings", "trunk"] {
        assert_eq!(find(&system, what)["health"], "up", "{what} in {system}");
    }
    assert_eq!(find(&system, "mail")["health"], "off");
    assert!(find(&system, "asterisk")["version"].as_str().unwrap().starts_with(char::is_numeric), "{system}");
    assert!(find(&system, "clock")["clock_offset"].as_i64().unwrap().abs() < 2_000, "{system}");
    screen.until("system", &check, SOON, |row| row["health"] == "up").await;

    world.pair.kill_carrier().await;
    let killed = Instant::now();
    let down = screen.until("trunks", &trunk, DOWN_WITHIN * 2, |row| row["state"] == "down").await;
    let took = killed.elapsed();
    println!("down after {took:?}: {down}");
    assert!(took <= DOWN_WITHIN, "{took:?}");
    assert_eq!(down["reachable"], false);
    let system = world.api.get("/api/system/checks").await;
    let sick = find(&system, "trunk");
    println!("the check: {sick}");
    assert_eq!((&system["health"], &sick["health"]), (&"down".into(), &"down".into()), "no trunk is left");
    assert!(sick["cause"].as_str().unwrap().contains("OPTIONS"), "{sick}");
    assert!(sick["fix"].as_str().unwrap().contains(&trunk), "{sick}");
    screen.until("system", &check, SOON, |row| row["health"] == "down" && row["fix"].is_string()).await;

    world.pair.start_carrier().await;
    let started = Instant::now();
    let back = screen.until("trunks", &trunk, SOON, |row| row["state"] == "up").await;
    println!("back after {:?}: {back}", started.elapsed());
    eventually("the checks are well again", SOON, async || {
        let system = world.api.get("/api/system/checks").await;
        if system["health"] == "up" { Ok(()) } else { Err(system) }
    })
    .await;
    let log = std::fs::read_to_string(world.setup.log()).unwrap();
    assert!(log.contains("does not answer OPTIONS") && log.contains(&trunk));
    assert!(!log.contains(&world.pair.carrier_sip().ip().to_string()), "no address in the log");
    world.close().await;
}

fn find<'a>(system: &'a Value, what: &str) -> &'a Value {
    system["checks"].as_array().unwrap().iter().find(|check| check["what"] == what).unwrap()
}
