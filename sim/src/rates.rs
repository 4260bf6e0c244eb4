//! Whether dials keep to the limits, counted anew from the dials themselves.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cadran_engine::input::Settings;
use cadran_engine::model::{CampaignId, RateLimit, RingMode, Timestamp, TrunkId};

/// Who is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Campaign(CampaignId),
    Switch,
    Trunk(TrunkId),
}

/// The dials of the last second.
#[derive(Debug)]
pub(crate) struct Rates {
    limits: BTreeMap<Whose, RateLimit>,
    recent: BTreeMap<Whose, VecDeque<Timestamp>>,
    /// Dials whose agent's phone rings first pass the limit when it begins to ring, and are saved later.
    delayed_max: usize,
}

impl Rates {
    pub(crate) fn new(settings: &Settings) -> Self {
        let campaigns = settings.campaigns.iter().map(|one| (Whose::Campaign(one.id), one.settings.limit));
        let trunks = settings.trunks.iter().map(|one| (Whose::Trunk(one.id), one.limit));
        let switch = settings.switch_limit.map(|limit| (Whose::Switch, limit));
        let per_call = settings.agents.iter().filter(|agent| agent.ring_mode == RingMode::PerCall);
        Self {
            limits: campaigns.chain(trunks).chain(switch).collect(),
            recent: BTreeMap::new(),
            delayed_max: per_call.count(),
        }
    }

    /// A daemon that starts knows of no earlier dial.
    pub(crate) fn forget(&mut self) {
        self.recent.clear();
    }

    pub(crate) fn concurrent_max(&self, trunk: TrunkId) -> Option<u32> {
        self.limits.get(&Whose::Trunk(trunk)).map(|limit| limit.concurrent_calls)
    }

    /// A dial is placed. Says whose limit it passes: after a quiet second a second's worth of calls may pass at once,
    /// and the rate on top.
    pub(crate) fn placed(&mut self, campaign: CampaignId, trunk: TrunkId, now: Timestamp) -> Option<String> {
        let mut passed = None;
        for whose in [Whose::Campaign(campaign), Whose::Trunk(trunk), Whose::Switch] {
            let Some(limit) = self.limits.get(&whose) else {
                continue;
            };
            let recent = self.recent.entry(whose).or_default();
            while recent.front().is_some_and(|first| now.since(*first) >= Duration::from_secs(1)) {
                recent.pop_front();
            }
            recent.push_back(now);
            let allowed = 2.0 * limit.calls_per_second.max(1.0);
            if recent.len() > allowed.ceil() as usize + self.delayed_max {
                passed = Some(format!("{whose:?}"));
            }
        }
        passed
    }
}
