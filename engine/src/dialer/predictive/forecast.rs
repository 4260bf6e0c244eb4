//! The chance that one more answer finds nobody, and how it grows with every call placed.

use super::convolution::{EXACT_MAX, Moments, Successes};
use super::ring::RingModel;
use super::work::WorkModel;
use super::{Dialled, LAGS, Situation};

/// Points on which the uncertain level of answers is spread: multiplier in standard deviations, weight.
/// Gauss-Hermite with three points.
const LEVELS: [(f64, f64); 3] = [(-1.732_050_8, 1.0 / 6.0), (0.0, 2.0 / 3.0), (1.732_050_8, 1.0 / 6.0)];

/// The state after each lag of a dial placed at this moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forecast {
    lags: Vec<Lag>,
    exact: bool,
    /// After which times.
    at: [f64; LAGS],
}

#[derive(Clone, Debug, Default)]
struct Lag {
    /// Idle agents less people who wait.
    spare: i64,
    /// Agents at work who are done by then.
    freed: Successes,
    /// `freed_at_most[n]`: chance that at most n of them are.
    freed_at_most: Vec<f64>,
    /// Answers ahead, for each level of answers.
    answers: [Successes; LEVELS.len()],
    /// The whole sum, where it is not computed exactly; answers without their uncertainty.
    sum: Moments,
    answers_mean: f64,
    /// A fresh dial's chance to be ahead of another fresh one.
    fresh: f64,
    deviation: f64,
}

impl Forecast {
    /// Sets up the distributions for a situation. `deviation` is that of the answers' level around 1.
    pub(crate) fn prepare(&mut self, s: &Situation<'_>, ring: &RingModel, work: &WorkModel, deviation: f64) {
        let staying = || s.working.iter().filter(|working| !working.leaves);
        self.exact = staying().count() <= EXACT_MAX;
        self.lags.resize_with(LAGS, Lag::default);
        self.at = *ring.lags();
        let fresh = at_odds(ring.ringing(0.0), s.next_odds);
        for (lag, fresh) in self.lags.iter_mut().zip(fresh) {
            lag.begin(s, fresh, deviation);
        }
        for working in staying() {
            let done = work.done(working.stage);
            for (lag, chance) in self.lags.iter_mut().zip(done) {
                lag.add_agent(chance, self.exact);
            }
        }
        let own = s.dialled.iter().map(|dial| (*dial, 1.0));
        let rivals = s.rivals.iter().map(|rival| (rival.dial, rival.share));
        for (dial, share) in own.chain(rivals) {
            let ahead = match dial {
                Dialled::Ringing { age, odds } => at_odds(ring.ringing(age), odds * share),
                Dialled::Screening { rang, age } => at_odds(ring.screening(rang, age), share),
            };
            for (lag, chance) in self.lags.iter_mut().zip(ahead) {
                lag.add_answer(chance, self.exact);
            }
        }
        if self.exact {
            self.lags.iter_mut().for_each(Lag::sum_up_freed);
        }
    }

    /// What one more call costs at this moment.
    pub(crate) fn price(&self) -> Price {
        let mut risks = [0.0; LAGS];
        for (risk, lag) in risks.iter_mut().zip(&self.lags) {
            *risk = lag.risk(self.exact);
        }
        let risk = mean(&risks);
        let saved = |wait: f64| {
            let later = self.at.map(|at| read(&self.at, &risks, at + wait));
            (risk - mean(&later)) / wait
        };
        Price { risk, waiting: WAITS.map(saved).into_iter().fold(0.0, f64::max) }
    }

    /// One more call is placed.
    pub(crate) fn place(&mut self) {
        for lag in &mut self.lags {
            lag.add_answer(lag.fresh, self.exact);
        }
    }

    /// Agents expected to be free after the middle lag, before answers are served.
    pub(crate) fn free(&self) -> f64 {
        self.lags.get(LAGS / 2).map_or(0.0, |lag| lag.sum.mean + lag.answers_mean)
    }
}

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Price {
    /// Chance that one more answer finds nobody.
    pub(crate) risk: f64,
    /// By how much that chance would fall, per second of waiting with the call.
    pub(crate) waiting: f64,
}

/// Seconds for which a call might wait.
const WAITS: [f64; 3] = [1.0, 2.0, 4.0];

fn at_odds(chances: [f64; LAGS], odds: f64) -> [f64; LAGS] {
    chances.map(|chance| (chance * odds).min(1.0))
}

fn mean(values: &[f64; LAGS]) -> f64 {
    values.iter().sum::<f64>() / LAGS as f64
}

/// A curve through the points `(at, values)`, read in between; beyond the last it goes on falling, but never rises.
fn read(at: &[f64; LAGS], values: &[f64; LAGS], wanted: f64) -> f64 {
    let next = at.partition_point(|known| *known <= wanted).clamp(1, LAGS);
    let last = next.min(LAGS - 1);
    let slope = (values[last] - values[last - 1]) / (at[last] - at[last - 1]).max(STEP_MIN);
    let slope = if next == LAGS { slope.min(0.0) } else { slope };
    let from = next - 1;
    (values[from] + slope * (wanted - at[from])).max(0.0)
}

/// Lags closer than this, in seconds, tell nothing of a slope.
const STEP_MIN: f64 = 0.25;

impl Lag {
    fn begin(&mut self, s: &Situation<'_>, fresh: f64, deviation: f64) {
        self.spare = s.idle as i64 - s.waiting as i64;
        self.fresh = fresh;
        self.deviation = deviation;
        self.freed.reset();
        self.answers.iter_mut().for_each(Successes::reset);
        self.sum = Moments { mean: self.spare as f64, ..Moments::default() };
        self.answers_mean = 0.0;
    }

    fn add_agent(&mut self, chance: f64, exact: bool) {
        self.sum.add(chance, 1.0);
        if exact {
            self.freed.add(chance);
        }
    }

    fn add_answer(&mut self, chance: f64, exact: bool) {
        self.sum.add(chance, -1.0);
        self.answers_mean += chance;
        if exact {
            for (answers, (away, _)) in self.answers.iter_mut().zip(LEVELS) {
                answers.add((chance * (1.0 + away * self.deviation)).clamp(0.0, 1.0));
            }
        }
    }

    fn sum_up_freed(&mut self) {
        self.freed_at_most.clear();
        let mut sum = 0.0;
        for chance in self.freed.chances() {
            sum += chance;
            self.freed_at_most.push(sum);
        }
    }

    fn risk(&self, exact: bool) -> f64 {
        if !exact {
            let uncertain = self.answers_mean * self.deviation;
            let sum = Moments { variance: self.sum.variance + uncertain * uncertain, ..self.sum };
            return sum.at_most(0.0);
        }
        self.answers.iter().zip(LEVELS).map(|(answers, (_, weight))| weight * self.risk_given(answers)).sum()
    }

    /// Chance that freed <= answers - spare.
    fn risk_given(&self, answers: &Successes) -> f64 {
        answers
            .chances()
            .iter()
            .enumerate()
            .map(|(count, chance)| {
                let needed = count as i64 - self.spare;
                match usize::try_from(needed) {
                    Ok(needed) => chance * self.freed_at_most.get(needed).copied().unwrap_or(1.0),
                    Err(_) => 0.0,
                }
            })
            .sum()
    }
}
