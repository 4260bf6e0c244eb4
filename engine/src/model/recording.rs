//! Recordings of calls: stereo, customer left, agent right.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What was found when a finished recording was read back from the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFacts {
    /// Where the stereo file lies, relative to the recordings directory.
    pub path: String,
    /// Size of that file.
    pub bytes: u64,
    /// Length of the sound in it.
    #[serde(with = "super::time::millis")]
    pub duration: Duration,
}

/// Where a recording stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum RecordingState {
    /// Being written.
    Open,
    /// The file was read back and is as long as the call.
    Verified(RecordingFacts),
    /// The file is shorter than the call; what there is was kept.
    Truncated(RecordingFacts),
    /// There is no usable file.
    Failed {
        /// What happened, for a person to read.
        reason: String,
    },
}

impl RecordingState {
    /// The word in the database and the API.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Verified(_) => "verified",
            Self::Truncated(_) => "truncated",
            Self::Failed { .. } => "failed",
        }
    }
}
