//! The law and one number, the law and a campaign: why somebody is called, or is not.

use std::collections::BTreeMap;

use axum::extract::State;
use cadran_engine::dialer::compliance::{CapCount, Obligation, Reason};
use cadran_engine::model::{CampaignId, CampaignState, LeadId, ListId, PersonId, Phone, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SeesNumbers, SignedIn};
use super::calls::AttemptBody;
use super::check::Check;
use super::consents::{self, ConsentBody};
use super::dial_decisions::{self, DialDecisionBody};
use super::do_not_call::{self, DoNotCallBody};
use super::error::Error;
use super::extract::{Json, Path, Query, Versioned};
use super::leads::{self, LeadBody};
use super::pacing::WaitingLeadsBody;
use super::relationships::{self, RelationshipBody};
use crate::store::{DryRun, LeadStanding, PackEdition, Verdict, Why};
use crate::words::Language;

/// Whom is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct WhyQuery {
    /// A number, with its country code.
    #[param(value_type = String)]
    phone: Phone,
}

/// All that is known of the person behind a number. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Why)]
pub(super) struct WhyBody {
    /// Who it is; none when no list has the number.
    person: Option<PersonId>,
    /// Every number of the person.
    phones: Vec<Phone>,
    leads: Vec<Versioned<LeadBody>>,
    do_not_call: Vec<DoNotCallBody>,
    consents: Vec<ConsentBody>,
    relationships: Vec<RelationshipBody>,
    /// The latest first.
    attempts: Vec<AttemptBody>,
    /// The latest first.
    decisions: Vec<DialDecisionBody>,
    /// What the law says of a call to each lead that is not done, at this moment.
    verdicts: Vec<VerdictBody>,
    /// What else keeps each lead that waits, the law left aside: its campaign, its list, a quota, a later time.
    standings: Vec<LeadStandingBody>,
}

/// Whether a lead that waits would be dialled, the law left aside.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeadStanding)]
pub(super) struct LeadStandingBody {
    lead: LeadId,
    campaign: CampaignId,
    /// What the campaign does: only a running one dials.
    campaign_state: CampaignState,
    #[serde(flatten)]
    waiting: WaitingLeadsBody,
}

/// What the law says of a call at this moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LawVerdict)]
pub(super) struct VerdictBody {
    lead: LeadId,
    campaign: CampaignId,
    /// The number that would be dialled.
    phone: Phone,
    /// `allow` or `deny`.
    verdict: &'static str,
    /// Why not: a word such as `FREQ_CAP`.
    reason: Option<&'static str>,
    /// The same for people.
    words: &'static str,
    /// The rule, as its pack names it.
    rule: Option<String>,
    /// When time alone opens the way.
    until: Option<i64>,
    /// What an allowed call must do.
    #[schema(value_type = Vec<String>)]
    obligations: Vec<Obligation>,
    /// The editions of the rule packs that were asked.
    #[schema(value_type = Vec<Object>)]
    packs: Vec<PackEdition>,
    /// How many attempts each cap counts.
    caps: Vec<CapBody>,
    /// The question as `cadran compliance check` reads it.
    #[schema(value_type = Object)]
    inquiry: serde_json::Value,
}

/// What a cap counts for a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Cap)]
pub(super) struct CapBody {
    pack: String,
    rule: String,
    /// How many attempts count at this moment.
    counted: usize,
    /// How many may be made.
    max: usize,
}

fn cap(cap: CapCount) -> CapBody {
    CapBody { pack: cap.pack, rule: cap.rule_id, counted: cap.counted, max: cap.max }
}

fn verdict(verdict: Verdict, language: Language) -> Result<VerdictBody, Error> {
    let (reason, rule) = verdict.denied.unzip();
    Ok(VerdictBody {
        lead: verdict.lead,
        campaign: verdict.campaign,
        phone: verdict.phone,
        verdict: if reason.is_some() { "deny" } else { "allow" },
        reason: reason.map(Reason::as_str),
        words: reason.map_or_else(|| language.allowed(), |reason| language.reason(reason)),
        rule,
        until: verdict.until.map(Timestamp::as_millis),
        obligations: verdict.obligations,
        packs: verdict.packs,
        caps: verdict.caps.into_iter().map(cap).collect(),
        inquiry: serde_json::to_value(verdict.inquiry).map_err(|error| Error::Internal(error.to_string()))?,
    })
}

/// Why a number was called, or was not: all that is known of the person behind it, and what the law says now.
#[utoipa::path(get, path = "/api/compliance/why", tag = "compliance", params(WhyQuery),
    responses((status = 200, body = WhyBody)))]
pub(super) async fn why(
    session: SignedIn<SeesNumbers>,
    State(app): State<App>,
    language: Language,
    Query(query): Query<WhyQuery>,
) -> Result<Json<WhyBody>, Error> {
    // All that is known of a person is known from every campaign.
    session.needs_all_teams()?;
    let now = app.now();
    let Why { contact, decisions, verdicts, standings } = app.store.why(query.phone, now).await?;
    let whole = session.sees_numbers();
    let standing = |standing: LeadStanding| LeadStandingBody {
        lead: standing.lead,
        campaign: standing.campaign,
        campaign_state: standing.state,
        waiting: WaitingLeadsBody::of(standing.waiting, now, language),
    };
    Ok(Json(WhyBody {
        person: contact.person,
        phones: contact.phones,
        leads: contact.leads.into_iter().map(|lead| leads::body(lead, whole)).collect(),
        do_not_call: contact.do_not_call.into_iter().map(|entry| do_not_call::body(entry, whole)).collect(),
        consents: contact.consents.into_iter().map(consents::body).collect(),
        relationships: contact.relationships.into_iter().map(relationships::body).collect(),
        attempts: contact.attempts.into_iter().map(|record| AttemptBody::of(record, whole)).collect(),
        decisions: decisions.into_iter().map(|decision| dial_decisions::body(decision, language)).collect(),
        verdicts: verdicts.into_iter().map(|said| verdict(said, language)).collect::<Result<_, _>>()?,
        standings: standings.into_iter().map(standing).collect(),
    }))
}

/// Which leads a dry run looks at.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRunQuery {
    /// Of one list only.
    list: Option<ListId>,
}

/// What the law would say of leads that are not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DryRun)]
pub(super) struct DryRunBody {
    /// Leads that were looked at.
    leads: u64,
    /// Those that could be called at this moment.
    callable: u64,
    /// The others, by reason.
    denied: BTreeMap<&'static str, DeniedBody>,
}

/// How often a reason stands against a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Denied)]
pub(super) struct DeniedBody {
    leads: u64,
    /// What it means.
    words: &'static str,
}

/// Asks the law about every lead of a campaign, as if it were dialled at this moment. Nobody is called.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/dry-run", tag = "compliance",
    params(("campaign" = CampaignId, Path), DryRunQuery), responses((status = 200, body = DryRunBody)))]
pub(super) async fn dry_run(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    language: Language,
    Path(id): Path<CampaignId>,
    Query(query): Query<DryRunQuery>,
) -> Result<Json<DryRunBody>, Error> {
    let kept = app.store.campaign(id).await?.ok_or_else(|| Error::not_found("campaign", id))?;
    let mut check = Check::default();
    let has_seller = kept.value.settings.compliance.seller.is_some();
    check.that(has_seller, "/compliance/seller", "needed_to_run").done()?;
    let DryRun { leads, callable, denied } = app.store.dry_run(id, query.list, app.now()).await?;
    Ok(Json(DryRunBody { leads, callable, denied: self::denied(denied, language) }))
}

/// Counts by reason, with what each means.
pub(super) fn denied(
    counts: BTreeMap<Reason, u64>,
    language: Language,
) -> BTreeMap<&'static str, DeniedBody> {
    let told = |(reason, leads): (Reason, u64)| {
        (reason.as_str(), DeniedBody { leads, words: language.reason(reason) })
    };
    counts.into_iter().map(told).collect()
}
