//! Queues at work: callers enter, wait, are told how long it will take, are given to agents, or leave.

use std::time::Duration;

use crate::agents::session::{AgentSession, AgentState, Wish};
use crate::command::{Clip, Notice};
use crate::engine::Engine;
use crate::flow::calendar::Opening;
use crate::flow::run::{Dialled, Event, QueueExit as FlowExit};
use crate::inbound::caller::{Caller, CallerState, Doing, WAITS_MAX, Waiting};
use crate::inbound::queue::{Needs, QueueRun, WAIT_MAX};
use crate::inbound::task::QueueWish;
use crate::model::incoming::{KeptPlace, QueueExit, QueueWait};
use crate::model::{AgentId, CallId, PauseReason, Phone, QueueId, Timestamp};
use crate::timers::Timer;

/// Announcements that come more often would be all that a caller hears.
const ANNOUNCE_EVERY_MIN: Duration = Duration::from_secs(10);
/// The first announcement follows the beginning of the music.
const ANNOUNCE_FIRST: Duration = Duration::from_secs(1);
/// A caller who could not be joined to an agent is joined to the next after this time: whatever was the matter may be
/// with their own leg.
const JOINED_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Engine {
    /// A caller wants to wait. The answer is that of a queue which does not take them; none when it does.
    pub(crate) fn enter_queue(&mut self, id: CallId, wish: QueueWish) -> Option<Event> {
        let now = self.cx.now;
        if let Some((priority, since)) = self.callers.get_mut(&id)?.resumes.take() {
            let callback_after =
                self.offered_after(&wish).map(|after| after.saturating_sub(now.since(since)));
            self.wait_in(id, QueueWish { priority, callback_after, ..wish }, since);
            return None;
        }
        let Some(run) = self.queues.get(&wish.queue) else { return Some(Event::Failed) };
        if let Some(exit) = self.turned_away(run) {
            self.note_refused(id, wish.queue, exit);
            if self.overflow(id, wish.queue, exit) {
                return None;
            }
            let exit = if exit == QueueExit::Full { FlowExit::Full } else { FlowExit::NoAgents };
            return Some(Event::QueueLeft(exit));
        }
        let caller = self.callers.get(&id)?;
        let is_overflow = caller.course.as_ref().is_some_and(|course| course.is_overflow);
        // What was waited before an agent took them is no part of this wait.
        let unanswered = caller.waits.iter().rev().take_while(|wait| wait.exit != QueueExit::Answered);
        let since = unanswered.last().filter(|_| is_overflow).map_or(now, |wait| wait.since);
        self.wait_in(id, wish, since);
        None
    }

    /// Whether a queue takes nobody at the moment, and why.
    pub(crate) fn turned_away(&self, run: &QueueRun) -> Option<QueueExit> {
        let calendar = run.settings.calendar.and_then(|id| self.shelf.calendar(&id.to_string()));
        let is_closed = calendar.is_some_and(|calendar| calendar.at(self.cx.wall) != Opening::Open);
        if is_closed || (!run.settings.no_agents.may_enter && !self.has_agents_at_work(run.id)) {
            return Some(QueueExit::NoAgents);
        }
        run.is_full().then_some(QueueExit::Full)
    }

    /// Whether anybody takes this queue's callers now or after what they have in hand.
    pub(crate) fn has_agents_at_work(&self, queue: QueueId) -> bool {
        self.sessions.values().any(|session| is_at_work(session) && session.settings.queues.contains(&queue))
    }

    /// A caller waits in a queue, since `since`.
    pub(crate) fn wait_in(&mut self, id: CallId, wish: QueueWish, since: Timestamp) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get(&id) else { return };
        let (phone, turn) = (caller.phone, caller.turn);
        let home = caller.home.filter(|home| home.is_sought).map(|home| (home.agent, now));
        let asked_for =
            wish.prefer_agent.as_ref().and_then(|agent| Some((agent.parse().ok()?, now + WAIT_MAX)));
        let prefer = self.preferred(wish.queue, phone, asked_for.or(home));
        let offered_after = self.offered_after(&wish);
        let Some(run) = self.queues.get_mut(&wish.queue) else { return };
        let mut skills = run.settings.skills.clone();
        skills.extend(wish.skills);
        let needs = Needs { skills, prefer };
        let priority = u16::from(run.settings.priority) + wish.priority;
        let place = run.enter(id, since, priority);
        let position = run.position(place);
        let announce = wish.announce.unwrap_or_else(|| run.settings.announce.clone());
        let limits = [wish.max_wait, run.settings.max_wait].into_iter().flatten();
        let wait_max = limits.fold(WAIT_MAX, Duration::min).saturating_sub(now.since(since));
        for after in needs.turning_points(&run.settings, since) {
            self.cx.timers.arm(since + after, Timer::QueueLook(id, turn));
        }
        if let Some(offer) = offered_after {
            self.cx.arm_in(offer, Timer::OfferCallback(id, turn));
        }
        if announce.position || announce.wait {
            self.cx.arm_in(ANNOUNCE_FIRST, Timer::Announce(id, turn));
        }
        self.cx.arm_in(wait_max, Timer::QueueOver(id, turn));
        if let Some(caller) = self.callers.get_mut(&id) {
            let queue = wish.queue;
            let waiting = Waiting::new(queue, place, needs, position, turn);
            caller.waiting = Some(Waiting { announce, ..waiting });
            caller.queue = Some(queue);
            caller.enter(CallerState::Queued, now);
        }
        self.cx.notice(Notice::CallerQueued { call: id, queue: wish.queue });
        self.mark(id);
        self.seek_agent_for_caller(id);
    }

    /// After what wait a caller is offered to be called back, if ever.
    fn offered_after(&self, wish: &QueueWish) -> Option<Duration> {
        let of_queue = || Some(self.queues.get(&wish.queue)?.settings.callback?.after);
        wish.callback_after.or_else(of_queue)
    }

    /// The agent whom a caller waits for, and until when nobody else will do: `wished`, or the one who knows them. Only
    /// somebody who is at work is waited for.
    pub(crate) fn preferred(
        &self,
        queue: QueueId,
        phone: Option<Phone>,
        wished: Option<(AgentId, Timestamp)>,
    ) -> Option<(AgentId, Timestamp)> {
        let now = self.cx.now;
        let sticky = || {
            let sticky = self.queues.get(&queue)?.settings.sticky?;
            Some((self.familiar.agent(phone?, sticky.within, now)?, now + sticky.wait))
        };
        wished.or_else(sticky).filter(|(agent, _)| self.sessions.get(agent).is_some_and(is_at_work))
    }

    /// A waiting caller is given to whoever is free and suits.
    pub(crate) fn seek_agent_for_caller(&mut self, id: CallId) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get(&id).filter(|caller| self.may_be_served(caller)) else { return };
        let Some(waiting) = caller.waiting.as_ref().filter(|waiting| waiting.offered.is_empty()) else {
            return;
        };
        let Some(run) = self.queues.get(&waiting.queue) else { return };
        let since = waiting.place.since;
        let ready = run.ready.iter().filter_map(|(_, agent)| self.sessions.get(agent));
        let suitable: Vec<&AgentSession> =
            ready.filter(|session| waiting.needs.suit(session, &run.settings, since, now)).collect();
        let chosen = run.choose(&waiting.needs, &suitable);
        for agent in chosen {
            self.offer(id, agent);
        }
    }

    /// An agent who has just become free takes the first caller whom they suit. Says whether there was one.
    pub(crate) fn serve_queues(&mut self, agent: AgentId) -> bool {
        let now = self.cx.now;
        let Some(session) = self.sessions.get(&agent).filter(|session| session.state == AgentState::Ready)
        else {
            return false;
        };
        let queues = session.settings.queues.iter().filter_map(|queue| self.queues.get(queue));
        let first = queues.filter_map(|run| {
            run.waiting().find(|(place, call)| {
                let caller = self.callers.get(call).filter(|caller| self.may_be_served(caller));
                let Some(waiting) = caller.and_then(|caller| caller.waiting.as_ref()) else { return false };
                let is_free =
                    waiting.offered.is_empty() || run.settings.strategy == crate::model::Strategy::RingAll;
                is_free && waiting.needs.suit(session, &run.settings, place.since, now)
            })
        });
        let Some((_, call)) = first.min() else { return false };
        self.offer(call, agent);
        true
    }

    /// Whether a caller waits and is there, or may be called back at this moment.
    fn may_be_served(&self, caller: &Caller) -> bool {
        let is_due = caller.waiting.as_ref().is_some_and(|waiting| waiting.not_before <= self.cx.now);
        let is_reachable = !caller.is_at_home() || self.may_ring_back(caller);
        caller.state == CallerState::Queued && is_due && is_reachable
    }

    /// Gives a caller to an agent: at once when their phone is up, or by ringing it.
    fn offer(&mut self, id: CallId, agent: AgentId) {
        let Some(session) = self.sessions.get(&agent).filter(|session| session.state == AgentState::Ready)
        else {
            return;
        };
        let is_up = session.phone.is_up();
        let Some(waiting) = self.callers.get_mut(&id).and_then(|caller| caller.waiting.as_mut()) else {
            return;
        };
        let Some(run) = self.queues.get_mut(&waiting.queue) else { return };
        run.note_asked(agent);
        let ring_timeout = run.settings.ring_timeout;
        waiting.offered.push(agent);
        if is_up {
            return self.agent_takes(agent, id);
        }
        self.reserve_for_caller(agent, id);
        self.ring_agent_for(agent, ring_timeout);
    }

    /// An agent has picked up, or was up all the time: the caller is theirs, and nobody else's phone rings any more.
    pub(crate) fn agent_takes(&mut self, agent: AgentId, id: CallId) {
        let state = self.callers.get(&id).map(|caller| &caller.state);
        if state == Some(&CallerState::Dialling) {
            return self.agent_picked_up(agent, id);
        }
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.state == CallerState::Queued)
        else {
            return self.let_agent_of_go(agent, id, true, Duration::ZERO);
        };
        let offered = caller.waiting.as_mut().map(|waiting| std::mem::take(&mut waiting.offered));
        // Whatever their flow had for them is over.
        caller.next_turn(Doing::Queueing);
        if self.callers.get(&id).is_some_and(Caller::is_at_home) {
            self.ring_back(id, agent);
        } else {
            self.join_caller(id, agent);
        }
        for other in offered.into_iter().flatten().filter(|other| *other != agent) {
            self.let_agent_of_go(other, id, true, Duration::ZERO);
        }
    }

    /// An agent did not pick up. The caller keeps their place; whoever misses too many is paused.
    pub(crate) fn agent_missed(&mut self, agent: AgentId, id: CallId) {
        let Some(waiting) = self.callers.get_mut(&id).and_then(|caller| caller.waiting.as_mut()) else {
            return;
        };
        waiting.offered.retain(|offered| *offered != agent);
        let queue = waiting.queue;
        self.count_miss(agent, queue);
        // Others come first; then whoever missed, at the end of the idle.
        self.seek_agent_for_caller(id);
        self.settle_agent(agent);
    }

    /// An agent has missed a caller, by the rules of this queue.
    pub(crate) fn count_miss(&mut self, agent: AgentId, queue: QueueId) {
        let misses_max = self.queues.get(&queue).map_or(0, |run| run.settings.misses_max);
        self.cx.notice(Notice::AgentMissed { agent, queue });
        let Some(session) = self.sessions.get_mut(&agent) else { return };
        session.misses = session.misses.saturating_add(1);
        if misses_max > 0 && session.misses >= misses_max && session.wish == Wish::Ready {
            session.misses = 0;
            session.wish = Wish::Pause(PauseReason::Missed);
        }
    }

    /// A caller who was being joined to an agent waits again, at their old place.
    pub(crate) fn return_to_queue(&mut self, id: CallId) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id).filter(|caller| caller.state == CallerState::Joining)
        else {
            return;
        };
        let agent = caller.agent.take();
        caller.joins = 0;
        let waits = caller.waiting.is_some();
        caller.enter(if waits { CallerState::Queued } else { CallerState::Guided }, now);
        if let Some(waiting) = caller.waiting.as_mut() {
            waiting.offered.clear();
            waiting.not_before = now + JOINED_AGAIN_AFTER;
            self.cx.arm_in(JOINED_AGAIN_AFTER, Timer::QueueLook(id, waiting.turn));
        }
        if !waits {
            self.play_music(id);
        }
        if let Some(agent) = agent {
            // Whoever could not be joined is not tried again at once: they are lost until their phone shows otherwise.
            self.set_agent_state(agent, AgentState::Lost);
            self.change_room(agent);
        }
        if waits {
            self.seek_agent_for_caller(id);
            if self.callers.get(&id).is_some_and(|caller| caller.state == CallerState::Queued) {
                self.tell_flow(id, Event::Waiting);
            }
        } else if !self.dial_over(id, Dialled::NoAnswer) && !self.bring_home(id) {
            self.apologise(id);
        }
        if let Some(agent) = agent {
            self.settle_agent(agent);
        }
    }

    /// A caller no longer waits. Whoever's phone rings for them is let go.
    pub(crate) fn leave_queue(&mut self, id: CallId, exit: QueueExit) {
        let now = self.cx.now;
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let Some(waiting) = caller.waiting.take() else { return };
        let waited = now.since(waiting.place.since);
        let queue = waiting.queue;
        if matches!(exit, QueueExit::Callback | QueueExit::LeftByKey) {
            let since = self.cx.wall - waited;
            let (priority, skills) = (waiting.place.priority(), waiting.needs.skills);
            caller.left = Some((queue, KeptPlace { since, priority, skills }));
        }
        caller.note_wait(QueueWait { queue, since: waiting.place.since, waited, exit });
        if caller.state == CallerState::Queued {
            caller.enter(CallerState::Guided, now);
        }
        if let Some(run) = self.queues.get_mut(&queue) {
            run.leave(waiting.place);
            run.wait_over(exit, waiting.position, waited);
            if let (QueueExit::Answered, Some(agent)) = (exit, caller.agent) {
                run.note_served(agent);
            }
        }
        self.cx.notice(Notice::CallerUnqueued { call: id, queue, exit, waited });
        self.stop_music(id);
        // Whoever talks stays marked with the queue: another daemon must know whose wrap-up follows.
        if exit != QueueExit::Answered {
            self.mark(id);
        }
        for agent in waiting.offered {
            self.let_agent_of_go(agent, id, true, Duration::ZERO);
        }
    }

    fn note_refused(&mut self, id: CallId, queue: QueueId, exit: QueueExit) {
        let since = self.cx.now;
        if let Some(run) = self.queues.get_mut(&queue) {
            run.wait_over(exit, 1, Duration::ZERO);
        }
        if let Some(caller) = self.callers.get_mut(&id) {
            caller.note_wait(QueueWait { queue, since, waited: Duration::ZERO, exit });
        }
        self.cx.notice(Notice::CallerUnqueued { call: id, queue, exit, waited: Duration::ZERO });
    }

    /// A caller goes where the queue sends those whom it does not keep, unless the flow has a way of its own for it.
    /// Says whether they did.
    fn overflow(&mut self, id: CallId, queue: QueueId, exit: QueueExit) -> bool {
        let Some(to) = self.queues.get(&queue).and_then(|run| run.settings.overflow) else { return false };
        let Some(caller) = self.callers.get(&id).filter(|caller| caller.waits.len() < WAITS_MAX) else {
            return false;
        };
        let has_own_way = caller.course.as_ref().is_some_and(|course| {
            self.shelf.around(course.edition).is_some_and(|around| course.run.leads(around, exit.as_str()))
        });
        if has_own_way {
            return false;
        }
        let language = caller.facts(0).locale;
        let Some(edition) = self.shelf.open_overflow(to, language.as_deref()) else { return false };
        self.begin_flow(id, edition, true);
        true
    }

    /// A caller leaves a queue that keeps them no longer.
    fn give_up_waiting(&mut self, id: CallId, exit: QueueExit) {
        let Some(queue) = self.callers.get(&id).and_then(|caller| Some(caller.waiting.as_ref()?.queue))
        else {
            return;
        };
        self.leave_queue(id, exit);
        if !self.overflow(id, queue, exit) {
            self.tell_queue_left(id, exit);
        }
    }

    /// The longest wait is over.
    pub(crate) fn queue_over(&mut self, id: CallId, turn: u32) {
        if self.waits(id, turn) {
            self.give_up_waiting(id, QueueExit::Timeout);
        }
    }

    /// A caller may suit somebody whom they did not suit before.
    pub(crate) fn queue_look(&mut self, id: CallId, turn: u32) {
        if self.waits(id, turn) {
            self.seek_agent_for_caller(id);
        }
    }

    /// Whether a caller still waits as they did when a timer was armed.
    fn waits(&self, id: CallId, turn: u32) -> bool {
        let caller = self.callers.get(&id).filter(|caller| caller.state == CallerState::Queued);
        caller.and_then(|caller| caller.waiting.as_ref()).is_some_and(|waiting| waiting.turn == turn)
    }

    /// It is time to tell a waiting caller their place, which happens between the prompts of their flow.
    pub(crate) fn announce(&mut self, id: CallId, turn: u32) {
        if !self.waits(id, turn) {
            return;
        }
        let Some(caller) = self.callers.get_mut(&id) else { return };
        let is_spoken_to = caller.playing.is_some() && caller.doing != Doing::Queueing;
        let Some(waiting) = caller.waiting.as_mut() else { return };
        waiting.is_to_be_told = true;
        if let Some(every) = waiting.announce.every {
            self.cx.arm_in(every.max(ANNOUNCE_EVERY_MIN), Timer::Announce(id, turn));
        }
        if !is_spoken_to {
            self.tell_place(id);
        }
    }

    /// Tells a waiting caller their place and how long it will take, if it is time. Says whether there was anything.
    pub(crate) fn tell_place(&mut self, id: CallId) -> bool {
        let Some(waiting) = self.callers.get_mut(&id).and_then(|caller| caller.waiting.as_mut()) else {
            return false;
        };
        if !std::mem::take(&mut waiting.is_to_be_told) {
            return false;
        }
        let Some(run) = self.queues.get(&waiting.queue) else { return false };
        let position = run.position(waiting.place);
        let told = &waiting.announce;
        let estimate = run.estimate(position).filter(|_| told.wait);
        let clips = announcement(told.position.then_some(position), estimate);
        if clips.is_empty() {
            return false;
        }
        self.play(id, clips);
        true
    }

    /// Offers a waiting caller to be called back. A flow that entertains them has keys and an offer of its own.
    pub(crate) fn offer_callback(&mut self, id: CallId, turn: u32) {
        let may_be_called = |caller: &&Caller| {
            caller.doing == Doing::Queueing && caller.phone.is_some() && self.waits(id, turn)
        };
        let Some(caller) = self.callers.get(&id).filter(may_be_called) else { return };
        let text = if caller.locale.starts_with("fr") {
            "Pour être rappelé, tapez 1."
        } else {
            "To be called back, press 1."
        };
        let clip = Clip::Speech { text: text.to_owned(), locale: caller.locale.clone(), voice: None };
        if let Some(waiting) = self.callers.get_mut(&id).and_then(|caller| caller.waiting.as_mut()) {
            waiting.is_offered = true;
        }
        self.play(id, vec![clip]);
    }

    /// Queues whose agents changed: where nobody is left at work, callers may have to leave.
    pub(crate) fn look_after_queues(&mut self) {
        while let Some(queue) = self.stirred_queues.pop_first() {
            let must_leave = |run: &&QueueRun| run.settings.no_agents.must_leave && run.len() > 0;
            let Some(run) = self.queues.get(&queue).filter(must_leave) else { continue };
            if self.has_agents_at_work(queue) {
                continue;
            }
            // Whoever waits at home loses nothing by it, and whoever is on the way to an agent has found one.
            let waits_here = |call: &CallId| {
                let caller = self.callers.get(call).filter(|caller| caller.state == CallerState::Queued);
                caller.is_some_and(|caller| !caller.is_at_home())
            };
            let leaving: Vec<CallId> = run.waiting().map(|(_, call)| call).filter(waits_here).collect();
            for call in leaving {
                self.give_up_waiting(call, QueueExit::NoAgents);
            }
        }
    }

    /// Queues in which this agent is free, in step with their state.
    pub(crate) fn index_in_queues(&mut self, agent: AgentId, left: Timestamp) {
        let Some(session) = self.sessions.get(&agent) else { return };
        let is_ready = session.state == AgentState::Ready;
        for queue in &session.settings.queues {
            let Some(run) = self.queues.get_mut(queue) else { continue };
            run.ready.remove(&(left, agent));
            if is_ready {
                run.ready.insert((session.since, agent));
            }
            self.stirred_queues.insert(*queue);
        }
    }

    /// Whether campaigns leave a free agent alone, because a queue keeps as many free.
    pub(crate) fn is_kept_free(&self, session: &AgentSession) -> bool {
        session.settings.queues.iter().filter_map(|queue| self.queues.get(queue)).any(|run| {
            let kept = usize::from(run.settings.blending.kept_free);
            run.ready.len() < kept
        })
    }
}

/// Whether an agent takes callers now or after what they have in hand.
fn is_at_work(session: &AgentSession) -> bool {
    session.wish == Wish::Ready && !matches!(session.state, AgentState::Lost)
}

/// What a waiting caller is told. Asterisk's own sounds, which are there in French and English.
fn announcement(position: Option<u32>, wait: Option<Duration>) -> Vec<Clip> {
    let sound = |name: &str| Clip::Sound(format!("sound:{name}"));
    let mut clips = match position {
        None => Vec::new(),
        Some(1) => vec![sound("queue-youarenext")],
        Some(position) => {
            vec![sound("queue-thereare"), Clip::Number(position.to_string()), sound("queue-callswaiting")]
        }
    };
    if let Some(wait) = wait {
        // Rounded up to whole minutes: nobody is told less than it will take.
        let minutes = wait.as_secs().div_ceil(60).max(1);
        let unit = if minutes == 1 { "queue-minute" } else { "queue-minutes" };
        clips.extend([sound("queue-holdtime"), Clip::Number(minutes.to_string()), sound(unit)]);
    }
    clips
}
