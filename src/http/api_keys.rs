//! Keys of programs. A key opens what its owner may do, as far as the key itself goes.

use axum::extract::State;
use cadran_engine::model::{Right, Rights, Timestamp, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{self, Anyone, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, Json, Listing, NoContent, PageQuery, Path, Query};
use crate::store::{ApiKey, ApiKeyId};

const NOUN: &str = "key";

/// What every key begins with, so that a person or a program that looks for leaked secrets knows it.
const PREFIX: &str = "cadran_";

/// A key of a program. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct ApiKeyBody {
    id: ApiKeyId,
    /// Whose it is.
    user: UserId,
    name: String,
    /// What it opens at most.
    rights: Rights,
    created_at: i64,
    expires_at: Option<i64>,
    /// When it was used last, to the minute.
    used_at: Option<i64>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeApiKey {
    /// The key itself, shown this once. Send it as `Authorization: Bearer`.
    token: String,
    #[serde(flatten)]
    key: ApiKeyBody,
}

/// A key that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewApiKey {
    /// What it is for.
    name: String,
    /// What it opens at most: no more than one may do oneself.
    rights: Rights,
    /// Until when, in milliseconds since 1970; without it until it is removed.
    expires_at: Option<i64>,
}

fn body(key: ApiKey) -> ApiKeyBody {
    ApiKeyBody {
        id: key.id,
        user: key.user,
        name: key.name,
        rights: key.rights,
        created_at: key.created_at.as_millis(),
        expires_at: key.expires_at.map(Timestamp::as_millis),
        used_at: key.used_at.map(Timestamp::as_millis),
    }
}

/// Lists one's own keys, the latest first; those of everybody for whoever edits accounts.
#[utoipa::path(get, path = "/api/keys", tag = "keys", params(PageQuery<ApiKeyId>),
    responses((status = 200, body = Listing<ApiKeyBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<PageQuery<ApiKeyId>>,
) -> Result<Json<Listing<ApiKeyBody>>, Error> {
    let page = query.page();
    let of = if sees_all(&session) { None } else { Some(session.id()) };
    let keys = app.store.api_keys(of, page).await?;
    Ok(Listing::of(&page, keys, |key| key.id, body))
}

/// Makes a key. It is shown in this answer and never again.
#[utoipa::path(post, path = "/api/keys", tag = "keys", responses((status = 201, body = MadeApiKey)))]
pub(super) async fn create(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Json(new): Json<NewApiKey>,
) -> Result<Created<Json<MadeApiKey>>, Error> {
    session.needs_person()?;
    session.may_give(new.rights)?;
    let now = app.now();
    let expires_at = new.expires_at.map(Timestamp::from_millis);
    let mut check = Check::default();
    check.name(&new.name, "/name").that(expires_at.is_none_or(|at| at > now), "/expires_at", "future");
    check.done()?;
    let token = SecretString::from(format!("{PREFIX}{}", auth::new_token()?.expose_secret()));
    let key = ApiKey {
        id: 0,
        user: session.id(),
        name: new.name,
        rights: new.rights,
        created_at: now,
        expires_at,
        used_at: None,
    };
    let kept = app.store.create_api_key(&key, auth::hash(&token)).await?;
    let location = format!("/api/keys/{}", kept.id);
    let body = Json(MadeApiKey { token: token.expose_secret().to_owned(), key: body(kept) });
    Ok(Created { location, body })
}

/// Removes a key of one's own, or of anybody for whoever edits accounts. It opens nothing from this moment on.
#[utoipa::path(delete, path = "/api/keys/{key}", tag = "keys", params(("key" = ApiKeyId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(id): Path<ApiKeyId>,
) -> Result<NoContent, Error> {
    let key = app.store.api_key(id).await?;
    let key = key.filter(|key| key.user == session.id() || sees_all(&session));
    let key = key.ok_or_else(|| Error::not_found(NOUN, id))?;
    app.store.delete_api_key(id).await?;
    app.sockets.rights_changed(key.user);
    Ok(NoContent)
}

fn sees_all(session: &SignedIn<Anyone>) -> bool {
    session.may(Right::EditAccounts) && session.scope.is_everything()
}
