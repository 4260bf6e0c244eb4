//! The law as packs, tested from outside: worked cases, properties and wall clocks.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod after_dialling;
mod cases;
mod consents;
mod fixtures;
mod limits;
mod properties;
mod wall_clocks;
