//! How long recordings, consents and other traces of a person are kept.

use std::borrow::Cow;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, ToSpan};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Pack;
use crate::almanac::local::{self, WallClock};
use crate::model::{Phone, Timestamp, Zone};

/// How long one kind of thing is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionRule {
    /// What, such as `recording` or `consent`.
    pub kind: String,
    /// What for; every purpose when absent.
    pub purpose: Option<String>,
    /// From when it is counted. A thing that has no such date is not for this rule.
    pub start: RetentionStart,
    /// Calendar months.
    pub months: u16,
    /// Whether law orders it to be kept, so that erasure is refused until then (GDPR art. 17(3)(b)).
    #[serde(default)]
    pub obligation: bool,
}

/// From when a retention is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionStart {
    /// The thing came to be.
    Created,
    /// The person last got in touch.
    LastContact,
    /// The thing was last relied upon.
    LastUse,
    /// The contract was signed.
    Signed,
}

/// A thing that may have to be kept, or deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Artifact {
    /// What, in the words of the packs.
    pub kind: String,
    /// What for.
    pub purpose: Option<String>,
    /// The day it came to be.
    #[serde(deserialize_with = "day")]
    pub created: Option<Date>,
    /// The day of the contract that it proves.
    #[serde(deserialize_with = "day")]
    pub signed: Option<Date>,
    /// The day on which the person last got in touch.
    #[serde(deserialize_with = "day")]
    pub last_contact: Option<Date>,
    /// The day on which it was last relied upon.
    #[serde(deserialize_with = "day")]
    pub last_use: Option<Date>,
    /// A court or a lawyer wants it kept.
    pub legal_hold: bool,
    /// The person wants it gone.
    pub erasure_request: bool,
}

/// What to do with a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// Keep it.
    Keep {
        /// The day on which it goes; `None` when no rule of the pack knows the thing.
        until: Option<Date>,
        /// Whether law orders it to be kept, against the person's wish.
        obligation: bool,
    },
    /// Delete it.
    Delete,
    /// Keep it, whatever any schedule says.
    Hold,
}

/// What a pack wants done with a thing.
pub fn retention(artifact: &Artifact, now: Timestamp, pack: &Pack) -> Retention {
    if artifact.legal_hold {
        return Retention::Hold;
    }
    let (until, obligation) = match due(artifact, pack) {
        Some((until, obligation)) => (Some(until), obligation),
        None => (None, false),
    };
    let utc = Zone::utc();
    let zone = pack.rules().ref_tz.as_ref().unwrap_or(&utc);
    let today = local::date(WallClock::read(zone, now).day);
    if until.is_some_and(|until| today >= until) || (artifact.erasure_request && !obligation) {
        return Retention::Delete;
    }
    Retention::Keep { until, obligation }
}

/// What several packs together want done with a thing, and the pack that has it deleted. A hold comes first, then a
/// law that orders it to be kept, then whoever wants it gone.
pub fn retention_by_all<'p>(
    artifact: &Artifact,
    now: Timestamp,
    packs: &'p [Pack],
) -> (Retention, Option<&'p Pack>) {
    let mut strictest = (Retention::Keep { until: None, obligation: false }, None);
    for pack in packs {
        let wanted = retention(artifact, now, pack);
        if rank(wanted) > rank(strictest.0) {
            strictest = (wanted, (wanted == Retention::Delete).then_some(pack));
        }
    }
    strictest
}

/// Until which day the law of a pack has a thing of whoever has this number kept, against their wish.
pub fn ordered_until(artifact: &Artifact, phone: Phone, now: Timestamp, pack: &Pack) -> Option<Date> {
    let artifact = Artifact { erasure_request: true, ..artifact.clone() };
    match retention(&artifact, now, pack) {
        Retention::Keep { until, obligation: true } => until.filter(|_| pack.is_for_number(phone, now)),
        Retention::Keep { .. } | Retention::Delete | Retention::Hold => None,
    }
}

/// Which of two wishes counts.
const fn rank(wanted: Retention) -> u8 {
    match wanted {
        Retention::Keep { until: None, obligation: false } => 0,
        Retention::Keep { until: Some(_), obligation: false } => 1,
        Retention::Delete => 2,
        Retention::Keep { obligation: true, .. } => 3,
        Retention::Hold => 4,
    }
}

/// The day on which a thing goes by the first rule that fits, and whether law orders it to be kept until then.
pub(super) fn due(artifact: &Artifact, pack: &Pack) -> Option<(Date, bool)> {
    pack.rules().retention.iter().find_map(|rule| {
        let is_fit =
            rule.kind == artifact.kind && (rule.purpose.is_none() || rule.purpose == artifact.purpose);
        let start = artifact.date_of(rule.start).filter(|_| is_fit)?;
        Some((rule.end_from(start), rule.obligation))
    })
}

/// The longest time in months for which a tenant may ask to keep recordings for a purpose.
pub(super) fn months_max(purpose: &str, pack: &Pack) -> Option<u16> {
    let rules = pack.rules().retention.iter();
    rules.filter(|rule| rule.purpose.as_deref() == Some(purpose)).map(|rule| rule.months).max()
}

impl RetentionRule {
    fn end_from(&self, start: Date) -> Date {
        let months: Span = i32::from(self.months).months();
        start.saturating_add(months)
    }
}

impl Artifact {
    const fn date_of(&self, start: RetentionStart) -> Option<Date> {
        match start {
            RetentionStart::Created => self.created,
            RetentionStart::LastContact => self.last_contact,
            RetentionStart::LastUse => self.last_use,
            RetentionStart::Signed => self.signed,
        }
    }
}

/// Reads a day, or the UTC day of an instant.
pub(super) fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    let Some(text) = Option::<Cow<'de, str>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let instant = text.parse().map(|instant: jiff::Timestamp| Offset::UTC.to_datetime(instant).date());
    instant
        .or_else(|_| text.parse())
        .map(Some)
        .map_err(|_| D::Error::custom(format!("`{text}` is no day; write it like 2026-03-03")))
}
