//! Whether Cadran is well, for machines that watch over it.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use cadran_engine::command::Hold;
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::extract::Json;
use super::live;

/// The process lives. Says nothing of what it depends on.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "Alive", body = str)))]
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// What Cadran depends on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Readiness {
    /// Whether the database takes writes.
    database: bool,
    /// Whether the engine answers.
    engine: bool,
    /// Whether the link to Asterisk is up and its state known.
    asterisk: bool,
}

/// Whether calls can be placed: the database takes writes, the engine answers, Asterisk is connected.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    let (database, view) = tokio::join!(app.store.ping(), live::view(&app));
    let readiness = Readiness {
        database: database.is_ok(),
        engine: view.is_ok(),
        asterisk: view.is_ok_and(|view| view.held_by != Some(Hold::SwitchAway)),
    };
    let fine = readiness.database && readiness.engine && readiness.asterisk;
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// Meters in the text format of Prometheus. Counts and times only; no number, name or account.
#[utoipa::path(get, path = "/metrics", tag = "health", security(()),
    responses((status = 200, description = "Meters", body = str, content_type = "text/plain")))]
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render())
}
