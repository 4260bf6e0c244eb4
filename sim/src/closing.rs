//! The larger looks: once a second at what the engine shows, and at the end at what is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran_engine::dialer::calling_hours::{self, Hours};
use cadran_engine::dialer::obstacle::{Obstacle, Whose};
use cadran_engine::input::LegPurpose;
use cadran_engine::model::{
    AgentId, Attempt, CallId, Campaign, CampaignId, CampaignState, DialMode, LeadId, LeadState,
    RecordingPolicy, RecordingState, SessionId, SupervisionMode, Timestamp,
};
use cadran_engine::view::{AgentView, CallView, CallerView, LiveView};

use crate::network::NetLeg;
use crate::plan::{FAULTS_END, WORK_END};
use crate::store::LeadRow;
use crate::world::World;

/// Until then what belongs to nothing is gone: a snapshot finds it within ten seconds and five of travel, and a leg
/// is told to end six times, five seconds apart.
const ORPHAN_TIME_MAX: Duration = Duration::from_secs(35);

/// Ready agents get work within this time if there is any.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// A join is tried twice, two seconds each; more is travel, and the second until it is looked at.
const JOINING_TIME_MAX: Duration = Duration::from_secs(6);

/// After a fault it may take this long until everything is right.
const REPAIR_TIME_MAX: Duration = Duration::from_secs(60);

impl World<'_> {
    /// Compares what the engine shows with the truth, and lets people act on it.
    pub(crate) fn look_over(&mut self, view: &LiveView) {
        self.check_pairs(view);
        self.check_orphans(view);
        self.check_loads();
        self.check_pauses();
        self.check_idle_agents(view);
        self.check_joins(view);
        self.check_callers(view);
        self.check_passing(view);
        self.check_supervision(view);
        self.last_view = view.clone();
        self.people_act(view);
    }

    /// I6: an agent and a call name each other, or neither does.
    fn check_pairs(&mut self, view: &LiveView) {
        let calls: BTreeMap<CallId, &CallView> = view.calls.iter().map(|call| (call.call, call)).collect();
        let agents: BTreeMap<AgentId, &AgentView> =
            view.agents.iter().map(|agent| (agent.agent, agent)).collect();
        for agent in view.agents.iter().filter(|agent| matches!(agent.state, "reserved" | "on_call")) {
            let Some(id) = agent.call else { continue };
            let has_caller = view.callers.iter().any(|caller| {
                caller.call == id
                    && (caller.agent == Some(agent.agent) || caller.offered.contains(&agent.agent))
            });
            if !has_caller && calls.get(&id).is_none_or(|call| call.agent != Some(agent.agent)) {
                self.checks
                    .broken(self.now, format!("I6: {} has {id}, which does not have them", agent.agent));
            }
        }
        for call in &view.calls {
            let Some(id) = call.agent.filter(|_| matches!(call.state, "joining" | "connected")) else {
                continue;
            };
            let agent = agents.get(&id);
            let is_heard = |agent: &AgentView| agent.phone_up || is_leaving(call);
            if agent.is_none_or(|agent| agent.call != Some(call.call) || !is_heard(agent)) {
                self.checks.broken(self.now, format!("I6: {call:?} names {agent:?}"));
            }
        }
    }

    /// I9 and I10: what is up in Asterisk belongs to something that the engine knows.
    fn check_orphans(&mut self, view: &LiveView) {
        let mut calls: BTreeSet<CallId> = view.calls.iter().map(|call| call.call).collect();
        calls.extend(view.callers.iter().map(|caller| caller.call));
        let sessions: BTreeSet<SessionId> = view.agents.iter().map(|agent| agent.session).collect();
        let mut seen = BTreeMap::new();
        for (leg, up) in &self.network.legs {
            let known = match &up.purpose {
                LegPurpose::Agent { session, room, .. } => {
                    self.rooms_of_sessions.insert(*room, *session);
                    sessions.contains(session)
                }
                LegPurpose::Caller { call, .. }
                | LegPurpose::Customer { call, .. }
                | LegPurpose::Outside { call } => calls.contains(call),
            };
            if !known {
                seen.insert(leg.to_string(), self.now);
            }
        }
        for room in self.network.rooms.keys() {
            let session = self.rooms_of_sessions.get(room);
            if session.is_some_and(|session| !sessions.contains(session)) {
                seen.insert(room.to_string(), self.now);
            }
        }
        let stale = view.calls.iter().filter(|call| self.is_stale(call));
        seen.extend(stale.map(|call| (format!("{}, {},", call.call, call.state), self.now)));
        if !self.link.up {
            seen.clear();
        }
        for (thing, since) in &mut seen {
            *since = self.checks.orphans.get(thing).copied().unwrap_or(*since);
            if self.now.since(*since) > ORPHAN_TIME_MAX {
                self.checks.broken(self.now, format!("I9: {thing} belongs to nothing"));
            }
        }
        self.checks.orphans = seen;
    }

    /// Whether a call is shown as up, and its leg is gone or was told to end.
    fn is_stale(&self, call: &CallView) -> bool {
        let is_its = |purpose: &LegPurpose| matches!(purpose, LegPurpose::Customer { call: whose, .. } if *whose == call.call);
        let has_leg = || self.network.legs.values().any(|leg| is_its(&leg.purpose));
        match call.state {
            "ringing_agent" | "saving" => false,
            "ending" => true,
            _ => !has_leg(),
        }
    }

    fn check_loads(&mut self) {
        let mut loads = BTreeMap::new();
        for leg in self.network.legs.values().filter(|leg| !leg.ending) {
            if let Some(trunk) = leg.trunk {
                *loads.entry(trunk).or_insert(0) += 1;
            }
        }
        for (trunk, calls) in loads {
            self.checks.trunk_load(trunk, calls, self.now);
        }
    }

    /// I12: what the engine calls paused is not written.
    fn check_pauses(&mut self) {
        let settled = self.now - Duration::from_secs(5);
        for (id, recording) in &self.network.recordings {
            let paused_at = self.checks.paused.get(&id.call).filter(|at| **at < settled);
            let written = recording.ended.is_none() && !recording.paused;
            if paused_at.is_some() && written && self.checks.undisturbed_since(settled) {
                return self.checks.broken(self.now, format!("I12: {id} is paused, and written"));
            }
        }
    }

    /// I24: a ready agent gets work, or a reason is shown that is true.
    fn check_idle_agents(&mut self, view: &LiveView) {
        let now = self.now;
        let could_work = |agent: &&AgentView| agent.state == "ready" && view.held_by.is_none();
        let ready = view.agents.iter().filter(could_work);
        self.checks.ready_since = ready
            .clone()
            .map(|agent| (agent.agent, self.checks.ready_since.get(&agent.agent).copied().unwrap_or(now)))
            .collect();
        if now < FAULTS_END + REPAIR_TIME_MAX || now > WORK_END {
            return;
        }
        let idle: Vec<(AgentId, CampaignId)> = ready
            .filter(|agent| now.since(self.checks.ready_since[&agent.agent]) > IDLE_TIME_MAX)
            .flat_map(|agent| agent.campaigns.iter().map(|campaign| (agent.agent, *campaign)))
            .collect();
        for (agent, campaign) in idle {
            let dialled = self.checks.last_dial.get(&campaign).copied().unwrap_or_default();
            if now.since(dialled) > IDLE_TIME_MAX && self.could_dial(campaign, view) {
                let shown = view.campaigns.iter().find(|shown| shown.campaign == campaign);
                self.checks.broken(now, format!("I24: {agent} is idle, and leads are due: {shown:?}"));
            }
        }
    }

    /// I24: who is to hear an agent does, or their join has failed.
    fn check_joins(&mut self, view: &LiveView) {
        let now = self.now;
        let called = view.calls.iter().map(|call| (call.call, call.state));
        let callers = view.callers.iter().map(|caller| (caller.call, caller.state));
        let joining = called.chain(callers).filter(|(_, state)| *state == "joining").map(|(call, _)| call);
        let since = |call| (call, self.checks.joining_since.get(&call).copied().unwrap_or(now));
        self.checks.joining_since = joining.map(since).collect();
        if !self.link.up || view.held_by.is_some() {
            self.checks.joining_since.clear();
        }
        let lost = self.checks.joining_since.iter().find(|(_, since)| now.since(**since) > JOINING_TIME_MAX);
        if let Some((call, _)) = lost {
            self.checks.broken(now, format!("I24: {call} is still being joined to an agent"));
        }
    }

    /// Whether a lead of a campaign that dials by itself has been due for a while, and nothing true is in its way.
    fn could_dial(&self, campaign: CampaignId, view: &LiveView) -> bool {
        let planned = self.plan.campaign(campaign);
        let Some(planned) = planned.filter(|one| !one.settings.mode.is_agents_choice()) else {
            return false;
        };
        let shown = view.campaigns.iter().find(|shown| shown.campaign == campaign);
        let obstacles = shown.iter().flat_map(|shown| &shown.line.held_by);
        let at_limit = obstacles.map(|standing| &standing.obstacle).any(|obstacle| match obstacle {
            Obstacle::Full { whose, .. } | Obstacle::TooFast { whose, .. } => {
                self.is_at_limit(whose, planned, view)
            }
            _ => false,
        });
        let due_before = self.wall() - IDLE_TIME_MAX;
        let due = |row: &LeadRow| {
            row.campaign == campaign
                && row.state == LeadState::Waiting
                && row.due_at < due_before
                && !self.store.do_not_call.contains_key(&row.lead.phone_to_dial())
                && calling_hours::at(&planned.settings.hours, &row.lead.zone, due_before) == Hours::Open
                && calling_hours::at(&planned.settings.hours, &row.lead.zone, self.wall()) == Hours::Open
        };
        planned.state == CampaignState::Running && !at_limit && self.store.leads.values().any(due)
    }

    /// Whether a limit that is given as the reason is used up: by calls, or by dials of other campaigns just now.
    fn is_at_limit(&self, whose: &Whose, campaign: &Campaign, view: &LiveView) -> bool {
        if *whose == Whose::Campaign {
            let calls = view.calls.iter().filter(|call| call.campaign == campaign.id).count();
            return calls >= campaign.settings.limit.concurrent_calls as usize;
        }
        let switch = self.plan.settings.switch_limit.map(|limit| limit.concurrent_calls);
        let trunks: u32 = self.plan.settings.trunks.iter().map(|trunk| trunk.limit.concurrent_calls).sum();
        let max = switch.map_or(trunks, |switch| switch.min(trunks));
        let dialled = |at: &Timestamp| self.now.since(*at) < Duration::from_secs(2);
        // Callers who were customers, and whoever is called for a customer, use up the same.
        let outside = |leg: &&NetLeg| matches!(leg.purpose, LegPurpose::Outside { .. });
        let carried = view.calls.len()
            + view.callers.iter().filter(|caller| caller.did.is_none() || is_rung_back(caller)).count()
            + self.network.legs.values().filter(outside).count();
        carried >= max as usize || self.checks.last_dial.values().any(dialled)
    }

    /// When everybody has gone home nothing is left in a passing state, anywhere.
    pub(crate) fn check_closing(&mut self) {
        let mut left = Vec::new();
        left.extend(self.network.legs.keys().map(|leg| format!("I9: {leg} is up")));
        left.extend(self.network.rooms.keys().map(|room| format!("I10: {room} is open")));
        left.extend(self.network.ears.keys().map(|ear| format!("I13: {ear} is open")));
        left.extend(self.network.taps.keys().map(|tap| format!("I13: {tap} is open")));
        let open = self.store.acts.values().filter(|row| row.ended.is_none());
        left.extend(open.map(|row| format!("I13: {} has no end", row.act.id)));
        let live = self.network.recordings.iter().filter(|(_, live)| live.ended.is_none());
        left.extend(live.map(|(id, _)| format!("I11: {id} is being written")));
        let open = self.store.attempts.values().filter(|row| row.ended.is_none());
        left.extend(open.map(|row| format!("I5: {} has no outcome", row.attempt.id)));
        let open = self.store.recordings.iter().filter(|(_, row)| row.state == RecordingState::Open);
        left.extend(open.map(|(id, _)| format!("I11: {id} has no verdict")));
        let open = self.store.sessions.values().filter(|row| !row.closed);
        left.extend(open.map(|row| format!("{} is open", row.open.session)));
        let stuck = self.store.leads.values().filter(|row| row.state == LeadState::InAttempt);
        left.extend(stuck.map(|row| format!("I1: {} is in an attempt", row.lead.id)));
        left.extend(self.last_view.calls.iter().map(|call| format!("{} is up", call.call)));
        left.extend(self.unrecorded());
        left.extend(self.over_tried());
        left.extend(self.miscounted());
        left.extend(self.lost_callbacks());
        for what in left {
            self.checks.broken(self.now, format!("at the end {what}"));
        }
    }

    /// I11: every conversation that had to be recorded has a row that says what there is.
    fn unrecorded(&self) -> Vec<String> {
        let must = |campaign| {
            self.plan
                .campaign(campaign)
                .is_some_and(|campaign| campaign.settings.recording == RecordingPolicy::All)
        };
        let talked =
            self.store.calls.values().filter(|call| call.connected_at.is_some() && must(call.campaign));
        let has_row = |call: CallId| self.store.recordings.keys().any(|recording| recording.call == call);
        talked
            .filter(|call| !has_row(call.id))
            .map(|call| format!("I11: {} had to be recorded", call.id))
            .collect()
    }

    /// I4: no lead was tried more often than a rule allows. Rules are the machine's: agents dial by hand whom they want.
    fn over_tried(&self) -> Vec<String> {
        let by_hand = self.store.attempts.values().filter(|row| row.attempt.by_hand.is_some());
        let by_hand: BTreeSet<LeadId> = by_hand.map(|row| row.attempt.lead).collect();
        let too_often = |row: &&LeadRow| {
            if by_hand.contains(&row.lead.id) {
                return false;
            }
            let rules = self.plan.campaign(row.campaign).map_or(&[][..], |campaign| &campaign.settings.retry);
            rules.iter().any(|rule| {
                let numbers = if rule.alternate_number { row.lead.phone_count() } else { 1 };
                usize::from(row.lead.ended_in(rule.outcome)) > usize::from(rule.attempts_max) * numbers
            })
        };
        let over = self.store.leads.values().filter(too_often);
        over.map(|row| format!("I4: {} was tried too often: {:?}", row.lead.id, row.lead.history)).collect()
    }

    /// I18: power does not dial ahead once one more drop would pass the limit. The board is a second old at the most;
    /// a few people may have answered since.
    pub(crate) fn check_budget(&mut self, attempt: &Attempt) {
        const ANSWERED_SINCE: u32 = 5;
        let settings = self.plan.campaign(attempt.campaign);
        let Some(limit) = settings
            .filter(|one| attempt.agent.is_none() && matches!(one.settings.mode, DialMode::Power { .. }))
            .map(|one| one.settings.drop_limit)
        else {
            return;
        };
        let shown = self.last_view.campaigns.iter().find(|shown| shown.campaign == attempt.campaign);
        let is_spent = shown.is_some_and(|shown| {
            let people = f64::from(shown.line.answered + 1 + ANSWERED_SINCE);
            shown.line.dropped > 0 && f64::from(shown.line.dropped + 1) > limit * people
        });
        if is_spent {
            self.checks
                .broken(self.now, format!("I18: {} dials ahead past the drop limit: {shown:?}", attempt.id));
        }
    }

    /// I1 and I8: leads in the hopper and drops, as the engine counts them and as the rows do.
    fn miscounted(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for shown in &self.last_view.campaigns {
            let of_campaign = |row: &&LeadRow| row.campaign == shown.campaign;
            let leads = self.store.leads.values().filter(of_campaign);
            let claimed = leads.filter(|row| row.state == LeadState::Claimed).count();
            if usize::try_from(shown.line.hopper).ok() != Some(claimed) {
                wrong.push(format!("I1: {claimed} leads are claimed: {shown:?}"));
            }
            let counts = self.store.counts(shown.campaign);
            let (answered, dropped) = (counts.served + counts.dropped_whole(), counts.dropped_whole());
            if (shown.line.answered, shown.line.dropped) != (answered, dropped) {
                let rows = format!("{answered} answered, {dropped} dropped");
                wrong.push(format!("I8: rows say {rows}: {shown:?}"));
            }
        }
        wrong
    }
}

/// Whether somebody is, or was, called back.
fn is_rung_back(caller: &CallerView) -> bool {
    caller.callback.is_some() && caller.state != "queued"
}

/// The customer is on the way to somebody else, who will have the call unless the way fails: the phone of the agent who
/// had them may be gone. I16 bounds for how long nobody hears them.
fn is_leaving(call: &CallView) -> bool {
    let taken_over = call.listeners.iter().any(|listener| listener.mode == SupervisionMode::TakeOver);
    taken_over || call.transfer.as_ref().is_some_and(|transfer| transfer.stage == "handing")
}
