//! Numbers that people dial, and where their calls go.

use std::collections::BTreeSet;

use axum::extract::State;
use cadran_engine::flow::check::{can_publish, check_text};
use cadran_engine::flow::driver::Driver;
use cadran_engine::flow::finding::Code;
use cadran_engine::flow::world::World;
use cadran_engine::model::{
    Canary, Did, DidId, FlowId, Mailbox, Overflow, Phone, Queue, RecordingPolicy, Track,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsInbound, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::setting;

/// Other ways of writing a number.
const WRITINGS_MAX: usize = 20;

/// A number that people dial.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Number)]
pub(super) struct NumberBody {
    id: DidId,
    #[serde(flatten)]
    settings: NumberSettings,
}

/// What can be set of a number.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberSettings {
    /// The number, E.164.
    number: Phone,
    /// How carriers write it besides E.164 with or without `+`, such as `0199005678`. Digits only.
    #[serde(default)]
    also_written: Vec<String>,
    /// Which flow a call begins in.
    flow: FlowId,
    /// Which of the flow's pointers it follows.
    #[serde(default)]
    track: Track,
    /// A revision that is tried on a share of the callers.
    canary: Option<Canary>,
    /// The language to begin with, such as `fr-FR`; by default the flow's first.
    locale: Option<String>,
    /// Where callers go when the flow cannot be run or fails.
    fallback: Option<Overflow>,
    /// How its calls reach the flow: `ari`, or `fastagi` from a dialplan of your own (docs/fastagi.md).
    #[serde(default)]
    #[schema(value_type = String)]
    via: Driver,
    /// Which of its calls are recorded, unless the queue records nothing; by default as the queue says.
    recording: Option<RecordingPolicy>,
}

fn body(did: Did) -> NumberBody {
    let Did { id, number, also_written, flow, track, canary, locale, fallback, via, recording } = did;
    let settings =
        NumberSettings { number, also_written, flow, track, canary, locale, fallback, via, recording };
    NumberBody { id, settings }
}

fn did(id: DidId, settings: NumberSettings) -> Did {
    let NumberSettings { number, also_written, flow, track, canary, locale, fallback, via, recording } =
        settings;
    Did { id, number, also_written, flow, track, canary, locale, fallback, via, recording }
}

async fn check(settings: &NumberSettings, app: &App) -> Result<(), Error> {
    let mut check = Check::default();
    check.count(settings.also_written.len(), WRITINGS_MAX, "/also_written");
    for (index, writing) in settings.also_written.iter().enumerate() {
        let fine = (1..=32).contains(&writing.len()) && writing.bytes().all(|byte| byte.is_ascii_digit());
        check.that(fine, format!("/also_written/{index}"), "digits");
    }
    if let Some(locale) = &settings.locale {
        check.that(is_locale(locale), "/locale", "locale");
    }
    let flow = app.store.flow(settings.flow).await?;
    check.that(flow.is_some(), "/flow", "exists").that(
        matches!(settings.via, Driver::Ari | Driver::FastAgi),
        "/via",
        "driver",
    );
    if let Some(Canary { revision, share }) = settings.canary {
        let known = app.store.flow_revision(settings.flow, revision).await?.is_some();
        check.that(known, "/canary/revision", "exists").that(
            (1..=100).contains(&share),
            "/canary/share",
            "percent",
        );
    }
    check.recording(settings.recording, "/recording");
    check_overflow(settings.fallback, "/fallback", app, &mut check).await?;
    check.done()?;
    let flow = flow.map(|flow| flow.value);
    let tracked = flow.and_then(|flow| match settings.track {
        Track::Live => flow.live,
        Track::Test => flow.test,
    });
    for revision in tracked.into_iter().chain(settings.canary.map(|canary| canary.revision)) {
        check_drivers([settings.via].into(), settings.flow, revision, app).await?;
    }
    Ok(())
}

/// A number that reaches its flow over FastAGI cannot lead to what FastAGI cannot do.
pub(super) async fn check_drivers(
    drivers: BTreeSet<Driver>,
    flow: FlowId,
    revision: u32,
    app: &App,
) -> Result<(), Error> {
    let Some(revision) = app.store.flow_revision(flow, revision).await? else { return Ok(()) };
    let called = app.store.called_by(&revision.document).await?;
    let world = World { drivers, called, ..World::default() };
    let mut findings = check_text(&revision.document, Some(&world));
    findings.retain(|finding| finding.code == Code::UnsupportedNode);
    if can_publish(&findings) { Ok(()) } else { Err(Error::FlowNotPublishable(findings)) }
}

/// A language and a country, as in `fr-FR`.
pub(super) fn is_locale(locale: &str) -> bool {
    let mut parts = locale.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language =
        (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_rest =
        |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    locale.len() <= 16 && is_language && parts.all(is_rest)
}

/// Whether that is there to which callers go on.
pub(super) async fn check_overflow(
    overflow: Option<Overflow>,
    pointer: &str,
    app: &App,
    check: &mut Check,
) -> Result<(), Error> {
    let known = match overflow {
        None | Some(Overflow::Number { .. }) => true,
        Some(Overflow::Flow { flow }) => app.store.flow(flow).await?.is_some(),
        Some(Overflow::Queue { queue }) => app.store.setting::<Queue>(queue).await?.is_some(),
        Some(Overflow::Voicemail { mailbox }) => app.store.setting::<Mailbox>(mailbox).await?.is_some(),
    };
    check.that(known, pointer, "exists");
    Ok(())
}

/// Lists numbers, in the order in which they were added.
#[utoipa::path(get, path = "/api/numbers", tag = "inbound", params(PageQuery<DidId>),
    responses((status = 200, body = Listing<Versioned<NumberBody>>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<DidId>>,
) -> Result<Json<Listing<Versioned<NumberBody>>>, Error> {
    setting::list(&app, query, body).await
}

/// Adds a number.
#[utoipa::path(post, path = "/api/numbers", tag = "inbound", responses((status = 201, body = Versioned<NumberBody>)))]
pub(super) async fn create(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Json(settings): Json<NumberSettings>,
) -> Result<Created<Versioned<NumberBody>>, Error> {
    check(&settings, &app).await?;
    let number = did(DidId::from_i64(0), settings);
    setting::create(&app, "/api/numbers", &number, body).await
}

/// One number.
#[utoipa::path(get, path = "/api/numbers/{number}", tag = "inbound", params(("number" = DidId, Path)),
    responses((status = 200, body = Versioned<NumberBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<DidId>,
) -> Result<Versioned<NumberBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a number.
#[utoipa::path(put, path = "/api/numbers/{number}", tag = "inbound", params(("number" = DidId, Path)),
    responses((status = 200, body = Versioned<NumberBody>)))]
pub(super) async fn update(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<DidId>,
    if_match: IfMatch,
    Json(settings): Json<NumberSettings>,
) -> Result<Versioned<NumberBody>, Error> {
    check(&settings, &app).await?;
    let number = did(id, settings);
    setting::update(&app, if_match, &number, body).await
}

/// Removes a number.
#[utoipa::path(delete, path = "/api/numbers/{number}", tag = "inbound", params(("number" = DidId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<DidId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    setting::remove::<Did>(&app, id, if_match).await
}
