//! Answering machine detection: whether it is done, how, and what becomes of a machine.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::DialMode;

/// How long after the answer a verdict may count. Whoever has not been told apart by then is a person: the law allows
/// two seconds until an agent speaks (16 CFR 310.4(b)(1)(iv)), and the agent still has to be joined.
pub const SCREENING_TIME_MAX: Duration = Duration::from_millis(1_200);

/// Whether those who answer are screened for machines, how, and what becomes of a machine. Off unless asked for: a
/// person who is taken for a machine has been called by nobody (Ofcom 2016: a silent call).
///
/// Campaigns in which agents decide are never screened: the agent is on the line from the first ring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Screening {
    /// Whether answers are screened at all.
    pub enabled: bool,
    /// How long after the answer a verdict counts, in milliseconds: [`SCREENING_TIME_MAX`] at the most.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub time_max: Duration,
    /// Speech without a pause that lasts this long, in milliseconds, is a machine's greeting.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub greeting: Duration,
    /// Silence after speech that lasts this long, in milliseconds, is a person who waits for an answer.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub silence: Duration,
    /// So many words before such a silence are a machine's greeting.
    pub words: u8,
    /// What becomes of a machine.
    pub on_machine: OnMachine,
    /// The share of machines, between 0 and 1, that is given to an agent all the same, drawn at random: only an agent
    /// can say how many of them were people.
    pub sample: f64,
}

impl Screening {
    /// Whether campaigns of this mode screen those who answer.
    pub const fn is_done_in(&self, mode: DialMode) -> bool {
        self.enabled && !mode.is_agents_choice()
    }

    /// Whether campaigns of this mode leave messages on machines.
    pub const fn leaves_messages_in(&self, mode: DialMode) -> bool {
        self.is_done_in(mode) && matches!(self.on_machine, OnMachine::LeaveMessage { .. })
    }
}

impl Default for Screening {
    /// Off. The figures tell "Allô ?" of 0.8 seconds from a greeting within [`SCREENING_TIME_MAX`].
    fn default() -> Self {
        Self {
            enabled: false,
            time_max: SCREENING_TIME_MAX,
            greeting: Duration::from_millis(900),
            silence: Duration::from_millis(300),
            words: 4,
            on_machine: OnMachine::HangUp,
            sample: 0.05,
        }
    }
}

/// What becomes of a call that a machine answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum OnMachine {
    /// An agent gets it like any other; the verdict is only noted.
    GiveToAgent,
    /// It is ended after the campaign's drop message: a person who was taken for a machine is not met with silence.
    HangUp,
    /// A message is left after the greeting. In many countries this needs consent (in France CPCE L34-5).
    LeaveMessage {
        /// An Asterisk media URI such as `sound:cadran/message-fr`.
        message: String,
    },
}

/// What the detection says of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An answering machine.
    Machine,
    /// Somebody who waits for an answer.
    Person,
    /// It cannot tell, or did not in time. Treated as a person.
    Unsure,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::Machine, Self::Person, Self::Unsure];

    /// The word in the database, the API and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Person => "person",
            Self::Unsure => "unsure",
        }
    }

    /// The verdict that [`Verdict::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

/// What came of screening one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Screened {
    /// Machine or person.
    pub verdict: Verdict,
    /// Why, in Asterisk's words (`LONGGREETING-900-900`), or in one of ours: `LATE`, `REFUSED`, `TAKENOVER`.
    pub cause: String,
    /// From the answer to the verdict, in milliseconds.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub after: Duration,
}

impl Screened {
    /// There was no verdict, for this reason.
    pub fn without_verdict(cause: &str, after: Duration) -> Self {
        Self { verdict: Verdict::Unsure, cause: cause.to_owned(), after }
    }
}
