//! What a screen makes of the messages. Written from the protocol's description alone; it shares no code with what it
//! tests.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The rows of one subscription.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copy {
    pub(crate) rows: BTreeMap<String, (u64, Map<String, Value>)>,
    epoch: String,
    pub(crate) rev: u64,
    frames: u64,
    /// Between the first part of a snapshot and the last.
    copying: bool,
    /// Whether there is anything to go on from.
    pub(crate) whole: bool,
}

/// What one screen knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Replica {
    pub(crate) copies: BTreeMap<u64, Copy>,
    pub(crate) facts: Vec<Value>,
    pub(crate) resets: Vec<(Value, String)>,
    pub(crate) source: i64,
    pub(crate) welcome: Option<Value>,
    pub(crate) bye: Option<u64>,
}

/// A subscription has a hole and must be begun anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole(pub(crate) u64);

impl Replica {
    /// Takes in one message.
    pub(crate) fn hear(&mut self, text: &str) -> Result<(), Hole> {
        let message: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        match message["op"].as_str().unwrap() {
            "welcome" => self.welcome = Some(message),
            "snap" => self.snapshot(&message),
            "d" => return self.delta(&message),
            "mark" => {
                let copy = self.copies.entry(message["id"].as_u64().unwrap()).or_default();
                copy.rev = copy.rev.max(message["rev"].as_u64().unwrap());
                self.source = message["src"].as_i64().unwrap();
            }
            "reset" => {
                if let Some(id) = message["id"].as_u64() {
                    self.copies.insert(id, Copy::default());
                }
                self.resets.push((message["id"].clone(), message["reason"].as_str().unwrap().to_owned()));
            }
            "evt" => self.facts.push(message),
            "pong" => {}
            "bye" => self.bye = message["code"].as_u64(),
            other => panic!("`{other}` is no message of the protocol: {text}"),
        }
        Ok(())
    }

    /// The message that follows a topic, from where the screen is.
    pub(crate) fn subscribe(&mut self, id: u64, topic: &str, filter: Option<&Value>) -> String {
        let copy = self.copies.entry(id).or_default();
        copy.frames = 0;
        copy.copying = false;
        let mut sub = json!({ "op": "sub", "id": id, "topic": topic });
        if let Some(filter) = filter {
            sub["filter"] = filter.clone();
        }
        if copy.whole {
            sub["since"] = json!({ "epoch": copy.epoch, "rev": copy.rev });
        }
        sub.to_string()
    }

    fn snapshot(&mut self, message: &Value) {
        let copy = self.copies.entry(message["id"].as_u64().unwrap()).or_default();
        if !copy.copying {
            *copy = Copy { copying: true, ..Copy::default() };
        }
        copy.epoch = message["epoch"].as_str().unwrap().to_owned();
        copy.rev = message["rev"].as_u64().unwrap();
        for row in message["rows"].as_array().unwrap() {
            copy.take(row);
        }
        copy.copying = message["more"].as_bool().unwrap();
        copy.whole = !copy.copying;
    }

    fn delta(&mut self, message: &Value) -> Result<(), Hole> {
        let id = message["id"].as_u64().unwrap();
        let copy = self.copies.entry(id).or_default();
        if message["n"].as_u64().unwrap() != copy.frames + 1 {
            return Err(Hole(id));
        }
        copy.frames += 1;
        for row in message["up"].as_array().unwrap() {
            copy.take(row);
        }
        for key in message["del"].as_array().unwrap() {
            copy.rows.remove(key.as_str().unwrap());
        }
        copy.rev = message["rev"].as_u64().unwrap();
        Ok(())
    }
}

impl Copy {
    /// Takes over `[key, revision, fields]`, unless it is older than what is there.
    fn take(&mut self, row: &Value) {
        let (key, rev) = (row[0].as_str().unwrap().to_owned(), row[1].as_u64().unwrap());
        let held = self.rows.entry(key).or_default();
        if rev >= held.0 {
            held.0 = rev;
            held.1.extend(row[2].as_object().unwrap().clone());
        }
    }
}
