//! A flow in virtual time, with a caller who does what is written down.
//!
//! A recorded sound lasts as long as it is, spoken text 60 ms a character, a value that is read out 500 ms an item,
//! an answer its delay; everything else takes no time unless a mock says so.

mod caller;
mod input;
mod saved_test;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value as Json;

pub use self::input::{Act, HttpMock, Input, Mocks, QueueMock, SpokenMock};
pub use self::saved_test::{Expected, SavedTest};

use self::caller::Caller;
use super::calendar::Calendar;
use super::defaults::{ANSWER_MAX_S, MESSAGE_MAX_S};
use super::nodes::{CallerCheck, Voicemail};
use super::prepared::Library;
use super::prompt::SayAs;
use super::run::{
    Booking, Clip, Dialled, Ending, Event, Facts, Passage, QueueExit, RecordWish, Request, Run, Step,
    Surroundings,
};
use super::value::Value;
use super::world::{SAY_MS_PER_ITEM, World, speech_ms};
use crate::model::Timestamp;

/// How long a caller waits in a queue that sets no limit, in milliseconds.
const QUEUE_WAIT_MS_MAX: u64 = 3_600_000;

/// What happened in a simulated call.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The nodes that were left, in order.
    pub passages: Vec<Line>,
    /// How it ended.
    pub end: EndLine,
}

/// A node was left.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// When, in milliseconds after the beginning.
    pub t_ms: u64,
    /// Which node.
    pub node: String,
    /// By which outlet.
    pub outlet: String,
    /// What the caller heard in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

/// The call ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EndLine {
    /// When, in milliseconds after the beginning.
    pub t_ms: u64,
    /// How.
    pub end: Ending,
    /// In which node.
    pub node: Option<String>,
    /// What the variables hold.
    pub vars: BTreeMap<String, Value>,
}

/// Carries a simulated call through the first flow of a library.
pub fn simulate(library: &Library, world: &World, input: &Input) -> Trace {
    let none = BTreeMap::new();
    let calendars: &BTreeMap<String, Calendar> = world.calendars.as_ref().unwrap_or(&none);
    let around = Surroundings { library, calendars };
    let begin = Timestamp::from_millis(input.at.as_millisecond());
    let facts = Facts {
        caller: input.caller.clone(),
        did: input.did.clone(),
        locale: input.locale.clone(),
        country: input.country.clone(),
        last_locale: input.last_locale.clone(),
        chance: input.chance,
    };
    let simulation = Simulation {
        around,
        world,
        input,
        caller: Caller::new(&input.keys, input.hangup_t_ms),
        run: Run::new(around, facts, begin),
        begin,
        now_ms: 0,
        wait: None,
        noted: Vec::new(),
        passages: Vec::new(),
        said: Vec::new(),
        heard: None,
    };
    simulation.play()
}

struct Simulation<'a> {
    around: Surroundings<'a>,
    world: &'a World,
    input: &'a Input,
    caller: Caller,
    run: Run,
    begin: Timestamp,
    now_ms: u64,
    /// When the wait for an agent is over, and how.
    wait: Option<(u64, Event)>,
    /// What the interpreter noted last.
    noted: Vec<Passage<'a>>,
    passages: Vec<Line>,
    /// What has been heard in the node.
    said: Vec<String>,
    /// How many nodes had been left when the caller last began to listen.
    heard: Option<usize>,
}

impl<'a> Simulation<'a> {
    fn play(mut self) -> Trace {
        let mut step = self.tell(Event::Begun);
        loop {
            if let Step::End { ending, .. } = step {
                return self.end(ending);
            }
            if let Step::Queue { .. } = step {
                let (until_ms, exit) = self.answer(&step);
                self.wait = Some((until_ms, exit));
                // Who is answered or turned away at once is not entertained.
                if until_ms > self.now_ms {
                    step = self.tell(Event::Waiting);
                    continue;
                }
            }
            self.hear(&step);
            let (deadline_ms, answer) = self.first_answer(&step);
            step = loop {
                let act = self.caller.next(self.now_ms, deadline_ms, listens(&step));
                let is_last = act.is_none();
                let (at_ms, event) = act.unwrap_or((deadline_ms, answer.clone()));
                self.now_ms = at_ms;
                match self.tell(event) {
                    // The answer meant nothing to the flow, and nothing else will come.
                    Step::GoOn if is_last => return self.end(Ending::Error),
                    Step::GoOn => {}
                    next => break next,
                }
            };
            self.caller.misses_until(self.now_ms);
        }
    }

    fn tell(&mut self, event: Event) -> Step<'a> {
        let now = self.begin + Duration::from_millis(self.now_ms);
        let step = self.run.handle(self.around, event, now, &mut self.noted);
        for passage in self.noted.drain(..) {
            let said = std::mem::take(&mut self.said);
            let (node, outlet) = (passage.node.to_string(), passage.outlet.to_owned());
            self.passages.push(Line { t_ms: self.now_ms, node, outlet, said });
        }
        self.wait.take_if(|_| !self.run.is_queueing());
        step
    }

    /// What comes first: the end of the wait for an agent, or the answer to what is done meanwhile.
    fn first_answer(&self, step: &Step<'_>) -> (u64, Event) {
        let (at_ms, answer) = self.answer(step);
        match &self.wait {
            Some((until_ms, exit)) if *until_ms <= at_ms => (*until_ms, exit.clone()),
            Some(_) | None => (at_ms, answer),
        }
    }

    fn end(self, ending: Ending) -> Trace {
        let vars = self.run.variables(self.around).into_iter();
        let vars = vars.map(|(name, value)| (name.to_string(), value)).collect();
        let node = self.run.node(self.around).map(ToString::to_string);
        Trace { passages: self.passages, end: EndLine { t_ms: self.now_ms, end: ending, node, vars } }
    }

    /// The caller begins to listen: with every prompt, and where there is none with the wait.
    fn hear(&mut self, step: &Step<'_>) {
        if let Step::Play { clips, .. } = step {
            self.said.extend(clips.iter().map(words));
        }
        let begins =
            matches!(step, Step::Play { .. }) || (listens(step) && self.heard != Some(self.passages.len()));
        if begins {
            self.heard = Some(self.passages.len());
            let node = self.run.node(self.around).map_or("", |node| node.as_str());
            self.caller.hears(node, self.now_ms);
        }
    }

    /// What answers a step when the caller does nothing, and at which time of the call.
    fn answer(&self, step: &Step<'_>) -> (u64, Event) {
        let node = self.run.node(self.around).map_or("", |node| node.as_str());
        let mocks = &self.input.mocks;
        let (after_ms, event) = match step {
            Step::Answer { delay_ms } => (u64::from(*delay_ms), Event::Done),
            Step::Book { .. } => (0, Event::Booking(booking(mocks.callback.get(node)))),
            Step::CheckCaller(_) => (0, Event::Caller(self.known_caller(node))),
            Step::Dial { .. } => (0, Event::Dialled(dialled(mocks.dial.get(node)))),
            Step::Http(request) => http(request, mocks.http.get(node)),
            Step::Lookup { .. } => (0, Event::Found(mocks.lookup.get(node).cloned().unwrap_or_default())),
            Step::Play { clips, .. } => {
                (clips.iter().map(|clip| self.length_ms(clip)).sum(), Event::PlayEnded)
            }
            Step::Queue { queue, .. } => {
                let wait_ms =
                    queue.max_wait_s.map_or(QUEUE_WAIT_MS_MAX, |wait| u64::from(wait.number()) * 1_000);
                let (after_ms, exit) = queued(mocks.queue.get(node), wait_ms);
                let leads_on = self.world.overflows.contains(&queue.queue)
                    && exit.outlet().is_some_and(|outlet| !self.run.leads(self.around, outlet));
                // Whom the queue leads on has left the flow, as whom an agent answers.
                (after_ms, Event::QueueLeft(if leads_on { QueueExit::Answered } else { exit }))
            }
            Step::Record(wish) => self.recorded(node, wish),
            Step::Recording(_) if mocks.refused.iter().any(|refused| refused == node) => (0, Event::Refused),
            Step::Show(kind) => (0, self.page_left(node, kind)),
            // Only the end of the wait ends it.
            Step::Wait => (u64::MAX, Event::Done),
            Step::WaitKey { timeout_ms, .. } => (u64::from(*timeout_ms), Event::Timeout),
            Step::End { .. } | Step::GoOn | Step::Recording(_) | Step::SaveAnswers { .. } | Step::Tag(_) => {
                (0, Event::Done)
            }
        };
        (self.now_ms.saturating_add(after_ms), event)
    }

    fn known_caller(&self, node: &str) -> Option<CallerCheck> {
        let withheld = self.input.caller.is_empty().then_some(CallerCheck::Anonymous);
        self.input.mocks.caller.get(node).copied().or(withheld)
    }

    fn recorded(&self, node: &str, wish: &RecordWish<'_>) -> (u64, Event) {
        let (mock, max_s) = match wish {
            RecordWish::Answer(record) => {
                (self.input.mocks.record.get(node), record.max_s.map_or(ANSWER_MAX_S, |max| max.number()))
            }
            RecordWish::Survey(_) => (self.input.mocks.record.get(node), ANSWER_MAX_S),
            RecordWish::Voicemail(Voicemail { max_s, .. }) => {
                (self.input.mocks.voicemail.get(node), max_s.map_or(MESSAGE_MAX_S, |max| max.number()))
            }
        };
        let ms = mock.map_or(0, |mock| mock.spoken_ms).min(u64::from(max_s) * 1_000);
        (ms, Event::Recorded { name: format!("rec_{node}"), ms })
    }

    fn page_left(&self, node: &str, kind: &super::node::Kind) -> Event {
        let mock = self.input.mocks.page.get(node).cloned().unwrap_or_default();
        let first = || kind.outlets().first().map_or_else(String::new, |outlet| outlet.name.to_string());
        Event::PageLeft { outlet: mock.outlet.unwrap_or_else(first), value: mock.value }
    }

    fn length_ms(&self, clip: &Clip<'_>) -> u64 {
        match clip {
            Clip::Media(media) => self.world.medium_ms(media),
            Clip::Say { say: SayAs::Digits, value, .. } => value.chars().count() as u64 * SAY_MS_PER_ITEM,
            Clip::Say { .. } => SAY_MS_PER_ITEM,
            Clip::Speech { text, .. } => speech_ms(text),
        }
    }
}

/// Whether a caller's keys are noticed during a step.
const fn listens(step: &Step<'_>) -> bool {
    matches!(step, Step::Play { .. } | Step::Queue { .. } | Step::Wait | Step::WaitKey { .. })
}

fn words(clip: &Clip<'_>) -> String {
    match clip {
        Clip::Media(media) => (*media).to_owned(),
        Clip::Say { value, .. } => value.clone(),
        Clip::Speech { text, .. } => text.to_string(),
    }
}

fn booking(mock: Option<&String>) -> Booking {
    match mock.map(String::as_str) {
        Some("declined") => Booking::Declined,
        Some("full") => Booking::Full,
        _ => Booking::Booked,
    }
}

fn dialled(mock: Option<&String>) -> Dialled {
    match mock.map(String::as_str) {
        Some("busy") => Dialled::Busy,
        Some("no_answer") => Dialled::NoAnswer,
        Some("rejected") => Dialled::Rejected,
        _ => Dialled::Done,
    }
}

fn http(request: &Request<'_>, mock: Option<&HttpMock>) -> (u64, Event) {
    match mock {
        None => (0, Event::HttpReply { status: 200, body: Json::Null }),
        Some(mock) if mock.ms > u64::from(request.timeout_ms) => {
            (u64::from(request.timeout_ms), Event::Timeout)
        }
        Some(mock) => (mock.ms, Event::HttpReply { status: mock.status, body: mock.body.clone() }),
    }
}

fn queued(mock: Option<&QueueMock>, wait_ms: u64) -> (u64, QueueExit) {
    match mock {
        None => (0, QueueExit::Answered),
        Some(QueueMock { refused: Some(why), .. }) if why == "full" => (0, QueueExit::Full),
        Some(QueueMock { refused: Some(_), .. }) => (0, QueueExit::NoAgents),
        Some(QueueMock { answer_after_ms: Some(after_ms), .. }) if *after_ms <= wait_ms => {
            (*after_ms, QueueExit::Answered)
        }
        Some(QueueMock { answer_after_ms: None, ready: 1.., .. }) => (0, QueueExit::Answered),
        Some(_) => (wait_ms, QueueExit::Timeout),
    }
}
