//! Teams: agents and campaigns that some people look after, and no others.

use std::collections::BTreeSet;

use axum::extract::State;
use cadran_engine::model::{AgentId, CampaignId, TeamId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsAccounts, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::supervision;
use crate::store::{Kept, Team};

const NOUN: &str = "team";

/// Agents, or campaigns, that a team may have.
const MEMBERS_MAX: usize = 2_000;

/// Agents and campaigns that some people look after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub(super) struct TeamBody {
    id: TeamId,
    #[serde(flatten)]
    settings: TeamSettings,
}

/// What can be set of a team.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamSettings {
    name: String,
    /// Who is in it.
    #[serde(default)]
    agents: BTreeSet<AgentId>,
    /// The campaigns it works for, with their lists, leads, calls and recordings.
    #[serde(default)]
    campaigns: BTreeSet<CampaignId>,
}

fn body(team: Team) -> TeamBody {
    let settings = TeamSettings { name: team.name, agents: team.agents, campaigns: team.campaigns };
    TeamBody { id: team.id, settings }
}

impl TeamSettings {
    async fn check(&self, app: &App) -> Result<(), Error> {
        let mut check = Check::default();
        check.name(&self.name, "/name").count(self.agents.len(), MEMBERS_MAX, "/agents").count(
            self.campaigns.len(),
            MEMBERS_MAX,
            "/campaigns",
        );
        for (index, agent) in self.agents.iter().enumerate() {
            check.that(app.store.agent(*agent).await?.is_some(), format!("/agents/{index}"), "exists");
        }
        for (index, campaign) in self.campaigns.iter().enumerate() {
            let known = app.store.campaign(*campaign).await?.is_some();
            check.that(known, format!("/campaigns/{index}"), "exists");
        }
        check.done()
    }

    fn into_team(self, id: TeamId) -> Team {
        Team { id, name: self.name, agents: self.agents, campaigns: self.campaigns }
    }
}

/// Lists teams, in the order in which they were added.
#[utoipa::path(get, path = "/api/teams", tag = "users", params(PageQuery<TeamId>),
    responses((status = 200, body = Listing<Versioned<TeamBody>>)))]
pub(super) async fn list(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Query(query): Query<PageQuery<TeamId>>,
) -> Result<Json<Listing<Versioned<TeamBody>>>, Error> {
    let page = query.page();
    let teams = app.store.teams(page).await?;
    Ok(Listing::of(&page, teams, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a team.
#[utoipa::path(post, path = "/api/teams", tag = "users", responses((status = 201, body = Versioned<TeamBody>)))]
pub(super) async fn create(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Json(settings): Json<TeamSettings>,
) -> Result<Created<Versioned<TeamBody>>, Error> {
    settings.check(&app).await?;
    let kept = app.store.create_team(&settings.into_team(TeamId::from_i64(0)), app.now()).await?;
    Ok(Created { location: format!("/api/teams/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One team.
#[utoipa::path(get, path = "/api/teams/{team}", tag = "users", params(("team" = TeamId, Path)),
    responses((status = 200, body = Versioned<TeamBody>)))]
pub(super) async fn read(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<TeamId>,
) -> Result<Versioned<TeamBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes a team, at once for everybody who looks after it.
#[utoipa::path(put, path = "/api/teams/{team}", tag = "users", params(("team" = TeamId, Path)),
    responses((status = 200, body = Versioned<TeamBody>)))]
pub(super) async fn update(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<TeamId>,
    if_match: IfMatch,
    Json(settings): Json<TeamSettings>,
) -> Result<Versioned<TeamBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    settings.check(&app).await?;
    let kept = app.store.update_team(&settings.into_team(id), rev, app.now()).await?;
    tell(&app, app.store.users_of_team(id).await?).await?;
    Ok(Versioned::of(kept, body))
}

/// Removes a team. Whoever looked after it looks after one less.
#[utoipa::path(delete, path = "/api/teams/{team}", tag = "users", params(("team" = TeamId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<TeamId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    let users = app.store.users_of_team(id).await?;
    app.store.delete_team(id, rev).await?;
    tell(&app, users).await?;
    Ok(NoContent)
}

/// Has whoever looks after a team see and hear at once what is in it, and nothing else.
pub(super) async fn tell(app: &App, users: Vec<UserId>) -> Result<(), Error> {
    for user in users {
        supervision::rights_changed(app, user, true).await?;
    }
    Ok(())
}

async fn find(app: &App, id: TeamId) -> Result<Kept<Team>, Error> {
    app.store.team(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
