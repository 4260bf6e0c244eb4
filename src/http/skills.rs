//! Skills: what agents know and callers may need.

use axum::extract::State;
use cadran_engine::model::SkillId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::{Check, is_field_name};
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::setting;
use crate::store::Skill;

/// The longest description.
const DESCRIPTION_CHARS_MAX: usize = 500;

/// A skill.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Skill)]
pub(super) struct SkillBody {
    id: SkillId,
    #[serde(flatten)]
    settings: SkillSettings,
}

/// What can be set of a skill.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SkillSettings {
    /// What agents, queues and flows call it, such as `french`.
    name: String,
    /// What it means.
    #[serde(default)]
    description: String,
}

fn body(skill: Skill) -> SkillBody {
    let settings = SkillSettings { name: skill.name, description: skill.description };
    SkillBody { id: skill.id, settings }
}

impl SkillSettings {
    fn into_skill(self, id: SkillId) -> Result<Skill, Error> {
        Check::default()
            .that(is_field_name(&self.name), "/name", "field_name")
            .text(&self.description, DESCRIPTION_CHARS_MAX, "/description")
            .done()?;
        Ok(Skill { id, name: self.name, description: self.description })
    }
}

/// Lists skills, in the order in which they were added.
#[utoipa::path(get, path = "/api/skills", tag = "inbound", params(PageQuery<SkillId>),
    responses((status = 200, body = Listing<Versioned<SkillBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<SkillId>>,
) -> Result<Json<Listing<Versioned<SkillBody>>>, Error> {
    setting::list(&app, query, body).await
}

/// Adds a skill.
#[utoipa::path(post, path = "/api/skills", tag = "inbound", responses((status = 201, body = Versioned<SkillBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<SkillSettings>,
) -> Result<Created<Versioned<SkillBody>>, Error> {
    let skill = settings.into_skill(SkillId::from_i64(0))?;
    setting::create(&app, "/api/skills", &skill, body).await
}

/// One skill.
#[utoipa::path(get, path = "/api/skills/{skill}", tag = "inbound", params(("skill" = SkillId, Path)),
    responses((status = 200, body = Versioned<SkillBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<SkillId>,
) -> Result<Versioned<SkillBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a skill.
#[utoipa::path(put, path = "/api/skills/{skill}", tag = "inbound", params(("skill" = SkillId, Path)),
    responses((status = 200, body = Versioned<SkillBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<SkillId>,
    if_match: IfMatch,
    Json(settings): Json<SkillSettings>,
) -> Result<Versioned<SkillBody>, Error> {
    let skill = settings.into_skill(id)?;
    setting::update(&app, if_match, &skill, body).await
}

/// Removes a skill.
#[utoipa::path(delete, path = "/api/skills/{skill}", tag = "inbound", params(("skill" = SkillId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<SkillId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    setting::remove::<Skill>(&app, id, if_match).await
}
