//! A supervisor at work: which conversation they take part in, and how.
//!
//! Waiting (for the next conversation of an agent whom they follow) <-> taking part: listen, whisper, barge.
//! Invariant: an agent session is `Supervising` if and only if there is one of these for it, and an ear is open if and
//! only if a part names it.

use crate::model::{AgentId, CallId, EarId, Scope, SupervisionId, SupervisionMode, Timestamp, UserId};
use crate::view::SupervisingView;

/// One supervisor at work.
#[derive(Debug)]
pub(crate) struct Supervising {
    /// The account that asked for it.
    pub(crate) user: UserId,
    /// Whom they listen to from one conversation to the next.
    pub(crate) follows: Option<Followed>,
    pub(crate) since: Timestamp,
    pub(crate) part: Option<Part>,
}

/// An agent whom a supervisor listens to from one conversation to the next.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) agent: AgentId,
    /// What the supervisor sees: a conversation outside is not heard.
    pub(crate) scope: Scope,
    /// Why, in the supervisor's words.
    pub(crate) reason: String,
}

/// A supervisor's part in a conversation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) act: SupervisionId,
    pub(crate) call: CallId,
    /// Who has the conversation.
    pub(crate) agent: AgentId,
    pub(crate) mode: SupervisionMode,
    /// What they hear through. While they are in the agent's room themself it is idle.
    pub(crate) ear: Option<EarId>,
    /// Whether Asterisk has said that it is so.
    pub(crate) hears: bool,
    pub(crate) since: Timestamp,
}

impl Part {
    /// Whether the supervisor is in the agent's room.
    pub(crate) fn is_inside(&self) -> bool {
        self.mode == SupervisionMode::Barge
    }
}

impl Supervising {
    /// The agent whom they follow.
    pub(crate) fn follows(&self) -> Option<AgentId> {
        self.follows.as_ref().map(|followed| followed.agent)
    }

    pub(crate) fn view(&self) -> SupervisingView {
        let part = self.part.as_ref();
        SupervisingView {
            follows: self.follows(),
            call: part.map(|part| part.call),
            agent: part.map(|part| part.agent),
            mode: part.map(|part| part.mode),
            hears: part.is_some_and(|part| part.hears),
            since: part.map_or(self.since, |part| part.since),
        }
    }
}
