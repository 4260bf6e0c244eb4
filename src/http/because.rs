//! Why somebody does what they do to a live call or to an agent at work: a word for the audit log.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use utoipa::IntoParams;

use super::app::App;
use super::check::Check;
use super::error::Error;
use super::extract::Query;

/// The longest reason.
pub(super) const REASON_CHARS_MAX: usize = 500;

/// Why it is done.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BecauseQuery {
    /// Why, in one's own words: 500 characters at most. It is kept in the audit log.
    #[param(max_length = 500)]
    reason: Option<String>,
}

/// The reason that the query gives; may be empty. Comes behind the extractor that knows who may, so that its check tells
/// nobody anything else. [`super::witness`] writes it down.
#[derive(Debug)]
pub(super) struct Because(pub(super) String);

impl FromRequestParts<App> for Because {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Query(BecauseQuery { reason }) = Query::from_request_parts(parts, app).await?;
        let reason = reason.unwrap_or_default();
        Check::default().text(&reason, REASON_CHARS_MAX, "/reason").done()?;
        Ok(Self(reason))
    }
}
