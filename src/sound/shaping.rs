//! From a voice to what telephones carry: another rate, and one loudness for all, so that no prompt shouts.

use ebur128::{EbuR128, Mode};
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler};

use super::{Error, Voice};

/// How loud prompts are, in hundredths of LUFS (EBU R 128, ITU-R BS.1770): a little more than people on the telephone
/// (-26 dB, ITU-T P.56), and so that the peaks of speech, 20 dB higher, still fit.
pub const LOUDNESS: i64 = -2_300;
/// The highest sample, of full scale: 2 dB are left to codecs, which overshoot.
pub const PEAK_MAX: f32 = 0.79;
/// Below this nobody hears anything, in LUFS: the absolute gate of BS.1770.
const SILENCE: f64 = -70.0;
/// Samples that the resampler takes at a time.
const CHUNK: usize = 1_024;

/// A voice, and how loud it is.
pub(super) struct Shaped {
    pub(super) voice: Voice,
    /// In hundredths of LUFS.
    pub(super) loudness: i64,
}

/// A voice at `rate` and at [`LOUDNESS`], or as near as [`PEAK_MAX`] lets it come.
pub(super) fn shape(voice: &Voice, rate: u32) -> Result<Shaped, Error> {
    let mut voice = resample(voice, rate)?;
    let before = loudness(&voice)?;
    let peak = voice.samples.iter().fold(0_f32, |peak, sample| peak.max(sample.abs()));
    let wanted = 10_f64.powf((LOUDNESS as f64 / 100.0 - before) / 20.0);
    // A factor of sound fits into 32 bits: it is at most 70 dB.
    let gain = (wanted as f32).min(PEAK_MAX / peak);
    voice.samples.iter_mut().for_each(|sample| *sample *= gain);
    let loudness = loudness(&voice)?;
    Ok(Shaped { voice, loudness: (loudness * 100.0).round() as i64 })
}

/// How loud a voice is, in LUFS.
fn loudness(voice: &Voice) -> Result<f64, Error> {
    let failed = |error: ebur128::Error| Error::Damaged(format!("its loudness cannot be measured: {error}"));
    let mut meter = EbuR128::new(1, voice.rate, Mode::I).map_err(failed)?;
    meter.add_frames_f32(&voice.samples).map_err(failed)?;
    let mut loudness = meter.loudness_global().map_err(failed)?;
    if loudness < SILENCE {
        // A sound that is shorter than the meter's window of 400 ms is measured as if it went on.
        let window = voice.rate as usize / 2;
        let repeats = window.div_ceil(voice.samples.len().max(1));
        (0..repeats).try_for_each(|_| meter.add_frames_f32(&voice.samples)).map_err(failed)?;
        loudness = meter.loudness_global().map_err(failed)?;
    }
    if loudness < SILENCE { Err(Error::Silent) } else { Ok(loudness) }
}

fn resample(voice: &Voice, rate: u32) -> Result<Voice, Error> {
    if voice.rate == rate {
        return Ok(voice.clone());
    }
    let failed = |error: String| Error::Damaged(format!("its rate cannot be changed: {error}"));
    let (from, to) = (voice.rate as usize, rate as usize);
    let mut resampler =
        Fft::<f32>::new(from, to, CHUNK, 1, FixedSync::Both).map_err(|error| failed(error.to_string()))?;
    let input = InterleavedSlice::new(&voice.samples, 1, voice.samples.len())
        .map_err(|error| failed(format!("{error:?}")))?;
    let output = resampler
        .process_all(&input, voice.samples.len(), None)
        .map_err(|error| failed(error.to_string()))?;
    Ok(Voice { rate, samples: output.take_data() })
}

#[cfg(test)]
mod tests {
    use std::f32::consts::PI;

    use super::*;

    /// A sine of so many hertz, so loud, for so many seconds.
    fn tone(rate: u32, hertz: f32, level: f32, seconds: f32) -> Voice {
        let count = (rate as f32 * seconds) as u32;
        let sample = |index: u32| level * (2.0 * PI * hertz * index as f32 / rate as f32).sin();
        Voice { rate, samples: (0..count).map(sample).collect() }
    }

    /// How alike two voices are, from -1 to 1, with the second at most `shift` samples late or early.
    fn correlation(one: &[f32], other: &[f32], shift: usize) -> f32 {
        let product = |one: &[f32], other: &[f32]| {
            let dot: f32 = one.iter().zip(other).map(|(one, other)| one * other).sum();
            let power = |voice: &[f32]| voice.iter().map(|sample| sample * sample).sum::<f32>();
            let count = one.len().min(other.len());
            dot / (power(&one[..count]) * power(&other[..count])).sqrt()
        };
        (0..=shift)
            .map(|shift| product(&one[shift..], other).max(product(one, &other[shift..])))
            .fold(-1.0, f32::max)
    }

    #[test]
    fn loud_and_quiet_sounds_become_equally_loud() {
        for (rate, level) in [(8_000, 0.01), (44_100, 0.9), (48_000, 0.1), (16_000, 0.5)] {
            let shaped = shape(&tone(rate, 440.0, level, 2.0), 8_000).unwrap();
            assert!((shaped.loudness - LOUDNESS).abs() <= 20, "{rate} Hz at {level}: {}", shaped.loudness);
            let (is, was) = (shaped.voice.duration().as_secs_f64(), 2.0);
            assert!((is - was).abs() < 0.01, "{rate} Hz lasts {is} s");
        }
    }

    #[test]
    fn what_is_heard_is_what_was_there() {
        let shaped = shape(&tone(44_100, 440.0, 0.3, 1.0), 8_000).unwrap();
        let expected = tone(8_000, 440.0, 0.3, 1.0);
        let alike = correlation(&shaped.voice.samples, &expected.samples, 20);
        assert!(alike > 0.99, "{alike}");
        let above = resample(&tone(44_100, 6_000.0, 0.5, 1.0), 8_000).unwrap();
        let loudest = above.samples[2_000..6_000].iter().fold(0_f32, |peak, sample| peak.max(sample.abs()));
        assert!(loudest < 0.001, "a telephone does not carry 6 kHz, nor what it would turn into: {loudest}");
    }

    #[test]
    fn a_click_is_not_blown_up_beyond_its_peak() {
        let mut voice = tone(8_000, 440.0, 0.001, 2.0);
        voice.samples[4_000] = 0.9;
        let shaped = shape(&voice, 8_000).unwrap();
        let peak = shaped.voice.samples.iter().fold(0_f32, |peak, sample| peak.max(sample.abs()));
        assert!(peak <= PEAK_MAX + 0.001, "{peak}");
        assert!(shape(&tone(8_000, 440.0, 0.3, 0.1), 8_000).is_ok(), "a tenth of a second is a sound");
        assert_eq!(shape(&tone(8_000, 440.0, 0.0, 1.0), 8_000).map(|s| s.loudness), Err(Error::Silent));
    }
}
