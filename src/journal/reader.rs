//! Journals, read back line by line.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::{FORMAT, Line};

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be opened or read.
    #[error("{}: cannot be read: {problem}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// A line is not one of a journal.
    #[error("{}:{number}: no line of a journal: {problem}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        number: usize,
        /// What is wrong.
        problem: serde_json::Error,
    },
    /// The first line is not that of a journal in a format that this version knows.
    #[error("{}: no journal of format {FORMAT}; replay it with the version of Cadran that wrote it", path.display())]
    WrongFormat {
        /// Which file.
        path: PathBuf,
    },
}

/// A journal that is being read.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    text: BufReader<MultiGzDecoder<File>>,
    number: usize,
    seed: u64,
    cadran: String,
}

impl Reader {
    /// Opens a journal and reads its first line.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file =
            File::open(path).map_err(|problem| ReadError::Unreadable { path: path.to_owned(), problem })?;
        let text = BufReader::new(MultiGzDecoder::new(file));
        let mut reader = Self { path: path.to_owned(), text, number: 0, seed: 0, cadran: String::new() };
        match reader.line()? {
            Some(Line::Begin { format: FORMAT, cadran, seed }) => Ok(Self { seed, cadran, ..reader }),
            Some(_) | None => Err(ReadError::WrongFormat { path: path.to_owned() }),
        }
    }

    /// The engine's seed.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The version of Cadran that wrote it.
    pub fn cadran(&self) -> &str {
        &self.cadran
    }

    /// The number of the line that was read last, from 1.
    pub const fn number(&self) -> usize {
        self.number
    }

    /// The next line. None at the end, also where a crash cut it off.
    pub fn line(&mut self) -> Result<Option<Line>, ReadError> {
        let mut text = Vec::new();
        match self.text.read_until(b'\n', &mut text) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(problem) => return Err(ReadError::Unreadable { path: self.path.clone(), problem }),
        }
        if text.pop() != Some(b'\n') {
            return Ok(None);
        }
        self.number += 1;
        let line = serde_json::from_slice(&text);
        line.map(Some).map_err(|problem| ReadError::Malformed {
            path: self.path.clone(),
            number: self.number,
            problem,
        })
    }
}
