//! The interpreter: a flow, where a call is in it, what happened, what time it is; and what to do next.
//!
//! [`Run::handle`] is a function of its arguments and of the run. It never waits, never asks a clock and never
//! panics; the limits below end every circle, whatever the document says.

mod bookmark;
mod enter;
mod gather;
mod resume;
mod scope;
mod step;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use bookmark::{Bookmark, VARIABLES_BYTES_MAX};
pub use step::{Booking, Clip, Dialled, Ending, Event, Listening, QueueExit, RecordWish, Request, Step};

use self::gather::Gather;
use self::scope::CallScope;
use super::calendar::Calendar;
use super::expression::{Expression, NoValue};
use super::name::Name;
use super::node::ERROR;
use super::nodes::HangupReason;
use super::prepared::{Library, Prepared, PreparedNode};
use super::value::Value;
use crate::model::Timestamp;

/// Nodes that one call may pass: hours of menus, and an end to what never ends.
pub const PASSAGES_MAX: u32 = 10_000;
/// Nodes that a call may pass without anybody being waited for.
pub const RESTLESS_MAX: u32 = 1_000;
/// Nodes that a call may pass to find its way out once it has reached a limit.
const PASSAGES_AFTER_LIMIT: u32 = 100;
/// How long a call may be in a flow.
pub const TIME_MAX: Duration = Duration::from_secs(4 * 3_600);
/// How deep flows may call each other.
pub const DEPTH_MAX: usize = 8;

/// What is known of a call before its flow begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The caller's number, empty when it is withheld.
    pub caller: String,
    /// The number that was called.
    pub did: String,
    /// The language to begin with; by default the flow's first.
    pub locale: Option<String>,
    /// The caller's country, as in `FR`.
    pub country: Option<String>,
    /// The language that the caller chose last time.
    pub last_locale: Option<String>,
    /// A number drawn for this call.
    pub chance: u64,
}

/// What surrounds a run: nothing in it changes what a flow means, only where it leads.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// The flows that the call can be in.
    pub library: &'a Library,
    /// Opening hours, by id.
    pub calendars: &'a BTreeMap<String, Calendar>,
}

/// A node was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage<'a> {
    /// When.
    pub at: Timestamp,
    /// The flow.
    pub flow: &'a str,
    /// The node.
    pub node: &'a Name,
    /// By which outlet.
    pub outlet: &'a str,
}

/// A call on its way through its flow.
#[derive(Clone, Debug)]
pub struct Run {
    facts: Facts,
    locale: String,
    began: Timestamp,
    /// The flow that the call is in, last, and those that called it. Never empty.
    frames: Vec<Frame>,
    passages_left: u32,
    restless_left: u32,
    has_reached_limit: bool,
    has_hung_up: bool,
    ending: Option<Ending>,
}

/// Where a call is in one flow.
#[derive(Clone, Debug)]
struct Frame {
    flow: usize,
    node: usize,
    place: Place,
    variables: Vec<Option<Value>>,
    /// Variables that hold something secret, or what was made of it, by place.
    secrets: BTreeSet<usize>,
}

/// Where a call is in one node.
#[derive(Clone, Debug)]
enum Place {
    /// A step is being carried out whose answer ends the node.
    Acting,
    /// The caller is being asked.
    Asking(Gather),
    /// A prompt is played before something else.
    Introducing,
    /// A prompt is played, and again so many times.
    Playing { again: u32 },
    /// The caller waits for an agent.
    Queueing { since: Timestamp },
    /// A question of a survey is being asked.
    Surveying { question: usize, gather: Gather, answers: Vec<(Name, Value)> },
}

impl Run {
    /// A call that is about to enter the library's first flow. Nothing happens before [`Event::Begun`].
    pub fn new(around: Surroundings<'_>, facts: Facts, now: Timestamp) -> Self {
        let flow = around.library.flow(0);
        let locales = flow.map(|flow| flow.envelope.locales.as_slice()).unwrap_or_default();
        let wanted = facts.locale.as_ref().filter(|wanted| locales.contains(wanted));
        let locale = wanted.or(locales.first()).cloned().unwrap_or_default();
        Self {
            facts,
            locale,
            began: now,
            frames: vec![Frame::new(0, flow)],
            passages_left: PASSAGES_MAX,
            restless_left: RESTLESS_MAX,
            has_reached_limit: false,
            has_hung_up: false,
            ending: None,
        }
    }

    /// Takes an event, and says what to do next. The nodes that are left meanwhile are added to `trace`.
    pub fn handle<'a>(
        &mut self,
        around: Surroundings<'a>,
        event: Event,
        now: Timestamp,
        trace: &mut Vec<Passage<'a>>,
    ) -> Step<'a> {
        Turn { run: self, around, now, trace }.take(event)
    }

    /// The node that the call is in.
    pub fn node<'a>(&self, around: Surroundings<'a>) -> Option<&'a Name> {
        let frame = self.frames.last()?;
        Some(&around.library.flow(frame.flow)?.nodes.get(frame.node)?.id)
    }

    /// Whether the node that the call is in has a way of its own by this outlet: the queue, for whoever waits.
    pub fn leads(&self, around: Surroundings<'_>, outlet: &str) -> bool {
        let frame = self.queue_frame().and_then(|queue| self.frames.get(queue)).or(self.frames.last());
        let node = frame.and_then(|frame| around.library.flow(frame.flow)?.nodes.get(frame.node));
        node.is_some_and(|node| node.exit(outlet).is_some())
    }

    /// Whether the caller waits for an agent, as far as the flow knows.
    pub fn is_queueing(&self) -> bool {
        self.queue_frame().is_some()
    }

    /// The frame of the queue in which the caller waits. Those after it entertain them.
    fn queue_frame(&self) -> Option<usize> {
        self.frames.iter().position(|frame| matches!(frame.place, Place::Queueing { .. }))
    }

    /// The language being spoken.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// The variables of the first flow that hold something, with what may be shown of them.
    pub fn variables<'a>(&self, around: Surroundings<'a>) -> Vec<(&'a Name, Value)> {
        let Some(frame) = self.frames.first() else { return Vec::new() };
        let slots = around.library.flow(frame.flow).map(|flow| flow.slots.as_slice()).unwrap_or_default();
        slots
            .iter()
            .zip(&frame.variables)
            .filter_map(|(slot, value)| {
                let value = value.as_ref()?;
                let shown = if slot.is_secret { Value::Text("***".to_owned()) } else { value.clone() };
                Some((&slot.name, shown))
            })
            .collect()
    }
}

impl Frame {
    fn new(place: usize, flow: Option<&Prepared>) -> Self {
        let slots = flow.map(|flow| flow.slots.as_slice()).unwrap_or_default();
        let variables = slots.iter().map(|slot| slot.initial.clone()).collect();
        let secrets = slots.iter().zip(0..).filter(|(slot, _)| slot.is_secret).map(|(_, place)| place);
        Self { flow: place, node: 0, place: Place::Acting, variables, secrets: secrets.collect() }
    }

    /// Whether an expression reads something secret.
    fn reads_secret(&self, flow: &Prepared, expression: &Expression) -> bool {
        let is_secret = |name| flow.slot(name).is_some_and(|slot| self.secrets.contains(&slot));
        !self.secrets.is_empty() && expression.reads().any(is_secret)
    }
}

/// One event on its way through a run.
struct Turn<'a, 'r> {
    run: &'r mut Run,
    around: Surroundings<'a>,
    now: Timestamp,
    trace: &'r mut Vec<Passage<'a>>,
}

/// What follows from leaving or entering a node.
enum Move<'a> {
    /// The call goes to a node.
    Enter(usize),
    /// Something has to be done first.
    Stop(Step<'a>),
}

impl<'a> Turn<'a, '_> {
    fn take(&mut self, event: Event) -> Step<'a> {
        if let Some(ending) = self.run.ending {
            return Step::End { ending, cause: HangupReason::Normal };
        }
        if matches!(event, Event::QueueLeft(_)) {
            self.end_wait_flow();
        }
        let mut next = match event {
            Event::HangUp => self.hang_up(),
            _ if self.now.since(self.run.began) > TIME_MAX => self.reach_limit(),
            event => self.resume(event),
        };
        loop {
            next = match next {
                Move::Enter(node) => self.pass(node),
                Move::Stop(step) if self.run.has_hung_up && step.needs_caller() => self.end(Ending::Left),
                Move::Stop(step) => {
                    if !self.run.has_reached_limit {
                        self.run.restless_left = RESTLESS_MAX;
                    }
                    return step;
                }
            };
        }
    }

    /// Enters a node, unless the call has passed too many.
    fn pass(&mut self, node: usize) -> Move<'a> {
        if self.run.passages_left == 0 || self.run.restless_left == 0 {
            return if self.end_wait_flow() { self.wait_on() } else { self.reach_limit() };
        }
        self.run.passages_left -= 1;
        self.run.restless_left -= 1;
        if let Some(frame) = self.run.frames.last_mut() {
            frame.node = node;
            frame.place = Place::Acting;
        }
        self.enter()
    }

    /// The call has gone on for too long: it takes the exit for errors, once.
    fn reach_limit(&mut self) -> Move<'a> {
        if self.run.has_reached_limit {
            return self.end(Ending::Error);
        }
        self.run.has_reached_limit = true;
        self.leave_way_out();
        self.run.began = self.now;
        self.fail()
    }

    fn leave_way_out(&mut self) {
        self.run.passages_left = PASSAGES_AFTER_LIMIT;
        self.run.restless_left = PASSAGES_AFTER_LIMIT;
    }

    /// Ends the flow that entertains a waiting caller. Says whether there was one.
    fn end_wait_flow(&mut self) -> bool {
        let Some(queue) = self.run.queue_frame().filter(|queue| queue + 1 < self.run.frames.len()) else {
            return false;
        };
        self.run.frames.truncate(queue + 1);
        true
    }

    /// Nothing entertains a waiting caller any more.
    fn wait_on(&mut self) -> Move<'a> {
        self.leave_way_out();
        Move::Stop(Step::Wait)
    }

    /// The caller has gone: what needs no caller can still be settled.
    fn hang_up(&mut self) -> Move<'a> {
        if self.run.has_hung_up {
            return self.end(Ending::Left);
        }
        self.run.has_hung_up = true;
        let on_hangup = self.around.library.flow(0).and_then(|flow| flow.on_hangup);
        match on_hangup {
            Some(node) => {
                self.run.frames.truncate(1);
                Move::Enter(node)
            }
            None => self.end(Ending::Left),
        }
    }

    fn end(&mut self, ending: Ending) -> Move<'a> {
        self.end_with(ending, HangupReason::Normal)
    }

    fn end_with(&mut self, ending: Ending, cause: HangupReason) -> Move<'a> {
        let ending = if self.run.has_hung_up { Ending::Left } else { ending };
        self.run.ending = Some(ending);
        Move::Stop(Step::End { ending, cause })
    }

    /// Leaves the node by an outlet. One that leads nowhere is an error.
    fn leave(&mut self, outlet: &'a str) -> Move<'a> {
        let Some((flow, node)) = self.position() else { return self.end(Ending::Error) };
        match node.exit(outlet) {
            Some(target) => {
                self.note(flow, node, outlet);
                Move::Enter(target)
            }
            None => self.fail(),
        }
    }

    /// Leaves the node by an outlet, or ends the call where the outlet may stay open.
    fn leave_or_end(&mut self, outlet: &'a str, ending: Ending) -> Move<'a> {
        match self.position() {
            Some((flow, node)) if node.exit(outlet).is_none() => {
                self.note(flow, node, outlet);
                self.end(ending)
            }
            _ => self.leave(outlet),
        }
    }

    /// Leaves the node by its exit for errors, by the flow's, or by that of the flow that called it.
    fn fail(&mut self) -> Move<'a> {
        loop {
            let Some((flow, node)) = self.position() else { return self.end(Ending::Error) };
            self.note(flow, node, ERROR);
            let current = self.run.frames.last().map(|frame| frame.node);
            // A node that is there for errors and fails itself would be entered again and again.
            let default = flow.on_error.filter(|on_error| Some(*on_error) != current);
            if let Some(target) = node.error_exit().or(default) {
                return Move::Enter(target);
            }
            if self.run.frames.len() < 2 {
                return self.end(Ending::Error);
            }
            self.run.frames.pop();
            // Whoever waits keeps their place, whatever becomes of what entertains them.
            if self.run.queue_frame().is_some_and(|queue| queue + 1 == self.run.frames.len()) {
                return Move::Stop(Step::Wait);
            }
        }
    }

    fn note(&mut self, flow: &'a Prepared, node: &'a PreparedNode, outlet: &'a str) {
        self.trace.push(Passage { at: self.now, flow: flow.id(), node: &node.id, outlet });
    }

    /// The flow and the node that the call is in.
    fn position(&self) -> Option<(&'a Prepared, &'a PreparedNode)> {
        let frame = self.run.frames.last()?;
        let flow = self.around.library.flow(frame.flow)?;
        Some((flow, flow.nodes.get(frame.node)?))
    }

    /// Waits in the node for the answer to a step.
    fn stay(&mut self, place: Place, step: Step<'a>) -> Move<'a> {
        if let Some(frame) = self.run.frames.last_mut() {
            frame.place = place;
        }
        Move::Stop(step)
    }

    /// What expressions can read, at this moment and in this flow.
    fn scope<'s>(&'s self, input: Option<&'s str>) -> Result<CallScope<'s>, NoValue> {
        let gone = || NoValue("the flow is gone".to_owned());
        let frame = self.run.frames.last().ok_or_else(gone)?;
        Ok(CallScope {
            flow: self.around.library.flow(frame.flow).ok_or_else(gone)?,
            variables: &frame.variables,
            facts: &self.run.facts,
            locale: &self.run.locale,
            now: self.now,
            input,
        })
    }

    fn evaluate(&self, expression: &Expression) -> Result<Value, NoValue> {
        expression.evaluate(&self.scope(None)?)
    }

    /// Whether an expression reads something secret.
    fn reads_secret(&self, expression: &Expression) -> bool {
        let frame = self.run.frames.last();
        frame.zip(self.position()).is_some_and(|(frame, (flow, _))| frame.reads_secret(flow, expression))
    }

    /// What a variable of the flow that the call is in holds is secret.
    fn keep_secret(&mut self, name: &Name) {
        let slot = self.position().and_then(|(flow, _)| flow.slot(name.as_str()));
        if let (Some(slot), Some(frame)) = (slot, self.run.frames.last_mut()) {
            frame.secrets.insert(slot);
        }
    }

    /// Sets a variable of the flow that the call is in.
    fn set(&mut self, name: &Name, value: Value) -> Result<(), NoValue> {
        let (flow, _) = self.position().ok_or_else(|| NoValue("the flow is gone".to_owned()))?;
        let slot = flow.slot(name.as_str()).ok_or_else(|| NoValue(format!("there is no variable {name}")))?;
        let value_type = flow.slots.get(slot).and_then(|slot| slot.value_type);
        let value = match value_type {
            Some(value_type) => value.into_type(value_type),
            None => Some(value),
        };
        let value = value.filter(Value::fits).ok_or_else(|| NoValue(format!("{name} cannot hold it")))?;
        let place = self.run.frames.last_mut().and_then(|frame| frame.variables.get_mut(slot));
        if let Some(place) = place {
            *place = Some(value);
        }
        Ok(())
    }
}
