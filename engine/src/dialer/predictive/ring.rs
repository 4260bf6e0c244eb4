//! When a dial will reach an agent, if it does: ring and answering machine detection.

use serde::{Deserialize, Serialize};

use super::answerers::{AnswererLessons, Answerers};
use super::hazard::{Ages, Counts, Hazards, recalled};
use super::{DialEnd, LAGS, Pickup};

/// Longest ring that is told apart, in seconds.
pub(crate) const RING_MAX: usize = 64;
/// Half-life of what is known of rings, in dials.
const HALF_LIFE_DIALS: f64 = 1_500.0;
/// Dials that the first belief is worth.
const PRIOR_DIALS: f64 = 30.0;
/// Dials of other campaigns that a new one borrows.
const BORROWED_DIALS: f32 = 120.0;
/// Steps of the delay of answering machine detection, per second, and their number.
pub(crate) const SCREEN_STEPS: f64 = 4.0;
pub(crate) const SCREEN_BINS: usize = 32;
/// Verdicts after which older ones weigh half.
const HALF_LIFE_VERDICTS: f64 = 500.0;
/// Grid on which the lag of a fresh dial is computed, in seconds.
const LAG_STEP: f64 = 0.25;

const PRESENTED: usize = 0;
const REJECTED: usize = 1;
const UNANSWERED: usize = 2;

/// What is known of rings and verdicts, and what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct RingModel {
    hazards: Hazards<3>,
    passed: Delays,
    rejected: Delays,
    answerers: Answerers,
    tables: RingTables,
}

/// Distribution of the time from answer to verdict.
#[derive(Clone, Debug)]
struct Delays {
    counts: [f64; SCREEN_BINS],
    weight: f64,
}

impl Delays {
    fn new() -> Self {
        let mut counts = [0.0; SCREEN_BINS];
        counts[0] = 1.0;
        Self { counts, weight: 1.0 }
    }

    fn note(&mut self, delay: f64) {
        self.weight *= 0.5_f64.powf(-1.0 / HALF_LIFE_VERDICTS);
        let bin = ((delay * SCREEN_STEPS) as usize).min(SCREEN_BINS - 1);
        self.counts[bin] += self.weight;
        if self.weight > 1e9 {
            self.counts.iter_mut().for_each(|count| *count /= self.weight);
            self.weight = 1.0;
        }
    }

    fn lessons(&self) -> Vec<f32> {
        self.counts.map(|count| (count / self.weight) as f32).to_vec()
    }

    fn recall(&mut self, lessons: &[f32]) -> Option<()> {
        let counts: [f64; SCREEN_BINS] = recalled(lessons, SCREEN_BINS)?.try_into().ok()?;
        if counts.iter().sum::<f64>() <= 0.0 {
            return None;
        }
        (self.counts, self.weight) = (counts, 1.0);
        Some(())
    }

    fn shares(&self) -> [f64; SCREEN_BINS] {
        let total: f64 = self.counts.iter().sum();
        self.counts.map(|count| count / total)
    }
}

/// The middle of a bin of the delay. An answer that is not screened has none.
fn delay(bin: usize) -> f64 {
    if bin == 0 { 0.0 } else { (bin as f64 + 0.5) / SCREEN_STEPS }
}

/// Tables that hold until the next rebuild.
#[derive(Clone, Debug)]
struct RingTables {
    lags: [f64; LAGS],
    answer_chance: f64,
    /// Per lag and whole second of ring: chance that this dial holds an agent then.
    ringing: Vec<[f64; LAGS]>,
    /// Per lag and quarter second of screening: the same for a dial that will pass.
    screening: [[f64; LAGS]; SCREEN_BINS],
    /// Chance that a verdict is still open, for those that will pass and for the others.
    open: [(f64, f64); SCREEN_BINS],
    /// Chance to pass for an answer after so many seconds of ring.
    passes: [f64; RING_MAX],
}

/// What was learnt of rings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RingLessons {
    hazards: Counts,
    answerers: AnswererLessons,
    passed: Vec<f32>,
    rejected: Vec<f32>,
}

impl RingModel {
    /// What was learnt.
    pub(crate) fn lessons(&self) -> RingLessons {
        RingLessons {
            hazards: self.hazards.counts(),
            answerers: self.answerers.lessons(),
            passed: self.passed.lessons(),
            rejected: self.rejected.lessons(),
        }
    }

    /// Goes on from what was learnt earlier. None where that does not fit.
    pub(crate) fn recall(&mut self, lessons: &RingLessons) -> Option<()> {
        self.answerers.recall(&lessons.answerers)?;
        self.hazards.recall(&lessons.hazards)?;
        self.passed.recall(&lessons.passed)?;
        self.rejected.recall(&lessons.rejected)?;
        Some(())
    }

    /// Takes over a little of what others have learnt of how phones ring. Who answers is a matter of each campaign's own
    /// leads. None where that does not fit.
    pub(crate) fn begin_like(&mut self, others: &[&RingLessons]) -> Option<()> {
        let counts = others.iter().map(|lessons| &lessons.hazards);
        self.hazards.recall(&Counts::pooled(counts, BORROWED_DIALS)?)
    }

    pub(crate) fn new() -> Self {
        let ages = Ages::new(&[(RING_MAX as u32 - 1, 1)]);
        let hazards = Hazards::new(ages, PRIOR_DIALS, HALF_LIFE_DIALS, |cause, age| match cause {
            PRESENTED => 0.004 + 0.035 * (-((age - 9.0) / 4.0).powi(2) / 2.0).exp(),
            UNANSWERED => 0.02,
            _ => 0.0,
        });
        Self {
            hazards,
            passed: Delays::new(),
            rejected: Delays::new(),
            answerers: Answerers::new(),
            tables: RingTables {
                lags: [0.0; LAGS],
                answer_chance: 0.0,
                ringing: vec![[0.0; LAGS]; RING_MAX + 1],
                screening: [[0.0; LAGS]; SCREEN_BINS],
                open: [(1.0, 1.0); SCREEN_BINS],
                passes: [1.0; RING_MAX],
            },
        }
    }

    /// An ordinary dial of this age rang for so long. Answers: how many were to be expected from that.
    pub(crate) fn expose(&mut self, age: f64, seconds: f64) -> f64 {
        self.hazards.expose(age, seconds);
        self.hazards.rate(PRESENTED, self.hazards.ages().bin(age)) * seconds
    }

    pub(crate) fn ended(&mut self, rang: f64, odds: f64, end: DialEnd) {
        match end {
            DialEnd::Presented { screened } => {
                self.hazards.ended_at_odds(PRESENTED, rang, odds);
                self.passed.note(screened.unwrap_or(0.0));
            }
            DialEnd::Rejected { screened } => {
                self.hazards.ended(REJECTED, rang);
                self.rejected.note(screened);
            }
            DialEnd::Unanswered => self.hazards.ended(UNANSWERED, rang),
        }
    }

    pub(crate) fn answered_by(&mut self, pickup: Pickup, person: bool) {
        self.answerers.note(pickup, person);
    }

    /// Chance that a person picked up so, who is to have an agent.
    pub(crate) fn person_chance(&self, pickup: Pickup) -> f64 {
        self.answerers.person_chance(pickup)
    }

    /// Lags after which a dial placed at this moment brings a person to an agent, if it does: quantiles, in seconds.
    pub(crate) fn lags(&self) -> &[f64; LAGS] {
        &self.tables.lags
    }

    /// Chance that a dial placed at this moment reaches an agent at all.
    pub(crate) fn answer_chance(&self) -> f64 {
        self.tables.answer_chance
    }

    /// Chances that a ringing dial holds an agent after each lag.
    pub(crate) fn ringing(&self, age: f64) -> [f64; LAGS] {
        let age = age.clamp(0.0, RING_MAX as f64 - 1e-9);
        let second = age as usize;
        let into = age - second as f64;
        let (low, high) = (&self.tables.ringing[second], &self.tables.ringing[second + 1]);
        std::array::from_fn(|lag| low[lag] + into * (high[lag] - low[lag]))
    }

    /// Chances that an answer under screening holds an agent after each lag.
    pub(crate) fn screening(&self, rang: f64, age: f64) -> [f64; LAGS] {
        let bin = ((age * SCREEN_STEPS) as usize).min(SCREEN_BINS - 1);
        let passes = self.tables.passes[(rang as usize).min(RING_MAX - 1)];
        let (open_if_passing, open_otherwise) = self.tables.open[bin];
        let both = passes * open_if_passing + (1.0 - passes) * open_otherwise;
        let chance = if both > 0.0 { passes * open_if_passing / both } else { 0.0 };
        self.tables.screening[bin].map(|held| held * chance)
    }

    /// Brings the tables up to date. `holds(person, x)` is the chance that an agent who took a call `x` seconds ago, of
    /// a person with that chance, still has it.
    pub(crate) fn rebuild(&mut self, multiplier: f64, holds: impl Fn(f64, f64) -> f64) {
        let (alive, answers) = self.survival(multiplier);
        let passed = self.passed.shares();
        self.tables.answer_chance = answers.iter().sum();
        self.set_lags(&answers, &passed);
        self.set_ringing(&alive, &answers, &passed, &holds);
        self.set_screening(multiplier, &passed, &holds);
    }

    /// Chance that a dial still rings at each second, and that it is answered in it and passes.
    fn survival(&self, multiplier: f64) -> ([f64; RING_MAX + 1], [f64; RING_MAX]) {
        let mut alive = [1.0; RING_MAX + 1];
        let mut answers = [0.0; RING_MAX];
        for second in 0..RING_MAX {
            let presented = self.hazards.rate(PRESENTED, second) * multiplier;
            let total =
                presented + self.hazards.rate(REJECTED, second) + self.hazards.rate(UNANSWERED, second);
            let ends = 1.0 - (-total).exp();
            alive[second + 1] = alive[second] * (1.0 - ends);
            if total > 0.0 {
                answers[second] = alive[second] * ends * presented / total;
            }
        }
        (alive, answers)
    }

    fn set_lags(&mut self, answers: &[f64; RING_MAX], passed: &[f64; SCREEN_BINS]) {
        const GRID: usize = ((RING_MAX + 9) as f64 / LAG_STEP) as usize;
        let mut density = [0.0; GRID];
        for (second, answer) in answers.iter().enumerate() {
            let people = answer * self.answerers.people(second);
            for (bin, share) in passed.iter().enumerate().filter(|(_, share)| **share > 1e-4) {
                let at = second as f64 + 0.5 + delay(bin);
                density[((at / LAG_STEP) as usize).min(GRID - 1)] += people * share;
            }
        }
        let total: f64 = density.iter().sum();
        let (mut sum, mut lag) = (0.0, 0);
        for (step, chance) in density.iter().enumerate() {
            sum += chance;
            while lag < LAGS && sum >= total * (lag as f64 + 0.5) / LAGS as f64 {
                self.tables.lags[lag] = (step as f64 + 0.5) * LAG_STEP;
                lag += 1;
            }
        }
    }

    fn set_ringing(
        &mut self,
        alive: &[f64; RING_MAX + 1],
        answers: &[f64; RING_MAX],
        passed: &[f64; SCREEN_BINS],
        holds: &impl Fn(f64, f64) -> f64,
    ) {
        let screened: Vec<(f64, f64, f64)> = (1..SCREEN_BINS)
            .filter(|bin| passed[*bin] > 1e-3)
            .map(|bin| (delay(bin), passed[bin], self.answerers.people_screened(bin)))
            .collect();
        // Chance to hold an agent so long after the answer, for the answers that are screened.
        let held = |since: f64| -> f64 {
            let passing = screened.iter().filter(|(delay, ..)| *delay <= since);
            passing.map(|(delay, share, person)| share * holds(*person, since - delay)).sum()
        };
        let unscreened = passed[0];
        let people: [f64; RING_MAX] = std::array::from_fn(|second| self.answerers.people(second));
        for lag in 0..LAGS {
            let within = self.tables.lags[lag];
            // An answer in second k of a ring that is a seconds old by now, seen `within` later: of a machine, and how
            // much more of a person.
            let held_after: Vec<(f64, f64)> = (0..=within as usize + 1)
                .map(|ahead| within - ahead as f64 - 0.5)
                .map(|since| {
                    let at_once = |person| if since < 0.0 { 0.0 } else { unscreened * holds(person, since) };
                    (held(since) + at_once(0.0), at_once(1.0) - at_once(0.0))
                })
                .collect();
            for (age, (row, alive)) in self.tables.ringing.iter_mut().zip(alive).enumerate() {
                let coming = answers.iter().zip(&people).skip(age).zip(&held_after);
                let chance: f64 = coming
                    .map(|((answer, person), (machine, more))| answer * (machine + person * more))
                    .sum();
                row[lag] = if *alive > 1e-12 { (chance / alive).min(1.0) } else { 0.0 };
            }
        }
    }

    fn set_screening(
        &mut self,
        multiplier: f64,
        passed: &[f64; SCREEN_BINS],
        holds: &impl Fn(f64, f64) -> f64,
    ) {
        let rejected = self.rejected.shares();
        for bin in 0..SCREEN_BINS {
            let open: f64 = passed[bin..].iter().sum();
            self.tables.open[bin] = (open, rejected[bin..].iter().sum());
            for lag in 0..LAGS {
                let held: f64 = (bin..SCREEN_BINS)
                    .map(|end| {
                        let left = self.tables.lags[lag] - (end - bin) as f64 / SCREEN_STEPS;
                        let person = self.answerers.people_screened(end);
                        if left >= 0.0 { passed[end] * holds(person, left) } else { 0.0 }
                    })
                    .sum();
                self.tables.screening[bin][lag] = if open > 0.0 { held / open } else { 0.0 };
            }
        }
        for second in 0..RING_MAX {
            let presented = self.hazards.rate(PRESENTED, second) * multiplier;
            let total = presented + self.hazards.rate(REJECTED, second);
            self.tables.passes[second] = if total > 0.0 { presented / total } else { 1.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every third dial is answered after 6 to 12 s; the others end at 25 s.
    fn taught() -> RingModel {
        let mut ring = RingModel::new();
        for dial in 0..9_000_u32 {
            let answered = dial % 3 == 0;
            let rang = if answered { 6.5 + f64::from(dial / 3 % 6) } else { 24.5 };
            for tick in 0..(rang * 4.0) as u32 {
                ring.expose(f64::from(tick) / 4.0, 0.25);
            }
            let end = if answered { DialEnd::Presented { screened: None } } else { DialEnd::Unanswered };
            ring.ended(rang, 1.0, end);
        }
        ring.rebuild(1.0, |_, _| 1.0);
        ring
    }

    #[test]
    fn the_answer_rate_and_the_lags_are_learnt() {
        let ring = taught();
        assert!((ring.answer_chance() - 1.0 / 3.0).abs() < 0.03, "{}", ring.answer_chance());
        assert!(ring.lags().iter().all(|lag| (5.5..13.0).contains(lag)), "{:?}", ring.lags());
    }

    #[test]
    fn a_ring_past_the_usual_answer_hardly_counts() {
        let ring = taught();
        assert!(ring.ringing(5.0)[LAGS - 1] > 0.25);
        assert!(ring.ringing(15.0)[LAGS - 1] < 0.02);
    }

    #[test]
    fn machines_do_not_make_pacing_look_further_ahead() {
        let mut ring = taught();
        for _ in 0..300 {
            for late in 9..12 {
                ring.answered_by(Pickup { rang: f64::from(late) + 0.5, screened: None }, false);
            }
        }
        ring.rebuild(1.0, |_, _| 1.0);
        assert!(ring.lags()[LAGS - 1] < 9.5, "{:?}", ring.lags());
    }

    proptest! {
        #[test]
        fn every_chance_is_one(
            ends in prop::collection::vec((0.0..70.0_f64, 0..3_u8, 0.0..9.0_f64), 0..60),
            multiplier in 0.1..8.0_f64,
            age in 0.0..100.0_f64,
        ) {
            let mut ring = RingModel::new();
            for (rang, kind, screened) in ends {
                ring.expose(rang, 0.25);
                ring.ended(rang, 1.0, match kind {
                    0 => DialEnd::Presented { screened: Some(screened) },
                    1 => DialEnd::Rejected { screened },
                    _ => DialEnd::Unanswered,
                });
            }
            ring.rebuild(multiplier, |_, since| (-since / 60.0).exp());
            let chances = ring.ringing(age).into_iter().chain(ring.screening(age, age / 10.0));
            for chance in chances.chain([ring.answer_chance()]) {
                prop_assert!((0.0..=1.0 + 1e-9).contains(&chance), "{chance}");
            }
            prop_assert!(ring.lags().is_sorted());
        }
    }
}
