//! A node: what every kind has in common, and the kinds.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::document::FlowKind;
use super::nodes::{
    Ai, Answer, Branch, Callback, CheckCaller, Choice, Collect, Dial, DialMode, Field, Goto, Hangup, Hours,
    Http, Language, Level, Lookup, Menu, Outcome, Page, Play, Queue, Record, Recording, Return, Set, Split,
    Subflow, Survey, Tag, Voicemail,
};

/// The outlet of a node that failed.
pub const ERROR: &str = "error";

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What every kind has.
    pub common: Common,
    /// What it does.
    pub kind: Kind,
}

/// The fields that every kind of node has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Common {
    /// What people call it.
    pub label: Option<String>,
    /// Where each outlet leads.
    pub next: BTreeMap<String, String>,
    /// What people noted.
    pub note: Option<String>,
    /// Whether passing it is noted in the log of the call, and in which words.
    pub log: Option<LogLine>,
}

/// Whether passing a node is noted in the log of the call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum LogLine {
    /// Yes or no.
    Flag(bool),
    /// In these words.
    Text(String),
}

impl Common {
    /// Their names in a document.
    const FIELDS: [&str; 4] = ["label", "next", "note", "log"];
}

/// A way out of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlet<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Whether it must lead somewhere.
    pub required: bool,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($fields:ty) = $name:literal,)+) => {
        /// What a node does.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Kind {
            $($(#[$doc])* $variant($fields),)+
        }

        impl Kind {
            /// Every kind, by its name in a document.
            pub const NAMES: &[&str] = &[$($name,)+];

            /// Its name in a document.
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }

            /// Reads the fields of a kind. `None`: there is no such kind.
            fn read(name: &str, fields: Json) -> Option<Result<Self, FieldError>> {
                Some(match name {
                    $($name => serde_path_to_error::deserialize(fields).map(Self::$variant),)+
                    _ => return None,
                })
            }
        }
    };
}

kinds! {
    /// Lets an assistant talk.
    Ai(Ai) = "ai",
    /// Picks up.
    Answer(Answer) = "answer",
    /// A date to agree on, in a script.
    Appointment(Field) = "appointment",
    /// Goes where the first true case leads.
    Branch(Branch) = "branch",
    /// Promises to call back.
    Callback(Callback) = "callback",
    /// Looks at who calls.
    Caller(CheckCaller) = "caller",
    /// A choice of answers, in a script.
    Choice(Choice) = "choice",
    /// Asks for a number of keys.
    Collect(Collect) = "collect",
    /// Calls somebody for the caller.
    Dial(Dial) = "dial",
    /// A field to fill in, in a script.
    Field(Field) = "field",
    /// Goes elsewhere.
    Goto(Goto) = "goto",
    /// Ends the call.
    Hangup(Hangup) = "hangup",
    /// Asks a calendar.
    Hours(Hours) = "hours",
    /// Asks a server.
    Http(Http) = "http",
    /// Lets the caller choose a language.
    Language(Language) = "language",
    /// A mark on a scale, in a script.
    Level(Level) = "level",
    /// Looks for somebody who is known.
    Lookup(Lookup) = "lookup",
    /// Asks for one key.
    Menu(Menu) = "menu",
    /// The end of a script.
    Outcome(Outcome) = "outcome",
    /// A page of a script.
    Page(Page) = "page",
    /// Plays a prompt.
    Play(Play) = "play",
    /// Has the caller wait for an agent.
    Queue(Queue) = "queue",
    /// Records an answer.
    Record(Record) = "record",
    /// Switches the recording of the call.
    Recording(Recording) = "recording",
    /// Ends a sub-flow.
    Return(Return) = "return",
    /// A branch of a script.
    Rule(Branch) = "rule",
    /// Sets variables.
    Set(Set) = "set",
    /// Shares callers out.
    Split(Split) = "split",
    /// Runs another flow.
    Subflow(Subflow) = "subflow",
    /// Asks questions after a conversation.
    Survey(Survey) = "survey",
    /// Marks the call.
    Tag(Tag) = "tag",
    /// A text on a page of a script.
    Text(Page) = "text",
    /// Takes a message.
    Voicemail(Voicemail) = "voicemail",
}

/// A field that cannot be read, with its place inside the node.
pub(super) type FieldError = serde_path_to_error::Error<serde_json::Error>;

/// Why a node cannot be read.
#[derive(Debug)]
pub(super) enum NodeError {
    /// There is no such kind.
    UnknownKind,
    /// A field is not what its kind has.
    Field(FieldError),
}

impl Node {
    /// Reads a node from its fields.
    pub(super) fn read(mut fields: Map<String, Json>) -> Result<Self, NodeError> {
        let kind_name = fields.remove("kind");
        let kind_name = kind_name.as_ref().and_then(Json::as_str).ok_or(NodeError::UnknownKind)?;
        let common: Map<String, Json> =
            Common::FIELDS.iter().filter_map(|name| fields.remove_entry(*name)).collect();
        let kind = Kind::read(kind_name, Json::Object(fields)).ok_or(NodeError::UnknownKind)?;
        let kind = kind.map_err(NodeError::Field)?;
        let common = serde_path_to_error::deserialize(Json::Object(common)).map_err(NodeError::Field)?;
        Ok(Self { common, kind })
    }
}

impl Kind {
    /// Whether flows of this kind may have such nodes: pages belong to scripts, telephones to calls, and whoever waits is
    /// only entertained.
    pub fn belongs_in(&self, flow: FlowKind) -> bool {
        let everywhere = matches!(
            self,
            Self::Branch(_) | Self::Goto(_) | Self::Http(_) | Self::Lookup(_) | Self::Set(_) | Self::Tag(_)
        );
        everywhere
            || match flow {
                FlowKind::Ivr | FlowKind::Subflow => !self.is_script(),
                FlowKind::QueueWait => self.entertains(),
                FlowKind::Script => self.is_script(),
            }
    }

    /// Whether it makes sense for somebody who waits for an agent, and may have one at any moment.
    const fn entertains(&self) -> bool {
        matches!(
            self,
            Self::Caller(_)
                | Self::Collect(_)
                | Self::Hours(_)
                | Self::Language(_)
                | Self::Menu(_)
                | Self::Play(_)
                | Self::Return(_)
                | Self::Split(_)
        )
    }

    /// Whether it is part of an agent's script.
    pub const fn is_script(&self) -> bool {
        matches!(
            self,
            Self::Appointment(_)
                | Self::Choice(_)
                | Self::Field(_)
                | Self::Level(_)
                | Self::Outcome(_)
                | Self::Page(_)
                | Self::Rule(_)
                | Self::Text(_)
        )
    }

    /// Whether it waits for a person or for time to pass, so that a loop through it is no busy one.
    pub fn waits(&self) -> bool {
        match self {
            Self::Answer(answer) => answer.delay_ms.is_some_and(|delay| delay.number() > 0),
            Self::Play(play) => !play.prompt.parts.is_empty(),
            Self::Branch(_)
            | Self::Caller(_)
            | Self::Goto(_)
            | Self::Hangup(_)
            | Self::Hours(_)
            | Self::Http(_)
            | Self::Lookup(_)
            | Self::Outcome(_)
            | Self::Recording(_)
            | Self::Return(_)
            | Self::Rule(_)
            | Self::Set(_)
            | Self::Split(_)
            | Self::Tag(_) => false,
            Self::Ai(_)
            | Self::Appointment(_)
            | Self::Callback(_)
            | Self::Choice(_)
            | Self::Collect(_)
            | Self::Dial(_)
            | Self::Field(_)
            | Self::Language(_)
            | Self::Level(_)
            | Self::Menu(_)
            | Self::Page(_)
            | Self::Queue(_)
            | Self::Record(_)
            | Self::Subflow(_)
            | Self::Survey(_)
            | Self::Text(_)
            | Self::Voicemail(_) => true,
        }
    }

    /// Its ways out, but for [`ERROR`], which every node has. A sub-flow's are whatever it returns: none is known
    /// here, any is allowed.
    pub fn outlets(&self) -> Vec<Outlet<'_>> {
        match self {
            Self::Ai(_) => required(&["resolved", "handoff", "failed", "no_input"]),
            Self::Branch(branch) | Self::Rule(branch) => {
                let cases = branch.cases.iter().map(|case| must(case.id.as_str()));
                cases.chain([must("else")]).collect()
            }
            Self::Callback(_) => required(&["booked", "declined", "full"]),
            Self::Caller(caller) => {
                let mut names: Vec<&str> = caller.checks.iter().map(|check| check.outlet()).collect();
                names.sort_unstable();
                names.dedup();
                names.into_iter().chain(["ok"]).map(must).collect()
            }
            Self::Choice(choice) => choice.choices.keys().map(|id| must(id.as_str())).collect(),
            Self::Collect(_) => required(&["ok", "no_input", "no_match"]),
            Self::Dial(dial) => dial_outlets(dial.mode),
            Self::Goto(_) | Self::Hangup(_) | Self::Outcome(_) | Self::Return(_) | Self::Subflow(_) => {
                Vec::new()
            }
            Self::Hours(_) => required(&["open", "closed", "holiday"]),
            Self::Http(_) => required(&["ok", "client_error", "server_error", "timeout"]),
            Self::Language(_) => required(&["next", "no_input"]),
            Self::Lookup(_) => required(&["found", "many", "none"]),
            Self::Menu(menu) => {
                let keys = menu.keys.iter().map(|key| must(key.to_string()));
                keys.chain([must("no_input"), must("no_match")]).collect()
            }
            Self::Queue(queue) => {
                let mut outlets = required(&["timeout", "full", "no_agents"]);
                outlets.push(Outlet { name: "callback".into(), required: queue.callback_after_s.is_some() });
                outlets.push(may("left_by_key"));
                outlets
            }
            Self::Record(_) => required(&["ok", "empty"]),
            Self::Recording(recording) => {
                let asked = recording.consent == super::nodes::Consent::Asked;
                vec![must("next"), Outlet { name: "refused".into(), required: asked }]
            }
            Self::Split(split) => split.weights.keys().map(|id| must(id.as_str())).collect(),
            Self::Survey(_) => required(&["done", "partial"]),
            // A message that was taken may be the end of the call.
            Self::Voicemail(_) => vec![may("saved"), may("too_short")],
            Self::Answer(_)
            | Self::Appointment(_)
            | Self::Field(_)
            | Self::Level(_)
            | Self::Page(_)
            | Self::Play(_)
            | Self::Set(_)
            | Self::Tag(_)
            | Self::Text(_) => required(&["next"]),
        }
    }
}

/// A conversation that is over may be the end of the call; one that was handed over always is.
fn dial_outlets(mode: DialMode) -> Vec<Outlet<'static>> {
    let failures = ["busy", "no_answer", "rejected"];
    let required = mode == DialMode::Bridge;
    let failures = failures.into_iter().map(|name| Outlet { name: name.into(), required });
    [may("done")].into_iter().chain(failures).collect()
}

fn required(names: &[&'static str]) -> Vec<Outlet<'static>> {
    names.iter().map(|name| must(*name)).collect()
}

fn must<'a>(name: impl Into<Cow<'a, str>>) -> Outlet<'a> {
    Outlet { name: name.into(), required: true }
}

fn may<'a>(name: impl Into<Cow<'a, str>>) -> Outlet<'a> {
    Outlet { name: name.into(), required: false }
}
