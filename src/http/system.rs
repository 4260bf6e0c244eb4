//! Which part of the installation is sick, and why.

use axum::extract::State;

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::Json;
use crate::checks::Report;

/// Looks at everything that Cadran depends on: database, engine, every Asterisk, each trunk, FastAGI, the places of
/// recordings with the days that their disk lasts, mail and the clocks. Takes five seconds at most.
#[utoipa::path(get, path = "/api/system/checks", tag = "health", responses((status = 200, body = Report)))]
pub(super) async fn checks(_: SignedIn<Staff>, State(app): State<App>) -> Result<Json<Report>, Error> {
    Ok(Json(app.checker().look().await))
}
