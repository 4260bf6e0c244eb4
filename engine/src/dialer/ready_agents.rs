//! A campaign's agents who could take a call at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AgentId, CampaignId, Timestamp};

/// Who is ready and since when, and whom else they work for: every decision asks, and few events change it.
#[derive(Debug, Default)]
pub(crate) struct ReadyAgents {
    longest_first: BTreeSet<(Timestamp, AgentId)>,
    /// Of those who work for other campaigns too, for which.
    elsewhere: BTreeMap<AgentId, Vec<CampaignId>>,
    /// How many of them work for each of the others.
    shared_with: BTreeMap<CampaignId, u32>,
}

impl ReadyAgents {
    /// An agent has become ready, who works for these campaigns besides. Said twice it counts once.
    pub(crate) fn insert(
        &mut self,
        since: Timestamp,
        agent: AgentId,
        others: impl Iterator<Item = CampaignId>,
    ) {
        if !self.longest_first.insert((since, agent)) {
            return;
        }
        let others: Vec<CampaignId> = others.collect();
        if others.is_empty() {
            return;
        }
        for other in &others {
            *self.shared_with.entry(*other).or_default() += 1;
        }
        self.elsewhere.insert(agent, others);
    }

    /// An agent who became ready at this time, if they did, is not any more.
    pub(crate) fn remove(&mut self, since: Timestamp, agent: AgentId) {
        if !self.longest_first.remove(&(since, agent)) {
            return;
        }
        for other in self.elsewhere.remove(&agent).into_iter().flatten() {
            if let Some(count) = self.shared_with.get_mut(&other) {
                *count -= 1;
                if *count == 0 {
                    self.shared_with.remove(&other);
                }
            }
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.longest_first.len()
    }

    /// Whether there is nobody.
    pub(crate) fn is_empty(&self) -> bool {
        self.longest_first.is_empty()
    }

    /// All of them, the longest idle first.
    pub(crate) fn longest_first(&self) -> impl Iterator<Item = AgentId> {
        self.longest_first.iter().map(|(_, agent)| *agent)
    }

    /// Who has been idle for longest, and since when.
    pub(crate) fn first(&self) -> Option<(Timestamp, AgentId)> {
        self.longest_first.first().copied()
    }

    /// How many work for another campaign too.
    pub(crate) fn shared(&self) -> usize {
        self.elsewhere.len()
    }

    /// The other campaigns, each with how many of these agents work for it.
    pub(crate) fn shared_with(&self) -> impl Iterator<Item = (CampaignId, u32)> {
        self.shared_with.iter().map(|(other, count)| (*other, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn agent(id: i64) -> AgentId {
        AgentId::from_i64(id)
    }

    const fn campaign(id: i64) -> CampaignId {
        CampaignId::from_i64(id)
    }

    #[test]
    fn whom_ready_agents_work_for_besides_follows_who_is_ready() {
        let at = Timestamp::from_millis;
        let mut ready = ReadyAgents::default();
        ready.insert(at(30), agent(1), [campaign(7), campaign(8)].into_iter());
        ready.insert(at(10), agent(2), [campaign(8)].into_iter());
        ready.insert(at(20), agent(3), [].into_iter());
        ready.insert(at(10), agent(2), [campaign(8)].into_iter());
        assert_eq!(ready.longest_first().collect::<Vec<_>>(), [agent(2), agent(3), agent(1)]);
        assert_eq!(ready.first(), Some((at(10), agent(2))));
        assert_eq!((ready.len(), ready.shared()), (3, 2));
        assert_eq!(ready.shared_with().collect::<Vec<_>>(), [(campaign(7), 1), (campaign(8), 2)]);
        ready.remove(at(11), agent(2));
        assert_eq!(ready.len(), 3, "nobody became ready then");
        ready.remove(at(10), agent(2));
        ready.remove(at(30), agent(1));
        assert_eq!((ready.len(), ready.shared(), ready.shared_with().count()), (1, 0, 0));
    }
}
