//! Lists of leads.

use std::collections::BTreeMap;

use axum::extract::State;
use cadran_engine::model::{CampaignId, ListId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, Path, Query, Versioned, page};
use crate::store::{Kept, List, NameOrder};

const NOUN: &str = "list";

/// A list of leads.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = List)]
pub(super) struct ListBody {
    id: ListId,
    campaign: CampaignId,
    name: String,
    /// Whether its leads are dialled.
    enabled: bool,
    /// How many leads are in each state. Given for one list only.
    #[serde(skip_serializing_if = "Option::is_none")]
    leads: Option<BTreeMap<&'static str, u64>>,
}

/// A new list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewList {
    /// The campaign that dials it, for good.
    campaign: CampaignId,
    name: String,
}

/// What can be changed of a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListChange {
    name: String,
    enabled: bool,
}

/// Which lists are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// Of one campaign.
    campaign: Option<CampaignId>,
    /// `latest` first (unless told otherwise), as they were `added`, or by `name`.
    #[param(value_type = Option<String>)]
    order: Option<NameOrder>,
    /// `next` of the page before.
    after: Option<ListId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

fn body(list: List) -> ListBody {
    ListBody { id: list.id, campaign: list.campaign, name: list.name, enabled: list.enabled, leads: None }
}

/// Lists the lists, the latest first unless told otherwise.
#[utoipa::path(get, path = "/api/lists", tag = "lists", params(ListQuery),
    responses((status = 200, body = Listing<Versioned<ListBody>>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Listing<Versioned<ListBody>>>, Error> {
    let page = page(query.after, query.limit);
    let lists =
        session.store(&app).lists(query.campaign, query.order.unwrap_or(NameOrder::Latest), page).await?;
    Ok(Listing::of(&page, lists, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds an empty list.
#[utoipa::path(post, path = "/api/lists", tag = "lists", responses((status = 201, body = Versioned<ListBody>)))]
pub(super) async fn create(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(new): Json<NewList>,
) -> Result<Created<Versioned<ListBody>>, Error> {
    let known = session.sees_campaign(new.campaign) && app.store.campaign(new.campaign).await?.is_some();
    Check::default().name(&new.name, "/name").that(known, "/campaign", "exists").done()?;
    let list = List { id: ListId::from_i64(0), campaign: new.campaign, name: new.name, enabled: true };
    let kept = app.store.create_list(&list, app.now()).await?;
    Ok(Created { location: format!("/api/lists/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One list, with its leads counted by state.
#[utoipa::path(get, path = "/api/lists/{list}", tag = "lists", params(("list" = ListId, Path)),
    responses((status = 200, body = Versioned<ListBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<ListId>,
) -> Result<Versioned<ListBody>, Error> {
    let kept = find(&app, id).await?;
    let counts = app.store.lead_counts(id).await?;
    let mut shown = Versioned::of(kept, body);
    shown.value.leads = Some(counts.into_iter().map(|(state, count)| (state.as_str(), count)).collect());
    Ok(shown)
}

/// Renames a list, or switches it on or off.
#[utoipa::path(put, path = "/api/lists/{list}", tag = "lists", params(("list" = ListId, Path)),
    responses((status = 200, body = Versioned<ListBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<ListId>,
    if_match: IfMatch,
    Json(change): Json<ListChange>,
) -> Result<Versioned<ListBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    Check::default().name(&change.name, "/name").done()?;
    let known = find(&app, id).await?.value;
    let list = List { name: change.name, enabled: change.enabled, ..known };
    Ok(Versioned::of(app.store.update_list(&list, rev, app.now()).await?, body))
}

/// Removes a list with its leads, if none of them was ever dialled.
#[utoipa::path(delete, path = "/api/lists/{list}", tag = "lists", params(("list" = ListId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<ListId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_list(id, rev).await?;
    Ok(NoContent)
}

pub(super) async fn find(app: &App, id: ListId) -> Result<Kept<List>, Error> {
    app.store.list(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
