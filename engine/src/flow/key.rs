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
    /// `1`.
    pub const ONE: Self = Self(b'1');

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

    /// Its sign, as outlets are named.
    pub const fn as_str(self) -> &'static str {
        match self.0 {
            b'0' => "0",
            b'1' => "1",
            b'2' => "2",
            b'3' => "3",
            b'4' => "4",
            b'5' => "5",
            b'6' => "6",
            b'7' => "7",
            b'8' => "8",
            b'9' => "9",
            b'*' => "*",
            _ => "#",
        }
    }

    /// The number on it, if one is.
    pub const fn digit(self) -> Option<u32> {
        self.sign().to_digit(10)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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
