//! The call itself: answer, state, hang up.

use std::time::Duration;

use super::number;
use crate::{Command, Connection, Result};

/// The state of a channel, as `CHANNEL STATUS` numbers it (`enum ast_channel_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelState {
    /// Down and available.
    Down,
    /// Down, but reserved.
    Reserved,
    /// Off hook.
    OffHook,
    /// Digits or their equivalent have been dialled.
    Dialling,
    /// The line is ringing.
    Ring,
    /// The far end is ringing.
    Ringing,
    /// Up.
    Up,
    /// Busy.
    Busy,
    /// Digits are being dialled while off hook.
    DiallingOffHook,
    /// An incoming call was noticed, ringing has not begun.
    PreRing,
    /// A state that Asterisk 22 does not have.
    Other(u32),
}

impl Connection {
    /// `ANSWER`: answers the call if it is not answered.
    pub async fn answer(&mut self) -> Result<()> {
        self.run(Command::new("ANSWER").waits()).await?;
        Ok(())
    }

    /// `CHANNEL STATUS`: the state of this call's channel.
    pub async fn channel_status(&mut self) -> Result<ChannelState> {
        let command = Command::new("CHANNEL STATUS");
        let name = command.name();
        Ok(ChannelState::from_number(number(name, self.run(command).await?.result())?))
    }

    /// `CHANNEL STATUS` of any channel by name; `None` if there is no such channel.
    pub async fn channel_status_of(&mut self, channel: &str) -> Result<Option<ChannelState>> {
        let command = Command::new("CHANNEL STATUS").text(channel);
        let name = command.name();
        match self.send(command).await?.result() {
            "-1" => Ok(None),
            state => Ok(Some(ChannelState::from_number(number(name, state)?))),
        }
    }

    /// `HANGUP`: hangs this call up. Asterisk then announces it; see [`Connection::hung_up`].
    pub async fn hangup(&mut self) -> Result<()> {
        self.run(Command::new("HANGUP")).await?;
        Ok(())
    }

    /// `HANGUP` of any channel by name; false if there is no such channel.
    pub async fn hangup_channel(&mut self, channel: &str) -> Result<bool> {
        Ok(self.send(Command::new("HANGUP").text(channel)).await?.result() != "-1")
    }

    /// `SET AUTOHANGUP`: hangs the call up after this time; `None` takes that back. Asterisk accepts fractions of
    /// a second; zero would mean `None`, so the least is a millisecond.
    pub async fn set_autohangup(&mut self, after: Option<Duration>) -> Result<()> {
        let seconds = after.map_or(0.0, |after| after.max(Duration::from_millis(1)).as_secs_f64());
        self.run(Command::new("SET AUTOHANGUP").text(&seconds.to_string())).await?;
        Ok(())
    }

    /// `SET CALLERID`: `"Name" <number>` or a number alone; Asterisk cuts it at 255 bytes.
    pub async fn set_callerid(&mut self, caller_id: &str) -> Result<()> {
        self.run(Command::new("SET CALLERID").text(caller_id)).await?;
        Ok(())
    }

    /// `SET MUSIC ON`: plays music on hold until [`Connection::set_music_off`], while the script goes on. `None`
    /// is the channel's own class.
    pub async fn set_music_on(&mut self, class: Option<&str>) -> Result<()> {
        self.run(Command::new("SET MUSIC").text("ON").optional_text(class)).await?;
        Ok(())
    }

    /// `SET MUSIC OFF`.
    pub async fn set_music_off(&mut self) -> Result<()> {
        self.run(Command::new("SET MUSIC").text("OFF")).await?;
        Ok(())
    }
}

impl ChannelState {
    fn from_number(number: u32) -> Self {
        match number {
            0 => ChannelState::Down,
            1 => ChannelState::Reserved,
            2 => ChannelState::OffHook,
            3 => ChannelState::Dialling,
            4 => ChannelState::Ring,
            5 => ChannelState::Ringing,
            6 => ChannelState::Up,
            7 => ChannelState::Busy,
            8 => ChannelState::DiallingOffHook,
            9 => ChannelState::PreRing,
            other => ChannelState::Other(other),
        }
    }
}
