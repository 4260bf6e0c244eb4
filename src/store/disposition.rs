//! What agents say of calls, and the callbacks they agree on.

use cadran_engine::command::{DispositionRecord, LeadNext};
use cadran_engine::model::{AgentId, CallId, CampaignId, LeadId, Timestamp};
use serde::{Deserialize, Serialize};

use super::db::{Select, Tx};
use super::do_not_call::{self, DoNotCall};
use super::lead::{DoneReason, settle};
use super::value::{Row, args};
use super::{Error, Page, Store};

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

/// An agreed redial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRecord {
    /// The call in which it was agreed.
    pub call: CallId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// With whom.
    pub lead: LeadId,
    /// Who agreed it.
    pub agent: AgentId,
    /// The agreed moment.
    pub due_at: Timestamp,
    /// What became of it.
    pub state: CallbackState,
}

/// What became of an agreed redial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackState {
    /// The person has not been reached since.
    Open,
    /// The person was reached.
    Kept,
    /// Corrected away, or the lead was finished.
    Withdrawn,
}

const INSERT: &str = "insert into disposition (call_id, said_at, agent_id, code, note, next_due_at, next_phone, \
    callback_at, do_not_call) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (call_id, said_at) do nothing";

const AGREE_CALLBACK: &str = "insert into callback (call_id, campaign_id, lead_id, agent_id, due_at, state) \
    values ($1, $2, $3, $4, $5, 'open') \
    on conflict (call_id) do update set agent_id = excluded.agent_id, due_at = excluded.due_at, state = 'open'";

const LATEST: &str = "select next_due_at, next_phone, do_not_call from disposition where call_id = $1 \
    order by said_at desc limit 1";

impl Store {
    /// Callbacks that are still to be kept, of one campaign or of all, the earliest first.
    pub async fn open_callbacks(
        &self,
        campaign: Option<CampaignId>,
        limit: u16,
    ) -> Result<Vec<CallbackRecord>, Error> {
        let select = Select::new("select * from callback")
            .narrow("state = ?", Some("open"))
            .narrow("campaign_id = ?", campaign);
        let limit = Page::<CallId> { after: None, limit }.limit();
        select.page(&self.db, "due_at, call_id", limit).await?.iter().map(read_callback).collect()
    }
}

/// Keeps what an agent said, with all that follows from it; the second time nothing.
pub(super) async fn save(tx: &mut Tx, said: &DispositionRecord) -> Result<(), Error> {
    let (due_at, phone) = match said.next {
        LeadNext::Again { due_at, phone } if !said.do_not_call => (Some(due_at), Some(i64::from(phone))),
        LeadNext::Again { .. } | LeadNext::Done => (None, None),
    };
    let (code, note) = (&said.code, &said.note);
    let values =
        args![said.call, said.at, said.agent, code, note, due_at, phone, said.callback_at, said.do_not_call];
    if tx.execute(INSERT, values).await? == 0 {
        return Ok(());
    }
    match said.callback_at {
        Some(at) => {
            tx.execute(AGREE_CALLBACK, args![said.call, said.campaign, said.lead, said.agent, at]).await?
        }
        None => {
            tx.execute("update callback set state = 'withdrawn' where call_id = $1", args![said.call]).await?
        }
    };
    if said.do_not_call {
        do_not_call::add(tx, &entry(said)).await?;
    }
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

/// The person was reached by `call`: what had been agreed before is kept.
pub(super) async fn callbacks_kept(tx: &mut Tx, lead: LeadId, call: CallId) -> Result<(), Error> {
    let sql = "update callback set state = 'kept' where lead_id = $1 and call_id <> $2 and state = 'open'";
    tx.execute(sql, args![lead, call]).await.map(drop)
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

/// Reads a callback from a row that has all columns of `callback`.
pub(super) fn read_callback(row: &Row) -> Result<CallbackRecord, Error> {
    Ok(CallbackRecord {
        call: row.get("call_id")?,
        campaign: row.get("campaign_id")?,
        lead: row.get("lead_id")?,
        agent: row.get("agent_id")?,
        due_at: row.get("due_at")?,
        state: row.word("state")?,
    })
}
