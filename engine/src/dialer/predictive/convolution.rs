//! The distribution of `idle + freed agents - waiting - answers`, and the chance that it is used up.

/// Up to this many busy agents the sum is computed exactly; above, by a normal with its skewness.
pub(crate) const EXACT_MAX: usize = 64;

/// Probabilities below this are left out of a convolution.
const NEGLIGIBLE: f64 = 1e-9;

/// The number of successes among independent trials of unequal chance (Poisson-binomial).
#[derive(Clone, Debug, Default)]
pub(crate) struct Successes {
    chances: Vec<f64>,
}

impl Successes {
    /// Nothing has been tried: surely none.
    pub(crate) fn reset(&mut self) {
        self.chances.clear();
        self.chances.push(1.0);
    }

    /// One more trial.
    pub(crate) fn add(&mut self, chance: f64) {
        let last = self.chances.len() - 1;
        let tail = self.chances[last] * chance;
        for count in (1..=last).rev() {
            self.chances[count] += chance * (self.chances[count - 1] - self.chances[count]);
        }
        self.chances[0] *= 1.0 - chance;
        if tail > NEGLIGIBLE {
            self.chances.push(tail);
        } else {
            self.chances[last] += tail;
        }
    }

    /// Chance of each number.
    pub(crate) fn chances(&self) -> &[f64] {
        &self.chances
    }
}

/// Mean, variance and third central moment of several sums of independent trials, side by side: a trial takes part in
/// all of them, with a chance of its own in each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moments<const SUMS: usize> {
    pub(crate) mean: [f64; SUMS],
    pub(crate) variance: [f64; SUMS],
    pub(crate) third: [f64; SUMS],
}

impl<const SUMS: usize> Moments<SUMS> {
    /// Nothing has been tried: each sum is surely `start`.
    pub(crate) const fn of(start: f64) -> Self {
        Self { mean: [start; SUMS], variance: [0.0; SUMS], third: [0.0; SUMS] }
    }

    /// One more trial, with these chances, that adds `sign`.
    pub(crate) fn add(&mut self, chances: &[f64; SUMS], sign: f64) {
        for (sum, chance) in chances.iter().enumerate() {
            let spread = chance * (1.0 - chance);
            self.mean[sum] += sign * chance;
            self.variance[sum] += spread;
            self.third[sum] += sign * spread * (1.0 - 2.0 * chance);
        }
    }

    /// Chance that one of the sums is at most `limit`, when its variance is so much larger than that of its trials.
    /// A whole number is assumed: Edgeworth to the third moment.
    pub(crate) fn at_most(&self, sum: usize, limit: f64, more_variance: f64) -> f64 {
        let variance = self.variance[sum] + more_variance;
        if variance < 1e-9 {
            return if self.mean[sum] <= limit + 0.5 { 1.0 } else { 0.0 };
        }
        let deviation = variance.sqrt();
        let z = (limit + 0.5 - self.mean[sum]) / deviation;
        let skewness = self.third[sum] / (variance * deviation);
        (normal_cdf(z) - normal_density(z) * skewness / 6.0 * (z * z - 1.0)).clamp(0.0, 1.0)
    }
}

fn normal_density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

/// Abramowitz and Stegun 26.2.17; absolute error below 7.5e-8.
fn normal_cdf(z: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] =
        [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial = COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    let tail = normal_density(z) * polynomial;
    if z >= 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_normal_tail_is_the_known_one() {
        for (z, cdf) in [(0.0, 0.5), (1.0, 0.841_344_75), (-1.96, 0.024_997_9), (3.0, 0.998_650_1)] {
            assert!((normal_cdf(z) - cdf).abs() < 1e-6, "{z}");
        }
    }

    proptest! {
        #[test]
        fn chances_add_up_to_one_and_have_the_right_mean(chances in prop::collection::vec(0.0..=1.0_f64, 0..80)) {
            let mut successes = Successes::default();
            successes.reset();
            chances.iter().for_each(|chance| successes.add(*chance));
            let total: f64 = successes.chances().iter().sum();
            prop_assert!((total - 1.0).abs() < 1e-6);
            prop_assert!(successes.chances().iter().all(|chance| (-1e-12..=1.0 + 1e-9).contains(chance)));
            let mean: f64 = successes.chances().iter().enumerate().map(|(n, p)| n as f64 * p).sum();
            prop_assert!((mean - chances.iter().sum::<f64>()).abs() < 1e-4);
        }

        #[test]
        fn the_normal_comes_close_to_the_exact_sum(chances in prop::collection::vec(0.02..0.9_f64, 70..120)) {
            let (mut successes, mut moments) = (Successes::default(), Moments::<1>::of(0.0));
            successes.reset();
            for chance in &chances {
                successes.add(*chance);
                moments.add(&[*chance], 1.0);
            }
            let limit = moments.mean[0].floor() - 3.0;
            let exact: f64 = successes.chances().iter().take(limit as usize + 1).sum();
            prop_assert!((moments.at_most(0, limit, 0.0) - exact).abs() < 2e-3);
        }
    }
}
