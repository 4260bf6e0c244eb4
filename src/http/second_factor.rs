//! One's second factor: an app that shows codes, asked for beside the password.

use axum::extract::State;
use axum::http::StatusCode;
use cadran_engine::model::{Timestamp, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{self, Anyone, EditsAccounts, SignedIn};
use super::error::Error;
use super::extract::{Json, NoContent, Path};
use super::session::{ClientAddress, prove};
use super::users;
use crate::store::User;
use crate::{passwords, totp};

/// Recovery codes of an account.
const RECOVERY_CODES: usize = 10;

/// Characters of a recovery code: 80 bits of chance, which nobody tries out.
const RECOVERY_CODE_CHARS: usize = 16;

/// A secret for an app.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Offer {
    /// To be typed, in base 32.
    secret: String,
    /// To be shown as a QR code.
    address: String,
}

/// A password that proves who asks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proof {
    /// One's own.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// A code of the app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirmation {
    /// Six digits, as the app shows them.
    code: String,
}

/// What opens the account when the app is lost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recovery {
    /// Each opens once in place of a code. They are shown in this answer and never again.
    recovery_codes: Vec<String>,
}

/// Gives a secret for an app. Nothing changes until a code of it confirms that the app has it.
#[utoipa::path(post, path = "/api/me/second-factor", tag = "session", request_body = Proof,
    responses((status = 201, description = "Offered", body = Offer)))]
pub(super) async fn offer(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Json(proof): Json<Proof>,
) -> Result<(StatusCode, Json<Offer>), Error> {
    session.needs_person()?;
    let user = &session.user.value;
    prove(&app, user, address, proof.password).await?;
    let mut secret = [0; totp::SECRET_BYTES];
    getrandom::fill(&mut secret).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    let sealed = app.settings.safe.seal(&secret, &place(user.id));
    let sealed = sealed.map_err(|error| Error::Internal(error.to_string()))?;
    if !app.store.offer_second_factor(user.id, &sealed).await? {
        return Err(Error::SecondFactorSet);
    }
    let offer = Offer { secret: totp::text(&secret), address: totp::address(&secret, &user.login) };
    Ok((StatusCode::CREATED, Json(offer)))
}

/// Confirms that the app has the secret. From this moment on signing in asks for its code too.
#[utoipa::path(post, path = "/api/me/second-factor/confirm", tag = "session", request_body = Confirmation,
    responses((status = 200, body = Recovery)))]
pub(super) async fn confirm(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Json(said): Json<Confirmation>,
) -> Result<Json<Recovery>, Error> {
    session.needs_person()?;
    let (id, now) = (session.id(), app.now());
    let factor = app.store.second_factor(id).await?.ok_or_else(|| Error::not_found(NOUN, id))?;
    if factor.confirmed_at.is_some() {
        return Err(Error::SecondFactorSet);
    }
    let secret = opened(&app, id, &factor.secret)?;
    let step = totp::step_of(&secret, &said.code, now, factor.last_step).ok_or(Error::WrongCode)?;
    let codes = (0..RECOVERY_CODES).map(|_| recovery_code()).collect::<Result<Vec<_>, _>>()?;
    let hashes: Vec<_> = codes.iter().map(|code| auth::hash(&SecretString::from(code.clone()))).collect();
    app.store.confirm_second_factor(id, step, &hashes, now).await?;
    Ok(Json(Recovery { recovery_codes: codes }))
}

/// Has signing in ask for the password alone.
#[utoipa::path(delete, path = "/api/me/second-factor", tag = "session", request_body = Proof,
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Json(proof): Json<Proof>,
) -> Result<NoContent, Error> {
    session.needs_person()?;
    prove(&app, &session.user.value, address, proof.password).await?;
    forget(&app, session.id()).await
}

/// Has signing in to somebody's account ask for the password alone, when their app and their codes are lost. Ends
/// their sign-ins.
#[utoipa::path(delete, path = "/api/users/{user}/second-factor", tag = "users", params(("user" = UserId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn reset(
    session: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<UserId>,
) -> Result<NoContent, Error> {
    users::may_edit(&app, &session, id).await?;
    forget(&app, id).await?;
    app.store.sign_out_everywhere(id).await?;
    app.sockets.rights_changed(id);
    Ok(NoContent)
}

const NOUN: &str = "second factor";

async fn forget(app: &App, id: UserId) -> Result<NoContent, Error> {
    if app.store.remove_second_factor(id).await? { Ok(NoContent) } else { Err(Error::not_found(NOUN, id)) }
}

/// Whether an account asks for more than the password.
pub(super) async fn is_asked_for(app: &App, id: UserId) -> Result<bool, Error> {
    Ok(app.store.second_factor(id).await?.is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// Refuses a sign-in without the code that the account asks for. A code opens once, whoever is faster.
pub(super) async fn check(app: &App, user: &User, code: Option<&str>, now: Timestamp) -> Result<(), Error> {
    let factor = app.store.second_factor(user.id).await?;
    let Some(factor) = factor.filter(|factor| factor.confirmed_at.is_some()) else { return Ok(()) };
    let code = code.map(str::trim).filter(|code| !code.is_empty()).ok_or(Error::SecondFactorNeeded)?;
    let secret = opened(app, user.id, &factor.secret)?;
    let opens = match totp::step_of(&secret, code, now, factor.last_step) {
        Some(step) => app.store.use_step(user.id, step).await?,
        None => {
            let code = SecretString::from(code.to_lowercase());
            app.store.use_recovery_code(user.id, auth::hash(&code)).await?
        }
    };
    if opens { Ok(()) } else { Err(Error::WrongCode) }
}

fn opened(app: &App, id: UserId, sealed: &str) -> Result<Vec<u8>, Error> {
    app.settings.safe.open(sealed, &place(id)).map_err(|error| Error::Internal(error.to_string()))
}

fn place(id: UserId) -> String {
    format!("second factor of {id}")
}

fn recovery_code() -> Result<String, Error> {
    let mut bits = [0; RECOVERY_CODE_CHARS];
    getrandom::fill(&mut bits).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    Ok(passwords::readable(&bits))
}
