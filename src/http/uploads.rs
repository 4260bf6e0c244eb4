//! Files of leads that wait to be imported: sending them, looking at them, checking them row by row.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::{Path as FilePath, PathBuf};
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::State;
use cadran_engine::model::Zone;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use utoipa::ToSchema;

use super::app::App;
use super::auth::{CampaignManager, SignedIn};
use super::check::{Check, is_field_name};
use super::error::Error;
use super::extract::{Created, Json, NoContent, Path};
use crate::hex;
use crate::import::{self, Column, Meaning, Plan, Reason, Region, Rows, Sample, Verdict};
use crate::words::Language;

const NOUN: &str = "upload";

/// The largest file: about two million leads.
const UPLOAD_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Files that may wait at a time.
const UPLOADS_MAX: usize = 20;

/// How long a file waits before it is removed: it holds personal data.
const UPLOAD_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// The country of numbers without a country code, unless somebody says otherwise, and where people live of whom nothing
/// tells.
pub(super) const DEFAULT_REGION: Region = Region::FR;
pub(super) const DEFAULT_ZONE: &str = "Europe/Paris";

/// Refused rows that a check shows.
const EXAMPLES_MAX: usize = 20;

/// The name of a waiting file: 128 random bits, so that nobody finds another's by guessing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
pub(super) struct UploadId(String);

impl FromStr for UploadId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bits = text.strip_prefix("upl_").unwrap_or_default();
        let fine = bits.len() == 32 && bits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if fine {
            Ok(Self(text.to_owned()))
        } else {
            Err("not an upload's name: it must read `upl_` and 32 hexadecimal digits")
        }
    }
}

impl TryFrom<String> for UploadId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl UploadId {
    pub(super) fn file(&self, app: &App) -> PathBuf {
        app.settings.uploads_dir.join(&self.0)
    }
}

/// A waiting file, and what it probably is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Upload {
    id: String,
    bytes: u64,
    /// The names of the columns, when the first row has them.
    header: Option<Vec<String>>,
    /// How it would be read: change what is wrong and send it with a check or an import.
    reading: Reading,
    /// The first rows.
    rows: Vec<Vec<String>>,
}

/// How to read a file. What is left out is guessed from the file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Reading {
    /// Such as `utf-8` or `windows-1252`.
    encoding: Option<String>,
    /// What stands between two cells: `;`, `,`, `|` or a tab.
    delimiter: Option<char>,
    /// Whether the first row names the columns.
    has_header: Option<bool>,
    /// What each column holds.
    columns: Option<Vec<Column>>,
    /// The country of numbers without a country code; by default FR.
    region: Option<String>,
    /// The time zone of leads whose row and number do not tell; by default Europe/Paris.
    zone: Option<String>,
}

impl Reading {
    /// The plan that this and the guesses make together.
    fn plan(self, guess: Sample) -> Result<Plan, Error> {
        let label = self.encoding.as_deref();
        let encoding = label.map_or(Some(guess.encoding), import::text::encoding);
        let delimiter = self.delimiter.map_or(Some(guess.delimiter), |letter| u8::try_from(letter).ok());
        let delimiter = delimiter.filter(|byte| b";,\t|".contains(byte));
        let zone: Result<Zone, _> = self.zone.as_deref().unwrap_or(DEFAULT_ZONE).parse();
        let region = self.region();
        let columns = self.columns.unwrap_or(guess.columns);
        let mut check = Check::default();
        check
            .that(encoding.is_some(), "/reading/encoding", "encoding")
            .that(delimiter.is_some(), "/reading/delimiter", "delimiter")
            .that(zone.is_ok(), "/reading/zone", "zone")
            .that(region.is_some(), "/reading/region", "region")
            .that(columns.contains(&Column::Phone), "/reading/columns", "phone_columns")
            .count(columns.len(), import::record::COLUMNS_MAX, "/reading/columns");
        for (index, column) in columns.iter().enumerate() {
            if let Column::Field { name } = column {
                check.that(is_field_name(name), format!("/reading/columns/{index}"), "field_name");
            }
        }
        check.done()?;
        let (Some(encoding), Some(delimiter), Ok(zone), Some(region)) = (encoding, delimiter, zone, region)
        else {
            return Err(Error::Internal("a check let a missing value through".to_owned()));
        };
        Ok(Plan {
            encoding,
            delimiter,
            has_header: self.has_header.unwrap_or(guess.header.is_some()),
            meaning: Meaning { columns, region, zone },
        })
    }

    fn region(&self) -> Option<Region> {
        self.region.as_deref().map_or(Some(DEFAULT_REGION), import::phone::region)
    }
}

/// Takes in a file of leads, as the body of the request, and guesses how to read it. It waits for a day.
#[utoipa::path(post, path = "/api/uploads", tag = "imports",
    request_body(content = Vec<u8>, content_type = "text/csv"), responses((status = 201, body = Upload)))]
pub(super) async fn create(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    body: Body,
) -> Result<Created<Json<Upload>>, Error> {
    let directory = app.settings.uploads_dir.clone();
    blocking(move || make_room(&directory)).await??;
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    let id = UploadId(format!("upl_{}", hex::of(&bits)));
    let file = id.file(&app);
    if let Err(error) = receive(body, &file).await {
        remove_file(&file);
        return Err(error);
    }
    Ok(Created { location: format!("/api/uploads/{}", id.0), body: Json(look(&app, id).await?) })
}

/// Writes a body to a file that only we can read.
async fn receive(body: Body, file: &FilePath) -> Result<(), Error> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut written = options.open(file).await.map_err(unwritable)?;
    let mut pieces = body.into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| Error::BadBody(error.to_string()))?;
        bytes += piece.len();
        if bytes > UPLOAD_BYTES_MAX {
            return Err(Error::BodyTooLarge { limit: UPLOAD_BYTES_MAX });
        }
        written.write_all(&piece).await.map_err(unwritable)?;
    }
    written.flush().await.map_err(unwritable)
}

/// A waiting file, and what it probably is.
#[utoipa::path(get, path = "/api/uploads/{upload}", tag = "imports", params(("upload" = String, Path)),
    responses((status = 200, body = Upload)))]
pub(super) async fn read(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<UploadId>,
) -> Result<Json<Upload>, Error> {
    Ok(Json(look(&app, id).await?))
}

/// Removes a waiting file.
#[utoipa::path(delete, path = "/api/uploads/{upload}", tag = "imports", params(("upload" = String, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<UploadId>,
) -> Result<NoContent, Error> {
    remove_file(&id.file(&app));
    Ok(NoContent)
}

async fn look(app: &App, id: UploadId) -> Result<Upload, Error> {
    let file = id.file(app);
    let (sample, bytes) = blocking(move || {
        let file = open(&file)?;
        let bytes = file.metadata().map_err(unwritable)?.len();
        let sample = import::sniff(BufReader::new(file), DEFAULT_REGION).map_err(unwritable)?;
        Ok::<_, Error>((sample, bytes))
    })
    .await??;
    Ok(Upload {
        id: id.0,
        bytes,
        reading: Reading {
            encoding: Some(sample.encoding.name().to_lowercase()),
            delimiter: Some(char::from(sample.delimiter)),
            has_header: Some(sample.header.is_some()),
            columns: Some(sample.columns),
            region: Some("FR".to_owned()),
            zone: Some(DEFAULT_ZONE.to_owned()),
        },
        header: sample.header,
        rows: sample.rows,
    })
}

/// What an import would do.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Checked {
    rows: u32,
    /// Rows that would become leads, or bring leads of the list up to date.
    accepted: u32,
    /// Rows that bring an earlier row of the file up to date.
    merged: u32,
    refused: u32,
    /// How many rows are refused for which reason.
    reasons: BTreeMap<&'static str, Count>,
    /// Further numbers of accepted rows that would be left out, by reason.
    left_out: BTreeMap<&'static str, Count>,
    /// The first refused rows.
    examples: Vec<Example>,
}

/// How often something happens.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Count {
    count: u32,
    /// What it means, and how to mend it.
    words: &'static str,
}

/// A refused row.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Example {
    /// Counts from 1, without the header and without empty lines.
    row: u32,
    cells: Vec<String>,
    reason: Reason,
    words: &'static str,
}

/// Reads a waiting file to its end and says what an import would do. Nothing is stored.
#[utoipa::path(post, path = "/api/uploads/{upload}/check", tag = "imports", params(("upload" = String, Path)),
    responses((status = 200, body = Checked)))]
pub(super) async fn check(
    _: SignedIn<CampaignManager>,
    State(app): State<App>,
    Path(id): Path<UploadId>,
    language: Language,
    Json(reading): Json<Reading>,
) -> Result<Json<Checked>, Error> {
    let file = id.file(&app);
    let checked = blocking(move || {
        let mut rows = rows(&file, reading)?.1;
        let mut checked = Checked::default();
        while let Some(row) = rows.next_row().map_err(unwritable)? {
            checked.count(row, language);
        }
        Ok::<_, Error>(checked)
    });
    Ok(Json(checked.await??))
}

impl Checked {
    fn count(&mut self, row: import::Row, language: Language) {
        let tally = |counts: &mut BTreeMap<&'static str, Count>, reason: Reason| {
            let entry = counts.entry(reason.as_str()).or_default();
            entry.count += 1;
            entry.words = reason.words(language);
        };
        self.rows += 1;
        match row.verdict {
            Verdict::Accepted { left_out, merged_into, .. } => {
                *(if merged_into.is_some() { &mut self.merged } else { &mut self.accepted }) += 1;
                for (_, reason) in left_out {
                    tally(&mut self.left_out, reason);
                }
            }
            Verdict::Refused(reason) => {
                self.refused += 1;
                tally(&mut self.reasons, reason);
                if self.examples.len() < EXAMPLES_MAX {
                    self.examples.push(Example {
                        row: row.number,
                        cells: row.cells,
                        reason,
                        words: reason.words(language),
                    });
                }
            }
        }
    }
}

/// The rows of a waiting file.
pub(super) type FileRows = Rows<BufReader<fs::File>>;

/// The header of a waiting file, and its rows as `reading` and the guesses say. Blocks on the disk.
pub(super) fn rows(file: &FilePath, reading: Reading) -> Result<(Option<Vec<String>>, FileRows), Error> {
    let region = reading.region().unwrap_or(DEFAULT_REGION);
    let guess = import::sniff(BufReader::new(open(file)?), region).map_err(unwritable)?;
    let header = guess.header.clone();
    let plan = reading.plan(guess)?;
    Ok((header, Rows::new(BufReader::new(open(file)?), plan)))
}

/// Work that waits for the disk or the processor, away from the tasks that answer.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Internal(format!("reading a file ended early: {error}")))
}

pub(super) fn remove_file(file: &FilePath) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(file = %file.display(), %error, "an uploaded file could not be removed");
    }
}

fn open(file: &FilePath) -> Result<fs::File, Error> {
    fs::File::open(file).map_err(|_| Error::not_found(NOUN, file.file_name().unwrap_or_default().display()))
}

fn unwritable(error: std::io::Error) -> Error {
    Error::Internal(format!("the directory for uploads: {error}"))
}

/// Removes files that have waited too long; refuses another when as many wait as are kept.
fn make_room(directory: &FilePath) -> Result<(), Error> {
    fs::create_dir_all(directory).map_err(unwritable)?;
    let mut waiting = 0;
    for entry in fs::read_dir(directory).map_err(unwritable)? {
        let entry = entry.map_err(unwritable)?;
        let since = entry.metadata().and_then(|metadata| metadata.modified()).map_err(unwritable)?;
        if SystemTime::now().duration_since(since).is_ok_and(|age| age > UPLOAD_TIME) {
            remove_file(&entry.path());
        } else {
            waiting += 1;
        }
    }
    if waiting >= UPLOADS_MAX {
        return Err(Error::TooManyUploads { limit: UPLOADS_MAX });
    }
    Ok(())
}
