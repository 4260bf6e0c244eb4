//! `cadran simulate`: what an algorithm makes of a day, before the first call.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use cadran_sim::scenario::{Algorithm, Figures, Report, Scenario, simulate};

/// What to simulate.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A scenario: agents, answer rates, ring, talk and wrap-up times; the format is in docs/pacing.md.
    scenario: PathBuf,
    /// One day per seed: `1..6`, both included, or a single seed.
    #[arg(long, default_value = "1..6", value_parser = read_seeds)]
    seeds: RangeInclusive<u64>,
    /// `predictive`, `progressive` or `power:2.0` (dials per idle agent).
    #[arg(long, default_value_t = Algorithm::Predictive)]
    algorithm: Algorithm,
    /// Print one JSON object in place of the table.
    #[arg(long)]
    json: bool,
}

/// Most days of one simulation, so that a slip of the keyboard does not run for a week.
const SEEDS_MAX: u64 = 1_000;

/// Simulates and prints.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let file = options.scenario.display();
    let text =
        std::fs::read_to_string(&options.scenario).with_context(|| format!("{file} cannot be read"))?;
    let mut scenario = Scenario::parse(&text).with_context(|| format!("{file} is not a scenario"))?;
    if scenario.name.is_empty() {
        scenario.name =
            options.scenario.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    }
    let seeds: Vec<u64> = options.seeds.clone().collect();
    let report = simulate(&scenario, options.algorithm, &seeds);
    if options.json {
        print(&serde_json::to_string(&report)?);
    } else {
        print(table(&report).trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn read_seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number =
        |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no seed; write 1..6 or 3"));
    let seeds = match text.split_once("..") {
        Some((first, last)) => number(first)?..=number(last)?,
        None => number(text)?..=number(text)?,
    };
    match seeds.end().checked_sub(*seeds.start()) {
        None => Err(format!("`{text}` holds no seed; the first comes first")),
        Some(more) if more >= SEEDS_MAX => Err(format!("at most {SEEDS_MAX} seeds")),
        Some(_) => Ok(seeds),
    }
}

fn table(report: &Report) -> String {
    let mut text = format!(
        "{} ({})\n  seed   util  idle s  drops %  worst 60 min %  calls/agent h    dials  dials/connect  wall s\n",
        report.scenario, report.algorithm
    );
    for day in &report.seeds {
        row(&mut text, &day.seed.unwrap_or_default().to_string(), day);
    }
    row(&mut text, "pooled", &report.pooled);
    text
}

fn row(text: &mut String, name: &str, day: &Figures) {
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "{name:>6}  {:.3}  {:6.2}  {:7.2}  {:14.2}  {:13.2}  {:7}  {:13.2}  {:6.2}",
        day.util,
        day.idle_s,
        day.drop_rate * 100.0,
        day.worst_60min_drop * 100.0,
        day.calls_per_agent_hour,
        day.dials,
        day.dials_per_connect,
        day.wall_s,
    );
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_with_both_ends_or_one() {
        assert_eq!(read_seeds("1..6"), Ok(1..=6));
        assert_eq!(read_seeds("3"), Ok(3..=3));
        assert!(read_seeds("6..1").is_err());
        assert!(read_seeds("0..1000").is_err());
        assert!(read_seeds("one").is_err());
    }
}
