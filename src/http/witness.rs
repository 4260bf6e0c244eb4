//! Every act that changes or reveals something is written down here, for every address, before its answer leaves. An
//! act that cannot be written down reveals nothing. What is done with live calls goes on without a database, and is in
//! the log then.
//!
//! What an agent does at their own desk is not here: the time sheet and the dispositions have it.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, MatchedPath, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cadran_engine::model::{AgentId, UserId};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;
use tracing::warn;

use super::app::App;
use super::because::REASON_CHARS_MAX;
use super::error::Error;
use super::frame::RequestId;
use super::once;
use super::session::ClientAddress;
use crate::hex;
use crate::store::{Act, ApiKeyId};

/// Addresses whose `GET` reveals what not everybody sees: each reading is an act.
const REVEALING: [&str; 9] = [
    "/api/agents/{agent}/phone",
    "/api/audit/export",
    "/api/calls/{call}/audio",
    "/api/compliance/why",
    "/api/contacts",
    "/api/imports/{import}/refused.csv",
    "/api/imports/{import}/rows",
    "/api/messages/{message}/audio",
    "/api/recordings/{recording}/audio",
];

/// Addresses that change nothing, whatever their method says, or the parts of which are acts by themselves.
const QUIET: [&str; 9] = [
    "/api/bulk",
    "/api/campaigns/{campaign}/dry-run",
    "/api/flows/{flow}/check",
    "/api/flows/{flow}/simulate",
    "/api/flows/{flow}/tests/run",
    "/api/live/tickets",
    "/api/simulations",
    "/api/uploads/{upload}/check",
    "/api/vicidial/campaign",
];

/// The longest answer whose digest is taken.
const DIGESTED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What writing down needs.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub(super) app: App,
    /// The addresses themselves, to look what something was before and is after.
    pub(super) reader: Router,
}

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Actor {
    pub(super) user: UserId,
    pub(super) key: Option<ApiKeyId>,
    /// The agent whose desk they have.
    pub(super) agent: Option<AgentId>,
}

/// Learns who acts from whoever finds out first.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness(Arc<Seen>);

/// What a request shows of itself on its way.
#[derive(Debug, Default)]
struct Seen {
    actor: OnceLock<Actor>,
    reason: OnceLock<String>,
}

impl Witness {
    /// This is who acts.
    pub(super) fn saw(&self, actor: Actor) {
        // The first word counts; each extractor of a request says the same.
        let _ = self.0.actor.set(actor);
    }

    /// This is why, where the body says so and not the query.
    pub(super) fn heard(&self, reason: &str) {
        if !reason.trim().is_empty() {
            let _ = self.0.reason.set(reason.to_owned());
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Witness {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Lets an act happen and writes it down.
pub(super) async fn watch(State(watch): State<Watch>, mut request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().clone();
    let Some(route) = route.filter(|route| is_act(&method, route)) else {
        return next.run(request).await;
    };
    let witness = Witness::default();
    request.extensions_mut().insert(witness.clone());
    let (mut parts, body) = request.into_parts();
    // It cannot fail.
    let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(&mut parts, &()).await;
    let id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (target, credentials) = (parts.uri.path().to_owned(), credentials(&parts.headers));
    let reason = reason(&parts.uri);
    let replaces = matches!(method, Method::PUT | Method::DELETE);
    let before = if replaces { watch.digest(&target, &credentials).await } else { None };

    let response = next.run(Request::from_parts(parts, body)).await;

    let status = response.status();
    let actor = witness.0.actor.get().copied();
    // What was carried out before is in the log already.
    let was_before = response.headers().contains_key(&once::REPLAYED);
    if was_before || !is_worth(&route, &target, status, actor) {
        return response;
    }
    let changed = match response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok()) {
        Some(place) if status == StatusCode::CREATED => Some(place.to_owned()),
        _ => (replaces && status.is_success()).then(|| target.clone()),
    };
    let after = match changed {
        Some(place) => watch.digest(&place, &credentials).await,
        None => None,
    };
    let act = Act {
        at: watch.app.now(),
        user: actor.map(|actor| actor.user),
        key: actor.and_then(|actor| actor.key),
        action: format!("{method} {route}"),
        target,
        address: address.to_string(),
        request: id,
        status: status.as_u16(),
        reason: witness.0.reason.get().cloned().or(reason),
        before,
        after,
        ended: None,
    };
    match watch.app.write_down(&act).await {
        Ok(()) => response,
        // A call can be ended and moved without a database: what is done cannot be taken back, and is in the log.
        Err(error) if is_of_call(&route) && method == Method::POST => {
            warn!(user.id = ?act.user, request = act.request, action = act.action, ?error, "Not in the audit log");
            response
        }
        Err(error) => error.into_response(),
    }
}

/// Whether an address is about a call that is up, or an agent at work.
fn is_of_call(route: &str) -> bool {
    ["/api/calls/{call}/", "/api/agents/{agent}/"].iter().any(|place| route.starts_with(place))
}

/// Whether a request to an address changes or reveals something.
fn is_act(method: &Method, route: &str) -> bool {
    match *method {
        Method::GET | Method::HEAD => REVEALING.contains(&route),
        Method::POST | Method::PUT | Method::DELETE => !QUIET.contains(&route),
        _ => false,
    }
}

/// Whether what came of it is to be written down: what happened, and what somebody tried without the right for it.
fn is_worth(route: &str, target: &str, status: StatusCode, actor: Option<Actor>) -> bool {
    let Some(actor) = actor else {
        return route == "/api/session" && status == StatusCode::UNAUTHORIZED;
    };
    let own_desk = route.starts_with("/api/agents/{agent}/")
        && actor.agent.is_some_and(|own| target.split('/').nth(3) == Some(own.to_string().as_str()));
    let begun = status == StatusCode::SWITCHING_PROTOCOLS;
    let happened = status.is_success() || begun || status == StatusCode::FORBIDDEN;
    happened && !own_desk
}

/// What lets somebody read, from the headers of their request.
fn credentials(headers: &HeaderMap) -> HeaderMap {
    let carried = [header::AUTHORIZATION, header::COOKIE];
    let pairs = carried.into_iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    pairs.collect()
}

/// What a query may give beside its parameters.
#[derive(Deserialize)]
struct Said {
    reason: Option<String>,
}

/// The reason that a query gives.
fn reason(uri: &Uri) -> Option<String> {
    let Query(Said { reason }) = Query::try_from_uri(uri).ok()?;
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    reason.map(|reason| reason.chars().take(REASON_CHARS_MAX).collect())
}

impl Watch {
    /// SHA-256 of what is at an address, as whoever asks sees it; none when they see nothing there.
    async fn digest(&self, path: &str, credentials: &HeaderMap) -> Option<String> {
        let mut request = Request::get(path).body(Body::empty()).ok()?;
        request.headers_mut().extend(credentials.clone());
        let response = self.reader.clone().oneshot(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let body = to_bytes(response.into_body(), DIGESTED_BYTES_MAX).await.ok()?;
        Some(hex::of(&Sha256::digest(body)))
    }
}

impl App {
    /// Writes an act down, in the database and at the anchor.
    pub(super) async fn write_down(&self, act: &Act) -> Result<(), Error> {
        let entry = self.store.audit(act).await?;
        if let Err(problem) = self.settings.audit_anchor.note(&entry) {
            tracing::error!(%problem, "the end of the audit log cannot be noted in `files.data`");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_or_reveals_is_an_act() {
        for (method, route, expected) in [
            (Method::GET, "/api/campaigns", false),
            (Method::GET, "/api/recordings/{recording}/audio", true),
            (Method::POST, "/api/campaigns", true),
            (Method::POST, "/api/simulations", false),
            (Method::DELETE, "/api/users/{user}", true),
        ] {
            assert_eq!(is_act(&method, route), expected, "{method} {route}");
        }
    }

    #[test]
    fn own_desks_and_mere_mistakes_are_not_written_down() {
        let agent = |agent| Actor { user: UserId::from_i64(1), key: None, agent };
        let desk = "/api/agents/{agent}/ready";
        for (route, target, status, actor, expected) in [
            (desk, "/api/agents/agt_7/ready", 204, Some(agent(Some(AgentId::from_i64(7)))), false),
            (desk, "/api/agents/agt_8/ready", 403, Some(agent(Some(AgentId::from_i64(7)))), true),
            (desk, "/api/agents/agt_8/ready", 204, Some(agent(None)), true),
            ("/api/campaigns", "/api/campaigns", 422, Some(agent(None)), false),
            ("/api/campaigns", "/api/campaigns", 401, None, false),
            ("/api/session", "/api/session", 401, None, true),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(is_worth(route, target, status, actor), expected, "{target} {status}");
        }
    }

    #[test]
    fn a_reason_is_read_from_the_query() {
        let said = |uri: &str| reason(&uri.parse().unwrap());
        assert_eq!(said("/x?a=b&reason=asked+by%20letter"), Some("asked by letter".to_owned()));
        assert_eq!(said("/x?a=b"), None);
    }
}
