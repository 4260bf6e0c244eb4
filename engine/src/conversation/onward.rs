//! A customer goes on without their agent: to a queue, through a flow, or with somebody outside.
//!
//! They leave the agent's room for one of their own first; once Asterisk says so the agent is free. From there on they
//! are a caller like others, whoever called whom: a customer whom a campaign called becomes one, with
//! a call of their own, and the campaign's call is over. Where the way on fails they are brought home: to the agent who
//! sent them if that one is free, otherwise to the queue from which they came, or into which they were sent.

use crate::agents::session::AgentState;
use crate::command::{Answer, Notice, Refusal, SwitchCommand};
use crate::conversation::transfer::Party;
use crate::conversation::{Behalf, Conversation};
use crate::engine::{Engine, LegOwner};
use crate::inbound::caller::{CallerState, Home, WAITS_MAX};
use crate::input::{LegPurpose, TransferKind};
use crate::model::{CallId, FlowId, HangupCause, LegId, Overflow, QueueId, RoomId, Side};

/// By how much whoever waits once more goes before those who wait for the first time.
const ONCE_MORE_PRIORITY: u16 = 100;

/// Where a caller begins to be led anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onward {
    Queue(QueueId),
    Flow(FlowId),
    /// A flow that asks how it was; there is no way back from it.
    Survey(FlowId),
}

impl Engine {
    /// Sends a customer to a queue or through a flow. They are refused, and stay with their agent, where nobody would
    /// take them at the moment.
    pub(crate) fn send_onward(
        &mut self,
        id: CallId,
        to: Onward,
        kind: TransferKind,
    ) -> Result<Answer, Refusal> {
        if kind == TransferKind::Attended {
            return Err(Refusal::OnlyBlind);
        }
        let talk = self.at_rest_or_held(id)?;
        let way = match to {
            Onward::Flow(flow) | Onward::Survey(flow) => Overflow::Flow { flow },
            Onward::Queue(queue) => {
                let run = self.queues.get(&queue).ok_or(Refusal::UnknownQueue)?;
                if let Some(exit) = self.turned_away(run) {
                    return Err(Refusal::QueueTakesNobody(exit.as_str()));
                }
                Overflow::Queue { queue }
            }
        };
        if !self.shelf.has_overflow(way) {
            return Err(Refusal::UnknownFlow);
        }
        self.lead_out(talk, to);
        Ok(Answer::Done)
    }

    /// The customer leaves the agent's room for one of their own.
    fn lead_out(&mut self, talk: Conversation, to: Onward) {
        let room = RoomId::from_uuid(self.cx.mint.uuid(self.cx.now));
        self.cx.switch(SwitchCommand::OpenRoom { room });
        self.hand_to(talk, Party::Onward { to, room }, room);
    }

    /// The flow that asks how a conversation was, where one does.
    fn survey_of(&self, talk: &Conversation) -> Option<FlowId> {
        let survey = match talk.behalf {
            Behalf::Campaign(campaign) => self.runs.get(&campaign)?.settings.survey,
            Behalf::Queue(queue) => self.queues.get(&queue?)?.settings.survey,
        };
        survey.filter(|flow| self.shelf.has_overflow(Overflow::Flow { flow: *flow }))
    }

    /// The agent hangs up, and the customer is asked how it was, where that is wanted. Says whether they are.
    pub(crate) fn ask_how_it_was(&mut self, id: CallId) -> bool {
        let Ok(talk) = self.at_rest_or_held(id) else { return false };
        let Some(flow) = self.survey_of(&talk) else { return false };
        self.lead_out(talk, Onward::Survey(flow));
        true
    }

    /// The agent has put their phone down: the customer goes on in the flow that had put them through, is asked how it
    /// was, or the call ends.
    pub(crate) fn agent_left(&mut self, id: CallId) {
        if self.go_on_in_flow(id) {
            return;
        }
        let Ok(talk) = self.conversation(id) else { return };
        let Some(flow) = self.survey_of(&talk) else { return self.end_call(id, Side::Agent) };
        self.take_out(talk.customer);
        self.sent_onward(id, Onward::Survey(flow));
    }

    /// The customer has left the agent's room: they begin to be led anew.
    pub(crate) fn sent_onward(&mut self, id: CallId, to: Onward) {
        let Ok(talk) = self.conversation(id) else { return };
        let caller = self.part_with_agent(talk);
        let is_survey = matches!(to, Onward::Survey(_));
        if let Some(home) = self.callers.get_mut(&caller).and_then(|caller| caller.home.as_mut()) {
            home.is_shut = is_survey;
        }
        let (way, notice) = match to {
            Onward::Queue(queue) => {
                let home = self.callers.get_mut(&caller).and_then(|caller| caller.home.as_mut());
                if let Some(home) = home {
                    home.queue.get_or_insert(queue);
                }
                (Overflow::Queue { queue }, Notice::SentToQueue { call: id, from: talk.agent, queue })
            }
            Onward::Flow(flow) | Onward::Survey(flow) => {
                (Overflow::Flow { flow }, Notice::SentToFlow { call: id, from: talk.agent, flow })
            }
        };
        self.cx.notice(notice);
        let language = self.callers.get(&caller).and_then(|caller| caller.facts(0).locale);
        match self.shelf.open_overflow(way, language.as_deref()) {
            Some(edition) => self.begin_flow(caller, edition, false),
            // It was taken off in the moment between.
            None if self.bring_home(caller) => {}
            None => self.apologise(caller),
        }
    }

    /// The agent has no part in a conversation any more, and finishes. The customer goes on as this caller.
    pub(crate) fn part_with_agent(&mut self, talk: Conversation) -> CallId {
        let Conversation { call: id, behalf, agent, .. } = talk;
        self.conversation_over(id);
        self.end_part(id);
        let (caller, queue) = match behalf {
            Behalf::Campaign(_) => (self.become_caller(id), None),
            Behalf::Queue(queue) => {
                self.free_agent_of_caller(id);
                (id, queue)
            }
        };
        let now = self.cx.now;
        if let Some(caller) = self.callers.get_mut(&caller) {
            caller.home = Some(Home { agent, queue, call: id, is_sought: false, is_shut: false });
            caller.dial = None;
            caller.enter(CallerState::Guided, now);
        }
        caller
    }

    /// A caller's agent finishes, while the caller goes on.
    pub(crate) fn free_agent_of_caller(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let is_disposed = std::mem::take(&mut caller.is_disposed);
        let Some(agent) = caller.agent.take() else { return };
        let queue = caller.queue;
        if let (Some(session), Some(queue)) = (self.sessions.get_mut(&agent), queue) {
            session.last_caller = Some((id, queue));
        }
        self.let_agent_of_go(agent, id, is_disposed, self.wrap_up_span(Behalf::Queue(queue)));
    }

    /// The campaign's call is over, and its customer is a caller from here on.
    fn become_caller(&mut self, id: CallId) -> CallId {
        let now = self.cx.now;
        let caller = CallId::from_uuid(self.cx.mint.uuid(now));
        let Some(call) = self.calls.get_mut(&id) else { return caller };
        call.ended_by = Some(Side::Agent);
        let (leg, phone, trunk) = (call.attempt.leg, call.attempt.phone, call.attempt.trunk);
        self.finish(id, HangupCause::default(), None);
        self.admit_as(caller, leg, None, Some(phone), Some(trunk));
        if let Some(admitted) = self.callers.get_mut(&caller) {
            admitted.is_up = true;
            admitted.answered_at = Some(now);
            admitted.before = Some(id);
        }
        self.mark(caller);
        caller
    }

    /// The way on which an agent sent a caller has failed. Says whether they are on the way back.
    pub(crate) fn bring_home(&mut self, id: CallId) -> bool {
        let here = self.callers.get(&id).filter(|caller| caller.is_here());
        let Some(home) = here.and_then(|caller| caller.home).filter(|home| !home.is_shut) else {
            return false;
        };
        if self.is_free_for(home) {
            self.close_course(id);
            self.join_caller(id, home.agent);
            return true;
        }
        let may_wait = self.callers.get(&id).is_some_and(|caller| caller.waits.len() < WAITS_MAX);
        match home.queue.filter(|queue| may_wait && self.queues.contains_key(queue)) {
            Some(queue) => {
                self.wait_first(id, queue);
                true
            }
            None => false,
        }
    }

    /// Whether the agent who sent a caller on could speak with them at once: they are ready, or finish that very call.
    fn is_free_for(&self, home: Home) -> bool {
        self.sessions.get(&home.agent).filter(|session| session.phone.is_up()).is_some_and(|session| {
            match session.state {
                AgentState::Ready => true,
                AgentState::WrapUp { call, .. } => call == home.call,
                AgentState::Paused { .. }
                | AgentState::Reserved(_)
                | AgentState::OnCall { .. }
                | AgentState::Consulted { .. }
                | AgentState::Supervising
                | AgentState::Lost => false,
            }
        })
    }

    /// A caller has lost their agent, who was away from them: they wait in the queue from which they came.
    pub(crate) fn wait_once_more(&mut self, id: CallId) {
        let Ok(talk) = self.conversation(id) else { return };
        let Behalf::Queue(Some(queue)) = talk.behalf else { return self.end_caller(id, Side::Agent) };
        let caller = self.part_with_agent(talk);
        self.take_out(talk.customer);
        self.wait_first(caller, queue);
    }

    /// Takes a leg out of whatever room it is in.
    pub(crate) fn take_out(&mut self, leg: LegId) {
        let room = RoomId::from_uuid(self.cx.mint.uuid(self.cx.now));
        self.cx.switch(SwitchCommand::OpenRoom { room });
        self.cx.switch(SwitchCommand::Join { room, leg });
        self.cx.switch(SwitchCommand::Leave { room, leg });
        self.cx.switch(SwitchCommand::CloseRoom { room });
    }

    /// A caller waits in a queue before those who came for the first time. Among those who are free their own agent is
    /// preferred.
    fn wait_first(&mut self, id: CallId, queue: QueueId) {
        let own = self.queues.get(&queue).map_or(0, |run| u16::from(run.settings.priority));
        let now = self.cx.now;
        if let Some(home) = self.callers.get_mut(&id).and_then(|caller| caller.home.as_mut()) {
            home.is_sought = true;
        }
        self.wait_again(id, queue, own.saturating_add(ONCE_MORE_PRIORITY), now);
    }

    /// Customer and outsider hear each other: the agent is done.
    pub(crate) fn given_outside(&mut self, id: CallId) {
        let Ok(talk) = self.conversation(id) else { return };
        let Some(known) = self.talk_mut(id) else { return };
        known.transfer = None;
        let outside = known.outside.take();
        let caller = self.part_with_agent(talk);
        let now = self.cx.now;
        if let (Some(outside), Some(known)) = (outside, self.callers.get_mut(&caller)) {
            known.talk.outside = Some(outside);
            known.enter(CallerState::Beside, now);
            self.legs.insert(outside.leg, LegOwner::Outside(caller));
            let purpose = LegPurpose::Outside { call: caller };
            self.cx.switch(SwitchCommand::Mark { leg: outside.leg, purpose });
        }
        self.close_course(caller);
        self.cx.notice(Notice::GivenOutside { call: id, from: talk.agent });
    }
}
