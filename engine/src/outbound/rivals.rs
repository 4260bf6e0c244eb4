//! Who else wants a campaign's agents: campaigns that share them, whose answers take an agent of the other and whose
//! surplus answers find a neighbour; and callers.

use std::collections::BTreeMap;

use crate::agents::session::{AgentSession, Wish};
use crate::dialer::CampaignRun;
use crate::dialer::pacing::{Rivals, Situation};
use crate::dialer::predictive::Rival;
use crate::engine::Engine;
use crate::inbound::queue::QueueRun;
use crate::model::{AgentId, CallId, CampaignId};
use crate::outbound::call::Call;
use crate::outbound::predicting::dial_of;

impl Engine {
    /// For every other campaign, how likely an agent who takes one of its calls is one of this campaign's too.
    pub(crate) fn overlaps(&self, campaign: CampaignId) -> BTreeMap<CampaignId, f64> {
        let mut shared: BTreeMap<CampaignId, u32> = BTreeMap::new();
        let ours = self.sessions.values().filter(|session| session.campaigns.contains(&campaign));
        for other in ours.flat_map(|session| &session.campaigns).filter(|other| **other != campaign) {
            *shared.entry(*other).or_default() += 1;
        }
        let of = |other: &CampaignId| {
            self.sessions.values().filter(|session| session.campaigns.contains(other)).count().max(1)
        };
        shared.into_iter().map(|(other, count)| (other, f64::from(count) / of(&other) as f64)).collect()
    }

    /// Dials of other campaigns whose answers may take agents of this one.
    pub(crate) fn rivals(&self, campaign: CampaignId) -> Vec<Rival> {
        let overlaps = self.overlaps(campaign);
        if overlaps.is_empty() {
            return Vec::new();
        }
        let rival = |call: &Call| {
            let share = *overlaps.get(&call.attempt.campaign)?;
            Some(Rival { dial: dial_of(call, self.cx.now)?, share })
        };
        self.calls.values().filter(|call| call.is_ahead()).filter_map(rival).collect()
    }

    /// People of other campaigns who wait for an agent that may be one of this campaign's.
    pub(crate) fn rivals_waiting(&self, campaign: CampaignId) -> usize {
        self.overlaps(campaign)
            .keys()
            .filter_map(|other| self.runs.get(other))
            .map(|run| run.waiting.len())
            .sum()
    }

    /// Callers who wait for agents of this campaign: these take them, once they are free, before anybody whom it calls.
    pub(crate) fn callers_ahead(&self, campaign: CampaignId) -> usize {
        let mut ahead = 0.0;
        for (id, queue) in self.queues.iter().filter(|(_, queue)| queue.waits_for_agents()) {
            let at_work = self.sessions.values().filter(|session| session.wish == Wish::Ready);
            let agents = at_work.filter(|session| session.settings.queues.contains(id));
            let (all, ours) = agents.fold((0, 0), |(all, ours), session| {
                (all + 1, ours + u32::from(session.campaigns.contains(&campaign)))
            });
            let ours = f64::from(ours);
            ahead += (queue.len() as f64 * ours / f64::from(all.max(1))).min(ours);
        }
        ahead.ceil() as usize
    }

    /// Whether callers wait for this agent to be free.
    pub(crate) fn is_awaited_by_callers(&self, session: &AgentSession) -> bool {
        session
            .settings
            .queues
            .iter()
            .filter_map(|queue| self.queues.get(queue))
            .any(QueueRun::waits_for_agents)
    }

    /// What pacing needs to know, with what is on its way of the campaigns that share ready agents.
    pub(crate) fn situation(&self, run: &CampaignRun, predicted: u32) -> Situation {
        let dials = run.ready.shared_with().filter_map(|(other, count)| {
            let other = self.runs.get(&other).filter(|other| !other.ready.is_empty())?;
            Some(f64::from(other.dialling_ahead) * f64::from(count) / other.ready.len() as f64)
        });
        let shared = u32::try_from(run.ready.shared()).unwrap_or(u32::MAX);
        let rivals = Rivals { dials: dials.sum::<f64>().ceil() as u32, shared };
        run.situation(self.cx.now, predicted, rivals)
    }

    /// The neighbours' agent who has been ready for longest, for a person whom no agent of the campaign's own can take.
    pub(crate) fn neighbour_for(&self, campaign: CampaignId) -> Option<AgentId> {
        let neighbours = self.runs.get(&campaign)?.settings.surplus_to.iter();
        let ready = neighbours.filter_map(|neighbour| self.runs.get(neighbour)?.ready.first());
        ready.min().map(|(_, agent)| agent)
    }

    /// The person who has waited for longest: of those whose campaign the agent works for, or else of those whom a
    /// neighbouring campaign has nobody for.
    pub(crate) fn waiting_for(&self, session: &AgentSession) -> Option<CallId> {
        let own = session.campaigns.iter().filter_map(|campaign| self.runs.get(campaign));
        let neighbours = self
            .runs
            .values()
            .filter(|run| run.settings.surplus_to.iter().any(|to| session.campaigns.contains(to)));
        self.longest_waiting(own).or_else(|| self.longest_waiting(neighbours))
    }

    fn longest_waiting<'a>(&'a self, runs: impl Iterator<Item = &'a CampaignRun>) -> Option<CallId> {
        let first = runs.filter_map(|run| run.waiting.front());
        first.min_by_key(|call| self.calls.get(call).map(|call| call.since)).copied()
    }
}
