//! Callbacks to callers: promised, kept in step with the queue, and called back when their turn comes.
//!
//! Whoever is to be called back waits in the queue like others, without a leg: an agent is found first, and then their
//! telephone rings. A promise is kept once both have spoken; until then it stays on record, however often it fails.

use std::time::Duration;

use crate::agents::session::{AgentState, Reservation};
use crate::almanac::numbering;
use crate::command::{Clip, Command, Destination, Notice, SwitchCommand, Write};
use crate::conversation::leg::LegNews;
use crate::dialer::calling_hours::{self, Hours};
use crate::engine::{Engine, LegOwner};
use crate::flow::key::Key;
use crate::flow::run::Booking;
use crate::inbound::caller::{CLIPS_TIME_MAX, Caller, CallerState, Doing, Waiting};
use crate::inbound::inquiry::{Inquiry, LookUpId};
use crate::inbound::queue::Needs;
use crate::input::{LegPurpose, QueuePlace};
use crate::model::calendar::Window;
use crate::model::incoming::{CallerCallback, KeptPlace, QueueExit};
use crate::model::{AgentId, Announce, CallId, CallingHours, LegId, Phone, Timestamp};
use crate::outbound::placing::RING_MARGIN;
use crate::timers::Timer;

/// The key by which a waiting caller takes the callback that is offered.
pub(crate) const TAKES_CALLBACK: Key = Key::ONE;
/// How often somebody is called back in vain; then a person has to see to it.
pub const TRIES_MAX: u8 = 3;
/// After how long it is tried again: after the first time, and after each later one.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(5 * 60), Duration::from_secs(30 * 60)];
/// How long their telephone rings, while an agent waits.
const RING_MAX: Duration = Duration::from_secs(25);
/// When what stands in the way of all dialling is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

impl Caller {
    /// Remembers the callback that is being booked, with the place that is kept.
    pub(crate) fn note_booking(&mut self, inquiry: &mut Inquiry) {
        let Inquiry::Booking { phone, queue, not_before, place, .. } = inquiry else { return };
        *place = place.and(self.left).filter(|(left, _)| left == queue).map(|(_, kept)| kept);
        self.booking = Some(CallerCallback {
            id: self.id,
            queue: *queue,
            phone: *phone,
            due_at: *not_before,
            place: *place,
            tries: 0,
        });
    }
}

/// The hours in which somebody may be called back who did not ask for it at once: from 8 to 20 every day, where their
/// number rings.
pub fn civil_hours() -> CallingHours {
    let windows = vec![Window { days: (1..=7).collect(), from: 8 * 60, until: 20 * 60 }];
    CallingHours { windows, closed_days: Vec::new() }
}

/// When a number may be called back at the earliest, if not at `wall`.
pub fn opening(phone: Phone, wall: Timestamp) -> Option<Timestamp> {
    let zones = numbering::zones(phone).unwrap_or_default();
    match calling_hours::at(&civil_hours(), zones.first()?, wall) {
        Hours::Open => None,
        Hours::Closed(opening) => opening,
    }
}

impl Engine {
    /// A waiting caller takes the callback that they were offered. Says whether there was one.
    pub(crate) fn take_callback(&mut self, id: CallId) -> bool {
        let Some(caller) = self.callers.get(&id) else { return false };
        let Some(waiting) = caller.waiting.as_ref().filter(|waiting| waiting.is_offered) else {
            return false;
        };
        let (Some(phone), queue) = (caller.phone, waiting.queue) else { return false };
        let has_way = caller.course.as_ref().is_some_and(|course| {
            let around = self.shelf.around(course.edition);
            around.is_some_and(|around| course.run.leads(around, QueueExit::Callback.as_str()))
        });
        self.leave_queue(id, QueueExit::Callback);
        if has_way {
            self.tell_queue_left(id, QueueExit::Callback);
            return true;
        }
        self.close_course(id);
        let wall = self.cx.wall;
        let Some(caller) = self.callers.get_mut(&id) else { return true };
        let place = Some(KeptPlace { since: wall, priority: 0 });
        let mut inquiry = Inquiry::Booking { phone, queue, capacity: None, not_before: wall, place };
        caller.note_booking(&mut inquiry);
        let turn = caller.next_turn(Doing::LookingUp);
        self.cx.arm_in(inquiry.time_max(), Timer::FlowTime(id, turn));
        self.cx.emit(Command::LookUp { id: LookUpId { call: id, turn }, inquiry: Box::new(inquiry) });
        true
    }

    /// A callback was booked, or not.
    pub(crate) fn booked(&mut self, id: CallId, booking: Booking) {
        let booked = self.callers.get_mut(&id).and_then(|caller| caller.booking.take());
        if let Some(callback) = booked.filter(|_| booking == Booking::Booked) {
            self.promise(callback);
        }
    }

    /// A caller whose queue booked a callback for them hears so, and the call ends.
    pub(crate) fn say_goodbye(&mut self, id: CallId, is_booked: bool) {
        if !is_booked {
            return self.apologise(id);
        }
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let locale = caller.locale.clone();
        let text = if locale.starts_with("fr") {
            "C'est noté. Nous vous rappelons quand votre tour vient. Au revoir."
        } else {
            "Noted. We will call you back when it is your turn. Goodbye."
        };
        let turn = caller.next_turn(Doing::Playing);
        self.play(id, vec![Clip::Speech { text: text.to_owned(), locale, voice: None }]);
        self.cx.arm_in(CLIPS_TIME_MAX, Timer::FlowTime(id, turn));
    }

    /// Somebody is to be called back. Whoever could not be reached so many times is left to people.
    pub(crate) fn promise(&mut self, callback: CallerCallback) {
        if callback.tries < TRIES_MAX {
            self.callbacks.insert(callback.id, callback);
            self.cx.arm_in(callback.due_at.since(self.cx.wall), Timer::CallbackDue(callback.id));
        }
    }

    /// The moment of a callback has come: whoever it is for waits in the queue, if they may be called at all.
    pub(crate) fn callback_due(&mut self, id: CallId) {
        let Some(callback) = self.callbacks.get(&id).copied() else { return };
        let wall = self.cx.wall;
        let not_before = match callback.place {
            // They have just asked for it.
            Some(_) => callback.due_at,
            None => opening(callback.phone, wall).unwrap_or(callback.due_at),
        };
        if not_before > wall {
            return self.cx.arm_in(not_before.since(wall), Timer::CallbackDue(id));
        }
        if self.holds.first().is_some() || !self.queues.contains_key(&callback.queue) {
            return self.cx.arm_in(LOOK_AGAIN, Timer::CallbackDue(id));
        }
        self.callbacks.remove(&id);
        self.wait_at_home(callback);
    }

    fn wait_at_home(&mut self, callback: CallerCallback) {
        let now = self.cx.now;
        let id = CallId::from_uuid(self.cx.mint.uuid(now));
        let leg = LegId::from_uuid(self.cx.mint.uuid(now));
        let waited = callback.place.map_or(Duration::ZERO, |place| self.cx.wall.since(place.since));
        let Some(run) = self.queues.get_mut(&callback.queue) else { return };
        let since = now - waited;
        let priority = callback.place.map_or(u16::from(run.settings.priority), |place| place.priority);
        let needs = Needs { skills: run.settings.skills.clone(), prefer: None };
        let place = run.enter(id, since, priority);
        let position = run.position(place);
        let queue = callback.queue;
        let mut caller = Caller::new(id, leg, now);
        for after in needs.turning_points(&run.settings, since) {
            self.cx.timers.arm(since + after, Timer::QueueLook(id, caller.turn));
        }
        caller.phone = Some(callback.phone);
        caller.is_absent = true;
        caller.callback = Some(callback);
        caller.queue = Some(queue);
        let (offered, is_offered, announce) = (Vec::new(), false, Announce::default());
        caller.waiting = Some(Waiting { queue, place, needs, position, offered, is_offered, announce });
        caller.enter(CallerState::Queued, now);
        self.callers.insert(id, caller);
        self.cx.notice(Notice::CallerQueued { call: id, queue });
        self.seek_agent_for_caller(id);
    }

    /// An agent is there for somebody who is to be called back: their telephone rings.
    pub(crate) fn ring_back(&mut self, id: CallId, agent: AgentId) {
        let now = self.cx.now;
        let shown: Vec<Phone> = self.dids.iter().map(|did| did.number).collect();
        let Some(caller) = self.callers.get(&id) else { return };
        let (Some(phone), leg) = (caller.phone, caller.leg) else { return };
        let place = caller.waiting.as_ref().map(|waiting| waiting.place);
        let queue = caller.waiting.as_ref().map(|waiting| waiting.queue);
        let route = match self.holds.first() {
            None => self.route_outside(phone, &[], &shown).ok(),
            Some(_) => None,
        };
        let Some(route) = route else {
            self.leave_for_now(id, LOOK_AGAIN);
            return self.let_agent_of_go(agent, id, true, Duration::ZERO);
        };
        let ahead = self.cx.wall.as_millis() - now.as_millis();
        let queue = queue.zip(place).map(|(queue, place)| QueuePlace {
            queue,
            since: Timestamp::from_millis(place.since.as_millis() + ahead),
            priority: place.priority(),
        });
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
        self.enter_gates(route.trunk);
        self.cx.switch(SwitchCommand::Originate {
            leg,
            to: Destination::Number { trunk: route.trunk, phone },
            caller_id: Some(route.caller_id),
            ring_timeout: RING_MAX + RING_MARGIN,
            purpose: LegPurpose::Caller { call: id, did: None, phone: Some(phone), queue },
        });
        self.cx.arm_in(RING_MAX, Timer::RingBackOver(id));
    }

    /// Whoever is called back is under our control, or has picked up.
    pub(crate) fn ring_back_reported(&mut self, id: CallId, entered: bool, up: bool) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id) else { return };
        if caller.line.reported(entered, up) == LegNews::Nothing {
            return;
        }
        caller.is_absent = false;
        caller.is_up = true;
        caller.answered_at = Some(now);
        let agent = caller.agent;
        self.cx.notice(Notice::Answered { call: id });
        if let Some(agent) = agent {
            self.join_caller(id, agent);
        }
    }

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
        let (agent, callback) = (caller.agent, caller.callback);
        self.forget_ring_back(id);
        if let Some(callback) = callback {
            self.try_later(callback);
        }
        if let Some(agent) = agent {
            self.let_agent_of_go(agent, id, true, Duration::ZERO);
        }
    }

    /// The agent for whom somebody was being called back is gone: they wait on for another one.
    pub(crate) fn ring_back_again(&mut self, id: CallId) {
        if let Some(leg) = self.callers.get(&id).map(|caller| caller.leg) {
            self.cx.switch(SwitchCommand::HangUp { leg });
        }
        self.leave_for_now(id, Duration::ZERO);
    }

    /// Whoever waits at home leaves the queue, and comes back to their place after a while.
    fn leave_for_now(&mut self, id: CallId, span: Duration) {
        let Some(callback) = self.callers.get(&id).and_then(|caller| caller.callback) else { return };
        self.forget_ring_back(id);
        self.callbacks.insert(callback.id, callback);
        self.cx.arm_in(span, Timer::CallbackDue(callback.id));
    }

    fn forget_ring_back(&mut self, id: CallId) {
        let Some(caller) = self.callers.remove(&id) else { return };
        if let Some(waiting) = &caller.waiting
            && let Some(run) = self.queues.get_mut(&waiting.queue)
        {
            run.leave(waiting.place);
        }
        if self.legs.remove(&caller.leg).is_some()
            && let Some(trunk) = caller.trunk
        {
            self.leave_gates(trunk);
        }
    }

    /// Somebody was not reached: they are called again later, a few times.
    pub(crate) fn try_later(&mut self, callback: CallerCallback) {
        let after = AGAIN_AFTER.get(usize::from(callback.tries)).or(AGAIN_AFTER.last());
        let due_at = self.cx.wall + after.copied().unwrap_or_default();
        let callback = CallerCallback { due_at, tries: callback.tries.saturating_add(1), ..callback };
        self.cx.write(Write::SaveCallback { callback, kept_by: None, at: self.cx.now });
        self.promise(callback);
    }

    /// Whoever was called back speaks with an agent.
    pub(crate) fn callback_kept(&mut self, id: CallId) {
        if let Some(callback) = self.callers.get(&id).and_then(|caller| caller.callback) {
            self.cx.write(Write::SaveCallback { callback, kept_by: Some(id), at: self.cx.now });
        }
    }
}
