//! Agents' phones: rung at log-in or for every call, joined to the agent's room, rung again when they are lost.

use std::time::Duration;

use crate::agents::session::{AgentState, PhoneLine, Reservation, Wish};
use crate::command::{Destination, SwitchCommand};
use crate::conversation::leg::{Leg, LegNews};
use crate::conversation::transfer::anteroom;
use crate::engine::{Engine, LegOwner};
use crate::input::LegPurpose;
use crate::model::{AgentId, LegId, PauseReason, RingMode, RoomId, SupervisionEnd};
use crate::outbound::call::CallState;
use crate::outbound::placing::RING_MARGIN;
use crate::timers::Timer;

/// When a lost phone is rung again, after the loss and after each try in vain. Then the agent must say ready; but a
/// phone that is not registered disturbs nobody, and is tried at the last of these for as long as the agent is logged in.
const REDIAL_AFTER: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

impl Engine {
    /// Rings an agent's phone, which joins their room when it is up.
    pub(crate) fn ring_agent(&mut self, agent: AgentId) {
        if let Some(ring_timeout) = self.sessions.get(&agent).map(|session| session.settings.ring_timeout) {
            self.ring_agent_for(agent, ring_timeout);
        }
    }

    /// The same, for so long.
    pub(crate) fn ring_agent_for(&mut self, agent: AgentId, ring_timeout: Duration) {
        let now = self.cx.now;
        let leg = LegId::from_uuid(self.cx.mint.uuid(now));
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        if session.phone.is_up() || matches!(session.phone, PhoneLine::Ringing { .. }) {
            return;
        }
        session.phone = PhoneLine::Ringing { id: leg, leg: Leg::default() };
        self.legs.insert(leg, LegOwner::Agent(agent));
        self.cx.switch(SwitchCommand::OpenRoom { room: session.room });
        self.cx.switch(SwitchCommand::Originate {
            leg,
            to: Destination::Account(session.settings.sip_account.clone()),
            caller_id: None,
            ring_timeout: ring_timeout + RING_MARGIN,
            purpose: LegPurpose::Agent { agent, session: session.session, room: session.room },
        });
        self.cx.arm_in(ring_timeout, Timer::AgentRingOver(agent, leg));
    }

    pub(crate) fn agent_leg_reported(&mut self, agent: AgentId, leg: LegId, entered: bool, up: bool) {
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        let PhoneLine::Ringing { id, leg: ringing } = &mut session.phone else {
            return;
        };
        if *id == leg && ringing.reported(entered, up) == LegNews::Answered {
            self.phone_is_up(agent, leg);
        }
    }

    fn phone_is_up(&mut self, agent: AgentId, leg: LegId) {
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        session.phone = PhoneLine::Up { id: leg };
        session.redials = 0;
        let room = session.room;
        let call = session.call();
        let waits = match session.state {
            AgentState::Lost => true,
            AgentState::Paused { .. } => session.wish == Wish::Ready,
            AgentState::Ready
            | AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::WrapUp { .. } => false,
        };
        self.cx.switch(SwitchCommand::Join { room, leg });
        if waits {
            self.settle_agent(agent);
        }
        match call {
            Some(call) if self.waits_for_agent_phone(call) => self.save_attempt(call),
            Some(call) if self.callers.contains_key(&call) => self.agent_takes(agent, call),
            Some(_) | None => {}
        }
    }

    fn waits_for_agent_phone(&self, call: crate::model::CallId) -> bool {
        self.calls.get(&call).is_some_and(|call| call.state == CallState::RingingAgent)
    }

    pub(crate) fn agent_ring_over(&mut self, agent: AgentId, leg: LegId) {
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        if matches!(session.phone, PhoneLine::Ringing { id, .. } if id == leg) {
            self.cx.switch(SwitchCommand::HangUp { leg });
            self.agent_leg_ended(agent, leg);
        }
    }

    /// An agent's leg is gone, or never came up.
    pub(crate) fn agent_leg_ended(&mut self, agent: AgentId, leg: LegId) {
        self.legs.remove(&leg);
        let Some(session) = self.sessions.get_mut(&agent).filter(|session| session.phone.leg() == Some(leg))
        else {
            return;
        };
        if session.phone.is_up() {
            // Whoever is left in the room must not hear the agent's next call.
            self.cx.switch(SwitchCommand::CloseRoom { room: session.room });
            if std::mem::take(&mut session.has_anteroom) {
                self.cx.switch(SwitchCommand::CloseRoom { room: anteroom(session.room) });
            }
            session.room = RoomId::from_uuid(self.cx.mint.uuid(self.cx.now));
        }
        session.phone = PhoneLine::Down;
        match session.settings.ring_mode {
            RingMode::PerCall => self.ringing_phone_ended(agent),
            RingMode::NailedUp => self.nailed_up_phone_ended(agent),
        }
    }

    /// The phone of an agent who is rung for every call did not answer, or hung up.
    fn ringing_phone_ended(&mut self, agent: AgentId) {
        self.stop_supervising(agent, SupervisionEnd::PhoneLost);
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        let Some(id) = session.call() else {
            if session.state == AgentState::Ready {
                // Taken over with the phone up after a restart; from here on it rings first.
                self.set_agent_state(agent, AgentState::Ready);
            }
            return;
        };
        if self.callers.contains_key(&id) {
            return self.agent_of_caller_gone(agent, id);
        }
        match self.calls.get(&id).map(|call| call.state) {
            Some(CallState::RingingAgent) => {
                if session.wish == Wish::Ready {
                    session.wish = Wish::Pause(PauseReason::Missed);
                }
                self.forget_and_put_back(id);
            }
            Some(
                CallState::Saving | CallState::Dialling { .. } | CallState::Screening | CallState::Joining,
            ) => {
                // Their customer hears nobody yet: whoever is ready may take the call.
                self.set_agent_state(agent, AgentState::Lost);
                self.find_another_agent(id);
                self.settle_agent(agent);
            }
            Some(_) => self.agent_went(id),
            None => {}
        }
    }

    fn nailed_up_phone_ended(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        match &session.state {
            AgentState::Paused { .. } | AgentState::WrapUp { .. } | AgentState::Lost => {}
            AgentState::Ready => self.set_agent_state(agent, AgentState::Lost),
            AgentState::Reserved(Reservation::Call(call)) => {
                let call = *call;
                self.set_agent_state(agent, AgentState::Lost);
                self.find_another_agent(call);
                self.agent_of_caller_gone(agent, call);
            }
            AgentState::Reserved(Reservation::Preview { .. }) => {
                self.give_preview_back(agent);
                self.set_agent_state(agent, AgentState::Lost);
            }
            AgentState::OnCall { call } => {
                let call = *call;
                self.agent_went(call);
            }
            AgentState::Consulted { call } => {
                let call = *call;
                self.consulted_phone_ended(agent, call);
            }
            AgentState::Supervising => self.stop_supervising(agent, SupervisionEnd::PhoneLost),
        }
        self.plan_redial(agent);
    }

    /// Asterisk knows no contact of the phone: it is switched off, or has yet to register anew.
    pub(crate) fn agent_phone_is_away(&mut self, agent: AgentId, leg: LegId) {
        if let Some(session) = self.sessions.get_mut(&agent) {
            let last = u8::try_from(REDIAL_AFTER.len() - 1).unwrap_or(u8::MAX);
            session.redials = session.redials.min(last);
        }
        self.agent_leg_ended(agent, leg);
    }

    fn plan_redial(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        if let Some(wait) = REDIAL_AFTER.get(usize::from(session.redials)) {
            session.redials += 1;
            self.cx.arm_in(*wait, Timer::RedialAgent(agent));
        }
    }

    pub(crate) fn redial_agent(&mut self, agent: AgentId) {
        if self.sessions.get(&agent).is_some_and(|session| {
            matches!(session.phone, PhoneLine::Down) && session.settings.ring_mode == RingMode::NailedUp
        }) {
            self.ring_agent(agent);
        }
    }

    /// The phone is up and not in its room: nobody could be heard there. It counts as lost, and is rung again into
    /// a room made afresh. While the link is broken nothing is known; the next snapshot tells.
    pub(crate) fn agent_join_failed(&mut self, agent: AgentId, leg: LegId) {
        if !self.holds.is_switch_away() {
            self.cx.switch(SwitchCommand::HangUp { leg });
            self.agent_leg_ended(agent, leg);
        }
    }

    /// After a call the phone of an agent who is rung for every call goes down. From here on the leg belongs to
    /// nobody: should it not end, the next snapshot ends it.
    pub(crate) fn release_per_call_phone(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        if session.settings.ring_mode == RingMode::PerCall
            && let PhoneLine::Up { id } | PhoneLine::Ringing { id, .. } = session.phone
        {
            session.phone = PhoneLine::Down;
            self.legs.remove(&id);
            self.cx.switch(SwitchCommand::HangUp { leg: id });
        }
    }
}
