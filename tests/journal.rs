//! Journals of simulated days: what is written down leads to the same commands again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use cadran::journal::{End, Journal, Limits, Reader, Writer};
use cadran::replay::{OtherSettings, compare, replay};
use cadran_engine::command::Command;
use cadran_engine::input::Input;
use cadran_engine::model::Timestamp;
use cadran_sim::{Watcher, run_watched};
use tempfile::TempDir;

const LIMITS: Limits = Limits { size_max: 1 << 30, age_max: Duration::from_secs(3600) };

/// Keeps a journal of every daemon of a simulated day.
#[derive(Debug)]
struct Scribe {
    directory: PathBuf,
    limits: Limits,
    /// Added to the seed that is written down; anything but 0 is a lie.
    lie: u64,
    open: Option<(Journal, Writer)>,
    told: u64,
}

impl Scribe {
    fn new(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), limits: LIMITS, lie: 0, open: None, told: 0 }
    }

    fn close(&mut self) {
        if let Some((journal, writer)) = self.open.take() {
            drop(journal);
            writer.finish();
        }
    }

    /// Plays a seed, and names the journals of its daemons.
    fn play(mut self, seed: u64) -> (Vec<PathBuf>, u64) {
        let report = run_watched(seed, &mut self);
        assert!(report.is_good(), "{report}");
        self.close();
        let files = std::fs::read_dir(&self.directory).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<PathBuf> = files.collect();
        files.sort();
        assert_eq!(files.len() as u64, report.tally.starts);
        (files, self.told)
    }
}

impl Watcher for Scribe {
    fn started(&mut self, seed: u64, at: Timestamp) {
        self.close();
        self.open = Some(Journal::begin(&self.directory, self.limits, seed + self.lie, at).unwrap());
    }

    fn handled(&mut self, at: Timestamp, input: Input, commands: &[Command]) {
        let (journal, _) = self.open.as_mut().unwrap();
        journal.note(at, Some(Box::new(input)), commands);
        self.told += 1;
    }
}

#[test]
fn simulated_days_replay_to_the_same_commands() {
    let mut inputs = 0;
    let mut daemons = 0;
    for seed in [3, 6, 8] {
        let directory = TempDir::new().unwrap();
        let (files, told) = Scribe::new(directory.path()).play(seed);
        for file in &files {
            let replayed = replay(&mut Reader::open(file).unwrap(), None).unwrap();
            assert!(
                replayed.difference.is_none(),
                "seed {seed}, {}: {:?}",
                file.display(),
                replayed.difference
            );
            assert_eq!(replayed.end, Some(End::Stopped));
            inputs += replayed.inputs;
            daemons += 1;
        }
        assert_eq!(inputs, told);
        inputs = 0;
    }
    assert!(daemons > 3, "no daemon died in any of them");
}

#[test]
fn a_replay_stops_where_it_is_told_to() {
    let directory = TempDir::new().unwrap();
    let (files, told) = Scribe::new(directory.path()).play(7);
    let all = replay(&mut Reader::open(&files[0]).unwrap(), None).unwrap();
    let until = all.last_at - Duration::from_secs(60);
    let part = replay(&mut Reader::open(&files[0]).unwrap(), Some(until)).unwrap();
    assert!(part.inputs < all.inputs && all.inputs <= told);
    assert!(part.last_at <= until && part.end.is_none());
}

#[test]
fn other_commands_are_noticed_at_the_first_of_them() {
    let directory = TempDir::new().unwrap();
    let scribe = Scribe { lie: 1, ..Scribe::new(directory.path()) };
    let (files, _) = scribe.play(7);
    let replayed = replay(&mut Reader::open(&files[0]).unwrap(), None).unwrap();
    let difference = replayed.difference.unwrap();
    assert!(difference.what.contains("LogIn"), "the first id is minted at a log-in: {difference:?}");
}

#[test]
fn what_a_crash_leaves_can_be_read() {
    let directory = TempDir::new().unwrap();
    let (files, _) = Scribe::new(directory.path()).play(7);
    let whole = std::fs::read(&files[0]).unwrap();
    std::fs::write(&files[0], &whole[..whole.len() / 2]).unwrap();
    let replayed = replay(&mut Reader::open(&files[0]).unwrap(), None).unwrap();
    assert!(replayed.difference.is_none() && replayed.end.is_none());
    assert!(replayed.inputs > 100, "{}", replayed.inputs);
}

#[test]
fn a_journal_ends_where_it_may_grow_no_more() {
    let directory = TempDir::new().unwrap();
    let limits = Limits { size_max: 1, ..LIMITS };
    let (files, _) = Scribe { limits, ..Scribe::new(directory.path()) }.play(7);
    let replayed = replay(&mut Reader::open(&files[0]).unwrap(), None).unwrap();
    assert!(replayed.difference.is_none());
    assert_eq!(replayed.end, Some(End::Full));
}

#[test]
fn a_journal_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = TempDir::new().unwrap();
    let below = directory.path().join("journal");
    let (journal, writer) = Journal::begin(&below, LIMITS, 1, Timestamp::from_millis(1)).unwrap();
    drop(journal);
    writer.finish();
    let file = below.join("journal-1.jsonl.gz");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(below.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let again = Journal::begin(&below, LIMITS, 1, Timestamp::from_millis(1)).unwrap_err();
    assert!(again.to_string().contains("journal.directory"), "{again}");
}

/// The day again among the people of the journal: with its own settings it is much like the day itself, and the same
/// every time; where agents dial by hand no machine does.
#[test]
fn a_day_is_lived_again_under_other_settings() {
    let directory = TempDir::new().unwrap();
    let (files, _) = Scribe::new(directory.path()).play(7);
    let mut journal = Reader::open(&files[0]).unwrap();
    let replayed = replay(&mut journal, None).unwrap();
    let was = replayed.sums();
    let compared = |settings: &str| {
        let other = OtherSettings::read(Path::new("other.json"), settings).unwrap();
        compare(replayed.clone(), journal.seed(), &other)
    };
    let day = compared(r#"{"*": {"wrap_up": 20000}}"#).unwrap();
    let (dials, connected, _) = day.own.sums();
    assert!(was.0 > 100 && dials.abs_diff(was.0) < was.0 / 5, "{was:?} {:?}", day.own.sums());
    assert!(connected.abs_diff(was.1) < was.1 / 5, "{was:?} {:?}", day.own.sums());

    let by_hand = compared(r#"{"*": {"mode": {"kind": "manual"}}}"#).unwrap();
    assert_eq!(by_hand.own.sums(), day.own.sums());
    assert!(by_hand.other.sums().0 < dials / 2, "{:?} of {dials}", by_hand.other.sums());
    assert!(by_hand.to_string().contains("with the other settings"));
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let directory = TempDir::new().unwrap();
    let (files, _) = Scribe::new(directory.path()).play(7);
    let mut journal = Reader::open(&files[0]).unwrap();
    let replayed = replay(&mut journal, None).unwrap();
    for (settings, named) in
        [(r#"{"cmp_999": {"wrap_up": 1}}"#, "cmp_999"), (r#"{"*": {"wrap": 1}}"#, "wrap")]
    {
        let other = OtherSettings::read(Path::new("other.json"), settings).unwrap();
        let error = format!("{:#}", compare(replayed.clone(), journal.seed(), &other).unwrap_err());
        assert!(error.contains("other.json") && error.contains(named), "{error}");
    }
    assert!(OtherSettings::read(Path::new("x.json"), "[]").is_err());
    assert!(OtherSettings::read(Path::new("x.toml"), "[\"*\"]\nwrap_up = 1\n").is_ok());
}
