//! Attempts: the row that is durable before the network hears of a dial, and how the dial ended.

use std::time::Duration;

use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{Attempt, AttemptId, CallId, HangupCause, Outcome, Screened, Timestamp};

use super::claim::settle_blocked;
use super::db::Tx;
use super::do_not_call::blocked;
use super::lease::still_ours;
use super::value::{Row, args};
use super::write::Desk;
use super::{Error, quota};

/// A dial and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// What was known when it was placed.
    pub attempt: Attempt,
    /// How it ended; none while it has not.
    pub outcome: Option<Outcome>,
    /// What the network gave as the reason.
    pub cause: HangupCause,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What answering machine detection said; none when it was not asked, or the dial goes on.
    pub screened: Option<Screened>,
}

const INSERT: &str = "insert into attempt (attempt_id, call_id, leg_id, holder, campaign_id, list_id, lead_id, phone, \
    caller_id, trunk_id, agent_id, started_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const BEGIN: &str = "update lead set state = 'in_attempt', updated_at = $3 \
    where lead_id = $1 and state = 'claimed' and claimed_by = $2";

const CLOSE: &str = "update attempt set outcome = $2, cause_q850 = $3, cause_sip = $4, ended_at = $5, \
    amd_verdict = $6, amd_cause = $7, amd_after = $8 \
    where attempt_id = $1 and outcome is null returning call_id";

const CLAIM_AGAIN: &str = "update lead set state = 'claimed' where lead_id = $1 and state = 'in_attempt' \
    and not exists (select 1 from attempt where attempt.lead_id = lead.lead_id and outcome is null)";

/// Makes the attempt durable, unless the last look finds a reason against it. A repetition gives the same answer.
pub(super) async fn save(tx: &mut Tx, attempt: &Attempt, desk: &Desk) -> Result<StoreEvent, Error> {
    let id = attempt.id;
    if tx.row("select 1 as one from attempt where attempt_id = $1", args![id]).await?.is_some() {
        return Ok(StoreEvent::AttemptSaved { attempt: id });
    }
    let refused = |refusal| StoreEvent::AttemptRefused { attempt: id, refusal };
    if !still_ours(tx, desk.lease.as_ref()).await? {
        return Ok(refused(AttemptRefusal::LeadGone));
    }
    let (lead, now) = (attempt.lead, attempt.started_at);
    if tx.execute(BEGIN, args![lead, &desk.holder, now]).await? == 0 {
        return Ok(refused(AttemptRefusal::LeadGone));
    }
    if quota::give_back_if_reached(tx, lead).await? {
        return Ok(refused(AttemptRefusal::LeadGone));
    }
    let hits = blocked(tx, &[attempt.phone], attempt.campaign, now).await?;
    if !hits.is_empty() {
        settle_blocked(tx, lead, &hits, now).await?;
        return Ok(refused(AttemptRefusal::DoNotCall));
    }
    let values = args![
        id,
        attempt.call,
        attempt.leg,
        &desk.holder,
        attempt.campaign,
        attempt.list,
        lead,
        attempt.phone,
        attempt.caller_id,
        attempt.trunk,
        attempt.agent,
        now,
    ];
    tx.execute(INSERT, values).await?;
    Ok(StoreEvent::AttemptSaved { attempt: id })
}

/// Takes back an attempt that was refused while the database was away: it may have become durable all the same, when
/// only the answer to the commit was lost. It was never placed, and its lead is in the hopper again.
pub(super) async fn take_back(tx: &mut Tx, attempt: &Attempt) -> Result<(), Error> {
    tx.execute("delete from attempt where attempt_id = $1 and outcome is null", args![attempt.id]).await?;
    tx.execute(CLAIM_AGAIN, args![attempt.lead]).await.map(drop)
}

/// Says how an attempt ended. Gives the call, the first time.
pub(super) async fn close(
    tx: &mut Tx,
    attempt: AttemptId,
    outcome: Outcome,
    cause: HangupCause,
    ended_at: Timestamp,
    screened: Option<&Screened>,
) -> Result<Option<CallId>, Error> {
    let values = args![
        attempt,
        outcome.as_str(),
        cause.q850,
        cause.sip,
        ended_at,
        screened.map(|screened| screened.verdict.as_str()),
        screened.map(|screened| screened.cause.as_str()),
        screened.map(|screened| i64::try_from(screened.after.as_millis()).unwrap_or(i64::MAX)),
    ];
    let row = tx.row(CLOSE, values).await?;
    row.map(|row| row.get("call_id")).transpose()
}

/// Reads an attempt from a row that has all columns of `attempt`.
pub(super) fn read(row: &Row) -> Result<AttemptRecord, Error> {
    Ok(AttemptRecord {
        attempt: Attempt {
            id: row.get("attempt_id")?,
            call: row.get("call_id")?,
            leg: row.get("leg_id")?,
            campaign: row.get("campaign_id")?,
            list: row.get("list_id")?,
            lead: row.get("lead_id")?,
            phone: row.get("phone")?,
            caller_id: row.get("caller_id")?,
            trunk: row.get("trunk_id")?,
            agent: row.get("agent_id")?,
            started_at: row.get("started_at")?,
        },
        outcome: row.get("outcome")?,
        cause: HangupCause {
            q850: row.get::<Option<u16>>("cause_q850")?.unwrap_or_default(),
            sip: row.get("cause_sip")?,
        },
        ended_at: row.get("ended_at")?,
        screened: read_screened(row)?,
    })
}

fn read_screened(row: &Row) -> Result<Option<Screened>, Error> {
    let Some(verdict) = row.get("amd_verdict")? else {
        return Ok(None);
    };
    let after = Duration::from_millis(row.get("amd_after")?);
    Ok(Some(Screened { verdict, cause: row.get("amd_cause")?, after }))
}
