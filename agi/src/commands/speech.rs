//! Speech recognition, with an engine that an Asterisk module provides.

use std::time::Duration;

use super::audio::end_position;
use super::{number, unexpected};
use crate::reply::next_pair;
use crate::{Command, Connection, Error, Result};

/// Why a speech command fails: Asterisk gives no reason, and there are only these.
const REFUSED: &str = "there is no speech object, or its engine refused";

/// What a person said or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recognised {
    /// A key was pressed.
    Digit(char),
    /// The caller hung up.
    Hangup,
    /// What was understood, best first as the engine orders it; empty if nothing was.
    Speech(Vec<SpeechMatch>),
    /// Nothing was said in time.
    Timeout,
}

/// One way to understand what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechMatch {
    /// How sure the engine is; 1000 is the most for usual engines.
    pub score: i32,
    /// What was said.
    pub text: String,
    /// The grammar that it matches.
    pub grammar: String,
}

impl Connection {
    /// `SPEECH CREATE`: begins recognition with an engine.
    pub async fn speech_create(&mut self, engine: &str) -> Result<()> {
        let failure = "there is one already, or there is no such engine";
        self.run_or_fail(Command::new("SPEECH CREATE").text(engine), failure).await
    }

    /// `SPEECH SET`: a setting of the engine.
    pub async fn speech_set(&mut self, name: &str, value: &str) -> Result<()> {
        self.run_or_fail(Command::new("SPEECH SET").text(name).text(value), REFUSED).await
    }

    /// `SPEECH DESTROY`: ends recognition.
    pub async fn speech_destroy(&mut self) -> Result<()> {
        self.run_or_fail(Command::new("SPEECH DESTROY"), REFUSED).await
    }

    /// `SPEECH LOAD GRAMMAR`: a grammar by name, from a file on the Asterisk server.
    pub async fn speech_load_grammar(&mut self, grammar: &str, path: &str) -> Result<()> {
        self.run_or_fail(Command::new("SPEECH LOAD GRAMMAR").text(grammar).text(path), REFUSED).await
    }

    /// `SPEECH UNLOAD GRAMMAR`.
    pub async fn speech_unload_grammar(&mut self, grammar: &str) -> Result<()> {
        self.run_or_fail(Command::new("SPEECH UNLOAD GRAMMAR").text(grammar), REFUSED).await
    }

    /// `SPEECH ACTIVATE GRAMMAR`.
    pub async fn speech_activate_grammar(&mut self, grammar: &str) -> Result<()> {
        self.run_or_fail(Command::new("SPEECH ACTIVATE GRAMMAR").text(grammar), REFUSED).await
    }

    /// `SPEECH DEACTIVATE GRAMMAR`.
    pub async fn speech_deactivate_grammar(&mut self, grammar: &str) -> Result<()> {
        self.run_or_fail(Command::new("SPEECH DEACTIVATE GRAMMAR").text(grammar), REFUSED).await
    }

    /// `SPEECH RECOGNIZE`: plays a prompt and listens. The time counts whole seconds from the end of the prompt;
    /// zero is no limit. The offset into the prompt counts samples.
    pub async fn speech_recognize(
        &mut self,
        prompt: &str,
        time_max: Duration,
        offset: u32,
    ) -> Result<Recognised> {
        let seconds = i64::try_from(time_max.as_secs()).unwrap_or(i64::MAX).min(i32::MAX.into());
        let command = Command::new("SPEECH RECOGNIZE").waits().text(prompt).number(seconds);
        let command = command.number(offset.into());
        let name = command.name();
        let reply = self.run(command).await?;
        if reply.result() == "0" {
            return Err(Error::Failed { command: name, reason: REFUSED.to_owned() });
        }
        end_position(name, &reply)?;
        match reply.text() {
            Some("speech") => Ok(Recognised::Speech(matches(name, reply.after_result())?)),
            Some("digit") => {
                let digit = reply.value("digit").and_then(|digit| digit.chars().next());
                digit.map(Recognised::Digit).ok_or_else(|| unexpected(name))
            }
            Some("hangup") => Ok(Recognised::Hangup),
            Some("timeout") => Ok(Recognised::Timeout),
            _ => Err(unexpected(name)),
        }
    }
}

/// Reads `score0=900 text0="yes" grammar0=answers score1=…`.
fn matches(command: &'static str, mut tail: &str) -> Result<Vec<SpeechMatch>> {
    let mut matches: Vec<SpeechMatch> = Vec::new();
    while !tail.is_empty() {
        let (name, value, rest) = next_pair(tail);
        tail = rest;
        match (name.trim_end_matches(|c: char| c.is_ascii_digit()), matches.last_mut()) {
            ("score", _) => matches.push(SpeechMatch {
                score: number(command, value)?,
                text: String::new(),
                grammar: String::new(),
            }),
            ("text", Some(last)) => value.clone_into(&mut last.text),
            ("grammar", Some(last)) => value.clone_into(&mut last.grammar),
            _ => {}
        }
    }
    Ok(matches)
}
