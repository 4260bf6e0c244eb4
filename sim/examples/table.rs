//! Prints the table of docs/pacing.md: predictive pacing on every scenario, beside the figures of other methods.
//!
//! `cargo run --release -p cadran-sim --example table [-- SCENARIO-PREFIX [FIRST..LAST]]`, with the seeds 1 to 6 unless
//! others are named: those to judge a change on.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;

use cadran_sim::scenario::{Algorithm, Scenario, simulate};
use serde::Deserialize;

/// What a method reached on a scenario.
#[derive(Debug, Deserialize)]
struct Reached {
    util: f64,
    idle_s: f64,
    drop_rate: f64,
}

const SEEDS: &str = "1..6";

fn main() -> Result<(), Box<dyn Error>> {
    let prefix = std::env::args().nth(1).unwrap_or_default();
    let seeds = std::env::args().nth(2).unwrap_or_else(|| SEEDS.to_owned());
    let (first, last) = seeds.split_once("..").ok_or("seeds are FIRST..LAST")?;
    let seeds: Vec<u64> = (first.parse()?..=last.parse()?).collect();
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reference = std::fs::read_to_string(home.join("reference/pacing.json"))?;
    let reference: BTreeMap<String, BTreeMap<String, Reached>> = serde_json::from_str(&reference)?;
    let mut out = io::stdout().lock();
    writeln!(out, "| scenario | **Cadran** | HZ | VICIdial tuned | bound | worst day | idle over HZ |")?;
    writeln!(out, "|---|---|---|---|---|---|---|")?;
    for (name, others) in reference.iter().filter(|(name, _)| name.starts_with(&prefix)) {
        let file = home.join("scenarios").join(name).with_extension("json");
        let scenario = Scenario::parse(&std::fs::read_to_string(file)?)?;
        let cadran = simulate(&scenario, Algorithm::Predictive, &seeds).pooled;
        let own = Reached { util: cadran.util, idle_s: cadran.idle_s, drop_rate: cadran.drop_rate };
        let other = |method: &str| others.get(method).map_or_else(String::new, cell);
        writeln!(
            out,
            "| {name} | **{}** | {} | {} | {} | {:.2} % | {:.3} |",
            cell(&own),
            other("HZ"),
            other("vicidial_tuned"),
            other("dial_outcomes_known"),
            cadran.worst_day * 100.0,
            others.get("HZ").map_or(f64::NAN, |hz| own.idle_s / hz.idle_s),
        )?;
    }
    Ok(())
}

fn cell(reached: &Reached) -> String {
    let Reached { util, idle_s, drop_rate } = reached;
    format!("{util:.3} / {idle_s:.1} / {:.2} %", drop_rate * 100.0)
}
