//! Simulated calls through a flow, and those that are saved as its tests.

use std::collections::BTreeSet;

use axum::extract::State;
use cadran_engine::flow::read;
use cadran_engine::flow::simulation::{EndLine, Input, Line, SavedTest, simulate};
use cadran_engine::flow::world::World;
use cadran_engine::model::{FlowId, FlowTestId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Object, json};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, Path, Versioned};
use super::flow_revisions::document;
use super::flows::{self, Document, canonical, document_of};
use super::uploads::blocking;
use crate::store::{FLOW_TESTS_MAX, FlowTest};

const NOUN: &str = "test";
/// The id of a test that is not kept yet.
pub(super) const NEW: FlowTestId = FlowTestId::from_i64(0);

/// A saved test.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowTest)]
pub(super) struct TestBody {
    id: FlowTestId,
    flow: FlowId,
    name: String,
    /// The call: `input`, and what must come of it: `expect` (docs/flows.md).
    #[schema(value_type = Object)]
    test: Object,
}

/// What came of a saved test.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestResult {
    id: FlowTestId,
    name: String,
    passed: bool,
    /// What is different from what was expected.
    difference: Option<String>,
}

/// A call to be simulated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Simulation {
    /// Who calls, when, what they do, and what others answer (docs/flows.md).
    #[schema(value_type = Object)]
    input: Input,
    /// `draft`, `live`, `test` or a revision such as `r3`; the draft when nothing is said.
    #[serde(default)]
    of: Option<String>,
    /// A document in the place of those, as a canvas has it that is not kept yet.
    #[schema(value_type = Option<Object>)]
    document: Option<Document>,
}

/// What happened in a simulated call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SimulatedCall {
    /// The nodes that were left, in order: `t_ms`, `node`, `outlet`, `said`.
    #[schema(value_type = Vec<Object>)]
    trace: Vec<Line>,
    /// How it ended: `t_ms`, `end`, `node`, `vars`.
    #[schema(value_type = Object)]
    end: EndLine,
    /// Which of the flow's outlets were taken.
    coverage: Coverage,
}

/// Which of a flow's outlets a call took.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Coverage {
    /// Those that were taken, as in `n_menu:1`.
    taken: BTreeSet<String>,
    /// How many the flow has.
    of: usize,
}

fn body(test: FlowTest) -> TestBody {
    TestBody { id: test.id, flow: test.flow, name: test.name, test: test.test }
}

/// Adds what is wrong with a test.
pub(super) fn check(check: &mut Check, test: &Object, pointer: &str) {
    let why = SavedTest::deserialize(test).err().map(|error| error.to_string());
    let values = [("why", why.clone().unwrap_or_default())];
    check.fill(why.is_none(), pointer, "flow_test", &values);
}

/// The name that a test gives itself.
fn name_of(test: &Object, count: usize) -> String {
    match test["name"].as_str() {
        Some(name) if !name.trim().is_empty() => name.to_owned(),
        _ => format!("Test {}", count + 1),
    }
}

/// What came of the tests of a flow that passes its check: all of them pass.
pub(super) fn passed(document: &Document, world: &World) -> Object {
    let named = document.get("tests").and_then(Object::as_array).into_iter().flatten();
    let tests = world.tests.as_ref();
    let name = |id: &str| tests.and_then(|tests| tests.get(id)).map(|test| test.name.clone());
    let results =
        named.filter_map(Object::as_str).map(|id| json!({"id": id, "name": name(id), "passed": true}));
    results.collect()
}

/// Carries a simulated call through a flow, in virtual time.
#[utoipa::path(post, path = "/api/flows/{flow}/simulate", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = SimulatedCall)))]
pub(super) async fn simulate_call(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    Json(wanted): Json<Simulation>,
) -> Result<Json<SimulatedCall>, Error> {
    let text = match &wanted.document {
        Some(document) => {
            flows::find(&app, id).await?;
            canonical(document)
        }
        None => document(&app, id, wanted.of.as_deref().unwrap_or("draft").parse()?).await?,
    };
    let world = app.store.flow_world(id, &text, app.settings.secrets.clone()).await?;
    let library = world.library(read(&text).map_err(Error::FlowNotPublishable)?);
    let trace = blocking(move || simulate(&library, &world, &wanted.input)).await?;
    let taken = trace.passages.iter().map(|line| format!("{}:{}", line.node, line.outlet)).collect();
    let coverage = Coverage { taken, of: outlets(&document_of(&text)) };
    Ok(Json(SimulatedCall { trace: trace.passages, end: trace.end, coverage }))
}

/// How many outlets of a document lead somewhere.
fn outlets(document: &Document) -> usize {
    let nodes =
        document.get("nodes").and_then(Object::as_object).into_iter().flat_map(|nodes| nodes.values());
    nodes.filter_map(|node| node["next"].as_object()).map(|next| next.len()).sum()
}

/// Lists a flow's saved tests, all on one page.
#[utoipa::path(get, path = "/api/flows/{flow}/tests", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = Listing<Versioned<TestBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
) -> Result<Json<Listing<Versioned<TestBody>>>, Error> {
    flows::find(&app, id).await?;
    let tests = app.store.flow_tests(id).await?.into_iter();
    let rows = tests.map(|test| Versioned::of(test, body)).collect();
    Ok(Json(Listing { rows, next: None }))
}

/// Saves a test. The flow runs it when its document names it in `tests`.
#[utoipa::path(post, path = "/api/flows/{flow}/tests", tag = "flows", params(("flow" = FlowId, Path)),
    request_body = Object, responses((status = 201, body = Versioned<TestBody>)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(flow): Path<FlowId>,
    Json(test): Json<Object>,
) -> Result<Created<Versioned<TestBody>>, Error> {
    flows::find(&app, flow).await?;
    let count = app.store.flow_tests(flow).await?.len();
    let mut checks = Check::default();
    checks.count(count + 1, FLOW_TESTS_MAX, "");
    check(&mut checks, &test, "");
    checks.done()?;
    let test = FlowTest { id: NEW, flow, name: name_of(&test, count), test };
    let kept = app.store.create_flow_test(&test, app.now()).await?;
    let location = format!("/api/flows/{flow}/tests/{}", kept.value.id);
    Ok(Created { location, body: Versioned::of(kept, body) })
}

/// Changes a test.
#[utoipa::path(put, path = "/api/flows/{flow}/tests/{test}", tag = "flows",
    params(("flow" = FlowId, Path), ("test" = FlowTestId, Path)), request_body = Object,
    responses((status = 200, body = Versioned<TestBody>)))]
pub(super) async fn update(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path((flow, id)): Path<(FlowId, FlowTestId)>,
    if_match: IfMatch,
    Json(test): Json<Object>,
) -> Result<Versioned<TestBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let mut checks = Check::default();
    check(&mut checks, &test, "");
    checks.done()?;
    let test = FlowTest { id, flow, name: name_of(&test, 0), test };
    Ok(Versioned::of(app.store.update_flow_test(&test, rev, app.now()).await?, body))
}

/// Removes a test. A document that still names it cannot be published.
#[utoipa::path(delete, path = "/api/flows/{flow}/tests/{test}", tag = "flows",
    params(("flow" = FlowId, Path), ("test" = FlowTestId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path((flow, id)): Path<(FlowId, FlowTestId)>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_flow_test(flow, id, rev).await?;
    Ok(NoContent)
}

/// Runs every saved test on the draft.
#[utoipa::path(post, path = "/api/flows/{flow}/tests/run", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = Vec<TestResult>)))]
pub(super) async fn run(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
) -> Result<Json<Vec<TestResult>>, Error> {
    let text = flows::find(&app, id).await?.value.draft;
    let world = app.store.flow_world(id, &text, app.settings.secrets.clone()).await?;
    let library = world.library(read(&text).map_err(Error::FlowNotPublishable)?);
    let tests = app.store.flow_tests(id).await?;
    let results = blocking(move || {
        let tests = tests.into_iter().map(|test| test.value);
        let results = tests.filter_map(|FlowTest { id, name, test, .. }| {
            let test = SavedTest::deserialize(&test).ok()?;
            let difference = test.expect.differs_from(&simulate(&library, &world, &test.input));
            Some(TestResult { id, name, passed: difference.is_none(), difference })
        });
        results.collect()
    });
    Ok(Json(results.await?))
}
