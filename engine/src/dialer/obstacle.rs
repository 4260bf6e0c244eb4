//! What stands in the way of a call, every reason with its figures: for people, for programs, for history.

use serde::{Deserialize, Serialize};

use crate::command::Hold;
use crate::input::AttemptRefusal;
use crate::model::{CampaignState, Timestamp, Trip, TrunkId, Zone};

/// A reason why a campaign places no call, or no call more, at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Obstacle {
    /// Agents choose themselves whom they call, and when.
    AgentsDecide,
    /// As many calls were placed at once as may be; the rest follows within a quarter of a second.
    Burst,
    /// One more drop would pass the limit: one call per ready agent and no more.
    DropLimit {
        /// Of those who answered, dropped.
        dropped: u32,
        /// People who answered within the window.
        answered: u32,
        /// The share that dropped may be of answered.
        limit: f64,
    },
    /// As many calls are up as may be.
    Full {
        /// Whose limit.
        whose: Whose,
        /// Calls that are up.
        calls: u32,
        /// Calls that may be.
        calls_max: u32,
    },
    /// All dialling is held.
    Held {
        /// By what.
        hold: Hold,
    },
    /// Leads were asked for and are on their way.
    LeadsComing,
    /// No agent can take a call.
    NoAgentReady(AgentCounts),
    /// No lead is due.
    NoLeadDue {
        /// When the next one is, where that is known.
        next_due_at: Option<Timestamp>,
    },
    /// The campaign names no trunk.
    NoTrunk,
    /// The campaign does not run.
    NotRunning {
        /// What it does.
        state: CampaignState,
    },
    /// Every lead in hand lives where it is not the time to call.
    OutsideHours {
        /// Where the last of them lives.
        zone: Zone,
        /// When calls may be placed there again; none within a fortnight.
        opens_at: Option<Timestamp>,
    },
    /// Attempts were refused at the last look before dialling, and none was allowed since.
    Refused {
        /// Why.
        refusal: AttemptRefusal,
        /// How many.
        attempts: u32,
    },
    /// Asterisk refused a dial through this trunk, so that nothing is tried through it for a moment.
    Resting {
        /// Which.
        trunk: TrunkId,
        /// How admins call it.
        name: String,
        /// Until when.
        until: Timestamp,
    },
    /// One more answer would too likely find nobody.
    Risk {
        /// How likely.
        risk: f64,
    },
    /// As many calls were placed within a second as may be.
    TooFast {
        /// Whose limit.
        whose: Whose,
        /// Calls that may be placed per second.
        calls_per_second: f64,
    },
    /// A circuit breaker lets a part of the calls per second pass.
    Slowed {
        /// Whose breaker.
        whose: Whose,
        /// Why it tripped.
        why: Trip,
        /// Which part.
        share: f64,
        /// When everything may pass again.
        until: Timestamp,
    },
    /// A circuit breaker lets nothing pass.
    Tripped {
        /// Whose breaker.
        whose: Whose,
        /// Why it tripped.
        why: Trip,
        /// Until when.
        until: Timestamp,
    },
    /// The trunk's far end does not answer.
    TrunkDown {
        /// Which.
        trunk: TrunkId,
        /// How admins call it.
        name: String,
    },
    /// The trunk is switched off.
    TrunkOff {
        /// Which.
        trunk: TrunkId,
        /// How admins call it.
        name: String,
    },
    /// The trunk may show none of the campaign's caller ids.
    TrunkShowsNone {
        /// Which.
        trunk: TrunkId,
        /// How admins call it.
        name: String,
    },
    /// As many dials are on their way as the ready agents may have.
    UnderWay {
        /// Dials in flight, and answers that wait.
        dials: u32,
        /// Agents who could take a call at once.
        ready: u32,
    },
}

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum Whose {
    /// The campaign's own.
    Campaign,
    /// That of the Asterisk server as a whole.
    Server,
    /// A carrier connection's.
    Trunk {
        /// Which.
        trunk: TrunkId,
        /// How admins call it.
        name: String,
    },
}

/// What the agents who are logged in for a campaign do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AgentCounts {
    /// Wants to work, and the phone is gone.
    pub lost: u32,
    /// In conversation.
    pub on_call: u32,
    /// Takes no calls.
    pub paused: u32,
    /// Takes the next call.
    pub ready: u32,
    /// Kept free for a call or with a lead on show.
    pub reserved: u32,
    /// Finishes a call.
    pub wrap_up: u32,
}

/// An obstacle, and since when it has been there without a break, to the second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Standing {
    /// What it is.
    pub obstacle: Obstacle,
    /// Since when.
    pub since: Timestamp,
}

impl Obstacle {
    /// Whether `other` is the same obstacle, perhaps with other figures.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Full { whose: one, .. }, Self::Full { whose: two, .. })
            | (Self::Slowed { whose: one, .. }, Self::Slowed { whose: two, .. })
            | (Self::TooFast { whose: one, .. }, Self::TooFast { whose: two, .. })
            | (Self::Tripped { whose: one, .. }, Self::Tripped { whose: two, .. }) => one == two,
            (Self::Held { hold: one }, Self::Held { hold: two }) => one == two,
            (Self::Refused { refusal: one, .. }, Self::Refused { refusal: two, .. }) => one == two,
            (Self::Resting { trunk: one, .. }, Self::Resting { trunk: two, .. })
            | (Self::TrunkDown { trunk: one, .. }, Self::TrunkDown { trunk: two, .. })
            | (Self::TrunkOff { trunk: one, .. }, Self::TrunkOff { trunk: two, .. })
            | (Self::TrunkShowsNone { trunk: one, .. }, Self::TrunkShowsNone { trunk: two, .. }) => {
                one == two
            }
            (one, two) => std::mem::discriminant(one) == std::mem::discriminant(two),
        }
    }
}

/// Obstacles of this moment, each since when it was seen first of those that were `there` a moment ago.
pub(crate) fn standing(obstacles: Vec<Obstacle>, there: &[Standing], now: Timestamp) -> Vec<Standing> {
    let since = |obstacle: &Obstacle| {
        there.iter().find(|known| known.obstacle.is_like(obstacle)).map_or(now, |known| known.since)
    };
    obstacles.into_iter().map(|obstacle| Standing { since: since(&obstacle), obstacle }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_obstacle_that_stays_keeps_its_beginning_while_its_figures_change() {
        let (first, later) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        let full = |trunk, calls| Obstacle::Full {
            whose: Whose::Trunk { trunk: TrunkId::from_i64(trunk), name: format!("trunk {trunk}") },
            calls,
            calls_max: 40,
        };
        let there = standing(vec![full(1, 40), Obstacle::LeadsComing], &[], first);
        let then = standing(vec![full(1, 39), full(2, 40)], &there, later);
        let begun: Vec<Timestamp> = then.iter().map(|standing| standing.since).collect();
        assert_eq!(begun, [first, later]);
        assert_eq!(then[0].obstacle, full(1, 39));
    }
}
