//! Callbacks that are being made: whoever is called back waits at home, in their place of the queue; an agent is found
//! first, and then their telephone rings.

use std::time::Duration;

use crate::agents::session::{AgentState, Reservation};
use crate::command::{Destination, Notice, SwitchCommand};
use crate::conversation::leg::{Leg, LegNews};
use crate::engine::{Engine, LegOwner};
use crate::inbound::callbacks::LOOK_AGAIN;
use crate::inbound::caller::{CalledBack, Caller, CallerState, Waiting};
use crate::inbound::queue::Needs;
use crate::input::LegPurpose;
use crate::model::incoming::{CallbackStanding, CallerCallback};
use crate::model::{AgentId, CallId, LegId, Phone};
use crate::outbound::placing::RING_MARGIN;
use crate::timers::Timer;

/// How long their telephone rings, while an agent waits.
const RING_MAX: Duration = Duration::from_secs(25);
/// How often it is looked whether whoever waits at home may still be called at this hour.
const AT_HOME_FOR: Duration = Duration::from_secs(60);
/// For how long the agent who promised a callback is preferred to others.
const PROMISER_FIRST: Duration = Duration::from_secs(60);

impl Engine {
    /// Whoever is to be called back waits in the queue.
    pub(crate) fn wait_at_home(&mut self, callback: CallerCallback) {
        let now = self.cx.now;
        let id = CallId::from_uuid(self.cx.mint.uuid(now));
        let leg = LegId::from_uuid(self.cx.mint.uuid(now));
        let (queue, phone) = (callback.queue, Some(callback.phone));
        let promised = callback.agent.map(|agent| (agent, now + PROMISER_FIRST));
        let prefer = self.preferred(queue, phone, promised);
        let Some(run) = self.queues.get_mut(&queue) else { return self.promise(callback) };
        let (since, priority, skills) = match &callback.place {
            Some(place) => (now - self.cx.wall.since(place.since), place.priority, place.skills.clone()),
            None => (now, u16::from(run.settings.priority), run.settings.skills.clone()),
        };
        let needs = Needs { skills, prefer };
        let place = run.enter(id, since, priority);
        let position = run.position(place);
        let mut caller = Caller::new(id, leg, now);
        for after in needs.turning_points(&run.settings, since) {
            self.cx.timers.arm(since + after, Timer::QueueLook(id, caller.turn));
        }
        caller.did = callback.did.and_then(|did| self.dids.iter().find(|known| known.id == did)).cloned();
        caller.phone = phone;
        caller.language.clone_from(&callback.language);
        if let Some(language) = &callback.language {
            language.clone_into(&mut caller.locale);
        }
        caller.called_back = Some(CalledBack { callback, line: Leg::default() });
        caller.queue = Some(queue);
        caller.waiting = Some(Waiting::new(queue, place, needs, position, caller.turn));
        caller.enter(CallerState::Queued, now);
        self.callers.insert(id, caller);
        self.cx.notice(Notice::CallerQueued { call: id, queue });
        self.cx.arm_in(AT_HOME_FOR, Timer::AtHome(id));
        self.seek_agent_for_caller(id);
    }

    /// Somebody still waits at home: until another hour, if this one is not theirs any more.
    pub(crate) fn wait_on_at_home(&mut self, id: CallId) {
        let is_queued = |caller: &&Caller| caller.state == CallerState::Queued && caller.is_at_home();
        let Some(caller) = self.callers.get(&id).filter(is_queued) else { return };
        if !self.is_their_hour(caller) {
            return self.put_off_ring_back(id);
        }
        self.cx.arm_in(AT_HOME_FOR, Timer::AtHome(id));
        self.seek_agent_for_caller(id);
    }

    /// Whether the telephone of somebody who waits at home may ring at this moment.
    pub(crate) fn may_ring_back(&self, caller: &Caller) -> bool {
        self.holds.first().is_none()
            && self.callbacks.at_rest_until <= self.cx.now
            && self.is_their_hour(caller)
    }

    fn is_their_hour(&self, caller: &Caller) -> bool {
        let called_back = caller.called_back.as_ref();
        called_back.is_some_and(|back| self.not_before(&back.callback) <= self.cx.wall)
    }

    /// An agent is there for somebody who is to be called back: their telephone rings.
    pub(crate) fn ring_back(&mut self, id: CallId, agent: AgentId) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get(&id) else { return };
        let (Some(phone), Some(waiting)) = (caller.phone, caller.waiting.as_ref()) else { return };
        let (leg, language) = (caller.leg, caller.language_to_mark());
        let queue = Some(waiting.queue_place(self.wall_ahead()));
        let shown: Vec<Phone> = caller.did.iter().map(|did| did.number).collect();
        let Ok(route) = self.route_outside(phone, &[], &shown) else {
            // They keep their place, and are looked at again before long.
            self.callbacks.at_rest_until = now + LOOK_AGAIN;
            self.let_agent_of_go(agent, id, true, Duration::ZERO);
            // One whose phone is up was never reserved.
            self.serve_queues(agent);
            return;
        };
        if let Some(caller) = self.callers.get_mut(&id) {
            caller.agent = Some(agent);
            // Their call begins here.
            caller.arrived_at = now;
            caller.trunk = Some(route.trunk);
            caller.enter(CallerState::RingingBack, now);
        }
        if self.sessions.get(&agent).is_some_and(|session| session.call() != Some(id)) {
            self.set_agent_state(agent, AgentState::Reserved(Reservation::Call(id)));
        }
        self.legs.insert(leg, LegOwner::Caller(id));
        self.enter_gates(Some(route.trunk));
        self.cx.switch(SwitchCommand::Originate {
            leg,
            to: Destination::Number { trunk: route.trunk, phone },
            caller_id: Some(route.caller_id),
            ring_timeout: RING_MAX + RING_MARGIN,
            purpose: LegPurpose::Caller {
                call: id,
                did: None,
                phone: Some(phone),
                trunk: Some(route.trunk),
                queue,
                language,
                course: None,
            },
        });
        self.cx.arm_in(RING_MAX, Timer::RingBackOver(id));
    }

    /// Whoever is called back is under our control, or has picked up.
    pub(crate) fn ring_back_reported(&mut self, id: CallId, entered: bool, up: bool) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let Some(back) = caller.called_back.as_mut() else { return };
        if back.line.reported(entered, up) == LegNews::Nothing {
            return;
        }
        caller.is_up = true;
        caller.answered_at = Some(now);
        let agent = caller.agent;
        self.cx.notice(Notice::Answered { call: id });
        if let Some(agent) = agent {
            self.join_caller(id, agent);
        }
    }

    /// Their telephone has rung for long enough.
    pub(crate) fn ring_back_over(&mut self, id: CallId) {
        let rings = |caller: &&Caller| caller.state == CallerState::RingingBack;
        if let Some(leg) = self.callers.get(&id).filter(rings).map(|caller| caller.leg) {
            self.cx.switch(SwitchCommand::HangUp { leg });
            self.ring_back_ended(id);
        }
    }

    /// Whoever was called back was not reached.
    pub(crate) fn ring_back_ended(&mut self, id: CallId) {
        let rings = |caller: &&Caller| caller.state == CallerState::RingingBack;
        let Some(caller) = self.callers.get(&id).filter(rings) else { return };
        let agent = caller.agent;
        if let Some(callback) = self.leave_home(id) {
            self.try_later(callback);
        }
        if let Some(agent) = agent {
            self.let_agent_of_go(agent, id, true, Duration::ZERO);
        }
    }

    /// Somebody is not called back at this moment, for no fault of theirs: it is looked at anew.
    pub(crate) fn put_off_ring_back(&mut self, id: CallId) {
        let rings = |caller: &&Caller| caller.state == CallerState::RingingBack;
        let ringing = self.callers.get(&id).filter(rings).map(|caller| (caller.leg, caller.agent));
        if let Some((leg, _)) = ringing {
            self.cx.switch(SwitchCommand::HangUp { leg });
        }
        if let Some(callback) = self.leave_home(id) {
            self.promise(callback);
        }
        if let Some(agent) = ringing.and_then(|(_, agent)| agent) {
            self.let_agent_of_go(agent, id, true, Duration::ZERO);
        }
    }

    /// Whoever waits at home does so no more, nor does their telephone ring. Answers what they were promised.
    pub(crate) fn leave_home(&mut self, id: CallId) -> Option<CallerCallback> {
        let caller = self.callers.remove(&id)?;
        let offered = match caller.waiting {
            Some(waiting) => {
                if let Some(run) = self.queues.get_mut(&waiting.queue) {
                    run.leave(waiting.place);
                }
                waiting.offered
            }
            None => Vec::new(),
        };
        for agent in offered {
            self.let_agent_of_go(agent, id, true, Duration::ZERO);
        }
        if self.legs.remove(&caller.leg).is_some() {
            self.departed.note(caller.leg, self.cx.now);
            self.parting.insert(caller.leg, caller.trunk);
        }
        caller.called_back.map(|back| back.callback)
    }

    /// Whoever was called back speaks with an agent.
    pub(crate) fn callback_kept(&mut self, id: CallId) {
        let called_back = self.callers.get(&id).and_then(|caller| caller.called_back.as_ref());
        if let Some(callback) = called_back.map(|back| back.callback.clone()) {
            self.save_callback(&callback, CallbackStanding::Kept(id), None);
        }
    }
}
