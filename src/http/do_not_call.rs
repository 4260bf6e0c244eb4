//! Numbers that must not be called.

use axum::extract::State;
use cadran_engine::input::Request;
use cadran_engine::model::{CampaignId, Phone, SellerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{BlocksNumbers, ReleasesNumbers, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, Json, Listing, NoContent, Path, Query, page};
use super::privacy::shown;
use crate::import::{Region, phone};
use crate::store::{DoNotCall, DoNotCallId};

/// A number that must not be called.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DoNotCall)]
pub(super) struct DoNotCallBody {
    id: DoNotCallId,
    /// Its last digits without the right `see_full_numbers`.
    phone: String,
    /// The campaign that must not call it; none: whichever campaign.
    campaign: Option<CampaignId>,
    /// The seller on whose behalf it must not be called; none: whichever seller.
    seller: Option<SellerId>,
    reason: String,
    /// Until when, in milliseconds since 1970; none: for good.
    until: Option<i64>,
    /// Who said so: a user or an agent.
    added_by: String,
    /// Since when, in milliseconds since 1970.
    at: i64,
}

/// A number that must not be called any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDoNotCall {
    /// With the country code, or as it is written in France.
    phone: String,
    /// One campaign only; without it none may call.
    campaign: Option<CampaignId>,
    /// One seller only; without it the number is called on nobody's behalf.
    seller: Option<SellerId>,
    /// Why, in words: what the person asked, where it is written down.
    reason: String,
    /// Until when, in milliseconds since 1970; without it for good.
    until: Option<i64>,
}

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DoNotCallQuery {
    /// Of one number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// `next` of the page before.
    after: Option<DoNotCallId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Why an entry is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// For the log: what the person asked, where it is written down.
    reason: String,
}

pub(super) fn body(entry: DoNotCall, whole: bool) -> DoNotCallBody {
    DoNotCallBody {
        id: entry.id,
        phone: shown(entry.phone, whole),
        campaign: entry.campaign,
        seller: entry.seller,
        reason: entry.reason,
        until: entry.until.map(Timestamp::as_millis),
        added_by: entry.added_by,
        at: entry.at.as_millis(),
    }
}

/// Lists entries, the latest first.
#[utoipa::path(get, path = "/api/do-not-call", tag = "do not call", params(DoNotCallQuery),
    responses((status = 200, body = Listing<DoNotCallBody>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<DoNotCallQuery>,
) -> Result<Json<Listing<DoNotCallBody>>, Error> {
    let page = page(query.after, query.limit);
    let entries = app.store.do_not_call(query.phone, page).await?;
    Ok(Listing::of(&page, entries, |entry| entry.id, |entry| body(entry, session.sees_numbers())))
}

/// Adds a number. Adding it again prolongs the entry. A phone that rings and has not been answered stops ringing.
#[utoipa::path(post, path = "/api/do-not-call", tag = "do not call",
    responses((status = 201, body = DoNotCallBody)))]
pub(super) async fn add(
    session: SignedIn<BlocksNumbers>,
    State(app): State<App>,
    Json(new): Json<NewDoNotCall>,
) -> Result<Created<Json<DoNotCallBody>>, Error> {
    let mut check = Check::default();
    check.that(!new.reason.trim().is_empty(), "/reason", "name").text(
        &new.reason,
        REASON_CHARS_MAX,
        "/reason",
    );
    if let Some(campaign) = new.campaign {
        check.that(app.store.campaign(campaign).await?.is_some(), "/campaign", "exists");
    }
    if let Some(seller) = new.seller {
        check.that(app.store.seller(seller).await?.is_some(), "/seller", "exists");
    }
    check.done()?;
    let Ok(phone) = phone::parse(&new.phone, Region::FR) else {
        return Err(Error::BadBody("`phone` is no telephone number".to_owned()));
    };
    let entry = DoNotCall {
        id: 0,
        phone,
        campaign: new.campaign,
        seller: new.seller,
        reason: new.reason,
        until: new.until.map(Timestamp::from_millis),
        added_by: session.id().to_string(),
        at: app.now(),
    };
    let kept = app.store.add_do_not_call(&entry).await?;
    // Whoever is being rung is no longer; whatever is dialled later finds the entry.
    app.inbox.request(Request::StopDialling { phone, campaign: new.campaign }).await?;
    Ok(Created {
        location: format!("/api/do-not-call/{}", kept.id),
        body: Json(body(kept, session.sees_numbers())),
    })
}

/// The longest reason.
const REASON_CHARS_MAX: usize = 500;

/// Removes a number. Leads that it has finished stay finished.
#[utoipa::path(delete, path = "/api/do-not-call/{entry}", tag = "do not call",
    params(("entry" = DoNotCallId, Path), Removal), responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    session: SignedIn<ReleasesNumbers>,
    State(app): State<App>,
    Path(id): Path<DoNotCallId>,
    Query(removal): Query<Removal>,
) -> Result<NoContent, Error> {
    let mut check = Check::default();
    check
        .that(!removal.reason.trim().is_empty(), "/reason", "name")
        .text(&removal.reason, REASON_CHARS_MAX, "/reason")
        .done()?;
    app.store.remove_do_not_call(id).await?;
    tracing::info!(user.id = %session.id(), entry = id, reason = ?removal.reason, "do-not-call entry removed");
    Ok(NoContent)
}
