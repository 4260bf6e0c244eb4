//! An agent's working state, from log-in to log-out.
//!
//! Paused -> Ready -> Reserved -> OnCall -> WrapUp -> Ready
//! Ready -> Consulted -> OnCall, or Ready
//! Paused, Ready or WrapUp -> Supervising -> Paused or Ready, or OnCall when the supervisor takes the call over
//! Invariant: Reserved for a call or OnCall if and only if exactly one live call names this agent.

use std::time::Duration;

use crate::agents::by_hand::RefusedDial;
use crate::conversation::leg::Leg;
use crate::dialer::predictive::Pickup;
use crate::model::{
    Agent, AgentId, CallId, CampaignId, Lead, LeadId, LegId, PauseReason, Phone, QueueId, RingMode, RoomId,
    SessionId, Timestamp,
};
use crate::outbound::call::Call;
use crate::view::{AgentView, PreviewView, RefusedView};

/// What an agent is doing. Data that only one state needs lives inside that state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentState {
    /// Takes no calls.
    Paused { reason: PauseReason },
    /// Takes the next call.
    Ready,
    /// Kept free for something that is about to come.
    Reserved(Reservation),
    /// In conversation.
    OnCall { call: CallId },
    /// Was asked by a colleague about their customer, or is about to be given them ([`crate::conversation::transfers`]).
    Consulted { call: CallId },
    /// Finishes the last call.
    WrapUp { call: CallId, until: Timestamp },
    /// Takes part in the conversations of others ([`crate::conversation::supervising`]).
    Supervising,
    /// Wants to work, but the phone is gone.
    Lost,
}

impl AgentState {
    /// The call that an agent in this state has or is kept free for.
    pub(crate) const fn call(&self) -> Option<CallId> {
        match self {
            Self::Reserved(Reservation::Call(call)) | Self::OnCall { call } => Some(*call),
            Self::Paused { .. }
            | Self::Ready
            | Self::Reserved(Reservation::Preview { .. })
            | Self::WrapUp { .. }
            | Self::Consulted { .. }
            | Self::Supervising
            | Self::Lost => None,
        }
    }
}

/// What an agent is kept free for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// A call that is being placed for them or joined to them.
    Call(CallId),
    /// A lead on show, waiting for their decision.
    Preview { lead: Box<Lead>, campaign: CampaignId, shown_at: Timestamp, until: Timestamp },
}

/// What the agent wants to be when nothing holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Ready,
    Pause(PauseReason),
    LogOut,
}

/// The agent's phone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PhoneLine {
    /// No leg.
    Down,
    /// Being called.
    Ringing { id: LegId, leg: Leg },
    /// Up, and in the agent's room or on the way there.
    Up { id: LegId },
}

impl PhoneLine {
    pub(crate) const fn leg(&self) -> Option<LegId> {
        match self {
            Self::Down => None,
            Self::Ringing { id, .. } | Self::Up { id } => Some(*id),
        }
    }

    pub(crate) const fn is_up(&self) -> bool {
        matches!(self, Self::Up { .. })
    }
}

/// The last call of an agent, for the disposition and for corrections of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LastCall {
    pub(crate) call: CallId,
    pub(crate) campaign: CampaignId,
    pub(crate) lead: LeadId,
    pub(crate) phone: Phone,
    /// Which of the lead's numbers it was.
    pub(crate) phone_index: u8,
    /// Whom the agent got, if anybody.
    pub(crate) served: Option<Served>,
}

impl LastCall {
    /// A call that its agent is about to leave, or has at this moment.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            call: call.attempt.call,
            campaign: call.attempt.campaign,
            lead: call.attempt.lead,
            phone: call.attempt.phone,
            phone_index: call.lead.next_phone,
            served: call.served(),
        }
    }
}

/// Somebody whom an agent got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Served {
    /// How they picked up.
    pub(crate) pickup: Pickup,
    /// When the agent got them.
    pub(crate) at: Timestamp,
    /// Whether it was a machine, once the agent has said so.
    pub(crate) machine: Option<bool>,
}

/// A conversation that a supervisor took over from an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenOver {
    pub(crate) call: CallId,
    pub(crate) by: AgentId,
}

/// One agent at work.
#[derive(Debug)]
pub(crate) struct AgentSession {
    pub(crate) settings: Agent,
    pub(crate) session: SessionId,
    /// Where the agent's conversations take place, for the whole session.
    pub(crate) room: RoomId,
    /// Whether the room beside it is open ([`crate::conversation::transfer::anteroom`]).
    pub(crate) has_anteroom: bool,
    pub(crate) phone: PhoneLine,
    pub(crate) state: AgentState,
    pub(crate) since: Timestamp,
    pub(crate) campaigns: Vec<CampaignId>,
    pub(crate) wish: Wish,
    /// How often the lost phone was rung again in vain.
    pub(crate) redials: u8,
    pub(crate) last_call: Option<LastCall>,
    /// The last conversation that a supervisor took over from them.
    pub(crate) taken_over: Option<TakenOver>,
    /// The last caller, for the disposition, and the queue that gave them.
    pub(crate) last_caller: Option<(CallId, QueueId)>,
    /// How many callers were missed in a row.
    pub(crate) misses: u8,
    /// Chance that they got a person last, by how they picked up.
    pub(crate) person_chance: f64,
    /// How long the last conversation was.
    pub(crate) talked: Duration,
    /// The last dial that the agent asked for, when it was not placed.
    pub(crate) refused: Option<RefusedDial>,
}

impl AgentSession {
    pub(crate) const fn id(&self) -> AgentId {
        self.settings.id
    }

    /// Chance that it is a person whom they have, or had last, by this call: what the agent says is certain.
    pub(crate) fn person(&self, call: CallId) -> f64 {
        let said = self.last_call.filter(|last| last.call == call).and_then(|last| last.served?.machine);
        said.map_or(self.person_chance, |machine| if machine { 0.0 } else { 1.0 })
    }

    /// Whether customers can be joined to them, or their phone is rung when one is to come.
    pub(crate) fn is_reachable(&self) -> bool {
        match self.settings.ring_mode {
            RingMode::NailedUp => self.phone.is_up(),
            RingMode::PerCall => true,
        }
    }

    /// The call that they have or are kept free for.
    pub(crate) const fn call(&self) -> Option<CallId> {
        self.state.call()
    }

    /// The call about which a colleague asked them.
    pub(crate) const fn consulted_by(&self) -> Option<CallId> {
        match &self.state {
            AgentState::Consulted { call } => Some(*call),
            AgentState::Paused { .. }
            | AgentState::Ready
            | AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::WrapUp { .. }
            | AgentState::Supervising
            | AgentState::Lost => None,
        }
    }

    /// The word for the state in the database, the API and errors.
    pub(crate) const fn word(&self) -> &'static str {
        match self.state {
            AgentState::Paused { .. } => "paused",
            AgentState::Ready => "ready",
            AgentState::Reserved(_) => "reserved",
            AgentState::OnCall { .. } => "on_call",
            AgentState::WrapUp { .. } => "wrap_up",
            AgentState::Consulted { .. } => "consulted",
            AgentState::Supervising => "supervising",
            AgentState::Lost => "lost",
        }
    }

    pub(crate) fn pause_reason(&self) -> Option<PauseReason> {
        match &self.state {
            AgentState::Paused { reason } => Some(reason.clone()),
            AgentState::Ready
            | AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::WrapUp { .. }
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::Lost => None,
        }
    }

    fn preview(&self) -> Option<PreviewView> {
        match &self.state {
            AgentState::Reserved(Reservation::Preview { lead, campaign, until, .. }) => {
                Some(PreviewView { lead: lead.id, campaign: *campaign, until: *until })
            }
            AgentState::Paused { .. }
            | AgentState::Ready
            | AgentState::Reserved(Reservation::Call(_))
            | AgentState::OnCall { .. }
            | AgentState::WrapUp { .. }
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::Lost => None,
        }
    }

    pub(crate) fn view(&self) -> AgentView {
        let wrapping_up = match self.state {
            AgentState::WrapUp { call, .. } => Some(call),
            AgentState::Paused { .. }
            | AgentState::Ready
            | AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::Lost => None,
        };
        AgentView {
            agent: self.id(),
            session: self.session,
            state: self.word(),
            reason: self.pause_reason(),
            since: self.since,
            call: self.call().or(wrapping_up),
            preview: self.preview(),
            refused: self.refused.map(|dial| RefusedView {
                lead: dial.lead,
                campaign: dial.campaign,
                refusal: dial.refusal,
                at: dial.at,
            }),
            phone_up: self.phone.is_up(),
            campaigns: self.campaigns.clone(),
            supervising: None,
            listeners: Vec::new(),
            taken_over_by: None,
        }
    }
}
