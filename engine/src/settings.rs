//! Settings, read at the start and after every change, and the state of trunks.

use std::collections::{BTreeMap, BTreeSet};

use crate::agents::session::Wish;
use crate::command::{Hold, Write};
use crate::dialer::CampaignRun;
use crate::dialer::admission::Gate;
use crate::dialer::breaker::Breaker;
use crate::engine::{Engine, TrunkRun};
use crate::inbound::queue::QueueRun;
use crate::input::Settings;
use crate::model::{
    Agent, AgentId, Campaign, CampaignId, CampaignState, Outcome, Phone, Queue, QueueId, RateLimit, Side,
    Timestamp, Trunk, TrunkId, TrunkProbe, TrunkState,
};
use crate::outbound::call::{Call, CallState};
use crate::view::TrunkView;

impl Engine {
    /// Takes over settings. What is going on goes on; what was withdrawn takes no new work.
    pub(crate) fn take_settings(&mut self, settings: Settings) {
        self.take_agents(settings.agents);
        self.take_trunks(settings.trunks);
        self.take_switch_limit(settings.switch_limit);
        self.take_queues(settings.queues);
        self.shelf.take(settings.flows, settings.calendars, settings.media, settings.mailboxes);
        self.dids = settings.dids;
        self.take_campaigns(settings.campaigns);
        self.release_hold(Hold::NoSettings);
        self.stirred.extend(self.runs.keys());
        self.begin_explaining();
    }

    fn take_agents(&mut self, agents: Vec<Agent>) {
        self.agents = agents.into_iter().map(|agent| (agent.id, agent)).collect();
        let mut withdrawn: Vec<AgentId> = Vec::new();
        for (id, session) in &mut self.sessions {
            match self.agents.get(id) {
                // How the phone rings is agreed at log-in and stays until log-out.
                Some(agent) => {
                    // Into the queues that they serve from here on, and out of the others.
                    self.queues.values_mut().for_each(|queue| {
                        queue.ready.remove(&(session.since, *id));
                    });
                    session.settings = Agent { ring_mode: session.settings.ring_mode, ..agent.clone() }
                }
                None => withdrawn.push(*id),
            }
        }
        for agent in withdrawn {
            // Refused only to agents who are not logged in, and these are.
            let _ = self.wish(agent, Wish::LogOut);
        }
    }

    fn take_trunks(&mut self, trunks: Vec<Trunk>) {
        let kept: BTreeSet<TrunkId> = trunks.iter().map(|trunk| trunk.id).collect();
        let now = self.cx.now;
        self.trunks.retain(|id, run| kept.contains(id) || run.gate.calls() > 0);
        for (id, run) in &mut self.trunks {
            run.settings.enabled &= kept.contains(id);
            run.settle_state(now);
        }
        for trunk in trunks {
            match self.trunks.get_mut(&trunk.id) {
                Some(run) => {
                    run.gate.set_limit(trunk.limit);
                    run.settings = trunk;
                    run.settle_state(now);
                }
                None => {
                    self.trunks.insert(trunk.id, TrunkRun::new(trunk, now));
                }
            }
        }
    }

    fn take_switch_limit(&mut self, limit: Option<RateLimit>) {
        match (&mut self.switch_gate, limit) {
            (Some(gate), Some(limit)) => gate.set_limit(limit),
            (gate, Some(limit)) => {
                let mut fresh = Gate::new(limit, self.cx.now);
                (0..self.calls.len() + self.callers.len()).for_each(|_| fresh.adopt());
                *gate = Some(fresh);
            }
            (gate, None) => *gate = None,
        }
    }

    fn take_campaigns(&mut self, campaigns: Vec<Campaign>) {
        let mut given: BTreeMap<CampaignId, Campaign> =
            campaigns.into_iter().map(|campaign| (campaign.id, campaign)).collect();
        for (id, run) in &mut self.runs {
            match given.remove(id) {
                Some(campaign) => run.set_settings(campaign, self.cx.now),
                None => run.state = CampaignState::Finished,
            }
            if run.state != CampaignState::Running {
                for lead in run.hopper.drain() {
                    self.cx.write(Write::ReleaseLead { lead, due_at: self.cx.wall });
                }
            }
            run.hopper.forget_question();
        }
        for (id, campaign) in given {
            self.runs.insert(id, CampaignRun::new(campaign, self.cx.now));
        }
    }

    /// A queue that is gone keeps whoever waits in it, and takes nobody else.
    fn take_queues(&mut self, queues: Vec<Queue>) {
        let mut given: BTreeMap<QueueId, Queue> = queues.into_iter().map(|queue| (queue.id, queue)).collect();
        self.queues.retain(|id, run| given.contains_key(id) || run.len() > 0);
        for (id, run) in &mut self.queues {
            match given.remove(id) {
                Some(queue) => run.settings = queue.settings,
                None => run.settings.max_length = Some(0),
            }
        }
        for (id, queue) in given {
            self.queues.insert(id, QueueRun::new(queue));
        }
        let working: Vec<(AgentId, Timestamp)> =
            self.sessions.iter().map(|(id, session)| (*id, session.since)).collect();
        for (agent, since) in working {
            self.index_in_queues(agent, since);
        }
    }

    /// A trunk's far end answers its keep-alive, or no longer. Dials that have not been answered go with it; a
    /// conversation stays until the network ends it, at the latest when its SIP session timer runs out (RFC 4028).
    pub(crate) fn trunk_reachable(&mut self, trunk: TrunkId, reachable: bool) {
        let Some(run) = self.trunks.get_mut(&trunk) else {
            return;
        };
        if run.reachable == reachable {
            return;
        }
        run.reachable = reachable;
        run.settle_state(self.cx.now);
        if reachable {
            self.stirred.extend(self.runs.keys());
        } else {
            self.fail_dials_through(trunk);
        }
    }

    pub(crate) fn trunk_probed(&mut self, trunk: TrunkId, probe: TrunkProbe) {
        if let Some(run) = self.trunks.get_mut(&trunk) {
            run.probe = Some(probe);
            run.settle_state(self.cx.now);
        }
    }

    fn fail_dials_through(&mut self, trunk: TrunkId) {
        let unanswered = |call: &&mut Call| {
            call.attempt.trunk == trunk && matches!(call.state, CallState::Dialling { .. })
        };
        let mut failed = Vec::new();
        for call in self.calls.values_mut().filter(unanswered) {
            call.outcome = Some(Outcome::Failed);
            failed.push(call.attempt.call);
        }
        for call in failed {
            self.hang_up(call, Side::System);
        }
    }
}

impl TrunkRun {
    /// A trunk of which nothing is known yet. It counts as reachable until Asterisk says otherwise.
    fn new(settings: Trunk, now: Timestamp) -> Self {
        let gate = Gate::new(settings.limit, now);
        let state = TrunkState::of(settings.enabled, true, None);
        let breaker = Breaker::default();
        Self { settings, gate, reachable: true, probe: None, state, since: now, breaker }
    }

    fn settle_state(&mut self, now: Timestamp) {
        let state = TrunkState::of(self.settings.enabled, self.reachable, self.probe.as_ref());
        if state != self.state {
            self.state = state;
            self.since = now;
        }
    }

    /// The first of these numbers that the carrier lets us show.
    pub(crate) fn shows_one_of(&self, numbers: &[Phone]) -> Option<Phone> {
        let shown = &self.settings.caller_ids;
        numbers.iter().find(|number| shown.contains(number)).copied()
    }

    pub(crate) const fn is_usable(&self) -> bool {
        self.settings.enabled && self.reachable
    }

    pub(crate) const fn view(&self) -> TrunkView {
        TrunkView {
            trunk: self.settings.id,
            state: self.state,
            since: self.since,
            reachable: self.reachable,
            probe: self.probe,
            calls: self.gate.calls(),
            calls_max: self.settings.limit.concurrent_calls,
        }
    }
}
