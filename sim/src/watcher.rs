//! A seat from which everything that the engine is told, and wants done, can be seen.

use std::fmt::Debug;

use cadran_engine::command::Command;
use cadran_engine::input::Input;
use cadran_engine::model::Timestamp;

/// Whoever looks on. They change nothing.
pub trait Watcher: Debug {
    /// A daemon starts, with an engine of this seed. An earlier one is dead.
    fn started(&mut self, seed: u64, at: Timestamp);
    /// The engine took an input, at this time of its own clock, and wants this done.
    fn handled(&mut self, at: Timestamp, input: Input, commands: &[Command]);
}
