//! Recordings of calls: stereo, customer left, agent right.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RecordingId;

impl RecordingId {
    /// Where a file of this recording lies below its directory: `2026/11/20/rec_….wav`, by the day (UTC) on which the
    /// call was begun. The id holds that instant (UUID version 7, RFC 9562 §5.7), so any daemon finds the same place.
    pub fn place(self, extension: &str) -> String {
        let begun = self.call.as_uuid().get_timestamp().map(|begun| begun.to_unix().0);
        let begun = begun.and_then(|seconds| jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
        let day = begun.map_or_else(|| "undated".to_owned(), |begun| begun.strftime("%Y/%m/%d").to_string());
        format!("{day}/{self}.{extension}")
    }
}

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
    /// The file, when there is one.
    pub const fn facts(&self) -> Option<&RecordingFacts> {
        match self {
            Self::Truncated(facts) | Self::Verified(facts) => Some(facts),
            Self::Failed { .. } | Self::Open => None,
        }
    }

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
