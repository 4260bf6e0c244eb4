//! What circuit breakers are told, and what becomes of a trip.

use crate::command::Notice;
use crate::dialer::breaker::{Breaker, Seen, Standing};
use crate::dialer::obstacle::{Obstacle, Whose};
use crate::engine::Engine;
use crate::model::{Attempt, CallId, CampaignId, Outcome, Timestamp, TrunkId};
use crate::outbound::call::Call;

impl Engine {
    /// A call is over. What we ended ourselves before an answer, other than by the ring timeout, and what was lost with
    /// the link say nothing of the network.
    pub(crate) fn call_judged(&mut self, call: &Call, outcome: Outcome, lost: bool) {
        let by_network = !lost && (call.outcome.is_none() || outcome == Outcome::NoAnswer);
        match (call.answered_at, call.connected_at) {
            (None, _) if by_network => self.dial_judged(call, outcome),
            (Some(_), Some(connected)) => {
                let talked = self.cx.now.since(connected);
                self.campaign_saw(call.attempt.campaign, Seen::Talk { talked });
            }
            (None | Some(_), _) => {}
        }
    }

    /// A dial was answered, or ended without an answer.
    fn dial_judged(&mut self, call: &Call, outcome: Outcome) {
        let seen = Seen::Dial { begun: call.attempt.started_at, outcome };
        self.campaign_saw(call.attempt.campaign, seen);
        self.trunk_saw(call.attempt.trunk, call.attempt.campaign, seen);
    }

    /// Somebody answered a dial, or a machine.
    pub(crate) fn answer_judged(&mut self, id: CallId, machine: bool) {
        let Some(call) = self.calls.get(&id) else { return };
        let Attempt { campaign, trunk, started_at: begun, .. } = call.attempt;
        let seen = Seen::Dial { begun, outcome: Outcome::Answered };
        self.campaign_saw(campaign, seen);
        self.campaign_saw(campaign, Seen::Answer { machine });
        self.trunk_saw(trunk, campaign, seen);
    }

    /// Something happened that a campaign's breaker judges by.
    pub(crate) fn campaign_saw(&mut self, campaign: CampaignId, seen: Seen) {
        let now = self.cx.now;
        let Some(run) = self.runs.get_mut(&campaign) else { return };
        let breakers = run.breakers();
        if let Some(why) = run.breaker.saw(seen, &breakers, now) {
            self.cx.notice(Notice::CampaignTripped { campaign, why });
        }
    }

    /// A trunk is judged by the settings of the campaign whose dial it was.
    fn trunk_saw(&mut self, trunk: TrunkId, campaign: CampaignId, seen: Seen) {
        let now = self.cx.now;
        let (Some(run), Some(trunk_run)) = (self.runs.get(&campaign), self.trunks.get_mut(&trunk)) else {
            return;
        };
        if let Some(why) = trunk_run.breaker.saw(seen, &run.breakers(), now) {
            self.cx.notice(Notice::TrunkTripped { trunk, why });
        }
    }
}

/// What a breaker has to do with it that no call is placed.
pub(crate) fn obstacle_of(breaker: &Breaker, whose: Whose, now: Timestamp) -> Option<Obstacle> {
    breaker.standing(now).map(|standing| match standing {
        Standing::Open { why, until } => Obstacle::Tripped { whose, why, until },
        Standing::Ramping { why, share, until } => Obstacle::Slowed { whose, why, share, until },
    })
}
