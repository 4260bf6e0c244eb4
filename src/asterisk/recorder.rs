//! Recordings: one snoop channel per speaker hears what its leg says (of a caller whom nobody speaks with a second one
//! hears what they hear), and each is recorded to a file of its own on
//! Asterisk. When the call is over both files are fetched and become one stereo file of ours.
//!
//! Two snoops cost no more than one mixed recording of the bridge (0.56 % against 0.64 % of a core per call), keep the
//! bridge native and the speakers apart. While a recording is masked it is muted: Asterisk writes silence, so that
//! the file stays as long as the call and the two halves in step.
//!
//! The halves are deleted on Asterisk only once the file made of them is safely on disk, and collecting a recording
//! again finds the file that is there. So nothing is lost when the daemon or Asterisk dies in between.

mod assembly;
mod progress;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ari::{Client, SnoopDirection};
use cadran_engine::input::{CommandFailure, SwitchEvent};
use cadran_engine::model::RecordingId;
use tokio::sync::{Semaphore, mpsc};
use tracing::warn;

use super::commands::{failure, gone, repeated, sent};
use super::names::{Half, Names};
use assembly::{Assembled, Fetched};
use progress::Progress;

/// How long a snoop channel may take to come under our control.
const SNOOP_ENTERS_MAX: Duration = Duration::from_secs(2);

/// How long Asterisk may take to close a file after it was told to stop.
const FINISH_MAX: Duration = Duration::from_secs(5);

/// How long one half may take to be fetched: an hour of sound is 58 MB.
const FETCH_MAX: Duration = Duration::from_secs(20);

/// How many recordings are fetched and written at a time. Each holds its two halves in memory meanwhile, and calls
/// matter more than the disk.
const COLLECTED_AT_ONCE: usize = 2;

/// How long a recording is tried to be collected while Asterisk cannot be asked, or the file cannot be written; the
/// engine gives up after 50 s.
const COLLECT_FOR: Duration = Duration::from_secs(40);

/// Pause between the first two tries; each further one is twice as long, because each fetches the sound anew.
const COLLECT_PAUSE: Duration = Duration::from_secs(1);

/// The halves of one recording begin within milliseconds. More than this is a wrong clock, not a late half.
const SKEW_MAX: Duration = Duration::from_secs(2);

/// Asterisk's format for 16-bit linear sound at 8 kHz.
const FORMAT: &str = "wav";

/// Starts, masks and collects recordings.
#[derive(Debug)]
pub(super) struct Recorder {
    client: Client,
    app: String,
    names: Names,
    directory: PathBuf,
    news: mpsc::Sender<SwitchEvent>,
    progress: Progress,
    collecting: Semaphore,
}

impl Recorder {
    /// A recorder that keeps stereo files below `directory` and tells of them through `news`.
    pub(super) fn new(
        client: Client,
        app: String,
        names: Names,
        directory: PathBuf,
        news: mpsc::Sender<SwitchEvent>,
    ) -> Self {
        Self {
            client,
            app,
            progress: Progress::new(names.clone()),
            names,
            directory,
            news,
            collecting: Semaphore::new(COLLECTED_AT_ONCE),
        }
    }

    /// Takes note of what Asterisk reports about our snoops and recordings.
    pub(super) fn note(&self, event: &ari::Event) {
        self.progress.note(event);
    }

    /// Begins to record two channels, or what one says and hears where there is no other. Fails only if neither side can be recorded; a missing side is told when the recording is
    /// collected.
    pub(super) async fn start(
        &self,
        recording: RecordingId,
        customer: String,
        agent: Option<String>,
    ) -> Result<(), CommandFailure> {
        let [left, right] = Half::both(recording);
        let (other, heard) = match agent {
            Some(agent) => (agent, SnoopDirection::In),
            None => (customer.clone(), SnoopDirection::Out),
        };
        let said = self.start_half(left, customer, SnoopDirection::In);
        match tokio::join!(said, self.start_half(right, other, heard)) {
            (Err(problem), Err(_)) => {
                self.progress.forget(recording);
                Err(problem)
            }
            (Err(problem), Ok(())) | (Ok(()), Err(problem)) => {
                warn!(recording.id = %recording, "One side is not recorded: {problem:?}");
                Ok(())
            }
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    async fn start_half(
        &self,
        half: Half,
        channel: String,
        spy: SnoopDirection,
    ) -> Result<(), CommandFailure> {
        self.progress.follow(half);
        let snoop = ari::channels::SnoopWithId {
            spy: Some(spy),
            ..ari::channels::SnoopWithId::new(channel, self.names.snoop(half), self.app.clone())
        };
        sent(&self.client, snoop).await?;
        // Without the news that it entered, the attempt to record says what is wrong.
        let _ = tokio::time::timeout(SNOOP_ENTERS_MAX, self.progress.entered(half)).await;
        let record = ari::channels::Record::new(self.names.snoop(half), self.names.recording(half), FORMAT);
        let outcome = sent(&self.client, record).await;
        if outcome.is_err() {
            // A snoop that records nothing would stay for as long as its leg; the failure is reported either way.
            let _ = gone(&self.client, ari::channels::Hangup::new(self.names.snoop(half))).await;
        }
        outcome
    }

    /// Writes silence on both sides.
    pub(super) async fn mask(&self, recording: RecordingId) -> Result<(), CommandFailure> {
        let mute =
            |half: Half| repeated(&self.client, ari::recordings::Mute::new(self.names.recording(half)));
        self.on_both(recording, mute).await
    }

    /// Writes sound again on both sides.
    pub(super) async fn unmask(&self, recording: RecordingId) -> Result<(), CommandFailure> {
        let unmute =
            |half: Half| repeated(&self.client, ari::recordings::Unmute::new(self.names.recording(half)));
        self.on_both(recording, unmute).await
    }

    async fn on_both<F>(&self, recording: RecordingId, act: impl Fn(Half) -> F) -> Result<(), CommandFailure>
    where
        F: Future<Output = Result<(), ari::Error>>,
    {
        let [left, right] = Half::both(recording).map(act);
        let (left, right) = tokio::join!(left, right);
        left.and(right).map_err(|problem| failure(&problem))
    }

    /// Stops a recording that still runs, makes the stereo file of its halves, and tells what there is.
    ///
    /// Tries for [`COLLECT_FOR`] when Asterisk cannot be asked or the disk is full, and then fails: the halves are still
    /// there.
    pub(super) async fn collect(&self, recording: RecordingId) -> Result<(), CommandFailure> {
        let begun = Instant::now();
        let mut pause = COLLECT_PAUSE;
        let found = loop {
            let is_last = begun.elapsed() + pause >= COLLECT_FOR;
            match self.collect_once(recording).await {
                Ok(assembled) if assembled.settled || is_last => break assembled.found,
                Err(refusal @ CommandFailure::Refused { .. }) => return Err(refusal),
                Err(problem) if is_last => return Err(problem),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        };
        self.progress.forget(recording);
        let outcome = if found.is_ok() { "found" } else { "missing" };
        metrics::counter!("cadran_switch_recordings_collected_total", "outcome" => outcome).increment(1);
        // The engine is gone only when the daemon stops; the file is there for the next one.
        let _ = self.news.send(SwitchEvent::RecordingCollected { recording, found }).await;
        Ok(())
    }

    async fn collect_once(&self, recording: RecordingId) -> Result<Assembled, CommandFailure> {
        let [left, right] = Half::both(recording).map(|half| self.stop_half(half));
        let (left, right) = tokio::join!(left, right);
        left.and(right)?;
        let _turn = self.collecting.acquire().await;
        let assembled = match self.look_up(recording).await {
            Some(assembled) => assembled,
            None => self.assemble(recording).await?,
        };
        if assembled.settled {
            self.delete_halves(recording).await;
        }
        Ok(assembled)
    }

    /// Returns when nothing more is written to the half.
    async fn stop_half(&self, half: Half) -> Result<(), CommandFailure> {
        self.progress.follow(half);
        match repeated(&self.client, ari::recordings::Stop::new(self.names.recording(half))).await {
            Ok(()) => self.finished(half).await,
            Err(problem) if problem.is_not_found() => {}
            // It is ending by itself, because its leg has ended.
            Err(problem) if problem.is_conflict() => self.finished(half).await,
            Err(problem) => return Err(failure(&problem)),
        }
        gone(&self.client, ari::channels::Hangup::new(self.names.snoop(half))).await
    }

    /// Returns when the half's file is closed. Without the news of that it is fetched as it is; a short one is noticed
    /// by its length.
    async fn finished(&self, half: Half) {
        let _ = tokio::time::timeout(FINISH_MAX, self.progress.finished(half)).await;
    }

    /// The file of an earlier collection, if there is one.
    async fn look_up(&self, recording: RecordingId) -> Option<Assembled> {
        let directory = self.directory.clone();
        tokio::task::spawn_blocking(move || assembly::look_up(&directory, recording)).await.ok()?
    }

    /// Fetches the halves and makes the file of them.
    async fn assemble(&self, recording: RecordingId) -> Result<Assembled, CommandFailure> {
        let halves = Half::both(recording);
        let late =
            self.progress.delays(halves).map(|delay| if delay > SKEW_MAX { Duration::ZERO } else { delay });
        let (left, right) = tokio::join!(self.fetch(halves[0], late[0]), self.fetch(halves[1], late[1]));
        let (left, right) = (left?, right?);
        let directory = self.directory.clone();
        let assembled =
            tokio::task::spawn_blocking(move || assembly::assemble(&directory, recording, &left, &right))
                .await;
        Ok(assembled.unwrap_or_else(|problem| Assembled {
            found: Err(format!("the file could not be written: {problem}")),
            settled: false,
        }))
    }

    async fn fetch(&self, half: Half, delay: Duration) -> Result<Fetched, CommandFailure> {
        let download = ari::recordings::DownloadStored::new(self.names.recording(half));
        match self.client.send_within(download, FETCH_MAX).await {
            Ok(file) => Ok(Fetched { speaker: half.speaker, file: Some(file), delay }),
            Err(problem) if problem.is_not_found() => {
                Ok(Fetched { speaker: half.speaker, file: None, delay })
            }
            Err(problem) => Err(failure(&problem)),
        }
    }

    async fn delete_halves(&self, recording: RecordingId) {
        for half in Half::both(recording) {
            if let Err(problem) =
                gone(&self.client, ari::recordings::DeleteStored::new(self.names.recording(half))).await
            {
                warn!(recording.id = %recording, "A half is left on Asterisk: {problem:?}");
            }
        }
    }
}
