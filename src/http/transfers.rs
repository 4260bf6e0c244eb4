//! Hold, consult, conference, transfer. An agent acts on the call in hand, whoever has the right on any.

use axum::extract::State;
use axum::http::StatusCode;
use cadran_engine::input::{Request, TransferKind};
use cadran_engine::model::{AgentId, CallId, Right};
use serde::Deserialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Anyone, SignedIn};
use super::calls::may_touch;
use super::error::Error;
use super::extract::{Json, Path};

/// Lets the customer hear music.
#[utoipa::path(post, path = "/api/calls/{call}/hold", tag = "transfers", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn hold(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<StatusCode, Error> {
    act(&session, &app, call, Request::Hold { call }).await
}

/// Takes the customer back, from the music or from a transfer that is not finished.
#[utoipa::path(post, path = "/api/calls/{call}/resume", tag = "transfers", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn resume(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<StatusCode, Error> {
    act(&session, &app, call, Request::Resume { call }).await
}

/// To whom a customer is given, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    /// A colleague who is ready.
    agent: AgentId,
    kind: TransferKind,
}

/// Gives the customer to a colleague: at once, or after a talk while the customer hears music. Whatever goes wrong
/// brings the customer back.
#[utoipa::path(post, path = "/api/calls/{call}/transfer", tag = "transfers", params(("call" = CallId, Path)),
    request_body = Transfer, responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn transfer(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    Json(Transfer { agent, kind }): Json<Transfer>,
) -> Result<StatusCode, Error> {
    act(&session, &app, call, Request::Transfer { call, to: agent, kind }).await
}

/// Has customer, agent and the colleague who was asked hear each other.
#[utoipa::path(post, path = "/api/calls/{call}/conference", tag = "transfers", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn conference(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<StatusCode, Error> {
    act(&session, &app, call, Request::JoinAll { call }).await
}

/// Leaves the customer with the colleague who was asked; the agent wraps up.
#[utoipa::path(post, path = "/api/calls/{call}/complete", tag = "transfers", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn complete(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(call): Path<CallId>,
) -> Result<StatusCode, Error> {
    act(&session, &app, call, Request::CompleteTransfer { call }).await
}

async fn act(
    session: &SignedIn<Anyone>,
    app: &App,
    call: CallId,
    request: Request,
) -> Result<StatusCode, Error> {
    may_touch(session, Right::Transfer, app, call).await?;
    app.inbox.request(request).await?;
    Ok(StatusCode::ACCEPTED)
}
