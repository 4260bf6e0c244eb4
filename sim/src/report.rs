//! What a run showed.

use std::fmt;
use std::time::Duration;

/// What happened in a run, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Inputs given to the engine.
    pub inputs: u64,
    /// Dials that the network saw.
    pub dials: u64,
    /// People who picked up.
    pub answers: u64,
    /// Of these, people who heard an agent.
    pub connected: u64,
    /// Attempts closed as dropped.
    pub drops: u64,
    /// Recordings with a verdict.
    pub recordings: u64,
    /// Starts of the daemon.
    pub starts: u64,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Replays it.
    pub seed: u64,
    /// Virtual time that was played.
    pub ended_after: Duration,
    /// In numbers.
    pub tally: Tally,
    /// Promises that were broken, with the time since the start.
    pub violations: Vec<(Duration, String)>,
    /// Every input and command, when it was asked for.
    pub trace: Vec<String>,
}

impl Report {
    /// Whether every promise was kept.
    pub fn is_good(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Report {
    /// One line; for a broken promise with the command that plays it again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, tally, .. } = self;
        match self.violations.first() {
            Some((at, what)) => write!(
                f,
                "seed {seed}: after {:.3} s: {what} · replay: cargo run -p cadran-sim -- --seeds {seed} --trace",
                at.as_secs_f64()
            ),
            None => write!(
                f,
                "seed {seed}: {} inputs, {} dials, {} answers, {} connected, {} dropped, {} recordings, {} starts",
                tally.inputs,
                tally.dials,
                tally.answers,
                tally.connected,
                tally.drops,
                tally.recordings,
                tally.starts
            ),
        }
    }
}
