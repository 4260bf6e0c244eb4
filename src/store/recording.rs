//! Recordings: that one began, and what was found of it.

use std::time::Duration;

use cadran_engine::command::CallerRecorded;
use cadran_engine::model::{
    AgentId, CallId, CampaignId, DidId, LeadId, ListId, Outcome, Phone, QueueId, RecordingFacts, RecordingId,
    RecordingState, Timestamp, TrunkId,
};
use serde::{Deserialize, Serialize};

use super::Error;
use super::db::Tx;
use super::value::{Row, args};

/// A recording with the call it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingRecord {
    /// The recording.
    pub id: RecordingId,
    /// On whose behalf the call was made; none of a caller's.
    pub campaign: Option<CampaignId>,
    /// The file that the lead came in.
    pub list: Option<ListId>,
    /// Who was called.
    pub lead: Option<LeadId>,
    /// The queue that gave a caller to the agent, where it is known.
    pub queue: Option<QueueId>,
    /// The number that a caller dialled; known once their call is over.
    pub did: Option<DidId>,
    /// The trunk that carried the call; of a caller's, known once the call is over.
    pub trunk: Option<TrunkId>,
    /// The number of whoever was called or called; none where it was withheld.
    pub phone: Option<Phone>,
    /// The agent who had the call; the one it was made for while it goes on.
    pub agent: Option<AgentId>,
    /// How the dial ended; none while it has not.
    pub outcome: Option<Outcome>,
    /// When it began.
    pub started_at: Timestamp,
    /// Where it stands.
    pub state: RecordingState,
    /// How long the call was recorded, by the daemon's own clock; none while it goes on.
    pub expected: Option<Duration>,
    /// Whether silence was written on purpose.
    pub has_gap: bool,
    /// What became of its files after the call.
    pub archive: ArchiveState,
    /// Why the archive has not done its work yet, when it tried.
    pub archive_problem: Option<String>,
    /// Who wants it kept, whatever any rule says.
    pub hold: Option<LegalHold>,
}

/// What became of the files of a recording after the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArchiveState {
    /// There is no whole file yet, or none came of it.
    None,
    /// The WAV file is whole and is to be encoded and kept.
    Waiting,
    /// What is kept is in its place; the WAV of the recordings directory is still to be removed.
    Stored,
    /// All is done.
    Done,
    /// It is to be deleted, and some file may still be there.
    Deleting,
    /// Nothing is left but the row.
    Deleted,
}

impl ArchiveState {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Waiting => "waiting",
            Self::Stored => "stored",
            Self::Done => "done",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// A legal hold: nothing deletes the recording until it is lifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegalHold {
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Who asked: the login of a user.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// The columns of a recording with those of its call. `where` and order are to follow.
pub(super) const SELECT: &str = "select recording.*, list_id, lead_id, coalesce(phone, caller_phone) as phone, outcome, \
    (select did_id from caller_call where caller_call.call_id = recording.call_id) as did_id, \
    coalesce(attempt.trunk_id, (select caller_call.trunk_id from caller_call \
    where caller_call.call_id = recording.call_id)) as trunk_id, \
    exists (select 1 from recording_gap where recording_gap.call_id = recording.call_id \
    and recording_gap.part = recording.part) as has_gap \
    from recording left join attempt on attempt.call_id = recording.call_id";

/// Only while it is open: a verdict is given once.
const CLOSE: &str = "update recording set state = $3, path = $4, bytes = $5, duration = $6, reason = $7, expected = $8, \
    archive = $9 where call_id = $1 and part = $2 and state = 'open'";

const OPEN: &str = "insert into recording (call_id, part, started_at, state, campaign_id, agent_id, holder) \
    select attempt.call_id, $2, $3, 'open', campaign_id, coalesce(call.agent_id, attempt.agent_id), holder \
    from attempt left join call on call.call_id = attempt.call_id where attempt.call_id = $1 \
    on conflict do nothing";

const OPEN_OF_CALLER: &str = "insert into recording (call_id, part, started_at, state, agent_id, holder, queue_id, \
    caller_phone) values ($1, $2, $3, 'open', $4, $5, $6, $7) on conflict do nothing";

/// Keeps that a recording began on `holder`'s Asterisk server; the second time nothing. That of a caller's call names
/// whose it is.
pub(super) async fn open(
    tx: &mut Tx,
    id: RecordingId,
    caller: Option<&CallerRecorded>,
    started_at: Timestamp,
    holder: &str,
) -> Result<(), Error> {
    let Some(CallerRecorded { queue, agent, phone }) = caller else {
        return tx.execute(OPEN, args![id.call, id.part, started_at]).await.map(drop);
    };
    let (queue, phone) = (queue.map(|queue| queue.as_i64()), phone.map(Phone::e164));
    let values = args![id.call, id.part, started_at, *agent, holder, queue, phone.as_deref()];
    tx.execute(OPEN_OF_CALLER, values).await.map(drop)
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
    let archive = if facts.is_some() { ArchiveState::Waiting } else { ArchiveState::None };
    let values = args![
        id.call,
        id.part,
        state.as_str(),
        facts.map(|facts| facts.path.as_str()),
        facts.map(|facts| i64::try_from(facts.bytes).unwrap_or(i64::MAX)),
        facts.map(|facts| millis(facts.duration)),
        reason,
        millis(expected),
        archive.as_str(),
    ];
    tx.execute(CLOSE, values).await.map(drop)
}

/// The agent who had the call, once that is known.
pub(super) async fn had_by(tx: &mut Tx, call: CallId, agent: Option<AgentId>) -> Result<(), Error> {
    let sql = "update recording set agent_id = $2 where call_id = $1";
    tx.execute(sql, args![call, agent]).await.map(drop)
}

/// When a recording began; none when it is unknown.
pub(super) async fn began_at(tx: &mut Tx, id: RecordingId) -> Result<Option<Timestamp>, Error> {
    let sql = "select started_at from recording where call_id = $1 and part = $2";
    tx.row(sql, args![id.call, id.part]).await?.map(|row| row.get("started_at")).transpose()
}

/// Reads a recording from a row of [`SELECT`].
pub(super) fn read(row: &Row) -> Result<RecordingRecord, Error> {
    let expected: Option<u64> = row.get("expected")?;
    Ok(RecordingRecord {
        id: read_id(row)?,
        campaign: row.get("campaign_id")?,
        list: row.get("list_id")?,
        lead: row.get("lead_id")?,
        queue: row.get::<Option<i64>>("queue_id")?.map(QueueId::from_i64),
        did: row.get::<Option<i64>>("did_id")?.map(DidId::from_i64),
        trunk: row.get::<Option<i64>>("trunk_id")?.map(TrunkId::from_i64),
        phone: row.get("phone")?,
        agent: row.get("agent_id")?,
        outcome: row.get("outcome")?,
        started_at: row.get("started_at")?,
        state: read_state(row)?,
        expected: expected.map(Duration::from_millis),
        has_gap: row.get("has_gap")?,
        archive: row.word("archive")?,
        archive_problem: row.get("archive_problem")?,
        hold: read_hold(row)?,
    })
}

fn read_hold(row: &Row) -> Result<Option<LegalHold>, Error> {
    let Some(reason) = row.get("hold_reason")? else { return Ok(None) };
    Ok(Some(LegalHold { reason, by: row.get("held_by")?, at: row.get("held_at")? }))
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
