//! From a file to one voice. Several channels become their mean. What would take too much memory is refused on the
//! way, not at the end.

use std::io::Cursor;

use hound::{SampleFormat, WavReader};
use lewton::inside_ogg::OggStreamReader;

use super::{Error, LENGTH_MAX, Voice, opus};

/// Rates that any microphone or studio has, in samples per second.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// Most channels.
const CHANNELS_MAX: usize = 8;
/// Samples that the reader of MP3 hands out at a time.
const MP3_SAMPLES: usize = 4_608;

/// The voice in a file: WAV, MP3, Ogg Vorbis or Ogg Opus, told apart by what they begin with.
pub fn decode(file: &[u8]) -> Result<Voice, Error> {
    let voice = match file {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => wav(file),
        [b'O', b'g', b'g', b'S', ..] if opus::is_opus(file) => opus::decode(file),
        [b'O', b'g', b'g', b'S', ..] => vorbis(file),
        _ if nanomp3::detect(file) => mp3(file),
        _ => Err(Error::Unknown),
    }?;
    if voice.samples.is_empty() { Err(Error::Silent) } else { Ok(voice) }
}

/// Takes samples of several channels in turn, and makes one voice of them.
pub(super) struct Mixer {
    rate: u32,
    channels: usize,
    samples: Vec<f32>,
    samples_max: usize,
    frame: Vec<f32>,
}

impl Mixer {
    pub(super) fn new(rate: u32, channels: usize) -> Result<Self, Error> {
        if !RATES.contains(&rate) || !(1..=CHANNELS_MAX).contains(&channels) {
            return Err(Error::Encoding(format!("it has {channels} channels at {rate} Hz")));
        }
        let samples_max = usize::try_from(u64::from(rate) * LENGTH_MAX.as_secs()).unwrap_or(usize::MAX);
        Ok(Self { rate, channels, samples: Vec::new(), samples_max, frame: Vec::with_capacity(channels) })
    }

    /// Takes the next sample of the next channel.
    pub(super) fn push(&mut self, sample: f32) -> Result<(), Error> {
        self.frame.push(if sample.is_finite() { sample } else { 0.0 });
        if self.frame.len() == self.channels {
            if self.samples.len() == self.samples_max {
                return Err(Error::Long);
            }
            self.samples.push(self.frame.iter().sum::<f32>() / self.channels as f32);
            self.frame.clear();
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Voice {
        Voice { rate: self.rate, samples: self.samples }
    }
}

fn wav(file: &[u8]) -> Result<Voice, Error> {
    let mut reader = WavReader::new(Cursor::new(file)).map_err(|error| match error {
        hound::Error::Unsupported => Error::Encoding("the WAV file is compressed".to_owned()),
        error => Error::Damaged(error.to_string()),
    })?;
    let spec = reader.spec();
    let mut mixer = Mixer::new(spec.sample_rate, spec.channels.into())?;
    let damaged = |error: hound::Error| Error::Damaged(error.to_string());
    match spec.sample_format {
        SampleFormat::Float => {
            for sample in reader.samples::<f32>() {
                mixer.push(sample.map_err(damaged)?)?;
            }
        }
        SampleFormat::Int => {
            let full_scale = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            for sample in reader.samples::<i32>() {
                mixer.push(sample.map_err(damaged)? as f32 / full_scale)?;
            }
        }
    }
    Ok(mixer.finish())
}

fn mp3(file: &[u8]) -> Result<Voice, Error> {
    let damaged = |error: nanomp3::Error| Error::Damaged(error.to_string());
    let mut reader = nanomp3::Reader::<_, f32>::new(Cursor::new(file)).map_err(damaged)?;
    let channels = match reader.channels() {
        Some(nanomp3::Channels::Mono) => 1,
        Some(nanomp3::Channels::Stereo) => 2,
        None => return Err(Error::Unknown),
    };
    let mut mixer = Mixer::new(reader.sample_rate(), channels)?;
    let mut buffer = vec![0_f32; MP3_SAMPLES];
    loop {
        match reader.read(&mut buffer).map_err(damaged)? {
            0 => return Ok(mixer.finish()),
            count => buffer.iter().take(count).try_for_each(|sample| mixer.push(*sample))?,
        }
    }
}

fn vorbis(file: &[u8]) -> Result<Voice, Error> {
    let damaged = |error: lewton::VorbisError| Error::Damaged(error.to_string());
    let mut reader = OggStreamReader::new(Cursor::new(file)).map_err(damaged)?;
    let header = &reader.ident_hdr;
    let mut mixer = Mixer::new(header.audio_sample_rate, header.audio_channels.into())?;
    while let Some(samples) = reader.read_dec_packet_itl().map_err(damaged)? {
        samples.iter().try_for_each(|sample| mixer.push(f32::from(*sample) / 32_768.0))?;
    }
    Ok(mixer.finish())
}
