//! One question, "may this person be called?", with all that the answer depends on, the packs apart.

use serde::{Deserialize, Serialize};

use super::callee::null_as_default;
use super::situation::Situation;
use super::{Callee, CapCount, Decision, Intent, Pack, PastAttempt, Registers, dialling, instant, may_dial};
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

    /// The caps that bind the call, with what they count.
    pub fn caps(&self, packs: &[Pack]) -> Vec<CapCount> {
        dialling::caps(&self.situation(), packs)
    }

    fn situation(&self) -> Situation<'_> {
        Situation::new(&self.lead, &self.campaign, self.now, &self.history, &self.registers)
    }

    /// When the last of our own do-not-call entries that forbid the call ends; none when one of them never does, or
    /// when none forbids it.
    pub fn do_not_call_until(&self) -> Option<Timestamp> {
        let situation = self.situation();
        let forbidding = self.registers.internal.iter().filter(|entry| entry.forbids(&situation));
        let ends: Option<Vec<Timestamp>> = forbidding.map(|entry| entry.until).collect();
        ends.and_then(|ends| ends.into_iter().max())
    }
}
