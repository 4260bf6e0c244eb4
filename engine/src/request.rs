//! What people and programs want of the engine.

use serde::{Deserialize, Serialize};

use crate::command::Agreed;
use crate::conversation::tapping::Tapper;
use crate::model::incoming::CallerCallback;
use crate::model::{
    AgentId, ByHand, CallId, CampaignId, FlowId, Lead, Phone, QueueId, Scope, Side, SupervisionMode, TapId,
    UserId,
};

/// To whom a customer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// A colleague who is ready.
    Agent(AgentId),
    /// A flow, in its live revision; at once only.
    Flow(FlowId),
    /// Somebody outside.
    Number(Phone),
    /// A queue that takes them at the moment; at once only.
    Queue(QueueId),
}

/// How a customer is given to a colleague.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TransferKind {
    /// Agent and colleague talk first, while the customer hears music.
    Attended,
    /// At once.
    Blind,
}

/// What people and programs may ask of the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Begin to work. The agent's phone rings when it is to stay up. The agent is paused until they say ready.
    LogIn {
        /// Who.
        agent: AgentId,
        /// For which campaigns.
        campaigns: Vec<CampaignId>,
    },
    /// Stop working, after the call in hand.
    LogOut {
        /// Who.
        agent: AgentId,
    },
    /// Take calls. Ends a pause and a wrap-up.
    Ready {
        /// Who.
        agent: AgentId,
    },
    /// Take no calls, after the call in hand.
    Pause {
        /// Who.
        agent: AgentId,
        /// One of the centre's pause codes.
        code: String,
    },
    /// Show me whom I would call next. The lead is the agent's for [`crate::PREVIEW_LEASE`].
    NextLead {
        /// Who.
        agent: AgentId,
    },
    /// The lead that is shown is still looked at: it stays the agent's for another [`crate::PREVIEW_LEASE`], up to
    /// [`crate::PREVIEW_MAX`] in all.
    KeepPreview {
        /// Who.
        agent: AgentId,
    },
    /// Call the lead that is shown.
    DialPreview {
        /// Who.
        agent: AgentId,
    },
    /// Call a lead that the agent chose. It is not claimed: it becomes theirs with the attempt.
    DialByHand {
        /// Who.
        agent: AgentId,
        /// On whose behalf.
        campaign: CampaignId,
        /// Whom; `next_phone` says which number.
        lead: Box<Lead>,
        /// What the agent's program calls the dial, and whether the lead was done.
        by_hand: ByHand,
    },
    /// Do not call the lead that is shown; it comes back later.
    SkipPreview {
        /// Who.
        agent: AgentId,
    },
    /// What the agent says of their last call. Ends the wrap-up.
    Dispose {
        /// Who.
        agent: AgentId,
        /// The call.
        call: CallId,
        /// One of the campaign's dispositions.
        code: String,
        /// Free text.
        note: String,
        /// What was agreed, when the disposition is a callback.
        callback: Option<Agreed>,
    },
    /// Take part in a conversation, or go on in it in another way. Taking it over makes the supervisor its agent.
    Supervise {
        /// The agent whose phone the supervisor uses.
        supervisor: AgentId,
        /// The account that asks.
        user: UserId,
        /// Which conversation.
        call: CallId,
        /// How.
        mode: SupervisionMode,
        /// Why, in the supervisor's words.
        reason: String,
    },
    /// Listen to an agent's conversation, and to each one that follows.
    Follow {
        /// The agent whose phone the supervisor uses.
        supervisor: AgentId,
        /// The account that asks.
        user: UserId,
        /// Whom.
        agent: AgentId,
        /// What the account sees: of the agent's conversations those that are outside are not heard.
        scope: Scope,
        /// Why, in the supervisor's words; may be empty. Each conversation that is heard has it.
        #[serde(default)]
        reason: String,
    },
    /// Take no part in conversations of others any more.
    StopSupervising {
        /// The agent whose phone the supervisor uses.
        supervisor: AgentId,
        /// Whether the right to it is gone.
        withdrawn: bool,
    },
    /// An account may no longer supervise in some ways, or what is outside its scope: that ends at once.
    WithdrawSupervision {
        /// The account.
        user: UserId,
        /// What it may still do.
        left: Vec<SupervisionMode>,
        /// What it sees.
        scope: Scope,
    },
    /// Hear a conversation without a telephone: answered by [`crate::command::Answer::Tapped`]. Its sound leaves by the
    /// tap's name.
    OpenTap {
        /// Who listens.
        by: Tapper,
        /// Which conversation.
        call: CallId,
        /// Why, in their words; may be empty.
        #[serde(default)]
        reason: String,
    },
    /// Be done with a tap.
    CloseTap {
        /// Which.
        tap: TapId,
        /// Whether the right to it is gone.
        withdrawn: bool,
    },
    /// Promise a caller to call them back, or change what was promised in the same call.
    BookCallback {
        /// What is promised.
        callback: Box<CallerCallback>,
        /// Whose wish it is.
        user: UserId,
        /// Whether there is an open promise that it changes.
        is_change: bool,
    },
    /// Take a promise to a caller back.
    WithdrawCallback {
        /// The call in which it was booked.
        callback: CallId,
        /// Whose wish it is.
        user: UserId,
    },
    /// Let the customer hear music.
    Hold {
        /// Which conversation.
        call: CallId,
    },
    /// Take the customer back from the music, or from a transfer that is not finished.
    Resume {
        /// Which conversation.
        call: CallId,
    },
    /// Give the customer to somebody else.
    Transfer {
        /// Which conversation.
        call: CallId,
        /// To whom.
        to: TransferTo,
        /// At once, or after a talk.
        kind: TransferKind,
    },
    /// Leave the customer with the colleague who was asked.
    CompleteTransfer {
        /// Which conversation.
        call: CallId,
    },
    /// Have customer, agent and the colleague who was asked hear each other.
    JoinAll {
        /// Which conversation.
        call: CallId,
    },
    /// End a call.
    HangUp {
        /// Which call.
        call: CallId,
        /// On whose word.
        by: Side,
    },
    /// A number went on a do-not-call list: dials of it that nobody has answered end.
    StopDialling {
        /// The number.
        phone: Phone,
        /// The campaign that must not call it; none: no campaign may.
        campaign: Option<CampaignId>,
    },
    /// Record from now on.
    StartRecording {
        /// Which call.
        call: CallId,
    },
    /// Write silence until told otherwise, and mark it.
    MaskRecording {
        /// Which call.
        call: CallId,
        /// Why, such as `card`.
        reason: String,
    },
    /// Write sound again.
    UnmaskRecording {
        /// Which call.
        call: CallId,
    },
    /// Record no more of this call.
    StopRecording {
        /// Which call.
        call: CallId,
    },
    /// Keep a conversation to oneself: nobody listens to it any more, and nothing more of it is recorded.
    MarkPrivate {
        /// Which call.
        call: CallId,
    },
    /// Everything that is going on.
    View,
}
