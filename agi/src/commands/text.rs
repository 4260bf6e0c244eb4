//! Text and pictures, on channels that carry them.

use std::time::Duration;

use super::digit;
use crate::{Command, Connection, Result};

/// The mode of a text telephone (TDD).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TddMode {
    /// Sending and receiving.
    On,
    /// Off.
    Off,
    /// One side only.
    Mate,
}

impl Connection {
    /// `RECEIVE CHAR`: one character, or `None` after the time (zero: no limit).
    pub async fn receive_char(&mut self, time_max: Duration) -> Result<Option<char>> {
        let command = Command::new("RECEIVE CHAR").waits().milliseconds(time_max);
        let name = command.name();
        digit(name, &self.run(command).await?)
    }

    /// `RECEIVE TEXT`: a text, or `None` after the time or a hang-up.
    pub async fn receive_text(&mut self, time_max: Duration) -> Result<Option<String>> {
        let reply = self.send(Command::new("RECEIVE TEXT").waits().milliseconds(time_max)).await?;
        Ok(reply.text().map(str::to_owned))
    }

    /// `SEND IMAGE`: a picture by file name. Asterisk does not tell whether the channel can show it.
    pub async fn send_image(&mut self, image: &str) -> Result<()> {
        self.run(Command::new("SEND IMAGE").waits().text(image)).await?;
        Ok(())
    }

    /// `SEND TEXT`: a text. Asterisk does not tell whether the channel can show it.
    pub async fn send_text(&mut self, text: &str) -> Result<()> {
        self.run(Command::new("SEND TEXT").waits().text(text)).await?;
        Ok(())
    }

    /// `TDD MODE`: false if the channel has no such mode.
    pub async fn tdd_mode(&mut self, mode: TddMode) -> Result<bool> {
        let mode = match mode {
            TddMode::On => "on",
            TddMode::Off => "off",
            TddMode::Mate => "mate",
        };
        Ok(self.run(Command::new("TDD MODE").text(mode)).await?.result() == "1")
    }
}
