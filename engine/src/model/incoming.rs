//! What history keeps of callers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AgentId, CallId, DidId, FlowId, HangupCause, MailboxId, MessageId, Phone, QueueId, Side, SkillRule,
    Timestamp, TrunkId,
};

/// Nodes of a caller's path that are kept: longer ones go in circles.
pub const PATH_MAX: usize = 200;

/// How a wait in a queue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum QueueExit {
    /// The caller left (law texts and reports: abandoned).
    Abandoned,
    /// An agent took the call.
    Answered,
    /// The caller asked to be called back.
    Callback,
    /// The queue was as long as it may be.
    Full,
    /// The caller left by a key.
    LeftByKey,
    /// No agent was at work, or the queue was closed.
    NoAgents,
    /// The caller waited for as long as they may.
    Timeout,
}

impl QueueExit {
    /// The word in the database, the API and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Answered => "answered",
            Self::Callback => "callback",
            Self::Full => "full",
            Self::LeftByKey => "left_by_key",
            Self::NoAgents => "no_agents",
            Self::Timeout => "timeout",
        }
    }
}

/// A wait in a queue as history keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueWait {
    /// Where.
    pub queue: QueueId,
    /// Since when.
    pub since: Timestamp,
    /// For how long.
    #[serde(with = "super::time::millis")]
    pub waited: Duration,
    /// How it ended.
    pub exit: QueueExit,
}

/// A node that a caller passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathStep {
    /// When it was left.
    pub at: Timestamp,
    /// The flow.
    pub flow: String,
    /// The node.
    pub node: String,
    /// By which outlet.
    pub outlet: String,
}

/// A caller's call as history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerRecord {
    /// The conversation.
    pub id: CallId,
    /// The number that was dialled, when it is one of ours.
    pub did: Option<DidId>,
    /// By which trunk the call came.
    pub trunk: Option<TrunkId>,
    /// The caller's number, unless it was withheld or unreadable.
    pub phone: Option<Phone>,
    /// The flow and the revision that it began in.
    pub flow: Option<(FlowId, u32)>,
    /// The nodes that it passed, as many as are kept.
    pub path: Vec<PathStep>,
    /// The queues that it waited in.
    pub waits: Vec<QueueWait>,
    /// The call of ours that it was before, when a customer whom we called was sent on.
    #[serde(default)]
    pub before: Option<CallId>,
    /// The agent who had the call last.
    pub agent: Option<AgentId>,
    /// When it came.
    pub arrived_at: Timestamp,
    /// When it was picked up.
    pub answered_at: Option<Timestamp>,
    /// When caller and agent could hear each other.
    pub connected_at: Option<Timestamp>,
    /// When the caller's leg was gone.
    pub ended_at: Timestamp,
    /// Who ended it.
    pub ended_by: Side,
    /// The reason that the network gave.
    pub cause: HangupCause,
}

/// A promise to call somebody back who called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerCallback {
    /// The call in which it was booked; it names the callback.
    pub id: CallId,
    /// Whose agents call.
    pub queue: QueueId,
    /// Whom.
    pub phone: Phone,
    /// The number of ours that they had dialled: it is the one that is shown to them.
    pub did: Option<DidId>,
    /// The agent who promised it; none when the caller booked it.
    pub agent: Option<AgentId>,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// Not before this moment.
    pub due_at: Timestamp,
    /// The place in the queue that is kept for them, if one is.
    pub place: Option<KeptPlace>,
    /// How often they were called in vain.
    pub tries: u8,
    /// The language that they want, as far as it is known.
    #[serde(default)]
    pub language: Option<String>,
}

/// A place in a queue that is kept for somebody who hung up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPlace {
    /// Since when they wait.
    pub since: Timestamp,
    /// With which priority.
    pub priority: u16,
    /// What the agent must know.
    pub skills: Vec<SkillRule>,
}

/// How a promise to call somebody back stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackStanding {
    /// It is still to be kept.
    Open,
    /// Both have spoken, in this call.
    Kept(CallId),
    /// It was taken back.
    Withdrawn,
}

/// Whom the recording of a caller's call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerRecorded {
    /// The queue that gave the caller to the agent.
    pub queue: Option<QueueId>,
    /// Who had the call when the recording began; none where a flow had called somebody who is no agent at work.
    pub agent: Option<AgentId>,
    /// The caller's number, unless it was withheld or unreadable.
    pub phone: Option<Phone>,
}

/// What an agent said of a caller's call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerDisposition {
    /// Which call.
    pub call: CallId,
    /// The queue that gave it to them.
    pub queue: QueueId,
    /// Who says so.
    pub agent: AgentId,
    /// One of the queue's dispositions.
    pub code: String,
    /// Free text.
    pub note: String,
    /// When it was said.
    pub at: Timestamp,
}

/// A message that a caller left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// The message; also names its file.
    pub id: MessageId,
    /// Where it was left.
    pub mailbox: MailboxId,
    /// By which call.
    pub call: CallId,
    /// The caller's number, unless it was withheld or unreadable.
    pub phone: Option<Phone>,
    /// When it was left.
    pub at: Timestamp,
    /// How long it is.
    #[serde(with = "super::time::millis")]
    pub length: Duration,
    /// Who is told, beside the owner of the mailbox.
    pub notify: Vec<String>,
    /// Whether it is to be written down as well.
    pub transcribe: bool,
}
