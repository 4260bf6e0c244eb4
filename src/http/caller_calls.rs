//! Calls of callers that are over: where they went, where they waited, who had them, what was said of them.

use axum::extract::State;
use cadran_engine::model::incoming::{CallerDisposition, CallerRecord, PathStep, QueueExit, QueueWait};
use cadran_engine::model::{AgentId, CallId, DidId, FlowId, Phone, QueueId, Side, Timestamp, TrunkId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{Anyone, SignedIn};
use super::error::Error;
use super::extract::{Json, Listing, Query, page};
use super::privacy::shown;
use crate::store::{CallerFilter, CallerMarks, HistoryOrder};

/// A call of somebody who called us. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerCall)]
pub(super) struct CallerCallBody {
    id: CallId,
    /// The number that was dialled, when it is one of ours.
    did: Option<DidId>,
    /// By which trunk the call came.
    trunk: Option<TrunkId>,
    /// The caller's number, unless it was withheld; its last digits without the right `see_full_numbers`.
    phone: Option<String>,
    /// The flow that it began in.
    flow: Option<FlowId>,
    /// The flow's revision.
    revision: Option<u32>,
    /// The queue in which the caller waited last.
    queue: Option<QueueId>,
    /// Each wait in a queue, in order.
    waits: Vec<WaitBody>,
    /// The agent who had the call last.
    agent: Option<AgentId>,
    arrived_at: i64,
    /// When it was picked up; none when nothing was.
    answered_at: Option<i64>,
    /// When caller and agent could hear each other.
    connected_at: Option<i64>,
    ended_at: i64,
    ended_by: Side,
    /// ITU-T Q.850 cause; 0 when none was given.
    q850: u16,
    /// SIP status, when the far end gave one.
    sip: Option<u16>,
    /// The call of ours that it was before, when a customer whom we called was sent on.
    before: Option<CallId>,
}

/// A wait in a queue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueueWait)]
pub(super) struct WaitBody {
    queue: QueueId,
    since: i64,
    /// How long, in milliseconds.
    waited: u64,
    /// How it ended.
    exit: QueueExit,
}

/// A node of a flow that a caller passed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PathStep)]
pub(super) struct StepBody {
    /// When it was left.
    at: i64,
    flow: String,
    node: String,
    /// By which way.
    outlet: String,
}

/// What an agent said of a caller's call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerDisposition)]
pub(super) struct CallerDispositionBody {
    /// The queue that gave the call to them.
    queue: QueueId,
    agent: AgentId,
    code: String,
    note: String,
    at: i64,
}

/// All that is known of a caller's call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallerStory)]
pub(super) struct CallerStoryBody {
    #[serde(flatten)]
    call: CallerCallBody,
    /// The nodes of flows that the caller passed, as many as are kept.
    path: Vec<StepBody>,
    /// What its flow says came of it.
    outcome: Option<String>,
    /// What flows marked it with.
    tags: Vec<String>,
    /// What agents said of it, the latest last.
    dispositions: Vec<CallerDispositionBody>,
}

impl CallerCallBody {
    pub(super) fn of(record: &CallerRecord, whole: bool) -> Self {
        Self {
            id: record.id,
            did: record.did,
            trunk: record.trunk,
            phone: record.phone.map(|phone| shown(phone, whole)),
            flow: record.flow.map(|(flow, _)| flow),
            revision: record.flow.map(|(_, revision)| revision),
            queue: record.waits.last().map(|wait| wait.queue),
            waits: record.waits.iter().map(wait).collect(),
            agent: record.agent,
            arrived_at: record.arrived_at.as_millis(),
            answered_at: record.answered_at.map(Timestamp::as_millis),
            connected_at: record.connected_at.map(Timestamp::as_millis),
            ended_at: record.ended_at.as_millis(),
            ended_by: record.ended_by,
            q850: record.cause.q850,
            sip: record.cause.sip,
            before: record.before,
        }
    }
}

impl CallerStoryBody {
    pub(super) fn of(record: CallerRecord, marks: CallerMarks, whole: bool) -> Self {
        Self {
            call: CallerCallBody::of(&record, whole),
            path: record.path.into_iter().map(step).collect(),
            outcome: marks.outcome,
            tags: marks.tags,
            dispositions: marks.dispositions.into_iter().map(disposition).collect(),
        }
    }
}

fn wait(wait: &QueueWait) -> WaitBody {
    WaitBody {
        queue: wait.queue,
        since: wait.since.as_millis(),
        waited: u64::try_from(wait.waited.as_millis()).unwrap_or(u64::MAX),
        exit: wait.exit,
    }
}

fn step(step: PathStep) -> StepBody {
    StepBody { at: step.at.as_millis(), flow: step.flow, node: step.node, outlet: step.outlet }
}

fn disposition(said: CallerDisposition) -> CallerDispositionBody {
    CallerDispositionBody {
        queue: said.queue,
        agent: said.agent,
        code: said.code,
        note: said.note,
        at: said.at.as_millis(),
    }
}

/// Which calls of callers are wanted. An agent sees their own alone. Times are in milliseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CallerCallQuery {
    /// Had last by this agent.
    agent: Option<AgentId>,
    /// To this number of ours.
    did: Option<DidId>,
    /// Arrived then or later.
    from: Option<i64>,
    /// From this number, with its country code.
    #[param(value_type = Option<String>)]
    phone: Option<Phone>,
    /// Waited in this queue.
    queue: Option<QueueId>,
    /// Arrived before.
    until: Option<i64>,
    /// `latest` first (unless told otherwise) or `earliest`.
    #[param(value_type = Option<String>)]
    order: Option<HistoryOrder>,
    /// `next` of the page before.
    after: Option<CallId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists callers' calls that are over, answered or not. An agent sees their own. All of one is at `/api/calls/{call}`.
#[utoipa::path(get, path = "/api/caller-calls", tag = "calls", params(CallerCallQuery),
    responses((status = 200, body = Listing<CallerCallBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<CallerCallQuery>,
) -> Result<Json<Listing<CallerCallBody>>, Error> {
    let filter = CallerFilter {
        agent: session.sees_only()?.or(query.agent),
        did: query.did,
        from: query.from.map(Timestamp::from_millis),
        phone: query.phone,
        queue: query.queue,
        until: query.until.map(Timestamp::from_millis),
    };
    let page = page(query.after, query.limit);
    let calls = session.store(&app).caller_calls(filter, query.order.unwrap_or_default(), page).await?;
    let whole = session.sees_numbers();
    Ok(Listing::of(&page, calls, |row| row.id, |row| CallerCallBody::of(&row, whole)))
}
