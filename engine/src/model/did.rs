//! Numbers that people dial, and where their calls go.

use serde::{Deserialize, Serialize};

use super::{DidId, FlowId, Overflow, Phone, RecordingPolicy};
use crate::flow::driver::Driver;

/// What callers of a number are led to, and by which flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Did {
    /// The row.
    pub id: DidId,
    /// The number that people dial.
    pub number: Phone,
    /// How carriers write it besides E.164 with or without `+`: such as `0199005678`. Digits only.
    #[serde(default)]
    pub also_written: Vec<String>,
    /// Which flow a call begins in.
    pub flow: FlowId,
    /// In which revision.
    #[serde(default)]
    pub track: Track,
    /// A revision that is tried on a share of the callers.
    #[serde(default)]
    pub canary: Option<Canary>,
    /// The language to begin with, such as `fr-FR`. None: the flow's first.
    #[serde(default)]
    pub locale: Option<String>,
    /// Where callers go when the flow cannot be run or fails.
    #[serde(default)]
    pub fallback: Option<Overflow>,
    /// How its calls reach the flow.
    #[serde(default)]
    pub via: Driver,
    /// Which of its calls are recorded, where the queue leaves it open: unless that records nothing. None: as the queue
    /// says.
    #[serde(default)]
    pub recording: Option<RecordingPolicy>,
}

/// Which of a flow's pointers a number follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// The revision for everybody.
    #[default]
    Live,
    /// The revision that is being tried out.
    Test,
}

/// A revision that is tried on a share of the callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Which revision.
    pub revision: u32,
    /// In percent.
    pub share: u8,
}
