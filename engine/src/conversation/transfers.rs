//! Hold, consult, conference, transfer: how a conversation goes from an agent to a colleague.
//!
//! Whatever goes wrong on the way brings the customer back to the agent who had them. Until Asterisk says that the
//! customer is in the colleague's room, the call is the first agent's.

use std::time::Duration;

use crate::agents::session::AgentState;
use crate::command::{Answer, Notice, Refusal, SwitchCommand};
use crate::conversation::Conversation;
use crate::conversation::transfer::{Transfer, TransferStage, anteroom};
use crate::engine::Engine;
use crate::input::{Snapshot, TransferKind};
use crate::model::{AgentId, CallId, RoomId, Side};
use crate::outbound::call::Call;
use crate::timers::Timer;

/// Asterisk moves a leg within milliseconds; after this long it has failed without telling.
const HANDING_TIME_MAX: Duration = Duration::from_secs(2);

impl Engine {
    /// The customer hears music until they are taken back.
    pub(crate) fn hold_customer(&mut self, id: CallId) -> Result<Answer, Refusal> {
        let talk = self.at_rest(id)?;
        match self.transfer_of(id) {
            None => {}
            Some(transfer) if transfer.stage == TransferStage::Held => return Ok(Answer::Done),
            Some(transfer) => return Err(Refusal::TransferIs(transfer.view().stage)),
        }
        self.play_music_to(talk);
        self.set_transfer(id, None, TransferStage::Held);
        Ok(Answer::Done)
    }

    /// The customer is with their agent again, alone.
    pub(crate) fn resume_customer(&mut self, id: CallId) -> Result<Answer, Refusal> {
        self.conversation(id)?;
        let transfer = self.transfer_of(id).ok_or(Refusal::TransferIs("not under way"))?;
        match transfer.stage {
            TransferStage::Held | TransferStage::Consulting | TransferStage::Conference => {
                self.transfer_failed(id);
                Ok(Answer::Done)
            }
            TransferStage::Handing => Err(Refusal::TransferIs(transfer.view().stage)),
        }
    }

    /// Gives the customer to a colleague: at once, or after a talk with them.
    pub(crate) fn transfer(
        &mut self,
        id: CallId,
        to: AgentId,
        kind: TransferKind,
    ) -> Result<Answer, Refusal> {
        let talk = self.at_rest(id)?;
        if let Some(transfer) = self.transfer_of(id).filter(|transfer| transfer.stage != TransferStage::Held)
        {
            return Err(Refusal::TransferIs(transfer.view().stage));
        }
        self.can_be_asked(talk.agent, to)?;
        self.set_agent_state(to, AgentState::Consulted { call: id });
        match kind {
            TransferKind::Attended => {
                if self.transfer_of(id).is_none() {
                    self.play_music_to(talk);
                }
                self.set_transfer(id, Some(to), TransferStage::Consulting);
                self.seat(to);
            }
            TransferKind::Blind => self.hand(id, to),
        }
        Ok(Answer::Done)
    }

    /// The agent leaves the customer with the colleague whom they talk to.
    pub(crate) fn complete_transfer(&mut self, id: CallId) -> Result<Answer, Refusal> {
        self.conversation(id)?;
        let transfer = self.transfer_of(id).ok_or(Refusal::TransferIs("not under way"))?;
        match (transfer.stage, transfer.to) {
            (TransferStage::Consulting | TransferStage::Conference, Some(to)) => {
                self.hand(id, to);
                Ok(Answer::Done)
            }
            (TransferStage::Held | TransferStage::Handing, _) | (_, None) => {
                Err(Refusal::TransferIs(transfer.view().stage))
            }
        }
    }

    /// All three hear each other.
    pub(crate) fn join_all(&mut self, id: CallId) -> Result<Answer, Refusal> {
        self.conversation(id)?;
        let transfer = self.transfer_of(id).ok_or(Refusal::TransferIs("not under way"))?;
        match transfer.stage {
            TransferStage::Consulting => {
                self.hush(id);
                self.set_transfer(id, transfer.to, TransferStage::Conference);
                self.bring_back(id);
                Ok(Answer::Done)
            }
            TransferStage::Conference => Ok(Answer::Done),
            TransferStage::Held | TransferStage::Handing => Err(Refusal::TransferIs(transfer.view().stage)),
        }
    }

    pub(crate) fn transfer_of(&self, id: CallId) -> Option<Transfer> {
        self.calls.get(&id)?.transfer
    }

    /// The colleague to whom the customer of a call is on the way.
    pub(crate) fn successor(&self, id: CallId) -> Option<AgentId> {
        self.transfer_of(id).filter(|transfer| transfer.stage == TransferStage::Handing)?.to
    }

    /// A conversation whose customer is going nowhere at the moment.
    fn at_rest(&self, id: CallId) -> Result<Conversation, Refusal> {
        let talk = self.conversation(id)?;
        if self.holds.is_switch_away() {
            return Err(Refusal::SwitchAway);
        }
        match self.heir(id) {
            Some(_) => Err(Refusal::TransferIs("being taken over")),
            None => Ok(talk),
        }
    }

    /// Whether a colleague may be given a customer, or asked about one.
    fn can_be_asked(&self, asking: AgentId, colleague: AgentId) -> Result<(), Refusal> {
        if !self.agents.contains_key(&colleague) {
            return Err(Refusal::UnknownAgent);
        }
        let session = self.sessions.get(&colleague).ok_or(Refusal::ColleagueIs("logged out"))?;
        match session.state {
            AgentState::Ready if colleague == asking => Err(Refusal::OwnConversation),
            AgentState::Ready if !session.phone.is_up() => Err(Refusal::ColleagueIs("rung for each call")),
            AgentState::Ready => Ok(()),
            AgentState::Paused { .. }
            | AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::Consulted { .. }
            | AgentState::WrapUp { .. }
            | AgentState::Supervising
            | AgentState::Lost => Err(Refusal::ColleagueIs(session.word())),
        }
    }

    fn set_transfer(&mut self, id: CallId, to: Option<AgentId>, stage: TransferStage) {
        let now = self.cx.now;
        if let Some(call) = self.calls.get_mut(&id) {
            call.transfer = Some(Transfer { to, stage, since: now });
        }
    }

    /// The customer goes to the room beside their agent's, where there is music.
    fn play_music_to(&mut self, talk: Conversation) {
        let Some(session) = self.sessions.get_mut(&talk.agent) else { return };
        let room = anteroom(session.room);
        if !std::mem::replace(&mut session.has_anteroom, true) {
            self.cx.switch(SwitchCommand::OpenRoom { room });
        }
        self.cx.switch(SwitchCommand::StartMusic { room });
        self.cx.switch(SwitchCommand::Join { room, leg: talk.customer });
    }

    /// There is no music: rather than hear nothing, the customer is back with their agent. While the link is broken the
    /// next snapshot sees to it.
    pub(crate) fn music_not_started(&mut self, room: RoomId) {
        if self.holds.is_switch_away() {
            return;
        }
        for (id, _) in self.held().into_iter().filter(|(_, beside)| *beside == room) {
            self.transfer_failed(id);
        }
    }

    /// Calls whose customers should hear music, and where.
    fn held(&self) -> Vec<(CallId, RoomId)> {
        let beside = |(id, call): (&CallId, &Call)| {
            let stage = call.transfer?.stage;
            let held = matches!(stage, TransferStage::Held | TransferStage::Consulting);
            let session = call.agent.filter(|_| held).and_then(|agent| self.sessions.get(&agent))?;
            Some((*id, anteroom(session.room)))
        };
        self.calls.iter().filter_map(beside).collect()
    }

    /// After a gap it is not known whether there is music where there should be.
    pub(crate) fn play_music_again(&mut self) {
        for (_, room) in self.held() {
            self.cx.switch(SwitchCommand::StartMusic { room });
        }
    }

    /// Puts an agent's phone where it belongs at this moment.
    fn seat(&mut self, agent: AgentId) {
        let Some(session) = self.sessions.get(&agent) else { return };
        if let Some(leg) = session.phone.leg().filter(|_| session.phone.is_up()) {
            let room = self.room_for(session);
            self.cx.switch(SwitchCommand::Join { room, leg });
        }
    }

    /// The customer goes to the colleague's room.
    fn hand(&mut self, id: CallId, to: AgentId) {
        let Ok(talk) = self.conversation(id) else { return };
        let consulted = self.transfer_of(id).is_some_and(|transfer| transfer.to == Some(to));
        self.set_transfer(id, Some(to), TransferStage::Handing);
        if consulted {
            self.seat(to);
        }
        let Some(room) = self.sessions.get(&to).map(|session| session.room) else { return };
        self.cx.switch(SwitchCommand::Join { room, leg: talk.customer });
        self.cx.arm_in(HANDING_TIME_MAX, Timer::HandingOverdue(id));
    }

    /// While the link is broken the customer may be there all the same; the next snapshot tells.
    pub(crate) fn handing_overdue(&mut self, id: CallId) {
        let overdue = self.transfer_of(id).is_some_and(|transfer| {
            transfer.stage == TransferStage::Handing && self.cx.now.since(transfer.since) >= HANDING_TIME_MAX
        });
        if overdue && !self.holds.is_switch_away() {
            self.transfer_failed(id);
        }
    }

    /// The customer is back with their agent, and the colleague does something else.
    pub(crate) fn transfer_failed(&mut self, id: CallId) {
        let Some(transfer) = self.end_transfer(id) else { return };
        if transfer.stage != TransferStage::Conference {
            self.bring_back(id);
        }
    }

    /// Nobody is between agent and colleague any more.
    pub(crate) fn end_transfer(&mut self, id: CallId) -> Option<Transfer> {
        let transfer = self.calls.get_mut(&id)?.transfer.take()?;
        if let Some(colleague) = transfer.to
            && self.sessions.get(&colleague).is_some_and(|session| session.consulted_by() == Some(id))
        {
            let away = matches!(transfer.stage, TransferStage::Consulting | TransferStage::Conference);
            if away {
                self.seat(colleague);
            }
            self.settle_agent(colleague);
        }
        Some(transfer)
    }

    /// The customer is in the colleague's room: the call is theirs.
    pub(crate) fn handed(&mut self, id: CallId, to: AgentId) {
        let Ok(talk) = self.conversation(id) else { return };
        if let Some(call) = self.calls.get_mut(&id) {
            call.transfer = None;
        }
        self.change_hands(talk, to);
        self.cx.notice(Notice::Transferred { call: id, from: talk.agent, to });
    }

    /// The phone of a colleague who was asked is gone.
    pub(crate) fn consulted_phone_ended(&mut self, colleague: AgentId, id: CallId) {
        self.set_agent_state(colleague, AgentState::Lost);
        self.transfer_failed(id);
        self.settle_agent(colleague);
    }

    /// The phone of the agent who had the customer is gone. Somebody else may be left for the customer: whoever they are
    /// on the way to, or the colleague who was asked.
    pub(crate) fn agent_went(&mut self, id: CallId) {
        if self.heir(id).is_some() || self.successor(id).is_some() {
            return;
        }
        let asked = self.transfer_of(id).and_then(|transfer| transfer.to);
        match asked {
            Some(to) => self.hand(id, to),
            None => self.hang_up(id, Side::Agent),
        }
    }

    /// Compares where customers on the way to colleagues should be with what a snapshot shows.
    pub(crate) fn settle_transfers(&mut self, snapshot: &Snapshot) {
        let handing: Vec<(CallId, AgentId)> =
            self.calls.keys().filter_map(|id| Some((*id, self.successor(*id)?))).collect();
        for (id, to) in handing {
            let Ok(talk) = self.conversation(id) else { continue };
            let room = self.sessions.get(&to).map(|session| session.room);
            if room.is_some_and(|room| snapshot.holds(room, talk.customer)) {
                self.handed(id, to);
            } else {
                self.handing_overdue(id);
            }
        }
    }
}
