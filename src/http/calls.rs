//! Dials and calls of the past, and what can be done to a call that is up.

use axum::extract::State;
use cadran_engine::input::Request;
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{
    AgentId, AttemptId, CallId, CampaignId, LeadId, ListId, Outcome, Phone, Right, Screened, Side, Timestamp,
    TrunkId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{Anyone, SignedIn};
use super::because::{Because, BecauseQuery};
use super::caller_calls::CallerStoryBody;
use super::check::{Check, is_plain_name};
use super::error::Error;
use super::extract::{Json, Listing, NoContent, Path, Query, page};
use super::live;
use super::privacy::shown;
use super::recordings::{self, RecordingBody};
use crate::store::{AttemptRecord, DispositionKept, HistoryFilter, HistoryOrder, RecordingRecord};

/// One dial. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptBody {
    id: AttemptId,
    /// The conversation it became, or would have become.
    call: CallId,
    campaign: CampaignId,
    list: ListId,
    lead: LeadId,
    /// The number dialled; its last digits without the right `see_full_numbers`.
    phone: String,
    /// The number shown.
    caller_id: Phone,
    trunk: TrunkId,
    /// The agent that the dial was made for, if it was made for one.
    agent: Option<AgentId>,
    /// Whether the agent dialled by hand.
    by_hand: bool,
    started_at: i64,
    /// How it ended; none while it has not.
    outcome: Option<Outcome>,
    /// ITU-T Q.850 cause; 0 when none was given.
    q850: u16,
    /// SIP status, when the far end gave one.
    sip: Option<u16>,
    ended_at: Option<i64>,
    /// What answering machine detection said; none when it was not asked, or the dial goes on.
    screened: Option<Screened>,
}

impl AttemptBody {
    pub(super) fn of(record: AttemptRecord, whole: bool) -> Self {
        let attempt = record.attempt;
        Self {
            id: attempt.id,
            call: attempt.call,
            campaign: attempt.campaign,
            list: attempt.list,
            lead: attempt.lead,
            phone: shown(attempt.phone, whole),
            caller_id: attempt.caller_id,
            trunk: attempt.trunk,
            agent: attempt.agent,
            by_hand: attempt.by_hand.is_some(),
            started_at: attempt.started_at.as_millis(),
            outcome: record.outcome,
            q850: record.cause.q850,
            sip: record.cause.sip,
            ended_at: record.ended_at.map(Timestamp::as_millis),
            screened: record.screened,
        }
    }
}

/// An answered call. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Call)]
pub(super) struct CallBody {
    id: CallId,
    attempt: AttemptId,
    campaign: CampaignId,
    lead: LeadId,
    /// The number dialled; its last digits without the right `see_full_numbers`.
    phone: String,
    /// The agent who had the call; none when it was dropped.
    agent: Option<AgentId>,
    answered_at: i64,
    /// When customer and agent could hear each other.
    connected_at: Option<i64>,
    ended_at: i64,
    ended_by: Side,
    /// Time in conversation, in milliseconds.
    talk_time: u64,
}

impl CallBody {
    fn of(record: &CallRecord, whole: bool) -> Self {
        Self {
            id: record.id,
            attempt: record.attempt,
            campaign: record.campaign,
            lead: record.lead,
            phone: shown(record.phone, whole),
            agent: record.agent,
            answered_at: record.answered_at.as_millis(),
            connected_at: record.connected_at.map(Timestamp::as_millis),
            ended_at: record.ended_at.as_millis(),
            ended_by: record.ended_by,
            talk_time: u64::try_from(record.talk_time().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// What an agent said of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SaidDisposition)]
pub(super) struct DispositionBody {
    call: CallId,
    agent: AgentId,
    code: String,
    note: String,
    /// When it was said, in milliseconds since 1970.
    at: i64,
    /// The agreed moment of the next call, in milliseconds since 1970.
    callback_at: Option<i64>,
    /// Whether the number went on the do-not-call list.
    do_not_call: bool,
}

impl DispositionBody {
    pub(super) fn of(kept: DispositionKept) -> Self {
        Self {
            call: kept.call,
            agent: kept.agent,
            code: kept.code,
            note: kept.note,
            at: kept.at.as_millis(),
            callback_at: kept.callback_at.map(Timestamp::as_millis),
            do_not_call: kept.do_not_call,
        }
    }
}

/// What is wanted of the past. An agent sees their own alone. Times are in milliseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery<Id: ToSchema> {
    /// Had by this agent.
    agent: Option<AgentId>,
    /// On behalf of this campaign.
    campaign: Option<CampaignId>,
    /// Begun then or later.
    from: Option<i64>,
    /// Of this lead.
    lead: Option<LeadId>,
    /// To this number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// Begun before.
    until: Option<i64>,
    /// `latest` first (unless told otherwise) or `earliest`.
    #[param(value_type = Option<String>)]
    order: Option<HistoryOrder>,
    /// `next` of the page before.
    after: Option<Id>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

impl<Id: ToSchema> HistoryQuery<Id> {
    pub(super) fn filter(&self, session: &SignedIn<Anyone>) -> Result<HistoryFilter, Error> {
        Ok(HistoryFilter {
            agent: session.sees_only()?.or(self.agent),
            campaign: self.campaign,
            from: self.from.map(Timestamp::from_millis),
            lead: self.lead,
            phone: self.phone,
            until: self.until.map(Timestamp::from_millis),
        })
    }

    pub(super) fn order(&self) -> HistoryOrder {
        self.order.unwrap_or_default()
    }

    pub(super) fn page(self) -> crate::store::Page<Id> {
        page(self.after, self.limit)
    }
}

/// Lists dials. An agent sees those that were made for them.
#[utoipa::path(get, path = "/api/attempts", tag = "calls", params(HistoryQuery<AttemptId>),
    responses((status = 200, body = Listing<AttemptBody>)))]
pub(super) async fn attempts(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<HistoryQuery<AttemptId>>,
) -> Result<Json<Listing<AttemptBody>>, Error> {
    let filter = query.filter(&session)?;
    let order = query.order();
    let page = query.page();
    let attempts = session.store(&app).attempts(filter, order, page).await?;
    Ok(Listing::of(&page, attempts, |row| row.attempt.id, |row| AttemptBody::of(row, session.sees_numbers())))
}

/// Lists calls that we made, were answered and are over. An agent sees their own. Those of callers are at
/// `/api/caller-calls`.
#[utoipa::path(get, path = "/api/calls", tag = "calls", params(HistoryQuery<CallId>),
    responses((status = 200, body = Listing<CallBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<HistoryQuery<CallId>>,
) -> Result<Json<Listing<CallBody>>, Error> {
    let filter = query.filter(&session)?;
    let order = query.order();
    let page = query.page();
    let calls = session.store(&app).calls(filter, order, page).await?;
    Ok(Listing::of(&page, calls, |row| row.id, |row| CallBody::of(&row, session.sees_numbers())))
}

/// All that is known of one call: of one that we made `attempt` and `call`, of a caller's that is over `caller`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallStoryBody {
    /// The dial; none when somebody called us.
    attempt: Option<AttemptBody>,
    /// The conversation; none when nobody answered, or while it goes on.
    call: Option<CallBody>,
    /// The call of somebody who called us.
    caller: Option<CallerStoryBody>,
    recordings: Vec<RecordingBody>,
    /// What agents said of a call that we made, the latest last.
    dispositions: Vec<DispositionBody>,
}

/// All that is known of one call, whoever called, answered or not. An agent sees their own.
#[utoipa::path(get, path = "/api/calls/{call}", tag = "calls", params(("call" = CallId, Path)),
    responses((status = 200, body = CallStoryBody)))]
pub(super) async fn read(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(id): Path<CallId>,
) -> Result<Json<CallStoryBody>, Error> {
    let own = session.sees_only()?;
    let is_theirs = |had_by: Option<AgentId>| own.is_none() || own == had_by;
    let whole = session.sees_numbers();
    let recorded = |records: Vec<RecordingRecord>| {
        records.into_iter().map(|record| recordings::body(record, whole)).collect()
    };
    if let Some(story) = app.store.call_story(id).await? {
        if !is_theirs(story.call.as_ref().and_then(|call| call.agent).or(story.attempt.attempt.agent)) {
            return Err(Error::NotYours);
        }
        return Ok(Json(CallStoryBody {
            attempt: Some(AttemptBody::of(story.attempt, whole)),
            call: story.call.map(|call| CallBody::of(&call, whole)),
            caller: None,
            recordings: recorded(story.recordings),
            dispositions: story.dispositions.into_iter().map(DispositionBody::of).collect(),
        }));
    }
    let caller = app.store.caller_call(id).await?.ok_or_else(|| Error::not_found("call", id))?;
    if !is_theirs(caller.agent) {
        return Err(Error::NotYours);
    }
    let caller = CallerStoryBody::of(caller, app.store.caller_marks(id).await?, whole);
    Ok(Json(CallStoryBody {
        attempt: None,
        call: None,
        caller: Some(caller),
        recordings: recorded(app.store.recordings_of_call(id).await?),
        dispositions: Vec::new(),
    }))
}

/// Ends a call. An agent ends the one in hand.
#[utoipa::path(post, path = "/api/calls/{call}/hang-up", tag = "calls",
    params(("call" = CallId, Path), BecauseQuery),
    responses((status = 204, description = "Ending")))]
pub(super) async fn hang_up(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    _: Because,
) -> Result<NoContent, Error> {
    may_touch(&session, Right::HangUp, &app, call).await?;
    let by = if session.may(Right::HangUp) { Side::Operator } else { Side::Agent };
    app.inbox.request(Request::HangUp { call, by }).await?;
    tracing::info!(target: "audit", { user.id = %session.id(), call.id = %call }, "hung up");
    Ok(NoContent)
}

/// Records a call from now on.
#[utoipa::path(post, path = "/api/calls/{call}/recording/start", tag = "calls", params(("call" = CallId, Path)),
    responses((status = 204, description = "Recording")))]
pub(super) async fn start_recording(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<NoContent, Error> {
    change_recording(&session, &app, call, Request::StartRecording { call }).await
}

/// Why silence is written.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Mask {
    /// A code, such as `card` (the usual reason).
    #[serde(default = "Mask::usual_reason")]
    reason: String,
}

impl Mask {
    fn usual_reason() -> String {
        "card".to_owned()
    }
}

/// Writes silence for what must not be recorded, and marks it. It lasts until `unmask`, however long that is.
#[utoipa::path(post, path = "/api/calls/{call}/recording/mask", tag = "calls", params(("call" = CallId, Path)),
    request_body = Mask, responses((status = 204, description = "Masked")))]
pub(super) async fn mask_recording(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    Json(Mask { reason }): Json<Mask>,
) -> Result<NoContent, Error> {
    Check::default().that(is_plain_name(&reason), "/reason", "code").done()?;
    change_recording(&session, &app, call, Request::MaskRecording { call, reason }).await
}

/// Writes sound again.
#[utoipa::path(post, path = "/api/calls/{call}/recording/unmask", tag = "calls", params(("call" = CallId, Path)),
    responses((status = 204, description = "Recording")))]
pub(super) async fn unmask_recording(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<NoContent, Error> {
    change_recording(&session, &app, call, Request::UnmaskRecording { call }).await
}

/// Records no more of this call.
#[utoipa::path(post, path = "/api/calls/{call}/recording/stop", tag = "calls", params(("call" = CallId, Path)),
    responses((status = 204, description = "Stopped")))]
pub(super) async fn stop_recording(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<NoContent, Error> {
    change_recording(&session, &app, call, Request::StopRecording { call }).await
}

/// Keeps a conversation to its agent, to its end: nobody listens to it any more, whoever did is out at once, and nothing
/// more of it is recorded. What a rule pack orders to be recorded cannot be private.
#[utoipa::path(post, path = "/api/calls/{call}/private", tag = "calls",
    params(("call" = CallId, Path), BecauseQuery), responses((status = 204, description = "Private")))]
pub(super) async fn mark_private(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    _: Because,
) -> Result<NoContent, Error> {
    change_recording(&session, &app, call, Request::MarkPrivate { call }).await
}

async fn change_recording(
    session: &SignedIn<Anyone>,
    app: &App,
    call: CallId,
    request: Request,
) -> Result<NoContent, Error> {
    may_touch(session, Right::ControlRecording, app, call).await?;
    app.inbox.request(request).await?;
    Ok(NoContent)
}

/// Whoever has `right` may touch any call that is up, an agent the one in hand.
pub(super) async fn may_touch(
    session: &SignedIn<Anyone>,
    right: Right,
    app: &App,
    call: CallId,
) -> Result<(), Error> {
    if session.may(right) {
        return Ok(());
    }
    session.needs(Right::Work).map_err(|_| Error::Forbidden(right))?;
    let own = session.user.value.agent.ok_or(Error::NotYours)?;
    let view = live::view(app).await?;
    let mut had = view.calls.iter().map(|live| (live.call, live.agent));
    let mut called = view.callers.iter().map(|live| (live.call, live.agent));
    let in_hand = had.any(|seen| seen == (call, Some(own))) || called.any(|seen| seen == (call, Some(own)));
    if in_hand { Ok(()) } else { Err(Error::NotYours) }
}
