//! How many people answered and how many of them were dropped, over the last 24 hours and the last 30 days.
//!
//! An answer that an agent took is a person's unless the agent says that it was a machine. Of an answer that nobody
//! took nobody can say so: it comes with the chance that it was a person's, and what is counted of such answers is
//! their expected number and [`CAUTION`] standard deviations more. Without evidence the chance is 1.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// Standard deviations by which the persons among the answers that nobody took are counted higher than expected.
const CAUTION: f64 = 0.5;

/// People who answered within some time, and how many of them were dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DropCounts {
    /// Answers that an agent took, or that were over before their time was; found machines are not among them.
    pub served: u32,
    /// Answers that no agent took in time.
    pub unserved: u32,
    /// How many of the unserved were persons, as far as one may expect.
    pub persons: f64,
    /// The variance of that.
    pub doubt: f64,
}

impl DropCounts {
    /// Persons dropped: as many as there may have been, and never more than answers that nobody took.
    pub fn dropped(&self) -> f64 {
        (self.persons + CAUTION * self.doubt.max(0.0).sqrt()).clamp(0.0, f64::from(self.unserved))
    }

    /// Persons who answered.
    pub fn people(&self) -> f64 {
        f64::from(self.served) + self.dropped()
    }

    /// Persons dropped, as a whole number that is not too small.
    pub fn dropped_whole(&self) -> u32 {
        // What floating point adds to a whole number of persons is nobody.
        (self.dropped() - 1e-6).ceil().max(0.0) as u32
    }

    /// One more answer that nobody took, by a person with this chance.
    pub fn add_unserved(&mut self, person: f64) {
        let person = person.clamp(0.0, 1.0);
        self.unserved += 1;
        self.persons += person;
        self.doubt += person * (1.0 - person);
    }

    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            served: self.served.saturating_add(other.served),
            unserved: self.unserved.saturating_add(other.unserved),
            persons: self.persons + other.persons,
            doubt: self.doubt + other.doubt,
        }
    }
}

/// Counts per ten minutes, the newest last.
#[derive(Clone, Debug, Default)]
pub struct DropLedger {
    buckets: VecDeque<(Timestamp, DropCounts)>,
}

impl DropLedger {
    /// The shorter window that drops are counted over.
    pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    /// The longer one.
    pub const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    /// How finely the windows slide.
    pub const BUCKET: Duration = Duration::from_secs(10 * 60);

    /// Counts that were saved before a restart. Oldest first.
    pub fn restore(&mut self, start: Timestamp, counts: DropCounts) {
        self.buckets.push_back((start, counts));
    }

    /// A person was given to an agent in time, or left before the time was over.
    pub fn served(&mut self, now: Timestamp) {
        self.bucket(now).served += 1;
    }

    /// Whoever was given to an agent at that time was a machine.
    pub fn machine_found(&mut self, served_at: Timestamp) {
        // A conversation that was taken over from an earlier daemon is counted later than it began.
        if let Some(counts) = self.since(served_at).find(|counts| counts.served > 0) {
            counts.served -= 1;
        }
    }

    /// Whoever had been found to be a machine was a person after all.
    pub fn person_found(&mut self, served_at: Timestamp) {
        if let Some(counts) = self.since(served_at).next() {
            counts.served += 1;
        }
    }

    /// From the counts of that time to the newest.
    fn since(&mut self, at: Timestamp) -> impl Iterator<Item = &mut DropCounts> {
        let after = self.buckets.partition_point(|(start, _)| *start <= at);
        self.buckets.iter_mut().skip(after.saturating_sub(1)).map(|(_, counts)| counts)
    }

    /// Nobody was there for whoever answered: a person with this chance.
    pub fn unserved(&mut self, now: Timestamp, person: f64) {
        self.bucket(now).add_unserved(person);
    }

    /// What there was within the last 24 hours, and within the last 30 days.
    pub fn counts(&self, now: Timestamp) -> (DropCounts, DropCounts) {
        let since = |window: Duration| {
            let recent = self.buckets.iter().rev().take_while(move |(start, _)| *start > now - window);
            recent.fold(DropCounts::default(), |sum, (_, counts)| sum.and(*counts))
        };
        (since(Self::DAY), since(Self::MONTH))
    }

    fn bucket(&mut self, now: Timestamp) -> &mut DropCounts {
        let from = now - Self::MONTH;
        while self.buckets.front().is_some_and(|(oldest, _)| *oldest <= from) {
            self.buckets.pop_front();
        }
        let fresh = self.buckets.back().is_none_or(|(newest, _)| now.since(*newest) >= Self::BUCKET);
        if fresh {
            self.buckets.push_back((now, DropCounts::default()));
        }
        let newest = self.buckets.len() - 1;
        &mut self.buckets[newest].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn counts(served: u32, unserved: u32) -> DropCounts {
        DropCounts { served, unserved, persons: f64::from(unserved), doubt: 0.0 }
    }

    #[test]
    fn each_window_forgets_what_is_older() {
        let mut ledger = DropLedger::default();
        ledger.unserved(START, 1.0);
        ledger.served(START + DropLedger::BUCKET);
        assert_eq!(ledger.counts(START + DropLedger::BUCKET), (counts(1, 1), counts(1, 1)));
        assert_eq!(ledger.counts(START + DropLedger::DAY), (counts(1, 0), counts(1, 1)));
        let later = START + DropLedger::DAY + DropLedger::BUCKET;
        assert_eq!(ledger.counts(later), (counts(0, 0), counts(1, 1)));
        assert_eq!(ledger.counts(START + DropLedger::MONTH), (counts(0, 0), counts(1, 0)));
        let much_later = START + DropLedger::MONTH + DropLedger::BUCKET;
        assert_eq!(ledger.counts(much_later), (counts(0, 0), counts(0, 0)));
    }

    #[test]
    fn a_machine_was_nobody_who_was_served() {
        let mut ledger = DropLedger::default();
        ledger.served(START);
        ledger.served(START + DropLedger::BUCKET);
        ledger.machine_found(START + Duration::from_secs(5));
        assert_eq!(ledger.counts(START + DropLedger::BUCKET).0, counts(1, 0));
        ledger.person_found(START + Duration::from_secs(5));
        assert_eq!(ledger.counts(START + DropLedger::BUCKET).0, counts(2, 0));
    }

    #[test]
    fn what_may_have_been_a_machine_counts_as_more_than_expected_and_less_than_a_person() {
        let mut unsure = DropCounts::default();
        (0..100).for_each(|_| unsure.add_unserved(0.5));
        assert!((unsure.dropped() - 52.5).abs() < 1e-9, "{unsure:?}");
        let mut one = DropCounts::default();
        one.add_unserved(0.95);
        assert!((one.dropped() - 1.0).abs() < 1e-9, "{one:?}");
        let mut sure = DropCounts::default();
        (0..3).for_each(|_| sure.add_unserved(1.0));
        assert_eq!(sure.dropped_whole(), 3);
    }
}
