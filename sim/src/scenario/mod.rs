//! Scenarios: a day of a call centre from a short file, and what an algorithm makes of it.
//!
//! The format and the figures are those of docs/pacing.md. The engine is the one of the daemon, with everything that
//! it does about a call; network, database and agents are drawn from the seed.
//!
//! In reading order: `format` (the file), `centre` (the settings that follow from it), `world` (virtual time),
//! `switch` and `network` (calls), `desk` and `staff` (agents), `leads`, and `metrics` (what came of it).

mod agenda;
mod algorithm;
mod centre;
mod desk;
mod dice;
mod error;
mod format;
mod leads;
mod metrics;
mod network;
mod staff;
mod switch;
mod world;

use std::time::Instant;

pub use algorithm::Algorithm;
pub use error::ScenarioError;
pub use format::{Amd, Interpolation, List, Ring, Scenario, Spread, TalkKind};
pub use metrics::Figures;
use serde::Serialize;

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
    play(scenario, algorithm, seeds, None)
}

/// Runs as many of the seeds as are over by then.
pub fn simulate_until(scenario: &Scenario, algorithm: Algorithm, seeds: &[u64], until: Instant) -> Report {
    play(scenario, algorithm, seeds, Some(until))
}

fn play(scenario: &Scenario, algorithm: Algorithm, seeds: &[u64], until: Option<Instant>) -> Report {
    let mut all = Tally::default();
    let mut days = Vec::new();
    for seed in seeds {
        let started = Instant::now();
        let Some(mut day) = World::new(scenario, *seed, algorithm).run(until) else {
            break;
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Five agents for an hour, with a pause of most of them and one who goes home.
    const HOUR: &str = r#"{"name":"hour","agents":5,"hours":1,"p":[[0,0.25,0.2,0.08,0.02]],
        "ring":{"off":2.5,"mean":8.5,"cv":0.6,"timeout":25},"amd":{"on":true,"fp":0.03,"fn":0.08},
        "talk":[{"w":0.5,"mean":20,"cv":0.6},{"w":0.5,"mean":120,"cv":0.7,"wrap":20}],
        "wrap":{"mean":10,"cv":0.8},"breaks":[{"t":1200,"frac":0.8,"dur":300,"jitter":30}],
        "logouts":[[2400,1,60]],"indiv_breaks":{"per_hour":0.5,"mean_dur":120}}"#;

    fn hour(algorithm: Algorithm) -> Report {
        simulate(&Scenario::parse(HOUR).unwrap(), algorithm, &[1, 2])
    }

    /// The same with a team of whom nobody leaves.
    fn steady_hour() -> Report {
        let steady = HOUR.replace(r#"[{"t":1200,"frac":0.8,"dur":300,"jitter":30}]"#, "[]").replace(
            r#""logouts":[[2400,1,60]],"indiv_breaks":{"per_hour":0.5,"mean_dur":120}"#,
            r#""logouts":[]"#,
        );
        simulate(&Scenario::parse(&steady).unwrap(), Algorithm::Predictive, &[1, 2, 3, 4, 5, 6, 7, 8])
    }

    #[test]
    fn a_call_per_idle_agent_drops_nobody_who_is_not_lost_to_a_pause() {
        let day = hour(Algorithm::Progressive).pooled;
        assert!(day.drop_rate < 0.02, "{day:?}");
        assert!(day.connected > 60, "{day:?}");
    }

    #[test]
    fn prediction_idles_less_than_progressive() {
        let progressive = hour(Algorithm::Progressive).pooled;
        let predictive = hour(Algorithm::Predictive).pooled;
        assert!(predictive.idle_s < 0.9 * progressive.idle_s, "{predictive:?} {progressive:?}");
    }

    #[test]
    fn prediction_keeps_the_limit() {
        for day in steady_hour().seeds {
            // Calls that ring when the limit is reached may cost one drop more. An agent who leaves while one rings for
            // them would cost another, whatever the limit, as in progressive dialling.
            let limit = 0.03 * (day.connected + day.dropped) as f64 + 1.0;
            assert!(day.dropped as f64 <= limit, "{day:?}");
        }
    }

    #[test]
    fn the_time_that_detection_took_tells_the_engine_whom_it_dropped() {
        let text = HOUR.replace(r#""agents":5"#, r#""agents":40"#).replace(r#""fn":0.08"#, r#""fn":0.5"#);
        let day = World::new(&Scenario::parse(&text).unwrap(), 1, Algorithm::Predictive).run(None).unwrap();
        assert!(day.dropped > 10, "{day:?}");
        assert!(day.doubt < 0.1 * day.dropped as f64, "{day:?}");
    }

    #[test]
    fn a_seed_is_a_day() {
        let (first, second) = (hour(Algorithm::Predictive), hour(Algorithm::Predictive));
        for (one, other) in first.seeds.iter().zip(&second.seeds) {
            assert_eq!(
                (one.dials, one.connected, one.dropped),
                (other.dials, other.connected, other.dropped)
            );
            assert_eq!(one.idle_s, other.idle_s);
        }
        assert_ne!(first.seeds[0].dials, first.seeds[1].dials);
    }

    #[test]
    fn days_add_up() {
        let report = hour(Algorithm::Progressive);
        assert_eq!(report.pooled.dials, report.seeds.iter().map(|day| day.dials).sum::<u64>());
        let worst = report.seeds.iter().map(|day| day.worst_60min_drop).fold(0.0, f64::max);
        assert_eq!(report.pooled.worst_60min_drop, worst);
        assert!(report.seeds.iter().all(|day| (0.0..=1.0).contains(&day.util)));
    }

    #[test]
    fn every_scenario_of_the_table_can_be_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
        let mut read = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            Scenario::parse(&text).unwrap();
            read += 1;
        }
        assert!(read >= 15, "{read}");
    }
}
