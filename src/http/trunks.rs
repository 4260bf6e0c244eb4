//! Carrier connections.

use axum::extract::State;
use cadran_engine::model::{Phone, RateLimit, SipTrunk, Trunk, TrunkId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Admin, SignedIn, Staff};
use super::check::{Check, is_plain_name};
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use crate::store::Kept;

const NOUN: &str = "trunk";

/// A carrier connection. Its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trunk)]
pub(super) struct TrunkBody {
    id: TrunkId,
    name: String,
    /// Whether calls may be placed on it.
    enabled: bool,
    /// The numbers that the carrier lets us show. Only these are ever shown.
    caller_ids: Vec<Phone>,
    limit: RateLimit,
    /// Host name or address of the carrier.
    host: String,
    /// UDP port of the carrier.
    port: u16,
    /// Our name at the carrier, when it wants to know.
    user: Option<String>,
    /// Whether we register with the carrier.
    register: bool,
    /// Codecs in order of preference, as Asterisk names them.
    codecs: Vec<String>,
}

/// What can be set of a trunk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrunkSettings {
    name: String,
    /// Whether calls may be placed on it.
    #[serde(default = "yes")]
    enabled: bool,
    /// The numbers that the carrier lets us show. Only these are ever shown.
    caller_ids: Vec<Phone>,
    limit: RateLimit,
    /// Host name or address of the carrier.
    host: String,
    /// UDP port of the carrier.
    #[serde(default = "sip_port")]
    port: u16,
    /// Our name at the carrier, when it wants to know.
    user: Option<String>,
    /// Our password at the carrier. Without it the one that is kept stays.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
    /// Whether we register with the carrier.
    #[serde(default)]
    register: bool,
    /// Codecs in order of preference, as Asterisk names them.
    #[serde(default = "codecs")]
    codecs: Vec<String>,
}

const fn yes() -> bool {
    true
}
const fn sip_port() -> u16 {
    5060
}
fn codecs() -> Vec<String> {
    vec!["alaw".to_owned(), "ulaw".to_owned()]
}

fn body((trunk, sip): (Trunk, SipTrunk)) -> TrunkBody {
    TrunkBody {
        id: trunk.id,
        name: trunk.name,
        enabled: trunk.enabled,
        caller_ids: trunk.caller_ids,
        limit: trunk.limit,
        host: sip.host,
        port: sip.port,
        user: sip.credentials.map(|(user, _)| user),
        register: sip.register,
        codecs: sip.codecs,
    }
}

impl TrunkSettings {
    fn check(&self) -> Result<(), Error> {
        let mut check = Check::default();
        check
            .name(&self.name, "/name")
            .count(self.caller_ids.len(), 1000, "/caller_ids")
            .limit(self.limit, "/limit")
            .that(is_host(&self.host), "/host", "host")
            .fill(self.port > 0, "/port", "positive", &[("max", u16::MAX.to_string())])
            .that(self.user.as_deref().is_none_or(is_sip_user), "/user", "login")
            .count(self.codecs.len(), 10, "/codecs")
            .that(
                !self.codecs.is_empty() && self.codecs.iter().all(|codec| is_plain_name(codec)),
                "/codecs",
                "sip_name",
            );
        check.done()
    }

    /// Both sides of the trunk. A user without a password keeps `known`'s.
    fn split(self, id: TrunkId, known: Option<SecretString>) -> (Trunk, SipTrunk) {
        let secret = self.password.or(known);
        let trunk = Trunk {
            id,
            name: self.name,
            enabled: self.enabled,
            caller_ids: self.caller_ids,
            limit: self.limit,
        };
        let sip = SipTrunk {
            id,
            host: self.host,
            port: self.port,
            credentials: self.user.map(|user| (user, secret.unwrap_or_default())),
            register: self.register,
            codecs: self.codecs,
        };
        (trunk, sip)
    }
}

/// A host name (RFC 1123 §2.1) or an address, nothing that could end a line of Asterisk's configuration.
fn is_host(host: &str) -> bool {
    (1..=253).contains(&host.len())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']'))
}

fn is_sip_user(user: &str) -> bool {
    (1..=64).contains(&user.len())
        && user
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'@'))
}

/// Lists trunks, in the order in which they were added.
#[utoipa::path(get, path = "/api/trunks", tag = "trunks", params(PageQuery<TrunkId>),
    responses((status = 200, body = Listing<Versioned<TrunkBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<TrunkId>>,
) -> Result<Json<Listing<Versioned<TrunkBody>>>, Error> {
    let page = query.page();
    let trunks = app.store.trunks(page).await?;
    Ok(Listing::of(&page, trunks, |row| row.value.0.id, |row| Versioned::of(row, body)))
}

/// Adds a trunk, on Asterisk too.
#[utoipa::path(post, path = "/api/trunks", tag = "trunks", responses((status = 201, body = Versioned<TrunkBody>)))]
pub(super) async fn create(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Json(settings): Json<TrunkSettings>,
) -> Result<Created<Versioned<TrunkBody>>, Error> {
    settings.check()?;
    let (trunk, sip) = settings.split(TrunkId::from_i64(0), None);
    let kept = app.store.create_trunk(&trunk, &sip, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Created { location: format!("/api/trunks/{}", kept.value.0.id), body: Versioned::of(kept, body) })
}

/// One trunk.
#[utoipa::path(get, path = "/api/trunks/{trunk}", tag = "trunks", params(("trunk" = TrunkId, Path)),
    responses((status = 200, body = Versioned<TrunkBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<TrunkId>,
) -> Result<Versioned<TrunkBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes a trunk, on Asterisk too. Calls in progress go on.
#[utoipa::path(put, path = "/api/trunks/{trunk}", tag = "trunks", params(("trunk" = TrunkId, Path)),
    responses((status = 200, body = Versioned<TrunkBody>)))]
pub(super) async fn update(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Path(id): Path<TrunkId>,
    if_match: IfMatch,
    Json(settings): Json<TrunkSettings>,
) -> Result<Versioned<TrunkBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    settings.check()?;
    let (_, known) = find(&app, id).await?.value;
    let (trunk, sip) = settings.split(id, known.credentials.map(|(_, secret)| secret));
    let kept = app.store.update_trunk(&trunk, &sip, rev, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, body))
}

/// Removes a trunk that has carried no call, from Asterisk too.
#[utoipa::path(delete, path = "/api/trunks/{trunk}", tag = "trunks", params(("trunk" = TrunkId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Path(id): Path<TrunkId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_trunk(id, rev).await?;
    app.inbox.reload().await?;
    Ok(NoContent)
}

async fn find(app: &App, id: TrunkId) -> Result<Kept<(Trunk, SipTrunk)>, Error> {
    app.store.trunk(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
