//! Calls that campaigns place.
//!
//! From pacing to the durable attempt: `predicting` feeds the forecast, which `rivals` share agents with, `placing` saves
//! attempts, `routing` knows who carries them. `call` is the small machine that `dialled` moves from the first ring to
//! the end; `screening` tells persons from machines, `message` is played to whoever gets no agent. `tripping` is about
//! circuit breakers, and `explaining` says what campaigns do, and why.

pub(crate) mod call;
pub(crate) mod dialled;
pub(crate) mod explaining;
pub(crate) mod message;
pub(crate) mod placing;
pub(crate) mod predicting;
pub(crate) mod rivals;
pub(crate) mod routing;
pub(crate) mod screening;
pub(crate) mod tripping;
