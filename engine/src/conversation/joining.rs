//! Joining somebody to an agent, ending a leg, and letting the agent go: the same for those whom we called and for
//! those who called us.

use std::time::Duration;

use crate::agents::session::{AgentState, Reservation};
use crate::command::SwitchCommand;
use crate::conversation::transfer::anteroom;
use crate::engine::Engine;
use crate::input::LegPurpose;
use crate::model::{AgentId, CallId, LegId, RoomId, Side};
use crate::timers::Timer;

/// A join takes some milliseconds; after this long it has failed without telling.
pub(crate) const JOIN_TIME_MAX: Duration = Duration::from_secs(2);
/// A join that failed is tried once more, in a room made afresh.
const JOINS_MAX: u8 = 2;
/// How long a leg may take to end after it was told to.
const HANG_UP_TIME_MAX: Duration = Duration::from_secs(5);
/// After this many tries a leg that does not end counts as lost; a later snapshot ends it if it is there after all.
const HANG_UPS_MAX: u8 = 6;

impl Engine {
    /// Keeps the agent for a call, and has its leg put in the agent's room.
    pub(crate) fn ask_to_join(&mut self, id: CallId, leg: LegId, agent: AgentId, room: RoomId) {
        if self.sessions.get(&agent).is_some_and(|session| session.call() != Some(id)) {
            self.set_agent_state(agent, AgentState::Reserved(Reservation::Call(id)));
        }
        self.cx.switch(SwitchCommand::Join { room, leg });
        self.cx.arm_in(JOIN_TIME_MAX, Timer::JoinOverdue(id));
    }

    /// Whether a join that failed so many times is tried again.
    pub(crate) const fn may_join_again(&self, joins: u8) -> bool {
        joins < JOINS_MAX
    }

    /// Makes an agent's room afresh, with their leg in it. Says whether there is such an agent.
    pub(crate) fn remake_room(&mut self, agent: AgentId) -> bool {
        let Some(session) = self.sessions.get(&agent) else { return false };
        let room = session.room;
        let leg = session.phone.leg().filter(|_| session.phone.is_up());
        self.cx.switch(SwitchCommand::OpenRoom { room });
        if let Some(leg) = leg {
            self.cx.switch(SwitchCommand::Join { room, leg });
        }
        true
    }

    /// Gives an agent a room of another name: whoever may still come into the old one is alone there.
    pub(crate) fn change_room(&mut self, agent: AgentId) {
        let room = RoomId::from_uuid(self.cx.mint.uuid(self.cx.now));
        let Some(session) = self.sessions.get_mut(&agent) else { return };
        let old = std::mem::replace(&mut session.room, room);
        let had_anteroom = std::mem::take(&mut session.has_anteroom);
        let leg = session.phone.leg().filter(|_| session.phone.is_up());
        let purpose = LegPurpose::Agent { agent, session: session.session, room };
        self.cx.switch(SwitchCommand::OpenRoom { room });
        if let Some(leg) = leg {
            self.cx.switch(SwitchCommand::Mark { leg, purpose });
            self.cx.switch(SwitchCommand::Join { room, leg });
        }
        self.cx.switch(SwitchCommand::CloseRoom { room: old });
        if had_anteroom {
            self.cx.switch(SwitchCommand::CloseRoom { room: anteroom(old) });
        }
    }

    /// Tells a leg to end, for the `hang_ups`th time. Says whether it is worth waiting for.
    pub(crate) fn ask_to_end(&mut self, id: CallId, leg: LegId, hang_ups: u8) -> bool {
        if hang_ups > HANG_UPS_MAX {
            self.cx.repaired(format!("{id} did not end after {HANG_UPS_MAX} tries; counted as lost"));
            return false;
        }
        self.cx.switch(SwitchCommand::HangUp { leg });
        self.cx.arm_in(HANG_UP_TIME_MAX, Timer::HangUpOverdue(id));
        true
    }

    /// An agent is free of a call. Who talked and has not said what came of it wraps up for `span`.
    pub(crate) fn let_agent_of_go(&mut self, agent: AgentId, id: CallId, is_disposed: bool, span: Duration) {
        let Some(session) = self.sessions.get(&agent).filter(|session| session.call() == Some(id)) else {
            return;
        };
        let talked = matches!(session.state, AgentState::OnCall { .. });
        self.release_per_call_phone(agent);
        if talked && !is_disposed {
            self.wrap_up(agent, id, span);
        } else {
            self.settle_agent(agent);
        }
    }

    /// Ends a call, whoever called whom: it is over when the customer's leg is gone.
    pub(crate) fn end_call(&mut self, id: CallId, by: Side) {
        if self.callers.contains_key(&id) {
            self.end_caller(id, by);
        } else {
            self.hang_up(id, by);
        }
    }

    /// Whether an agent finishes this call.
    pub(crate) fn is_wrapping_up(&self, agent: AgentId, call: CallId) -> bool {
        self.sessions.get(&agent).is_some_and(
            |session| matches!(session.state, AgentState::WrapUp { call: wrapped, .. } if wrapped == call),
        )
    }
}
