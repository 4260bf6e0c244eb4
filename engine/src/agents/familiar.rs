//! Who spoke with whom last: callers may get the agent again whom they know.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::model::{AgentId, Phone, Timestamp};

/// Callers who are remembered, the latest ones.
const CALLERS_MAX: usize = 50_000;

/// The agents whom callers know, since the daemon started.
#[derive(Debug, Default)]
pub(crate) struct Familiar {
    agents: BTreeMap<Phone, (AgentId, Timestamp)>,
    order: VecDeque<(Phone, Timestamp)>,
}

impl Familiar {
    /// A caller spoke with an agent.
    pub(crate) fn remember(&mut self, phone: Phone, agent: AgentId, now: Timestamp) {
        self.agents.insert(phone, (agent, now));
        self.order.push_back((phone, now));
        while self.order.len() > CALLERS_MAX {
            let Some((oldest, at)) = self.order.pop_front() else { return };
            if self.agents.get(&oldest).is_some_and(|(_, latest)| *latest == at) {
                self.agents.remove(&oldest);
            }
        }
    }

    /// The agent with whom a caller spoke last, not longer ago than `within`.
    pub(crate) fn agent(&self, phone: Phone, within: Duration, now: Timestamp) -> Option<AgentId> {
        self.agents.get(&phone).filter(|(_, at)| now.since(*at) <= within).map(|(agent, _)| *agent)
    }
}
