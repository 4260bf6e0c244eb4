//! What a node reads, writes, says and refers to, in the order in which it does so, each with its place.

use super::body::Body;
use super::expression::Expression;
use super::finding::escape;
use super::name::Name;
use super::node::Kind;
use super::nodes::{Destination, Fetched, RetryPrompts};
use super::pattern::Pattern;
use super::prompt::{Prompt, PromptPart, Texts};
use super::sip_address::SipAddress;
use super::template::Template;

/// One thing that a node does with what is around it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Facet<'a> {
    /// It evaluates an expression.
    Expression(&'a Expression),
    /// It evaluates an expression that may read `value` as well, which is the input.
    InputCheck(&'a Expression),
    /// It speaks a language.
    Locale(&'a str),
    /// It matches a regular expression.
    Pattern(&'a Pattern),
    /// It plays a prompt, which a key may cut short or not.
    Prompt {
        /// The prompt.
        prompt: &'a Prompt,
        /// Whether a key ends it.
        barge_in: bool,
    },
    /// It uses something that is set up elsewhere.
    Reference(Noun, &'a str),
    /// It fills a template.
    Template(&'a Template),
    /// It says the same in several languages.
    Texts(&'a Texts),
    /// It sets a variable.
    Write(&'a Name),
}

/// What a node can refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noun {
    /// An agent.
    Agent,
    /// An assistant that talks.
    Assistant,
    /// Opening hours.
    Calendar,
    /// Another flow.
    Flow,
    /// A mailbox.
    Mailbox,
    /// A queue.
    Queue,
    /// A secret.
    Secret,
    /// A trunk.
    Trunk,
    /// A flow that entertains whoever waits.
    WaitFlow,
}

impl Noun {
    /// Its name for people who read the format.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Assistant => "assistant",
            Self::Calendar => "calendar",
            Self::Flow | Self::WaitFlow => "flow",
            Self::Mailbox => "box",
            Self::Queue => "queue",
            Self::Secret => "secret",
            Self::Trunk => "trunk",
        }
    }
}

/// Facets with their places, as pointers from the node.
pub(super) type Facets<'a> = Vec<(String, Facet<'a>)>;

/// All facets of a node, in the order in which they take place.
pub(super) fn facets(kind: &Kind) -> Facets<'_> {
    let mut found = Collector(Vec::new());
    found.visit(kind);
    found.0
}

struct Collector<'a>(Facets<'a>);

impl<'a> Collector<'a> {
    fn add(&mut self, place: impl Into<String>, facet: Facet<'a>) {
        self.0.push((place.into(), facet));
    }

    fn visit(&mut self, kind: &'a Kind) {
        match kind {
            Kind::Answer(_) | Kind::Caller(_) | Kind::Goto(_) | Kind::Outcome(_) | Kind::Recording(_) => {}
            Kind::Return(_) | Kind::Tag(_) => {}
            Kind::Ai(ai) => {
                self.add("/assistant", Facet::Reference(Noun::Assistant, &ai.assistant));
                if let Some(handoff) = &ai.handoff {
                    self.add("/handoff/queue", Facet::Reference(Noun::Queue, &handoff.queue));
                }
                self.writes("/out", ai.output.keys());
            }
            Kind::Appointment(field) | Kind::Field(field) => {
                self.texts("/text", &field.text);
                if let Some(calendar) = &field.calendar {
                    self.add("/calendar", Facet::Reference(Noun::Calendar, calendar));
                }
                self.add("/var", Facet::Write(&field.var));
            }
            Kind::Branch(branch) | Kind::Rule(branch) => {
                for (place, case) in branch.cases.iter().enumerate() {
                    self.add(format!("/cases/{place}/when"), Facet::Expression(&case.when));
                }
            }
            Kind::Callback(callback) => {
                self.expression("/number", callback.number.as_ref());
                self.add("/queue", Facet::Reference(Noun::Queue, &callback.queue));
                if let Some(slots) = &callback.slots {
                    self.add("/slots/calendar", Facet::Reference(Noun::Calendar, &slots.calendar));
                }
            }
            Kind::Choice(choice) => {
                self.texts("/text", &choice.text);
                for (id, words) in &choice.choices {
                    self.texts(&format!("/choices/{id}"), words);
                }
                if let Some(var) = &choice.var {
                    self.add("/var", Facet::Write(var));
                }
            }
            Kind::Collect(collect) => {
                self.prompt("/prompt", &collect.prompt, collect.barge_in);
                self.retry_prompts(&collect.retry_prompts, collect.barge_in);
                if let Some(check) = &collect.check {
                    if let Some(pattern) = &check.regex {
                        self.add("/check/regex", Facet::Pattern(pattern));
                    }
                    if let Some(source) = &check.expr {
                        self.add("/check/expr", Facet::InputCheck(source));
                    }
                }
                self.add("/var", Facet::Write(&collect.var));
            }
            Kind::Dial(dial) => {
                self.destination(&dial.to);
                if let Some(caller_id) = &dial.caller_id {
                    self.template("/caller_id", caller_id);
                }
                if let Some(whisper) = &dial.whisper {
                    // The called person hears it; nobody can cut it short, and it is theirs to keep short.
                    self.prompt("/whisper", whisper, true);
                }
            }
            Kind::Hangup(hangup) => self.prompt("/prompt", &hangup.prompt, false),
            Kind::Hours(hours) => {
                self.add("/calendar", Facet::Reference(Noun::Calendar, &hours.calendar));
                self.expression("/at", hours.at.as_ref());
            }
            Kind::Http(http) => {
                self.template("/url", &http.url);
                for (name, value) in &http.headers {
                    self.template(format!("/headers/{}", escape(name)), value);
                }
                self.body("/body", &http.body);
                if let Some(secret) = &http.secret_ref {
                    self.add("/secret_ref", Facet::Reference(Noun::Secret, secret));
                }
                if let Some(prompt) = &http.while_playing {
                    self.prompt("/while_playing", prompt, true);
                }
                self.fetched(&http.fetched);
            }
            Kind::Language(language) => {
                self.prompt("/prompt", &language.prompt, true);
                for (key, locale) in &language.choices {
                    self.add(format!("/choices/{key}"), Facet::Locale(locale));
                }
            }
            Kind::Level(level) => {
                self.texts("/text", &level.text);
                self.add("/var", Facet::Write(&level.var));
            }
            Kind::Lookup(lookup) => {
                self.add("/key", Facet::Expression(&lookup.key));
                self.fetched(&lookup.fetched);
            }
            Kind::Menu(menu) => {
                self.prompt("/prompt", &menu.prompt, menu.barge_in);
                self.retry_prompts(&menu.retry_prompts, menu.barge_in);
            }
            Kind::Page(page) | Kind::Text(page) => {
                self.texts("/title", &page.title);
                self.texts("/text", &page.text);
            }
            Kind::Play(play) => self.prompt("/prompt", &play.prompt, play.barge_in),
            Kind::Queue(queue) => {
                self.add("/queue", Facet::Reference(Noun::Queue, &queue.queue));
                if let Some(agent) = &queue.prefer_agent {
                    self.template("/prefer_agent", agent);
                }
                if let Some(flow) = &queue.wait_flow {
                    self.add("/wait_flow", Facet::Reference(Noun::WaitFlow, flow));
                }
            }
            Kind::Record(record) => {
                self.prompt("/prompt", &record.prompt, true);
                self.add("/var", Facet::Write(&record.var));
            }
            Kind::Set(set) => {
                for (place, assignment) in set.assign.iter().enumerate() {
                    self.add(format!("/assign/{place}/expr"), Facet::Expression(&assignment.expr));
                    self.add(format!("/assign/{place}/var"), Facet::Write(&assignment.var));
                }
            }
            Kind::Split(split) => self.expression("/sticky_by", split.sticky_by.as_ref()),
            Kind::Subflow(subflow) => {
                self.add("/flow", Facet::Reference(Noun::Flow, &subflow.flow));
                for (name, source) in &subflow.input {
                    self.add(format!("/in/{name}"), Facet::Expression(source));
                }
                self.writes("/out", subflow.output.keys());
            }
            Kind::Survey(survey) => {
                for (place, question) in survey.questions.iter().enumerate() {
                    self.prompt(&format!("/questions/{place}/prompt"), &question.prompt, true);
                }
            }
            Kind::Voicemail(voicemail) => {
                self.add("/box", Facet::Reference(Noun::Mailbox, &voicemail.mailbox));
                self.prompt("/greeting", &voicemail.greeting, true);
            }
        }
    }

    /// Whom the node calls, and what the text names for certain.
    fn destination(&mut self, to: &'a Destination) {
        let place = format!("/to/{}", to.field());
        self.template(place.clone(), to.template());
        let is_whole = to.template().expressions().next().is_none();
        let named = match to {
            Destination::Agent(agent) if is_whole => Some((Noun::Agent, agent.source())),
            Destination::Sip(address) => SipAddress::trunk_of(address).ok().map(|trunk| (Noun::Trunk, trunk)),
            Destination::Agent(_) | Destination::Extension(_) | Destination::Number(_) => None,
        };
        if let Some((noun, id)) = named {
            self.add(place, Facet::Reference(noun, id));
        }
    }

    fn expression(&mut self, place: &str, source: Option<&'a Expression>) {
        if let Some(source) = source {
            self.add(place, Facet::Expression(source));
        }
    }

    fn template(&mut self, place: impl Into<String>, text: &'a Template) {
        self.add(place, Facet::Template(text));
    }

    fn texts(&mut self, place: &str, texts: &'a Texts) {
        if texts.is_empty() {
            return;
        }
        self.add(place, Facet::Texts(texts));
        for (locale, text) in texts {
            self.template(format!("{place}/{}", escape(locale)), text);
        }
    }

    fn writes(&mut self, place: &str, names: impl Iterator<Item = &'a Name>) {
        for name in names {
            self.add(format!("{place}/{name}"), Facet::Write(name));
        }
    }

    fn fetched(&mut self, fetched: &'a [Fetched]) {
        for (place, fetched) in fetched.iter().enumerate() {
            self.add(format!("/map/{place}/var"), Facet::Write(&fetched.var));
        }
    }

    fn prompt(&mut self, place: &str, prompt: &'a Prompt, barge_in: bool) {
        self.add(place, Facet::Prompt { prompt, barge_in });
        for (number, part) in prompt.parts.iter().enumerate() {
            match part {
                PromptPart::Media { .. } => {}
                PromptPart::Say { expr, .. } => {
                    self.add(format!("{place}/{number}/expr"), Facet::Expression(expr));
                }
                PromptPart::Speech { tts, .. } => self.texts(&format!("{place}/{number}/tts"), tts),
            }
        }
    }

    fn retry_prompts(&mut self, prompts: &'a RetryPrompts, barge_in: bool) {
        for (reason, prompts) in [("no_input", &prompts.no_input), ("no_match", &prompts.no_match)] {
            for (number, prompt) in prompts.iter().enumerate() {
                self.prompt(&format!("/retry_prompts/{reason}/{number}"), prompt, barge_in);
            }
        }
    }

    fn body(&mut self, place: &str, body: &'a Body) {
        match body {
            Body::Plain(_) => {}
            Body::Text(text) => self.template(place, text),
            Body::List(items) => {
                for (number, item) in items.iter().enumerate() {
                    self.body(&format!("{place}/{number}"), item);
                }
            }
            Body::Fields(fields) => {
                for (key, field) in fields {
                    self.body(&format!("{place}/{}", escape(key)), field);
                }
            }
        }
    }
}
