//! Why a request of people or programs was not carried out.

use serde::Serialize;

use crate::model::CampaignId;

/// Why a request was not carried out. Each says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Refusal {
    /// The agent has logged in before.
    #[error("the agent is already logged in; log out first")]
    AlreadyLoggedIn,
    /// The disposition needs a moment in the future.
    #[error("this disposition is a callback; give `callback_at`, a moment that is still to come")]
    CallbackNeedsTime,
    /// Somebody is being called back at this very moment.
    #[error("they are being called back at the moment; try again in a minute")]
    CallbackUnderWay,
    /// The colleague cannot be given a customer at the moment.
    #[error("the colleague is {0}; choose one who is ready")]
    ColleagueIs(&'static str),
    /// The law asks that agents are told when people may listen to them, and these were not told of this moment.
    #[error(
        "the agents were not told that people may listen to them now; tell them, and give the period in `supervision.listening`"
    )]
    ListeningNotTold,
    /// The call is not in conversation.
    #[error("the call is not in conversation, so there is nothing to record or to hear")]
    NotInConversation,
    /// The agent works for other campaigns.
    #[error("the agent is not logged in for campaign {0}; log in for it first")]
    NotInCampaign(CampaignId),
    /// The agent is not logged in.
    #[error("the agent is not logged in; log in first")]
    NotLoggedIn,
    /// Nothing can be dialled at the moment.
    #[error("no call can be placed: {0}")]
    NotDialling(String),
    /// Nobody supervises themself.
    #[error("this is your own conversation; choose another agent's")]
    OwnConversation,
    /// A supervisor hears through their own phone.
    #[error("your phone is not up; log in with a phone that stays up, and answer it")]
    PhoneDown,
    /// The agent keeps the conversation to themself.
    #[error(
        "this conversation is private: nobody listens to it, and it is not recorded; wait for the next one"
    )]
    PrivateCall,
    /// The campaign wants to know why.
    #[error("this campaign asks why before its customers hear a supervisor; give `reason`")]
    ReasonNeeded,
    /// The call is not recorded at the moment, or already is.
    #[error("the recording of this call is {0}")]
    RecordingIs(&'static str),
    /// The campaign's policy forbids recording.
    #[error("this campaign records no calls; change its recording policy first")]
    RecordingForbidden,
    /// What the law orders to be recorded cannot be private.
    #[error("the law orders this call to be recorded, so it cannot be private; end it if it is")]
    RecordingOrdered,
    /// Asterisk is out of reach.
    #[error("there is no link to Asterisk at the moment; try again in a few seconds")]
    SwitchAway,
    /// As many taps as may be are open.
    #[error("too many conversations are being tapped; close another one first")]
    TooManyTaps,
    /// No such number may be called for anybody.
    #[error("this number is never called: it reaches help, or costs whoever calls it")]
    NumberForbidden,
    /// A queue and a flow cannot be talked to first.
    #[error("a customer goes to a queue or a flow at once; give `blind`")]
    OnlyBlind,
    /// The queue takes nobody at the moment.
    #[error("the queue takes nobody at the moment: {0}")]
    QueueTakesNobody(&'static str),
    /// The transfer does not stand where it would have to.
    #[error("the transfer of this call is {0}")]
    TransferIs(&'static str),
    /// There is no such agent.
    #[error("no such agent in the settings")]
    UnknownAgent,
    /// There is no such callback to be kept here.
    #[error("no such callback is open at this Asterisk")]
    UnknownCallback,
    /// There is no such flow, or it has no live revision.
    #[error("no such flow, or it is not live")]
    UnknownFlow,
    /// There is no such queue.
    #[error("no such queue in the settings")]
    UnknownQueue,
    /// There is no such call, or it is over.
    #[error("no such call is up")]
    UnknownCall,
    /// None of the campaigns is known.
    #[error("no such campaign, or it is finished: {0}")]
    UnknownCampaign(CampaignId),
    /// The campaign knows no such disposition.
    #[error("the campaign has no disposition of this code; its codes are: {0}")]
    UnknownDisposition(String),
    /// The agent's state does not allow it.
    #[error("not possible while the agent is {0}")]
    WrongState(&'static str),
    /// No lead is due.
    #[error("no lead can be called at the moment; try again in a while")]
    NoLead,
}
