//! A flow as people write it: the envelope around its nodes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::limits::{Tries, WaitMs};
use super::name::Name;
use super::node::Node;
use super::value::ValueType;
use crate::model::Zone;

/// The version of the format that this code reads.
pub const FORMAT_VERSION: u64 = 1;

/// A flow whose every part has been read. Its nodes may still contradict each other: see
/// [`check`](super::check::check).
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Everything but the nodes and the layout.
    pub envelope: Envelope,
    /// The nodes by name.
    pub nodes: BTreeMap<Name, Node>,
}

/// Everything but the nodes. Where they are drawn (`layout`) means nothing to a call and is not kept here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The address of the format's description.
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The version of the format.
    #[serde(rename = "v", default = "format_version")]
    pub version: u64,
    /// The flow's own id, such as `flw_12`.
    pub id: String,
    /// What the flow is for.
    pub kind: FlowKind,
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The languages that callers may hear, as in `fr-FR`; the first is spoken until another is chosen.
    pub locales: Vec<String>,
    /// The zone in which expressions tell the time.
    #[serde(rename = "tz", default = "Zone::utc")]
    pub zone: Zone,
    /// The node at which a call begins.
    pub start: String,
    /// The variables that are declared.
    #[serde(default)]
    pub vars: Vec<Variable>,
    /// What holds where a node says nothing.
    #[serde(default)]
    pub defaults: Defaults,
    /// The saved tests that must pass before the flow is published.
    #[serde(default)]
    pub tests: Vec<String>,
    /// What people noted.
    #[serde(default)]
    pub note: Option<String>,
}

const fn format_version() -> u64 {
    FORMAT_VERSION
}

/// What a flow is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowKind {
    /// Answers callers.
    Ivr,
    /// Entertains callers who wait in a queue.
    QueueWait,
    /// Guides an agent through a conversation.
    Script,
    /// Is called by other flows and returns to them.
    Subflow,
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What expressions call it.
    pub name: Name,
    /// What it holds.
    #[serde(rename = "type")]
    pub value_type: ValueType,
    /// Whether it says something about a person.
    #[serde(default)]
    pub pii: bool,
    /// What it holds at the beginning. Without one, it must be set before it is read.
    #[serde(default)]
    pub default: Json,
}

/// What holds where a node says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// How long to wait for the first key.
    pub timeout_ms: Option<WaitMs>,
    /// How long to wait for each further key.
    pub inter_digit_ms: Option<WaitMs>,
    /// How often to ask.
    pub tries: Option<Tries>,
    /// Where a node goes whose outlet `error` is open.
    pub on_error: Option<String>,
    /// Where the flow goes when the caller has hung up, to settle what needs no caller.
    pub on_hangup: Option<String>,
}
