//! The dialler: whom to call, and how many at once. Each file is one question with a pure answer.

pub mod admission;
pub mod answer_rate;
pub mod breaker;
pub mod calling_hours;
pub mod campaign_run;
pub mod compliance;
pub mod drop_ledger;
pub mod exhaustion;
pub mod hopper;
pub mod learnt;
pub mod list_mix;
pub mod obstacle;
pub mod outcome;
pub mod pacing;
pub mod pacing_line;
mod prediction;
pub mod predictive;
pub(crate) mod ready_agents;
pub mod retry;
pub mod share;

pub use campaign_run::CampaignRun;
