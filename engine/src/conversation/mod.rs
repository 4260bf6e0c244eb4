//! A customer and an agent who hear each other, whoever called whom: what supervision and transfers know of a call.
//!
//! The customer's leg is in the agent's room. It leaves it only on the way to somebody else, and whatever goes wrong
//! on that way brings it back ([`Engine::bring_back`]).

pub(crate) mod joining;
pub(crate) mod leg;
pub(crate) mod recording;
pub(crate) mod supervising;
pub(crate) mod supervision;
pub(crate) mod taking_over;
pub mod tapping;
pub(crate) mod transfer;
pub(crate) mod transfers;

use std::time::Duration;

use crate::agents::session::AgentState;
use crate::command::{Refusal, SwitchCommand};
use crate::engine::Engine;
use crate::model::{AgentId, CallId, CampaignId, LegId, RoomId, Side, SupervisionRules};
use crate::outbound::call::CallState;
use crate::timers::Timer;

/// The way back takes some milliseconds; after this long it has failed without telling.
const BACK_TIME_MAX: Duration = Duration::from_secs(2);

/// How often a customer is brought back, into a room made afresh from the second time on. After that the next
/// snapshot does it: Asterisk does not do what it is told at the moment.
const BACK_TRIES_MAX: u8 = 3;

/// A customer and an agent who hear each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conversation {
    pub(crate) call: CallId,
    pub(crate) campaign: CampaignId,
    pub(crate) agent: AgentId,
    pub(crate) customer: LegId,
}

impl Engine {
    /// The conversation that a call is at this moment.
    pub(crate) fn conversation(&self, id: CallId) -> Result<Conversation, Refusal> {
        let call = self.calls.get(&id).ok_or(Refusal::UnknownCall)?;
        let agent = call.agent.filter(|_| call.state == CallState::Connected);
        let agent = agent.ok_or(Refusal::NotInConversation)?;
        Ok(Conversation { call: id, campaign: call.attempt.campaign, agent, customer: call.attempt.leg })
    }

    /// The conversation that an agent has at this moment.
    pub(crate) fn conversation_of(&self, agent: AgentId) -> Option<Conversation> {
        let call = self.sessions.get(&agent)?.call()?;
        self.conversation(call).ok()
    }

    /// What the campaign of a conversation asks of its supervisors.
    pub(crate) fn supervision_rules(&self, talk: &Conversation) -> SupervisionRules {
        self.runs.get(&talk.campaign).map_or_else(SupervisionRules::default, |run| run.settings.supervision)
    }

    /// Another agent has the conversation from here on; the first one finishes.
    pub(crate) fn change_hands(&mut self, talk: Conversation, to: AgentId) {
        let Conversation { call: id, campaign, agent: from, .. } = talk;
        // Supervisors hear through the first agent, who has no part in the conversation any more.
        self.supervised_call_over(id);
        if let Some(call) = self.calls.get_mut(&id) {
            call.agent = Some(to);
            call.returns = None;
        }
        self.set_agent_state(to, AgentState::OnCall { call: id });
        self.continue_recording(id);
        self.release_per_call_phone(from);
        let span = self.runs.get(&campaign).map_or_else(Default::default, |run| run.settings.wrap_up);
        self.wrap_up(from, id, span);
        self.tell_followers(to);
    }

    /// Nobody hears the customer any more, or they hear nobody.
    pub(crate) fn conversation_over(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.returns = None;
        }
        self.end_transfer(id);
        self.supervised_call_over(id);
    }

    /// A customer who was on the way to somebody else hears their agent again.
    pub(crate) fn bring_back(&mut self, id: CallId) {
        let Ok(talk) = self.conversation(id) else { return };
        let Some(session) = self.sessions.get(&talk.agent) else { return };
        let Some(leg) = session.phone.leg().filter(|_| session.phone.is_up()) else {
            // The agent went while the customer was away from them: nobody is left.
            return self.hang_up(id, Side::Agent);
        };
        let room = session.room;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let tries = call.returns.unwrap_or(0) + 1;
        call.returns = Some(tries);
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
            && let Some(call) = self.calls.get_mut(&id)
        {
            call.returns = None;
        } else if let Some(to) = self.successor(id) {
            if self.sessions.get(&to).is_some_and(|session| session.room == room) {
                self.handed(id, to);
            }
        } else if self.heir(id).is_some() {
            self.joined_an_heir(id, room);
        }
    }

    /// A customer in conversation could not be put in a room.
    pub(crate) fn customer_not_moved(&mut self, id: CallId, room: RoomId) {
        let Some(call) = self.calls.get(&id).filter(|call| call.state == CallState::Connected) else {
            return;
        };
        match call.returns {
            Some(tries) => self.back_overdue(id, tries),
            None if call.transfer.is_some() => self.not_held(id),
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
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.returns == Some(tries)) else { return };
        if tries < BACK_TRIES_MAX && !self.holds.is_switch_away() {
            self.bring_back(id);
        } else {
            call.returns = None;
        }
    }
}
