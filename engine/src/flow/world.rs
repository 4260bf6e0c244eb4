//! What a flow may refer to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::calendar::Calendar;
use super::document::Flow;
use super::driver::Driver;
use super::facets::Noun;
use super::nodes::Revision;
use super::prepared::{Library, Prepared};
use super::prompt::{Prompt, PromptPart};
use super::simulation::SavedTest;

/// How long a machine speaks for each character of a text, in milliseconds.
pub const SPEECH_MS_PER_CHARACTER: u64 = 60;
/// How long it takes to say one item, such as a digit or a date, in milliseconds.
pub const SAY_MS_PER_ITEM: u64 = 500;

/// What a flow may refer to. What is left out is not checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct World {
    /// Agents.
    pub agents: Option<BTreeSet<String>>,
    /// Trunks.
    pub trunks: Option<BTreeSet<String>>,
    /// Queues.
    pub queues: Option<BTreeSet<String>>,
    /// Those of them that lead on whom they turn away or keep no longer, so that a flow need not.
    pub overflows: BTreeSet<String>,
    /// Opening hours.
    pub calendars: Option<BTreeMap<String, Calendar>>,
    /// Recorded sounds.
    pub media: Option<BTreeMap<String, Medium>>,
    /// Other flows, and the flows that each of them calls, where that is known.
    pub flows: Option<Flows>,
    /// Those of them that entertain whoever waits in a queue. Not known: any may.
    pub wait_flows: Option<BTreeSet<String>>,
    /// Secrets, by name only.
    pub secrets: Option<BTreeSet<String>>,
    /// Mailboxes.
    pub boxes: Option<BTreeSet<String>>,
    /// The text from which each spoken sound of the flow was made, by the pointer to the text.
    pub speech: BTreeMap<String, String>,
    /// Saved tests.
    pub tests: Option<BTreeMap<String, SavedTest>>,
    /// How calls reach the flow; over ARI when nothing is said.
    pub drivers: BTreeSet<Driver>,
    /// The flows that saved tests run into, each under the pin by which it is called. No part of the format: whoever
    /// has the documents puts them here.
    #[serde(skip)]
    pub called: Vec<(Revision, Prepared)>,
}

/// A recorded sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medium {
    /// Samples per second.
    pub rate: u32,
    /// 1 is mono.
    pub channels: u16,
    /// How long it is.
    pub ms: u64,
}

/// A node of another flow that cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beyond<'a> {
    pub(super) flow: &'a str,
    pub(super) node: &'a str,
    pub(super) kind: &'a str,
}

/// Other flows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Flows {
    /// Their ids.
    Known(BTreeSet<String>),
    /// Their ids, each with those that it calls.
    Calling(BTreeMap<String, BTreeSet<String>>),
}

impl Flows {
    fn contains(&self, id: &str) -> bool {
        match self {
            Self::Known(ids) => ids.contains(id),
            Self::Calling(calls) => calls.contains_key(id),
        }
    }

    /// Whether one flow leads to another, itself or through others.
    fn leads(&self, from: &str, to: &str) -> bool {
        let Self::Calling(calls) = self else { return from == to };
        let mut seen = BTreeSet::new();
        let mut ahead = vec![from];
        while let Some(flow) = ahead.pop() {
            if flow == to {
                return true;
            }
            if seen.insert(flow) {
                ahead.extend(calls.get(flow).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}

impl World {
    /// Whether something is there. `None`: it is not known.
    pub(super) fn has(&self, noun: Noun, id: &str) -> Option<bool> {
        match noun {
            Noun::Agent => self.agents.as_ref().map(|agents| agents.contains(id)),
            // Cadran has no assistants yet.
            Noun::Assistant => Some(false),
            Noun::Calendar => self.calendars.as_ref().map(|calendars| calendars.contains_key(id)),
            Noun::Flow => self.flows.as_ref().map(|flows| flows.contains(id)),
            Noun::Mailbox => self.boxes.as_ref().map(|boxes| boxes.contains(id)),
            Noun::Queue => self.queues.as_ref().map(|queues| queues.contains(id)),
            Noun::Secret => self.secrets.as_ref().map(|secrets| secrets.contains(id)),
            Noun::WaitFlow => match &self.wait_flows {
                Some(flows) => Some(flows.contains(id)),
                None => self.has(Noun::Flow, id),
            },
            Noun::Trunk => self.trunks.as_ref().map(|trunks| trunks.contains(id)),
        }
    }

    /// Whether calling `callee` leads back to `caller`.
    pub(super) fn calls_back(&self, callee: &str, caller: &str) -> bool {
        callee == caller || self.flows.as_ref().is_some_and(|flows| flows.leads(callee, caller))
    }

    /// A node that a driver cannot carry out, in a flow that is called or in one that this calls.
    pub(super) fn beyond(&self, driver: Driver, flow: &str) -> Option<Beyond<'_>> {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![flow.to_owned()];
        while let Some(id) = ahead.pop() {
            for (_, flow) in self.called.iter().filter(|(_, flow)| flow.id() == id) {
                if let Some(node) = flow.nodes.iter().find(|node| driver.cannot(&node.kind).is_some()) {
                    return Some(Beyond { flow: flow.id(), node: node.id.as_str(), kind: node.kind.name() });
                }
                ahead.extend(flow.subflows().into_iter().map(|(id, _)| id).filter(|id| !seen.contains(id)));
            }
            seen.insert(id);
        }
        None
    }

    /// A flow made ready together with those that it calls.
    pub fn library(&self, flow: Flow) -> Library {
        let mut library = Library::new(Prepared::new(flow));
        for (revision, called) in &self.called {
            library.add(*revision, called.clone());
        }
        library
    }

    /// How long a prompt is heard in a locale, in milliseconds; for spoken values a guess.
    pub fn length_ms(&self, prompt: &Prompt, locale: &str) -> u64 {
        prompt.parts.iter().map(|part| self.part_ms(part, locale)).sum()
    }

    fn part_ms(&self, part: &PromptPart, locale: &str) -> u64 {
        match part {
            PromptPart::Media { media } => self.medium_ms(media),
            PromptPart::Say { .. } => SAY_MS_PER_ITEM,
            PromptPart::Speech { tts, .. } => tts.get(locale).map_or(0, |text| speech_ms(text.source())),
        }
    }

    /// How long a recorded sound is; nothing when it is not known.
    pub fn medium_ms(&self, media: &str) -> u64 {
        self.media.as_ref().and_then(|known| known.get(media)).map_or(0, |medium| medium.ms)
    }
}

/// How long a machine speaks.
pub fn speech_ms(text: &str) -> u64 {
    text.chars().count() as u64 * SPEECH_MS_PER_CHARACTER
}
