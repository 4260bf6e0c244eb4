//! Callers: they arrive, are led through their number's flow, speak with somebody, and leave.

use std::time::Duration;

use crate::agents::session::{AgentState, Reservation};
use crate::command::{Answer, Notice, Refusal, SwitchCommand, Write};
use crate::conversation::Behalf;
use crate::engine::{Engine, LegOwner};
use crate::flow::run::Event;
use crate::inbound::caller::{Caller, CallerState, Doing};
use crate::input::LegPurpose;
use crate::model::incoming::{CallerDisposition, QueueExit};
use crate::model::{AgentId, CallId, Did, HangupCause, LegId, Phone, RoomId, Side, TrunkId};
use crate::timers::Timer;

/// How long a flow may go on settling what needs no caller.
const AFTERMATH_MAX: Duration = Duration::from_secs(60);

impl Engine {
    /// Somebody calls.
    pub(crate) fn caller_arrived(&mut self, leg: LegId, dialled: &str, caller: &str, trunk: Option<TrunkId>) {
        match self.legs.get(&leg) {
            // Told again, because the leg bears no mark yet.
            Some(LegOwner::Caller(id)) => return self.mark(*id),
            Some(LegOwner::Agent(_) | LegOwner::Customer(_) | LegOwner::Outside(_)) => return,
            None => {}
        }
        let Some(did) = self.did_dialled(dialled) else {
            self.cx.notice(Notice::Unexpected { what: format!("{leg} dialled a number that is not ours") });
            return self.cx.switch(SwitchCommand::LetGo { leg });
        };
        let phone = self.phone_of_caller(caller, &did);
        let id = self.admit(leg, Some(did), phone, trunk);
        self.mark(id);
        self.begin_did(id);
    }

    /// A caller is ours from here on.
    pub(crate) fn admit(
        &mut self,
        leg: LegId,
        did: Option<Did>,
        phone: Option<Phone>,
        trunk: Option<TrunkId>,
    ) -> CallId {
        let now = self.cx.now;
        let id = CallId::from_uuid(self.cx.mint.uuid(now));
        self.admit_as(id, leg, did, phone, trunk);
        id
    }

    /// The same, for a call that has its id already.
    pub(crate) fn admit_as(
        &mut self,
        id: CallId,
        leg: LegId,
        did: Option<Did>,
        phone: Option<Phone>,
        trunk: Option<TrunkId>,
    ) {
        let now = self.cx.now;
        self.cx.notice(Notice::CallerArrived { call: id, did: did.as_ref().map(|did| did.id) });
        self.legs.insert(leg, LegOwner::Caller(id));
        self.callers.insert(id, Caller { did, phone, trunk, ..Caller::new(id, leg, now) });
        if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get_mut(&trunk)) {
            trunk.gate.adopt();
        }
        if let Some(gate) = &mut self.switch_gate {
            gate.adopt();
        }
    }

    /// The caller enters the flow of the number that they dialled.
    pub(crate) fn begin_did(&mut self, id: CallId) {
        let percent = u8::try_from(self.cx.mint.draw() % 100).unwrap_or(0);
        let Some(did) = self.callers.get(&id).and_then(|caller| caller.did.clone()) else {
            return self.apologise(id);
        };
        let language = self.callers.get(&id).and_then(|caller| caller.facts(0).locale);
        let revision = self.shelf.revision_for(&did, percent);
        let edition = revision.and_then(|(flow, revision)| self.shelf.open(flow, revision));
        match (edition, did.fallback) {
            (Some(edition), _) => {
                if let Some(caller) = self.callers.get_mut(&id) {
                    caller.flow = revision;
                }
                self.begin_flow(id, edition, false);
            }
            (None, Some(fallback)) => match self.shelf.open_overflow(fallback, language.as_deref()) {
                Some(edition) => self.begin_flow(id, edition, true),
                None => self.apologise(id),
            },
            (None, None) => self.apologise(id),
        }
    }

    /// The number of ours that a carrier names, in whatever form it writes numbers.
    fn did_dialled(&self, dialled: &str) -> Option<Did> {
        let digits = dialled.trim_start_matches('+').trim_start_matches("00");
        let is_it = |did: &&Did| {
            did.number.e164().trim_start_matches('+') == digits
                || did.also_written.iter().any(|form| form == dialled)
        };
        self.dids.iter().find(is_it).cloned()
    }

    /// A caller's number in international form. Carriers that leave out the country write a zero in its place; then it
    /// is the country of the number that was dialled.
    fn phone_of_caller(&self, caller: &str, did: &Did) -> Option<Phone> {
        if let Ok(phone) = caller.parse() {
            return Some(phone);
        }
        if let Some(international) = caller.strip_prefix("00") {
            return format!("+{international}").parse().ok();
        }
        let national = caller.strip_prefix('0').filter(|rest| !rest.is_empty())?;
        // National numbers of the countries that are dialled with a trunk zero and have two digits: +33, +44 and so on.
        format!("{}{national}", did.number.e164().get(..3)?).parse().ok()
    }

    pub(crate) fn caller_of(&self, leg: LegId) -> Option<CallId> {
        match self.legs.get(&leg) {
            Some(LegOwner::Caller(id)) => Some(*id),
            Some(LegOwner::Agent(_) | LegOwner::Customer(_) | LegOwner::Outside(_)) | None => None,
        }
    }

    /// Writes on the leg what another daemon would need to know of it.
    pub(crate) fn mark(&mut self, id: CallId) {
        let leg = self.callers.get(&id).map(|caller| caller.leg);
        if let (Some(leg), Some(purpose)) = (leg, self.purpose_of_caller(id)) {
            self.cx.switch(SwitchCommand::Mark { leg, purpose });
        }
    }

    /// By so many milliseconds wall time is ahead of the engine's own.
    pub(crate) fn wall_ahead(&self) -> i64 {
        self.cx.wall.as_millis() - self.cx.now.as_millis()
    }

    /// What another daemon would need to know of a caller who is here.
    pub(crate) fn purpose_of_caller(&self, id: CallId) -> Option<LegPurpose> {
        let caller = self.callers.get(&id).filter(|caller| caller.is_here())?;
        let queue = caller.waiting.as_ref().map(|waiting| waiting.queue_place(self.wall_ahead()));
        let (did, phone, trunk) = (caller.did_id(), caller.phone, caller.trunk);
        let language = caller.language_to_mark();
        let course = self.course_to_mark(caller).map(Box::new);
        Some(LegPurpose::Caller { call: id, did, phone, trunk, queue, language, course })
    }

    /// A caller's call was picked up.
    pub(crate) fn caller_reported(&mut self, id: CallId, entered: bool, up: bool) {
        let now = self.cx.now;
        if self.callers.get(&id).is_some_and(|caller| caller.state == CallerState::RingingBack) {
            return self.ring_back_reported(id, entered, up);
        }
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| up && !caller.is_up) else { return };
        caller.is_up = true;
        caller.answered_at = Some(now);
        let is_awaited = caller.doing == Doing::PickingUp;
        self.cx.notice(Notice::Answered { call: id });
        if is_awaited {
            self.tell_flow(id, Event::Done);
        }
    }

    /// Joins a caller to an agent whose phone is up.
    pub(crate) fn join_caller(&mut self, id: CallId, agent: AgentId) {
        let now = self.cx.now;
        let Some(room) = self.sessions.get(&agent).map(|session| session.room) else { return };
        self.stop_music(id);
        self.stop_clips(id);
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.is_here()) else { return };
        caller.agent = Some(agent);
        caller.joins += 1;
        caller.enter(CallerState::Joining, now);
        let leg = caller.leg;
        self.ask_to_join(id, leg, agent, room);
    }

    fn stop_clips(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let leg = caller.leg;
        if let Some(playing) = caller.playing.take() {
            self.cx.switch(SwitchCommand::StopClips { leg, playing });
        }
    }

    pub(crate) fn caller_joined(&mut self, id: CallId, room: RoomId) {
        let Some(caller) = self.callers.get(&id) else { return };
        match caller.state {
            CallerState::Beside => return self.beside(id, room),
            CallerState::Connected => return self.customer_moved(id, room),
            CallerState::Joining => {}
            CallerState::Guided
            | CallerState::Queued
            | CallerState::Dialling
            | CallerState::RingingBack
            | CallerState::Ending
            | CallerState::Gone => return,
        }
        let leg = caller.leg;
        let Some(agent) = caller.agent else { return };
        match self.sessions.get(&agent) {
            Some(session) if session.room == room => self.caller_connected(id, agent),
            Some(_) | None => self.cx.unexpected(format!("{leg} joined {room}, which is not its agent's")),
        }
    }

    /// Caller and agent hear each other.
    pub(crate) fn caller_connected(&mut self, id: CallId, agent: AgentId) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id) else { return };
        caller.enter(CallerState::Connected, now);
        caller.connected_at = Some(now);
        caller.home = None;
        caller.joins = 0;
        let phone = caller.phone;
        let waited = caller.waiting.as_ref().map_or(Duration::ZERO, |waiting| now.since(waiting.place.since));
        self.cx.notice(Notice::Connected { call: id, agent, waited });
        self.set_agent_state(agent, AgentState::OnCall { call: id });
        if let Some(session) = self.sessions.get_mut(&agent) {
            session.misses = 0;
        }
        if let Some(phone) = phone {
            self.familiar.remember(phone, agent, now);
        }
        self.leave_queue(id, QueueExit::Answered);
        self.tell_queue_left(id, QueueExit::Answered);
        self.callback_kept(id);
        self.record_by_policy(id);
        self.tell_followers(agent);
        self.leave_to_callee(id);
    }

    /// A caller is not known to hear their agent. While the link is broken they may all the same; the next snapshot
    /// tells.
    pub(crate) fn caller_join_failed(&mut self, id: CallId) {
        let Some(caller) = self
            .callers
            .get(&id)
            .filter(|caller| caller.state == CallerState::Joining && !self.holds.is_switch_away())
        else {
            return;
        };
        let (agent, joins) = (caller.agent, caller.joins);
        match agent {
            Some(agent) if self.may_join_again(joins) && self.remake_room(agent) => {
                self.join_caller(id, agent);
            }
            Some(_) | None => self.return_to_queue(id),
        }
    }

    /// The phone of an agent is gone who has this caller, or is kept free for them.
    pub(crate) fn agent_of_caller_gone(&mut self, agent: AgentId, id: CallId) {
        match self.callers.get(&id).map(|caller| caller.state.clone()) {
            Some(CallerState::Queued) => self.agent_missed(agent, id),
            Some(CallerState::Dialling) => self.agent_not_reached(agent, id),
            Some(CallerState::Joining) => self.return_to_queue(id),
            Some(CallerState::RingingBack) => self.put_off_ring_back(id),
            Some(CallerState::Connected) => self.agent_went(id),
            Some(CallerState::Guided | CallerState::Beside | CallerState::Ending | CallerState::Gone)
            | None => {}
        }
    }

    /// Ends a caller's call: it is over when their leg is gone.
    pub(crate) fn end_caller(&mut self, id: CallId, by: Side) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.is_here()) else { return };
        caller.ended_by.get_or_insert(by);
        if caller.waiting.is_some() {
            self.leave_queue(id, QueueExit::Abandoned);
        }
        self.conversation_over(id);
        self.end_outside(id);
        let Some(caller) = self.callers.get_mut(&id) else { return };
        caller.enter(CallerState::Ending, now);
        caller.hang_ups = 0;
        self.tell_caller_to_end(id);
    }

    pub(crate) fn tell_caller_to_end(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.state == CallerState::Ending)
        else {
            return;
        };
        caller.hang_ups += 1;
        let (leg, hang_ups) = (caller.leg, caller.hang_ups);
        if !self.ask_to_end(id, leg, hang_ups) {
            self.caller_gone(id, HangupCause::default(), Some(Side::Lost));
        }
    }

    /// A caller's leg is gone.
    pub(crate) fn caller_gone(&mut self, id: CallId, cause: HangupCause, lost: Option<Side>) {
        let now = self.cx.now;
        if self.callers.get(&id).is_some_and(|caller| caller.state == CallerState::RingingBack) {
            return self.ring_back_ended(id);
        }
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.state != CallerState::Gone)
        else {
            return;
        };
        caller.ended_at = Some((now, cause));
        self.hung_up_speaking(id);
        self.conversation_over(id);
        self.end_part(id);
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let by = *caller.ended_by.get_or_insert(lost.unwrap_or(Side::Customer));
        caller.enter(CallerState::Gone, now);
        let (leg, trunk, agent, queue) = (caller.leg, caller.trunk, caller.agent, caller.queue);
        let (is_disposed, is_guided) = (caller.is_disposed, caller.course.is_some());
        self.leave_queue(id, QueueExit::Abandoned);
        self.end_outside(id);
        self.legs.remove(&leg);
        if lost.is_none() {
            self.departed.note(leg, now);
        }
        if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get_mut(&trunk)) {
            trunk.gate.leave();
        }
        if let Some(gate) = &mut self.switch_gate {
            gate.leave();
        }
        self.stir_held_up();
        self.cx.notice(Notice::CallEnded { call: id, by });
        if let Some(agent) = agent {
            if let (Some(session), Some(queue)) = (self.sessions.get_mut(&agent), queue) {
                session.last_caller = Some((id, queue));
            }
            self.let_agent_of_go(agent, id, is_disposed, self.wrap_up_span(Behalf::Queue(queue)));
        }
        if is_guided {
            self.cx.arm_in(AFTERMATH_MAX, Timer::CallerForgotten(id));
            self.tell_flow(id, Event::HangUp);
        } else {
            self.settle_caller(id);
        }
    }

    /// Everything about a caller is done: history keeps them.
    pub(crate) fn settle_caller(&mut self, id: CallId) {
        if self.callers.get(&id).is_none_or(|caller| caller.state != CallerState::Gone) {
            return;
        }
        let Some(mut caller) = self.callers.remove(&id) else { return };
        if let Some(back) = caller.called_back.take().filter(|_| caller.connected_at.is_none()) {
            self.try_later(back.callback);
        }
        self.look_at_callback_of(id);
        if let Some(course) = caller.course.take() {
            self.shelf.close(course.edition);
        }
        let record = caller.record(self.cx.now);
        self.cx.write(Write::SaveCaller(Box::new(record)));
    }

    /// What an agent says of a caller's call, or says again.
    pub(crate) fn dispose_caller(
        &mut self,
        agent: AgentId,
        call: CallId,
        code: &str,
        note: String,
    ) -> Result<Answer, Refusal> {
        let session = self.sessions.get(&agent).ok_or(Refusal::NotLoggedIn)?;
        let live = self.callers.get(&call).filter(|_| session.state == (AgentState::OnCall { call }));
        let queue = match live {
            Some(caller) => caller.queue,
            None => session.last_caller.filter(|(last, _)| *last == call).map(|(_, queue)| queue),
        };
        let run = queue.and_then(|queue| self.queues.get(&queue)).ok_or(Refusal::UnknownCall)?;
        let known = &run.settings.dispositions;
        if !known.iter().any(|disposition| disposition.code == code) {
            let codes: Vec<&str> = known.iter().map(|disposition| disposition.code.as_str()).collect();
            return Err(Refusal::UnknownDisposition(codes.join(", ")));
        }
        let said =
            CallerDisposition { call, queue: run.id, agent, code: code.to_owned(), note, at: self.cx.now };
        self.cx.write(Write::SaveCallerDisposition(Box::new(said)));
        // The caller may be in a survey, or with somebody else.
        if self.is_wrapping_up(agent, call) {
            self.settle_agent(agent);
        } else if let Some(caller) = self.callers.get_mut(&call).filter(|caller| caller.is_here()) {
            caller.is_disposed = true;
        }
        Ok(Answer::Done)
    }

    /// Whether an agent is the one to say something of a caller's call.
    pub(crate) fn is_of_a_caller(&self, agent: AgentId, call: CallId) -> bool {
        let last = self.sessions.get(&agent).and_then(|session| session.last_caller);
        self.callers.contains_key(&call) || last.is_some_and(|(last, _)| last == call)
    }

    /// Keeps an agent free for a caller.
    pub(crate) fn reserve_for_caller(&mut self, agent: AgentId, id: CallId) {
        self.set_agent_state(agent, AgentState::Reserved(Reservation::Call(id)));
    }
}
