//! What agents do all day. An agent acts for themself, a supervisor for any.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use cadran_engine::command::{Agreed, Answer};
use cadran_engine::dialer::calling_hours;
use cadran_engine::input::Request;
use cadran_engine::model::{
    AgentId, CallId, CampaignId, Disposition, Phone, Queue, QueueId, SessionId, Timestamp,
};
use cadran_engine::view::{AgentView, CallView, CallerView};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Anyone, SignedIn};
use super::because::{Because, BecauseQuery};
use super::check::{Check, is_plain_name};
use super::error::Error;
use super::extract::{Json, NoContent, Path, Versioned};
use super::leads::{self, LeadBody};
use super::live;
use super::privacy::shown;
use super::supervision;
use crate::sentences;
use crate::store::PauseChoice;
use crate::words::Language;

/// The longest note of a disposition.
const NOTE_CHARS_MAX: usize = 4000;

/// The agent in the address, for whom the user may act. Comes before the body, so that nobody learns from its checks
/// what they may not do.
#[derive(Debug)]
pub(super) struct ActingFor(pub(super) AgentId);

impl FromRequestParts<App> for ActingFor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let session = SignedIn::<Anyone>::from_request_parts(parts, app).await?;
        let Path(agent) = Path::<AgentId>::from_request_parts(parts, app).await?;
        session.may_act_for(agent)?;
        Ok(Self(agent))
    }
}

/// What an agent has before them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Desk {
    /// The agent at work; none while they are not logged in.
    agent: Option<AgentView>,
    /// Why the last dial that the agent asked for was not placed, in words; `agent.refused` has it for programs.
    refused: Option<&'static str>,
    /// The call in hand, with the whole number for the agent themself.
    #[schema(value_type = Option<CallView>)]
    call: Option<Value>,
    /// The caller in hand, with the whole number for the agent themself.
    #[schema(value_type = Option<CallerView>)]
    caller: Option<Value>,
    /// Who is called.
    lead: Option<Versioned<LeadBody>>,
    /// What can be said of the call.
    dispositions: Vec<Disposition>,
}

/// What an agent has before them: their state, the call in hand, who it is with, and what can be said of it.
#[utoipa::path(get, path = "/api/agents/{agent}/desk", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 200, body = Desk)))]
pub(super) async fn desk(
    session: SignedIn<Anyone>,
    ActingFor(agent): ActingFor,
    State(app): State<App>,
    language: Language,
) -> Result<Json<Desk>, Error> {
    let whole = sees_whole(&session, agent);
    let own = session.user.value.agent == Some(agent);
    let view = live::view(&app).await?;
    let agent = view.agents.into_iter().find(|live| live.agent == agent);
    let in_hand = agent.as_ref().and_then(|live| live.call);
    let on_show = agent.as_ref().and_then(|live| live.preview);
    // Of who listens an agent is told what their own row says, and no more.
    let told = agent.as_ref().map_or_else(Vec::new, |live| live.listeners.clone());
    let call = view.calls.into_iter().find(|live| Some(live.call) == in_hand);
    let call = call.map(|live| CallView { listeners: told.clone(), ..live });
    let caller = view.callers.into_iter().find(|live| Some(live.call) == in_hand);
    let caller = caller.map(|live| CallerView { listeners: told, ..live });
    // The call that is being wrapped up is over: the live view has it no more, the store has it.
    let (mut lead, mut campaign, mut queue) = (None, None, None);
    match (&call, &caller, in_hand) {
        (Some(call), _, _) => (lead, campaign) = (Some(call.lead), Some(call.campaign)),
        (None, Some(caller), _) => queue = caller.queue,
        (None, None, Some(over)) => {
            if let Some(story) = app.store.call_story(over).await? {
                let attempt = story.attempt.attempt;
                (lead, campaign) = (Some(attempt.lead), Some(attempt.campaign));
            } else if let Some(over) = app.store.caller_call(over).await? {
                queue = over.waits.last().map(|wait| wait.queue);
            }
        }
        (None, None, None) => {
            (lead, campaign) = (on_show.map(|shown| shown.lead), on_show.map(|shown| shown.campaign));
        }
    }
    // An agent of the team may be on a call for others, which is none of the team's business.
    if !own && !campaign.is_none_or(|campaign| session.sees_campaign(campaign)) {
        let dispositions = Vec::new();
        return Ok(Json(Desk { agent, refused: None, call: None, caller: None, lead: None, dispositions }));
    }
    let lead = match lead {
        Some(lead) => app.store.lead(lead).await?.map(|lead| leads::body(lead, whole)),
        None => None,
    };
    let refused = agent.as_ref().and_then(|live| live.refused);
    let refused = refused.map(|dial| sentences::refusal(dial.refusal, language));
    let call = call.map(|call| call_body(&call, Some(call.phone), whole)).transpose()?;
    let caller = caller.map(|caller| call_body(&caller, caller.phone, whole)).transpose()?;
    let dispositions = dispositions(&app, campaign, queue).await?;
    Ok(Json(Desk { agent, refused, call, caller, lead, dispositions }))
}

/// Whether numbers at an agent's desk are whole for whoever asks: whoever talks to somebody sees whom.
fn sees_whole(session: &SignedIn<Anyone>, agent: AgentId) -> bool {
    session.sees_numbers() || session.user.value.agent == Some(agent)
}

fn call_body(call: &impl Serialize, phone: Option<Phone>, whole: bool) -> Result<Value, Error> {
    let mut body = serde_json::to_value(call).map_err(|error| Error::Internal(error.to_string()))?;
    body["phone"] = phone.map(|phone| shown(phone, whole)).into();
    Ok(body)
}

/// What can be said of a call for this campaign, or of one that this queue gave to the agent.
async fn dispositions(
    app: &App,
    campaign: Option<CampaignId>,
    queue: Option<QueueId>,
) -> Result<Vec<Disposition>, Error> {
    let own = if let Some(campaign) = campaign {
        let kept = app.store.campaign(campaign).await?.map(|kept| kept.value.settings);
        kept.map(|settings| (settings.disposition_group, settings.dispositions))
    } else if let Some(queue) = queue {
        let kept = app.store.setting::<Queue>(queue).await?.map(|kept| kept.value.settings);
        kept.map(|settings| (settings.disposition_group, settings.dispositions))
    } else {
        None
    };
    let (group, own) = own.unwrap_or_default();
    Ok(app.store.dispositions_that_count(group, own).await?)
}

/// Beginning to work.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogIn {
    /// For which campaigns. Agents who serve queues need none, nor does whoever logs themself in to supervise.
    campaigns: Vec<CampaignId>,
}

/// A working time that began.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LoggedIn {
    session: SessionId,
}

/// Begins to work. The phone rings when it is to stay up; the agent is paused until they say ready.
#[utoipa::path(post, path = "/api/agents/{agent}/log-in", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 200, body = LoggedIn)))]
pub(super) async fn log_in(
    session: SignedIn<Anyone>,
    ActingFor(agent): ActingFor,
    State(app): State<App>,
    Json(body): Json<LogIn>,
) -> Result<Json<LoggedIn>, Error> {
    let own = session.user.value.agent == Some(agent);
    // A supervisor may want to do nothing but supervise.
    let supervises = own && supervision::ways(session.rights).next().is_some();
    let foreign = |campaign: &&CampaignId| !own && !session.sees_campaign(**campaign);
    if let Some(campaign) = body.campaigns.iter().find(foreign) {
        return Err(Error::not_found("campaign", campaign));
    }
    let known = app.store.agent(agent).await?;
    let serves_queues = known.is_some_and(|kept| !kept.value.queues.is_empty());
    Check::default()
        .that(supervises || serves_queues || !body.campaigns.is_empty(), "/campaigns", "needed_to_run")
        .count(body.campaigns.len(), 100, "/campaigns")
        .done()?;
    let campaigns = body.campaigns;
    match app.inbox.request(Request::LogIn { agent, campaigns }).await? {
        Answer::LoggedIn(session) => Ok(Json(LoggedIn { session })),
        other => Err(live::unexpected(&other)),
    }
}

/// Stops working, after the call in hand.
#[utoipa::path(post, path = "/api/agents/{agent}/log-out", tag = "desk",
    params(("agent" = AgentId, Path), BecauseQuery),
    responses((status = 204, description = "Logging out")))]
pub(super) async fn log_out(
    ActingFor(agent): ActingFor,
    _: Because,
    State(app): State<App>,
) -> Result<NoContent, Error> {
    act(&app, Request::LogOut { agent }).await
}

/// Takes calls. Ends a pause and a wrap-up.
#[utoipa::path(post, path = "/api/agents/{agent}/ready", tag = "desk",
    params(("agent" = AgentId, Path), BecauseQuery),
    responses((status = 204, description = "Ready")))]
pub(super) async fn ready(
    ActingFor(agent): ActingFor,
    _: Because,
    State(app): State<App>,
) -> Result<NoContent, Error> {
    act(&app, Request::Ready { agent }).await
}

/// A pause.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// Why: the code of one of the reasons at `/api/pause-reasons`; any word where there are none.
    code: String,
}

/// Takes no calls, after the call in hand.
#[utoipa::path(post, path = "/api/agents/{agent}/pause", tag = "desk",
    params(("agent" = AgentId, Path), BecauseQuery),
    responses((status = 204, description = "Paused")))]
pub(super) async fn pause(
    ActingFor(agent): ActingFor,
    _: Because,
    State(app): State<App>,
    Json(body): Json<Pause>,
) -> Result<NoContent, Error> {
    let reasons = app.store.all_settings::<PauseChoice>().await?;
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    Check::default()
        .that(is_plain_name(&body.code), "/code", "code")
        .fill(
            codes.is_empty() || codes.contains(&body.code.as_str()),
            "/code",
            "pause_reason",
            &[("codes", codes.join(", "))],
        )
        .done()?;
    act(&app, Request::Pause { agent, code: body.code }).await
}

/// A lead on show.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Preview {
    campaign: CampaignId,
    lead: Versioned<LeadBody>,
    /// Until when it is the agent's, in milliseconds since 1970.
    until: i64,
}

/// Shows whom the agent would call next, in a preview campaign.
#[utoipa::path(post, path = "/api/agents/{agent}/next-lead", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 200, body = Preview)))]
pub(super) async fn next_lead(
    session: SignedIn<Anyone>,
    ActingFor(agent): ActingFor,
    State(app): State<App>,
) -> Result<Json<Preview>, Error> {
    match app.inbox.request(Request::NextLead { agent }).await? {
        Answer::Preview { lead, campaign, until } => Ok(Json(Preview {
            campaign,
            lead: leads::body(leads::find(&app, lead).await?, sees_whole(&session, agent)),
            until: until.as_millis(),
        })),
        other => Err(live::unexpected(&other)),
    }
}

/// How long a lead on show is the agent's.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreviewLease {
    /// Until when, in milliseconds since 1970.
    until: i64,
}

/// Keeps the lead that is shown for another 90 seconds, up to ten minutes in all. The desk asks while it is shown;
/// without that the lead goes back.
#[utoipa::path(post, path = "/api/agents/{agent}/keep-lead", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 200, body = PreviewLease)))]
pub(super) async fn keep_lead(
    ActingFor(agent): ActingFor,
    State(app): State<App>,
) -> Result<Json<PreviewLease>, Error> {
    match app.inbox.request(Request::KeepPreview { agent }).await? {
        Answer::Preview { until, .. } => Ok(Json(PreviewLease { until: until.as_millis() })),
        other => Err(live::unexpected(&other)),
    }
}

/// A call that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dialling {
    pub(super) call: CallId,
}

/// Calls the lead that is shown.
#[utoipa::path(post, path = "/api/agents/{agent}/dial", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 200, body = Dialling)))]
pub(super) async fn dial(
    ActingFor(agent): ActingFor,
    State(app): State<App>,
) -> Result<Json<Dialling>, Error> {
    match app.inbox.request(Request::DialPreview { agent }).await? {
        Answer::Dialling(call) => Ok(Json(Dialling { call })),
        other => Err(live::unexpected(&other)),
    }
}

/// Does not call the lead that is shown; it comes back later.
#[utoipa::path(post, path = "/api/agents/{agent}/skip", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 204, description = "Skipped")))]
pub(super) async fn skip(ActingFor(agent): ActingFor, State(app): State<App>) -> Result<NoContent, Error> {
    act(&app, Request::SkipPreview { agent }).await
}

/// What an agent says of a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    call: CallId,
    /// One of the campaign's dispositions.
    code: String,
    /// Free text.
    #[serde(default)]
    note: String,
    /// The agreed moment, when the disposition is a callback, in milliseconds since 1970.
    callback_at: Option<i64>,
    /// The same as the person said it: date and time where they live, such as `2026-11-20T14:30`. A time that clocks
    /// show twice is the first one; one that they skip is as long after the gap.
    #[schema(value_type = Option<String>)]
    callback_local: Option<DateTime>,
    /// Whether the agent promised to call themself. Otherwise anybody calls.
    #[serde(default)]
    callback_personal: bool,
}

/// Says what came of the last call, with the agreed moment of a callback. Ends the wrap-up.
#[utoipa::path(post, path = "/api/agents/{agent}/disposition", tag = "desk", params(("agent" = AgentId, Path)),
    responses((status = 204, description = "Kept")))]
pub(super) async fn dispose(
    ActingFor(agent): ActingFor,
    State(app): State<App>,
    Json(said): Json<Said>,
) -> Result<NoContent, Error> {
    Check::default().text(&said.note, NOTE_CHARS_MAX, "/note").done()?;
    let at = match (said.callback_local, said.callback_at) {
        (Some(local), _) => Some(moment_for(&app, said.call, local).await?),
        (None, at) => at.map(Timestamp::from_millis),
    };
    let callback = at.map(|at| Agreed { at, personal: said.callback_personal });
    let Said { call, code, note, .. } = said;
    act(&app, Request::Dispose { agent, call, code, note, callback }).await
}

/// What a clock shows where the person of this call lives, as an instant.
async fn moment_for(app: &App, call: CallId, local: DateTime) -> Result<Timestamp, Error> {
    let story = app.store.call_story(call).await?.ok_or_else(|| Error::not_found("call", call))?;
    let lead = leads::find(app, story.attempt.attempt.lead).await?.lead;
    calling_hours::instant_in(local, &lead.zone)
        .ok_or_else(|| Error::BadBody("`callback_local` is beyond the calendar".to_owned()))
}

async fn act(app: &App, request: Request) -> Result<NoContent, Error> {
    app.inbox.request(request).await?;
    Ok(NoContent)
}
