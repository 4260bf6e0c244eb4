//! What is known of a conversation beside who has it: the same for those whom we call and for those who call us.

use crate::conversation::outside::Outside;
use crate::conversation::transfer::{Transfer, TransferStage};
use crate::model::{RecordingId, Timestamp};

/// The recording of a call, as far as it is being written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum CallRecording {
    /// Nothing is written.
    #[default]
    Off,
    /// Sound is written.
    On { recording: RecordingId, since: Timestamp },
    /// Silence is written, from a moment on.
    Masked { recording: RecordingId, since: Timestamp, from: Timestamp },
    /// Masked when the call changed hands: nothing is written until it is unmasked.
    Withheld,
}

impl CallRecording {
    /// The recording in which silence is written, and since when.
    pub(crate) const fn masked(self) -> Option<(RecordingId, Timestamp)> {
        match self {
            Self::Masked { recording, from, .. } => Some((recording, from)),
            Self::Off | Self::On { .. } | Self::Withheld => None,
        }
    }

    /// The word of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "none",
            Self::On { .. } => "recording",
            Self::Masked { .. } | Self::Withheld => "masked",
        }
    }
}

/// What happens to a conversation while it lasts.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    pub(crate) recording: CallRecording,
    pub(crate) recordings_begun: u8,
    /// Nobody listens, and nothing is recorded any more.
    pub(crate) is_private: bool,
    /// How often it was tried to bring the customer back to their agent, while that has not come about.
    pub(crate) returns: Option<u8>,
    /// The customer is held, or on the way to somebody else.
    pub(crate) transfer: Option<Transfer>,
    /// Who is called, or has been called, for the customer.
    pub(crate) outside: Option<Outside>,
}

impl Talk {
    /// Whether the customer should be in their agent's room.
    pub(crate) fn is_with_agent(&self) -> bool {
        self.transfer.is_none_or(|transfer| transfer.stage == TransferStage::Conference)
    }
}
