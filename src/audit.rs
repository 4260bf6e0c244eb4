//! Whether the audit log is whole: every entry sealed, none missing, and none cut off at the end.
//!
//! The chain shows every change in its middle. That its end was cut off it cannot show: for that the last entry is
//! noted in a file outside the database, the anchor.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::hex;
use crate::store::{AuditEntry, AuditFilter, Error, HistoryOrder, Page, Store};

/// The file in the data directory that notes the last entry.
pub const ANCHOR_FILE: &str = "audit-anchor";

/// Where the last entry is noted.
#[derive(Clone, Debug)]
pub struct Anchor(PathBuf);

/// What an anchor notes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Noted {
    seq: i64,
    hash: String,
}

/// The state of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nothing was changed.
    Whole {
        /// Entries in all.
        entries: i64,
        /// Whether an anchor says that the end is the end.
        anchored: bool,
    },
    /// An entry is not what was written, or those before it are not.
    Changed {
        /// The first that does not fit.
        seq: i64,
    },
    /// An entry is not there.
    Missing {
        /// The first that is not.
        seq: i64,
    },
    /// Entries at the end are not there: the anchor knows a later one.
    CutOff {
        /// The last that is there.
        last: i64,
        /// The one that the anchor knows.
        noted: i64,
    },
    /// The anchor knows the entry otherwise: the whole chain was written anew.
    Rewritten {
        /// Which.
        seq: i64,
    },
}

impl Finding {
    /// Whether nothing was changed.
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole { .. })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { entries, anchored: true } => {
                write!(f, "The audit log is whole: {entries} entries, and the anchor knows the end.")
            }
            Self::Whole { entries, anchored: false } => write!(
                f,
                "The chain of {entries} entries is whole. There is no anchor, so that nobody can say whether later \
                 ones were cut off."
            ),
            Self::Changed { seq } => write!(
                f,
                "Entry {seq} is not what was written, or one was put in or taken out before it. Compare it with a \
                 backup."
            ),
            Self::Missing { seq } => write!(f, "Entry {seq} is missing. Look for it in a backup."),
            Self::CutOff { last, noted } => write!(
                f,
                "The log ends at entry {last}, but the anchor knows entry {noted}: the end was cut off, or the \
                 database is an older one."
            ),
            Self::Rewritten { seq } => write!(
                f,
                "The anchor knows entry {seq} otherwise: the chain was written anew, or the anchor is another \
                 database's."
            ),
        }
    }
}

impl Anchor {
    /// The anchor of a data directory.
    pub fn of(data: &Path) -> Self {
        Self(data.join(ANCHOR_FILE))
    }

    /// Notes an entry as the last. The file is replaced as a whole. An entry that was overtaken is not noted.
    pub fn note(&self, entry: &AuditEntry) -> std::io::Result<()> {
        if self.read()?.is_some_and(|noted| noted.seq >= entry.seq) {
            return Ok(());
        }
        let fresh = self.0.with_extension(format!("{}", entry.seq));
        std::fs::write(&fresh, format!("{} {}\n", entry.seq, hex::of(&entry.hash)))?;
        std::fs::rename(fresh, &self.0)
    }

    fn read(&self) -> std::io::Result<Option<Noted>> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let noted = text
            .trim()
            .split_once(' ')
            .and_then(|(seq, hash)| Some(Noted { seq: seq.parse().ok()?, hash: hash.to_owned() }));
        noted.map(Some).ok_or_else(|| {
            std::io::Error::new(std::io::ErrorKind::InvalidData, "it does not read `number hash`")
        })
    }
}

/// Why nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    /// The anchor cannot be read.
    #[error("the anchor {} cannot be read: {problem}", path.display())]
    Anchor {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The log cannot be read.
    #[error("the audit log cannot be read")]
    Store(#[from] Error),
}

/// Reads the whole log and says what was done to it.
pub async fn verify(store: &Store, anchor: &Anchor) -> Result<Finding, Unverified> {
    let noted = anchor.read().map_err(|problem| Unverified::Anchor { path: anchor.0.clone(), problem })?;
    let (mut previous, mut last, mut rewritten) = ([0; 32], 0, false);
    let mut page = Page::first();
    loop {
        let entries = store.audit_entries(&AuditFilter::default(), HistoryOrder::Earliest, page).await?;
        for entry in &entries {
            if entry.seq != last + 1 {
                return Ok(Finding::Missing { seq: last + 1 });
            }
            if entry.hash != AuditEntry::seal(entry.seq, &entry.act, &previous) {
                return Ok(Finding::Changed { seq: entry.seq });
            }
            let is_noted = |noted: &&Noted| noted.seq == entry.seq;
            rewritten |=
                noted.as_ref().filter(is_noted).is_some_and(|noted| noted.hash != hex::of(&entry.hash));
            (previous, last) = (entry.hash, entry.seq);
        }
        match entries.last() {
            Some(entry) => page.after = Some(entry.seq),
            None => break,
        }
    }
    Ok(match noted {
        Some(noted) if noted.seq > last => Finding::CutOff { last, noted: noted.seq },
        Some(noted) if rewritten => Finding::Rewritten { seq: noted.seq },
        Some(_) => Finding::Whole { entries: last, anchored: true },
        None => Finding::Whole { entries: last, anchored: false },
    })
}
