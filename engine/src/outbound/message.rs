//! Messages: what a person hears who found no agent, and a machine.

use std::time::Duration;

use crate::command::SwitchCommand;
use crate::engine::{Engine, LegOwner};
use crate::model::{CallId, LegId, Side};
use crate::outbound::call::CallState;
use crate::timers::Timer;

/// The longest message.
const MESSAGE_TIME_MAX: Duration = Duration::from_secs(30);

impl Engine {
    /// Nobody was there in time.
    pub(crate) fn drop_time_over(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.state == CallState::Waiting) else {
            return;
        };
        let Some(run) = self.runs.get_mut(&call.attempt.campaign) else {
            return self.hang_up(id, Side::System);
        };
        run.waiting.retain(|waiting| *waiting != id);
        let message = run.settings.drop_message.clone();
        self.play_message(id, message);
        self.count_drop(id);
        self.let_agent_go(id);
    }

    /// The far end hears a message; the call ends with it.
    pub(crate) fn play_message(&mut self, id: CallId, media: String) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.enter(CallState::Message, self.cx.now);
            call.message_at = Some(self.cx.now);
            self.cx.switch(SwitchCommand::Play { leg: call.attempt.leg, media });
            self.cx.arm_in(MESSAGE_TIME_MAX, Timer::MessageOverdue(id));
        }
    }

    pub(crate) fn message_ended(&mut self, leg: LegId) {
        if let Some(LegOwner::Customer(id)) = self.legs.get(&leg).copied() {
            self.message_overdue(id);
        }
    }

    pub(crate) fn message_overdue(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.state == CallState::Message) {
            self.hang_up(id, Side::System);
        }
    }
}
