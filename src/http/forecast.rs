//! When a campaign will have nobody left to call.

use axum::extract::State;
use cadran_engine::dialer::exhaustion::{Stock, Unknown, forecast};
use cadran_engine::model::{CampaignId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::campaigns;
use super::error::Error;
use super::extract::{Json, Path};

/// When a campaign will have nobody left to call, if it goes on dialling as it did within the last 15 minutes. Times
/// are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forecast {
    /// Leads that are due, or in hand already.
    due: u64,
    /// Leads that fall due within the first hour from now, the second one, and so on, for a day.
    falling_due: Vec<u64>,
    /// Dials in an hour, at the pace of the last 15 minutes.
    dials_per_hour: u32,
    /// When nobody is left, to the minute; none when it cannot be said.
    empty_at: Option<i64>,
    /// The earliest that chance leaves room for.
    earliest: Option<i64>,
    /// The latest; none: later than a day from now, or when nothing can be said.
    latest: Option<i64>,
    /// Why nothing is said: `no_pace`, with too few dials within the last 15 minutes to know; `not_within_a_day`.
    unknown_because: Option<&'static str>,
}

fn body(stock: Stock, now: Timestamp) -> Forecast {
    let forecast = forecast(&stock, now);
    let known = forecast.ok();
    let per_hour = f64::from(stock.dials) * 3600.0 / stock.span.as_secs_f64().max(1.0);
    Forecast {
        due: stock.due,
        falling_due: stock.falling_due,
        // Rounded; no campaign dials four thousand million times in an hour.
        dials_per_hour: per_hour.round() as u32,
        empty_at: known.map(|known| known.at.as_millis()),
        earliest: known.map(|known| known.earliest.as_millis()),
        latest: known.and_then(|known| known.latest).map(Timestamp::as_millis),
        unknown_because: forecast.err().map(|unknown| match unknown {
            Unknown::NoPace => "no_pace",
            Unknown::NotWithinADay => "not_within_a_day",
        }),
    }
}

/// When a campaign will have nobody left to call, at the pace of the last 15 minutes.
#[utoipa::path(get, path = "/api/campaigns/{campaign}/forecast", tag = "campaigns",
    params(("campaign" = CampaignId, Path)), responses((status = 200, body = Forecast)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<CampaignId>,
) -> Result<Json<Forecast>, Error> {
    campaigns::find(&app, id).await?;
    let now = app.now();
    Ok(Json(body(app.store.lead_stock(id, now).await?, now)))
}
