//! Whether a campaign has deserved to dial ahead of its agents.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AbandonRule, CountedFrom, Pack};
use crate::model::time::millis;

/// One campaign's calls over the pack's period. Campaigns are never averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CampaignStats {
    /// Calls that a person answered.
    pub live: u64,
    /// Those of them that no agent took in time.
    pub abandoned: u64,
}

impl CampaignStats {
    /// Abandoned calls over calls that a person answered; `None` when nobody answered.
    pub fn abandon_rate(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no campaign answers 2^53 calls")]
        (self.live > 0).then(|| self.abandoned as f64 / self.live as f64)
    }
}

/// How far a campaign may dial ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PaceGate {
    /// At most so many dials per ready agent.
    Ratio {
        /// Dials per ready agent.
        max: f64,
    },
    /// One dial per ready agent.
    OneToOne {
        /// Why not more.
        reason: PaceReason,
    },
}

/// Why a campaign may not dial ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaceReason {
    /// Nobody has answered yet, so nothing proves that dialling ahead is safe.
    NoData,
    /// Too many calls were abandoned.
    RateExceeded,
}

/// How far a campaign may dial ahead under a pack.
pub fn pace_gate(stats: &CampaignStats, pack: &Pack) -> PaceGate {
    let rule = AbandonRule::of(pack);
    gate([(stats.abandon_rate(), rule.rate_max)], rule.ratio_max)
}

/// How far a campaign may dial ahead whose rates over each window are these, with their maxima.
fn gate<const WINDOWS: usize>(rates: [(Option<f64>, f64); WINDOWS], ratio_max: f64) -> PaceGate {
    if rates.iter().any(|(rate, _)| rate.is_none()) {
        PaceGate::OneToOne { reason: PaceReason::NoData }
    } else if rates.iter().any(|(rate, max)| rate.is_some_and(|rate| rate > *max)) {
        PaceGate::OneToOne { reason: PaceReason::RateExceeded }
    } else {
        PaceGate::Ratio { max: ratio_max }
    }
}

/// What the packs that bind a campaign's calls say of dialling ahead, and of how those are treated who are called: of
/// each rule the strictest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaceLaw {
    /// Persons dropped over persons who answered within 24 hours, above which nobody may be dialled ahead.
    pub day_max: f64,
    /// The same within 30 days.
    pub month_max: f64,
    /// Dials for each agent at work beyond which no forecast is trusted.
    pub ratio_max: f64,
    /// From when the time is counted within which an agent must be there.
    pub counted_from: CountedFrom,
    /// Whether an answer that nobody took may count as less than a person where agents found machines among others
    /// like it. Otherwise every one is a person.
    pub machines_estimated: bool,
    /// For how long whoever answered may wait for an agent.
    #[serde(with = "millis", default = "never")]
    pub agent_within: Duration,
    /// How long it must ring before the dialler gives up.
    #[serde(with = "millis", default)]
    pub ring_min: Duration,
}

/// What a journal means that was written before the time for an agent was in it.
const fn never() -> Duration {
    Duration::MAX
}

impl Default for PaceLaw {
    /// The strictest of the rules we know.
    fn default() -> Self {
        Self::by(&AbandonRule::default())
    }
}

impl PaceLaw {
    /// What these packs say together; none where there are no packs.
    pub fn of<'p>(packs: impl IntoIterator<Item = &'p Pack>) -> Option<Self> {
        packs.into_iter().map(|pack| Self::by(AbandonRule::of(pack))).reduce(Self::and)
    }

    /// A rate that is kept on every day is kept in a month of them. Where the law counts the month, or the whole
    /// campaign, it has no word on the single day.
    fn by(rule: &AbandonRule) -> Self {
        let counts_days = matches!(rule.period.as_str(), "" | "24h");
        Self {
            day_max: if counts_days { rule.rate_max } else { 1.0 },
            month_max: rule.rate_max,
            ratio_max: rule.ratio_max,
            counted_from: rule.counted_from,
            machines_estimated: rule.machines_estimated,
            agent_within: seconds(rule.agent_within_s),
            ring_min: seconds(rule.ring_s_min),
        }
    }

    /// Both together: the stricter of each rule.
    pub fn and(self, other: Self) -> Self {
        let counted_from = match (self.counted_from, other.counted_from) {
            (CountedFrom::GreetingEnd, CountedFrom::GreetingEnd) => CountedFrom::GreetingEnd,
            (CountedFrom::Answer, _) | (_, CountedFrom::Answer) => CountedFrom::Answer,
        };
        Self {
            day_max: self.day_max.min(other.day_max),
            month_max: self.month_max.min(other.month_max),
            ratio_max: self.ratio_max.min(other.ratio_max),
            counted_from,
            machines_estimated: self.machines_estimated && other.machines_estimated,
            agent_within: self.agent_within.min(other.agent_within),
            ring_min: self.ring_min.max(other.ring_min),
        }
    }

    /// How far a campaign may dial ahead with these rates over 24 hours and over 30 days; none where nobody answered.
    pub fn gate(&self, day: Option<f64>, month: Option<f64>) -> PaceGate {
        // Nobody today is no reason to doubt what a month has proved.
        gate([(day.or(month), self.day_max), (month, self.month_max)], self.ratio_max)
    }
}

/// A time as a pack writes it. What is no time counts as none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// Whether the law has nothing to say against the campaign's abandoned calls.
///
/// Where the law knows no safe rate, only a campaign without any is blameless.
pub(super) fn is_blameless(stats: CampaignStats, pack: &Pack) -> bool {
    let rule = AbandonRule::of(pack);
    let is_safe = stats.abandon_rate().is_some_and(|rate| rate <= rule.rate_max);
    stats.abandoned == 0 || (rule.safe_harbour && is_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(period: &str, rate_max: f64) -> AbandonRule {
        AbandonRule { period: period.to_owned(), rate_max, ..AbandonRule::default() }
    }

    #[test]
    fn of_several_packs_the_strictest_rule_binds_each_window() {
        let day = PaceLaw::by(&rule("24h", 0.03));
        let month = PaceLaw::by(&AbandonRule {
            ratio_max: 3.0,
            counted_from: CountedFrom::GreetingEnd,
            machines_estimated: true,
            agent_within_s: 3.0,
            ring_s_min: 18.5,
            ..rule("30d", 0.02)
        });
        assert_eq!((month.day_max, month.month_max), (1.0, 0.02));
        let both = day.and(month);
        assert_eq!((both.day_max, both.month_max, both.ratio_max), (0.03, 0.02, 3.0));
        assert_eq!((both.counted_from, both.machines_estimated), (CountedFrom::Answer, false));
        assert_eq!((both.agent_within, both.ring_min), (seconds(2.0), seconds(18.5)));
        assert_eq!(both, month.and(day));
    }

    #[test]
    fn without_answers_or_above_a_maximum_it_is_one_dial_per_agent() {
        let law = PaceLaw { day_max: 0.03, month_max: 0.02, ..PaceLaw::default() };
        let one_to_one = |reason| PaceGate::OneToOne { reason };
        let cases = [
            (None, None, one_to_one(PaceReason::NoData)),
            (None, Some(0.01), PaceGate::Ratio { max: 4.0 }),
            (Some(0.03), Some(0.02), PaceGate::Ratio { max: 4.0 }),
            (Some(0.031), Some(0.01), one_to_one(PaceReason::RateExceeded)),
            (Some(0.01), Some(0.021), one_to_one(PaceReason::RateExceeded)),
        ];
        for (day, month, gate) in cases {
            assert_eq!(law.gate(day, month), gate, "{day:?} {month:?}");
        }
    }
}
