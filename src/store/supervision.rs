//! Acts of supervision: who took part in whose conversation, how, how long and why.

use cadran_engine::model::{
    AgentId, CallId, Supervised, SupervisionEnd, SupervisionId, SupervisionMode, Timestamp,
};

use super::audit::{self, Act, Ended};
use super::db::{Select, Tx};
use super::value::{Row, args};
use super::write::Desk;
use super::{Error, Page, Store};

/// One act of supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisionRecord {
    /// What it was.
    pub act: Supervised,
    /// When it ended; none while it goes on.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub end: Option<SupervisionEnd>,
}

/// Which acts are wanted; without a value all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SupervisionFilter {
    /// About this agent.
    pub agent: Option<AgentId>,
    /// In this conversation.
    pub call: Option<CallId>,
    /// Begun at this moment or later.
    pub from: Option<Timestamp>,
    /// Of this kind.
    pub mode: Option<SupervisionMode>,
    /// By this supervisor.
    pub supervisor: Option<AgentId>,
    /// Begun before this moment.
    pub until: Option<Timestamp>,
}

const INSERT: &str = "insert into supervision (supervision_id, holder, user_id, supervisor_id, agent_id, call_id, \
    mode, reason, began_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";

const CLOSE: &str = "update supervision set ended_at = $2, ended_because = $3 \
    where supervision_id = $1 and ended_at is null returning *";

const CLOSE_ALL: &str = "update supervision set ended_at = $2, ended_because = $3 \
    where holder = $1 and ended_at is null returning *";

impl Store {
    /// Acts of supervision, the latest first.
    pub async fn supervision(
        &self,
        filter: SupervisionFilter,
        page: Page<SupervisionId>,
    ) -> Result<Vec<SupervisionRecord>, Error> {
        let rows = Select::new("select * from supervision")
            .of_agents("agent_id", &self.scope)
            .narrow("agent_id = ?", filter.agent)
            .narrow("call_id = ?", filter.call)
            .narrow("began_at >= ?", filter.from)
            .narrow("mode = ?", filter.mode.map(SupervisionMode::as_str))
            .narrow("supervisor_id = ?", filter.supervisor)
            .narrow("began_at < ?", filter.until)
            .narrow(
                "(began_at, supervision_id) < \
                 (select began_at, supervision_id from supervision where supervision_id = ?)",
                page.after,
            )
            .page(&self.db, "began_at desc, supervision_id desc", page.limit())
            .await?;
        rows.iter().map(read).collect()
    }
}

/// Keeps that an act began; the second time nothing.
pub(super) async fn open(tx: &mut Tx, act: &Supervised, desk: &Desk) -> Result<(), Error> {
    let values = args![
        act.id,
        &desk.holder,
        act.user,
        act.supervisor,
        act.agent,
        act.call,
        act.mode.as_str(),
        &act.reason,
        act.began_at,
    ];
    tx.execute(INSERT, values).await.map(drop)
}

/// Keeps that an act ended, once: in its row and in the audit log.
pub(super) async fn close(
    tx: &mut Tx,
    act: SupervisionId,
    at: Timestamp,
    end: SupervisionEnd,
) -> Result<(), Error> {
    match tx.row(CLOSE, args![act, at, end.as_str()]).await? {
        Some(row) => write_down(tx, &read(&row)?).await,
        None => Ok(()),
    }
}

/// Closes what a daemon left open that died: whoever takes over its Asterisk ends every ear.
pub(super) async fn close_all(tx: &mut Tx, holder: &str, at: Timestamp) -> Result<(), Error> {
    for row in tx.rows(CLOSE_ALL, args![holder, at, SupervisionEnd::Restart.as_str()]).await? {
        write_down(tx, &read(&row)?).await?;
    }
    Ok(())
}

/// Tells the audit log how long an act lasted and why it ended. That of its beginning is the entry of the request.
async fn write_down(tx: &mut Tx, record: &SupervisionRecord) -> Result<(), Error> {
    let SupervisionRecord { act, ended_at: Some(at), end: Some(because) } = record else { return Ok(()) };
    let way = match act.mode {
        SupervisionMode::Barge => "barge",
        SupervisionMode::Listen => "listen",
        SupervisionMode::TakeOver => "take-over",
        SupervisionMode::Whisper => "whisper",
    };
    let entry = Act {
        at: *at,
        user: Some(act.user),
        key: None,
        action: format!("END /api/calls/{{call}}/{way}"),
        target: format!("/api/calls/{}/{way}", act.call),
        address: String::new(),
        request: act.id.to_string(),
        status: 0,
        reason: Some(act.reason.clone()).filter(|reason| !reason.trim().is_empty()),
        before: None,
        after: None,
        ended: Some(Ended { lasted: at.since(act.began_at), because: *because }),
    };
    audit::append(tx, &entry).await.map(drop)
}

fn read(row: &Row) -> Result<SupervisionRecord, Error> {
    let end: Option<String> = row.get("ended_because")?;
    Ok(SupervisionRecord {
        act: Supervised {
            id: row.get("supervision_id")?,
            user: row.get("user_id")?,
            supervisor: row.get("supervisor_id")?,
            agent: row.get("agent_id")?,
            call: row.get("call_id")?,
            mode: row.word("mode")?,
            began_at: row.get("began_at")?,
            reason: row.get("reason")?,
        },
        ended_at: row.get("ended_at")?,
        end: end.map(|_| row.word("ended_because")).transpose()?,
    })
}
