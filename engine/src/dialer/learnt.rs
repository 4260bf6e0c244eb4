//! What a campaign's dialling has learnt, kept over restarts.

use serde::{Deserialize, Serialize};

use super::answer_rate::AnswerRates;
use super::predictive::Lessons;

/// What a campaign has learnt. Bounded, and read only by the version that wrote it: what is learnt again within an hour
/// is not worth a migration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learnt {
    /// [`Learnt::VERSION`] of whoever wrote it.
    pub version: u32,
    /// How likely dials are answered, by hour and list.
    pub answer_rates: AnswerRates,
    /// What the pacer of a predictive campaign knows.
    pub lessons: Option<Lessons>,
}

impl Learnt {
    /// Changes with every change of what is in it, or of what it means.
    pub const VERSION: u32 = 2;
}
