//! Flows and what they refer to, as settings give them to the engine.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FlowId, MediumId};

/// A flow with those of its revisions that a call may be in. Other flows call it by the text of its id, `flw_4`,
/// which is also the `id` of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowPublished {
    /// The row.
    pub id: FlowId,
    /// The revision for everybody.
    pub live: Option<u32>,
    /// The revision that is being tried out.
    pub test: Option<u32>,
    /// The documents of those two, of canaries, of revisions that live flows are pinned to, and of the latest ones, in
    /// which callers of an earlier daemon may wait. A revision never changes.
    pub revisions: BTreeMap<u32, String>,
}

/// A recorded sound. Flows name it by the text of its id, `med_7`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Medium {
    /// The row.
    pub id: MediumId,
    /// The sound in each locale.
    pub sounds: BTreeMap<String, Sound>,
}

/// A sound as Asterisk plays it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sound {
    /// An Asterisk media URI such as `sound:cadran/media/7-fr`.
    pub uri: String,
    /// How long it is.
    #[serde(with = "super::time::millis")]
    pub length: Duration,
}

impl Medium {
    /// The sound in a locale, or in another one: a prompt in another language is better than silence.
    pub fn sound(&self, locale: &str) -> Option<&Sound> {
        self.sounds.get(locale).or_else(|| self.sounds.values().next())
    }
}
