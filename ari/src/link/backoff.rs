//! How long to wait before the next attempt.

use std::time::Duration;

use crate::config::Limits;

/// Exponential back-off with full jitter: any pause up to a ceiling that doubles with each failure.
///
/// Full jitter spreads clients that lost the same Asterisk at the same time
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
pub(super) struct Backoff {
    first: Duration,
    max: Duration,
    ceiling: Duration,
}

impl Backoff {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { first: limits.backoff_first, max: limits.backoff_max, ceiling: limits.backoff_first }
    }

    /// The pause before the next attempt.
    pub(super) fn pause(&mut self) -> Duration {
        let pause = self.ceiling.mul_f64(fastrand::f64());
        self.ceiling = self.max.min(self.ceiling.saturating_mul(2));
        pause
    }

    /// A link that lasted a while starts over.
    pub(super) fn reset(&mut self) {
        self.ceiling = self.first;
    }
}
