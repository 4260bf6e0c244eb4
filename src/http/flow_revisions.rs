//! Revisions of flows: checked, published, tried out, rolled back, compared.

use std::str::FromStr;

use axum::extract::State;
use cadran_engine::flow::check::{can_publish, check_text};
use cadran_engine::flow::diff::{Change, diff};
use cadran_engine::flow::finding::Finding;
use cadran_engine::flow::world::World;
use cadran_engine::model::FlowId;
use serde::{Deserialize, Serialize};
use serde_json::Value as Object;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{Publishes, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, Json, Listing, PageQuery, Path, Query, Versioned};
use super::flows::{self, Document, FlowBody, canonical, document_of};
use super::numbers::check_drivers;
use super::uploads::blocking;
use crate::findings::{WordedFinding, report};
use crate::hex;
use crate::store::{self, FlowRevision, Pointer};
use crate::words::Language;

const NOUN: &str = "revision";
/// The longest message of a publisher.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// A published revision without its document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowRevisionSummary)]
pub(super) struct RevisionSummary {
    flow: FlowId,
    /// Counts from 1.
    revision: u32,
    /// SHA-256 of the document without its layout.
    hash: String,
    /// The login of who published it.
    author: String,
    /// What they said of it.
    message: String,
    /// In milliseconds since 1970.
    published_at: i64,
}

/// A published revision. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FlowRevision)]
pub(super) struct RevisionBody {
    #[serde(flatten)]
    summary: RevisionSummary,
    /// The document.
    #[schema(value_type = Object)]
    document: Document,
    /// What the check found when it was published: warnings.
    #[schema(value_type = Vec<Object>)]
    report: Object,
    /// What came of the saved tests when it was published.
    #[schema(value_type = Vec<Object>)]
    tests: Object,
}

/// What a check found.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckReport {
    /// Whether the flow can be published.
    publishable: bool,
    /// In the order of their places.
    findings: Vec<WordedFinding>,
}

/// A draft that becomes a revision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Publication {
    /// The `rev` of the draft that was looked at.
    rev: i64,
    /// What is new in it.
    #[serde(default)]
    message: String,
    /// Which pointer moves to it; `live` when nothing is said.
    #[serde(default)]
    pointer: PointerName,
}

/// Which of a flow's pointers.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PointerName {
    /// The revision for everybody.
    #[default]
    Live,
    /// The revision that is being tried out.
    Test,
}

/// Where a pointer goes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PointerTarget {
    /// An earlier revision rolls back; none takes the flow out of use.
    revision: Option<u32>,
}

/// What is compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DiffQuery {
    /// `draft`, `live`, `test` or a revision such as `r3`.
    from: String,
    /// The same.
    to: String,
}

/// Which document of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Edition {
    /// What is being worked on.
    #[default]
    Draft,
    /// The revision for everybody.
    Live,
    /// The nth that was published.
    Numbered(u32),
    /// The revision that is being tried out.
    Test,
}

impl FromStr for Edition {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        match (text, text.strip_prefix('r').and_then(|number| number.parse().ok())) {
            ("draft", _) => Ok(Self::Draft),
            ("live", _) => Ok(Self::Live),
            ("test", _) => Ok(Self::Test),
            (_, Some(number)) => Ok(Self::Numbered(number)),
            (_, None) => Err(Error::not_found(NOUN, text)),
        }
    }
}

impl From<PointerName> for Pointer {
    fn from(name: PointerName) -> Self {
        match name {
            PointerName::Live => Self::Live,
            PointerName::Test => Self::Test,
        }
    }
}

fn summary(revision: &FlowRevision) -> RevisionSummary {
    RevisionSummary {
        flow: revision.flow,
        revision: revision.revision,
        hash: revision.hash.clone(),
        author: revision.author.clone(),
        message: revision.message.clone(),
        published_at: revision.published_at.as_millis(),
    }
}

fn body(revision: FlowRevision) -> RevisionBody {
    RevisionBody {
        summary: summary(&revision),
        document: document_of(&revision.document),
        report: revision.report,
        tests: revision.tests,
    }
}

/// Says what is wrong with a flow's draft, and what may be.
#[utoipa::path(post, path = "/api/flows/{flow}/check", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 200, body = CheckReport)))]
pub(super) async fn check(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    language: Language,
) -> Result<Json<CheckReport>, Error> {
    let draft = flows::find(&app, id).await?.value.draft;
    let (findings, _) = checked(&app, id, draft).await?;
    let publishable = can_publish(&findings);
    Ok(Json(CheckReport { publishable, findings: WordedFinding::all(findings, language) }))
}

/// Makes the draft a revision, runs its saved tests, and has a pointer point at it. Refused with what was found when
/// there are errors.
#[utoipa::path(post, path = "/api/flows/{flow}/publish", tag = "flows", params(("flow" = FlowId, Path)),
    responses((status = 201, body = RevisionBody),
        (status = 422, description = "The check found errors; they are in `findings`")))]
pub(super) async fn publish(
    session: SignedIn<Publishes>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    Json(publication): Json<Publication>,
) -> Result<Created<Json<RevisionBody>>, Error> {
    Check::default().text(&publication.message, MESSAGE_CHARS_MAX, "/message").done()?;
    let kept = flows::find(&app, id).await?;
    if kept.rev != publication.rev {
        return Err(Error::DraftChanged { rev: kept.rev });
    }
    let (findings, world) = checked(&app, id, kept.value.draft.clone()).await?;
    if !can_publish(&findings) {
        return Err(Error::FlowNotPublishable(findings));
    }
    let document = document_of(&kept.value.draft);
    let revision = FlowRevision {
        flow: id,
        revision: 0,
        hash: hash(&document),
        document: kept.value.draft,
        author: session.user.value.login.clone(),
        message: publication.message,
        report: report(&findings),
        tests: super::flow_tests::passed(&document, &world),
        published_at: app.now(),
    };
    let published = match app.store.publish(&revision, publication.rev, publication.pointer.into()).await {
        Err(store::Error::Changed(_)) => {
            return Err(Error::DraftChanged { rev: flows::find(&app, id).await?.rev });
        }
        published => published?,
    };
    app.inbox.reload().await?;
    let location = format!("/api/flows/{id}/revisions/{}", published.revision);
    Ok(Created { location, body: Json(body(published)) })
}

/// Lists a flow's revisions, the latest first.
#[utoipa::path(get, path = "/api/flows/{flow}/revisions", tag = "flows",
    params(("flow" = FlowId, Path), PageQuery<u32>), responses((status = 200, body = Listing<RevisionSummary>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    Query(query): Query<PageQuery<u32>>,
) -> Result<Json<Listing<RevisionSummary>>, Error> {
    flows::find(&app, id).await?;
    let page = query.page();
    let revisions = app.store.flow_revisions(id, page).await?;
    Ok(Listing::of(&page, revisions, |row| row.revision, |row| summary(&row)))
}

/// One revision with its document.
#[utoipa::path(get, path = "/api/flows/{flow}/revisions/{revision}", tag = "flows",
    params(("flow" = FlowId, Path), ("revision" = u32, Path)), responses((status = 200, body = RevisionBody)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path((id, revision)): Path<(FlowId, u32)>,
) -> Result<Json<RevisionBody>, Error> {
    Ok(Json(body(find(&app, id, revision).await?)))
}

/// Has a pointer point at a revision: to a later one, or back. Calls that are going on keep theirs.
#[utoipa::path(put, path = "/api/flows/{flow}/pointers/{pointer}", tag = "flows",
    params(("flow" = FlowId, Path), ("pointer" = PointerName, Path)),
    responses((status = 200, body = Versioned<FlowBody>)))]
pub(super) async fn point(
    _: SignedIn<Publishes>,
    State(app): State<App>,
    Path((id, pointer)): Path<(FlowId, PointerName)>,
    Json(target): Json<PointerTarget>,
) -> Result<Versioned<FlowBody>, Error> {
    flows::find(&app, id).await?;
    if let Some(revision) = target.revision {
        check_drivers(app.store.drivers_of(id).await?, id, revision, &app).await?;
    }
    let kept = app.store.point(id, pointer.into(), target.revision).await?;
    app.inbox.reload().await?;
    Ok(Versioned::of(kept, flows::body))
}

/// What differs between two documents of a flow, by node and field. Where nodes are drawn does not count.
#[utoipa::path(get, path = "/api/flows/{flow}/diff", tag = "flows", params(("flow" = FlowId, Path), DiffQuery),
    responses((status = 200, body = Vec<Object>)))]
pub(super) async fn compare(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<FlowId>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<Vec<Change>>, Error> {
    let from = document(&app, id, query.from.parse()?).await?;
    let to = document(&app, id, query.to.parse()?).await?;
    Ok(Json(diff(&document_of(&from), &document_of(&to))))
}

/// A document of a flow, as text.
pub(super) async fn document(app: &App, id: FlowId, edition: Edition) -> Result<String, Error> {
    let flow = flows::find(app, id).await?.value;
    let revision = match edition {
        Edition::Draft => return Ok(flow.draft),
        Edition::Live => flow.live.ok_or_else(|| Error::not_found(NOUN, "live"))?,
        Edition::Numbered(revision) => revision,
        Edition::Test => flow.test.ok_or_else(|| Error::not_found(NOUN, "test"))?,
    };
    Ok(find(app, id, revision).await?.document)
}

async fn find(app: &App, id: FlowId, revision: u32) -> Result<FlowRevision, Error> {
    let found = app.store.flow_revision(id, revision).await?;
    found.ok_or_else(|| Error::not_found(NOUN, format!("{id} r{revision}")))
}

/// What a check finds in a document, and what the document may refer to. A check runs the saved tests, so it is kept
/// off the tasks that answer.
async fn checked(app: &App, id: FlowId, document: String) -> Result<(Vec<Finding>, World), Error> {
    let world = app.store.flow_world(id, &document, app.settings.secrets.clone()).await?;
    blocking(move || (check_text(&document, Some(&world)), world)).await
}

/// SHA-256 of what a document means: of its canonical text without the layout.
fn hash(document: &Document) -> String {
    let mut meant = document.clone();
    meant.remove("layout");
    hex::of(&Sha256::digest(canonical(&meant)))
}
