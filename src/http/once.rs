//! What dials or imports is carried out once, however often it is sent: `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The key is the client's, the memory 24 hours. The same key with another request is refused; while the first is at
//! work, so is the second.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts as _, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response as HttpResponse, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::BODY_BYTES_MAX;
use super::app::App;
use super::auth::{Newcomer, SignedIn};
use super::error::Error;
use crate::store::{KeptAnswer, Known};

/// The header.
pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Tells an answer that was given before.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Addresses that dial, import, or open a centre. A dial by hand is missing: its key names the attempt itself (`by_hand.rs`).
const ADDRESSES: [&str; 6] = [
    "/api/agents/{agent}/dial",
    "/api/agents/{agent}/next-lead",
    "/api/do-not-call",
    "/api/leads",
    "/api/lists/{list}/imports",
    "/api/platform/tenants",
];

/// What an answer says once and is not kept: a password.
const SAID_ONCE: &str = "first_password";

/// The longest key.
pub(super) const KEY_CHARS_MAX: usize = 255;

/// The longest answer that is kept. Longer ones are given, and not again.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Carries a request out once.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let wanted = request.method() == Method::POST && route.is_some_and(|route| ADDRESSES.contains(&&*route));
    let Some(key) = request.headers().get(KEY).filter(|_| wanted).cloned() else {
        return next.run(request).await;
    };
    match carry_out(&app, &key, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn carry_out(app: &App, key: &HeaderValue, request: Request, next: Next) -> Result<Response, Error> {
    let key = key.to_str().unwrap_or_default().trim_matches('"').to_owned();
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        return Err(Error::BadIdempotencyKey);
    }
    let (mut parts, body) = request.into_parts();
    // Whoever is not signed in has no memory here; the handler tells them.
    let Ok(session) = SignedIn::<Newcomer>::from_request_parts(&mut parts, app).await else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let user = session.id();
    let bytes = to_bytes(body, BODY_BYTES_MAX).await;
    let bytes = bytes.map_err(|_| Error::BodyTooLarge { limit: BODY_BYTES_MAX })?;
    let digest = digest(&parts.uri.to_string(), &bytes);
    match app.store.begin_once(user, &key, &digest, app.now()).await? {
        Known::Nothing => {}
        Known::AtWork => return Err(Error::IdempotencyAtWork),
        Known::Other => return Err(Error::IdempotencyOther),
        Known::Answer(answer) => return Ok(again(answer)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    // Only what happened is remembered: whoever was refused corrects the request and sends it again.
    if !response.status().is_success() {
        app.store.forget_once(user, &key).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES_MAX).await;
    let bytes = bytes.map_err(|error| Error::Internal(format!("an answer cannot be kept: {error}")))?;
    let location = parts.headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        location: location.map(str::to_owned),
        body: without_secrets(&bytes),
    };
    app.store.answer_once(user, &key, &answer).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// What is kept of an answer's body.
fn without_secrets(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(body);
    if text.contains(SAID_ONCE)
        && let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(&text)
    {
        fields.remove(SAID_ONCE);
        return serde_json::Value::Object(fields).to_string();
    }
    text.into_owned()
}

fn digest(address: &str, body: &Bytes) -> [u8; 32] {
    Sha256::new_with_prefix(address).chain_update([0]).chain_update(body).finalize().into()
}

/// The answer that was given before.
fn again(answer: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::new(Body::from(answer.body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    if status != StatusCode::NO_CONTENT {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let location = answer.location.and_then(|place| HeaderValue::try_from(place).ok());
    headers.extend(location.map(|place| (header::LOCATION, place)));
    response
}
