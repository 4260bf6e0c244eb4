//! What a call is for: on whose behalf, about what, how it is dialled and which number it shows.

use serde::{Deserialize, Serialize};

use super::callee::strictest_unless_known;

/// The campaign's side of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
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

/// What a call wants. Whatever is not known to be harmless is marketing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To carry out or to accompany something the person has asked for.
    #[serde(alias = "appointment", alias = "debt_collection", alias = "information", alias = "transactional")]
    Service,
    /// To hear opinions.
    #[serde(alias = "opinion_poll", alias = "poll")]
    Survey,
    /// To sell, or to prepare a sale.
    #[default]
    Marketing,
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
