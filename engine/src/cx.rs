//! What every part of the engine may reach: the time, chance, timers, and the commands that go out.

use std::time::Duration;

use crate::command::{Command, Notice, SwitchCommand, Write};
use crate::mint::Mint;
use crate::model::Timestamp;
use crate::timers::{Timer, Timers};
use crate::wall_time::on_the_wall;

/// Time and chance come in through it; effects go out through it.
#[derive(Debug)]
pub(crate) struct Cx {
    /// The engine's steady time. Never goes backwards.
    pub(crate) now: Timestamp,
    /// The wall clock at this moment, for calling hours.
    pub(crate) wall: Timestamp,
    pub(crate) mint: Mint,
    pub(crate) timers: Timers,
    out: Vec<Command>,
}

impl Cx {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: Timestamp::default(),
            wall: Timestamp::default(),
            mint: Mint::new(seed),
            timers: Timers::default(),
            out: Vec::new(),
        }
    }

    pub(crate) fn emit(&mut self, command: Command) {
        self.out.push(command);
    }

    pub(crate) fn switch(&mut self, command: SwitchCommand) {
        self.out.push(Command::Switch(command));
    }

    /// Has something kept. Its times of history are steady here and those of the wall in the row.
    pub(crate) fn write(&mut self, write: Write) {
        self.out.push(Command::Write(on_the_wall(write, self.now, self.wall)));
    }

    pub(crate) fn notice(&mut self, notice: Notice) {
        self.out.push(Command::Notice(notice));
    }

    /// An input that makes no sense in the present state is told, and changes nothing.
    pub(crate) fn unexpected(&mut self, what: String) {
        self.notice(Notice::Unexpected { what });
    }

    /// A resync found the world other than believed.
    pub(crate) fn repaired(&mut self, what: String) {
        self.notice(Notice::Repaired { what });
    }

    pub(crate) fn arm_in(&mut self, span: Duration, timer: Timer) {
        self.timers.arm(self.now + span, timer);
    }

    pub(crate) fn take_commands(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.out)
    }
}
