//! Who asks, and whether their role may.
//!
//! A sign-in is an opaque token of 256 random bits. The database holds its SHA-256; the browser holds it in a cookie
//! that no script reads, a program sends it as `Authorization: Bearer`.

use std::fmt::Write as _;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use cadran_engine::model::{AgentId, Role, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::app::App;
use super::error::Error;
use crate::store::{Kept, TokenHash, User};

/// Which roles may pass.
pub(super) trait Gate: Send + Sync {
    /// These.
    const ROLES: &'static [Role];
    /// Whether those pass whose password was given to them by somebody else.
    const OPEN_TO_NEWCOMERS: bool = false;
}

/// Admins.
#[derive(Debug)]
pub(super) struct Admin;
/// Everybody with an account.
#[derive(Debug)]
pub(super) struct Anyone;
/// Those who run campaigns.
#[derive(Debug)]
pub(super) struct CampaignManager;
/// Everybody with an account, even before they chose a password of their own.
#[derive(Debug)]
pub(super) struct Newcomer;
/// Everybody but agents.
#[derive(Debug)]
pub(super) struct Staff;

impl Gate for Admin {
    const ROLES: &'static [Role] = &[Role::Admin];
}
impl Gate for Anyone {
    const ROLES: &'static [Role] = EVERYBODY;
}
impl Gate for CampaignManager {
    const ROLES: &'static [Role] = &[Role::Admin, Role::CampaignManager];
}
impl Gate for Newcomer {
    const ROLES: &'static [Role] = EVERYBODY;
    const OPEN_TO_NEWCOMERS: bool = true;
}
impl Gate for Staff {
    const ROLES: &'static [Role] = &[Role::Admin, Role::CampaignManager, Role::Supervisor];
}

const EVERYBODY: &[Role] = &[Role::Admin, Role::Agent, Role::CampaignManager, Role::Supervisor];

/// The user who asks, with a role that may.
#[derive(Debug)]
pub(super) struct SignedIn<G> {
    /// The account.
    pub user: Kept<User>,
    /// The sign-in.
    pub(super) token: TokenHash,
    /// Until when it holds.
    pub(super) expires_at: Timestamp,
    gate: PhantomData<G>,
}

impl<G> SignedIn<G> {
    /// The account's row.
    pub(super) fn id(&self) -> UserId {
        self.user.value.id
    }

    /// The account's role.
    pub(super) fn role(&self) -> Role {
        self.user.value.role
    }

    /// Agents act for themselves only, supervisors for any, campaign managers for none.
    pub(super) fn may_act_for(&self, agent: AgentId) -> Result<(), Error> {
        match self.role() {
            Role::Admin | Role::Supervisor => Ok(()),
            Role::Agent if self.user.value.agent == Some(agent) => Ok(()),
            Role::Agent => Err(Error::NotYours),
            Role::CampaignManager => Err(Error::Forbidden(&[Role::Admin, Role::Agent, Role::Supervisor])),
        }
    }

    /// Whose calls the user may see: an agent their own, the others all.
    pub(super) fn sees_only(&self) -> Result<Option<AgentId>, Error> {
        match self.role() {
            Role::Admin | Role::CampaignManager | Role::Supervisor => Ok(None),
            Role::Agent => self.user.value.agent.map(Some).ok_or(Error::NotYours),
        }
    }
}

impl<G: Gate> FromRequestParts<App> for SignedIn<G> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let token = presented(&parts.headers, app).ok_or(Error::NotSignedIn)?;
        let token = hash(&token);
        let sign_in = app.store.signed_in(token, app.now()).await?.ok_or(Error::NotSignedIn)?;
        let user = &sign_in.user.value;
        if !G::ROLES.contains(&user.role) {
            return Err(Error::Forbidden(G::ROLES));
        }
        if user.must_change_password && !G::OPEN_TO_NEWCOMERS {
            return Err(Error::PasswordChangeNeeded);
        }
        Ok(Self { user: sign_in.user, token, expires_at: sign_in.expires_at, gate: PhantomData })
    }
}

/// A fresh token.
pub(super) fn new_token() -> Result<SecretString, Error> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    Ok(hex(&bits).into())
}

/// What the database keeps of a token.
pub(super) fn hash(token: &SecretString) -> TokenHash {
    TokenHash(Sha256::digest(token.expose_secret().as_bytes()).into())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The token that a request carries. The header goes before the cookie: whoever sets it means it.
pub(super) fn presented(headers: &HeaderMap, app: &App) -> Option<SecretString> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().into());
    }
    let name = cookie_name(app.settings.secure_cookies);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, token)| token.into())
}

/// The prefix `__Host-` (RFC 6265bis §4.1.3.2) has the browser refuse the cookie unless it is for this host alone and
/// for HTTPS. Over plain HTTP a browser would drop such a cookie, so there the name is a plain one.
const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-cadran" } else { "cadran" }
}

/// The cookie that carries `token` for so many seconds; none at all ends it.
pub(super) fn cookie(token: &str, seconds: u64, secure: bool) -> String {
    let name = cookie_name(secure);
    let only_https = if secure { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{only_https}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_256_bits_and_differ() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!(one.expose_secret().len(), 64);
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_ne!(hash(&one), hash(&other));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let secure = "__Host-cadran=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(cookie("t", 60, true), secure);
        assert_eq!(cookie("t", 60, false), "cadran=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
    }
}
