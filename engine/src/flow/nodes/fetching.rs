//! Nodes that ask other systems.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value as Json;

use crate::flow::body::Body;
use crate::flow::expression::Expression;
use crate::flow::limits::Within;
use crate::flow::name::Name;
use crate::flow::prompt::Prompt;
use crate::flow::template::Template;

/// Asks a server over HTTP.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The method; GET by default.
    #[serde(default)]
    pub method: Method,
    /// A template: the address. What is filled in is percent-encoded.
    pub url: Template,
    /// Templates by the name of the header.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Any JSON; the texts in it are templates.
    #[serde(default)]
    pub body: Body,
    /// The secret that goes into the header `Authorization`.
    pub secret_ref: Option<String>,
    /// How long an answer may take; 3 s by default.
    pub timeout_ms: Option<Within<100, 5_000>>,
    /// How often it is tried again after a fault of the server; never by default.
    pub retries: Option<Within<0, 2>>,
    /// What is heard meanwhile.
    pub while_playing: Option<Prompt>,
    /// What is kept of the answer.
    #[serde(rename = "map", default)]
    pub fetched: Vec<Fetched>,
}

/// A method of HTTP (RFC 9110 §9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Removes.
    Delete,
    /// Reads.
    #[default]
    Get,
    /// Changes a part.
    Patch,
    /// Hands in.
    Post,
    /// Replaces.
    Put,
}

/// A part of an answer and the variable that takes it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// The variable.
    pub var: Name,
    /// Where the value is: a JSON pointer (RFC 6901), or keys and indices with dots, as in `customer.phones.0`.
    pub path: String,
}

impl Fetched {
    /// The value in an answer.
    pub fn find<'a>(&self, answer: &'a Json) -> Option<&'a Json> {
        if self.path.starts_with('/') || self.path.is_empty() {
            return answer.pointer(&self.path);
        }
        let path = self.path.strip_prefix("$.").unwrap_or(&self.path);
        let mut keys = path.split(['.', '[', ']']).filter(|key| !key.is_empty());
        keys.try_fold(answer, |found, key| match found {
            Json::Array(items) => items.get(key.parse::<usize>().ok()?),
            Json::Object(fields) => fields.get(key),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
        })
    }
}

/// Looks for somebody or something that is known here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Where.
    pub source: LookupSource,
    /// An expression: the value that is looked for.
    pub key: Expression,
    /// The field that must have it.
    pub by: Option<String>,
    /// What is kept of the row that was found.
    #[serde(rename = "map", default)]
    pub fetched: Vec<Fetched>,
}

/// Where a look-up looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupSource {
    /// All people who are known: `contacts`.
    Contacts,
    /// One list of leads: `list:lst_3`.
    List(String),
    /// A table that was uploaded: `table:branches`.
    Table(String),
}

impl<'de> Deserialize<'de> for LookupSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        match text.split_once(':') {
            None if text == "contacts" => Ok(Self::Contacts),
            Some(("list", name)) if !name.is_empty() => Ok(Self::List(name.to_owned())),
            Some(("table", name)) if !name.is_empty() => Ok(Self::Table(name.to_owned())),
            _ => Err(serde::de::Error::custom(format!(
                "`{text}` is no source; use `contacts`, `list:lst_3` or `table:name`"
            ))),
        }
    }
}
