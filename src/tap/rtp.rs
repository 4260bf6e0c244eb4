//! Packets of RTP (RFC 3550) with linear samples of 16 bits (RFC 3551 §4.5.11). The only file that sees the crate
//! `rtp-rs`.

use rtp_rs::RtpReader;

/// Samples of the longest packet that is read: 120 ms, twice what anybody sends.
const SAMPLES_MAX: usize = 6 * super::FRAME;

/// What a packet carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who sends. Another one begins anew.
    pub source: u32,
    /// The number of the packet, which starts over at 65,536.
    pub number: u16,
    /// Its samples.
    pub samples: Vec<i16>,
}

/// Reads a datagram; none when it is no such packet.
pub fn read(datagram: &[u8]) -> Option<Packet> {
    let packet = RtpReader::new(datagram).ok()?;
    let payload = packet.payload();
    if payload.is_empty() || payload.len() % 2 != 0 || payload.len() / 2 > SAMPLES_MAX {
        return None;
    }
    let samples = payload.as_chunks::<2>().0.iter().map(|bytes| i16::from_be_bytes(*bytes)).collect();
    Some(Packet { source: packet.ssrc(), number: packet.sequence_number().into(), samples })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtp_rs::RtpPacketBuilder;

    use super::*;

    fn packet(payload: &[u8]) -> Vec<u8> {
        let builder = RtpPacketBuilder::new().payload_type(118).ssrc(7).sequence(65_535.into()).timestamp(9);
        builder.payload(payload).build().unwrap()
    }

    #[test]
    fn samples_come_in_the_order_of_the_network() {
        let read = read(&packet(&[0x01, 0x02, 0xff, 0xfe])).unwrap();
        assert_eq!(read, Packet { source: 7, number: 65_535, samples: vec![0x0102, -2] });
    }

    #[test]
    fn what_is_no_sound_is_left_alone() {
        for payload in [&[][..], &[1], &[1, 2, 3], &[0; 2 * SAMPLES_MAX + 2]] {
            assert_eq!(read(&packet(payload)), None, "{}", payload.len());
        }
        assert_eq!(read(&[]), None);
        assert_eq!(read(b"OPTIONS sip:x SIP/2.0"), None);
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(datagram in proptest::collection::vec(any::<u8>(), 0..1_500)) {
            if let Some(packet) = read(&datagram) {
                prop_assert!(packet.samples.len() <= SAMPLES_MAX);
            }
        }
    }
}
