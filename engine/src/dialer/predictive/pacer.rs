//! Learns, forecasts, decides.

use super::LAGS;
use super::budget::{Budget, Target};
use super::drift::Drift;
use super::explanation::{Explanation, HeldBy};
use super::forecast::Forecast;
use super::ring::RingModel;
use super::situation::{DialEnd, Dialled, Situation};
use super::work::WorkModel;

/// How often the tables are brought up to date, in seconds.
const REBUILD_EVERY: f64 = 1.0;
/// Part of the grace that counts on agents who become free while somebody waits already.
const GRACE_SHARE: f64 = 0.75;
/// From answer to drop, in seconds, where nothing else is said.
const GRACE: f64 = 2.0;
/// Share of the agents for whom calls may be placed in one look.
const BURST_SHARE: f64 = 0.25;

/// What to do, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Calls to place at this moment.
    pub place: usize,
    /// Why no more and no fewer.
    pub why: Explanation,
}

/// The pacing of one campaign: tell it what ended, ask it how many calls to place.
#[derive(Clone, Debug)]
pub struct Pacer {
    ring: RingModel,
    work: WorkModel,
    drift: Drift,
    budget: Budget,
    forecast: Forecast,
    deviation: f64,
    age_of_tables: f64,
    grace: f64,
}

impl Pacer {
    /// Knows nothing yet, and so begins with one call per idle agent.
    pub fn new(target: Target) -> Self {
        Self {
            ring: RingModel::new(),
            work: WorkModel::new(),
            drift: Drift::new(),
            budget: Budget::new(target),
            forecast: Forecast::default(),
            deviation: 0.0,
            age_of_tables: f64::INFINITY,
            grace: GRACE,
        }
    }

    /// Aims at something else from here on; what was learnt stays.
    pub fn set_target(&mut self, target: Target) {
        self.budget.set_target(target);
    }

    /// A dial ended after ringing for so long.
    pub fn dial_ended(&mut self, rang: f64, end: DialEnd) {
        self.ring.ended(rang, end);
        if matches!(end, DialEnd::Presented { .. }) {
            self.drift.answered();
        }
    }

    /// A conversation of this length ended.
    pub fn talk_ended(&mut self, talked: f64) {
        self.work.talk_ended(talked);
    }

    /// The wrap-up after a conversation of `talked` ended.
    pub fn wrap_up_ended(&mut self, talked: f64, wrapped: f64) {
        self.work.wrap_up_ended(talked, wrapped);
    }

    /// A person who answered reached an agent in time.
    pub fn person_served(&mut self) {
        self.budget.served();
    }

    /// A person who answered was dropped.
    pub fn person_dropped(&mut self) {
        self.budget.dropped();
    }

    /// How many calls to place at this moment.
    pub fn calls_to_place(&mut self, s: &Situation<'_>) -> Decision {
        self.observe(s);
        let theta = self.budget.theta(s.time_left);
        self.forecast.prepare(s, &self.ring, &self.work, self.deviation);
        let burst = ((s.idle + s.working.len()) as f64 * BURST_SHARE) as usize + 1;
        let most = burst.min(s.lines_free);
        let mut place = 0;
        let mut risk = self.forecast.risk();
        while place < most && risk <= theta {
            place += 1;
            self.forecast.place();
            risk = self.forecast.risk();
        }
        let held_by = if place == s.lines_free {
            HeldBy::Lines
        } else if place == burst {
            HeldBy::Burst
        } else if s.idle + s.working.len() == 0 {
            HeldBy::NoAgents
        } else if self.budget.is_spent(s.time_left) {
            HeldBy::DropLimit
        } else {
            HeldBy::Risk
        };
        Decision { place, why: self.explain(s.dialled.len() + place, risk, held_by) }
    }

    /// Counts the time that dials and agents were at risk, and brings the tables up to date when it is time.
    fn observe(&mut self, s: &Situation<'_>) {
        let mut expected = 0.0;
        for dial in s.dialled {
            if let Dialled::Ringing { age } = *dial {
                expected += self.ring.expose(age, s.elapsed);
            }
        }
        self.drift.expect(expected);
        for working in s.working {
            self.work.expose(working.stage, s.elapsed);
        }
        self.budget.observe(s.answered, s.dropped, s.elapsed);
        self.age_of_tables += s.elapsed;
        if self.age_of_tables >= REBUILD_EVERY {
            self.age_of_tables = 0.0;
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        let (mean, variance) = self.drift.multiplier();
        self.deviation = variance.sqrt() / mean;
        let work = &self.work;
        self.ring.rebuild(mean, |since| work.holds(since));
        let grace = self.grace * GRACE_SHARE;
        let horizons = self.ring.lags().map(|lag| lag + grace);
        self.work.rebuild(&horizons);
    }

    fn explain(&self, in_flight: usize, risk: f64, held_by: HeldBy) -> Explanation {
        let free = self.forecast.free();
        let answer_rate = self.ring.answer_chance();
        Explanation {
            level: in_flight as f64 / free.max(1.0),
            free,
            horizon: self.ring.lags()[LAGS / 2],
            confidence: 1.0 - risk,
            answer_rate,
            answer_rate_deviation: answer_rate * self.deviation,
            drop_rate: self.budget.drop_rate(),
            drop_limit: self.budget.limit(),
            held_by,
        }
    }
}
