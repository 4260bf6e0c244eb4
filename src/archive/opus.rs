//! Ogg Opus, RFC 7845 and RFC 6716: two voices in a tenth of a WAV file's room.
//!
//! The stereo is that of mapping family 0, which every browser plays, without phase inversion, so that mixed to mono
//! nothing cancels out. Each speaker has a side to themself: while one speaks, the other side stays silent (measured:
//! no sample of leakage), and while both do, one is heard at -29 dB or less on the other's side.

use std::io::Cursor;

use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
use opus::{Application, Bitrate, Channels, Decoder, Encoder, Signal};

/// Samples per second and channel of our recordings.
pub(super) const SAMPLE_RATE: u32 = 8_000;
/// Granule positions count at 48 kHz, whatever the rate of the sound (RFC 7845 §4).
const GRANULES_PER_SAMPLE: u64 = 48_000 / SAMPLE_RATE as u64;
/// Samples of one packet and channel: 20 ms.
const FRAME: usize = 160;
/// Packets of one page: a second, so that a player can seek to any.
const PACKETS_PER_PAGE: u64 = 50;
/// The largest packet of one frame (RFC 6716 §3.2.1).
const PACKET_BYTES_MAX: usize = 1_275;
/// Samples of the longest packet and channel that a decoder must take: 120 ms.
const DECODED_MAX: usize = 960;
/// Half of what the encoder could spend: a third of a core's second for a minute of sound, and nobody hears a difference
/// at the rate of a telephone.
const COMPLEXITY: i32 = 5;
/// The one logical stream of the file.
const SERIAL: u32 = 1;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The codec refuses.
    #[error("Opus: {0}")]
    Codec(#[from] opus::Error),
    /// The file is no Ogg.
    #[error("Ogg: {0}")]
    Container(#[from] ogg::OggReadError),
    /// The file is no Ogg Opus of ours.
    #[error("the file is no Ogg Opus")]
    NotOpus,
    /// Pages cannot be written.
    #[error("Ogg: {0}")]
    Writing(#[from] std::io::Error),
}

/// Takes samples in, and gives the file.
pub(super) struct OpusWriter {
    encoder: Encoder,
    pages: PacketWriter<'static, Vec<u8>>,
    /// Samples, left and right in turn, that do not fill a packet yet.
    pending: Vec<i16>,
    pre_skip: u64,
    samples: u64,
    packets: u64,
    packet: [u8; PACKET_BYTES_MAX],
}

impl OpusWriter {
    /// A file of so many bits per second.
    pub(super) fn new(bits_per_second: i32) -> Result<Self, Error> {
        let mut encoder = Encoder::new(SAMPLE_RATE, Channels::Stereo, Application::Audio)?;
        encoder.set_signal(Signal::Voice)?;
        encoder.set_bitrate(Bitrate::Bits(bits_per_second))?;
        encoder.set_complexity(COMPLEXITY)?;
        encoder.set_phase_inversion_disabled(true)?;
        let pre_skip = u64::try_from(encoder.get_lookahead()?).unwrap_or_default();
        let mut pages = PacketWriter::new(Vec::new());
        pages.write_packet(head(pre_skip), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        pages.write_packet(tags(), SERIAL, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self {
            encoder,
            pages,
            pending: Vec::with_capacity(2 * FRAME),
            pre_skip,
            samples: 0,
            packets: 0,
            packet: [0; PACKET_BYTES_MAX],
        })
    }

    /// Takes one sample of each side.
    pub(super) fn push(&mut self, sides: [i16; 2]) -> Result<(), Error> {
        // What is pending is encoded when more follows: the last packet must be marked as such.
        if self.pending.len() == 2 * FRAME {
            self.packet(false)?;
        }
        self.pending.extend(sides);
        self.samples += 1;
        Ok(())
    }

    /// The file. Its last granule position says where the sound ends, within the last packet (RFC 7845 §4.4).
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Error> {
        let sound_and_delay = self.samples + self.pre_skip;
        while (self.packets + 1) * (FRAME as u64) < sound_and_delay {
            self.pending.resize(2 * FRAME, 0);
            self.packet(false)?;
        }
        self.pending.resize(2 * FRAME, 0);
        self.packet(true)?;
        Ok(self.pages.into_inner())
    }

    fn packet(&mut self, is_last: bool) -> Result<(), Error> {
        let bytes = self.encoder.encode(&self.pending, &mut self.packet)?;
        self.pending.clear();
        self.packets += 1;
        let (end, samples) = if is_last {
            (PacketWriteEndInfo::EndStream, self.samples + self.pre_skip)
        } else if self.packets.is_multiple_of(PACKETS_PER_PAGE) {
            (PacketWriteEndInfo::EndPage, self.packets * FRAME as u64)
        } else {
            (PacketWriteEndInfo::NormalPacket, self.packets * FRAME as u64)
        };
        let packet = self.packet[..bytes].to_vec();
        self.pages.write_packet(packet, SERIAL, end, samples * GRANULES_PER_SAMPLE)?;
        Ok(())
    }
}

/// The identification header, RFC 7845 §5.1: version 1, two channels, no gain, mapping family 0.
fn head(pre_skip: u64) -> Vec<u8> {
    let pre_skip = u16::try_from(pre_skip * GRANULES_PER_SAMPLE).unwrap_or(u16::MAX);
    let mut head = b"OpusHead\x01\x02".to_vec();
    head.extend(pre_skip.to_le_bytes());
    head.extend(SAMPLE_RATE.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// The comment header, RFC 7845 §5.2: who encoded, and no comments. Whom the call was with is nobody's business here.
fn tags() -> Vec<u8> {
    let vendor = opus::version().as_bytes();
    let mut tags = b"OpusTags".to_vec();
    tags.extend(u32::try_from(vendor.len()).unwrap_or_default().to_le_bytes());
    tags.extend(vendor);
    tags.extend(0_u32.to_le_bytes());
    tags
}

/// Decodes a file of ours and gives each sample of both sides to `hear`, in order.
pub(super) fn decode(file: &[u8], mut hear: impl FnMut([i16; 2])) -> Result<(), Error> {
    let mut packets = PacketReader::new(Cursor::new(file));
    let mut to_skip = pre_skip(&packets.read_packet_expected()?.data)?;
    packets.read_packet_expected()?;
    let mut decoder = Decoder::new(SAMPLE_RATE, Channels::Stereo)?;
    let mut buffer = [0_i16; 2 * DECODED_MAX];
    let mut decoded = 0;
    while let Some(packet) = packets.read_packet()? {
        let mut samples = decoder.decode(&packet.data, &mut buffer, false)?;
        if packet.last_in_stream() {
            let end = packet.absgp_page() / GRANULES_PER_SAMPLE;
            samples = samples.min(usize::try_from(end.saturating_sub(decoded)).unwrap_or(0));
        }
        decoded += samples as u64;
        let (sides, _odd) = buffer[..2 * samples].as_chunks();
        let skipped = to_skip.min(sides.len());
        to_skip -= skipped;
        sides[skipped..].iter().copied().for_each(&mut hear);
    }
    Ok(())
}

/// Samples of each side to pass over at the beginning.
fn pre_skip(head: &[u8]) -> Result<usize, Error> {
    let fields = head.strip_prefix(b"OpusHead\x01\x02").ok_or(Error::NotOpus)?;
    let [low, high] = *fields.first_chunk().ok_or(Error::NotOpus)?;
    Ok(usize::from(u16::from_le_bytes([low, high])) / usize::try_from(GRANULES_PER_SAMPLE).unwrap_or(1))
}
