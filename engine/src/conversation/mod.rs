//! A customer and an agent who hear each other, whoever called whom: what supervision and transfers know of a call.
//!
//! The customer's leg is in the agent's room. It leaves it only on the way to somebody else, and whatever goes wrong
//! on that way brings it back ([`Engine::bring_back`]). Whoever goes on without an agent is a caller from there on
//! (`onward`), and comes home from there if that fails.

pub(crate) mod joining;
pub(crate) mod leg;
pub(crate) mod onward;
pub(crate) mod outside;
pub(crate) mod private;
pub(crate) mod recording;
pub(crate) mod supervising;
pub(crate) mod supervision;
pub(crate) mod taking_over;
pub(crate) mod talk;
pub mod tapping;
pub(crate) mod transfer;
pub(crate) mod transfers;

use std::time::Duration;

use crate::agents::session::AgentState;
use crate::command::{Refusal, SwitchCommand};
use crate::conversation::talk::Talk;
use crate::dialer::compliance::Obligation;
use crate::engine::Engine;
use crate::inbound::caller::{Caller, CallerState};
use crate::model::{
    AgentId, CallId, CampaignId, LegId, QueueId, RoomId, Scope, Side, SupervisionMode, SupervisionRules,
};
use crate::outbound::call::{Call, CallState};
use crate::timers::Timer;

/// The way back takes some milliseconds; after this long it has failed without telling.
const BACK_TIME_MAX: Duration = Duration::from_secs(2);

/// How often a customer is brought back, into a room made afresh from the second time on. After that the next
/// snapshot does it: Asterisk does not do what it is told at the moment.
const BACK_TRIES_MAX: u8 = 3;

/// On whose behalf customer and agent talk: its settings say how they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behalf {
    /// The campaign called the customer.
    Campaign(CampaignId),
    /// The customer called, and this queue gave them to the agent; none where it is not known any more.
    Queue(Option<QueueId>),
}

/// A customer and an agent who hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) call: CallId,
    pub(crate) behalf: Behalf,
    pub(crate) agent: AgentId,
    pub(crate) customer: LegId,
}

impl Conversation {
    fn of_call(call: &Call) -> Option<Self> {
        let agent = call.agent.filter(|_| call.state == CallState::Connected)?;
        let attempt = &call.attempt;
        let behalf = Behalf::Campaign(attempt.campaign);
        Some(Self { call: attempt.call, behalf, agent, customer: attempt.leg })
    }

    fn of_caller(caller: &Caller) -> Option<Self> {
        let agent = caller.agent.filter(|_| caller.state == CallerState::Connected)?;
        Some(Self { call: caller.id, behalf: Behalf::Queue(caller.queue), agent, customer: caller.leg })
    }

    /// Whether whoever sees this much sees it.
    pub(crate) fn is_within(&self, scope: &Scope) -> bool {
        match self.behalf {
            Behalf::Campaign(campaign) => scope.has_campaign(campaign),
            Behalf::Queue(queue) => scope.has_caller(queue, Some(self.agent)),
        }
    }
}

impl Engine {
    /// The conversation that a call is at this moment.
    pub(crate) fn conversation(&self, id: CallId) -> Result<Conversation, Refusal> {
        let talk = match (self.calls.get(&id), self.callers.get(&id)) {
            (Some(call), _) => Conversation::of_call(call),
            (None, Some(caller)) => Conversation::of_caller(caller),
            (None, None) => return Err(Refusal::UnknownCall),
        };
        talk.ok_or(Refusal::NotInConversation)
    }

    /// All conversations of this moment.
    pub(crate) fn conversations(&self) -> impl Iterator<Item = (Conversation, &Talk)> {
        let called = self.calls.values().filter_map(|call| Some((Conversation::of_call(call)?, &call.talk)));
        let callers = self.callers.values();
        called.chain(callers.filter_map(|caller| Some((Conversation::of_caller(caller)?, &caller.talk))))
    }

    /// What happens to a conversation while it lasts.
    pub(crate) fn talk(&self, id: CallId) -> Option<&Talk> {
        let called = self.calls.get(&id).map(|call| &call.talk);
        called.or_else(|| self.callers.get(&id).map(|caller| &caller.talk))
    }

    pub(crate) fn talk_mut(&mut self, id: CallId) -> Option<&mut Talk> {
        let called = self.calls.get_mut(&id).map(|call| &mut call.talk);
        called.or_else(|| self.callers.get_mut(&id).map(|caller| &mut caller.talk))
    }

    /// The conversation that an agent has at this moment.
    pub(crate) fn conversation_of(&self, agent: AgentId) -> Option<Conversation> {
        let call = self.sessions.get(&agent)?.call()?;
        self.conversation(call).ok()
    }

    /// What a conversation asks of its supervisors.
    pub(crate) fn supervision_rules(&self, talk: &Conversation) -> SupervisionRules {
        let rules = match talk.behalf {
            Behalf::Campaign(campaign) => self.runs.get(&campaign).map(|run| run.settings.supervision),
            Behalf::Queue(queue) => {
                queue.and_then(|queue| self.queues.get(&queue)).map(|run| run.settings.supervision)
            }
        };
        rules.unwrap_or_default()
    }

    /// Whether a supervisor may take part in it like this at this moment: it may be private, and the law may ask that
    /// agents were told when people listen.
    pub(crate) fn may_take_part(&self, talk: &Conversation, mode: SupervisionMode) -> Result<(), Refusal> {
        if self.is_private(talk.call) {
            return Err(Refusal::PrivateCall);
        }
        let told = || self.supervision_rules(talk).listening.is_some_and(|period| period.covers(self.cx.now));
        if mode.listens() && self.is_obliged(talk.call, Obligation::TellOfListening) && !told() {
            return Err(Refusal::ListeningNotTold);
        }
        Ok(())
    }

    /// How long an agent finishes after a conversation.
    pub(crate) fn wrap_up_span(&self, behalf: Behalf) -> Duration {
        let span = match behalf {
            Behalf::Campaign(campaign) => self.runs.get(&campaign).map(|run| run.settings.wrap_up),
            Behalf::Queue(queue) => {
                queue.and_then(|queue| self.queues.get(&queue)).map(|run| run.settings.wrap_up)
            }
        };
        span.unwrap_or_default()
    }

    /// Another agent has the conversation from here on; the first one finishes.
    pub(crate) fn change_hands(&mut self, talk: Conversation, to: AgentId) {
        let Conversation { call: id, behalf, agent: from, .. } = talk;
        // Supervisors hear through the first agent, who has no part in the conversation any more.
        self.supervised_call_over(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.agent = Some(to);
        } else if let Some(caller) = self.callers.get_mut(&id) {
            caller.agent = Some(to);
        }
        if let Some(talk) = self.talk_mut(id) {
            talk.returns = None;
        }
        self.set_agent_state(to, AgentState::OnCall { call: id });
        self.continue_recording(id);
        self.release_per_call_phone(from);
        self.wrap_up(from, id, self.wrap_up_span(behalf));
        self.tell_followers(to);
    }

    /// Nobody hears the customer any more, or they hear nobody.
    pub(crate) fn conversation_over(&mut self, id: CallId) {
        if let Some(talk) = self.talk_mut(id) {
            talk.returns = None;
        }
        self.end_transfer(id);
        self.supervised_call_over(id);
    }

    /// Nobody is left for the customer. Whoever called goes on in their flow or waits once more; whoever was called has
    /// been served.
    pub(crate) fn nobody_left(&mut self, id: CallId) {
        if !self.callers.contains_key(&id) {
            self.hang_up(id, Side::Agent);
        } else if !self.go_on_in_flow(id) {
            self.wait_once_more(id);
        }
    }

    /// A customer who was on the way to somebody else hears their agent again.
    pub(crate) fn bring_back(&mut self, id: CallId) {
        let Ok(talk) = self.conversation(id) else { return };
        let Some(session) = self.sessions.get(&talk.agent) else { return };
        let Some(leg) = session.phone.leg().filter(|_| session.phone.is_up()) else {
            // The agent went while the customer was away from them.
            return self.nobody_left(id);
        };
        let room = session.room;
        let Some(known) = self.talk_mut(id) else { return };
        let tries = known.returns.unwrap_or(0) + 1;
        known.returns = Some(tries);
        if tries > 1 {
            self.cx.switch(SwitchCommand::OpenRoom { room });
            self.cx.switch(SwitchCommand::Join { room, leg });
        }
        self.cx.switch(SwitchCommand::Join { room, leg: talk.customer });
        self.cx.arm_in(BACK_TIME_MAX, Timer::BackOverdue(id, tries));
    }

    /// A customer came into a room while in conversation: back with their agent, or where they were going.
    pub(crate) fn customer_moved(&mut self, id: CallId, room: RoomId) {
        let Ok(talk) = self.conversation(id) else { return };
        if self.sessions.get(&talk.agent).is_some_and(|session| session.room == room)
            && let Some(known) = self.talk_mut(id)
        {
            known.returns = None;
        } else if let Some(way) = self.on_the_way_to(id) {
            if way == room {
                self.arrived(id);
            }
        } else if self.heir(id).is_some() {
            self.joined_an_heir(id, room);
        }
    }

    /// A customer in conversation could not be put in a room.
    pub(crate) fn customer_not_moved(&mut self, id: CallId, room: RoomId) {
        let Some(known) = self.conversation(id).ok().and_then(|_| self.talk(id)) else { return };
        match known.returns {
            Some(tries) => self.back_overdue(id, tries),
            None if known.transfer.is_some() => self.not_held(id),
            None => self.not_joined_an_heir(id, room),
        }
    }

    /// The customer did not get to the music, or to the colleague. While the link is broken the next snapshot tells.
    fn not_held(&mut self, id: CallId) {
        if !self.holds.is_switch_away() {
            self.transfer_failed(id);
        }
    }

    /// While the link is broken the customer may be back all the same; the next snapshot tells (`mend_rooms`).
    pub(crate) fn back_overdue(&mut self, id: CallId, tries: u8) {
        let may_try = tries < BACK_TRIES_MAX && !self.holds.is_switch_away();
        let Some(known) = self.talk_mut(id).filter(|talk| talk.returns == Some(tries)) else { return };
        if may_try {
            self.bring_back(id);
        } else {
            known.returns = None;
        }
    }
}
