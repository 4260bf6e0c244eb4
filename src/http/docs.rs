//! The document of the API, and pages to read it. Every asset is in the binary: nothing is loaded from elsewhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde_json::Value;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::app::App;
use super::frame::ProblemDocument;
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

/// What the document says of the API as a whole.
pub(super) fn preface() -> OpenApi {
    let description = "Times are milliseconds since 1970 in UTC, durations milliseconds. Every refusal is a problem \
                       document (RFC 9457). A change sends the `ETag` of what it is based on in `If-Match`.";
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new("__Host-cadran"));
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Cadran")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(description)),
        )
        .components(Some(
            ComponentsBuilder::new()
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .security_scheme("cookie", SecurityScheme::ApiKey(cookie))
                .build(),
        ))
        .security(Some([
            SecurityRequirement::new("bearer", Vec::<String>::new()),
            SecurityRequirement::new("cookie", Vec::<String>::new()),
        ]))
        .build()
}

/// The document with what is true of every address.
pub(super) fn finished(mut document: OpenApi) -> OpenApi {
    tell_of_problems(&mut document);
    open_parts(document)
}

/// Says in the document that every address may answer with a problem document.
fn tell_of_problems(document: &mut OpenApi) {
    let shape = Content::new(Some(Ref::from_schema_name(ProblemDocument::name())));
    let problem = ResponseBuilder::new()
        .description("A problem document (RFC 9457): what is wrong, where, and how to mend it")
        .content("application/problem+json", shape)
        .build();
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("default".to_owned(), problem.clone().into());
        }
    }
    let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
}

/// Opens the schemas that are parts of others. What may be set of a thing allows nothing else when it is sent; the thing
/// that is answered has what may be set of it, and more.
fn open_parts(document: OpenApi) -> OpenApi {
    let Ok(mut whole) = serde_json::to_value(&document) else { return document };
    let mut parts = BTreeSet::new();
    find_parts(&whole, &mut parts);
    for part in parts {
        if let Some(schema) = whole.pointer_mut(&part).and_then(Value::as_object_mut) {
            schema.retain(|key, value| key != "additionalProperties" || *value != Value::Bool(false));
        }
    }
    serde_json::from_value(whole).unwrap_or(document)
}

/// Where the schemas are that others consist of, as JSON pointers.
fn find_parts(value: &Value, parts: &mut BTreeSet<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|value| find_parts(value, parts)),
        Value::Object(all) => {
            let whole = all.get("allOf").and_then(Value::as_array).into_iter().flatten();
            let references = whole.filter_map(|part| part["$ref"].as_str()?.strip_prefix('#'));
            parts.extend(references.map(str::to_owned));
            all.values().for_each(|value| find_parts(value, parts));
        }
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
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
