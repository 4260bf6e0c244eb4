//! Who carries a call, and the limits that it uses up: campaign, Asterisk server, trunk.

use crate::dialer::admission::{Closed, Gate};
use crate::dialer::breaker::Breaker;
use crate::dialer::campaign_run::{IdleReason, Limited};
use crate::engine::Engine;
use crate::model::{CallId, CampaignId, Phone, TrunkId};
use crate::outbound::call::Call;

/// Who carries a call, and what it shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) trunk: TrunkId,
    pub(crate) caller_id: Phone,
}

impl Engine {
    /// The first of the campaign's trunks that can carry a call at this moment, with a number that it may show.
    pub(crate) fn choose_route(&mut self, campaign: CampaignId) -> Result<Route, IdleReason> {
        let now = self.cx.now;
        let Some(run) = self.runs.get_mut(&campaign) else {
            return Err(IdleReason::NotRunning);
        };
        if let Err(closed) = run.gate.check(now) {
            return Err(self.wait_for_gate(campaign, Limited::Campaign, closed));
        }
        if let Err(closed) = run.breaker.check(run.settings.limit.calls_per_second, now) {
            return Err(self.wait_for_breaker(campaign, closed));
        }
        if let Some(Err(closed)) = self.switch_gate.as_mut().map(|gate| gate.check(now)) {
            return Err(self.wait_for_gate(campaign, Limited::Server, closed));
        }
        let mut soonest: Option<Closed> = None;
        for id in &run.settings.trunks {
            let Some(trunk) = self.trunks.get_mut(id).filter(|trunk| trunk.is_usable()) else {
                continue;
            };
            let Some(caller_id) = trunk.shows_one_of(&run.settings.caller_ids) else {
                continue;
            };
            let calls_per_second = trunk.settings.limit.calls_per_second;
            match trunk.breaker.check(calls_per_second, now).and_then(|()| trunk.gate.check(now)) {
                Ok(()) => {
                    return Ok(Route { trunk: *id, caller_id });
                }
                Err(closed) => soonest = Some(soonest.map_or(closed, |other| other.min(closed))),
            }
        }
        match soonest {
            None => Err(IdleReason::NoTrunk),
            Some(closed) => Err(self.wait_for_gate(campaign, Limited::Trunk, closed)),
        }
    }

    fn wait_for_breaker(&mut self, campaign: CampaignId, closed: Closed) -> IdleReason {
        self.wait_for_gate(campaign, Limited::Campaign, closed);
        IdleReason::Broken
    }

    /// The campaign looks again when the gate opens: at a known time, or when a call ends (`count_out`).
    fn wait_for_gate(&mut self, campaign: CampaignId, whose: Limited, closed: Closed) -> IdleReason {
        match closed {
            Closed::TooFast(wait) => self.look_again(campaign, self.cx.now + wait),
            Closed::Full => {}
        }
        IdleReason::AtLimit(whose)
    }

    /// A call begins to use its campaign's, its trunk's and the server's limits.
    pub(crate) fn count_in(&mut self, call: CallId, at_a_cost: bool) {
        let Some(call) = self.calls.get(&call) else { return };
        let run = self.runs.get_mut(&call.attempt.campaign);
        let trunk = self.trunks.get_mut(&call.attempt.trunk);
        if let Some(run) = run {
            run.dialling += 1;
            run.dialling_ahead += u32::from(call.is_ahead());
            pass(&mut run.gate, Some(&mut run.breaker), at_a_cost);
        }
        if let Some(trunk) = trunk {
            pass(&mut trunk.gate, Some(&mut trunk.breaker), at_a_cost);
        }
        if let Some(gate) = &mut self.switch_gate {
            pass(gate, None, at_a_cost);
        }
    }

    /// A call no longer uses any limit.
    pub(crate) fn count_out(&mut self, call: &Call) {
        if let Some(run) = self.runs.get_mut(&call.attempt.campaign) {
            run.gate.leave();
            if call.decided_at.is_none() {
                run.dialling = run.dialling.saturating_sub(1);
                run.dialling_ahead = run.dialling_ahead.saturating_sub(u32::from(call.is_ahead()));
            }
            if call.connected_at.is_some() {
                run.talking = run.talking.saturating_sub(1);
            }
            run.waiting.retain(|waiting| *waiting != call.attempt.call);
        }
        if let Some(trunk) = self.trunks.get_mut(&call.attempt.trunk) {
            trunk.gate.leave();
        }
        if let Some(gate) = &mut self.switch_gate {
            gate.leave();
        }
        self.stirred.insert(call.attempt.campaign);
        self.stir_held_up();
    }

    /// Something of a limit that others share is free again: campaigns that wait for it look.
    pub(crate) fn stir_held_up(&mut self) {
        let held_up: Vec<CampaignId> =
            self.runs.keys().copied().filter(|campaign| self.is_held_up(*campaign)).collect();
        self.stirred.extend(held_up);
    }

    /// Whether a campaign waits for a limit.
    pub(crate) fn is_held_up(&self, campaign: CampaignId) -> bool {
        let because = self.runs.get(&campaign).and_then(|run| run.idle_because);
        matches!(because, Some(IdleReason::AtLimit(_)))
    }
}

/// A call passes a gate and its breaker; one that was up already costs neither of them anything.
fn pass(gate: &mut Gate, breaker: Option<&mut Breaker>, at_a_cost: bool) {
    if !at_a_cost {
        return gate.adopt();
    }
    gate.enter();
    if let Some(breaker) = breaker {
        breaker.enter();
    }
}
