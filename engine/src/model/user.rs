//! Roles and teams: what people may do, and of what.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::right::{Right, Rights};
use super::{AgentId, CampaignId, QueueId};

/// A role that every installation has. Its bundle of rights can be edited, but for the admin's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in a tenant's centre.
    Admin,
    /// Their own calls.
    Agent,
    /// Campaigns, lists, imports.
    CampaignManager,
    /// The installation: opens and closes the centres of tenants, and sees nothing of what they have. There is such an
    /// account in the first tenant alone.
    PlatformAdmin,
    /// Recordings of others.
    Qa,
    /// Agents and live calls.
    Supervisor,
    /// Looks and touches nothing.
    Viewer,
    /// A screen on the wall.
    Wallboard,
}

impl Role {
    /// Each of them.
    pub const ALL: [Self; 8] = [
        Self::Admin,
        Self::Agent,
        Self::CampaignManager,
        Self::PlatformAdmin,
        Self::Qa,
        Self::Supervisor,
        Self::Viewer,
        Self::Wallboard,
    ];

    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::CampaignManager => "campaign_manager",
            Self::PlatformAdmin => "platform_admin",
            Self::Qa => "qa",
            Self::Supervisor => "supervisor",
            Self::Viewer => "viewer",
            Self::Wallboard => "wallboard",
        }
    }

    /// The role that [`Role::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// The bundle that an installation begins with.
    pub const fn rights(self) -> Rights {
        match self {
            Self::Admin => Rights::OF_A_TENANT,
            Self::Agent => Rights::of(&[Right::Work]),
            Self::CampaignManager => Rights::of(&[
                Right::BlockNumbers,
                Right::ChangeLevelCap,
                Right::DownloadRecordings,
                Right::EditCampaigns,
                Right::EditInbound,
                Right::ExportLeads,
                Right::OverrideCallingHours,
                Right::PlayRecordings,
                Right::Publish,
                Right::ReleaseNumbers,
                Right::SeeFullNumbers,
                Right::View,
            ]),
            Self::PlatformAdmin => Rights::of(&[Right::ManageTenants]),
            Self::Qa => Rights::of(&[Right::PlayRecordings, Right::View]),
            Self::Supervisor => Rights::of(&[
                Right::ActForAgents,
                Right::Barge,
                Right::BlockNumbers,
                Right::ControlRecording,
                Right::HangUp,
                Right::Listen,
                Right::PlayRecordings,
                Right::TakeOver,
                Right::Transfer,
                Right::View,
                Right::Whisper,
            ]),
            Self::Viewer => Rights::of(&[Right::View]),
            Self::Wallboard => Rights::of(&[Right::ViewFigures]),
        }
    }
}

/// The name of a role, which stands for it wherever it is spoken of: `admin`, `team_lead`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoleName(Cow<'static, str>);

/// The text is not the name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of a role has 1 to 40 lower-case letters, digits and `_`")]
pub struct BadRoleName;

impl RoleName {
    /// The longest name.
    pub const CHARS_MAX: usize = 40;

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role of every installation that is named so.
    pub fn built_in(&self) -> Option<Role> {
        Role::from_word(&self.0)
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        Self(Cow::Borrowed(role.as_str()))
    }
}

impl From<RoleName> for String {
    fn from(name: RoleName) -> Self {
        name.0.into_owned()
    }
}

impl TryFrom<String> for RoleName {
    type Error = BadRoleName;
    fn try_from(text: String) -> Result<Self, BadRoleName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fine = (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(plain);
        if fine { Ok(Self(Cow::Owned(text))) } else { Err(BadRoleName) }
    }
}

impl FromStr for RoleName {
    type Err = BadRoleName;
    fn from_str(text: &str) -> Result<Self, BadRoleName> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "schema")]
super::schema::text_schema!(RoleName);

/// Whose rows somebody sees and touches, as far as their rights go.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Everybody's.
    Everything,
    /// Those of some teams. What belongs to no team belongs to none of them.
    Teams {
        /// The agents of these teams.
        agents: BTreeSet<AgentId>,
        /// The campaigns of these teams, with their lists, leads and calls.
        campaigns: BTreeSet<CampaignId>,
        /// The queues that agents of these teams serve, with their callers.
        queues: BTreeSet<QueueId>,
    },
}

impl Scope {
    /// Whether it leaves nothing out.
    pub const fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// Whether the agent is within it.
    pub fn has_agent(&self, agent: AgentId) -> bool {
        match self {
            Self::Everything => true,
            Self::Teams { agents, .. } => agents.contains(&agent),
        }
    }

    /// Whether the campaign is within it.
    pub fn has_campaign(&self, campaign: CampaignId) -> bool {
        match self {
            Self::Everything => true,
            Self::Teams { campaigns, .. } => campaigns.contains(&campaign),
        }
    }

    /// Whether the queue is within it.
    pub fn has_queue(&self, queue: QueueId) -> bool {
        match self {
            Self::Everything => true,
            Self::Teams { queues, .. } => queues.contains(&queue),
        }
    }

    /// Whether a caller's call is within it: one in whose queue the team works, or which one of the team has.
    pub fn has_caller(&self, queue: Option<QueueId>, agent: Option<AgentId>) -> bool {
        self.is_everything()
            || queue.is_some_and(|queue| self.has_queue(queue))
            || agent.is_some_and(|agent| self.has_agent(agent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_role_but_the_admin_has_every_right_of_a_tenant_and_only_agents_have_a_desk() {
        for role in Role::ALL {
            assert_eq!(role.rights() == Rights::OF_A_TENANT, role == Role::Admin, "{role:?}");
            let manages = role.rights().has(Right::ManageTenants);
            assert_eq!(manages, role == Role::PlatformAdmin, "{role:?}");
            let works = role.rights().has(Right::Work);
            assert_eq!(works, matches!(role, Role::Admin | Role::Agent), "{role:?}");
            assert_eq!(RoleName::from(role).built_in(), Some(role));
        }
    }

    #[test]
    fn a_role_has_a_plain_name() {
        assert!("team_lead2".parse::<RoleName>().is_ok());
        for bad in ["", "Team", "a b", "é", &"a".repeat(41)] {
            assert_eq!(bad.parse::<RoleName>(), Err(BadRoleName), "{bad}");
        }
    }
}
