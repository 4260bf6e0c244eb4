//! Callbacks: moments that were agreed with people.
//!
//! A promise outlives what happens around it: it is shown with what stands in its way, and ends only when it is kept,
//! corrected, or the lead is finished. It is never deleted.

use std::collections::BTreeMap;

use cadran_engine::model::{AgentId, CallId, CampaignId, LeadId, Promise, Timestamp, Zone};
use serde::{Deserialize, Serialize};

use super::db::{Lane, Select, Sql, Tx, upsert};
use super::value::{Row, args, json};
use super::{Error, Page, Store};

/// An agreed redial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackRecord {
    /// The call in which it was agreed.
    pub call: CallId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// With whom.
    pub lead: LeadId,
    /// Who agreed it, or has taken it over.
    pub agent: AgentId,
    /// Whether it was promised that this agent would call, rather than anybody.
    pub personal: bool,
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

/// A callback that is still to be kept, with what may stand in its way.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenCallback {
    /// What was agreed.
    pub callback: CallbackRecord,
    /// How the person or company is called.
    pub name: String,
    /// Where they live.
    pub zone: Zone,
    /// Whether their list is switched on.
    pub list_enabled: bool,
    /// Whether their list is dialled: also no quota of it is reached.
    pub list_dialled: bool,
    /// Whether their preferred number is on a do-not-call list that applies.
    pub blocked: bool,
}

/// Which callbacks are wanted; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackFilter {
    /// Of one campaign.
    pub campaign: Option<CampaignId>,
    /// Agreed or taken over by one agent.
    pub agent: Option<AgentId>,
    /// Of one call.
    pub call: Option<CallId>,
}

const AGREE: Sql = upsert!(
    "insert into callback (call_id, campaign_id, lead_id, agent_id, personal, due_at, state) \
    values ($1, $2, $3, $4, $5, $6, 'open')",
    "call_id",
    "set agent_id = excluded.agent_id, \
    personal = excluded.personal, due_at = excluded.due_at, state = 'open'"
);

const CHANGE: &str = "update callback set agent_id = $2, personal = $3, due_at = $4 \
    where call_id = $1 and state = 'open' returning lead_id";

/// A lead that is in hand or being dialled keeps its course; the next time it waits the promise counts.
const PUT_OFF: &str = "update lead set due_at = $2, ripe = false, updated_at = $3 \
    where lead_id = $1 and state = 'waiting' and callback";

const PROMISES: Sql = Sql {
    postgres: "select lead_id, agent_id, due_at from callback where state = 'open' and personal \
        and lead_id in (select cast(id as bigint) from jsonb_array_elements_text($1) as id) order by due_at",
    sqlite: "select lead_id, agent_id, due_at from callback where state = 'open' and personal \
        and lead_id in (select value from json_each($1)) order by due_at",
};

const OPEN: &str = "select callback.*, lead.name, lead.zone, list.enabled as list_enabled, \
    exists (select 1 from dialled_list where dialled_list.list_id = lead.list_id) as list_dialled, \
    exists (select 1 from do_not_call where do_not_call.phone = lead.phone \
        and (do_not_call.campaign_id is null or do_not_call.campaign_id = callback.campaign_id)) as blocked \
    from callback join lead on lead.lead_id = callback.lead_id join list on list.list_id = lead.list_id";

impl Store {
    /// Callbacks that are still to be kept, the earliest first.
    pub async fn open_callbacks(
        &self,
        filter: CallbackFilter,
        page: Page<CallId>,
    ) -> Result<Vec<OpenCallback>, Error> {
        let behind =
            "(callback.due_at, callback.call_id) > (select due_at, call_id from callback where call_id = ?)";
        let select = Select::new(OPEN)
            .of_campaigns("callback.campaign_id", &self.scope)
            .narrow("callback.state = ?", Some("open"))
            .narrow("callback.campaign_id = ?", filter.campaign)
            .narrow("callback.agent_id = ?", filter.agent)
            .narrow("callback.call_id = ?", filter.call)
            .narrow(behind, page.after);
        let rows = select.page(&self.db, "callback.due_at, callback.call_id", page.limit()).await?;
        rows.iter().map(read_open).collect()
    }

    /// Gives a callback another moment or another agent. [`Error::NotFound`] when it is not open any more.
    pub async fn change_callback(
        &self,
        call: CallId,
        agent: AgentId,
        personal: bool,
        due_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let row = tx.row(CHANGE, args![call, agent, personal, due_at]).await?;
        let lead: LeadId = row.ok_or(Error::NotFound("open callback"))?.get("lead_id")?;
        tx.execute(PUT_OFF, args![lead, due_at, now]).await?;
        tx.commit().await
    }
}

/// Keeps what was agreed in a call; a correction takes the place of what was agreed before.
pub(super) async fn agree(tx: &mut Tx, callback: &CallbackRecord) -> Result<(), Error> {
    let CallbackRecord { call, campaign, lead, agent, personal, due_at, state: _ } = *callback;
    tx.execute(AGREE, args![call, campaign, lead, agent, personal, due_at]).await.map(drop)
}

/// The person was reached by `call`: what had been agreed before is kept.
pub(super) async fn kept(tx: &mut Tx, lead: LeadId, call: CallId) -> Result<(), Error> {
    let sql = "update callback set state = 'kept' where lead_id = $1 and call_id <> $2 and state = 'open'";
    tx.execute(sql, args![lead, call]).await.map(drop)
}

/// What agents promised to do themselves, of these leads.
pub(super) async fn promises(tx: &mut Tx, leads: &[LeadId]) -> Result<BTreeMap<LeadId, Promise>, Error> {
    let ids: Vec<i64> = leads.iter().map(|lead| lead.as_i64()).collect();
    let rows = tx.rows(PROMISES, args![json(&ids)?]).await?;
    let promises = rows.iter().map(|row| {
        let promise = Promise { agent: row.get("agent_id")?, due_at: row.get("due_at")? };
        Ok((row.get("lead_id")?, promise))
    });
    promises.collect()
}

/// Reads a callback from a row that has all columns of `callback`.
pub(super) fn read(row: &Row) -> Result<CallbackRecord, Error> {
    Ok(CallbackRecord {
        call: row.get("call_id")?,
        campaign: row.get("campaign_id")?,
        lead: row.get("lead_id")?,
        agent: row.get("agent_id")?,
        personal: row.get("personal")?,
        due_at: row.get("due_at")?,
        state: row.word("state")?,
    })
}

fn read_open(row: &Row) -> Result<OpenCallback, Error> {
    Ok(OpenCallback {
        callback: read(row)?,
        name: row.get("name")?,
        zone: row.get("zone")?,
        list_enabled: row.get("list_enabled")?,
        list_dialled: row.get("list_dialled")?,
        blocked: row.get("blocked")?,
    })
}
