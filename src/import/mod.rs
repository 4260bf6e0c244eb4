//! A file of leads, from bytes to rows that are accepted, merged or refused. No row is ever lost silently.
//!
//! [`text`] decodes, [`record`] takes apart, [`columns`] guesses what is where, [`phone`] and [`consent`] read cells,
//! [`meaning`] what a row says; this file decides about each row. Pure: it reads from any [`Read`] and stores nothing.

pub mod columns;
pub mod consent;
pub mod meaning;
pub mod phone;
mod reason;
pub mod record;
mod sniff;
pub mod text;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Read};

use cadran_engine::model::{Phone, Zone};
use encoding_rs::Encoding;

pub use columns::Column;
pub use consent::{ConsentPart, NewConsent};
pub use meaning::Meaning;
pub use phone::Region;
pub use reason::Reason;
pub use record::Record;
pub use sniff::{Sample, sniff};

use record::Records;

/// The longest text that a field of a lead keeps.
pub const FIELD_CHARS_MAX: usize = 4000;

/// How to read a file.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How its bytes become text.
    pub encoding: &'static Encoding,
    /// What stands between two cells: an ASCII character.
    pub delimiter: u8,
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// What its cells mean.
    pub meaning: Meaning,
}

/// A row and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Counts from 1, without the header and without empty lines.
    pub number: u32,
    /// Its cells as they stand in the file; the beginning of its text when it could not be taken apart.
    pub cells: Vec<String>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It says who can be called.
    Accepted {
        /// Who.
        lead: NewLead,
        /// Further numbers, or a consent, that were left out, by column and reason.
        left_out: Vec<(usize, Reason)>,
        /// The earlier row with the same first number, which this one brings up to date.
        merged_into: Option<u32>,
    },
    /// It says nothing of use, for this reason.
    Refused(Reason),
}

/// A lead as a row tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLead {
    /// The preferred number.
    pub phone: Phone,
    /// Other numbers of the same person, in the order of the columns, none twice.
    pub alternates: Vec<Phone>,
    /// Where the lead lives.
    pub zone: Zone,
    /// What else is known, by name. Empty cells are left out.
    pub fields: BTreeMap<String, String>,
    /// What the person has allowed.
    pub consent: Option<Box<NewConsent>>,
}

impl NewLead {
    /// How the person or company is called, as far as the row tells.
    pub fn name(&self) -> String {
        let field = |name: &str| self.fields.get(name).map(String::as_str);
        let parts = match field("full_name") {
            Some(whole) => [Some(whole), None],
            None => [field("first_name"), field("last_name")],
        };
        let name = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        if name.is_empty() { field("company").unwrap_or_default().to_owned() } else { name }
    }
}

/// The rows of a file, one by one. The header is not among them.
pub struct Rows<R> {
    plan: Plan,
    records: Records<R>,
    header_due: bool,
    number: u32,
    /// The first row of each first number.
    seen: HashMap<Phone, u32>,
}

impl<R> fmt::Debug for Rows<R> {
    /// What is read is personal data: only how far the reading has come is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("numbers_seen", &self.seen.len()).finish_non_exhaustive()
    }
}

impl<R: Read> Rows<R> {
    /// Reads `file` by the plan.
    pub fn new(file: R, plan: Plan) -> Self {
        let records = Records::new(file, plan.encoding, plan.delimiter);
        let header_due = plan.has_header;
        Self { plan, records, header_due, number: 0, seen: HashMap::new() }
    }

    /// Whether the rows may bring consents.
    pub fn brings_consents(&self) -> bool {
        self.plan.meaning.columns.iter().any(|column| matches!(column, Column::Consent { .. }))
    }

    /// The next row, or none at the end of the file.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        if std::mem::take(&mut self.header_due) {
            self.records.next_record()?;
        }
        let Some(record) = self.records.next_record()? else {
            return Ok(None);
        };
        self.number += 1;
        let number = self.number;
        Ok(Some(match record {
            Ok(cells) => {
                let verdict = self.judge(&cells).unwrap_or_else(Verdict::Refused);
                Row { number, cells, verdict }
            }
            Err(broken) => {
                Row { number, cells: vec![broken.excerpt], verdict: Verdict::Refused(broken.reason) }
            }
        }))
    }

    fn judge(&mut self, cells: &[String]) -> Result<Verdict, Reason> {
        let (lead, left_out) = self.plan.meaning.read(cells).map_err(|(_, reason)| reason)?;
        let seen_in = *self.seen.entry(lead.phone).or_insert(self.number);
        let merged_into = (seen_in != self.number).then_some(seen_in);
        Ok(Verdict::Accepted { lead, left_out, merged_into })
    }
}

/// A cell's text without the spaces around it and without the apostrophe by which [`safe_cell`] keeps spreadsheets
/// from taking it for a formula.
fn plain(cell: &str) -> &str {
    let cell = cell.trim();
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA_STARTS) => rest,
        Some(_) | None => cell,
    }
}

/// A cell as it goes into a file that a spreadsheet may open: what it would run as a formula gets an apostrophe in
/// front, which an import takes off again (OWASP, *CSV Injection*).
pub fn safe_cell(cell: &str) -> std::borrow::Cow<'_, str> {
    if cell.starts_with(FORMULA_STARTS) { format!("'{cell}").into() } else { cell.into() }
}

const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

#[cfg(test)]
mod tests;
