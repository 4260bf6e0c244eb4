//! The agent's desk: a lead shown before it is dialled, and what the agent says of a call.

use std::time::Duration;

use crate::agents::session::{AgentState, LastCall, Reservation};
use crate::command::{Agreed, Answer, DispositionRecord, LeadNext, Refusal, Write};
use crate::engine::Engine;
use crate::model::{
    AgentId, CallId, CampaignId, CampaignState, DialMode, Disposition, DispositionEffect, Lead, Timestamp,
};
use crate::timers::Timer;

/// How long a lead on show belongs to the agent, unless their desk keeps it.
pub const PREVIEW_LEASE: Duration = Duration::from_secs(90);

/// How long a desk may keep a lead on show. A claim on the database lasts longer, so nobody else is shown the lead.
pub const PREVIEW_MAX: Duration = Duration::from_secs(10 * 60);

/// When a lead that an agent skipped may be shown again.
const SKIP_WAIT: Duration = Duration::from_secs(60 * 60);

impl Engine {
    /// Shows the agent whom they would call next, from the first of their preview campaigns that has somebody.
    pub(crate) fn next_preview(&mut self, agent: AgentId) -> Result<Answer, Refusal> {
        let session = self.sessions.get(&agent).ok_or(Refusal::NotLoggedIn)?;
        if session.state != AgentState::Ready {
            return Err(Refusal::WrongState(session.word()));
        }
        if let Some(hold) = self.holds.first() {
            return Err(Refusal::NotDialling(hold.in_words().to_owned()));
        }
        let is_preview = |campaign: &CampaignId| {
            self.runs.get(campaign).is_some_and(|run| {
                run.settings.mode == DialMode::Preview && run.state == CampaignState::Running
            })
        };
        let campaigns: Vec<CampaignId> = session.campaigns.iter().copied().filter(is_preview).collect();
        for campaign in campaigns {
            self.stirred.insert(campaign);
            let promised = self.promised_lead(campaign, agent).ok_or(());
            if let Ok(lead) = promised.or_else(|()| self.next_lead(campaign)) {
                return Ok(self.show(agent, campaign, lead));
            }
        }
        Err(Refusal::NoLead)
    }

    fn show(&mut self, agent: AgentId, campaign: CampaignId, lead: Lead) -> Answer {
        let shown_at = self.cx.now;
        let until = shown_at + PREVIEW_LEASE;
        let answer = Answer::Preview { lead: lead.id, campaign, until };
        let reservation = Reservation::Preview { lead: Box::new(lead), campaign, shown_at, until };
        self.set_agent_state(agent, AgentState::Reserved(reservation));
        self.cx.arm_in(PREVIEW_LEASE, Timer::PreviewOver(agent));
        answer
    }

    /// The desk still shows the lead: it is the agent's for another lease, up to [`PREVIEW_MAX`] in all.
    pub(crate) fn keep_preview(&mut self, agent: AgentId) -> Result<Answer, Refusal> {
        self.on_show(agent)?;
        let now = self.cx.now;
        let session = self.sessions.get_mut(&agent).ok_or(Refusal::NotLoggedIn)?;
        let AgentState::Reserved(Reservation::Preview { lead, campaign, shown_at, until }) =
            &mut session.state
        else {
            return Err(Refusal::WrongState(session.word()));
        };
        *until = (now + PREVIEW_LEASE).min(*shown_at + PREVIEW_MAX);
        let answer = Answer::Preview { lead: lead.id, campaign: *campaign, until: *until };
        self.cx.timers.arm(*until, Timer::PreviewOver(agent));
        Ok(answer)
    }

    fn on_show(&self, agent: AgentId) -> Result<(Lead, CampaignId), Refusal> {
        let session = self.sessions.get(&agent).ok_or(Refusal::NotLoggedIn)?;
        match &session.state {
            AgentState::Reserved(Reservation::Preview { lead, campaign, .. }) => {
                Ok((Lead::clone(lead), *campaign))
            }
            AgentState::Paused { .. }
            | AgentState::Ready
            | AgentState::Reserved(Reservation::Call(_))
            | AgentState::OnCall { .. }
            | AgentState::WrapUp { .. }
            | AgentState::Consulted { .. }
            | AgentState::Supervising
            | AgentState::Lost => Err(Refusal::WrongState(session.word())),
        }
    }

    pub(crate) fn dial_preview(&mut self, agent: AgentId) -> Result<Answer, Refusal> {
        let (lead, campaign) = self.on_show(agent)?;
        if let Some(hold) = self.holds.first() {
            return Err(Refusal::NotDialling(hold.in_words().to_owned()));
        }
        match self.place_for(campaign, lead, agent, None) {
            Ok(call) => Ok(Answer::Dialling(call)),
            Err((_still_on_show, reason)) => Err(Refusal::NotDialling(reason.in_words())),
        }
    }

    pub(crate) fn skip_preview(&mut self, agent: AgentId) -> Result<Answer, Refusal> {
        let (lead, _) = self.on_show(agent)?;
        self.cx.write(Write::ReleaseLead { lead: lead.id, due_at: self.cx.wall + SKIP_WAIT });
        self.settle_agent(agent);
        Ok(Answer::Done)
    }

    pub(crate) fn preview_over(&mut self, agent: AgentId) {
        let now = self.cx.now;
        if self.sessions.get(&agent).is_some_and(|session| {
            matches!(session.state, AgentState::Reserved(Reservation::Preview { until, .. }) if until <= now)
        }) {
            self.give_preview_back(agent);
            self.settle_agent(agent);
        }
    }

    /// The lead on show may be called by somebody else. The agent's state is the caller's to change.
    pub(crate) fn give_preview_back(&mut self, agent: AgentId) {
        if let Ok((lead, _)) = self.on_show(agent) {
            self.cx.write(Write::ReleaseLead { lead: lead.id, due_at: self.cx.wall });
        }
    }

    /// What the agent says of the call in hand, of the one being wrapped up, or as a correction of that one later.
    pub(crate) fn dispose(
        &mut self,
        agent: AgentId,
        call: CallId,
        code: &str,
        note: String,
        callback: Option<Agreed>,
    ) -> Result<Answer, Refusal> {
        if self.is_of_a_caller(agent, call) {
            return self.dispose_caller(agent, call, code, note);
        }
        let now = self.cx.now;
        let subject = self.subject(agent, call)?;
        let disposition = self.disposition(subject.campaign, code)?;
        let next = self.lead_next(&disposition, subject, callback.map(|agreed| agreed.at))?;
        let callback = callback.filter(|_| disposition.effect == DispositionEffect::Callback);
        self.cx.write(Write::SaveDisposition(Box::new(DispositionRecord {
            call,
            campaign: subject.campaign,
            lead: subject.lead,
            phone: subject.phone,
            agent,
            code: disposition.code,
            note,
            at: now,
            next,
            callback,
            do_not_call: disposition.effect == DispositionEffect::DoNotCall,
            success: disposition.success,
            refused: disposition.effect == DispositionEffect::Refusal,
        })));
        if disposition.effect == DispositionEffect::DoNotCall {
            self.stop_dialling(subject.phone, None);
        }
        self.teach_answerer(agent, &subject, disposition.machine);
        if let Some(live) = self.calls.get_mut(&call) {
            live.disposed = Some(next);
        } else if self.is_wrapping_up(agent, call) {
            self.settle_agent(agent);
        }
        Ok(Answer::Done)
    }

    fn subject(&self, agent: AgentId, id: CallId) -> Result<LastCall, Refusal> {
        let session = self.sessions.get(&agent).ok_or(Refusal::NotLoggedIn)?;
        if let Some(call) = self.calls.get(&id).filter(|_| session.state == (AgentState::OnCall { call: id }))
        {
            return Ok(LastCall::of(call));
        }
        session.last_call.filter(|last| last.call == id).ok_or(Refusal::UnknownCall)
    }

    fn disposition(&self, campaign: CampaignId, code: &str) -> Result<Disposition, Refusal> {
        let run = self.runs.get(&campaign).ok_or(Refusal::UnknownCampaign(campaign))?;
        let known = &run.settings.dispositions;
        known.iter().find(|disposition| disposition.code == code).cloned().ok_or_else(|| {
            let codes: Vec<&str> = known.iter().map(|disposition| disposition.code.as_str()).collect();
            Refusal::UnknownDisposition(codes.join(", "))
        })
    }

    fn lead_next(
        &self,
        disposition: &Disposition,
        subject: LastCall,
        callback_at: Option<Timestamp>,
    ) -> Result<LeadNext, Refusal> {
        let phone = subject.phone_index;
        match disposition.effect {
            DispositionEffect::DoNotCall | DispositionEffect::Final | DispositionEffect::Refusal => {
                Ok(LeadNext::Done)
            }
            DispositionEffect::Retry { delay } => Ok(LeadNext::Again { due_at: self.cx.wall + delay, phone }),
            DispositionEffect::Callback => callback_at
                .filter(|at| *at > self.cx.wall)
                .map(|due_at| LeadNext::Again { due_at, phone })
                .ok_or(Refusal::CallbackNeedsTime),
        }
    }
}
