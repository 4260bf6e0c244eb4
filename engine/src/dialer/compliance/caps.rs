//! How often, and how soon again, one person may be called.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::situation::Situation;
use super::{Intent, Mode, PastAttempt, PastOutcome};
use crate::almanac::local::{self, WallClock};
use crate::model::{Timestamp, Zone};

/// When a rule that denies at an instant stops to deny, if nothing else happens. `None` inside: never.
pub(super) type Denial = Option<Option<Timestamp>>;

/// No more than so many attempts in a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "FrequencyText")]
pub struct FrequencyCap {
    span: CapSpan,
    max: usize,
    counts: Vec<CapKey>,
    /// Outcomes that are no attempt on the person.
    excluded: Vec<PastOutcome>,
}

/// The span over which attempts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CapSpan {
    /// The day itself and the days before it, so many in all.
    CalendarDays(i64),
    /// So much time before the instant.
    Rolling(Duration),
}

/// What attempts must share to be counted together. The person is always shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CapKey {
    Campaign,
    Number,
    Seller,
    Subject,
}

/// A cap as a pack writes it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrequencyText {
    /// `calendar_days`, `rolling_days` or `rolling_hours`.
    unit: String,
    days: Option<u32>,
    hours: Option<u32>,
    max: usize,
    /// Words joined by `+`: person, seller, subject, campaign, number.
    key: String,
    #[serde(default)]
    same_subject: bool,
    #[serde(default = "FrequencyText::outcomes_excluded")]
    count_outcomes_excluded: Vec<PastOutcome>,
}

impl FrequencyText {
    fn outcomes_excluded() -> Vec<PastOutcome> {
        vec![PastOutcome::TrunkFailed]
    }
}

impl TryFrom<FrequencyText> for FrequencyCap {
    type Error = String;
    fn try_from(text: FrequencyText) -> Result<Self, String> {
        const HOUR: Duration = Duration::from_secs(3600);
        let span = match (text.unit.as_str(), text.days, text.hours) {
            ("calendar_days", Some(days), None) => CapSpan::CalendarDays(days.into()),
            ("rolling_days", Some(days), None) => CapSpan::Rolling(HOUR * 24 * days),
            ("rolling_hours", None, Some(hours)) => CapSpan::Rolling(HOUR * hours),
            (unit, ..) => {
                return Err(format!(
                    "unit `{unit}` does not fit; write calendar_days or rolling_days with `days`, or rolling_hours \
                     with `hours`"
                ));
            }
        };
        let mut counts = Vec::new();
        for word in text.key.split('+') {
            counts.push(match word {
                "person" => continue,
                "campaign" => CapKey::Campaign,
                "number" => CapKey::Number,
                "seller" => CapKey::Seller,
                "subject" => CapKey::Subject,
                _ => {
                    return Err(format!(
                        "`{word}` in key `{}` is unknown; join person, seller, subject, campaign, number by +",
                        text.key
                    ));
                }
            });
        }
        if text.same_subject && !counts.contains(&CapKey::Subject) {
            counts.push(CapKey::Subject);
        }
        Ok(Self { span, max: text.max, counts, excluded: text.count_outcomes_excluded })
    }
}

impl FrequencyCap {
    /// For how long an attempt counts at most.
    pub(super) const fn looks_back(&self) -> Duration {
        const DAY_S: u64 = 86_400;
        match self.span {
            // The day of the attempt may have begun long before it, and may have been an hour longer than others.
            CapSpan::CalendarDays(days) => Duration::from_secs((days.unsigned_abs() + 2) * DAY_S),
            CapSpan::Rolling(span) => span,
        }
    }

    /// Whether the cap is reached at an instant, and when it opens again. Days are those of the zones; the strictest
    /// zone counts.
    pub(super) fn denial<'z>(
        &self,
        situation: &Situation<'_>,
        zones: impl Iterator<Item = &'z Zone>,
        at: Timestamp,
    ) -> Denial {
        match self.span {
            CapSpan::Rolling(span) => {
                let reopening = |attempt: &PastAttempt| attempt.at + span;
                self.denial_with(situation, at, reopening)
            }
            CapSpan::CalendarDays(days) => strictest(zones, |zone| {
                let reopening = |attempt: &PastAttempt| {
                    local::start_of_day(zone, WallClock::read(zone, attempt.at).day + days)
                };
                self.denial_with(situation, at, reopening)
            }),
        }
    }

    /// How many attempts count at an instant, and how many may. Days are those of the zone in which most count.
    pub(super) fn counted<'z>(
        &self,
        situation: &Situation<'_>,
        zones: impl Iterator<Item = &'z Zone>,
        at: Timestamp,
    ) -> (usize, usize) {
        let count = |reopening: &dyn Fn(&PastAttempt) -> Timestamp| {
            self.attempts(situation).filter(|attempt| reopening(attempt) > at).count()
        };
        let counted = match self.span {
            CapSpan::Rolling(span) => count(&|attempt| attempt.at + span),
            CapSpan::CalendarDays(days) => {
                let in_zone = |zone| {
                    count(&|attempt| local::start_of_day(zone, WallClock::read(zone, attempt.at).day + days))
                };
                zones.map(in_zone).max().unwrap_or_default()
            }
        };
        (counted, self.max)
    }

    /// An attempt counts until `reopening`; the cap opens when fewer than the maximum count.
    fn denial_with(
        &self,
        situation: &Situation<'_>,
        at: Timestamp,
        reopening: impl Fn(&PastAttempt) -> Timestamp,
    ) -> Denial {
        if self.max == 0 {
            return Some(None);
        }
        let attempts = || self.attempts(situation);
        // Most people were not called often enough for the calendar to matter.
        if attempts().count() < self.max {
            return None;
        }
        let counted = || attempts().map(&reopening).filter(|end| *end > at);
        if counted().count() < self.max {
            return None;
        }
        let mut ends: Vec<Timestamp> = counted().collect();
        ends.sort_unstable();
        let last_to_leave = ends.len() - self.max;
        Some(Some(ends[last_to_leave]))
    }

    /// The attempts that are counted together with the call, however old.
    fn attempts<'a>(&self, situation: &Situation<'a>) -> impl Iterator<Item = &'a PastAttempt> {
        situation.history.iter().filter(|attempt| self.is_counted(attempt, situation))
    }

    fn is_counted(&self, attempt: &PastAttempt, situation: &Situation<'_>) -> bool {
        attempt.outcome != PastOutcome::InProgress
            && !self.excluded.contains(&attempt.outcome)
            && self
                .counts
                .iter()
                .all(|key| key.is_shared(attempt, situation.intent, &situation.callee.number))
    }
}

impl CapKey {
    /// Whether the attempt and the call share it. What either does not say counts as shared.
    fn is_shared(self, attempt: &PastAttempt, intent: &Intent, number: &str) -> bool {
        let (theirs, ours) = match self {
            Self::Campaign => (&attempt.campaign, intent.id.as_deref()),
            Self::Number => (&attempt.number, Some(number)),
            Self::Seller => return attempt.is_of(&intent.seller),
            Self::Subject => (&attempt.subject, intent.subject.as_deref()),
        };
        theirs.as_deref().is_none_or(|theirs| ours.is_none_or(|ours| theirs == ours))
    }
}

/// No call for so many full calendar days after the day of a refusal.
pub(super) fn refusal_denial<'z>(
    situation: &Situation<'_>,
    days: i64,
    zones: impl Iterator<Item = &'z Zone>,
    at: Timestamp,
) -> Denial {
    let refused_at = situation.refused_at?;
    strictest(zones, |zone| {
        let reopening = local::start_of_day(zone, WallClock::read(zone, refused_at).day + days + 1);
        (at < reopening).then_some(Some(reopening))
    })
}

/// No automated call for a while after a call in which a person answered to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbandonCoolOff {
    /// How long.
    pub hours: u32,
    /// Ways of dialling in which an agent is certain to be there.
    #[serde(default)]
    pub exempt_modes: Vec<Mode>,
}

impl AbandonCoolOff {
    /// How long.
    pub const fn span(&self) -> Duration {
        Duration::from_secs(self.hours as u64 * 3600)
    }

    /// Whether the cool-off is running at an instant, and when it ends.
    pub(super) fn denial(&self, situation: &Situation<'_>, at: Timestamp) -> Denial {
        if self.exempt_modes.contains(&situation.intent.dial_mode) {
            return None;
        }
        let end = situation.last(PastOutcome::Abandoned)? + self.span();
        (at < end).then_some(Some(end))
    }
}

/// The denial that lasts longest over the zones.
fn strictest<'z>(zones: impl Iterator<Item = &'z Zone>, denial: impl Fn(&'z Zone) -> Denial) -> Denial {
    zones
        .filter_map(denial)
        .reduce(|longest, other| longest.zip(other).map(|(longest, other)| longest.max(other)))
}
