//! Queues: where callers wait for an agent.

use axum::extract::State;
use cadran_engine::model::{CallbackOffer, FlowId, Queue, QueueId, QueueSettings, SkillRule, Sticky};
use serde::Serialize;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsInbound, SignedIn, Staff};
use super::campaign_settings::{check_dispositions, check_group, is_media, millis};
use super::check::{Check, is_field_name, is_plain_name};
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::numbers::check_overflow;
use super::setting;
use crate::store::NamedHours;

/// Skills that one queue may ask for.
const SKILLS_MAX: usize = 20;
/// Most who can wait.
const LENGTH_MAX: u32 = 10_000;

/// A queue. Flows name it by the text of its id, `q_12`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
pub(super) struct QueueBody {
    id: QueueId,
    #[serde(flatten)]
    settings: QueueSettings,
}

fn body(queue: Queue) -> QueueBody {
    QueueBody { id: queue.id, settings: queue.settings }
}

async fn check(settings: &QueueSettings, app: &App) -> Result<(), Error> {
    const HOUR: u64 = 3_600_000;
    let mut check = Check::default();
    check
        .name(&settings.name, "/name")
        .supervision(settings.supervision)
        .count(settings.priority.into(), 100, "/priority")
        .duration(millis(settings.ring_timeout), 5_000..=120_000, "/ring_timeout")
        .duration(millis(settings.wrap_up), 0..=HOUR, "/wrap_up")
        .duration(millis(settings.service_level), 1_000..=HOUR, "/service_level")
        .duration(millis(settings.blending.yield_after), 0..=HOUR, "/blending/yield_after")
        .that(is_plain_name(&settings.music), "/music", "sip_name")
        .that(settings.recording_notice.as_deref().is_none_or(is_media), "/recording_notice", "media");
    if let Some(wait) = settings.max_wait {
        check.duration(millis(wait), 1_000..=4 * HOUR, "/max_wait");
    }
    if let Some(length) = settings.max_length {
        let max = [("max", LENGTH_MAX.to_string())];
        check.fill((1..=LENGTH_MAX).contains(&length), "/max_length", "positive", &max);
    }
    if let Some(every) = settings.announce.every {
        check.duration(millis(every), 10_000..=HOUR, "/announce/every");
    }
    if let Some(CallbackOffer { after }) = settings.callback {
        check.duration(millis(after), 0..=HOUR, "/callback/after");
    }
    if let Some(Sticky { within, wait }) = settings.sticky {
        check.duration(millis(within), 60_000..=90 * 24 * HOUR, "/sticky/within").duration(
            millis(wait),
            0..=HOUR,
            "/sticky/wait",
        );
    }
    check.recording(Some(settings.recording), "/recording");
    check_skills(&settings.skills, &mut check);
    check_dispositions(&settings.dispositions, &mut check);
    check_group(settings.disposition_group, app, &mut check).await?;
    if let Some(calendar) = settings.calendar {
        let known = app.store.setting::<NamedHours>(calendar).await?.is_some();
        check.that(known, "/calendar", "exists");
    }
    check_survey(settings.survey, app, &mut check).await?;
    check_overflow(settings.overflow, "/overflow", app, &mut check).await?;
    check.done()
}

/// The flow that asks callers how it was must be there.
pub(super) async fn check_survey(survey: Option<FlowId>, app: &App, check: &mut Check) -> Result<(), Error> {
    if let Some(flow) = survey {
        check.that(app.store.flow(flow).await?.is_some(), "/survey", "exists");
    }
    Ok(())
}

fn check_skills(skills: &[SkillRule], check: &mut Check) {
    check.count(skills.len(), SKILLS_MAX, "/skills");
    for (index, rule) in skills.iter().enumerate() {
        check
            .that(is_field_name(&rule.skill), format!("/skills/{index}/skill"), "field_name")
            .count(rule.min.into(), 100, &format!("/skills/{index}/min"))
            .count(rule.relax.len(), SKILLS_MAX, &format!("/skills/{index}/relax"))
            .that(
                rule.relax.is_sorted_by_key(|step| step.after),
                format!("/skills/{index}/relax"),
                "relaxation",
            );
    }
}

/// Lists queues, in the order in which they were added. Whoever is confined to teams sees those that their agents serve.
#[utoipa::path(get, path = "/api/queues", tag = "inbound", params(PageQuery<QueueId>),
    responses((status = 200, body = Listing<Versioned<QueueBody>>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<QueueId>>,
) -> Result<Json<Listing<Versioned<QueueBody>>>, Error> {
    setting::list_of(&app, query, |queue: &Queue| session.scope.has_queue(queue.id), body).await
}

/// Adds a queue.
#[utoipa::path(post, path = "/api/queues", tag = "inbound", responses((status = 201, body = Versioned<QueueBody>)))]
pub(super) async fn create(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Json(settings): Json<QueueSettings>,
) -> Result<Created<Versioned<QueueBody>>, Error> {
    check(&settings, &app).await?;
    let queue = Queue { id: QueueId::from_i64(0), settings };
    setting::create(&app, "/api/queues", &queue, body).await
}

/// One queue.
#[utoipa::path(get, path = "/api/queues/{queue}", tag = "inbound", params(("queue" = QueueId, Path)),
    responses((status = 200, body = Versioned<QueueBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<QueueId>,
) -> Result<Versioned<QueueBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a queue.
#[utoipa::path(put, path = "/api/queues/{queue}", tag = "inbound", params(("queue" = QueueId, Path)),
    responses((status = 200, body = Versioned<QueueBody>)))]
pub(super) async fn update(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<QueueId>,
    if_match: IfMatch,
    Json(settings): Json<QueueSettings>,
) -> Result<Versioned<QueueBody>, Error> {
    check(&settings, &app).await?;
    let queue = Queue { id, settings };
    setting::update(&app, if_match, &queue, body).await
}

/// Removes a queue.
#[utoipa::path(delete, path = "/api/queues/{queue}", tag = "inbound", params(("queue" = QueueId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<QueueId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    setting::remove::<Queue>(&app, id, if_match).await
}
