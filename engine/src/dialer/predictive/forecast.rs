//! The chance that one more answer finds nobody, and how it grows with every call placed.

use super::convolution::{EXACT_MAX, Moments, Successes};
use super::ring::RingModel;
use super::work::WorkModel;
use super::{Dialled, LAGS, Situation};

/// Points on which the uncertain level of answers is spread: multiplier in standard deviations, weight.
/// Gauss-Hermite with three points.
const LEVELS: [(f64, f64); 3] = [(-1.732_050_8, 1.0 / 6.0), (0.0, 2.0 / 3.0), (1.732_050_8, 1.0 / 6.0)];

/// The state after each lag of a dial placed at this moment.
#[derive(Clone, Debug)]
pub(crate) struct Forecast {
    /// After which times.
    at: [f64; LAGS],
    /// Where the curve of risks is read for each wait.
    later: [[Place; LAGS]; WAITS.len()],
    /// A fresh dial's chance to be ahead of another fresh one.
    fresh: [f64; LAGS],
    /// Idle agents less people who wait.
    spare: i64,
    /// Deviation of the level of answers around 1.
    deviation: f64,
    /// Spare and freed agents less answers, without the uncertain level of answers.
    sum: Moments<LAGS>,
    /// Answers ahead.
    answers_mean: [f64; LAGS],
    /// The same in full, where few enough agents work for it.
    exactly: Option<Vec<Exactly>>,
}

/// The distributions after one lag.
#[derive(Clone, Debug, Default)]
struct Exactly {
    /// Agents at work who are done by then.
    freed: Successes,
    /// `freed_at_most[n]`: chance that at most n of them are.
    freed_at_most: Vec<f64>,
    /// Answers ahead, for each level of answers.
    answers: [Successes; LEVELS.len()],
}

impl Forecast {
    pub(crate) const fn new() -> Self {
        Self {
            at: [0.0; LAGS],
            later: [[Place { from: 0, beyond: 0.0, is_last: false }; LAGS]; WAITS.len()],
            fresh: [0.0; LAGS],
            spare: 0,
            deviation: 0.0,
            sum: Moments::of(0.0),
            answers_mean: [0.0; LAGS],
            exactly: None,
        }
    }

    /// Sets up the distributions for a situation. `deviation` is that of the answers' level around 1.
    pub(crate) fn prepare(&mut self, s: &Situation<'_>, ring: &RingModel, work: &WorkModel, deviation: f64) {
        let staying = || s.working.iter().filter(|working| !working.leaves);
        self.at = *ring.lags();
        self.later = WAITS.map(|wait| self.at.map(|at| Place::of(&self.at, at + wait)));
        self.fresh = at_odds(ring.ringing(0.0), s.next_odds);
        self.spare = s.idle as i64 - s.waiting as i64;
        self.deviation = deviation;
        self.sum = Moments::of(self.spare as f64);
        self.answers_mean = [0.0; LAGS];
        self.exactly = (staying().count() <= EXACT_MAX).then(|| {
            let mut exactly = self.exactly.take().unwrap_or_default();
            exactly.resize_with(LAGS, Exactly::default);
            exactly.iter_mut().for_each(Exactly::reset);
            exactly
        });
        for working in staying() {
            self.add_agent(&work.done(working.stage));
        }
        let own = s.dialled.iter().map(|dial| (*dial, 1.0));
        let rivals = s.rivals.iter().map(|rival| (rival.dial, rival.share));
        for (dial, share) in own.chain(rivals) {
            let ahead = match dial {
                Dialled::Ringing { age, odds } => at_odds(ring.ringing(age), odds * share),
                Dialled::Screening { rang, age } => at_odds(ring.screening(rang, age), share),
            };
            self.add_answer(&ahead);
        }
        self.exactly.iter_mut().flatten().for_each(Exactly::sum_up_freed);
    }

    fn add_agent(&mut self, done: &[f64; LAGS]) {
        self.sum.add(done, 1.0);
        for (lag, done) in self.exactly.iter_mut().flatten().zip(done) {
            lag.freed.add(*done);
        }
    }

    fn add_answer(&mut self, ahead: &[f64; LAGS]) {
        self.sum.add(ahead, -1.0);
        for (mean, ahead) in self.answers_mean.iter_mut().zip(ahead) {
            *mean += ahead;
        }
        for (lag, ahead) in self.exactly.iter_mut().flatten().zip(ahead) {
            lag.add_answer(*ahead, self.deviation);
        }
    }

    /// What one more call costs at this moment.
    pub(crate) fn price(&self) -> Price {
        let risks = match &self.exactly {
            Some(exactly) => std::array::from_fn(|lag| exactly[lag].risk(self.spare)),
            None => std::array::from_fn(|lag| {
                let deviation = self.answers_mean[lag] * self.deviation;
                self.sum.at_most(lag, 0.0, deviation * deviation)
            }),
        };
        let risk = mean(&risks);
        let rises: [f64; LAGS] = std::array::from_fn(|lag| rise(&self.at, &risks, lag));
        let mut waiting: f64 = 0.0;
        for (wait, later) in WAITS.into_iter().zip(&self.later) {
            let later = later.map(|place| place.read(&risks, &rises));
            waiting = waiting.max((risk - mean(&later)) / wait);
        }
        Price { risk, waiting }
    }

    /// One more call is placed.
    pub(crate) fn place(&mut self) {
        let fresh = self.fresh;
        self.add_answer(&fresh);
    }

    /// Agents expected to be free after the middle lag, before answers are served.
    pub(crate) fn free(&self) -> f64 {
        self.sum.mean[LAGS / 2] + self.answers_mean[LAGS / 2]
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

/// Where a curve through the points `(at, values)` is read: in between, or beyond the last, where it goes on falling but
/// never rises.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The last point before it.
    from: usize,
    /// How far behind that point it is.
    beyond: f64,
    /// Whether no point follows.
    is_last: bool,
}

impl Place {
    fn of(at: &[f64; LAGS], wanted: f64) -> Self {
        let next = at.partition_point(|known| *known <= wanted).clamp(1, LAGS);
        Self { from: next - 1, beyond: wanted - at[next - 1], is_last: next == LAGS }
    }

    /// `rises[point]`: how fast the curve rises behind it, and behind the last as before it.
    fn read(self, values: &[f64; LAGS], rises: &[f64; LAGS]) -> f64 {
        let rise = rises[self.from];
        let rise = if self.is_last { rise.min(0.0) } else { rise };
        (values[self.from] + rise * self.beyond).max(0.0)
    }
}

/// How fast a curve through the points `(at, values)` rises behind one of them; behind the last as before it.
fn rise(at: &[f64; LAGS], values: &[f64; LAGS], point: usize) -> f64 {
    let to = (point + 1).min(LAGS - 1);
    (values[to] - values[to - 1]) / (at[to] - at[to - 1]).max(STEP_MIN)
}

/// Lags closer than this, in seconds, tell nothing of a slope.
const STEP_MIN: f64 = 0.25;

impl Exactly {
    fn reset(&mut self) {
        self.freed.reset();
        self.answers.iter_mut().for_each(Successes::reset);
    }

    fn add_answer(&mut self, chance: f64, deviation: f64) {
        for (answers, (away, _)) in self.answers.iter_mut().zip(LEVELS) {
            answers.add((chance * (1.0 + away * deviation)).clamp(0.0, 1.0));
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

    fn risk(&self, spare: i64) -> f64 {
        self.answers
            .iter()
            .zip(LEVELS)
            .map(|(answers, (_, weight))| weight * self.risk_given(answers, spare))
            .sum()
    }

    /// Chance that freed <= answers - spare.
    fn risk_given(&self, answers: &Successes, spare: i64) -> f64 {
        answers
            .chances()
            .iter()
            .enumerate()
            .map(|(count, chance)| {
                let needed = count as i64 - spare;
                match usize::try_from(needed) {
                    Ok(needed) => chance * self.freed_at_most.get(needed).copied().unwrap_or(1.0),
                    Err(_) => 0.0,
                }
            })
            .sum()
    }
}
