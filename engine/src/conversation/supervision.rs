//! Supervisors in other people's conversations: listen, whisper, barge, follow. Taking over is `taking_over`.
//!
//! A supervisor hears through an *ear*, which hangs on the legs of the conversation and stands in the supervisor's own
//! room, so that no leg moves between listening and whispering. To barge, the supervisor's leg goes into the agent's
//! room. An agent's ear never outlives the conversation: what is said between two calls is nobody's business.

use std::time::Duration;

use crate::agents::session::{AgentSession, AgentState};
use crate::command::{Answer, Notice, Refusal, SwitchCommand, Write};
use crate::conversation::Conversation;
use crate::conversation::supervising::{Followed, Part, Supervising};
use crate::conversation::transfer::TransferStage;
use crate::engine::Engine;
use crate::model::{
    AgentId, AgentsHear, CallId, EarId, LegId, RoomId, Scope, Supervised, SupervisionEnd, SupervisionId,
    SupervisionMode, UserId,
};
use crate::timers::Timer;
use crate::view::{ListenerView, SupervisingView};

/// Asterisk takes some milliseconds to do what a supervisor asks; after this long it has failed without telling.
const PART_TIME_MAX: Duration = Duration::from_secs(2);

/// What agents hear when a supervisor comes in, where the campaign wants them to.
const TONE: &str = "sound:beep";

impl Engine {
    /// Takes part in a conversation, or goes on in it in another way.
    pub(crate) fn supervise(
        &mut self,
        supervisor: AgentId,
        user: UserId,
        call: CallId,
        mode: SupervisionMode,
        reason: String,
    ) -> Result<Answer, Refusal> {
        self.can_supervise(supervisor)?;
        let talk = self.conversation(call)?;
        if talk.agent == supervisor {
            return Err(Refusal::OwnConversation);
        }
        // Their phone may just be lost, and the customer on the way to a colleague.
        if self.sessions.get(&talk.agent).is_none_or(|session| !session.phone.is_up()) {
            return Err(Refusal::NotInConversation);
        }
        let leaves = self.heir(call).is_some() || self.on_the_way_to(call).is_some();
        if mode == SupervisionMode::TakeOver && leaves {
            return Err(Refusal::WrongState("being replaced by another supervisor"));
        }
        if mode == SupervisionMode::Whisper && self.is_conference(call) {
            return Err(Refusal::TransferIs("conference"));
        }
        self.may_take_part(&talk, mode)?;
        let reason_needed = self.supervision_rules(&talk).reason_needed && mode.reaches_the_customer();
        if reason_needed && reason.trim().is_empty() {
            return Err(Refusal::ReasonNeeded);
        }
        let follows = self.supervising.get_mut(&supervisor).and_then(|known| known.follows.take());
        self.begin_supervising(supervisor, user, follows.filter(|followed| followed.agent == talk.agent));
        self.take_part(supervisor, talk, mode, reason);
        Ok(Answer::Done)
    }

    /// Listens to an agent's conversation, and to each one that follows, as far as the supervisor sees them.
    pub(crate) fn follow(
        &mut self,
        supervisor: AgentId,
        user: UserId,
        followed: Followed,
    ) -> Result<Answer, Refusal> {
        self.can_supervise(supervisor)?;
        let agent = followed.agent;
        if agent == supervisor {
            return Err(Refusal::OwnConversation);
        }
        if !self.agents.contains_key(&agent) {
            return Err(Refusal::UnknownAgent);
        }
        let elsewhere = self.part_of(supervisor).is_some_and(|part| part.agent != agent);
        self.begin_supervising(supervisor, user, Some(followed));
        if elsewhere {
            self.leave_conversation(supervisor, SupervisionEnd::Moved);
        }
        self.listen_in(supervisor);
        Ok(Answer::Done)
    }

    pub(crate) fn stop_supervising_on_request(
        &mut self,
        supervisor: AgentId,
        withdrawn: bool,
    ) -> Result<Answer, Refusal> {
        let session = self.sessions.get(&supervisor).ok_or(Refusal::NotLoggedIn)?;
        if !self.supervising.contains_key(&supervisor) {
            return Err(Refusal::WrongState(session.word()));
        }
        self.stop_supervising(supervisor, SupervisionEnd::asked(withdrawn));
        Ok(Answer::Done)
    }

    /// An account may no longer supervise but in the ways that are left, and nothing outside its scope.
    pub(crate) fn withdraw_supervision(&mut self, user: UserId, left: &[SupervisionMode], scope: &Scope) {
        let theirs = |known: &Supervising| known.user == user;
        let supervisors: Vec<AgentId> =
            self.supervising.iter().filter(|(_, known)| theirs(known)).map(|(agent, _)| *agent).collect();
        for supervisor in supervisors {
            let part = self.part_of(supervisor);
            let Some(known) = self.supervising.get_mut(&supervisor) else { continue };
            let mode = part.map_or(SupervisionMode::Listen, |part| part.mode);
            let follows_on = known.follows().is_none_or(|agent| scope.has_agent(agent));
            if !left.contains(&mode) || !follows_on {
                self.stop_supervising(supervisor, SupervisionEnd::Withdrawn);
                continue;
            }
            if let Some(followed) = &mut known.follows {
                followed.scope.clone_from(scope);
            }
            let talk = part.and_then(|part| self.conversation(part.call).ok());
            if talk.is_some_and(|talk| !talk.is_within(scope)) {
                self.part_ended(supervisor, SupervisionEnd::Withdrawn);
            }
        }
    }

    fn can_supervise(&self, supervisor: AgentId) -> Result<(), Refusal> {
        let session = self.sessions.get(&supervisor).ok_or(Refusal::NotLoggedIn)?;
        if self.holds.is_switch_away() {
            return Err(Refusal::SwitchAway);
        }
        match session.state {
            AgentState::Paused { .. }
            | AgentState::Ready
            | AgentState::Supervising
            | AgentState::WrapUp { .. } => {}
            AgentState::Reserved(_)
            | AgentState::OnCall { .. }
            | AgentState::Consulted { .. }
            | AgentState::Lost => return Err(Refusal::WrongState(session.word())),
        }
        if self.part_of(supervisor).is_some_and(|part| part.mode == SupervisionMode::TakeOver) {
            return Err(Refusal::WrongState("taking over a call"));
        }
        if session.phone.is_up() { Ok(()) } else { Err(Refusal::PhoneDown) }
    }

    fn begin_supervising(&mut self, supervisor: AgentId, user: UserId, follows: Option<Followed>) {
        let since = self.cx.now;
        let begun = Supervising { user, follows: None, since, part: None };
        let known = self.supervising.entry(supervisor).or_insert(begun);
        known.user = user;
        known.follows = follows;
        self.set_agent_state(supervisor, AgentState::Supervising);
    }

    pub(crate) fn part_of(&self, supervisor: AgentId) -> Option<Part> {
        self.supervising.get(&supervisor)?.part
    }

    /// The supervisor's leg and the room in which it stands between barges.
    fn own_place(&self, supervisor: AgentId) -> Option<(LegId, RoomId)> {
        let session = self.sessions.get(&supervisor)?;
        Some((session.phone.leg().filter(|_| session.phone.is_up())?, session.room))
    }

    /// Takes part from here on, in place of whatever the supervisor was doing.
    fn take_part(&mut self, supervisor: AgentId, talk: Conversation, mode: SupervisionMode, reason: String) {
        let before = self.part_of(supervisor);
        if before.is_some_and(|part| (part.call, part.mode) == (talk.call, mode)) {
            return;
        }
        let Some((own_leg, own_room)) = self.own_place(supervisor) else { return };
        let agent = self.sessions.get(&talk.agent);
        let Some((agent_leg, agent_room)) = agent.and_then(|agent| Some((agent.phone.leg()?, agent.room)))
        else {
            return;
        };
        let goes_on = before.filter(|part| part.call == talk.call);
        let (mut ear, mut hears) = (None, false);
        match mode {
            SupervisionMode::Barge | SupervisionMode::Listen | SupervisionMode::Whisper => {
                let whispers = mode == SupervisionMode::Whisper;
                // The ear stays open, idle, while the supervisor is in the agent's room.
                if let Some((kept, part)) = goes_on.and_then(|part| Some((part.ear?, part))) {
                    (ear, hears) = (Some(kept), part.hears && mode != SupervisionMode::Barge);
                    self.cx.switch(SwitchCommand::SetWhisper { ear: kept, whispers });
                } else {
                    let fresh = EarId::from_uuid(self.cx.mint.uuid(self.cx.now));
                    ear = Some(fresh);
                    self.cx.switch(SwitchCommand::OpenEar {
                        ear: fresh,
                        agent: agent_leg,
                        customer: talk.customer,
                        supervisor: own_leg,
                        room: own_room,
                        whispers,
                    });
                }
                if mode == SupervisionMode::Barge {
                    self.cx.switch(SwitchCommand::Join { room: agent_room, leg: own_leg });
                } else {
                    self.go_home(before, own_leg, own_room);
                }
            }
            SupervisionMode::TakeOver => {
                self.go_home(before, own_leg, own_room);
                self.end_transfer(talk.call);
                self.cx.switch(SwitchCommand::Join { room: own_room, leg: talk.customer });
            }
        }
        if let Some(part) = before {
            if let Some(old) = part.ear.filter(|old| Some(*old) != ear) {
                self.cx.switch(SwitchCommand::CloseEar { ear: old });
            }
            self.close_act(supervisor, part, SupervisionEnd::Moved);
        }
        self.open_act(supervisor, talk, mode, ear, hears, reason);
        if goes_on.is_none() && self.supervision_rules(&talk).agents_hear == AgentsHear::Tone {
            self.cx.switch(SwitchCommand::Play { leg: agent_leg, media: TONE.to_owned() });
        }
    }

    /// Out of the room of the agent with whom the supervisor barged, if that was it.
    fn go_home(&mut self, part: Option<Part>, own_leg: LegId, own_room: RoomId) {
        if part.is_some_and(|part| part.is_inside()) {
            self.cx.switch(SwitchCommand::Join { room: own_room, leg: own_leg });
        }
    }

    fn open_act(
        &mut self,
        supervisor: AgentId,
        talk: Conversation,
        mode: SupervisionMode,
        ear: Option<EarId>,
        hears: bool,
        reason: String,
    ) {
        let now = self.cx.now;
        let act = SupervisionId::from_uuid(self.cx.mint.uuid(now));
        let Some(known) = self.supervising.get_mut(&supervisor) else { return };
        let Conversation { call, agent, .. } = talk;
        known.part = Some(Part { act, call, agent, mode, ear, hears, since: now });
        let user = known.user;
        self.cx.write(Write::OpenSupervision(Box::new(Supervised {
            id: act,
            user,
            supervisor: Some(supervisor),
            agent,
            call,
            mode,
            began_at: now,
            reason,
        })));
        self.cx.notice(Notice::Supervising { supervisor, call, mode });
        if !hears {
            self.cx.arm_in(PART_TIME_MAX, Timer::SupervisionOverdue(supervisor, act));
        }
    }

    pub(crate) fn close_act(&mut self, supervisor: AgentId, part: Part, end: SupervisionEnd) {
        self.cx.write(Write::CloseSupervision { act: part.act, at: self.cx.now, end });
        let Part { call, mode, .. } = part;
        self.cx.notice(Notice::SupervisionEnded { supervisor, call, mode, end });
    }

    /// Takes no part in the conversation any more. Whoever follows its agent waits for the next one.
    fn leave_conversation(&mut self, supervisor: AgentId, end: SupervisionEnd) {
        let Some(part) = self.supervising.get_mut(&supervisor).and_then(|known| known.part.take()) else {
            return;
        };
        if let Some((own_leg, own_room)) = self.own_place(supervisor) {
            self.go_home(Some(part), own_leg, own_room);
        }
        if let Some(ear) = part.ear {
            self.cx.switch(SwitchCommand::CloseEar { ear });
        }
        self.close_act(supervisor, part, end);
        if part.mode == SupervisionMode::TakeOver {
            // The customer may have come in, though nobody has told so, and be there until their leg is gone.
            self.change_room(supervisor);
            if end != SupervisionEnd::CallOver {
                self.bring_back(part.call);
            }
        }
    }

    /// The supervisor is an agent like others again.
    pub(crate) fn stop_supervising(&mut self, supervisor: AgentId, end: SupervisionEnd) {
        self.leave_conversation(supervisor, end);
        if self.supervising.remove(&supervisor).is_some() {
            self.settle_agent(supervisor);
        }
    }

    /// The part came to an end by itself.
    pub(crate) fn part_ended(&mut self, supervisor: AgentId, end: SupervisionEnd) {
        if self.supervising.get(&supervisor).is_some_and(|known| known.follows.is_some()) {
            self.leave_conversation(supervisor, end);
        } else {
            self.stop_supervising(supervisor, end);
        }
    }

    /// A conversation is over, or another agent has it.
    pub(crate) fn supervised_call_over(&mut self, call: CallId) {
        for supervisor in self.supervisors_in(|part| part.call == call) {
            self.part_ended(supervisor, SupervisionEnd::CallOver);
        }
    }

    /// An agent has a conversation: whoever follows them listens.
    pub(crate) fn tell_followers(&mut self, agent: AgentId) {
        let follows = |known: &Supervising| known.follows() == Some(agent);
        let followers: Vec<AgentId> =
            self.supervising.iter().filter(|(_, known)| follows(known)).map(|(agent, _)| *agent).collect();
        for supervisor in followers {
            self.listen_in(supervisor);
        }
    }

    /// Whoever follows an agent and takes no part yet listens to the agent's conversation, if they see it.
    fn listen_in(&mut self, supervisor: AgentId) {
        let waits = self.supervising.get(&supervisor).filter(|known| known.part.is_none());
        let Some(followed) = waits.and_then(|known| known.follows.as_ref()) else { return };
        let talk = self.conversation_of(followed.agent);
        let mode = SupervisionMode::Listen;
        let heard =
            |talk: &Conversation| talk.is_within(&followed.scope) && self.may_take_part(talk, mode).is_ok();
        if let Some(talk) = talk.filter(heard) {
            let reason = followed.reason.clone();
            self.take_part(supervisor, talk, mode, reason);
        }
    }

    /// Whoever whispers only listens from now on: somebody else would hear it too.
    pub(crate) fn hush(&mut self, call: CallId) {
        let Ok(talk) = self.conversation(call) else { return };
        let whispers = |part: &Part| part.call == call && part.mode == SupervisionMode::Whisper;
        for supervisor in self.supervisors_in(whispers) {
            self.take_part(supervisor, talk, SupervisionMode::Listen, String::new());
        }
    }

    fn is_conference(&self, call: CallId) -> bool {
        self.transfer_of(call).is_some_and(|transfer| transfer.stage == TransferStage::Conference)
    }

    pub(crate) fn supervisors_in(&self, wanted: impl Fn(&Part) -> bool) -> Vec<AgentId> {
        let in_part = |known: &Supervising| known.part.as_ref().is_some_and(&wanted);
        self.supervising.iter().filter(|(_, known)| in_part(known)).map(|(agent, _)| *agent).collect()
    }

    fn has_ear(&self, ear: EarId) -> Option<AgentId> {
        self.supervisors_in(|part| part.ear == Some(ear)).first().copied()
    }

    fn hears(&mut self, supervisor: AgentId) {
        if let Some(part) = self.supervising.get_mut(&supervisor).and_then(|known| known.part.as_mut()) {
            part.hears = true;
        }
    }

    pub(crate) fn ear_opened(&mut self, ear: EarId) {
        match self.has_ear(ear) {
            // Whoever is in the agent's room hears there.
            Some(supervisor) if self.part_of(supervisor).is_some_and(|part| part.is_inside()) => {}
            Some(supervisor) => self.hears(supervisor),
            // Closed on the way; unless it is of an earlier life, which the first snapshot tells.
            None if self.holds.is_switch_away() => {}
            None => self.cx.switch(SwitchCommand::CloseEar { ear }),
        }
    }

    /// An ear could not be closed.
    pub(crate) fn close_ear_again(&mut self, ear: EarId) {
        if self.has_ear(ear).is_none() {
            self.cx.switch(SwitchCommand::CloseEar { ear });
        }
    }

    /// An ear is gone, or was not opened, or does not whisper as it should.
    pub(crate) fn ear_failed(&mut self, ear: EarId) {
        if let Some(supervisor) = self.has_ear(ear) {
            self.part_ended(supervisor, SupervisionEnd::Failed);
        }
    }

    /// An agent's leg is in a room: that of a colleague in whose conversation they barge, perhaps.
    pub(crate) fn supervisor_joined(&mut self, supervisor: AgentId, room: RoomId) {
        let Some(part) = self.part_of(supervisor).filter(Part::is_inside) else { return };
        if self.sessions.get(&part.agent).is_some_and(|agent| agent.room == room) {
            self.hears(supervisor);
        }
    }

    /// An agent's phone did not get into the room of a colleague with whom they barge, or who asked them. Says whether
    /// that was it. While the link is broken the next snapshot tells.
    pub(crate) fn guest_not_joined(&mut self, guest: AgentId, room: RoomId) -> bool {
        let Some(session) = self.sessions.get(&guest).filter(|session| session.room != room) else {
            return false;
        };
        let asked_about = session.consulted_by();
        if !self.holds.is_switch_away() {
            if self.part_of(guest).is_some_and(|part| part.is_inside()) {
                self.part_ended(guest, SupervisionEnd::Failed);
            }
            if let Some(call) = asked_about {
                self.transfer_failed(call);
            }
        }
        true
    }

    /// Asterisk has not said in time that it is so. While the link is broken the next snapshot tells.
    pub(crate) fn supervision_overdue(&mut self, supervisor: AgentId, act: SupervisionId) {
        let overdue = self.part_of(supervisor).is_some_and(|part| part.act == act && !part.hears);
        if overdue && !self.holds.is_switch_away() {
            self.part_ended(supervisor, SupervisionEnd::Failed);
        }
    }

    /// Where an agent's phone belongs: in their room, in that of the agent with whom they barge, or of the colleague
    /// who asked them.
    pub(crate) fn room_for(&self, session: &AgentSession) -> RoomId {
        let inside = self.part_of(session.id()).filter(Part::is_inside);
        let barged = inside.map(|part| part.agent);
        let asked = || {
            let call = session.consulted_by()?;
            let stage = self.transfer_of(call)?.stage;
            let away = matches!(stage, TransferStage::Consulting | TransferStage::Conference);
            self.conversation(call).ok().filter(|_| away).map(|talk| talk.agent)
        };
        let host = barged.or_else(asked).and_then(|host| self.sessions.get(&host));
        host.map_or(session.room, |host| host.room)
    }

    /// Who takes part in a conversation.
    pub(crate) fn listeners(&self, call: CallId) -> Vec<ListenerView> {
        let part = |(supervisor, known): (&AgentId, &Supervising)| {
            let part = known.part.filter(|part| part.call == call)?;
            let name = self.sessions.get(supervisor)?.settings.name.clone();
            Some(ListenerView { supervisor: Some(*supervisor), name, mode: part.mode, since: part.since })
        };
        self.supervising.iter().filter_map(part).chain(self.tappers(call)).collect()
    }

    /// Who takes part in an agent's conversation, as far as the agent may know.
    pub(crate) fn badge(&self, agent: AgentId) -> Vec<ListenerView> {
        let Some(talk) = self.conversation_of(agent) else { return Vec::new() };
        match self.supervision_rules(&talk).agents_hear {
            AgentsHear::Badge | AgentsHear::Tone => self.listeners(talk.call),
            AgentsHear::Nothing => Vec::new(),
        }
    }

    pub(crate) fn supervising_view(&self, supervisor: AgentId) -> Option<SupervisingView> {
        self.supervising.get(&supervisor).map(Supervising::view)
    }
}
