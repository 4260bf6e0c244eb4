//! Nodes that take, hand on or end a call.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::asking::yes;
use crate::flow::expression::Expression;
use crate::flow::key::Key;
use crate::flow::limits::{Seconds, Within};
use crate::flow::name::Name;
use crate::flow::prompt::Prompt;
use crate::flow::template::Template;

/// Picks up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// How long it rings before.
    pub delay_ms: Option<Within<0, 60_000>>,
}

/// Has the caller wait for an agent. A call that is answered leaves the flow.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Which queue.
    pub queue: String,
    /// Before others when it is higher; 0 by default.
    pub priority: Option<Within<0, 100>>,
    /// What the agent must know.
    #[serde(default)]
    pub skills: Vec<SkillNeed>,
    /// A template: the agent to wait for.
    pub prefer_agent: Option<Template>,
    /// How long to wait at most.
    pub max_wait_s: Option<Seconds>,
    /// What is told while waiting.
    #[serde(default)]
    pub announce: Announcements,
    /// The flow that entertains whoever waits, of the kind `queue_wait`.
    pub wait_flow: Option<String>,
    /// After how long a callback is offered.
    pub callback_after_s: Option<Seconds>,
}

/// The names by which a flow that entertains whoever waits has them leave the queue: its outlets.
pub const LEAVING: [&str; 2] = ["left_by_key", "callback"];
/// The name by which such a flow ends while they wait on, with music.
pub const MUSIC: &str = "music";

/// A skill and its least level.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkillNeed {
    /// Which skill.
    pub skill: String,
    /// The least level.
    pub min: Option<Within<0, 100>>,
}

/// What is told to whoever waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Announcements {
    /// How many are before them.
    pub position: bool,
    /// How long it will take.
    pub wait: bool,
    /// How often.
    pub every_s: Option<Seconds>,
}

/// Calls somebody for the caller.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    /// Whom.
    pub to: Destination,
    /// A template: the number that is shown.
    pub caller_id: Option<Template>,
    /// How long it rings; 30 s by default.
    pub ring_s: Option<Within<1, 300>>,
    /// Whether the flow stays with the call.
    #[serde(default)]
    pub mode: DialMode,
    /// What the called person hears first.
    pub whisper: Option<Prompt>,
    /// Whether the conversation is recorded.
    #[serde(default)]
    pub record: bool,
    /// The key by which the called person takes the call.
    pub confirm_key: Option<Key>,
}

/// Whom to call; each is a template.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// An agent, by id.
    Agent(Template),
    /// A telephone of the house: an agent's account, or the digits of another one.
    Extension(Template),
    /// A telephone number, E.164.
    Number(Template),
    /// An address of SIP ([`super::super::sip_address`]).
    Sip(Template),
}

impl Destination {
    /// Its name in a document.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Extension(_) => "extension",
            Self::Number(_) => "number",
            Self::Sip(_) => "sip",
        }
    }

    /// The template.
    pub fn template(&self) -> &Template {
        match self {
            Self::Agent(text) | Self::Extension(text) | Self::Number(text) | Self::Sip(text) => text,
        }
    }
}

/// Whether the flow stays with a call that it placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialMode {
    /// The call leaves the flow once the two hear each other, and is over with their conversation.
    Blind,
    /// The flow goes on when the conversation ends.
    #[default]
    Bridge,
}

/// Promises to call back.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// An expression: the number to call; by default the caller's.
    pub number: Option<Expression>,
    /// Whether the caller is asked to confirm the number.
    #[serde(default)]
    pub confirm: bool,
    /// The queue whose agents will call.
    pub queue: String,
    /// When calls can be promised.
    pub slots: Option<Slots>,
    /// Whether the caller keeps their place in the queue.
    #[serde(default)]
    pub keep_place: bool,
}

/// When callbacks can be promised.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slots {
    /// Within which opening hours.
    pub calendar: String,
    /// Not earlier than this.
    pub min_delay_s: Option<Within<0, 86_400>>,
    /// How many in each hour.
    pub capacity: Option<Within<1, 10_000>>,
}

/// Lets an assistant talk. No assistant can be configured in this version, so a flow with it cannot be published.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ai {
    /// Which assistant.
    pub assistant: String,
    /// What it is to reach.
    pub goal: Option<String>,
    /// Whether it says that it is a machine.
    #[serde(default = "yes")]
    pub disclose: bool,
    /// How many turns it has.
    pub max_turns: Option<Within<1, 1_000>>,
    /// How long it has.
    pub max_s: Option<Seconds>,
    /// What it may use.
    #[serde(default)]
    pub tools: Vec<Json>,
    /// Whether the caller may interrupt it.
    #[serde(default = "yes")]
    pub barge_in: bool,
    /// Variables that take what it found out.
    #[serde(rename = "out", default)]
    pub output: BTreeMap<Name, String>,
    /// To whom it hands over.
    pub handoff: Option<Handoff>,
}

/// To whom an assistant hands over.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handoff {
    /// Which queue.
    pub queue: String,
    /// Whether the agent is told what was said.
    #[serde(default)]
    pub summary: bool,
}

/// Ends the call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hangup {
    /// What the caller's telephone is told.
    #[serde(default)]
    pub cause: HangupReason,
    /// What is heard before.
    #[serde(default)]
    pub prompt: Prompt,
}

/// What a telephone is told when a call ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HangupReason {
    /// The line is in use.
    Busy,
    /// The call is over.
    #[default]
    Normal,
    /// The call is refused.
    Reject,
}
