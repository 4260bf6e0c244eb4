//! Dialling by hand: a lead, or a number that somebody typed.
//!
//! The law is asked twice: here, so that the agent reads at once why not, and again in the transaction that makes the
//! attempt durable. What it says there is on the desk, under `refused`.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use cadran_engine::almanac::numbering;
use cadran_engine::command::{Answer, Refusal};
use cadran_engine::input::Request;
use cadran_engine::model::{
    AgentId, ByHand, CallId, CampaignId, Lead, LeadId, ListId, Phone, Timestamp, Zone,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::app::App;
use super::check::Check;
use super::desk::{ActingFor, Dialling};
use super::error::Error;
use super::extract::Json;
use super::once::{KEY, KEY_CHARS_MAX};
use super::{leads, lists, live};
use crate::store::{HandDialled, LeadRecord};
use crate::words::Language;

/// Whom an agent wants to call: a lead, a number, or one of a lead's numbers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DialByHand {
    /// On whose behalf. The agent is logged in for it.
    campaign: CampaignId,
    /// A lead of the campaign.
    lead: Option<LeadId>,
    /// A number with its country code. One that a lead of the campaign has is that lead; any other becomes a lead.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    /// Where a lead goes that is made for the number: a list of the campaign. Left out: the campaign's own list for
    /// numbers that were dialled by hand.
    list: Option<ListId>,
    /// How the person is called for whom a lead is made.
    #[serde(default)]
    name: String,
    /// Where they live, as an IANA name, when the number does not tell.
    #[schema(value_type = Option<String>)]
    zone: Option<Zone>,
}

/// What the agent's program calls a request, so that asking again is not dialling again.
#[derive(Debug)]
pub(super) struct IdempotencyKey(Option<String>);

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Error> {
        let Some(value) = parts.headers.get(KEY) else {
            return Ok(Self(None));
        };
        let key = value.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
        key.map(|key| Self(Some(key.to_owned()))).ok_or(Error::BadIdempotencyKey)
    }
}

/// Calls a lead or a number that the agent chose. The header `Idempotency-Key` names the dial: the same key again gives
/// the same call and dials nobody. The agent is paused, or ready with no campaign that dials for them.
#[utoipa::path(post, path = "/api/agents/{agent}/dial-by-hand", tag = "desk",
    params(("agent" = AgentId, Path), ("Idempotency-Key" = Option<String>, Header, description = "Names the dial")),
    responses((status = 200, body = Dialling)))]
pub(super) async fn dial(
    ActingFor(agent): ActingFor,
    State(app): State<App>,
    language: Language,
    IdempotencyKey(key): IdempotencyKey,
    Json(body): Json<DialByHand>,
) -> Result<Json<Dialling>, Error> {
    Check::default()
        .that(body.lead.is_some() || body.phone.is_some(), "/phone", "lead_or_phone")
        .text(&body.name, 100, "/name")
        .done()?;
    if let Some(call) = dialled_before(&app, agent, key.as_deref(), &body).await? {
        return Ok(Json(Dialling { call }));
    }
    works_for(&app, agent, body.campaign).await?;
    let record = lead(&app, language, &body).await?;
    let lead = with_number(&record, body.phone)?;
    if let Err(denied) = judge(&app, language, &record, lead.phone_to_dial()).await {
        // The person may be busy with this very dial, asked for a moment ago.
        let before = dialled_before(&app, agent, key.as_deref(), &body).await?;
        return before.map(|call| Json(Dialling { call })).ok_or(denied);
    }
    let by_hand = ByHand { key, lead_was_done: record.done_reason.is_some() };
    let request = Request::DialByHand { agent, campaign: body.campaign, lead: Box::new(lead), by_hand };
    match app.inbox.request(request).await? {
        Answer::Dialling(call) => Ok(Json(Dialling { call })),
        other => Err(live::unexpected(&other)),
    }
}

/// The call that was dialled under this key. A key that named somebody else is a mistake of the agent's program.
async fn dialled_before(
    app: &App,
    agent: AgentId,
    key: Option<&str>,
    body: &DialByHand,
) -> Result<Option<CallId>, Error> {
    let Some(key) = key else { return Ok(None) };
    let Some((lead, call)) = app.store.dialled_by_hand(agent, key).await? else {
        return Ok(None);
    };
    let is_same = match (body.lead, body.phone) {
        (Some(asked), _) => asked == lead,
        (None, Some(phone)) => leads::find(app, lead).await?.lead.phones().any(|known| known == phone),
        (None, None) => false,
    };
    if is_same { Ok(Some(call)) } else { Err(Error::IdempotencyOther) }
}

/// Before a lead is made: nobody makes leads for campaigns that they do not work for.
async fn works_for(app: &App, agent: AgentId, campaign: CampaignId) -> Result<(), Error> {
    let view = live::view(app).await?;
    let at_work = view.agents.into_iter().find(|live| live.agent == agent);
    let refusal = match at_work {
        None => Refusal::NotLoggedIn,
        Some(live) if !live.campaigns.contains(&campaign) => Refusal::NotInCampaign(campaign),
        Some(_) => return Ok(()),
    };
    Err(Error::Request(refusal.into()))
}

/// The lead that is meant, or one that is made for the number.
async fn lead(app: &App, language: Language, body: &DialByHand) -> Result<LeadRecord, Error> {
    if let Some(id) = body.lead {
        let record = leads::find(app, id).await?;
        let is_theirs = record.campaign == body.campaign;
        return if is_theirs { Ok(record) } else { Err(Error::not_found("lead", id)) };
    }
    let Some(phone) = body.phone else {
        return Err(Error::not_found("lead", ""));
    };
    if let Some(record) = app.store.lead_to_dial(body.campaign, phone).await? {
        return Ok(record);
    }
    let told =
        body.zone.clone().or_else(|| numbering::zones(phone).and_then(|zones| zones.into_iter().next()));
    let mut check = Check::default();
    check.that(told.is_some(), "/zone", "zone_needed");
    if let Some(list) = body.list {
        let is_theirs = lists::find(app, list).await?.value.campaign == body.campaign;
        check.that(is_theirs, "/list", "exists");
    }
    check.done()?;
    let new = HandDialled {
        campaign: body.campaign,
        list: body.list,
        list_name: language.name("dialled_by_hand"),
        phone,
        name: body.name.trim(),
        zone: &told.unwrap_or_else(Zone::utc),
    };
    let made = app.store.make_lead_to_dial(&new, app.now()).await?;
    leads::find(app, made).await
}

/// The lead with the number that is to be dialled: the one that was asked for, or the next in turn.
fn with_number(record: &LeadRecord, phone: Option<Phone>) -> Result<Lead, Error> {
    let mut lead = record.lead.clone();
    if let Some(phone) = phone {
        let index = lead.phones().position(|known| known == phone);
        Check::default().that(index.is_some(), "/phone", "not_of_lead").done()?;
        lead.next_phone = index.and_then(|index| u8::try_from(index).ok()).unwrap_or_default();
    }
    Ok(lead)
}

/// Whether the law lets the agent call.
async fn judge(app: &App, language: Language, record: &LeadRecord, phone: Phone) -> Result<(), Error> {
    match app.store.may_dial_by_hand(record, phone, app.now()).await? {
        Ok(()) => Ok(()),
        Err(denied) => Err(Error::DialDenied {
            reason: denied.reason,
            words: language.reason(denied.reason),
            rule: denied.rule,
            until: denied.until.map(|until| where_they_live(until, &record.lead.zone)),
        }),
    }
}

/// A moment as the clock of the person's zone shows it.
fn where_they_live(at: Timestamp, zone: &Zone) -> String {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    format!("{} ({zone})", zone.rules().to_datetime(instant).strftime("%Y-%m-%d %H:%M"))
}
