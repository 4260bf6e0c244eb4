//! What agents say of calls.

use cadran_engine::command::{DispositionRecord, LeadNext};
use cadran_engine::model::{AgentId, CallId, Timestamp};

use super::callback::{self, CallbackRecord, CallbackState};
use super::db::Tx;
use super::do_not_call::{self, DoNotCall};
use super::lead::{DoneReason, settle};
use super::value::{Row, args};
use super::{Error, erasure, quota, refusal};

/// What an agent said of a call, once. The latest counts; earlier ones are what it corrects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispositionKept {
    /// The call.
    pub call: CallId,
    /// When it was said.
    pub at: Timestamp,
    /// Who said so.
    pub agent: AgentId,
    /// One of the campaign's dispositions.
    pub code: String,
    /// Free text.
    pub note: String,
    /// The agreed moment of the next call.
    pub callback_at: Option<Timestamp>,
    /// Whether the number went on the do-not-call list.
    pub do_not_call: bool,
}

const INSERT: &str = "insert into disposition (call_id, said_at, agent_id, code, note, next_due_at, next_phone, \
    callback_at, do_not_call) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";

const LATEST: &str = "select next_due_at, next_phone, do_not_call from disposition where call_id = $1 \
    order by said_at desc limit 1";

/// Keeps what an agent said, with all that follows from it; the second time nothing.
pub(super) async fn save(tx: &mut Tx, said: &DispositionRecord) -> Result<(), Error> {
    let (due_at, phone) = match said.next {
        LeadNext::Again { due_at, phone } if !said.do_not_call => (Some(due_at), Some(i64::from(phone))),
        LeadNext::Again { .. } | LeadNext::Done => (None, None),
    };
    // Somebody may be erased between the call and the word.
    let is_erased = !erasure::among(tx, &[said.phone]).await?.is_empty();
    let (code, note) = (&said.code, if is_erased { "" } else { said.note.as_str() });
    let callback_at = said.callback.map(|agreed| agreed.at);
    let values =
        args![said.call, said.at, said.agent, code, note, due_at, phone, callback_at, said.do_not_call];
    if tx.execute(INSERT, values).await? == 0 {
        return Ok(());
    }
    match said.callback {
        Some(agreed) => {
            let callback = CallbackRecord {
                call: said.call,
                campaign: said.campaign,
                lead: said.lead,
                agent: said.agent,
                personal: agreed.personal,
                due_at: agreed.at,
                state: CallbackState::Open,
            };
            callback::agree(tx, &callback).await?;
        }
        None => {
            tx.execute("update callback set state = 'withdrawn' where call_id = $1", args![said.call])
                .await?;
        }
    }
    quota::count(tx, said.call, said.campaign, said.lead, said.success).await?;
    if said.do_not_call && !is_erased {
        do_not_call::add(tx, &entry(said)).await?;
    }
    refusal::follow(tx, said).await?;
    match latest(tx, said.call).await? {
        Some((next, reason)) => settle(tx, said.lead, next, reason, false, said.at).await,
        None => Ok(()),
    }
}

/// A person who asks an agent not to be called again is called by no campaign.
fn entry(said: &DispositionRecord) -> DoNotCall {
    DoNotCall {
        id: 0,
        phone: said.phone,
        campaign: None,
        seller: None,
        reason: said.code.clone(),
        until: None,
        added_by: said.agent.to_string(),
        at: said.at,
    }
}

/// What becomes of the lead by the latest word on a call.
pub(super) async fn latest(tx: &mut Tx, call: CallId) -> Result<Option<(LeadNext, DoneReason)>, Error> {
    let Some(row) = tx.row(LATEST, args![call]).await? else {
        return Ok(None);
    };
    let due_at: Option<Timestamp> = row.get("next_due_at")?;
    let phone: Option<u8> = row.get("next_phone")?;
    let next = match due_at.zip(phone) {
        Some((due_at, phone)) => LeadNext::Again { due_at, phone },
        None => LeadNext::Done,
    };
    let reason = if row.get("do_not_call")? { DoneReason::DoNotCall } else { DoneReason::Disposition };
    Ok(Some((next, reason)))
}

/// Reads what an agent said from a row that has all columns of `disposition`.
pub(super) fn read(row: &Row) -> Result<DispositionKept, Error> {
    Ok(DispositionKept {
        call: row.get("call_id")?,
        at: row.get("said_at")?,
        agent: row.get("agent_id")?,
        code: row.get("code")?,
        note: row.get("note")?,
        callback_at: row.get("callback_at")?,
        do_not_call: row.get("do_not_call")?,
    })
}
