//! Predictive pacing: place a call when the agent who will take it is not free yet.
//!
//! A [`Pacer`] learns from what happened ([`ring`], [`answerers`], [`work`], [`drift`]), forecasts how many agents will be free when
//! a call placed at this moment would be answered, against the answers already on their way ([`forecast`],
//! [`convolution`]), and places calls as long as the chance that one more answer finds nobody stays below what the
//! drop budget can bear ([`budget`]). It has no clock: ages and elapsed times, in seconds, come in with the
//! [`Situation`]. How it works in words, and what it reaches: docs/pacing.md.

mod answerers;
mod budget;
mod conversations;
mod convolution;
mod drift;
mod explanation;
mod forecast;
mod hazard;
mod pacer;
mod ring;
mod situation;
mod work;

pub use budget::Target;
pub use explanation::{Explanation, HeldBy};
pub use pacer::{Decision, Lessons, Pacer};
pub use situation::{DialEnd, Dialled, Pickup, Rival, Situation, Spent, WorkStage, Working};

/// Quantiles by which the time from dial to agent is summed up.
const LAGS: usize = 6;
