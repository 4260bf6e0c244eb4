//! From the WAV file of a call to what is kept of it, heard again before anybody relies on it.
//!
//! Blocking file work; call it from a thread that may wait.

use std::path::Path;

use hound::{SampleFormat, WavReader, WavSpec};

use super::opus::{self, OpusWriter, SAMPLE_RATE};
use super::waveform::Waveform;

/// The format of every recording: both sides, 16 bits.
const FORMAT: WavSpec =
    WavSpec { channels: 2, sample_rate: SAMPLE_RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// How much louder or quieter a side may be once it was encoded, as a factor: 3 dB.
const LEVEL_FACTOR_MAX: f64 = 1.41;
/// A shorter sound is compared by its length alone: half a second. The codec needs some packets to swing in.
const COMPARED_SAMPLES_MIN: u64 = SAMPLE_RATE as u64 / 2;
/// Below this level (root mean square of 16-bit samples, -54 dB) a side counts as silent, and stays so.
const SILENCE_LEVEL_MAX: f64 = 64.0;

/// What is kept of a recording.
#[derive(Debug)]
pub(super) struct Encoded {
    /// An Ogg Opus file.
    pub(super) opus: Vec<u8>,
    /// Its drawing, as JSON.
    pub(super) waveform: Vec<u8>,
}

/// Why a recording could not be encoded.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The drawing cannot be written.
    #[error("the waveform cannot be written: {0}")]
    Drawing(#[from] serde_json::Error),
    /// It is no stereo at 8 kHz.
    #[error("the file is not 16-bit stereo at 8 kHz")]
    Format,
    /// What was encoded is not as long as the sound.
    #[error("{heard} samples were encoded and {written} recorded")]
    Length {
        /// Samples of each side after decoding.
        heard: u64,
        /// Samples of each side before encoding.
        written: u64,
    },
    /// What was encoded is not as loud as the sound.
    #[error("the {side} side has the level {heard:.0} once encoded and {written:.0} recorded")]
    Level {
        /// Which side.
        side: &'static str,
        /// After decoding.
        heard: f64,
        /// Before encoding.
        written: f64,
    },
    /// The codec refuses.
    #[error(transparent)]
    Opus(#[from] opus::Error),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Wav(#[from] hound::Error),
}

/// How loud the two sides of a recording are, and how long.
#[derive(Clone, Copy, Debug, Default)]
struct Levels {
    samples: u64,
    sums: [f64; 2],
    squares: [f64; 2],
}

/// Encodes the WAV file at `path` with so many bits per second, and listens to what came of it.
pub(super) fn encode(path: &Path, bits_per_second: i32) -> Result<Encoded, Error> {
    let mut wav = WavReader::open(path)?;
    if wav.spec() != FORMAT {
        return Err(Error::Format);
    }
    let mut drawing = Waveform::of(u64::from(wav.duration()), SAMPLE_RATE);
    let mut file = OpusWriter::new(bits_per_second)?;
    let mut written = Levels::default();
    let mut samples = wav.samples();
    while let (Some(left), Some(right)) = (samples.next(), samples.next()) {
        let sides = [left?, right?];
        written.push(sides);
        drawing.push(sides);
        file.push(sides)?;
    }
    let opus = file.finish()?;
    let mut heard = Levels::default();
    opus::decode(&opus, |sides| heard.push(sides))?;
    heard.compare(&written)?;
    Ok(Encoded { opus, waveform: serde_json::to_vec(&drawing)? })
}

impl Levels {
    fn push(&mut self, sides: [i16; 2]) {
        self.samples += 1;
        for (side, sample) in sides.into_iter().enumerate() {
            self.sums[side] += f64::from(sample);
            self.squares[side] += f64::from(sample).powi(2);
        }
    }

    /// Root mean square of each side about its mean: codecs drop a constant offset, and nobody hears it.
    fn rms(&self) -> [f64; 2] {
        let count = self.samples.max(1) as f64;
        [0, 1].map(|side| (self.squares[side] / count - (self.sums[side] / count).powi(2)).max(0.0).sqrt())
    }

    /// Whether `self`, heard, is what was `written`.
    fn compare(&self, written: &Self) -> Result<(), Error> {
        if self.samples != written.samples {
            return Err(Error::Length { heard: self.samples, written: written.samples });
        }
        if written.samples < COMPARED_SAMPLES_MIN {
            return Ok(());
        }
        for (side, (heard, written)) in
            ["customer's", "agent's"].into_iter().zip(self.rms().into_iter().zip(written.rms()))
        {
            let is_silent = heard <= SILENCE_LEVEL_MAX && written <= SILENCE_LEVEL_MAX;
            let is_close = heard <= written * LEVEL_FACTOR_MAX && written <= heard * LEVEL_FACTOR_MAX;
            if !is_silent && !is_close {
                return Err(Error::Level { side, heard, written });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const BITS_PER_SECOND: i32 = 32_000;

    /// A tone on each side: 1,000 Hz left, 440 Hz right, silent from the second second to the third.
    fn tones(samples: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut wav = hound::WavWriter::create(file.path(), FORMAT).unwrap();
        for at in 0..samples {
            let loud = if (SAMPLE_RATE..2 * SAMPLE_RATE).contains(&at) { 0.0 } else { 8_000.0 };
            for hertz in [1_000.0, 440.0] {
                let sample = loud * (TAU * hertz * f64::from(at) / f64::from(SAMPLE_RATE)).sin();
                wav.write_sample(sample as i16).unwrap();
            }
        }
        wav.finalize().unwrap();
        file
    }

    /// The level of one tone.
    fn level(samples: &[i16], hertz: f64) -> f64 {
        let turn = |at: usize| TAU * hertz * at as f64 / f64::from(SAMPLE_RATE);
        let sum = |part: fn(f64) -> f64| {
            samples.iter().enumerate().map(|(at, sample)| f64::from(*sample) * part(turn(at))).sum::<f64>()
        };
        sum(f64::cos).hypot(sum(f64::sin)) * 2.0 / samples.len() as f64
    }

    #[test]
    fn each_voice_stays_on_its_side_and_silence_stays_silent() {
        let encoded = encode(tones(4 * SAMPLE_RATE).path(), BITS_PER_SECOND).unwrap();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        opus::decode(&encoded.opus, |[customer, agent]| {
            left.push(customer);
            right.push(agent);
        })
        .unwrap();
        assert_eq!((left.len(), right.len()), (32_000, 32_000));
        for (side, own, other) in [(&left, 1_000.0, 440.0), (&right, 440.0, 1_000.0)] {
            assert!(
                (6_500.0..9_500.0).contains(&level(&side[..8_000], own)),
                "{}",
                level(&side[..8_000], own)
            );
            assert!(level(&side[..8_000], other) < 400.0, "{}", level(&side[..8_000], other));
            let loudest = side[9_000..15_500].iter().map(|sample| sample.unsigned_abs()).max();
            assert!(loudest < Some(64), "the gap is not silent: {loudest:?}");
        }
        assert!(encoded.opus.len() < 4 * 32_000 / 8 + 2_000, "{} bytes", encoded.opus.len());
        let drawing: serde_json::Value = serde_json::from_slice(&encoded.waveform).unwrap();
        assert_eq!(drawing["customer"].as_array().unwrap().len(), 2 * 200);
    }

    #[test]
    fn any_length_comes_back_to_the_sample() {
        for samples in [1, 52, 159, 160, 161, 268, 320, 8_001] {
            encode(tones(samples).path(), BITS_PER_SECOND).unwrap();
        }
    }

    #[test]
    fn a_file_that_is_not_what_was_recorded_is_noticed() {
        let quiet = Levels { samples: 4_000, sums: [0.0; 2], squares: [4_000.0 * 1e6, 0.0] };
        let loud = Levels { squares: [4_000.0 * 4e6, 0.0], ..quiet };
        assert!(matches!(loud.compare(&quiet), Err(Error::Level { side: "customer's", .. })));
        assert!(matches!(quiet.compare(&loud), Err(Error::Level { side: "customer's", .. })));
        let short = Levels { samples: 3_999, ..quiet };
        assert!(matches!(short.compare(&quiet), Err(Error::Length { heard: 3_999, written: 4_000 })));
        assert!(quiet.compare(&quiet).is_ok());
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "RIFF").unwrap();
        assert!(matches!(encode(file.path(), BITS_PER_SECOND), Err(Error::Wav(_))));
        for length in 0..60 {
            assert!(
                opus::decode(&encode(tones(160).path(), BITS_PER_SECOND).unwrap().opus[..length], |_| {})
                    .is_err()
            );
        }
    }
}
