//! How many people answered and how many of them were dropped, over the last 24 hours.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Timestamp;

/// Counts per ten minutes, the newest last.
#[derive(Clone, Debug, Default)]
pub struct DropLedger {
    buckets: VecDeque<Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    start: Timestamp,
    answered: u32,
    dropped: u32,
}

impl DropLedger {
    /// The window that drops are counted over.
    pub const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
    /// How finely the window slides.
    pub const BUCKET: Duration = Duration::from_secs(10 * 60);

    /// Counts that were saved before a restart. Oldest first.
    pub fn restore(&mut self, start: Timestamp, answered: u32, dropped: u32) {
        self.buckets.push_back(Bucket { start, answered, dropped });
    }

    /// A person was given to an agent in time, or left before the time was over.
    pub fn served(&mut self, now: Timestamp) {
        self.bucket(now).answered += 1;
    }

    /// A person was dropped.
    pub fn dropped(&mut self, now: Timestamp) {
        let bucket = self.bucket(now);
        bucket.answered += 1;
        bucket.dropped += 1;
    }

    /// People who answered, and those of them who were dropped.
    pub fn counts(&self, now: Timestamp) -> (u32, u32) {
        let from = now - Self::WINDOW;
        self.buckets
            .iter()
            .filter(|bucket| bucket.start > from)
            .fold((0, 0), |(answered, dropped), bucket| {
                (answered + bucket.answered, dropped + bucket.dropped)
            })
    }

    fn bucket(&mut self, now: Timestamp) -> &mut Bucket {
        let from = now - Self::WINDOW;
        while self.buckets.front().is_some_and(|oldest| oldest.start <= from) {
            self.buckets.pop_front();
        }
        let fresh = self.buckets.back().is_none_or(|newest| now.since(newest.start) >= Self::BUCKET);
        if fresh {
            self.buckets.push_back(Bucket { start: now, answered: 0, dropped: 0 });
        }
        let newest = self.buckets.len() - 1;
        &mut self.buckets[newest]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_a_day_no_longer_counts() {
        let start = Timestamp::from_millis(1_000_000);
        let mut ledger = DropLedger::default();
        ledger.dropped(start);
        ledger.served(start + DropLedger::BUCKET);
        assert_eq!(ledger.counts(start + DropLedger::BUCKET), (2, 1));
        assert_eq!(ledger.counts(start + DropLedger::WINDOW), (1, 0));
        assert_eq!(ledger.counts(start + DropLedger::WINDOW + DropLedger::BUCKET), (0, 0));
    }
}
