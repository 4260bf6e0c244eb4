//! Agents' working times and their time sheet.

use cadran_engine::model::{AgentId, CampaignId, PauseReason, SessionId, Timestamp};

use super::db::{Select, Tx};
use super::value::{Row, Value, args, json};
use super::write::Desk;
use super::{Error, Page, Store};

/// An agent's working time, from log-in to log-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSessionRecord {
    /// The working time.
    pub id: SessionId,
    /// Whose.
    pub agent: AgentId,
    /// For which campaigns.
    pub campaigns: Vec<CampaignId>,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; none while it goes on.
    pub ended_at: Option<Timestamp>,
}

/// One line of a time sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSpan {
    /// The working time it belongs to.
    pub session: SessionId,
    /// The word for the state.
    pub state: String,
    /// Why, when paused.
    pub reason: Option<PauseReason>,
    /// Since when.
    pub from: Timestamp,
    /// Until when; none while it lasts.
    pub until: Option<Timestamp>,
}

const TIME_SHEET: &str = "select agent_state.*, \
    coalesce(lead(agent_state.began_at) over (partition by session_id order by agent_state_id), ended_at) as until \
    from agent_state join agent_session using (session_id) \
    where agent_id = $1 and agent_session.began_at < $3 and coalesce(ended_at, $3) >= $2 \
    order by agent_state_id limit $4";

impl Store {
    /// Working times, of one agent or of all, the latest first.
    pub async fn agent_sessions(
        &self,
        agent: Option<AgentId>,
        page: Page<SessionId>,
    ) -> Result<Vec<AgentSessionRecord>, Error> {
        let select = Select::new("select * from agent_session").narrow("agent_id = ?", agent).narrow(
            "(began_at, session_id) < (select began_at, session_id from agent_session where session_id = ?)",
            page.after,
        );
        let rows = select.page(&self.db, "began_at desc, session_id desc", page.limit()).await?;
        rows.iter().map(read_session).collect()
    }

    /// The states of an agent in the working times that touch the span from `from` to before `until`.
    pub async fn time_sheet(
        &self,
        agent: AgentId,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<StateSpan>, Error> {
        // An agent changes state a few times a call: this is some weeks of work.
        const SPANS_MAX: u16 = 20_000;
        let rows = self.db.rows(TIME_SHEET, args![agent, from, until, SPANS_MAX]).await?;
        rows.iter().map(read_span).collect()
    }
}

/// Keeps that a working time began; the second time nothing.
pub(super) async fn open(
    tx: &mut Tx,
    session: SessionId,
    agent: AgentId,
    campaigns: &[CampaignId],
    at: Timestamp,
    desk: &Desk,
) -> Result<(), Error> {
    let sql = "insert into agent_session (session_id, agent_id, holder, campaigns, began_at) \
               values ($1, $2, $3, $4, $5) on conflict do nothing";
    tx.execute(sql, args![session, agent, &desk.holder, json(&campaigns)?, at]).await.map(drop)
}

/// Keeps that a working time ended, once.
pub(super) async fn close(tx: &mut Tx, session: SessionId, at: Timestamp) -> Result<(), Error> {
    let sql = "update agent_session set ended_at = $2 where session_id = $1 and ended_at is null";
    tx.execute(sql, args![session, at]).await.map(drop)
}

/// Keeps a line of the time sheet; the second time nothing.
pub(super) async fn save_state(
    tx: &mut Tx,
    session: SessionId,
    state: &str,
    reason: Option<&PauseReason>,
    at: Timestamp,
) -> Result<(), Error> {
    let reason = reason.map(json).transpose()?.unwrap_or(Value::Json(None));
    let sql = "insert into agent_state (session_id, state, reason, began_at) values ($1, $2, $3, $4) \
               on conflict do nothing";
    tx.execute(sql, args![session, state, reason, at]).await.map(drop)
}

/// Reads a working time from a row that has all columns of `agent_session`.
pub(super) fn read_session(row: &Row) -> Result<AgentSessionRecord, Error> {
    Ok(AgentSessionRecord {
        id: row.get("session_id")?,
        agent: row.get("agent_id")?,
        campaigns: row.json("campaigns")?,
        began_at: row.get("began_at")?,
        ended_at: row.get("ended_at")?,
    })
}

fn read_span(row: &Row) -> Result<StateSpan, Error> {
    Ok(StateSpan {
        session: row.get("session_id")?,
        state: row.get("state")?,
        reason: row.json_if_any("reason")?,
        from: row.get("began_at")?,
        until: row.get("until")?,
    })
}
