//! The messages, as JSON texts. Each names itself in `op`.

use std::collections::BTreeMap;

use cadran_engine::model::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::viewer::HEARTBEAT;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// The most values in one place of a filter, and fields that can be named.
const WORDS_MAX: usize = 32;

/// The first message of a viewer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// Must be `hello`.
    op: HelloWord,
    /// From `POST /api/live/tickets`.
    pub ticket: SecretString,
    /// Must be [`PROTOCOL`].
    proto: u32,
    /// The last fact that the viewer has, when it comes back.
    pub lane_seq: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum HelloWord {
    Hello,
}

/// Reads the first message; none when it is no greeting in this version of the protocol.
pub fn hello(text: &str) -> Option<Hello> {
    let hello: Hello = serde_json::from_str(text).ok()?;
    let HelloWord::Hello = hello.op;
    (hello.proto == PROTOCOL).then_some(hello)
}

/// What a viewer says after the greeting.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Said {
    Ack { lane: Lane, seq: u64 },
    Ping { t: Number },
    Rate { id: u32, hz: f64 },
    Sub(Sub),
    Unsub { id: u32 },
}

/// The lane of facts is the only one that is acknowledged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Lane {
    Evt,
}

/// The wish to follow a topic.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sub {
    pub(super) id: u32,
    pub(super) topic: String,
    #[serde(default)]
    pub(super) filter: BTreeMap<String, OneOrMany>,
    pub(super) fields: Option<Vec<String>>,
    pub(super) hz: Option<f64>,
    pub(super) since: Option<Since>,
}

/// One value or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

/// How far a viewer has come.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Since {
    pub(super) epoch: String,
    pub(super) rev: u64,
}

impl OneOrMany {
    pub(super) fn into_values(self) -> Vec<Value> {
        match self {
            Self::Many(values) => values,
            Self::One(value) => vec![value],
        }
    }
}

/// Reads a message; none when it cannot be understood.
pub(super) fn said(text: &str) -> Option<Said> {
    let said = serde_json::from_str(text).ok()?;
    if let Said::Sub(sub) = &said {
        let many = |wanted: &OneOrMany| matches!(wanted, OneOrMany::Many(values) if values.len() > WORDS_MAX);
        let fields = sub.fields.as_ref().map_or(0, Vec::len);
        if fields > WORDS_MAX || sub.filter.values().any(many) {
            return None;
        }
    }
    Some(said)
}

/// What we say, but for rows, which are written out where they are kept.
#[derive(Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Ours<'a> {
    Bye { code: u16, retry_ms: Option<u64> },
    Evt { seq: u64, ts: Timestamp, r#type: &'a str, data: &'a Value },
    Mark { id: u32, rev: u64, src: Timestamp },
    Pong { t: &'a Number, now: Timestamp },
    Reset { id: Value, reason: &'a str },
    Welcome { session: u64, now: Timestamp, hb: u64 },
}

impl Ours<'_> {
    fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|error| {
            tracing::error!(%error, "a message of the live stream could not be written");
            "{}".to_owned()
        })
    }
}

pub(super) fn bye(code: u16, retry_ms: Option<u64>) -> String {
    Ours::Bye { code, retry_ms }.write()
}

pub(super) fn evt(seq: u64, ts: Timestamp, kind: &str, data: &Value) -> String {
    Ours::Evt { seq, ts, r#type: kind, data }.write()
}

pub(super) fn mark(id: u32, rev: u64, src: Timestamp) -> String {
    Ours::Mark { id, rev, src }.write()
}

pub(super) fn pong(t: &Number, now: Timestamp) -> String {
    Ours::Pong { t, now }.write()
}

/// What the viewer holds under `id` is not to be trusted any more.
pub(super) fn reset(id: u32, reason: &str) -> String {
    Ours::Reset { id: id.into(), reason }.write()
}

/// The viewer may have missed facts.
pub(super) fn reset_lane(reason: &str) -> String {
    Ours::Reset { id: "evt".into(), reason }.write()
}

pub(super) fn welcome(session: u64, now: Timestamp) -> String {
    let hb = u64::try_from(HEARTBEAT.as_millis()).unwrap_or(u64::MAX);
    Ours::Welcome { session, now, hb }.write()
}
