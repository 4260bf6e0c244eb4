//! Text to records: the rows of a CSV file (RFC 4180), with lines that end in any way, and with limits.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::Encoding;

use super::Reason;
use super::text::Text;

/// The longest record. No honest lead is longer; one that is has lost a quote or is no CSV.
pub const RECORD_BYTES_MAX: usize = 64 * 1024;

/// The most cells in a record.
pub const COLUMNS_MAX: usize = 256;

/// What is kept of a record that is too long, for a person to recognise it.
const EXCERPT_CHARS: usize = 200;

/// The cells of a record, or why it could not be taken apart.
pub type Record = Result<Vec<String>, Broken>;

/// A record that could not be taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Why.
    pub reason: Reason,
    /// The beginning of its text.
    pub excerpt: String,
}

/// Reads records one by one, holding no more than one in memory. Empty lines are no records.
pub(super) struct Records<R> {
    text: Text<R>,
    buffer: String,
    /// Where in the buffer the next record begins.
    start: usize,
    ended: bool,
    reader: Reader,
    cells: Vec<u8>,
    ends: Vec<usize>,
}

/// What the text from `start` holds.
enum Scan {
    /// A whole record of so many bytes.
    Record { bytes: usize, cells: Vec<String> },
    /// The beginning of one.
    Beginning,
    /// A record with more cells than [`COLUMNS_MAX`].
    Wide,
    /// A record that is over [`RECORD_BYTES_MAX`], or is still open where the file ends.
    Open,
}

impl<R: Read> Records<R> {
    pub(super) fn new(file: R, encoding: &'static Encoding, delimiter: u8) -> Self {
        Self {
            text: Text::new(file, encoding),
            buffer: String::new(),
            start: 0,
            ended: false,
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            cells: vec![0; RECORD_BYTES_MAX],
            ends: vec![0; COLUMNS_MAX],
        }
    }

    /// The next record, or none at the end of the file.
    pub(super) fn next_record(&mut self) -> io::Result<Option<Record>> {
        loop {
            self.skip_line_ends();
            if self.rest().is_empty() && !self.fill()? {
                return Ok(None);
            }
            match self.scan() {
                Scan::Beginning => {
                    self.fill()?;
                }
                Scan::Record { bytes, cells } => {
                    self.start += bytes;
                    return Ok(Some(Ok(cells)));
                }
                Scan::Wide => {
                    return self.refuse_line(Reason::ColumnsTooMany).map(|broken| Some(Err(broken)));
                }
                Scan::Open => return self.refuse_open().map(|broken| Some(Err(broken))),
            }
        }
    }

    fn rest(&self) -> &str {
        &self.buffer[self.start..]
    }

    /// Appends the next piece of the file. False at its end.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        while !self.ended && self.buffer.len() == before {
            self.ended = !self.text.read_into(&mut self.buffer)?;
        }
        Ok(self.buffer.len() > before)
    }

    fn skip_line_ends(&mut self) {
        self.start = self.buffer.len() - self.rest().trim_start_matches(['\r', '\n']).len();
    }

    fn scan(&mut self) -> Scan {
        let rest = &self.buffer.as_bytes()[self.start..];
        let text = &rest[..rest.len().min(RECORD_BYTES_MAX)];
        self.reader.reset();
        let (result, bytes, mut wrote, mut columns) =
            self.reader.read_record(text, &mut self.cells, &mut self.ends);
        let result = match result {
            ReadRecordResult::InputEmpty if rest.len() > RECORD_BYTES_MAX => return Scan::Open,
            ReadRecordResult::InputEmpty if !self.ended => return Scan::Beginning,
            ReadRecordResult::InputEmpty => {
                // A line end closes the last record, unless a quote is open.
                let (result, _, more, columns_more) =
                    self.reader.read_record(b"\n", &mut self.cells[wrote..], &mut self.ends[columns..]);
                wrote += more;
                columns += columns_more;
                result
            }
            other => other,
        };
        match result {
            ReadRecordResult::Record => Scan::Record { bytes, cells: self.split(wrote, columns) },
            ReadRecordResult::OutputEndsFull => Scan::Wide,
            ReadRecordResult::InputEmpty | ReadRecordResult::OutputFull | ReadRecordResult::End => Scan::Open,
        }
    }

    fn split(&self, wrote: usize, columns: usize) -> Vec<String> {
        let mut from = 0;
        let cell = |&end: &usize| {
            let end = end.min(wrote);
            // Quotes and delimiters are ASCII, so that what is between them is whole UTF-8.
            let cell = String::from_utf8_lossy(&self.cells[from..end]).into_owned();
            from = end;
            cell
        };
        self.ends[..columns].iter().map(cell).collect()
    }

    /// A record that does not end: when it runs over several lines the quote on its first is to blame, and reading
    /// goes on with the second; nothing but that line is lost.
    fn refuse_open(&mut self) -> io::Result<Broken> {
        let rest = self.rest().as_bytes();
        let within_limit = &rest[..rest.len().min(RECORD_BYTES_MAX)];
        let several_lines = within_limit.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
        let too_long = rest.len() > RECORD_BYTES_MAX && !several_lines;
        self.refuse_line(if too_long { Reason::LineTooLong } else { Reason::QuoteOpen })
    }

    /// Steps over the rest of the line, however long it is.
    fn refuse_line(&mut self, reason: Reason) -> io::Result<Broken> {
        let line = self.rest().chars().take_while(|letter| !matches!(letter, '\r' | '\n'));
        let excerpt = line.take(EXCERPT_CHARS).collect();
        loop {
            if let Some(end) = self.rest().find(['\r', '\n']) {
                self.start += end;
                break;
            }
            self.start = self.buffer.len();
            if !self.fill()? {
                break;
            }
        }
        Ok(Broken { reason, excerpt })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Vec<String>, Reason>> {
        let mut records = Records::new(text.as_bytes(), encoding_rs::UTF_8, b';');
        let next = || records.next_record().unwrap();
        std::iter::from_fn(next).map(|record| record.map_err(|broken| broken.reason)).collect()
    }

    fn cells(cells: &[&str]) -> Result<Vec<String>, Reason> {
        Ok(cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn lines_may_end_in_any_way_and_quotes_hold_them() {
        let text = "a;b\r\nc;\"d\r\ne\"\n\n\nf;\"g \"\"h\"\"\"\ri;j";
        let expected =
            [cells(&["a", "b"]), cells(&["c", "d\r\ne"]), cells(&["f", "g \"h\""]), cells(&["i", "j"])];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_quote_that_never_closes_costs_its_own_line_only() {
        let expected = [cells(&["a", "b"]), Err(Reason::QuoteOpen), cells(&["e", "f"])];
        assert_eq!(read("a;b\nc;\"d\ne;f\n"), expected);
        assert_eq!(read("a;\"b"), [Err(Reason::QuoteOpen)]);
    }

    #[test]
    fn a_line_of_a_megabyte_is_one_refused_row() {
        let text = format!("a;b\n{}\nc;d\n", "x".repeat(1024 * 1024));
        assert_eq!(read(&text), [cells(&["a", "b"]), Err(Reason::LineTooLong), cells(&["c", "d"])]);
    }

    #[test]
    fn a_line_of_a_thousand_columns_is_one_refused_row() {
        let text = format!("{}\nc;d\n", ";".repeat(1000));
        assert_eq!(read(&text), [Err(Reason::ColumnsTooMany), cells(&["c", "d"])]);
    }
}
