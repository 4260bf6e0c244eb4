//! Names that people give to nodes and variables.

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::limits::ID_TAIL_MAX;

/// The name of a node or variable: a small letter, then at most 40 small letters, digits and underscores.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// The name, when the text is one.
    pub fn read(text: &str) -> Option<Self> {
        let (first, tail) = text.split_at_checked(1)?;
        let is_first = first.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_tail =
            tail.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        (is_first && is_tail && tail.len() <= ID_TAIL_MAX).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no name: a small letter, then at most {ID_TAIL_MAX} small letters, digits and _"
            ))
        })
    }
}
