//! What is believed against what is there: after a break of the link, after a restart, and now and then.
//!
//! A call goes on when the daemon dies. A restarted daemon first hears from the database what was unfinished, then
//! from Asterisk what is still up, and carries on from there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use crate::agents::by_hand;
use crate::agents::session::{AgentSession, AgentState, PhoneLine, Reservation, Served, Wish};
use crate::command::{Hold, LeadNext, SwitchCommand, Write};
use crate::conversation::Conversation;
use crate::conversation::leg::Leg;
use crate::conversation::talk::Talk;
use crate::conversation::transfer::anteroom;
use crate::dialer::{CampaignRun, retry};
use crate::engine::{Engine, LegOwner};
use crate::inbound::caller::{CalledBack, CallerState};
use crate::input::{LegPurpose, LegSeen, OpenSession, Recovery, Snapshot};
use crate::model::{
    AgentId, Attempt, CallId, HangupCause, Lead, LegId, Outcome, PauseReason, RingMode, RoomId, Screened,
    Side, Timestamp,
};
use crate::outbound::call::{Call, CallState};
use crate::timers::Timer;

/// What began less than this before a snapshot was asked for may be missing from it without being lost.
pub(crate) const TRAVEL_TIME_MAX: Duration = Duration::from_secs(5);

/// When a lead whose dial was lost is due again, where the campaign has no rule for failed dials.
const LOST_LEAD_WAIT: Duration = Duration::from_secs(10 * 60);

impl Engine {
    /// What an earlier daemon left unfinished. It is kept until the first snapshot tells what is still up.
    pub(crate) fn recovered(&mut self, mut recovery: Recovery) {
        for (campaign, learnt) in std::mem::take(&mut recovery.learnt) {
            let recalled = self.runs.get_mut(&campaign).map(|run| run.recall(learnt));
            if recalled == Some(None) {
                self.cx.repaired(format!("{campaign} learns anew: what it had learnt cannot be read"));
            }
        }
        for (campaign, start, counts) in &recovery.drops {
            if let Some(run) = self.runs.get_mut(campaign) {
                run.drops.restore(*start, *counts);
            }
        }
        for callback in std::mem::take(&mut recovery.callbacks) {
            self.promise(callback);
        }
        self.recovery = Some(recovery);
    }

    /// Whether an earlier daemon left this agent logged in, and no snapshot has told yet what is up of it.
    pub(crate) fn is_to_be_taken_over(&self, agent: AgentId) -> bool {
        let left = |recovery: &Recovery| recovery.sessions.iter().any(|open| open.agent == agent);
        self.recovery.as_ref().is_some_and(left)
    }

    pub(crate) fn resync(&mut self, snapshot: &Snapshot) {
        let after_gap = self.holds.is_switch_away();
        self.departed.forget_before(snapshot.asked_at - TRAVEL_TIME_MAX);
        let seen: BTreeMap<LegId, &LegSeen> = snapshot.legs.iter().map(|leg| (leg.leg, leg)).collect();
        let recovery = self.recovery.take();
        let takes_over = recovery.is_some();
        if let Some(recovery) = recovery {
            self.adopt(recovery, snapshot, &seen);
        }
        self.end_missing_legs(snapshot, &seen);
        self.end_parting_legs(snapshot, &seen);
        self.take_in_seen_legs(snapshot);
        self.mend_rooms(snapshot, takes_over);
        self.end_unknown_recordings(snapshot);
        self.release_hold(Hold::SwitchAway);
        self.settle_joins(snapshot);
        self.settle_callers(snapshot);
        self.settle_supervision(snapshot);
        self.settle_taps(snapshot);
        self.settle_transfers(snapshot);
        if after_gap {
            self.play_music_again();
            self.end_clips_of_callers();
        }
    }

    /// Customers of whom it is not known whether they hear their agent: whoever is in the agent's room does.
    fn settle_joins(&mut self, snapshot: &Snapshot) {
        let joining: Vec<(CallId, LegId, Timestamp)> = self
            .calls
            .iter()
            .filter(|(_, call)| call.state == CallState::Joining)
            .map(|(id, call)| (*id, call.attempt.leg, call.since))
            .collect();
        for (id, leg, since) in joining {
            let agent = self.agent_beside(leg, snapshot);
            match agent.filter(|agent| self.calls.get(&id).is_some_and(|call| call.agent == Some(*agent))) {
                Some(agent) => self.connected(id, agent),
                None if since + TRAVEL_TIME_MAX < snapshot.asked_at => self.join_failed(id),
                None => self.join_overdue(id),
            }
        }
    }

    fn settle_callers(&mut self, snapshot: &Snapshot) {
        let joining = self.callers.values().filter(|caller| caller.state == CallerState::Joining);
        let joining: Vec<(CallId, LegId, Option<AgentId>)> =
            joining.map(|caller| (caller.id, caller.leg, caller.agent)).collect();
        for (id, leg, agent) in joining {
            match self.agent_beside(leg, snapshot).filter(|beside| Some(*beside) == agent) {
                Some(agent) => self.caller_connected(id, agent),
                None => self.join_overdue(id),
            }
        }
    }

    /// A caller of an earlier daemon, or one whose arrival was not heard of, goes on: in conversation, in their place of
    /// the queue and of the flow that led there, or at the beginning of their flow. Says whether the leg is a caller's.
    fn adopt_caller(&mut self, seen: &LegSeen, snapshot: &Snapshot) -> bool {
        let Some(LegPurpose::Caller { call, did, phone, trunk, queue, language, course }) = &seen.purpose
        else {
            return false;
        };
        if self.departed.holds(seen.leg) {
            return true;
        }
        if !seen.up && !seen.entered {
            // Their telephone rings for an agent of the earlier daemon; they are called back anew.
            self.cx.switch(SwitchCommand::HangUp { leg: seen.leg });
            return true;
        }
        let did = self.dids.iter().find(|known| Some(known.id) == *did).cloned();
        let id = *call;
        let place = queue.filter(|_| did.is_none());
        let callback = place.zip(*phone).filter(|_| seen.up);
        let callback = callback.and_then(|(place, phone)| self.callbacks.of(phone, place.queue));
        self.cx.repaired(format!("{id} taken over"));
        self.admit_as(id, seen.leg, did, *phone, *trunk);
        if let Some(caller) = self.callers.get_mut(&id) {
            caller.language.clone_from(language);
        }
        let now = self.cx.now;
        let callback = callback.and_then(|callback| self.callbacks.take(callback));
        if let (Some(callback), Some(caller)) = (callback, self.callers.get_mut(&id)) {
            caller.called_back = Some(CalledBack { callback, line: Leg::default() });
        }
        if let Some(caller) = self.callers.get_mut(&id).filter(|_| seen.up) {
            caller.is_up = true;
            caller.answered_at = Some(now);
        }
        if let Some(agent) = self.agent_beside(seen.leg, snapshot) {
            let Some(caller) = self.callers.get_mut(&id) else { return true };
            caller.agent = Some(agent);
            caller.queue = queue.map(|place| place.queue);
            caller.connected_at = Some(now);
            caller.enter(CallerState::Connected, now);
            self.set_agent_state(agent, AgentState::OnCall { call: id });
            self.callback_kept(id);
            let room = self.sessions.get(&agent).map(|session| session.room);
            if room.is_some_and(|room| !snapshot.holds(room, seen.leg)) {
                // Held by the earlier daemon; nobody knows any more for what.
                self.bring_back(id);
            }
            return true;
        }
        match queue.filter(|place| self.queues.contains_key(&place.queue)) {
            Some(place) => {
                let waited = self.cx.wall.since(place.since);
                self.wait_where_marked(id, place, now - waited, course.as_deref());
            }
            None => self.begin_did(id),
        }
        true
    }

    /// Whether what bears this id was begun so long before a snapshot was asked for that it is in it, if it is anywhere.
    /// An id of the future is an earlier daemon's: the clock was set back since.
    pub(crate) fn is_established(&self, id: Uuid, snapshot: &Snapshot) -> bool {
        let at = minted_at(id);
        at + TRAVEL_TIME_MAX < snapshot.asked_at || at > self.cx.now
    }

    fn end_missing_legs(&mut self, snapshot: &Snapshot, seen: &BTreeMap<LegId, &LegSeen>) {
        let before = |at: Timestamp| at + TRAVEL_TIME_MAX < snapshot.asked_at;
        let missing = |(leg, owner): (&LegId, &LegOwner)| {
            let established = match owner {
                LegOwner::Agent(_) | LegOwner::Outside(_) => self.is_established(leg.as_uuid(), snapshot),
                LegOwner::Caller(call) => {
                    self.callers.get(call).is_some_and(|caller| before(caller.arrived_at))
                }
                LegOwner::Customer(call) => {
                    self.calls.get(call).is_some_and(|call| call.is_dialled() && before(call.since))
                }
            };
            let is_there = seen.contains_key(leg) || snapshot.unmarked.contains(leg);
            (established && !is_there).then_some(*leg)
        };
        let mut missing: Vec<LegId> = self.legs.iter().filter_map(missing).collect();
        // Whoever talked with an agent who is gone was there as well, and is gone with them.
        let gone_with_agent = |(talk, _): (Conversation, &Talk)| {
            let agent = self.sessions.get(&talk.agent)?.phone.leg()?;
            let is_there = seen.contains_key(&talk.customer) || snapshot.unmarked.contains(&talk.customer);
            (missing.contains(&agent) && !is_there && !missing.contains(&talk.customer))
                .then_some(talk.customer)
        };
        let customers: Vec<LegId> = self.conversations().filter_map(gone_with_agent).collect();
        missing.extend(customers);
        // Customers first: where both sides of a conversation are gone, neither hung up on the other.
        missing.sort_by_key(|leg| matches!(self.legs.get(leg), Some(LegOwner::Agent(_))));
        for leg in missing {
            self.cx.repaired(format!("{leg} is gone"));
            self.leg_ended(leg, HangupCause::default(), Some(Side::Lost));
        }
    }

    fn end_parting_legs(&mut self, snapshot: &Snapshot, seen: &BTreeMap<LegId, &LegSeen>) {
        let is_gone = |leg: &LegId| self.is_established(leg.as_uuid(), snapshot) && !seen.contains_key(leg);
        let gone: Vec<LegId> = self.parting.keys().copied().filter(is_gone).collect();
        for leg in gone {
            self.parted(leg);
        }
    }

    fn take_in_seen_legs(&mut self, snapshot: &Snapshot) {
        for seen in &snapshot.legs {
            if self.legs.contains_key(&seen.leg) {
                self.mark_again(seen);
                let entered = seen.entered && !self.is_out_of_reach(seen.leg, snapshot.asked_at);
                self.leg_reported(seen.leg, entered, seen.up);
            } else if !self.adopt_caller(seen, snapshot) {
                self.cx.repaired(format!("{} belongs to nothing; ended", seen.leg));
                self.cx.switch(SwitchCommand::HangUp { leg: seen.leg });
            }
        }
    }

    /// A caller's leg is marked with what they are and wait for at this moment, an agent's with the room that they have,
    /// an outsider's with the call that they are in: a mark may not have taken, and whoever was a customer may have become
    /// a caller.
    fn mark_again(&mut self, seen: &LegSeen) {
        match (self.legs.get(&seen.leg).copied(), &seen.purpose) {
            (Some(LegOwner::Caller(id)), purpose) if self.is_marked_otherwise(id, purpose.as_ref()) => {
                self.mark(id);
            }
            (Some(LegOwner::Outside(call)), Some(LegPurpose::Outside { call: marked }))
                if call != *marked =>
            {
                self.cx.switch(SwitchCommand::Mark { leg: seen.leg, purpose: LegPurpose::Outside { call } });
            }
            (Some(LegOwner::Agent(id)), Some(LegPurpose::Agent { agent, session, room })) => {
                let own = self.sessions.get(&id).map(|session| session.room);
                if let Some(own) = own.filter(|own| own != room) {
                    let purpose = LegPurpose::Agent { agent: *agent, session: *session, room: own };
                    self.cx.switch(SwitchCommand::Mark { leg: seen.leg, purpose });
                }
            }
            (_, _) => {}
        }
    }

    /// Whether a caller's leg bears another mark than it should. Whoever waits no more keeps that of the queue that gave
    /// them to an agent.
    fn is_marked_otherwise(&self, id: CallId, mark: Option<&LegPurpose>) -> bool {
        match (self.purpose_of_caller(id), mark) {
            (
                Some(LegPurpose::Caller { call, queue, .. }),
                Some(LegPurpose::Caller { call: other, queue: place, .. }),
            ) => call != *other || queue.is_some() && queue != *place,
            (own, _) => own.is_some(),
        }
    }

    /// Every agent whose phone is up is in their room, every connected customer in their agent's, and there are no
    /// other rooms.
    fn mend_rooms(&mut self, snapshot: &Snapshot, takes_over: bool) {
        let rooms: BTreeMap<RoomId, &Vec<LegId>> =
            snapshot.rooms.iter().map(|(room, legs)| (*room, legs)).collect();
        let beside = |session: &AgentSession| session.has_anteroom.then(|| anteroom(session.room));
        let mut owned: BTreeSet<RoomId> = self.sessions.values().map(|session| session.room).collect();
        owned.extend(self.sessions.values().filter_map(beside));
        let talks = self.calls.values().map(|call| &call.talk);
        let talks = talks.chain(self.callers.values().map(|caller| &caller.talk));
        owned.extend(talks.filter_map(|talk| talk.outside.map(|outside| outside.room)));
        owned.extend(self.conversations().filter_map(|(talk, _)| self.on_the_way_to(talk.call)));
        for room in rooms.keys() {
            if !owned.contains(room) {
                self.cx.repaired(format!("{room} belongs to nobody; closed"));
                self.cx.switch(SwitchCommand::CloseRoom { room: *room });
            }
        }
        let established = |at: Timestamp| at + TRAVEL_TIME_MAX < snapshot.asked_at;
        let in_room = |room: RoomId, leg: LegId| rooms.get(&room).is_some_and(|legs| legs.contains(&leg));
        let mut joins = Vec::new();
        for session in self.sessions.values() {
            let PhoneLine::Up { id: leg } = session.phone else {
                continue;
            };
            let room = self.room_for(session);
            // Of what an earlier daemon asked for nothing comes about any more.
            let is_settled = takes_over || self.is_established(leg.as_uuid(), snapshot);
            if is_settled && !in_room(room, leg) {
                joins.push((room, leg));
            }
        }
        // Who is on the way to somebody else, or back, is looked after until that has come about.
        let since = |id: &CallId| {
            let called = self.calls.get(id).map(|call| call.since);
            called.or_else(|| self.callers.get(id).map(|caller| caller.since))
        };
        for (talk, known) in self.conversations() {
            let is_at_rest =
                known.returns.is_none() && self.heir(talk.call).is_none() && known.is_with_agent();
            let Some(session) = self.sessions.get(&talk.agent).filter(|_| is_at_rest) else { continue };
            if since(&talk.call).is_some_and(established) && !in_room(session.room, talk.customer) {
                joins.push((session.room, talk.customer));
            }
        }
        for (room, leg) in joins {
            self.cx.repaired(format!("{leg} was not in {room}; joined again"));
            self.cx.switch(SwitchCommand::OpenRoom { room });
            self.cx.switch(SwitchCommand::Join { room, leg });
        }
    }

    /// A recording that is written for no live call ends, and what there is of it is kept.
    fn end_unknown_recordings(&mut self, snapshot: &Snapshot) {
        for recording in &snapshot.recordings {
            let belongs = self.talk(recording.call).is_some() || self.collecting.contains_key(recording);
            if !belongs {
                self.cx.repaired(format!("{recording} was written for no call; ended"));
                self.collect(*recording, None);
            }
        }
    }

    /// Takes over what an earlier daemon left: sessions, then calls, then recordings.
    fn adopt(&mut self, recovery: Recovery, snapshot: &Snapshot, seen: &BTreeMap<LegId, &LegSeen>) {
        for open in recovery.sessions {
            self.adopt_session(open, snapshot);
        }
        // Conversations first: an agent who has one takes nothing else.
        let talks = |(attempt, _): &(Attempt, Lead)| self.agent_beside(attempt.leg, snapshot).is_some();
        let (conversations, others): (Vec<_>, Vec<_>) = recovery.attempts.into_iter().partition(talks);
        for (attempt, lead) in conversations.into_iter().chain(others) {
            match seen.get(&attempt.leg) {
                Some(leg) => self.adopt_call(attempt, lead, leg, snapshot),
                None => self.close_lost_attempt(&attempt, lead),
            }
        }
        for call in recovery.machines {
            self.recall_machine(call);
        }
        // Callers, too, before anybody takes anything else, and those in conversation first.
        let beside = |seen: &&LegSeen| self.agent_beside(seen.leg, snapshot).is_some();
        let (talking, alone): (Vec<_>, Vec<_>) = snapshot.legs.iter().partition(beside);
        for seen in talking.into_iter().chain(alone) {
            if !self.legs.contains_key(&seen.leg) {
                self.adopt_caller(seen, snapshot);
            }
        }
        for latest in recovery.latest_recordings {
            if let Some(known) = self.talk_mut(latest.call) {
                known.recordings_begun = latest.part;
            }
        }
        for open in recovery.recordings {
            let live = snapshot.recordings.contains(&open.recording);
            self.adopt_recording(open, live);
        }
        self.record_adopted();
        let idle = |session: &&AgentSession| session.call().is_none();
        let idle: Vec<AgentId> = self.sessions.values().filter(idle).map(AgentSession::id).collect();
        for agent in idle {
            self.settle_agent(agent);
        }
    }

    /// The agent said already that they have a machine on the line.
    fn recall_machine(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.said_machine = Some(true);
        self.count_known_machine(id);
    }

    /// Whoever has just been counted as a person who was served is a machine, by the word that an agent gave before an
    /// earlier daemon stopped.
    pub(crate) fn count_known_machine(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id).filter(|call| call.said_machine == Some(true)) else { return };
        let counted = call.served().map(|served| Served { machine: Some(false), ..served });
        if let (Some(served), Some(run)) = (counted, self.runs.get_mut(&call.attempt.campaign)) {
            run.answerer_found(served, true);
        }
    }

    fn adopt_session(&mut self, open: OpenSession, snapshot: &Snapshot) {
        let now = self.cx.now;
        let Some(settings) = self.agents.get(&open.agent).cloned() else {
            return self.cx.write(Write::CloseSession { session: open.session, at: now });
        };
        let leg_of_session = snapshot.legs.iter().find_map(|seen| match seen.purpose {
            Some(LegPurpose::Agent { session, room, .. }) if session == open.session => Some((seen, room)),
            Some(_) | None => None,
        });
        let (phone, room) = match leg_of_session {
            Some((seen, room)) if seen.up && seen.entered => (PhoneLine::Up { id: seen.leg }, room),
            Some(_) | None => (PhoneLine::Down, RoomId::from_uuid(self.cx.mint.uuid(now))),
        };
        if let Some(leg) = phone.leg() {
            self.legs.insert(leg, LegOwner::Agent(open.agent));
        }
        let must_ring = phone.leg().is_none() && settings.ring_mode == RingMode::NailedUp;
        let paused = PauseReason::LoggedIn;
        self.cx.repaired(format!("{} of {} taken over", open.session, open.agent));
        self.sessions.insert(
            open.agent,
            AgentSession {
                settings,
                session: open.session,
                room,
                has_anteroom: snapshot.rooms.iter().any(|(seen, _)| *seen == anteroom(room)),
                phone,
                state: AgentState::Paused { reason: paused.clone() },
                since: now,
                campaigns: open
                    .campaigns
                    .into_iter()
                    .filter(|campaign| self.runs.contains_key(campaign))
                    .collect(),
                wish: if open.ready { Wish::Ready } else { Wish::Pause(paused) },
                redials: 0,
                last_call: None,
                taken_over: None,
                last_caller: None,
                misses: 0,
                person_chance: 1.0,
                talked: Duration::ZERO,
                refused: None,
            },
        );
        if must_ring {
            self.ring_agent(open.agent);
        }
    }

    fn adopt_call(&mut self, attempt: Attempt, lead: Lead, seen: &LegSeen, snapshot: &Snapshot) {
        let now = self.cx.now;
        let id = attempt.call;
        let leg = attempt.leg;
        let started_at = attempt.started_at;
        let campaign = attempt.campaign;
        let kept_free = attempt.agent;
        let by_hand = attempt.by_hand.is_some();
        self.cx.repaired(format!("{id} taken over"));
        self.legs.insert(leg, LegOwner::Customer(id));
        let mut call = Call::new(attempt, lead, CallState::Dialling { ringing: false }, now);
        call.agent = None;
        let screens = self.runs.get(&campaign).is_some_and(|run| run.settings.screens());
        // Whoever has been up for a while is not screened: they have waited long enough.
        call.screened =
            (screens && seen.up && !by_hand).then(|| Screened::without_verdict("TAKENOVER", Duration::ZERO));
        self.calls.insert(id, call);
        self.count_in(id, false);
        let ring_timeout = self.runs.get(&campaign).map_or(Duration::ZERO, CampaignRun::ring_timeout);
        self.cx.arm_in(ring_timeout, Timer::RingOver(id));
        if let Some(agent) = self.agent_beside(leg, snapshot) {
            self.adopt_conversation(id, agent, started_at);
            let room = self.sessions.get(&agent).map(|session| session.room);
            if room.is_some_and(|room| !snapshot.holds(room, leg)) {
                // Held by the earlier daemon; nobody knows any more for what.
                self.bring_back(id);
            }
            return;
        }
        if let Some(agent) = kept_free.filter(|_| !seen.up) {
            self.keep_free_again(agent, id, by_hand);
        }
        self.leg_reported(leg, seen.entered, seen.up);
    }

    /// The agent for whom the earlier daemon placed this dial takes it, if they still can. Whoever dials by hand may be
    /// paused.
    fn keep_free_again(&mut self, agent: AgentId, id: CallId, by_hand: bool) {
        let able = |session: &&AgentSession| {
            (by_hand || session.wish == Wish::Ready) && session.phone.is_up() && session.call().is_none()
        };
        if self.sessions.get(&agent).filter(able).is_none() {
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.agent = Some(agent);
        }
        self.set_agent_state(agent, AgentState::Reserved(Reservation::Call(id)));
    }

    /// The agent in whose room this leg is, or hears music beside it.
    fn agent_beside(&self, leg: LegId, snapshot: &Snapshot) -> Option<AgentId> {
        let (room, _) = snapshot.rooms.iter().find(|(_, legs)| legs.contains(&leg))?;
        let is_theirs = |session: &&AgentSession| {
            session.phone.is_up() && (session.room == *room || anteroom(session.room) == *room)
        };
        Some(self.sessions.values().find(is_theirs)?.id())
    }

    /// Customer and agent are talking. When they began is not known any more; the start of the dial is the nearest
    /// time that was kept.
    fn adopt_conversation(&mut self, id: CallId, agent: AgentId, started_at: Timestamp) {
        let now = self.cx.now;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let _ = call.leg.reported(true, true);
        call.agent = Some(agent);
        call.answered_at = Some(started_at);
        call.decided_at = Some(started_at);
        call.connected_at = Some(started_at);
        call.enter(CallState::Connected, now);
        let ahead = u32::from(call.is_ahead());
        if let Some(run) = self.runs.get_mut(&call.attempt.campaign) {
            run.dialling = run.dialling.saturating_sub(1);
            run.dialling_ahead = run.dialling_ahead.saturating_sub(ahead);
            run.talking += 1;
            run.person_served(now);
        }
        self.set_agent_state(agent, AgentState::OnCall { call: id });
    }

    /// The dial never reached the network, or ended unseen.
    fn close_lost_attempt(&mut self, attempt: &Attempt, lead: Lead) {
        let now = self.cx.now;
        let rules = self.runs.get(&attempt.campaign).map_or(&[][..], |run| &run.settings.retry);
        let has_rule = rules.iter().any(|rule| rule.outcome == Outcome::Failed);
        let next = if has_rule {
            retry::plan(&lead, Outcome::Failed, rules, self.cx.wall)
        } else {
            LeadNext::Again { due_at: self.cx.wall + LOST_LEAD_WAIT, phone: lead.next_phone }
        };
        self.cx.repaired(format!("{} ended unseen", attempt.id));
        self.cx.write(Write::CloseAttempt {
            attempt: attempt.id,
            outcome: Outcome::Failed,
            cause: HangupCause::default(),
            ended_at: now,
            screened: None,
            person_chance: None,
            lead: lead.id,
            next: by_hand::after(attempt, next),
        });
    }
}

/// When an engine made this id: it carries its time (RFC 9562 §5.7).
fn minted_at(id: Uuid) -> Timestamp {
    let millis = id.as_u128() >> 80;
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}
