//! A conversation, from the decision to dial until the customer's leg is gone.
//!
//! RingingAgent -> Saving -> Dialling -> Waiting -> Joining -> Connected -> Ending
//!                        |                 `-> Message -> Ending
//!                        `-> Screening -> Waiting, or Message, or Greeting -> Message (`screening.rs`)
//! Any state may go to Ending (we hang up) or out of existence (the customer's leg is gone).

use std::time::Duration;

use crate::agents::by_hand;
use crate::command::LeadNext;
use crate::conversation::leg::Leg;
use crate::conversation::talk::Talk;
use crate::conversation::transfer::Transfer;
use crate::dialer::compliance::Obligation;
use crate::dialer::{outcome, retry};
use crate::model::attempt::CallRecord;
use crate::model::{AgentId, Attempt, HangupCause, Lead, Outcome, RetryRule, Screened, Side, Timestamp};
use crate::view::CallView;

/// When a person is called again whose dial we gave up ourselves.
const CANCELLED_WAIT: Duration = Duration::from_secs(10 * 60);

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallState {
    /// The agent whom the dial is made for is being called first; the customer has not been dialled.
    RingingAgent,
    /// The attempt is being made durable; the network has not heard of it.
    Saving,
    /// The customer's phone is being called.
    Dialling {
        /// Whether the network says that it rings.
        ringing: bool,
    },
    /// Whoever answered is being told from an answering machine; their leg is out of reach.
    Screening,
    /// An answering machine greets; its leg is out of reach.
    Greeting,
    /// The customer answered; no agent has been found yet.
    Waiting,
    /// The customer is being joined to the agent.
    Joining,
    /// Customer and agent hear each other.
    Connected,
    /// Nobody was there in time, or a machine answered: the far end hears a message.
    Message,
    /// The customer's leg was told to end.
    Ending,
}

/// A conversation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) attempt: Attempt,
    pub(crate) lead: Lead,
    pub(crate) leg: Leg,
    pub(crate) state: CallState,
    pub(crate) since: Timestamp,
    /// How much likelier than an ordinary dial of its campaign it is answered.
    pub(crate) odds: f64,
    /// Who has the call, or is kept free for it.
    pub(crate) agent: Option<AgentId>,
    pub(crate) answered_at: Option<Timestamp>,
    /// When it was known whether an agent is wanted: at the answer, or after screening.
    pub(crate) decided_at: Option<Timestamp>,
    pub(crate) screened: Option<Screened>,
    pub(crate) connected_at: Option<Timestamp>,
    /// Once it is dropped: the chance that a person was.
    pub(crate) person_chance: f64,
    /// When the message for dropped people began.
    pub(crate) message_at: Option<Timestamp>,
    /// Fixed before the end: by the ring timeout, by a drop, by a machine, or by giving up.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) ended_by: Option<Side>,
    /// What the law asks of it.
    pub(crate) obligations: Vec<Obligation>,
    pub(crate) talk: Talk,
    /// How often the customer's leg was told to end.
    pub(crate) hang_ups: u8,
    /// How often it was tried to join customer and agent.
    pub(crate) joins: u8,
    /// What the agent has already said becomes of the lead.
    pub(crate) disposed: Option<LeadNext>,
    /// Whether the agent said that it is a machine, once they said anything.
    pub(crate) said_machine: Option<bool>,
}

impl Call {
    pub(crate) fn new(attempt: Attempt, lead: Lead, state: CallState, now: Timestamp) -> Self {
        Self {
            agent: attempt.agent,
            attempt,
            lead,
            leg: Leg::default(),
            state,
            since: now,
            odds: 1.0,
            person_chance: 1.0,
            answered_at: None,
            decided_at: None,
            screened: None,
            connected_at: None,
            message_at: None,
            outcome: None,
            ended_by: None,
            obligations: Vec::new(),
            talk: Talk::default(),
            hang_ups: 0,
            joins: 0,
            disposed: None,
            said_machine: None,
        }
    }

    pub(crate) fn enter(&mut self, state: CallState, now: Timestamp) {
        self.state = state;
        self.since = now;
    }

    /// Whether the network may know of this call.
    pub(crate) const fn is_dialled(&self) -> bool {
        !matches!(self.state, CallState::RingingAgent | CallState::Saving)
    }

    /// Whether a machine may be looked for: not twice, not for an agent who dials by hand and listens, and not where
    /// the law forbids it.
    pub(crate) fn may_be_screened(&self) -> bool {
        self.screened.is_none()
            && self.attempt.by_hand.is_none()
            && !self.obligations.contains(&Obligation::NoMachineDetection)
    }

    /// Whether Asterisk listens to it in its dialplan: out of reach until an event says why it is back.
    pub(crate) const fn is_listened_to(&self) -> bool {
        matches!(self.state, CallState::Screening | CallState::Greeting)
    }

    /// Whether it is known already that nobody was served by it.
    pub(crate) const fn is_settled(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Dropped | Outcome::Machine))
    }

    /// Whether it was dialled for whoever is free.
    pub(crate) const fn is_ahead(&self) -> bool {
        self.attempt.agent.is_none()
    }

    /// How the dial ended, when the network gave `cause` for the end of the customer's leg.
    pub(crate) fn outcome(&self, cause: HangupCause) -> Outcome {
        match (self.outcome, self.answered_at) {
            (Some(fixed), _) => fixed,
            (None, Some(_)) => Outcome::Answered,
            (None, None) => outcome::from_hangup(cause),
        }
    }

    /// What becomes of the lead: the agent's word before the campaign's rules. A dial that we gave up ourselves
    /// does not count against the lead, but it is not repeated at once: its reason may last, and so may its ringing.
    pub(crate) fn lead_next(&self, outcome: Outcome, rules: &[RetryRule], now: Timestamp) -> LeadNext {
        match self.disposed {
            Some(next) => next,
            None if outcome == Outcome::Cancelled => {
                let again = LeadNext::Again { due_at: now + CANCELLED_WAIT, phone: self.lead.next_phone };
                by_hand::after(&self.attempt, again)
            }
            None => by_hand::after(&self.attempt, retry::plan(&self.lead, outcome, rules, now)),
        }
    }

    /// The row of history, when somebody answered.
    pub(crate) fn record(&self, cause: HangupCause, ended_at: Timestamp) -> Option<CallRecord> {
        let answered_at = self.answered_at?;
        Some(CallRecord {
            id: self.attempt.call,
            attempt: self.attempt.id,
            campaign: self.attempt.campaign,
            lead: self.attempt.lead,
            phone: self.attempt.phone,
            agent: self.connected_at.and(self.agent),
            answered_at,
            connected_at: self.connected_at,
            message_at: self.message_at,
            ended_at,
            ended_by: self.ended_by.unwrap_or(Side::Customer),
            cause,
        })
    }

    pub(crate) fn view(&self) -> CallView {
        CallView {
            call: self.attempt.call,
            attempt: self.attempt.id,
            campaign: self.attempt.campaign,
            lead: self.attempt.lead,
            phone: self.attempt.phone,
            state: match self.state {
                CallState::RingingAgent => "ringing_agent",
                CallState::Saving => "saving",
                CallState::Dialling { ringing: false } => "dialling",
                CallState::Dialling { ringing: true } => "ringing",
                CallState::Screening => "screening",
                CallState::Greeting => "greeting",
                CallState::Waiting => "waiting",
                CallState::Joining => "joining",
                CallState::Connected => "connected",
                CallState::Message => "message",
                CallState::Ending => "ending",
            },
            since: self.since,
            agent: self.agent,
            obligations: self.obligations.clone(),
            recording: self.talk.recording.as_str(),
            listeners: Vec::new(),
            transfer: self.talk.transfer.as_ref().map(Transfer::view),
        }
    }
}
