//! The law as packs, tested from outside: worked cases, properties and wall clocks.

mod cases;
mod fixtures;
mod limits;
mod properties;
mod wall_clocks;
