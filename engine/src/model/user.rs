//! Console accounts.

use serde::{Deserialize, Serialize};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Their own calls.
    Agent,
    /// Campaigns, lists, imports.
    CampaignManager,
    /// Agents and live calls.
    Supervisor,
}

impl Role {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::CampaignManager => "campaign_manager",
            Self::Supervisor => "supervisor",
        }
    }

    /// The role that [`Role::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Admin, Self::Agent, Self::CampaignManager, Self::Supervisor]
            .into_iter()
            .find(|role| role.as_str() == word)
    }
}
