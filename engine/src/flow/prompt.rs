//! What a caller hears.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::expression::Expression;
use super::limits::ITEMS_MAX;
use super::template::Template;

/// The same in every locale.
pub type Texts = BTreeMap<String, Template>;

/// Parts that are played one after the other. Empty: nothing is played.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// The parts, in order.
    pub parts: Vec<PromptPart>,
}

/// One part of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum PromptPart {
    /// A recorded sound.
    Media {
        /// Which one.
        media: String,
    },
    /// A value that is read out.
    Say {
        /// In which manner.
        say: SayAs,
        /// The value.
        expr: Expression,
    },
    /// Text that is spoken by a machine.
    Speech {
        /// The text in each locale.
        tts: Texts,
        /// The voice; by default that of the locale.
        voice: Option<String>,
    },
}

/// How a value is read out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SayAs {
    /// A day.
    Date,
    /// One digit after the other.
    Digits,
    /// An amount in euros.
    Money,
    /// A whole number.
    Number,
}

impl SayAs {
    /// What is read out of a value by those who read figure by figure or whole numbers: a number of 12.5 is 12, of the
    /// digits `+33 1` there are 331.
    pub fn figures(self, value: &str) -> String {
        match self {
            Self::Digits => value.chars().filter(char::is_ascii_digit).collect(),
            Self::Number => value.split('.').next().unwrap_or_default().to_owned(),
            Self::Date | Self::Money => value.to_owned(),
        }
    }
}

/// A list of parts, or a part alone, or the name of a recorded sound.
impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PromptVisitor)
    }
}

struct PromptVisitor;

impl<'de> Visitor<'de> for PromptVisitor {
    type Value = Prompt;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a prompt: a list of at most {ITEMS_MAX} parts, a part, or a medium")
    }

    fn visit_str<E: serde::de::Error>(self, media: &str) -> Result<Prompt, E> {
        Ok(Prompt { parts: vec![PromptPart::Media { media: media.to_owned() }] })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Prompt, A::Error> {
        let part = PromptPart::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Prompt { parts: vec![part] })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Prompt, A::Error> {
        let mut parts = Vec::new();
        while let Some(part) = list.next_element()? {
            if parts.len() == ITEMS_MAX {
                return Err(A::Error::custom(format!("a prompt has at most {ITEMS_MAX} parts")));
            }
            parts.push(part);
        }
        Ok(Prompt { parts })
    }
}

/// Every field that a part may have; which ones go together is decided when all are known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartFields {
    media: Option<String>,
    say: Option<SayAs>,
    expr: Option<Expression>,
    tts: Option<Texts>,
    voice: Option<String>,
}

impl<'de> Deserialize<'de> for PromptPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = PartFields::deserialize(deserializer)?;
        match fields {
            PartFields { media: Some(media), say: None, expr: None, tts: None, voice: None } => {
                Ok(Self::Media { media })
            }
            PartFields { media: None, say: Some(say), expr: Some(expr), tts: None, voice: None } => {
                Ok(Self::Say { say, expr })
            }
            PartFields { media: None, say: None, expr: None, tts: Some(tts), voice } => {
                Ok(Self::Speech { tts, voice })
            }
            _ => Err(D::Error::custom("a part is one of `media`, `tts` with `voice`, or `say` with `expr`")),
        }
    }
}
