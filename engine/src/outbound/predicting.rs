//! Predictive campaigns: what their pacer is told, and what it is asked.
//!
//! An agent who works for several campaigns may become free for any of them, and so teaches all of them. That they can
//! take one call only is the business of `rivals`.

use std::time::Duration;

use crate::agents::session::{AgentSession, AgentState, LastCall, Reservation, Served, Wish};
use crate::dialer::calling_hours;
use crate::dialer::drop_ledger::DropCounts;
use crate::dialer::predictive::{DialEnd, Dialled, Lessons, Pickup, Situation, Spent, WorkStage, Working};
use crate::engine::{Engine, TrunkRun};
use crate::model::{AgentId, CallId, CampaignId, Lead, Outcome, Timestamp};
use crate::outbound::call::{Call, CallState};

/// How often the forecast is looked at while there is work. Calls end in between, and the forecast ages.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long a look holds. A forecast costs more than everything else that an event sets off, and events come in flocks:
/// what happens within this time of a look waits for the next one, together.
const LOOK_APART: Duration = Duration::from_millis(100);

/// Something that pacing learns from ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    Dial {
        rang: Duration,
        odds: f64,
        end: DialEnd,
    },
    Wait {
        waited: Duration,
    },
    /// Talk and wrap-up, with a person by that chance.
    Conversation {
        person: f64,
        talked: Duration,
        wrapped: Duration,
    },
}

impl Engine {
    /// When the forecast of a predictive campaign may be looked at again, if that lies ahead.
    pub(crate) fn rests_until(&self, campaign: CampaignId) -> Option<Timestamp> {
        let prediction = self.runs.get(&campaign)?.prediction.as_ref()?;
        let again = prediction.looked_at + LOOK_APART;
        (again > self.cx.now).then_some(again)
    }

    /// How many calls the forecast of a predictive campaign allows at this moment. None: the campaign is none.
    pub(crate) fn predict(&mut self, campaign: CampaignId) -> Option<u32> {
        let now = self.cx.now;
        if self.runs.get(&campaign)?.prediction.as_ref()?.is_new {
            self.begin_prediction(campaign);
        }
        let run = self.runs.get(&campaign)?;
        let prediction = run.prediction.as_ref()?;
        let dialled = self.dialled(campaign);
        let rivals = self.rivals(campaign);
        let working = self.working(campaign);
        let (day, month) = run.drops.counts(now);
        let situation = Situation {
            idle: run.ready.len(),
            waiting: run.waiting.len() + self.rivals_waiting(campaign),
            dialled: &dialled,
            rivals: &rivals,
            next_odds: run.hopper.first().map_or(1.0, |lead| self.odds(campaign, lead)),
            working: &working,
            day: spent(day),
            month: spent(month),
            law: run.law_of_forecast(),
            // Where no line is free one call is tried all the same: the gate then says why, and when it opens.
            lines_free: self.lines_free(campaign).max(1),
            elapsed: now.since(prediction.looked_at).min(LOOK_EVERY).as_secs_f64(),
            time_left: self.time_left(campaign).map(|left| left.as_secs_f64()),
        };
        let is_at_work = situation.idle + dialled.len() + working.len() > 0;
        let decision = self.runs.get_mut(&campaign)?.prediction.as_mut()?.pacer.calls_to_place(&situation);
        let prediction = self.runs.get_mut(&campaign)?.prediction.as_mut()?;
        prediction.looked_at = now;
        prediction.why = Some(decision.why);
        if is_at_work {
            self.look_again(campaign, now + LOOK_EVERY);
        }
        Some(u32::try_from(decision.place).unwrap_or(u32::MAX))
    }

    /// A campaign that knows nothing begins with what the tenant's other campaigns have learnt, if there are any.
    fn begin_prediction(&mut self, campaign: CampaignId) {
        let others =
            self.runs.values().filter_map(|run| run.prediction.as_ref()).filter(|other| !other.is_new);
        let others: Vec<Lessons> = others.map(|other| other.pacer.lessons()).collect();
        let run = self.runs.get_mut(&campaign);
        if let Some(prediction) = run.and_then(|run| run.prediction.as_mut()) {
            prediction.pacer.begin_like(&others);
            prediction.is_new = false;
        }
    }

    /// Tells a campaign's pacer, if it has one.
    fn teach(&mut self, campaign: CampaignId, ended: Ended) {
        let run = self.runs.get_mut(&campaign);
        if let Some(prediction) = run.and_then(|run| run.prediction.as_mut()) {
            prediction.learn(ended);
        }
    }

    /// A dial is about to be over: answered, or not. Those made for one agent say nothing of who is free.
    pub(crate) fn teach_dial(&mut self, id: CallId, end: DialEnd) {
        let is_open = |call: &&Call| call.is_dialled() && call.decided_at.is_none();
        let Some(call) = self.calls.get(&id).filter(is_open) else { return };
        let Some(run) = self.runs.get_mut(&call.attempt.campaign) else { return };
        if call.outcome != Some(Outcome::Cancelled) {
            let hour = calling_hours::hour(&call.lead.zone, self.cx.wall);
            run.answer_rates.learn(call.attempt.list, hour, matches!(end, DialEnd::Presented { .. }));
        }
        if call.is_ahead() {
            let rang = call.answered_at.unwrap_or(self.cx.now).since(call.attempt.started_at);
            let odds = call.odds;
            self.teach(call.attempt.campaign, Ended::Dial { rang, odds, end });
        }
    }

    /// An agent says whether it was a machine that they were given, or corrects their word.
    pub(crate) fn teach_answerer(&mut self, agent: AgentId, subject: &LastCall, machine: bool) {
        if let (Some(served), Some(run)) = (subject.served, self.runs.get_mut(&subject.campaign)) {
            run.answerer_found(served, machine);
        }
        if let Some(call) = self.calls.get_mut(&subject.call) {
            call.said_machine = Some(machine);
        }
        let last = self.sessions.get_mut(&agent).and_then(|session| session.last_call.as_mut());
        if let Some(served) =
            last.filter(|last| last.call == subject.call).and_then(|last| last.served.as_mut())
        {
            served.machine = Some(machine);
        }
    }

    /// An agent's state is about to change.
    pub(crate) fn teach_work(&mut self, agent: AgentId, next: &AgentState) {
        let now = self.cx.now;
        let next_person = next.call().map(|call| self.person_chance(call));
        let Some(session) = self.sessions.get_mut(&agent) else { return };
        let spent = now.since(session.since);
        let ended = match session.state {
            AgentState::OnCall { call } => {
                session.talked = spent;
                let ended = Ended::Conversation {
                    person: session.person(call),
                    talked: spent,
                    wrapped: Duration::ZERO,
                };
                (!matches!(next, AgentState::WrapUp { .. })).then_some(ended)
            }
            AgentState::WrapUp { call, .. } => Some(Ended::Conversation {
                person: session.person(call),
                talked: session.talked,
                wrapped: spent,
            }),
            AgentState::Ready if matches!(next, AgentState::Reserved(Reservation::Call(_))) => {
                Some(Ended::Wait { waited: spent })
            }
            AgentState::Paused { .. }
            | AgentState::Ready
            | AgentState::Reserved(_)
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::Lost => None,
        };
        if let Some(person) = next_person {
            session.person_chance = person;
        }
        let Some(ended) = ended else { return };
        for campaign in session.campaigns.clone() {
            self.teach(campaign, ended);
        }
    }

    /// Chance that it is a person who has an agent by this call, by how they picked up. Callers are people.
    fn person_chance(&self, id: CallId) -> f64 {
        let chance = || {
            let call = self.calls.get(&id)?;
            let prediction = self.runs.get(&call.attempt.campaign)?.prediction.as_ref()?;
            Some(prediction.pacer.person_chance(call.pickup()?))
        };
        chance().unwrap_or(1.0)
    }

    /// Dials of a campaign that are made for whoever is free when somebody answers.
    fn dialled(&self, campaign: CampaignId) -> Vec<Dialled> {
        let now = self.cx.now;
        let ahead = |call: &&Call| call.attempt.campaign == campaign && call.is_ahead();
        self.calls.values().filter(ahead).filter_map(|call| dial_of(call, now)).collect()
    }

    /// How much likelier than an ordinary dial of its campaign a dial of this lead is answered at this moment.
    pub(crate) fn odds(&self, campaign: CampaignId, lead: &Lead) -> f64 {
        let hour = calling_hours::hour(&lead.zone, self.cx.wall);
        self.runs.get(&campaign).map_or(1.0, |run| run.answer_rates.odds(lead.list, hour))
    }

    /// Agents of a campaign who have a call or finish one, without those whom callers take next.
    fn working(&self, campaign: CampaignId) -> Vec<Working> {
        let now = self.cx.now;
        let mut ahead = self.callers_ahead(campaign);
        let is_for_us = |(session, working): &(&AgentSession, Working)| {
            let is_for_callers = ahead > 0 && !working.leaves && self.is_awaited_by_callers(session);
            ahead -= usize::from(is_for_callers);
            !is_for_callers
        };
        self.sessions
            .values()
            .filter(|session| session.campaigns.contains(&campaign))
            .filter_map(|session| Some((session, work_of(session, now)?)))
            .filter(is_for_us)
            .map(|(_, working)| working)
            .collect()
    }

    /// Calls that the campaign's own limit, its trunks and the server still allow at once.
    fn lines_free(&self, campaign: CampaignId) -> usize {
        let Some(run) = self.runs.get(&campaign) else { return 0 };
        let trunks: u32 = run
            .settings
            .trunks
            .iter()
            .filter_map(|trunk| self.trunks.get(trunk))
            .filter(|trunk| TrunkRun::is_usable(trunk))
            .map(|trunk| trunk.gate.free())
            .fold(0, u32::saturating_add);
        let server = self.switch_gate.map_or(u32::MAX, |gate| gate.free());
        run.gate.free().min(trunks).min(server) as usize
    }

    /// How long today's dialling may still go on where the campaign's last lead lives.
    fn time_left(&self, campaign: CampaignId) -> Option<Duration> {
        let run = self.runs.get(&campaign)?;
        let closing = calling_hours::closing(&run.settings.hours, run.zone.as_ref()?, self.cx.wall)?;
        Some(closing.since(self.cx.wall))
    }
}

impl Call {
    /// How somebody picked up.
    pub(crate) fn pickup(&self) -> Option<Pickup> {
        let rang = self.answered_at?.since(self.attempt.started_at).as_secs_f64();
        let screened = self.screened.as_ref().map(|screened| screened.after.as_secs_f64());
        Some(Pickup { rang, screened })
    }

    /// Whom an agent got by it, if anybody.
    pub(crate) fn served(&self) -> Option<Served> {
        Some(Served { pickup: self.pickup()?, at: self.connected_at?, machine: self.said_machine })
    }
}

/// A dial of which it is not known yet whether it wants an agent.
pub(crate) fn dial_of(call: &Call, now: Timestamp) -> Option<Dialled> {
    let started_at = call.attempt.started_at;
    match call.state {
        CallState::Saving | CallState::Dialling { .. } => {
            Some(Dialled::Ringing { age: now.since(started_at).as_secs_f64(), odds: call.odds })
        }
        CallState::Screening => call.answered_at.map(|answered_at| Dialled::Screening {
            rang: answered_at.since(started_at).as_secs_f64(),
            age: now.since(answered_at).as_secs_f64(),
        }),
        CallState::RingingAgent
        | CallState::Greeting
        | CallState::Waiting
        | CallState::Joining
        | CallState::Connected
        | CallState::Message
        | CallState::Ending => None,
    }
}

fn spent(counts: DropCounts) -> Spent {
    Spent { people: counts.people(), dropped: counts.dropped() }
}

/// What keeps an agent who will be free when it ends.
fn work_of(session: &AgentSession, now: Timestamp) -> Option<Working> {
    let age = now.since(session.since).as_secs_f64();
    let stage = match session.state {
        AgentState::Reserved(Reservation::Call(call)) => {
            WorkStage::Talking { person: session.person(call), age: 0.0 }
        }
        AgentState::OnCall { call } => WorkStage::Talking { person: session.person(call), age },
        AgentState::WrapUp { call, .. } => {
            WorkStage::WrappingUp { person: session.person(call), talked: session.talked.as_secs_f64(), age }
        }
        AgentState::Paused { .. }
        | AgentState::Ready
        | AgentState::Reserved(Reservation::Preview { .. })
        | AgentState::Consulted { .. }
        | AgentState::Supervising
        | AgentState::Lost => return None,
    };
    Some(Working { stage, leaves: session.wish != Wish::Ready })
}
