//! The one who works through the list: keeps, tidies, removes, and comes back to what could not be done.

use std::io::Cursor;
use std::time::Duration;

use cadran_engine::model::{RecordingId, Timestamp};
use metrics::counter;
use tokio::fs::File;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::depot::{Depot, Error};
use super::encoding::{self, Encoded};
use crate::store::{self, ArchiveJob, ArchiveStep, FileKind, KeptFile, Store};

/// How often the list is looked at. A recording is in its place some seconds after its verdict.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Jobs that are read at a time, and done one after the other: calls matter more than the archive.
const JOBS_MAX: u16 = 32;

/// The pause after a first failure; it doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_secs(10);
/// The longest pause. There is no last try: as long as the WAV file is there, it may still be kept.
const PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

/// Each kept file is looked at again after this time, so that one that was lost or changed is noticed while a backup
/// still has it.
const CHECK_EVERY: Duration = Duration::from_secs(28 * 24 * 3600);
/// Files that are looked at in a round without other work.
const CHECKED_AT_ONCE: u16 = 8;

/// How recordings are kept.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// Bits per second of the encoded files, both sides together.
    pub bits_per_second: i32,
    /// How long backups hold what is deleted here.
    pub backups: Duration,
}

/// Why a job was not done.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Depot(#[from] Error),
    #[error(transparent)]
    Encoding(#[from] encoding::Error),
    #[error("the encoder broke off: {0}")]
    Broken(#[from] tokio::task::JoinError),
    #[error("the WAV file cannot be read: {0}")]
    Reading(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Works through the list of one Asterisk server's recordings.
#[derive(Clone, Debug)]
pub struct Archivist {
    store: Store,
    depot: Depot,
    holder: String,
    keeping: Keeping,
    /// The wall clock.
    clock: fn() -> Timestamp,
}

impl Archivist {
    /// An archivist for the recordings of `holder`, an Asterisk server.
    pub fn new(
        store: Store,
        depot: Depot,
        holder: String,
        keeping: Keeping,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self { store, depot, holder, keeping, clock }
    }

    /// Works until it is told to stop. What it was at then is begun anew by the next daemon.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            loop {
                match self.round((self.clock)()).await {
                    Ok(jobs) if jobs == usize::from(JOBS_MAX) => {}
                    Ok(_) => tokio::time::sleep(LOOK_EVERY).await,
                    Err(error) => {
                        warn!(%error, "The archive's work list cannot be read; trying again");
                        tokio::time::sleep(PAUSE_MIN).await;
                    }
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = work => {}
        }
    }

    /// Does what is due at `now`, one page of the list; gives how many jobs it held.
    ///
    /// Fails when the database does not answer. What could not be done is noted in its row.
    pub async fn round(&self, now: Timestamp) -> Result<usize, store::Error> {
        let jobs = self.store.archive_jobs(&self.holder, now, JOBS_MAX).await?;
        for job in &jobs {
            self.work(job, now).await?;
        }
        if jobs.is_empty() {
            self.check(now).await?;
        }
        Ok(jobs.len())
    }

    /// Looks at the files that were looked at longest ago.
    async fn check(&self, now: Timestamp) -> Result<(), store::Error> {
        let files = self.store.unchecked_files(&self.holder, now - CHECK_EVERY, CHECKED_AT_ONCE).await?;
        for (id, file) in files {
            let problem = match self.depot.check(&file).await {
                Ok(()) => None,
                Err(problem @ (Error::Gone { .. } | Error::Tampered)) => Some(problem.to_string()),
                Err(problem) => {
                    // Nothing was found out about the file.
                    warn!(recording.id = %id, "A file cannot be looked at: {problem}");
                    return Ok(());
                }
            };
            if let Some(problem) = &problem {
                counter!("cadran_archive_files_bad_total").increment(1);
                error!(recording.id = %id, kind = file.kind.as_str(), "A file of {id} is not what was kept: {problem}");
            }
            self.store.file_checked(id, file.kind, now, problem.as_deref()).await?;
        }
        Ok(())
    }

    async fn work(&self, job: &ArchiveJob, now: Timestamp) -> Result<(), store::Error> {
        let id = job.recording;
        let done = match &job.step {
            ArchiveStep::Keep { path, with_wav } => self.keep(id, path, *with_wav, now).await,
            ArchiveStep::Remove => self.remove(id, now).await,
            ArchiveStep::Tidy => self.tidy(id).await,
        };
        let step = match job.step {
            ArchiveStep::Keep { .. } => "keep",
            ArchiveStep::Remove => "remove",
            ArchiveStep::Tidy => "tidy",
        };
        let outcome = if done.is_ok() { "done" } else { "failed" };
        counter!("cadran_archive_jobs_total", "step" => step, "outcome" => outcome).increment(1);
        match done {
            Ok(()) => {
                debug!(recording.id = %id, step, "{id} is archived");
                Ok(())
            }
            Err(Problem::Store(error)) => Err(error),
            Err(problem) => {
                warn!(recording.id = %id, step, tries = job.tries + 1, "{id} is not archived: {problem}");
                let due_at = now + pause(job.tries);
                self.store.not_archived(id, &problem.to_string(), due_at).await
            }
        }
    }

    async fn keep(&self, id: RecordingId, path: &str, with_wav: bool, now: Timestamp) -> Result<(), Problem> {
        let wav = self.depot.recorded(path).await?;
        let (source, bits) = (wav.clone(), self.keeping.bits_per_second);
        let Encoded { opus, waveform } =
            tokio::task::spawn_blocking(move || encoding::encode(&source, bits)).await??;
        let mut files = vec![
            self.put(FileKind::Opus, id.place("opus"), opus).await?,
            self.put(FileKind::Waveform, id.place("waveform.json"), waveform).await?,
        ];
        if with_wav {
            let bytes = tokio::fs::metadata(&wav).await?.len();
            let mut wav = File::open(&wav).await?;
            files.push(self.depot.put(FileKind::Wav, id.place("wav"), bytes, &mut wav).await?);
        }
        if self.store.archived(id, &files, now).await? {
            self.tidy(id).await?;
        }
        Ok(())
    }

    async fn put(&self, kind: FileKind, name: String, bytes: Vec<u8>) -> Result<KeptFile, Error> {
        let size = bytes.len() as u64;
        self.depot.put(kind, name, size, &mut Cursor::new(bytes)).await
    }

    async fn tidy(&self, id: RecordingId) -> Result<(), Problem> {
        self.depot.remove_recorded(&id.place("wav")).await?;
        Ok(self.store.tidied(id).await?)
    }

    async fn remove(&self, id: RecordingId, now: Timestamp) -> Result<(), Problem> {
        for file in self.store.kept_files(id).await? {
            self.depot.remove(&file).await?;
        }
        for extension in ["wav", "partial.wav"] {
            self.depot.remove_recorded(&id.place(extension)).await?;
        }
        Ok(self.store.recording_deleted(id, now, now + self.keeping.backups).await?)
    }
}

/// The pause after so many failures and one more.
fn pause(tries: u32) -> Duration {
    PAUSE_MIN.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_limit() {
        let seconds = [0, 1, 2, 5, 6, 40].map(|tries| pause(tries).as_secs());
        assert_eq!(seconds, [10, 20, 40, 320, 600, 600]);
    }
}
