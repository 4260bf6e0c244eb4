//! So many successes, and no more dials.

use serde::{Deserialize, Serialize};

use super::ListId;

/// How many successes are wanted of a part of a campaign. Once there are as many, nobody of that part is dialled any
/// more; calls that ring or are up go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Of which part.
    pub of: QuotaPart,
    /// Calls of which the latest word is a disposition that counts as a success.
    pub successes: u32,
}

/// The part of a campaign that a quota is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum QuotaPart {
    /// All of it.
    Campaign,
    /// Leads that have this value in this field of their file.
    Field {
        /// Which field.
        field: String,
        /// The value, letter by letter.
        value: String,
    },
    /// One list.
    List {
        /// Which list.
        list: ListId,
    },
}
