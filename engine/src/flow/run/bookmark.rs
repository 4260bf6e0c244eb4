//! Where a call waits in its flow, small enough to be written on the call itself: another daemon goes on from there.
//!
//! What is secret is not in it, nor what was made of something secret.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Facts, Frame, Place, Run, Surroundings};
use crate::flow::name::Name;
use crate::flow::node::Kind;
use crate::flow::nodes::Revision;
use crate::flow::prepared::{Prepared, Slot};
use crate::flow::value::Value;
use crate::model::Timestamp;

/// How many bytes of text the variables of one bookmark have together at most. The longest are left out; they begin
/// with their defaults again.
pub const VARIABLES_BYTES_MAX: usize = 1_000;

/// Where a call waits in its flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// When the flow began.
    began: Timestamp,
    /// When the call came to the queue.
    since: Timestamp,
    /// The language being spoken.
    locale: String,
    /// The number drawn for the call.
    chance: u64,
    /// How many nodes it may still pass.
    passages_left: u32,
    /// The flows that called each other, the last being where it waits.
    frames: Vec<Leaf>,
}

/// Where a call is in one flow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Leaf {
    /// The flow, unless it is the one in which the call began.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    flow: String,
    /// The revision that it was called in, if that was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin: Option<u32>,
    node: String,
    /// Variables that differ from what they hold at the beginning, as far as there is room.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    vars: BTreeMap<String, Json>,
}

/// Shows where it is, and of variables no more than the names: they can hold what is known of a person.
impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {:?}", self.flow, self.node, self.vars.keys().collect::<Vec<_>>())
    }
}

impl Run {
    /// Where the call waits, to go on from there elsewhere. None unless it waits for an agent.
    pub fn bookmark(&self, around: Surroundings<'_>) -> Option<Bookmark> {
        let queue = self.queue_frame()?;
        let frames = self.frames.get(..=queue)?;
        let Place::Queueing { since } = frames.last()?.place else { return None };
        let leaves: Option<Vec<Leaf>> = frames.iter().map(|frame| frame.leaf(around)).collect();
        let mut leaves = leaves?;
        for (depth, name, value) in shortest_first(frames, around) {
            if let Some(leaf) = leaves.get_mut(depth) {
                leaf.vars.insert(name, value);
            }
        }
        Some(Bookmark {
            began: self.began,
            since,
            locale: self.locale.clone(),
            chance: self.facts.chance,
            passages_left: self.passages_left,
            frames: leaves,
        })
    }

    /// A call that goes on where another run left it waiting, with [`super::Event::Resumed`]. None when the place is not
    /// in these flows, or is no queue.
    pub fn reopen(
        around: Surroundings<'_>,
        facts: Facts,
        bookmark: &Bookmark,
        now: Timestamp,
    ) -> Option<Self> {
        let (last, before) = bookmark.frames.split_last()?;
        let calling: Option<Vec<Frame>> = before
            .iter()
            .map(|leaf| leaf.reopen(around, |kind| matches!(kind, Kind::Subflow(_)), Place::Acting))
            .collect();
        let mut frames = calling?;
        let waiting = Place::Queueing { since: bookmark.since };
        frames.push(last.reopen(around, |kind| matches!(kind, Kind::Queue(_)), waiting)?);
        let fresh = Self::new(around, Facts { chance: bookmark.chance, ..facts }, now);
        let locales = around.library.flow(0).map(|flow| flow.envelope.locales.as_slice()).unwrap_or_default();
        let is_spoken = locales.contains(&bookmark.locale);
        Some(Self {
            locale: if is_spoken { bookmark.locale.clone() } else { fresh.locale },
            began: bookmark.began,
            passages_left: bookmark.passages_left.min(fresh.passages_left),
            frames,
            ..fresh
        })
    }
}

impl Frame {
    /// Where it is, without its variables.
    fn leaf(&self, around: Surroundings<'_>) -> Option<Leaf> {
        let (pin, flow) = around.library.entry(self.flow)?;
        let node = flow.nodes.get(self.node)?.id.to_string();
        let pin = match pin {
            Revision::Live => None,
            Revision::Numbered(number) => Some(number),
        };
        let name = if self.flow == 0 { "" } else { flow.id() };
        Some(Leaf { flow: name.to_owned(), pin, node, vars: BTreeMap::new() })
    }

    /// Its variables that differ from what they hold at the beginning, but for what is secret.
    fn changed<'a>(&'a self, flow: &'a Prepared) -> impl Iterator<Item = (&'a Name, &'a Value)> {
        let slots = flow.slots.iter().zip(&self.variables).enumerate();
        slots.filter_map(|(place, (slot, value))| {
            let is_new = *value != slot.initial && !self.secrets.contains(&place);
            Some((&slot.name, value.as_ref().filter(|_| is_new)?))
        })
    }
}

impl Leaf {
    fn reopen(&self, around: Surroundings<'_>, suits: fn(&Kind) -> bool, place: Place) -> Option<Frame> {
        let pin = self.pin.map_or(Revision::Live, Revision::Numbered);
        let number = if self.flow.is_empty() { 0 } else { around.library.find(&self.flow, pin)? };
        let flow = around.library.flow(number)?;
        let node = flow.place(&self.node)?;
        flow.nodes.get(node).filter(|node| suits(&node.kind))?;
        let mut frame = Frame { node, place, ..Frame::new(number, Some(flow)) };
        for (name, json) in &self.vars {
            let slot = flow.slot(name);
            let value = slot.and_then(|slot| flow.slots.get(slot)?.holding(json));
            if let (Some(slot), Some(value)) = (slot, value)
                && let Some(kept) = frame.variables.get_mut(slot)
            {
                *kept = Some(value);
            }
        }
        Some(frame)
    }
}

impl Slot {
    fn holding(&self, json: &Json) -> Option<Value> {
        match self.value_type {
            Some(value_type) => Value::from_json(json, value_type),
            None => Value::guessed(json),
        }
    }
}

/// The variables for which there is room, each with the depth of its flow.
fn shortest_first(frames: &[Frame], around: Surroundings<'_>) -> Vec<(usize, String, Json)> {
    let mut all = Vec::new();
    for (depth, frame) in frames.iter().enumerate() {
        let Some(flow) = around.library.flow(frame.flow) else { continue };
        for (name, value) in frame.changed(flow) {
            let Ok(json) = serde_json::to_value(value) else { continue };
            all.push((written_length(name, &json), depth, name.to_string(), json));
        }
    }
    all.sort_by(|one, other| (one.0, one.1, &one.2).cmp(&(other.0, other.1, &other.2)));
    let mut left = VARIABLES_BYTES_MAX;
    let fits = all.into_iter().map_while(|(length, depth, name, json)| {
        left = left.checked_sub(length)?;
        Some((depth, name, json))
    });
    fits.collect()
}

/// What a variable takes up where it is written, the sign of the dialplan's own variables as its escape (`\u0024`).
fn written_length(name: &Name, json: &Json) -> usize {
    let text = json.to_string();
    let dollars = text.bytes().filter(|byte| *byte == b'$').count();
    name.as_str().len() + text.len() + 5 * dollars
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::run::{Event, QueueExit, Step};
    use crate::flow::{Library, read};

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);
    const LATER: Timestamp = Timestamp::from_millis(1_795_000_060_000);

    fn flow(id: &str, kind: &str, nodes: Json) -> Prepared {
        let var = |name: &str| json!({ "name": name, "type": "string", "default": "" });
        let vars = ["pin", "copy", "name", "long"].map(var);
        let document = json!({
            "v": 1, "id": id, "kind": kind, "locales": ["fr-FR", "en-GB"], "tz": "UTC", "start": "n_a",
            "vars": vars, "nodes": nodes,
        });
        Prepared::new(read(&document.to_string()).unwrap())
    }

    /// A flow that calls another, which asks for a number, makes something of it and has the call wait.
    fn library() -> Library {
        let main = json!({
            "n_a": { "kind": "set", "assign": [
                { "var": "name", "expr": "'Zo\u{e9}'" }, { "var": "long", "expr": format!("'{}'", "$".repeat(400)) },
            ], "next": { "next": "n_deep" } },
            "n_deep": { "kind": "subflow", "flow": "flw_in", "in": { "name": "name" },
                "next": { "done": "n_said", "error": "n_end" } },
            "n_said": { "kind": "play", "prompt": [{ "tts": { "fr-FR": "Au revoir {{name}}." } }],
                "next": { "next": "n_end" } },
            "n_end": { "kind": "hangup" },
        });
        let inner = json!({
            "n_a": { "kind": "collect", "var": "pin", "secret": true, "prompt": [], "min": 4, "max": 4,
                "next": { "ok": "n_copy", "no_input": "n_back", "no_match": "n_back" } },
            "n_copy": { "kind": "set", "assign": [{ "var": "copy", "expr": "'<' + pin + '>'" }],
                "next": { "next": "n_queue" } },
            "n_queue": { "kind": "queue", "queue": "q_1", "next": { "timeout": "n_back" } },
            "n_back": { "kind": "return", "name": "done" },
        });
        let mut library = Library::new(flow("flw_main", "ivr", main));
        library.add(Revision::Live, flow("flw_in", "subflow", inner));
        library
    }

    fn waiting(around: Surroundings<'_>) -> Run {
        let mut run = Run::new(around, Facts { chance: u64::MAX, ..Facts::default() }, NOW);
        let mut events = vec![Event::Begun];
        events.extend("4711".chars().filter_map(|sign| Some(Event::Key(crate::flow::key::Key::read(sign)?))));
        for event in events {
            let _ = run.handle(around, event, NOW, &mut Vec::new());
        }
        assert!(run.is_queueing(), "{run:?}");
        run
    }

    #[test]
    fn a_call_goes_on_where_it_waited() {
        let (library, calendars) = (library(), BTreeMap::new());
        let around = Surroundings { library: &library, calendars: &calendars };
        let bookmark = waiting(around).bookmark(around).unwrap();
        let text = serde_json::to_string(&bookmark).unwrap();
        let bookmark: Bookmark = serde_json::from_str(&text).unwrap();
        let mut run = Run::reopen(around, Facts::default(), &bookmark, LATER).unwrap();
        let step = run.handle(around, Event::Resumed, LATER, &mut Vec::new());
        assert!(matches!(step, Step::Queue { .. }), "{step:?}");
        let mut trace = Vec::new();
        let step = run.handle(around, Event::QueueLeft(QueueExit::Timeout), LATER, &mut trace);
        assert!(format!("{step:?}").contains("Au revoir Zo\u{e9}."), "{step:?}");
        let way: Vec<&str> = trace.iter().map(|passage| passage.node.as_str()).collect();
        assert_eq!(way, ["n_queue", "n_deep"]);
    }

    #[test]
    fn nothing_secret_and_nothing_long_is_written() {
        let (library, calendars) = (library(), BTreeMap::new());
        let around = Surroundings { library: &library, calendars: &calendars };
        let bookmark = waiting(around).bookmark(around).unwrap();
        let text = serde_json::to_string(&bookmark).unwrap();
        assert!(text.contains("Zo\u{e9}") && !text.contains("4711") && !text.contains("$$"), "{text}");
        assert!(!format!("{bookmark:?}").contains("Zo\u{e9}"), "{bookmark:?}");
    }

    #[test]
    fn a_place_that_is_not_there_is_not_reopened() {
        let (library, calendars) = (library(), BTreeMap::new());
        let around = Surroundings { library: &library, calendars: &calendars };
        let bookmark = waiting(around).bookmark(around).unwrap();
        let other = Library::new(flow("flw_main", "ivr", json!({ "n_deep": { "kind": "hangup" } })));
        let elsewhere = Surroundings { library: &other, calendars: &calendars };
        assert!(Run::reopen(elsewhere, Facts::default(), &bookmark, LATER).is_none());
        assert!(Run::new(around, Facts::default(), NOW).bookmark(around).is_none(), "it does not wait");
    }
}
