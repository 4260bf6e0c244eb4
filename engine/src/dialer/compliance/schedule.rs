//! The time rules: which of them denies at an instant, and when none does any more.

use super::caps::{self, Denial};
use super::pack::Rule;
use super::situation::Situation;
use super::{Pack, Reason};
use crate::model::{Timestamp, Zone};

/// How many openings are tried before "never" is answered. Each step leads to the end of some cap, cool-off or
/// closing time, so two years of days with two windows each fit.
const STEPS_MAX: usize = 1_500;

/// The time rules of all packs for one question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule<'a, 'p> {
    pub(super) situation: &'a Situation<'a>,
    /// Packs for the place and the trade, whether or not in force.
    pub(super) packs: &'a [&'p Pack],
    /// Every zone in which the person may be.
    pub(super) zones: &'a [&'a Zone],
}

/// A time rule that denies.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeDenial<'p> {
    pub(super) reason: Reason,
    pub(super) rule_id: &'p str,
    /// When the last of the denying rules would agree, if nothing else happened. `None`: never.
    reopening: Option<Timestamp>,
}

impl<'p> Schedule<'_, 'p> {
    /// What denies at an instant: the first reason in order, and the latest end of all of them.
    pub(super) fn denial(&self, at: Timestamp) -> Option<TimeDenial<'p>> {
        let mut worst: Option<TimeDenial<'p>> = None;
        let mut note = |reason, rule_id, reopening| {
            let other = TimeDenial { reason, rule_id, reopening };
            worst = Some(worst.map_or(other, |worst| worst.joined(other)));
        };
        for pack in self.packs.iter().filter(|pack| pack.is_in_force(at)) {
            for (rule, reason) in TIME_RULES {
                if pack.binds(rule, self.situation)
                    && let Some(reopening) = self.rule_denial(pack, rule, at)
                {
                    note(reason, pack.rule_id(rule), reopening);
                }
            }
        }
        if let Some(last) = self.situation.clock_behind(at) {
            note(Reason::ClockBehind, Pack::CORE, Some(last));
        }
        worst
    }

    fn rule_denial(&self, pack: &Pack, rule: Rule, at: Timestamp) -> Denial {
        let asked_for = || self.situation.is_asked_for(at);
        let rules = &pack.rules;
        match rule {
            Rule::Refusal => caps::refusal_denial(
                self.situation,
                rules.refusal_cooloff_days?.into(),
                self.day_zones(pack),
                at,
            ),
            Rule::AbandonCoolOff => rules.abandon_cooloff.as_ref()?.denial(self.situation, at),
            Rule::Frequency if asked_for() => None,
            Rule::Frequency => rules.freq.as_ref()?.denial(self.situation, self.day_zones(pack), at),
            Rule::Windows if asked_for() => None,
            Rule::Windows => self.windows_denial(pack, at),
            Rule::CallerId | Rule::Consent | Rule::Reassigned | Rule::Register | Rule::SectorBan => None,
        }
    }

    fn windows_denial(&self, pack: &Pack, at: Timestamp) -> Denial {
        let rules = &pack.rules;
        let holidays = rules.holidays.as_ref();
        let windows = rules.windows.as_ref()?;
        if self.zones.iter().all(|zone| windows.are_open(zone, holidays, at)) {
            return None;
        }
        if rules.waiver_skips_windows && self.situation.has_hours_waiver(rules.consent.as_ref(), at) {
            return None;
        }
        let openings = self.zones.iter().map(|zone| windows.opening(zone, holidays, at));
        Some(openings.reduce(|latest, other| latest.zip(other).map(|(a, b)| a.max(b))).flatten())
    }

    /// The zones whose days are counted: the pack's own, or every one in which the person may be.
    pub(super) fn day_zones<'z>(&'z self, pack: &'z Pack) -> impl Iterator<Item = &'z Zone> {
        let own = pack.rules.ref_tz.as_ref();
        let others = if own.is_none() { self.zones } else { &[] };
        own.into_iter().chain(others.iter().copied())
    }

    /// The first instant after `now`, denied by a time rule, at which none denies.
    ///
    /// Every step goes to the instant at which all rules that deny would agree, or to an earlier one at which
    /// something may lift them; there the rules are asked again. So nothing between two steps is allowed.
    pub(super) fn opening(&self, denial: TimeDenial<'p>) -> Option<Timestamp> {
        let mut at = self.situation.now;
        let mut denial = denial;
        for _ in 0..STEPS_MAX {
            let lift = self.next_lift(at);
            at = match (denial.reopening, lift) {
                (Some(reopening), Some(lift)) => reopening.min(lift),
                (reopening, lift) => reopening.or(lift)?,
            };
            match self.denial(at) {
                Some(next) => denial = next,
                None => return Some(at),
            }
        }
        None
    }

    /// The next instant at which a rule may cease for another cause than its own end: an agreed call-back begins, a
    /// pack goes out of force, or a consent to be called at any hour begins to count.
    fn next_lift(&self, after: Timestamp) -> Option<Timestamp> {
        let callback = self.situation.asked_for().map(|(from, _)| from);
        let pack_ends = self.packs.iter().filter_map(|pack| pack.force_ends());
        let waivers = self.situation.callee.consents.iter().filter(|consent| consent.hours_waiver);
        // A consent counts from the instant after it was given.
        let waiver_starts = waivers.map(|consent| consent.at + std::time::Duration::from_millis(1));
        let lifts = callback.into_iter().chain(pack_ends).chain(waiver_starts);
        lifts.filter(|lift| *lift > after).min()
    }
}

/// The rules that time alone satisfies, and the reasons they give.
const TIME_RULES: [(Rule, Reason); 4] = [
    (Rule::Refusal, Reason::CoolOffRefusal),
    (Rule::AbandonCoolOff, Reason::CoolOffAbandon),
    (Rule::Frequency, Reason::FreqCap),
    (Rule::Windows, Reason::OutOfWindow),
];

impl TimeDenial<'_> {
    /// Both at once: the reason that takes precedence, until the later end.
    fn joined(self, other: Self) -> Self {
        let first = if other.reason < self.reason { other } else { self };
        let reopening = self.reopening.zip(other.reopening).map(|(a, b)| a.max(b));
        Self { reopening, ..first }
    }
}
