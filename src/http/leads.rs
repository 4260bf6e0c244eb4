//! Leads, and all that happened to each.

use axum::extract::State;
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{AgentId, CallId, CampaignId, LeadId, LeadState, ListId, Phone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::calls::{AttemptBody, DispositionBody};
use super::error::Error;
use super::extract::{Json, Listing, Path, Query, Versioned, page};
use super::privacy::shown;
use crate::store::{
    CallbackRecord, CallbackState, DoneReason, LeadFilter, LeadOrder, LeadRecord, Withdrawal,
};

/// A person or company to call. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lead)]
pub(super) struct LeadBody {
    id: LeadId,
    list: ListId,
    campaign: CampaignId,
    name: String,
    /// The preferred number; its last digits without the right `see_full_numbers`.
    phone: String,
    /// Other numbers, in the order in which they are tried.
    alternates: Vec<String>,
    zone: String,
    /// What else the file said.
    #[schema(value_type = Object)]
    fields: serde_json::Map<String, serde_json::Value>,
    state: LeadState,
    /// Why it is never dialled again: `disposition`, `do_not_call`, `forbidden`, `outcome` or `withdrawn`.
    done_reason: Option<&'static str>,
    /// Why the law put it off, or finished it, when it was looked at last: a word such as `FREQ_CAP`.
    held_because: Option<&'static str>,
    /// Not dialled before.
    due_at: i64,
    /// Whether a moment was agreed with the person.
    callback: bool,
    /// Higher is dialled earlier, in campaigns that dial by priority.
    priority: i64,
    created_at: i64,
}

pub(super) fn body(record: LeadRecord, whole: bool) -> Versioned<LeadBody> {
    let (rev, updated_at) = (record.rev, record.updated_at.as_millis());
    let value = LeadBody {
        id: record.lead.id,
        list: record.lead.list,
        campaign: record.campaign,
        name: record.name,
        phone: shown(record.lead.phone, whole),
        alternates: record.lead.alternates.into_iter().map(|phone| shown(phone, whole)).collect(),
        zone: record.lead.zone.to_string(),
        fields: record.fields,
        state: record.state,
        done_reason: record.done_reason.map(DoneReason::as_str),
        held_because: record.held_because.map(Reason::as_str),
        due_at: record.due_at.as_millis(),
        callback: record.callback,
        priority: record.priority,
        created_at: record.created_at.as_millis(),
    };
    Versioned { rev, updated_at, value }
}

/// Which leads are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LeadQuery {
    /// Of one campaign.
    campaign: Option<CampaignId>,
    /// Of one list.
    list: Option<ListId>,
    /// With this preferred number.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// In one state.
    state: Option<LeadState>,
    /// `imported` (as they were, unless told otherwise), `latest` import first, `due` first, `last_attempt` first.
    #[param(value_type = Option<String>)]
    order: Option<LeadOrder>,
    /// `next` of the page before.
    after: Option<LeadId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists leads.
#[utoipa::path(get, path = "/api/leads", tag = "leads", params(LeadQuery),
    responses((status = 200, body = Listing<Versioned<LeadBody>>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<LeadQuery>,
) -> Result<Json<Listing<Versioned<LeadBody>>>, Error> {
    let page = page(query.after, query.limit);
    let filter =
        LeadFilter { campaign: query.campaign, list: query.list, phone: query.phone, state: query.state };
    let leads = session.store(&app).leads(filter, query.order.unwrap_or_default(), page).await?;
    let whole = session.sees_numbers();
    Ok(Listing::of(&page, leads, |record| record.lead.id, |record| body(record, whole)))
}

/// One lead.
#[utoipa::path(get, path = "/api/leads/{lead}", tag = "leads", params(("lead" = LeadId, Path)),
    responses((status = 200, body = Versioned<LeadBody>)))]
pub(super) async fn read(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<LeadId>,
) -> Result<Versioned<LeadBody>, Error> {
    Ok(body(find(&app, id).await?, session.sees_numbers()))
}

/// What came of taking a lead back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithdrawalBody {
    /// `at_once`; `after_attempt` while the lead is being dialled or talked to; `was_done` when nothing changes.
    #[schema(value_type = String)]
    takes_effect: Withdrawal,
}

/// Takes a lead back: it is not dialled again. A call in progress goes on, and is the last one.
#[utoipa::path(post, path = "/api/leads/{lead}/withdraw", tag = "leads", params(("lead" = LeadId, Path)),
    responses((status = 200, body = WithdrawalBody)))]
pub(super) async fn withdraw(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<LeadId>,
) -> Result<Json<WithdrawalBody>, Error> {
    find(&app, id).await?;
    Ok(Json(WithdrawalBody { takes_effect: app.store.withdraw_lead(id, app.now()).await? }))
}

/// All that happened to a lead.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Timeline {
    lead: Versioned<LeadBody>,
    /// The latest first.
    attempts: Vec<AttemptBody>,
    /// In the order in which they were said.
    dispositions: Vec<DispositionBody>,
    /// By their agreed moment.
    callbacks: Vec<CallbackBody>,
}

/// An agreed redial.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Callback)]
pub(super) struct CallbackBody {
    /// The call in which it was agreed.
    call: CallId,
    agent: AgentId,
    /// Whether this agent promised to call themself.
    personal: bool,
    /// The agreed moment, in milliseconds since 1970.
    due_at: i64,
    /// `open`, `kept` or `withdrawn`.
    #[schema(value_type = String)]
    state: CallbackState,
}

fn callback(record: &CallbackRecord) -> CallbackBody {
    CallbackBody {
        call: record.call,
        agent: record.agent,
        personal: record.personal,
        due_at: record.due_at.as_millis(),
        state: record.state,
    }
}

/// All that happened to a lead: every attempt, what agents said, what was agreed.
#[utoipa::path(get, path = "/api/leads/{lead}/timeline", tag = "leads", params(("lead" = LeadId, Path)),
    responses((status = 200, body = Timeline)))]
pub(super) async fn timeline(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<LeadId>,
) -> Result<Json<Timeline>, Error> {
    let story = app.store.lead_story(id).await?.ok_or_else(|| Error::not_found("lead", id))?;
    let whole = session.sees_numbers();
    Ok(Json(Timeline {
        lead: body(story.lead, whole),
        attempts: story.attempts.into_iter().map(|record| AttemptBody::of(record, whole)).collect(),
        dispositions: story.dispositions.into_iter().map(DispositionBody::of).collect(),
        callbacks: story.callbacks.iter().map(callback).collect(),
    }))
}

pub(super) async fn find(app: &App, id: LeadId) -> Result<LeadRecord, Error> {
    app.store.lead(id).await?.ok_or_else(|| Error::not_found("lead", id))
}
