//! What happens to a dialled call: it rings, somebody answers, an agent is found or not, somebody hangs up.

use std::time::Duration;

use crate::agents::session::{AgentState, LastCall};
use crate::command::{Answer, Notice, Refusal, SwitchCommand, Write};
use crate::conversation::joining::JOIN_TIME_MAX;
use crate::conversation::leg::LegNews;
use crate::dialer::breaker::Seen;
use crate::dialer::compliance::CountedFrom;
use crate::dialer::predictive::DialEnd;
use crate::engine::{Engine, LegOwner};
use crate::inbound::caller::{Caller, CallerState};
use crate::input::CommandFailure;
use crate::model::{
    AgentId, CallId, CampaignId, HangupCause, LegId, Outcome, Phone, RoomId, Screened, Side, Verdict,
};
use crate::outbound::call::{Call, CallState};
use crate::timers::Timer;

/// How long nothing is dialled through a trunk that Asterisk does not know or cannot reach. Without it one such trunk
/// would use up a list within seconds.
const REFUSED_TRUNK_REST: Duration = Duration::from_secs(2);

/// An ear or a tap that Asterisk did not close is told to close again after this time.
const CLOSE_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Engine {
    pub(crate) fn leg_ringing(&mut self, leg: LegId) {
        let now = self.cx.now;
        if let Some(LegOwner::Customer(id)) = self.legs.get(&leg)
            && let Some(call) = self.calls.get_mut(id)
            && call.state == (CallState::Dialling { ringing: false })
        {
            call.enter(CallState::Dialling { ringing: true }, now);
        }
    }

    /// A leg is under our control, or its far end picked up.
    pub(crate) fn leg_reported(&mut self, leg: LegId, entered: bool, up: bool) {
        match self.legs.get(&leg) {
            Some(LegOwner::Agent(agent)) => self.agent_leg_reported(*agent, leg, entered, up),
            Some(LegOwner::Caller(call)) => self.caller_reported(*call, entered, up),
            Some(LegOwner::Customer(call)) => self.customer_leg_reported(*call, entered, up),
            Some(LegOwner::Outside(call)) => self.outside_reported(*call, entered, up),
            // Of an earlier life, as long as no snapshot has been taken in: that one will tell.
            None if self.holds.is_switch_away() => {}
            None => {
                // A leg of ours that nobody owns: a late order, or one given up as lost.
                self.cx.repaired(format!("{leg} is up and belongs to nothing; ended"));
                self.cx.switch(SwitchCommand::HangUp { leg });
            }
        }
    }

    /// A leg is gone. `lost` says who ended it when it was not its own far end.
    pub(crate) fn leg_ended(&mut self, leg: LegId, cause: HangupCause, lost: Option<Side>) {
        match self.legs.get(&leg) {
            Some(LegOwner::Agent(agent)) => self.agent_leg_ended(*agent, leg),
            Some(LegOwner::Caller(call)) => self.caller_gone(*call, cause, lost),
            Some(LegOwner::Customer(call)) => self.finish(*call, cause, lost),
            Some(LegOwner::Outside(call)) => self.outside_ended(*call, leg, cause),
            None => {}
        }
        self.parted(leg);
    }

    /// A leg of nobody is gone.
    pub(crate) fn parted(&mut self, leg: LegId) {
        if let Some(trunk) = self.parting.remove(&leg) {
            self.leave_gates(trunk);
        }
    }

    pub(crate) fn customer_leg_reported(&mut self, id: CallId, entered: bool, up: bool) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        // What comes back from screening is told by an event of its own.
        if call.is_listened_to() || call.leg.reported(entered, up) == LegNews::Nothing {
            return;
        }
        match call.state {
            CallState::Dialling { .. } => self.customer_answered(id),
            CallState::Waiting => self.seek_agent(id),
            CallState::Ending if call.answered_at.is_none() => self.answered_too_late(id),
            CallState::RingingAgent
            | CallState::Saving
            | CallState::Screening
            | CallState::Greeting
            | CallState::Joining
            | CallState::Connected
            | CallState::Message
            | CallState::Ending => {}
        }
    }

    fn customer_answered(&mut self, id: CallId) {
        self.note_answer(id);
        if !self.screen(id) {
            self.want_agent(id);
        }
    }

    /// Whoever answered is to speak with an agent, within what is left of their time since the answer.
    pub(crate) fn want_agent(&mut self, id: CallId) {
        let now = self.cx.now;
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        let screened = call.screened.as_ref().map(|screened| screened.after.as_secs_f64());
        self.decide(id, DialEnd::Presented { screened });
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.enter(CallState::Waiting, now);
        let is_away = call.leg.is_away();
        let Some(left) = self.drop_time_left(id) else {
            return self.hang_up(id, Side::System);
        };
        self.cx.arm_in(left, Timer::DropTimeOver(id));
        if !is_away {
            self.seek_agent(id);
        }
    }

    /// How long whoever answered may still wait: since the answer or, where the law counts from the end of a person's
    /// greeting and detection heard it, since then.
    fn drop_time_left(&self, id: CallId) -> Option<Duration> {
        let call = self.calls.get(&id)?;
        let run = self.runs.get(&call.attempt.campaign)?;
        let greeted = match (run.law().counted_from, &call.screened) {
            (CountedFrom::GreetingEnd, Some(Screened { verdict: Verdict::Person, after, .. })) => {
                after.saturating_sub(run.settings.screening.silence)
            }
            (CountedFrom::Answer | CountedFrom::GreetingEnd, _) => Duration::ZERO,
        };
        let waited = call.answered_at.map_or(Duration::ZERO, |answered| self.cx.now.since(answered));
        Some(run.drop_after().saturating_sub(waited.saturating_sub(greeted)))
    }

    /// A person whose leg can be joined waits for an agent.
    pub(crate) fn seek_agent(&mut self, id: CallId) {
        let campaign = self.calls.get(&id).map(|call| call.attempt.campaign);
        if let Some(run) = campaign.and_then(|campaign| self.runs.get_mut(&campaign)) {
            run.waiting.push_back(id);
        }
        if let Some(agent) = self.agent_for(id) {
            self.join(id, agent);
        }
    }

    /// The agent whom a person was being joined to is gone: they wait for another, for what is left of their time.
    pub(crate) fn find_another_agent(&mut self, id: CallId) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.state == CallState::Joining) else {
            return;
        };
        call.enter(CallState::Waiting, now);
        call.agent = None;
        call.joins = 0;
        let campaign = call.attempt.campaign;
        let (Some(left), Some(run)) = (self.drop_time_left(id), self.runs.get_mut(&campaign)) else {
            return self.hang_up(id, Side::System);
        };
        run.waiting.push_front(id);
        self.cx.arm_in(left, Timer::DropTimeOver(id));
        if let Some(agent) = self.agent_for(id) {
            self.join(id, agent);
        }
    }

    /// The person picked up while we were already hanging up: nobody was there for them.
    fn answered_too_late(&mut self, id: CallId) {
        self.note_answer(id);
        self.decide(id, DialEnd::Presented { screened: None });
        self.count_drop(id);
    }

    pub(crate) fn note_answer(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.answered_at = Some(self.cx.now);
            self.cx.notice(Notice::Answered { call: id });
        }
    }

    /// It is known whether this dial wants an agent.
    pub(crate) fn decide(&mut self, id: CallId, end: DialEnd) {
        self.teach_dial(id, end);
        self.answer_judged(id, matches!(end, DialEnd::Rejected { .. }));
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.decided_at = Some(self.cx.now);
        let ahead = u32::from(call.is_ahead());
        if let Some(run) = self.runs.get_mut(&call.attempt.campaign) {
            run.dialling = run.dialling.saturating_sub(1);
            run.dialling_ahead = run.dialling_ahead.saturating_sub(ahead);
        }
    }

    /// Who takes this call: the agent it was made for, or the one who has been ready for longest, the campaign's own
    /// before its neighbours'.
    fn agent_for(&self, id: CallId) -> Option<AgentId> {
        let call = self.calls.get(&id)?;
        let kept = call.agent.filter(|agent| {
            self.sessions
                .get(agent)
                .is_some_and(|session| session.call() == Some(id) && session.phone.is_up())
        });
        let longest_ready = || self.runs.get(&call.attempt.campaign)?.ready.first().map(|(_, agent)| agent);
        kept.or_else(longest_ready).or_else(|| self.neighbour_for(call.attempt.campaign))
    }

    /// Joins a waiting customer to an agent.
    pub(crate) fn join(&mut self, id: CallId, agent: AgentId) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.agent = Some(agent);
        call.joins += 1;
        call.enter(CallState::Joining, now);
        let leg = call.attempt.leg;
        if let Some(run) = self.runs.get_mut(&call.attempt.campaign) {
            run.waiting.retain(|waiting| *waiting != id);
        }
        let Some(session) = self.sessions.get(&agent) else {
            return;
        };
        let room = session.room;
        self.ask_to_join(id, leg, agent, room);
    }

    pub(crate) fn leg_joined(&mut self, leg: LegId, room: RoomId) {
        let id = match self.legs.get(&leg) {
            Some(LegOwner::Customer(id)) => *id,
            Some(LegOwner::Caller(id)) => return self.caller_joined(*id, room),
            Some(LegOwner::Agent(agent)) => return self.supervisor_joined(*agent, room),
            Some(LegOwner::Outside(_)) | None => return,
        };
        let Some(call) = self.calls.get(&id) else { return };
        match call.state {
            CallState::Connected => return self.customer_moved(id, room),
            CallState::Joining => {}
            CallState::RingingAgent
            | CallState::Saving
            | CallState::Dialling { .. }
            | CallState::Screening
            | CallState::Greeting
            | CallState::Waiting
            | CallState::Message
            | CallState::Ending => return,
        }
        let Some(agent) = call.agent else { return };
        match self.sessions.get(&agent) {
            Some(session) if session.room == room => self.connected(id, agent),
            Some(_) | None => self.cx.unexpected(format!("{leg} joined {room}, which is not its agent's")),
        }
    }

    pub(crate) fn connected(&mut self, id: CallId, agent: AgentId) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.enter(CallState::Connected, now);
        call.connected_at = Some(now);
        let waited = call.answered_at.map_or(Duration::ZERO, |answered| now.since(answered));
        let campaign = call.attempt.campaign;
        if let Some(run) = self.runs.get_mut(&campaign) {
            run.talking += 1;
            run.person_served(now);
        }
        self.count_known_machine(id);
        self.campaign_saw(campaign, Seen::Person { dropped: false });
        self.cx.notice(Notice::Connected { call: id, agent, waited });
        self.set_agent_state(agent, AgentState::OnCall { call: id });
        self.record_by_policy(id);
        self.tell_followers(agent);
    }

    pub(crate) fn join_overdue(&mut self, id: CallId) {
        let now = self.cx.now;
        if self.callers.get(&id).is_some_and(|caller| now.since(caller.since) >= JOIN_TIME_MAX) {
            return self.caller_join_failed(id);
        }
        if self
            .calls
            .get(&id)
            .is_some_and(|call| call.state == CallState::Joining && now.since(call.since) >= JOIN_TIME_MAX)
        {
            self.join_failed(id);
        }
    }

    /// A customer is not known to hear their agent. While the link is broken they may all the same, and nothing could
    /// be done about it; the next snapshot tells (`settle_joins`).
    pub(crate) fn join_failed(&mut self, id: CallId) {
        let Some(call) = self
            .calls
            .get(&id)
            .filter(|call| call.state == CallState::Joining && !self.holds.is_switch_away())
        else {
            return;
        };
        let (agent, joins) = (call.agent, call.joins);
        match agent {
            Some(agent) if self.may_join_again(joins) && self.remake_room(agent) => self.join(id, agent),
            Some(_) | None => self.hang_up(id, Side::System),
        }
    }

    /// Counts a person who answered and found nobody, once. Machines are no persons.
    pub(crate) fn count_drop(&mut self, id: CallId) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.is_settled()) else {
            return;
        };
        call.outcome = Some(Outcome::Dropped);
        let campaign = call.attempt.campaign;
        if let (Some(run), Some(pickup)) = (self.runs.get_mut(&campaign), call.pickup()) {
            call.person_chance = run.person_dropped(pickup, now);
        }
        self.campaign_saw(campaign, Seen::Person { dropped: true });
    }

    pub(crate) fn hang_up_on_request(&mut self, id: CallId, by: Side) -> Result<Answer, Refusal> {
        if by == Side::Agent && (self.go_on_in_flow(id) || self.ask_how_it_was(id)) {
            return Ok(Answer::Done);
        }
        if self.callers.get(&id).is_some_and(Caller::is_here) {
            self.end_caller(id, by);
            return Ok(Answer::Done);
        }
        if self.callers.get(&id).is_some_and(|caller| caller.state == CallerState::RingingBack) {
            self.ring_back_over(id);
            return Ok(Answer::Done);
        }
        let call = self.calls.get_mut(&id).ok_or(Refusal::UnknownCall)?;
        match call.state {
            CallState::RingingAgent | CallState::Saving => {
                // Neither is known to the network. The lead is not dialled; the store's answer finds no call.
                Err(Refusal::NotDialling("the call is just being placed; try again in a second".to_owned()))
            }
            CallState::Dialling { .. } => {
                call.outcome = Some(Outcome::Cancelled);
                self.hang_up(id, by);
                Ok(Answer::Done)
            }
            CallState::Screening
            | CallState::Greeting
            | CallState::Waiting
            | CallState::Joining
            | CallState::Connected
            | CallState::Message
            | CallState::Ending => {
                self.hang_up(id, by);
                Ok(Answer::Done)
            }
        }
    }

    /// A number must not be called any more. Dials of it that nobody has answered end, and one that is just being made
    /// durable is not made; the store has seen to later ones. They end as cancelled, and the next claim settles the
    /// lead.
    pub(crate) fn stop_dialling(&mut self, phone: Phone, campaign: Option<CampaignId>) {
        let stopped = |call: &&mut Call| {
            call.attempt.phone == phone
                && campaign.is_none_or(|campaign| campaign == call.attempt.campaign)
                && matches!(call.state, CallState::Saving | CallState::Dialling { .. })
        };
        let mut ending = Vec::new();
        for call in self.calls.values_mut().filter(stopped) {
            call.outcome = Some(Outcome::Cancelled);
            ending.push(call.attempt.call);
        }
        for call in ending {
            self.hang_up(call, Side::System);
        }
        if campaign.is_none() {
            self.stop_callbacks(phone);
        }
    }

    /// Ends a call: it is over when the customer's leg is gone. A person who answered and never heard an agent is
    /// a drop, whoever hangs up on them.
    pub(crate) fn hang_up(&mut self, id: CallId, by: Side) {
        let now = self.cx.now;
        let Some(call) =
            self.calls.get_mut(&id).filter(|call| call.is_dialled() && call.state != CallState::Ending)
        else {
            return;
        };
        call.ended_by.get_or_insert(by);
        call.enter(CallState::Ending, now);
        self.conversation_over(id);
        let Some(call) = self.calls.get(&id) else { return };
        let unserved = call.answered_at.is_some() && call.connected_at.is_none();
        if let Some(run) = self.runs.get_mut(&call.attempt.campaign) {
            run.waiting.retain(|waiting| *waiting != id);
        }
        if unserved {
            self.count_drop(id);
        }
        self.tell_to_end(id);
    }

    fn tell_to_end(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.hang_ups += 1;
        let (leg, hang_ups) = (call.attempt.leg, call.hang_ups);
        if !self.ask_to_end(id, leg, hang_ups) {
            self.finish(id, HangupCause::default(), Some(Side::Lost));
        }
    }

    pub(crate) fn hang_up_overdue(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.state == CallState::Ending) {
            self.tell_to_end(id);
        } else {
            self.tell_caller_to_end(id);
        }
    }

    /// The customer's leg is gone: everything that hung on the call is settled, here and nowhere else.
    pub(crate) fn finish(&mut self, id: CallId, cause: HangupCause, lost: Option<Side>) {
        self.teach_dial(id, DialEnd::Unanswered);
        self.conversation_over(id);
        let Some(mut call) = self.calls.remove(&id) else {
            return;
        };
        self.legs.remove(&call.attempt.leg);
        self.count_out(&call);
        let now = self.cx.now;
        if let Some(side) = lost {
            call.ended_by.get_or_insert(side);
        }
        let outcome = call.outcome(cause);
        let campaign = call.attempt.campaign;
        let run = self.runs.get_mut(&campaign);
        let next = call.lead_next(outcome, run.as_ref().map_or(&[], |run| &run.settings.retry), self.cx.wall);
        if let Some(run) = run
            && outcome == Outcome::Answered
            && call.connected_at.is_none()
            && call.said_machine != Some(true)
        {
            run.person_served(now);
        }
        self.call_judged(&call, outcome, lost.is_some());
        self.read_back(call.talk.recording);
        if let Some(record) = call.record(cause, now) {
            self.cx.notice(Notice::CallEnded { call: id, by: record.ended_by });
            self.cx.write(Write::SaveCall(Box::new(record)));
        }
        self.cx.write(Write::CloseAttempt {
            attempt: call.attempt.id,
            outcome,
            cause,
            ended_at: now,
            screened: call.screened.clone(),
            person_chance: (outcome == Outcome::Dropped).then_some(call.person_chance),
            lead: call.lead.id,
            next,
        });
        self.cx.notice(Notice::AttemptEnded { attempt: call.attempt.id, campaign, outcome });
        self.free_agent_of(&call);
    }

    /// The agent whom this call names is free of it.
    pub(crate) fn free_agent_of(&mut self, call: &Call) {
        let Some(agent) = call.agent else { return };
        let id = call.attempt.call;
        let Some(session) = self.sessions.get_mut(&agent).filter(|session| session.call() == Some(id)) else {
            return;
        };
        if matches!(session.state, AgentState::OnCall { .. }) {
            session.last_call = Some(LastCall::of(call));
        }
        let span = self.runs.get(&call.attempt.campaign).map(|run| run.settings.wrap_up);
        self.let_agent_of_go(agent, id, call.disposed.is_some(), span.unwrap_or_default());
    }

    /// A command was not carried out.
    pub(crate) fn command_failed(&mut self, command: SwitchCommand, failure: &CommandFailure) {
        match command {
            SwitchCommand::Originate { leg, .. } => self.originate_failed(leg, failure),
            SwitchCommand::Join { leg, room } => match self.legs.get(&leg).copied() {
                Some(LegOwner::Customer(call)) => {
                    self.join_failed(call);
                    self.customer_not_moved(call, room);
                }
                Some(LegOwner::Caller(call)) => {
                    self.caller_join_failed(call);
                    self.customer_not_moved(call, room);
                }
                Some(LegOwner::Outside(call)) => self.outside_not_joined(call, leg),
                Some(LegOwner::Agent(agent)) if self.guest_not_joined(agent, room) => {}
                Some(LegOwner::Agent(agent)) => self.agent_join_failed(agent, leg),
                None => {}
            },
            SwitchCommand::StartMusic { room } => self.music_not_started(room),
            SwitchCommand::OpenEar { ear, .. } | SwitchCommand::SetWhisper { ear, .. } => self.ear_failed(ear),
            SwitchCommand::OpenTap { tap, .. } => self.tap_failed(tap),
            SwitchCommand::Play { leg, .. } => self.message_ended(leg),
            SwitchCommand::PlayClips { leg, playing, .. } => self.clips_ended(leg, playing, false),
            SwitchCommand::PlayMusic { leg, .. } => self.music_failed(leg),
            SwitchCommand::TakeMessage { leg, message, .. } => self.message_taken(leg, message, None),
            SwitchCommand::Screen { leg, .. } => self.not_screened(leg, failure),
            SwitchCommand::AwaitSilence { leg } => self.greeting_not_heard(leg),
            SwitchCommand::StartRecording { recording, .. } => {
                self.recording_not_started(recording, failure);
            }
            // Told again by HangUpOverdue until the leg is gone.
            SwitchCommand::HangUp { .. }
            | SwitchCommand::TurnAway { .. }
            // Told again by FlowTime until the leg is up.
            | SwitchCommand::PickUp { .. }
            // Without it a restarted daemon knows less of the caller.
            | SwitchCommand::Mark { .. }
            // The dialplan has the leg already, or the leg is gone.
            | SwitchCommand::LetGo { .. }
            // What was to end has ended, or its end is told.
            | SwitchCommand::StopClips { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::EndMessage { .. }
            | SwitchCommand::Ring { .. }
            // A room that is missing shows when somebody is joined to it; one left over, in the next snapshot.
            | SwitchCommand::OpenRoom { .. }
            | SwitchCommand::Leave { .. }
            | SwitchCommand::CloseRoom { .. } => {}
            SwitchCommand::CloseEar { ear } => self.close_again(failure, Timer::CloseEarAgain(ear)),
            SwitchCommand::CloseTap { tap } => self.close_again(failure, Timer::CloseTapAgain(tap)),
            SwitchCommand::MaskRecording { recording } => self.mask_failed(recording),
            SwitchCommand::UnmaskRecording { recording } => self.unmask_failed(recording),
            SwitchCommand::CollectRecording { recording } => self.collect_failed(recording),
        }
    }

    /// Nobody should hear by it, and it could not be closed. Without a link the snapshot after the gap tells of it, and
    /// what is not found is closed.
    fn close_again(&mut self, failure: &CommandFailure, again: Timer) {
        match failure {
            CommandFailure::NotSent | CommandFailure::Refused { status: 404, .. } => {}
            CommandFailure::OutcomeUnknown | CommandFailure::Refused { .. } => {
                self.cx.arm_in(CLOSE_AGAIN_AFTER, again);
            }
        }
    }

    fn originate_failed(&mut self, leg: LegId, failure: &CommandFailure) {
        match (self.legs.get(&leg).copied(), failure) {
            (Some(LegOwner::Agent(agent)), CommandFailure::Refused { .. }) => {
                self.agent_phone_is_away(agent, leg)
            }
            (Some(LegOwner::Agent(agent)), _) => self.agent_leg_ended(agent, leg),
            (Some(LegOwner::Customer(id)), CommandFailure::OutcomeUnknown) => {
                if let Some(call) = self.calls.get_mut(&id).filter(|call| call.answered_at.is_none()) {
                    call.outcome = Some(Outcome::Failed);
                    self.hang_up(id, Side::System);
                }
            }
            (Some(LegOwner::Outside(id)), _) => {
                // It may have come into being all the same.
                self.cx.switch(SwitchCommand::HangUp { leg });
                self.outside_ended(id, leg, HangupCause::default());
            }
            (Some(LegOwner::Caller(id)), _) => {
                self.cx.switch(SwitchCommand::HangUp { leg });
                self.ring_back_ended(id);
            }
            (Some(LegOwner::Customer(id)), CommandFailure::NotSent) => self.never_dialled(id),
            (Some(LegOwner::Customer(id)), CommandFailure::Refused { .. }) => {
                let trunk = self.calls.get(&id).map(|call| call.attempt.trunk);
                self.never_dialled(id);
                if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get_mut(&trunk)) {
                    trunk.gate.rest(self.cx.now + REFUSED_TRUNK_REST);
                }
            }
            (None, _) => {}
        }
    }

    /// The network has not heard of this dial, and will not: that says nothing of the lead.
    fn never_dialled(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.outcome = Some(Outcome::Cancelled);
        }
        self.finish(id, HangupCause::default(), Some(Side::System));
    }
}
