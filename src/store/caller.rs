//! Callers: their calls, their waits in queues, what agents said of them, their answers and what they were promised.

use cadran_engine::model::incoming::{CallerDisposition, CallerRecord, MessageRecord};
use cadran_engine::model::{AgentId, CallId, DidId, Phone, QueueId, Timestamp};

use super::db::Tx;
use super::value::{args, json};
use super::{Error, Store};

const INSERT: &str = "insert into caller_call (call_id, did_id, trunk_id, phone, flow_id, revision, path, waits, \
    agent_id, arrived_at, answered_at, connected_at, ended_at, ended_by, cause_q850, cause_sip, before_call) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) on conflict do nothing";

const INSERT_WAIT: &str = "insert into queue_wait (call_id, number, queue_id, since, waited, outcome) \
    values ($1, $2, $3, $4, $5, $6) on conflict do nothing";

const INSERT_DISPOSITION: &str = "insert into caller_disposition (call_id, said_at, agent_id, queue_id, code, note) \
    values ($1, $2, $3, $4, $5, $6) on conflict do nothing";

const INSERT_ANSWER: &str = "insert into survey_answer (call_id, survey, question, answer, answered_at) \
    values ($1, $2, $3, $4, $5) on conflict do nothing";

const INSERT_TAG: &str = "insert into call_tag (call_id, label, is_outcome) values ($1, $2, $3) \
    on conflict do nothing";

const INSERT_MESSAGE: &str = "insert into message (message_id, mailbox_id, call_id, caller, left_at, duration, file, \
    mail_due_at, notify) select $1, mailbox_id, $3, $4, $5, $6, $7, $8, $9 from mailbox where mailbox_id = $2 \
    on conflict do nothing";

/// Keeps a caller's call; the second time nothing.
pub(super) async fn save(tx: &mut Tx, call: &CallerRecord) -> Result<(), Error> {
    let phone = call.phone.map(Phone::e164);
    let values = args![
        call.id,
        call.did.map(|did| did.as_i64()),
        call.trunk.map(|trunk| trunk.as_i64()),
        phone.as_deref(),
        call.flow.map(|(flow, _)| flow.as_i64()),
        call.flow.map(|(_, revision)| i64::from(revision)),
        json(&call.path)?,
        json(&call.waits)?,
        call.agent,
        call.arrived_at,
        call.answered_at,
        call.connected_at,
        call.ended_at,
        call.ended_by.as_str(),
        call.cause.q850,
        call.cause.sip,
        call.before,
    ];
    tx.execute(INSERT, values).await?;
    for (number, wait) in (1_i64..).zip(&call.waits) {
        let waited = i64::try_from(wait.waited.as_millis()).unwrap_or(i64::MAX);
        let values = args![call.id, number, wait.queue.as_i64(), wait.since, waited, wait.exit.as_str()];
        tx.execute(INSERT_WAIT, values).await?;
    }
    Ok(())
}

/// Keeps what an agent said of a caller's call; the second time nothing.
pub(super) async fn dispose(tx: &mut Tx, said: &CallerDisposition) -> Result<(), Error> {
    let values = args![said.call, said.at, said.agent, said.queue.as_i64(), &said.code, &said.note];
    tx.execute(INSERT_DISPOSITION, values).await.map(drop)
}

/// Keeps a message; the second time nothing. Nor is one kept whose mailbox is gone. It is mailed when anybody is to be
/// told.
pub(super) async fn leave_message(tx: &mut Tx, message: &MessageRecord) -> Result<(), Error> {
    let sql = "select settings from mailbox where mailbox_id = $1";
    let Some(row) = tx.row(sql, args![message.mailbox]).await? else { return Ok(()) };
    let settings: serde_json::Value = row.json("settings")?;
    let is_told =
        !message.notify.is_empty() || settings["notify"].as_array().is_some_and(|notify| !notify.is_empty());
    let mail_due_at = is_told.then_some(message.at);
    let length = i64::try_from(message.length.as_millis()).unwrap_or(i64::MAX);
    let (caller, file) = (message.phone.map(Phone::e164).unwrap_or_default(), format!("{}.wav", message.id));
    let values = args![
        message.id,
        message.mailbox,
        message.call,
        &caller,
        message.at,
        length,
        &file,
        mail_due_at,
        json(&message.notify)?,
    ];
    tx.execute(INSERT_MESSAGE, values).await.map(drop)
}

/// Keeps the answers of a survey; the second time nothing.
pub(super) async fn answer(
    tx: &mut Tx,
    call: CallId,
    survey: &str,
    answers: &[(String, serde_json::Value)],
    at: Timestamp,
) -> Result<(), Error> {
    for (question, answer) in answers {
        tx.execute(INSERT_ANSWER, args![call, survey, question, json(answer)?, at]).await?;
    }
    Ok(())
}

/// Puts marks on a call; the second time nothing.
pub(super) async fn tag(
    tx: &mut Tx,
    call: CallId,
    outcome: Option<&str>,
    labels: &[String],
) -> Result<(), Error> {
    let labels = labels.iter().map(|label| (label.as_str(), false));
    for (label, is_outcome) in outcome.map(|outcome| (outcome, true)).into_iter().chain(labels) {
        tx.execute(INSERT_TAG, args![call, label, is_outcome]).await?;
    }
    Ok(())
}

/// Who was behind a caller's call that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerBehind {
    /// Their number, unless it was withheld.
    pub phone: Option<Phone>,
    /// The number of ours that they had dialled.
    pub did: Option<DidId>,
    /// Who had the call last.
    pub agent: Option<AgentId>,
    /// The queue in which they waited last.
    pub queue: Option<QueueId>,
}

const BEHIND: &str = "select phone, did_id, agent_id, (select queue_id from queue_wait \
    where queue_wait.call_id = caller_call.call_id order by number desc limit 1) as queue_id \
    from caller_call where call_id = $1";

impl Store {
    /// Who was behind a caller's call, once it is over.
    pub async fn caller_behind(&self, call: CallId) -> Result<Option<CallerBehind>, Error> {
        let row = self.db.row(BEHIND, args![call]).await?;
        row.map(|row| {
            Ok(CallerBehind {
                phone: row.get("phone")?,
                did: row.get::<Option<i64>>("did_id")?.map(DidId::from_i64),
                agent: row.get("agent_id")?,
                queue: row.get::<Option<i64>>("queue_id")?.map(QueueId::from_i64),
            })
        })
        .transpose()
    }

    /// Whether a number has called since a moment, this call left out.
    pub async fn has_called_since(&self, phone: Phone, since: Timestamp) -> Result<bool, Error> {
        let sql = "select call_id from caller_call where phone = $1 and arrived_at >= $2 limit 1";
        Ok(self.db.row(sql, args![phone, since]).await?.is_some())
    }
}
