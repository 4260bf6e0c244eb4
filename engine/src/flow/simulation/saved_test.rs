//! A simulated call with what must come of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use super::{Input, Trace};

/// A simulated call with what must come of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedTest {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// The call.
    pub input: Input,
    /// What must come of it.
    pub expect: Expected,
}

/// What must come of a simulated call. What is left out may be anything.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expected {
    /// The nodes that are left, in order, each with its outlet as in `n_menu:1`.
    pub path: Option<Vec<String>>,
    /// How it ends.
    pub end: Option<String>,
    /// What variables hold at the end.
    pub vars: BTreeMap<String, Json>,
}

impl Expected {
    /// What is different in a trace. `None`: nothing.
    pub fn differs_from(&self, trace: &Trace) -> Option<String> {
        let passages = trace.passages.iter().map(|line| format!("{}:{}", line.node, line.outlet));
        let path: Vec<String> = passages.collect();
        if let Some(expected) = self.path.as_ref().filter(|expected| **expected != path) {
            return Some(format!("the path is {}, expected {}", path.join(" "), expected.join(" ")));
        }
        let end = serde_json::to_value(trace.end.end).unwrap_or_default();
        let end = end.as_str().unwrap_or_default();
        if let Some(expected) = self.end.as_ref().filter(|expected| *expected != end) {
            return Some(format!("the end is {end}, expected {expected}"));
        }
        let found = |name: &String| {
            trace.end.vars.get(name).and_then(|value| serde_json::to_value(value).ok()).unwrap_or(Json::Null)
        };
        let different = self.vars.iter().find(|(name, expected)| found(name) != **expected);
        different.map(|(name, expected)| format!("{name} is {}, expected {expected}", found(name)))
    }
}
