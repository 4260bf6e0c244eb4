//! Nodes in which the caller hears something and may answer.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::flow::expression::Expression;
use crate::flow::key::Key;
use crate::flow::limits::{Tries, WaitMs, Within};
use crate::flow::name::Name;
use crate::flow::pattern::Pattern;
use crate::flow::prompt::Prompt;

/// Plays a prompt.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// What is heard.
    pub prompt: Prompt,
    /// Whether a key ends it.
    #[serde(default)]
    pub barge_in: bool,
    /// How many times it is played; once by default.
    pub repeat: Option<Tries>,
}

/// Asks for one key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// What is asked.
    #[serde(default)]
    pub prompt: Prompt,
    /// The keys that mean something; each is an outlet.
    pub keys: Vec<Key>,
    /// How long to wait for a key once the prompt has ended.
    pub timeout_ms: Option<WaitMs>,
    /// How many silences, or how many wrong keys, until the node is left.
    pub tries: Option<Tries>,
    /// What is asked after a silence or a wrong key.
    #[serde(default)]
    pub retry_prompts: RetryPrompts,
    /// Whether a key ends the prompt; it does by default.
    #[serde(default = "yes")]
    pub barge_in: bool,
    /// The caller may speak as well.
    pub speech: Option<SpeechInput>,
}

pub(super) const fn yes() -> bool {
    true
}

/// Prompts for the second and later times; the last one stays.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPrompts {
    /// After a silence.
    pub no_input: Vec<Prompt>,
    /// After an answer that means nothing.
    pub no_match: Vec<Prompt>,
}

/// How spoken answers are understood.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeechInput {
    /// What callers are likely to say, one for each key, in the order of the keys.
    #[serde(default)]
    pub hints: Vec<String>,
    /// How sure the recogniser must be, in percent.
    pub min_conf: Option<Within<0, 100>>,
}

/// Asks for a number of keys.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    /// What is asked.
    #[serde(default)]
    pub prompt: Prompt,
    /// The variable that takes what was typed.
    pub var: Name,
    /// The fewest keys; one by default.
    pub min: Option<Within<0, 64>>,
    /// The most keys; with them the input ends. By default 20.
    pub max: Option<Within<1, 64>>,
    /// The key that ends the input; `#` by default, none when it is null.
    #[serde(default = "hash")]
    pub end: Option<Key>,
    /// How long to wait for the first key once the prompt has ended.
    pub timeout_ms: Option<WaitMs>,
    /// How long to wait for each further key.
    pub inter_digit_ms: Option<WaitMs>,
    /// How many silences, or how many wrong inputs, until the node is left.
    pub tries: Option<Tries>,
    /// What is asked after a silence or a wrong input.
    #[serde(default)]
    pub retry_prompts: RetryPrompts,
    /// Whether a key ends the prompt; it does by default.
    #[serde(default = "yes")]
    pub barge_in: bool,
    /// What the input must be.
    pub check: Option<CollectCheck>,
    /// Whether recording pauses and the input is shown nowhere.
    #[serde(default)]
    pub secret: bool,
}

const fn hash() -> Option<Key> {
    Some(Key::HASH)
}

/// What an input must be. All that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CollectCheck {
    /// It matches this regular expression as a whole.
    pub regex: Option<Pattern>,
    /// Its last digit is right by the Luhn formula, as on payment cards (ISO/IEC 7812-1, annex B).
    pub luhn: bool,
    /// This expression is true; `value` is the input.
    pub expr: Option<Expression>,
}

/// Lets the caller choose a language.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Language {
    /// What is asked.
    #[serde(default)]
    pub prompt: Prompt,
    /// The locale of each key.
    pub choices: BTreeMap<Key, String>,
    /// Where a language may be known from, so that nothing is asked.
    pub auto: Option<LanguageSource>,
}

/// Where a caller's language may be known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LanguageSource {
    /// The country of their number.
    Caller,
    /// What they chose last time.
    Last,
}

/// Asks questions after a conversation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Under which name the answers are kept.
    pub survey: String,
    /// What is asked, in order.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What the answer is called.
    pub id: Name,
    /// What is asked.
    pub prompt: Prompt,
    /// How it is answered.
    #[serde(rename = "type")]
    pub question_type: QuestionType,
    /// The lowest mark of a scale; 1 by default.
    pub min: Option<Within<0, 10>>,
    /// The highest mark of a scale; 5 by default.
    pub max: Option<Within<1, 10>>,
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionType {
    /// By a mark.
    Scale,
    /// By speaking after a tone.
    Voice,
    /// 1 is yes, 2 is no.
    YesNo,
}
