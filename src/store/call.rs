//! Answered calls. What a call shares with its attempt is kept there alone.

use cadran_engine::model::HangupCause;
use cadran_engine::model::attempt::CallRecord;

use super::Error;
use super::db::Tx;
use super::value::{Row, args};

/// The columns of an answered call with those of its attempt that it shares. `where` and order are to follow.
pub(super) const SELECT: &str = "select call.call_id, attempt_id, campaign_id, lead_id, phone, call.agent_id, \
    answered_at, connected_at, message_at, call.ended_at, ended_by, call.cause_q850, call.cause_sip \
    from call join attempt on attempt.call_id = call.call_id";

const INSERT: &str = "insert into call (call_id, agent_id, answered_at, connected_at, ended_at, ended_by, cause_q850, \
    cause_sip, message_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";

/// Keeps an answered call; the second time nothing.
pub(super) async fn save(tx: &mut Tx, call: &CallRecord) -> Result<(), Error> {
    let values = args![
        call.id,
        call.agent,
        call.answered_at,
        call.connected_at,
        call.ended_at,
        call.ended_by.as_str(),
        call.cause.q850,
        call.cause.sip,
        call.message_at,
    ];
    tx.execute(INSERT, values).await.map(drop)
}

/// Reads a call from a row of [`SELECT`].
pub(super) fn read(row: &Row) -> Result<CallRecord, Error> {
    Ok(CallRecord {
        id: row.get("call_id")?,
        attempt: row.get("attempt_id")?,
        campaign: row.get("campaign_id")?,
        lead: row.get("lead_id")?,
        phone: row.get("phone")?,
        agent: row.get("agent_id")?,
        answered_at: row.get("answered_at")?,
        connected_at: row.get("connected_at")?,
        message_at: row.get("message_at")?,
        ended_at: row.get("ended_at")?,
        ended_by: row.word("ended_by")?,
        cause: HangupCause { q850: row.get("cause_q850")?, sip: row.get("cause_sip")? },
    })
}
