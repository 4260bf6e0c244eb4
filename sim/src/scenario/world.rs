//! A day of one call centre in virtual time: the engine, and around it a network, a database and agents.
//!
//! What the engine wants done is done at once: the time that Asterisk and the database take is small beside a ring.
//! The outcome of a dial is drawn when it is placed and comes out when its time comes; the engine hears of it as in
//! life.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use cadran_engine::Engine;
use cadran_engine::command::{Command, Notice, SwitchCommand, Write};
use cadran_engine::input::{Input, Recovery, Request, RequestId, Snapshot, StoreEvent, SwitchEvent};
use cadran_engine::model::{LegId, RoomId, Timestamp};

use super::agenda::Agenda;
use super::algorithm::Algorithm;
use super::centre::{self, span};
use super::format::Scenario;
use super::leads::Leads;
use super::metrics::Tally;
use super::network::Network;
use super::staff::{Agent, Coming, Staff};
use super::switch::Line;

/// Happenings between two looks at the real clock.
const LOOK_AT_CLOCK_EVERY: u32 = 1_000;

/// Something that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Event {
    /// A dial's ring is over.
    RingOver(LegId),
    /// Answering machine detection has made up its mind.
    Verdict(LegId),
    /// Customer and agent hear each other.
    Joined(LegId, RoomId),
    /// The conversation is over.
    TalkOver(LegId),
    /// The agent is done with the call.
    WrapUpOver { agent: usize },
    /// An agent comes or goes.
    Staff { agent: usize, coming: Coming },
}

/// A day under way.
pub(crate) struct World<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) start: Timestamp,
    pub(crate) now: Timestamp,
    engine: Engine,
    agenda: Agenda<Event>,
    /// What the engine is about to hear.
    inputs: VecDeque<Input>,
    requests: u64,
    pub(crate) network: Network<'a>,
    pub(crate) lines: BTreeMap<LegId, Line>,
    pub(crate) rooms: BTreeMap<RoomId, usize>,
    pub(crate) staff: Staff,
    pub(crate) agents: Vec<Agent>,
    leads: Leads,
    pub(crate) tally: Tally,
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: u64, algorithm: Algorithm) -> Self {
        let start = centre::start(scenario);
        let mut staff = Staff::new(scenario, seed);
        let mut world = Self {
            scenario,
            start,
            now: start,
            engine: Engine::new(seed),
            agenda: Agenda::new(),
            inputs: VecDeque::from([
                Input::WallClock(start),
                Input::Settings(Box::new(centre::settings(scenario, algorithm))),
                Input::Store(StoreEvent::Recovered(Recovery::default())),
                Input::Switch(SwitchEvent::Snapshot(Snapshot::default())),
            ]),
            requests: 0,
            network: Network::new(scenario, seed),
            lines: BTreeMap::new(),
            rooms: BTreeMap::new(),
            agents: staff.agents(),
            staff,
            leads: Leads::new(scenario.list.as_ref().map(|list| list.leads)),
            tally: Tally::default(),
        };
        for (at, agent, coming) in world.staff.roster() {
            world.after(at, Event::Staff { agent, coming });
        }
        world
    }

    /// Lives through the day. None where it is not over `until` then.
    pub(crate) fn run(mut self, until: Option<Instant>) -> Option<Tally> {
        let is_late = |happenings: u32| {
            happenings.is_multiple_of(LOOK_AT_CLOCK_EVERY)
                && until.is_some_and(|until| Instant::now() > until)
        };
        let mut happenings = 0_u32;
        let end = self.start + span(self.scenario.seconds());
        self.tell_engine();
        while let Some(next) = self.next_at().filter(|at| *at < end) {
            self.now = next;
            match self.agenda.next_at() {
                Some(at) if at <= next => self.next_happens(),
                Some(_) | None => self.inputs.push_back(Input::Tick),
            }
            self.tell_engine();
            happenings = happenings.wrapping_add(1);
            if is_late(happenings) {
                return None;
            }
        }
        self.now = end;
        for agent in 0..self.agents.len() {
            self.account(agent);
        }
        self.tally.close(self.scenario.seconds());
        Some(self.tally)
    }

    fn next_at(&self) -> Option<Timestamp> {
        self.agenda.next_at().into_iter().chain(self.engine.next_due()).min().map(|at| at.max(self.now))
    }

    fn next_happens(&mut self) {
        match self.agenda.pop() {
            Some(Event::RingOver(leg)) => self.ring_over(leg),
            Some(Event::Verdict(leg)) => self.verdict(leg),
            Some(Event::Joined(leg, room)) => self.joined(leg, room),
            Some(Event::TalkOver(leg)) => self.end(leg),
            Some(Event::WrapUpOver { agent }) => self.wrap_up_over(agent),
            Some(Event::Staff { agent, coming }) => self.staff_event(agent, coming),
            None => {}
        }
    }

    /// Plans something for so many seconds from this moment.
    pub(crate) fn after(&mut self, seconds: f64, event: Event) {
        self.agenda.plan(self.now + span(seconds), event);
    }

    pub(crate) fn switch_event(&mut self, event: SwitchEvent) {
        self.inputs.push_back(Input::Switch(event));
    }

    pub(crate) fn ask(&mut self, request: Request) {
        self.requests += 1;
        self.inputs.push_back(Input::Request { id: RequestId(self.requests), request });
    }

    /// The engine hears of everything that has happened at this moment, and of what that leads to.
    fn tell_engine(&mut self) {
        while let Some(input) = self.inputs.pop_front() {
            for command in self.engine.handle(self.now, input) {
                self.carry_out(command);
            }
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Switch(command) => self.obey(command),
            Command::Write(Write::SaveAttempt(attempt)) => {
                self.store_event(StoreEvent::AttemptSaved { attempt: attempt.id, obligations: Vec::new() });
            }
            Command::Write(Write::CloseAttempt { lead, outcome, person_chance, next, .. }) => {
                self.tally.doubt += person_chance.map_or(0.0, |person| person * (1.0 - person));
                if self.leads.attempted(lead, outcome, next) {
                    self.tally.list_over = Some(self.seconds());
                }
            }
            Command::Write(Write::ReleaseLead { lead, due_at }) => self.leads.released(lead, due_at),
            Command::FetchLeads { campaign, count } => {
                let (leads, next_due_at) = self.leads.take(count, self.now);
                let law = Some(centre::LAW);
                let fetched = StoreEvent::LeadsFetched { campaign, leads, next_due_at, denied: None, law };
                self.store_event(fetched);
            }
            Command::Notice(Notice::AgentState { agent, state }) => {
                self.agent_is(centre::place_of(agent), state);
            }
            Command::LookUp { .. } | Command::Write(_) | Command::Reply { .. } | Command::Notice(_) => {}
        }
    }

    fn store_event(&mut self, event: StoreEvent) {
        self.inputs.push_back(Input::Store(event));
    }

    fn obey(&mut self, command: SwitchCommand) {
        match command {
            SwitchCommand::Originate { leg, purpose, .. } => self.originate(leg, purpose),
            SwitchCommand::Join { room, leg } => self.join(leg, room),
            SwitchCommand::Play { leg, .. } => self.play(leg),
            SwitchCommand::HangUp { leg } => self.end(leg),
            SwitchCommand::Screen { leg, .. } => self.screen(leg),
            SwitchCommand::AwaitSilence { .. }
            | SwitchCommand::Ring { .. }
            | SwitchCommand::PickUp { .. }
            | SwitchCommand::Mark { .. }
            | SwitchCommand::PlayClips { .. }
            | SwitchCommand::LetGo { .. }
            | SwitchCommand::StopClips { .. }
            | SwitchCommand::PlayMusic { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::TakeMessage { .. }
            | SwitchCommand::EndMessage { .. }
            | SwitchCommand::TurnAway { .. }
            | SwitchCommand::OpenRoom { .. }
            | SwitchCommand::Leave { .. }
            | SwitchCommand::StartMusic { .. }
            | SwitchCommand::CloseRoom { .. }
            | SwitchCommand::OpenEar { .. }
            | SwitchCommand::SetWhisper { .. }
            | SwitchCommand::CloseEar { .. }
            | SwitchCommand::OpenTap { .. }
            | SwitchCommand::CloseTap { .. }
            | SwitchCommand::StartRecording { .. }
            | SwitchCommand::MaskRecording { .. }
            | SwitchCommand::UnmaskRecording { .. }
            | SwitchCommand::CollectRecording { .. } => {}
        }
    }
}
