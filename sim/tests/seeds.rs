//! A hundred days of a call centre, each with its own troubles.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;

/// How many seeds are played, unless the environment says otherwise.
const SEEDS: u64 = 100;

fn seeds() -> u64 {
    match std::env::var("CADRAN_SIM_SEEDS") {
        Ok(text) => text.parse().expect("CADRAN_SIM_SEEDS is a number of seeds"),
        Err(_) => SEEDS,
    }
}

#[test]
fn every_promise_is_kept_in_every_run() {
    let mut broken = String::new();
    let (mut dials, mut connected, mut drops, mut starts) = (0, 0, 0, 0);
    let seeds = seeds();
    for seed in 1..=seeds {
        let report = cadran_sim::run(seed, false);
        dials += report.tally.dials;
        connected += report.tally.connected;
        drops += report.tally.drops;
        starts += report.tally.starts;
        if !report.is_good() {
            writeln!(broken, "{report}").unwrap();
        }
    }
    assert!(broken.is_empty(), "{broken}");
    assert!(dials > 100 * seeds && connected > 20 * seeds, "{dials} dials, {connected} connected");
    assert!(drops > seeds / 2 && starts > seeds, "{drops} drops, {starts} starts");
}

#[test]
fn a_seed_means_the_same_run_every_time() {
    let first = cadran_sim::run(7, true);
    assert!(first.trace.len() > 1_000, "{}", first.trace.len());
    assert_eq!(first, cadran_sim::run(7, true));
}
