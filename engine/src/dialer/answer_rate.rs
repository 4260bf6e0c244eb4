//! How likely a dial is answered: a campaign's own rate, times the effect of the hour, times that of the list.
//!
//! Each effect is what was seen over what the rest of the model expected, shrunk towards 1: an hour or a list of which
//! little is known counts as an ordinary one (gamma-Poisson, as in
//! [`super::predictive`]'s drift). Everything is discounted by a half-life in dials.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::ListId;

/// What the first belief is worth, in dials, and the rate that it holds.
const PRIOR: (f64, f64) = (8.0, 0.25);
/// Expected answers after which an effect is believed by half. An hour's effect is that of earlier days: what happens
/// at this moment is the drift's business.
const HOUR_SHRINKAGE: f64 = 100.0;
const LIST_SHRINKAGE: f64 = 40.0;
/// Dials after which older ones weigh half: for the campaign's own rate, and for each effect.
const HALF_LIFE: (f64, f64) = (1_000.0, 4_000.0);
/// Lists of which an effect is kept; the one with the fewest dials makes room for another.
const LISTS_MAX: usize = 64;
/// An effect's bounds.
const EFFECT: (f64, f64) = (0.2, 5.0);

/// The answer rates of one campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerRates {
    dials: f64,
    answers: f64,
    hours: [Effect; 24],
    lists: BTreeMap<ListId, Effect>,
}

/// What an hour or a list changes: answers seen over answers expected without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Effect {
    seen: f64,
    expected: f64,
}

impl Effect {
    fn multiplier(self, shrinkage: f64) -> f64 {
        ((self.seen + shrinkage) / (self.expected + shrinkage)).clamp(EFFECT.0, EFFECT.1)
    }

    fn learn(&mut self, answered: f64, expected: f64) {
        let kept = 0.5_f64.powf(1.0 / HALF_LIFE.1);
        self.seen = self.seen * kept + answered;
        self.expected = self.expected * kept + expected;
    }
}

/// The mean effect over what was expected: what all hours or lists share is the campaign's own rate, and one that is
/// alone has no effect at all.
fn mean<'a>(effects: impl IntoIterator<Item = &'a Effect>, shrinkage: f64) -> f64 {
    let (mut sum, mut weight) = (0.0, 0.0);
    for effect in effects {
        sum += effect.expected * effect.multiplier(shrinkage);
        weight += effect.expected;
    }
    if weight > 0.0 { sum / weight } else { 1.0 }
}

impl Default for AnswerRates {
    fn default() -> Self {
        Self { dials: 0.0, answers: 0.0, hours: [Effect::default(); 24], lists: BTreeMap::new() }
    }
}

impl AnswerRates {
    /// A dial of this list ended, at this hour of the day where the lead lives.
    pub fn learn(&mut self, list: ListId, hour: usize, answered: bool) {
        let hit = f64::from(u8::from(answered));
        let (own, hours, lists) = (self.own(), self.hour(hour), self.list(list));
        let kept = 0.5_f64.powf(1.0 / HALF_LIFE.0);
        // What the hour and the list explain is none of the campaign's own doing.
        self.dials = self.dials * kept + hours * lists;
        self.answers = self.answers * kept + hit;
        self.hours[hour % 24].learn(hit, own * lists);
        self.make_room(list);
        self.lists.entry(list).or_default().learn(hit, own * hours);
    }

    /// How much likelier a dial of this list at this hour is answered than an ordinary one.
    pub fn odds(&self, list: ListId, hour: usize) -> f64 {
        (self.hour(hour) * self.list(list)).clamp(EFFECT.0, EFFECT.1)
    }

    /// Mean and standard deviation of the share of ordinary dials that are answered at this hour.
    pub fn at(&self, hour: usize) -> (f64, f64) {
        let rate = (self.own() * self.hour(hour)).min(1.0);
        (rate, (rate * (1.0 - rate) / (self.dials + PRIOR.0 + 1.0)).sqrt())
    }

    /// Whether every count is one; what was read from elsewhere may not be.
    pub(crate) fn is_possible(&self) -> bool {
        let possible = |count: f64| (0.0..1e9).contains(&count);
        let effects = self.hours.iter().chain(self.lists.values());
        self.lists.len() <= LISTS_MAX
            && possible(self.dials)
            && possible(self.answers)
            && effects.into_iter().all(|effect| possible(effect.seen) && possible(effect.expected))
    }

    fn own(&self) -> f64 {
        ((self.answers + PRIOR.0 * PRIOR.1) / (self.dials + PRIOR.0)).min(1.0)
    }

    fn hour(&self, hour: usize) -> f64 {
        let known = Some(self.hours[hour % 24]).filter(|effect| effect.expected > 0.0);
        known.map_or(1.0, |effect| effect.multiplier(HOUR_SHRINKAGE) / mean(&self.hours, HOUR_SHRINKAGE))
    }

    fn list(&self, list: ListId) -> f64 {
        let known = self.lists.get(&list);
        known.map_or(1.0, |effect| {
            effect.multiplier(LIST_SHRINKAGE) / mean(self.lists.values(), LIST_SHRINKAGE)
        })
    }

    fn make_room(&mut self, list: ListId) {
        if self.lists.len() < LISTS_MAX || self.lists.contains_key(&list) {
            return;
        }
        let least = self.lists.iter().min_by(|one, two| one.1.expected.total_cmp(&two.1.expected));
        if let Some(least) = least.map(|(list, _)| *list) {
            self.lists.remove(&least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: ListId = ListId::from_i64(1);
    const BAD: ListId = ListId::from_i64(2);
    const MORNING: usize = 10;
    const EVENING: usize = 18;

    /// 20 % in the morning, 30 % in the evening; the good list has twice as many answers as the bad one.
    fn taught() -> AnswerRates {
        let mut rates = AnswerRates::default();
        let mut due = BTreeMap::new();
        for dial in 0..40_000 {
            let hour = if dial / 500 % 2 == 0 { MORNING } else { EVENING };
            let list = if dial % 2 == 0 { GOOD } else { BAD };
            let rate =
                if hour == MORNING { 0.20 } else { 0.30 } * if list == GOOD { 4.0 / 3.0 } else { 2.0 / 3.0 };
            let sum: &mut f64 = due.entry((hour, list)).or_default();
            *sum += rate;
            let answered = *sum >= 1.0;
            *sum -= f64::from(u8::from(answered));
            rates.learn(list, hour, answered);
        }
        rates
    }

    #[test]
    fn hours_and_lists_are_told_apart() {
        let rates = taught();
        let lists = rates.odds(GOOD, MORNING) / rates.odds(BAD, MORNING);
        let hours = rates.odds(GOOD, EVENING) / rates.odds(GOOD, MORNING);
        assert!((1.8..2.2).contains(&lists), "{lists}");
        assert!((1.35..1.65).contains(&hours), "{hours}");
        let (rate, deviation) = rates.at(EVENING);
        assert!((0.24..0.36).contains(&rate), "{rate}");
        assert!(deviation < 0.02, "{deviation}");
    }

    #[test]
    fn what_is_hardly_known_counts_as_ordinary() {
        let mut rates = taught();
        let stranger = ListId::from_i64(3);
        assert_eq!(rates.odds(stranger, 3), 1.0);
        (0..4).for_each(|_| rates.learn(stranger, MORNING, true));
        let odds = rates.odds(stranger, MORNING) / rates.odds(ListId::from_i64(4), MORNING);
        assert!((1.0..1.3).contains(&odds), "{odds}");
    }

    #[test]
    fn a_list_that_is_alone_has_no_effect_whatever_its_answers() {
        let mut rates = AnswerRates::default();
        (0..500).for_each(|dial| rates.learn(GOOD, MORNING, dial % 9 == 0));
        assert!((rates.odds(GOOD, MORNING) - 1.0).abs() < 1e-9, "{}", rates.odds(GOOD, MORNING));
    }

    #[test]
    fn only_so_many_lists_are_kept() {
        let mut rates = taught();
        (10..400).for_each(|row| rates.learn(ListId::from_i64(row), MORNING, false));
        assert_eq!(rates.lists.len(), LISTS_MAX);
        assert!(rates.lists.contains_key(&GOOD));
    }
}
