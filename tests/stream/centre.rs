//! A pretend call centre that changes all the time. Equal seeds give equal days.

use std::sync::Arc;

use cadran_engine::command::Hold;
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::model::{
    AgentId, AttemptId, CallId, CampaignId, DialMode, LeadId, PauseReason, QueueId, SessionId,
    SupervisionMode, Timestamp, TrunkId, TrunkState,
};
use cadran_engine::view::{
    AgentView, CallView, CallerView, CampaignView, ListenerView, LiveView, QueueView, TrunkView,
};
use uuid::Uuid;

const CAMPAIGNS: i64 = 4;
const QUEUES: i64 = 3;
const CALLS_MAX: usize = 100;
const CALLERS_MAX: usize = 30;
const AGENT_STATES: [&str; 6] = ["paused", "ready", "reserved", "on_call", "wrap_up", "lost"];
const CALL_STATES: [&str; 4] = ["dialling", "ringing", "waiting", "connected"];

/// Chance from one seed (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A whole number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits() % u64::try_from(end).unwrap()).unwrap()
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// The centre.
#[derive(Debug)]
pub(crate) struct Centre {
    pub(crate) chance: Chance,
    pub(crate) now: Timestamp,
    pub(crate) view: LiveView,
    calls: u128,
}

impl Centre {
    /// A centre with so many agents, nobody of whom has a call.
    pub(crate) fn new(seed: u64, agents: i64) -> Self {
        let now = Timestamp::from_millis(1_795_165_200_000);
        let view = LiveView {
            callers: Vec::new(),
            queues: (1..=QUEUES).map(queue).collect(),
            held_by: None,
            agents: (1..=agents).map(|row| agent(row, now)).collect(),
            calls: Vec::new(),
            campaigns: (1..=CAMPAIGNS).map(campaign).collect(),
            trunks: (1..=2).map(trunk).collect(),
        };
        Self { chance: Chance(seed), now, view, calls: 0 }
    }

    pub(crate) fn shown(&self) -> Arc<LiveView> {
        let mut view = self.view.clone();
        view.campaigns.iter_mut().for_each(|campaign| campaign.line.at = self.now);
        Arc::new(view)
    }

    /// What is shown while a hundred other calls are up.
    pub(crate) fn shown_with_hundred_calls(&mut self) -> Arc<LiveView> {
        let before = std::mem::take(&mut self.view.calls);
        (0..100).for_each(|_| self.call_begins());
        let shown = self.shown();
        self.view.calls = before;
        shown
    }

    /// So many things happen.
    pub(crate) fn happen(&mut self, times: usize) {
        for _ in 0..times {
            match self.chance.below(24) {
                0..8 => self.agent_changes(),
                8..12 => self.call_begins(),
                12..15 => self.call_changes(),
                15..18 => self.call_ends(),
                18 => self.campaign_changes(),
                19..21 => self.caller_comes_or_goes(),
                21 => self.caller_changes(),
                22 => self.queue_changes(),
                _ => self.floor_changes(),
            }
        }
    }

    fn agent_changes(&mut self) {
        let (index, state) =
            (self.chance.below(self.view.agents.len()), self.chance.below(AGENT_STATES.len()));
        let agent = &mut self.view.agents[index];
        agent.state = AGENT_STATES[state];
        agent.reason = (state == 0).then(|| PauseReason::Chosen("lunch".to_owned()));
        agent.since = self.now;
    }

    fn call_begins(&mut self) {
        if self.view.calls.len() >= CALLS_MAX {
            return self.call_ends();
        }
        let id = self.call_id();
        let number = 1_000 + self.calls % 9_000;
        let call = CallView {
            call: CallId::from_uuid(id),
            attempt: AttemptId::from_uuid(id),
            campaign: CampaignId::from_i64(1 + self.calls as i64 % CAMPAIGNS),
            lead: LeadId::from_i64(self.calls as i64),
            phone: format!("+3319900{number}").parse().unwrap(),
            state: "dialling",
            since: self.now,
            agent: None,
            obligations: Vec::new(),
            recording: "none",
            listeners: vec![listener(self.now)],
            transfer: None,
        };
        let place = self.view.calls.partition_point(|known| known.call < call.call);
        self.view.calls.insert(place, call);
    }

    /// Identifiers come in no order, as random ones do.
    fn call_id(&mut self) -> Uuid {
        self.calls += 1;
        Uuid::from_u128(self.calls.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    }

    fn caller_comes_or_goes(&mut self) {
        let callers = &mut self.view.callers;
        if callers.len() >= CALLERS_MAX || !callers.is_empty() && self.chance.one_in(2) {
            callers.remove(self.chance.below(callers.len()));
            return;
        }
        let queue = 1 + self.chance.below(3) as i64;
        let coming = CallerView { since: self.now, ..caller(self.call_id(), Some(queue), None) };
        let place = self.view.callers.partition_point(|known| known.call < coming.call);
        self.view.callers.insert(place, coming);
    }

    fn caller_changes(&mut self) {
        if self.view.callers.is_empty() {
            return;
        }
        let index = self.chance.below(self.view.callers.len());
        let agent = self.view.agents[self.chance.below(self.view.agents.len())].agent;
        let caller = &mut self.view.callers[index];
        let is_served = caller.agent.is_none();
        caller.state = if is_served { "connected" } else { "queued" };
        caller.agent = is_served.then_some(agent);
        caller.since = self.now;
    }

    fn queue_changes(&mut self) {
        let index = self.chance.below(self.view.queues.len());
        let queue = &mut self.view.queues[index];
        queue.waiting = self.chance.below(3) as u32;
        queue.oldest_since = (queue.waiting > 0).then_some(self.now);
        queue.has_agents = self.chance.one_in(2);
        queue.answered += 1;
    }

    fn call_changes(&mut self) {
        if self.view.calls.is_empty() {
            return;
        }
        let index = self.chance.below(self.view.calls.len());
        let agent = self.chance.below(self.view.agents.len());
        let state = self.chance.below(CALL_STATES.len());
        let call = &mut self.view.calls[index];
        call.state = CALL_STATES[state];
        call.since = self.now;
        // Now and then a call goes from one agent to another, or back to nobody.
        call.agent = (state == 3).then(|| self.view.agents[agent].agent);
    }

    fn call_ends(&mut self) {
        if !self.view.calls.is_empty() {
            let index = self.chance.below(self.view.calls.len());
            self.view.calls.remove(index);
        }
    }

    fn campaign_changes(&mut self) {
        let index = self.chance.below(self.view.campaigns.len());
        let campaign = &mut self.view.campaigns[index];
        campaign.line.answered += 1;
    }

    /// Somebody logs in or out, a trunk goes or comes back, dialling is held or goes on.
    fn floor_changes(&mut self) {
        match self.chance.below(3) {
            0 if self.view.agents.len() > 5 && self.chance.one_in(2) => {
                let index = self.chance.below(self.view.agents.len());
                self.view.agents.remove(index);
            }
            0 => {
                let row = self.view.agents.last().map_or(1, |last| last.agent.as_i64() + 1);
                self.view.agents.push(agent(row, self.now));
            }
            1 => self.view.trunks[0].reachable = !self.view.trunks[0].reachable,
            _ => {
                self.view.held_by = match self.view.held_by {
                    None => Some(Hold::StoreAway),
                    Some(_) => None,
                }
            }
        }
    }
}

fn agent(row: i64, now: Timestamp) -> AgentView {
    AgentView {
        agent: AgentId::from_i64(row),
        session: SessionId::from_uuid(Uuid::from_u128(u128::try_from(row).unwrap())),
        state: "paused",
        reason: None,
        since: now,
        call: None,
        preview: None,
        refused: None,
        phone_up: true,
        campaigns: vec![CampaignId::from_i64(1 + row % CAMPAIGNS)],
        supervising: None,
        listeners: Vec::new(),
        taken_over_by: None,
    }
}

/// A caller in a queue, or with an agent, or neither.
pub(crate) fn caller(call: Uuid, queue: Option<i64>, agent: Option<i64>) -> CallerView {
    CallerView {
        call: CallId::from_uuid(call),
        did: None,
        phone: Some("+33199007654".parse().unwrap()),
        state: "queued",
        since: Timestamp::from_millis(1_795_165_200_000),
        queue: queue.map(QueueId::from_i64),
        waiting_since: None,
        offered: Vec::new(),
        agent: agent.map(AgentId::from_i64),
        callback: None,
        recording: "none",
        listeners: Vec::new(),
        transfer: None,
    }
}

/// A queue with agents at work in which nobody waits.
pub(crate) fn queue(row: i64) -> QueueView {
    QueueView {
        queue: QueueId::from_i64(row),
        waiting: 0,
        oldest_since: None,
        estimate: None,
        ready: 0,
        has_agents: true,
        answered: 0,
        answered_in_time: 0,
        abandoned: 0,
        turned_away: 0,
    }
}

/// A trunk that is well and carries nothing.
pub(crate) fn trunk(row: i64) -> TrunkView {
    TrunkView {
        trunk: TrunkId::from_i64(row),
        state: TrunkState::Up,
        since: Timestamp::from_millis(1_795_165_200_000),
        reachable: true,
        probe: None,
        calls: 0,
        calls_max: 30,
    }
}

/// Of this supervisor no agent may hear.
fn listener(since: Timestamp) -> ListenerView {
    let name = "Secret Listener".to_owned();
    ListenerView { supervisor: Some(AgentId::from_i64(99)), name, mode: SupervisionMode::Listen, since }
}

fn campaign(row: i64) -> CampaignView {
    CampaignView {
        campaign: CampaignId::from_i64(row),
        line: PacingLine {
            at: Timestamp::default(),
            mode: DialMode::Progressive,
            level: 1.0,
            ready: 0,
            dialling: 0,
            waiting: 0,
            talking: 0,
            hopper: 100,
            answer_rate: 0.5,
            answer_rate_deviation: 0.1,
            answered: 0,
            dropped: 0,
            drop_limit: 0.03,
            forecast: None,
            held_by: Vec::new(),
        },
    }
}
