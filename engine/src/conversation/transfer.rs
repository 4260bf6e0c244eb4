//! A customer between their agent and somebody else: what the call knows of it.
//!
//! Held -> Calling -> Consulting -> Conference, and from each of the last three Handing; each but Conference also at once.
//! Invariant: a colleague is `Consulted` if and only if one call's transfer names them.

use crate::conversation::onward::Onward;
use crate::model::{AgentId, RoomId, Timestamp};
use crate::view::TransferView;

/// A customer who is held, or on the way to somebody else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    /// To whom, when somebody was asked.
    pub(crate) to: Option<Party>,
    pub(crate) stage: TransferStage,
    pub(crate) since: Timestamp,
}

/// To whom a customer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// A colleague.
    Agent(AgentId),
    /// Nobody: they are led anew, once they are alone in this room.
    Onward { to: Onward, room: RoomId },
    /// Somebody outside: the one in `Talk::outside`.
    Outside,
}

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferStage {
    /// The customer hears music.
    Held,
    /// The customer hears music while somebody outside is called, who gets them at once when they are not to be asked
    /// first.
    Calling { at_once: bool },
    /// The customer hears music while agent and colleague talk.
    Consulting,
    /// All three hear each other.
    Conference,
    /// The customer is on the way there.
    Handing,
}

impl Transfer {
    /// The colleague who was asked.
    pub(crate) const fn colleague(&self) -> Option<AgentId> {
        match self.to {
            Some(Party::Agent(colleague)) => Some(colleague),
            Some(Party::Onward { .. } | Party::Outside) | None => None,
        }
    }

    pub(crate) fn view(&self) -> TransferView {
        TransferView {
            stage: match self.stage {
                TransferStage::Held => "held",
                TransferStage::Calling { .. } => "calling",
                TransferStage::Consulting => "consulting",
                TransferStage::Conference => "conference",
                TransferStage::Handing => "handing",
            },
            to: self.colleague(),
            outside: self.to == Some(Party::Outside),
            since: self.since,
        }
    }
}

/// The room beside an agent's, in which held customers hear music. Its name follows from that of the agent's room, so
/// that a daemon which finds somebody there knows whose customer it is.
pub(crate) fn anteroom(room: RoomId) -> RoomId {
    const BESIDE: u128 = 1;
    RoomId::from_uuid(uuid::Uuid::from_u128(room.as_uuid().as_u128() ^ BESIDE))
}
