//! What a viewer may see. Decided here for all tables, and carried out before a byte leaves.

use cadran_engine::model::{AgentId, Role};

use super::selection::Condition;
use super::topic::Topic;

/// What a viewer may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rights {
    /// Whose rows.
    pub sees: Sees,
    /// The agent whose desk the viewer has, if any.
    pub agent: Option<AgentId>,
    /// Whether telephone numbers are shown whole.
    pub numbers: bool,
}

/// Whose rows a viewer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sees {
    /// Everybody's.
    Everything,
    /// Those of their own desk.
    Own,
}

impl Rights {
    /// The rights of a role. Agents see their own rows, with the number that they talk to; supervisors see all
    /// rows without numbers; those who work with lists of numbers see them here too.
    pub const fn of(role: Role, agent: Option<AgentId>) -> Self {
        let (sees, numbers) = match role {
            Role::Admin | Role::CampaignManager => (Sees::Everything, true),
            Role::Agent => (Sees::Own, true),
            Role::Supervisor => (Sees::Everything, false),
        };
        Self { sees, agent, numbers }
    }

    /// What narrows a topic to the rows that may be seen; none when the topic may not be followed at all.
    pub(super) fn narrow(&self, topic: &Topic) -> Option<Vec<Condition>> {
        match (topic, self.sees) {
            (Topic::Me, _) | (Topic::Agents | Topic::Callers | Topic::Calls, Sees::Own) => {
                Some(vec![Condition::one_of("agent", self.agent)])
            }
            (Topic::System, Sees::Own) => Some(Vec::new()),
            (
                Topic::Alerts | Topic::Campaigns | Topic::Pacing(_) | Topic::Queues | Topic::Trunks,
                Sees::Own,
            ) => None,
            (Topic::Pacing(campaign), Sees::Everything) => {
                Some(vec![Condition::one_of("campaign", Some(campaign))])
            }
            (
                Topic::Agents
                | Topic::Alerts
                | Topic::Callers
                | Topic::Calls
                | Topic::Campaigns
                | Topic::Queues
                | Topic::System
                | Topic::Trunks,
                Sees::Everything,
            ) => Some(Vec::new()),
        }
    }

    /// Whether the rows that a viewer holds tell which rows there are. A viewer of their own desk alone must not
    /// learn, not even from removals, which rows others have.
    pub(super) fn keys_are_open(&self, topic: &Topic) -> bool {
        self.sees == Sees::Everything && *topic != Topic::Me
    }
}
