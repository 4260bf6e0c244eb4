//! `cadran-sim --seeds 1..300`: plays seeds, prints a line for each that breaks a promise, and a sum. With `--first` it
//! stops at the first of them.

use std::io::{self, Write as _};
use std::ops::RangeInclusive;
use std::process::ExitCode;

use cadran_sim::Report;

const USAGE: &str = "usage: cadran-sim [--seeds FIRST..LAST | --seeds SEED] [--first] [--trace]";

struct Options {
    seeds: RangeInclusive<u64>,
    /// Whether the first broken promise is enough.
    first: bool,
    trace: bool,
}

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let options = match read_options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            writeln!(io::stderr(), "{problem}\n{USAGE}")?;
            return Ok(ExitCode::from(2));
        }
    };
    let (mut played, mut failed) = (0_u64, 0_u64);
    let mut inputs = 0_u64;
    for seed in options.seeds.clone() {
        let report = cadran_sim::run(seed, options.trace);
        inputs += report.tally.inputs;
        failed += u64::from(!report.is_good());
        played += 1;
        print(&mut out, &report, options.trace)?;
        if options.first && failed > 0 {
            break;
        }
    }
    writeln!(out, "{played} seeds, {inputs} inputs, {failed} failed")?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(out: &mut impl io::Write, report: &Report, trace: bool) -> io::Result<()> {
    for line in &report.trace {
        writeln!(out, "{line}")?;
    }
    if trace || !report.is_good() {
        writeln!(out, "{report}")?;
    }
    Ok(())
}

fn read_options(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options { seeds: 1..=100, first: false, trace: false };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--first" => options.first = true,
            "--trace" => options.trace = true,
            "--seeds" => options.seeds = read_seeds(&words.next().unwrap_or_default())?,
            other => return Err(format!("`{other}` is no option")),
        }
    }
    Ok(options)
}

fn read_seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` in `--seeds` is no number"));
    let seeds = number(first)?..=number(last)?;
    if seeds.is_empty() {
        return Err(format!("`--seeds {text}` holds no seed: the first comes after the last"));
    }
    Ok(seeds)
}
