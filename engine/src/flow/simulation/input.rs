//! What a simulated caller does, and what the systems around the flow answer.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::flow::nodes::CallerCheck;

/// A simulated call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The caller's number, empty when it is withheld.
    #[serde(default)]
    pub caller: String,
    /// The number that was called.
    #[serde(default)]
    pub did: String,
    /// When the call begins.
    pub at: jiff::Timestamp,
    /// The language to begin with.
    #[serde(default)]
    pub locale: Option<String>,
    /// The caller's country, as in `FR`.
    #[serde(default)]
    pub country: Option<String>,
    /// The language that the caller chose last time.
    #[serde(default)]
    pub last_locale: Option<String>,
    /// A number drawn for this call.
    #[serde(default)]
    pub chance: u64,
    /// What the caller does.
    #[serde(default)]
    pub keys: Vec<Act>,
    /// When the caller hangs up, in milliseconds after the beginning.
    #[serde(default)]
    pub hangup_t_ms: Option<u64>,
    /// What others answer.
    #[serde(default)]
    pub mocks: Mocks,
}

/// Something that the caller does: a key, a word, or nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Act {
    /// At this node, so long after its prompt begins.
    pub at_node: Option<String>,
    /// How long after; at once by default.
    pub after_ms: u64,
    /// Or at this time of the call.
    pub t_ms: Option<u64>,
    /// The keys, pressed one after the other without a pause.
    pub dtmf: Option<String>,
    /// What is said.
    pub say: Option<String>,
    /// Nothing is done until the prompt is played again.
    pub silence: bool,
}

/// What others answer, by node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mocks {
    /// Servers. By default 200 with nothing in it.
    pub http: BTreeMap<String, HttpMock>,
    /// The rows of look-ups. By default none.
    pub lookup: BTreeMap<String, Vec<Json>>,
    /// Queues. By default an agent is ready.
    pub queue: BTreeMap<String, QueueMock>,
    /// Those who are called: `done`, `busy`, `no_answer` or `rejected`. By default they pick up.
    pub dial: BTreeMap<String, String>,
    /// Callers who speak to a mailbox. By default they say nothing.
    pub voicemail: BTreeMap<String, SpokenMock>,
    /// Callers who are recorded, or answer a survey. By default they say nothing.
    pub record: BTreeMap<String, SpokenMock>,
    /// What is known of callers. By default nothing but whether their number is withheld.
    pub caller: BTreeMap<String, CallerCheck>,
    /// Promises: `booked`, `declined` or `full`. By default they are booked.
    pub callback: BTreeMap<String, String>,
    /// What agents do with the pages of a script. By default they take the first outlet.
    pub page: BTreeMap<String, PageMock>,
    /// Nodes in which callers refuse to be recorded.
    pub refused: Vec<String>,
}

/// What an agent does with a page of a script.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PageMock {
    /// By which outlet it is left.
    pub outlet: Option<String>,
    /// What is filled in.
    pub value: Option<Json>,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpMock {
    /// The status of HTTP.
    #[serde(default = "good")]
    pub status: u16,
    /// The body.
    #[serde(default)]
    pub body: Json,
    /// After how long, in milliseconds.
    #[serde(default)]
    pub ms: u64,
}

const fn good() -> u16 {
    200
}

/// What happens in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueMock {
    /// How many agents are ready.
    pub ready: u32,
    /// After how long an agent answers, in milliseconds.
    pub answer_after_ms: Option<u64>,
    /// That the caller is not taken: `full` or `no_agents`.
    pub refused: Option<String>,
}

/// How long somebody speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SpokenMock {
    /// In milliseconds.
    pub spoken_ms: u64,
}
