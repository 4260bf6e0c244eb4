//! Many changes in one request, where people work in bulk. Each is carried out as if it had been sent by itself, in the
//! name of whoever asks: rights, teams, the audit log and every refusal are those of its own address.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Extension;
use axum::http::{HeaderMap, Method, Request, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt as _;
use utoipa::ToSchema;

use super::BODY_BYTES_MAX;
use super::auth::{Anyone, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::Json;

/// Parts of one request. Each is carried out after the one before it; all of them must fit the deadline of a request.
const PARTS_MAX: usize = 100;

/// What can be done in bulk. `*` stands for an identifier.
const ALLOWED: [(&str, &str); 12] = [
    ("POST", "/api/agents"),
    ("PUT", "/api/agents/*"),
    ("DELETE", "/api/agents/*"),
    ("POST", "/api/do-not-call"),
    ("DELETE", "/api/do-not-call/*"),
    ("POST", "/api/leads"),
    ("PUT", "/api/leads/*"),
    ("POST", "/api/leads/*/reset"),
    ("POST", "/api/leads/*/withdraw"),
    ("POST", "/api/users"),
    ("PUT", "/api/users/*"),
    ("DELETE", "/api/users/*"),
];

/// What says who asks and in which language; each part is asked by the same.
const CARRIED: [header::HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::ACCEPT_LANGUAGE];

/// Every address, for the parts.
#[derive(Clone, Debug)]
pub(super) struct Whole(pub(super) Router);

/// Changes that belong together, or do not.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Bulk {
    /// At most 100. One that is refused holds up none of the others.
    requests: Vec<Part>,
}

/// One change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// `POST`, `PUT` or `DELETE`.
    method: String,
    /// An address of leads (also `…/reset` and `…/withdraw`), of the do-not-call list, of accounts or of agents, with its query.
    path: String,
    /// The `ETag` of what the change is based on, where the address asks for it.
    if_match: Option<String>,
    /// The body, where the address takes one.
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
}

/// What came of each change, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BulkAnswer {
    rows: Vec<PartAnswer>,
}

/// What came of one change.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PartAnswer {
    /// The status that its own address gives.
    status: u16,
    /// Where it is, when something was made.
    location: Option<String>,
    /// What its own address says: the row, or a problem document.
    #[schema(value_type = Option<Object>)]
    body: Option<Value>,
}

/// Carries out many changes, one after the other.
#[utoipa::path(post, path = "/api/bulk", tag = "bulk", responses((status = 200, body = BulkAnswer)))]
pub(super) async fn carry_out(
    _: SignedIn<Anyone>,
    Extension(Whole(router)): Extension<Whole>,
    headers: HeaderMap,
    Json(bulk): Json<Bulk>,
) -> Result<Json<BulkAnswer>, Error> {
    let mut check = Check::default();
    check.count(bulk.requests.len(), PARTS_MAX, "/requests");
    for (index, part) in bulk.requests.iter().enumerate() {
        check.that(part.is_allowed(), format!("/requests/{index}"), "bulk_address");
    }
    check.done()?;
    let mut rows = Vec::with_capacity(bulk.requests.len());
    for part in bulk.requests {
        rows.push(part.carry_out(router.clone(), &headers).await?);
    }
    Ok(Json(BulkAnswer { rows }))
}

impl Part {
    fn is_allowed(&self) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let fits = |pattern: &str| {
            let (wanted, given) = (pattern.split('/'), path.split('/'));
            let same = |(wanted, given): (&str, &str)| {
                if wanted == "*" { !given.is_empty() } else { wanted == given }
            };
            path.matches('/').count() == pattern.matches('/').count() && wanted.zip(given).all(same)
        };
        ALLOWED.iter().any(|(method, pattern)| *method == self.method && fits(pattern))
    }

    async fn carry_out(self, router: Router, headers: &HeaderMap) -> Result<PartAnswer, Error> {
        let method = Method::from_bytes(self.method.as_bytes());
        let body = self.body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let mut request = Request::builder().method(method.map_err(|_| Error::Method)?).uri(&self.path);
        request = request.header(header::CONTENT_TYPE, "application/json");
        for name in CARRIED {
            for value in headers.get_all(&name) {
                request = request.header(&name, value);
            }
        }
        if let Some(rev) = &self.if_match {
            request = request.header(header::IF_MATCH, rev);
        }
        // What is no address was refused with its place; this is what is left, such as a line end.
        let request = request.body(body).map_err(|problem| Error::BadBody(problem.to_string()))?;
        let answer = router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let location = answer.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
        let (status, location) = (answer.status().as_u16(), location.map(str::to_owned));
        let bytes = to_bytes(answer.into_body(), BODY_BYTES_MAX).await;
        let bytes = bytes.map_err(|problem| Error::Internal(format!("a part's answer: {problem}")))?;
        Ok(PartAnswer { status, location, body: serde_json::from_slice(&bytes).ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_people_do_in_bulk_is_a_part() {
        let part = |method: &str, path: &str| {
            Part { method: method.into(), path: path.into(), if_match: None, body: None }.is_allowed()
        };
        for (method, path) in [
            ("POST", "/api/agents"),
            ("DELETE", "/api/do-not-call/7?reason=asked"),
            ("POST", "/api/leads/led_1/reset"),
            ("POST", "/api/leads/led_1/withdraw"),
            ("PUT", "/api/users/usr_1"),
        ] {
            assert!(part(method, path), "{method} {path}");
        }
        for (method, path) in [
            ("GET", "/api/agents"),
            ("POST", "/api/bulk"),
            ("POST", "/api/agents/"),
            ("PUT", "/api/agents/"),
            ("POST", "/api/agents/agt_1/dial"),
            ("POST", "/api/leads//withdraw"),
            ("POST", "/api/leads/export"),
            ("POST", "http://elsewhere/api/agents"),
            ("DELETE", "/api/users/usr_1/second-factor"),
        ] {
            assert!(!part(method, path), "{method} {path}");
        }
    }
}
