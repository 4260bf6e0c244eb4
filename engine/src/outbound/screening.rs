//! Person or machine: what happens between an answer and the moment when an agent is wanted.
//!
//! Dialling -> Screening -> Waiting             a person, or nobody can tell
//!                      |-> Message             a machine, which hears the drop message
//!                      `-> Greeting -> Message a machine, which is left a message after its greeting
//!
//! While a leg is screened it is in Asterisk's dialplan, which brings it back by itself, verdict or not
//! (`cadran-screening` in `dialplan/extensions.conf`). Should it be late, the person waits for it as they wait for an
//! agent: until they are dropped.

use std::time::Duration;

use crate::command::{Notice, SwitchCommand};
use crate::conversation::leg::LegNews;
use crate::dialer::predictive::DialEnd;
use crate::engine::{Engine, LegOwner};
use crate::input::CommandFailure;
use crate::model::{CallId, LegId, OnMachine, Outcome, Screened, Side, Timestamp, Verdict};
use crate::outbound::call::{Call, CallState};
use crate::timers::Timer;

/// The longest greeting that is heard out. The dialplan gives up five seconds later by itself.
const GREETING_TIME_MAX: Duration = Duration::from_secs(40);

/// Asterisk's answer about a leg that is gone.
const NOT_FOUND: u16 = 404;

impl Engine {
    /// Begins to screen whoever has just answered. Answers: whether they are to be screened at all.
    pub(crate) fn screen(&mut self, id: CallId) -> bool {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.may_be_screened()) else {
            return false;
        };
        let Some(run) = self.runs.get(&call.attempt.campaign).filter(|run| run.settings.screens()) else {
            return false;
        };
        let how = &run.settings.screening;
        let (greeting, silence, words, time_max) = (how.greeting, how.silence, how.words, how.time_max);
        call.enter(CallState::Screening, self.cx.now);
        call.leg.sent_away();
        self.cx.switch(SwitchCommand::Screen { leg: call.attempt.leg, greeting, silence, words });
        self.cx.arm_in(time_max, Timer::ScreeningOver(id));
        true
    }

    /// A leg is back from being screened.
    pub(crate) fn leg_screened(&mut self, leg: LegId, verdict: Verdict, cause: String) {
        let Some((id, state)) = self.came_back(leg, CallState::Screening) else { return };
        match state {
            CallState::Screening => self.judge(id, verdict, cause),
            // Screened for an earlier daemon.
            CallState::Dialling { .. } => {
                self.note_answer(id);
                self.judge(id, verdict, cause);
            }
            // Late: what was decided without the verdict stands.
            CallState::Waiting => self.seek_agent(id),
            CallState::RingingAgent
            | CallState::Saving
            | CallState::Greeting
            | CallState::Joining
            | CallState::Connected
            | CallState::Message
            | CallState::Ending => {}
        }
    }

    /// A machine's greeting is over.
    pub(crate) fn greeting_over(&mut self, leg: LegId) {
        let Some((id, state)) = self.came_back(leg, CallState::Greeting) else { return };
        match state {
            CallState::Greeting => self.leave_message(id),
            // Heard out for an earlier daemon, by whose word it is a machine.
            CallState::Dialling { .. } => {
                self.note_answer(id);
                self.judge(id, Verdict::Machine, "TAKENOVER".to_owned());
            }
            CallState::RingingAgent
            | CallState::Saving
            | CallState::Screening
            | CallState::Waiting
            | CallState::Joining
            | CallState::Connected
            | CallState::Message
            | CallState::Ending => {}
        }
    }

    /// A leg returned from where it was sent in state `from`. Gives its call, and where that stands, when this is news.
    fn came_back(&mut self, leg: LegId, from: CallState) -> Option<(CallId, CallState)> {
        let Some(LegOwner::Customer(id)) = self.legs.get(&leg).copied() else {
            self.leg_reported(leg, true, true);
            return None;
        };
        let elsewhere = |call: &&mut Call| call.is_listened_to() && call.state != from;
        let call = self.calls.get_mut(&id).filter(|call| !elsewhere(call))?;
        (call.leg.reported(true, true) == LegNews::Answered).then_some((id, call.state))
    }

    /// Whether a snapshot that was asked for at this time may show a leg as under our control that is not: it left
    /// since, or an event is about to say why it is back.
    pub(crate) fn is_out_of_reach(&self, leg: LegId, asked_at: Timestamp) -> bool {
        match self.legs.get(&leg) {
            Some(LegOwner::Customer(id)) => self.calls.get(id).is_some_and(|call| {
                call.is_listened_to()
                    || call.state == CallState::Waiting && call.leg.is_away() && call.since >= asked_at
            }),
            Some(LegOwner::Agent(_) | LegOwner::Caller(_) | LegOwner::Outside(_)) | None => false,
        }
    }

    /// Nobody could tell in time: whoever has not been told from a machine is a person.
    pub(crate) fn screening_over(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.state == CallState::Screening) {
            self.judge(id, Verdict::Unsure, "LATE".to_owned());
        }
    }

    /// Asterisk could not be asked. What became of the leg is known when Asterisk said no, and it still has the leg.
    pub(crate) fn not_screened(&mut self, leg: LegId, failure: &CommandFailure) {
        let is_here = match failure {
            CommandFailure::Refused { status, .. } => *status != NOT_FOUND,
            CommandFailure::NotSent => true,
            CommandFailure::OutcomeUnknown => false,
        };
        if is_here {
            self.leg_screened(leg, Verdict::Unsure, "REFUSED".to_owned());
        }
    }

    fn judge(&mut self, id: CallId, verdict: Verdict, cause: String) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id) else { return };
        let after = call.answered_at.map_or(Duration::ZERO, |answered| now.since(answered));
        call.screened = Some(Screened { verdict, cause, after });
        self.cx.notice(Notice::Screened { call: id, verdict, after });
        match verdict {
            Verdict::Machine => self.machine_answered(id, after),
            Verdict::Person | Verdict::Unsure => self.want_agent(id),
        }
    }

    fn machine_answered(&mut self, id: CallId, after: Duration) {
        let Some(run) = self.calls.get(&id).and_then(|call| self.runs.get(&call.attempt.campaign)) else {
            return self.hang_up(id, Side::System);
        };
        let (then, sample) = (run.settings.screening.on_machine.clone(), run.settings.screening.sample);
        let drop_message = run.settings.drop_message.clone();
        if then == OnMachine::GiveToAgent || self.cx.mint.chance(sample) {
            return self.want_agent(id);
        }
        self.decide(id, DialEnd::Rejected { screened: after.as_secs_f64() });
        if let Some(call) = self.calls.get_mut(&id) {
            call.outcome = Some(Outcome::Machine);
        }
        if let OnMachine::LeaveMessage { .. } = then {
            self.hear_greeting_out(id);
        } else {
            self.play_message(id, drop_message);
        }
        self.let_agent_go(id);
    }

    fn hear_greeting_out(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.enter(CallState::Greeting, self.cx.now);
            call.leg.sent_away();
            self.cx.switch(SwitchCommand::AwaitSilence { leg: call.attempt.leg });
            self.cx.arm_in(GREETING_TIME_MAX, Timer::GreetingOverdue(id));
        }
    }

    fn leave_message(&mut self, id: CallId) {
        let run = self.calls.get(&id).and_then(|call| self.runs.get(&call.attempt.campaign));
        match run.map(|run| &run.settings.screening.on_machine) {
            Some(OnMachine::LeaveMessage { message }) => {
                let message = message.clone();
                self.play_message(id, message);
            }
            Some(OnMachine::GiveToAgent | OnMachine::HangUp) | None => self.hang_up(id, Side::System),
        }
    }

    /// The greeting cannot be heard out: no message is left.
    pub(crate) fn greeting_not_heard(&mut self, leg: LegId) {
        if let Some(LegOwner::Customer(id)) = self.legs.get(&leg).copied() {
            self.greeting_overdue(id);
        }
    }

    pub(crate) fn greeting_overdue(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.state == CallState::Greeting) {
            self.hang_up(id, Side::System);
        }
    }

    /// The agent who was kept free for a call that no longer needs them takes the next.
    pub(crate) fn let_agent_go(&mut self, id: CallId) {
        let Some(agent) = self.calls.get_mut(&id).and_then(|call| call.agent.take()) else {
            return;
        };
        if self.sessions.get(&agent).is_some_and(|session| session.call() == Some(id)) {
            self.release_per_call_phone(agent);
            self.settle_agent(agent);
        }
    }
}
