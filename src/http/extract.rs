//! What handlers take from a request, and what they give back besides plain JSON.

use axum::extract::{FromRequest, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::error::Error;
use crate::store::{Kept, NameOrder, PAGE_MAX, Page};
use crate::words::Language;

/// A JSON body. What it is not is told as a problem document.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Error))]
pub(super) struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The identifiers in the address.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Error))]
pub(super) struct Path<T>(pub T);

/// The parameters behind the question mark.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Error))]
pub(super) struct Query<T>(pub T);

/// Done; there is nothing to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// The version that a change is based on, from `If-Match`.
#[derive(Clone, Copy, Debug)]
pub(super) struct IfMatch(Option<i64>);

impl IfMatch {
    /// The revision. A change of `noun` without one is refused.
    pub(super) fn rev(self, noun: &'static str) -> Result<i64, Error> {
        self.0.ok_or(Error::RevisionMissing(noun))
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let rev = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        Ok(Self(rev.and_then(|tag| tag.trim().trim_matches('"').parse().ok())))
    }
}

/// A row of settings with its version, also as an `ETag`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Versioned<T> {
    /// Send it back as `If-Match` with a change.
    pub rev: i64,
    /// When it was changed last, in milliseconds since 1970.
    pub updated_at: i64,
    /// The row.
    #[serde(flatten)]
    pub value: T,
}

impl<T> Versioned<T> {
    /// What the store keeps, as the API shows it.
    pub(super) fn of<K>(kept: Kept<K>, shown: impl FnOnce(K) -> T) -> Self {
        Self { rev: kept.rev, updated_at: kept.updated_at.as_millis(), value: shown(kept.value) }
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let tag = HeaderValue::try_from(format!("\"{}\"", self.rev));
        let mut response = axum::Json(self).into_response();
        response.headers_mut().extend(tag.ok().map(|tag| (header::ETAG, tag)));
        response
    }
}

/// Something that was made, with its address.
#[derive(Debug)]
pub(super) struct Created<T> {
    /// Where it is.
    pub location: String,
    /// What it is.
    pub body: T,
}

impl<T: IntoResponse> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let location = HeaderValue::try_from(self.location);
        let headers: HeaderMap =
            location.ok().map(|location| (header::LOCATION, location)).into_iter().collect();
        (StatusCode::CREATED, headers, self.body).into_response()
    }
}

/// Rows on a page, unless fewer are asked for.
const PAGE_ROWS: u16 = 100;

/// Which part of a listing is wanted.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery<Id: ToSchema> {
    /// `next` of the page before; without it the first page.
    pub after: Option<Id>,
    /// Rows at most, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u16>,
}

impl<Id: ToSchema> PageQuery<Id> {
    /// The page that the store is asked for.
    pub(super) fn page(self) -> Page<Id> {
        page(self.after, self.limit)
    }
}

/// Which part of a listing of rows with names is wanted, and in which order.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedQuery<Id: ToSchema> {
    /// `added` (in which they were added), `latest` first, or by `name`.
    #[param(value_type = Option<String>)]
    pub order: Option<NameOrder>,
    /// `next` of the page before; without it the first page.
    pub after: Option<Id>,
    /// Rows at most, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u16>,
}

/// The page after a row.
pub(super) fn page<Id>(after: Option<Id>, limit: Option<u16>) -> Page<Id> {
    Page { after, limit: limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_MAX) }
}

/// A part of a listing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Listing<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Give it as `after` for the next page; none at the end.
    pub next: Option<String>,
}

impl<T> Listing<T> {
    /// The rows of a page as the API shows them. A full page may have a next one.
    pub(super) fn of<K, Id: ToString>(
        page: &Page<Id>,
        kept: Vec<K>,
        id: impl Fn(&K) -> Id,
        shown: impl Fn(K) -> T,
    ) -> Json<Self> {
        let full = kept.len() >= usize::from(page.limit);
        let next = kept.last().filter(|_| full).map(|last| id(last).to_string());
        Json(Self { rows: kept.into_iter().map(shown).collect(), next })
    }
}

impl<S: Sync> FromRequestParts<S> for Language {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Ok(header.map(Self::accepted).unwrap_or_default())
    }
}
