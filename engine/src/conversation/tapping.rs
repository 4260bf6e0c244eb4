//! Taps: somebody hears a conversation without a telephone, as sound that leaves through the API.
//!
//! A tap takes the customer's voice from their leg and the agent's from theirs, and is heard by neither. It is an act of
//! supervision like listening, with the same right and the same record, and it never outlives the conversation with this
//! agent: [`Engine::look_after_taps`] compares after every input, so that no way out of a conversation can be forgotten.

use crate::agents::session::PhoneLine;
use crate::command::{Answer, Notice, Refusal, SwitchCommand, Write};
use crate::conversation::Conversation;
use crate::engine::Engine;
use crate::input::Snapshot;
use crate::model::{
    AgentId, AgentsHear, CallId, LegId, Scope, Supervised, SupervisionEnd, SupervisionId, SupervisionMode,
    TapId, Timestamp, UserId,
};
use crate::view::ListenerView;

/// Taps at a time. Each is four channels and two bridges on Asterisk.
const TAPS_MAX: usize = 50;

/// Taps of one account at a time: a program that forgets to hang up must not take the places of all.
const TAPS_OF_ONE_MAX: usize = 10;

/// What agents hear when a tap begins, where the campaign wants them to.
const TONE: &str = "sound:beep";

/// Whose account listens, and how colleagues call them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tapper {
    /// The account.
    pub user: UserId,
    /// The agent that the account is, if any.
    pub agent: Option<AgentId>,
    /// How colleagues call them.
    pub name: String,
}

/// One tap.
#[derive(Debug)]
pub(crate) struct Tap {
    act: SupervisionId,
    by: Tapper,
    call: CallId,
    agent: AgentId,
    /// The customer's leg and the agent's.
    legs: [LegId; 2],
    since: Timestamp,
}

impl Engine {
    /// Opens a tap on a conversation.
    pub(crate) fn open_tap(&mut self, by: Tapper, call: CallId, reason: String) -> Result<Answer, Refusal> {
        if self.holds.is_switch_away() {
            return Err(Refusal::SwitchAway);
        }
        let (agent, legs) = self.voices(call)?;
        if by.agent == Some(agent) {
            return Err(Refusal::OwnConversation);
        }
        self.may_take_part(&self.conversation(call)?, SupervisionMode::Listen)?;
        let of_one = self.taps.values().filter(|tap| tap.by.user == by.user).count();
        if self.taps.len() >= TAPS_MAX || of_one >= TAPS_OF_ONE_MAX {
            return Err(Refusal::TooManyTaps);
        }
        let now = self.cx.now;
        let id = TapId::from_uuid(self.cx.mint.uuid(now));
        let act = SupervisionId::from_uuid(self.cx.mint.uuid(now));
        let [customer, agent_leg] = legs;
        self.cx.switch(SwitchCommand::OpenTap { tap: id, customer, agent: agent_leg });
        self.cx.write(Write::OpenSupervision(Box::new(Supervised {
            id: act,
            user: by.user,
            supervisor: by.agent,
            agent,
            call,
            mode: SupervisionMode::Listen,
            began_at: now,
            reason,
        })));
        self.cx.notice(Notice::Tapped { user: by.user, call });
        let rules = self.conversation(call).ok().map(|talk| self.supervision_rules(&talk));
        if rules.is_some_and(|rules| rules.agents_hear == AgentsHear::Tone) {
            self.cx.switch(SwitchCommand::Play { leg: agent_leg, media: TONE.to_owned() });
        }
        self.taps.insert(id, Tap { act, by, call, agent, legs, since: now });
        Ok(Answer::Tapped(id))
    }

    /// Whoever opened a tap is done with it, or may hear it no longer. That it is over already is fine.
    pub(crate) fn close_tap(&mut self, tap: TapId, withdrawn: bool) {
        self.end_tap(tap, SupervisionEnd::asked(withdrawn));
    }

    /// A tap is gone on Asterisk, or did not come about.
    pub(crate) fn tap_failed(&mut self, tap: TapId) {
        self.end_tap(tap, SupervisionEnd::Failed);
    }

    /// An account may no longer supervise but in the ways that are left, and nothing outside its scope.
    pub(crate) fn withdraw_taps(&mut self, user: UserId, left: &[SupervisionMode], scope: &Scope) {
        let may_listen = left.contains(&SupervisionMode::Listen);
        let is_outside = |call| self.conversation(call).is_ok_and(|talk| !talk.is_within(scope));
        let withdrawn = |tap: &Tap| tap.by.user == user && (!may_listen || is_outside(tap.call));
        let withdrawn: Vec<TapId> =
            self.taps.iter().filter(|(_, tap)| withdrawn(tap)).map(|(id, _)| *id).collect();
        for tap in withdrawn {
            self.end_tap(tap, SupervisionEnd::Withdrawn);
        }
    }

    /// Ends every tap whose conversation is over, or has another agent or other legs.
    pub(crate) fn look_after_taps(&mut self) {
        if !self.taps.is_empty() {
            let over: Vec<TapId> =
                self.taps.iter().filter(|(_, tap)| !self.goes_on(tap)).map(|(id, _)| *id).collect();
            for id in over {
                self.end_tap(id, SupervisionEnd::CallOver);
            }
        }
    }

    /// Ends every tap of a conversation.
    pub(crate) fn end_taps_of(&mut self, call: CallId, end: SupervisionEnd) {
        let of_call = self.taps.iter().filter(|(_, tap)| tap.call == call);
        for tap in of_call.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end_tap(tap, end);
        }
    }

    /// Compares the taps with what a snapshot shows. What an earlier daemon left is unknown here and goes.
    pub(crate) fn settle_taps(&mut self, snapshot: &Snapshot) {
        for tap in &snapshot.taps {
            if !self.taps.contains_key(tap) {
                self.cx.switch(SwitchCommand::CloseTap { tap: *tap });
            }
        }
        let is_gone =
            |tap: &TapId| self.is_established(tap.as_uuid(), snapshot) && !snapshot.taps.contains(tap);
        let gone: Vec<TapId> = self.taps.keys().copied().filter(is_gone).collect();
        for tap in gone {
            self.cx.repaired(format!("{tap} is gone"));
            self.tap_failed(tap);
        }
    }

    /// A tap could not be closed.
    pub(crate) fn close_tap_again(&mut self, tap: TapId) {
        if !self.taps.contains_key(&tap) {
            self.cx.switch(SwitchCommand::CloseTap { tap });
        }
    }

    /// Who listens to a conversation by a tap.
    pub(crate) fn tappers(&self, call: CallId) -> impl Iterator<Item = ListenerView> {
        self.taps.values().filter(move |tap| tap.call == call).map(|tap| ListenerView {
            supervisor: tap.by.agent,
            name: tap.by.name.clone(),
            mode: SupervisionMode::Listen,
            since: tap.since,
        })
    }

    /// Who has a conversation, and the legs of both who speak in it: the customer's first.
    fn voices(&self, call: CallId) -> Result<(AgentId, [LegId; 2]), Refusal> {
        let Conversation { agent, customer, .. } = self.conversation(call)?;
        let phone = self.sessions.get(&agent).map(|session| &session.phone);
        let leg = phone.filter(|phone| phone.is_up()).and_then(PhoneLine::leg);
        Ok((agent, [customer, leg.ok_or(Refusal::NotInConversation)?]))
    }

    fn goes_on(&self, tap: &Tap) -> bool {
        self.voices(tap.call).is_ok_and(|voices| voices == (tap.agent, tap.legs))
    }

    fn end_tap(&mut self, id: TapId, end: SupervisionEnd) {
        let Some(tap) = self.taps.remove(&id) else { return };
        self.cx.switch(SwitchCommand::CloseTap { tap: id });
        self.cx.write(Write::CloseSupervision { act: tap.act, at: self.cx.now, end });
        self.cx.notice(Notice::TapEnded { user: tap.by.user, call: tap.call, end });
    }
}
