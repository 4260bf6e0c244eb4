//! Groups of dispositions: what agents can say of a call, written once for several campaigns and queues.

use axum::extract::State;
use cadran_engine::model::{Disposition, DispositionGroupId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::campaign_settings::check_dispositions;
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::setting;
use crate::store::{self, DispositionGroup};

/// A group of dispositions.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DispositionGroup)]
pub(super) struct DispositionGroupBody {
    id: DispositionGroupId,
    #[serde(flatten)]
    settings: DispositionGroupSettings,
}

/// What can be set of a group of dispositions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DispositionGroupSettings {
    /// How managers call it.
    name: String,
    /// What an agent can say of a call.
    dispositions: Vec<Disposition>,
}

fn body(group: DispositionGroup) -> DispositionGroupBody {
    let settings = DispositionGroupSettings { name: group.name, dispositions: group.dispositions };
    DispositionGroupBody { id: group.id, settings }
}

impl DispositionGroupSettings {
    fn into_group(self, id: DispositionGroupId) -> Result<DispositionGroup, Error> {
        let mut check = Check::default();
        check.name(&self.name, "/name");
        // A campaign that runs must have something to say.
        check.that(!self.dispositions.is_empty(), "/dispositions", "needed_to_run");
        check_dispositions(&self.dispositions, &mut check);
        check.done()?;
        Ok(DispositionGroup { id, name: self.name, dispositions: self.dispositions })
    }
}

/// Lists groups of dispositions, in the order in which they were added.
#[utoipa::path(get, path = "/api/disposition-groups", tag = "campaigns", params(PageQuery<DispositionGroupId>),
    responses((status = 200, body = Listing<Versioned<DispositionGroupBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<DispositionGroupId>>,
) -> Result<Json<Listing<Versioned<DispositionGroupBody>>>, Error> {
    setting::list(&app, query, body).await
}

/// Adds a group of dispositions. Groups are for the campaigns and queues of all teams.
#[utoipa::path(post, path = "/api/disposition-groups", tag = "campaigns",
    responses((status = 201, body = Versioned<DispositionGroupBody>)))]
pub(super) async fn create(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<DispositionGroupSettings>,
) -> Result<Created<Versioned<DispositionGroupBody>>, Error> {
    session.needs_all_teams()?;
    let group = settings.into_group(DispositionGroupId::from_i64(0))?;
    setting::create(&app, "/api/disposition-groups", &group, body).await
}

/// One group of dispositions.
#[utoipa::path(get, path = "/api/disposition-groups/{group}", tag = "campaigns",
    params(("group" = DispositionGroupId, Path)), responses((status = 200, body = Versioned<DispositionGroupBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<DispositionGroupId>,
) -> Result<Versioned<DispositionGroupBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a group of dispositions, for every campaign and queue that names it and from the next call on.
#[utoipa::path(put, path = "/api/disposition-groups/{group}", tag = "campaigns",
    params(("group" = DispositionGroupId, Path)), responses((status = 200, body = Versioned<DispositionGroupBody>)))]
pub(super) async fn update(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<DispositionGroupId>,
    if_match: IfMatch,
    Json(settings): Json<DispositionGroupSettings>,
) -> Result<Versioned<DispositionGroupBody>, Error> {
    session.needs_all_teams()?;
    let group = settings.into_group(id)?;
    setting::update(&app, if_match, &group, body).await
}

/// Removes a group of dispositions that no campaign and no queue names.
#[utoipa::path(delete, path = "/api/disposition-groups/{group}", tag = "campaigns",
    params(("group" = DispositionGroupId, Path)), responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<DispositionGroupId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    session.needs_all_teams()?;
    let users = app.store.users_of_dispositions(id).await?;
    if !users.is_empty() {
        return Err(Error::Store(store::Error::Linked(users.join(", "))));
    }
    setting::remove::<DispositionGroup>(&app, id, if_match).await
}
