//! Everything that the engine was told, on disk, so that what it did can be played again.
//!
//! A journal is one life of the daemon: lines of JSON, compressed with gzip. The first has the engine's seed; then
//! comes every input with its time and a digest of the commands that it led to; the last says how the journal ended.
//! A crash cuts it off, a second early at the most, and leaves the rest readable.
//!
//! It holds telephone numbers, notes and names, so its files are for their owner only (mode 0600).

mod digest;
mod reader;
mod writer;

use cadran_engine::input::Input;
use cadran_engine::model::Timestamp;
use serde::{Deserialize, Serialize};

pub use digest::Digest;
pub use reader::{ReadError, Reader};
pub use writer::{Journal, Limits, OpenError, Writer};

/// The format of these lines. A later one has another number.
pub const FORMAT: u32 = 2;

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The first.
    Begin {
        /// [`FORMAT`].
        format: u32,
        /// The version of Cadran that wrote it. Another may well decide otherwise.
        cadran: String,
        /// The engine's seed.
        seed: u64,
    },
    /// Something that the engine was told.
    Input {
        /// When, on the engine's steady clock.
        at: Timestamp,
        /// What.
        input: Box<Input>,
        /// What the engine wanted done then.
        commands: Digest,
    },
    /// The last.
    End(End),
}

/// Why a journal ends. One without such a line was cut off by a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It became as large as it may.
    Full,
    /// The disk was too slow, and dialling does not wait for it.
    Overrun,
    /// The daemon was stopped.
    Stopped,
}

impl End {
    /// For a person to read.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Full => "it was as large as it may become (`journal.size_max_mb`)",
            Self::Overrun => "the disk was too slow for it",
            Self::Stopped => "the daemon was stopped",
        }
    }
}
