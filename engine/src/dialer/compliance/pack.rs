//! A rule pack: the parameters of a country's law, a state's or a trade's.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde::Deserialize;

use super::number::{self, Number};
use super::situation::Situation;
use super::{
    AbandonCoolOff, AbandonRule, CallerIdRule, ConsentRule, FrequencyCap, Holidays, Obligation, RegisterRule,
    RetentionRule, SupervisionRule, Windows,
};
use crate::model::{Party, Phone, Purpose, Timestamp, Zone};

/// A pack that can be asked: its rules, where they come from, and when they are in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Pack {
    id: String,
    sha256: String,
    pub(super) rules: PackRules,
    /// The instants from and to which it is in force; the end is not included.
    force: (Option<Timestamp>, Option<Timestamp>),
    /// The zones that numbers of its country name.
    zones: Vec<(&'static str, Zone)>,
}

/// A pack cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Its own name is not the one it was called by.
    #[error("pack `{named}` calls itself `{id}`; give it one id")]
    IdDiffers {
        /// The name it was called by.
        named: String,
        /// The name inside.
        id: String,
    },
    /// `rule_ids` names a rule that no pack has.
    #[error("pack `{id}`, rule_ids.{key}: no such rule; write one of {}", Rule::WORDS.join(", "))]
    UnknownRule {
        /// The pack.
        id: String,
        /// What was written.
        key: String,
    },
}

/// A pack as files hold it. A field that is not named here is an error, because a rule that is not understood would
/// be a rule that is not kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackRules {
    /// The pack's name; where a file holds several, their keys stand for it.
    pub id: Option<String>,
    /// Raised with every change of content.
    #[serde(default)]
    pub version: u32,
    /// Which calls it is for.
    pub applies: Applies,
    /// Whether it binds only campaigns that ask for it, such as a trade's own code of conduct.
    #[serde(default)]
    pub optional: bool,
    /// The first day in force.
    pub from: Option<Date>,
    /// The day from which it is not in force any more.
    pub to: Option<Date>,
    /// Where days are counted, for `from`, `to`, caps and cool-offs.
    pub ref_tz: Option<Zone>,
    /// Whom it protects, and from what. Rules on the number shown bind every call.
    #[serde(default)]
    pub scope: Scope,
    /// When people may be called; any time when absent.
    pub windows: Option<Windows>,
    /// Days without calls.
    pub holidays: Option<Holidays>,
    /// Whether a consent to be called at any hour lifts the windows.
    #[serde(default)]
    pub waiver_skips_windows: bool,
    /// How often.
    pub freq: Option<FrequencyCap>,
    /// Full calendar days without a call after a refusal.
    pub refusal_cooloff_days: Option<u32>,
    /// How soon after a call that reached nobody of ours.
    pub abandon_cooloff: Option<AbandonCoolOff>,
    /// Trades that may not prospect by telephone, consent or not.
    #[serde(default)]
    pub sector_bans: Vec<String>,
    /// Whether consent is needed.
    pub consent: Option<ConsentRule>,
    /// Which register must be consulted.
    pub register: Option<RegisterRule>,
    /// Whether a number known to have passed to somebody else is barred.
    #[serde(default)]
    pub reassigned: bool,
    /// Which number may be shown.
    pub cli: Option<CallerIdRule>,
    /// What an allowed call must do.
    #[serde(default)]
    pub obligations: Vec<Obligation>,
    /// What counts as an abandoned call, and how many there may be.
    pub abandon: Option<AbandonRule>,
    /// What it says of looking for answering machines; nothing when absent.
    pub amd: Option<Detection>,
    /// How long things are kept; the first rule that fits decides.
    #[serde(default)]
    pub retention: Vec<RetentionRule>,
    /// Who may listen.
    pub supervision: Option<SupervisionRule>,
    /// The name of the law behind each rule, for the decision log.
    #[serde(default)]
    pub rule_ids: BTreeMap<String, String>,
}

/// What a pack says of looking for answering machines: `true`, `false` or `"forbidden"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DetectionText")]
pub enum Detection {
    /// Nothing stands against it.
    Allowed,
    /// No campaign may do it.
    Forbidden,
    /// It is off unless a campaign asks for it.
    Off,
}

/// The same in writing.
#[derive(Deserialize)]
#[serde(untagged)]
enum DetectionText {
    Switch(bool),
    Word(String),
}

impl TryFrom<DetectionText> for Detection {
    type Error = String;
    fn try_from(text: DetectionText) -> Result<Self, String> {
        match text {
            DetectionText::Switch(true) => Ok(Self::Allowed),
            DetectionText::Switch(false) => Ok(Self::Off),
            DetectionText::Word(word) if word == "forbidden" => Ok(Self::Forbidden),
            DetectionText::Word(word) => {
                Err(format!("`amd` is `{word}`; write true, false or \"forbidden\""))
            }
        }
    }
}

/// Which calls a pack is for. What it does not say, it does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// ISO 3166-1, of the number or of the person's address.
    pub country: Option<String>,
    /// State or province. A person whose state is not known is in all of them.
    pub state: Option<String>,
    /// The trade.
    pub sector: Option<String>,
}

/// Whom a pack protects, and from what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everybody, from every call.
    #[default]
    All,
    /// Consumers, from every call.
    Consumer,
    /// Consumers, from marketing.
    ConsumerMarketing,
    /// Everybody, from marketing.
    Marketing,
}

/// The rules of a pack that can forbid a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    AbandonCoolOff,
    CallerId,
    Consent,
    Frequency,
    Reassigned,
    Refusal,
    Register,
    SectorBan,
    Windows,
}

impl Rule {
    const WORDS: [&'static str; 9] = [
        "abandon_cooloff",
        "cli",
        "consent",
        "freq",
        "reassigned",
        "refusal_cooloff_days",
        "register",
        "sector_bans",
        "windows",
    ];

    /// The key of the rule in a pack.
    const fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

impl Pack {
    /// The rule that binds without any pack.
    pub const CORE: &'static str = "core";

    /// A pack from its parameters. `named` is the name it goes by outside, and `sha256` the digest, in hexadecimal,
    /// of the text it was read from: reading and hashing are the caller's part.
    pub fn new(named: &str, sha256: &str, rules: PackRules) -> Result<Self, PackError> {
        if let Some(id) = rules.id.as_ref().filter(|id| *id != named) {
            return Err(PackError::IdDiffers { named: named.to_owned(), id: id.clone() });
        }
        if let Some(key) = rules.rule_ids.keys().find(|key| !Rule::WORDS.contains(&key.as_str())) {
            return Err(PackError::UnknownRule { id: named.to_owned(), key: key.clone() });
        }
        let zone = rules.ref_tz.clone().unwrap_or(Zone::utc());
        let start = |date: Date| {
            let midnight = date.to_zoned(zone.rules().clone());
            let ms = midnight.map_or(i64::MAX, |midnight| midnight.timestamp().as_millisecond());
            Timestamp::from_millis(ms)
        };
        let country = rules.applies.country.as_deref().unwrap_or_default();
        let zones = number::zone_names(country).filter_map(|name| Some((name, name.parse().ok()?)));
        Ok(Self {
            id: named.to_owned(),
            sha256: sha256.to_owned(),
            force: (rules.from.map(start), rules.to.map(start)),
            zones: zones.collect(),
            rules,
        })
    }

    /// The pack's name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which edition of it.
    pub const fn version(&self) -> u32 {
        self.rules.version
    }

    /// The digest of the text it was read from.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its parameters.
    pub const fn rules(&self) -> &PackRules {
        &self.rules
    }

    /// For how long an attempt matters to its caps and cool-offs. Refusals are not attempts: they may matter for ever.
    pub fn looks_back(&self) -> Duration {
        let cap = self.rules.freq.as_ref().map(FrequencyCap::looks_back);
        let cool_off = self.rules.abandon_cooloff.as_ref().map(AbandonCoolOff::span);
        cap.max(cool_off).unwrap_or_default()
    }

    /// Whether it is in force at an instant.
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        let (from, to) = self.force;
        from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to)
    }

    pub(super) const fn force_ends(&self) -> Option<Timestamp> {
        self.force.1
    }

    /// Whether it lets nobody look for answering machines in calls to a number, at an instant.
    pub fn forbids_detection(&self, phone: Phone, at: Timestamp) -> bool {
        self.rules.amd == Some(Detection::Forbidden) && self.is_for_number(phone, at)
    }

    /// Whether it is for calls to the country of a number, at an instant.
    pub(super) fn is_for_number(&self, phone: Phone, at: Timestamp) -> bool {
        let number = phone.e164();
        let country = Number::read(&number).ok().and_then(|number| number.country);
        self.is_in_force(at) && country.is_some_and(|country| self.is_for_country(country))
    }

    /// What it asks of an allowed call.
    pub(super) fn obligations(&self) -> impl Iterator<Item = Obligation> {
        let forbids = self.rules.amd == Some(Detection::Forbidden);
        let detection = forbids.then_some(Obligation::NoMachineDetection);
        let tells = self.rules.supervision.as_ref().is_some_and(|rule| rule.notice_required);
        let listening = tells.then_some(Obligation::TellOfListening);
        self.rules.obligations.iter().copied().chain(detection).chain(listening)
    }

    /// Whether it is for calls to this country.
    pub(super) fn is_for_country(&self, country: &str) -> bool {
        self.rules.applies.country.as_deref() == Some(country)
    }

    /// Whether it is for this call, its time apart.
    pub(super) fn is_for(&self, situation: &Situation<'_>, country: Option<&str>) -> bool {
        let (callee, intent) = (situation.callee, situation.intent);
        let Applies { country: own_country, state, sector } = &self.rules.applies;
        let is_here = own_country.is_none()
            || own_country.as_deref() == country
            || (callee.country.is_some() && *own_country == callee.country);
        let is_in_state = state.is_none() || callee.state.is_none() || *state == callee.state;
        let is_of_trade = sector.is_none() || *sector == intent.sector;
        let is_asked_for = !self.rules.optional || intent.packs.contains(&self.id);
        is_here && is_in_state && is_of_trade && is_asked_for
    }

    /// The zone in which a number rings.
    pub(super) fn zone_of(&self, number: &Number<'_>) -> Option<&Zone> {
        let named = number.zone_name();
        let zone = self.zones.iter().find(|(name, _)| Some(*name) == named);
        zone.map(|(_, zone)| zone).or(self.rules.ref_tz.as_ref())
    }

    /// Whether a rule of the pack is for this party and purpose.
    pub(super) fn binds(&self, rule: Rule, situation: &Situation<'_>) -> bool {
        let is_marketing = situation.intent.purpose == Purpose::Marketing;
        let is_consumer = situation.callee.party == Party::Consumer;
        let protects_business = || self.rules.register.as_ref().is_some_and(|register| register.business);
        let is_protected = is_consumer || (rule == Rule::Register && protects_business());
        rule == Rule::CallerId
            || match self.rules.scope {
                Scope::All => true,
                Scope::Consumer => is_protected,
                Scope::ConsumerMarketing => is_protected && is_marketing,
                Scope::Marketing => is_marketing,
            }
    }

    /// The rule as the decision log names it.
    pub(super) fn rule_id(&self, rule: Rule) -> &str {
        self.rules.rule_ids.get(rule.as_str()).map_or(rule.as_str(), String::as_str)
    }
}
