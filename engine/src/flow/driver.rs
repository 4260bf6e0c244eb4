//! How steps of a flow are carried out, and what each way cannot do.

use serde::{Deserialize, Serialize};

use super::node::Kind;
use super::nodes::{Lookup, LookupSource};

/// A way to carry out the steps of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Asterisk, through ARI: everything for which there is somebody to do it.
    #[default]
    Ari,
    /// Asterisk, through FastAGI from an existing dialplan: one command after the other on one channel.
    FastAgi,
    /// Virtual time: everything.
    Simulator,
}

impl Driver {
    /// Its name for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ari => "ARI",
            Self::FastAgi => "FastAGI",
            Self::Simulator => "the simulator",
        }
    }

    /// The field that it cannot carry out, `kind` when it is the node as a whole. AGI knows one channel: it cannot
    /// hold it beside others in a room, where queues, whispers and recordings of both sides take place, and it has
    /// no recogniser of speech. `Dial()` announces something to whoever picks up while its caller hears nothing, and
    /// asks them for a key only by the dialplan of its own.
    pub fn cannot(self, kind: &Kind) -> Option<&'static str> {
        match self {
            Self::Simulator => None,
            Self::Ari => nobody_can(kind),
            Self::FastAgi => match kind {
                Kind::Ai(_) | Kind::Callback(_) | Kind::Queue(_) | Kind::Recording(_) => Some("kind"),
                Kind::Dial(dial) if dial.confirm_key.is_some() => Some("confirm_key"),
                Kind::Dial(dial) if dial.record => Some("record"),
                Kind::Dial(dial) if dial.whisper.is_some() => Some("whisper"),
                _ => nobody_can(kind),
            },
        }
    }
}

/// The field that no call through Asterisk heeds, because nobody is there to do it: nothing that it brings along
/// recognises speech, nothing writes messages down, the language of an earlier call and tables are not kept, and
/// speakers are always recorded apart.
fn nobody_can(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Language(language) if language.auto.is_some() => Some("auto"),
        Kind::Lookup(Lookup { source: LookupSource::Table(_), .. }) => Some("source"),
        Kind::Menu(menu) if menu.speech.is_some() => Some("speech"),
        Kind::Recording(recording) => recording.cannot(),
        Kind::Voicemail(voicemail) if voicemail.transcribe => Some("transcribe"),
        _ => None,
    }
}
