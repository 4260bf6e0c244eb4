//! Callbacks that were promised to callers: what stands in their way, and how they are made, changed and taken back.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use cadran_engine::almanac::numbering;
use cadran_engine::dialer::calling_hours;
use cadran_engine::flow::calendar::{Calendar, Opening};
use cadran_engine::inbound::callbacks::{TRIES_MAX, opening};
use cadran_engine::input::Request;
use cadran_engine::model::incoming::CallerCallback;
use cadran_engine::model::{AgentId, CalendarId, CallId, Phone, Queue, QueueId, Timestamp, UserId, Zone};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{Anyone, BooksCallbacks, SignedIn};
use super::callbacks::shown_in;
use super::check::Check;
use super::error::Error;
use super::extract::{Json, Listing, NoContent, Path, Query, page};
use super::live;
use super::privacy::shown;
use crate::store::{
    CallbackState, CallerBehind, CallerCallbackFilter, CallerCallbackRecord, NamedHours, Page,
};

const NOUN: &str = "callback";

/// A callback that was promised to a caller. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerCallback)]
pub(super) struct CallerCallbackBody {
    /// The call in which it was booked; it names the callback.
    call: CallId,
    queue: QueueId,
    /// The number to call; its last digits without the right `see_full_numbers`.
    phone: String,
    /// The agent who promised it; none when the caller booked it.
    agent: Option<AgentId>,
    booked_at: i64,
    /// Not before.
    due_at: i64,
    /// The same where the number rings; none where that cannot be told.
    #[schema(value_type = Option<String>)]
    due_local: Option<DateTime>,
    /// Since when they wait, where their place in the queue is kept.
    place_since: Option<i64>,
    /// How often they were called in vain.
    tries: u8,
    /// `open`, `kept` or `withdrawn`.
    #[schema(value_type = String)]
    state: CallbackState,
    /// The call by which it was kept.
    kept_by: Option<CallId>,
    /// When it came to stand as it does; none: it stands as it was booked.
    changed_at: Option<i64>,
    /// The account that wanted it so.
    changed_by: Option<UserId>,
    /// What stands in its way, if anything does: `do_not_call`, `not_reached` (called in vain as often as it is tried),
    /// `outside_hours` (8 to 20 where the number rings), `queue_closed` or `queue_gone`. It is kept on record all the
    /// same, and made once nothing does.
    conflict: Option<&'static str>,
}

/// Which callbacks are wanted. An agent sees those that they promised.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerCallbackQuery {
    /// Promised by this agent.
    agent: Option<AgentId>,
    /// Those that are still to be kept, or the others.
    open: Option<bool>,
    /// Of this queue.
    queue: Option<QueueId>,
    /// `next` of the page before; without it the first page.
    after: Option<CallId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// What a caller is promised.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallbackPromise {
    /// The moment where the number rings, such as `2026-11-20T14:30`.
    #[schema(value_type = String)]
    due_local: DateTime,
    /// Where they are, in place of where the number rings, such as `Europe/Paris`.
    #[schema(value_type = Option<String>)]
    zone: Option<Zone>,
    /// The number to call, in place of the caller's.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    /// The queue whose agents call, in place of the one in which the caller waited.
    queue: Option<QueueId>,
}

/// The callback in the address, which the user may make and change. Comes before the body, so that nobody learns from
/// its checks what they may not do.
#[derive(Debug)]
pub(super) struct Promised {
    by: UserId,
    /// The agent whose word it is, when an agent speaks for themself.
    agent: Option<AgentId>,
    call: CallId,
    /// As it stands, if it was booked before.
    record: Option<CallerCallbackRecord>,
    /// Whose call it is.
    behind: CallerBehind,
}

impl FromRequestParts<App> for Promised {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let session = SignedIn::<BooksCallbacks>::from_request_parts(parts, app).await?;
        let Path(call) = Path::<CallId>::from_request_parts(parts, app).await?;
        let filter = CallerCallbackFilter { call: Some(call), ..CallerCallbackFilter::default() };
        let record = app.store.caller_callbacks(filter, Page::first()).await?.pop();
        let callback = record.as_ref().map(|record| &record.callback);
        let behind = behind(app, call).await?.or_else(|| callback.map(behind_callback));
        let behind = behind.ok_or_else(|| Error::not_found("call", call))?;
        let agent = session.acts_as();
        let had_by = [callback.and_then(|callback| callback.agent), behind.agent];
        if agent.is_some() && !had_by.contains(&agent) {
            return Err(Error::NotYours);
        }
        Ok(Self { by: session.id(), agent, call, record, behind })
    }
}

impl Promised {
    fn is_open(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.state == CallbackState::Open)
    }
}

/// Lists callbacks that were promised to callers, the earliest due first, with what stands in the way of each.
#[utoipa::path(get, path = "/api/caller-callbacks", tag = "callbacks", params(CallerCallbackQuery),
    responses((status = 200, body = Listing<CallerCallbackBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<CallerCallbackQuery>,
) -> Result<Json<Listing<CallerCallbackBody>>, Error> {
    let CallerCallbackQuery { agent, open, queue, after, limit } = query;
    let agent = session.sees_only()?.or(agent);
    let filter = CallerCallbackFilter { agent, call: None, is_open: open, queue };
    let page = page(after, limit);
    let records = session.store(&app).caller_callbacks(filter, page).await?;
    let queues = Queues::read(&app).await?;
    let whole = session.sees_numbers();
    let body = |record| body(record, &queues, whole, app.now());
    Ok(Listing::of(&page, records, |record| record.callback.id, body))
}

/// Promises a caller to call them back, during the call or after it, or changes what was promised to them. An agent does
/// so for callers whom they had.
#[utoipa::path(put, path = "/api/caller-callbacks/{callback}", tag = "callbacks", params(("callback" = CallId, Path)),
    responses((status = 204, description = "Promised")))]
pub(super) async fn promise(
    promised: Promised,
    State(app): State<App>,
    Json(wish): Json<CallbackPromise>,
) -> Result<NoContent, Error> {
    let is_change = promised.is_open();
    let Promised { by, agent, call, record, behind } = promised;
    let before = record.map(|record| record.callback);
    let phone = wish.phone.or(before.as_ref().map(|before| before.phone)).or(behind.phone);
    let queue = wish.queue.or(before.as_ref().map(|before| before.queue)).or(behind.queue);
    let zone = wish.zone.or_else(|| zone_of(phone?));
    let due_at = zone.as_ref().and_then(|zone| calling_hours::instant_in(wish.due_local, zone));
    let due_at = due_at.filter(|at| *at > app.now());
    let is_known = match queue {
        Some(queue) => app.store.setting::<Queue>(queue).await?.is_some(),
        None => false,
    };
    Check::default()
        .that(phone.is_some(), "/phone", "number_needed")
        .that(is_known, "/queue", "exists")
        .that(phone.is_none() || zone.is_some(), "/zone", "zone_needed")
        .that(zone.is_none() || due_at.is_some(), "/due_local", "future")
        .done()?;
    if let (Some(phone), Some(queue), Some(due_at)) = (phone, queue, due_at) {
        let callback = Box::new(CallerCallback {
            id: call,
            queue,
            phone,
            did: behind.did,
            agent: agent.or(before.as_ref().and_then(|before| before.agent)).or(behind.agent),
            booked_at: before.as_ref().map_or(app.now(), |before| before.booked_at),
            due_at,
            place: None,
            tries: 0,
            language: before.and_then(|before| before.language),
        });
        app.inbox.request(Request::BookCallback { callback, user: by, is_change }).await?;
    }
    Ok(NoContent)
}

/// Takes a promise to a caller back. It stays on record, with who took it back.
#[utoipa::path(delete, path = "/api/caller-callbacks/{callback}", tag = "callbacks", params(("callback" = CallId, Path)),
    responses((status = 204, description = "Withdrawn")))]
pub(super) async fn withdraw(promised: Promised, State(app): State<App>) -> Result<NoContent, Error> {
    if !promised.is_open() {
        return Err(Error::not_found(NOUN, promised.call));
    }
    app.inbox.request(Request::WithdrawCallback { callback: promised.call, user: promised.by }).await?;
    Ok(NoContent)
}

/// Who is behind a caller's call: of one that is up the live view knows it.
async fn behind(app: &App, call: CallId) -> Result<Option<CallerBehind>, Error> {
    if let Some(behind) = app.store.caller_behind(call).await? {
        return Ok(Some(behind));
    }
    let view = live::view(app).await?;
    let caller = view.callers.iter().find(|caller| caller.call == call);
    Ok(caller.map(|caller| CallerBehind {
        phone: caller.phone,
        did: caller.did,
        agent: caller.agent,
        queue: caller.queue,
    }))
}

/// The same, as far as a promise tells it.
const fn behind_callback(callback: &CallerCallback) -> CallerBehind {
    CallerBehind {
        phone: Some(callback.phone),
        did: callback.did,
        agent: callback.agent,
        queue: Some(callback.queue),
    }
}

/// Where a number rings; none where that cannot be told.
fn zone_of(phone: Phone) -> Option<Zone> {
    numbering::zones(phone)?.into_iter().next()
}

/// Queues with their opening hours.
struct Queues {
    queues: BTreeMap<QueueId, Queue>,
    calendars: BTreeMap<CalendarId, Calendar>,
}

impl Queues {
    async fn read(app: &App) -> Result<Self, Error> {
        let queues: Vec<Queue> = app.store.all_settings().await?;
        let calendars: Vec<NamedHours> = app.store.all_settings().await?;
        Ok(Self {
            queues: queues.into_iter().map(|queue| (queue.id, queue)).collect(),
            calendars: calendars.into_iter().map(|hours| (hours.id, hours.calendar)).collect(),
        })
    }
}

fn body(record: CallerCallbackRecord, queues: &Queues, whole: bool, now: Timestamp) -> CallerCallbackBody {
    let conflict = conflict(&record, queues, now);
    let CallerCallbackRecord { callback, state, kept_by, changed_at, changed_by, barred_until: _ } = record;
    CallerCallbackBody {
        call: callback.id,
        queue: callback.queue,
        phone: shown(callback.phone, whole),
        agent: callback.agent,
        booked_at: callback.booked_at.as_millis(),
        due_at: callback.due_at.as_millis(),
        due_local: zone_of(callback.phone).map(|zone| shown_in(callback.due_at, &zone)),
        place_since: callback.place.map(|place| place.since.as_millis()),
        tries: callback.tries,
        state,
        kept_by,
        changed_at: changed_at.map(Timestamp::as_millis),
        changed_by,
        conflict,
    }
}

/// What stands in the way of a callback at its moment, or at this one when it is overdue.
fn conflict(record: &CallerCallbackRecord, queues: &Queues, now: Timestamp) -> Option<&'static str> {
    let callback = &record.callback;
    let at = callback.due_at.max(now);
    let queue = queues.queues.get(&callback.queue);
    let calendar = queue.and_then(|queue| queues.calendars.get(&queue.settings.calendar?));
    if record.state != CallbackState::Open {
        None
    } else if callback.tries >= TRIES_MAX {
        Some("not_reached")
    } else if queue.is_none() {
        Some("queue_gone")
    } else if record.barred_until.is_some_and(|until| until > now) {
        Some("do_not_call")
    } else if callback.has_just_been_asked_for(at) {
        None
    } else if opening(callback.phone, at).is_some() {
        Some("outside_hours")
    } else if calendar.is_some_and(|calendar| calendar.at(at) != Opening::Open) {
        Some("queue_closed")
    } else {
        None
    }
}
