//! Hold, consult, conference, transfer: how a conversation goes from an agent to a colleague, or to somebody outside.
//!
//! Whatever goes wrong on the way brings the customer back to the agent who had them. Until Asterisk says that the
//! customer is in the colleague's room, the call is the first agent's.

use std::time::Duration;

use crate::agents::session::AgentState;
use crate::command::{Answer, Destination, Notice, Refusal, SwitchCommand};
use crate::conversation::onward::Onward;
use crate::conversation::outside::Outside;
use crate::conversation::talk::Talk;
use crate::conversation::transfer::{Party, Transfer, TransferStage, anteroom};
use crate::conversation::{Behalf, Conversation};
use crate::engine::Engine;
use crate::input::{Snapshot, TransferKind, TransferTo};
use crate::model::{AgentId, CallId, LegId, Phone, RoomId, Side, TrunkId};
use crate::timers::Timer;

/// Asterisk moves a leg within milliseconds; after this long it has failed without telling.
const HANDING_TIME_MAX: Duration = Duration::from_secs(2);

/// How long somebody outside is rung for a customer who hears music meanwhile.
const OUTSIDE_RING_MAX: Duration = Duration::from_secs(30);

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
            TransferStage::Held
            | TransferStage::Calling { .. }
            | TransferStage::Consulting
            | TransferStage::Conference => {
                self.transfer_failed(id);
                Ok(Answer::Done)
            }
            TransferStage::Handing => Err(Refusal::TransferIs(transfer.view().stage)),
        }
    }

    /// Gives the customer to somebody else: at once, or after a talk with them.
    pub(crate) fn transfer(
        &mut self,
        id: CallId,
        to: TransferTo,
        kind: TransferKind,
    ) -> Result<Answer, Refusal> {
        match to {
            TransferTo::Agent(colleague) => self.transfer_to_agent(id, colleague, kind),
            TransferTo::Flow(flow) => self.send_onward(id, Onward::Flow(flow), kind),
            TransferTo::Number(number) => self.transfer_to_number(id, number, kind),
            TransferTo::Queue(queue) => self.send_onward(id, Onward::Queue(queue), kind),
        }
    }

    /// A conversation whose customer is with their agent or held.
    pub(crate) fn at_rest_or_held(&self, id: CallId) -> Result<Conversation, Refusal> {
        let talk = self.at_rest(id)?;
        match self.transfer_of(id).filter(|transfer| transfer.stage != TransferStage::Held) {
            Some(transfer) => Err(Refusal::TransferIs(transfer.view().stage)),
            None => Ok(talk),
        }
    }

    fn transfer_to_agent(&mut self, id: CallId, to: AgentId, kind: TransferKind) -> Result<Answer, Refusal> {
        let talk = self.at_rest_or_held(id)?;
        self.can_be_asked(talk.agent, to)?;
        self.set_agent_state(to, AgentState::Consulted { call: id });
        match kind {
            TransferKind::Attended => {
                if self.transfer_of(id).is_none() {
                    self.play_music_to(talk);
                }
                self.set_transfer(id, Some(Party::Agent(to)), TransferStage::Consulting);
                self.seat(to);
            }
            TransferKind::Blind => self.hand(id, to),
        }
        Ok(Answer::Done)
    }

    /// Calls somebody outside, who is to have the customer. The agent has them until they do.
    fn transfer_to_number(
        &mut self,
        id: CallId,
        number: Phone,
        kind: TransferKind,
    ) -> Result<Answer, Refusal> {
        let talk = self.at_rest_or_held(id)?;
        let (trunks, shown) = self.carriers(talk.behalf);
        let route = self.route_outside(number, &trunks, &shown)?;
        if self.transfer_of(id).is_none() {
            self.play_music_to(talk);
        }
        let at_once = kind == TransferKind::Blind;
        self.set_transfer(id, Some(Party::Outside), TransferStage::Calling { at_once });
        let to = Destination::Number { trunk: route.trunk, phone: number };
        self.call_outside(id, to, Some(route.caller_id), OUTSIDE_RING_MAX);
        Ok(Answer::Done)
    }

    /// Whose trunks carry what an agent dials during a conversation, and what is shown: those of the campaign, or the
    /// number that the caller dialled on whichever trunk may show it.
    fn carriers(&self, behalf: Behalf) -> (Vec<TrunkId>, Vec<Phone>) {
        match behalf {
            Behalf::Campaign(campaign) => {
                let run = self.runs.get(&campaign);
                run.map(|run| (run.settings.trunks.clone(), run.settings.caller_ids.clone()))
                    .unwrap_or_default()
            }
            Behalf::Queue(_) => (Vec::new(), self.dids.iter().map(|did| did.number).collect()),
        }
    }

    /// Whoever was called outside has picked up: they get the customer, or are asked first.
    pub(crate) fn outsider_answered(&mut self, id: CallId, outside: Outside) {
        let (Ok(talk), Some(transfer)) = (self.conversation(id), self.transfer_of(id)) else { return };
        match transfer.stage {
            TransferStage::Calling { at_once: true } => self.hand_outside(id),
            TransferStage::Calling { at_once: false } => {
                let Some(room) = self.sessions.get(&talk.agent).map(|session| session.room) else { return };
                self.set_transfer(id, Some(Party::Outside), TransferStage::Consulting);
                self.cx.switch(SwitchCommand::Join { room, leg: outside.leg });
            }
            TransferStage::Held
            | TransferStage::Consulting
            | TransferStage::Conference
            | TransferStage::Handing => {}
        }
    }

    /// The customer goes where whoever was called outside hears them.
    fn hand_outside(&mut self, id: CallId) {
        let Ok(talk) = self.conversation(id) else { return };
        let Some(outside) = self.talk(id).and_then(|known| known.outside) else {
            return self.transfer_failed(id);
        };
        let Outside { leg, room, .. } = outside;
        self.cx.switch(SwitchCommand::OpenRoom { room });
        self.cx.switch(SwitchCommand::Join { room, leg });
        self.hand_to(talk, Party::Outside, room);
    }

    /// The agent leaves the customer with the colleague whom they talk to.
    pub(crate) fn complete_transfer(&mut self, id: CallId) -> Result<Answer, Refusal> {
        self.conversation(id)?;
        let transfer = self.transfer_of(id).ok_or(Refusal::TransferIs("not under way"))?;
        match (transfer.stage, transfer.to) {
            (TransferStage::Consulting | TransferStage::Conference, Some(to)) => {
                self.hand_over(id, to);
                Ok(Answer::Done)
            }
            (TransferStage::Held | TransferStage::Calling { .. } | TransferStage::Handing, _) | (_, None) => {
                Err(Refusal::TransferIs(transfer.view().stage))
            }
        }
    }

    fn hand_over(&mut self, id: CallId, to: Party) {
        match to {
            Party::Agent(colleague) => self.hand(id, colleague),
            Party::Outside => self.hand_outside(id),
            // They are on the way already.
            Party::Onward { .. } => {}
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
            TransferStage::Held | TransferStage::Calling { .. } | TransferStage::Handing => {
                Err(Refusal::TransferIs(transfer.view().stage))
            }
        }
    }

    pub(crate) fn transfer_of(&self, id: CallId) -> Option<Transfer> {
        self.talk(id)?.transfer
    }

    /// The room to which the customer of a call is on the way.
    pub(crate) fn on_the_way_to(&self, id: CallId) -> Option<RoomId> {
        let transfer = self.transfer_of(id).filter(|transfer| transfer.stage == TransferStage::Handing)?;
        match transfer.to? {
            Party::Agent(colleague) => self.sessions.get(&colleague).map(|session| session.room),
            Party::Onward { room, .. } => Some(room),
            Party::Outside => self.talk(id)?.outside.map(|outside| outside.room),
        }
    }

    /// The customer is where they were on the way to.
    pub(crate) fn arrived(&mut self, id: CallId) {
        match self.transfer_of(id).and_then(|transfer| transfer.to) {
            Some(Party::Agent(colleague)) => self.handed(id, colleague),
            Some(Party::Onward { to, .. }) => self.sent_onward(id, to),
            Some(Party::Outside) => self.given_outside(id),
            None => {}
        }
    }

    /// A conversation whose customer is going nowhere at the moment.
    pub(crate) fn at_rest(&self, id: CallId) -> Result<Conversation, Refusal> {
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

    fn set_transfer(&mut self, id: CallId, to: Option<Party>, stage: TransferStage) {
        let now = self.cx.now;
        if let Some(talk) = self.talk_mut(id) {
            talk.transfer = Some(Transfer { to, stage, since: now });
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
        let beside = |(talk, known): (Conversation, &Talk)| {
            let stage = known.transfer?.stage;
            let held = matches!(
                stage,
                TransferStage::Held | TransferStage::Calling { .. } | TransferStage::Consulting
            );
            let session = self.sessions.get(&talk.agent).filter(|_| held)?;
            Some((talk.call, anteroom(session.room)))
        };
        self.conversations().filter_map(beside).collect()
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
        let consulted = self.transfer_of(id).is_some_and(|transfer| transfer.colleague() == Some(to));
        self.set_transfer(id, Some(Party::Agent(to)), TransferStage::Handing);
        if consulted {
            self.seat(to);
        }
        if let Some(room) = self.sessions.get(&to).map(|session| session.room) {
            self.hand_to(talk, Party::Agent(to), room);
        }
    }

    /// The customer goes to this room, which is on the way to `to` or where they are.
    pub(crate) fn hand_to(&mut self, talk: Conversation, to: Party, room: RoomId) {
        self.set_transfer(talk.call, Some(to), TransferStage::Handing);
        self.cx.switch(SwitchCommand::Join { room, leg: talk.customer });
        self.cx.arm_in(HANDING_TIME_MAX, Timer::HandingOverdue(talk.call));
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
        if matches!(transfer.to, Some(Party::Onward { to: Onward::Survey(_), .. })) {
            // The agent has hung up already.
            return self.end_call(id, Side::Agent);
        }
        if transfer.stage != TransferStage::Conference {
            self.bring_back(id);
        }
    }

    /// Nobody is between agent and colleague any more.
    pub(crate) fn end_transfer(&mut self, id: CallId) -> Option<Transfer> {
        let transfer = self.talk_mut(id)?.transfer.take()?;
        match transfer.to {
            Some(Party::Onward { room, .. }) => {
                if let Ok(talk) = self.conversation(id) {
                    self.cx.switch(SwitchCommand::Leave { room, leg: talk.customer });
                }
                self.cx.switch(SwitchCommand::CloseRoom { room });
            }
            Some(Party::Outside) => self.end_outside(id),
            Some(Party::Agent(_)) | None => {}
        }
        if let Some(colleague) = transfer.colleague()
            && self.sessions.get(&colleague).is_some_and(|session| session.consulted_by() == Some(id))
        {
            match transfer.stage {
                TransferStage::Consulting | TransferStage::Conference => self.seat(colleague),
                // The customer may have come in, though nobody has told so.
                TransferStage::Handing => self.change_room(colleague),
                TransferStage::Held | TransferStage::Calling { .. } => {}
            }
            self.settle_agent(colleague);
        }
        Some(transfer)
    }

    /// The customer is in the colleague's room: the call is theirs.
    pub(crate) fn handed(&mut self, id: CallId, to: AgentId) {
        let Ok(talk) = self.conversation(id) else { return };
        if let Some(known) = self.talk_mut(id) {
            known.transfer = None;
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
    /// on the way to, or the colleague who was asked. Otherwise the agent has hung up on them.
    pub(crate) fn agent_went(&mut self, id: CallId) {
        if self.heir(id).is_some() || self.on_the_way_to(id).is_some() {
            return;
        }
        let Some(transfer) = self.transfer_of(id) else { return self.agent_left(id) };
        match (transfer.stage, transfer.to) {
            (TransferStage::Calling { .. }, _) => {
                self.end_transfer(id);
                self.nobody_left(id);
            }
            (_, Some(to)) => self.hand_over(id, to),
            (_, None) if self.go_on_in_flow(id) => {}
            (_, None) => self.end_call(id, Side::Agent),
        }
    }

    /// Compares where customers on the way to somebody else should be with what a snapshot shows.
    pub(crate) fn settle_transfers(&mut self, snapshot: &Snapshot) {
        let handing = |(talk, _): (Conversation, &Talk)| {
            Some((talk.call, talk.customer, self.on_the_way_to(talk.call)?))
        };
        let handing: Vec<(CallId, LegId, RoomId)> = self.conversations().filter_map(handing).collect();
        for (id, customer, room) in handing {
            if snapshot.holds(room, customer) {
                self.arrived(id);
            } else {
                self.handing_overdue(id);
            }
        }
    }
}
