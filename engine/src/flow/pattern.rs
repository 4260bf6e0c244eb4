//! Regular expressions.

use std::borrow::Cow;

use regex_lite::Regex;
use serde::{Deserialize, Deserializer};

/// A regular expression that a whole text must match, read once. Matching takes a time in proportion to the text.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    compiled: Result<Regex, String>,
}

/// Longer patterns are refused.
const PATTERN_BYTES_MAX: usize = 200;

impl Pattern {
    /// Reads a pattern.
    pub fn read(source: &str) -> Self {
        let compiled = if source.len() > PATTERN_BYTES_MAX {
            Err(format!("it is longer than {PATTERN_BYTES_MAX} bytes"))
        } else {
            Regex::new(&format!("^(?:{source})$")).map_err(|error| error.to_string())
        };
        Self { source: source.to_owned(), compiled }
    }

    /// Why it cannot be used, if it cannot.
    pub fn error(&self) -> Option<&str> {
        self.compiled.as_ref().err().map(String::as_str)
    }

    /// Whether a text as a whole matches. One that cannot be used matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        self.compiled.as_ref().is_ok_and(|pattern| pattern.is_match(text))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer).map(|source| Self::read(&source))
    }
}
