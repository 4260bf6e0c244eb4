//! From "a call could be placed" to "the network hears of it": pacing, hopper, limits, and the durable attempt.

use std::time::Duration;

use crate::agents::by_hand;
use crate::agents::session::{AgentState, Reservation};
use crate::command::{Command, Destination, LeadNext, Notice, SwitchCommand, Write};
use crate::dialer::calling_hours::{self, Hours};
use crate::dialer::campaign_run::IdleReason;
use crate::dialer::compliance::{Obligation, PaceLaw, Reason};
use crate::dialer::pacing::{self, Decision};
use crate::engine::{Engine, LegOwner, TrunkRun};
use crate::input::{AttemptRefusal, LegPurpose};
use crate::model::{
    AgentId, Attempt, AttemptId, ByHand, CallId, CampaignId, CampaignState, DialMode, HangupCause, Lead,
    LegId, Outcome, RingMode, Side, Timestamp,
};
use crate::outbound::call::{Call, CallState};
use crate::outbound::routing::Route;
use crate::timers::Timer;

/// Asterisk gives a dial up by itself this much later than the engine should have, in case the engine is gone.
pub(crate) const RING_MARGIN: Duration = Duration::from_secs(2);

/// Leads that one look may find outside calling hours and give back, so that one input never takes long.
const CLOSED_LEADS_MAX: u32 = 100;

/// When a lead is looked at again for which no opening of the calling hours is in sight.
pub(crate) const NO_OPENING_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

impl Engine {
    /// Looks at every campaign for which something changed, or plans to where a look has only just been.
    pub(crate) fn pace_stirred(&mut self) {
        while let Some(campaign) = self.next_stirred() {
            if let Some(at) = self.rests_until(campaign).filter(|_| !self.is_held_up(campaign)) {
                self.look_again(campaign, at);
                continue;
            }
            let idle_because = self.pace(campaign).err();
            if let Some(run) = self.runs.get_mut(&campaign) {
                run.idle_because = idle_because;
            }
        }
    }

    /// The one that has placed no call for longest comes first, so that none takes every line that others wait for.
    fn next_stirred(&mut self) -> Option<CampaignId> {
        let placed_at = |id: &CampaignId| (self.runs.get(id).and_then(|run| run.placed_at), *id);
        let next = self.stirred.iter().copied().min_by_key(placed_at)?;
        self.stirred.remove(&next);
        Some(next)
    }

    pub(crate) fn pace_timer(&mut self, campaign: CampaignId) {
        if let Some(run) = self.runs.get_mut(&campaign)
            && run.look_at.is_some_and(|at| at <= self.cx.now)
        {
            run.look_at = None;
            self.stirred.insert(campaign);
        }
    }

    /// Looks at a campaign again at this time, or earlier.
    pub(crate) fn look_again(&mut self, campaign: CampaignId, at: Timestamp) {
        if let Some(run) = self.runs.get_mut(&campaign)
            && run.look_at.is_none_or(|planned| planned > at)
        {
            run.look_at = Some(at);
            self.cx.timers.arm(at, Timer::Pace(campaign));
        }
    }

    fn pace(&mut self, campaign: CampaignId) -> Result<(), IdleReason> {
        let now = self.cx.now;
        let Some(run) = self.runs.get(&campaign) else {
            return Ok(());
        };
        if run.state != CampaignState::Running {
            return Err(IdleReason::NotRunning);
        }
        if self.holds.first().is_some() {
            return Ok(());
        }
        if run.settings.mode == DialMode::Manual {
            self.empty_hopper(campaign);
            return Err(IdleReason::AgentsDecide);
        }
        self.keep_promises(campaign);
        let Some(run) = self.runs.get(&campaign) else {
            return Ok(());
        };
        let ready = u32::try_from(run.ready.len() + run.ready_to_ring.len()).unwrap_or(u32::MAX);
        let predicted = self.predict(campaign).unwrap_or(0);
        let demand = ready.saturating_add(predicted);
        if demand == 0 {
            return Err(IdleReason::NoAgents);
        }
        let placed = self.place_calls(campaign, predicted);
        if let Some(run) = self.runs.get_mut(&campaign)
            && let Some(count) = run.hopper.wants(demand, now)
        {
            self.cx.emit(Command::FetchLeads { campaign, count });
        }
        placed
    }

    /// Leads that a campaign does not dial any more may be claimed by others.
    pub(crate) fn empty_hopper(&mut self, campaign: CampaignId) {
        let leads = self.runs.get_mut(&campaign).map(|run| run.hopper.drain()).unwrap_or_default();
        for lead in leads {
            self.cx.write(Write::ReleaseLead { lead, due_at: self.cx.wall });
        }
    }

    /// Places as many calls as pacing allows, until something stands in the way.
    fn place_calls(&mut self, campaign: CampaignId, predicted: u32) -> Result<(), IdleReason> {
        let Some(run) = self.runs.get(&campaign) else {
            return Err(IdleReason::NotRunning);
        };
        let situation = self.situation(run, predicted);
        let to_ring = if run.settings.mode.is_agents_choice() { 0 } else { run.ready_to_ring.len() };
        let mut agents: Vec<AgentId> =
            run.ready_to_ring.iter().take(to_ring).map(|(_, agent)| *agent).collect();
        let ahead = match pacing::decide(&situation) {
            Decision::Ahead(count) => count,
            Decision::PerAgent(count) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                agents.extend(run.ready.longest_first().take(count));
                0
            }
        };
        agents.into_iter().try_for_each(|agent| self.place(campaign, Some(agent)))?;
        (0..ahead).try_for_each(|_| self.place(campaign, None))
    }

    /// Places one call: for `agent`, who is kept free for it, or for whoever is free when somebody answers.
    fn place(&mut self, campaign: CampaignId, agent: Option<AgentId>) -> Result<(), IdleReason> {
        let route = self.choose_route(campaign)?;
        let lead = self.next_lead(campaign)?;
        self.begin_call(campaign, lead, route, agent, None);
        Ok(())
    }

    /// Places the call that an agent asked for: of the lead on show, of one that they promised to call, or by hand.
    pub(crate) fn place_for(
        &mut self,
        campaign: CampaignId,
        lead: Lead,
        agent: AgentId,
        by_hand: Option<ByHand>,
    ) -> Result<CallId, (Box<Lead>, IdleReason)> {
        let Some(run) = self.runs.get(&campaign) else {
            return Err((Box::new(lead), IdleReason::NotRunning));
        };
        if run.state != CampaignState::Running {
            return Err((Box::new(lead), IdleReason::NotRunning));
        }
        if calling_hours::at(&run.settings.hours, &lead.zone, self.cx.wall) != Hours::Open {
            return Err((Box::new(lead), IdleReason::OutsideHours));
        }
        match self.choose_route(campaign) {
            Ok(route) => Ok(self.begin_call(campaign, lead, route, Some(agent), by_hand)),
            Err(reason) => Err((Box::new(lead), reason)),
        }
    }

    /// The next lead that lives where it is calling time. Others go back until their hours open.
    pub(crate) fn next_lead(&mut self, campaign: CampaignId) -> Result<Lead, IdleReason> {
        let Some(run) = self.runs.get_mut(&campaign) else {
            return Err(IdleReason::NotRunning);
        };
        let mut closed = 0;
        while let Some(lead) = run.hopper.pop() {
            run.zone = Some(lead.zone.clone());
            match calling_hours::at(&run.settings.hours, &lead.zone, self.cx.wall) {
                Hours::Open => return Ok(lead),
                Hours::Closed(opening) => {
                    let due_at = opening.unwrap_or(self.cx.wall + NO_OPENING_WAIT);
                    self.cx.write(Write::ReleaseLead { lead: lead.id, due_at });
                    closed += 1;
                }
            }
            if closed == CLOSED_LEADS_MAX {
                break;
            }
        }
        if closed > 0 {
            // Others may be due where it is calling time.
            let soon = self.cx.now + Duration::from_millis(1);
            self.look_again(campaign, soon);
        }
        let run = self.runs.get(&campaign);
        Err(match run {
            Some(_) if closed > 0 => IdleReason::OutsideHours,
            Some(run) if run.hopper.is_exhausted() => {
                run.denied.map_or(IdleReason::NoLeads, IdleReason::Forbidden)
            }
            Some(_) | None => IdleReason::LeadsComing,
        })
    }

    pub(crate) fn leads_fetched(
        &mut self,
        campaign: CampaignId,
        mut leads: Vec<Lead>,
        next_due_at: Option<Timestamp>,
        denied: Option<Reason>,
        law: Option<PaceLaw>,
    ) {
        let now = self.cx.now;
        // An agent was faster, by hand.
        let called = self.being_called(campaign);
        leads.retain(|lead| !called.contains(&lead.id));
        let wanted = self.runs.get_mut(&campaign).filter(|run| run.state == CampaignState::Running);
        let Some(run) = wanted else {
            for lead in leads {
                self.cx.write(Write::ReleaseLead { lead: lead.id, due_at: self.cx.wall });
            }
            return;
        };
        run.bind(law, now);
        run.denied = denied.filter(|_| leads.is_empty());
        if let Some(again) = run.hopper.fill(leads, next_due_at, now) {
            self.look_again(campaign, again);
        }
        self.stirred.insert(campaign);
    }

    fn begin_call(
        &mut self,
        campaign: CampaignId,
        lead: Lead,
        route: Route,
        agent: Option<AgentId>,
        by_hand: Option<ByHand>,
    ) -> CallId {
        let now = self.cx.now;
        let call = CallId::from_uuid(self.cx.mint.uuid(now));
        let leg = LegId::from_uuid(self.cx.mint.uuid(now));
        let attempt = Attempt {
            id: AttemptId::from_uuid(self.cx.mint.uuid(now)),
            call,
            leg,
            campaign,
            list: lead.list,
            lead: lead.id,
            phone: lead.phone_to_dial(),
            caller_id: route.caller_id,
            trunk: route.trunk,
            agent,
            started_at: now,
            by_hand,
        };
        if let Some(session) = agent.and_then(|agent| self.sessions.get_mut(&agent)) {
            session.refused = None;
        }
        if let Some(run) = self.runs.get_mut(&campaign) {
            run.placed_at = Some(now);
        }
        self.legs.insert(leg, LegOwner::Customer(call));
        let call_state = match agent {
            Some(agent) if self.must_ring_first(agent) => CallState::RingingAgent,
            Some(_) | None => CallState::Saving,
        };
        let odds = self.odds(campaign, &lead);
        self.calls.insert(call, Call { odds, ..Call::new(attempt, lead, call_state, now) });
        self.count_in(call, true);
        if let Some(agent) = agent {
            self.set_agent_state(agent, AgentState::Reserved(Reservation::Call(call)));
        }
        match (call_state, agent) {
            (CallState::RingingAgent, Some(agent)) => self.ring_agent(agent),
            _ => self.save_attempt(call),
        }
        call
    }

    fn must_ring_first(&self, agent: AgentId) -> bool {
        self.sessions
            .get(&agent)
            .is_some_and(|session| session.settings.ring_mode == RingMode::PerCall && !session.phone.is_up())
    }

    pub(crate) fn save_attempt(&mut self, id: CallId) {
        let now = self.cx.now;
        if let Some(call) = self.calls.get_mut(&id) {
            call.enter(CallState::Saving, now);
            self.saving.insert(call.attempt.id, id);
            self.cx.write(Write::SaveAttempt(Box::new(call.attempt.clone())));
        }
    }

    /// The attempt is durable: the network may hear of it, if everything still stands as it did.
    pub(crate) fn attempt_saved(&mut self, attempt: AttemptId, obligations: Vec<Obligation>) {
        let Some(id) = self.saving.remove(&attempt) else {
            return self.cx.unexpected(format!("{attempt} saved, but no call waits for it"));
        };
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.obligations = obligations;
        let Some(call) = self.calls.get(&id) else { return };
        if let Some(run) = self.runs.get_mut(&call.attempt.campaign) {
            run.refused.clear();
            if call.attempt.by_hand.is_some() {
                // The lead is claimed no more.
                run.hopper.take(call.attempt.lead);
            }
        }
        if self.still_stands(call) {
            self.originate(id);
        } else {
            self.give_up(id);
        }
    }

    /// Whether what the decision to dial rested on still holds. An agent's phone may have rung since.
    fn still_stands(&self, call: &Call) -> bool {
        let attempt = &call.attempt;
        let agent_is_kept = attempt.agent.is_none_or(|agent| self.is_kept_for(agent, attempt.call));
        let campaign_dials = self.runs.get(&attempt.campaign).is_some_and(|run| {
            run.state == CampaignState::Running
                && calling_hours::at(&run.settings.hours, &call.lead.zone, self.cx.wall) == Hours::Open
        });
        let trunk_carries = self.trunks.get(&attempt.trunk).is_some_and(TrunkRun::is_usable);
        let given_up = call.outcome.is_some();
        self.holds.first().is_none() && agent_is_kept && campaign_dials && trunk_carries && !given_up
    }

    fn is_kept_for(&self, agent: AgentId, call: CallId) -> bool {
        self.sessions.get(&agent).is_some_and(|session| session.call() == Some(call))
    }

    fn originate(&mut self, id: CallId) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(run) = self.runs.get(&call.attempt.campaign) else {
            return;
        };
        let ring_timeout = run.ring_timeout();
        let attempt = &call.attempt;
        self.cx.switch(SwitchCommand::Originate {
            leg: attempt.leg,
            to: Destination::Number { trunk: attempt.trunk, phone: attempt.phone },
            caller_id: Some(attempt.caller_id),
            ring_timeout: ring_timeout + RING_MARGIN,
            purpose: LegPurpose::Customer {
                call: id,
                attempt: attempt.id,
                campaign: attempt.campaign,
                lead: attempt.lead,
            },
        });
        self.cx.notice(Notice::Dialled { attempt: attempt.id, campaign: attempt.campaign });
        call.enter(CallState::Dialling { ringing: false }, now);
        self.cx.arm_in(ring_timeout, Timer::RingOver(id));
    }

    pub(crate) fn attempt_refused(&mut self, attempt: AttemptId, refusal: AttemptRefusal) {
        let Some(id) = self.saving.remove(&attempt) else {
            return self.cx.unexpected(format!("{attempt} refused, but no call waits for it"));
        };
        if let Some(call) = self.forget_undialled(id) {
            let is_by_hand = call.attempt.by_hand.is_some();
            let run = self.runs.get_mut(&call.attempt.campaign);
            let is_agents_choice = run.as_ref().is_some_and(|run| run.settings.mode.is_agents_choice());
            if let Some(run) = run.filter(|_| !is_by_hand) {
                run.attempt_refused(refusal);
            }
            if is_by_hand || is_agents_choice {
                self.tell_refused(&call.attempt, refusal);
            }
            match refusal {
                AttemptRefusal::Forbidden(reason) => {
                    let campaign = call.attempt.campaign;
                    self.cx.notice(Notice::DialForbidden { attempt, campaign, reason });
                }
                AttemptRefusal::LeadGone => {}
                AttemptRefusal::StoreAway => self.put_back(call),
            }
        }
    }

    /// The agent's phone could not be reached before the customer was dialled: the lead is the next again.
    pub(crate) fn forget_and_put_back(&mut self, id: CallId) {
        if let Some(call) = self.forget_undialled(id) {
            self.put_back(call);
        }
    }

    /// Removes a call of which neither the network nor the database has heard.
    fn forget_undialled(&mut self, id: CallId) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.legs.remove(&call.attempt.leg);
        self.count_out(&call);
        self.free_agent_of(&call);
        Some(call)
    }

    /// The lead is the next again; one that was dialled by hand stays where it was.
    fn put_back(&mut self, call: Call) {
        let due_at = self.cx.wall;
        if call.attempt.by_hand.is_some() {
            return;
        }
        let running = |run: &&mut crate::dialer::CampaignRun| run.state == CampaignState::Running;
        match self.runs.get_mut(&call.attempt.campaign).filter(running) {
            Some(run) => run.hopper.put_back(call.lead),
            None => self.cx.write(Write::ReleaseLead { lead: call.lead.id, due_at }),
        }
    }

    /// The attempt is durable but must not be made any more: it ends as cancelled, and the lead is due again.
    fn give_up(&mut self, id: CallId) {
        let Some(call) = self.forget_undialled(id) else {
            return;
        };
        self.cx.write(Write::CloseAttempt {
            attempt: call.attempt.id,
            outcome: Outcome::Cancelled,
            cause: HangupCause::default(),
            ended_at: self.cx.now,
            screened: None,
            person_chance: None,
            lead: call.lead.id,
            next: by_hand::after(
                &call.attempt,
                LeadNext::Again { due_at: self.cx.wall, phone: call.lead.next_phone },
            ),
        });
        self.cx.notice(Notice::AttemptEnded {
            attempt: call.attempt.id,
            campaign: call.attempt.campaign,
            outcome: Outcome::Cancelled,
        });
    }

    /// The customer's phone has rung for as long as the campaign allows.
    pub(crate) fn ring_over(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id)
            && matches!(call.state, CallState::Dialling { .. })
        {
            call.outcome = Some(Outcome::NoAnswer);
            self.hang_up(id, Side::System);
        }
    }
}
