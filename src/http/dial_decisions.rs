//! What the law said of dials, as it was decided.

use axum::extract::State;
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{AttemptId, CampaignId, LeadId, PersonId, Phone, SellerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::{Json, Listing, Query, page};
use crate::store::{DecisionFilter, DialDecision, DialDecisionId, PackEdition, Stage};
use crate::words::Language;

/// A decision about a dial. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DialDecision)]
pub(super) struct DialDecisionBody {
    id: DialDecisionId,
    /// The dial that was allowed; none when it was refused.
    attempt: Option<AttemptId>,
    lead: LeadId,
    campaign: CampaignId,
    seller: Option<SellerId>,
    person: Option<PersonId>,
    /// How it would have been dialled.
    mode: String,
    /// The number shown.
    caller_id: Option<String>,
    /// The editions of the rule packs that were asked.
    #[schema(value_type = Vec<Object>)]
    packs: Vec<PackEdition>,
    /// The SHA-256 of all that the answer depended on.
    inputs: String,
    /// `claim`: when leads were chosen; `attempt`: when the dial was made durable.
    #[schema(value_type = String)]
    stage: Stage,
    /// Why not: a word such as `FREQ_CAP`; none when it was allowed.
    reason: Option<&'static str>,
    /// The same for people.
    words: Option<&'static str>,
    /// The rule, as its pack names it.
    rule: Option<String>,
    /// When time alone would have opened the way.
    until: Option<i64>,
    at: i64,
    /// The last time that it was decided so on the same day.
    last_at: i64,
    /// How often on the same day.
    times: u32,
}

pub(super) fn body(decision: DialDecision, language: Language) -> DialDecisionBody {
    let (reason, rule) = decision.refusal.unzip();
    DialDecisionBody {
        id: decision.id,
        attempt: decision.attempt,
        lead: decision.lead,
        campaign: decision.campaign,
        seller: decision.seller,
        person: decision.person,
        mode: decision.mode,
        caller_id: decision.caller_id,
        packs: decision.packs,
        inputs: decision.inputs,
        stage: decision.stage,
        reason: reason.map(Reason::as_str),
        words: reason.map(|reason| language.reason(reason)),
        rule,
        until: decision.until.map(Timestamp::as_millis),
        at: decision.at.as_millis(),
        last_at: decision.last_at.as_millis(),
        times: decision.times,
    }
}

/// Which decisions are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DialDecisionQuery {
    /// By one campaign.
    campaign: Option<CampaignId>,
    /// About one lead.
    lead: Option<LeadId>,
    /// About one number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// For one reason, such as `FREQ_CAP`.
    #[param(value_type = Option<String>)]
    reason: Option<Reason>,
    /// `next` of the page before.
    after: Option<DialDecisionId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists decisions about dials, the latest first: each that was allowed, and each refusal once a day.
#[utoipa::path(get, path = "/api/dial-decisions", tag = "compliance", params(DialDecisionQuery),
    responses((status = 200, body = Listing<DialDecisionBody>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
    Query(query): Query<DialDecisionQuery>,
) -> Result<Json<Listing<DialDecisionBody>>, Error> {
    let page = page(query.after, query.limit);
    let DialDecisionQuery { campaign, lead, phone, reason, .. } = query;
    let filter = DecisionFilter { campaign, lead, phone, reason };
    let decisions = session.store(&app).dial_decisions(filter, page).await?;
    Ok(Listing::of(&page, decisions, |decision| decision.id, |decision| body(decision, language)))
}
