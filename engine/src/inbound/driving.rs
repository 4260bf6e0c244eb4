//! Flows over ARI: what a flow wants done becomes commands, and what happens becomes its events.
//!
//! Whatever is being done for a flow ends when its next step comes; an answer to an earlier turn is too late.

use std::time::Duration;

use crate::command::{Clip, Command, Notice, SwitchCommand, Write};
use crate::engine::{Engine, LegOwner};
use crate::flow::key::Key;
use crate::flow::run::{Booking, Ending, Event, QueueExit as FlowExit};
use crate::inbound::callbacks::CONFIRMED_WITHIN;
use crate::inbound::caller::{CLIPS_TIME_MAX, Caller, CallerState, Doing, fallback_clip};
use crate::inbound::inquiry::{Finding, Inquiry, LookUpId};
use crate::inbound::task::{MailboxWish, RecordTask, Task};
use crate::model::incoming::{CallerCallback, MessageRecord, PathStep, QueueExit};
use crate::model::{CallId, LegId, MessageId, Phone, Side};
use crate::timers::Timer;

/// What the adapter gets to carry out beyond a time that the flow sets.
const MARGIN: Duration = Duration::from_secs(2);
/// After so long a look-up in silence the caller hears music (a caller never hears nothing for 4 seconds).
const QUIET_MAX: Duration = Duration::from_secs(2);
/// How often a leg is told to pick up that does not say that it has.
const PICK_UPS_MAX: u8 = 5;
/// The class of music where no queue says which.
const MUSIC: &str = "default";
/// How long after music that Asterisk refused it is asked for again: well within the silence that a caller may hear.
const MUSIC_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The longest that a caller is told between the music, such as their place.
const REMARK_MAX: Duration = Duration::from_secs(15);
/// How long a message is waited for whose caller has hung up.
const SPOKEN_MAX: Duration = Duration::from_secs(60);

/// What was spoken by a caller who has hung up, until it is known how long it is.
#[derive(Debug)]
pub(crate) struct Spoken {
    call: CallId,
    phone: Option<Phone>,
    wish: MailboxWish,
}

impl Engine {
    /// Tells the flow of a caller what happened, and does what it wants next.
    pub(crate) fn tell_flow(&mut self, id: CallId, event: Event) {
        let mut next = Some(event);
        while let Some(event) = next.take() {
            let task = self.ask_flow(id, event);
            next = match task {
                None | Some(Task::GoOn) => None,
                Some(task) => {
                    self.end_turn(id);
                    self.begin_task(id, task)
                }
            };
        }
    }

    /// What the flow wants next.
    fn ask_flow(&mut self, id: CallId, event: Event) -> Option<Task> {
        let wall = self.cx.wall;
        let caller = self.callers.get_mut(&id)?;
        let course = caller.course.as_mut()?;
        let around = self.shelf.around(course.edition)?;
        let mut trace = Vec::new();
        let step = course.run.handle(around, event, wall, &mut trace);
        let has_chosen = course.run.locale() != caller.locale;
        if has_chosen {
            course.run.locale().clone_into(&mut caller.locale);
            caller.language = Some(caller.locale.clone());
        }
        let is_queueing = course.run.is_queueing();
        let mut wants_callback = false;
        for passage in trace {
            wants_callback |= passage.outlet == "callback";
            let step = PathStep {
                at: passage.at,
                flow: passage.flow.to_owned(),
                node: passage.node.to_string(),
                outlet: passage.outlet.to_owned(),
            };
            self.cx.notice(Notice::NodeLeft {
                call: id,
                flow: step.flow.clone(),
                node: step.node.clone(),
                outlet: step.outlet.clone(),
            });
            caller.note_step(step);
        }
        let secrecy = step.is_secret();
        let task = Task::of(step, &self.shelf, &caller.locale, caller.phone, wall);
        let leaves = !is_queueing || matches!(task, Task::Queue(_));
        if caller.waiting.is_some() && leaves {
            let exit = if wants_callback { QueueExit::Callback } else { QueueExit::LeftByKey };
            self.leave_queue(id, exit);
        }
        if has_chosen {
            self.mark(id);
        }
        if let Some(is_secret) = secrecy {
            self.keep_secret(id, is_secret);
        }
        Some(task)
    }

    /// Ends what is being done for the flow.
    fn end_turn(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let leg = caller.leg;
        let doing = std::mem::replace(&mut caller.doing, Doing::Nothing);
        caller.turn += 1;
        let is_here = caller.is_here();
        let is_waiting = caller.state == CallerState::Queued;
        if let Some(playing) = caller.playing.take()
            && is_here
        {
            self.cx.switch(SwitchCommand::StopClips { leg, playing });
        }
        match doing {
            Doing::Recording(message) if is_here => {
                self.cx.switch(SwitchCommand::EndMessage { leg, message })
            }
            Doing::LookingUp if !is_waiting => self.stop_music(id),
            Doing::LookingUp
            | Doing::Nothing
            | Doing::PickingUp
            | Doing::Playing
            | Doing::Listening
            | Doing::Recording(_)
            | Doing::Confirming(_)
            | Doing::Dialling
            | Doing::Queueing => {}
        }
    }

    /// Begins what the flow wants. What is done at once is answered at once.
    fn begin_task(&mut self, id: CallId, task: Task) -> Option<Event> {
        let caller = self.callers.get_mut(&id)?;
        let leg = caller.leg;
        let is_waiting = caller.state == CallerState::Queued;
        if is_waiting && !task.suits_waiting() {
            return Some(Event::Failed);
        }
        match task {
            Task::GoOn => None,
            Task::Impossible => Some(Event::Failed),
            Task::Known(event) => Some(event),
            Task::Answer { delay } if delay.is_zero() && caller.is_up => Some(Event::Done),
            Task::Answer { delay } => {
                let turn = caller.next_turn(Doing::PickingUp);
                if delay.is_zero() {
                    self.cx.switch(SwitchCommand::PickUp { leg });
                    self.cx.arm_in(MARGIN, Timer::FlowTime(id, turn));
                } else {
                    self.cx.switch(SwitchCommand::Ring { leg });
                    self.cx.arm_in(delay, Timer::FlowTime(id, turn));
                }
                None
            }
            Task::Book(wish) => {
                self.want_callback(id, wish);
                None
            }
            Task::Play { clips, missing } => {
                self.note_missing(id, missing);
                if clips.is_empty() {
                    return Some(Event::PlayEnded);
                }
                let turn = self.callers.get_mut(&id)?.next_turn(Doing::Playing);
                self.play(id, clips);
                self.cx.arm_in(CLIPS_TIME_MAX, Timer::FlowTime(id, turn));
                None
            }
            Task::WaitKey { timeout } => {
                let turn = caller.next_turn(Doing::Listening);
                self.pick_up(id);
                if is_waiting {
                    self.play_music(id);
                }
                self.cx.arm_in(timeout, Timer::FlowTime(id, turn));
                None
            }
            Task::Record(task) => {
                self.take_message(id, task);
                None
            }
            Task::Recording(action) => {
                self.switch_recording(id, action);
                Some(Event::Done)
            }
            Task::LookUp { inquiry, meanwhile } => {
                self.look_up(id, *inquiry, meanwhile);
                None
            }
            Task::SaveAnswers { survey, answers } => {
                self.cx.write(Write::SaveAnswers { call: id, survey, answers, at: self.cx.now });
                Some(Event::Done)
            }
            Task::Tag { outcome, labels } => {
                self.cx.write(Write::TagCall { call: id, outcome, labels });
                Some(Event::Done)
            }
            Task::Queue(wish) => {
                let turn = caller.next_turn(Doing::Queueing);
                self.pick_up(id);
                let refused = self.enter_queue(id, *wish);
                let waits = |caller: &Caller| caller.state == CallerState::Queued && caller.turn == turn;
                let waits = self.callers.get(&id).is_some_and(waits);
                refused.or(waits.then_some(Event::Waiting))
            }
            Task::Wait => {
                caller.next_turn(Doing::Queueing);
                self.play_music(id);
                None
            }
            Task::Dial { wish, missing } => {
                caller.next_turn(Doing::Dialling);
                self.note_missing(id, missing);
                self.dial_for_flow(id, wish)
            }
            Task::End { ending, turn_away } => {
                self.flow_ended(id, ending, turn_away);
                None
            }
        }
    }

    /// Has something looked up. The caller hears clips meanwhile, or music: at once while they wait in a queue, otherwise
    /// when it takes long.
    pub(crate) fn look_up(&mut self, id: CallId, inquiry: Inquiry, meanwhile: Vec<Clip>) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let is_waiting = caller.state == CallerState::Queued;
        let turn = caller.next_turn(Doing::LookingUp);
        self.cx.arm_in(inquiry.time_max() + MARGIN, Timer::FlowTime(id, turn));
        self.cx.emit(Command::LookUp { id: LookUpId { call: id, turn }, inquiry: Box::new(inquiry) });
        if !meanwhile.is_empty() {
            self.play(id, meanwhile);
        } else if is_waiting {
            self.play_music(id);
        } else {
            self.cx.arm_in(QUIET_MAX, Timer::Quiet(id, turn));
        }
    }

    fn note_missing(&mut self, id: CallId, missing: Vec<String>) {
        for prompt in missing {
            self.cx.notice(Notice::PromptMissing { call: id, prompt });
        }
    }

    /// A flow has come to its end.
    fn flow_ended(&mut self, id: CallId, ending: Ending, turn_away: Option<crate::command::TurnAway>) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        if caller.state == CallerState::Gone {
            return self.settle_caller(id);
        }
        let turn_away = turn_away.filter(|_| !caller.is_up).map(|reason| (caller.leg, reason));
        match ending {
            // An agent has the call.
            Ending::Queued => {}
            // Whoever was called has it.
            Ending::Dialled if matches!(caller.state, CallerState::Beside | CallerState::Connected) => {}
            Ending::Error if self.bring_home(id) || self.send_on(id) => {}
            Ending::Error => self.apologise(id),
            Ending::Dialled | Ending::Finished | Ending::Hangup | Ending::Left | Ending::Voicemail => {
                if let Some((leg, reason)) = turn_away {
                    self.cx.switch(SwitchCommand::TurnAway { leg, reason });
                }
                self.end_caller(id, Side::System);
            }
        }
    }

    /// A caller whose flow cannot go on is sent where their number says, once.
    fn send_on(&mut self, id: CallId) -> bool {
        let Some(caller) = self.callers.get(&id) else { return false };
        let is_overflow = caller.course.as_ref().is_some_and(|course| course.is_overflow);
        let Some(fallback) = caller.did.as_ref().and_then(|did| did.fallback).filter(|_| !is_overflow) else {
            return false;
        };
        let language = caller.language.clone();
        let Some(edition) = self.shelf.open_overflow(fallback, language.as_deref()) else { return false };
        self.begin_flow(id, edition, true);
        true
    }

    /// Nothing is left to try: the caller hears that it is our fault, and the call ends.
    pub(crate) fn apologise(&mut self, id: CallId) {
        self.close_course(id);
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let turn = caller.next_turn(Doing::Playing);
        self.play(id, vec![fallback_clip()]);
        self.cx.arm_in(Duration::from_secs(20), Timer::FlowTime(id, turn));
    }

    /// A caller is in no flow any more.
    pub(crate) fn close_course(&mut self, id: CallId) {
        self.end_turn(id);
        let Some(caller) = self.callers.get_mut(&id) else { return };
        if let Some(course) = caller.course.take() {
            self.shelf.close(course.edition);
        }
    }

    /// Picks up for a caller, if that has not been done: a sound is heard for certain only then.
    pub(crate) fn pick_up(&mut self, id: CallId) {
        let Some(caller) = self.callers.get(&id) else { return };
        if !caller.is_up && caller.is_here() {
            self.cx.switch(SwitchCommand::PickUp { leg: caller.leg });
        }
    }

    /// Plays clips in place of what the caller hears.
    pub(crate) fn play(&mut self, id: CallId, clips: Vec<Clip>) {
        self.pick_up(id);
        self.stop_music(id);
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.is_here()) else { return };
        let (leg, locale, doing) = (caller.leg, caller.locale.clone(), caller.doing);
        let before = caller.playing.take();
        let playing = caller.next_playing();
        if let Some(playing) = before {
            self.cx.switch(SwitchCommand::StopClips { leg, playing });
        }
        self.cx.switch(SwitchCommand::PlayClips { leg, playing, clips, locale });
        if !matches!(doing, Doing::Playing) {
            self.cx.arm_in(REMARK_MAX, Timer::ClipsOverdue(id, playing));
        }
    }

    pub(crate) fn play_music(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.is_here() && !caller.has_music)
        else {
            return;
        };
        caller.has_music = true;
        let leg = caller.leg;
        let queue = caller.waiting.as_ref().and_then(|waiting| self.queues.get(&waiting.queue));
        let class = queue.map_or_else(|| MUSIC.to_owned(), |queue| queue.settings.music.clone());
        self.cx.switch(SwitchCommand::PlayMusic { leg, class });
    }

    /// Asterisk did not play the music.
    pub(crate) fn music_failed(&mut self, leg: LegId) {
        if let Some(LegOwner::Caller(id)) = self.legs.get(&leg).copied() {
            self.cx.arm_in(MUSIC_AGAIN_AFTER, Timer::MusicAgain(id));
        }
    }

    /// Whoever should hear music since the last try hears it from this one on.
    pub(crate) fn music_again(&mut self, id: CallId) {
        if let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.has_music) {
            caller.has_music = false;
            self.play_music(id);
        }
    }

    pub(crate) fn stop_music(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.has_music) else { return };
        caller.has_music = false;
        let leg = caller.leg;
        if caller.is_here() {
            self.cx.switch(SwitchCommand::StopMusic { leg });
        }
    }

    fn take_message(&mut self, id: CallId, task: RecordTask) {
        let message = MessageId::from_uuid(self.cx.mint.uuid(self.cx.now));
        self.pick_up(id);
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let turn = caller.next_turn(Doing::Recording(message));
        caller.mailbox = task.mailbox;
        caller.end_key = task.end;
        let leg = caller.leg;
        let RecordTask { length_max, silence_max, beep, .. } = task;
        self.cx.switch(SwitchCommand::TakeMessage { leg, message, length_max, silence_max, beep });
        self.cx.arm_in(length_max + MARGIN, Timer::FlowTime(id, turn));
    }

    /// A caller pressed a key.
    pub(crate) fn key_pressed(&mut self, leg: LegId, sign: char) {
        let Some(key) = Key::read(sign) else { return };
        let Some(id) = self.caller_of(leg) else { return self.callee_pressed(leg, key) };
        if self.take_callback(id, key) {
            return;
        }
        let Some(caller) = self.callers.get(&id) else { return };
        match (&caller.state, caller.doing) {
            (CallerState::Guided, Doing::Recording(message)) => {
                if caller.end_key == Some(key) {
                    self.cx.switch(SwitchCommand::EndMessage { leg, message });
                }
            }
            (CallerState::Guided, Doing::Confirming(wish)) => self.confirmed(id, wish, key),
            (CallerState::Guided | CallerState::Queued, _) => self.tell_flow(id, Event::Key(key)),
            (
                CallerState::Dialling
                | CallerState::Beside
                | CallerState::RingingBack
                | CallerState::Joining
                | CallerState::Connected
                | CallerState::Ending
                | CallerState::Gone,
                _,
            ) => {}
        }
    }

    /// A playback is over. What could not be played is made up for by another sound: a caller never hears nothing.
    pub(crate) fn clips_ended(&mut self, leg: LegId, playing: u32, played: bool) {
        let Some(id) = self.caller_of(leg) else { return self.callee_told(leg, playing) };
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.playing == Some(playing)) else {
            return;
        };
        caller.playing = None;
        if !played && !std::mem::replace(&mut caller.has_fallback, true) {
            self.cx.notice(Notice::PromptMissing { call: id, prompt: "clips".to_owned() });
            return self.play(id, vec![fallback_clip()]);
        }
        caller.has_fallback = false;
        let is_waiting = caller.state == CallerState::Queued;
        if is_waiting && self.tell_place(id) {
            return;
        }
        let Some(caller) = self.callers.get(&id) else { return };
        match caller.doing {
            Doing::Playing if caller.course.is_none() => self.end_caller(id, Side::System),
            Doing::Playing => self.tell_flow(id, Event::PlayEnded),
            Doing::Confirming(_) => {
                let turn = caller.turn;
                self.cx.arm_in(CONFIRMED_WITHIN, Timer::FlowTime(id, turn));
            }
            Doing::Queueing | Doing::LookingUp | Doing::Dialling => self.play_music(id),
            Doing::Listening if is_waiting => self.play_music(id),
            Doing::Nothing | Doing::PickingUp | Doing::Listening | Doing::Recording(_) => {}
        }
    }

    /// A caller hangs up while a message of theirs is recorded: it is kept once it is known how long it is.
    pub(crate) fn hung_up_speaking(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        if let (Doing::Recording(message), Some(wish)) = (caller.doing, caller.mailbox.take()) {
            self.spoken.insert(message, Spoken { call: id, phone: caller.phone, wish });
            self.cx.arm_in(SPOKEN_MAX, Timer::MessageForgotten(message));
        }
    }

    fn save_message(&mut self, message: MessageId, spoken: Spoken, ms: u64) {
        let Spoken { call, phone, wish } = spoken;
        let MailboxWish { mailbox, length_min, notify, transcribe } = wish;
        let length = Duration::from_millis(ms);
        if ms > 0 && length >= length_min {
            let at = self.cx.now;
            let record = MessageRecord { id: message, mailbox, call, phone, at, length, notify, transcribe };
            self.cx.write(Write::SaveMessage(Box::new(record)));
        }
    }

    /// What a caller was told between the music should be over, though nobody said so.
    pub(crate) fn clips_overdue(&mut self, id: CallId, playing: u32) {
        if let Some(leg) = self.callers.get(&id).map(|caller| caller.leg) {
            self.clips_ended(leg, playing, true);
        }
    }

    /// After a gap it is not known whether what callers hear is over: it ends, so that nobody waits in silence for its end.
    pub(crate) fn end_clips_of_callers(&mut self) {
        let hearing = self.callers.values().filter(|caller| caller.is_here());
        let hearing: Vec<(LegId, u32)> =
            hearing.filter_map(|caller| Some((caller.leg, caller.playing?))).collect();
        for (leg, playing) in hearing {
            self.cx.switch(SwitchCommand::StopClips { leg, playing });
            self.clips_ended(leg, playing, true);
        }
    }

    /// A recording of a caller is over.
    pub(crate) fn message_taken(&mut self, leg: LegId, message: MessageId, ms: Option<u64>) {
        if let Some(spoken) = self.spoken.remove(&message) {
            return self.save_message(message, spoken, ms.unwrap_or(0));
        }
        let Some(id) = self.caller_of(leg) else { return };
        let Some(caller) =
            self.callers.get_mut(&id).filter(|caller| caller.doing == Doing::Recording(message))
        else {
            return;
        };
        let ms = ms.unwrap_or(0);
        caller.doing = Doing::Nothing;
        let phone = caller.phone;
        if let Some(wish) = caller.mailbox.take() {
            self.save_message(message, Spoken { call: id, phone, wish }, ms);
        }
        self.tell_flow(id, Event::Recorded { name: message.to_string(), ms });
    }

    /// The answer to a look-up.
    pub(crate) fn looked_up(&mut self, lookup: LookUpId, finding: Finding) {
        match &finding {
            Finding::Booked { callback, is_on_record } => {
                self.booked(CallerCallback::clone(callback), *is_on_record);
            }
            Finding::Barred(is_barred) => return self.callback_cleared(lookup, *is_barred),
            Finding::Caller(_)
            | Finding::Failed
            | Finding::Full
            | Finding::Reply { .. }
            | Finding::Rows(_)
            | Finding::Timeout => {}
        }
        let Some(caller) = self.callers.get(&lookup.call) else { return };
        if caller.turn != lookup.turn || caller.doing != Doing::LookingUp {
            return;
        }
        if caller.course.is_none() {
            return self.say_goodbye(lookup.call, matches!(finding, Finding::Booked { .. }));
        }
        let event = match finding {
            Finding::Barred(_) => return,
            Finding::Booked { .. } => Event::Booking(Booking::Booked),
            Finding::Full => Event::Booking(Booking::Full),
            Finding::Caller(check) => Event::Caller(check),
            Finding::Failed => Event::Failed,
            Finding::Reply { status, body } => Event::HttpReply { status, body },
            Finding::Rows(rows) => Event::Found(rows),
            Finding::Timeout => Event::Timeout,
        };
        self.tell_flow(lookup.call, event);
    }

    /// A time that was set for what is being done is over.
    pub(crate) fn flow_time(&mut self, id: CallId, turn: u32) {
        let Some(caller) = self.callers.get(&id).filter(|caller| caller.turn == turn) else { return };
        match caller.doing {
            Doing::PickingUp if caller.is_up => self.tell_flow(id, Event::Done),
            Doing::PickingUp => self.pick_up_again(id),
            Doing::Playing if caller.course.is_none() => self.end_caller(id, Side::System),
            Doing::Playing => self.tell_flow(id, Event::PlayEnded),
            Doing::Listening => self.tell_flow(id, Event::Timeout),
            Doing::Recording(message) => {
                self.tell_flow(id, Event::Recorded { name: message.to_string(), ms: 0 });
            }
            Doing::Confirming(_) => self.tell_flow(id, Event::Booking(Booking::Declined)),
            Doing::LookingUp if caller.course.is_none() => self.say_goodbye(id, false),
            Doing::LookingUp => self.tell_flow(id, Event::Failed),
            Doing::Nothing | Doing::Dialling | Doing::Queueing => {}
        }
    }

    fn pick_up_again(&mut self, id: CallId) {
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let (leg, turn) = (caller.leg, caller.turn);
        caller.pick_ups += 1;
        if caller.pick_ups > PICK_UPS_MAX {
            return self.tell_flow(id, Event::Failed);
        }
        self.cx.switch(SwitchCommand::PickUp { leg });
        self.cx.arm_in(MARGIN, Timer::FlowTime(id, turn));
    }

    /// A look-up takes so long that the caller hears nothing.
    pub(crate) fn quiet(&mut self, id: CallId, turn: u32) {
        let is_waiting = |caller: &&Caller| caller.turn == turn && caller.doing == Doing::LookingUp;
        if self.callers.get(&id).filter(is_waiting).is_some() {
            self.pick_up(id);
            self.play_music(id);
        }
    }

    /// The wait in a queue ended otherwise than by a key.
    pub(crate) fn tell_queue_left(&mut self, id: CallId, exit: QueueExit) {
        let exit = match exit {
            QueueExit::Answered => FlowExit::Answered,
            QueueExit::Callback => FlowExit::Callback,
            QueueExit::Full => FlowExit::Full,
            QueueExit::LeftByKey => FlowExit::LeftByKey,
            QueueExit::NoAgents => FlowExit::NoAgents,
            QueueExit::Timeout => FlowExit::Timeout,
            QueueExit::Abandoned => return,
        };
        self.tell_flow(id, Event::QueueLeft(exit));
    }
}
