//! How likely something ends in the next second, given how long it has lasted.
//!
//! A hazard is events over the seconds at risk in an age bin. It needs no assumption on the shape, counts what has
//! not ended yet, and forgets: old cases weigh less with every case that follows.

use serde::{Deserialize, Serialize};

/// Age bins: fine where things are short, coarse where they are long. All begin on whole seconds, and the last is open.
#[derive(Clone, Debug)]
pub(crate) struct Ages {
    edges: Vec<f64>,
    /// The bin of each whole second, up to the first of the last bin. Looking it up costs less than a search, and there
    /// are thousands of them in a decision.
    bins: Vec<u16>,
}

impl Ages {
    /// Bins from 0, given as `(until, width)` pieces in rising order, in seconds.
    pub(crate) fn new(pieces: &[(u32, u32)]) -> Self {
        let mut edges = vec![0];
        for (until, width) in pieces {
            while edges[edges.len() - 1] < *until {
                edges.push(edges[edges.len() - 1] + width);
            }
        }
        let bins = edges.windows(2).zip(0..).flat_map(|(two, bin)| (two[0]..two[1]).map(move |_| bin));
        let bins = bins.chain([edges.len() as u16 - 1]).collect();
        Self { edges: edges.into_iter().map(f64::from).collect(), bins }
    }

    /// Number of bins.
    pub(crate) fn len(&self) -> usize {
        self.edges.len()
    }

    /// Where a bin begins.
    pub(crate) fn start(&self, bin: usize) -> f64 {
        self.edges[bin]
    }

    /// Length of a bin; the open one counts as long as the one before it.
    pub(crate) fn width(&self, bin: usize) -> f64 {
        let bin = bin.min(self.edges.len() - 2);
        self.edges[bin + 1] - self.edges[bin]
    }

    /// The bin that an age falls in.
    pub(crate) fn bin(&self, age: f64) -> usize {
        usize::from(self.bins[(age as usize).min(self.bins.len() - 1)])
    }

    /// The bin of an age, and how far into it the age is, 0..=1.
    pub(crate) fn place(&self, age: f64) -> (usize, f64) {
        let bin = self.bin(age);
        let into = (age - self.edges[bin]) / self.width(bin);
        (bin, into.clamp(0.0, 1.0))
    }
}

/// Discounted counts of what ended (from one of several causes) and of the time at risk, per age bin.
#[derive(Clone, Debug)]
pub(crate) struct Hazards<const CAUSES: usize> {
    ages: Ages,
    at_risk: Vec<f64>,
    events: [Vec<f64>; CAUSES],
    prior_at_risk: Vec<f64>,
    prior_events: [Vec<f64>; CAUSES],
    /// What one event weighs at this moment. It grows, which is the same as older ones shrinking.
    weight: f64,
    growth: f64,
}

/// What was counted, without the belief that it began with, in terms of cases of the day it was written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    at_risk: Vec<f32>,
    events: Vec<Vec<f32>>,
}

impl Counts {
    /// What several have counted, together, as if it were so many cases at the most. None where they do not have the
    /// same bins, or there are none.
    pub(crate) fn pooled<'a>(several: impl IntoIterator<Item = &'a Self>, cases_max: f32) -> Option<Self> {
        let mut several = several.into_iter();
        let mut sum = several.next()?.clone();
        for counts in several {
            add(&mut sum.at_risk, &counts.at_risk)?;
            (sum.events.len() == counts.events.len()).then_some(())?;
            sum.events.iter_mut().zip(&counts.events).try_for_each(|(sum, events)| add(sum, events))?;
        }
        let cases: f32 = sum.events.iter().flatten().sum();
        let scale = if cases > cases_max { cases_max / cases } else { 1.0 };
        sum.events.iter_mut().flatten().chain(&mut sum.at_risk).for_each(|count| *count *= scale);
        Some(sum)
    }
}

fn add(sum: &mut [f32], counts: &[f32]) -> Option<()> {
    (sum.len() == counts.len()).then(|| sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count))
}

/// When weights have grown to this, everything is scaled back.
const WEIGHT_MAX: f64 = 1e9;

impl<const CAUSES: usize> Hazards<CAUSES> {
    /// Starts from a belief worth `cases` cases: `rate(cause, age)` per second.
    pub(crate) fn new(
        ages: Ages,
        cases: f64,
        half_life_cases: f64,
        rate: impl Fn(usize, f64) -> f64,
    ) -> Self {
        let mut alive = cases;
        let mut prior_at_risk = Vec::with_capacity(ages.len());
        let mut prior_events = std::array::from_fn(|_| Vec::with_capacity(ages.len()));
        for bin in 0..ages.len() {
            let width = ages.width(bin);
            let middle = ages.start(bin) + width / 2.0;
            let total: f64 = (0..CAUSES).map(|cause| rate(cause, middle)).sum();
            let left = alive * (-total * width).exp();
            let seconds = if total > 0.0 { (alive - left) / total } else { alive * width };
            for (cause, events) in prior_events.iter_mut().enumerate() {
                events.push(seconds * rate(cause, middle));
            }
            prior_at_risk.push(seconds);
            alive = left;
        }
        Self {
            at_risk: vec![0.0; ages.len()],
            events: std::array::from_fn(|_| vec![0.0; ages.len()]),
            prior_at_risk,
            prior_events,
            weight: 1.0,
            growth: 0.5_f64.powf(-1.0 / half_life_cases),
            ages,
        }
    }

    pub(crate) fn ages(&self) -> &Ages {
        &self.ages
    }

    /// Something of this age was at risk for so long.
    pub(crate) fn expose(&mut self, age: f64, seconds: f64) {
        let bin = self.ages.bin(age);
        self.at_risk[bin] += seconds * self.weight;
    }

    /// Something ended at this age. Everything before weighs a little less from here on.
    pub(crate) fn ended(&mut self, cause: usize, age: f64) {
        self.ended_at_odds(cause, age, 1.0);
    }

    /// Something ended that was one of these with the chance `share`.
    pub(crate) fn ended_in_part(&mut self, cause: usize, age: f64, share: f64) {
        let bin = self.ages.bin(age);
        self.events[cause][bin] += self.weight * share;
        self.fade(share);
    }

    /// The same for something that was so much likelier to end: it says the less of ordinary ones.
    pub(crate) fn ended_at_odds(&mut self, cause: usize, age: f64, odds: f64) {
        let bin = self.ages.bin(age);
        self.events[cause][bin] += self.weight / odds;
        self.fade(1.0);
    }

    /// Everything before weighs as much less as so many cases make it.
    fn fade(&mut self, cases: f64) {
        self.weight *= self.growth.powf(cases);
        if self.weight > WEIGHT_MAX {
            self.rescale();
        }
    }

    /// Ends per second at risk.
    pub(crate) fn rate(&self, cause: usize, bin: usize) -> f64 {
        let prior = self.weight.recip();
        let seconds = self.at_risk[bin] * prior + self.prior_at_risk[bin];
        if seconds <= 0.0 {
            return 0.0;
        }
        (self.events[cause][bin] * prior + self.prior_events[cause][bin]) / seconds
    }

    /// Seconds at risk in a bin, in terms of cases of today's weight.
    pub(crate) fn seconds(&self, bin: usize) -> f64 {
        self.at_risk[bin] / self.weight
    }

    /// Events in a bin, likewise.
    pub(crate) fn count(&self, cause: usize, bin: usize) -> f64 {
        self.events[cause][bin] / self.weight
    }

    /// What was learnt.
    pub(crate) fn counts(&self) -> Counts {
        let weigh = |counts: &Vec<f64>| counts.iter().map(|count| (count / self.weight) as f32).collect();
        Counts { at_risk: weigh(&self.at_risk), events: self.events.iter().map(weigh).collect() }
    }

    /// Goes on from what was learnt earlier. None, and nothing changed, where that does not fit these bins.
    pub(crate) fn recall(&mut self, counts: &Counts) -> Option<()> {
        let at_risk = recalled(&counts.at_risk, self.ages.len())?;
        let events: Vec<Vec<f64>> =
            counts.events.iter().map(|events| recalled(events, self.ages.len())).collect::<Option<_>>()?;
        self.events = events.try_into().ok()?;
        self.at_risk = at_risk;
        self.weight = 1.0;
        Some(())
    }

    fn rescale(&mut self) {
        let scale = self.weight.recip();
        self.at_risk.iter_mut().for_each(|seconds| *seconds *= scale);
        for events in &mut self.events {
            events.iter_mut().for_each(|count| *count *= scale);
        }
        self.weight = 1.0;
    }
}

/// Counts as they were written down, if there are as many as there should be and all of them are possible.
pub(crate) fn recalled(counts: &[f32], length: usize) -> Option<Vec<f64>> {
    let possible = |count: &f32| count.is_finite() && (0.0..1e9).contains(count);
    (counts.len() == length && counts.iter().all(possible))
        .then(|| counts.iter().map(|count| f64::from(*count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds() -> Ages {
        Ages::new(&[(10, 1), (30, 5)])
    }

    #[test]
    fn bins_are_fine_first_and_open_last() {
        let ages = seconds();
        assert_eq!(ages.bin(0.0), 0);
        assert_eq!(ages.bin(9.99), 9);
        assert_eq!(ages.bin(14.9), 10);
        assert_eq!(ages.bin(15.0), 11);
        assert_eq!(ages.bin(29.9), ages.len() - 2);
        assert_eq!(ages.bin(30.0), ages.len() - 1);
        assert_eq!(ages.bin(-1.0), 0);
        assert_eq!(ages.bin(1e9), ages.len() - 1);
        assert_eq!(ages.place(12.5), (10, 0.5));
    }

    #[test]
    fn a_rate_is_events_over_time_at_risk_and_begins_with_the_belief() {
        let mut hazards = Hazards::<1>::new(seconds(), 4.0, 1e9, |_, _| 0.1);
        assert!((hazards.rate(0, 3) - 0.1).abs() < 1e-12);
        for case in 0..10_000 {
            hazards.expose(3.5, 1.0);
            if case % 2 == 0 {
                hazards.ended(0, 3.5);
            }
        }
        assert!((hazards.rate(0, 3) - 0.5).abs() < 1e-3);
        assert!((hazards.rate(0, 4) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn what_several_counted_is_worth_no_more_than_is_said() {
        let taught = |cases: u32, seconds_each: f64| {
            let mut hazards = Hazards::<1>::new(seconds(), 0.0, 1e9, |_, _| 0.1);
            for _ in 0..cases {
                hazards.expose(3.5, seconds_each);
                hazards.ended(0, 3.5);
            }
            hazards.counts()
        };
        let (fast, slow, nothing) = (taught(300, 1.0), taught(100, 5.0), taught(0, 0.0));
        let mut pupil = Hazards::<1>::new(seconds(), 0.0, 1e9, |_, _| 0.1);
        pupil.recall(&Counts::pooled([&fast, &slow, &nothing], 20.0).unwrap()).unwrap();
        assert!((pupil.rate(0, 3) - 0.5).abs() < 1e-6, "400 cases in 800 seconds");
        assert!((pupil.count(0, 3) - 20.0).abs() < 1e-4);
        let other_bins = Counts { at_risk: vec![1.0], events: vec![vec![1.0]] };
        assert_eq!(Counts::pooled([&fast, &other_bins], 20.0), None);
    }

    #[test]
    fn old_cases_fade() {
        let mut hazards = Hazards::<1>::new(seconds(), 0.0, 100.0, |_, _| 0.1);
        for rate in [1.0, 2.0] {
            for _ in 0..20_000 {
                hazards.expose(3.5, 1.0 / rate);
                hazards.ended(0, 3.5);
            }
        }
        assert!((hazards.rate(0, 3) - 2.0).abs() < 0.02);
    }
}
