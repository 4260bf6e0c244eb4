//! Imports: files of leads, stored in batches.
//!
//! A batch is all or nothing, and the import counts the rows that are stored in the same transaction. An import that
//! was cut goes on with the row after [`Import::rows_done`]; a batch that was stored already is not stored again.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{CampaignId, LeadId, ListId, Phone, Timestamp, UserId, Zone};
use serde::{Deserialize, Serialize};

use super::db::{Lane, Select, Sql, Tx};
use super::dry_run::DryRun;
use super::value::{Row, args, json, without_nul};
use super::{Error, HistoryOrder, Page, Store, consent, erasure, only, person};

/// The number of an import.
pub type ImportId = i64;

/// Rows of a file that one batch may have. A thousand rows of a kilobyte are a megabyte of JSON on the way.
pub const IMPORT_BATCH_MAX: usize = 1000;

/// A lead as a file brings it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewLead {
    /// The preferred number. Rows of a list with the same one are one lead.
    pub phone: Phone,
    /// Other numbers of the same person, in the order in which they are tried.
    pub alternates: Vec<Phone>,
    /// How the person or company is called. May be empty.
    pub name: String,
    /// Where the lead lives, for calling hours.
    pub zone: Zone,
    /// Higher is dialled earlier. Zero says nothing of a lead that is there already.
    pub priority: i64,
    /// The columns that Cadran itself does not use.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// What the person has allowed the seller of the list's campaign.
    #[serde(skip)]
    pub consent: Option<Box<NewConsent>>,
}

/// A consent as a file brings it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConsent {
    /// For what.
    pub purpose: String,
    /// Which wording the person agreed to.
    pub text_version: String,
    /// Where it was given.
    pub source: String,
    /// When it was given.
    pub given_at: Timestamp,
    /// What proves it.
    pub evidence: String,
    /// Until when it holds, if not until it is taken back.
    pub expires_at: Option<Timestamp>,
    /// Whether the person may be called outside the hours of the law.
    pub hours_waiver: bool,
    /// Whether it was given in writing and signed.
    pub written: bool,
}

impl NewLead {
    /// Every number, the preferred one first.
    pub fn phones(&self) -> impl Iterator<Item = Phone> {
        std::iter::once(self.phone).chain(self.alternates.iter().copied())
    }
}

/// A row of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRow {
    /// Counts from 1, without the header.
    pub number: u32,
    /// The row as it was read, so that it can be downloaded again.
    pub text: String,
    /// What it says.
    pub content: RowContent,
    /// Why it is refused, or what was left out of it; for a person to read.
    pub remark: Option<String>,
}

/// What a row of the file says.
#[derive(Clone, Debug, PartialEq)]
pub enum RowContent {
    /// A lead.
    Lead(NewLead),
    /// Nothing usable.
    Refused,
    /// The same number as an earlier row, which stands for both.
    Repeated,
}

impl RowContent {
    const fn lead(&self) -> Option<&NewLead> {
        match self {
            Self::Lead(lead) => Some(lead),
            Self::Refused | Self::Repeated => None,
        }
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportOutcome {
    /// It is a lead.
    Accepted,
    /// The list or the file had a lead with this number before. A lead of the list was brought up to date.
    Merged,
    /// It is none.
    Refused,
}

/// A row and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Counts from 1, without the header.
    pub number: u32,
    /// The row as it was read.
    pub text: String,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// Why it was refused, or what was left out of it.
    pub remark: Option<String>,
}

/// A file of leads on its way into a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The row.
    pub id: ImportId,
    /// Where the leads go.
    pub list: ListId,
    /// The name of the file.
    pub file_name: String,
    /// The header line of the file as it was read.
    pub header: String,
    /// Who sent it.
    pub created_by: Option<UserId>,
    /// Where it stands.
    pub state: ImportState,
    /// Why it failed.
    pub problem: Option<String>,
    /// The last row that is stored.
    pub rows_done: u32,
    /// Rows that became leads.
    pub accepted: u32,
    /// Rows that brought a lead up to date.
    pub merged: u32,
    /// Rows that were refused.
    pub refused: u32,
    /// What the law said of its leads when all of them were stored; none before, and where the campaign calls on
    /// nobody's behalf.
    pub judged: Option<DryRun>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Rows are still to come.
    Running,
    /// Every row was read.
    Finished,
    /// It stopped before the end of the file. The rows up to then are stored.
    Failed,
}

/// Imports of one list take turns: two that bring the same numbers in different orders would wait for each other.
const LOCK: Sql = Sql {
    postgres: "select rows_done, list_id, campaign_id from import join list using (list_id) \
        where import_id = $1 and state = 'running' for no key update of import, list",
    sqlite: "select rows_done, list_id, campaign_id from import join list using (list_id) \
        where import_id = $1 and state = 'running'",
};

const KNOWN: Sql = Sql {
    postgres: "select phone from lead where list_id = $1 and phone in (select jsonb_array_elements_text($2))",
    sqlite: "select phone from lead where list_id = $1 and phone in (select value from json_each($2))",
};

/// A lead keeps its state, its history and what the row does not name: fields, a priority.
const STORE_LEADS: Sql = Sql {
    postgres: "insert into lead (list_id, campaign_id, import_id, phone, alternates, name, zone, fields, priority, state, \
        due_at, created_at, updated_at) \
        select $1, $2, $3, row ->> 'phone', row -> 'alternates', row ->> 'name', row ->> 'zone', row -> 'fields', \
        cast(row ->> 'priority' as bigint), 'waiting', $5, $5, $5 from jsonb_array_elements($4) as row \
        on conflict (tenant_id, list_id, phone) do update set import_id = coalesce(excluded.import_id, lead.import_id), \
        alternates = excluded.alternates, name = excluded.name, zone = excluded.zone, \
        fields = lead.fields || excluded.fields, priority = coalesce(nullif(excluded.priority, 0), lead.priority), \
        rev = lead.rev + 1, updated_at = excluded.updated_at returning lead_id",
    // `where true` keeps the parser from reading `on` as part of a join (https://sqlite.org/lang_upsert.html §2.1).
    sqlite: "insert into lead (list_id, campaign_id, import_id, phone, alternates, name, zone, fields, priority, state, \
        due_at, created_at, updated_at) \
        select $1, $2, $3, value ->> 'phone', value -> 'alternates', value ->> 'name', value ->> 'zone', \
        value -> 'fields', value ->> 'priority', 'waiting', $5, $5, $5 from json_each($4) where true \
        on conflict (list_id, phone) do update set import_id = coalesce(excluded.import_id, lead.import_id), \
        alternates = excluded.alternates, name = excluded.name, zone = excluded.zone, \
        fields = json_patch(lead.fields, excluded.fields), priority = coalesce(nullif(excluded.priority, 0), lead.priority), \
        rev = lead.rev + 1, updated_at = excluded.updated_at returning lead_id",
};

const STORE_ROWS: Sql = Sql {
    postgres: "insert into import_row (import_id, number, outcome, remark, text) \
        select $1, cast(row ->> 'number' as bigint), row ->> 'outcome', row ->> 'remark', row ->> 'text' \
        from jsonb_array_elements($2) as row",
    sqlite: "insert into import_row (import_id, number, outcome, remark, text) \
        select $1, value ->> 'number', value ->> 'outcome', value ->> 'remark', value ->> 'text' from json_each($2)",
};

/// The reason of a row of somebody who had their data erased, as reports of imports read it: cell and word.
const ERASED_REMARK: &str = "0:erased";

const COUNT: &str = "update import set rows_done = $2, accepted = accepted + $3, merged = merged + $4, \
    refused = refused + $5 where import_id = $1";

impl Store {
    /// Begins an import. `file_name` and `header` are for its report.
    pub async fn begin_import(
        &self,
        list: ListId,
        file_name: &str,
        header: &str,
        created_by: Option<UserId>,
        now: Timestamp,
    ) -> Result<Import, Error> {
        let sql = "insert into import (list_id, file_name, header, created_by, state, started_at) \
                   values ($1, $2, $3, $4, 'running', $5) returning *";
        let values = args![list, file_name, header, created_by, now];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// Stores the next rows of a running import, [`IMPORT_BATCH_MAX`] at most, all or none. Rows up to
    /// [`Import::rows_done`] are stored already and passed over; they have no outcome in the answer.
    pub async fn import_rows(
        &self,
        import: ImportId,
        mut rows: Vec<ImportRow>,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let target = tx.row(LOCK, args![import]).await?.ok_or(Error::NotFound("running import"))?;
        let rows_done: u32 = target.get("rows_done")?;
        rows.retain(|row| row.number > rows_done);
        refuse_erased(&mut tx, &mut rows).await?;
        let Some(last) = rows.iter().map(|row| row.number).max() else {
            return Ok(Vec::new());
        };
        let (list, campaign): (ListId, CampaignId) = (target.get("list_id")?, target.get("campaign_id")?);
        let phones: Vec<Phone> = rows.iter().filter_map(|row| Some(row.content.lead()?.phone)).collect();
        let (leads, outcomes) = sort_out(&rows, &known(&mut tx, list, &phones).await?);
        store_leads(&mut tx, (list, campaign), Some(import), &leads, now).await?;
        let given = rows.iter().filter_map(|row| row.content.lead());
        let given = given.filter_map(|lead| Some((lead.phone, lead.consent.as_deref()?)));
        consent::import(&mut tx, campaign, given, &format!("import {import}"), now).await?;
        tx.execute(STORE_ROWS, args![import, json(&reports(rows, &outcomes))?]).await?;
        let [accepted, merged, refused] = counts(&outcomes);
        tx.execute(COUNT, args![import, last, accepted, merged, refused]).await?;
        tx.commit().await?;
        Ok(outcomes)
    }

    /// Asks the law about every lead of an import, as if it were dialled at `now`, and keeps the counts. Nothing happens
    /// where the campaign calls on nobody's behalf.
    pub async fn judge_import(&self, import: ImportId, now: Timestamp) -> Result<(), Error> {
        let Some(judged) = self.dry_run_of_import(import, now).await? else {
            return Ok(());
        };
        let sql = "update import set callable = $2, denied = $3 where import_id = $1";
        let callable = i64::try_from(judged.callable).unwrap_or(i64::MAX);
        self.db.change(sql, args![import, callable, json(&judged.denied)?]).await.map(drop)
    }

    /// Ends an import; with a `problem` when not every row was read. Ending it again changes nothing.
    pub async fn end_import(
        &self,
        import: ImportId,
        problem: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let sql = "update import set state = case when $2 is null then 'finished' else 'failed' end, problem = $2, \
                   ended_at = $3 where import_id = $1 and state = 'running'";
        self.db.change(sql, args![import, problem, now]).await.map(drop)
    }

    /// Ends the imports that an earlier daemon was cut in, unless another daemon is at work on this database: they may
    /// be its own. What was stored stays; the same file sent again goes on from there, because rows of one telephone
    /// number merge.
    pub async fn end_cut_imports(&self, now: Timestamp) -> Result<(), Error> {
        let sql = "update import set state = 'failed', problem = $1, ended_at = $2 where state = 'running' \
                   and (select count(*) from lease where held_until > $2) <= 1";
        let problem =
            "Cadran was stopped before the last row; send the file again, rows that are stored are merged";
        self.db.change(sql, args![problem, now]).await.map(drop)
    }

    /// One import.
    pub async fn import(&self, id: ImportId) -> Result<Option<Import>, Error> {
        let row = self.db.row("select * from import where import_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Imports, into one list or all, by the moment at which they began.
    pub async fn imports(
        &self,
        list: Option<ListId>,
        order: HistoryOrder,
        page: Page<ImportId>,
    ) -> Result<Vec<Import>, Error> {
        let (behind, by) = match order {
            HistoryOrder::Earliest => ("import_id > ?", "import_id"),
            HistoryOrder::Latest => ("import_id < ?", "import_id desc"),
        };
        let select = Select::new("select * from import")
            .of_campaigns("(select campaign_id from list where list.list_id = import.list_id)", &self.scope)
            .narrow("list_id = ?", list)
            .narrow(behind, page.after);
        select.page(&self.db, by, page.limit()).await?.iter().map(read).collect()
    }

    /// The rows of an import and what became of each, in the order of the file; only the refused ones if so wished.
    pub async fn import_report(
        &self,
        import: ImportId,
        refused_only: bool,
        page: Page<u32>,
    ) -> Result<Vec<ImportReport>, Error> {
        let select = Select::new("select * from import_row")
            .narrow("import_id = ?", Some(import))
            .narrow("outcome = ?", refused_only.then_some("refused"))
            .narrow("number > ?", page.after);
        select.page(&self.db, "number", page.limit()).await?.iter().map(read_report).collect()
    }
}

/// Refuses the rows of persons who had their data erased, and keeps nothing of what these say.
async fn refuse_erased(tx: &mut Tx, rows: &mut [ImportRow]) -> Result<(), Error> {
    let phones: Vec<Phone> =
        rows.iter().filter_map(|row| row.content.lead()).flat_map(NewLead::phones).collect();
    let erased = erasure::among(tx, &phones).await?;
    let is_erased = |lead: &NewLead| lead.phones().any(|phone| erased.contains(&phone));
    for row in rows.iter_mut().filter(|row| row.content.lead().is_some_and(is_erased)) {
        let remark = Some(ERASED_REMARK.to_owned());
        *row = ImportRow { number: row.number, text: String::new(), content: RowContent::Refused, remark };
    }
    Ok(())
}

/// Those of the preferred numbers that the list has already.
pub(super) async fn known(tx: &mut Tx, list: ListId, phones: &[Phone]) -> Result<BTreeSet<Phone>, Error> {
    let known = tx.rows(KNOWN, args![list, json(&phones)?]).await?;
    known.iter().map(|row| row.get("phone")).collect()
}

/// Puts leads into a list, each number once, or brings those of the list up to date. Gives them all.
pub(super) async fn store_leads(
    tx: &mut Tx,
    (list, campaign): (ListId, CampaignId),
    import: Option<ImportId>,
    leads: &[NewLead],
    now: Timestamp,
) -> Result<Vec<LeadId>, Error> {
    let numbers: Vec<Vec<Phone>> = leads.iter().map(|lead| lead.phones().collect()).collect();
    person::resolve(tx, &numbers, now).await?;
    let stored = tx.rows(STORE_LEADS, args![list, campaign, import, json(&leads)?, now]).await?;
    stored.iter().map(|row| row.get("lead_id")).collect()
}

/// One lead for each number, in the order of the file, and the outcome of each row. Within a batch too, a later row
/// brings an earlier one up to date.
fn sort_out(rows: &[ImportRow], known: &BTreeSet<Phone>) -> (Vec<NewLead>, Vec<ImportOutcome>) {
    let mut leads = Vec::new();
    let mut places = BTreeMap::new();
    let outcomes = rows.iter().map(|row| match &row.content {
        RowContent::Lead(lead) if take(&mut leads, &mut places, lead) || known.contains(&lead.phone) => {
            ImportOutcome::Merged
        }
        RowContent::Lead(_) => ImportOutcome::Accepted,
        RowContent::Refused => ImportOutcome::Refused,
        RowContent::Repeated => ImportOutcome::Merged,
    });
    let outcomes = outcomes.collect();
    (leads, outcomes)
}

/// Puts a lead behind the others, or over the one of the same number. Whether there was one.
fn take(leads: &mut Vec<NewLead>, places: &mut BTreeMap<Phone, usize>, lead: &NewLead) -> bool {
    let mut lead = NewLead { name: without_nul(&lead.name), ..lead.clone() };
    let place = *places.entry(lead.phone).or_insert(leads.len());
    match leads.get_mut(place) {
        Some(earlier) => {
            let mut fields = std::mem::take(&mut earlier.fields);
            fields.extend(std::mem::take(&mut lead.fields));
            *earlier = NewLead { fields, ..lead };
            true
        }
        None => {
            leads.push(lead);
            false
        }
    }
}

fn reports(rows: Vec<ImportRow>, outcomes: &[ImportOutcome]) -> Vec<ImportReport> {
    let report = |(row, outcome): (ImportRow, &ImportOutcome)| ImportReport {
        number: row.number,
        text: without_nul(&row.text),
        outcome: *outcome,
        remark: row.remark.as_deref().map(without_nul),
    };
    rows.into_iter().zip(outcomes).map(report).collect()
}

fn counts(outcomes: &[ImportOutcome]) -> [u32; 3] {
    let mut counts = [0; 3];
    for outcome in outcomes {
        let index = match outcome {
            ImportOutcome::Accepted => 0,
            ImportOutcome::Merged => 1,
            ImportOutcome::Refused => 2,
        };
        counts[index] += 1;
    }
    counts
}

fn read(row: &Row) -> Result<Import, Error> {
    Ok(Import {
        id: row.get("import_id")?,
        list: row.get("list_id")?,
        file_name: row.get("file_name")?,
        header: row.get("header")?,
        created_by: row.get("created_by")?,
        state: row.word("state")?,
        problem: row.get("problem")?,
        rows_done: row.get("rows_done")?,
        accepted: row.get("accepted")?,
        merged: row.get("merged")?,
        refused: row.get("refused")?,
        judged: read_judged(row)?,
        started_at: row.get("started_at")?,
        ended_at: row.get("ended_at")?,
    })
}

fn read_judged(row: &Row) -> Result<Option<DryRun>, Error> {
    let (callable, denied) = (row.get::<Option<u64>>("callable")?, row.json_if_any("denied")?);
    let judged = callable.zip(denied);
    Ok(judged.map(|(callable, denied): (u64, BTreeMap<Reason, u64>)| DryRun {
        leads: callable + denied.values().sum::<u64>(),
        callable,
        denied,
    }))
}

fn read_report(row: &Row) -> Result<ImportReport, Error> {
    Ok(ImportReport {
        number: row.get("number")?,
        text: row.get("text")?,
        outcome: row.word("outcome")?,
        remark: row.get("remark")?,
    })
}
