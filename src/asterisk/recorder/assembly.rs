//! The file made of the two halves of a recording, and where it lies.
//!
//! Blocking file work; call it from a thread that may wait.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use cadran_engine::model::{RecordingFacts, RecordingId};

use super::super::names::Speaker;
use super::super::stereo::{self, BadHalf, Track};

/// A half as Asterisk gave it.
pub(super) struct Fetched {
    /// Who speaks.
    pub(super) speaker: Speaker,
    /// The file; none when Asterisk has none.
    pub(super) file: Option<Bytes>,
    /// How much later than the other half it begins.
    pub(super) delay: Duration,
}

/// What came of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assembled {
    /// The file, or for people to read why there is none of the whole call.
    pub(super) found: Result<RecordingFacts, String>,
    /// Whether Asterisk holds nothing more of worth, so that the halves can go.
    pub(super) settled: bool,
}

/// Why there is no sound of a speaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Silence {
    #[error("is empty: is the disk of Asterisk full?")]
    Empty,
    #[error("was not recorded")]
    NotRecorded,
    #[error(transparent)]
    Unreadable(#[from] BadHalf),
}

/// Makes the file. A side without sound is silent in it; then it is kept beside the place of a whole recording and
/// not passed off as one. The length that counts is that of the shorter side.
pub(super) fn assemble(
    directory: &Path,
    recording: RecordingId,
    left: &Fetched,
    right: &Fetched,
) -> Assembled {
    let place = match (left.track(), right.track()) {
        (Ok(_), Ok(_)) => place(recording),
        (Err(left), Err(right)) => {
            let unreadable = [left, right].iter().any(|side| matches!(side, Silence::Unreadable(_)));
            let reason = format!("the customer's side {left}; the agent's side {right}");
            return Assembled { found: Err(reason), settled: !unreadable };
        }
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => partial_place(recording),
    };
    let tracks = [left, right].map(|half| half.track().unwrap_or_default());
    let found = match stereo::write(&directory.join(&place), tracks[0], tracks[1]) {
        Err(problem) => {
            return Assembled { found: Err(disk_reason(&problem)), settled: false };
        }
        Ok(written) => {
            let silent = [left, right].into_iter().find_map(|half| Some((half, half.track().err()?)));
            match silent {
                Some((half, why)) => {
                    Err(format!("{} {why}; the other side was kept as {place}", half.side()))
                }
                None => Ok(RecordingFacts {
                    path: place,
                    bytes: written.bytes,
                    duration: written.duration.min(tracks[0].length()).min(tracks[1].length()),
                }),
            }
        }
    };
    Assembled { found, settled: true }
}

/// What an earlier collection of this recording kept, if anything.
pub(super) fn look_up(directory: &Path, recording: RecordingId) -> Option<Assembled> {
    let (whole, partial) = (place(recording), partial_place(recording));
    let found = match stereo::measure(&directory.join(&whole)) {
        Ok(file) => Ok(RecordingFacts { path: whole, bytes: file.bytes, duration: file.duration }),
        Err(_) if directory.join(&partial).exists() => {
            Err(format!("only one side was recorded; it was kept as {partial}"))
        }
        Err(_) => return None,
    };
    Some(Assembled { found, settled: true })
}

impl Fetched {
    fn track(&self) -> Result<Track<'_>, Silence> {
        let file = self.file.as_ref().ok_or(Silence::NotRecorded)?;
        // A full disk leaves a file without sound, or without anything.
        let sound = if file.is_empty() { &[] } else { stereo::sound(file)? };
        if sound.is_empty() { Err(Silence::Empty) } else { Ok(Track { sound, delay: self.delay }) }
    }

    fn side(&self) -> &'static str {
        match self.speaker {
            Speaker::Customer => "the customer's side",
            Speaker::Agent => "the agent's side",
        }
    }
}

/// Where the file of a recording lies below the recordings directory.
fn place(recording: RecordingId) -> String {
    recording.place("wav")
}

/// Where the file lies when one side is missing.
fn partial_place(recording: RecordingId) -> String {
    recording.place("partial.wav")
}

fn disk_reason(problem: &io::Error) -> String {
    match problem.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the disk of the recordings directory is full; the sound is still on Asterisk".to_owned()
        }
        _ => format!("the file could not be written to the recordings directory: {problem}"),
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::CallId;
    use uuid::Uuid;

    use super::*;

    /// A directory of its own for each test, gone at its end.
    struct Directory(std::path::PathBuf);

    impl Directory {
        fn new(test: &str) -> Self {
            Self(std::env::temp_dir().join(format!("cadran-assembly-{}-{test}", std::process::id())))
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn recording() -> RecordingId {
        // 2026-11-20T13:46:39Z.
        let uuid = Uuid::try_parse("01a1f935-7718-7000-8000-000000000007").unwrap();
        RecordingId { call: CallId::from_uuid(uuid), part: 2 }
    }

    /// A half with `samples` samples of sound.
    fn half(speaker: Speaker, samples: usize) -> Fetched {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: stereo::SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        (0..samples).for_each(|_| writer.write_sample(7_i16).unwrap());
        writer.finalize().unwrap();
        Fetched { speaker, file: Some(file.into_inner().into()), delay: Duration::ZERO }
    }

    #[test]
    fn two_halves_make_a_recording_as_long_as_the_shorter() {
        let directory = Directory::new("whole");
        let made =
            assemble(&directory.0, recording(), &half(Speaker::Customer, 80), &half(Speaker::Agent, 800));
        let facts = made.found.unwrap();
        assert!(made.settled);
        assert_eq!(facts.path, "2026/11/20/rec_01a1f935771870008000000000000007-2.wav");
        assert_eq!((facts.bytes, facts.duration), (44 + 800 * 4, Duration::from_millis(10)));

        let found_again = look_up(&directory.0, recording()).unwrap();
        assert_eq!(found_again.found.unwrap().path, facts.path);
    }

    #[test]
    fn one_half_is_kept_and_not_passed_off_as_the_whole() {
        let directory = Directory::new("partial");
        let missing = Fetched { speaker: Speaker::Agent, file: None, delay: Duration::ZERO };
        let made = assemble(&directory.0, recording(), &half(Speaker::Customer, 80), &missing);
        let kept = "2026/11/20/rec_01a1f935771870008000000000000007-2.partial.wav";
        let reason = format!("the agent's side was not recorded; the other side was kept as {kept}");
        assert_eq!(made, Assembled { found: Err(reason), settled: true });

        let reason = format!("only one side was recorded; it was kept as {kept}");
        assert_eq!(look_up(&directory.0, recording()), Some(Assembled { found: Err(reason), settled: true }));
    }

    #[test]
    fn halves_without_sound_leave_no_file() {
        let directory = Directory::new("silence");
        let empty = Fetched { file: Some(Bytes::new()), ..half(Speaker::Customer, 0) };
        let made = assemble(&directory.0, recording(), &empty, &half(Speaker::Agent, 0));
        let reason = "the customer's side is empty: is the disk of Asterisk full?; \
                      the agent's side is empty: is the disk of Asterisk full?";
        assert_eq!(made, Assembled { found: Err(reason.to_owned()), settled: true });
        assert_eq!(look_up(&directory.0, recording()), None);
    }

    #[test]
    fn halves_that_cannot_be_read_stay_on_asterisk() {
        let directory = Directory::new("unreadable");
        let noise = Fetched { file: Some(Bytes::from_static(b"noise")), ..half(Speaker::Customer, 0) };
        let made = assemble(&directory.0, recording(), &noise, &half(Speaker::Agent, 0));
        assert!(!made.settled);
    }

    #[test]
    fn a_directory_that_cannot_be_written_to_keeps_the_halves() {
        let directory = Directory::new("file");
        std::fs::write(&directory.0, "not a directory").unwrap();
        let made =
            assemble(&directory.0, recording(), &half(Speaker::Customer, 80), &half(Speaker::Agent, 80));
        assert!(!made.settled);
        assert!(made.found.unwrap_err().contains("could not be written"));
        std::fs::remove_file(&directory.0).unwrap();
    }
}
