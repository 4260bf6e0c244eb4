//! Recordings: begun by policy or on demand, read back and judged before a row says that they are there.

use std::time::Duration;

use crate::command::{Answer, CallerRecorded, Notice, Refusal, SwitchCommand, Write};
use crate::conversation::talk::{CallRecording, Talk};
use crate::conversation::{Behalf, Conversation};
use crate::dialer::compliance::Obligation;
use crate::engine::Engine;
use crate::flow::nodes::RecordingAction;
use crate::inbound::caller::CallerState;
use crate::input::{CommandFailure, OpenRecording};
use crate::model::{
    CallId, LegId, RecordingFacts, RecordingId, RecordingPolicy, RecordingState, Side, Timestamp,
};
use crate::timers::Timer;

/// A row has its verdict within a minute of the hang-up; this leaves time to write it.
const COLLECT_TIME_MAX: Duration = Duration::from_secs(50);

/// Pause before a file that was not read back is asked for again.
const COLLECT_PAUSE: Duration = Duration::from_secs(2);

/// After so long somebody may have forgotten that silence is written: the longest part of a card's payment takes less.
const MASKED_MAX: Duration = Duration::from_secs(120);

/// The reason of a gap that goes on because Asterisk did not end it.
const UNMASK_FAILED: &str = "unmask_failed";

/// The reason of a gap that the node `recording` of a flow opened.
const PAUSED_BY_FLOW: &str = "flow";

/// The reason of a gap while a flow asks for something secret.
const SECRET_INPUT: &str = "secret_input";

/// How much shorter than the call the sound may be: the recording begins some milliseconds after the conversation,
/// and Asterisk writes whole frames.
const SHORTFALL_MAX: Duration = Duration::from_millis(1000);
/// The same for long calls, as a share of the call.
const SHORTFALL_SHARE: u32 = 50;

/// Whose voices a recording holds.
struct Parties {
    customer: LegId,
    /// Whoever speaks with them. None: nobody yet, and what they hear is written in their place.
    other: Option<LegId>,
    /// Of a caller's call: whom it belongs to.
    caller: Option<CallerRecorded>,
}

/// A recording that ended and has no verdict yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Collecting {
    /// How long the call was recorded. None when the end was not seen.
    expected: Option<Duration>,
}

impl Engine {
    /// Customer and agent hear each other: they are recorded as is said of such calls. What a flow began to record goes on,
    /// unless the queue records nothing; what a caller refused in their flow is not begun.
    pub(crate) fn record_by_policy(&mut self, id: CallId) {
        let Ok(talk) = self.conversation(id) else { return };
        if self.recording_of(id).is_ok_and(|recording| recording != CallRecording::Off) {
            return match self.recording_policy(&talk) {
                RecordingPolicy::Never => self.end_part(id),
                RecordingPolicy::All | RecordingPolicy::OnDemand | RecordingPolicy::Share { .. } => {
                    self.continue_recording(id);
                }
            };
        }
        if self.callers.get(&id).is_some_and(|caller| caller.refuses_recording) {
            return;
        }
        let record = match self.recording_policy(&talk) {
            // The law comes before what anybody sets.
            _ if self.is_obliged(id, Obligation::RecordAll) => true,
            RecordingPolicy::All => true,
            RecordingPolicy::Never | RecordingPolicy::OnDemand => false,
            RecordingPolicy::Share { share } => self.cx.mint.chance(share),
        };
        if record {
            self.start_recording(id);
        }
    }

    /// What campaign or queue, number and agent say of recording. Where campaign or queue records nothing, nothing is
    /// recorded; otherwise the agent's own word comes first, then that of the flow which called them, then that of the
    /// number which was dialled.
    fn recording_policy(&self, talk: &Conversation) -> RecordingPolicy {
        let (general, of_number) = match talk.behalf {
            Behalf::Campaign(campaign) => (self.runs.get(&campaign).map(|run| run.settings.recording), None),
            Behalf::Queue(queue) => {
                let caller = self.callers.get(&talk.call);
                let dial = caller.and_then(|caller| caller.dial.as_ref());
                let of_flow = dial.filter(|dial| dial.is_recorded).map(|_| RecordingPolicy::All);
                let did = caller.and_then(|caller| caller.did.as_ref());
                let run = queue.and_then(|queue| self.queues.get(&queue));
                (run.map(|run| run.settings.recording), of_flow.or(did.and_then(|did| did.recording)))
            }
        };
        let general = general.unwrap_or(RecordingPolicy::OnDemand);
        let of_agent = self.sessions.get(&talk.agent).and_then(|session| session.settings.recording);
        let particular = of_agent.or(of_number).filter(|_| general != RecordingPolicy::Never);
        particular.unwrap_or(general)
    }

    /// What a customer hears when a recording begins.
    fn recording_notice(&self, behalf: Behalf) -> Option<String> {
        match behalf {
            Behalf::Campaign(campaign) => self.runs.get(&campaign)?.settings.recording_notice.clone(),
            Behalf::Queue(queue) => self.queues.get(&queue?)?.settings.recording_notice.clone(),
        }
    }

    /// Whether the law asks something of a call. Whoever calls us is owed nothing by these rules.
    pub(crate) fn is_obliged(&self, id: CallId, to: Obligation) -> bool {
        self.calls.get(&id).is_some_and(|call| call.obligations.contains(&to))
    }

    pub(crate) fn start_recording_on_demand(&mut self, id: CallId) -> Result<Answer, Refusal> {
        let talk = self.conversation(id)?;
        if self.is_private(id) {
            return Err(Refusal::PrivateCall);
        }
        if self.recording_policy(&talk) == RecordingPolicy::Never {
            return Err(Refusal::RecordingForbidden);
        }
        match self.recording_of(id)? {
            CallRecording::Off => {}
            CallRecording::On { .. } => return Err(Refusal::RecordingIs("already on")),
            CallRecording::Masked { .. } | CallRecording::Withheld => {
                return Err(Refusal::RecordingIs("masked; unmask it"));
            }
        }
        self.start_recording(id);
        Ok(Answer::Done)
    }

    fn start_recording(&mut self, id: CallId) {
        self.start_part(id);
        let Ok(talk) = self.conversation(id) else { return };
        let begun = self.talk(id).is_some_and(|known| known.recording != CallRecording::Off);
        if let Some(media) = self.recording_notice(talk.behalf).filter(|_| begun) {
            self.cx.switch(SwitchCommand::Play { leg: talk.customer, media });
        }
    }

    /// Customer and agent, caller and whoever was called for them, or a caller by themselves.
    fn parties(&self, id: CallId) -> Option<Parties> {
        let caller = self.callers.get(&id);
        let phone = caller.and_then(|caller| caller.phone);
        let Ok(Conversation { customer, agent, behalf, .. }) = self.conversation(id) else {
            let caller = caller?;
            let belongs = CallerRecorded { queue: None, agent: None, phone };
            let other = match caller.state {
                CallerState::Beside => Some(caller.talk.outside?.leg),
                CallerState::Guided | CallerState::Queued | CallerState::Dialling => None,
                CallerState::RingingBack
                | CallerState::Joining
                | CallerState::Connected
                | CallerState::Ending
                | CallerState::Gone => return None,
            };
            return Some(Parties { customer: caller.leg, other, caller: Some(belongs) });
        };
        let other = Some(self.sessions.get(&agent)?.phone.leg()?);
        let caller = match behalf {
            Behalf::Campaign(_) => None,
            Behalf::Queue(queue) => Some(CallerRecorded { queue, agent: Some(agent), phone }),
        };
        Some(Parties { customer, other, caller })
    }

    /// Writes what the two who speak say from here on, in place of what was being written.
    pub(crate) fn start_part(&mut self, id: CallId) {
        let now = self.cx.now;
        self.end_part(id);
        if self.is_private(id) {
            return;
        }
        let Some(Parties { customer, other, caller }) = self.parties(id) else { return };
        let Some(known) = self.talk_mut(id) else { return };
        known.recordings_begun = known.recordings_begun.saturating_add(1);
        let recording = RecordingId { call: id, part: known.recordings_begun };
        known.recording = CallRecording::On { recording, since: now };
        self.cx.write(Write::OpenRecording { recording, caller, started_at: now });
        self.cx.switch(SwitchCommand::StartRecording { recording, customer, agent: other });
    }

    /// A flow switches the recording of its caller. There may be nothing to switch: that is no failure.
    pub(crate) fn switch_recording(&mut self, id: CallId, action: RecordingAction) {
        let Ok(recording) = self.recording_of(id) else { return };
        if let Some(caller) = self.callers.get_mut(&id) {
            caller.refuses_recording = match action {
                RecordingAction::Start => false,
                RecordingAction::Stop => true,
                RecordingAction::Pause | RecordingAction::Resume => caller.refuses_recording,
            };
        }
        match (action, recording) {
            (RecordingAction::Start, CallRecording::Off) => self.start_part(id),
            (RecordingAction::Stop, _) => self.end_part(id),
            (RecordingAction::Pause, CallRecording::On { .. }) => {
                let _ = self.mask_recording(id, PAUSED_BY_FLOW.to_owned());
            }
            (RecordingAction::Resume, CallRecording::Masked { .. }) => {
                let _ = self.unmask_recording(id);
            }
            (RecordingAction::Start | RecordingAction::Pause | RecordingAction::Resume, _) => {}
        }
    }

    /// Keeps what a caller types out of their recording while it is secret. What the flow has paused stays so.
    pub(crate) fn keep_secret(&mut self, id: CallId, is_secret: bool) {
        let is_on = matches!(self.recording_of(id), Ok(CallRecording::On { .. }));
        let Some(caller) = self.callers.get_mut(&id) else { return };
        if is_secret && is_on {
            caller.is_typing_secret = true;
            let _ = self.mask_recording(id, SECRET_INPUT.to_owned());
        } else if !is_secret && std::mem::take(&mut caller.is_typing_secret) {
            let _ = self.unmask_recording(id);
        }
    }

    /// Keeps out of the recording what must not be in it, such as the number of a card. Sound is not written again by
    /// itself, however long that takes, because the number may still be on the line (PCI DSS 3.3.1).
    pub(crate) fn mask_recording(&mut self, id: CallId, reason: String) -> Result<Answer, Refusal> {
        let now = self.cx.now;
        let known = self.talk_mut(id).ok_or(Refusal::UnknownCall)?;
        match known.recording {
            CallRecording::On { recording, since } => {
                known.recording = CallRecording::Masked { recording, since, from: now };
                self.cx.write(Write::OpenGap { recording, at: now, reason });
                self.cx.switch(SwitchCommand::MaskRecording { recording });
                self.cx.arm_in(MASKED_MAX, Timer::MaskedLong { recording, from: now });
                Ok(Answer::Done)
            }
            CallRecording::Off => Err(Refusal::RecordingIs("off")),
            CallRecording::Masked { .. } | CallRecording::Withheld => {
                Err(Refusal::RecordingIs("already masked"))
            }
        }
    }

    pub(crate) fn unmask_recording(&mut self, id: CallId) -> Result<Answer, Refusal> {
        let known = self.talk_mut(id).ok_or(Refusal::UnknownCall)?;
        match known.recording {
            CallRecording::Masked { recording, since, .. } => {
                known.recording = CallRecording::On { recording, since };
                self.cx.write(Write::CloseGap { recording, at: self.cx.now });
                self.cx.switch(SwitchCommand::UnmaskRecording { recording });
                Ok(Answer::Done)
            }
            // A daemon that died between the command and the durable row leaves a recording of which this is not
            // known: asking again helps, and never hurts.
            CallRecording::On { recording, .. } => {
                self.cx.switch(SwitchCommand::UnmaskRecording { recording });
                Ok(Answer::Done)
            }
            CallRecording::Withheld => {
                self.start_recording(id);
                Ok(Answer::Done)
            }
            CallRecording::Off => Err(Refusal::RecordingIs("off")),
        }
    }

    /// Tells that silence has been written for long, as often as it is.
    pub(crate) fn masked_long(&mut self, recording: RecordingId, from: Timestamp) {
        let masked = self.talk(recording.call).and_then(|known| known.recording.masked());
        if masked == Some((recording, from)) {
            self.cx.notice(Notice::MaskedLong { recording, masked: self.cx.now.since(from) });
            self.cx.arm_in(MASKED_MAX, Timer::MaskedLong { recording, from });
        }
    }

    /// The person does not want to be recorded any more. Where the law orders the recording, the call ends with it.
    pub(crate) fn stop_recording_on_demand(&mut self, id: CallId) -> Result<Answer, Refusal> {
        if self.recording_of(id)? == CallRecording::Off {
            return Err(Refusal::RecordingIs("off"));
        }
        self.end_part(id);
        if self.is_obliged(id, Obligation::EndIfRefused) {
            self.hang_up(id, Side::Agent);
        }
        Ok(Answer::Done)
    }

    /// Ends what is being written of a live call, if anything is.
    pub(crate) fn end_part(&mut self, id: CallId) {
        if let Some(known) = self.talk_mut(id) {
            let ended = std::mem::take(&mut known.recording);
            self.read_back(ended);
        }
    }

    fn recording_of(&self, id: CallId) -> Result<CallRecording, Refusal> {
        self.talk(id).map(|known| known.recording).ok_or(Refusal::UnknownCall)
    }

    /// Another agent has the call: what is written of it goes on in a part of its own, with their voice. What was masked
    /// stays so, and a part begins when it is unmasked.
    pub(crate) fn continue_recording(&mut self, id: CallId) {
        match self.recording_of(id) {
            Err(_) | Ok(CallRecording::Off | CallRecording::Withheld) => {}
            Ok(CallRecording::On { .. }) => self.start_part(id),
            Ok(CallRecording::Masked { .. }) => {
                self.end_part(id);
                if let Some(known) = self.talk_mut(id) {
                    known.recording = CallRecording::Withheld;
                }
            }
        }
    }

    /// Asks for what was written to be read back, if anything was.
    pub(crate) fn read_back(&mut self, ended: CallRecording) {
        match ended {
            CallRecording::Off | CallRecording::Withheld => {}
            CallRecording::On { recording, since } => {
                self.collect(recording, Some(self.cx.now.since(since)));
            }
            CallRecording::Masked { recording, since, .. } => {
                self.cx.write(Write::CloseGap { recording, at: self.cx.now });
                self.collect(recording, Some(self.cx.now.since(since)));
            }
        }
    }

    pub(crate) fn collect(&mut self, recording: RecordingId, expected: Option<Duration>) {
        self.collecting.insert(recording, Collecting { expected });
        self.cx.switch(SwitchCommand::CollectRecording { recording });
        self.cx.arm_in(COLLECT_TIME_MAX, Timer::RecordingOverdue(recording));
    }

    /// The file was not closed and read: until the verdict is due, that is tried again.
    pub(crate) fn collect_failed(&mut self, recording: RecordingId) {
        if self.collecting.contains_key(&recording) {
            self.cx.arm_in(COLLECT_PAUSE, Timer::CollectAgain(recording));
        }
    }

    pub(crate) fn collect_again(&mut self, recording: RecordingId) {
        if self.collecting.contains_key(&recording) {
            self.cx.switch(SwitchCommand::CollectRecording { recording });
        }
    }

    /// What was to be kept out of the recording is being written. Rather no more recording than that.
    pub(crate) fn mask_failed(&mut self, recording: RecordingId) {
        let masked = self.talk(recording.call).and_then(|known| known.recording.masked());
        if let Some((masked, from)) = masked
            && masked == recording
        {
            self.cx.unexpected(format!("{recording} could not be masked, and ends"));
            // No silence was written.
            self.cx.write(Write::CloseGap { recording, at: from });
            self.end_part(recording.call);
        }
    }

    /// Silence is still written; the agent may try again.
    pub(crate) fn unmask_failed(&mut self, recording: RecordingId) {
        let now = self.cx.now;
        if let Some(known) = self.talk_mut(recording.call)
            && let CallRecording::On { recording: on, since } = known.recording
            && on == recording
        {
            known.recording = CallRecording::Masked { recording, since, from: now };
            self.cx.write(Write::OpenGap { recording, at: now, reason: UNMASK_FAILED.to_owned() });
            self.cx.arm_in(MASKED_MAX, Timer::MaskedLong { recording, from: now });
            self.cx.unexpected(format!("{recording} could not be unmasked"));
        }
    }

    /// A recording of an earlier daemon whose call still goes on is taken over, if it still is `live`.
    pub(crate) fn adopt_recording(&mut self, open: OpenRecording, live: bool) {
        let OpenRecording { recording, started_at: since, masked_since } = open;
        let Some(known) = self.talk_mut(recording.call) else {
            return self.collect(recording, None);
        };
        if !live || known.recording != CallRecording::Off {
            return self.collect(recording, None);
        }
        known.recording = match masked_since {
            Some(from) => CallRecording::Masked { recording, since, from },
            None => CallRecording::On { recording, since },
        };
        if let Some(from) = masked_since {
            // Whether the earlier daemon came to say so is not known.
            self.cx.switch(SwitchCommand::MaskRecording { recording });
            self.cx.arm_in(MASKED_MAX, Timer::MaskedLong { recording, from });
        }
    }

    /// Conversations that were taken over, and that nothing is written of, are recorded by policy from here on.
    pub(crate) fn record_adopted(&mut self) {
        let unrecorded = |known: &Talk| known.recording == CallRecording::Off && known.recordings_begun == 0;
        let calls: Vec<CallId> =
            self.conversations().filter(|(_, known)| unrecorded(known)).map(|(talk, _)| talk.call).collect();
        for call in calls {
            self.record_by_policy(call);
        }
    }

    pub(crate) fn recording_collected(
        &mut self,
        recording: RecordingId,
        found: Result<RecordingFacts, String>,
    ) {
        let Some(collecting) = self.collecting.remove(&recording) else {
            return self.cx.unexpected(format!("{recording} read back, but nobody asked for it"));
        };
        self.close_recording(recording, collecting, verdict(collecting.expected, found));
    }

    pub(crate) fn recording_overdue(&mut self, recording: RecordingId) {
        if let Some(collecting) = self.collecting.remove(&recording) {
            let waited = COLLECT_TIME_MAX.as_secs();
            let reason = format!("the file was not read back within {waited} s of the end of the call");
            self.close_recording(recording, collecting, RecordingState::Failed { reason });
        }
    }

    pub(crate) fn recording_not_started(&mut self, recording: RecordingId, failure: &CommandFailure) {
        let reason = match failure {
            CommandFailure::Refused { status, message } => {
                format!("Asterisk refused to record: {status} {message}")
            }
            CommandFailure::OutcomeUnknown => return,
            CommandFailure::NotSent => {
                "there was no link to Asterisk when recording should have begun".to_owned()
            }
        };
        let Some(known) = self.talk_mut(recording.call) else {
            return;
        };
        match known.recording {
            CallRecording::On { recording: current, .. }
            | CallRecording::Masked { recording: current, .. }
                if current == recording =>
            {
                known.recording = CallRecording::Off;
                let collecting = Collecting { expected: None };
                self.close_recording(recording, collecting, RecordingState::Failed { reason });
            }
            CallRecording::Off
            | CallRecording::On { .. }
            | CallRecording::Masked { .. }
            | CallRecording::Withheld => {}
        }
    }

    fn close_recording(&mut self, recording: RecordingId, collecting: Collecting, state: RecordingState) {
        let expected = collecting.expected.unwrap_or_default();
        self.cx.write(Write::CloseRecording { recording, state, expected });
    }
}

/// What a row may say of a recording that should be `expected` long. Where the end of the call was not seen, no
/// length can be vouched for, and the file counts as a part of the call.
fn verdict(expected: Option<Duration>, found: Result<RecordingFacts, String>) -> RecordingState {
    match (found, expected) {
        (Err(reason), _) => RecordingState::Failed { reason },
        (Ok(facts), _) if facts.duration.is_zero() || facts.bytes == 0 => {
            RecordingState::Failed { reason: "the file holds no sound".to_owned() }
        }
        (Ok(facts), Some(expected)) if facts.duration + shortfall(expected) >= expected => {
            RecordingState::Verified(facts)
        }
        (Ok(facts), Some(_) | None) => RecordingState::Truncated(facts),
    }
}

fn shortfall(expected: Duration) -> Duration {
    SHORTFALL_MAX.max(expected / SHORTFALL_SHARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_as_whole_when_it_is_as_long_as_the_call() {
        let facts = |seconds| RecordingFacts {
            path: "a.wav".to_owned(),
            bytes: seconds * 32_000,
            duration: Duration::from_secs(seconds),
        };
        let seconds = |count| Some(Duration::from_secs(count));
        let cases = [
            (seconds(60), Ok(facts(60)), "verified"),
            (seconds(60), Ok(facts(59)), "verified"),
            (seconds(60), Ok(facts(58)), "truncated"),
            (seconds(600), Ok(facts(588)), "verified"),
            (seconds(60), Ok(facts(0)), "failed"),
            (seconds(60), Err("disk full".to_owned()), "failed"),
            (None, Ok(facts(30)), "truncated"),
        ];
        for (expected, found, word) in cases {
            assert_eq!(verdict(expected, found.clone()).as_str(), word, "{expected:?} {found:?}");
        }
    }
}
