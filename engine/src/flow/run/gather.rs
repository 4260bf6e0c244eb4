//! Asking for keys: prompt, wait, judge, ask again. Menus, inputs, languages and surveys all ask in this way.

use crate::flow::document::Defaults;
use crate::flow::key::Key;
use crate::flow::limits::{Tries, WaitMs};
use crate::flow::nodes::{Collect, Language, Menu, Question, QuestionType, RetryPrompts, SpeechInput};
use crate::flow::prompt::Prompt;

/// How long to wait for the first key, where nothing else is said.
const TIMEOUT_MS: u32 = 5_000;
/// How long to wait for each further key.
const INTER_DIGIT_MS: u32 = 3_000;
/// How often to ask.
const TRIES: u32 = 3;
/// How many keys an input may have.
const COLLECTED_MAX: u32 = 20;

/// How to ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asking<'a> {
    pub(super) prompt: &'a Prompt,
    pub(super) retry_prompts: Option<&'a RetryPrompts>,
    pub(super) barge_in: bool,
    pub(super) secret: bool,
    pub(super) speech: Option<&'a SpeechInput>,
    pub(super) keys_max: u32,
    pub(super) end: Option<Key>,
    pub(super) timeout_ms: u32,
    pub(super) inter_digit_ms: u32,
    pub(super) tries: u32,
}

impl<'a> Asking<'a> {
    fn once(prompt: &'a Prompt, defaults: &Defaults) -> Self {
        Self {
            prompt,
            retry_prompts: None,
            barge_in: true,
            secret: false,
            speech: None,
            keys_max: 1,
            end: None,
            timeout_ms: wait(None, defaults.timeout_ms, TIMEOUT_MS),
            inter_digit_ms: wait(None, defaults.inter_digit_ms, INTER_DIGIT_MS),
            tries: tries(None, defaults.tries),
        }
    }

    pub(super) fn menu(menu: &'a Menu, defaults: &Defaults) -> Self {
        Self {
            retry_prompts: Some(&menu.retry_prompts),
            barge_in: menu.barge_in,
            speech: menu.speech.as_ref(),
            timeout_ms: wait(menu.timeout_ms, defaults.timeout_ms, TIMEOUT_MS),
            tries: tries(menu.tries, defaults.tries),
            ..Self::once(&menu.prompt, defaults)
        }
    }

    pub(super) fn collect(collect: &'a Collect, defaults: &Defaults) -> Self {
        Self {
            retry_prompts: Some(&collect.retry_prompts),
            barge_in: collect.barge_in,
            secret: collect.secret,
            keys_max: collect.max.map_or(COLLECTED_MAX, |max| max.number()),
            end: collect.end,
            timeout_ms: wait(collect.timeout_ms, defaults.timeout_ms, TIMEOUT_MS),
            inter_digit_ms: wait(collect.inter_digit_ms, defaults.inter_digit_ms, INTER_DIGIT_MS),
            tries: tries(collect.tries, defaults.tries),
            ..Self::once(&collect.prompt, defaults)
        }
    }

    pub(super) fn language(language: &'a Language, defaults: &Defaults) -> Self {
        Self::once(&language.prompt, defaults)
    }

    pub(super) fn question(question: &'a Question, defaults: &Defaults) -> Self {
        let highest = question.max.map_or(5, |max| max.number());
        let keys_max = if question.question_type == QuestionType::Scale && highest > 9 { 2 } else { 1 };
        Self { keys_max, end: Some(Key::HASH), ..Self::once(&question.prompt, defaults) }
    }
}

fn wait(own: Option<WaitMs>, default: Option<WaitMs>, otherwise: u32) -> u32 {
    own.or(default).map_or(otherwise, |ms| ms.number())
}

fn tries(own: Option<Tries>, default: Option<Tries>) -> u32 {
    own.or(default).map_or(TRIES, |tries| tries.number())
}

/// An asking on its way.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gather {
    /// What has been typed since the prompt began.
    typed: String,
    /// Whether the prompt is being played.
    is_playing: bool,
    silences: u32,
    mismatches: u32,
}

/// What to do about an asking.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// Go on with what is being done.
    Nothing,
    /// Wait for a key, for so many milliseconds.
    Wait(u32),
    /// Judge what was typed.
    Typed(String),
    /// Nothing was typed in time.
    Silence,
}

/// Why to ask again, or to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// Nothing came.
    NoInput,
    /// What came means nothing.
    NoMatch,
}

impl Miss {
    pub(super) const fn outlet(self) -> &'static str {
        match self {
            Self::NoInput => "no_input",
            Self::NoMatch => "no_match",
        }
    }
}

impl Gather {
    /// The prompt begins, or there is none and the wait does.
    pub(super) fn begin(&mut self, prompt: &Prompt) {
        self.typed.clear();
        self.is_playing = !prompt.parts.is_empty();
    }

    /// Whether the prompt is being played.
    pub(super) const fn is_playing(&self) -> bool {
        self.is_playing
    }

    pub(super) fn prompt_ended(&mut self, asking: &Asking<'_>) -> Heard {
        if !self.is_playing {
            return Heard::Nothing;
        }
        self.is_playing = false;
        Heard::Wait(asking.timeout_ms)
    }

    pub(super) fn key(&mut self, key: Key, asking: &Asking<'_>) -> Heard {
        if self.is_playing && !asking.barge_in {
            return Heard::Nothing;
        }
        self.is_playing = false;
        if asking.end == Some(key) {
            return Heard::Typed(std::mem::take(&mut self.typed));
        }
        self.typed.push(key.sign());
        if self.typed.len() >= asking.keys_max as usize {
            return Heard::Typed(std::mem::take(&mut self.typed));
        }
        Heard::Wait(asking.inter_digit_ms)
    }

    pub(super) fn time_over(&mut self) -> Heard {
        match (self.is_playing, self.typed.is_empty()) {
            (true, _) => Heard::Nothing,
            (false, true) => Heard::Silence,
            (false, false) => Heard::Typed(std::mem::take(&mut self.typed)),
        }
    }

    /// Counts a miss: the prompt to ask again with, or `None` when it was the last.
    pub(super) fn miss<'a>(&mut self, miss: Miss, asking: &Asking<'a>) -> Option<&'a Prompt> {
        let (count, prompts) = match miss {
            Miss::NoInput => (&mut self.silences, asking.retry_prompts.map(|prompts| &prompts.no_input)),
            Miss::NoMatch => (&mut self.mismatches, asking.retry_prompts.map(|prompts| &prompts.no_match)),
        };
        *count += 1;
        if *count >= asking.tries {
            return None;
        }
        let before = *count as usize - 1;
        let again = prompts.and_then(|prompts| prompts.get(before).or_else(|| prompts.last()));
        Some(again.unwrap_or(asking.prompt))
    }
}
