//! What is going on: a snapshot for programs that look now and then, and the stream for those that watch.

pub(super) mod audio;
mod seats;
mod socket;
mod tickets;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use cadran_engine::command::{Answer, Hold};
use cadran_engine::input::Request;
use cadran_engine::model::CampaignId;
use cadran_engine::view::{AgentView, CallView, CallerView, LiveView, QueueView, TrunkView};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{self, Anyone, SignedIn, Staff};
use super::error::Error;
use super::extract::Json;
use super::frame;
use super::pacing::PacingBody;
use crate::live::{Rights, masked};
use crate::words::Language;

pub(super) use seats::Sockets;

/// The longest message of a viewer. The longest that makes sense, a filter by a hundred campaigns, is a fifth of it.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// Everything that is going on at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    /// What holds all dialling, if anything does.
    held_by: Option<Hold>,
    /// Agents who are logged in.
    agents: Vec<AgentView>,
    /// Calls that are ringing or up.
    calls: Vec<CallView>,
    /// Callers, from their arrival until their leg is gone.
    callers: Vec<CallerView>,
    /// Queues, and how many wait in them.
    queues: Vec<QueueView>,
    /// Campaigns that are not finished.
    campaigns: Vec<LiveCampaign>,
    /// Trunks and what they carry.
    trunks: Vec<TrunkView>,
}

/// A campaign's work at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveCampaign {
    /// Which.
    campaign: CampaignId,
    #[serde(flatten)]
    pacing: PacingBody,
}

/// Everything that is going on at this moment: agents, calls, campaigns, trunks, and what holds dialling. To watch,
/// follow the stream at `/api/live`.
#[utoipa::path(get, path = "/api/live/snapshot", tag = "live", responses((status = 200, body = Live)))]
pub(super) async fn everything(
    session: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
) -> Result<Json<Value>, Error> {
    let LiveView { held_by, agents, calls, callers, queues, campaigns, trunks } = view(&app).await?;
    let campaigns = campaigns
        .into_iter()
        .map(|live| LiveCampaign { campaign: live.campaign, pacing: PacingBody::of(live.line, language) });
    let live = Live { held_by, agents, calls, callers, queues, campaigns: campaigns.collect(), trunks };
    Ok(Json(masked(&live, &session.rights())))
}

/// Calls that are ringing or up.
#[utoipa::path(get, path = "/api/live/calls", tag = "live", responses((status = 200, body = Vec<CallView>)))]
pub(super) async fn calls(session: SignedIn<Staff>, State(app): State<App>) -> Result<Json<Value>, Error> {
    Ok(Json(masked(&view(&app).await?, &session.rights())["calls"].take()))
}

/// What opens the stream, once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Ticket {
    /// For the first message on the socket.
    ticket: String,
    /// Until when, in milliseconds since 1970.
    expires_at: i64,
}

/// Gives a ticket for the stream: for the first message on one socket, within thirty seconds.
#[utoipa::path(post, path = "/api/live/tickets", tag = "live",
    responses((status = 201, description = "Given", body = Ticket)))]
pub(super) async fn give_ticket(
    session: SignedIn<Anyone>,
    State(app): State<App>,
) -> Result<(StatusCode, Json<Ticket>), Error> {
    let ticket = auth::new_token()?;
    let expires_at = app.sockets.tickets().give(auth::hash(&ticket), session.token, session.id(), app.now());
    let ticket = ticket.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(Ticket { ticket, expires_at: expires_at.as_millis() })))
}

/// The stream: a WebSocket on which tables are kept in step. The first message carries a ticket; `docs/live.md`
/// describes the others.
#[utoipa::path(get, path = "/api/live", tag = "live", security(()),
    responses((status = 101, description = "The protocol is WebSocket from here on")))]
pub(super) async fn open(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: HeaderMap,
    State(app): State<App>,
) -> Result<Response, Error> {
    let upgrade = upgrade.map_err(|_| Error::NotWebSocket)?;
    // No browser asks before it opens a socket for a page of another site; it only says whose page it is.
    if !frame::is_same_site(&headers) {
        return Err(Error::CrossSite);
    }
    let presented = auth::presented(&headers, &app).map(|token| auth::hash(&token));
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| socket::serve(socket, app, presented)))
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

impl<G> SignedIn<G> {
    fn rights(&self) -> Rights {
        Rights::new(self.rights, self.user.value.agent, self.scope.clone())
    }
}
