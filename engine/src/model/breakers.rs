//! When dialling stops by itself because something is wrong with it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A campaign's circuit breakers. Each watches a share over the campaign's last dials or calls; the ones about failures
/// watch every trunk too, over the dials that went through it. When a share reaches its mark the breaker trips: it stops
/// dialling for `rest`, or slows it down at once, and then lets it grow again over `ramp`. A share of 0 switches a breaker
/// off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Breakers {
    /// Dials, or calls, that a share is taken over; as many as agents are ready or talking, if those are more. Fewer say
    /// nothing, but while dialling grows again half of them are enough to stop it once more. 40 by default.
    pub window: u32,
    /// Share of dials that the network could not carry (SIP 500, 502 to 504; Q.850 34 to 47): stops. 0.5 by default.
    pub congestion: f64,
    /// Share of dials that failed, were rejected or could not be carried: stops. 0.6 by default.
    pub failed: f64,
    /// Share of conversations shorter than `short_call`: slows down. 0.6 by default.
    pub short: f64,
    /// How long a conversation is not short any more. 5 s by default.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub short_call: Duration,
    /// By how much the share of answering machines among answers may lie above what it usually is: slows down.
    /// 0.3 by default.
    pub machines: f64,
    /// Share of answers that are dropped, over the window alone: slows down. The campaign's drop limit, over a day, is
    /// held in any case. 0.2 by default.
    pub drops: f64,
    /// How long nothing is dialled. Doubled each time that it trips again before it has healed, up to eight times as
    /// long. 120 s by default.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub rest: Duration,
    /// How long it takes from a tenth of the campaign's calls per second back to all of them. 300 s by default.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub ramp: Duration,
}

impl Default for Breakers {
    fn default() -> Self {
        Self {
            window: 40,
            congestion: 0.5,
            failed: 0.6,
            short: 0.6,
            short_call: Duration::from_secs(5),
            machines: 0.3,
            drops: 0.2,
            rest: Duration::from_secs(120),
            ramp: Duration::from_secs(300),
        }
    }
}

/// Why a breaker tripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Trip {
    /// The network could not carry too many dials.
    Congestion,
    /// Too many people were dropped in a short time.
    Drops,
    /// Too many dials failed.
    Failed,
    /// More machines answer than usually.
    Machines,
    /// Too many conversations ended at once.
    Short,
}

impl Trip {
    /// The word in notices and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Congestion => "congestion",
            Self::Drops => "drops",
            Self::Failed => "failed",
            Self::Machines => "machines",
            Self::Short => "short",
        }
    }

    /// Whether dialling stops; otherwise it slows down.
    pub(crate) const fn stops(self) -> bool {
        match self {
            Self::Congestion | Self::Failed => true,
            Self::Drops | Self::Machines | Self::Short => false,
        }
    }
}
