//! Supervisors in other people's conversations: how they take part, and what the agents are told of it.

use serde::{Deserialize, Serialize};

use super::{AgentId, CallId, SupervisionId, Timestamp, UserId};

/// How a supervisor takes part in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SupervisionMode {
    /// Everybody hears everybody.
    Barge,
    /// Hears both, heard by nobody.
    Listen,
    /// Has become the agent of the call.
    TakeOver,
    /// Hears both; the agent hears them, the customer does not.
    Whisper,
}

impl SupervisionMode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Barge, Self::Listen, Self::TakeOver, Self::Whisper];

    /// The word in the database, the API and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Barge => "barge",
            Self::Listen => "listen",
            Self::TakeOver => "take_over",
            Self::Whisper => "whisper",
        }
    }

    /// Whether it is to listen to an agent. Whoever takes a call over is its agent, and has nobody to listen to.
    pub const fn listens(self) -> bool {
        match self {
            Self::Barge | Self::Listen | Self::Whisper => true,
            Self::TakeOver => false,
        }
    }

    /// Whether the customer hears a stranger by it, which somebody may have to answer for.
    pub const fn reaches_the_customer(self) -> bool {
        match self {
            Self::Barge | Self::TakeOver => true,
            Self::Listen | Self::Whisper => false,
        }
    }
}

/// What an agent is told of a supervisor in their conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgentsHear {
    /// Their screen says who it is and how.
    #[default]
    Badge,
    /// Nothing at the moment. They must have been told before that it happens.
    Nothing,
    /// The same, and a short tone in their ear when it begins.
    Tone,
}

/// From when until when agents were told that people may listen to them. The end is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListeningPeriod {
    /// Its beginning, in milliseconds since 1970.
    #[cfg_attr(feature = "schema", schema(value_type = i64))]
    pub from: Timestamp,
    /// Its end, in milliseconds since 1970.
    #[cfg_attr(feature = "schema", schema(value_type = i64))]
    pub until: Timestamp,
}

impl ListeningPeriod {
    /// Whether agents were told of this moment.
    pub fn covers(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// What a campaign asks of its supervisors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct SupervisionRules {
    /// What an agent is told of a supervisor in their conversation.
    pub agents_hear: AgentsHear,
    /// The period in which people may listen, as the agents were told it. Where a rule pack asks that they are told
    /// (`notice_required`), nobody listens, whispers or barges outside it.
    pub listening: Option<ListeningPeriod>,
    /// Whether a supervisor says why before the customer hears them.
    pub reason_needed: bool,
}

impl Default for SupervisionRules {
    /// The agent's screen tells, and whoever is heard by the customer says why: what French practice expects (CNIL,
    /// *L'écoute et l'enregistrement des appels*).
    fn default() -> Self {
        Self { agents_hear: AgentsHear::Badge, listening: None, reason_needed: true }
    }
}

/// One act of supervision, for its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervised {
    /// The row.
    pub id: SupervisionId,
    /// The account that asked for it.
    pub user: UserId,
    /// The agent whose phone the supervisor used. Whoever listens without a phone may be none.
    pub supervisor: Option<AgentId>,
    /// Whom it was about.
    pub agent: AgentId,
    /// The conversation.
    pub call: CallId,
    /// How the supervisor took part.
    pub mode: SupervisionMode,
    /// Since when.
    pub began_at: Timestamp,
    /// Why, in the supervisor's words; may be empty.
    pub reason: String,
}

/// Why an act of supervision ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SupervisionEnd {
    /// The conversation ended, or another agent has it.
    CallOver,
    /// The supervisor has the call.
    Done,
    /// Asterisk did not do it, or no longer does.
    Failed,
    /// The supervisor goes on in another way, or with another call.
    Moved,
    /// The supervisor's phone is gone.
    PhoneLost,
    /// A daemon died meanwhile.
    Restart,
    /// The supervisor wanted it.
    Stopped,
    /// The supervisor lost the right to it, or is no longer signed in.
    Withdrawn,
}

impl SupervisionEnd {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CallOver,
        Self::Done,
        Self::Failed,
        Self::Moved,
        Self::PhoneLost,
        Self::Restart,
        Self::Stopped,
        Self::Withdrawn,
    ];

    /// What an end that was asked for is: that of a right, or what they wanted themselves.
    pub(crate) const fn asked(withdrawn: bool) -> Self {
        if withdrawn { Self::Withdrawn } else { Self::Stopped }
    }

    /// The word in the database, the API and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallOver => "call_over",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Moved => "moved",
            Self::PhoneLost => "phone_lost",
            Self::Restart => "restart",
            Self::Stopped => "stopped",
            Self::Withdrawn => "withdrawn",
        }
    }
}
