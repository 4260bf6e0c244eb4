//! Agents at work: log-in, ready, pause, wrap-up, log-out.

use std::time::Duration;

use crate::agents::session::{AgentSession, AgentState, PhoneLine, Reservation, Wish};
use crate::command::{Answer, Notice, Refusal, SwitchCommand, Write};
use crate::conversation::transfer::anteroom;
use crate::engine::Engine;
use crate::model::{
    AgentId, CallId, CampaignId, PauseReason, RingMode, RoomId, SessionId, SupervisionEnd, Timestamp,
};
use crate::timers::Timer;

impl Engine {
    pub(crate) fn log_in(
        &mut self,
        agent: AgentId,
        mut campaigns: Vec<CampaignId>,
    ) -> Result<Answer, Refusal> {
        if self.sessions.contains_key(&agent) || self.is_to_be_taken_over(agent) {
            return Err(Refusal::AlreadyLoggedIn);
        }
        let settings = self.agents.get(&agent).cloned().ok_or(Refusal::UnknownAgent)?;
        if let Some(unknown) = campaigns.iter().find(|campaign| !self.runs.contains_key(campaign)) {
            return Err(Refusal::UnknownCampaign(*unknown));
        }
        campaigns.sort_unstable();
        campaigns.dedup();
        let now = self.cx.now;
        let session = SessionId::from_uuid(self.cx.mint.uuid(now));
        let nailed_up = settings.ring_mode == RingMode::NailedUp;
        self.cx.write(Write::OpenSession { session, agent, campaigns: campaigns.clone(), at: now });
        let begun = AgentSession {
            settings,
            session,
            room: RoomId::from_uuid(self.cx.mint.uuid(now)),
            has_anteroom: false,
            phone: PhoneLine::Down,
            state: AgentState::Paused { reason: PauseReason::LoggedIn },
            since: now,
            campaigns,
            wish: Wish::Pause(PauseReason::LoggedIn),
            redials: 0,
            last_call: None,
            taken_over: None,
            last_caller: None,
            misses: 0,
            person_chance: 1.0,
            talked: Duration::ZERO,
            refused: None,
        };
        self.sessions.insert(agent, begun);
        self.note_agent_state(agent);
        if nailed_up {
            self.ring_agent(agent);
        }
        Ok(Answer::LoggedIn(session))
    }

    pub(crate) fn log_out(&mut self, agent: AgentId) -> Result<Answer, Refusal> {
        self.wish(agent, Wish::LogOut)
    }

    pub(crate) fn ready(&mut self, agent: AgentId) -> Result<Answer, Refusal> {
        let session = self.sessions.get_mut(&agent).ok_or(Refusal::NotLoggedIn)?;
        session.redials = 0;
        if matches!(session.phone, PhoneLine::Down) && session.settings.ring_mode == RingMode::NailedUp {
            self.ring_agent(agent);
        }
        self.wish(agent, Wish::Ready)
    }

    pub(crate) fn pause(&mut self, agent: AgentId, code: String) -> Result<Answer, Refusal> {
        self.wish(agent, Wish::Pause(PauseReason::Chosen(code)))
    }

    /// What the agent wants comes true at once, or after the call in hand.
    pub(crate) fn wish(&mut self, agent: AgentId, wish: Wish) -> Result<Answer, Refusal> {
        let session = self.sessions.get_mut(&agent).ok_or(Refusal::NotLoggedIn)?;
        session.wish = wish;
        match &session.state {
            AgentState::Reserved(Reservation::Call(_))
            | AgentState::OnCall { .. }
            | AgentState::Consulted { .. } => {}
            AgentState::Supervising if session.wish == Wish::LogOut => {
                self.stop_supervising(agent, SupervisionEnd::Stopped);
            }
            AgentState::Supervising => {}
            AgentState::Ready if session.wish == Wish::Ready => {}
            AgentState::Reserved(Reservation::Preview { .. }) => {
                self.give_preview_back(agent);
                self.settle_agent(agent);
            }
            AgentState::Ready | AgentState::Paused { .. } | AgentState::WrapUp { .. } | AgentState::Lost => {
                self.settle_agent(agent);
            }
        }
        Ok(Answer::Done)
    }

    /// Nothing holds the agent: they become what they want to be.
    pub(crate) fn settle_agent(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get(&agent) else {
            return;
        };
        match session.wish.clone() {
            Wish::LogOut => self.end_session(agent),
            Wish::Pause(reason) => self.set_agent_state(agent, AgentState::Paused { reason }),
            Wish::Ready if session.is_reachable() => {
                self.set_agent_state(agent, AgentState::Ready);
                self.serve_waiting(agent);
            }
            Wish::Ready => self.set_agent_state(agent, AgentState::Lost),
        }
    }

    /// An agent who has just become ready takes a person whom we called and who has waited for longest, because these
    /// must not wait; then the first caller of their queues. Only then may campaigns dial for them.
    fn serve_waiting(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get(&agent) else { return };
        let called = self.waiting_for(session).filter(|_| session.phone.is_up());
        match called {
            Some(call) => self.join(call, agent),
            None => {
                self.serve_queues(agent);
            }
        }
    }

    /// The only place where an agent's state changes: indexes, history and news follow from it.
    pub(crate) fn set_agent_state(&mut self, agent: AgentId, state: AgentState) {
        let now = self.cx.now;
        let Some(session) = self.sessions.get_mut(&agent) else {
            return;
        };
        if session.state == state && !matches!(state, AgentState::Ready) {
            return;
        }
        self.teach_work(agent, &state);
        let is_kept_free = self.sessions.get(&agent).is_some_and(|session| self.is_kept_free(session));
        let Some(session) = self.sessions.get_mut(&agent) else { return };
        let left = session.since;
        for campaign in &session.campaigns {
            let Some(run) = self.runs.get_mut(campaign) else {
                continue;
            };
            run.ready.remove(session.since, agent);
            run.ready_to_ring.remove(&(session.since, agent));
            if state == AgentState::Ready && !is_kept_free {
                if session.phone.is_up() {
                    let others = session.campaigns.iter().copied().filter(|other| other != campaign);
                    run.ready.insert(now, agent, others);
                } else {
                    run.ready_to_ring.insert((now, agent));
                }
                self.stirred.insert(*campaign);
            }
        }
        session.state = state;
        session.since = now;
        self.index_in_queues(agent, left);
        self.note_agent_state(agent);
    }

    /// Tells history and the live board of an agent's state.
    pub(crate) fn note_agent_state(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get(&agent) else {
            return;
        };
        self.cx.write(Write::SaveAgentState {
            session: session.session,
            agent,
            state: session.word(),
            reason: session.pause_reason(),
            at: session.since,
        });
        self.cx.notice(Notice::AgentState { agent, state: session.word() });
    }

    /// A conversation has ended; the agent finishes it, for a while.
    pub(crate) fn wrap_up(&mut self, agent: AgentId, call: CallId, span: Duration) {
        let until = self.cx.now + span;
        self.set_agent_state(agent, AgentState::WrapUp { call, until });
        self.cx.arm_in(span, Timer::WrapUpOver(agent, until));
    }

    pub(crate) fn wrap_up_over(&mut self, agent: AgentId, until: Timestamp) {
        if self.sessions.get(&agent).is_some_and(
            |session| matches!(session.state, AgentState::WrapUp { until: planned, .. } if planned == until),
        ) {
            self.settle_agent(agent);
        }
    }

    fn end_session(&mut self, agent: AgentId) {
        // Leaving the ready sets first, so that nothing finds an agent who is gone.
        self.set_agent_state(agent, AgentState::Paused { reason: PauseReason::LoggedIn });
        self.queues.values_mut().for_each(|queue| queue.forget(agent));
        let Some(session) = self.sessions.remove(&agent) else {
            return;
        };
        if let Some(leg) = session.phone.leg() {
            self.legs.remove(&leg);
            self.cx.switch(SwitchCommand::HangUp { leg });
        }
        self.cx.switch(SwitchCommand::CloseRoom { room: session.room });
        if session.has_anteroom {
            self.cx.switch(SwitchCommand::CloseRoom { room: anteroom(session.room) });
        }
        self.cx.write(Write::CloseSession { session: session.session, at: self.cx.now });
        self.cx.notice(Notice::AgentState { agent, state: "logged_out" });
    }
}
