//! Whether a campaign has deserved to dial ahead of its agents.

use serde::{Deserialize, Serialize};

use super::{AbandonRule, Pack};

/// One campaign's calls over the pack's period. Campaigns are never averaged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct CampaignStats {
    /// Calls that a person answered.
    pub live: u64,
    /// Those of them that no agent took in time.
    pub abandoned: u64,
}

impl CampaignStats {
    /// Abandoned calls over calls that a person answered; `None` when nobody answered.
    pub fn abandon_rate(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no campaign answers 2^53 calls")]
        (self.live > 0).then(|| self.abandoned as f64 / self.live as f64)
    }
}

/// How far a campaign may dial ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PaceGate {
    /// At most so many dials per ready agent.
    Ratio {
        /// Dials per ready agent.
        max: f64,
    },
    /// One dial per ready agent.
    OneToOne {
        /// Why not more.
        reason: PaceReason,
    },
}

/// Why a campaign may not dial ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PaceReason {
    /// Nobody has answered yet, so nothing proves that dialling ahead is safe.
    NoData,
    /// Too many calls were abandoned.
    RateExceeded,
}

/// How far a campaign may dial ahead under a pack.
pub fn pace_gate(stats: &CampaignStats, pack: &Pack) -> PaceGate {
    let rule = AbandonRule::of(pack);
    match stats.abandon_rate() {
        None => PaceGate::OneToOne { reason: PaceReason::NoData },
        Some(rate) if rate > rule.rate_max => PaceGate::OneToOne { reason: PaceReason::RateExceeded },
        Some(_) => PaceGate::Ratio { max: rule.ratio_max },
    }
}

/// Whether the law has nothing to say against the campaign's abandoned calls.
///
/// Where the law knows no safe rate, only a campaign without any is blameless.
pub(super) fn is_blameless(stats: CampaignStats, pack: &Pack) -> bool {
    let rule = AbandonRule::of(pack);
    let is_safe = stats.abandon_rate().is_some_and(|rate| rate <= rule.rate_max);
    stats.abandoned == 0 || (rule.safe_harbour && is_safe)
}
