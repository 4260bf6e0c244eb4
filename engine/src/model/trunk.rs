//! Carrier connections.

use serde::{Deserialize, Serialize};

use super::{Phone, RateLimit, TrunkId};

/// A trunk as the engine uses it. Its address and credentials concern the store and Asterisk alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trunk {
    /// The row.
    pub id: TrunkId,
    /// How admins call it.
    pub name: String,
    /// Whether calls may be placed on it.
    pub enabled: bool,
    /// The caller ids that the carrier lets us show. Only these are ever shown.
    pub caller_ids: Vec<Phone>,
    /// How fast and how many.
    pub limit: RateLimit,
}
