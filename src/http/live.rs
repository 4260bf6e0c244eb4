//! What is going on.

use axum::extract::State;
use cadran_engine::command::Answer;
use cadran_engine::command::Hold;
use cadran_engine::input::Request;
use cadran_engine::model::CampaignId;
use cadran_engine::view::{AgentView, CallView, LiveView, TrunkView};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::Json;
use super::pacing::PacingBody;
use crate::words::Language;

/// Everything that is going on at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Live {
    /// What holds all dialling, if anything does.
    held_by: Option<Hold>,
    /// Agents who are logged in.
    agents: Vec<AgentView>,
    /// Calls that are ringing or up.
    calls: Vec<CallView>,
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

/// Everything that is going on: agents, calls, campaigns, trunks, and what holds dialling.
#[utoipa::path(get, path = "/api/live", tag = "live", responses((status = 200, body = Live)))]
pub(super) async fn everything(
    _: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
) -> Result<Json<Live>, Error> {
    let LiveView { held_by, agents, calls, campaigns, trunks } = view(&app).await?;
    let campaigns = campaigns
        .into_iter()
        .map(|live| LiveCampaign { campaign: live.campaign, pacing: PacingBody::of(live.line, language) });
    Ok(Json(Live { held_by, agents, calls, campaigns: campaigns.collect(), trunks }))
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
