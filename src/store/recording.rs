//! Recordings: that one began, and what was found of it.

use std::time::Duration;

use cadran_engine::model::{
    AgentId, CallId, CampaignId, LeadId, Phone, RecordingFacts, RecordingId, RecordingState, Timestamp,
};

use super::Error;
use super::db::Tx;
use super::value::{Row, args};

/// A recording with the call it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRecord {
    /// The recording.
    pub id: RecordingId,
    /// On whose behalf the call was made.
    pub campaign: CampaignId,
    /// Who was called.
    pub lead: LeadId,
    /// The number.
    pub phone: Phone,
    /// The agent who had the call; none until the call is over.
    pub agent: Option<AgentId>,
    /// When it began.
    pub started_at: Timestamp,
    /// Where it stands.
    pub state: RecordingState,
    /// How long the call was recorded, by the daemon's own clock; none while it goes on.
    pub expected: Option<Duration>,
}

/// The columns of a recording with those of its call. `where` and order are to follow.
pub(super) const SELECT: &str = "select recording.*, campaign_id, lead_id, phone, \
    coalesce(call.agent_id, attempt.agent_id) as agent_id \
    from recording join attempt on attempt.call_id = recording.call_id \
    left join call on call.call_id = recording.call_id";

const CLOSE: &str = "update recording set state = $3, path = $4, bytes = $5, duration = $6, reason = $7, expected = $8 \
    where call_id = $1 and part = $2 and state = 'open'";

/// Keeps that a recording began; the second time nothing.
pub(super) async fn open(tx: &mut Tx, id: RecordingId, started_at: Timestamp) -> Result<(), Error> {
    let sql = "insert into recording (call_id, part, started_at, state) values ($1, $2, $3, 'open') \
               on conflict (call_id, part) do nothing";
    tx.execute(sql, args![id.call, id.part, started_at]).await.map(drop)
}

/// Keeps what was found of a recording, once.
pub(super) async fn close(
    tx: &mut Tx,
    id: RecordingId,
    state: &RecordingState,
    expected: Duration,
) -> Result<(), Error> {
    let (facts, reason) = match state {
        RecordingState::Open => return Ok(()),
        RecordingState::Verified(facts) | RecordingState::Truncated(facts) => (Some(facts), None),
        RecordingState::Failed { reason } => (None, Some(reason.as_str())),
    };
    let values = args![
        id.call,
        id.part,
        state.as_str(),
        facts.map(|facts| facts.path.as_str()),
        facts.map(|facts| i64::try_from(facts.bytes).unwrap_or(i64::MAX)),
        facts.map(|facts| millis(facts.duration)),
        reason,
        millis(expected),
    ];
    tx.execute(CLOSE, values).await.map(drop)
}

/// Reads a recording from a row of [`SELECT`].
pub(super) fn read(row: &Row) -> Result<RecordingRecord, Error> {
    let expected: Option<u64> = row.get("expected")?;
    Ok(RecordingRecord {
        id: read_id(row)?,
        campaign: row.get("campaign_id")?,
        lead: row.get("lead_id")?,
        phone: row.get("phone")?,
        agent: row.get("agent_id")?,
        started_at: row.get("started_at")?,
        state: read_state(row)?,
        expected: expected.map(Duration::from_millis),
    })
}

/// Reads the name of a recording.
pub(super) fn read_id(row: &Row) -> Result<RecordingId, Error> {
    let call: CallId = row.get("call_id")?;
    Ok(RecordingId { call, part: row.get("part")? })
}

fn read_state(row: &Row) -> Result<RecordingState, Error> {
    let word: String = row.get("state")?;
    Ok(match word.as_str() {
        "open" => RecordingState::Open,
        "verified" => RecordingState::Verified(read_facts(row)?),
        "truncated" => RecordingState::Truncated(read_facts(row)?),
        "failed" => RecordingState::Failed { reason: row.get("reason")? },
        other => {
            return Err(Error::Corrupt {
                what: "state",
                problem: format!("`{other}` is no recording state"),
            });
        }
    })
}

fn read_facts(row: &Row) -> Result<RecordingFacts, Error> {
    Ok(RecordingFacts {
        path: row.get("path")?,
        bytes: row.get("bytes")?,
        duration: Duration::from_millis(row.get("duration")?),
    })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
