//! Frames as they leave: raw samples, or Opus (RFC 6716).

use opus::{Application, Bitrate, Channels, Signal};

use super::{Frame, RATE};

/// Bits of Opus in a second, both voices together: enough that nothing is missed by a program that writes down what is
/// said.
const BITS_PER_SECOND: i32 = 48_000;

/// Half of what the encoder could spend, as in the archive.
const COMPLEXITY: i32 = 5;

/// The largest packet of one frame (RFC 6716 §3.2.1).
const PACKET_BYTES_MAX: usize = 1_275;

/// How frames leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Opus packets, stereo.
    Opus,
    /// Samples of 16 bits, little-endian, both voices in turn.
    #[default]
    Pcm,
}

/// The codec refuses.
#[derive(Debug, thiserror::Error)]
#[error("Opus: {0}")]
pub struct EncodingError(#[from] opus::Error);

/// Turns frames into bytes.
pub enum Encoder {
    /// With the state of the codec.
    Opus(Box<opus::Encoder>),
    /// Without any.
    Pcm,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Opus(_) => "Opus",
            Self::Pcm => "Pcm",
        })
    }
}

impl Encoder {
    /// An encoder for one conversation.
    pub fn new(encoding: Encoding) -> Result<Self, EncodingError> {
        match encoding {
            Encoding::Pcm => Ok(Self::Pcm),
            Encoding::Opus => {
                let mut encoder = opus::Encoder::new(RATE, Channels::Stereo, Application::Audio)?;
                encoder.set_signal(Signal::Voice)?;
                encoder.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
                encoder.set_complexity(COMPLEXITY)?;
                encoder.set_phase_inversion_disabled(true)?;
                Ok(Self::Opus(Box::new(encoder)))
            }
        }
    }

    /// The bytes of one frame.
    pub fn encode(&mut self, frame: &Frame) -> Result<Vec<u8>, EncodingError> {
        let samples = frame.interleaved();
        match self {
            Self::Pcm => Ok(samples.into_iter().flat_map(i16::to_le_bytes).collect()),
            Self::Opus(encoder) => Ok(encoder.encode_vec(&samples, PACKET_BYTES_MAX)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::FRAME;
    use super::*;

    fn frame(place: usize) -> Frame {
        let sample = |hertz: f32, at: usize| {
            let angle = std::f32::consts::TAU * hertz * at as f32 / RATE as f32;
            (8_000.0 * angle.sin()) as i16
        };
        let span = place * FRAME..(place + 1) * FRAME;
        Frame { customer: span.clone().map(|at| sample(1_000.0, at)).collect(), agent: vec![0; FRAME] }
    }

    #[test]
    fn samples_leave_as_they_are() {
        let bytes = Encoder::new(Encoding::Pcm).unwrap().encode(&frame(0)).unwrap();
        assert_eq!(bytes.len(), 4 * FRAME);
        let second = i16::from_le_bytes([bytes[4], bytes[5]]);
        assert_eq!((second, &bytes[6..8]), (frame(0).customer[1], &[0, 0][..]));
    }

    #[test]
    fn opus_keeps_the_voices_apart() {
        let mut encoder = Encoder::new(Encoding::Opus).unwrap();
        let mut decoder = opus::Decoder::new(RATE, Channels::Stereo).unwrap();
        let (mut left, mut right) = (0.0, 0.0);
        for place in 0..50 {
            let packet = encoder.encode(&frame(place)).unwrap();
            assert!(packet.len() <= PACKET_BYTES_MAX);
            let mut samples = vec![0; 2 * FRAME];
            assert_eq!(decoder.decode(&packet, &mut samples, false).unwrap(), FRAME);
            left += samples.iter().step_by(2).map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
            right += samples.iter().skip(1).step_by(2).map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
        }
        assert!(left > 1e9 && right < left / 1_000.0, "{left} {right}");
    }
}
