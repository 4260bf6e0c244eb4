//! Public do-not-call registers: what we have of each, and taking in a comparison.

use axum::body::Body;
use axum::extract::State;
use cadran_engine::model::Timestamp;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, SignedIn, Staff};
use super::check::{Check, is_plain_name};
use super::error::Error;
use super::extract::{Created, Json, Listing, Path, Query};
use crate::import::{Region, phone};
use crate::store::{Register, SCRUB_BATCH_MAX, digest};

/// The largest file: some eighty million numbers.
const SCRUB_BYTES_MAX: usize = 1 << 30;

/// No line with one number is longer.
const LINE_BYTES_MAX: usize = 200;

/// A public do-not-call register, and the last comparison with it. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Register)]
pub(super) struct RegisterBody {
    /// The name that rule packs use, such as `bloctel`.
    name: String,
    /// The edition that we have.
    version: String,
    /// When the register was consulted. Rule packs say how old that may be.
    checked_at: i64,
    /// How many numbers it lists.
    entries: u64,
    /// Who brought it.
    created_by: String,
}

fn body(register: Register) -> RegisterBody {
    RegisterBody {
        name: register.name,
        version: register.version,
        checked_at: register.checked_at.as_millis(),
        entries: register.entries,
        created_by: register.created_by,
    }
}

/// Which comparison is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Scrub {
    /// The edition, as the register names it.
    version: String,
    /// When the register was consulted, in milliseconds since 1970; not later than now.
    checked_at: i64,
}

/// What became of a comparison.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Scrubbed {
    /// How many numbers are listed.
    entries: u64,
    /// Lines that are neither a number nor a SHA-256.
    unusable: u64,
}

/// Lists the registers that were ever consulted.
#[utoipa::path(get, path = "/api/registers", tag = "compliance",
    responses((status = 200, body = Listing<RegisterBody>)))]
pub(super) async fn list(
    _: SignedIn<Staff>,
    State(app): State<App>,
) -> Result<Json<Listing<RegisterBody>>, Error> {
    let rows = app.store.registers().await?.into_iter().map(body).collect();
    Ok(Json(Listing { rows, next: None }))
}

/// Takes in a comparison with a register: a text with one listed number in each line, or the SHA-256 of its E.164 form
/// in hexadecimal. It takes the place of the one before when its last line is stored.
#[utoipa::path(post, path = "/api/registers/{register}/scrubs", tag = "compliance",
    params(("register" = String, Path), Scrub),
    request_body(content = String, content_type = "text/plain"), responses((status = 201, body = Scrubbed)))]
pub(super) async fn scrub(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(scrub): Query<Scrub>,
    file: Body,
) -> Result<Created<Json<Scrubbed>>, Error> {
    let now = app.now();
    let checked_at = Timestamp::from_millis(scrub.checked_at);
    let mut check = Check::default();
    check
        .that(is_plain_name(&name), "/register", "sip_name")
        .name(&scrub.version, "/version")
        .that(checked_at <= now, "/checked_at", "not_later")
        .done()?;
    let by = session.id().to_string();
    let id = app.store.begin_scrub(&name, &scrub.version, checked_at, &by, now).await?;
    let mut lines = Lines::default();
    let mut batch = Vec::new();
    let mut file = file.into_data_stream();
    let mut is_over = false;
    while !is_over {
        match file.next().await {
            Some(piece) => lines.push(&piece.map_err(|error| Error::BadBody(error.to_string()))?)?,
            None => is_over = lines.end(),
        }
        batch.append(&mut lines.listed);
        while batch.len() >= SCRUB_BATCH_MAX || (is_over && !batch.is_empty()) {
            let next: Vec<String> = batch.drain(..batch.len().min(SCRUB_BATCH_MAX)).collect();
            app.store.add_listed(id, &next).await?;
        }
    }
    let entries = app.store.end_scrub(id).await?;
    tracing::info!(register = name, entries, user.id = %by, "a register was consulted");
    let body = Json(Scrubbed { entries, unusable: lines.unusable });
    Ok(Created { location: "/api/registers".to_owned(), body })
}

/// The lines of a file that comes in pieces.
#[derive(Debug, Default)]
struct Lines {
    bytes: usize,
    rest: Vec<u8>,
    listed: Vec<String>,
    unusable: u64,
}

impl Lines {
    fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.bytes += piece.len();
        if self.bytes > SCRUB_BYTES_MAX {
            return Err(Error::BodyTooLarge { limit: SCRUB_BYTES_MAX });
        }
        for byte in piece {
            match byte {
                b'\n' | b'\r' => self.line_ended(),
                byte if self.rest.len() <= LINE_BYTES_MAX => self.rest.push(*byte),
                _ => {}
            }
        }
        Ok(())
    }

    /// The file is over. Always true.
    fn end(&mut self) -> bool {
        self.line_ended();
        true
    }

    fn line_ended(&mut self) {
        let line = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim().trim_matches('"');
        if text.is_empty() {
            return;
        }
        match listed(text) {
            Some(digest) => self.listed.push(digest),
            None => self.unusable += 1,
        }
    }
}

/// The digest of a number in writing, or the digest that is written.
fn listed(text: &str) -> Option<String> {
    const SHA256_DIGITS: usize = 64;
    if text.len() == SHA256_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(text.to_ascii_lowercase());
    }
    phone::parse(text, Region::FR).ok().map(digest)
}
