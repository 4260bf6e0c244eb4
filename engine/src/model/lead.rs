//! People and companies to call.

use serde::{Deserialize, Serialize};

use super::{AgentId, LeadId, ListId, Outcome, Phone, Timestamp, Zone};

/// A lead as the hopper holds it: what dialling needs, and no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// The row.
    pub id: LeadId,
    /// Where it came from.
    pub list: ListId,
    /// The preferred number.
    pub phone: Phone,
    /// Other numbers of the same person, in the order in which they are tried.
    pub alternates: Vec<Phone>,
    /// Which of them the next attempt dials; 0 is the preferred one.
    pub next_phone: u8,
    /// Where the lead lives, for calling hours.
    pub zone: Zone,
    /// How often each outcome has happened, for the retry rules.
    pub history: Vec<(Outcome, u16)>,
    /// The agent who promised to call themself, if one did and the moment has come.
    #[serde(default)]
    pub promise: Option<Promise>,
}

/// A callback that an agent promised to make themself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Who.
    pub agent: AgentId,
    /// The agreed moment.
    pub due_at: Timestamp,
}

impl Lead {
    /// The number that the next attempt dials.
    pub fn phone_to_dial(&self) -> Phone {
        let alternate = usize::from(self.next_phone).checked_sub(1);
        alternate.and_then(|index| self.alternates.get(index)).copied().unwrap_or(self.phone)
    }

    /// Every number, the preferred one first.
    pub fn phones(&self) -> impl Iterator<Item = Phone> {
        std::iter::once(self.phone).chain(self.alternates.iter().copied())
    }

    /// How many numbers there are.
    pub fn phone_count(&self) -> usize {
        1 + self.alternates.len()
    }

    /// Attempts that ended so.
    pub fn ended_in(&self, outcome: Outcome) -> u16 {
        self.history.iter().find(|(past, _)| *past == outcome).map_or(0, |(_, count)| *count)
    }
}

/// Where a lead stands. Every lead is in exactly one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeadState {
    /// Waits for its due time.
    Waiting,
    /// In a daemon's hopper.
    Claimed,
    /// Being dialled or talked to.
    InAttempt,
    /// Never dialled again by this campaign.
    Done,
}

impl LeadState {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Claimed => "claimed",
            Self::InAttempt => "in_attempt",
            Self::Done => "done",
        }
    }
}
