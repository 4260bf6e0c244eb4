//! How many drops may be spent, and at which risk a call is still placed.
//!
//! `theta` is the exchange rate between drops and idle time: the highest risk, that one more answer finds nobody, at
//! which a call is placed. It moves until the drops that it costs are those that may be spent.

/// What the campaign may spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Drops over answers that are never passed: the law, or less.
    pub limit: f64,
    /// Drops over answers to aim at, below the limit.
    pub aim: f64,
}

impl Default for Target {
    /// 3 %, the limit of most countries.
    fn default() -> Self {
        Self::below(0.03)
    }
}

impl Target {
    /// Aims a little below a limit.
    pub fn below(limit: f64) -> Self {
        Self {
            limit,
            aim: limit * AIM,
        }
    }
}

/// Part of the limit that is aimed at. The rest is for what no forecast sees.
const AIM: f64 = 0.95;
const THETA_FIRST: f64 = 0.05;
const THETA_MIN: f64 = 0.002;
const THETA_MAX: f64 = 0.7;
/// People over which the rate of answers is judged, at least, before the rest of the day is counted on.
const REST_SHARE: f64 = 0.5;
/// How far the budget that is left may bend theta.
const BEND: f64 = 3.0;

/// People who answered and were dropped in the window, and what follows for the risk.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    target: Target,
    people: f64,
    dropped: f64,
    log_theta: f64,
    /// Seconds in which the people came.
    seconds: f64,
}

impl Budget {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            people: 0.0,
            dropped: 0.0,
            log_theta: THETA_FIRST.ln(),
            seconds: 0.0,
        }
    }

    pub(crate) fn pass_time(&mut self, seconds: f64) {
        self.seconds += seconds;
    }

    pub(crate) fn served(&mut self) {
        self.move_theta(self.target.aim);
        self.people += 1.0;
    }

    pub(crate) fn dropped(&mut self) {
        self.move_theta(self.target.aim - 1.0);
        self.people += 1.0;
        self.dropped += 1.0;
    }

    fn move_theta(&mut self, by: f64) {
        let inertia = (10.0 + self.target.aim * self.people).clamp(10.0, 80.0);
        self.log_theta = (self.log_theta + by / inertia).clamp(THETA_MIN.ln(), THETA_MAX.ln());
    }

    /// Drops over people so far.
    pub(crate) fn drop_rate(&self) -> f64 {
        if self.people > 0.0 {
            self.dropped / self.people
        } else {
            0.0
        }
    }

    pub(crate) fn limit(&self) -> f64 {
        self.target.limit
    }

    /// Whether one more drop would pass the limit, with only part of the people counted who may still answer.
    pub(crate) fn is_spent(&self, time_left: Option<f64>) -> bool {
        let people = self.people + REST_SHARE * self.expected(time_left) + 1.0;
        self.dropped + 1.0 > self.target.limit * people
    }

    /// The highest risk at which a call is placed.
    pub(crate) fn theta(&self, time_left: Option<f64>) -> f64 {
        if self.is_spent(time_left) {
            return THETA_MIN;
        }
        let rest = self.expected(time_left);
        let bend = if rest > 0.0 {
            let left = self.target.aim * (self.people + rest) - self.dropped;
            (left / (self.target.aim * rest)).clamp(BEND.recip(), BEND)
        } else {
            1.0
        };
        (self.log_theta.exp() * bend).clamp(THETA_MIN, THETA_MAX)
    }

    /// People who may still answer, at the rate of those before.
    fn expected(&self, time_left: Option<f64>) -> f64 {
        match time_left {
            Some(left) if self.seconds > 0.0 => self.people * left.max(0.0) / self.seconds,
            Some(_) | None => 0.0,
        }
    }
}
