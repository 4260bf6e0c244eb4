//! Imports: a waiting file on its way into a list, and the report of each row.

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use cadran_engine::model::{ListId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{CampaignManager, ExportsLeads, SeesNumbers, SignedIn, Staff};
use super::check::Check;
use super::compliance::{self, DeniedBody};
use super::error::Error;
use super::extract::{Created, Json, Listing, Path, Query, page};
use super::lists;
use super::uploads::{FileRows, Reading, UploadId, blocking, remove_file, rows};
use crate::import::{self, Reason, Verdict, safe_cell};
use crate::store::{
    HistoryOrder, Import, ImportId, ImportOutcome, ImportReport, ImportRow, ImportState, NewConsent, NewLead,
    Page, RowContent,
};
use crate::words::Language;

const NOUN: &str = "import";

/// Rows that go to the store at a time: a transaction of some tens of milliseconds.
const BATCH_ROWS: usize = 1000;

/// Batches that are read ahead of the store.
const BATCHES_AHEAD: usize = 2;

/// An import. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Import)]
pub(super) struct ImportBody {
    id: ImportId,
    list: ListId,
    file_name: String,
    created_by: Option<UserId>,
    /// `running`, `finished` or `failed`.
    #[schema(value_type = String)]
    state: ImportState,
    /// Why it failed. The rows up to `rows` are stored.
    problem: Option<String>,
    /// Rows that are stored.
    rows: u32,
    /// Rows that became leads.
    accepted: u32,
    /// Rows that brought a lead up to date.
    merged: u32,
    refused: u32,
    /// Leads of the import that the law would have let anybody call when all of them were stored. None before that, and
    /// where the campaign has no seller.
    callable: Option<u64>,
    /// The others that are not done, by reason.
    denied: BTreeMap<&'static str, DeniedBody>,
    started_at: i64,
    ended_at: Option<i64>,
}

fn body(import: Import, language: Language) -> ImportBody {
    let callable = import.judged.as_ref().map(|judged| judged.callable);
    ImportBody {
        callable,
        denied: compliance::denied(import.judged.unwrap_or_default().denied, language),
        id: import.id,
        list: import.list,
        file_name: import.file_name,
        created_by: import.created_by,
        state: import.state,
        problem: import.problem,
        rows: import.rows_done,
        accepted: import.accepted,
        merged: import.merged,
        refused: import.refused,
        started_at: import.started_at.as_millis(),
        ended_at: import.ended_at.map(Timestamp::as_millis),
    }
}

/// A file that is to be imported.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewImport {
    /// The waiting file. It is removed when it was read.
    #[schema(value_type = String)]
    upload: UploadId,
    /// How people call the file.
    file_name: String,
    /// How to read it. What is left out is guessed.
    #[serde(default)]
    reading: Reading,
}

/// Which imports are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportQuery {
    /// Into one list.
    list: Option<ListId>,
    /// `latest` first (unless told otherwise) or `earliest` first.
    #[param(value_type = Option<String>)]
    order: Option<HistoryOrder>,
    /// `next` of the page before.
    after: Option<ImportId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists imports, the latest first unless told otherwise.
#[utoipa::path(get, path = "/api/imports", tag = "imports", params(ImportQuery),
    responses((status = 200, body = Listing<ImportBody>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
    Query(query): Query<ImportQuery>,
) -> Result<Json<Listing<ImportBody>>, Error> {
    let page = page(query.after, query.limit);
    let imports = session.store(&app).imports(query.list, query.order.unwrap_or_default(), page).await?;
    Ok(Listing::of(&page, imports, |import| import.id, |import| body(import, language)))
}

/// Begins to import a waiting file into a list. It goes on by itself; see the import for how far it is.
#[utoipa::path(post, path = "/api/lists/{list}/imports", tag = "imports", params(("list" = ListId, Path)),
    responses((status = 201, body = ImportBody)))]
pub(super) async fn begin(
    session: SignedIn<CampaignManager>,
    State(app): State<App>,
    language: Language,
    Path(list): Path<ListId>,
    Json(new): Json<NewImport>,
) -> Result<Created<Json<ImportBody>>, Error> {
    let campaign = lists::find(&app, list).await?.value.campaign;
    Check::default().name(&new.file_name, "/file_name").done()?;
    let file = new.upload.file(&app);
    let (header, rows) = {
        let file = file.clone();
        blocking(move || rows(&file, new.reading)).await??
    };
    // A consent is given to somebody.
    if rows.brings_consents() {
        let kept = app.store.campaign(campaign).await?;
        let has_seller = kept.is_some_and(|kept| kept.value.settings.compliance.seller.is_some());
        Check::default().that(has_seller, "/reading/columns", "consent_needs_seller").done()?;
    }
    let header = to_line(&header.unwrap_or_default());
    let user = Some(session.id());
    let import = app.store.begin_import(list, &new.file_name, &header, user, app.now()).await?;
    let id = import.id;
    tokio::spawn(run(app, id, file, rows));
    Ok(Created { location: format!("/api/imports/{id}"), body: Json(body(import, language)) })
}

/// Reads the file on one thread while the store takes what was read, so that neither waits for the other for long
/// and no more than [`BATCHES_AHEAD`] batches are in memory.
async fn run(app: App, id: ImportId, file: PathBuf, rows: FileRows) {
    let (batches, mut to_store) = mpsc::channel(BATCHES_AHEAD);
    let reader = tokio::task::spawn_blocking(move || read_batches(rows, &batches));
    let mut problem = None;
    while let Some(batch) = to_store.recv().await {
        if let Err(error) = app.store.import_rows(id, batch, app.now()).await {
            problem = Some(error.to_string());
            break;
        }
    }
    drop(to_store);
    match reader.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            problem = problem.or(Some(format!("the file could not be read to its end: {error}")))
        }
        Err(error) => problem = problem.or(Some(format!("reading the file ended early: {error}"))),
    }
    match &problem {
        Some(problem) => {
            tracing::error!(import = id, problem, "an import stopped before the end of its file")
        }
        None => tracing::info!(import = id, "an import is finished"),
    }
    if problem.is_none()
        && let Err(error) = app.store.judge_import(id, app.now()).await
    {
        tracing::warn!(import = id, %error, "the law could not be asked about the leads of an import");
    }
    // Before the end is told: whoever hears of it may rely on the file being gone.
    remove_file(&file);
    if let Err(error) = app.store.end_import(id, problem.as_deref(), app.now()).await {
        tracing::error!(import = id, %error, "the end of an import could not be stored");
    }
}

/// Reads to the end of the file, or until nobody takes the batches any more.
fn read_batches(mut rows: FileRows, batches: &mpsc::Sender<Vec<ImportRow>>) -> std::io::Result<()> {
    loop {
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        while batch.len() < BATCH_ROWS
            && let Some(row) = rows.next_row()?
        {
            batch.push(import_row(row));
        }
        if batch.is_empty() || batches.blocking_send(batch).is_err() {
            return Ok(());
        }
    }
}

fn import_row(row: import::Row) -> ImportRow {
    let text = to_line(&row.cells);
    let (content, remarks) = match row.verdict {
        // The store merges rows with the same number: in one batch, and with what the list has.
        Verdict::Accepted { lead, left_out, .. } => (RowContent::Lead(new_lead(lead)), left_out),
        Verdict::Refused(reason) => (RowContent::Refused, vec![(0, reason)]),
    };
    ImportRow { number: row.number, text, content, remark: write_remarks(&remarks) }
}

/// Columns, counted from 0, and reasons as the store keeps them: `1:phone_invalid,2:phone_mangled`.
fn write_remarks(remarks: &[(usize, Reason)]) -> Option<String> {
    let texts: Vec<String> =
        remarks.iter().map(|(column, reason)| format!("{column}:{}", reason.as_str())).collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

fn read_remarks(text: &str) -> impl Iterator<Item = (usize, Reason)> {
    text.split(',').filter_map(|remark| {
        let (column, reason) = remark.split_once(':')?;
        Some((column.parse().ok()?, Reason::from_word(reason)?))
    })
}

/// What was read of a lead, as the store takes it.
pub(super) fn new_lead(lead: import::NewLead) -> NewLead {
    NewLead {
        name: lead.name(),
        phone: lead.phone,
        alternates: lead.alternates,
        zone: lead.zone,
        priority: 0,
        fields: lead.fields.into_iter().map(|(name, text)| (name, text.into())).collect(),
        consent: lead.consent.map(|consent| {
            Box::new(NewConsent {
                purpose: consent.purpose,
                text_version: consent.text_version,
                source: consent.source,
                given_at: consent.given_at,
                evidence: consent.evidence,
                expires_at: consent.expires_at,
                hours_waiver: consent.hours_waiver,
                written: consent.written,
            })
        }),
    }
}

/// One import, and how far it is.
#[utoipa::path(get, path = "/api/imports/{import}", tag = "imports", params(("import" = ImportId, Path)),
    responses((status = 200, body = ImportBody)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    language: Language,
    Path(id): Path<ImportId>,
) -> Result<Json<ImportBody>, Error> {
    Ok(Json(body(find(&app, id).await?, language)))
}

/// A row of the file and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RowReport {
    /// Counts from 1, without the header and without empty lines.
    row: u32,
    /// As it stands in the file.
    cells: Vec<String>,
    /// `accepted`, `merged` or `refused`.
    #[schema(value_type = String)]
    outcome: ImportOutcome,
    /// Why it was refused, or which further numbers were left out and why.
    remarks: Vec<Remark>,
}

/// Why a row was refused, or a cell left out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Remark {
    /// The cell that was left out, counted from 0; none when the whole row was refused.
    cell: Option<usize>,
    reason: Reason,
    /// The reason in words, and how to mend it.
    words: &'static str,
}

/// Which rows are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct RowQuery {
    /// Only rows that were refused.
    #[serde(default)]
    refused: bool,
    /// `next` of the page before.
    after: Option<u32>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// What became of each row, in the order of the file.
#[utoipa::path(get, path = "/api/imports/{import}/rows", tag = "imports", params(("import" = ImportId, Path), RowQuery),
    responses((status = 200, body = Listing<RowReport>)))]
pub(super) async fn report(
    _: SignedIn<SeesNumbers>,
    State(app): State<App>,
    Path(id): Path<ImportId>,
    Query(query): Query<RowQuery>,
    language: Language,
) -> Result<Json<Listing<RowReport>>, Error> {
    find(&app, id).await?;
    let page = page(query.after, query.limit);
    let rows = app.store.import_report(id, query.refused, page).await?;
    Ok(Listing::of(&page, rows, |row| row.number, |row| row_report(&row, language)))
}

fn row_report(row: &ImportReport, language: Language) -> RowReport {
    let remark = |(column, reason): (usize, Reason)| Remark {
        cell: (row.outcome != ImportOutcome::Refused).then_some(column),
        reason,
        words: reason.words(language),
    };
    RowReport {
        row: row.number,
        cells: from_line(&row.text),
        outcome: row.outcome,
        remarks: read_remarks(row.remark.as_deref().unwrap_or_default()).map(remark).collect(),
    }
}

/// The refused rows as a file to mend and import again, with the reason in a last column.
#[utoipa::path(get, path = "/api/imports/{import}/refused.csv", tag = "imports",
    params(("import" = ImportId, Path)),
    responses((status = 200, description = "The refused rows", body = str, content_type = "text/csv")))]
pub(super) async fn refused(
    _: SignedIn<ExportsLeads>,
    State(app): State<App>,
    Path(id): Path<ImportId>,
    language: Language,
) -> Result<impl IntoResponse, Error> {
    let import = find(&app, id).await?;
    let header = from_line(&import.header);
    let mut file = BYTE_ORDER_MARK.to_owned();
    let mut column = header.clone();
    column.push(REASON_COLUMN.to_owned());
    file.push_str(&to_line(&column));
    let mut page = Page::first();
    while page.after < Some(u32::MAX) {
        let rows = app.store.import_report(id, true, page).await?;
        let Some(last) = rows.last().map(|row| row.number) else {
            break;
        };
        for row in &rows {
            let report = row_report(row, language);
            let mut cells: Vec<String> =
                report.cells.iter().map(|cell| safe_cell(cell).into_owned()).collect();
            cells.resize(cells.len().max(header.len()), String::new());
            cells.extend(report.remarks.iter().map(|remark| remark.words.to_owned()));
            file.push_str(&to_line(&cells));
        }
        page.after = Some(last);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"import-{id}-refused.csv\"")),
    ];
    Ok((headers, file))
}

/// The header of the column with reasons. Such a column of a file that comes back is ignored.
const REASON_COLUMN: &str = import::columns::REASON_HEADER;

/// A spreadsheet takes a file for UTF-8 only when it begins with the mark.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Cells as a line of a CSV file.
pub(super) fn to_line(cells: &[String]) -> String {
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    // Writing to memory cannot fail, and what went in as UTF-8 comes out as such.
    let _ = writer.write_record(cells);
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// The cells of such a line.
fn from_line(line: &str) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b';').has_headers(false).from_reader(line.as_bytes());
    let first = reader.records().next();
    first.and_then(Result::ok).map(|record| record.iter().map(str::to_owned).collect()).unwrap_or_default()
}

async fn find(app: &App, id: ImportId) -> Result<Import, Error> {
    app.store.import(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
