//! Nodes that keep what is said.

use serde::Deserialize;

use crate::flow::key::Key;
use crate::flow::limits::Within;
use crate::flow::name::Name;
use crate::flow::prompt::Prompt;

/// Takes a message for a mailbox.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voicemail {
    /// Which mailbox.
    #[serde(rename = "box")]
    pub mailbox: String,
    /// What is heard before the tone.
    #[serde(default)]
    pub greeting: Prompt,
    /// A shorter message is not kept; 2 s by default.
    pub min_s: Option<Within<0, 60>>,
    /// With this length it ends; 180 s by default.
    pub max_s: Option<Within<1, 900>>,
    /// Whether it is written down as well.
    #[serde(default)]
    pub transcribe: bool,
    /// Who gets it by e-mail, beside those whom the mailbox tells.
    #[serde(default)]
    pub notify: Vec<String>,
}

/// Records an answer of the caller.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The variable that takes the recording's name.
    pub var: Name,
    /// What is asked.
    #[serde(default)]
    pub prompt: Prompt,
    /// With this length it ends; 60 s by default.
    pub max_s: Option<Within<1, 900>>,
    /// With so long a silence it ends; 3 s by default.
    pub silence_s: Option<Within<1, 60>>,
    /// The key that ends it; `#` by default.
    pub end: Option<Key>,
    /// Whether a tone says that it begins.
    #[serde(default)]
    pub beep: bool,
}

/// Switches the recording of the whole call.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// What is done.
    pub action: RecordingAction,
    /// How the speakers are kept apart.
    #[serde(default)]
    pub channels: Channels,
    /// What the caller knows of it.
    #[serde(default)]
    pub consent: Consent,
}

impl Recording {
    /// The field that no recording of a real call heeds: speakers are always kept apart, and nobody but the flow asks the
    /// caller, by a menu before.
    pub(crate) const fn cannot(&self) -> Option<&'static str> {
        match (self.channels, self.consent) {
            (Channels::Mono, _) => Some("channels"),
            (Channels::Stereo, Consent::Asked) => Some("consent"),
            (Channels::Stereo, Consent::Announced | Consent::None) => None,
        }
    }
}

/// What is done with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingAction {
    /// Nothing is kept until it resumes.
    Pause,
    /// It goes on after a pause.
    Resume,
    /// It begins.
    Start,
    /// It ends.
    Stop,
}

/// How speakers are kept apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// All in one.
    Mono,
    /// The caller left, the others right.
    #[default]
    Stereo,
}

/// What a caller knows of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// They were told.
    Announced,
    /// They are asked, and may refuse.
    Asked,
    /// Nothing.
    #[default]
    None,
}
