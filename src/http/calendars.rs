//! Opening hours, which flows and queues ask.

use axum::extract::State;
use cadran_engine::flow::calendar::Calendar;
use cadran_engine::model::CalendarId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::setting;
use crate::store::NamedHours;

/// Days with hours of their own in one calendar.
const EXCEPTIONS_MAX: usize = 1_000;

/// Opening hours. Flows and queues name them by the text of their id, `cln_1`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Calendar)]
pub(super) struct CalendarBody {
    id: CalendarId,
    #[serde(flatten)]
    settings: CalendarSettings,
}

/// What can be set of opening hours.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarSettings {
    /// How managers call them.
    name: String,
    /// The hours, in the form of flows: `tz`, `open` (`days` from 1 for Monday, `from`, `to`), `holidays` (`fr` computes
    /// the French public holidays of every year) and `exceptions` (`date`, `open`), which come before both.
    #[schema(value_type = Object)]
    calendar: Calendar,
}

fn body(hours: NamedHours) -> CalendarBody {
    let settings = CalendarSettings { name: hours.name, calendar: hours.calendar };
    CalendarBody { id: hours.id, settings }
}

impl CalendarSettings {
    fn into_hours(self, id: CalendarId) -> Result<NamedHours, Error> {
        Check::default()
            .name(&self.name, "/name")
            .count(self.calendar.exceptions.len(), EXCEPTIONS_MAX, "/calendar/exceptions")
            .done()?;
        Ok(NamedHours { id, name: self.name, calendar: self.calendar })
    }
}

/// Lists opening hours, in the order in which they were added.
#[utoipa::path(get, path = "/api/calendars", tag = "inbound", params(PageQuery<CalendarId>),
    responses((status = 200, body = Listing<Versioned<CalendarBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<CalendarId>>,
) -> Result<Json<Listing<Versioned<CalendarBody>>>, Error> {
    setting::list(&app, query, body).await
}

/// Adds a calendar.
#[utoipa::path(post, path = "/api/calendars", tag = "inbound", responses((status = 201, body = Versioned<CalendarBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(settings): Json<CalendarSettings>,
) -> Result<Created<Versioned<CalendarBody>>, Error> {
    let calendar = settings.into_hours(CalendarId::from_i64(0))?;
    setting::create(&app, "/api/calendars", &calendar, body).await
}

/// One calendar.
#[utoipa::path(get, path = "/api/calendars/{calendar}", tag = "inbound", params(("calendar" = CalendarId, Path)),
    responses((status = 200, body = Versioned<CalendarBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<CalendarId>,
) -> Result<Versioned<CalendarBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a calendar.
#[utoipa::path(put, path = "/api/calendars/{calendar}", tag = "inbound", params(("calendar" = CalendarId, Path)),
    responses((status = 200, body = Versioned<CalendarBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CalendarId>,
    if_match: IfMatch,
    Json(settings): Json<CalendarSettings>,
) -> Result<Versioned<CalendarBody>, Error> {
    let calendar = settings.into_hours(id)?;
    setting::update(&app, if_match, &calendar, body).await
}

/// Removes a calendar.
#[utoipa::path(delete, path = "/api/calendars/{calendar}", tag = "inbound", params(("calendar" = CalendarId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<CalendarId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    setting::remove::<NamedHours>(&app, id, if_match).await
}
