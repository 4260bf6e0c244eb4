//! Carrier connections.

use serde::{Deserialize, Serialize};

use super::{Phone, RateLimit, Timestamp, TrunkId};

/// A trunk as the engine uses it. Its address and credentials concern the store and Asterisk alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trunk {
    /// The row.
    pub id: TrunkId,
    /// How admins call it.
    pub name: String,
    /// Whether calls may be placed on it.
    pub enabled: bool,
    /// The caller ids that the carrier lets us show. Only these are ever shown.
    pub caller_ids: Vec<Phone>,
    /// How fast and how many.
    pub limit: RateLimit,
}

/// How well a trunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// It is disabled in the settings.
    Off,
    /// Its far end answers.
    Up,
    /// Its far end answers and says that it cannot serve, or answers either Asterisk or our own probe and not both.
    Degraded,
    /// Its far end does not answer.
    Down,
}

/// What our own OPTIONS requests to a trunk's far end have come to, beside those of Asterisk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TrunkProbe {
    /// When the last one came to its end.
    pub at: Timestamp,
    /// Whether the far end answers. One request in silence is no outage yet.
    pub answers: bool,
    /// Since when.
    pub since: Timestamp,
    /// The status of the last answer (RFC 3261 §21); none while nothing was ever answered.
    pub code: Option<u16>,
    /// How long that answer took, in milliseconds, a part of one counted as one.
    pub latency: Option<u32>,
    /// Why the last request was not answered.
    pub silence: Option<ProbeSilence>,
}

/// Why an OPTIONS request was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProbeSilence {
    /// Nothing came back in time.
    NoAnswer,
    /// The machine is there, and nobody listens on the port.
    PortClosed,
    /// There is no way to the address.
    Unreachable,
    /// The name has no address.
    Unresolved,
}

impl TrunkProbe {
    /// Whether the far end answers and does not say that it cannot serve (RFC 3261 §21.5, §21.6).
    pub fn is_well(&self) -> bool {
        self.answers && self.code.is_none_or(|code| code < 500)
    }
}

impl TrunkState {
    /// How well a trunk is, by its setting, by what Asterisk says of its far end, and by our own probe if there is one.
    pub fn of(enabled: bool, reachable: bool, probe: Option<&TrunkProbe>) -> Self {
        match (enabled, reachable, probe) {
            (false, _, _) => Self::Off,
            (true, true, None) => Self::Up,
            (true, true, Some(probe)) if probe.is_well() => Self::Up,
            (true, false, None) => Self::Down,
            (true, false, Some(probe)) if !probe.answers => Self::Down,
            (true, _, Some(_)) => Self::Degraded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_is_as_well_as_asterisk_and_the_probe_agree() {
        let now = Timestamp::default();
        let said = |code| TrunkProbe {
            at: now,
            answers: true,
            since: now,
            code: Some(code),
            latency: Some(1),
            silence: None,
        };
        let silent = TrunkProbe { answers: false, silence: Some(ProbeSilence::NoAnswer), ..said(200) };
        for (enabled, reachable, probe, expected) in [
            (false, true, Some(said(200)), TrunkState::Off),
            (true, true, None, TrunkState::Up),
            (true, true, Some(said(200)), TrunkState::Up),
            (true, true, Some(said(404)), TrunkState::Up),
            (true, true, Some(said(503)), TrunkState::Degraded),
            (true, true, Some(silent), TrunkState::Degraded),
            (true, false, Some(said(200)), TrunkState::Degraded),
            (true, false, Some(silent), TrunkState::Down),
            (true, false, None, TrunkState::Down),
        ] {
            let state = TrunkState::of(enabled, reachable, probe.as_ref());
            assert_eq!(state, expected, "{enabled} {reachable} {probe:?}");
        }
    }
}
