//! Who did what. Entries are written by [`super::witness`], those of the end of supervision by the store, and read here.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use cadran_engine::model::{SupervisionEnd, Timestamp, UserId};
use futures_util::stream;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{ReadsAudit, SignedIn};
use super::error::Error;
use super::extract::{Json, Listing, Query, page};
use crate::hex;
use crate::store::{ApiKeyId, AuditEntry, AuditFilter, HistoryOrder, Page, Store};

/// Something that somebody did. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct AuditBody {
    /// Counts from 1, without a gap.
    seq: i64,
    at: i64,
    /// Who; none when nobody was signed in, as at a sign-in that failed.
    user: Option<UserId>,
    /// The key of a program, when it was one.
    key: Option<ApiKeyId>,
    /// What: the method and the address with names in place of ids.
    action: String,
    /// On what: the address itself.
    target: String,
    /// From where: the network address; empty at an end, for which nobody asks.
    address: String,
    /// Under which name the log knows the request; at the end of an act of supervision its `id` at `/api/supervision`.
    request: String,
    /// The HTTP status of the answer; 0 at an end.
    status: u16,
    reason: Option<String>,
    /// SHA-256 of what it was before, in hexadecimal digits, where it can be read.
    before: Option<String>,
    /// SHA-256 of what it was after.
    after: Option<String>,
    /// How long an act of supervision lasted, in seconds, in the entry of its end: `END /api/calls/{call}/listen`,
    /// `barge`, `take-over` or `whisper`.
    seconds: Option<f64>,
    /// Why it ended.
    end: Option<SupervisionEnd>,
    /// What seals the entry, and with it all before.
    hash: String,
}

fn body(entry: AuditEntry) -> AuditBody {
    let AuditEntry { seq, act, hash } = entry;
    AuditBody {
        seq,
        at: act.at.as_millis(),
        user: act.user,
        key: act.key,
        action: act.action,
        target: act.target,
        address: act.address,
        request: act.request,
        status: act.status,
        reason: act.reason,
        before: act.before,
        after: act.after,
        seconds: act.ended.map(|ended| ended.lasted.as_secs_f64()),
        end: act.ended.map(|ended| ended.because),
        hash: hex::of(&hash),
    }
}

/// Which entries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// By this user.
    user: Option<UserId>,
    /// This act, such as `PUT /api/campaigns/{campaign}`.
    action: Option<String>,
    /// On this address, such as `/api/campaigns/cmp_12`.
    target: Option<String>,
    /// At this moment or later, in milliseconds since 1970.
    from: Option<i64>,
    /// Before this moment.
    until: Option<i64>,
    /// `latest` first (unless told otherwise) or `earliest` first; an export has the earliest first.
    #[param(value_type = Option<String>)]
    order: Option<HistoryOrder>,
    /// `next` of the page before.
    after: Option<i64>,
    /// Rows at most, 1 to 500. An export has no such end.
    limit: Option<u16>,
}

impl AuditQuery {
    fn filter(self) -> AuditFilter {
        AuditFilter {
            user: self.user,
            action: self.action,
            target: self.target,
            from: self.from.map(Timestamp::from_millis),
            until: self.until.map(Timestamp::from_millis),
        }
    }
}

/// Lists what was done, the latest first unless told otherwise.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Listing<AuditBody>)))]
pub(super) async fn list(
    _: SignedIn<ReadsAudit>,
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Listing<AuditBody>>, Error> {
    let page = page(query.after, query.limit);
    let order = query.order.unwrap_or_default();
    let entries = app.store.audit_entries(&query.filter(), order, page).await?;
    Ok(Listing::of(&page, entries, |entry| entry.seq, body))
}

/// What was done, the earliest first, as a file of JSON lines. `after` and the filters choose, `limit` and `order` do not
/// count.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "One entry a line", body = str, content_type = "application/x-ndjson")))]
pub(super) async fn export(
    _: SignedIn<ReadsAudit>,
    State(app): State<App>,
    Query(query): Query<AuditQuery>,
) -> Result<Response, Error> {
    let after = query.after;
    let read = Reading { store: app.store, filter: query.filter(), after };
    // A page that cannot be read breaks the answer off: the reader sees that the file is cut.
    let lines = stream::try_unfold(read, Reading::next);
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// How far an export has come.
struct Reading {
    store: Store,
    filter: AuditFilter,
    after: Option<i64>,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, crate::store::Error> {
        let page = Page { after: self.after, ..Page::first() };
        let entries = self.store.audit_entries(&self.filter, HistoryOrder::Earliest, page).await?;
        let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(None) };
        self.after = Some(last);
        let mut lines = String::new();
        for entry in entries {
            // Texts and numbers always become JSON.
            lines.push_str(&serde_json::to_string(&body(entry)).unwrap_or_default());
            lines.push('\n');
        }
        Ok(Some((Bytes::from(lines), self)))
    }
}
