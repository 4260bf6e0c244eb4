//! A day of one call centre in virtual time: the network, the agents and the queue between them.
//!
//! Discrete events in order of time; the dialler looks every [`TICK`]. The outcome of a dial is drawn when it is
//! placed and comes out when its time comes; the dialler sees ages and stages only, as in life.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use cadran_engine::dialer::predictive::{DialEnd, Dialled, Situation, Working};

use super::algorithm::Dialler;
use super::dial::{Answerer, Fate, Network};
use super::format::{Scenario, Spread};
use super::metrics::Tally;
use super::staff::{Agent, AgentState, Coming, Staff};

/// How often the dialler looks, in seconds.
pub const TICK: f64 = 0.25;

/// A machine that reached an agent.
const MACHINE_TALK: Spread = Spread { mean: 7.0, cv: 0.4 };
const MACHINE_WRAP: Spread = Spread { mean: 4.0, cv: 0.5 };

/// Part of the grace that answering machine detection takes up after a person's greeting.
const AMD_DECISION: f64 = 0.6;

/// Something that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    /// A dial's ring is over.
    RingOver(usize),
    /// Answering machine detection has made up its mind.
    Verdict(usize),
    /// Who waits longer than this is lost.
    GraceOver(usize),
    /// The conversation is over.
    TalkOver { agent: usize, wrap: f64 },
    /// The agent is done with the call.
    WrapOver { agent: usize, talked: f64 },
    /// An agent comes or goes.
    Staff { agent: usize, coming: Coming },
}

/// In order of time, and of creation where the times are equal.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scheduled {
    at: f64,
    order: u64,
    event: Event,
}

impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.total_cmp(&other.at).then(self.order.cmp(&other.order))
    }
}

/// A dial in flight.
#[derive(Clone, Copy, Debug)]
struct Dial {
    placed: f64,
    /// How long it rang, once answered.
    rang: f64,
    /// When it was answered.
    answered: f64,
    fate: Fate,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ringing { place: usize },
    Screening { place: usize },
    Waiting,
    Over,
}

/// A day under way.
pub(crate) struct World<'a> {
    scenario: &'a Scenario,
    now: f64,
    events: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    network: Network<'a>,
    staff: Staff,
    agents: Vec<Agent>,
    idle: VecDeque<usize>,
    busy: BTreeSet<usize>,
    dials: Vec<Dial>,
    ringing: Vec<usize>,
    screening: Vec<usize>,
    waiting: VecDeque<usize>,
    lines: u32,
    tally: Tally,
    dialler: Dialler,
    dialled: Vec<Dialled>,
    working: Vec<Working>,
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: u64, dialler: Dialler) -> Self {
        let mut staff = Staff::new(scenario, seed);
        let agents = staff.agents();
        let mut world = Self {
            scenario,
            now: 0.0,
            events: BinaryHeap::new(),
            scheduled: 0,
            network: Network::new(scenario, seed),
            agents,
            idle: VecDeque::new(),
            busy: BTreeSet::new(),
            dials: Vec::new(),
            ringing: Vec::new(),
            screening: Vec::new(),
            waiting: VecDeque::new(),
            lines: 0,
            tally: Tally::default(),
            dialler,
            dialled: Vec::new(),
            working: Vec::new(),
            staff,
        };
        for (at, agent, coming) in world.staff.roster() {
            world.schedule(at, Event::Staff { agent, coming });
        }
        world
    }

    /// Lives through the day.
    pub(crate) fn run(mut self) -> Tally {
        let end = self.scenario.seconds();
        let mut tick = 0_u64;
        while self.now < end {
            let next_tick = tick as f64 * TICK;
            let due = self.events.peek().is_some_and(|Reverse(next)| next.at <= next_tick);
            if due {
                let Some(Reverse(next)) = self.events.pop() else {
                    break;
                };
                self.now = next.at;
                self.happens(next.event);
            } else {
                self.now = next_tick;
                tick += 1;
                self.look();
            }
        }
        self.now = end;
        for agent in 0..self.agents.len() {
            self.account(agent);
        }
        self.tally.close(end);
        self.tally
    }

    fn schedule(&mut self, at: f64, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse(Scheduled { at, order: self.scheduled, event }));
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::RingOver(dial) => self.ring_over(dial),
            Event::Verdict(dial) => self.verdict(dial),
            Event::GraceOver(dial) => self.grace_over(dial),
            Event::TalkOver { agent, wrap } => self.talk_over(agent, wrap),
            Event::WrapOver { agent, talked } => self.wrap_over(agent, talked),
            Event::Staff { agent, coming } => self.staff_event(agent, coming),
        }
    }

    fn look(&mut self) {
        self.dialled.clear();
        for dial in &self.ringing {
            self.dialled.push(Dialled::Ringing { age: self.now - self.dials[*dial].placed, odds: 1.0 });
        }
        for dial in &self.screening {
            let dial = &self.dials[*dial];
            self.dialled.push(Dialled::Screening { rang: dial.rang, age: self.now - dial.answered });
        }
        self.working.clear();
        for agent in &self.busy {
            self.working.extend(self.agents[*agent].working(self.now));
        }
        let situation = Situation {
            idle: self.idle.len(),
            waiting: self.waiting.len(),
            dialled: &self.dialled,
            working: &self.working,
            answered: self.tally.people.len() as u32,
            dropped: self.tally.dropped as u32,
            rivals: &[],
            next_odds: 1.0,
            lines_free: self.scenario.trunks.saturating_sub(self.lines) as usize,
            elapsed: TICK,
            time_left: Some(self.scenario.seconds() - self.now),
        };
        for _ in 0..self.dialler.calls_to_place(&situation) {
            if self.lines < self.scenario.trunks {
                self.place();
            }
        }
    }

    fn place(&mut self) {
        let fate = self.network.fate(self.now);
        let id = self.dials.len();
        self.dials.push(Dial {
            placed: self.now,
            rang: 0.0,
            answered: 0.0,
            fate,
            stage: Stage::Ringing { place: self.ringing.len() },
        });
        self.ringing.push(id);
        self.lines += 1;
        self.tally.dials += 1;
        self.schedule(self.now + fate.ring, Event::RingOver(id));
    }

    fn ring_over(&mut self, id: usize) {
        self.leave_stage(id);
        let dial = self.dials[id];
        let rang = self.now - dial.placed;
        let Some(answerer) = dial.fate.answerer else {
            self.dials[id].stage = Stage::Over;
            self.lines -= 1;
            self.dialler.dial_ended(rang, DialEnd::Unanswered);
            return;
        };
        self.dials[id].rang = rang;
        self.dials[id].answered = self.now;
        if self.scenario.amd.on {
            self.dials[id].stage = Stage::Screening { place: self.screening.len() };
            self.screening.push(id);
            let listen = self.network.listen(answerer);
            self.schedule(self.now + listen, Event::Verdict(id));
        } else {
            self.dialler.dial_ended(rang, DialEnd::Presented { screened: None });
            self.present(id, self.scenario.grace);
        }
    }

    fn verdict(&mut self, id: usize) {
        self.leave_stage(id);
        let Dial { fate, rang, answered, .. } = self.dials[id];
        let Some(answerer) = fate.answerer else { return };
        let screened = self.now - answered;
        if self.network.passes(answerer) {
            self.dialler.dial_ended(rang, DialEnd::Presented { screened: Some(screened) });
            self.present(id, self.scenario.grace - AMD_DECISION);
        } else {
            self.tally.amd_false += u64::from(answerer == Answerer::Person);
            self.dials[id].stage = Stage::Over;
            self.lines -= 1;
            self.dialler.dial_ended(rang, DialEnd::Rejected { screened });
        }
    }

    /// Takes a dial out of the list of its stage.
    fn leave_stage(&mut self, id: usize) {
        let (list, place) = match self.dials[id].stage {
            Stage::Ringing { place } => (&mut self.ringing, place),
            Stage::Screening { place } => (&mut self.screening, place),
            Stage::Waiting | Stage::Over => return,
        };
        list.swap_remove(place);
        if let Some(moved) = list.get(place).copied() {
            match &mut self.dials[moved].stage {
                Stage::Ringing { place: held } | Stage::Screening { place: held } => *held = place,
                Stage::Waiting | Stage::Over => {}
            }
        }
    }

    fn present(&mut self, id: usize, patience: f64) {
        self.dials[id].stage = Stage::Waiting;
        self.waiting.push_back(id);
        self.schedule(self.now + patience.max(0.0), Event::GraceOver(id));
        self.serve();
    }

    fn serve(&mut self) {
        while !self.waiting.is_empty()
            && let Some(agent) = self.idle.pop_front()
        {
            let Some(dial) = self.waiting.pop_front() else {
                return;
            };
            self.connect(dial, agent);
        }
    }

    fn connect(&mut self, id: usize, agent: usize) {
        self.dials[id].stage = Stage::Over;
        let person = self.dials[id].fate.answerer == Some(Answerer::Person);
        let (talk, wrap) = if person {
            self.tally.people.push((self.now, false));
            self.staff.conversation(&self.agents[agent])
        } else {
            self.tally.machines += 1;
            (self.staff.length(&MACHINE_TALK), self.staff.length(&MACHINE_WRAP))
        };
        self.dialler.served(self.dials[id].rang, person);
        self.account(agent);
        self.tally.idle += self.scenario.gap;
        let begins = self.now + self.scenario.gap;
        self.agents[agent].enter(AgentState::Talking, begins);
        self.busy.insert(agent);
        self.schedule(begins + talk, Event::TalkOver { agent, wrap });
    }

    fn grace_over(&mut self, id: usize) {
        if self.dials[id].stage != Stage::Waiting {
            return;
        }
        self.waiting.retain(|waiting| *waiting != id);
        self.dials[id].stage = Stage::Over;
        self.lines -= 1;
        let person = self.dials[id].fate.answerer == Some(Answerer::Person);
        if person {
            self.tally.people.push((self.now, true));
            self.tally.dropped += 1;
        }
        self.dialler.dropped(person);
    }

    fn talk_over(&mut self, agent: usize, wrap: f64) {
        self.lines -= 1;
        self.account(agent);
        let talked = self.now - self.agents[agent].since;
        self.dialler.talk_ended(talked);
        self.agents[agent].enter(AgentState::WrappingUp { talked }, self.now);
        self.schedule(self.now + wrap, Event::WrapOver { agent, talked });
    }

    fn wrap_over(&mut self, agent: usize, talked: f64) {
        self.account(agent);
        self.busy.remove(&agent);
        let wrapped = self.now - self.agents[agent].since;
        self.dialler.wrap_up_ended(talked, wrapped);
        match self.agents[agent].leaves.take() {
            Some(back) => self.go_away(agent, back),
            None => self.free(agent),
        }
    }

    fn free(&mut self, agent: usize) {
        self.agents[agent].enter(AgentState::Idle, self.now);
        self.idle.push_back(agent);
        self.serve();
    }

    fn go_away(&mut self, agent: usize, back_after: Option<f64>) {
        self.agents[agent].enter(AgentState::Away, self.now);
        if let Some(seconds) = back_after {
            let coming = Coming::In;
            self.schedule(self.now + seconds, Event::Staff { agent, coming });
        }
    }

    fn staff_event(&mut self, agent: usize, coming: Coming) {
        match (coming, self.agents[agent].state) {
            (Coming::In, AgentState::Away) if !self.agents[agent].gone => self.free(agent),
            (Coming::In, _) => {}
            (Coming::Out(back_after), state) => {
                self.agents[agent].gone |= back_after.is_none();
                match state {
                    AgentState::Away => {}
                    AgentState::Idle => {
                        self.account(agent);
                        self.idle.retain(|idle| *idle != agent);
                        self.go_away(agent, back_after);
                    }
                    AgentState::Talking | AgentState::WrappingUp { .. } => {
                        self.agents[agent].leaves = Some(back_after);
                    }
                }
            }
        }
    }

    /// Counts the time since the agent's last change of state.
    fn account(&mut self, agent: usize) {
        let agent = &self.agents[agent];
        let spent = (self.now - agent.since).max(0.0);
        match agent.state {
            AgentState::Away => {}
            AgentState::Idle => self.tally.idle += spent,
            AgentState::Talking | AgentState::WrappingUp { .. } => self.tally.work += spent,
        }
    }
}
