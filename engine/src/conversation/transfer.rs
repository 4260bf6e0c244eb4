//! A customer between their agent and somebody else: what the call knows of it.
//!
//! Held -> Consulting -> Conference, and from each of them Handing; Held and Handing also at once.
//! Invariant: a colleague is `Consulted` if and only if one call's transfer names them.

use crate::model::{AgentId, RoomId, Timestamp};
use crate::view::TransferView;

/// A customer who is held, or on the way to somebody else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    /// To whom, when somebody was asked.
    pub(crate) to: Option<AgentId>,
    pub(crate) stage: TransferStage,
    pub(crate) since: Timestamp,
}

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransferStage {
    /// The customer hears music.
    Held,
    /// The customer hears music while agent and colleague talk.
    Consulting,
    /// All three hear each other.
    Conference,
    /// The customer is on the way to the colleague.
    Handing,
}

impl Transfer {
    pub(crate) fn view(&self) -> TransferView {
        TransferView {
            stage: match self.stage {
                TransferStage::Held => "held",
                TransferStage::Consulting => "consulting",
                TransferStage::Conference => "conference",
                TransferStage::Handing => "handing",
            },
            to: self.to,
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
