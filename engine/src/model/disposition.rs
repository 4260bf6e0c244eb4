//! What an agent says of a call (French *qualification*).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When a number is called again where an agent found an answering machine.
const MACHINE_WAIT: Duration = Duration::from_secs(4 * 60 * 60);

/// One choice on the agent's desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// Stable short name, such as `sale`.
    pub code: String,
    /// What French agents read.
    pub label_fr: String,
    /// What English agents read.
    pub label_en: String,
    /// What it does to the lead.
    pub effect: DispositionEffect,
    /// Whether a call of which this is said counts as a success, for quotas.
    #[serde(default)]
    pub success: bool,
    /// Whether it says that an answering machine was on the line. Detection is measured by it.
    #[serde(default)]
    pub machine: bool,
}

impl Disposition {
    /// What agents of any campaign need.
    pub fn usual() -> Vec<Self> {
        let choice = |code: &str, label_fr: &str, label_en: &str, effect| Self {
            success: code == "success",
            code: code.to_owned(),
            label_fr: label_fr.to_owned(),
            label_en: label_en.to_owned(),
            effect,
            machine: false,
        };
        let machine = choice(
            "machine",
            "Répondeur",
            "Answering machine",
            DispositionEffect::Retry { delay: MACHINE_WAIT },
        );
        vec![
            choice("success", "Succès", "Success", DispositionEffect::Final),
            choice("refusal", "Refus", "Refusal", DispositionEffect::Refusal),
            choice("callback", "Rappel", "Callback", DispositionEffect::Callback),
            choice("do_not_call", "Ne plus appeler", "Do not call", DispositionEffect::DoNotCall),
            Self { machine: true, ..machine },
        ]
    }
}

/// What a disposition does to the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DispositionEffect {
    /// The agent agrees a moment for the next call.
    Callback,
    /// The number goes on the do-not-call list and the lead is never dialled again.
    DoNotCall,
    /// The lead is finished.
    Final,
    /// The person does not want the seller's calls. The lead is finished, and what the law says of the time after a
    /// refusal holds for all numbers of the person.
    Refusal,
    /// The lead is dialled again after a while.
    Retry {
        /// Time until the next attempt.
        #[serde(with = "super::time::millis")]
        #[cfg_attr(feature = "schema", schema(value_type = u64))]
        delay: Duration,
    },
}
