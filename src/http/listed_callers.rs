//! Callers whose numbers are on lists that flows look at.

use axum::extract::State;
use cadran_engine::model::Phone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{EditsInbound, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, Json, Listing, NoContent, Path, Query, page};
use super::privacy::shown;
use crate::import::{Region, phone};
use crate::store::{ListedCaller, ListedCallerId};

/// The longest name of a list.
const LIST_CHARS_MAX: usize = 40;
/// The longest note.
const NOTE_CHARS_MAX: usize = 500;

/// A caller on a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ListedCaller)]
pub(super) struct ListedCallerBody {
    id: ListedCallerId,
    /// `block`, `fraud`, `vip`, or a name that flows give.
    list: String,
    /// Its last digits without the right `see_full_numbers`.
    phone: String,
    note: String,
    /// Who said so: a user or an agent.
    added_by: String,
    /// Since when, in milliseconds since 1970.
    at: i64,
}

/// A caller who is to be on a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewListedCaller {
    /// `block`, `fraud` and `vip` are those of the checks; a node may name another, in small letters, digits and
    /// underscores.
    list: String,
    /// With the country code, or as it is written in France.
    phone: String,
    /// Why, in words.
    #[serde(default)]
    note: String,
}

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedCallerQuery {
    /// Of one list.
    list: Option<String>,
    /// Of one number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// `next` of the page before.
    after: Option<ListedCallerId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

fn body(entry: ListedCaller, whole: bool) -> ListedCallerBody {
    let ListedCaller { id, list, phone, note, added_by, at } = entry;
    ListedCallerBody { id, list, phone: shown(phone, whole), note, added_by, at: at.as_millis() }
}

/// Lists callers on lists, the latest first.
#[utoipa::path(get, path = "/api/listed-callers", tag = "inbound", params(ListedCallerQuery),
    responses((status = 200, body = Listing<ListedCallerBody>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<ListedCallerQuery>,
) -> Result<Json<Listing<ListedCallerBody>>, Error> {
    let page = page(query.after, query.limit);
    let entries = app.store.listed_callers(query.list.as_deref(), query.phone, page).await?;
    Ok(Listing::of(&page, entries, |entry| entry.id, |entry| body(entry, session.sees_numbers())))
}

/// Puts a caller on a list. Calls that begin from here on are looked at with it.
#[utoipa::path(post, path = "/api/listed-callers", tag = "inbound", responses((status = 201, body = ListedCallerBody)))]
pub(super) async fn add(
    session: SignedIn<EditsInbound>,
    State(app): State<App>,
    Json(new): Json<NewListedCaller>,
) -> Result<Created<Json<ListedCallerBody>>, Error> {
    let mut check = Check::default();
    check.that(is_list(&new.list), "/list", "name").text(&new.note, NOTE_CHARS_MAX, "/note").done()?;
    let Ok(phone) = phone::parse(&new.phone, Region::FR) else {
        return Err(Error::BadBody("`phone` is no telephone number".to_owned()));
    };
    let (added_by, at) = (session.id().to_string(), app.now());
    let entry = ListedCaller { id: 0, list: new.list, phone, note: new.note, added_by, at };
    let kept = app.store.list_caller(&entry).await?;
    Ok(Created {
        location: format!("/api/listed-callers/{}", kept.id),
        body: Json(body(kept, session.sees_numbers())),
    })
}

fn is_list(name: &str) -> bool {
    let is_plain = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'_';
    name.len() <= LIST_CHARS_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(is_plain)
}

/// Takes a caller off a list.
#[utoipa::path(delete, path = "/api/listed-callers/{listed}", tag = "inbound",
    params(("listed" = ListedCallerId, Path)), responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<ListedCallerId>,
) -> Result<NoContent, Error> {
    app.store.unlist_caller(id).await?;
    Ok(NoContent)
}
