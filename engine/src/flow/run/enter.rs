//! What happens when a call comes to a node.

use std::borrow::Cow;

use super::gather::{Asking, Gather};
use super::{Clip, DEPTH_MAX, Ending, Frame, Listening, Move, Place, RecordWish, Request, Step, Turn};
use crate::flow::expression::NoValue;
use crate::flow::name::Name;
use crate::flow::node::Kind;
use crate::flow::nodes::{
    Callback, CollectCheck, Dial, Hangup, Hours, Http, LEAVING, Language, LanguageSource, Play, Queue,
    Return, Revision, Set, Split, Subflow,
};
use crate::flow::prepared::PreparedNode;
use crate::flow::prompt::{Prompt, PromptPart};
use crate::flow::template::{Encoding, Template};
use crate::flow::value::Value;
use crate::model::Timestamp;

/// How long an answer of a server may take, in milliseconds, where nothing else is said.
const HTTP_TIMEOUT_MS: u32 = 3_000;

/// A move, or nothing because an expression has no value: the node fails.
type Entered<'a> = Result<Move<'a>, NoValue>;

impl<'a> Turn<'a, '_> {
    /// Does what the node is for, as far as nothing has to be waited for.
    pub(super) fn enter(&mut self) -> Move<'a> {
        let Some((_, node)) = self.position() else { return self.end(Ending::Error) };
        match self.try_enter(&node.kind) {
            Ok(next) => next,
            Err(NoValue(_)) => self.fail(),
        }
    }

    fn try_enter(&mut self, kind: &'a Kind) -> Entered<'a> {
        Ok(match kind {
            Kind::Ai(_) => self.fail(),
            Kind::Answer(answer) => {
                let delay_ms = answer.delay_ms.map_or(0, |delay| delay.number());
                self.stay(Place::Acting, Step::Answer { delay_ms })
            }
            Kind::Branch(branch) | Kind::Rule(branch) => {
                for case in &branch.cases {
                    if case.when.is_true(&self.scope(None)?)? {
                        return Ok(self.leave(case.id.as_str()));
                    }
                }
                self.leave("else")
            }
            Kind::Callback(callback) => self.enter_callback(callback)?,
            Kind::Caller(caller) => self.stay(Place::Acting, Step::CheckCaller(caller)),
            Kind::Collect(_) | Kind::Menu(_) => self.ask_first()?,
            Kind::Dial(dial) => self.enter_dial(dial)?,
            Kind::Goto(goto) => {
                let Some((flow, node)) = self.position() else { return Ok(self.fail()) };
                let Some(target) = flow.place(&goto.node) else { return Ok(self.fail()) };
                self.note(flow, node, "next");
                Move::Enter(target)
            }
            Kind::Hangup(hangup) => self.enter_hangup(hangup)?,
            Kind::Hours(hours) => self.enter_hours(hours)?,
            Kind::Http(http) => self.enter_http(http)?,
            Kind::Language(language) => self.enter_language(language)?,
            Kind::Lookup(lookup) => {
                let key = self.evaluate(&lookup.key)?;
                self.stay(Place::Acting, Step::Lookup { lookup, key })
            }
            Kind::Outcome(_) => self.end(Ending::Finished),
            Kind::Play(play) => self.enter_play(play)?,
            Kind::Queue(queue) => self.enter_queue(queue)?,
            Kind::Record(record) => self.introduce(&record.prompt, RecordWish::Answer(record))?,
            Kind::Recording(recording) => self.stay(Place::Acting, Step::Recording(recording)),
            Kind::Return(back) => self.enter_return(back),
            Kind::Set(set) => self.enter_set(set)?,
            Kind::Split(split) => self.enter_split(split)?,
            Kind::Subflow(subflow) => self.enter_subflow(subflow)?,
            Kind::Survey(_) => {
                let place = Place::Surveying { question: 0, gather: Gather::default(), answers: Vec::new() };
                if let Some(frame) = self.run.frames.last_mut() {
                    frame.place = place;
                }
                self.ask_question()?
            }
            Kind::Tag(tag) => self.stay(Place::Acting, Step::Tag(tag)),
            Kind::Voicemail(voicemail) => {
                self.introduce(&voicemail.greeting, RecordWish::Voicemail(voicemail))?
            }
            Kind::Appointment(_)
            | Kind::Choice(_)
            | Kind::Field(_)
            | Kind::Level(_)
            | Kind::Page(_)
            | Kind::Text(_) => self.stay(Place::Acting, Step::Show(kind)),
        })
    }

    fn enter_callback(&mut self, callback: &'a Callback) -> Entered<'a> {
        let number = match &callback.number {
            Some(expression) => self.evaluate(expression)?.to_string(),
            None => self.run.facts.caller.clone(),
        };
        Ok(self.stay(Place::Acting, Step::Book { callback, number }))
    }

    fn enter_dial(&mut self, dial: &'a Dial) -> Entered<'a> {
        let to = dial.to.template().fill(&self.scope(None)?, Encoding::Plain)?.into_owned();
        let caller_id = match &dial.caller_id {
            Some(template) => Some(template.fill(&self.scope(None)?, Encoding::Plain)?.into_owned()),
            None => None,
        };
        let whisper = match &dial.whisper {
            Some(prompt) => self.clips(prompt)?,
            None => Vec::new(),
        };
        Ok(self.stay(Place::Acting, Step::Dial { dial, to, caller_id, whisper }))
    }

    fn enter_hangup(&mut self, hangup: &'a Hangup) -> Entered<'a> {
        if hangup.prompt.parts.is_empty() {
            return Ok(self.end_with(Ending::Hangup, hangup.cause));
        }
        let clips = self.clips(&hangup.prompt)?;
        Ok(self.stay(Place::Introducing, Step::Play { clips, listening: Listening::default() }))
    }

    fn enter_hours(&mut self, hours: &'a Hours) -> Entered<'a> {
        let at = match &hours.at {
            Some(expression) => instant(&self.evaluate(expression)?.to_string())?,
            None => self.now,
        };
        Ok(match self.around.calendars.get(&hours.calendar) {
            Some(calendar) => self.leave(calendar.at(at).outlet()),
            None => self.fail(),
        })
    }

    fn enter_http(&mut self, http: &'a Http) -> Entered<'a> {
        let scope = self.scope(None)?;
        let header = |(name, value): (&'a String, &'a Template)| {
            Ok((name.as_str(), value.fill(&scope, Encoding::Plain)?.into_owned()))
        };
        let request = Request {
            method: http.method,
            url: http.url.fill(&scope, Encoding::Url)?.into_owned(),
            headers: http.headers.iter().map(header).collect::<Result<_, NoValue>>()?,
            body: http.body.fill(&scope)?,
            secret: http.secret_ref.as_deref(),
            timeout_ms: http.timeout_ms.map_or(HTTP_TIMEOUT_MS, |timeout| timeout.number()),
            retries: http.retries.map_or(0, |retries| retries.number()),
            while_playing: match &http.while_playing {
                Some(prompt) => self.clips(prompt)?,
                None => Vec::new(),
            },
        };
        Ok(self.stay(Place::Acting, Step::Http(request)))
    }

    fn enter_language(&mut self, language: &'a Language) -> Entered<'a> {
        let facts = &self.run.facts;
        let known = language.choices.values().find(|locale| match language.auto {
            None => false,
            Some(LanguageSource::Last) => facts.last_locale.as_ref() == Some(*locale),
            Some(LanguageSource::Caller) => {
                let region = locale.rsplit_once('-').map(|(_, region)| region);
                region.is_some() && region == facts.country.as_deref()
            }
        });
        if let Some(locale) = known {
            self.run.locale.clone_from(locale);
            return Ok(self.leave("next"));
        }
        self.ask_first()
    }

    fn enter_play(&mut self, play: &'a Play) -> Entered<'a> {
        if play.prompt.parts.is_empty() {
            return Ok(self.leave("next"));
        }
        let again = play.repeat.map_or(1, |repeat| repeat.number()) - 1;
        self.play(play, again)
    }

    pub(super) fn play(&mut self, play: &'a Play, again: u32) -> Entered<'a> {
        let listening = Listening { barge_in: play.barge_in, ..Listening::default() };
        let clips = self.clips(&play.prompt)?;
        Ok(self.stay(Place::Playing { again }, Step::Play { clips, listening }))
    }

    /// The flow that entertains whoever waits begins, anew if it had begun.
    pub(super) fn begin_wait_flow(&mut self) -> Move<'a> {
        self.end_wait_flow();
        let Some((_, PreparedNode { kind: Kind::Queue(queue), .. })) =
            self.position().filter(|_| self.run.is_queueing())
        else {
            return Move::Stop(Step::GoOn);
        };
        let library = self.around.library;
        let place = queue.wait_flow.as_deref().and_then(|flow| library.find(flow, Revision::Live));
        let found = place.and_then(|place| Some((place, library.flow(place)?)));
        let Some((place, flow)) = found.filter(|_| self.run.frames.len() < DEPTH_MAX) else {
            return Move::Stop(Step::Wait);
        };
        let Some(start) = flow.start else { return Move::Stop(Step::Wait) };
        self.run.frames.push(Frame::new(place, Some(flow)));
        Move::Enter(start)
    }

    /// What entertained a waiting caller is over. They leave the queue where it says so, if their flow has that way.
    fn wait_flow_returned(&mut self, node: &PreparedNode, name: &'a str) -> Move<'a> {
        match LEAVING.contains(&name) && node.exit(name).is_some() {
            true => self.leave(name),
            false => Move::Stop(Step::Wait),
        }
    }

    fn enter_queue(&mut self, queue: &'a Queue) -> Entered<'a> {
        self.queue_since(queue, self.now)
    }

    /// The call goes on in the queue in which it waits already.
    pub(super) fn wait_again(&mut self) -> Move<'a> {
        let place = self.run.frames.last().map(|frame| frame.place.clone());
        match (self.position(), place) {
            (Some((_, PreparedNode { kind: Kind::Queue(queue), .. })), Some(Place::Queueing { since })) => {
                self.queue_since(queue, since).unwrap_or_else(|NoValue(_)| self.fail())
            }
            _ => self.fail(),
        }
    }

    fn queue_since(&mut self, queue: &'a Queue, since: Timestamp) -> Entered<'a> {
        let prefer_agent = match &queue.prefer_agent {
            Some(template) => Some(template.fill(&self.scope(None)?, Encoding::Plain)?.into_owned()),
            None => None,
        };
        Ok(self.stay(Place::Queueing { since }, Step::Queue { queue, prefer_agent }))
    }

    /// Plays a prompt, if there is one, and then records.
    fn introduce(&mut self, prompt: &'a Prompt, wish: RecordWish<'a>) -> Entered<'a> {
        if prompt.parts.is_empty() {
            return Ok(self.stay(Place::Acting, Step::Record(wish)));
        }
        let listening = Listening { barge_in: true, ..Listening::default() };
        let clips = self.clips(prompt)?;
        Ok(self.stay(Place::Introducing, Step::Play { clips, listening }))
    }

    fn enter_set(&mut self, set: &'a Set) -> Entered<'a> {
        for assignment in &set.assign {
            let value = self.evaluate(&assignment.expr)?;
            self.set(&assignment.var, value)?;
            if self.reads_secret(&assignment.expr) {
                self.keep_secret(&assignment.var);
            }
        }
        Ok(self.leave("next"))
    }

    fn enter_split(&mut self, split: &'a Split) -> Entered<'a> {
        let drawn = match &split.sticky_by {
            Some(expression) => draw(0, self.evaluate(expression)?.to_string().as_bytes()),
            // Different splits of one call are drawn apart.
            None => {
                let Some((_, node)) = self.position() else { return Ok(self.fail()) };
                draw(self.run.facts.chance, node.id.as_str().as_bytes())
            }
        };
        let mut left = drawn % 100;
        for (id, share) in &split.weights {
            let share = u64::from(share.number());
            if left < share {
                return Ok(self.leave(id.as_str()));
            }
            left -= share;
        }
        Ok(self.fail())
    }

    fn enter_subflow(&mut self, subflow: &'a Subflow) -> Entered<'a> {
        let found = self.around.library.find(&subflow.flow, subflow.pin);
        let Some((place, flow)) = found.and_then(|place| Some((place, self.around.library.flow(place)?)))
        else {
            return Ok(self.fail());
        };
        let Some(start) = flow.start.filter(|_| self.run.frames.len() < DEPTH_MAX) else {
            return Ok(self.fail());
        };
        let input = subflow
            .input
            .iter()
            .map(|(name, expression)| Ok((name, self.evaluate(expression)?, self.reads_secret(expression))));
        let input: Vec<_> = input.collect::<Result<_, NoValue>>()?;
        self.run.frames.push(Frame::new(place, Some(flow)));
        for (name, value, is_secret) in input {
            if is_secret {
                self.keep_secret(name);
            }
            if self.set(name, value).is_err() {
                self.run.frames.pop();
                return Ok(self.fail());
            }
        }
        Ok(Move::Enter(start))
    }

    /// Ends a sub-flow: the node that called it is left by the outlet of this name.
    fn enter_return(&mut self, back: &'a Return) -> Move<'a> {
        if self.run.frames.len() < 2 {
            return self.end(Ending::Finished);
        }
        let Some(inner) = self.run.frames.pop() else { return self.end(Ending::Error) };
        let Some((_, node)) = self.position() else { return self.end(Ending::Error) };
        if let Kind::Queue(_) = &node.kind {
            return self.wait_flow_returned(node, back.name.as_str());
        }
        if let (Kind::Subflow(subflow), Some(flow)) = (&node.kind, self.around.library.flow(inner.flow)) {
            for (outer, name) in &subflow.output {
                let slot = flow.slot(name.as_str());
                if slot.is_some_and(|slot| inner.secrets.contains(&slot)) {
                    self.keep_secret(outer);
                }
                let value = slot.and_then(|slot| inner.variables.get(slot)?.clone());
                if let Some(value) = value
                    && self.set(outer, value).is_err()
                {
                    return self.fail();
                }
            }
        }
        self.leave(back.name.as_str())
    }

    /// Begins to ask for keys.
    fn ask_first(&mut self) -> Entered<'a> {
        let Some(asking) = self.asking() else { return Ok(self.fail()) };
        self.ask(Gather::default(), asking.prompt, &asking)
    }

    /// Asks with a prompt, or just waits when it is empty.
    pub(super) fn ask(&mut self, mut gather: Gather, prompt: &'a Prompt, asking: &Asking<'a>) -> Entered<'a> {
        gather.begin(prompt);
        let step = self.ask_step(&gather, prompt, asking)?;
        Ok(self.stay(Place::Asking(gather), step))
    }

    fn ask_step(
        &self,
        gather: &Gather,
        prompt: &'a Prompt,
        asking: &Asking<'a>,
    ) -> Result<Step<'a>, NoValue> {
        let listening = asking.listening();
        if gather.is_playing() {
            return Ok(Step::Play { clips: self.clips(prompt)?, listening });
        }
        Ok(Step::WaitKey { timeout_ms: asking.timeout_ms, listening })
    }

    /// Asks the question of a survey that is due.
    pub(super) fn ask_question(&mut self) -> Entered<'a> {
        let asking = self.asking();
        let Some(frame) = self.run.frames.last_mut() else { return Ok(self.end(Ending::Error)) };
        let Place::Surveying { gather, answers, .. } = &mut frame.place else { return Ok(self.fail()) };
        let Some(asking) = asking else {
            let answers = answers.clone();
            return Ok(self.save_answers(answers));
        };
        gather.begin(asking.prompt);
        let gather = gather.clone();
        Ok(Move::Stop(self.ask_step(&gather, asking.prompt, &asking)?))
    }

    /// Keeps the answers of a survey.
    fn save_answers(&mut self, answers: Vec<(Name, Value)>) -> Move<'a> {
        match self.position().map(|(_, node)| &node.kind) {
            Some(Kind::Survey(survey)) => Move::Stop(Step::SaveAnswers { survey: &survey.survey, answers }),
            _ => self.fail(),
        }
    }

    /// How the node asks, if it does.
    pub(super) fn asking(&self) -> Option<Asking<'a>> {
        let (flow, node) = self.position()?;
        let defaults = &flow.envelope.defaults;
        Some(match &node.kind {
            Kind::Collect(collect) => Asking::collect(collect, defaults),
            Kind::Language(language) => Asking::language(language, defaults),
            Kind::Menu(menu) => Asking::menu(menu, defaults),
            Kind::Survey(survey) => match &self.run.frames.last()?.place {
                Place::Surveying { question, .. } => {
                    Asking::question(survey.questions.get(*question)?, defaults)
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    /// What a prompt sounds like, in the language being spoken.
    pub(super) fn clips(&self, prompt: &'a Prompt) -> Result<Vec<Clip<'a>>, NoValue> {
        prompt.parts.iter().map(|part| self.clip(part)).collect()
    }

    fn clip(&self, part: &'a PromptPart) -> Result<Clip<'a>, NoValue> {
        Ok(match part {
            PromptPart::Media { media } => Clip::Media(media),
            PromptPart::Say { say, expr } => Clip::Say {
                say: *say,
                value: self.evaluate(expr)?.to_string(),
                locale: self.run.locale.clone(),
            },
            PromptPart::Speech { tts, voice } => {
                // A text in another language is better than silence.
                let text = tts.get_key_value(self.run.locale.as_str()).or_else(|| tts.iter().next());
                let (locale, text) = text.ok_or_else(|| NoValue("there is no text".to_owned()))?;
                let text = text.fill(&self.scope(None)?, Encoding::Plain)?;
                Clip::Speech { text, locale: Cow::Borrowed(locale), voice: voice.as_deref() }
            }
        })
    }

    /// Whether an input is what it must be.
    pub(super) fn is_right(&self, input: &str, check: &CollectCheck) -> Result<bool, NoValue> {
        let by_pattern = check.regex.as_ref().is_none_or(|pattern| pattern.matches(input));
        let by_digit = !check.luhn || is_luhn(input);
        let by_expression = match &check.expr {
            Some(expression) => expression.is_true(&self.scope(Some(input))?)?,
            None => true,
        };
        Ok(by_pattern && by_digit && by_expression)
    }
}

fn instant(text: &str) -> Result<Timestamp, NoValue> {
    let instant: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| NoValue(error.to_string()))?;
    Ok(Timestamp::from_millis(instant.as_millisecond()))
}

/// A number that depends on every byte: FNV-1a, 64 bits (draft-eastlake-fnv), with a last shuffle.
fn draw(chance: u64, bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let chance = chance.to_le_bytes();
    let all = chance.iter().chain(bytes);
    let hash = all.fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME));
    // The low bits of FNV follow the low bits of its input; these are folded into them.
    (hash ^ (hash >> 32)).wrapping_mul(PRIME) >> 16
}

/// Whether the last digit is right by the Luhn formula (ISO/IEC 7812-1, annex B).
fn is_luhn(input: &str) -> bool {
    let digits: Option<Vec<u32>> = input.chars().rev().map(|sign| sign.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() > 1) else { return false };
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_of_a_card_is_checked() {
        assert!(is_luhn("4111111111111111") && is_luhn("18"));
        assert!(!is_luhn("4111111111111112") && !is_luhn("0") && !is_luhn("") && !is_luhn("1*8"));
    }

    #[test]
    fn shares_are_drawn_evenly() {
        let counts = (0_u64..10_000).fold([0_u32; 10], |mut counts, chance| {
            counts[(draw(chance, b"n_split") % 10) as usize] += 1;
            counts
        });
        assert!(counts.iter().all(|count| (900..1_100).contains(count)), "{counts:?}");
        assert_eq!(draw(7, b"n_a"), draw(7, b"n_a"));
        assert_ne!(draw(7, b"n_a"), draw(7, b"n_b"));
    }
}
