//! What became of answered calls in the eyes of the law: the proof that a regulator asks for.

use axum::extract::State;
use cadran_engine::dialer::compliance::Violation;
use cadran_engine::model::{AttemptId, CampaignId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::{Json, Listing, Path, Query, page};
use super::privacy::shown;
use crate::store::{Abandonment, AbandonmentFilter};

/// An answered call as the rule packs in force for its number saw it, the strictest of them. Times are in milliseconds
/// since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnsweredCall)]
pub(super) struct AbandonmentBody {
    attempt: AttemptId,
    /// The number that was called; its last digits without the right `see_full_numbers`.
    phone: String,
    /// When it was dialled.
    at: i64,
    /// A person answered.
    live: bool,
    /// A person answered, stayed, and no agent was there in time.
    abandoned: bool,
    /// Of the abandoned: the person heard neither an agent nor a message.
    silent: bool,
    /// The message was there in time.
    message: bool,
    /// What else was against the rules: `RING_TOO_SHORT`.
    #[schema(value_type = Vec<String>)]
    violations: Vec<Violation>,
    /// Until when the person may not be dialled by machine because of this call.
    block_until: Option<i64>,
}

/// Which answered calls are wanted. Times are in milliseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AbandonmentQuery {
    /// Those that were abandoned, or the others.
    abandoned: Option<bool>,
    /// Dialled then or later.
    from: Option<i64>,
    /// Dialled before.
    until: Option<i64>,
    /// `next` of the page before; without it the first page.
    after: Option<AttemptId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists a campaign's answered calls as the law sees them, in the order in which they were dialled.
#[utoipa::path(get, path = "/api/campaigns/{campaign}/abandonments", tag = "compliance",
    params(("campaign" = CampaignId, Path), AbandonmentQuery),
    responses((status = 200, body = Listing<AbandonmentBody>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Path(campaign): Path<CampaignId>,
    Query(query): Query<AbandonmentQuery>,
) -> Result<Json<Listing<AbandonmentBody>>, Error> {
    if app.store.campaign(campaign).await?.is_none() {
        return Err(Error::not_found("campaign", campaign));
    }
    let filter = AbandonmentFilter {
        abandoned: query.abandoned,
        from: query.from.map(Timestamp::from_millis),
        until: query.until.map(Timestamp::from_millis),
    };
    let page = page(query.after, query.limit);
    let calls = app.store.abandonments(campaign, filter, page).await?;
    let whole = session.sees_numbers();
    Ok(Listing::of(&page, calls, |call| call.attempt, |call| body(call, whole)))
}

fn body(call: Abandonment, whole: bool) -> AbandonmentBody {
    let Abandonment {
        attempt,
        campaign: _,
        phone,
        at,
        live,
        abandoned,
        silent,
        message,
        violations,
        block_until,
    } = call;
    AbandonmentBody {
        attempt,
        phone: shown(phone, whole),
        at: at.as_millis(),
        live,
        abandoned,
        silent,
        message,
        violations,
        block_until: block_until.map(Timestamp::as_millis),
    }
}
