//! The rules of Cadran: a function of inputs and time.
//!
//! `Engine::handle(now, Input) -> Vec<Command>`. No I/O, no clock, no lock, no `async`, no randomness that is not
//! seeded. The daemon feeds it from Asterisk, the database and the API; the simulator feeds it from a pretend
//! telephone network in virtual time.

pub mod command;
pub mod input;
pub mod model;
pub mod view;
