//! One question, "may this person be called?", with all that the answer depends on, the packs apart.

use serde::{Deserialize, Serialize};

use super::callee::null_as_default;
use super::{Callee, Decision, Intent, Pack, PastAttempt, Registers, instant, may_dial};
use crate::model::Timestamp;

/// The question in the form of a worked case: what is written here, `cadran compliance check` can read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inquiry {
    /// When the call would be placed.
    #[serde(with = "instant")]
    pub now: Timestamp,
    /// Who would be called.
    pub lead: Callee,
    /// What for.
    pub campaign: Intent,
    /// What was tried before.
    #[serde(default, deserialize_with = "null_as_default")]
    pub history: Vec<PastAttempt>,
    /// What the registers say.
    #[serde(flatten)]
    pub registers: Registers,
}

impl Inquiry {
    /// What the packs say.
    pub fn decide<'p>(&self, packs: &'p [Pack]) -> Decision<'p> {
        may_dial(&self.lead, &self.campaign, self.now, &self.history, &self.registers, packs)
    }
}
