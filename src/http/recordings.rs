//! Recordings: what is known of them, and the sound itself.

use std::path::{Path as FilePath, PathBuf};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cadran_engine::model::{
    AgentId, CallId, CampaignId, LeadId, RecordingFacts, RecordingId, RecordingState, Role,
};
use serde::Serialize;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Anyone, SignedIn, Staff};
use super::calls::HistoryQuery;
use super::error::Error;
use super::extract::{Json, Listing, Path, Query};
use super::privacy::shown;
use crate::store::RecordingRecord;

const NOUN: &str = "recording";

/// A recording of a call: stereo, customer left, agent right.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recording)]
pub(super) struct RecordingBody {
    id: RecordingId,
    call: CallId,
    campaign: CampaignId,
    lead: LeadId,
    /// The number dialled; for agents its last digits.
    phone: String,
    agent: Option<AgentId>,
    /// When it began, in milliseconds since 1970.
    started_at: i64,
    /// `open`, `verified`, `truncated` or `failed`.
    state: &'static str,
    /// Size of the file.
    bytes: Option<u64>,
    /// Length of the sound, in milliseconds.
    duration: Option<u64>,
    /// Why there is no file, when it failed.
    reason: Option<String>,
}

pub(super) fn body(record: RecordingRecord, role: Role) -> RecordingBody {
    let facts = facts(&record.state);
    let (bytes, duration) = (facts.map(|facts| facts.bytes), facts.map(|facts| facts.duration));
    RecordingBody {
        id: record.id,
        call: record.id.call,
        campaign: record.campaign,
        lead: record.lead,
        phone: shown(record.phone, role),
        agent: record.agent,
        started_at: record.started_at.as_millis(),
        state: record.state.as_str(),
        bytes,
        duration: duration.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        reason: match record.state {
            RecordingState::Failed { reason } => Some(reason),
            RecordingState::Open | RecordingState::Truncated(_) | RecordingState::Verified(_) => None,
        },
    }
}

const fn facts(state: &RecordingState) -> Option<&RecordingFacts> {
    match state {
        RecordingState::Truncated(facts) | RecordingState::Verified(facts) => Some(facts),
        RecordingState::Failed { .. } | RecordingState::Open => None,
    }
}

/// Lists recordings, the latest first. An agent sees that their own calls were recorded.
#[utoipa::path(get, path = "/api/recordings", tag = "recordings", params(HistoryQuery<RecordingId>),
    responses((status = 200, body = Listing<RecordingBody>)))]
pub(super) async fn list(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Query(query): Query<HistoryQuery<RecordingId>>,
) -> Result<Json<Listing<RecordingBody>>, Error> {
    let filter = query.filter(&session)?;
    let page = query.page();
    let recordings = app.store.recordings(filter, page).await?;
    Ok(Listing::of(&page, recordings, |row| row.id, |row| body(row, session.role())))
}

/// One recording.
#[utoipa::path(get, path = "/api/recordings/{recording}", tag = "recordings",
    params(("recording" = RecordingId, Path)), responses((status = 200, body = RecordingBody)))]
pub(super) async fn read(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
) -> Result<Json<RecordingBody>, Error> {
    Ok(Json(body(find(&app, id).await?, session.role())))
}

/// The sound of a recording, whole or in part (`Range`). Each listening is in the audit log.
#[utoipa::path(get, path = "/api/recordings/{recording}/audio", tag = "recordings",
    params(("recording" = RecordingId, Path)),
    responses((status = 200, description = "The whole file", content_type = "audio/wav"),
        (status = 206, description = "A part of the file", content_type = "audio/wav")))]
pub(super) async fn audio(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let record = find(&app, id).await?;
    let facts = facts(&record.state).ok_or_else(|| Error::not_found(NOUN, id))?;
    let path = inside(&app.settings.recordings_dir, &facts.path).await?;
    let file = File::open(&path).await.map_err(|error| unreadable(&path, &error))?;
    let bytes = file.metadata().await.map_err(|error| unreadable(&path, &error))?.len();
    tracing::info!(target: "audit", { user.id = %session.id(), recording.id = %id }, "recording listened to");
    serve(file, bytes, &format!("\"{id}-{bytes}\""), &headers).await
}

async fn find(app: &App, id: RecordingId) -> Result<RecordingRecord, Error> {
    app.store.recording(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

/// The real path of a file below `directory`. A path that leads out of it, by `..` or by a link, is no file of ours.
async fn inside(directory: &FilePath, relative: &str) -> Result<PathBuf, Error> {
    let joined = directory.join(relative);
    let real = tokio::fs::canonicalize(&joined).await.map_err(|error| unreadable(&joined, &error))?;
    let directory =
        tokio::fs::canonicalize(directory).await.map_err(|error| unreadable(directory, &error))?;
    if real.starts_with(&directory) {
        return Ok(real);
    }
    tracing::error!(path = %real.display(), "a recording's path leads out of the recordings directory");
    Err(Error::FileUnreadable(NOUN))
}

fn unreadable(path: &FilePath, error: &std::io::Error) -> Error {
    tracing::error!(path = %path.display(), %error, "a recording cannot be read");
    Error::FileUnreadable(NOUN)
}

/// Answers with the file, or with the part of it that was asked for (RFC 9110 §14).
async fn serve(mut file: File, bytes: u64, tag: &str, asked: &HeaderMap) -> Result<Response, Error> {
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Kept by the browser that heard it, asked about each time.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (header::ETAG, tag)));
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // A range of a file that has changed since (RFC 9110 §13.1.5) is answered with the whole.
    let current = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = text(header::RANGE).filter(|_| current).and_then(|range| range.strip_prefix("bytes="));
    // Several ranges in one answer are optional (§14.2); no player asks for them.
    let Some(range) = range.filter(|range| !range.contains(',')) else {
        headers.insert(header::CONTENT_LENGTH, bytes.into());
        return Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response());
    };
    let (from, until) = within(range, bytes).ok_or(Error::BadRange { bytes })?;
    let seek = file.seek(std::io::SeekFrom::Start(from)).await;
    seek.map_err(|error| unreadable(FilePath::new(tag), &error))?;
    headers.insert(header::CONTENT_LENGTH, (until - from).into());
    let place = format!("bytes {from}-{}/{bytes}", until - 1);
    headers.extend(HeaderValue::try_from(place).ok().map(|place| (header::CONTENT_RANGE, place)));
    let part = Body::from_stream(ReaderStream::new(file.take(until - from)));
    Ok((StatusCode::PARTIAL_CONTENT, headers, part).into_response())
}

/// The bytes that `range` (`0-99`, `100-` or `-100`) means: from this one up to, not including, that one.
fn within(range: &str, bytes: u64) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    let (from, until) = match (first.trim(), last.trim()) {
        ("", last) => (bytes.saturating_sub(last.parse().ok()?), bytes),
        (first, "") => (first.parse().ok()?, bytes),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(bytes)),
    };
    (from < until).then_some((from, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_within_the_file_or_is_refused() {
        let cases = [
            ("0-99", Some((0, 100))),
            ("100-", Some((100, 1000))),
            ("-100", Some((900, 1000))),
            ("-5000", Some((0, 1000))),
            ("990-2000", Some((990, 1000))),
            ("1000-", None),
            ("-0", None),
            ("5-2", None),
            ("a-b", None),
            ("18446744073709551615-18446744073709551615", None),
            ("", None),
        ];
        for (range, expected) in cases {
            assert_eq!(within(range, 1000), expected, "{range}");
        }
    }
}
