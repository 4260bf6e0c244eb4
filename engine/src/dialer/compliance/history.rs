//! What was tried before, by anyone, on behalf of any seller.

use serde::{Deserialize, Serialize};

use super::callee::strictest_unless_known;
use super::instant;
use crate::model::Timestamp;

/// One attempt to reach the person, over any number, campaign or subcontractor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// When it was made.
    #[serde(with = "instant")]
    pub at: Timestamp,
    /// On whose behalf; an attempt of nobody known counts for every seller.
    pub seller: Option<String>,
    /// What became of it.
    #[serde(deserialize_with = "strictest_unless_known")]
    pub outcome: PastOutcome,
    /// Which campaign made it.
    pub campaign: Option<String>,
    /// The number dialled.
    pub number: Option<String>,
    /// What was offered.
    pub subject: Option<String>,
}

impl PastAttempt {
    /// Whether it was made on behalf of the seller, as far as anybody knows.
    pub(super) fn is_of(&self, seller: &str) -> bool {
        self.seller.as_deref().is_none_or(|own| own == seller)
    }
}

/// What became of an attempt, as far as a rule asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PastOutcome {
    /// The person answered and no agent was there in time.
    #[serde(alias = "dropped", alias = "silent")]
    Abandoned,
    /// A machine answered.
    AmdMachine,
    /// The person spoke with an agent.
    Answered,
    /// The line was in use.
    Busy,
    /// The attempt is not over.
    InProgress,
    /// It rang and nobody answered.
    NoAnswer,
    /// The person asked not to be called.
    #[serde(alias = "opted_out")]
    Refused,
    /// The call never left our own trunk.
    TrunkFailed,
    /// Anything else; counts as an attempt.
    #[default]
    #[serde(skip_deserializing)]
    Other,
}
