//! The sound of recordings, whole, in part, or many at a time.

use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cadran_engine::model::RecordingId;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{DownloadsRecordings, PlaysRecordings, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Json, Path, Query};
use super::recordings::{NOUN, find};
use crate::archive::{self, Readable};
use crate::store::{ArchiveState, FileKind, RecordingRecord};

/// Recordings of one export.
const EXPORT_MAX: usize = 500;
/// Pieces of an export that wait for a slow reader.
const PIECES_MAX: usize = 4;
/// Bytes of a block of a tar file.
const TAR_BLOCK: usize = 512;

/// In which form the sound is wanted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecordingFormat)]
enum Format {
    /// Ogg Opus.
    Opus,
    /// As it was recorded, as far as that is kept.
    Wav,
}

/// In which form the sound is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AudioQuery {
    /// `opus` or `wav`. Without it the encoded file, or the recorded one until that is there.
    format: Option<Format>,
}

/// The sound of a recording, whole or in part (`Range`). Each listening is in the audit log.
#[utoipa::path(get, path = "/api/recordings/{recording}/audio", tag = "recordings",
    params(("recording" = RecordingId, Path), AudioQuery),
    responses((status = 200, description = "The whole file", content_type = "audio/ogg"),
        (status = 206, description = "A part of the file", content_type = "audio/ogg")))]
pub(super) async fn audio(
    session: SignedIn<PlaysRecordings>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
    Query(query): Query<AudioQuery>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let record = find(&app, id).await?;
    let wanted = match query.format {
        None => &[FileKind::Opus, FileKind::Wav][..],
        Some(Format::Opus) => &[FileKind::Opus],
        Some(Format::Wav) => &[FileKind::Wav],
    };
    let sound = open(&app, &record, wanted).await?;
    tracing::info!(target: "audit", { user.id = %session.id(), recording.id = %id }, "recording listened to");
    serve(&app, id, sound, &headers)
}

/// What a recording looks like: for each side the lowest and the highest sample of each span.
#[utoipa::path(get, path = "/api/recordings/{recording}/waveform", tag = "recordings",
    params(("recording" = RecordingId, Path)),
    responses((status = 200, description = "The drawing", content_type = "application/json")))]
pub(super) async fn waveform(
    _session: SignedIn<PlaysRecordings>,
    State(app): State<App>,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let record = find(&app, id).await?;
    let drawing = open(&app, &record, &[FileKind::Waveform]).await?;
    serve(&app, id, drawing, &headers)
}

/// Opens the first of the wanted files that there is. Until a recording is archived there is what was recorded.
async fn open(app: &App, record: &RecordingRecord, wanted: &[FileKind]) -> Result<Readable, Error> {
    let missing = || Error::not_found(NOUN, record.id);
    let facts = record.state.facts().ok_or_else(missing)?;
    let opened = match record.archive {
        ArchiveState::None | ArchiveState::Deleting | ArchiveState::Deleted => return Err(missing()),
        ArchiveState::Waiting if wanted.contains(&FileKind::Wav) => {
            app.depot.open_recorded(&facts.path).await
        }
        ArchiveState::Waiting => return Err(missing()),
        ArchiveState::Stored | ArchiveState::Done => {
            let files = app.store.kept_files(record.id).await?;
            let file = wanted.iter().find_map(|kind| files.iter().find(|file| file.kind == *kind));
            app.depot.open(file.ok_or_else(missing)?.clone()).await
        }
    };
    opened.map_err(|problem| {
        tracing::error!(recording.id = %record.id, "a file of a recording cannot be read: {problem}");
        match problem {
            archive::Error::Tampered => Error::FileTampered(NOUN),
            _ => Error::FileUnreadable(NOUN),
        }
    })
}

/// Answers with the file, or with the part of it that was asked for (RFC 9110 §14).
fn serve(app: &App, id: RecordingId, file: Readable, asked: &HeaderMap) -> Result<Response, Error> {
    let (bytes, tag) = (file.bytes(), tag(id, &file));
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Kept by the browser that heard it, asked about each time.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(file.kind())));
    headers.extend(HeaderValue::try_from(&tag).ok().map(|tag| (header::ETAG, tag)));
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|known| known.trim() == tag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // A range of a file that has changed since (RFC 9110 §13.1.5) is answered with the whole.
    let current = text(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = text(header::RANGE).filter(|_| current).and_then(|range| range.strip_prefix("bytes="));
    // Several ranges in one answer are optional (§14.2); no player asks for them.
    let Some(range) = range.filter(|range| !range.contains(',')) else {
        headers.insert(header::CONTENT_LENGTH, bytes.into());
        return Ok((headers, Body::from_stream(app.depot.stream(file, 0..bytes))).into_response());
    };
    let part = within(range, bytes).ok_or(Error::BadRange { bytes })?;
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    let place = format!("bytes {}-{}/{bytes}", part.start, part.end - 1);
    headers.extend(HeaderValue::try_from(place).ok().map(|place| (header::CONTENT_RANGE, place)));
    let part = Body::from_stream(app.depot.stream(file, part));
    Ok((StatusCode::PARTIAL_CONTENT, headers, part).into_response())
}

fn tag(id: RecordingId, file: &Readable) -> String {
    match file {
        Readable::Recorded { bytes, .. } => format!("\"{id}-{bytes}\""),
        Readable::Large(file) | Readable::Whole(file, _) => format!("\"{}\"", file.sha256),
    }
}

const fn media_type(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Opus => "audio/ogg",
        FileKind::Wav => "audio/wav",
        FileKind::Waveform => "application/json",
    }
}

/// The bytes that `range` (`0-99`, `100-` or `-100`) means.
fn within(range: &str, bytes: u64) -> Option<Range<u64>> {
    let (first, last) = range.split_once('-')?;
    let (from, until) = match (first.trim(), last.trim()) {
        ("", last) => (bytes.saturating_sub(last.parse().ok()?), bytes),
        (first, "") => (first.parse().ok()?, bytes),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1).min(bytes)),
    };
    (from < until).then_some(from..until)
}

/// Which recordings are wanted together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Export {
    /// Up to 500.
    recordings: Vec<RecordingId>,
}

/// What became of a recording in an export: a line of its `index.json`.
#[derive(Debug, Serialize)]
struct Exported {
    recording: RecordingId,
    file: Option<String>,
    started_at: Option<i64>,
    duration: Option<u64>,
    /// Why there is no file.
    problem: Option<String>,
}

/// Many recordings as one tar file, with an `index.json` at its end that says what became of each. It is in the audit
/// log, with every recording.
#[utoipa::path(post, path = "/api/recordings/export", tag = "recordings", request_body = Export,
    responses((status = 200, description = "The tar file", content_type = "application/x-tar")))]
pub(super) async fn export(
    session: SignedIn<DownloadsRecordings>,
    State(app): State<App>,
    Json(wanted): Json<Export>,
) -> Result<Response, Error> {
    let mut check = Check::default();
    check.count(wanted.recordings.len(), EXPORT_MAX, "/recordings");
    check.done()?;
    for id in wanted.recordings.iter().filter(|_| !session.scope.is_everything()) {
        let owner = app.store.owner_of_call(id.call).await?;
        if !owner.is_some_and(|owner| owner.is_within(&session.scope)) {
            return Err(Error::not_found(NOUN, id));
        }
    }
    for id in &wanted.recordings {
        tracing::info!(target: "audit", { user.id = %session.id(), recording.id = %id }, "recording exported");
    }
    let (pieces, sent) = mpsc::channel(PIECES_MAX);
    // A reader who leaves closes the channel, and the task ends at the next piece.
    tokio::spawn(async move {
        let _ = write_tar(&app, wanted.recordings, &pieces).await;
    });
    let body = stream::unfold(sent, |mut sent| async { sent.recv().await.map(|piece| (piece, sent)) });
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"recordings.tar\""),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// The reader has left.
struct Left;

type Pieces = mpsc::Sender<io::Result<Bytes>>;

async fn write_tar(app: &App, ids: Vec<RecordingId>, pieces: &Pieces) -> Result<(), Left> {
    let mut index = Vec::with_capacity(ids.len());
    for id in ids {
        index.push(write_recording(app, id, pieces).await?);
    }
    let index = Bytes::from(serde_json::to_vec_pretty(&index).unwrap_or_default());
    let bytes = index.len() as u64;
    write_entry("index.json", bytes, stream::once(async { Ok(index) }), pieces).await?;
    send(Bytes::from_static(&[0; 2 * TAR_BLOCK]), pieces).await
}

async fn write_recording(app: &App, id: RecordingId, pieces: &Pieces) -> Result<Exported, Left> {
    let mut line = Exported { recording: id, file: None, started_at: None, duration: None, problem: None };
    let found = match find(app, id).await {
        Ok(record) => {
            line.started_at = Some(record.started_at.as_millis());
            let facts = record.state.facts();
            line.duration = facts.and_then(|facts| u64::try_from(facts.duration.as_millis()).ok());
            open(app, &record, &[FileKind::Opus, FileKind::Wav]).await
        }
        Err(problem) => Err(problem),
    };
    match found {
        Ok(sound) => {
            let name = format!("{id}.{}", sound.kind().as_str());
            let bytes = sound.bytes();
            write_entry(&name, bytes, app.depot.stream(sound, 0..bytes), pieces).await?;
            line.file = Some(name);
        }
        Err(Error::FileTampered(_)) => {
            line.problem = Some("the file was changed after it was kept".to_owned())
        }
        Err(_) => line.problem = Some("there is no file that can be read".to_owned()),
    }
    Ok(line)
}

/// One file of the tar: its header, its bytes, and zeros up to a whole block.
async fn write_entry(
    name: &str,
    bytes: u64,
    content: impl futures_util::Stream<Item = io::Result<Bytes>>,
    pieces: &Pieces,
) -> Result<(), Left> {
    let mut header = tar::Header::new_ustar();
    // Our own names: an id and a short extension.
    let _ = header.set_path(name);
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_cksum();
    send(Bytes::copy_from_slice(header.as_bytes()), pieces).await?;
    let mut content = std::pin::pin!(content);
    while let Some(piece) = content.next().await {
        // A piece that cannot be read breaks the answer off: the reader sees that the tar is cut.
        pieces.send(piece).await.map_err(|_| Left)?;
    }
    let rest = usize::try_from(bytes % TAR_BLOCK as u64).unwrap_or(0);
    let padding = (TAR_BLOCK - rest) % TAR_BLOCK;
    send(Bytes::from(vec![0; padding]), pieces).await
}

async fn send(piece: Bytes, pieces: &Pieces) -> Result<(), Left> {
    pieces.send(Ok(piece)).await.map_err(|_| Left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_within_the_file_or_is_refused() {
        let cases = [
            ("0-99", Some(0..100)),
            ("100-", Some(100..1000)),
            ("-100", Some(900..1000)),
            ("-5000", Some(0..1000)),
            ("990-2000", Some(990..1000)),
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
