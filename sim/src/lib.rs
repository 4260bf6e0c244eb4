//! A pretend telephone network that drives the Cadran engine in virtual time.
//!
//! One seed is one run: a call centre of eight agents and two supervisors, the people whom it calls, an Asterisk and a database, and
//! faults of every kind. After every step promises are checked; at the end nothing may be left over. A run that
//! breaks a promise is played again by its seed.
//!
//! In reading order: `plan` (what a seed decides), `world` (virtual time), `network`, `screening`, `callers`, `agents`,
//! `supervision`, `store` (who takes part), `daemon` (what carries inputs and commands), `faults`, and `checks`, `rates`, `passing`,
//! `closing` (what must hold).

mod agents;
mod callers;
mod chance;
mod checks;
mod closing;
mod daemon;
mod faults;
mod inbound;
mod network;
mod passing;
mod plan;
mod rates;
mod report;
pub mod scenario;
mod screening;
mod store;
mod supervision;
mod watcher;
mod world;

pub use report::{Report, Tally};
pub use watcher::Watcher;
pub use world::{run, run_watched};
