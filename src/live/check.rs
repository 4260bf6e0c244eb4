//! One part of the installation and how well it is, as [`crate::checks`] found it.

use std::fmt;

use cadran_engine::model::{Timestamp, TrunkId};
use serde::Serialize;
use utoipa::ToSchema;

/// How well something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It is not configured, or switched off.
    Off,
    /// Well.
    Up,
    /// Some of it does not work.
    Degraded,
    /// It does not work.
    Down,
}

/// Names a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// There is one.
    Only(&'static str),
    /// There may be several; counted from 1.
    Nth(&'static str, u16),
    /// A trunk.
    Trunk(TrunkId),
}

impl Part {
    /// The word for the kind.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Only(what) | Self::Nth(what, _) => what,
            Self::Trunk(_) => "trunk",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only(what) => f.write_str(what),
            Self::Nth(what, number) => write!(f, "{what}:{number}"),
            Self::Trunk(trunk) => write!(f, "trunk:{trunk}"),
        }
    }
}

/// One part that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SystemCheck)]
pub struct Check {
    /// Names it on the live stream.
    #[serde(skip)]
    pub part: Part,
    /// `agi`, `archive`, `asterisk`, `clock`, `database`, `engine`, `mail`, `recordings` or `trunk`.
    pub what: &'static str,
    /// Which one, where there are several.
    pub which: Option<String>,
    /// How well it is.
    pub health: Health,
    /// Since when; as far as this run of the daemon knows.
    pub since: Timestamp,
    /// Why it is not well.
    pub cause: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
    /// How long the answer took, in milliseconds.
    pub latency: Option<u64>,
    /// The SIP status of a trunk's last answer.
    pub code: Option<u16>,
    /// How far another clock is ahead of this machine's, in milliseconds: that of an Asterisk, or of the database.
    pub clock_offset: Option<i64>,
    /// How many days the disk lasts at the pace of the last week; none while nothing grows.
    pub disk_days: Option<f64>,
    /// The version, where it says one.
    pub version: Option<String>,
}

impl Check {
    /// Well, unless something is added.
    pub fn of(part: Part) -> Self {
        Self {
            part,
            what: part.what(),
            which: None,
            health: Health::Up,
            since: Timestamp::default(),
            cause: None,
            fix: None,
            latency: None,
            code: None,
            clock_offset: None,
            disk_days: None,
            version: None,
        }
    }

    /// Not configured.
    #[must_use]
    pub fn off(self, fix: &str) -> Self {
        Self { health: Health::Off, fix: Some(fix.to_owned()), ..self }
    }

    /// Not well: why, and what to do about it.
    #[must_use]
    pub fn sick(self, health: Health, cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { health, cause: Some(cause.into()), fix: Some(fix.into()), ..self }
    }
}
