//! What is sent with a request: JSON whose texts are templates.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json};

use super::expression::{NoValue, Scope};
use super::template::{Encoding, Template};

/// JSON whose texts are templates.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Fields with their values.
    Fields(Vec<(String, Self)>),
    /// Values in order.
    List(Vec<Self>),
    /// What holds no text.
    Plain(Json),
    /// A text.
    Text(Template),
}

impl Default for Body {
    fn default() -> Self {
        Self::Plain(Json::Null)
    }
}

impl Body {
    /// Reads JSON.
    pub fn read(json: Json) -> Self {
        match json {
            Json::Array(items) => Self::List(items.into_iter().map(Self::read).collect()),
            Json::Object(fields) => {
                Self::Fields(fields.into_iter().map(|(key, field)| (key, Self::read(field))).collect())
            }
            Json::String(text) => Self::Text(Template::read(&text)),
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::Plain(json),
        }
    }

    /// The JSON with every value in its place. `Null`: nothing is sent.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Json, NoValue> {
        Ok(match self {
            Self::Fields(fields) => {
                let filled: Result<Map<String, Json>, NoValue> =
                    fields.iter().map(|(key, field)| Ok((key.clone(), field.fill(scope)?))).collect();
                Json::Object(filled?)
            }
            Self::List(items) => {
                Json::Array(items.iter().map(|item| item.fill(scope)).collect::<Result<_, _>>()?)
            }
            Self::Plain(json) => json.clone(),
            Self::Text(text) => Json::String(text.fill(scope, Encoding::Plain)?.into_owned()),
        })
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Json::deserialize(deserializer).map(Self::read)
    }
}
