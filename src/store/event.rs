//! What of the engine's writes webhooks are told: ids and what does not name a person; numbers to those alone who are
//! told them.

use std::collections::BTreeSet;

use cadran_engine::command::Write;
use cadran_engine::model::{
    CallId, CampaignId, CampaignState, Phone, RecordingId, RecordingState, Timestamp,
};
use serde_json::{Value, json};

use super::db::Tx;
use super::webhook::{self, Event, EventKind};
use super::{Error, recording};

/// Puts the event that a write made true in the outbox, if somebody is told of such.
pub(super) async fn tell(tx: &mut Tx, write: &Write, told: &BTreeSet<EventKind>) -> Result<(), Error> {
    if told.is_empty() {
        return Ok(());
    }
    let event = match write {
        Write::CloseRecording { recording, state, expected } => {
            let began_at = recording::began_at(tx, *recording).await?;
            began_at.map(|began_at| recording_ready(*recording, state, began_at + *expected))
        }
        other => of_write(other),
    };
    match event.filter(|event| told.contains(&event.kind)) {
        Some(event) => webhook::put(tx, &event).await,
        None => Ok(()),
    }
}

/// The event that a write makes true, if it is one and the write says all of it.
fn of_write(write: &Write) -> Option<Event> {
    let (kind, id, at, data) = match write {
        Write::SaveCall(call) => {
            let data = json!({
                "call": call.id, "direction": "outbound", "attempt": call.attempt, "campaign": call.campaign, "lead": call.lead,
                "agent": call.agent, "answered_at": call.answered_at, "connected_at": call.connected_at,
                "ended_at": call.ended_at, "ended_by": call.ended_by,
                "talk_time": u64::try_from(call.talk_time().as_millis()).unwrap_or(u64::MAX),
            });
            return Some(call_ended(call.id, call.ended_at, data, Some(call.phone)));
        }
        Write::SaveCaller(call) => {
            let data = json!({
                "call": call.id, "direction": "inbound", "did": call.did, "agent": call.agent,
                "queue": call.waits.last().map(|wait| wait.queue), "arrived_at": call.arrived_at,
                "answered_at": call.answered_at, "connected_at": call.connected_at,
                "ended_at": call.ended_at, "ended_by": call.ended_by,
            });
            return Some(call_ended(call.id, call.ended_at, data, call.phone));
        }
        Write::CloseAttempt { attempt, outcome, ended_at, lead, .. } => (
            EventKind::LeadSettled,
            format!("evt_{attempt}_closed"),
            *ended_at,
            json!({ "lead": lead, "attempt": attempt, "outcome": outcome, "ended_at": ended_at }),
        ),
        Write::SaveAgentState { session, agent, state, reason, at } => (
            EventKind::AgentState,
            format!("evt_{session}_{}_{state}", at.as_millis()),
            *at,
            json!({ "agent": agent, "session": session, "state": state, "reason": reason, "since": at }),
        ),
        Write::SaveAttempt(_)
        | Write::SaveAnswers { .. }
        | Write::SaveCallback { .. }
        | Write::SaveCallerDisposition(_)
        | Write::SaveMessage(_)
        | Write::TagCall { .. }
        | Write::OpenSupervision(_)
        | Write::CloseSupervision { .. }
        | Write::ReleaseLead { .. }
        | Write::OpenRecording { .. }
        | Write::OpenGap { .. }
        | Write::CloseGap { .. }
        | Write::CloseRecording { .. }
        | Write::SaveDisposition(_)
        | Write::OpenSession { .. }
        | Write::SavePacing { .. }
        | Write::SaveLearnt { .. }
        | Write::CloseSession { .. } => return None,
    };
    Some(Event { kind, id, at, data, data_with_numbers: None })
}

/// The name of the event that a call is over.
pub(super) fn call_ended_id(call: CallId) -> String {
    format!("evt_{call}_ended")
}

/// A call is over, whoever called.
fn call_ended(call: CallId, at: Timestamp, data: Value, phone: Option<Phone>) -> Event {
    let mut with_numbers = data.clone();
    with_numbers["phone"] = phone.map(Phone::e164).into();
    let id = call_ended_id(call);
    Event { kind: EventKind::CallEnded, id, at, data, data_with_numbers: Some(with_numbers) }
}

/// A recording is on the disk, or it is known why not.
fn recording_ready(recording: RecordingId, state: &RecordingState, at: Timestamp) -> Event {
    let duration = state.facts().and_then(|facts| u64::try_from(facts.duration.as_millis()).ok());
    Event {
        kind: EventKind::RecordingReady,
        id: format!("evt_{recording}_closed"),
        at,
        data: json!({ "recording": recording, "call": recording.call, "state": state.as_str(), "duration": duration }),
        data_with_numbers: None,
    }
}

/// A campaign was started, paused or finished.
pub(super) fn campaign_state(campaign: CampaignId, state: CampaignState, rev: i64, now: Timestamp) -> Event {
    Event {
        kind: EventKind::CampaignState,
        id: format!("evt_{campaign}_{rev}"),
        at: now,
        data: json!({ "campaign": campaign, "state": state.as_str() }),
        data_with_numbers: None,
    }
}
