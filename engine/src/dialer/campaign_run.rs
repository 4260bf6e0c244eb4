//! A campaign at work: what it has in hand at this moment.

use std::collections::{BTreeSet, VecDeque};

use super::admission::Gate;
use super::drop_ledger::DropLedger;
use super::hopper::Hopper;
use super::pacing::Situation;
use super::prediction::Prediction;
use crate::model::{AgentId, CallId, Campaign, CampaignId, CampaignSettings, CampaignState, Timestamp, Zone};
use crate::view::CampaignView;

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
    /// Agents whose phone is up and who could take a call at once, the longest idle first.
    pub(crate) ready: BTreeSet<(Timestamp, AgentId)>,
    /// Agents who are ready and whose phone must ring first, the longest idle first.
    pub(crate) ready_to_ring: BTreeSet<(Timestamp, AgentId)>,
    /// People who answered and wait for an agent, the longest waiting first.
    pub(crate) waiting: VecDeque<CallId>,
    /// Dials without an answer.
    pub(crate) dialling: u32,
    /// Those of them that were made for no agent in particular.
    pub(crate) dialling_ahead: u32,
    /// Conversations.
    pub(crate) talking: u32,
    /// Answers and drops.
    pub(crate) drops: DropLedger,
    /// The campaign's own rate limit.
    pub(crate) gate: Gate,
    /// The forecast, when the campaign is predictive.
    pub(crate) prediction: Option<Prediction>,
    /// Where the lead lives that was looked at last.
    pub(crate) zone: Option<Zone>,
    /// When the next look is planned, if one is.
    pub(crate) look_at: Option<Timestamp>,
    /// Why the last look placed no call.
    pub(crate) idle_because: Option<IdleReason>,
}

/// Why a campaign places no call, though it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleReason {
    /// The campaign, a trunk or the whole server carries as many calls as it may, or as fast as it may.
    AtLimit(&'static str),
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

impl IdleReason {
    /// For a person to read.
    pub fn in_words(self) -> String {
        match self {
            Self::AtLimit(whose) => format!("the limit of the {whose} is reached"),
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
            prediction: Prediction::of(&settings, now),
            zone: None,
            settings,
            hopper: Hopper::default(),
            ready: BTreeSet::new(),
            ready_to_ring: BTreeSet::new(),
            waiting: VecDeque::new(),
            dialling: 0,
            dialling_ahead: 0,
            talking: 0,
            drops: DropLedger::default(),
            look_at: None,
            idle_because: None,
        }
    }

    /// Takes over changed settings; what is in hand stays.
    pub(crate) fn set_settings(&mut self, campaign: Campaign, now: Timestamp) {
        let Campaign { id: _, state, settings } = campaign;
        self.gate.set_limit(settings.limit);
        self.prediction = Prediction::under(self.prediction.take(), &settings, now);
        self.state = state;
        self.settings = settings;
    }

    /// What the live board shows.
    pub(crate) fn view(&self, now: Timestamp) -> CampaignView {
        let (answered_24h, dropped_24h) = self.drops.counts(now);
        CampaignView {
            campaign: self.id,
            ready: count(self.ready.len() + self.ready_to_ring.len()),
            dialling: self.dialling,
            waiting: count(self.waiting.len()),
            talking: self.talking,
            hopper: count(self.hopper.len()),
            answered_24h,
            dropped_24h,
            idle_because: self.idle_because.map(IdleReason::in_words),
            pacing: self.prediction.as_ref().and_then(|prediction| Some(prediction.why?.to_string())),
        }
    }

    /// A person who answered was served, or left before their time was over.
    pub(crate) fn person_served(&mut self, now: Timestamp) {
        self.drops.served(now);
        if let Some(prediction) = &mut self.prediction {
            prediction.pacer.person_served();
        }
    }

    /// A person who answered found nobody.
    pub(crate) fn person_dropped(&mut self, now: Timestamp) {
        self.drops.dropped(now);
        if let Some(prediction) = &mut self.prediction {
            prediction.pacer.person_dropped();
        }
    }

    /// What pacing needs to know.
    pub(crate) fn situation(&self, now: Timestamp, predicted: u32) -> Situation {
        let (answered, dropped) = self.drops.counts(now);
        Situation {
            mode: self.settings.mode,
            ready: count(self.ready.len()),
            on_their_way: self.dialling_ahead.saturating_add(count(self.waiting.len())),
            answered,
            dropped,
            drop_limit: self.settings.drop_limit,
            predicted,
        }
    }
}

fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}
