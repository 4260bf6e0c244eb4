//! Keys of a telephone.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A key of a telephone: a digit, `*` or `#`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u8);

impl Key {
    /// The key that ends what is typed, where nothing else is said.
    pub const HASH: Self = Self(b'#');

    /// The key with this sign.
    pub const fn read(sign: char) -> Option<Self> {
        match sign {
            '0'..='9' | '*' | '#' => Some(Self(sign as u8)),
            _ => None,
        }
    }

    /// Its sign.
    pub const fn sign(self) -> char {
        self.0 as char
    }

    /// The number on it, if one is.
    pub const fn digit(self) -> Option<u32> {
        self.sign().to_digit(10)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_char(f, self.sign())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let mut signs = text.chars();
        match (signs.next().and_then(Self::read), signs.next()) {
            (Some(key), None) => Ok(key),
            _ => Err(D::Error::custom(format!("`{text}` is no key; use one of 0 to 9, * and #"))),
        }
    }
}
