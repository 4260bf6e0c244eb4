//! Whether Cadran is well, for machines that watch over it.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use cadran_engine::command::Hold;
use cadran_engine::model::Slug;
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
    let figures = app.metrics.render();
    let figures = match &app.figures_of {
        None => figures,
        Some(tenant) => of_tenant(&figures, tenant),
    };
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], figures)
}

/// The lines that are one tenant's, and none of others or of the installation.
fn of_tenant(figures: &str, tenant: &Slug) -> String {
    let label = format!("tenant=\"{tenant}\"");
    let is_theirs = |line: &&str| {
        let labels = line.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        labels.is_some_and(|(labels, _)| labels.split(',').any(|known| known == label))
    };
    figures.lines().filter(is_theirs).flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_shown_its_own_figures() {
        let figures = "# TYPE calls counter\ncalls{tenant=\"acme\"} 1\ncalls{tenant=\"acme-2\"} 2\n\
                       calls{a=\"b\",tenant=\"acme\"} 3\ncalls 4\ncalls{x=\"tenant=acme\"} 5\n";
        let shown = of_tenant(figures, &"acme".parse().unwrap());
        assert_eq!(shown, "calls{tenant=\"acme\"} 1\ncalls{a=\"b\",tenant=\"acme\"} 3\n");
    }
}
