//! People who take calls.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AgentId, QueueId, RecordingPolicy, Skills};

/// An agent as settings describe them. Their working state is [`crate::agents::session::AgentSession`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// The row.
    pub id: AgentId,
    /// How colleagues call them.
    pub name: String,
    /// The SIP account on Asterisk. Letters, digits, `-` and `_` only.
    pub sip_account: String,
    /// A desk phone or a browser.
    pub phone_kind: PhoneKind,
    /// Whether their leg stays up between calls.
    pub ring_mode: RingMode,
    /// How long their phone rings before they count as absent.
    #[serde(with = "super::time::millis")]
    pub ring_timeout: Duration,
    /// The queues whose callers they take.
    #[serde(default)]
    pub queues: Vec<QueueId>,
    /// What they know, for callers who need somebody who knows it.
    #[serde(default)]
    pub skills: Skills,
    /// Which of their calls are recorded, whatever else is said, unless campaign or queue records nothing. None: as
    /// those say.
    #[serde(default)]
    pub recording: Option<RecordingPolicy>,
}

/// What an agent's SIP account is used from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// A page in a browser: SIP over WebSocket, DTLS-SRTP.
    Browser,
    /// A desk phone or softphone: SIP over UDP.
    Sip,
}

/// When an agent's phone rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RingMode {
    /// Once, at log-in; the leg then stays up and customers are joined to it without ringing.
    NailedUp,
    /// For every call.
    PerCall,
}

/// Why an agent is paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind", content = "code")]
pub enum PauseReason {
    /// The agent chose one of the centre's pause codes.
    Chosen(String),
    /// Just logged in.
    LoggedIn,
    /// Did not answer their ringing phone.
    Missed,
}
