//! The ledger of consents. Entries are added and stamped, never removed.

use axum::extract::State;
use cadran_engine::dialer::compliance;
use cadran_engine::model::{Phone, SellerId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SeesNumbers, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, Json, Listing, Path, Query, page};
use crate::store::{Consent, ConsentId};

/// The longest text of an entry.
const TEXT_CHARS_MAX: usize = 500;

/// What somebody has allowed a seller. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
pub(super) struct ConsentBody {
    id: ConsentId,
    #[serde(flatten)]
    given: NewConsent,
    /// When it was taken back.
    revoked_at: Option<i64>,
    /// Who wrote that down.
    revoked_by: Option<String>,
    /// Who wrote the consent down.
    recorded_by: String,
    recorded_at: i64,
}

/// A consent that somebody has given.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConsent {
    /// To whom.
    seller: SellerId,
    /// Of whose number, with its country code. It counts for every number of that person.
    phone: Phone,
    /// For what. Only `phone_marketing` opens the telephone.
    #[serde(default = "phone_marketing")]
    purpose: String,
    /// Which wording the person agreed to.
    text_version: String,
    /// Where it was given: a form, a call, a letter.
    channel: String,
    /// What proves it, such as the name of a recording.
    evidence: String,
    /// Whether it covers calls outside the legal hours.
    #[serde(default)]
    hours_waiver: bool,
    /// Whether it is a prior express written consent as American law asks.
    #[serde(default)]
    written: bool,
    given_at: i64,
    /// When it ends by its own terms; none: never.
    expires_at: Option<i64>,
}

fn phone_marketing() -> String {
    compliance::Consent::PHONE_MARKETING.to_owned()
}

pub(super) fn body(consent: Consent) -> ConsentBody {
    let (revoked_at, revoked_by) = consent.revoked.unzip();
    ConsentBody {
        id: consent.id,
        given: NewConsent {
            seller: consent.seller,
            phone: consent.phone,
            purpose: consent.purpose,
            text_version: consent.text_version,
            channel: consent.channel,
            evidence: consent.evidence,
            hours_waiver: consent.hours_waiver,
            written: consent.written,
            given_at: consent.given_at.as_millis(),
            expires_at: consent.expires_at.map(Timestamp::as_millis),
        },
        revoked_at: revoked_at.map(Timestamp::as_millis),
        revoked_by,
        recorded_by: consent.recorded_by,
        recorded_at: consent.recorded_at.as_millis(),
    }
}

impl NewConsent {
    async fn check(&self, app: &App) -> Result<(), Error> {
        let mut check = Check::default();
        let texts = [
            (&self.purpose, "/purpose"),
            (&self.text_version, "/text_version"),
            (&self.channel, "/channel"),
            (&self.evidence, "/evidence"),
        ];
        for (text, pointer) in texts {
            check.that(!text.trim().is_empty(), pointer, "name").text(text, TEXT_CHARS_MAX, pointer);
        }
        check.that(app.store.seller(self.seller).await?.is_some(), "/seller", "exists");
        check.done()
    }

    fn recorded(self, by: String, at: Timestamp) -> Consent {
        Consent {
            id: 0,
            seller: self.seller,
            phone: self.phone,
            purpose: self.purpose,
            text_version: self.text_version,
            channel: self.channel,
            evidence: self.evidence,
            hours_waiver: self.hours_waiver,
            written: self.written,
            given_at: Timestamp::from_millis(self.given_at),
            expires_at: self.expires_at.map(Timestamp::from_millis),
            revoked: None,
            recorded_by: by,
            recorded_at: at,
        }
    }
}

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentQuery {
    /// Of one number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// `next` of the page before.
    after: Option<ConsentId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists consents, the latest first.
#[utoipa::path(get, path = "/api/consents", tag = "compliance", params(ConsentQuery),
    responses((status = 200, body = Listing<ConsentBody>)))]
pub(super) async fn list(
    _: SignedIn<SeesNumbers>,
    State(app): State<App>,
    Query(query): Query<ConsentQuery>,
) -> Result<Json<Listing<ConsentBody>>, Error> {
    let page = page(query.after, query.limit);
    let consents = app.store.consents(query.phone, page).await?;
    Ok(Listing::of(&page, consents, |consent| consent.id, body))
}

/// Writes a consent down.
#[utoipa::path(post, path = "/api/consents", tag = "compliance", responses((status = 201, body = ConsentBody)))]
pub(super) async fn add(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(new): Json<NewConsent>,
) -> Result<Created<Json<ConsentBody>>, Error> {
    new.check(&app).await?;
    let kept = app.store.add_consent(&new.recorded(session.id().to_string(), app.now())).await?;
    Ok(Created { location: format!("/api/consents/{}", kept.id), body: Json(body(kept)) })
}

/// Notes that a consent was taken back. The entry stays.
#[utoipa::path(post, path = "/api/consents/{consent}/revoke", tag = "compliance",
    params(("consent" = ConsentId, Path)), responses((status = 200, body = ConsentBody)))]
pub(super) async fn revoke(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<ConsentId>,
) -> Result<Json<ConsentBody>, Error> {
    let kept = app.store.revoke_consent(id, &session.id().to_string(), app.now()).await?;
    Ok(Json(body(kept)))
}
