//! Contracts, purchases and enquiries that tie people to sellers.

use axum::extract::State;
use cadran_engine::model::{Phone, SellerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SeesNumbers, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, Json, Listing, Path, Query, page};
use crate::store::{Relationship, RelationshipId, RelationshipKind};

/// The longest reference.
const REFERENCE_CHARS_MAX: usize = 200;

/// A contract, a purchase or an enquiry. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Relationship)]
pub(super) struct RelationshipBody {
    id: RelationshipId,
    #[serde(flatten)]
    tie: NewRelationship,
    /// Who wrote it down.
    recorded_by: String,
    recorded_at: i64,
}

/// A relationship that was heard of.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRelationship {
    /// With whom.
    seller: SellerId,
    /// Of whose number, with its country code. It counts for every number of that person.
    phone: Phone,
    /// `contract`, `purchase` or `inquiry`.
    #[schema(value_type = String)]
    kind: RelationshipKind,
    /// Whether the seller's campaigns offer something related to its object.
    #[serde(default)]
    related: bool,
    /// Where it is written down, such as the number of the contract.
    #[serde(default)]
    reference: String,
    began_at: i64,
    /// Until when; none: still.
    ended_at: Option<i64>,
}

pub(super) fn body(tie: Relationship) -> RelationshipBody {
    RelationshipBody {
        id: tie.id,
        tie: NewRelationship {
            seller: tie.seller,
            phone: tie.phone,
            kind: tie.kind,
            related: tie.related,
            reference: tie.reference,
            began_at: tie.began_at.as_millis(),
            ended_at: tie.ended_at.map(Timestamp::as_millis),
        },
        recorded_by: tie.recorded_by,
        recorded_at: tie.recorded_at.as_millis(),
    }
}

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RelationshipQuery {
    /// Of one number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// `next` of the page before.
    after: Option<RelationshipId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists relationships, the latest first.
#[utoipa::path(get, path = "/api/relationships", tag = "compliance", params(RelationshipQuery),
    responses((status = 200, body = Listing<RelationshipBody>)))]
pub(super) async fn list(
    _: SignedIn<SeesNumbers>,
    State(app): State<App>,
    Query(query): Query<RelationshipQuery>,
) -> Result<Json<Listing<RelationshipBody>>, Error> {
    let page = page(query.after, query.limit);
    let ties = app.store.relationships(query.phone, page).await?;
    Ok(Listing::of(&page, ties, |tie| tie.id, body))
}

/// Writes a relationship down.
#[utoipa::path(post, path = "/api/relationships", tag = "compliance",
    responses((status = 201, body = RelationshipBody)))]
pub(super) async fn add(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(new): Json<NewRelationship>,
) -> Result<Created<Json<RelationshipBody>>, Error> {
    let mut check = Check::default();
    check
        .text(&new.reference, REFERENCE_CHARS_MAX, "/reference")
        .that(app.store.seller(new.seller).await?.is_some(), "/seller", "exists")
        .done()?;
    let tie = Relationship {
        id: 0,
        seller: new.seller,
        phone: new.phone,
        kind: new.kind,
        related: new.related,
        reference: new.reference,
        began_at: Timestamp::from_millis(new.began_at),
        ended_at: new.ended_at.map(Timestamp::from_millis),
        recorded_by: session.id().to_string(),
        recorded_at: app.now(),
    };
    let kept = app.store.add_relationship(&tie).await?;
    Ok(Created { location: format!("/api/relationships/{}", kept.id), body: Json(body(kept)) })
}

/// Notes that a relationship has ended. The entry stays.
#[utoipa::path(post, path = "/api/relationships/{relationship}/end", tag = "compliance",
    params(("relationship" = RelationshipId, Path)), responses((status = 200, body = RelationshipBody)))]
pub(super) async fn end(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<RelationshipId>,
) -> Result<Json<RelationshipBody>, Error> {
    Ok(Json(body(app.store.end_relationship(id, app.now()).await?)))
}
