//! Makes one stereo file of the two halves of a recording: customer left, agent right.
//!
//! Blocking file work; call it from a thread that may wait.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

/// Samples per second of the halves: Asterisk's `wav` format is 16-bit linear sound at 8 kHz.
pub(super) const SAMPLE_RATE: u32 = 8_000;
const BYTES_PER_SAMPLE: usize = 2;
/// Bytes of a RIFF chunk's name and length.
const CHUNK_HEADER: usize = 8;

/// The sound of one speaker.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Track<'a> {
    /// 16-bit little-endian samples; empty for a speaker of whom nothing was kept.
    pub(super) sound: &'a [u8],
    /// How much later than the other speaker's this one begins.
    pub(super) delay: Duration,
}

/// Why the bytes of a half are not sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadHalf {
    /// Nothing that a reader of WAV files would recognise.
    #[error("is not a WAV file")]
    NotWav,
    /// Not 16 bits, one channel, 8 kHz.
    #[error("is not 16-bit mono sound at 8 kHz")]
    OtherFormat,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Size of the file.
    pub(super) bytes: u64,
    /// Length of the sound in it.
    pub(super) duration: Duration,
}

/// The samples in a WAV file as Asterisk writes it.
///
/// The lengths in the header are not believed: Asterisk fills them in at the end, so an Asterisk that was killed
/// leaves zeros there and the sound behind them.
pub(super) fn sound(wav: &[u8]) -> Result<&[u8], BadHalf> {
    let mut rest = wav
        .strip_prefix(b"RIFF")
        .and_then(|rest| rest.get(4..)?.strip_prefix(b"WAVE"))
        .ok_or(BadHalf::NotWav)?;
    let mut format_seen = false;
    while let Some((header, body)) = rest.split_at_checked(CHUNK_HEADER) {
        let (name, length) = header.split_at(4);
        let length = usize::try_from(little_endian(length)).unwrap_or(usize::MAX);
        match name {
            b"fmt " => {
                check_format(body.get(..16).ok_or(BadHalf::NotWav)?)?;
                format_seen = true;
            }
            b"data" if format_seen => {
                let length = if length == 0 { body.len() } else { length.min(body.len()) };
                return Ok(&body[..length - length % BYTES_PER_SAMPLE]);
            }
            _ => {}
        }
        rest = body.get(length..).unwrap_or_default();
    }
    Err(BadHalf::NotWav)
}

/// The fields of the `fmt ` chunk: format (1 is linear), channels, samples per second, ..., bits per sample.
fn check_format(fields: &[u8]) -> Result<(), BadHalf> {
    let linear_mono = fields[..4] == [1, 0, 1, 0];
    let rate = little_endian(&fields[4..8]);
    let bits = little_endian(&fields[14..16]);
    let ours = linear_mono && rate == u64::from(SAMPLE_RATE) && bits == 16;
    ours.then_some(()).ok_or(BadHalf::OtherFormat)
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Writes the stereo file at `path`, whole or not at all, and reads it back.
///
/// It is written beside its place, flushed to the disk and only then renamed, so that a crash or a full disk leaves
/// no file that looks complete.
pub(super) fn write(path: &Path, left: Track<'_>, right: Track<'_>) -> io::Result<Written> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(directory)?;
    let beside = beside(path);
    let written = write_samples(&beside, left, right).and_then(|()| fs::rename(&beside, path));
    if let Err(problem) = written {
        // Already on the way out with the cause; a leftover is overwritten by the next try.
        let _ = fs::remove_file(&beside);
        return Err(problem);
    }
    File::open(directory)?.sync_all()?;
    measure(path)
}

/// Size and length of a stereo file that is in its place.
pub(super) fn measure(path: &Path) -> io::Result<Written> {
    let bytes = fs::metadata(path)?.len();
    let frames = WavReader::open(path).map_err(as_io)?.duration();
    Ok(Written { bytes, duration: duration(usize::try_from(frames).unwrap_or(usize::MAX)) })
}

/// The time that so many samples last.
fn duration(samples: usize) -> Duration {
    let micros = samples as u128 * 1_000_000 / u128::from(SAMPLE_RATE);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("wav.part")
}

fn write_samples(path: &Path, left: Track<'_>, right: Track<'_>) -> io::Result<()> {
    let spec = WavSpec {
        channels: 2,
        sample_rate: SAMPLE_RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut file = WavWriter::new(BufWriter::new(File::create(path)?), spec).map_err(as_io)?;
    let (mut left, mut right) = (left.samples(), right.samples());
    for _ in 0..left.len().max(right.len()) {
        file.write_sample(left.next().unwrap_or_default()).map_err(as_io)?;
        file.write_sample(right.next().unwrap_or_default()).map_err(as_io)?;
    }
    file.finalize().map_err(as_io)?;
    File::open(path)?.sync_all()
}

impl<'a> Track<'a> {
    /// From the beginning of the earlier speaker's sound to the end of this one's.
    pub(super) fn length(self) -> Duration {
        duration(self.samples().len())
    }

    /// Silence for the delay, then the sound.
    fn samples(self) -> Samples<'a> {
        let silent = self.delay.as_millis() * u128::from(SAMPLE_RATE) / 1_000;
        let (sound, _odd_byte) = self.sound.as_chunks();
        Samples { silent: usize::try_from(silent).unwrap_or(usize::MAX), sound: sound.iter() }
    }
}

/// The samples of a track, one by one.
struct Samples<'a> {
    silent: usize,
    sound: std::slice::Iter<'a, [u8; BYTES_PER_SAMPLE]>,
}

impl Samples<'_> {
    fn len(&self) -> usize {
        self.silent.saturating_add(self.sound.len())
    }

    fn next(&mut self) -> Option<i16> {
        if let Some(left) = self.silent.checked_sub(1) {
            self.silent = left;
            return Some(0);
        }
        self.sound.next().copied().map(i16::from_le_bytes)
    }
}

fn as_io(problem: hound::Error) -> io::Error {
    match problem {
        hound::Error::IoError(problem) => problem,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WAV file whose `data` chunk claims to be `claimed` bytes long.
    fn wav(claimed: u32, sound: &[u8]) -> Vec<u8> {
        let mut file =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0".to_vec();
        file.extend(b"LIST\x02\0\0\0xxdata");
        file.extend(claimed.to_le_bytes());
        file.extend(sound);
        file
    }

    #[test]
    fn the_sound_is_found_whatever_the_header_claims() {
        let samples = [1, 0, 2, 0, 3];
        assert_eq!(sound(&wav(4, &samples)), Ok(&[1, 0, 2, 0][..]));
        assert_eq!(sound(&wav(2, &samples)), Ok(&[1, 0][..]));
        assert_eq!(sound(&wav(u32::MAX, &samples)), Ok(&[1, 0, 2, 0][..]));
        assert_eq!(sound(&wav(0, &samples)), Ok(&[1, 0, 2, 0][..]));
        assert_eq!(sound(&wav(0, &[])), Ok(&[][..]));
    }

    #[test]
    fn what_is_not_sound_is_refused() {
        assert_eq!(sound(b""), Err(BadHalf::NotWav));
        assert_eq!(sound(b"RIFF\0\0\0\0WAVEdata\x02\0\0\0ab"), Err(BadHalf::NotWav));
        let mut stereo = wav(2, &[1, 0]);
        stereo[22] = 2;
        assert_eq!(sound(&stereo), Err(BadHalf::OtherFormat));
        for length in 0..wav(2, &[1, 0]).len() - 2 {
            // Cut short anywhere: an error or no sound, never a panic.
            assert!(sound(&wav(2, &[1, 0])[..length]).unwrap_or_default().is_empty());
        }
    }

    #[test]
    fn the_later_half_is_padded_and_the_shorter_filled_up() {
        let directory = std::env::temp_dir().join(format!("cadran-stereo-{}", std::process::id()));
        let path = directory.join("2026/11/20/rec.wav");
        let left = Track { sound: &[1, 0, 2, 0], delay: Duration::ZERO };
        let right = Track { sound: &[9, 0], delay: Duration::from_millis(1) };
        let written = write(&path, left, right).unwrap();

        let mut file = hound::WavReader::open(&path).unwrap();
        let samples: Vec<i16> = file.samples().collect::<Result<_, _>>().unwrap();
        let mut expected = vec![0; 18];
        expected[0] = 1;
        expected[2] = 2;
        expected[17] = 9;
        assert_eq!(samples, expected);
        assert_eq!(written, measure(&path).unwrap());
        assert_eq!((written.bytes, written.duration), (44 + 36, Duration::from_micros(1_125)));
        assert!(!beside(&path).exists());
        fs::remove_dir_all(directory).unwrap();
    }
}
