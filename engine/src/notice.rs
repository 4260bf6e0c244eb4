//! What the engine tells whoever watches: log lines, figures, facts. Carries ids only.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialer::compliance::Reason;
use crate::model::incoming::QueueExit;
use crate::model::{
    AgentId, AttemptId, CallId, CampaignId, DidId, FlowId, Outcome, QueueId, RecordingId, Side,
    SupervisionEnd, SupervisionMode, Trip, TrunkId, UserId, Verdict,
};

/// Something that a person or a meter may want to see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Notice {
    /// A dial was handed to the network.
    Dialled {
        /// The dial.
        attempt: AttemptId,
        /// On whose behalf.
        campaign: CampaignId,
    },
    /// A dial was not placed, because the law or a do-not-call list forbids it.
    DialForbidden {
        /// The dial.
        attempt: AttemptId,
        /// On whose behalf.
        campaign: CampaignId,
        /// Why.
        reason: Reason,
    },
    /// A dial ended.
    AttemptEnded {
        /// The dial.
        attempt: AttemptId,
        /// On whose behalf.
        campaign: CampaignId,
        /// How.
        outcome: Outcome,
    },
    /// Somebody answered.
    Answered {
        /// The conversation.
        call: CallId,
    },
    /// An answer was screened for machines.
    Screened {
        /// The conversation.
        call: CallId,
        /// What was found.
        verdict: Verdict,
        /// From the answer to the verdict.
        #[serde(with = "crate::model::time::millis")]
        after: Duration,
    },
    /// Customer and agent hear each other.
    Connected {
        /// The conversation.
        call: CallId,
        /// With whom.
        agent: AgentId,
        /// From the answer to the joined room.
        #[serde(with = "crate::model::time::millis")]
        waited: Duration,
    },
    /// A conversation ended.
    CallEnded {
        /// The conversation.
        call: CallId,
        /// Who ended it.
        by: Side,
    },
    /// Somebody called.
    CallerArrived {
        /// The conversation.
        call: CallId,
        /// The number that they dialled, when it is one of ours.
        did: Option<DidId>,
    },
    /// A caller left a node of a flow.
    NodeLeft {
        /// The conversation.
        call: CallId,
        /// The flow.
        flow: String,
        /// The node.
        node: String,
        /// By which outlet.
        outlet: String,
    },
    /// A prompt could not be played; the caller heard another sound in its place.
    PromptMissing {
        /// The conversation.
        call: CallId,
        /// What was to be played: a medium, or the kind of clip.
        prompt: String,
    },
    /// A caller waits in a queue.
    CallerQueued {
        /// The conversation.
        call: CallId,
        /// Where.
        queue: QueueId,
    },
    /// A caller no longer waits in a queue.
    CallerUnqueued {
        /// The conversation.
        call: CallId,
        /// Where they waited.
        queue: QueueId,
        /// How it ended.
        exit: QueueExit,
        /// For how long they waited.
        #[serde(with = "crate::model::time::millis")]
        waited: Duration,
    },
    /// An agent did not answer a caller whom a queue gave them.
    AgentMissed {
        /// Who.
        agent: AgentId,
        /// The queue.
        queue: QueueId,
    },
    /// An agent's state changed.
    AgentState {
        /// Who.
        agent: AgentId,
        /// The word for the state.
        state: &'static str,
    },
    /// A campaign's circuit breaker tripped.
    CampaignTripped {
        /// Which campaign.
        campaign: CampaignId,
        /// Why.
        why: Trip,
    },
    /// A trunk's circuit breaker tripped.
    TrunkTripped {
        /// Which trunk.
        trunk: TrunkId,
        /// Why.
        why: Trip,
    },
    /// Dialling stopped or went on, for the whole engine.
    Dialling {
        /// What holds it; none when it goes on.
        held_by: Option<Hold>,
    },
    /// A supervisor takes part in a conversation, or does so in another way.
    Supervising {
        /// The agent whose phone the supervisor uses.
        supervisor: AgentId,
        /// The conversation.
        call: CallId,
        /// How.
        mode: SupervisionMode,
    },
    /// Somebody hears a conversation without a telephone.
    Tapped {
        /// The account that asked.
        user: UserId,
        /// The conversation.
        call: CallId,
    },
    /// A tap is over.
    TapEnded {
        /// The account that asked.
        user: UserId,
        /// The conversation.
        call: CallId,
        /// Why.
        end: SupervisionEnd,
    },
    /// A supervisor no longer takes part in a conversation in that way.
    SupervisionEnded {
        /// The agent whose phone the supervisor uses.
        supervisor: AgentId,
        /// The conversation.
        call: CallId,
        /// How they did.
        mode: SupervisionMode,
        /// Why no longer.
        end: SupervisionEnd,
    },
    /// A supervisor has become the agent of a call.
    TakenOver {
        /// The conversation.
        call: CallId,
        /// Who had it.
        from: AgentId,
        /// Who has it.
        by: AgentId,
    },
    /// A customer speaks with somebody outside, without the agent.
    GivenOutside {
        /// Which call.
        call: CallId,
        /// Who had it.
        from: AgentId,
    },
    /// A customer goes on through a flow, without the agent.
    SentToFlow {
        /// Which call.
        call: CallId,
        /// Who had it.
        from: AgentId,
        /// Where to.
        flow: FlowId,
    },
    /// A customer waits in a queue, without the agent.
    SentToQueue {
        /// Which call.
        call: CallId,
        /// Who had it.
        from: AgentId,
        /// Where to.
        queue: QueueId,
    },
    /// An agent gave a customer to a colleague.
    Transferred {
        /// The conversation.
        call: CallId,
        /// Who had it.
        from: AgentId,
        /// Who has it.
        to: AgentId,
    },
    /// Silence has been written for so long that somebody may have forgotten it.
    MaskedLong {
        /// Which recording.
        recording: RecordingId,
        /// For how long.
        #[serde(with = "crate::model::time::millis")]
        masked: Duration,
    },
    /// A resync found the world other than believed and mended it.
    Repaired {
        /// What was mended, in words; ids only.
        what: String,
    },
    /// An input made no sense in the present state. A sign of a late event, or of a defect.
    Unexpected {
        /// What, where.
        what: String,
    },
}

/// What holds all dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// The wall clock went backwards: calling hours cannot be proved.
    ClockWentBack,
    /// No settings yet.
    NoSettings,
    /// The database does not answer: an attempt cannot be made durable.
    StoreAway,
    /// The link to Asterisk is broken, or its state is not known yet.
    SwitchAway,
}

impl Hold {
    /// For a person to read.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ClockWentBack => "the wall clock went backwards, so calling hours cannot be proved",
            Self::NoSettings => "the settings have not been read yet",
            Self::StoreAway => "the database does not answer",
            Self::SwitchAway => "there is no link to Asterisk",
        }
    }
}
