//! Why a viewer is sent away, as a close code (RFC 6455 §7.4; 4000 and above are ours).

use super::protocol;

/// Why a viewer is sent away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The daemon stops.
    GoingAway,
    /// What the viewer said cannot be understood.
    NotUnderstood,
    /// No valid ticket, or the sign-in has ended.
    NotSignedIn,
    /// The viewer's role does not allow what was asked for.
    Forbidden,
    /// The viewer has read nothing for [`super::UNDRAINED_MAX`].
    Undrained,
    /// Too many sockets, subscriptions or messages.
    TooMuch,
}

/// The shortest wait before a viewer comes back.
const RETRY_MIN_MS: u64 = 200;

/// Over how long the viewers of a daemon that stops are spread, so that the next one is not met by all at once.
const RETRY_SPREAD_MS: u64 = 5_000;

/// How long a viewer waits that asked too much.
const RETRY_TOO_MUCH_MS: u64 = 10_000;

impl Close {
    /// The code in the close frame and in `bye`.
    pub const fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::NotUnderstood => 1002,
            Self::NotSignedIn => 4401,
            Self::Forbidden => 4403,
            Self::Undrained => 4408,
            Self::TooMuch => 4429,
        }
    }

    /// The last message to the viewer of this session.
    pub fn bye(self, session: u64) -> String {
        protocol::bye(self.code(), self.retry_ms(session))
    }

    /// When it is of use to come back; none when something else must change before.
    const fn retry_ms(self, session: u64) -> Option<u64> {
        match self {
            // A stride that is coprime to the spread sends neighbours to different moments.
            Self::GoingAway => Some(RETRY_MIN_MS + session.wrapping_mul(1_237) % RETRY_SPREAD_MS),
            Self::Undrained => Some(RETRY_MIN_MS),
            Self::TooMuch => Some(RETRY_TOO_MUCH_MS),
            Self::NotUnderstood | Self::NotSignedIn | Self::Forbidden => None,
        }
    }
}
