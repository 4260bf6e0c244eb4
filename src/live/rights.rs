//! What a viewer may see. Decided here for all tables, and carried out before a byte leaves.

use cadran_engine::model::{self, AgentId, Right, Role, Scope};
use serde_json::Value;

use super::rows;
use super::selection::Condition;
use super::topic::Topic;

/// What a viewer may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rights {
    /// Whose rows.
    pub sees: Sees,
    /// Which of them.
    pub scope: Scope,
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
    /// Figures: nobody's.
    Figures,
    /// Those of their own desk.
    Own,
}

impl Rights {
    /// What an account's rights let its screens see. An agent sees their own rows, with the number that they talk to.
    pub fn new(rights: model::Rights, agent: Option<AgentId>, scope: Scope) -> Self {
        let sees = if rights.has(Right::View) {
            Sees::Everything
        } else if rights.has(Right::ViewFigures) {
            Sees::Figures
        } else {
            Sees::Own
        };
        let numbers = sees == Sees::Own || rights.has(Right::SeeFullNumbers);
        Self { sees, scope, agent, numbers }
    }

    /// What the bundle that a role begins with lets its screens see, of all teams.
    pub fn of(role: Role, agent: Option<AgentId>) -> Self {
        Self::new(role.rights(), agent, Scope::Everything)
    }

    /// What narrows a topic to the rows that may be seen; none when the topic may not be followed at all.
    pub(super) fn narrow(&self, topic: &Topic) -> Option<Vec<Condition>> {
        match (topic, self.sees) {
            (Topic::Me, Sees::Everything | Sees::Own)
            | (Topic::Agents | Topic::Callers | Topic::Calls, Sees::Own) => {
                Some(vec![Condition::one_of("agent", self.agent)])
            }
            (Topic::Agents | Topic::Alerts | Topic::Callers | Topic::Calls | Topic::Me, Sees::Figures) => {
                None
            }
            (Topic::System, Sees::Figures | Sees::Own) => {
                Some(vec![Condition::any("part", [Value::from(rows::DAEMON)])])
            }
            (
                Topic::Alerts | Topic::Campaigns | Topic::Pacing(_) | Topic::Queues | Topic::Trunks,
                Sees::Own,
            ) => None,
            (Topic::Pacing(campaign), Sees::Everything | Sees::Figures) => self
                .scope
                .has_campaign(*campaign)
                .then(|| vec![Condition::one_of("campaign", Some(campaign))]),
            (Topic::System, Sees::Everything) | (Topic::Trunks, Sees::Everything | Sees::Figures) => {
                Some(Vec::new())
            }
            (
                Topic::Agents
                | Topic::Alerts
                | Topic::Callers
                | Topic::Calls
                | Topic::Campaigns
                | Topic::Queues,
                Sees::Everything,
            )
            | (Topic::Campaigns | Topic::Queues, Sees::Figures) => Some(self.confined(topic)),
        }
    }

    /// What leaves the rows of the viewer's teams. A table whose rows say neither agent nor campaign has none for
    /// whoever is confined to teams.
    fn confined(&self, topic: &Topic) -> Vec<Condition> {
        let Scope::Teams { agents, campaigns, queues } = &self.scope else { return Vec::new() };
        match topic {
            Topic::System | Topic::Trunks => Vec::new(),
            Topic::Agents => vec![Condition::one_of("agent", agents)],
            // As `Scope::has_caller` says.
            Topic::Callers => {
                vec![Condition::one_of("queue", queues).or(Condition::one_of("agent", agents))]
            }
            Topic::Queues => vec![Condition::one_of("queue", queues)],
            Topic::Alerts => {
                let of_queues = Condition::one_of("queue", queues);
                let of_agents = Condition::one_of("agent", agents);
                vec![Condition::one_of("campaign", campaigns).or(of_queues.or(of_agents))]
            }
            Topic::Calls | Topic::Campaigns | Topic::Me | Topic::Pacing(_) => {
                vec![Condition::one_of("campaign", campaigns)]
            }
        }
    }

    /// Whether facts about the installation as a whole are for the viewer.
    pub(super) fn hears_facts(&self) -> bool {
        self.sees == Sees::Everything && self.scope.is_everything()
    }

    /// Whether a row of a view, as JSON, is within the viewer's scope.
    pub(super) fn shows(&self, topic: &Topic, row: &Value) -> bool {
        self.confined(topic).iter().all(|condition| condition.holds_for(row))
    }

    /// Whether the rows that a viewer holds tell which rows there are. A viewer of their own desk or teams alone must not
    /// learn, not even from removals, which rows others have.
    pub(super) fn keys_are_open(&self, topic: &Topic) -> bool {
        self.sees != Sees::Own && self.scope.is_everything() && *topic != Topic::Me
    }
}
