//! Recordings, by every field of their call.

use std::time::Duration;

use cadran_engine::model::{DidId, ListId, Outcome, QueueId, RecordingId, Timestamp, TrunkId};
use serde::{Deserialize, Serialize};

use super::db::Select;
use super::history::HistoryFilter;
use super::recording::{self, ArchiveState, RecordingRecord};
use super::value::args;
use super::{Error, Page, Store};

/// Which recordings are wanted; without a value everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordingFilter {
    /// Of such calls. An agent counts once the call is theirs.
    pub call: HistoryFilter,
    /// Where the archive stands with it.
    pub archive: Option<ArchiveState>,
    /// Of callers who dialled this number. A caller's call tells it once it is over.
    pub did: Option<DidId>,
    /// Of calls that came in, or that went out.
    pub direction: Option<CallDirection>,
    /// What the agent said of the call, by its code; a correction counts beside the first.
    pub disposition: Option<String>,
    /// At most so long.
    pub duration_max: Option<Duration>,
    /// At least so long.
    pub duration_min: Option<Duration>,
    /// Whether silence was written on purpose.
    pub has_gap: Option<bool>,
    /// Whether a legal hold is on it.
    pub is_held: Option<bool>,
    /// Of leads of this list.
    pub list: Option<ListId>,
    /// Of dials that ended so.
    pub outcome: Option<Outcome>,
    /// Of callers whom this queue gave to the agent.
    pub queue: Option<QueueId>,
    /// In this state: `open`, `verified`, `truncated`, `failed`.
    pub state: Option<&'static str>,
    /// Of calls that this trunk carried. A caller's call tells it once it is over.
    pub trunk: Option<TrunkId>,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// Somebody called us.
    Inbound,
    /// We called somebody.
    Outbound,
}

impl CallDirection {
    const fn sql(self) -> &'static str {
        match self {
            Self::Inbound => "attempt.call_id is null",
            Self::Outbound => "attempt.call_id is not null",
        }
    }
}

/// In which order recordings come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingOrder {
    /// The first one first.
    Earliest,
    /// The last one first.
    #[default]
    Latest,
    /// The longest first. Those without a length are left out.
    Longest,
    /// The shortest first. Those without a length are left out.
    Shortest,
}

impl RecordingOrder {
    /// What comes after a recording of which the measure, the call and the part are given; and the order itself.
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Earliest => (
                "(recording.started_at, recording.call_id, part) > (?, ?, ?)",
                "recording.started_at, recording.call_id, part",
            ),
            Self::Latest => (
                "(recording.started_at, recording.call_id, part) < (?, ?, ?)",
                "recording.started_at desc, recording.call_id desc, part desc",
            ),
            Self::Longest => (
                "(duration, recording.call_id, part) < (?, ?, ?)",
                "duration desc, recording.call_id desc, part desc",
            ),
            Self::Shortest => {
                ("(duration, recording.call_id, part) > (?, ?, ?)", "duration, recording.call_id, part")
            }
        }
    }

    const fn is_by_length(self) -> bool {
        matches!(self, Self::Longest | Self::Shortest)
    }
}

impl Store {
    /// A page of recordings.
    pub async fn recordings(
        &self,
        filter: &RecordingFilter,
        order: RecordingOrder,
        page: Page<RecordingId>,
    ) -> Result<Vec<RecordingRecord>, Error> {
        let after = match page.after {
            Some(id) => self.recording(id).await?.map(|last| {
                let length = last.state.facts().map(|facts| facts.duration).unwrap_or_default();
                let measure = if order.is_by_length() { millis(length) } else { last.started_at.as_millis() };
                args![measure, id.call, id.part]
            }),
            None => None,
        };
        let (behind, by) = order.sql();
        let select = select(filter)
            .of_teams("recording.campaign_id", "recording.queue_id", "recording.agent_id", &self.scope)
            .narrow_all(behind, after);
        let select = select.narrow_all("duration is not null", order.is_by_length().then(Vec::new));
        let rows = select.page(&self.db, by, page.limit()).await?;
        rows.iter().map(recording::read).collect()
    }

    /// Bytes that recordings have taken up since a moment.
    pub async fn recorded_bytes(&self, since: Timestamp) -> Result<u64, Error> {
        let sql =
            "select cast(coalesce(sum(bytes), 0) as bigint) as bytes from recording where started_at >= $1";
        self.db.row(sql, args![since]).await?.map_or(Ok(0), |row| row.get("bytes"))
    }

    /// One recording.
    pub async fn recording(&self, id: RecordingId) -> Result<Option<RecordingRecord>, Error> {
        let select = Select::new(recording::SELECT)
            .narrow("recording.call_id = ?", Some(id.call))
            .narrow("part = ?", Some(id.part));
        select.page(&self.db, "part", 1).await?.first().map(recording::read).transpose()
    }
}

fn select(filter: &RecordingFilter) -> Select {
    let call = &filter.call;
    let said = "? in (select code from disposition where disposition.call_id = recording.call_id \
        union all select code from caller_disposition where caller_disposition.call_id = recording.call_id)";
    let of_did =
        "exists (select 1 from caller_call where caller_call.call_id = recording.call_id and did_id = ?)";
    let of_trunk = "? in (attempt.trunk_id, (select caller_call.trunk_id from caller_call \
        where caller_call.call_id = recording.call_id))";
    let direction = filter.direction.map(CallDirection::sql);
    let (gap, hold) = (is(filter.has_gap, [NO_GAP, GAP]), is(filter.is_held, [NO_HOLD, HOLD]));
    Select::new(recording::SELECT)
        .narrow("recording.agent_id = ?", call.agent)
        .narrow("recording.campaign_id = ?", call.campaign)
        .narrow("recording.started_at >= ?", call.from)
        .narrow("lead_id = ?", call.lead)
        .narrow("? in (phone, caller_phone)", call.phone)
        .narrow("recording.started_at < ?", call.until)
        .narrow("archive = ?", filter.archive.map(ArchiveState::as_str))
        .narrow(said, filter.disposition.as_deref())
        .narrow("duration <= ?", filter.duration_max.map(millis))
        .narrow("duration >= ?", filter.duration_min.map(millis))
        .narrow_all(gap.unwrap_or_default(), gap.map(|_| Vec::new()))
        .narrow_all(hold.unwrap_or_default(), hold.map(|_| Vec::new()))
        .narrow("list_id = ?", filter.list)
        .narrow("outcome = ?", filter.outcome.map(Outcome::as_str))
        .narrow("recording.queue_id = ?", filter.queue.map(|queue| queue.as_i64()))
        .narrow("recording.state = ?", filter.state)
        .narrow(of_did, filter.did.map(DidId::as_i64))
        .narrow(of_trunk, filter.trunk)
        .narrow_all(direction.unwrap_or_default(), direction.map(|_| Vec::new()))
}

const GAP: &str = "exists (select 1 from recording_gap where recording_gap.call_id = recording.call_id \
    and recording_gap.part = recording.part)";
const NO_GAP: &str = "not exists (select 1 from recording_gap where recording_gap.call_id = recording.call_id \
    and recording_gap.part = recording.part)";
const HOLD: &str = "hold_reason is not null";
const NO_HOLD: &str = "hold_reason is null";

/// The condition for what is wanted: the first when it must not be, the second when it must.
fn is(wanted: Option<bool>, [without, with]: [&'static str; 2]) -> Option<&'static str> {
    wanted.map(|wanted| if wanted { with } else { without })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
