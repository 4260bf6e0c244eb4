//! Callbacks that were promised to callers, and what stands in their way.

use axum::extract::State;
use cadran_engine::inbound::callbacks::{TRIES_MAX, opening};
use cadran_engine::model::{CallId, Queue, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{SignedIn, Staff};
use super::error::Error;
use super::extract::{Json, Listing, Query, page};
use super::privacy::shown;
use crate::store::CallerCallbackRecord;

/// A callback that was promised to a caller. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerCallback)]
pub(super) struct CallerCallbackBody {
    /// The call in which it was booked; it names the callback.
    call: CallId,
    queue: QueueId,
    /// The number to call; its last digits without the right `see_full_numbers`.
    phone: String,
    booked_at: i64,
    /// Not before.
    due_at: i64,
    /// Since when they wait, where their place in the queue is kept.
    place_since: Option<i64>,
    /// How often they were called in vain.
    tries: u8,
    /// The call by which it was kept; none while it is open.
    kept_by: Option<CallId>,
    /// What stands in its way, if anything does: `not_reached` (called in vain as often as it is tried),
    /// `outside_hours` (8 to 20 where the number rings) or `queue_gone`. It is kept on record all the same.
    conflict: Option<&'static str>,
}

/// Which callbacks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerCallbackQuery {
    /// Those that are still to be kept, or those that were.
    open: Option<bool>,
    /// Of this queue.
    queue: Option<QueueId>,
    /// `next` of the page before; without it the first page.
    after: Option<CallId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists callbacks that were promised to callers, the earliest due first.
#[utoipa::path(get, path = "/api/caller-callbacks", tag = "callbacks", params(CallerCallbackQuery),
    responses((status = 200, body = Listing<CallerCallbackBody>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<CallerCallbackQuery>,
) -> Result<Json<Listing<CallerCallbackBody>>, Error> {
    let page = page(query.after, query.limit);
    let callbacks = app.store.caller_callbacks(query.queue, query.open, page).await?;
    let queues: Vec<Queue> = app.store.all_settings().await?;
    let (now, whole) = (app.now(), session.sees_numbers());
    let body = |record| body(record, &queues, whole, now);
    Ok(Listing::of(&page, callbacks, |record| record.callback.id, body))
}

fn body(record: CallerCallbackRecord, queues: &[Queue], whole: bool, now: Timestamp) -> CallerCallbackBody {
    let conflict = conflict(&record, queues, now);
    let CallerCallbackRecord { callback, booked_at, kept_by } = record;
    CallerCallbackBody {
        call: callback.id,
        queue: callback.queue,
        phone: shown(callback.phone, whole),
        booked_at: booked_at.as_millis(),
        due_at: callback.due_at.as_millis(),
        place_since: callback.place.map(|place| place.since.as_millis()),
        tries: callback.tries,
        kept_by,
        conflict,
    }
}

fn conflict(record: &CallerCallbackRecord, queues: &[Queue], now: Timestamp) -> Option<&'static str> {
    let callback = &record.callback;
    let at = callback.due_at.max(now);
    match record.kept_by {
        Some(_) => None,
        None if callback.tries >= TRIES_MAX => Some("not_reached"),
        None if !queues.iter().any(|queue| queue.id == callback.queue) => Some("queue_gone"),
        None if callback.place.is_none() && opening(callback.phone, at).is_some() => Some("outside_hours"),
        None => None,
    }
}
