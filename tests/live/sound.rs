//! What can be heard in a recording: tones, by how much of the sound they make up, and silences.

use std::f64::consts::PI;
use std::io::Cursor;
use std::ops::Range;
use std::time::Duration;

/// The length of the pieces in which a sound is looked at.
const PIECE: Duration = Duration::from_millis(50);

/// In which steps a tone is looked for: two packets of RTP.
const TONE_PIECE: Duration = Duration::from_millis(40);

/// So much of a sound is looked for in another one: more than a syllable, and soon compared.
const SAMPLE_OF_SOUND: Duration = Duration::from_millis(300);

/// Below this share of full scale a piece is silent: -50 dB.
const SILENCE: f64 = 0.003;

/// One voice of a recording, samples between -1 and 1.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    rate: u32,
    samples: Vec<f64>,
}

impl Sound {
    /// The voices of a WAV file of 16 bits, or of a stereo Ogg Opus file, first channel first.
    pub(crate) fn voices_of(file: &[u8]) -> Vec<Self> {
        if file.starts_with(b"OggS") { Self::voices_of_opus(file) } else { Self::voices_of_wav(file) }
    }

    /// Decoded by another reader than the archive's own, which passes over what comes before the sound.
    fn voices_of_opus(file: &[u8]) -> Vec<Self> {
        const RATE: u32 = 8_000;
        let mut packets = ogg::PacketReader::new(Cursor::new(file));
        let head = packets.read_packet_expected().unwrap().data;
        assert_eq!((&head[..8], head[9]), (b"OpusHead".as_slice(), 2));
        // At 48 kHz, whatever the rate of the sound.
        let before = usize::from(u16::from_le_bytes([head[10], head[11]])) / 6;
        packets.read_packet_expected().unwrap();
        let mut decoder = opus::Decoder::new(RATE, opus::Channels::Stereo).unwrap();
        let (mut voices, mut buffer, mut end) = ([Vec::new(), Vec::new()], [0; 2 * 960], 0);
        while let Some(packet) = packets.read_packet().unwrap() {
            let samples = decoder.decode(&packet.data, &mut buffer, false).unwrap();
            for (place, sample) in buffer[..2 * samples].iter().enumerate() {
                voices[place % 2].push(f64::from(*sample) / f64::from(i16::MAX));
            }
            end = usize::try_from(packet.absgp_page()).unwrap() / 6;
        }
        voices.map(|voice| Self { rate: RATE, samples: voice[before..end].to_vec() }).to_vec()
    }

    fn voices_of_wav(wav: &[u8]) -> Vec<Self> {
        let mut reader = hound::WavReader::new(Cursor::new(wav)).unwrap();
        let spec = reader.spec();
        let samples: Vec<f64> =
            reader.samples::<i16>().map(|sample| f64::from(sample.unwrap()) / f64::from(i16::MAX)).collect();
        let channels = usize::from(spec.channels);
        let voice = |channel| Self {
            rate: spec.sample_rate,
            samples: samples.iter().skip(channel).step_by(channels).copied().collect(),
        };
        (0..channels).map(voice).collect()
    }

    /// A voice whose samples were sent one by one.
    pub(crate) fn of(rate: u32, samples: impl Iterator<Item = i16>) -> Self {
        Self { rate, samples: samples.map(|sample| f64::from(sample) / f64::from(i16::MAX)).collect() }
    }

    /// A WAV file of these tones together, as loud as speech.
    pub(crate) fn wav_of(tones: &[f64], rate: u32, seconds: u32) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
        for index in 0..rate * seconds {
            let at = f64::from(index) / f64::from(rate);
            let sum: f64 = tones.iter().map(|hertz| (2.0 * PI * hertz * at).sin()).sum();
            writer.write_sample((0.3 * sum / tones.len() as f64 * f64::from(i16::MAX)) as i16).unwrap();
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    pub(crate) fn duration(&self) -> Duration {
        self.time_of(self.samples.len())
    }

    /// How much of the sound's energy lies in a tone of this frequency, between 0 and 1.
    ///
    /// Goertzel's algorithm over each piece that is not silent, so that the tone may begin and end anywhere.
    pub(crate) fn share_of_tone(&self, hertz: f64) -> f64 {
        let (mut in_tone, mut in_all) = (0.0, 0.0);
        for piece in self.pieces().filter(|piece| level(piece) >= SILENCE) {
            let count = piece.len() as f64;
            // A sine of amplitude a has the energy n a²/2 and the Goertzel power n² a²/4.
            in_tone += goertzel(piece, hertz / f64::from(self.rate)) * 2.0 / count;
            in_all += piece.iter().map(|sample| sample * sample).sum::<f64>();
        }
        if in_all == 0.0 { 0.0 } else { in_tone / in_all }
    }

    /// The part between two moments.
    pub(crate) fn between(&self, span: Range<Duration>) -> Self {
        let place = |at: Duration| (at.as_secs_f64() * f64::from(self.rate)) as usize;
        let end = place(span.end).min(self.samples.len());
        Self { rate: self.rate, samples: self.samples[place(span.start).min(end)..end].to_vec() }
    }

    /// When a tone can be heard for the first time from a moment on, or, if it must be `gone`, no longer can.
    pub(crate) fn tone_changes(&self, hertz: f64, from: Duration, gone: bool) -> Option<Duration> {
        let mut at = from;
        while at < self.duration() {
            let heard = self.between(at..at + TONE_PIECE).has_tone(hertz);
            if heard != gone {
                return Some(at);
            }
            at += TONE_PIECE;
        }
        None
    }

    /// Whether a tone can be heard: a tenth of the sound's energy at least.
    pub(crate) fn has_tone(&self, hertz: f64) -> bool {
        self.share_of_tone(hertz) > 0.1
    }

    /// When another sound can be heard in this one, by its loudest part, and how like it is: 1 when it is the same. Both
    /// must have the same rate.
    pub(crate) fn finds(&self, other: &Self) -> (Duration, f64) {
        assert_eq!(self.rate, other.rate);
        let length =
            ((SAMPLE_OF_SOUND.as_secs_f64() * f64::from(self.rate)) as usize).min(other.samples.len());
        let loudest = |part: &&[f64]| (energy(part) * 1e9) as u64;
        let sought = other.samples.windows(length).step_by(length / 4).max_by_key(loudest).unwrap();
        let likeness = |part: &[f64]| {
            let product: f64 = part.iter().zip(sought).map(|(one, other)| one * other).sum();
            product / (energy(part) * energy(sought)).sqrt().max(f64::MIN_POSITIVE)
        };
        let parts = self.samples.windows(length).enumerate().filter(|(_, part)| level(part) >= SILENCE);
        let found = parts.map(|(at, part)| (at, likeness(part)));
        let (at, likeness) = found.max_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((0, 0.0));
        (self.time_of(at), likeness)
    }

    /// The spans without any sound that last at least so long.
    pub(crate) fn silences(&self, at_least: Duration) -> Vec<Range<Duration>> {
        let length = self.piece_length();
        let mut silences = Vec::new();
        let mut begin = None;
        for (index, piece) in self.pieces().chain([[1.0].as_slice()]).enumerate() {
            let at = self.time_of((index * length).min(self.samples.len()));
            match (level(piece) < SILENCE, begin) {
                (true, None) => begin = Some(at),
                (false, Some(from)) => {
                    silences.push(from..at);
                    begin = None;
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
        silences.retain(|silence| silence.end - silence.start >= at_least);
        silences
    }

    /// How long there is something to hear.
    pub(crate) fn audible(&self) -> Duration {
        let silent: Duration =
            self.silences(Duration::ZERO).into_iter().map(|silence| silence.end - silence.start).sum();
        self.duration() - silent
    }

    fn pieces(&self) -> impl Iterator<Item = &[f64]> {
        self.samples.chunks(self.piece_length())
    }

    fn piece_length(&self) -> usize {
        (PIECE.as_secs_f64() * f64::from(self.rate)) as usize
    }

    fn time_of(&self, samples: usize) -> Duration {
        Duration::from_secs_f64(samples as f64 / f64::from(self.rate))
    }
}

/// Root mean square.
fn level(piece: &[f64]) -> f64 {
    (energy(piece) / piece.len().max(1) as f64).sqrt()
}

fn energy(piece: &[f64]) -> f64 {
    piece.iter().map(|sample| sample * sample).sum()
}

/// The power of one frequency, given in cycles per sample.
fn goertzel(piece: &[f64], frequency: f64) -> f64 {
    let coefficient = 2.0 * (2.0 * PI * frequency).cos();
    let (last, before) =
        piece.iter().fold((0.0, 0.0), |(last, before), sample| (sample + coefficient * last - before, last));
    last * last + before * before - coefficient * last * before
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sine of `hertz` that is silent from `pause.start` to `pause.end`, in seconds.
    fn tone(hertz: f64, seconds: u32, pause: Range<f64>) -> Sound {
        let rate = 8000;
        let sample = |index: u32| {
            let at = f64::from(index) / f64::from(rate);
            if pause.contains(&at) { 0.0 } else { 0.2 * (2.0 * PI * hertz * at).sin() }
        };
        Sound { rate, samples: (0..rate * seconds).map(sample).collect() }
    }

    #[test]
    fn a_tone_is_told_from_another_and_from_silence() {
        let sound = tone(1000.0, 4, 1.0..2.5);
        assert!(sound.share_of_tone(1000.0) > 0.99);
        assert!(sound.share_of_tone(440.0) < 0.01);
        assert_eq!(tone(440.0, 1, 0.0..1.0).share_of_tone(440.0), 0.0);
        let pause = Duration::from_millis(1000)..Duration::from_millis(2500);
        assert_eq!(sound.silences(Duration::from_secs(1)), [pause]);
        assert_eq!(sound.audible(), Duration::from_millis(2500));
    }
}
