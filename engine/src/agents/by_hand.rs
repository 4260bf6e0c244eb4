//! Calls that an agent dials by hand: a lead of their choice, whatever pacing would have done.
//!
//! The law is asked as for a call of mode `manual`, in the transaction that makes the attempt durable. A lead that was
//! done before stays done: only the agent's own word brings it back.

use std::collections::BTreeSet;

use crate::agents::session::{AgentSession, AgentState, Reservation};
use crate::command::{Answer, LeadNext, Refusal};
use crate::engine::Engine;
use crate::input::AttemptRefusal;
use crate::model::{AgentId, Attempt, ByHand, CallId, CampaignId, CampaignState, Lead, LeadId, Timestamp};

/// A dial that an agent asked for and that was not placed after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefusedDial {
    pub(crate) lead: LeadId,
    pub(crate) campaign: CampaignId,
    pub(crate) refusal: AttemptRefusal,
    pub(crate) at: Timestamp,
}

impl Engine {
    /// Calls a lead for the agent who asks for it. Asked again with the key of a call that goes on, it is that call.
    pub(crate) fn dial_by_hand(
        &mut self,
        agent: AgentId,
        campaign: CampaignId,
        lead: Lead,
        by_hand: ByHand,
    ) -> Result<Answer, Refusal> {
        if let Some(call) = self.dialled_by_hand(agent, by_hand.key.as_deref()) {
            return Ok(Answer::Dialling(call));
        }
        self.may_dial_by_hand(agent, campaign)?;
        if let Some(hold) = self.holds.first() {
            return Err(Refusal::NotDialling(hold.in_words().to_owned()));
        }
        if self.is_in_other_hands(lead.id) {
            return Err(Refusal::NotDialling("somebody else has this lead in hand".to_owned()));
        }
        match self.place_for(campaign, lead, agent, Some(by_hand)) {
            Ok(call) => Ok(Answer::Dialling(call)),
            Err((_stays_where_it_was, reason)) => Err(Refusal::NotDialling(reason.in_words())),
        }
    }

    /// The agent's call that goes on and that was asked for with this key.
    fn dialled_by_hand(&self, agent: AgentId, key: Option<&str>) -> Option<CallId> {
        let key = key?;
        let is_it = |attempt: &Attempt| {
            attempt.agent == Some(agent)
                && attempt.by_hand.as_ref().is_some_and(|by_hand| by_hand.key.as_deref() == Some(key))
        };
        self.calls.values().find(|call| is_it(&call.attempt)).map(|call| call.attempt.call)
    }

    fn may_dial_by_hand(&self, agent: AgentId, campaign: CampaignId) -> Result<(), Refusal> {
        let session = self.sessions.get(&agent).ok_or(Refusal::NotLoggedIn)?;
        if !session.campaigns.contains(&campaign) {
            return Err(Refusal::NotInCampaign(campaign));
        }
        match session.state {
            AgentState::Paused { .. } if session.is_reachable() => Ok(()),
            AgentState::Paused { .. } => Err(Refusal::NotDialling("the agent's phone is not up".to_owned())),
            AgentState::Ready if self.is_left_alone(session) => Ok(()),
            AgentState::Ready => {
                let why = "calls are being placed for the agent; pause first";
                Err(Refusal::NotDialling(why.to_owned()))
            }
            AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::WrapUp { .. }
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::Lost => Err(Refusal::WrongState(session.word())),
        }
    }

    /// Whether nobody is dialled in the expectation that this agent is there.
    fn is_left_alone(&self, session: &AgentSession) -> bool {
        session
            .campaigns
            .iter()
            .filter_map(|campaign| self.runs.get(campaign))
            .all(|run| run.state != CampaignState::Running || run.settings.mode.is_agents_choice())
    }

    /// Whether a lead is being called, or is on show for somebody.
    fn is_in_other_hands(&self, lead: LeadId) -> bool {
        let is_on_show = |session: &AgentSession| matches!(&session.state, AgentState::Reserved(Reservation::Preview { lead: shown, .. }) if shown.id == lead);
        self.calls.values().any(|call| call.lead.id == lead) || self.sessions.values().any(is_on_show)
    }

    /// The leads of a campaign that the store has given to calls.
    pub(crate) fn being_called(&self, campaign: CampaignId) -> BTreeSet<LeadId> {
        let calls = self.calls.values().filter(|call| call.attempt.campaign == campaign && call.is_dialled());
        calls.map(|call| call.lead.id).collect()
    }

    /// The dial that an agent asked for is not placed: their desk says why.
    pub(crate) fn tell_refused(&mut self, attempt: &Attempt, refusal: AttemptRefusal) {
        let (lead, campaign, at) = (attempt.lead, attempt.campaign, self.cx.now);
        if let Some(session) = attempt.agent.and_then(|agent| self.sessions.get_mut(&agent)) {
            session.refused = Some(RefusedDial { lead, campaign, refusal, at });
        }
    }
}

/// What becomes of the lead of an attempt when the rules say `next`: one that was done before it was dialled by hand
/// is done again.
pub(crate) fn after(attempt: &Attempt, next: LeadNext) -> LeadNext {
    match &attempt.by_hand {
        Some(ByHand { lead_was_done: true, .. }) => LeadNext::Done,
        Some(ByHand { lead_was_done: false, .. }) | None => next,
    }
}
