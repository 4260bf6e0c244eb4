//! Sellers: on whose behalf people are called.

use axum::extract::State;
use cadran_engine::model::SellerId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use crate::store::{Kept, Seller};

const NOUN: &str = "seller";

/// The longest name of a registration.
const REGISTRATION_CHARS_MAX: usize = 100;

/// Somebody on whose behalf people are called. The law counts per seller and person, whoever places the call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Seller)]
pub(super) struct SellerBody {
    id: SellerId,
    #[serde(flatten)]
    settings: SellerSettings,
}

/// What can be set of a seller.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SellerSettings {
    /// How managers and the people who are called know it.
    name: String,
    /// Where it is registered, such as a SIREN.
    #[serde(default)]
    registration: String,
}

fn body(seller: Seller) -> SellerBody {
    SellerBody {
        id: seller.id,
        settings: SellerSettings { name: seller.name, registration: seller.registration },
    }
}

impl SellerSettings {
    fn into_seller(self, id: SellerId) -> Result<Seller, Error> {
        let mut check = Check::default();
        check
            .name(&self.name, "/name")
            .text(&self.registration, REGISTRATION_CHARS_MAX, "/registration")
            .done()?;
        Ok(Seller { id, name: self.name, registration: self.registration })
    }
}

/// Lists sellers, in the order in which they were added.
#[utoipa::path(get, path = "/api/sellers", tag = "compliance", params(PageQuery<SellerId>),
    responses((status = 200, body = Listing<Versioned<SellerBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<SellerId>>,
) -> Result<Json<Listing<Versioned<SellerBody>>>, Error> {
    let page = query.page();
    let sellers = app.store.sellers(page).await?;
    Ok(Listing::of(&page, sellers, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a seller.
#[utoipa::path(post, path = "/api/sellers", tag = "compliance",
    responses((status = 201, body = Versioned<SellerBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<SellerSettings>,
) -> Result<Created<Versioned<SellerBody>>, Error> {
    let seller = settings.into_seller(SellerId::from_i64(0))?;
    let kept = app.store.create_seller(&seller, app.now()).await?;
    Ok(Created { location: format!("/api/sellers/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One seller.
#[utoipa::path(get, path = "/api/sellers/{seller}", tag = "compliance", params(("seller" = SellerId, Path)),
    responses((status = 200, body = Versioned<SellerBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<SellerId>,
) -> Result<Versioned<SellerBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes a seller.
#[utoipa::path(put, path = "/api/sellers/{seller}", tag = "compliance", params(("seller" = SellerId, Path)),
    responses((status = 200, body = Versioned<SellerBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<SellerId>,
    if_match: IfMatch,
    Json(settings): Json<SellerSettings>,
) -> Result<Versioned<SellerBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let kept = app.store.update_seller(&settings.into_seller(id)?, rev, app.now()).await?;
    Ok(Versioned::of(kept, body))
}

/// Removes a seller that no campaign, consent or attempt names.
#[utoipa::path(delete, path = "/api/sellers/{seller}", tag = "compliance", params(("seller" = SellerId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<SellerId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_seller(id, rev).await?;
    Ok(NoContent)
}

pub(super) async fn find(app: &App, id: SellerId) -> Result<Kept<Seller>, Error> {
    app.store.seller(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
