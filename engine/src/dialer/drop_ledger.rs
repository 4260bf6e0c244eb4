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

    /// What is left without those that are counted in it.
    fn without(self, part: Self) -> Self {
        Self {
            served: self.served.saturating_sub(part.served),
            unserved: self.unserved.saturating_sub(part.unserved),
            persons: self.persons - part.persons,
            doubt: self.doubt - part.doubt,
        }
    }
}

/// Counts per ten minutes. Every decision asks for sums of thousands of them, so sums are what is kept.
#[derive(Clone, Debug, Default)]
pub struct DropLedger {
    /// When each bucket begins, and everything up to its end; the newest last.
    buckets: VecDeque<(Timestamp, DropCounts)>,
    /// Everything before the first of them.
    before: DropCounts,
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
        let sum = self.sum().and(counts);
        self.buckets.push_back((start, sum));
    }

    /// A person was given to an agent in time, or left before the time was over.
    pub fn served(&mut self, now: Timestamp) {
        self.bucket(now).served += 1;
    }

    /// Whoever was given to an agent at that time was a machine.
    pub fn machine_found(&mut self, served_at: Timestamp) {
        // A conversation that was taken over from an earlier daemon is counted later than it began.
        let before = self.sum_before(self.bucket_of(served_at)).served;
        for (_, sum) in &mut self.buckets {
            if sum.served > before {
                sum.served -= 1;
            }
        }
    }

    /// Whoever had been found to be a machine was a person after all.
    pub fn person_found(&mut self, served_at: Timestamp) {
        let from = self.bucket_of(served_at);
        self.buckets.range_mut(from..).for_each(|(_, sum)| sum.served += 1);
    }

    /// The bucket in which something of that time is counted; of a time before all of them, the first.
    fn bucket_of(&self, at: Timestamp) -> usize {
        self.buckets.partition_point(|(start, _)| *start <= at).saturating_sub(1)
    }

    /// Everything before a bucket.
    fn sum_before(&self, bucket: usize) -> DropCounts {
        bucket.checked_sub(1).and_then(|last| self.buckets.get(last)).map_or(self.before, |(_, sum)| *sum)
    }

    /// Everything.
    fn sum(&self) -> DropCounts {
        self.sum_before(self.buckets.len())
    }

    /// Nobody was there for whoever answered: a person with this chance.
    pub fn unserved(&mut self, now: Timestamp, person: f64) {
        self.bucket(now).add_unserved(person);
    }

    /// What there was within the last 24 hours, and within the last 30 days.
    pub fn counts(&self, now: Timestamp) -> (DropCounts, DropCounts) {
        let since = |window: Duration| {
            let older = self.buckets.partition_point(|(start, _)| *start <= now - window);
            self.sum().without(self.sum_before(older))
        };
        (since(Self::DAY), since(Self::MONTH))
    }

    fn bucket(&mut self, now: Timestamp) -> &mut DropCounts {
        let from = now - Self::MONTH;
        while let Some((_, sum)) = self.buckets.front().filter(|(oldest, _)| *oldest <= from) {
            self.before = *sum;
            self.buckets.pop_front();
        }
        let fresh = self.buckets.back().is_none_or(|(newest, _)| now.since(*newest) >= Self::BUCKET);
        if fresh {
            self.buckets.push_back((now, self.sum()));
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
    fn every_answer_counts_for_as_long_as_its_bucket_is_within_the_window() {
        // Bursts with gaps between them, over five weeks.
        let mut ledger = DropLedger::default();
        let mut answers: Vec<(Timestamp, bool)> = Vec::new();
        let mut now = START;
        for case in 0..4_000_u64 {
            now = now + Duration::from_secs(if case % 50 == 0 { 36_000 } else { 37 * (case % 7) });
            let is_served = case % 9 != 0;
            if is_served {
                ledger.served(now)
            } else {
                ledger.unserved(now, 1.0)
            }
            answers.push((now, is_served));
        }
        assert!(now.since(START) > DropLedger::MONTH + DropLedger::DAY);
        // An answer of the first minutes of a bucket lasts as long as the last of them.
        let within = |window: Duration| {
            let recent = answers.iter().filter(|(at, _)| *at > now - window);
            let served = recent.clone().filter(|(_, is_served)| *is_served).count();
            (served, recent.count() - served)
        };
        let (day, month) = ledger.counts(now);
        for (counts, window) in [(day, DropLedger::DAY), (month, DropLedger::MONTH)] {
            let most = within(window);
            let least = within(window - DropLedger::BUCKET);
            assert!((least.0..=most.0).contains(&(counts.served as usize)), "{counts:?} {least:?} {most:?}");
            assert!(
                (least.1..=most.1).contains(&(counts.unserved as usize)),
                "{counts:?} {least:?} {most:?}"
            );
            assert_eq!(counts.persons, f64::from(counts.unserved));
        }
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
