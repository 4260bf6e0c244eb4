//! Fresh ids and chance, both from one seed, so that a run can be repeated.

use uuid::{Builder, Uuid};

use crate::model::Timestamp;

/// SplitMix64 (Steele, Lea, Flood 2014): small, fast, and good enough to spread ids and draw shares.
#[derive(Debug)]
pub(crate) struct Mint {
    state: u64,
}

impl Mint {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A UUID of version 7 (RFC 9562 §5.7): ordered by time, unique by 74 bits of chance.
    pub(crate) fn uuid(&mut self, now: Timestamp) -> Uuid {
        let mut chance = [0; 10];
        chance[..8].copy_from_slice(&self.next().to_le_bytes());
        chance[8..].copy_from_slice(&self.next().to_le_bytes()[..2]);
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &chance).into_uuid()
    }

    /// True with the given probability.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        const UNIT: f64 = (1_u64 << 53) as f64;
        ((self.next() >> 11) as f64) < share * UNIT
    }

    /// A number drawn at random.
    pub(crate) fn draw(&mut self) -> u64 {
        self.next()
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
