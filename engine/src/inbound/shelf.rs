//! Flows made ready for callers: each in the revision that its pointers name, together with those that it calls.
//!
//! A call keeps the edition that it began with, whatever is published meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::command::Clip;
use crate::flow::calendar::{Calendar, OpeningHours};
use crate::flow::nodes::Revision;
use crate::flow::prompt::SayAs;
use crate::flow::run::{self, Surroundings};
use crate::flow::{Library, Prepared, read};
use crate::model::{Did, FlowId, FlowPublished, Greeting, Mailbox, MailboxId, Medium, Overflow, Track};

/// What is spoken to callers of whom no language is known.
const LANGUAGE: &str = "fr-FR";

/// Names an edition while the engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EditionId(u64);

/// From what an edition was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) flow: FlowId,
    pub(crate) revision: u32,
    /// The revisions of flows that are called in whichever is live.
    pub(crate) live: BTreeMap<FlowId, u32>,
}

/// A flow and those that it calls, each in one revision.
#[derive(Debug)]
struct Edition {
    library: Library,
    /// None for one that nobody published.
    origin: Option<Origin>,
    /// How many callers are in it.
    callers: u32,
    /// Whether calls may still begin in it.
    is_current: bool,
}

/// All flows, and what they refer to.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    flows: BTreeMap<FlowId, FlowPublished>,
    editions: BTreeMap<EditionId, Edition>,
    /// The current edition of each flow in each revision.
    current: BTreeMap<(FlowId, u32), EditionId>,
    /// Flows of one node, for callers whom a queue or a number sends on, by their document.
    overflows: BTreeMap<String, EditionId>,
    numbers_given: u64,
    calendars: BTreeMap<String, Calendar>,
    media: BTreeMap<String, Medium>,
    mailboxes: Vec<Mailbox>,
}

impl Shelf {
    /// Takes over what settings say. Calls go on in the editions that they began in.
    pub(crate) fn take(
        &mut self,
        flows: Vec<FlowPublished>,
        calendars: Vec<OpeningHours>,
        media: Vec<Medium>,
        mailboxes: Vec<Mailbox>,
    ) {
        self.calendars = calendars.into_iter().map(|hours| (hours.id.to_string(), hours.calendar)).collect();
        self.media = media.into_iter().map(|medium| (medium.id.to_string(), medium)).collect();
        let flows: BTreeMap<FlowId, FlowPublished> = flows.into_iter().map(|flow| (flow.id, flow)).collect();
        if flows != self.flows || mailboxes != self.mailboxes {
            self.flows = flows;
            self.mailboxes = mailboxes;
            self.editions.values_mut().for_each(|edition| edition.is_current = false);
            self.current.clear();
            self.overflows.clear();
            self.editions.retain(|_, edition| edition.callers > 0);
        }
    }

    /// Opening hours.
    pub(crate) fn calendar(&self, id: &str) -> Option<&Calendar> {
        self.calendars.get(id)
    }

    /// The flow and revision in which a call to a number begins. `percent` is drawn from 0 to 99 for the call.
    pub(crate) fn revision_for(&self, did: &Did, percent: u8) -> Option<(FlowId, u32)> {
        let canary = did.canary.filter(|canary| percent < canary.share).map(|canary| canary.revision);
        let flow = self.flows.get(&did.flow)?;
        let pointed = match did.track {
            Track::Live => flow.live,
            Track::Test => flow.test.or(flow.live),
        };
        Some((did.flow, canary.or(pointed)?))
    }

    /// The edition of a flow in a revision, made ready if it has not been. A caller is counted in it.
    pub(crate) fn open(&mut self, flow: FlowId, revision: u32) -> Option<EditionId> {
        let edition = match self.current.get(&(flow, revision)) {
            Some(edition) => *edition,
            None => {
                let (library, live) = self.library(flow, revision, &BTreeMap::new())?;
                let edition = self.add(library, Some(Origin { flow, revision, live }));
                self.current.insert((flow, revision), edition);
                edition
            }
        };
        self.count_in(edition)
    }

    /// The edition that an earlier daemon made from the same, if all of it can still be read. A caller is counted in it.
    pub(crate) fn reopen(&mut self, origin: Origin) -> Option<EditionId> {
        let known = self.editions.iter().find(|(_, edition)| edition.origin.as_ref() == Some(&origin));
        if let Some(edition) = known.map(|(id, _)| *id) {
            return self.count_in(edition);
        }
        let (library, live) = self.library(origin.flow, origin.revision, &origin.live)?;
        if live != origin.live {
            return None;
        }
        let edition = self.add(library, Some(origin));
        if let Some(added) = self.editions.get_mut(&edition) {
            // Calls begin in the one that the pointers of today lead to.
            added.is_current = false;
        }
        self.count_in(edition)
    }

    /// From what an edition was made; none for one that nobody published.
    pub(crate) fn origin(&self, edition: EditionId) -> Option<&Origin> {
        self.editions.get(&edition)?.origin.as_ref()
    }

    /// Whether there is a way on of this kind: a flow has one while it is live.
    pub(crate) fn has_overflow(&self, to: Overflow) -> bool {
        match to {
            Overflow::Flow { flow } => self.flows.get(&flow).is_some_and(|known| known.live.is_some()),
            Overflow::Number { .. } | Overflow::Queue { .. } | Overflow::Voicemail { .. } => true,
        }
    }

    /// The edition for a caller who is sent on, and speaks this language. A caller is counted in it.
    pub(crate) fn open_overflow(&mut self, to: Overflow, language: Option<&str>) -> Option<EditionId> {
        let language = language.unwrap_or(LANGUAGE);
        let node = match to {
            Overflow::Flow { flow } => {
                let revision = self.flows.get(&flow)?.live?;
                return self.open(flow, revision);
            }
            Overflow::Number { phone } => {
                let ways = json!({"busy": "n_end", "no_answer": "n_end", "rejected": "n_end"});
                json!({"kind": "dial", "to": {"number": phone.e164()}, "next": ways})
            }
            Overflow::Queue { queue } => json!({"kind": "queue", "queue": queue.to_string()}),
            Overflow::Voicemail { mailbox } => {
                json!({"kind": "voicemail", "box": mailbox.to_string(), "greeting": self.greeting(mailbox, language)})
            }
        };
        let document = json!({
            "v": 1, "id": "flw_overflow", "kind": "ivr", "locales": [language], "tz": "UTC",
            "start": "n_on", "nodes": {"n_on": node, "n_end": {"kind": "hangup"}},
        });
        let document = document.to_string();
        let edition = match self.overflows.get(&document) {
            Some(edition) => *edition,
            None => {
                let edition = self.add(Library::new(Prepared::new(read(&document).ok()?)), None);
                self.overflows.insert(document, edition);
                edition
            }
        };
        self.count_in(edition)
    }

    /// The prompt that callers hear before they leave a message in a mailbox.
    fn greeting(&self, mailbox: MailboxId, language: &str) -> serde_json::Value {
        let usual = Greeting::default();
        let greeting = self.mailboxes.iter().find(|known| known.id == mailbox);
        let greeting = greeting.map_or(&usual, |known| &known.greeting);
        match greeting.media {
            Some(media) => json!([{"media": media.to_string()}]),
            // Flows would read an expression in double braces.
            None => json!([{"tts": {language: greeting.text(language).replace("{{", "{ {")}}]),
        }
    }

    /// A caller is no longer in an edition.
    pub(crate) fn close(&mut self, edition: EditionId) {
        let Some(left) = self.editions.get_mut(&edition) else { return };
        left.callers = left.callers.saturating_sub(1);
        if left.callers == 0 && !left.is_current {
            self.editions.remove(&edition);
        }
    }

    /// What surrounds the run of a call.
    pub(crate) fn around(&self, edition: EditionId) -> Option<Surroundings<'_>> {
        let library = &self.editions.get(&edition)?.library;
        Some(Surroundings { library, calendars: &self.calendars })
    }

    /// A clip of a flow as Asterisk can play it. `Err` names what is missing.
    pub(crate) fn clip(&self, clip: &run::Clip<'_>, locale: &str) -> Result<Clip, String> {
        Ok(match clip {
            run::Clip::Media(media) => {
                let sound = self.media.get(*media).and_then(|medium| medium.sound(locale));
                Clip::Sound(sound.ok_or_else(|| (*media).to_owned())?.uri.clone())
            }
            run::Clip::Say { say, value, .. } => match say {
                SayAs::Date => Clip::Date(value.clone()),
                SayAs::Digits => Clip::Digits(value.clone()),
                SayAs::Money => Clip::Money(value.clone()),
                SayAs::Number => Clip::Number(value.clone()),
            },
            run::Clip::Speech { text, locale, voice } => Clip::Speech {
                text: text.to_string(),
                locale: locale.to_string(),
                voice: voice.map(str::to_owned),
            },
        })
    }

    fn add(&mut self, library: Library, origin: Option<Origin>) -> EditionId {
        self.numbers_given += 1;
        let id = EditionId(self.numbers_given);
        self.editions.insert(id, Edition { library, origin, callers: 0, is_current: true });
        id
    }

    fn count_in(&mut self, edition: EditionId) -> Option<EditionId> {
        self.editions.get_mut(&edition)?.callers += 1;
        Some(edition)
    }

    /// A flow with everything that it leads to, and which revisions stand for those that are live: those of `kept`,
    /// otherwise those of today.
    fn library(
        &self,
        flow: FlowId,
        revision: u32,
        kept: &BTreeMap<FlowId, u32>,
    ) -> Option<(Library, BTreeMap<FlowId, u32>)> {
        let main = self.prepare(flow, revision)?;
        let mut ahead = main.subflows();
        let mut library = Library::new(main);
        let mut live = BTreeMap::new();
        let mut seen = BTreeSet::new();
        while let Some((id, pin)) = ahead.pop() {
            if !seen.insert((id.clone(), pin)) {
                continue;
            }
            // One that is missing fails when a caller comes to it, and takes that node's exit for errors.
            let Some(called) = id.parse().ok().and_then(|id: FlowId| self.flows.get(&id)) else { continue };
            let wanted = match pin {
                Revision::Live => kept.get(&called.id).copied().or(called.live),
                Revision::Numbered(number) => Some(number),
            };
            let Some((wanted, prepared)) = wanted.and_then(|it| Some((it, self.prepare(called.id, it)?)))
            else {
                continue;
            };
            if pin == Revision::Live {
                live.insert(called.id, wanted);
            }
            ahead.extend(prepared.subflows());
            library.add(pin, prepared);
        }
        Some((library, live))
    }

    fn prepare(&self, flow: FlowId, revision: u32) -> Option<Prepared> {
        let document = self.flows.get(&flow)?.revisions.get(&revision)?;
        read(document).ok().map(Prepared::new)
    }
}
