//! The rules of Cadran: a function of inputs and time.
//!
//! `Engine::handle(now, Input) -> Vec<Command>`. No I/O, no clock, no lock, no `async`, no randomness that is not
//! seeded. The daemon feeds it from Asterisk, the database and the API; the simulator feeds it from a pretend
//! telephone network in virtual time.
//!
//! In reading order: [`model`] has the nouns; [`input`] and [`command`] are what goes in and out; `engine` is the
//! table of contents of everything that can happen. Then one folder for each story: `outbound` (calls that campaigns
//! place), [`inbound`] (callers, flows and queues), `agents`, and [`conversation`] (a customer and an agent who hear each
//! other: recordings, supervisors, transfers). `resync` compares what is believed with what is there, `settings` takes
//! in what managers change, `holds` stops all dialling. [`dialer`] holds the questions with a pure answer; [`almanac`]
//! knows hours and holidays; [`flow`] is the language of inbound flows, with its checker and its interpreter.

mod agents;
pub mod almanac;
pub mod command;
pub mod conversation;
mod cx;
pub mod dialer;
mod engine;
pub mod flow;
mod holds;
pub mod inbound;
pub mod input;
mod mint;
pub mod model;
pub mod notice;
mod outbound;
mod refusal;
pub mod request;
mod resync;
mod settings;
mod timers;
pub mod view;
mod wall_time;

pub use agents::desk::{PREVIEW_LEASE, PREVIEW_MAX};
pub use engine::Engine;
