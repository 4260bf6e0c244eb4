//! What happens in a node when the answer to its step comes.

use serde_json::Value as Json;

use super::gather::{Asking, Gather, Heard, Miss};
use super::{Booking, Dialled, Ending, Event, Listening, Move, Place, RecordWish, Step, Turn};
use crate::flow::defaults::MESSAGE_MIN_S;
use crate::flow::expression::NoValue;
use crate::flow::key::Key;
use crate::flow::name::Name;
use crate::flow::node::Kind;
use crate::flow::nodes::{CallerCheck, Collect, DialMode, Fetched, Menu, QuestionType, Queue, Voicemail};
use crate::flow::value::Value;
use crate::model::Timestamp;

/// The key by which a waiting caller takes a callback that is offered.
const CALLBACK_KEY: char = '1';

type Resumed<'a> = Result<Move<'a>, NoValue>;

impl<'a> Turn<'a, '_> {
    /// Goes on in the node. An event that means nothing to it changes nothing.
    pub(super) fn resume(&mut self, event: Event) -> Move<'a> {
        if event == Event::Begun {
            return match self.around.library.flow(0).and_then(|flow| flow.start) {
                Some(start) => Move::Enter(start),
                None => self.end(Ending::Error),
            };
        }
        if event == Event::Resumed {
            return self.wait_again();
        }
        if event == Event::Waiting {
            return self.begin_wait_flow();
        }
        if event == Event::Failed {
            return self.fail();
        }
        let place = self.run.frames.last().map(|frame| frame.place.clone());
        let (Some((_, node)), Some(place)) = (self.position(), place) else { return self.end(Ending::Error) };
        let resumed = match place {
            Place::Acting => self.acted(&node.kind, event),
            Place::Asking(gather) => self.asked(&node.kind, gather, event),
            Place::Introducing => self.introduced(&node.kind, event),
            Place::Playing { again } => self.played(&node.kind, again, event),
            Place::Queueing { since } => Ok(self.queued(&node.kind, since, event)),
            Place::Surveying { question, gather, answers } => {
                self.surveyed(&node.kind, question, gather, answers, event)
            }
        };
        match resumed {
            Ok(next) => next,
            Err(NoValue(_)) => self.fail(),
        }
    }

    /// The answer to a step that ends its node.
    fn acted(&mut self, kind: &'a Kind, event: Event) -> Resumed<'a> {
        Ok(match (kind, event) {
            (Kind::Answer(_) | Kind::Recording(_) | Kind::Tag(_), Event::Done) => self.leave("next"),
            (Kind::Callback(_), Event::Booking(booking)) => self.leave(match booking {
                Booking::Booked => "booked",
                Booking::Declined => "declined",
                Booking::Full => "full",
            }),
            (Kind::Caller(caller), Event::Caller(found)) => {
                let found = found.filter(|check| caller.checks.contains(check));
                self.leave(found.map_or("ok", CallerCheck::outlet))
            }
            (Kind::Dial(dial), Event::Dialled(dialled)) => match (dialled, dial.mode) {
                (Dialled::Done, DialMode::Blind) => self.end(Ending::Dialled),
                (Dialled::Done, DialMode::Bridge) => self.leave_or_end("done", Ending::Dialled),
                (Dialled::Busy, _) => self.leave("busy"),
                (Dialled::NoAnswer, _) => self.leave("no_answer"),
                (Dialled::Rejected, _) => self.leave("rejected"),
            },
            (Kind::Http(http), Event::HttpReply { status, body }) => {
                self.keep(&http.fetched, &body);
                self.leave(match status {
                    0..=399 => "ok",
                    400..=499 => "client_error",
                    500.. => "server_error",
                })
            }
            (Kind::Http(_), Event::Timeout) => self.leave("timeout"),
            (Kind::Lookup(lookup), Event::Found(rows)) => match rows.as_slice() {
                [] => self.leave("none"),
                [row] => {
                    self.keep(&lookup.fetched, row);
                    self.leave("found")
                }
                _ => self.leave("many"),
            },
            (Kind::Record(record), Event::Recorded { name, ms }) => {
                if ms == 0 {
                    return Ok(self.leave("empty"));
                }
                self.set(&record.var, Value::Text(name))?;
                self.leave("ok")
            }
            (Kind::Recording(_), Event::Refused) => self.leave("refused"),
            (Kind::Voicemail(voicemail), Event::Recorded { ms, .. }) => self.message_taken(voicemail, ms),
            (kind, Event::PageLeft { outlet, value }) if kind.is_script() => {
                self.page_left(kind, &outlet, value)?
            }
            _ => Move::Stop(Step::GoOn),
        })
    }

    fn message_taken(&mut self, voicemail: &Voicemail, ms: u64) -> Move<'a> {
        let least_ms = u64::from(voicemail.min_s.map_or(MESSAGE_MIN_S, |min| min.number())) * 1_000;
        let outlet = if ms > 0 && ms >= least_ms { "saved" } else { "too_short" };
        self.leave_or_end(outlet, Ending::Voicemail)
    }

    fn page_left(&mut self, kind: &'a Kind, outlet: &str, value: Option<Json>) -> Resumed<'a> {
        let var = match kind {
            Kind::Appointment(field) | Kind::Field(field) => Some(&field.var),
            Kind::Choice(choice) => choice.var.as_ref(),
            Kind::Level(level) => Some(&level.var),
            _ => None,
        };
        let value = value.as_ref().and_then(Value::guessed);
        if let (Some(var), Some(value)) = (var, value) {
            self.set(var, value)?;
        }
        let exits = self.position().map(|(_, node)| node.exits.as_slice()).unwrap_or_default();
        Ok(match exits.iter().find(|(name, _)| name == outlet) {
            Some((name, _)) => self.leave(name),
            None => Move::Stop(Step::GoOn),
        })
    }

    /// Keeps what was asked for of an answer. What is not there, or does not fit, leaves its variable as it was.
    fn keep(&mut self, fetched: &'a [Fetched], answer: &Json) {
        for each in fetched {
            if let Some(value) = each.find(answer).and_then(Value::guessed) {
                // Whoever must know whether it was there gives the variable a default and branches on it.
                let _ = self.set(&each.var, value);
            }
        }
    }

    /// The answer to a prompt before a recording, or before a hang-up.
    fn introduced(&mut self, kind: &'a Kind, event: Event) -> Resumed<'a> {
        let wish = match (kind, event) {
            (Kind::Hangup(hangup), Event::PlayEnded) => {
                return Ok(self.end_with(Ending::Hangup, hangup.cause));
            }
            (Kind::Record(record), Event::PlayEnded | Event::Key(_)) => RecordWish::Answer(record),
            (Kind::Voicemail(voicemail), Event::PlayEnded | Event::Key(_)) => {
                RecordWish::Voicemail(voicemail)
            }
            _ => return Ok(Move::Stop(Step::GoOn)),
        };
        Ok(self.stay(Place::Acting, Step::Record(wish)))
    }

    fn played(&mut self, kind: &'a Kind, again: u32, event: Event) -> Resumed<'a> {
        match (kind, event) {
            (Kind::Play(play), Event::Key(_)) if play.barge_in => Ok(self.leave("next")),
            (Kind::Play(play), Event::PlayEnded) => match again.checked_sub(1) {
                Some(again) => self.play(play, again),
                None => Ok(self.leave("next")),
            },
            _ => Ok(Move::Stop(Step::GoOn)),
        }
    }

    fn queued(&mut self, kind: &'a Kind, since: Timestamp, event: Event) -> Move<'a> {
        let Kind::Queue(queue) = kind else { return self.fail() };
        match event {
            Event::QueueLeft(exit) => match exit.outlet() {
                Some(outlet) => self.leave(outlet),
                None => self.end(Ending::Queued),
            },
            Event::Key(key) => self.key_while_waiting(queue, key, since),
            _ => Move::Stop(Step::GoOn),
        }
    }

    /// A waiting caller takes the callback that is offered, or leaves by any other key where the flow knows a way.
    fn key_while_waiting(&mut self, queue: &Queue, key: Key, since: Timestamp) -> Move<'a> {
        let waited_s = self.now.since(since).as_secs();
        let is_offered = queue.callback_after_s.is_some_and(|after| waited_s >= u64::from(after.number()));
        if is_offered && key.sign() == CALLBACK_KEY {
            // Where the flow has no way of its own, the queue books it, and the call is over.
            return match self.run.leads(self.around, "callback") {
                true => self.leave("callback"),
                false => self.end(Ending::Hangup),
            };
        }
        match self.position() {
            Some((_, node)) if node.exit("left_by_key").is_some() => self.leave("left_by_key"),
            _ => Move::Stop(Step::GoOn),
        }
    }

    /// The answer to a menu, an input or a choice of languages.
    fn asked(&mut self, kind: &'a Kind, mut gather: Gather, event: Event) -> Resumed<'a> {
        let Some(asking) = self.asking() else { return Ok(self.fail()) };
        if let (Kind::Menu(menu), Event::Said { text, confidence }) = (kind, &event) {
            return match spoken_key(menu, text, *confidence) {
                Some(key) => Ok(self.leave(key.as_str())),
                None => self.missed(gather, Miss::NoMatch, &asking),
            };
        }
        match hear(&mut gather, event, &asking) {
            Heard::Nothing => Ok(Move::Stop(Step::GoOn)),
            Heard::Silence => self.missed(gather, Miss::NoInput, &asking),
            Heard::Typed(typed) => self.judge(kind, gather, typed, &asking),
            Heard::Wait(timeout_ms) => {
                Ok(self
                    .stay(Place::Asking(gather), Step::WaitKey { timeout_ms, listening: asking.listening() }))
            }
        }
    }

    fn judge(&mut self, kind: &'a Kind, gather: Gather, typed: String, asking: &Asking<'a>) -> Resumed<'a> {
        let key = typed.chars().next().and_then(Key::read);
        match kind {
            Kind::Menu(menu) => {
                if let Some(key) = key.filter(|key| menu.keys.contains(key)) {
                    return Ok(self.leave(key.as_str()));
                }
            }
            Kind::Language(language) => {
                if let Some(locale) = key.and_then(|key| language.choices.get(&key)) {
                    self.run.locale.clone_from(locale);
                    return Ok(self.leave("next"));
                }
                // A key that means nothing is asked again as silence is: the node has no outlet of its own for it.
                return self.missed(gather, Miss::NoInput, asking);
            }
            Kind::Collect(collect) => {
                if self.is_acceptable(collect, &typed)? {
                    self.set(&collect.var, Value::Text(typed))?;
                    return Ok(self.leave("ok"));
                }
            }
            _ => return Ok(self.fail()),
        }
        self.missed(gather, Miss::NoMatch, asking)
    }

    fn is_acceptable(&self, collect: &Collect, typed: &str) -> Result<bool, NoValue> {
        let is_long_enough = typed.len() >= collect.min.map_or(1, |min| min.number()) as usize;
        Ok(is_long_enough
            && match &collect.check {
                Some(check) => self.is_right(typed, check)?,
                None => true,
            })
    }

    /// Asks again, or gives up.
    fn missed(&mut self, mut gather: Gather, miss: Miss, asking: &Asking<'a>) -> Resumed<'a> {
        match gather.miss(miss, asking) {
            Some(prompt) => self.ask(gather, prompt, asking),
            None => Ok(self.leave(miss.outlet())),
        }
    }

    /// The answer to a question of a survey, or to the step that keeps the answers.
    fn surveyed(
        &mut self,
        kind: &'a Kind,
        question: usize,
        mut gather: Gather,
        mut answers: Vec<(Name, Value)>,
        event: Event,
    ) -> Resumed<'a> {
        let Kind::Survey(survey) = kind else { return Ok(self.fail()) };
        let Some(asked) = survey.questions.get(question) else {
            return Ok(match event {
                Event::Done => {
                    self.leave(if answers.len() == survey.questions.len() { "done" } else { "partial" })
                }
                _ => Move::Stop(Step::GoOn),
            });
        };
        let Some(asking) = self.asking() else { return Ok(self.fail()) };
        if let Event::Recorded { name, ms } = event {
            if ms > 0 {
                answers.push((asked.id.clone(), Value::Text(name)));
            }
            return self.next_question(question, answers);
        }
        if asked.question_type == QuestionType::Voice && matches!(event, Event::Key(_) | Event::PlayEnded) {
            let place = Place::Surveying { question, gather, answers };
            return Ok(self.stay(place, Step::Record(RecordWish::Survey(&asked.id))));
        }
        let miss = match hear(&mut gather, event, &asking) {
            Heard::Nothing => return Ok(Move::Stop(Step::GoOn)),
            Heard::Wait(timeout_ms) => {
                let step = Step::WaitKey { timeout_ms, listening: asking.listening() };
                return Ok(self.stay(Place::Surveying { question, gather, answers }, step));
            }
            Heard::Silence => Miss::NoInput,
            Heard::Typed(typed) => match mark(asked, &typed) {
                Some(mark) => {
                    answers.push((asked.id.clone(), mark));
                    return self.next_question(question, answers);
                }
                None => Miss::NoMatch,
            },
        };
        match gather.miss(miss, &asking) {
            Some(prompt) => {
                gather.begin(prompt);
                let clips = self.clips(prompt)?;
                let place = Place::Surveying { question, gather, answers };
                Ok(self.stay(place, Step::Play { clips, listening: asking.listening() }))
            }
            None => self.next_question(question, answers),
        }
    }

    fn next_question(&mut self, question: usize, answers: Vec<(Name, Value)>) -> Resumed<'a> {
        let place = Place::Surveying { question: question + 1, gather: Gather::default(), answers };
        if let Some(frame) = self.run.frames.last_mut() {
            frame.place = place;
        }
        self.ask_question()
    }
}

/// What an event means to somebody who asks.
fn hear(gather: &mut Gather, event: Event, asking: &Asking<'_>) -> Heard {
    match event {
        Event::Key(key) => gather.key(key, asking),
        Event::PlayEnded => gather.prompt_ended(asking),
        Event::Timeout => gather.time_over(),
        _ => Heard::Nothing,
    }
}

/// The key that a spoken answer stands for: the hints follow the order of the keys.
fn spoken_key(menu: &Menu, text: &str, confidence: u32) -> Option<Key> {
    let speech = menu.speech.as_ref()?;
    if speech.min_conf.is_some_and(|least| confidence < least.number()) {
        return None;
    }
    let place = speech.hints.iter().position(|hint| hint.to_lowercase() == text.trim().to_lowercase())?;
    menu.keys.get(place).copied()
}

/// The answer to a question that was typed.
fn mark(question: &crate::flow::nodes::Question, typed: &str) -> Option<Value> {
    match question.question_type {
        QuestionType::Scale => {
            let lowest = question.min.map_or(1, |min| min.number());
            let highest = question.max.map_or(5, |max| max.number());
            let mark: u32 = typed.parse().ok()?;
            (lowest..=highest).contains(&mark).then_some(Value::Int(mark.into()))
        }
        QuestionType::YesNo => match typed {
            "1" => Some(Value::Bool(true)),
            "2" => Some(Value::Bool(false)),
            _ => None,
        },
        QuestionType::Voice => None,
    }
}

impl<'a> Asking<'a> {
    /// How keys are listened to.
    pub(super) const fn listening(&self) -> Listening<'a> {
        Listening { barge_in: self.barge_in, secret: self.secret, speech: self.speech }
    }
}
