//! Signing in and out, and one's own account.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse};
use cadran_engine::model::{AgentId, Rights, RoleName, TeamId, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{self, Newcomer, SignedIn};
use super::error::{Error, Fault};
use super::extract::{Json, NoContent};
use super::second_factor;
use super::throttle::Trier;
use super::witness::{Actor, Witness};
use crate::passwords::{self, Weakness};
use crate::store::User;

/// How long a sign-in holds: a long shift.
const SIGN_IN_TIME: Duration = Duration::from_secs(12 * 60 * 60);

/// Who wants to sign in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    /// The account's name.
    login: String,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// What the app of the second factor shows, or a recovery code, for an account that asks for it.
    code: Option<String>,
}

/// A sign-in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Opened {
    /// For programs: send it as `Authorization: Bearer`. Browsers have it in a cookie.
    token: String,
    #[serde(flatten)]
    me: Me,
}

/// One's own account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    user: UserId,
    login: String,
    role: RoleName,
    /// What one may do this way.
    rights: Rights,
    /// The teams that one looks after; none: all there is.
    teams: Option<BTreeSet<TeamId>>,
    /// The agent whose desk it is.
    agent: Option<AgentId>,
    /// Whether a password of one's own must be chosen before anything else.
    must_change_password: bool,
    /// Whether signing in asks for a code beside the password.
    second_factor: bool,
    /// When the sign-in ends at the latest, in milliseconds since 1970; none for a key without an end.
    expires_at: Option<i64>,
}

impl Me {
    async fn of(app: &App, user: &User, rights: Rights, expires_at: Timestamp) -> Result<Self, Error> {
        Ok(Self {
            user: user.id,
            login: user.login.clone(),
            role: user.role.clone(),
            rights,
            teams: user.teams.clone(),
            agent: user.agent,
            must_change_password: user.must_change_password,
            second_factor: second_factor::is_asked_for(app, user.id).await?,
            expires_at: Some(expires_at).filter(|at| *at < Timestamp::MAX).map(Timestamp::as_millis),
        })
    }
}

/// Where a request comes from, as the connection tells. A test without a connection comes from loopback.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClientAddress(pub(super) IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        // A reverse proxy on this machine says for whom it asks. Its own entry is the last one; those before it are
        // the client's word, which counts for nothing.
        let said = parts.headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
        let last = said.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        Ok(Self(last.filter(|_| peer.is_loopback()).unwrap_or(peer)))
    }
}

/// Signs in with name and password.
#[utoipa::path(post, path = "/api/session", tag = "session", security(()),
    responses((status = 201, description = "Signed in", body = Opened)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    witness: Witness,
    Json(credentials): Json<Credentials>,
) -> Result<impl IntoResponse, Error> {
    let login = credentials.login.trim().to_lowercase();
    let account = Trier::Account(login.chars().take(LOGIN_CHARS_MAX).collect());
    let triers = [account, Trier::address(address)];
    let now = app.now();
    if let Some(wait) = app.throttle.wait(&triers, now) {
        return Err(Error::LockedOut { seconds: wait.as_secs() + 1 });
    }
    // Counted before the slow comparison, so that many attempts at once cannot slip through together.
    app.throttle.failed(&triers, now);
    let user = app.store.user_by_login(&login).await?.filter(|user| user.value.enabled);
    let known = user.as_ref().map(|user| user.value.password_hash.clone());
    let verified = passwords::verify(credentials.password, known).await;
    let Some(user) = user.filter(|_| verified) else {
        tracing::warn!(%address, "a sign-in failed");
        return Err(Error::WrongPassword);
    };
    second_factor::check(&app, &user.value, credentials.code.as_deref(), now).await?;
    app.throttle.succeeded(&triers, now);
    let token = auth::new_token()?;
    let expires_at = now + SIGN_IN_TIME;
    let hash = auth::hash(&token);
    app.store.sign_in(hash, user.value.id, now, expires_at).await?;
    let rights = app.store.signed_in(hash, now).await?.ok_or(Error::WrongPassword)?.rights;
    witness.saw(Actor { user: user.value.id, key: None, agent: user.value.agent });
    tracing::info!(user.id = %user.value.id, "signed in");
    let cookie = auth::cookie(token.expose_secret(), SIGN_IN_TIME.as_secs(), app.settings.secure_cookies);
    let me = Me::of(&app, &user.value, rights, expires_at).await?;
    let opened = Opened { token: token.expose_secret().to_owned(), me };
    Ok((StatusCode::CREATED, AppendHeaders([(header::SET_COOKIE, cookie)]), Json(opened)))
}

/// The longest name of an account.
pub(super) const LOGIN_CHARS_MAX: usize = 64;

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session",
    responses((status = 204, description = "Signed out")))]
pub(super) async fn sign_out(
    session: SignedIn<Newcomer>,
    State(app): State<App>,
) -> Result<impl IntoResponse, Error> {
    app.store.sign_out(session.token).await?;
    app.sockets.rights_changed(session.id());
    let ended = auth::cookie("", 0, app.settings.secure_cookies);
    Ok((AppendHeaders([(header::SET_COOKIE, ended)]), NoContent))
}

/// One's own account.
#[utoipa::path(get, path = "/api/me", tag = "session", responses((status = 200, body = Me)))]
pub(super) async fn me(session: SignedIn<Newcomer>, State(app): State<App>) -> Result<Json<Me>, Error> {
    Ok(Json(Me::of(&app, &session.user.value, session.rights, session.expires_at).await?))
}

/// A change of one's own password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The one that holds.
    #[schema(value_type = String, format = Password)]
    old: SecretString,
    /// The one that is to hold.
    #[schema(value_type = String, format = Password)]
    new: SecretString,
}

/// Changes one's own password and ends every other sign-in.
#[utoipa::path(put, path = "/api/me/password", tag = "session",
    responses((status = 204, description = "Changed")))]
pub(super) async fn change_password(
    session: SignedIn<Newcomer>,
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Json(change): Json<NewPassword>,
) -> Result<NoContent, Error> {
    session.needs_person()?;
    let now = app.now();
    let kept = session.user;
    prove(&app, &kept.value, address, change.old.clone()).await?;
    if change.old.expose_secret() == change.new.expose_secret() {
        return Err(bad_password("/new", "password_same"));
    }
    let password_hash = hash_new(change.new, &kept.value.login, "/new").await?;
    let user = User { password_hash, must_change_password: false, ..kept.value };
    app.store.update_user(&user, kept.rev, now).await?;
    app.store.sign_out_everywhere(user.id).await?;
    app.store.sign_in(session.token, user.id, now, session.expires_at).await?;
    app.sockets.rights_changed(user.id);
    tracing::info!(user.id = %user.id, "password changed");
    Ok(NoContent)
}

/// Refuses whoever does not know the account's password. Tries are counted like those to sign in.
pub(super) async fn prove(
    app: &App,
    user: &User,
    address: IpAddr,
    password: SecretString,
) -> Result<(), Error> {
    let now = app.now();
    let triers = [Trier::Account(user.login.clone()), Trier::address(address)];
    if let Some(wait) = app.throttle.wait(&triers, now) {
        return Err(Error::LockedOut { seconds: wait.as_secs() + 1 });
    }
    app.throttle.failed(&triers, now);
    if !passwords::verify(password, Some(user.password_hash.clone())).await {
        return Err(Error::WrongPassword);
    }
    app.throttle.succeeded(&triers, now);
    Ok(())
}

/// Checks and hashes a password that is to hold.
pub(super) async fn hash_new(
    password: SecretString,
    login: &str,
    pointer: &str,
) -> Result<SecretString, Error> {
    passwords::check(&password, login).map_err(|weakness| match weakness {
        Weakness::Common => bad_password(pointer, "password_common"),
        Weakness::Length => bad_password(pointer, "password_length"),
    })?;
    passwords::hash(password)
        .await
        .ok_or_else(|| Error::Internal("a password could not be hashed".to_owned()))
}

fn bad_password(pointer: &str, rule: &'static str) -> Error {
    Error::Invalid(vec![Fault { pointer: pointer.to_owned(), rule, values: Vec::new() }])
}
