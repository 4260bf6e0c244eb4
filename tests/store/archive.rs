//! Recordings after the call: kept, sealed, played, checked, deleted.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cadran::archive::{Archivist, Depot, Error, Keeper, Keeping, Keys, Readable, Retainer, disk};
use cadran::rule_packs;
use cadran::store::{ArchiveState, DeletionOrder, FileKind, KeptFile, LegalHold, Ordered, Place, Store};
use cadran_engine::command::Write;
use cadran_engine::model::{RecordingFacts, RecordingId, RecordingState, Timestamp};
use futures_util::TryStreamExt as _;
use object_store::ObjectStore;
use tempfile::TempDir;

use super::database::Database;
use super::s3::S3;
use super::world::{Desk, HOLDER, World, at};

const SAMPLE_RATE: u32 = 8_000;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A centre whose calls have been recorded, and the archivist who keeps the recordings.
struct Archive {
    store: Store,
    depot: Depot,
    archivist: Archivist,
    directory: TempDir,
    recordings: Vec<RecordingId>,
}

impl Archive {
    /// So many recordings of three seconds each, none kept yet.
    async fn with(database: &Database, recordings: u32, bucket: Option<Arc<dyn ObjectStore>>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["recordings", "archive"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let keys = Keys::parse(&"5e".repeat(32)).unwrap();
        let kept = disk(&directory.path().join("archive")).unwrap();
        let depot = Depot::new(directory.path().join("recordings"), kept, bucket, keys);
        let store = database.store.clone();
        let keeping = Keeping { bits_per_second: 32_000, backups: 30 * DAY };
        let archivist = Archivist::new(store.clone(), depot.clone(), HOLDER.to_owned(), keeping, || at(0));
        let mut archive = Self { store, depot, archivist, directory, recordings: Vec::new() };
        archive.record(recordings).await;
        archive
    }

    async fn record(&mut self, count: u32) {
        let world = World::with_leads(&self.store, count).await;
        let mut desk = Desk::of(&self.store);
        for _ in 0..count {
            let call = desk.dial(&world, &self.store).await.call;
            let recording = RecordingId { call, part: 1 };
            let path = recording.place("wav");
            let bytes = write_wav(&self.directory.path().join("recordings").join(&path));
            let duration = Duration::from_secs(3);
            let facts = RecordingFacts { path, bytes, duration };
            desk.keep([
                Write::OpenRecording { recording, caller: None, started_at: at(6) },
                Write::CloseRecording {
                    recording,
                    state: RecordingState::Verified(facts),
                    expected: duration,
                },
            ])
            .await;
            self.recordings.push(recording);
        }
    }

    /// Where the WAV file of the recording lies until it is kept.
    fn wav(&self, recording: RecordingId) -> PathBuf {
        self.directory.path().join("recordings").join(recording.place("wav"))
    }

    async fn state(&self, recording: RecordingId) -> ArchiveState {
        self.store.recording(recording).await.unwrap().unwrap().archive
    }

    async fn file(&self, recording: RecordingId, kind: FileKind) -> KeptFile {
        let files = self.store.kept_files(recording).await.unwrap();
        files.into_iter().find(|file| file.kind == kind).unwrap()
    }

    async fn read(&self, readable: Readable, part: Range<u64>) -> Vec<u8> {
        let pieces: Vec<bytes::Bytes> = self.depot.stream(readable, part).try_collect().await.unwrap();
        pieces.concat()
    }
}

/// Three seconds of a tone on each side.
fn write_wav(path: &std::path::Path) -> u64 {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).unwrap();
    for sample in 0..3 * SAMPLE_RATE {
        for hertz in [1000.0, 440.0] {
            let turn = std::f64::consts::TAU * hertz * f64::from(sample) / f64::from(SAMPLE_RATE);
            wav.write_sample((8000.0 * turn.sin()) as i16).unwrap();
        }
    }
    wav.finalize().unwrap();
    fs::metadata(path).unwrap().len()
}

pub(crate) async fn a_recording_is_kept_sealed_and_comes_back(database: &Database) {
    let archive = Archive::with(database, 2, None).await;
    let [recording, other] = archive.recordings[..] else { panic!("two recordings") };
    let wav = fs::read(archive.wav(recording)).unwrap();
    let recorded = archive.depot.open_recorded(&recording.place("wav")).await.unwrap();
    assert_eq!(archive.read(recorded, 44..1000).await, wav[44..1000], "it can be played meanwhile");

    assert_eq!(archive.archivist.round(at(100)).await.unwrap(), 2);
    assert_eq!(archive.archivist.round(at(100)).await.unwrap(), 0);
    assert_eq!(archive.state(recording).await, ArchiveState::Done);
    assert!(!archive.wav(recording).exists() && !archive.wav(other).exists());

    let opus = archive.file(recording, FileKind::Opus).await;
    assert_eq!((opus.place, opus.name.as_str()), (Place::Disk, recording.place("opus").as_str()));
    let sealed = fs::read(archive.directory.path().join("archive").join(&opus.name)).unwrap();
    assert!(opus.key.is_some() && !sealed.windows(4).any(|bytes| bytes == b"OggS"), "it is not sealed");
    let bytes = opus.bytes;
    let open = async || archive.depot.open(opus.clone()).await.unwrap();
    let whole = archive.read(open().await, 0..bytes).await;
    assert!(whole.starts_with(b"OggS") && whole.len() as u64 == bytes && whole.len() < wav.len() / 5);
    assert_eq!(archive.read(open().await, 100..200).await, whole[100..200]);

    let drawing = archive.file(recording, FileKind::Waveform).await;
    let size = drawing.bytes;
    let drawing = archive.depot.open(drawing).await.unwrap();
    let drawing: serde_json::Value = serde_json::from_slice(&archive.read(drawing, 0..size).await).unwrap();
    assert_eq!(drawing["customer"].as_array().unwrap().len(), 2 * 150);
}

/// An hour of virtual time, in which the archivist comes back as often as the rows say.
pub(crate) async fn nothing_is_lost_while_the_bucket_is_away_for_an_hour(database: &Database) {
    let (s3, bucket) = S3::start().await;
    *s3.is_away.lock().unwrap() = true;
    let archive = Archive::with(database, 1, Some(bucket)).await;
    let recording = archive.recordings[0];
    let mut tries = 0;
    // Every ten minutes the archivist looks once: the longest pause is that long.
    for second in (0..3600).step_by(600) {
        tries += archive.archivist.round(at(second)).await.unwrap();
        let row = archive.store.recording(recording).await.unwrap().unwrap();
        assert_eq!(row.archive, ArchiveState::Waiting);
        assert!(row.archive_problem.unwrap().contains("bucket does not answer"));
        assert!(archive.wav(recording).exists());
    }
    assert_eq!(tries, 6);
    let recorded = archive.depot.open_recorded(&recording.place("wav")).await.unwrap();
    assert!(archive.read(recorded, 0..4).await == b"RIFF", "it can be played meanwhile");

    *s3.is_away.lock().unwrap() = false;
    assert_eq!(archive.archivist.round(at(3600)).await.unwrap(), 1);
    let row = archive.store.recording(recording).await.unwrap().unwrap();
    assert_eq!((row.archive, row.archive_problem), (ArchiveState::Done, None));
    assert!(!archive.wav(recording).exists());
    assert_eq!(s3.objects.lock().unwrap().len(), 2);
}

pub(crate) async fn a_bucket_takes_gives_and_forgets(database: &Database) {
    let (s3, bucket) = S3::start().await;
    let archive = Archive::with(database, 1, Some(bucket)).await;
    let recording = archive.recordings[0];
    archive.archivist.round(at(0)).await.unwrap();
    let opus = archive.file(recording, FileKind::Opus).await;
    assert_eq!(opus.place, Place::Bucket);
    assert_eq!(fs::read_dir(archive.directory.path().join("archive")).unwrap().count(), 0);
    let bytes = opus.bytes;
    let whole = archive.read(archive.depot.open(opus.clone()).await.unwrap(), 0..bytes).await;
    assert!(whole.starts_with(b"OggS"));

    let order = DeletionOrder {
        recording,
        at: at(10),
        rule: None,
        reason: "asked by the customer".to_owned(),
        by: Some("admin".to_owned()),
    };
    assert_eq!(archive.store.delete_recording(&order).await.unwrap(), Ordered::Yes);
    archive.archivist.round(at(10)).await.unwrap();
    assert!(s3.objects.lock().unwrap().is_empty());
}

pub(crate) async fn a_file_that_was_changed_is_noticed(database: &Database) {
    let archive = Archive::with(database, 2, None).await;
    let [changed, lost] = archive.recordings[..] else { panic!("two recordings") };
    archive.archivist.round(at(0)).await.unwrap();
    let (changed_file, lost_file) =
        (archive.file(changed, FileKind::Opus).await, archive.file(lost, FileKind::Opus).await);
    let place = |file: &KeptFile| archive.directory.path().join("archive").join(&file.name);
    let mut bytes = fs::read(place(&changed_file)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(place(&changed_file), bytes).unwrap();
    fs::remove_file(place(&lost_file)).unwrap();
    assert!(matches!(archive.depot.open(changed_file).await, Err(Error::Tampered)));
    assert!(matches!(archive.depot.open(lost_file).await, Err(Error::Gone { .. })));

    // Nobody plays them; the monthly look finds out all the same.
    assert_eq!(archive.archivist.round(at(0) + 29 * DAY).await.unwrap(), 0);
    let problem = async |recording| archive.file(recording, FileKind::Opus).await.problem.unwrap();
    assert_eq!(problem(changed).await, "the file was changed after it was kept");
    assert_eq!(problem(lost).await, "the file is gone from disk");
    assert_eq!(archive.file(changed, FileKind::Waveform).await.problem, None);
}

pub(crate) async fn a_deletion_leaves_its_proof_and_nothing_else(database: &Database) {
    let archive = Archive::with(database, 2, None).await;
    let [kept, waiting] = archive.recordings[..] else { panic!("two recordings") };
    // The WAV file of one is gone for a while, so that it waits.
    let aside = archive.directory.path().join("aside.wav");
    fs::rename(archive.wav(waiting), &aside).unwrap();
    archive.archivist.round(at(0)).await.unwrap();
    fs::rename(&aside, archive.wav(waiting)).unwrap();
    assert_eq!(archive.state(waiting).await, ArchiveState::Waiting);
    let sha256 = archive.file(kept, FileKind::Opus).await.sha256;
    for recording in [kept, waiting] {
        let (rule, reason) =
            (Some("fr-2026: training_quality".to_owned()), "its retention is over".to_owned());
        let order = DeletionOrder { recording, at: at(100), rule, reason, by: None };
        assert_eq!(archive.store.delete_recording(&order).await.unwrap(), Ordered::Yes);
        assert_eq!(archive.state(recording).await, ArchiveState::Deleting);
    }
    assert_eq!(archive.archivist.round(at(101)).await.unwrap(), 2);
    for recording in [kept, waiting] {
        assert_eq!(archive.state(recording).await, ArchiveState::Deleted);
        assert_eq!(archive.store.kept_files(recording).await.unwrap(), []);
        let proof = archive.store.deletion(recording).await.unwrap().unwrap();
        assert_eq!(proof.deleted_at, Some(at(101)));
        assert_eq!(proof.backups_until, Some(at(101) + 30 * DAY));
    }
    assert_eq!(archive.store.deletion(kept).await.unwrap().unwrap().sha256, Some(sha256));
    assert_eq!(files_below(archive.directory.path()), Vec::<PathBuf>::new());
}

pub(crate) async fn rules_delete_what_no_hold_keeps(database: &Database) {
    let archive = Archive::with(database, 2, None).await;
    let [free, held] = archive.recordings[..] else { panic!("two recordings") };
    archive.archivist.round(at(0)).await.unwrap();
    let hold = LegalHold { reason: "court".to_owned(), by: "admin".to_owned(), at: at(1) };
    assert!(archive.store.hold_recording(held, Some(&hold)).await.unwrap());
    let packs = rule_packs::named(&["fr-2026".to_owned(), "de".to_owned()]).unwrap();
    let keeper = Keeper { packs, purpose: "training_quality".to_owned() };
    let retainer = Retainer::new(archive.store.clone(), HOLDER.to_owned(), keeper, || at(0));
    let after = |days: u32| at(0) + days * DAY;
    assert_eq!(retainer.apply(after(27)).await.unwrap(), 0);
    assert_eq!(retainer.apply(after(180)).await.unwrap(), 0, "six months are not over");
    assert_eq!(retainer.apply(after(190)).await.unwrap(), 1);
    assert_eq!(retainer.apply(after(190)).await.unwrap(), 0);
    archive.archivist.round(after(190)).await.unwrap();
    assert_eq!(archive.state(free).await, ArchiveState::Deleted);
    assert_eq!(archive.state(held).await, ArchiveState::Done);
    let proof = archive.store.deletion(free).await.unwrap().unwrap();
    assert_eq!(proof.order.rule.as_deref(), Some("fr-2026: training_quality"));
    assert_eq!(proof.order.at, after(190));
    let gone: Option<Timestamp> = proof.deleted_at;
    assert_eq!(gone, Some(after(190)));
}

fn files_below(directory: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}
