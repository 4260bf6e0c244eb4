//! The door of the installation: whose request is it? Behind it each tenant has a router of its own, which knows of no
//! other.
//!
//! A tenant is found by the host that the request names, or by `/t/{slug}` before the address. What names no tenant is
//! the first one's, so that an installation with one tenant has nothing to set up.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use cadran_engine::model::{Slug, TenantId, TenantState};
use tokio::runtime::Handle;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use tower::ServiceExt as _;

use super::error::Error;
use super::frame;
use crate::inbox::RequestError;
use crate::store::Tenant;

/// What stands before the address of a tenant that has no host of its own.
const PREFIX: &str = "/t/";

/// The tenants that requests may be for. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Front(Arc<RwLock<BTreeMap<TenantId, Entrance>>>);

#[derive(Clone, Debug)]
struct Entrance {
    tenant: Tenant,
    /// None while the tenant does not answer.
    door: Option<Door>,
}

/// The way to a tenant that answers.
#[derive(Clone, Debug)]
struct Door {
    router: Router,
    /// Where the tenant's work is done.
    runtime: Handle,
    under_way: TaskTracker,
}

impl Front {
    /// Takes note of a tenant, or of its change. Its hosts are nobody else's from here on, whether it answers or not.
    pub fn know(&self, tenant: &Tenant) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let door = all.remove(&tenant.id).and_then(|entrance| entrance.door);
        all.insert(tenant.id, Entrance { tenant: tenant.clone(), door });
    }

    /// Lets requests in to a tenant. They are answered on `runtime`.
    pub fn open(&self, tenant: &Tenant, router: Router, runtime: Handle) {
        let door = Some(Door { router, runtime, under_way: TaskTracker::new() });
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(tenant.id, Entrance { tenant: tenant.clone(), door });
    }

    /// Lets nobody in any more, and returns when those who were inside have their answers.
    pub async fn close(&self, tenant: TenantId) {
        let door = {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            all.get_mut(&tenant).and_then(|entrance| entrance.door.take())
        };
        if let Some(door) = door {
            door.under_way.close();
            door.under_way.wait().await;
        }
    }

    /// Everything at its address, of every tenant.
    pub fn router(&self) -> Router {
        Router::new().fallback(enter).with_state(self.clone())
    }

    /// The tenant that is named by `slug`, or by `host`; without either, and when the host is nobody's, the first.
    fn find(&self, slug: Option<&str>, host: Option<&str>) -> Option<Entrance> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slug) = slug {
            return all.values().find(|entrance| entrance.tenant.slug.as_str() == slug).cloned();
        }
        let by_host =
            host.and_then(|host| all.values().find(|entrance| entrance.tenant.hosts.contains(host)));
        by_host.or_else(|| all.get(&TenantId::FIRST)).cloned()
    }
}

/// Passes a request on to its tenant.
async fn enter(State(front): State<Front>, mut request: Request) -> Response {
    let (slug, rest) = named(request.uri());
    let host = host(&request);
    let found = front.find(slug.as_deref(), host.as_deref());
    let (tenant, door) = match found {
        Some(Entrance { tenant, door: Some(door) }) => (tenant, door),
        Some(Entrance { tenant, door: None }) if tenant.state == TenantState::Active => {
            return refuse(request, || Error::Request(RequestError::Stopping)).await;
        }
        // A tenant that is suspended is as good as none.
        Some(_) | None => return refuse(request, || Error::NoRoute).await,
    };
    let Door { router, runtime, under_way } = door;
    if let Some(rest) = rest {
        *request.uri_mut() = rest;
    }
    let answer = async move { router.oneshot(request).await };
    // Whoever goes away before the answer is there takes the work with them, as without a front.
    let answer = AbortOnDropHandle::new(under_way.spawn_on(answer, &runtime)).await;
    let mut answer = match answer {
        Ok(Ok(answer)) => answer,
        Ok(Err(never)) => match never {},
        Err(broken) => {
            tracing::error!(%broken, "a request broke off");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    if slug.is_some() {
        within(answer.headers_mut(), &tenant.slug);
    }
    answer
}

/// Answers in nobody's name.
async fn refuse(request: Request, with: fn() -> Error) -> Response {
    let refusal = Router::new().fallback(async move || with()).layer(from_fn(frame::frame));
    refusal.oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// The tenant that the path names, and the address without it.
fn named(uri: &Uri) -> (Option<String>, Option<Uri>) {
    let Some(rest) = uri.path().strip_prefix(PREFIX) else { return (None, None) };
    let (slug, path) = rest.split_once('/').unwrap_or((rest, ""));
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(format!("/{path}{query}")).ok();
    (Some(slug.to_owned()), Uri::from_parts(parts).ok())
}

/// The host that the request is for, in lower case and without its port.
fn host(request: &Request<Body>) -> Option<String> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let named = named.or_else(|| request.uri().host())?;
    let name = match named.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => named,
    };
    Some(name.trim_end_matches('.').to_ascii_lowercase())
}

/// Addresses that an answer gives are the tenant's.
fn within(headers: &mut HeaderMap, slug: &Slug) {
    let location = headers.get(header::LOCATION).and_then(|place| place.to_str().ok());
    let location =
        location.filter(|place| place.starts_with('/')).map(|place| format!("{PREFIX}{slug}{place}"));
    if let Some(location) = location.and_then(|place| HeaderValue::try_from(place).ok()) {
        headers.insert(header::LOCATION, location);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_a_tenant_and_goes_on_behind_it() {
        let read = |uri: &'static str| {
            let (slug, rest) = named(&Uri::from_static(uri));
            (slug, rest.map(|rest| rest.to_string()))
        };
        let acme = |rest: &str| (Some("acme".to_owned()), Some(rest.to_owned()));
        assert_eq!(read("/t/acme/api/me?x=1"), acme("/api/me?x=1"));
        assert_eq!(read("/t/acme"), acme("/"));
        assert_eq!(read("/t/acme/"), acme("/"));
        assert_eq!(read("/t/acme/t/other/api"), acme("/t/other/api"));
        assert_eq!(read("/api/me"), (None, None));
        assert_eq!(read("/tea"), (None, None));
    }

    #[test]
    fn a_host_is_known_with_and_without_its_port() {
        let of = |host: &'static str| {
            host_of(Request::builder().uri("/").header(header::HOST, host).body(Body::empty()).unwrap())
        };
        let host_is =
            |text: &'static str| assert_eq!(of(text).as_deref(), Some("calls.acme.example"), "{text}");
        ["calls.acme.example", "Calls.Acme.Example:8443", "calls.acme.example."]
            .into_iter()
            .for_each(host_is);
        assert_eq!(of("[::1]").as_deref(), Some("[::1]"));
    }

    fn host_of(request: Request<Body>) -> Option<String> {
        host(&request)
    }
}
