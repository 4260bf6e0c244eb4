//! Ogg Opus as people upload it (RFC 7845): one or two channels, any bit rate.

use std::io::Cursor;

use ogg::PacketReader;
use opus::{Channels, Decoder};

use super::decoding::Mixer;
use super::{Error, Voice};

/// Opus counts at this rate, whatever the sound was recorded at (RFC 7845 §4).
const RATE: u32 = 48_000;
/// Samples of the longest packet and channel: 120 ms (RFC 6716 §2.1.4).
const PACKET_SAMPLES_MAX: usize = 5_760;
const MAGIC: &[u8] = b"OpusHead";

/// Whether an Ogg file holds Opus: its first packet follows a page header of 28 bytes.
pub(super) fn is_opus(file: &[u8]) -> bool {
    file.get(28..36) == Some(MAGIC)
}

pub(super) fn decode(file: &[u8]) -> Result<Voice, Error> {
    let damaged = |error: ogg::OggReadError| Error::Damaged(error.to_string());
    let undecoded = |error: opus::Error| Error::Damaged(error.to_string());
    let mut packets = PacketReader::new(Cursor::new(file));
    let head = packets.read_packet_expected().map_err(damaged)?.data;
    let &[_, _, _, _, _, _, _, _, _, channels, skip_low, skip_high, ..] = head.as_slice() else {
        return Err(Error::Damaged("the header of Opus is cut".to_owned()));
    };
    let (count, channels) = match channels {
        1 => (1, Channels::Mono),
        2 => (2, Channels::Stereo),
        channels => return Err(Error::Encoding(format!("it has {channels} channels"))),
    };
    packets.read_packet_expected().map_err(damaged)?;
    let mut decoder = Decoder::new(RATE, channels).map_err(undecoded)?;
    let mut mixer = Mixer::new(RATE, count)?;
    let mut to_skip = count * usize::from(u16::from_le_bytes([skip_low, skip_high]));
    let mut buffer = vec![0_f32; count * PACKET_SAMPLES_MAX];
    while let Some(packet) = packets.read_packet().map_err(damaged)? {
        let samples = count * decoder.decode_float(&packet.data, &mut buffer, false).map_err(undecoded)?;
        let skipped = to_skip.min(samples);
        to_skip -= skipped;
        buffer[skipped..samples].iter().try_for_each(|sample| mixer.push(*sample))?;
    }
    Ok(mixer.finish())
}
