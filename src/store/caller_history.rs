//! Questions about the past of callers: their calls, and the story of one of them.

use cadran_engine::model::incoming::{CallerDisposition, CallerRecord};
use cadran_engine::model::{AgentId, CallId, DidId, FlowId, HangupCause, Phone, QueueId, Timestamp, TrunkId};

use super::db::Select;
use super::value::{Row, args};
use super::{Error, HistoryOrder, Page, Store};

/// Which calls of callers are wanted; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerFilter {
    /// Had last by this agent.
    pub agent: Option<AgentId>,
    /// To this number of ours.
    pub did: Option<DidId>,
    /// Arrived at this moment or later.
    pub from: Option<Timestamp>,
    /// From this number.
    pub phone: Option<Phone>,
    /// Waited in this queue.
    pub queue: Option<QueueId>,
    /// Arrived before this moment.
    pub until: Option<Timestamp>,
}

/// What was made of a caller's call, beside the call itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerMarks {
    /// What its flow says came of it.
    pub outcome: Option<String>,
    /// The tags that flows put on it, in the order of their text.
    pub tags: Vec<String>,
    /// What agents said of it, the latest last.
    pub dispositions: Vec<CallerDisposition>,
}

/// The queue of a caller's last wait.
const LAST_QUEUE: &str = "(select queue_id from queue_wait \
    where queue_wait.call_id = caller_call.call_id order by number desc limit 1)";

impl Store {
    /// A page of callers' calls that are over. Whoever is confined to teams sees those of their queues and agents.
    pub async fn caller_calls(
        &self,
        filter: CallerFilter,
        order: HistoryOrder,
        page: Page<CallId>,
    ) -> Result<Vec<CallerRecord>, Error> {
        let (behind, by) = match order {
            HistoryOrder::Earliest => (
                "(arrived_at, call_id) > (select arrived_at, call_id from caller_call where call_id = ?)",
                "arrived_at, call_id",
            ),
            HistoryOrder::Latest => (
                "(arrived_at, call_id) < (select arrived_at, call_id from caller_call where call_id = ?)",
                "arrived_at desc, call_id desc",
            ),
        };
        let waited_in = "exists (select 1 from queue_wait \
            where queue_wait.call_id = caller_call.call_id and queue_wait.queue_id = ?)";
        let rows = Select::new("select * from caller_call")
            .of_callers(LAST_QUEUE, "agent_id", &self.scope)
            .narrow("agent_id = ?", filter.agent)
            .narrow("did_id = ?", filter.did.map(DidId::as_i64))
            .narrow("arrived_at >= ?", filter.from)
            .narrow("phone = ?", filter.phone)
            .narrow(waited_in, filter.queue.map(QueueId::as_i64))
            .narrow("arrived_at < ?", filter.until)
            .narrow(behind, page.after)
            .page(&self.db, by, page.limit())
            .await?;
        rows.iter().map(read).collect()
    }

    /// A caller's call that is over.
    pub async fn caller_call(&self, id: CallId) -> Result<Option<CallerRecord>, Error> {
        let row = self.db.row("select * from caller_call where call_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// What flows and agents made of a caller's call.
    pub async fn caller_marks(&self, id: CallId) -> Result<CallerMarks, Error> {
        let mut marks = CallerMarks::default();
        let tags = "select label, is_outcome from call_tag where call_id = $1 order by label";
        for row in self.db.rows(tags, args![id]).await? {
            let label = row.get("label")?;
            if row.get("is_outcome")? {
                marks.outcome = Some(label);
            } else {
                marks.tags.push(label);
            }
        }
        let said = "select * from caller_disposition where call_id = $1 order by said_at";
        let said = self.db.rows(said, args![id]).await?;
        marks.dispositions = said.iter().map(read_disposition).collect::<Result<_, _>>()?;
        Ok(marks)
    }
}

fn read(row: &Row) -> Result<CallerRecord, Error> {
    let (flow, revision): (Option<i64>, Option<i64>) = (row.get("flow_id")?, row.get("revision")?);
    let revision = revision.and_then(|revision| u32::try_from(revision).ok());
    Ok(CallerRecord {
        id: row.get("call_id")?,
        did: row.get::<Option<i64>>("did_id")?.map(DidId::from_i64),
        trunk: row.get::<Option<i64>>("trunk_id")?.map(TrunkId::from_i64),
        phone: row.get("phone")?,
        flow: flow.map(FlowId::from_i64).zip(revision),
        path: row.json("path")?,
        waits: row.json("waits")?,
        before: row.get("before_call")?,
        agent: row.get("agent_id")?,
        arrived_at: row.get("arrived_at")?,
        answered_at: row.get("answered_at")?,
        connected_at: row.get("connected_at")?,
        ended_at: row.get("ended_at")?,
        ended_by: row.word("ended_by")?,
        cause: HangupCause { q850: row.get("cause_q850")?, sip: row.get("cause_sip")? },
    })
}

fn read_disposition(row: &Row) -> Result<CallerDisposition, Error> {
    Ok(CallerDisposition {
        call: row.get("call_id")?,
        agent: row.get("agent_id")?,
        queue: QueueId::from_i64(row.get("queue_id")?),
        code: row.get("code")?,
        note: row.get("note")?,
        at: row.get("said_at")?,
    })
}
