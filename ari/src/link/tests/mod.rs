//! The link against every way in which Asterisk and the network can fail it.
//!
//! Time is Tokio's paused time: it passes at once when everybody waits, so these tests are quick and exact.

mod faults;
mod requests;
mod server;
mod setup;
