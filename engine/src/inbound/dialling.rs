//! Calls that flows place for callers: to an agent, to another telephone of the house, to somebody outside.
//!
//! The caller hears music until whoever picked up has heard what they are told first and has taken the call. An agent is
//! rung, joined and recorded as for a caller of the first queue that they serve; whoever else is called is
//! an [`Outside`](crate::conversation::outside::Outside).

use std::time::Duration;

use crate::agents::session::AgentState;
use crate::command::{Destination, SwitchCommand};
use crate::conversation::talk::CallRecording;
use crate::engine::{Engine, LegOwner};
use crate::flow::key::Key;
use crate::flow::nodes::DialMode;
use crate::flow::run::{Dialled, Event};
use crate::inbound::caller::{Caller, CallerState, Doing};
use crate::inbound::task::{Callee, DialWish};
use crate::model::{AgentId, CallId, HangupCause, LegId, Phone, RoomId};
use crate::timers::Timer;

/// How long whoever picked up is told something before they have the call; longer prompts are cut.
const TOLD_TIME_MAX: Duration = Duration::from_secs(60);
/// How long after that they may take to press the key by which they take the call. Mailboxes press none.
const CONFIRM_TIME_MAX: Duration = Duration::from_secs(10);

/// Somebody who has picked up for a caller and has not taken the call yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    leg: LegId,
    /// What they are being told, counted.
    playing: Option<u32>,
}

/// How somebody can be called.
enum Line {
    Agent(AgentId),
    Telephone { to: Destination, shown: Option<Phone> },
}

impl Engine {
    /// Calls somebody for a caller, for their flow. The answer is that of somebody who cannot be reached; none when they
    /// are called.
    pub(crate) fn dial_for_flow(&mut self, id: CallId, wish: Box<DialWish>) -> Option<Event> {
        let line = match self.line_to(id, &wish) {
            Ok(line) => line,
            Err(answer) => return Some(answer),
        };
        self.pick_up(id);
        let now = self.cx.now;
        let ring = wish.ring;
        let caller = self.callers.get_mut(&id)?;
        caller.dial = Some(wish);
        caller.enter(CallerState::Dialling, now);
        match line {
            Line::Agent(agent) => self.ring_agent_for_caller(id, agent, ring),
            Line::Telephone { to, shown } => self.call_outside(id, to, shown, ring),
        }
        if self.callers.get(&id).is_some_and(|caller| caller.state == CallerState::Dialling) {
            self.play_music(id);
        }
        None
    }

    /// How to reach whom a flow wants to call; or what the flow is told of it.
    fn line_to(&mut self, id: CallId, wish: &DialWish) -> Result<Line, Event> {
        let unreached = Event::Dialled(Dialled::NoAnswer);
        let wished: Vec<Phone> = wish.caller_id.into_iter().collect();
        Ok(match &wish.to {
            Callee::Agent(agent) => self.line_to_agent(*agent)?,
            Callee::Extension(account) => {
                let owner = self.agents.values().find(|agent| agent.sip_account == *account);
                let is_number = account.bytes().all(|byte| byte.is_ascii_digit());
                match owner.map(|agent| agent.id) {
                    Some(agent) if self.sessions.contains_key(&agent) => self.line_to_agent(agent)?,
                    // Endpoints that are no agents' have digits for a name, as those of trunks never have.
                    None if !is_number => return Err(Event::Failed),
                    Some(_) | None => {
                        let of_caller = self.callers.get(&id).and_then(|caller| caller.phone);
                        let shown = wish.caller_id.or(of_caller);
                        Line::Telephone { to: Destination::Account(account.clone()), shown }
                    }
                }
            }
            Callee::Number(phone) => {
                let route = self.route_outside(*phone, &[], &wished).map_err(|_| unreached)?;
                let to = Destination::Number { trunk: route.trunk, phone: *phone };
                Line::Telephone { to, shown: Some(route.caller_id) }
            }
            Callee::Sip { trunk, name } => {
                let route = self.choose_trunk(&[*trunk], &wished).map_err(|_| unreached)?;
                let to = Destination::Named { trunk: route.trunk, name: name.clone() };
                Line::Telephone { to, shown: Some(route.caller_id) }
            }
        })
    }

    fn line_to_agent(&self, agent: AgentId) -> Result<Line, Event> {
        if !self.agents.contains_key(&agent) {
            return Err(Event::Failed);
        }
        match self.sessions.get(&agent).map(|session| &session.state) {
            Some(AgentState::Ready) => Ok(Line::Agent(agent)),
            Some(
                AgentState::Reserved(_)
                | AgentState::OnCall { .. }
                | AgentState::Consulted { .. }
                | AgentState::WrapUp { .. }
                | AgentState::Supervising,
            ) => Err(Event::Dialled(Dialled::Busy)),
            Some(AgentState::Paused { .. } | AgentState::Lost) | None => {
                Err(Event::Dialled(Dialled::NoAnswer))
            }
        }
    }

    /// An agent is kept free for a caller, and rung if their phone is not up.
    fn ring_agent_for_caller(&mut self, id: CallId, agent: AgentId, ring: Duration) {
        let (Some(caller), Some(session)) = (self.callers.get_mut(&id), self.sessions.get(&agent)) else {
            return;
        };
        caller.agent = Some(agent);
        caller.queue = session.settings.queues.first().copied();
        let is_up = session.phone.is_up();
        self.reserve_for_caller(agent, id);
        if is_up {
            self.agent_picked_up(agent, id);
        } else {
            self.ring_agent_for(agent, ring);
        }
    }

    /// The phone is up of an agent who was called for a caller.
    pub(crate) fn agent_picked_up(&mut self, agent: AgentId, id: CallId) {
        if let Some(leg) = self.sessions.get(&agent).and_then(|session| session.phone.leg()) {
            self.picked_up(id, leg);
        }
    }

    /// Whoever was called for a caller has picked up: they hear what they are told first, if anything.
    pub(crate) fn picked_up(&mut self, id: CallId, leg: LegId) {
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.state == CallerState::Dialling)
        else {
            return;
        };
        let Some(clips) = caller.dial.as_ref().map(|dial| dial.whisper.clone()) else { return };
        caller.asked = Some(Asked { leg, playing: None });
        if clips.is_empty() {
            return self.told(id);
        }
        let playing = caller.next_playing_of_callee();
        caller.asked = Some(Asked { leg, playing: Some(playing) });
        let locale = caller.locale.clone();
        self.cx.switch(SwitchCommand::PlayClips { leg, playing, clips, locale });
        self.cx.arm_in(TOLD_TIME_MAX, Timer::AskedOver(id, leg));
    }

    /// The caller for whom somebody on this leg is being asked.
    fn asked_for(&self, leg: LegId) -> Option<CallId> {
        let id = match self.legs.get(&leg)? {
            LegOwner::Agent(agent) => self.sessions.get(agent)?.call()?,
            LegOwner::Outside(call) => *call,
            LegOwner::Caller(_) | LegOwner::Customer(_) => return None,
        };
        self.callers.get(&id)?.asked.filter(|asked| asked.leg == leg)?;
        Some(id)
    }

    /// Somebody who is no caller has heard all that was played to them.
    pub(crate) fn callee_told(&mut self, leg: LegId, playing: u32) {
        let Some(id) = self.asked_for(leg) else { return };
        let asked = self.callers.get_mut(&id).and_then(|caller| caller.asked.as_mut());
        if let Some(asked) = asked.filter(|asked| asked.playing == Some(playing)) {
            asked.playing = None;
            self.told(id);
        }
    }

    /// Somebody who is no caller pressed a key.
    pub(crate) fn callee_pressed(&mut self, leg: LegId, key: Key) {
        let Some(id) = self.asked_for(leg) else { return };
        let dial = self.callers.get(&id).and_then(|caller| caller.dial.as_ref());
        if dial.is_some_and(|dial| dial.confirm_key == Some(key)) {
            self.put_through(id);
        }
    }

    /// Whoever picked up knows what they are told: they have the call, or have yet to take it.
    fn told(&mut self, id: CallId) {
        let Some(caller) = self.callers.get(&id) else { return };
        let must_confirm = caller.dial.as_ref().is_some_and(|dial| dial.confirm_key.is_some());
        match caller.asked.filter(|_| must_confirm) {
            Some(asked) => self.cx.arm_in(CONFIRM_TIME_MAX, Timer::AskedOver(id, asked.leg)),
            None => self.put_through(id),
        }
    }

    /// Whoever picked up has had long enough.
    pub(crate) fn asked_over(&mut self, id: CallId, leg: LegId) {
        let asked = self.callers.get(&id).and_then(|caller| caller.asked).filter(|asked| asked.leg == leg);
        match asked {
            Some(Asked { playing: Some(playing), .. }) => {
                self.cx.switch(SwitchCommand::StopClips { leg, playing });
                self.callee_told(leg, playing);
            }
            Some(Asked { playing: None, .. }) => self.not_taken(id, leg),
            None => {}
        }
    }

    /// Whoever picked up does not take the call.
    fn not_taken(&mut self, id: CallId, leg: LegId) {
        match self.legs.get(&leg) {
            Some(LegOwner::Agent(agent)) => self.agent_not_reached(*agent, id),
            Some(LegOwner::Outside(_)) => {
                self.cx.switch(SwitchCommand::HangUp { leg });
                self.outside_ended(id, leg, HangupCause::default());
            }
            Some(LegOwner::Caller(_) | LegOwner::Customer(_)) | None => {}
        }
    }

    /// Whoever picked up takes the call.
    fn put_through(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let Some(Asked { leg, playing }) = caller.asked.take() else { return };
        let outside = caller.talk.outside.filter(|outside| outside.leg == leg);
        if let Some(playing) = playing {
            self.cx.switch(SwitchCommand::StopClips { leg, playing });
        }
        match (self.legs.get(&leg).copied(), outside) {
            (Some(LegOwner::Agent(agent)), _) => self.join_caller(id, agent),
            (_, Some(outside)) => {
                self.stop_music(id);
                self.put_beside(id, outside);
            }
            (_, None) => {}
        }
    }

    /// An agent who was called for a caller did not pick up, or did not take the call.
    pub(crate) fn agent_not_reached(&mut self, agent: AgentId, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        caller.agent = None;
        if let Some(queue) = caller.queue.take() {
            self.count_miss(agent, queue);
        }
        self.let_agent_of_go(agent, id, true, Duration::ZERO);
        self.dial_over(id, Dialled::NoAnswer);
    }

    /// Caller and whoever was called hear each other.
    pub(crate) fn beside(&mut self, id: CallId, room: RoomId) {
        let Some(caller) = self.callers.get(&id) else { return };
        let is_there = caller.talk.outside.is_some_and(|outside| outside.room == room);
        let is_recorded = caller.dial.as_ref().is_some_and(|dial| dial.is_recorded);
        if !is_there {
            return;
        }
        if is_recorded && caller.talk.recording == CallRecording::Off {
            self.start_part(id);
        } else {
            self.continue_recording(id);
        }
        self.leave_to_callee(id);
    }

    /// A flow that does not stay with the call is over once the two hear each other.
    pub(crate) fn leave_to_callee(&mut self, id: CallId) {
        let is_left = |caller: &Caller| {
            let dial = caller.dial.as_ref().filter(|_| caller.doing == Doing::Dialling);
            dial.is_some_and(|dial| dial.mode == DialMode::Blind)
        };
        if self.callers.get(&id).is_some_and(is_left) {
            self.tell_flow(id, Event::Dialled(Dialled::Done));
        }
    }

    /// What a flow called somebody for is over. Says whether a flow was waiting for that.
    pub(crate) fn dial_over(&mut self, id: CallId, dialled: Dialled) -> bool {
        let now = self.cx.now;
        let waits = |caller: &&mut Caller| caller.is_here() && caller.doing == Doing::Dialling;
        let Some(caller) = self.callers.get_mut(&id).filter(waits) else { return false };
        caller.dial = None;
        caller.asked = None;
        caller.enter(CallerState::Guided, now);
        self.stop_music(id);
        self.tell_flow(id, Event::Dialled(dialled));
        true
    }

    /// A caller whom a flow had put through to an agent, and stayed with, goes on in it without them. Says whether there
    /// is such a flow.
    pub(crate) fn go_on_in_flow(&mut self, id: CallId) -> bool {
        let stays = |caller: &&Caller| caller.doing == Doing::Dialling;
        let Some(caller) = self.callers.get(&id).filter(stays) else { return false };
        let leads_on = caller.course.as_ref().is_some_and(|course| {
            self.shelf.around(course.edition).is_some_and(|around| course.run.leads(around, "done"))
        });
        let Some(talk) = self.conversation(id).ok().filter(|_| leads_on) else { return false };
        let session = self.sessions.get(&talk.agent).filter(|session| session.phone.is_up());
        let room = session.map(|session| session.room);
        let is_with_agent = caller.talk.is_with_agent();
        self.conversation_over(id);
        self.end_part(id);
        match room {
            Some(room) if is_with_agent => self.cx.switch(SwitchCommand::Leave { room, leg: talk.customer }),
            Some(_) => self.take_out(talk.customer),
            // The room went with the agent's phone.
            None => {}
        }
        self.free_agent_of_caller(id);
        self.dial_over(id, Dialled::Done)
    }
}
