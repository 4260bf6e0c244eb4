//! In which order a campaign dials its leads.

use serde::{Deserialize, Serialize};

use super::ListId;

/// In which order leads that are due are dialled. Callbacks that are due come before all of them, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DialOrder {
    /// What leads are compared by.
    pub by: OrderKey,
    /// From which end. Leads that are equal by the key come in the order of their files; the opposite direction is
    /// the same order read backwards, equal leads included.
    pub direction: Direction,
    /// How the lists share the dials, in percent. Without shares the lists are dialled as one. With them each list is
    /// dialled in this order by itself; a list without a share waits until no list with one has a lead that is due.
    pub mix: Vec<ListShare>,
}

/// What leads are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderKey {
    /// How often they were dialled.
    Attempts,
    /// When they fell due.
    Due,
    /// When they were imported: the order of the files.
    Imported,
    /// When they were dialled last; never comes before any time.
    LastAttempt,
    /// The list, by age, and within it the order of the file.
    List,
    /// Their name, as it is written in the file.
    Name,
    /// Their preferred number.
    Phone,
    /// Their priority; among equals the one that has been due for longest.
    #[default]
    Priority,
    /// Chance. Each lead draws its place once.
    Random,
}

/// From which end of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The highest, latest or last first.
    #[default]
    Down,
    /// The lowest, earliest or first first.
    Up,
}

/// A list's share of a campaign's dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ListShare {
    /// Which list.
    pub list: ListId,
    /// Of a hundred dials while every list of the mix has leads. The shares of those that have some grow in
    /// proportion while others have none.
    pub percent: u8,
}
