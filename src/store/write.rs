//! Carrying out one [`Write`] of the engine, within a transaction.
//!
//! Invariant: carrying out a write a second time changes nothing. After a crash, or when the answer to a commit was
//! lost, nobody needs to know whether the first time counted.

use std::sync::Arc;

use cadran_engine::command::Write;
use cadran_engine::dialer::compliance::Pack;
use cadran_engine::model::{Outcome, Verdict};

use super::db::Tx;
use super::lead::{DoneReason, settle};
use super::lease::Lease;
use super::value::args;
use super::{
    Error, abandonment, attempt, call, callback, caller, caller_callback, disposition, learnt, pacing,
    recording, recording_gap, session, supervision,
};

/// On whose behalf the daemon writes.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    /// The Asterisk server that the daemon drives: it owns leads, attempts and sessions. Whoever drives it next
    /// finds them under the same name.
    pub(super) holder: String,
    /// The right to drive it. Without it no attempt is saved.
    pub(super) lease: Option<Lease>,
    /// The law.
    pub(super) packs: Arc<[Pack]>,
}

const RELEASE: &str = "update lead set state = 'waiting', due_at = $3, ripe = false, claimed_by = null, claimed_until = null \
    where lead_id = $1 and state = 'claimed' and claimed_by = $2";

/// Carries out a write that nobody waits for, which is every one but attempts: see [`attempt::Saving`]. Ends of
/// supervision are carried out with the audit log's turn.
pub(super) async fn apply(tx: &mut Tx, write: &Write, desk: &Desk) -> Result<(), Error> {
    match write {
        // The writer brings attempts to `attempt::Saving`, all of a group at once.
        Write::SaveAttempt(_) => {}
        Write::CloseAttempt { attempt, outcome, cause, ended_at, screened, person_chance, lead, next } => {
            let (outcome, screened) = (outcome, screened.as_ref());
            let end = attempt::End {
                outcome: *outcome,
                cause: *cause,
                ended_at: *ended_at,
                screened,
                person_chance: *person_chance,
            };
            if screened.is_some_and(|screened| screened.verdict == Verdict::Machine) {
                abandonment::nobody_answered(tx, *attempt).await?;
            }
            if let Some(call) = attempt::close(tx, *attempt, end).await? {
                if *outcome == Outcome::Answered {
                    callback::kept(tx, *lead, call).await?;
                }
                // An agent may have spoken while the line was still up; their word counts more than the outcome.
                let said = disposition::latest(tx, call).await?;
                let (next, reason) = said.unwrap_or((*next, DoneReason::Outcome));
                settle(tx, *lead, next, reason, true, *ended_at).await?;
            }
        }
        Write::SaveCall(record) => {
            call::save(tx, record).await?;
            abandonment::keep(tx, record, &desk.packs).await?;
            recording::had_by(tx, record.id, record.agent).await?;
        }
        Write::SaveCaller(call) => caller::save(tx, call).await?,
        Write::SaveCallerDisposition(said) => caller::dispose(tx, said).await?,
        Write::SaveMessage(message) => caller::leave_message(tx, message).await?,
        Write::SaveAnswers { call, survey, answers, at } => {
            caller::answer(tx, *call, survey, answers, *at).await?;
        }
        Write::SaveCallback { callback, standing, by, at } => {
            caller_callback::save(tx, callback, *standing, *by, *at, &desk.holder).await?;
        }
        Write::TagCall { call, outcome, labels } => {
            caller::tag(tx, *call, outcome.as_deref(), labels).await?
        }
        Write::ReleaseLead { lead, due_at } => {
            tx.execute(RELEASE, args![*lead, &desk.holder, *due_at]).await?;
        }
        Write::OpenRecording { recording, caller, started_at } => {
            recording::open(tx, *recording, caller.as_ref(), *started_at, &desk.holder).await?;
        }
        Write::OpenGap { recording, at, reason } => recording_gap::open(tx, *recording, *at, reason).await?,
        Write::CloseGap { recording, at } => recording_gap::close(tx, *recording, *at).await?,
        Write::CloseRecording { recording, state, expected } => {
            recording::close(tx, *recording, state, *expected).await?;
        }
        Write::SaveDisposition(said) => disposition::save(tx, said).await?,
        Write::OpenSupervision(act) => supervision::open(tx, act, desk).await?,
        // The writer brings ends of supervision to [`supervision::close`], behind all else of a group.
        Write::CloseSupervision { .. } => {}
        Write::OpenSession { session, agent, campaigns, at } => {
            session::open(tx, *session, *agent, campaigns, *at, desk).await?;
        }
        Write::SaveAgentState { session, agent: _, state, reason, at } => {
            session::save_state(tx, *session, state, reason.as_ref(), *at).await?;
        }
        Write::SavePacing { campaign, span, line } => pacing::save(tx, *campaign, *span, line).await?,
        Write::SaveLearnt { campaign, at, learnt } => learnt::save(tx, *campaign, *at, learnt).await?,
        Write::CloseSession { session, at } => session::close(tx, *session, *at).await?,
    }
    Ok(())
}

/// What a write is about, for a log line: ids only.
pub(super) fn subject(write: &Write) -> String {
    match write {
        Write::SaveAttempt(attempt) => format!("save {}", attempt.id),
        Write::CloseAttempt { attempt, .. } => format!("close {attempt}"),
        Write::SaveCall(call) => format!("save {}", call.id),
        Write::SaveCaller(call) => format!("save {}", call.id),
        Write::SaveCallerDisposition(said) => format!("save what was said of {}", said.call),
        Write::SaveMessage(message) => format!("save {}", message.id),
        Write::SaveAnswers { call, .. } => format!("save the answers of {call}"),
        Write::SaveCallback { callback, .. } => format!("save the callback of {}", callback.id),
        Write::TagCall { call, .. } => format!("tag {call}"),
        Write::ReleaseLead { lead, .. } => format!("release {lead}"),
        Write::OpenRecording { recording, .. } => format!("open {recording}"),
        Write::OpenGap { recording, .. } => format!("open a gap of {recording}"),
        Write::CloseGap { recording, .. } => format!("close the gap of {recording}"),
        Write::CloseRecording { recording, .. } => format!("close {recording}"),
        Write::SaveDisposition(said) => format!("save what was said of {}", said.call),
        Write::OpenSupervision(act) => format!("open {}", act.id),
        Write::CloseSupervision { act, .. } => format!("close {act}"),
        Write::OpenSession { session, .. } => format!("open {session}"),
        Write::SaveAgentState { session, state, .. } => format!("save state {state} of {session}"),
        Write::SavePacing { campaign, .. } => format!("save the pacing of {campaign}"),
        Write::SaveLearnt { campaign, .. } => format!("save what {campaign} has learnt"),
        Write::CloseSession { session, .. } => format!("close {session}"),
    }
}
