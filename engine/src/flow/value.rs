//! What variables hold.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::limits::VALUE_BYTES_MAX;

/// The type of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Yes or no.
    Bool,
    /// A day, written `YYYY-MM-DD`.
    Date,
    /// A whole number of 64 bits.
    Int,
    /// Texts in order.
    #[serde(rename = "list<string>")]
    List,
    /// A number with a fraction.
    Number,
    /// A text.
    String,
}

impl ValueType {
    /// A value that says nothing, which a variable without a default begins with. No day says nothing.
    pub const fn neutral(self) -> Option<Value> {
        Some(match self {
            Self::Bool => Value::Bool(false),
            Self::Date => return None,
            Self::Int => Value::Int(0),
            Self::List => Value::List(Vec::new()),
            Self::Number => Value::Number(0.0),
            Self::String => Value::Text(String::new()),
        })
    }
}

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A day.
    Date(Date),
    /// A whole number.
    Int(i64),
    /// Texts in order.
    List(Vec<String>),
    /// A number with a fraction, never infinite or undefined.
    Number(f64),
    /// A text.
    Text(String),
}

impl Value {
    /// A value of JSON as a variable of this type holds it. `None`: it cannot, or it is too long.
    pub fn from_json(json: &Json, value_type: ValueType) -> Option<Self> {
        let value = match (value_type, json) {
            (ValueType::Bool, Json::Bool(flag)) => Self::Bool(*flag),
            (ValueType::Date, Json::String(text)) => Self::Date(text.parse().ok()?),
            (ValueType::Int, Json::Number(number)) => Self::Int(number.as_i64()?),
            (ValueType::List, Json::Array(items)) => {
                let texts: Option<Vec<String>> =
                    items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                Self::List(texts?)
            }
            (ValueType::Number, Json::Number(number)) => Self::Number(number.as_f64()?),
            (ValueType::String, Json::String(text)) => Self::Text(text.clone()),
            (ValueType::String, Json::Number(number)) => Self::Text(number.to_string()),
            _ => return None,
        };
        value.fits().then_some(value)
    }

    /// A value of JSON in the type that suits it best. `None`: no variable can hold it.
    pub fn guessed(json: &Json) -> Option<Self> {
        let value_type = match json {
            Json::Bool(_) => ValueType::Bool,
            Json::Number(number) if number.is_i64() => ValueType::Int,
            Json::Number(_) => ValueType::Number,
            Json::String(_) => ValueType::String,
            Json::Array(_) => ValueType::List,
            Json::Null | Json::Object(_) => return None,
        };
        Self::from_json(json, value_type)
    }

    /// The same value in another type, as when typed digits fill a whole number. `None`: it has no such form.
    pub fn into_type(self, value_type: ValueType) -> Option<Self> {
        Some(match (value_type, self) {
            (ValueType::Bool, Self::Bool(flag)) => Self::Bool(flag),
            (ValueType::Date, Self::Date(day)) => Self::Date(day),
            (ValueType::Date, Self::Text(text)) => Self::Date(text.parse().ok()?),
            (ValueType::Int, Self::Int(number)) => Self::Int(number),
            (ValueType::Int, Self::Text(text)) => Self::Int(text.parse().ok()?),
            (ValueType::List, Self::List(texts)) => Self::List(texts),
            (ValueType::Number, Self::Number(number)) => Self::Number(number),
            (ValueType::Number, Self::Int(number)) => Self::Number(number as f64),
            (ValueType::Number, Self::Text(text)) => {
                Self::Number(text.parse().ok().filter(|number: &f64| number.is_finite())?)
            }
            (ValueType::String, Self::Text(text)) => Self::Text(text),
            (ValueType::String, Self::List(_)) => return None,
            (ValueType::String, other) => Self::Text(other.to_string()),
            _ => return None,
        })
    }

    /// Whether it is short enough to be kept.
    pub fn fits(&self) -> bool {
        match self {
            Self::Bool(_) | Self::Date(_) | Self::Int(_) | Self::Number(_) => true,
            // A comma for each text, so that empty ones count too.
            Self::List(texts) => texts.iter().map(|text| text.len() + 1).sum::<usize>() <= VALUE_BYTES_MAX,
            Self::Text(text) => text.len() <= VALUE_BYTES_MAX,
        }
    }
}

impl fmt::Display for Value {
    /// As it is put into the address of a request or read to a caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(flag) => fmt::Display::fmt(flag, f),
            Self::Date(day) => fmt::Display::fmt(day, f),
            Self::Int(number) => fmt::Display::fmt(number, f),
            Self::List(texts) => f.write_str(&texts.join(",")),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
