//! What every request and every answer goes through: a name for the log, a deadline, problem documents in the
//! reader's language, and headers that keep browsers out of trouble.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::Instrument;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::{Error, Problem};
use crate::findings::WordedFinding;
use crate::words::{Language, fill};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A problem document, RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument {
    /// The kind of problem, as an address that explains it.
    #[serde(rename = "type")]
    kind: String,
    /// What is wrong, the same for every occurrence.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time.
    detail: String,
    /// What to do about it.
    fix: String,
    /// Where: the address of the request.
    instance: String,
    /// Under which name the log knows the request.
    request_id: String,
    /// Values that are not possible.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FaultDocument>,
    /// What the check of a flow found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<WordedFinding>,
}

/// A value that is not possible.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fault)]
struct FaultDocument {
    /// Where in the body: a JSON pointer (RFC 6901).
    pointer: String,
    /// The rule that it breaks.
    rule: &'static str,
    /// The rule in words.
    detail: String,
}

/// Names a request, follows it into the log and the metrics, and finishes its answer.
pub(super) async fn frame(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = format!("req_{}", Uuid::now_v7().simple());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let instance = request.uri().path().to_owned();
    let language = language(request.headers());
    let span = tracing::info_span!("request", request.id = %id, %method, route);

    let mut response = next.run(request).instrument(span.clone()).await;

    if let Some(problem) = problem_of(&mut response) {
        write_problem(&mut response, problem, language, &instance, &id);
    }
    secure(response.headers_mut());
    response.headers_mut().extend(HeaderValue::try_from(&id).ok().map(|id| (REQUEST_ID, id)));
    let (status, took) = (response.status().as_u16(), began.elapsed());
    span.in_scope(|| {
        tracing::debug!(status, took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX), "answered")
    });
    meter(&method, route, status, took);
    response
}

/// Ends a request that takes longer than `deadline`. The sending of an answer's body does not count.
pub(super) async fn deadline(State(deadline): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_elapsed) => Error::Timeout.into_response(),
    }
}

/// Refuses what a page of another site sends in the browser's name. A request that carries its token itself needs no
/// such care: no browser adds that header on its own.
///
/// Browsers say where a request comes from in `Sec-Fetch-Site` (W3C Fetch Metadata), older ones in `Origin`; what
/// sends neither is no browser. The same rules as Go's `net/http.CrossOriginProtection`.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let headers = request.headers();
    if safe || headers.contains_key(header::AUTHORIZATION) || is_same_site(headers) {
        return next.run(request).await;
    }
    Error::CrossSite.into_response()
}

/// Whether no page of another site is behind a request.
pub(super) fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            host.is_some() && host == text("host")
        }
        (None, None) => true,
    }
}

fn language(headers: &HeaderMap) -> Language {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map(Language::accepted).unwrap_or_default()
}

/// The problem that an answer tells of: ours, or one of the statuses that axum gives without a word.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && response.extensions().get::<Problem>().is_none()
    {
        let allow = response.headers_mut().remove(header::ALLOW);
        *response = Error::Method.into_response();
        response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    response.extensions_mut().remove()
}

fn write_problem(response: &mut Response, problem: Problem, language: Language, instance: &str, id: &str) {
    let words = language.problem(problem.code);
    let fault = |fault: super::error::Fault| FaultDocument {
        pointer: fault.pointer,
        rule: fault.rule,
        detail: fill(language.rule(fault.rule), &fault.values),
    };
    let document = ProblemDocument {
        kind: format!("/api/docs/problems#{}", problem.code),
        title: &words.title,
        status: problem.status.as_u16(),
        detail: fill(&words.detail, &problem.values),
        fix: fill(&words.fix, &problem.values),
        instance: instance.to_owned(),
        request_id: id.to_owned(),
        errors: problem.faults.into_iter().map(fault).collect(),
        findings: WordedFinding::all(problem.findings, language),
    };
    let body = axum::Json(document).into_response().into_body();
    *response.body_mut() = body;
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
}

/// What every answer tells a browser, unless the answer says otherwise itself (OWASP, *HTTP Headers Cheat Sheet*).
fn secure(headers: &mut HeaderMap) {
    const DEFAULTS: [(HeaderName, &str); 6] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in DEFAULTS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn meter(method: &Method, route: String, status: u16, took: Duration) {
    // Anybody can invent methods; each label would stay in memory for good.
    let known = matches!(*method, Method::GET | Method::POST | Method::PUT | Method::DELETE | Method::HEAD);
    let method = if known { method.as_str() } else { "other" };
    let labels = [("method", method.to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("cadran_http_requests_total", &labels).increment(1);
    metrics::histogram!("cadran_http_request_seconds", &labels[..2]).record(took.as_secs_f64());
}
