//! The answer to "may this person be called?", in words that an audit can read.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Pack;
use super::dialling::obligations;
use crate::model::Timestamp;

/// Whether a call may be placed, and on the strength of which packs.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision<'p> {
    /// Every rule of every matching pack agrees.
    Allow {
        /// What the call must do, whoever makes it. Each named once, in the order of the packs.
        obligations: Vec<Obligation>,
        /// The packs that were asked.
        packs: Vec<&'p Pack>,
    },
    /// At least one rule forbids the call.
    Deny {
        /// The first failing rule in the order of [`Reason`].
        reason: Reason,
        /// The rule as its pack names it, such as `FR-H`; `core` for what binds without any pack.
        rule_id: &'p str,
        /// The first instant at which no time rule denies. `None` when data, not time, must change.
        until: Option<Timestamp>,
        /// The packs that were asked.
        packs: Vec<&'p Pack>,
    },
}

impl<'p> Decision<'p> {
    /// Whether the call may be placed.
    pub const fn is_allow(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }

    /// Why not; `None` when the call may be placed.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Allow { .. } => None,
            Self::Deny { reason, .. } => Some(*reason),
        }
    }

    /// The rule that forbids the call, as its pack names it.
    pub const fn rule_id(&self) -> Option<&'p str> {
        match self {
            Self::Allow { .. } => None,
            Self::Deny { rule_id, .. } => Some(rule_id),
        }
    }

    /// What an allowed call must do.
    pub fn obligations(&self) -> &[Obligation] {
        match self {
            Self::Allow { obligations, .. } => obligations,
            Self::Deny { .. } => &[],
        }
    }

    /// What the packs ask of the call if it is placed all the same, as one that is under way is.
    pub fn owed(&self) -> Vec<Obligation> {
        obligations(self.packs())
    }

    /// When time alone opens the way again.
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Allow { .. } => None,
            Self::Deny { until, .. } => *until,
        }
    }

    /// The packs that were asked, in the order they were given.
    pub fn packs(&self) -> &[&'p Pack] {
        match self {
            Self::Allow { packs, .. } | Self::Deny { packs, .. } => packs,
        }
    }
}

/// Why a call may not be placed. Variants stand in order of precedence: when several rules fail, the first is told.
///
/// Everything from [`Reason::CoolOffRefusal`] on is a matter of time; everything before it of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// An emergency, premium-rate or satellite number.
    NumberForbidden,
    /// Not an E.164 number, or too long or short for its country.
    NumberInvalid,
    /// No pack in force knows the country.
    NoRulePack,
    /// Nothing tells in which time zone the person is.
    TzUnknown,
    /// The person had their data erased.
    Erased,
    /// On a do-not-call list of the tenant or the seller.
    InternalDnc,
    /// The trade may not prospect by telephone.
    SectorBanned,
    /// Consent was withdrawn, or the person refused the call.
    ConsentRevoked,
    /// Consent is older than the pack lets it count.
    ConsentExpired,
    /// Consent was given to another seller or for another purpose.
    ConsentScope,
    /// No consent that can be proved.
    ConsentMissing,
    /// On a public do-not-call register.
    RegisterListed,
    /// The register was not checked, or too long ago.
    RegisterStale,
    /// The number has passed to somebody else.
    Reassigned,
    /// No number would be shown.
    CliMissing,
    /// The carrier has not agreed to show this number.
    CliUnauthorised,
    /// The number shown is of a kind that may not be shown.
    CliForbidden,
    /// An attempt to reach the person is under way.
    LeadBusy,
    /// The person refused too recently.
    CoolOffRefusal,
    /// The person answered to nobody too recently.
    CoolOffAbandon,
    /// Tried too often.
    FreqCap,
    /// Outside the hours in which people may be called, where the person is.
    OutOfWindow,
    /// An attempt is dated later than the clock, so the clock cannot be believed.
    ClockBehind,
}

impl Reason {
    /// Every reason, in order of precedence.
    pub const ALL: [Self; 23] = [
        Self::NumberForbidden,
        Self::NumberInvalid,
        Self::NoRulePack,
        Self::TzUnknown,
        Self::Erased,
        Self::InternalDnc,
        Self::SectorBanned,
        Self::ConsentRevoked,
        Self::ConsentExpired,
        Self::ConsentScope,
        Self::ConsentMissing,
        Self::RegisterListed,
        Self::RegisterStale,
        Self::Reassigned,
        Self::CliMissing,
        Self::CliUnauthorised,
        Self::CliForbidden,
        Self::LeadBusy,
        Self::CoolOffRefusal,
        Self::CoolOffAbandon,
        Self::FreqCap,
        Self::OutOfWindow,
        Self::ClockBehind,
    ];

    /// The word in the decision log, the API and the case files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NumberForbidden => "NUMBER_FORBIDDEN",
            Self::NumberInvalid => "NUMBER_INVALID",
            Self::NoRulePack => "NO_RULE_PACK",
            Self::TzUnknown => "TZ_UNKNOWN",
            Self::Erased => "ERASED",
            Self::InternalDnc => "INTERNAL_DNC",
            Self::SectorBanned => "SECTOR_BANNED",
            Self::ConsentRevoked => "CONSENT_REVOKED",
            Self::ConsentExpired => "CONSENT_EXPIRED",
            Self::ConsentScope => "CONSENT_SCOPE",
            Self::ConsentMissing => "CONSENT_MISSING",
            Self::RegisterListed => "REGISTER_LISTED",
            Self::RegisterStale => "REGISTER_STALE",
            Self::Reassigned => "REASSIGNED",
            Self::CliMissing => "CLI_MISSING",
            Self::CliUnauthorised => "CLI_UNAUTHORISED",
            Self::CliForbidden => "CLI_FORBIDDEN",
            Self::LeadBusy => "LEAD_BUSY",
            Self::CoolOffRefusal => "COOL_OFF_REFUSAL",
            Self::CoolOffAbandon => "COOL_OFF_ABANDON",
            Self::FreqCap => "FREQ_CAP",
            Self::OutOfWindow => "OUT_OF_WINDOW",
            Self::ClockBehind => "CLOCK_BEHIND",
        }
    }

    /// Whether another number shown may make the rule agree.
    pub const fn is_about_caller_id(self) -> bool {
        matches!(self, Self::CliMissing | Self::CliUnauthorised | Self::CliForbidden)
    }

    /// Whether waiting is enough to make the rule agree.
    pub fn is_time(self) -> bool {
        self >= Self::CoolOffRefusal
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an allowed call must do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Obligation {
    /// The agent asks at the start whether the person agrees to go on, and ends the call if not.
    AskAgreement,
    /// The call ends when the person refuses to be recorded.
    EndIfRefused,
    /// Nobody looks for an answering machine.
    NoMachineDetection,
    /// The whole call is recorded.
    RecordAll,
    /// Nobody listens to the agent outside the period of which they were told.
    TellOfListening,
}
