//! Somebody without a working time who is called for a customer: a flow calls a number or a telephone of the house, an
//! agent gives the customer to a number.

use std::time::Duration;

use crate::command::{Destination, Refusal, SwitchCommand};
use crate::conversation::leg::{Leg, LegNews};
use crate::conversation::transfer::Party;
use crate::dialer::{compliance, outcome};
use crate::engine::{Engine, LegOwner};
use crate::flow::run::Dialled;
use crate::inbound::caller::CallerState;
use crate::input::LegPurpose;
use crate::model::{CallId, HangupCause, LegId, Outcome, Phone, RoomId, Side, TrunkId};
use crate::outbound::placing::RING_MARGIN;
use crate::outbound::routing::Route;
use crate::timers::Timer;

/// Somebody who is called for a customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outside {
    pub(crate) leg: LegId,
    pub(crate) line: Leg,
    /// Where customer and outsider hear each other.
    pub(crate) room: RoomId,
    /// None: a telephone of the house.
    pub(crate) trunk: Option<TrunkId>,
}

impl Engine {
    /// Whether a number may be called for a customer at all, and who carries the call ([`Engine::choose_trunk`]).
    ///
    /// Lists of people who do not want to be called are not asked: the customer wants the call, and nothing is sold in
    /// it. Numbers that reach help or cost whoever calls them are refused whoever wants it.
    pub(crate) fn route_outside(
        &mut self,
        to: Phone,
        trunks: &[TrunkId],
        wished: &[Phone],
    ) -> Result<Route, Refusal> {
        compliance::may_be_dialled(to).map_err(|_| Refusal::NumberForbidden)?;
        self.choose_trunk(trunks, wished)
    }

    /// The first trunk that can carry a call for a customer, of `trunks` when any are named, showing one of the `wished`
    /// numbers if it may.
    pub(crate) fn choose_trunk(&mut self, trunks: &[TrunkId], wished: &[Phone]) -> Result<Route, Refusal> {
        let now = self.cx.now;
        let no_way = || Refusal::NotDialling("no trunk can carry the call at the moment".to_owned());
        if self.switch_gate.as_mut().is_some_and(|gate| gate.check(now).is_err()) {
            return Err(no_way());
        }
        let usable = self.trunks.iter_mut().filter(|(trunk, _)| trunks.is_empty() || trunks.contains(trunk));
        let mut usable = usable.filter_map(|(trunk, run)| {
            let caller_id = run.shows_one_of(wished).or_else(|| run.settings.caller_ids.first().copied())?;
            (run.is_usable() && run.gate.check(now).is_ok()).then_some(Route { trunk: *trunk, caller_id })
        });
        usable.next().ok_or_else(no_way)
    }

    /// Calls somebody for a customer.
    pub(crate) fn call_outside(
        &mut self,
        id: CallId,
        to: Destination,
        caller_id: Option<Phone>,
        ring: Duration,
    ) {
        let now = self.cx.now;
        let trunk = to.trunk();
        let leg = LegId::from_uuid(self.cx.mint.uuid(now));
        let room = RoomId::from_uuid(self.cx.mint.uuid(now));
        let Some(talk) = self.talk_mut(id) else { return };
        talk.outside = Some(Outside { leg, line: Leg::default(), room, trunk });
        self.legs.insert(leg, LegOwner::Outside(id));
        self.enter_gates(trunk);
        self.cx.switch(SwitchCommand::Originate {
            leg,
            to,
            caller_id,
            ring_timeout: ring + RING_MARGIN,
            purpose: LegPurpose::Outside { call: id },
        });
        self.cx.arm_in(ring, Timer::OutsideRingOver(id, leg));
    }

    /// Whoever was called is under our control, or has picked up.
    pub(crate) fn outside_reported(&mut self, id: CallId, entered: bool, up: bool) {
        let Some(outside) = self.talk_mut(id).and_then(|talk| talk.outside.as_mut()) else { return };
        if outside.line.reported(entered, up) == LegNews::Nothing {
            return;
        }
        let outside = *outside;
        if self.is_given_outside(id) {
            self.outsider_answered(id, outside);
        } else {
            self.picked_up(id, outside.leg);
        }
    }

    /// Caller and outsider are to hear each other.
    pub(crate) fn put_beside(&mut self, id: CallId, outside: Outside) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id) else { return };
        caller.enter(CallerState::Beside, now);
        let customer = caller.leg;
        let Outside { leg, room, .. } = outside;
        self.cx.switch(SwitchCommand::OpenRoom { room });
        self.cx.switch(SwitchCommand::Join { room, leg });
        self.cx.switch(SwitchCommand::Join { room, leg: customer });
    }

    /// Whether the customer of a call is being given to somebody outside.
    pub(crate) fn is_given_outside(&self, id: CallId) -> bool {
        self.transfer_of(id).is_some_and(|transfer| transfer.to == Some(Party::Outside))
    }

    /// Whoever was called is gone, or never came.
    pub(crate) fn outside_ended(&mut self, id: CallId, leg: LegId, cause: HangupCause) {
        let now = self.cx.now;
        self.legs.remove(&leg);
        let Some(talk) = self.talk_mut(id) else { return };
        let Some(outside) = talk.outside.take_if(|outside| outside.leg == leg) else { return };
        self.leave_gates(outside.trunk);
        let room = outside.room;
        if self.is_given_outside(id) {
            if outside.line.is_answered() {
                self.cx.switch(SwitchCommand::CloseRoom { room });
            }
            return self.transfer_failed(id);
        }
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.is_here()) else { return };
        let talked = caller.state == CallerState::Beside;
        let leg = caller.leg;
        caller.enter(CallerState::Guided, now);
        if talked {
            self.end_part(id);
            self.cx.switch(SwitchCommand::Leave { room, leg });
            self.cx.switch(SwitchCommand::CloseRoom { room });
        }
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
        if !self.dial_over(id, dialled) {
            // The caller had been left to whoever has just hung up.
            self.end_caller(id, Side::Customer);
        }
    }

    /// Whoever was called did not get where they hear somebody.
    pub(crate) fn outside_not_joined(&mut self, id: CallId, leg: LegId) {
        self.cx.switch(SwitchCommand::HangUp { leg });
        self.outside_ended(id, leg, HangupCause::default());
    }

    pub(crate) fn outside_ring_over(&mut self, id: CallId, leg: LegId) {
        let rings = |outside: &Outside| outside.leg == leg && !outside.line.is_answered();
        if self.talk(id).and_then(|talk| talk.outside.as_ref()).is_some_and(rings) {
            self.cx.switch(SwitchCommand::HangUp { leg });
            self.outside_ended(id, leg, HangupCause::default());
        }
    }

    /// The customer needs whoever was called no more.
    pub(crate) fn end_outside(&mut self, id: CallId) {
        let Some(outside) = self.talk_mut(id).and_then(|talk| talk.outside.take()) else { return };
        self.legs.remove(&outside.leg);
        self.parting.insert(outside.leg, outside.trunk);
        self.cx.switch(SwitchCommand::HangUp { leg: outside.leg });
        // Whoever is still being asked has no room yet.
        let is_asked = self.callers.get(&id).is_some_and(|caller| caller.asked.is_some());
        if outside.line.is_answered() && !is_asked {
            self.cx.switch(SwitchCommand::CloseRoom { room: outside.room });
        }
    }

    /// A call for a caller uses up its trunk's limits and the server's.
    pub(crate) fn enter_gates(&mut self, trunk: Option<TrunkId>) {
        if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get_mut(&trunk)) {
            trunk.gate.enter();
        }
        if let Some(gate) = &mut self.switch_gate {
            gate.enter();
        }
    }

    /// It uses them no more.
    pub(crate) fn leave_gates(&mut self, trunk: Option<TrunkId>) {
        if let Some(trunk) = trunk.and_then(|trunk| self.trunks.get_mut(&trunk)) {
            trunk.gate.leave();
        }
        if let Some(gate) = &mut self.switch_gate {
            gate.leave();
        }
        self.stir_held_up();
    }
}
