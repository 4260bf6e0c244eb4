//! Callbacks to callers: wished for, booked by them or promised by an agent, and due.
//!
//! A promise stays on record until both have spoken or somebody takes it back; what stands in its way puts it off.
//! When its moment has come whoever it is for waits in the queue like the others, without a leg: see [`super::ring_back`].

use std::collections::BTreeMap;
use std::time::Duration;

use crate::almanac::numbering;
use crate::command::{Answer, Clip, Command, Refusal, Write};
use crate::dialer::calling_hours::{self, Hours};
use crate::dialer::compliance;
use crate::engine::Engine;
use crate::flow::key::Key;
use crate::flow::run::{Booking, Event};
use crate::inbound::caller::{CLIPS_TIME_MAX, Caller, CallerState, Doing};
use crate::inbound::inquiry::{Inquiry, LookUpId};
use crate::inbound::task::BookingWish;
use crate::model::calendar::Window;
use crate::model::incoming::{CallbackStanding, CallerCallback, QueueExit};
use crate::model::{CallId, CallingHours, Phone, QueueId, Timestamp, UserId};
use crate::timers::Timer;

/// The key by which a caller takes the callback that is offered, and confirms their number.
const YES: Key = Key::ONE;
/// How long a caller may think about whether the number is right.
pub(crate) const CONFIRMED_WITHIN: Duration = Duration::from_secs(5);
/// How often somebody is called back in vain; then a person has to see to it.
pub const TRIES_MAX: u8 = 3;
/// After how long it is tried again: after the first time, and after each later one.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(5 * 60), Duration::from_secs(30 * 60)];
/// Whoever asked for it so short a time ago is called back at any hour.
const JUST_ASKED: Duration = Duration::from_secs(60 * 60);
/// Whoever has hung up has put their telephone down after this time.
const PHONE_FREE_AFTER: Duration = Duration::from_secs(3);
/// When what stands in the way for a moment is looked at again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// When what people have to change is looked at again.
const LOOK_AGAIN_LATER: Duration = Duration::from_secs(60 * 60);

/// Promises whose moment has not come, by the call in which they were booked; those that were tried in vain as often as
/// may be are among them.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    open: BTreeMap<CallId, Promised>,
    /// Counts the times that were set.
    turns: u32,
    /// No trunk could carry a call; until then none is tried.
    pub(crate) at_rest_until: Timestamp,
}

#[derive(Debug)]
struct Promised {
    callback: CallerCallback,
    /// The latest time that was set for it; an earlier one means nothing.
    turn: u32,
}

impl CallerCallback {
    /// Whether somebody asked so short a time before `at` to keep their place that they are called at any hour.
    pub fn has_just_been_asked_for(&self, at: Timestamp) -> bool {
        self.place.is_some() && at.since(self.booked_at) < JUST_ASKED
    }
}

impl Callbacks {
    pub(crate) fn take(&mut self, id: CallId) -> Option<CallerCallback> {
        self.open.remove(&id).map(|promised| promised.callback)
    }

    /// The promise to somebody whose telephone an earlier daemon rang for it.
    pub(crate) fn of(&self, phone: Phone, queue: QueueId) -> Option<CallId> {
        let is_theirs = |callback: &&CallerCallback| callback.phone == phone && callback.queue == queue;
        self.open.values().map(|promised| &promised.callback).find(is_theirs).map(|callback| callback.id)
    }

    fn at(&self, id: CallId, turn: u32) -> Option<&CallerCallback> {
        self.open.get(&id).filter(|promised| promised.turn == turn).map(|promised| &promised.callback)
    }
}

/// The hours in which somebody is called back who did not ask for it at once: from 8 to 20 every day, where their
/// number rings.
fn civil_hours() -> CallingHours {
    let windows = vec![Window { days: (1..=7).collect(), from: 8 * 60, until: 20 * 60 }];
    CallingHours { windows, closed_days: Vec::new() }
}

/// When a number may be called back at the earliest, if not at `wall`: in the hours of every zone where it may ring.
pub fn opening(phone: Phone, wall: Timestamp) -> Option<Timestamp> {
    let hours = civil_hours();
    let zones = numbering::zones(phone).unwrap_or_default();
    let openings = zones.iter().filter_map(|zone| match calling_hours::at(&hours, zone, wall) {
        Hours::Open => None,
        Hours::Closed(opening) => opening,
    });
    openings.max()
}

impl Engine {
    /// A waiting caller presses a key. Says whether they took the callback that they were offered by it.
    pub(crate) fn take_callback(&mut self, id: CallId, key: Key) -> bool {
        let Some(caller) = self.callers.get(&id).filter(|_| key == YES) else { return false };
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
        } else {
            self.close_course(id);
            let not_before = self.cx.wall;
            let wish = BookingWish {
                queue,
                phone,
                capacity: None,
                not_before,
                keeps_place: true,
                is_confirmed: false,
            };
            self.ask_to_book(id, wish);
        }
        true
    }

    /// A flow wants its caller to be called back.
    pub(crate) fn want_callback(&mut self, id: CallId, wish: BookingWish) {
        if !wish.is_confirmed {
            return self.ask_to_book(id, wish);
        }
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let locale = caller.locale.clone();
        let (before, after) = match locale.starts_with("fr") {
            true => ("Nous vous rappellerons à ce numéro :", "Si c'est le bon, tapez 1. Sinon, tapez 2."),
            false => ("We will call you back at this number:", "If it is right, press 1. If not, press 2."),
        };
        let dialled = caller.did.as_ref().map(|did| did.number);
        let speech = |text: &str| Clip::Speech { text: text.to_owned(), locale: locale.clone(), voice: None };
        let clips = vec![speech(before), Clip::Digits(as_dialled(wish.phone, dialled)), speech(after)];
        let turn = caller.next_turn(Doing::Confirming(wish));
        self.play(id, clips);
        self.cx.arm_in(CLIPS_TIME_MAX, Timer::FlowTime(id, turn));
    }

    /// A caller was asked whether they want to be called back at a number, and presses a key.
    pub(crate) fn confirmed(&mut self, id: CallId, wish: BookingWish, key: Key) {
        if key == YES {
            self.ask_to_book(id, wish);
        } else {
            self.tell_flow(id, Event::Booking(Booking::Declined));
        }
    }

    fn ask_to_book(&mut self, id: CallId, wish: BookingWish) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let left = caller.left.clone().filter(|(queue, _)| wish.keeps_place && *queue == wish.queue);
        let callback = CallerCallback {
            id,
            queue: wish.queue,
            phone: wish.phone,
            did: caller.did_id(),
            agent: None,
            booked_at: self.cx.wall,
            due_at: wish.not_before,
            place: left.map(|(_, place)| place),
            tries: 0,
            language: caller.language.clone(),
        };
        let inquiry = Inquiry::Booking { callback: Box::new(callback), capacity: wish.capacity };
        self.look_up(id, inquiry, Vec::new());
    }

    /// A callback was booked, whether or not the caller is still there to hear of it.
    pub(crate) fn booked(&mut self, callback: CallerCallback, is_on_record: bool) {
        if !is_on_record {
            self.save_callback(&callback, CallbackStanding::Open, None);
        }
        self.promise(callback);
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

    /// Promises a caller to call them back, or changes what was promised.
    pub(crate) fn book_callback(
        &mut self,
        callback: CallerCallback,
        user: UserId,
        is_change: bool,
    ) -> Result<Answer, Refusal> {
        if !self.queues.contains_key(&callback.queue) {
            return Err(Refusal::UnknownQueue);
        }
        compliance::may_be_dialled(callback.phone).map_err(|_| Refusal::NumberForbidden)?;
        match self.take_back(callback.id) {
            Err(Refusal::UnknownCallback) if !is_change => {}
            other => drop(other?),
        }
        self.save_callback(&callback, CallbackStanding::Open, Some(user));
        self.promise(callback);
        Ok(Answer::Done)
    }

    /// Takes a promise to a caller back. It stays on record as withdrawn.
    pub(crate) fn withdraw_callback(&mut self, id: CallId, user: UserId) -> Result<Answer, Refusal> {
        let callback = self.take_back(id)?;
        self.save_callback(&callback, CallbackStanding::Withdrawn, Some(user));
        Ok(Answer::Done)
    }

    /// Nothing is done for a promise any more.
    fn take_back(&mut self, id: CallId) -> Result<CallerCallback, Refusal> {
        if let Some(callback) = self.callbacks.take(id) {
            return Ok(callback);
        }
        let is_for = |caller: &&Caller| {
            caller.connected_at.is_none()
                && caller.called_back.as_ref().is_some_and(|back| back.callback.id == id)
        };
        let caller = self.callers.values().find(is_for).ok_or(Refusal::UnknownCallback)?;
        if caller.state != CallerState::Queued || !caller.is_at_home() {
            return Err(Refusal::CallbackUnderWay);
        }
        self.leave_home(caller.id).ok_or(Refusal::UnknownCallback)
    }

    pub(crate) fn save_callback(
        &mut self,
        callback: &CallerCallback,
        standing: CallbackStanding,
        by: Option<UserId>,
    ) {
        let callback = Box::new(callback.clone());
        self.cx.write(Write::SaveCallback { callback, standing, by, at: self.cx.now });
    }

    /// Somebody is to be called back. Whoever could not be reached so many times is left to people.
    pub(crate) fn promise(&mut self, callback: CallerCallback) {
        let id = callback.id;
        let is_given_up = callback.tries >= TRIES_MAX;
        let span = callback.due_at.since(self.cx.wall).max(PHONE_FREE_AFTER);
        self.callbacks.open.insert(id, Promised { callback, turn: 0 });
        if !is_given_up {
            self.look_at_callback(id, span);
        }
    }

    /// Looks at a callback after `span`, and at no time that was set before. Answers how it is counted.
    fn look_at_callback(&mut self, id: CallId, span: Duration) -> u32 {
        self.callbacks.turns = self.callbacks.turns.wrapping_add(1);
        let turn = self.callbacks.turns;
        if let Some(promised) = self.callbacks.open.get_mut(&id) {
            promised.turn = turn;
            self.cx.arm_in(span, Timer::CallbackDue(id, turn));
        }
        turn
    }

    /// The call is over in which a callback may have been booked.
    pub(crate) fn look_at_callback_of(&mut self, call: CallId) {
        let promised = self.callbacks.open.get(&call).filter(|promised| promised.callback.tries < TRIES_MAX);
        if let Some(due_at) = promised.map(|promised| promised.callback.due_at) {
            let span = due_at.since(self.cx.wall).max(PHONE_FREE_AFTER);
            self.look_at_callback(call, span);
        }
    }

    /// The moment of a callback has come: if nothing else stands in its way, it is asked whether they may be called.
    pub(crate) fn callback_due(&mut self, id: CallId, turn: u32) {
        let Some(callback) = self.callbacks.at(id, turn) else { return };
        if self.callers.contains_key(&id) {
            // Their telephone is busy with the call in which it was booked; the end of that one leads here again.
            return;
        }
        let phone = callback.phone;
        if let Some(span) = self.puts_off(callback) {
            self.look_at_callback(id, span);
            return;
        }
        let inquiry = Box::new(Inquiry::Barred { phone });
        let turn = self.look_at_callback(id, inquiry.time_max() + LOOK_AGAIN);
        self.cx.emit(Command::LookUp { id: LookUpId { call: id, turn }, inquiry });
    }

    /// It is known whether the number of somebody who is to be called back must not be called.
    pub(crate) fn callback_cleared(&mut self, lookup: LookUpId, is_barred: bool) {
        let LookUpId { call: id, turn } = lookup;
        let Some(callback) = self.callbacks.at(id, turn) else { return };
        match self.puts_off(callback) {
            Some(span) => {
                self.look_at_callback(id, span);
            }
            None if is_barred => {
                self.look_at_callback(id, LOOK_AGAIN_LATER);
            }
            None => {
                if let Some(callback) = self.callbacks.take(id) {
                    self.wait_at_home(callback);
                }
            }
        }
    }

    /// For how long a callback cannot be made, if it cannot.
    fn puts_off(&self, callback: &CallerCallback) -> Option<Duration> {
        let wall = self.cx.wall;
        let not_before = self.not_before(callback);
        if not_before > wall {
            return Some(not_before.since(wall));
        }
        let is_held = self.holds.first().is_some() || !self.queues.contains_key(&callback.queue);
        is_held.then_some(LOOK_AGAIN)
    }

    /// When somebody may be called back at the earliest: whoever has just asked for it at once, others in the hours of
    /// the queue and of the place where their number rings.
    pub(crate) fn not_before(&self, callback: &CallerCallback) -> Timestamp {
        let soonest = callback.due_at.max(self.cx.wall);
        if callback.has_just_been_asked_for(soonest) {
            return soonest;
        }
        let civil = opening(callback.phone, soonest).unwrap_or(soonest);
        let run = self.queues.get(&callback.queue);
        let calendar = run.and_then(|run| self.shelf.calendar(&run.settings.calendar?.to_string()));
        // A queue that does not open within a year is looked at again all the same.
        calendar.map_or(civil, |calendar| calendar.opening(civil).unwrap_or(civil + LOOK_AGAIN_LATER))
    }

    /// Somebody was not reached: they are called again later, a few times.
    pub(crate) fn try_later(&mut self, callback: CallerCallback) {
        let after = AGAIN_AFTER.get(usize::from(callback.tries)).or(AGAIN_AFTER.last());
        let due_at = self.cx.wall + after.copied().unwrap_or_default();
        let callback = CallerCallback { due_at, tries: callback.tries.saturating_add(1), ..callback };
        self.save_callback(&callback, CallbackStanding::Open, None);
        self.promise(callback);
    }

    /// A number must not be called any more: whoever waits at home under it does not wait in a queue, and whoever's
    /// telephone rings is left alone. Their callbacks stay on record.
    pub(crate) fn stop_callbacks(&mut self, phone: Phone) {
        let at_home =
            self.callers.values().filter(|caller| caller.phone == Some(phone) && caller.is_at_home());
        let stopped: Vec<CallId> = at_home.map(|caller| caller.id).collect();
        for id in stopped {
            self.put_off_ring_back(id);
        }
    }
}

/// A number in digits, as people in the country of `dialled` write it.
fn as_dialled(phone: Phone, dialled: Option<Phone>) -> String {
    let (number, dialled) = (phone.e164(), dialled.map(Phone::e164).unwrap_or_default());
    // Countries whose code has two digits and whose numbers begin with a zero at home: +33, +44 and so on.
    match (number.get(..3), number.get(3..)) {
        (Some(country), Some(national)) if !country.starts_with("+1") && dialled.starts_with(country) => {
            format!("0{national}")
        }
        _ => number.trim_start_matches('+').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(e164: &str) -> Phone {
        e164.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn nobody_is_called_back_at_night_where_their_number_rings() {
        let cases = [
            ("+33199001234", "2026-11-20T06:59:00Z", Some("2026-11-20T07:00:00Z")),
            ("+33199001234", "2026-11-20T07:00:00Z", None),
            ("+33199001234", "2026-11-20T18:59:00Z", None),
            ("+33199001234", "2026-11-20T19:00:00Z", Some("2026-11-21T07:00:00Z")),
            // Paris sleeps, New York does not; and the other way round.
            ("+12125550123", "2026-11-20T23:30:00Z", None),
            ("+12125550123", "2026-11-20T12:30:00Z", Some("2026-11-20T13:00:00Z")),
        ];
        for (number, wall, opens) in cases {
            assert_eq!(opening(phone(number), at(wall)), opens.map(at), "{number} at {wall}");
        }
    }

    #[test]
    fn a_number_is_spoken_as_it_is_dialled_at_home() {
        let french = Some(phone("+33199009000"));
        assert_eq!(as_dialled(phone("+33639980012"), french), "0639980012");
        assert_eq!(as_dialled(phone("+447700900123"), french), "447700900123");
        assert_eq!(as_dialled(phone("+12125550123"), Some(phone("+12125550199"))), "12125550123");
        assert_eq!(as_dialled(phone("+33639980012"), None), "33639980012");
    }
}
