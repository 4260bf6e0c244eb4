//! From the daemon's loop to the disk, without ever holding the loop up.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use cadran_engine::command::Command;
use cadran_engine::input::Input;
use cadran_engine::model::Timestamp;
use flate2::Compression;
use flate2::write::GzEncoder;
use tracing::{info, warn};

use super::{Digest, End, FORMAT, Line};

/// Lines that may wait for the disk: some seconds of the busiest hour. When more do, the journal ends.
const WAITING_MAX: usize = 16_384;

/// How much of a journal a crash may cost.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

const PREFIX: &str = "journal-";
const SUFFIX: &str = ".jsonl.gz";

/// What a journal may take up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one file, compressed. The journal of a life that is longer ends early.
    pub size_max: u64,
    /// How long files of earlier lives are kept.
    pub age_max: Duration,
}

/// Why no journal can be written.
#[derive(Debug, thiserror::Error)]
#[error("`journal.directory`: {}: {problem}", path.display())]
pub struct OpenError {
    path: PathBuf,
    problem: io::Error,
}

/// The end that the daemon's loop holds. Without a journal it does nothing.
#[derive(Debug, Default)]
pub struct Journal {
    lines: Option<SyncSender<Line>>,
    is_overrun: Arc<AtomicBool>,
}

/// The end that writes.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<()>,
}

impl Journal {
    /// Begins the journal of an engine with this seed in a directory, which is made if it is missing. Files of earlier
    /// lives that are older than they may become are removed.
    ///
    /// The writer ends when the journal is dropped.
    pub fn begin(
        directory: &Path,
        limits: Limits,
        seed: u64,
        now: Timestamp,
    ) -> Result<(Self, Writer), OpenError> {
        let path = directory.join(format!("{PREFIX}{}{SUFFIX}", now.as_millis()));
        let failed = |problem| OpenError { path: path.clone(), problem };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        remove_older(directory, limits.age_max);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        info!("Journal of this run: {}", path.display());
        let (lines, waiting) = sync_channel(WAITING_MAX);
        let journal = Self { lines: Some(lines), is_overrun: Arc::default() };
        let begin = Line::Begin { format: FORMAT, cadran: env!("CARGO_PKG_VERSION").to_owned(), seed };
        journal.send(begin);
        let is_overrun = journal.is_overrun.clone();
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let mut sink = Sink::new(file, limits.size_max);
            if let Err(error) = sink.take_all(&waiting, &is_overrun) {
                warn!(%error, "The journal {} ends early", path.display());
            }
        });
        let thread = thread.map_err(|problem| OpenError { path: directory.to_owned(), problem })?;
        Ok((journal, Writer { thread }))
    }

    /// What is to be written down of an input that the engine is about to take; nothing without a journal.
    pub fn copy(&self, input: &Input) -> Option<Box<Input>> {
        self.lines.is_some().then(|| Box::new(input.clone()))
    }

    /// Writes down an input of which a copy was taken, and the commands that it led to.
    pub fn note(&mut self, at: Timestamp, copy: Option<Box<Input>>, commands: &[Command]) {
        let Some(input) = copy else { return };
        if !self.send(Line::Input { at, input, commands: Digest::of(commands) }) {
            self.lines = None;
        }
    }

    fn send(&self, line: Line) -> bool {
        match self.lines.as_ref().map(|lines| lines.try_send(line)) {
            Some(Ok(())) => true,
            Some(Err(TrySendError::Full(_))) => {
                self.is_overrun.store(true, Ordering::Release);
                false
            }
            // The writer has said why it ended.
            Some(Err(TrySendError::Disconnected(_))) | None => false,
        }
    }
}

impl Writer {
    /// Waits until everything is on the disk. The journal must have been dropped before.
    pub fn finish(self) {
        if self.thread.join().is_err() {
            warn!("The journal's writer has panicked");
        }
    }
}

/// A file under compression, and how large it has become.
struct Sink {
    encoder: GzEncoder<Counted>,
    size_max: u64,
    flushed_at: Instant,
}

impl Sink {
    fn new(file: File, size_max: u64) -> Self {
        let encoder = GzEncoder::new(Counted { file, bytes: 0 }, Compression::fast());
        Self { encoder, size_max, flushed_at: Instant::now() }
    }

    fn take_all(&mut self, waiting: &Receiver<Line>, is_overrun: &AtomicBool) -> io::Result<()> {
        let end = loop {
            match waiting.recv_timeout(FLUSH_EVERY) {
                Ok(line) => self.write(&line)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if is_overrun.load(Ordering::Acquire) => {
                    break End::Overrun;
                }
                Err(RecvTimeoutError::Disconnected) => break End::Stopped,
            }
            if self.flushed_at.elapsed() >= FLUSH_EVERY {
                self.encoder.flush()?;
                self.flushed_at = Instant::now();
            }
            if self.encoder.get_ref().bytes >= self.size_max {
                break End::Full;
            }
        };
        if end != End::Stopped {
            warn!("The journal ends early: {}", end.in_words());
        }
        self.write(&Line::End(end))?;
        self.encoder.try_finish()?;
        self.encoder.get_ref().file.sync_all()
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.encoder, line)?;
        self.encoder.write_all(b"\n")
    }
}

struct Counted {
    file: File,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes journals that are older than they may become. One that cannot be removed is told of and left.
fn remove_older(directory: &Path, age_max: Duration) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        let age = written.ok().and_then(|written| SystemTime::now().duration_since(written).ok());
        let is_journal = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        if is_journal
            && age.is_some_and(|age| age > age_max)
            && let Err(error) = fs::remove_file(entry.path())
        {
            warn!(%error, "The old journal {name} cannot be removed");
        }
    }
}
