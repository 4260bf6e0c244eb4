//! Do-not-call registers: the public ones that a pack names, and our own lists.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::callee::null_as_default;
use super::consent::ConsentNeed;
use super::situation::Situation;
use super::{Reason, instant};
use crate::model::Timestamp;

/// What the registers say of one person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registers {
    /// Public registers by the name that packs use.
    #[serde(rename = "registers", default, deserialize_with = "null_as_default")]
    pub public: BTreeMap<String, RegisterCheck>,
    /// Our own lists: entries that may concern this person.
    #[serde(rename = "internal_dnc", default, deserialize_with = "null_as_default")]
    pub internal: Vec<DoNotCall>,
}

/// The last comparison of the number with a public register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterCheck {
    /// Whether the number was on it; `None` when that was not learnt.
    pub listed: Option<bool>,
    /// When the comparison was made.
    #[serde(default, with = "instant::option")]
    pub checked_at: Option<Timestamp>,
}

/// An entry of a do-not-call list of our own. What it does not say, it does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "DoNotCallText")]
pub struct DoNotCall {
    /// A word that stands for any of the things below, the date apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub any: Option<String>,
    /// A number, or the person behind it.
    pub number: Option<String>,
    /// The person, whichever number is dialled.
    pub person_id: Option<String>,
    /// Only calls on behalf of this seller.
    pub seller: Option<String>,
    /// Only calls of this campaign.
    pub campaign: Option<String>,
    /// Only calls of this tenant.
    pub tenant: Option<String>,
    /// Until when, not included.
    #[serde(serialize_with = "instant::option::serialize")]
    pub until: Option<Timestamp>,
}

/// An entry in writing: a bare word, or a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum DoNotCallText {
    Bare(String),
    Table {
        number: Option<String>,
        #[serde(alias = "person")]
        person_id: Option<String>,
        seller: Option<String>,
        campaign: Option<String>,
        tenant: Option<String>,
        #[serde(default, with = "instant::option", alias = "expires_at", alias = "to")]
        until: Option<Timestamp>,
    },
}

impl From<DoNotCallText> for DoNotCall {
    fn from(text: DoNotCallText) -> Self {
        match text {
            DoNotCallText::Bare(word) => Self { any: Some(word), ..Self::default() },
            DoNotCallText::Table { number, person_id, seller, campaign, tenant, until } => {
                Self { any: None, number, person_id, seller, campaign, tenant, until }
            }
        }
    }
}

impl DoNotCall {
    /// Whether the entry forbids the call.
    pub(super) fn forbids(&self, situation: &Situation<'_>) -> bool {
        let (callee, intent) = (situation.callee, situation.intent);
        let known = [
            Some(callee.number.as_str()),
            callee.person_id.as_deref(),
            Some(intent.seller.as_str()),
            intent.id.as_deref(),
            intent.tenant.as_deref(),
        ];
        let is_meant = self.any.is_none() || known.contains(&self.any.as_deref());
        let is_named = match (&self.number, &self.person_id) {
            (None, None) => true,
            (number, person) => {
                number.as_ref() == Some(&callee.number) || (person.is_some() && *person == callee.person_id)
            }
        };
        let concerns = |own: &Option<String>, theirs: Option<&str>| {
            own.as_deref().is_none_or(|own| theirs.is_none_or(|theirs| own == theirs))
        };
        is_meant
            && is_named
            && concerns(&self.seller, Some(&intent.seller))
            && concerns(&self.campaign, intent.id.as_deref())
            && concerns(&self.tenant, intent.tenant.as_deref())
            && self.until.is_none_or(|until| situation.now < until)
    }
}

/// A public register that must be consulted, and who need not care.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterRule {
    /// The register, such as `bloctel`.
    pub name: String,
    /// Whole days after which a comparison no longer counts.
    pub max_age_days: i64,
    /// Which consent lets a call through without the register.
    pub consent_exempts: Option<ConsentNeed>,
    /// Whether a running contract with a related offer lets a call through.
    #[serde(default)]
    pub contract_exempts: bool,
    /// Trades that need not consult it.
    #[serde(default)]
    pub sector_exempts: Vec<String>,
    /// Whole days for which a relationship of each kind lets a call through.
    #[serde(default)]
    pub ebr_days: BTreeMap<String, i64>,
    /// Whether businesses are protected too.
    #[serde(default)]
    pub business: bool,
}

impl RegisterRule {
    /// Why the register forbids the call. A register that nobody consulted forbids it.
    pub(super) fn denial(&self, situation: &Situation<'_>) -> Option<Reason> {
        if self.exempts(situation) {
            return None;
        }
        let check = situation.registers.public.get(&self.name);
        if check.is_some_and(|check| check.listed == Some(true)) {
            return Some(Reason::RegisterListed);
        }
        let is_fresh = check.is_some_and(|check| {
            check.listed.is_some()
                && check
                    .checked_at
                    .and_then(|at| whole_days(at, situation.now))
                    .is_some_and(|age| age <= self.max_age_days)
        });
        (!is_fresh).then_some(Reason::RegisterStale)
    }

    fn exempts(&self, situation: &Situation<'_>) -> bool {
        let (callee, intent) = (situation.callee, situation.intent);
        (self.contract_exempts && callee.has_related_contract(&intent.seller))
            || intent.sector.as_ref().is_some_and(|sector| self.sector_exempts.contains(sector))
            || self.consent_exempts.is_some_and(|need| situation.has_consent(need, situation.now))
            || callee.ebr.as_ref().is_some_and(|ebr| {
                ebr.seller == intent.seller
                    && self.ebr_days.get(&ebr.kind).is_some_and(|days_max| {
                        whole_days(ebr.at, situation.now).is_some_and(|age| age <= *days_max)
                    })
            })
    }
}

/// Whole days from one instant to a later one; `None` when the clock stands before the first.
pub(super) fn whole_days(from: Timestamp, to: Timestamp) -> Option<i64> {
    const DAY_MS: i64 = 86_400_000;
    let passed = to.as_millis().saturating_sub(from.as_millis());
    (passed >= 0).then_some(passed / DAY_MS)
}
