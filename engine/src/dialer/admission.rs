//! How fast and how many: no limit is ever passed, whoever asks.

use std::time::Duration;

use super::obstacle::{Obstacle, Whose};
use crate::model::{RateLimit, Timestamp};

/// One limit and what is used of it: a token bucket for the rate, a counter for the calls that are up.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    limit: RateLimit,
    calls: u32,
    tokens: f64,
    filled_at: Timestamp,
    rests_until: Timestamp,
}

/// Why a gate lets no call through. The one that opens sooner, as far as is known, is the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closed {
    /// Too many in the last second, or it rests. It opens after this long.
    TooFast(Duration),
    /// As many calls are up as may be. It opens when one ends.
    Full,
}

impl Gate {
    /// A gate with nothing used.
    pub fn new(limit: RateLimit, now: Timestamp) -> Self {
        Self { limit, calls: 0, tokens: burst(limit), filled_at: now, rests_until: now }
    }

    /// Takes over a changed limit; what is used stays used.
    pub fn set_limit(&mut self, limit: RateLimit) {
        self.limit = limit;
        self.tokens = self.tokens.min(burst(limit));
    }

    /// Calls that are up through this gate.
    pub const fn calls(&self) -> u32 {
        self.calls
    }

    /// Calls that may still be up at the same time.
    pub const fn free(&self) -> u32 {
        self.limit.concurrent_calls.saturating_sub(self.calls)
    }

    /// Whether one more call may pass at this moment.
    pub fn check(&mut self, now: Timestamp) -> Result<(), Closed> {
        let gained = now.since(self.filled_at).as_secs_f64() * self.limit.calls_per_second;
        self.tokens = (self.tokens + gained).min(burst(self.limit));
        self.filled_at = self.filled_at.max(now);
        if self.calls >= self.limit.concurrent_calls {
            return Err(Closed::Full);
        }
        if now < self.rests_until {
            return Err(Closed::TooFast(self.rests_until.since(now)));
        }
        if self.tokens >= 1.0 {
            return Ok(());
        }
        let wait = (1.0 - self.tokens) / self.limit.calls_per_second;
        Err(Closed::TooFast(Duration::try_from_secs_f64(wait).unwrap_or(Duration::MAX).max(STEP_MIN)))
    }

    /// Until when nothing passes, if it rests at this moment.
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        (now < self.rests_until).then_some(self.rests_until)
    }

    /// Why no call passes at this moment, or did when one wanted to last (`was_closed`).
    pub(crate) fn obstacle(mut self, whose: Whose, was_closed: bool, now: Timestamp) -> Option<Obstacle> {
        match self.check(now) {
            Err(Closed::Full) => {
                Some(Obstacle::Full { whose, calls: self.calls, calls_max: self.limit.concurrent_calls })
            }
            Ok(()) if !was_closed => None,
            Ok(()) | Err(Closed::TooFast(_)) => {
                Some(Obstacle::TooFast { whose, calls_per_second: self.limit.calls_per_second })
            }
        }
    }

    /// No call passes before this time.
    pub fn rest(&mut self, until: Timestamp) {
        self.rests_until = self.rests_until.max(until);
    }

    /// One call passes. Only after a [`Gate::check`] at the same moment said yes.
    pub fn enter(&mut self) {
        self.calls += 1;
        self.tokens -= 1.0;
    }

    /// A call that is up already is found again after a restart: it counts, at no cost to the rate.
    pub fn adopt(&mut self) {
        self.calls += 1;
    }

    /// A call ended.
    pub fn leave(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }
}

/// Rounding in milliseconds must not make a timer fire just before the token is there.
const STEP_MIN: Duration = Duration::from_millis(1);

/// What may pass at once after a quiet second: the rate itself, and one call at the least.
fn burst(limit: RateLimit) -> f64 {
    limit.calls_per_second.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn in_no_second_do_more_calls_pass_than_burst_and_rate_allow() {
        let limit = RateLimit { calls_per_second: 5.0, concurrent_calls: 1000 };
        let mut gate = Gate::new(limit, at(0));
        let mut passed = Vec::new();
        for ms in 0..10_000 {
            while gate.check(at(ms)).is_ok() {
                gate.enter();
                passed.push(ms);
            }
        }
        assert_eq!(passed.len(), 5 + 49, "the burst, and then the rate");
        let worst = passed.windows(7).map(|seven| seven[6] - seven[0]).skip(5).min().unwrap();
        assert!(worst >= 1000, "{worst}");
    }

    #[test]
    fn a_full_gate_opens_when_a_call_ends() {
        let mut gate = Gate::new(RateLimit { calls_per_second: 100.0, concurrent_calls: 1 }, at(0));
        gate.check(at(0)).unwrap();
        gate.enter();
        assert_eq!(gate.check(at(500)), Err(Closed::Full));
        gate.leave();
        assert_eq!(gate.check(at(500)), Ok(()));
    }
}
