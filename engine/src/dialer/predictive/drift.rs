//! How much likelier an answer is at this moment than the hazards say.
//!
//! The hazards are slow: they hold the shape of a ring. The level moves with the hour, the list and the carrier. A
//! gamma-Poisson model follows it: answers seen over answers expected, forgotten at several speeds at once, each
//! speed believed as far as it has predicted well lately.

/// Expected answers over which each model forgets.
const MEMORIES: [f64; 4] = [15.0, 60.0, 240.0, 1000.0];
/// Belief, in expected answers, that the level is what the hazards say.
const PRIOR: f64 = 4.0;
/// Expected answers over which the models' merits are forgotten.
const MERIT_MEMORY: f64 = 60.0;
/// Expected answers after which the models are judged and moved.
const STEP: f64 = 0.5;
/// The multiplier's bounds: beyond them the hazards themselves have to learn.
const BOUNDS: (f64, f64) = (0.1, 8.0);

/// The multiplier on the answer hazard.
#[derive(Clone, Debug)]
pub(crate) struct Drift {
    models: [Memory; MEMORIES.len()],
    expected: f64,
    seen: f64,
}

#[derive(Clone, Copy, Debug)]
struct Memory {
    length: f64,
    seen: f64,
    expected: f64,
    log_merit: f64,
}

impl Memory {
    fn shape(&self) -> f64 {
        self.seen + PRIOR
    }

    fn rate(&self) -> f64 {
        self.expected + PRIOR
    }

    /// Log probability of `seen` where `expected` were expected: negative binomial, without the terms that all
    /// models share.
    fn log_likelihood(&self, seen: f64, expected: f64) -> f64 {
        let (a, b) = (self.shape(), self.rate());
        let rising: f64 = (0..seen as u32).map(|step| (a + f64::from(step)).ln()).sum();
        rising + a * (b / (b + expected)).ln() - seen * (b + expected).ln()
    }

    fn learn(&mut self, seen: f64, expected: f64) {
        self.log_merit =
            self.log_merit * (-expected / MERIT_MEMORY).exp() + self.log_likelihood(seen, expected);
        let kept = (-expected / self.length).exp();
        self.seen = self.seen * kept + seen;
        self.expected = self.expected * kept + expected;
    }
}

impl Drift {
    /// What was learnt: answers seen and expected, and merit, of each model.
    pub(crate) fn lessons(&self) -> Vec<[f32; 3]> {
        let lesson = |model: &Memory| [model.seen as f32, model.expected as f32, model.log_merit as f32];
        self.models.iter().map(lesson).collect()
    }

    /// Goes on from what was learnt earlier. None where that does not fit.
    pub(crate) fn recall(&mut self, lessons: &[[f32; 3]]) -> Option<()> {
        let possible = |[seen, expected, merit]: &[f32; 3]| {
            (0.0..1e6).contains(seen) && (0.0..1e6).contains(expected) && merit.is_finite()
        };
        if lessons.len() != self.models.len() || !lessons.iter().all(possible) {
            return None;
        }
        for (model, [seen, expected, merit]) in self.models.iter_mut().zip(lessons) {
            (model.seen, model.expected, model.log_merit) =
                (f64::from(*seen), f64::from(*expected), f64::from(*merit));
        }
        Some(())
    }

    pub(crate) fn new() -> Self {
        Self {
            models: MEMORIES.map(|length| Memory { length, seen: 0.0, expected: 0.0, log_merit: 0.0 }),
            expected: 0.0,
            seen: 0.0,
        }
    }

    /// So many answers were to be expected from the dials that rang lately.
    pub(crate) fn expect(&mut self, answers: f64) {
        self.expected += answers;
        if self.expected >= STEP {
            for model in &mut self.models {
                model.learn(self.seen, self.expected);
            }
            (self.seen, self.expected) = (0.0, 0.0);
        }
    }

    /// Somebody answered.
    pub(crate) fn answered(&mut self) {
        self.seen += 1.0;
    }

    /// Mean and variance of the multiplier.
    pub(crate) fn multiplier(&self) -> (f64, f64) {
        let best = self.models.iter().map(|model| model.log_merit).fold(f64::MIN, f64::max);
        let (mut total, mut mean, mut square) = (0.0, 0.0, 0.0);
        for model in &self.models {
            let weight = (model.log_merit - best).exp();
            let level = model.shape() / model.rate();
            total += weight;
            mean += weight * level;
            square += weight * (level * level + model.shape() / (model.rate() * model.rate()));
        }
        mean /= total;
        square /= total;
        (mean.clamp(BOUNDS.0, BOUNDS.1), (square - mean * mean).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_one() {
        let (mean, variance) = Drift::new().multiplier();
        assert!((mean - 1.0).abs() < 1e-12);
        assert!(variance > 0.0);
    }

    #[test]
    fn answers_at_twice_the_rate_expected_double_it() {
        let mut drift = Drift::new();
        for _ in 0..400 {
            drift.answered();
            drift.expect(0.5);
        }
        let (mean, variance) = drift.multiplier();
        assert!((1.8..2.1).contains(&mean), "{mean}");
        assert!(variance < 0.1, "{variance}");
    }

    #[test]
    fn after_a_step_the_quick_models_are_believed() {
        let mut drift = Drift::new();
        for _ in 0..2_000 {
            drift.answered();
            drift.expect(1.0);
        }
        for _ in 0..40 {
            drift.answered();
            drift.expect(0.4);
        }
        assert!(drift.multiplier().0 > 1.5, "{:?}", drift.multiplier());
    }
}
