//! Chance, from a seed. Dials, conversations and staff draw from streams of their own, so that two algorithms that
//! place different numbers of dials still meet the same agents.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Exp1, LogNormal, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::format::Spread;

/// One stream of chance.
#[derive(Clone, Debug)]
pub(crate) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// The stream called `name` of this seed.
    pub(crate) fn new(seed: u64, name: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ name))
    }

    /// Uniform in 0..1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0.random()
    }

    /// Uniform between two values.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Whether something of this chance happens.
    pub(crate) fn chance(&mut self, chance: f64) -> bool {
        self.share() < chance
    }

    /// Exponential.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        let unit: f64 = Exp1.sample(&mut self.0);
        unit * mean
    }

    /// Normal.
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let unit: f64 = StandardNormal.sample(&mut self.0);
        mean + deviation * unit
    }

    /// Lognormal; the mean itself where there is no spread.
    pub(crate) fn lognormal(&mut self, spread: &Spread) -> f64 {
        match LogNormal::from_mean_cv(spread.mean, spread.cv) {
            Ok(lengths) => lengths.sample(&mut self.0),
            Err(_) => spread.mean,
        }
    }

    /// An index, by weight.
    pub(crate) fn pick(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.share() * weights.clone().sum::<f64>();
        let mut picked = 0;
        for (index, weight) in weights.enumerate() {
            picked = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        picked
    }
}
