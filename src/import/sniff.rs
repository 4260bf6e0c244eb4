//! A first look at a file: what it probably is, for a person to confirm.

use std::io::{self, Read, Seek};

use encoding_rs::Encoding;

use super::phone::Region;
use super::record::Records;
use super::text::guess_encoding;
use super::{Column, columns};

/// What may stand between two cells, the likeliest in France first.
const DELIMITERS: [u8; 4] = *b";,\t|";

/// Rows that the look takes in.
const SAMPLE_ROWS: usize = 20;

/// What a file probably is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How its bytes become text.
    pub encoding: &'static Encoding,
    /// What stands between two cells.
    pub delimiter: u8,
    /// The names of the columns, when the first row has them.
    pub header: Option<Vec<String>>,
    /// What the columns hold.
    pub columns: Vec<Column>,
    /// The first rows.
    pub rows: Vec<Vec<String>>,
}

/// Looks at a file and guesses.
pub fn sniff(mut file: impl Read + Seek, region: Region) -> io::Result<Sample> {
    let encoding = guess_encoding(&mut file)?;
    let mut best = (DELIMITERS[0], Vec::new());
    for delimiter in DELIMITERS {
        file.rewind()?;
        let rows = first_rows(&mut file, encoding, delimiter)?;
        if delimiter == DELIMITERS[0] || evenness(&rows) > evenness(&best.1) {
            best = (delimiter, rows);
        }
    }
    let (delimiter, mut rows) = best;
    let has_header = rows.first().is_some_and(|first| columns::is_header(first, region));
    let header = has_header.then(|| rows.remove(0));
    let columns = columns::guess(header.as_deref(), &rows, region);
    Ok(Sample { encoding, delimiter, header, columns, rows })
}

fn first_rows(file: impl Read, encoding: &'static Encoding, delimiter: u8) -> io::Result<Vec<Vec<String>>> {
    let mut records = Records::new(file, encoding, delimiter);
    let mut rows = Vec::new();
    while rows.len() < SAMPLE_ROWS
        && let Some(record) = records.next_record()?
    {
        rows.extend(record.ok());
    }
    Ok(rows)
}

/// How much the rows look like a table: first, how many are as wide as the first; then, how wide that is. A single
/// column is no table.
fn evenness(rows: &[Vec<String>]) -> (usize, usize) {
    let width = rows.first().map_or(0, Vec::len);
    if width < 2 {
        return (0, 0);
    }
    (rows.iter().filter(|row| row.len() == width).count(), width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_makes_a_table() {
        let cases = [
            ("tel;nom\n0199001234;Durand, Marie\n0199001235;Petit, Jean\n", b';', 2),
            ("tel,nom\n0199001234,\"Durand; Marie\"\n", b',', 2),
            ("tel\tnom\tville\n0199001234\tDurand\tLyon\n", b'\t', 3),
            ("tel|nom\n0199001234|Durand\n", b'|', 2),
            ("tel\n0199001234\n", b';', 1),
            ("", b';', 0),
        ];
        for (text, delimiter, width) in cases {
            let sample = sniff(io::Cursor::new(text), Region::FR).unwrap();
            assert_eq!((sample.delimiter, sample.columns.len()), (delimiter, width), "{text:?}");
        }
    }
}
