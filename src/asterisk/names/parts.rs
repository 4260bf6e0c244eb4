//! What things on Asterisk consist of that have several channels: recordings, ears and taps.

use cadran_engine::model::{CallId, RecordingId, TapId};
use uuid::Uuid;

/// Whose voice one half of a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::asterisk) enum Speaker {
    /// The left channel of the stereo file.
    Customer,
    /// The right channel of the stereo file.
    Agent,
}

impl Speaker {
    /// Both, left first.
    pub(in crate::asterisk) const BOTH: [Self; 2] = [Self::Customer, Self::Agent];

    /// The word in names and messages.
    pub(in crate::asterisk) const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
        }
    }
}

/// One speaker's side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::asterisk) struct Half {
    /// The recording it belongs to.
    pub(in crate::asterisk) recording: RecordingId,
    /// Who speaks.
    pub(in crate::asterisk) speaker: Speaker,
}

impl Half {
    /// Both halves of a recording, customer first.
    pub(in crate::asterisk) fn both(recording: RecordingId) -> [Self; 2] {
        Speaker::BOTH.map(|speaker| Self { recording, speaker })
    }

    pub(super) fn text(self) -> String {
        let RecordingId { call, part } = self.recording;
        format!("{}-{part}-{}", call.as_uuid().simple(), self.speaker.as_str())
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (rest, speaker) = text.rsplit_once('-')?;
        let (call, part) = rest.rsplit_once('-')?;
        Some(Self {
            recording: RecordingId { call: CallId::from_uuid(digits(call)?), part: part.parse().ok()? },
            speaker: Speaker::BOTH.into_iter().find(|known| known.as_str() == speaker)?,
        })
    }
}

/// What the snoop channels of an ear are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::asterisk) enum EarPart {
    /// Hears the agent.
    Agent,
    /// Hears the customer.
    Customer,
    /// Hears the supervisor, unless they only listen.
    Supervisor,
    /// Says to the agent what the supervisor says.
    Whisper,
}

impl EarPart {
    /// All of them, in the order in which they end: first, nobody hears the supervisor any more.
    pub(in crate::asterisk) const ALL: [Self; 4] =
        [Self::Supervisor, Self::Whisper, Self::Agent, Self::Customer];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Customer => "customer",
            Self::Supervisor => "supervisor",
            Self::Whisper => "whisper",
        }
    }
}

/// A channel of a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::asterisk) struct TapPart {
    /// The tap it belongs to.
    pub(in crate::asterisk) tap: TapId,
    /// Whose voice it carries.
    pub(in crate::asterisk) speaker: Speaker,
    /// Whether the voice leaves by it; the other one hears it.
    pub(super) is_media: bool,
}

impl TapPart {
    /// The channel by which a voice leaves.
    pub(in crate::asterisk) const fn media(tap: TapId, speaker: Speaker) -> Self {
        Self { tap, speaker, is_media: true }
    }

    /// The channel that hears a voice.
    pub(in crate::asterisk) const fn snoop(tap: TapId, speaker: Speaker) -> Self {
        Self { tap, speaker, is_media: false }
    }
}

pub(super) fn tap_and_speaker(text: &str) -> Option<(TapId, Speaker)> {
    let (tap, speaker) = text.split_once('-')?;
    let speaker = Speaker::BOTH.into_iter().find(|known| known.as_str() == speaker)?;
    Some((TapId::from_uuid(digits(tap)?), speaker))
}

/// The 32 lower-case hexadecimal digits that our names end in, and no other form that a parser of UUIDs takes.
pub(super) fn digits(text: &str) -> Option<Uuid> {
    let ours = text.len() == uuid::fmt::Simple::LENGTH
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ours.then(|| Uuid::try_parse(text).ok()).flatten()
}
