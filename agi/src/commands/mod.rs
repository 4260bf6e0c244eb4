//! The commands of Asterisk 22 as methods of [`Connection`], one file per subject.
//!
//! Arguments and results are those of `res/res_agi.c` and, for `GOSUB`, `apps/app_stack.c`. Where Asterisk answers
//! `-1` or, if that means failure, `0`, the method returns an [`Error`].

mod audio;
mod call;
mod database;
mod dialplan;
mod say;
mod speech;
mod text;
mod variables;

pub use audio::{ControlStream, Digits, Played, RecordFile, Recorded, RecordingEnd};
pub use call::ChannelState;
pub use dialplan::GosubEnd;
pub use say::{Gender, LetterCase};
pub use speech::{Recognised, SpeechMatch};
pub use text::TddMode;

use std::str::FromStr;

use crate::{Command, Connection, Error, Reply, ReplyProblem, Result};

/// The words of every command this crate sends, in alphabetical order.
pub const COMMANDS: [&str; 47] = [
    "ANSWER",
    "ASYNCAGI BREAK",
    "CHANNEL STATUS",
    "CONTROL STREAM FILE",
    "DATABASE DEL",
    "DATABASE DELTREE",
    "DATABASE GET",
    "DATABASE PUT",
    "EXEC",
    "GET DATA",
    "GET FULL VARIABLE",
    "GET OPTION",
    "GET VARIABLE",
    "GOSUB",
    "HANGUP",
    "NOOP",
    "RECEIVE CHAR",
    "RECEIVE TEXT",
    "RECORD FILE",
    "SAY ALPHA",
    "SAY DATE",
    "SAY DATETIME",
    "SAY DIGITS",
    "SAY NUMBER",
    "SAY PHONETIC",
    "SAY TIME",
    "SEND IMAGE",
    "SEND TEXT",
    "SET AUTOHANGUP",
    "SET CALLERID",
    "SET CONTEXT",
    "SET EXTENSION",
    "SET MUSIC",
    "SET PRIORITY",
    "SET VARIABLE",
    "SPEECH ACTIVATE GRAMMAR",
    "SPEECH CREATE",
    "SPEECH DEACTIVATE GRAMMAR",
    "SPEECH DESTROY",
    "SPEECH LOAD GRAMMAR",
    "SPEECH RECOGNIZE",
    "SPEECH SET",
    "SPEECH UNLOAD GRAMMAR",
    "STREAM FILE",
    "TDD MODE",
    "VERBOSE",
    "WAIT FOR DIGIT",
];

impl Connection {
    /// Sends a command that answers 1 for success and 0 for failure.
    async fn run_or_fail(&mut self, command: Command, failure: &str) -> Result<()> {
        let name = command.name();
        match self.run(command).await?.result() {
            "0" => Err(Error::Failed { command: name, reason: failure.to_owned() }),
            _ => Ok(()),
        }
    }

    /// Sends a command that answers with the key pressed.
    async fn run_for_digit(&mut self, command: Command) -> Result<Option<char>> {
        let name = command.name();
        digit(name, &self.run(command).await?)
    }
}

/// The result as a key: its ASCII code, or 0 if none was pressed.
fn digit(command: &'static str, reply: &Reply) -> Result<Option<char>> {
    let code: u8 = number(command, reply.result())?;
    Ok((code != 0).then_some(char::from(code)))
}

fn number<N: FromStr>(command: &'static str, text: &str) -> Result<N> {
    text.parse().map_err(|_| unexpected(command))
}

fn unexpected(command: &'static str) -> Error {
    Error::MalformedReply { command, problem: ReplyProblem::UnexpectedResult }
}
