//! Chance from a seed: the only source of it in a run.

use std::time::Duration;

/// SplitMix64 (Steele, Lea, Flood 2014). The algorithm is fixed, so that a seed means the same run for ever.
#[derive(Clone, Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// The stream of this seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 up to 1, without 1.
    pub(crate) fn unit(&mut self) -> f64 {
        const UNIT: f64 = (1_u64 << 53) as f64;
        (self.bits() >> 11) as f64 / UNIT
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Evenly from `low` up to `high`, both included.
    pub(crate) fn number(&mut self, low: u64, high: u64) -> u64 {
        low + self.bits() % (high - low + 1)
    }

    /// A span between these many milliseconds.
    pub(crate) fn millis(&mut self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.number(low, high))
    }

    /// A span with an exponential distribution, at most four times its mean.
    pub(crate) fn about(&mut self, mean: Duration) -> Duration {
        let times = -(1.0 - self.unit()).ln();
        mean.mul_f64(times.min(4.0))
    }

    /// One of several, each with its weight.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[(T, f64)]) -> T {
        let total: f64 = choices.iter().map(|(_, weight)| weight).sum();
        let mut left = self.unit() * total;
        for (choice, weight) in choices {
            left -= weight;
            if left < 0.0 {
                return *choice;
            }
        }
        choices[choices.len() - 1].0
    }
}
