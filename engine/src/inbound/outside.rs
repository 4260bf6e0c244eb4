//! Somebody outside whom a flow calls for a caller.

use std::time::Duration;

use crate::command::{Destination, SwitchCommand};
use crate::conversation::leg::{Leg, LegNews};
use crate::dialer::outcome;
use crate::engine::{Engine, LegOwner};
use crate::flow::run::{Dialled, Event};
use crate::inbound::caller::{CallerState, Doing, Outside};
use crate::input::LegPurpose;
use crate::model::{CallId, HangupCause, LegId, Outcome, Phone, RoomId};
use crate::outbound::placing::RING_MARGIN;
use crate::timers::Timer;

impl Engine {
    /// Calls a number for a caller. The answer is that of a network that cannot be reached; none when it is called.
    pub(crate) fn dial_outside(
        &mut self,
        id: CallId,
        to: Phone,
        caller_id: Option<Phone>,
        ring: Duration,
    ) -> Option<Event> {
        let now = self.cx.now;
        let wished: Vec<Phone> = caller_id.into_iter().collect();
        let usable = self.trunks.iter_mut().find_map(|(trunk, run)| {
            let shown = run.shows_one_of(&wished).or_else(|| run.settings.caller_ids.first().copied())?;
            (run.is_usable() && run.gate.check(now).is_ok()).then(|| {
                run.gate.enter();
                (*trunk, shown)
            })
        });
        let Some((trunk, shown)) = usable else { return Some(Event::Dialled(Dialled::NoAnswer)) };
        let leg = LegId::from_uuid(self.cx.mint.uuid(now));
        let room = RoomId::from_uuid(self.cx.mint.uuid(now));
        self.legs.insert(leg, LegOwner::Outside(id));
        let caller = self.callers.get_mut(&id)?;
        caller.outside = Some(Outside { leg, line: Leg::default(), room, trunk });
        caller.enter(CallerState::Dialling, now);
        self.cx.switch(SwitchCommand::Originate {
            leg,
            to: Destination::Number { trunk, phone: to },
            caller_id: Some(shown),
            ring_timeout: ring + RING_MARGIN,
            purpose: LegPurpose::Outside { call: id },
        });
        self.cx.arm_in(ring, Timer::OutsideRingOver(id, leg));
        self.play_music(id);
        None
    }

    /// Whoever was called has picked up: both hear each other.
    pub(crate) fn outside_reported(&mut self, id: CallId, entered: bool, up: bool) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.state == CallerState::Dialling)
        else {
            return;
        };
        let Some(outside) = caller.outside.as_mut() else { return };
        if outside.line.reported(entered, up) == LegNews::Nothing {
            return;
        }
        let Outside { leg, room, .. } = *outside;
        caller.enter(CallerState::Beside, now);
        let caller_leg = caller.leg;
        self.stop_music(id);
        self.cx.switch(SwitchCommand::OpenRoom { room });
        self.cx.switch(SwitchCommand::Join { room, leg });
        self.cx.switch(SwitchCommand::Join { room, leg: caller_leg });
    }

    /// Whoever was called is gone, or never came.
    pub(crate) fn outside_ended(&mut self, id: CallId, leg: LegId, cause: HangupCause) {
        let now = self.cx.now;
        self.legs.remove(&leg);
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let Some(outside) = caller.outside.take_if(|outside| outside.leg == leg) else { return };
        let talked = caller.state == CallerState::Beside;
        caller.enter(CallerState::Guided, now);
        self.give_trunk_back(outside);
        if talked {
            self.cx.switch(SwitchCommand::CloseRoom { room: outside.room });
        }
        self.stop_music(id);
        let dialled = match outcome::from_hangup(cause) {
            _ if talked => Dialled::Done,
            Outcome::Busy => Dialled::Busy,
            Outcome::Rejected | Outcome::Unallocated => Dialled::Rejected,
            Outcome::Answered
            | Outcome::Cancelled
            | Outcome::Congestion
            | Outcome::Dropped
            | Outcome::Failed
            | Outcome::Machine
            | Outcome::NoAnswer => Dialled::NoAnswer,
        };
        let is_awaited = self.callers.get(&id).is_some_and(|caller| caller.doing == Doing::Dialling);
        if is_awaited {
            self.tell_flow(id, Event::Dialled(dialled));
        }
    }

    pub(crate) fn outside_ring_over(&mut self, id: CallId, leg: LegId) {
        let rings = |caller: &&crate::inbound::caller::Caller| {
            caller.state == CallerState::Dialling && caller.outside.is_some_and(|outside| outside.leg == leg)
        };
        if self.callers.get(&id).filter(rings).is_some() {
            self.cx.switch(SwitchCommand::HangUp { leg });
            self.outside_ended(id, leg, HangupCause::default());
        }
    }

    /// The caller needs whoever was called no more.
    pub(crate) fn end_outside(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let Some(outside) = caller.outside.take() else { return };
        self.legs.remove(&outside.leg);
        self.give_trunk_back(outside);
        self.cx.switch(SwitchCommand::HangUp { leg: outside.leg });
        self.cx.switch(SwitchCommand::CloseRoom { room: outside.room });
    }

    fn give_trunk_back(&mut self, outside: Outside) {
        if let Some(trunk) = self.trunks.get_mut(&outside.trunk) {
            trunk.gate.leave();
        }
    }
}
