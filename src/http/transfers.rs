//! Hold, consult, conference, transfer. An agent acts on the call in hand, whoever has the right on any.

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use cadran_engine::input::{Request, TransferKind, TransferTo};
use cadran_engine::model::{AgentId, CallId, FlowId, Phone, QueueId, Right};
use serde::Deserialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Anyone, SignedIn};
use super::because::{Because, BecauseQuery};
use super::calls::may_touch;
use super::error::{Error, Fault};
use super::extract::{Json, Path};

/// The call in the address, on which the user may act. Comes before the body, so that nobody learns from its checks
/// what they may not do.
#[derive(Debug)]
pub(super) struct InHand(CallId);

impl FromRequestParts<App> for InHand {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let session = SignedIn::<Anyone>::from_request_parts(parts, app).await?;
        let Path(call) = Path::<CallId>::from_request_parts(parts, app).await?;
        may_touch(&session, Right::Transfer, app, call).await?;
        Ok(Self(call))
    }
}

/// Lets the customer hear music.
#[utoipa::path(post, path = "/api/calls/{call}/hold", tag = "transfers",
    params(("call" = CallId, Path), BecauseQuery),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn hold(
    InHand(call): InHand,
    _: Because,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    act(&app, Request::Hold { call }).await
}

/// Takes the customer back, from the music or from a transfer that is not finished.
#[utoipa::path(post, path = "/api/calls/{call}/resume", tag = "transfers",
    params(("call" = CallId, Path), BecauseQuery),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn resume(
    InHand(call): InHand,
    _: Because,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    act(&app, Request::Resume { call }).await
}

/// To whom a customer is given, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Transfer {
    /// A colleague who is ready.
    agent: Option<AgentId>,
    /// Or a flow, in its live revision; at once only.
    flow: Option<FlowId>,
    /// Or somebody outside, with the country code.
    #[schema(value_type = Option<String>)]
    number: Option<Phone>,
    /// Or a queue that takes them at the moment; at once only.
    queue: Option<QueueId>,
    kind: TransferKind,
}

impl Transfer {
    /// To the one that is named.
    fn to(&self) -> Result<TransferTo, Error> {
        let named = [
            self.agent.map(TransferTo::Agent),
            self.flow.map(TransferTo::Flow),
            self.number.map(TransferTo::Number),
            self.queue.map(TransferTo::Queue),
        ];
        let named: Vec<TransferTo> = named.into_iter().flatten().collect();
        match named.as_slice() {
            [to] => Ok(*to),
            [] | [_, _, ..] => {
                let pointer = "/agent".to_owned();
                Err(Error::Invalid(vec![Fault { pointer, rule: "one_transfer", values: Vec::new() }]))
            }
        }
    }
}

/// Gives the customer to a colleague, to somebody outside, to a queue or to a flow: at once, or after a talk while the
/// customer hears music. Whatever goes wrong brings the customer back.
#[utoipa::path(post, path = "/api/calls/{call}/transfer", tag = "transfers",
    params(("call" = CallId, Path), BecauseQuery),
    request_body = Transfer, responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn transfer(
    InHand(call): InHand,
    _: Because,
    State(app): State<App>,
    Json(transfer): Json<Transfer>,
) -> Result<StatusCode, Error> {
    let (to, kind) = (transfer.to()?, transfer.kind);
    act(&app, Request::Transfer { call, to, kind }).await
}

/// Has customer, agent and the colleague who was asked hear each other.
#[utoipa::path(post, path = "/api/calls/{call}/conference", tag = "transfers",
    params(("call" = CallId, Path), BecauseQuery),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn conference(
    InHand(call): InHand,
    _: Because,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    act(&app, Request::JoinAll { call }).await
}

/// Leaves the customer with the colleague who was asked; the agent wraps up.
#[utoipa::path(post, path = "/api/calls/{call}/complete", tag = "transfers",
    params(("call" = CallId, Path), BecauseQuery),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn complete(
    InHand(call): InHand,
    _: Because,
    State(app): State<App>,
) -> Result<StatusCode, Error> {
    act(&app, Request::CompleteTransfer { call }).await
}

async fn act(app: &App, request: Request) -> Result<StatusCode, Error> {
    app.inbox.request(request).await?;
    Ok(StatusCode::ACCEPTED)
}
