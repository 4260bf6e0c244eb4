//! `cadran replay`: what a journal's inputs lead to, and whether that is what they led to then; and what the day would
//! have been under other settings.
//!
//! `tally` counts; `facts` are what of a journal does not depend on the settings; `other_day` lives through them again;
//! `other_settings` reads what is to be changed.

mod facts;
mod other_day;
mod other_settings;
mod tally;

use std::path::PathBuf;
use std::process::ExitCode;

use cadran_engine::Engine;
use cadran_engine::input::Input;
use cadran_engine::model::Timestamp;

use crate::journal::{Digest, End, Line, ReadError, Reader};
use facts::Gathering;
pub use other_day::OtherDay;
pub use other_settings::OtherSettings;
use tally::Tally;

/// What to replay.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// A journal; see `[journal]` in docs/operating.md.
    journal: PathBuf,
    /// Stop at this moment: RFC 3339, as in `2026-11-20T11:52:00Z`.
    #[arg(long, value_parser = read_time)]
    until: Option<Timestamp>,
    /// Settings to live through the day with: TOML or JSON, a table of campaigns by their id (or `*` for all), each with
    /// the settings that differ. See docs/operating.md for what is compared.
    #[arg(long)]
    settings: Option<PathBuf>,
}

/// What came of a replay.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Inputs that were taken.
    pub inputs: u64,
    /// Commands that they led to.
    pub commands: u64,
    /// When the last of them was taken.
    pub last_at: Timestamp,
    /// The first input that led to other commands than are in the journal.
    pub difference: Option<Difference>,
    /// How the journal ends. None: it is cut off, or goes on after the moment at which the replay stopped.
    pub end: Option<End>,
    tally: Tally,
    gathering: Gathering,
}

impl Replayed {
    /// Dials, conversations and drops of every campaign together.
    pub fn sums(&self) -> (u64, u64, u64) {
        self.tally.sums()
    }
}

/// An input that led to other commands.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Its line in the journal.
    pub line: usize,
    /// Its time.
    pub at: Timestamp,
    /// The input and what it led to, one a line.
    pub what: String,
}

/// Feeds a fresh engine from a journal, up to the first difference.
pub fn replay(journal: &mut Reader, until: Option<Timestamp>) -> Result<Replayed, ReadError> {
    let mut engine = Engine::new(journal.seed());
    let mut replayed = Replayed {
        inputs: 0,
        commands: 0,
        last_at: Timestamp::default(),
        difference: None,
        end: None,
        tally: Tally::default(),
        gathering: Gathering::default(),
    };
    while let Some(line) = journal.line()? {
        match line {
            Line::Begin { .. } => {}
            Line::End(end) => replayed.end = Some(end),
            Line::Input { at, .. } if until.is_some_and(|until| at > until) => break,
            Line::Input { at, input, commands: then } => {
                replayed.tally.input(&input);
                let commands = engine.handle(at, Input::clone(&input));
                replayed.inputs += 1;
                replayed.commands += commands.len() as u64;
                replayed.last_at = at;
                commands.iter().for_each(|command| replayed.tally.command(at, command));
                replayed.gathering.note(at, &input, &commands);
                if Digest::of(&commands) != then {
                    let what = format!("{input:?}\n{commands:#?}");
                    replayed.difference = Some(Difference { line: journal.number(), at, what });
                    break;
                }
            }
        }
    }
    replayed.tally.close(replayed.last_at);
    Ok(replayed)
}

/// Replays and prints. Exit code 1: the commands are not those of the journal.
pub fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let mut journal = Reader::open(&options.journal)?;
    // Before the journal is read, which may take minutes.
    let other = options.settings.as_deref().map(OtherSettings::load).transpose()?;
    let replayed = replay(&mut journal, options.until)?;
    print(&replayed.to_string());
    if let Some(Difference { line, at, what }) = &replayed.difference {
        let (cadran, here) = (journal.cadran(), env!("CARGO_PKG_VERSION"));
        print(&format!(
            "line {line}, {at}: other commands than in the journal (written by {cadran}, this is {here})\n{what}"
        ));
        return Ok(ExitCode::FAILURE);
    }
    let end = match (replayed.end, options.until) {
        (Some(end), _) => format!("the journal ends there: {}", end.in_words()),
        (None, Some(until)) if replayed.last_at <= until => format!("nothing more until {until}"),
        (None, _) => "the journal is cut off there, as by a crash".to_owned(),
    };
    print(&format!("the same commands as in the journal; {end}"));
    if let Some(other) = other {
        print(&compare(replayed, journal.seed(), &other)?.to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// A day twice: among the people of a journal with its own settings, and with others.
#[derive(Clone, Debug)]
pub struct Compared {
    /// With the settings of the journal.
    pub own: OtherDay,
    /// With the others.
    pub other: OtherDay,
}

/// Lives through a replayed day again, with its own settings and with others. Only these two are to be compared: what is
/// different from the journal itself is what a model leaves out.
pub fn compare(replayed: Replayed, seed: u64, other: &OtherSettings) -> anyhow::Result<Compared> {
    let end = replayed.last_at;
    let facts = replayed.gathering.facts();
    let mut changed = facts.clone();
    other.change(&mut changed)?;
    Ok(Compared { own: other_day::live(facts, seed, end), other: other_day::live(changed, seed, end) })
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\nthe same day with its own settings, in the model\n{}", self.own)?;
        write!(f, "\n\nthe same day with the other settings\n{}", self.other)
    }
}

impl std::fmt::Display for OtherDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.tally)?;
        for (campaign, at) in &self.exhausted {
            write!(f, "\n{campaign} had dialled everybody whom the journal knows at {at}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Replayed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.tally)?;
        write!(f, "{} inputs, {} commands, until {}", self.inputs, self.commands, self.last_at)
    }
}

fn read_time(text: &str) -> Result<Timestamp, String> {
    let instant: jiff::Timestamp =
        text.parse().map_err(|_| format!("`{text}` is no moment; write 2026-11-20T11:52:00Z"))?;
    Ok(Timestamp::from_millis(instant.as_millisecond()))
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(text: &str) {
    println!("{text}");
}
