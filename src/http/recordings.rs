//! Recordings: what is known of them, who wants them kept, and their end. The sound is in [`super::playback`].

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use cadran_engine::model::{
    AgentId, CallId, CampaignId, DidId, LeadId, ListId, Outcome, Phone, QueueId, RecordingId, RecordingState,
    Timestamp, TrunkId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{Anyone, DeletesRecordings, HoldsRecordings, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Json, Listing, NoContent, PageQuery, Path, Query, page};
use super::privacy::shown;
use crate::store::{
    ArchiveState, CallDirection, Deletion, DeletionOrder, HistoryFilter, KeptFile, LegalHold, Ordered,
    RecordingFilter, RecordingGap, RecordingOrder, RecordingRecord,
};

pub(super) const NOUN: &str = "recording";

/// A recording of a call: stereo, customer left, agent right. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recording)]
pub(super) struct RecordingBody {
    id: RecordingId,
    call: CallId,
    /// On whose behalf the call was made; none of a caller's.
    campaign: Option<CampaignId>,
    list: Option<ListId>,
    lead: Option<LeadId>,
    /// The queue that gave a caller to the agent.
    queue: Option<QueueId>,
    /// `inbound` when somebody called us, `outbound` when we called them.
    #[schema(value_type = String)]
    direction: CallDirection,
    /// The number that a caller dialled; none until their call is over.
    did: Option<DidId>,
    /// The trunk that carried the call; of a caller's, none until the call is over.
    trunk: Option<TrunkId>,
    /// The number dialled, or the caller's; its last digits without the right `see_full_numbers`.
    phone: Option<String>,
    agent: Option<AgentId>,
    /// How the dial ended; none while it has not.
    outcome: Option<Outcome>,
    /// When it began.
    started_at: i64,
    /// `open`, `verified`, `truncated` or `failed`.
    state: &'static str,
    /// Size of the file as it was recorded.
    bytes: Option<u64>,
    /// Length of the sound, in milliseconds.
    duration: Option<u64>,
    /// Why there is no file, when it failed.
    reason: Option<String>,
    /// Whether silence was written on purpose.
    has_gap: bool,
    /// What became of it after the call: `none`, `waiting`, `stored`, `done`, `deleting` or `deleted`.
    archive: &'static str,
    /// Why the archive has not done its work yet, when it tried.
    archive_problem: Option<String>,
    /// Whether a legal hold is on it.
    is_held: bool,
}

/// All that is known of one recording.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RecordingStory {
    #[serde(flatten)]
    recording: RecordingBody,
    /// Silence on purpose, in order.
    gaps: Vec<GapBody>,
    /// What is kept.
    files: Vec<FileBody>,
    hold: Option<HoldBody>,
    deletion: Option<DeletionBody>,
}

/// Silence on purpose.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingGap)]
struct GapBody {
    /// From when, in milliseconds from the beginning of the recording.
    from: i64,
    /// Until when; none when it lasted until the recording ended, or lasts.
    until: Option<i64>,
    /// Why, such as `card`.
    reason: String,
}

/// A file that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingFile)]
struct FileBody {
    /// `opus`, `wav` or `waveform`.
    kind: &'static str,
    /// `bucket` or `disk`.
    place: &'static str,
    bytes: u64,
    /// SHA-256, in hexadecimal digits.
    sha256: String,
    /// Whether it is encrypted where it lies.
    is_sealed: bool,
    /// What was found when it was looked at last, if it was not what was kept.
    problem: Option<String>,
}

/// A legal hold: nothing deletes the recording until it is lifted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LegalHold)]
struct HoldBody {
    reason: String,
    /// The login of who asked.
    by: String,
    /// Since when, in milliseconds since 1970.
    at: i64,
}

/// A deletion, ordered or done: its proof. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingDeletion)]
pub(super) struct DeletionBody {
    recording: RecordingId,
    /// When it was decided.
    asked_at: i64,
    /// The rule that says so; none when a person does.
    rule: Option<String>,
    reason: String,
    /// The login of who says so; none when a rule does.
    by: Option<String>,
    /// Since when nothing is left; none while a file may still be there.
    deleted_at: Option<i64>,
    /// SHA-256 of the sound, in hexadecimal digits.
    sha256: Option<String>,
    bytes: Option<u64>,
    /// Until when backups may hold it.
    backups_until: Option<i64>,
}

pub(super) fn body(record: RecordingRecord, whole: bool) -> RecordingBody {
    let facts = record.state.facts();
    let (bytes, duration) = (facts.map(|facts| facts.bytes), facts.map(|facts| facts.duration));
    RecordingBody {
        id: record.id,
        call: record.id.call,
        campaign: record.campaign,
        list: record.list,
        lead: record.lead,
        queue: record.queue,
        direction: if record.lead.is_some() { CallDirection::Outbound } else { CallDirection::Inbound },
        did: record.did,
        trunk: record.trunk,
        phone: record.phone.map(|phone| shown(phone, whole)),
        agent: record.agent,
        outcome: record.outcome,
        started_at: record.started_at.as_millis(),
        state: record.state.as_str(),
        bytes,
        duration: duration.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        reason: match record.state {
            RecordingState::Failed { reason } => Some(reason),
            RecordingState::Open | RecordingState::Truncated(_) | RecordingState::Verified(_) => None,
        },
        has_gap: record.has_gap,
        archive: record.archive.as_str(),
        archive_problem: record.archive_problem,
        is_held: record.hold.is_some(),
    }
}

fn gap_body(gap: RecordingGap, started_at: Timestamp) -> GapBody {
    let place = |at: Timestamp| at.as_millis() - started_at.as_millis();
    GapBody { from: place(gap.began_at), until: gap.ended_at.map(place), reason: gap.reason }
}

fn file_body(file: KeptFile) -> FileBody {
    FileBody {
        kind: file.kind.as_str(),
        place: file.place.as_str(),
        bytes: file.bytes,
        sha256: file.sha256,
        is_sealed: file.key.is_some(),
        problem: file.problem,
    }
}

fn deletion_body(deletion: Deletion) -> DeletionBody {
    DeletionBody {
        recording: deletion.order.recording,
        asked_at: deletion.order.at.as_millis(),
        rule: deletion.order.rule,
        reason: deletion.order.reason,
        by: deletion.order.by,
        deleted_at: deletion.deleted_at.map(Timestamp::as_millis),
        sha256: deletion.sha256,
        bytes: deletion.bytes,
        backups_until: deletion.backups_until.map(Timestamp::as_millis),
    }
}

/// Where a recording stands.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StateWord {
    Failed,
    Open,
    Truncated,
    Verified,
}

impl StateWord {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Open => "open",
            Self::Truncated => "truncated",
            Self::Verified => "verified",
        }
    }
}

/// Which recordings are wanted, and in which order. An agent sees their own alone.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordingQuery {
    /// Of calls that this agent had.
    agent: Option<AgentId>,
    /// On behalf of this campaign.
    campaign: Option<CampaignId>,
    /// Of leads of this list.
    list: Option<ListId>,
    /// Of this lead.
    lead: Option<LeadId>,
    /// Of calls to this number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// Of dials that ended so.
    outcome: Option<Outcome>,
    /// Of callers whom this queue gave to the agent.
    queue: Option<QueueId>,
    /// Of callers who dialled this number. A caller's call tells it once it is over.
    did: Option<DidId>,
    /// Of calls that this trunk carried. A caller's call tells it once it is over.
    trunk: Option<TrunkId>,
    /// `inbound` or `outbound`.
    #[param(value_type = Option<String>)]
    direction: Option<CallDirection>,
    /// Of which the agent said this, by its code.
    disposition: Option<String>,
    /// Begun then or later, in milliseconds since 1970.
    from: Option<i64>,
    /// Begun before.
    until: Option<i64>,
    /// At least so long, in milliseconds.
    duration_min: Option<u64>,
    /// At most so long, in milliseconds.
    duration_max: Option<u64>,
    /// In this state.
    state: Option<StateWord>,
    /// With which the archive stands there.
    #[param(value_type = Option<String>)]
    archive: Option<ArchiveState>,
    /// With silence on purpose, or without.
    has_gap: Option<bool>,
    /// With a legal hold, or without.
    is_held: Option<bool>,
    /// `latest` first (unless told otherwise), `earliest`, `longest` or `shortest`.
    #[param(value_type = Option<String>)]
    order: Option<RecordingOrder>,
    /// `next` of the page before.
    after: Option<RecordingId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

impl RecordingQuery {
    fn filter(&self, session: &SignedIn<Anyone>) -> Result<RecordingFilter, Error> {
        Ok(RecordingFilter {
            call: HistoryFilter {
                agent: session.sees_only()?.or(self.agent),
                campaign: self.campaign,
                from: self.from.map(Timestamp::from_millis),
                lead: self.lead,
                phone: self.phone,
                until: self.until.map(Timestamp::from_millis),
            },
            archive: self.archive,
            did: self.did,
            direction: self.direction,
            trunk: self.trunk,
            disposition: self.disposition.clone(),
            duration_max: self.duration_max.map(Duration::from_millis),
            duration_min: self.duration_min.map(Duration::from_millis),
            has_gap: self.has_gap,
            is_held: self.is_held,
            list: self.list,
            outcome: self.outcome,
            queue: self.queue,
            state: self.state.map(StateWord::as_str),
        })
    }
}

/// Lists recordings. An agent sees that their own calls were recorded.
#[utoipa::path(get, path = "/api/recordings", tag = "recordings", params(RecordingQuery),
    responses((status = 200, body = Listing<RecordingBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<RecordingQuery>,
) -> Result<Json<Listing<RecordingBody>>, Error> {
    let filter = query.filter(&session)?;
    let page = page(query.after, query.limit);
    let recordings = session.store(&app).recordings(&filter, query.order.unwrap_or_default(), page).await?;
    Ok(Listing::of(&page, recordings, |row| row.id, |row| body(row, session.sees_numbers())))
}

/// One recording, with its gaps, files, hold and deletion.
#[utoipa::path(get, path = "/api/recordings/{recording}", tag = "recordings",
    params(("recording" = RecordingId, Path)), responses((status = 200, body = RecordingStory)))]
pub(super) async fn read(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
) -> Result<Json<RecordingStory>, Error> {
    let record = find(&app, id).await?;
    let gaps = app.store.recording_gaps(id).await?;
    let files = app.store.kept_files(id).await?;
    let deletion = app.store.deletion(id).await?;
    let hold = record.hold.clone();
    Ok(Json(RecordingStory {
        gaps: gaps.into_iter().map(|gap| gap_body(gap, record.started_at)).collect(),
        files: files.into_iter().map(file_body).collect(),
        hold: hold.map(|hold| HoldBody { reason: hold.reason, by: hold.by, at: hold.at.as_millis() }),
        deletion: deletion.map(deletion_body),
        recording: body(record, session.sees_numbers()),
    }))
}

pub(super) async fn find(app: &App, id: RecordingId) -> Result<RecordingRecord, Error> {
    app.store.recording(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecordingReason)]
pub(super) struct Reason {
    /// In your own words; it stays in the proof, so name no third party.
    reason: String,
}

impl Reason {
    fn checked(self) -> Result<String, Error> {
        let mut check = Check::default();
        check.name(&self.reason, "/reason").done()?;
        Ok(self.reason)
    }
}

/// Puts a legal hold on a recording: neither a rule nor a person deletes it until the hold is lifted.
#[utoipa::path(put, path = "/api/recordings/{recording}/hold", tag = "recordings",
    params(("recording" = RecordingId, Path)), request_body = Reason,
    responses((status = 204, description = "Held")))]
pub(super) async fn hold(
    session: SignedIn<HoldsRecordings>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
    Json(reason): Json<Reason>,
) -> Result<NoContent, Error> {
    let (reason, by) = (reason.checked()?, session.user.value.login.clone());
    set_hold(&app, id, Some(&LegalHold { reason, by, at: app.now() })).await?;
    tracing::info!(target: "audit", { user.id = %session.id(), recording.id = %id }, "legal hold put on");
    Ok(NoContent)
}

/// Lifts a legal hold.
#[utoipa::path(delete, path = "/api/recordings/{recording}/hold", tag = "recordings",
    params(("recording" = RecordingId, Path)), responses((status = 204, description = "Lifted")))]
pub(super) async fn lift_hold(
    session: SignedIn<HoldsRecordings>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
) -> Result<NoContent, Error> {
    set_hold(&app, id, None).await?;
    tracing::info!(target: "audit", { user.id = %session.id(), recording.id = %id }, "legal hold lifted");
    Ok(NoContent)
}

async fn set_hold(app: &App, id: RecordingId, hold: Option<&LegalHold>) -> Result<(), Error> {
    if app.store.hold_recording(id, hold).await? { Ok(()) } else { Err(Error::not_found(NOUN, id)) }
}

/// Deletes a recording: every file of it within seconds, with a proof that stays. Not one under a legal hold.
#[utoipa::path(delete, path = "/api/recordings/{recording}", tag = "recordings",
    params(("recording" = RecordingId, Path)), request_body = Reason,
    responses((status = 202, description = "Being deleted")))]
pub(super) async fn remove(
    session: SignedIn<DeletesRecordings>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
    Json(reason): Json<Reason>,
) -> Result<StatusCode, Error> {
    let (reason, by) = (reason.checked()?, Some(session.user.value.login.clone()));
    let order = DeletionOrder { recording: id, at: app.now(), rule: None, reason, by };
    match app.store.delete_recording(&order).await? {
        Ordered::Yes => {}
        Ordered::Held => return Err(Error::RecordingHeld),
        Ordered::Open => return Err(Error::RecordingOpen),
        Ordered::Unknown => return Err(Error::not_found(NOUN, id)),
    }
    tracing::info!(target: "audit", { user.id = %session.id(), recording.id = %id }, "recording deleted");
    Ok(StatusCode::ACCEPTED)
}

/// Lists deletions, ordered and done, the latest first.
#[utoipa::path(get, path = "/api/recording-deletions", tag = "recordings", params(PageQuery<RecordingId>),
    responses((status = 200, body = Listing<DeletionBody>)))]
pub(super) async fn deletions(
    session: SignedIn<DeletesRecordings>,
    State(app): State<App>,
    Query(query): Query<PageQuery<RecordingId>>,
) -> Result<Json<Listing<DeletionBody>>, Error> {
    session.needs_all_teams()?;
    let page = query.page();
    let deletions = app.store.deletions(page).await?;
    Ok(Listing::of(&page, deletions, |row| row.order.recording, deletion_body))
}
