//! Reasons for which agents pause. Where there are any, a pause names one of them.

use std::time::Duration;

use axum::extract::State;
use cadran_engine::model::PauseReasonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsAgents, SeesCalls, SignedIn};
use super::campaign_settings::{is_code, millis};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::setting;
use crate::store::PauseChoice;

/// The longest time that a pause may be allowed: a working day.
const PAUSE_MAX: Duration = Duration::from_secs(12 * 3600);
/// The shortest.
const PAUSE_MIN: Duration = Duration::from_secs(60);

/// A reason for which agents pause.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PauseChoice)]
pub(super) struct PauseReasonBody {
    id: PauseReasonId,
    #[serde(flatten)]
    settings: PauseReasonSettings,
}

/// What can be set of a reason for pauses.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PauseReasonSettings {
    /// What a pause names, and what time sheets keep, such as `lunch`.
    code: String,
    /// What French agents read.
    label_fr: String,
    /// What English agents read.
    label_en: String,
    /// Whether the time counts as working time.
    paid: bool,
    /// How long such a pause should last at most, in milliseconds, for the agent and those who look after them to see:
    /// whoever stays longer is an alert (`pause_long`). Nobody is made ready by it. None: as long as it takes.
    pause_max: Option<u64>,
}

fn body(reason: PauseChoice) -> PauseReasonBody {
    let settings = PauseReasonSettings {
        code: reason.code,
        label_fr: reason.label_fr,
        label_en: reason.label_en,
        paid: reason.paid,
        pause_max: reason.pause_max.map(millis),
    };
    PauseReasonBody { id: reason.id, settings }
}

impl PauseReasonSettings {
    fn into_choice(self, id: PauseReasonId) -> Result<PauseChoice, Error> {
        let mut check = Check::default();
        check
            .that(is_code(&self.code), "/code", "code")
            .name(&self.label_fr, "/label_fr")
            .name(&self.label_en, "/label_en");
        if let Some(longest) = self.pause_max {
            check.duration(longest, millis(PAUSE_MIN)..=millis(PAUSE_MAX), "/pause_max");
        }
        check.done()?;
        Ok(PauseChoice {
            id,
            code: self.code,
            label_fr: self.label_fr,
            label_en: self.label_en,
            paid: self.paid,
            pause_max: self.pause_max.map(Duration::from_millis),
        })
    }
}

/// Lists reasons for pauses, in the order in which they were added. Agents choose from them.
#[utoipa::path(get, path = "/api/pause-reasons", tag = "agents", params(PageQuery<PauseReasonId>),
    responses((status = 200, body = Listing<Versioned<PauseReasonBody>>)))]
pub(super) async fn list(
    _: SignedIn<SeesCalls>,
    State(app): State<App>,
    Query(query): Query<PageQuery<PauseReasonId>>,
) -> Result<Json<Listing<Versioned<PauseReasonBody>>>, Error> {
    setting::list(&app, query, body).await
}

/// Adds a reason for pauses.
#[utoipa::path(post, path = "/api/pause-reasons", tag = "agents",
    responses((status = 201, body = Versioned<PauseReasonBody>)))]
pub(super) async fn create(
    _: SignedIn<EditsAgents>,
    State(app): State<App>,
    Json(settings): Json<PauseReasonSettings>,
) -> Result<Created<Versioned<PauseReasonBody>>, Error> {
    let reason = settings.into_choice(PauseReasonId::from_i64(0))?;
    setting::create(&app, "/api/pause-reasons", &reason, body).await
}

/// One reason for pauses.
#[utoipa::path(get, path = "/api/pause-reasons/{reason}", tag = "agents", params(("reason" = PauseReasonId, Path)),
    responses((status = 200, body = Versioned<PauseReasonBody>)))]
pub(super) async fn read(
    _: SignedIn<SeesCalls>,
    State(app): State<App>,
    Path(id): Path<PauseReasonId>,
) -> Result<Versioned<PauseReasonBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a reason for pauses. Pauses that were taken keep the code that they named.
#[utoipa::path(put, path = "/api/pause-reasons/{reason}", tag = "agents", params(("reason" = PauseReasonId, Path)),
    responses((status = 200, body = Versioned<PauseReasonBody>)))]
pub(super) async fn update(
    _: SignedIn<EditsAgents>,
    State(app): State<App>,
    Path(id): Path<PauseReasonId>,
    if_match: IfMatch,
    Json(settings): Json<PauseReasonSettings>,
) -> Result<Versioned<PauseReasonBody>, Error> {
    let reason = settings.into_choice(id)?;
    setting::update(&app, if_match, &reason, body).await
}

/// Removes a reason for pauses. Pauses that were taken keep its code; without any reason left a pause names any word.
#[utoipa::path(delete, path = "/api/pause-reasons/{reason}", tag = "agents", params(("reason" = PauseReasonId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsAgents>,
    State(app): State<App>,
    Path(id): Path<PauseReasonId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    setting::remove::<PauseChoice>(&app, id, if_match).await
}
