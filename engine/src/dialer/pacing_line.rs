//! What a campaign's pacing does at one moment and why: a line of figures, the same for every mode.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::obstacle::Standing;
use super::predictive::Explanation;
use crate::model::{DialMode, Timestamp};

/// A campaign's pacing at one moment. Shown live, and kept as the campaign's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PacingLine {
    /// When.
    pub at: Timestamp,
    /// How the campaign decides.
    pub mode: DialMode,
    /// Dials in flight per agent who is free for a call, or will be by the time of an answer.
    pub level: f64,
    /// Agents ready for it.
    pub ready: u32,
    /// Dials in flight.
    pub dialling: u32,
    /// People who answered and wait for an agent.
    pub waiting: u32,
    /// Calls in conversation.
    pub talking: u32,
    /// Leads in the hopper.
    pub hopper: u32,
    /// Share of dials that somebody answers, at this hour.
    pub answer_rate: f64,
    /// Standard deviation of that share.
    pub answer_rate_deviation: f64,
    /// People who answered within the window that drops are counted over.
    pub answered: u32,
    /// Of these, dropped.
    pub dropped: u32,
    /// The share that dropped may be of answered.
    pub drop_limit: f64,
    /// What a predictive campaign expects.
    pub forecast: Option<Expectation>,
    /// What keeps it from placing one more call. In a line of history that stands for more than a second: whatever did
    /// within that time.
    pub held_by: Vec<Standing>,
}

/// How much time a line of history stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum LineSpan {
    /// Every second has one.
    Second,
    /// One of ten, with whatever stood in the way in any of them.
    TenSeconds,
}

impl LineSpan {
    /// That time.
    pub const fn length(self) -> Duration {
        Duration::from_secs(match self {
            Self::Second => 1,
            Self::TenSeconds => 10,
        })
    }

    /// How long such lines are kept. A campaign of eight hours takes some 20 MB a day in lines of a second, and 2 MB in
    /// those of ten.
    pub const fn kept(self) -> Duration {
        const DAY_S: u64 = 24 * 60 * 60;
        Duration::from_secs(match self {
            Self::Second => 2 * DAY_S,
            Self::TenSeconds => 30 * DAY_S,
        })
    }
}

/// What a predictive campaign expects of the next seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Expectation {
    /// Agents expected to be free.
    pub free: f64,
    /// In how many seconds: from dial to agent, in the middle.
    pub within: f64,
    /// Chance that one more answer finds an agent.
    pub confidence: f64,
}

impl From<Explanation> for Expectation {
    fn from(why: Explanation) -> Self {
        Self { free: rounded(why.free), within: rounded(why.horizon), confidence: rounded(why.confidence) }
    }
}

impl PacingLine {
    /// Drops over answers in the window.
    pub fn drop_rate(&self) -> f64 {
        f64::from(self.dropped) / f64::from(self.answered.max(1))
    }
}

/// Four digits after the point: more would be noise, and fill the history.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
