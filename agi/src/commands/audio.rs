//! Playing files, keys pressed, recording.
//!
//! *Escape digits* are the keys that end a command early, such as `"12#"`; `""` means none. Files are named
//! without extension, relative to Asterisk's sounds directory. Positions count samples of 1/8000 s, except where a
//! time is named.

use std::time::Duration;

use super::{digit, number, unexpected};
use crate::{Command, Connection, Error, Reply, Result};

/// How playing a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Played {
    /// The key that ended it, or `None` if it was played to its end.
    pub digit: Option<char>,
    /// Where it ended: samples, or milliseconds for [`Connection::control_stream_file`].
    pub end_position: i64,
}

/// Keys entered by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    /// The keys, without the closing `#`.
    pub digits: String,
    /// Whether time ran out before `#` or the greatest number of keys.
    pub timed_out: bool,
}

/// What [`Connection::control_stream_file`] plays, and the keys to wind it. `..ControlStream::new(file)` fills in
/// Asterisk's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlStream<'a> {
    /// The file.
    pub file: &'a str,
    /// Keys that stop it.
    pub escape_digits: &'a str,
    /// How far winding goes.
    pub skip: Duration,
    /// The key to wind forward.
    pub forward: char,
    /// The key to wind back.
    pub rewind: char,
    /// The key to pause and go on, if any.
    pub pause: Option<char>,
    /// Where to begin.
    pub offset: Duration,
}

/// What [`Connection::record_file`] records. `..RecordFile::new(file, format)` fills in the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordFile<'a> {
    /// The file.
    pub file: &'a str,
    /// Its format, such as `wav`.
    pub format: &'a str,
    /// Keys that end the recording.
    pub escape_digits: &'a str,
    /// Longest recording; `None` for no limit.
    pub time_max: Option<Duration>,
    /// Samples of an existing file to keep and to go on after.
    pub offset: u32,
    /// Whether a beep is played first.
    pub beep: bool,
    /// Silence that ends the recording, in whole seconds.
    pub silence: Option<Duration>,
}

/// A recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// What ended it.
    pub end: RecordingEnd,
    /// Its length in samples.
    pub end_position: i64,
}

/// What ended a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingEnd {
    /// A key. Pressed during the beep, it leaves no recording.
    Digit(char),
    /// The caller hung up; the file is kept.
    Hangup,
    /// The longest time, or silence.
    Timeout,
}

impl<'a> ControlStream<'a> {
    /// A file with Asterisk's own keys: `#` forward and `*` back by 3 s, no pause, nothing stops it.
    pub fn new(file: &'a str) -> Self {
        let skip = Duration::from_secs(3);
        ControlStream {
            file,
            escape_digits: "",
            skip,
            forward: '#',
            rewind: '*',
            pause: None,
            offset: Duration::ZERO,
        }
    }
}

impl<'a> RecordFile<'a> {
    /// A recording without limit, beep or keys.
    pub fn new(file: &'a str, format: &'a str) -> Self {
        RecordFile { file, format, escape_digits: "", time_max: None, offset: 0, beep: false, silence: None }
    }
}

impl Connection {
    /// `STREAM FILE`: plays a file from a position.
    pub async fn stream_file(&mut self, file: &str, escape_digits: &str, offset: u32) -> Result<Played> {
        let command = Command::new("STREAM FILE").waits().text(file).text(escape_digits);
        self.play(command.number(offset.into())).await
    }

    /// `CONTROL STREAM FILE`: plays a file that the person can wind.
    pub async fn control_stream_file(&mut self, stream: ControlStream<'_>) -> Result<Played> {
        let command = Command::new("CONTROL STREAM FILE")
            .waits()
            .text(stream.file)
            .text(stream.escape_digits)
            .milliseconds(stream.skip)
            .text(stream.forward.encode_utf8(&mut [0; 4]))
            .text(stream.rewind.encode_utf8(&mut [0; 4]))
            .text(stream.pause.map(String::from).as_deref().unwrap_or(""))
            .milliseconds(stream.offset);
        self.play(command).await
    }

    /// `GET OPTION`: plays a file, then waits for one of the escape digits. `None` is the dialplan's own time
    /// limit, 5 s unless it was changed.
    pub async fn get_option(
        &mut self,
        file: &str,
        escape_digits: &str,
        time_max: Option<Duration>,
    ) -> Result<Played> {
        let command = Command::new("GET OPTION").waits().text(file).text(escape_digits);
        let command = match time_max {
            Some(time_max) => command.milliseconds(time_max),
            None => command,
        };
        self.play(command).await
    }

    /// `GET DATA`: plays a file while keys are entered, up to `#`, a number of keys, or a time without keys
    /// (`None`: the dialplan's own limit). The least number of keys is 1, the most Asterisk keeps is 1023.
    pub async fn get_data(
        &mut self,
        file: &str,
        time_max: Option<Duration>,
        digits_max: u16,
    ) -> Result<Digits> {
        let digits_max = digits_max.clamp(1, 1023);
        let command = Command::new("GET DATA").waits().text(file);
        let command = command.milliseconds(time_max.unwrap_or_default()).number(digits_max.into());
        let reply = self.run(command).await?;
        let timed_out = reply.text() == Some("timeout");
        Ok(Digits { digits: reply.result().to_owned(), timed_out })
    }

    /// `WAIT FOR DIGIT`: waits for a key; without a limit if there is none.
    pub async fn wait_for_digit(&mut self, time_max: Option<Duration>) -> Result<Option<char>> {
        let command = Command::new("WAIT FOR DIGIT").waits();
        self.run_for_digit(match time_max {
            Some(time_max) => command.milliseconds(time_max),
            None => command.number(-1),
        })
        .await
    }

    /// `RECORD FILE`: records what the person says.
    pub async fn record_file(&mut self, recording: RecordFile<'_>) -> Result<Recorded> {
        let command = recording.command();
        let name = command.name();
        let reply = self.send(command).await?;
        let end = match (reply.text(), reply.result()) {
            (Some("hangup"), _) => RecordingEnd::Hangup,
            (_, "-1") => {
                let reason = reply.text().unwrap_or("result=-1").to_owned();
                return Err(Error::Failed { command: name, reason });
            }
            (Some("timeout"), _) => RecordingEnd::Timeout,
            _ => RecordingEnd::Digit(digit(name, &reply)?.ok_or_else(|| unexpected(name))?),
        };
        Ok(Recorded { end, end_position: end_position(name, &reply)? })
    }

    async fn play(&mut self, command: Command) -> Result<Played> {
        let name = command.name();
        let reply = self.run(command).await?;
        Ok(Played { digit: digit(name, &reply)?, end_position: end_position(name, &reply)? })
    }
}

impl RecordFile<'_> {
    /// Asterisk tells the last arguments apart by their look: a number, anything, `s=` and a number.
    fn command(&self) -> Command {
        let mut command =
            Command::new("RECORD FILE").waits().text(self.file).text(self.format).text(self.escape_digits);
        command = match self.time_max {
            Some(time_max) => command.milliseconds(time_max),
            None => command.number(-1),
        };
        if self.offset > 0 {
            command = command.number(self.offset.into());
        }
        if self.beep {
            command = command.text("BEEP");
        }
        match self.silence {
            Some(silence) => command.text(&format!("s={}", silence.as_secs().max(1))),
            None => command,
        }
    }
}

pub(super) fn end_position(command: &'static str, reply: &Reply) -> Result<i64> {
    number(command, reply.value("endpos").unwrap_or_default())
}
