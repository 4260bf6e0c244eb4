//! Sounds that callers hear: read from whatever people upload, made equally loud, and written as Asterisk plays them.
//!
//! `decoding` turns WAV, MP3, Ogg Vorbis and Ogg Opus into samples; `shaping` makes one voice of them at the rates of
//! telephones, at one loudness. Pure: no disk, no network.

mod decoding;
mod opus;
mod shaping;

use std::time::Duration;

use sha2::{Digest, Sha256};

pub use decoding::decode;
pub use shaping::{LOUDNESS, PEAK_MAX};

/// The largest file that is read: half an hour of MP3, five minutes of a studio's WAV.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The longest sound. Who listens to more has been forgotten.
pub const LENGTH_MAX: Duration = Duration::from_secs(10 * 60);
/// The rate of ordinary telephones, in samples per second.
pub const NARROW: u32 = 8_000;
/// The rate of better ones, such as browsers.
pub const WIDE: u32 = 16_000;

/// One voice.
#[derive(Clone, Debug, PartialEq)]
pub struct Voice {
    /// Samples per second.
    pub rate: u32,
    /// Samples between -1 and 1.
    pub samples: Vec<f32>,
}

/// A sound as Asterisk plays it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// A WAV file for ordinary telephones: extension `wav`.
    pub narrow: Vec<u8>,
    /// The same for better ones, where the sound has anything to offer them: extension `wav16`.
    pub wide: Option<Vec<u8>>,
    /// How long it is.
    pub duration: Duration,
    /// How loud it is, in hundredths of LUFS (EBU R 128).
    pub loudness: i64,
}

/// Why a file is no sound that callers could hear. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file begins with a sound, and goes on with something else.
    #[error("the file is damaged ({0}); save it again, or choose another format")]
    Damaged(String),
    /// The format is known, and this use of it is not read.
    #[error("{0}; save it as plain PCM with 8, 16, 24 or 32 bits")]
    Encoding(String),
    /// It would be heard for longer than anybody listens.
    #[error("it lasts more than {} minutes; shorten it", LENGTH_MAX.as_secs() / 60)]
    Long,
    /// Nothing is in it, or nothing that can be heard.
    #[error("nothing can be heard in it; record it again, louder")]
    Silent,
    /// It is no file of a known format.
    #[error("it is neither WAV nor MP3 nor Ogg (Vorbis or Opus); convert it to one of these")]
    Unknown,
}

impl Prompt {
    /// What Asterisk plays of a file that somebody uploaded.
    pub fn of_file(file: &[u8]) -> Result<Self, Error> {
        Self::of_voice(decode(file)?)
    }

    /// What Asterisk plays of samples.
    pub fn of_voice(voice: Voice) -> Result<Self, Error> {
        let narrow = shaping::shape(&voice, NARROW)?;
        let wide = if voice.rate >= WIDE { Some(shaping::shape(&voice, WIDE)?) } else { None };
        Ok(Self {
            narrow: wav(&narrow.voice)?,
            wide: wide.map(|wide| wav(&wide.voice)).transpose()?,
            duration: narrow.voice.duration(),
            loudness: narrow.loudness,
        })
    }

    /// The best rate at which it can be heard.
    pub const fn rate(&self) -> u32 {
        if self.wide.is_some() { WIDE } else { NARROW }
    }

    /// SHA-256 of what ordinary telephones hear, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        Sha256::digest(&self.narrow).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Voice {
    /// How long it is.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }
}

/// A WAV file of 16 bits, as Asterisk's `format_wav` reads it.
fn wav(voice: &Voice) -> Result<Vec<u8>, Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: voice.rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = std::io::Cursor::new(Vec::with_capacity(44 + 2 * voice.samples.len()));
    let unwritten = |error: hound::Error| Error::Damaged(error.to_string());
    let mut writer = hound::WavWriter::new(&mut file, spec).map_err(unwritten)?;
    for sample in &voice.samples {
        // The cast cannot leave the range: the sample is clamped.
        let sample = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        writer.write_sample(sample).map_err(unwritten)?;
    }
    writer.finalize().map_err(unwritten)?;
    Ok(file.into_inner())
}
