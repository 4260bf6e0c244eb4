//! A campaign at work: what it has in hand at this moment.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::admission::Gate;
use super::answer_rate::AnswerRates;
use super::breaker::Breaker;
use super::calling_hours;
use super::compliance::{PaceGate, PaceLaw, Reason};
use super::drop_ledger::{DropCounts, DropLedger};
use super::hopper::Hopper;
use super::learnt::Learnt;
use super::obstacle::Standing;
use super::pacing::{Rivals, Situation};
use super::prediction::Prediction;
use super::predictive::Pickup;
use super::ready_agents::ReadyAgents;
use crate::agents::session::Served;
use crate::input::AttemptRefusal;
use crate::model::{
    AgentId, Breakers, CallId, Campaign, CampaignId, CampaignSettings, CampaignState, Timestamp, Zone,
};

/// The live side of a [`Campaign`].
#[derive(Debug)]
pub struct CampaignRun {
    /// Which campaign.
    pub(crate) id: CampaignId,
    /// Whether it dials.
    pub(crate) state: CampaignState,
    /// The settings that it works by.
    pub(crate) settings: CampaignSettings,
    /// Leads ready to dial.
    pub(crate) hopper: Hopper,
    /// Agents whose phone is up and who could take a call at once.
    pub(crate) ready: ReadyAgents,
    /// Agents who are ready and whose phone must ring first, the longest idle first.
    pub(crate) ready_to_ring: BTreeSet<(Timestamp, AgentId)>,
    /// People who answered and wait for an agent, the longest waiting first.
    pub(crate) waiting: VecDeque<CallId>,
    /// Dials of which it is not known yet whether they want an agent.
    pub(crate) dialling: u32,
    /// Those of them that were made for no agent in particular.
    pub(crate) dialling_ahead: u32,
    /// Conversations.
    pub(crate) talking: u32,
    /// Answers and drops.
    pub(crate) drops: DropLedger,
    /// What the rule packs say of dialling ahead: those that let the leads pass which were fetched. None before any
    /// lead was, which binds like the strictest.
    pub(crate) law: Option<PaceLaw>,
    /// The campaign's own rate limit.
    pub(crate) gate: Gate,
    /// Stops dialling when something is wrong with it.
    pub(crate) breaker: Breaker,
    /// The forecast, when the campaign is predictive.
    pub(crate) prediction: Option<Prediction>,
    /// Why the leads that were due may not be called, when none of the last batch may.
    pub(crate) denied: Option<Reason>,
    /// Where the lead lives that was looked at last.
    pub(crate) zone: Option<Zone>,
    /// When the next look is planned, if one is.
    pub(crate) look_at: Option<Timestamp>,
    /// When it placed its latest call.
    pub(crate) placed_at: Option<Timestamp>,
    /// Why the last look placed no call.
    pub(crate) idle_because: Option<IdleReason>,
    /// How likely dials are answered, by hour and list.
    pub(crate) answer_rates: AnswerRates,
    /// Attempts that the store refused since it last allowed one.
    pub(crate) refused: Vec<(AttemptRefusal, u32)>,
    /// What stood in the way a second ago.
    pub(crate) obstacles: Vec<Standing>,
    /// What stood in the way since the last line of history.
    pub(crate) seen_obstacles: Vec<Standing>,
    /// When the last line of history was written.
    pub(crate) history_at: Timestamp,
    /// When what was learnt was kept last.
    pub(crate) learnt_at: Timestamp,
}

/// Why a campaign places no call, though it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleReason {
    /// Agents dial by hand.
    AgentsDecide,
    /// The campaign, a trunk or the whole server carries as many calls as it may, or as fast as it may.
    AtLimit(Limited),
    /// A circuit breaker has tripped.
    Broken,
    /// The law, or a do-not-call list, forbids to call any of the leads that were due.
    Forbidden(Reason),
    /// The leads in hand live where it is not the time to call.
    OutsideHours,
    /// No lead is due.
    NoLeads,
    /// The leads were asked for and are on their way.
    LeadsComing,
    /// No agent is ready.
    NoAgents,
    /// No trunk is enabled, reachable and allowed to show one of the campaign's caller ids.
    NoTrunk,
    /// The campaign does not run.
    NotRunning,
}

/// Whose limit stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// The campaign's own.
    Campaign,
    /// That of the Asterisk server as a whole.
    Server,
    /// That of every trunk that could carry the call.
    Trunk,
}

impl Limited {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Server => "Asterisk server",
            Self::Trunk => "trunk",
        }
    }
}

impl IdleReason {
    /// For a person to read.
    pub fn in_words(self) -> String {
        match self {
            Self::AgentsDecide => "the campaign's agents dial by hand".to_owned(),
            Self::AtLimit(whose) => format!("the limit of the {} is reached", whose.in_words()),
            Self::Broken => {
                "a circuit breaker has tripped; see why it did in the campaign's pacing".to_owned()
            }
            Self::Forbidden(reason) => format!("none of the leads that were due may be called: {reason}"),
            Self::OutsideHours => "no lead in hand lives where it is calling time".to_owned(),
            Self::NoLeads => "no lead is due".to_owned(),
            Self::LeadsComing => "leads are being fetched".to_owned(),
            Self::NoAgents => "no agent is ready".to_owned(),
            Self::NoTrunk => {
                "no trunk of the campaign is enabled, reachable and allowed to show one of its caller ids"
                    .to_owned()
            }
            Self::NotRunning => "the campaign is not running".to_owned(),
        }
    }
}

impl CampaignRun {
    /// A campaign with nothing in hand.
    pub(crate) fn new(campaign: Campaign, now: Timestamp) -> Self {
        let Campaign { id, state, settings } = campaign;
        Self {
            id,
            state,
            gate: Gate::new(settings.limit, now),
            prediction: Prediction::of(&settings, PaceLaw::default(), now),
            breaker: Breaker::default(),
            denied: None,
            zone: None,
            settings,
            hopper: Hopper::default(),
            ready: ReadyAgents::default(),
            ready_to_ring: BTreeSet::new(),
            waiting: VecDeque::new(),
            dialling: 0,
            dialling_ahead: 0,
            talking: 0,
            drops: DropLedger::default(),
            law: None,
            look_at: None,
            placed_at: None,
            idle_because: None,
            answer_rates: AnswerRates::default(),
            refused: Vec::new(),
            obstacles: Vec::new(),
            seen_obstacles: Vec::new(),
            history_at: now,
            learnt_at: now,
        }
    }

    /// Takes over changed settings; what is in hand stays.
    pub(crate) fn set_settings(&mut self, campaign: Campaign, now: Timestamp) {
        let Campaign { id: _, state, settings } = campaign;
        self.gate.set_limit(settings.limit);
        self.prediction = Prediction::under(self.prediction.take(), &settings, self.law(), now);
        self.state = state;
        self.settings = settings;
    }

    /// What the rule packs say of dialling ahead.
    pub(crate) fn law(&self) -> PaceLaw {
        self.law.unwrap_or_default()
    }

    /// What binds the forecast: the law, and the level at which the campaign's manager has it stop.
    pub(crate) fn law_of_forecast(&self) -> PaceLaw {
        let law = self.law();
        let level_max = self.settings.mode.level_max().unwrap_or(f64::INFINITY);
        PaceLaw { ratio_max: law.ratio_max.min(level_max), ..law }
    }

    /// How long whoever answered waits for an agent before they hear the message: no longer than the law lets them.
    pub(crate) fn drop_after(&self) -> Duration {
        self.settings.drop_after.min(self.law().agent_within)
    }

    /// How long a customer's phone rings: no shorter than the law asks.
    pub(crate) fn ring_timeout(&self) -> Duration {
        self.settings.ring_timeout.max(self.law().ring_min)
    }

    /// Leads came that these rules bind, beside those of earlier leads.
    pub(crate) fn bind(&mut self, law: Option<PaceLaw>, now: Timestamp) {
        let Some(law) = law else { return };
        self.law = Some(self.law.map_or(law, |bound| bound.and(law)));
        self.prediction = Prediction::under(self.prediction.take(), &self.settings, self.law(), now);
    }

    /// How far it may dial ahead by the rule packs.
    pub(crate) fn pace_gate(&self, now: Timestamp) -> PaceGate {
        let (day, month) = self.drops.counts(now);
        let rate = |counts: DropCounts| {
            let people = counts.people();
            (people > 0.0).then(|| counts.dropped() / people)
        };
        self.law().gate(rate(day), rate(month))
    }

    /// The hour of the day where the lead lives that was looked at last.
    pub(crate) fn hour(&self, wall: Timestamp) -> usize {
        self.zone.as_ref().map_or(0, |zone| calling_hours::hour(zone, wall))
    }

    /// The store refused an attempt. Only so many reasons are told apart.
    pub(crate) fn attempt_refused(&mut self, refusal: AttemptRefusal) {
        const REASONS_MAX: usize = 16;
        if let Some((_, attempts)) = self.refused.iter_mut().find(|(known, _)| *known == refusal) {
            *attempts = attempts.saturating_add(1);
        } else if self.refused.len() < REASONS_MAX {
            self.refused.push((refusal, 1));
        }
    }

    /// What it has learnt, to go on from after a restart.
    pub(crate) fn learnt(&self) -> Learnt {
        Learnt {
            version: Learnt::VERSION,
            answer_rates: self.answer_rates.clone(),
            lessons: self.prediction.as_ref().map(|prediction| prediction.pacer.lessons()),
        }
    }

    /// Goes on from what was learnt before a restart. None, and nothing changed, where another version wrote it.
    pub(crate) fn recall(&mut self, learnt: Learnt) -> Option<()> {
        if learnt.version != Learnt::VERSION || !learnt.answer_rates.is_possible() {
            return None;
        }
        if let (Some(prediction), Some(lessons)) = (&mut self.prediction, &learnt.lessons) {
            prediction.pacer.recall(lessons)?;
            prediction.is_new = false;
        }
        self.answer_rates = learnt.answer_rates;
        Some(())
    }

    /// These stand in the way at this moment.
    pub(crate) fn note_obstacles(&mut self, there: &[Standing]) {
        self.obstacles = there.to_vec();
        for standing in there {
            match self.seen_obstacles.iter_mut().find(|seen| seen.obstacle.is_like(&standing.obstacle)) {
                Some(seen) => seen.obstacle = standing.obstacle.clone(),
                None => self.seen_obstacles.push(standing.clone()),
            }
        }
    }

    /// A person who answered was served, or left before their time was over.
    pub(crate) fn person_served(&mut self, now: Timestamp) {
        self.drops.served(now);
        if let Some(prediction) = &mut self.prediction {
            prediction.pacer.person_served();
        }
    }

    /// Whoever answered found nobody. Answers: the chance that it was a person.
    pub(crate) fn person_dropped(&mut self, pickup: Pickup, now: Timestamp) -> f64 {
        let estimated = self.law().machines_estimated;
        let prediction = self.prediction.as_mut();
        let chance = match &prediction {
            Some(prediction) if estimated => prediction.pacer.person_chance(pickup),
            Some(_) | None => 1.0,
        };
        if let Some(prediction) = prediction {
            prediction.pacer.person_dropped(chance);
        }
        self.drops.unserved(now, chance);
        chance
    }

    /// An agent says whether it was a machine that they were given. Whoever is not said to be one counts as a person;
    /// of a word that is corrected nothing is learnt a second time.
    pub(crate) fn answerer_found(&mut self, served: Served, machine: bool) {
        let counted_as_machine = served.machine == Some(true);
        let mut pacer = self.prediction.as_mut().map(|prediction| &mut prediction.pacer);
        if let (Some(pacer), None) = (&mut pacer, served.machine) {
            pacer.answered_by(served.pickup, !machine);
        }
        match (counted_as_machine, machine) {
            (false, true) => {
                self.drops.machine_found(served.at);
                pacer.into_iter().for_each(|pacer| pacer.machine_found());
            }
            (true, false) => {
                self.drops.person_found(served.at);
                pacer.into_iter().for_each(|pacer| pacer.person_served());
            }
            (false, false) | (true, true) => {}
        }
    }

    /// What its breakers go by. Calls of many agents come and end in flocks: what a few seconds of a large team bring says
    /// nothing, so that a window holds as many cases as agents are ready or talking.
    pub(crate) fn breakers(&self) -> Breakers {
        let agents = count(self.ready.len() + self.ready_to_ring.len()).saturating_add(self.talking);
        let own = self.settings.breakers;
        Breakers { window: own.window.max(agents), ..own }
    }

    /// What pacing needs to know.
    pub(crate) fn situation(&self, now: Timestamp, predicted: u32, rivals: Rivals) -> Situation {
        let (day, month) = self.drops.counts(now);
        let law = self.law();
        Situation {
            mode: self.settings.mode,
            ready: count(self.ready.len()),
            on_their_way: self.dialling_ahead.saturating_add(count(self.waiting.len())),
            windows: [
                (day, self.settings.drop_limit.min(law.day_max)),
                (month, self.settings.drop_limit_month.min(law.month_max)),
            ],
            gate: self.pace_gate(now),
            predicted,
            rivals,
        }
    }
}

fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}
