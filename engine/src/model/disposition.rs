//! What an agent says of a call (French *qualification*).

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One choice on the agent's desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Disposition {
    /// Stable short name, such as `sale`.
    pub code: String,
    /// What French agents read.
    pub label_fr: String,
    /// What English agents read.
    pub label_en: String,
    /// What it does to the lead.
    pub effect: DispositionEffect,
}

/// What a disposition does to the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DispositionEffect {
    /// The agent agrees a moment for the next call.
    Callback,
    /// The number goes on the do-not-call list and the lead is never dialled again.
    DoNotCall,
    /// The lead is finished.
    Final,
    /// The lead is dialled again after a while.
    Retry {
        /// Time until the next attempt.
        #[serde(with = "super::time::millis")]
        #[cfg_attr(feature = "schema", schema(value_type = u64))]
        delay: Duration,
    },
}
