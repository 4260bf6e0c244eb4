//! Flows and their drafts. Revisions are in [`super::flow_revisions`], saved tests in [`super::flow_tests`].

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cadran_engine::model::FlowId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Object, json};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, Path, Query, Versioned, page};
use crate::store::{self, Flow, FlowFilter, FlowTest, Kept};

pub(super) const NOUN: &str = "flow";

/// The version of the files that flows are exported to.
const EXPORT_VERSION: u64 = 1;
/// What flows can be for.
const KINDS: [&str; 4] = ["ivr", "queue_wait", "script", "subflow"];

/// A document of the flow format, as an object.
pub(super) type Document = Map<String, Object>;

/// A flow without its documents.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowSummary)]
pub(super) struct FlowSummary {
    id: FlowId,
    name: String,
    /// `ivr`, `queue_wait`, `script` or `subflow`.
    kind: String,
    /// The revision for everybody, once there is one.
    live: Option<u32>,
    /// The revision that is being tried out.
    test: Option<u32>,
}

/// A flow with its draft. `rev` counts the changes of the draft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
pub(super) struct FlowBody {
    #[serde(flatten)]
    summary: FlowSummary,
    /// The document that is being worked on (docs/flows.md).
    #[schema(value_type = Object)]
    draft: Document,
}

/// A flow to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFlow {
    name: String,
    /// `ivr`, `queue_wait`, `script` or `subflow`.
    kind: String,
    /// What to begin with; without it a flow that hangs up. Its `id`, `name` and `kind` become those of the flow.
    #[schema(value_type = Option<Object>)]
    document: Option<Document>,
}

/// A change of a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftChange {
    /// The `rev` of the flow that the change is based on.
    rev: i64,
    /// The whole document. Its `id` becomes that of the flow; the flow's name and kind become those of the document.
    #[schema(value_type = Object)]
    document: Document,
}

/// A flow as a file.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowFile {
    /// The version of this form of file: 1.
    cadran_flow: u64,
    /// The document.
    #[schema(value_type = Object)]
    document: Document,
    /// The saved tests, by the name that the document gives them.
    #[serde(default)]
    #[schema(value_type = Object)]
    tests: Document,
}

/// Which flows are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowQuery {
    /// `next` of the page before; without it the first page.
    after: Option<FlowId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
    /// For this purpose only.
    kind: Option<String>,
    /// With a revision for everybody, or without.
    live: Option<bool>,
}

fn summary(flow: Flow) -> FlowSummary {
    FlowSummary { id: flow.id, name: flow.name, kind: flow.kind, live: flow.live, test: flow.test }
}

pub(super) fn body(flow: Flow) -> FlowBody {
    let draft = document_of(&flow.draft);
    FlowBody { summary: summary(flow), draft }
}

/// A document that was kept. What is kept is an object.
pub(super) fn document_of(text: &str) -> Document {
    serde_json::from_str(text).unwrap_or_default()
}

/// The one text of a document, with its keys in order, so that equal documents are equal texts.
pub(super) fn canonical(document: &Document) -> String {
    serde_json::to_string(document).unwrap_or_default()
}

/// Puts the row's own names into a document.
fn named(mut document: Document, id: FlowId, name: &str, kind: &str) -> String {
    document.insert("id".to_owned(), id.to_string().into());
    document.insert("name".to_owned(), name.into());
    document.insert("kind".to_owned(), kind.into());
    canonical(&document)
}

/// What a flow begins with: it answers and hangs up.
fn starter() -> Document {
    let document = json!({
        "v": 1, "locales": ["fr-FR"], "tz": "Europe/Paris", "start": "n_answer",
        "nodes": {
            "n_answer": {"kind": "answer", "next": {"next": "n_end"}},
            "n_end": {"kind": "hangup"},
        },
    });
    document.as_object().cloned().unwrap_or_default()
}

fn check(name: &str, kind: &str, prefix: &str) -> Result<(), Error> {
    Check::default()
        .name(name, &format!("{prefix}/name"))
        .that(KINDS.contains(&kind), format!("{prefix}/kind"), "flow_kind")
        .done()
}

/// Lists flows, in the order in which they were added.
#[utoipa::path(get, path = "/api/flows", tag = "flows", params(FlowQuery),
    responses((status = 200, body = Listing<Versioned<FlowSummary>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<FlowQuery>,
) -> Result<Json<Listing<Versioned<FlowSummary>>>, Error> {
    let page = page(query.after, query.limit);
    let filter = FlowFilter { kind: query.kind, live: query.live };
    let flows = app.store.flows(&filter, page).await?;
    Ok(Listing::of(&page, flows, |row| row.value.id, |row| Versioned::of(row, summary)))
}

/// Adds a flow.
#[utoipa::path(post, path = "/api/flows", tag = "flows", responses((status = 201, body = Versioned<FlowBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(wanted): Json<NewFlow>,
) -> Result<Created<Versioned<FlowBody>>, Error> {
    let NewFlow { name, kind, document } = wanted;
    check(&name, &kind, "")?;
    let document = document.unwrap_or_else(starter);
    let draft = |id| named(document, id, &name, &kind);
    let kept = app.store.create_flow((&name, &kind), draft, app.now()).await?;
    Ok(created(kept))
}

fn created(kept: Kept<Flow>) -> Created<Versioned<FlowBody>> {
    Created { location: format!("/api/flows/{}", kept.value.id), body: Versioned::of(kept, body) }
}

/// One flow with its draft.
#[utoipa::path(get, path = "/api/flows/{flow}", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = Versioned<FlowBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
) -> Result<Versioned<FlowBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Keeps a draft. It may be wrong in any way; callers never hear of it.
#[utoipa::path(put, path = "/api/flows/{flow}/draft", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = Versioned<FlowBody>),
        (status = 409, description = "Somebody else changed the draft since `rev`")))]
pub(super) async fn update_draft(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    Json(change): Json<DraftChange>,
) -> Result<Versioned<FlowBody>, Error> {
    let text = |key: &str| change.document.get(key).and_then(Object::as_str).unwrap_or_default().to_owned();
    let (name, kind) = (text("name"), text("kind"));
    check(&name, &kind, "/document")?;
    let draft = named(change.document, id, &name, &kind);
    let flow = Flow { id, name, kind, draft, live: None, test: None };
    match app.store.update_draft(&flow, change.rev, app.now()).await {
        Ok(kept) => Ok(Versioned::of(kept, body)),
        Err(store::Error::Changed(_)) => Err(Error::DraftChanged { rev: find(&app, id).await?.rev }),
        Err(error) => Err(error.into()),
    }
}

/// Removes a flow that was never published and that no number leads to.
#[utoipa::path(delete, path = "/api/flows/{flow}", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_flow(id, rev).await?;
    Ok(NoContent)
}

/// A flow's draft and saved tests as one file, its keys in order, for Git or another centre.
#[utoipa::path(get, path = "/api/flows/{flow}/export", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = FlowFile)))]
pub(super) async fn export(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
) -> Result<Response, Error> {
    let flow = find(&app, id).await?.value;
    let tests = app.store.flow_tests(id).await?.into_iter();
    let file = FlowFile {
        cadran_flow: EXPORT_VERSION,
        document: document_of(&flow.draft),
        tests: tests.map(|test| (test.value.id.to_string(), test.value.test)).collect(),
    };
    let text = serde_json::to_string_pretty(&file).map_err(|error| Error::Internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(format!("attachment; filename=\"{id}.json\""))
                .unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    Ok((headers, text + "\n").into_response())
}

/// Adds a flow from a file. It gets an id of its own, and so do its tests.
#[utoipa::path(post, path = "/api/flows/import", tag = "flows", request_body = FlowFile,
    responses((status = 201, body = Versioned<FlowBody>)))]
pub(super) async fn import(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Json(file): Json<FlowFile>,
) -> Result<Created<Versioned<FlowBody>>, Error> {
    let text = |key: &str| file.document.get(key).and_then(Object::as_str).unwrap_or_default().to_owned();
    let (name, kind) = (text("name"), text("kind"));
    check(&name, &kind, "/document")?;
    let mut checks = Check::default();
    checks.that(file.cadran_flow == EXPORT_VERSION, "/cadran_flow", "export_version").count(
        file.tests.len(),
        store::FLOW_TESTS_MAX,
        "/tests",
    );
    for (key, test) in &file.tests {
        super::flow_tests::check(&mut checks, test, &format!("/tests/{key}"));
    }
    checks.done()?;
    let document = file.document.clone();
    let kept =
        app.store.create_flow((&name, &kind), |id| named(document, id, &name, &kind), app.now()).await?;
    let id = kept.value.id;
    let mut renamed = Map::new();
    for (key, test) in file.tests {
        let name = test["name"].as_str().unwrap_or(&key).to_owned();
        let test = FlowTest { id: super::flow_tests::NEW, flow: id, name, test };
        let test = app.store.create_flow_test(&test, app.now()).await?;
        renamed.insert(key, test.value.id.to_string().into());
    }
    if renamed.is_empty() {
        return Ok(created(kept));
    }
    let mut document = file.document;
    if let Some(tests) = document.get_mut("tests").and_then(Object::as_array_mut) {
        for test in tests {
            if let Some(id) = test.as_str().and_then(|old| renamed.get(old)) {
                *test = id.clone();
            }
        }
    }
    let flow = Flow { draft: named(document, id, &name, &kind), ..kept.value };
    Ok(created(app.store.update_draft(&flow, kept.rev, app.now()).await?))
}

pub(super) async fn find(app: &App, id: FlowId) -> Result<Kept<Flow>, Error> {
    app.store.flow(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
