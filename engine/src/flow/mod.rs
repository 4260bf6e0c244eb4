//! The flow language: what callers hear, are asked, and where they are led.
//!
//! A flow is one JSON document. In reading order: [`document`], [`node`], [`nodes`] and [`prompt`] are the format;
//! [`read`](read()) turns text into it; [`check`] says what is wrong with it. [`Prepared`] is a flow made ready, and
//! [`run`] carries calls through it.

pub mod body;
pub mod calendar;
pub mod check;
pub mod defaults;
pub mod diff;
pub mod document;
pub mod driver;
pub mod expression;
mod facets;
pub mod finding;
pub mod key;
pub mod limits;
pub mod name;
pub mod node;
pub mod nodes;
pub mod pattern;
mod prepared;
pub mod prompt;
mod read;
pub mod run;
pub mod scope;
pub mod simulation;
pub mod sip_address;
pub mod template;
pub mod value;
pub mod world;

pub use check::{check, check_text};
pub use prepared::{Library, Prepared};
pub use read::read;
