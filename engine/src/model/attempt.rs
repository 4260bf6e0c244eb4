//! One dial of one lead, and what became of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{AgentId, AttemptId, CallId, CampaignId, LeadId, LegId, ListId, Phone, Timestamp, TrunkId};

/// What is durable before the telephone network hears of the dial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Minted by the engine.
    pub id: AttemptId,
    /// The conversation it becomes when somebody answers.
    pub call: CallId,
    /// The customer's leg; also names the channel on Asterisk.
    pub leg: LegId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// Where the lead came from.
    pub list: ListId,
    /// Who is called.
    pub lead: LeadId,
    /// The number dialled.
    pub phone: Phone,
    /// The number shown.
    pub caller_id: Phone,
    /// The carrier connection.
    pub trunk: TrunkId,
    /// The agent that the dial was made for, if it was made for one.
    pub agent: Option<AgentId>,
    /// When the engine decided to dial.
    pub started_at: Timestamp,
    /// Whether the agent dialled it by hand; none when the machine chose the lead, or showed it.
    #[serde(default)]
    pub by_hand: Option<ByHand>,
}

/// A dial that an agent made by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// What the agent's program calls this dial: the same again is the same dial, and never a second one.
    pub key: Option<String>,
    /// Whether the lead was done before: then it stays done, unless the agent says otherwise.
    pub lead_was_done: bool,
}

/// How a dial ended: what the network said, and for a person who answered whether an agent was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody or something answered and was given to an agent, or left before the drop time was over.
    Answered,
    /// The line is in use.
    Busy,
    /// We gave up before an answer, for a reason of our own.
    Cancelled,
    /// The network could not carry the call.
    Congestion,
    /// Somebody answered and no agent was there in time (law texts: abandoned call).
    Dropped,
    /// Anything else that went wrong on the way.
    Failed,
    /// An answering machine answered, as far as its detection can tell.
    Machine,
    /// It rang until the ring timeout.
    NoAnswer,
    /// The called side refused the call.
    Rejected,
    /// The number does not exist.
    Unallocated,
}

impl Outcome {
    /// Every outcome, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Answered,
        Self::Busy,
        Self::Cancelled,
        Self::Congestion,
        Self::Dropped,
        Self::Failed,
        Self::Machine,
        Self::NoAnswer,
        Self::Rejected,
        Self::Unallocated,
    ];

    /// The word in the database, the API and the metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Congestion => "congestion",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
            Self::Machine => "machine",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::Unallocated => "unallocated",
        }
    }

    /// The outcome that [`Outcome::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }

    /// Whether a person picked up, as far as is known: those over whom drops are counted.
    pub const fn was_answered(self) -> bool {
        matches!(self, Self::Answered | Self::Dropped)
    }
}

/// What the network gave as the reason of a hang-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct HangupCause {
    /// ITU-T Q.850 cause; 0 when none was given.
    pub q850: u16,
    /// SIP status, when the leg was SIP and the far end gave one.
    pub sip: Option<u16>,
}

/// Who or what ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The agent hung up, by phone or by the desk.
    Agent,
    /// The customer hung up.
    Customer,
    /// A supervisor or a program, through the API.
    Operator,
    /// Cadran itself: ring timeout, maximum duration, drop message over.
    System,
    /// The call was gone after a break of the link or a restart of Asterisk.
    Lost,
}

impl Side {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::System => "system",
            Self::Lost => "lost",
        }
    }
}

/// An answered call as history keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The conversation.
    pub id: CallId,
    /// The dial that led to it.
    pub attempt: AttemptId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// Who was called.
    pub lead: LeadId,
    /// The number dialled.
    pub phone: Phone,
    /// The agent who had the call; none when it was dropped.
    pub agent: Option<AgentId>,
    /// When the network reported the answer.
    pub answered_at: Timestamp,
    /// When customer and agent could hear each other.
    pub connected_at: Option<Timestamp>,
    /// When the message began that people hear for whom no agent was there in time.
    pub message_at: Option<Timestamp>,
    /// When the customer's leg was gone.
    pub ended_at: Timestamp,
    /// Who ended it.
    pub ended_by: Side,
    /// The reason that the network gave.
    pub cause: HangupCause,
}

impl CallRecord {
    /// Time in conversation.
    pub fn talk_time(&self) -> Duration {
        self.connected_at.map_or(Duration::ZERO, |connected| self.ended_at.since(connected))
    }
}
