//! Campaigns: their settings, and starting, pausing and finishing them.

use axum::extract::State;
use cadran_engine::model::{Campaign, CampaignId, CampaignSettings, CampaignState, Quota, Right};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, Publishes, SignedIn, Staff};
use super::campaign_settings::check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NamedQuery, NoContent, Path, Query, Versioned, page};
use crate::store::{Kept, NameOrder};

const NOUN: &str = "campaign";

/// A campaign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Campaign)]
pub(super) struct CampaignBody {
    id: CampaignId,
    state: CampaignState,
    #[serde(flatten)]
    settings: CampaignSettings,
}

fn body(campaign: Campaign) -> CampaignBody {
    CampaignBody { id: campaign.id, state: campaign.state, settings: campaign.settings }
}

/// Lists campaigns, the latest first unless told otherwise.
#[utoipa::path(get, path = "/api/campaigns", tag = "campaigns", params(NamedQuery<CampaignId>),
    responses((status = 200, body = Listing<Versioned<CampaignBody>>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<NamedQuery<CampaignId>>,
) -> Result<Json<Listing<Versioned<CampaignBody>>>, Error> {
    let page = page(query.after, query.limit);
    let campaigns = session.store(&app).campaigns(query.order.unwrap_or(NameOrder::Latest), page).await?;
    Ok(Listing::of(&page, campaigns, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a campaign, as a draft.
#[utoipa::path(post, path = "/api/campaigns", tag = "campaigns",
    responses((status = 201, body = Versioned<CampaignBody>)))]
pub(super) async fn create(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<CampaignSettings>,
) -> Result<Created<Versioned<CampaignBody>>, Error> {
    // A campaign begins in no team.
    session.needs_all_teams()?;
    may_set(&session, &CampaignSettings::default(), &settings)?;
    check(&settings, &app, CampaignState::Draft).await?;
    let campaign = Campaign { id: CampaignId::from_i64(0), state: CampaignState::Draft, settings };
    let kept = app.store.create_campaign(&campaign, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Created { location: format!("/api/campaigns/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One campaign.
#[utoipa::path(get, path = "/api/campaigns/{campaign}", tag = "campaigns", params(("campaign" = CampaignId, Path)),
    responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes a campaign's settings, also while it runs.
#[utoipa::path(put, path = "/api/campaigns/{campaign}", tag = "campaigns", params(("campaign" = CampaignId, Path)),
    responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn update(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
    Json(settings): Json<CampaignSettings>,
) -> Result<Versioned<CampaignBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let Campaign { state, settings: known, .. } = find(&app, id).await?.value;
    may_set(&session, &known, &settings)?;
    check(&settings, &app, state).await?;
    let kept = app.store.update_campaign(&Campaign { id, state, settings }, rev, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, body))
}

/// Whether an account may have settings take the place of those known. A new campaign begins with the usual ones.
fn may_set(
    session: &SignedIn<CampaignManager>,
    known: &CampaignSettings,
    settings: &CampaignSettings,
) -> Result<(), Error> {
    if settings.hours != known.hours {
        session.needs(Right::OverrideCallingHours)?;
    }
    let cap = |settings: &CampaignSettings| (settings.mode, settings.drop_limit, settings.drop_limit_month);
    if cap(settings) != cap(known) {
        session.needs(Right::ChangeLevelCap)?;
    }
    Ok(())
}

/// Removes a campaign that has neither lists nor history.
#[utoipa::path(delete, path = "/api/campaigns/{campaign}", tag = "campaigns", params(("campaign" = CampaignId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_campaign(id, rev).await?;
    app.inbox.reload().await?;
    Ok(NoContent)
}

/// Has a campaign dial.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/start", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn start(
    session: SignedIn<Publishes>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    change_state(&session, &app, id, CampaignState::Running).await
}

/// Stops a campaign's dialling for a while. Calls in progress go on.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/pause", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn pause(
    session: SignedIn<Publishes>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    change_state(&session, &app, id, CampaignState::Paused).await
}

/// Ends a campaign for good. Its history is kept.
#[utoipa::path(post, path = "/api/campaigns/{campaign}/finish", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Versioned<CampaignBody>)))]
pub(super) async fn finish(
    session: SignedIn<Publishes>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Versioned<CampaignBody>, Error> {
    change_state(&session, &app, id, CampaignState::Finished).await
}

/// A quota and how far it is reached.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QuotaBody {
    #[serde(flatten)]
    quota: Quota,
    /// Successes so far.
    reached: u32,
}

/// The quotas of a campaign, in the order of its settings, with the successes so far.
#[utoipa::path(get, path = "/api/campaigns/{campaign}/quotas", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Vec<QuotaBody>)))]
pub(super) async fn quotas(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Json<Vec<QuotaBody>>, Error> {
    find(&app, id).await?;
    let stands = app.store.quotas(id).await?.into_iter();
    Ok(Json(stands.map(|stand| QuotaBody { quota: stand.quota, reached: stand.reached }).collect()))
}

async fn change_state(
    session: &SignedIn<Publishes>,
    app: &App,
    id: CampaignId,
    to: CampaignState,
) -> Result<Versioned<CampaignBody>, Error> {
    let kept = find(app, id).await?;
    let from = kept.value.state;
    if from == to {
        return Ok(Versioned::of(kept, body));
    }
    if !may_become(from, to) {
        return Err(Error::CampaignIs(from.as_str()));
    }
    let campaign = Campaign { state: to, ..kept.value };
    check(&campaign.settings, app, to).await?;
    let kept = app.store.update_campaign(&campaign, kept.rev, app.now()).await?;
    tracing::info!(campaign.id = %id, user.id = %session.id(), "campaign is {}", to.as_str());
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, body))
}

const fn may_become(from: CampaignState, to: CampaignState) -> bool {
    match (from, to) {
        (CampaignState::Draft | CampaignState::Paused, CampaignState::Running)
        | (CampaignState::Running, CampaignState::Paused)
        | (CampaignState::Draft | CampaignState::Paused | CampaignState::Running, CampaignState::Finished) => {
            true
        }
        (
            CampaignState::Draft | CampaignState::Running | CampaignState::Paused | CampaignState::Finished,
            _,
        ) => false,
    }
}

pub(super) async fn find(app: &App, id: CampaignId) -> Result<Kept<Campaign>, Error> {
    app.store.campaign(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
