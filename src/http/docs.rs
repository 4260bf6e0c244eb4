//! The document of the API, and pages to read it. Every asset is in the binary: nothing is loaded from elsewhere.

use std::fmt::Write as _;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::app::App;
use crate::words::Language;

/// The page draws itself with scripts and styles of its own from here; its icons are `data:` images, and it sets
/// styles on elements.
const READER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                             img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/// `/api/openapi.json`, `/api/docs/` and the page of problems.
pub(super) fn router(document: OpenApi) -> Router<App> {
    let reader = SwaggerUi::new("/api/docs")
        .url("/api/openapi.json", document)
        .config(Config::default().validator_url("none"));
    Router::from(reader)
        .layer(SetResponseHeaderLayer::overriding(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(READER_POLICY),
        ))
        .route("/api/docs/problems", get(problems))
}

/// Every kind of problem: where the `type` of a problem document leads.
async fn problems(language: Language) -> impl IntoResponse {
    let mut page = format!(
        "<!doctype html><html lang=\"{0}\"><meta charset=\"utf-8\"><title>Cadran</title><dl>",
        language.tag()
    );
    for (code, words) in language.problems() {
        // Writing to a string cannot fail. The words are ours; the signs in them are replaced all the same.
        let _ = write!(
            page,
            "<dt id=\"{code}\"><code>{code}</code> {}</dt><dd>{}</dd><dd>{}</dd>",
            plain(&words.title),
            plain(&words.detail),
            plain(&words.fix)
        );
    }
    page.push_str("</dl></html>");
    ([(header::CONTENT_LANGUAGE, language.tag()), (header::VARY, "accept-language")], Html(page))
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
