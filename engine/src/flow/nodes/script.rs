//! Nodes of an agent's script: what the screen shows during a conversation.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::flow::limits::Within;
use crate::flow::name::Name;
use crate::flow::prompt::Texts;
use crate::flow::value::ValueType;

/// A page, or a text on one (`text`).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The heading in each locale.
    #[serde(default)]
    pub title: Texts,
    /// What to say in each locale; templates.
    #[serde(default)]
    pub text: Texts,
}

/// A choice of answers; each is an outlet.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The question in each locale.
    #[serde(default)]
    pub text: Texts,
    /// The variable that takes the answer.
    pub var: Option<Name>,
    /// The answers, with what is shown in each locale.
    pub choices: BTreeMap<Name, Texts>,
}

/// A mark on a scale.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The question in each locale.
    #[serde(default)]
    pub text: Texts,
    /// The variable that takes the mark.
    pub var: Name,
    /// The lowest mark; 1 by default.
    pub min: Option<Within<0, 100>>,
    /// The highest mark; 5 by default.
    pub max: Option<Within<1, 100>>,
}

/// A field to fill in; an appointment is one of type `date`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What stands before it in each locale.
    #[serde(default)]
    pub text: Texts,
    /// The variable that takes the value.
    pub var: Name,
    /// What may be filled in.
    #[serde(rename = "type")]
    pub value_type: Option<ValueType>,
    /// Whether the page can be left without it.
    #[serde(default)]
    pub required: bool,
    /// The calendar of an appointment.
    pub calendar: Option<String>,
}

/// The end of a script, with what came of the conversation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The code of the disposition.
    pub outcome: String,
}
