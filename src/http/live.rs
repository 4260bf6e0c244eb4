//! What is going on.

use axum::extract::State;
use cadran_engine::command::Answer;
use cadran_engine::input::Request;
use cadran_engine::view::{CallView, LiveView};

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::Json;

/// Everything that is going on: agents, calls, campaigns, trunks, and what holds dialling.
#[utoipa::path(get, path = "/api/live", tag = "live", responses((status = 200, body = LiveView)))]
pub(super) async fn everything(_: SignedIn<Staff>, State(app): State<App>) -> Result<Json<LiveView>, Error> {
    Ok(Json(view(&app).await?))
}

/// Calls that are ringing or up.
#[utoipa::path(get, path = "/api/live/calls", tag = "live", responses((status = 200, body = Vec<CallView>)))]
pub(super) async fn calls(_: SignedIn<Staff>, State(app): State<App>) -> Result<Json<Vec<CallView>>, Error> {
    Ok(Json(view(&app).await?.calls))
}

pub(super) async fn view(app: &App) -> Result<LiveView, Error> {
    match app.inbox.request(Request::View).await? {
        Answer::View(view) => Ok(*view),
        other => Err(unexpected(&other)),
    }
}

/// The engine answered another question than the one that was asked.
pub(super) fn unexpected(answer: &Answer) -> Error {
    Error::Internal(format!("the engine's answer does not fit the question: {answer:?}"))
}
