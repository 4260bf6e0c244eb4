//! What a call is for: on whose behalf, about what, how it is dialled and which number it shows.

use serde::{Deserialize, Serialize};

use super::callee::strictest_unless_known;
use crate::model::{DialMode, Purpose};

/// The campaign's side of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The campaign.
    pub id: Option<String>,
    /// The tenant that would place the call.
    pub tenant: Option<String>,
    /// On whose behalf. Caps and consents are counted per seller, whoever places the call.
    pub seller: String,
    /// What the call wants.
    #[serde(default, deserialize_with = "strictest_unless_known")]
    pub purpose: Purpose,
    /// The trade, in the words of the packs, such as `insurance` or `energy_renovation`.
    pub sector: Option<String>,
    /// What is offered, for packs that count calls per subject.
    pub subject: Option<String>,
    /// How the call is placed.
    pub dial_mode: Mode,
    /// The number shown, in E.164; `None` when it would be withheld.
    pub cli: Option<String>,
    /// Whether the trunk's carrier has agreed to show it.
    pub cli_authorised: Option<bool>,
    /// Packs that bind only whoever asks for them, by their ids.
    #[serde(default)]
    pub packs: Vec<String>,
}

impl Intent {
    /// The number shown; a withheld or empty one is none.
    pub(super) fn shown_number(&self) -> Option<&str> {
        const WITHHELD: [&str; 5] = ["", "anonymous", "private", "restricted", "unavailable"];
        self.cli
            .as_deref()
            .map(str::trim)
            .filter(|cli| !WITHHELD.iter().any(|word| cli.eq_ignore_ascii_case(word)))
    }
}

/// How a call is placed, from a hand on the keys to no hand at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An agent dials.
    Manual,
    /// An agent sees the person's record and sets off the call.
    Preview,
    /// The machine dials one number per ready agent.
    Progressive,
    /// The machine dials ahead of the agents, at a ratio of its own or a fixed one.
    #[serde(alias = "power")]
    Predictive,
    /// A recorded message, and nobody behind it.
    #[serde(alias = "prerecorded", alias = "voice_message")]
    IvrMessage,
}

impl From<DialMode> for Mode {
    fn from(mode: DialMode) -> Self {
        match mode {
            DialMode::Manual => Self::Manual,
            DialMode::Power { .. } | DialMode::Predictive { .. } => Self::Predictive,
            DialMode::Preview => Self::Preview,
            DialMode::Progressive => Self::Progressive,
        }
    }
}

impl Mode {
    /// The word in the decision log and in packs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Preview => "preview",
            Self::Progressive => "progressive",
            Self::Predictive => "predictive",
            Self::IvrMessage => "ivr_message",
        }
    }
}
