//! Who may listen to whom.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Pack;
use super::retention::day;
use crate::almanac::local::{self, WallClock};
use crate::model::{Timestamp, Zone};

/// A pack's demands on listening to agents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupervisionRule {
    /// Whether the agent must have been told the period in which people listen: the calls that the pack is for owe
    /// [`TellOfListening`](super::Obligation::TellOfListening).
    #[serde(default)]
    pub notice_required: bool,
}

/// Somebody who wants to listen, and what they may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Listener {
    /// Their role.
    pub role: String,
    /// Their team.
    pub team: Option<String>,
    /// What they may do; by their role when absent.
    pub rights: Option<Vec<String>>,
}

/// The agent who would be listened to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Listened {
    /// Their team.
    pub agent_team: Option<String>,
    /// The first day of which the agent was told.
    #[serde(deserialize_with = "day")]
    pub agent_notice_from: Option<Date>,
    /// The last day of which the agent was told.
    #[serde(deserialize_with = "day")]
    pub agent_notice_to: Option<Date>,
    /// The agent has marked the call as private.
    pub private_call: bool,
}

/// Whether somebody may `listen`, `whisper` or `barge`. Every attempt, allowed or not, goes to the audit log.
///
/// A right must be named; a supervisor without a list may listen, and no more. Nobody but an administrator reaches
/// into another team; an agent in no team is in nobody else's.
pub fn may_supervise(
    listener: &Listener,
    listened: &Listened,
    mode: &str,
    now: Option<Timestamp>,
    pack: Option<&Pack>,
) -> bool {
    let is_admin = listener.role == "admin";
    let has_right = match &listener.rights {
        Some(rights) => rights.iter().any(|right| right == mode),
        None => is_admin || (listener.role == "supervisor" && mode == "listen"),
    };
    let is_own_team = is_admin || listened.agent_team.is_none() || listener.team == listened.agent_team;
    let notice_required =
        pack.and_then(|pack| pack.rules().supervision.as_ref()).is_some_and(|rule| rule.notice_required);
    has_right && is_own_team && !listened.private_call && (!notice_required || listened.is_told(now, pack))
}

impl Listened {
    fn is_told(&self, now: Option<Timestamp>, pack: Option<&Pack>) -> bool {
        let (Some(now), Some(from), Some(to)) = (now, self.agent_notice_from, self.agent_notice_to) else {
            return false;
        };
        let utc = Zone::utc();
        let zone = pack.and_then(|pack| pack.rules().ref_tz.as_ref()).unwrap_or(&utc);
        let today = local::date(WallClock::read(zone, now).day);
        (from..=to).contains(&today)
    }
}
