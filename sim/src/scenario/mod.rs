//! Scenarios: a day of a call centre from a short file, and what an algorithm makes of it.
//!
//! The format and the figures are those of docs/pacing.md. A scenario has no database and no network: it drives the
//! engine's pacing, which is pure, and draws everything else from its seed.

mod algorithm;
mod dial;
mod dice;
mod error;
mod format;
mod metrics;
mod staff;
mod world;

use std::time::Instant;

pub use algorithm::Algorithm;
pub use error::ScenarioError;
pub use format::Scenario;
pub use metrics::Figures;
use serde::Serialize;
pub use world::TICK;

use algorithm::Dialler;
use metrics::Tally;
use world::World;

/// What came out of a scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The algorithm's name.
    pub algorithm: String,
    /// One day per seed.
    pub seeds: Vec<Figures>,
    /// All days together.
    pub pooled: Figures,
}

/// Runs a scenario once per seed, one after the other.
pub fn simulate(scenario: &Scenario, algorithm: Algorithm, seeds: &[u64]) -> Report {
    let mut all = Tally::default();
    let mut days = Vec::new();
    for seed in seeds {
        let started = Instant::now();
        let mut day = World::new(scenario, *seed, Dialler::new(algorithm)).run();
        day.wall_s = started.elapsed().as_secs_f64();
        days.push(day.figures(Some(*seed)));
        all.add(&day);
    }
    Report {
        scenario: scenario.name.clone(),
        algorithm: algorithm.to_string(),
        seeds: days,
        pooled: all.figures(None),
    }
}
