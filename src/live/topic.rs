//! What a viewer can follow.

use std::fmt;
use std::str::FromStr;

use cadran_engine::model::CampaignId;

/// What a viewer can follow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Agents at work.
    Agents,
    /// What wants a person.
    Alerts,
    /// Callers, from their arrival until their leg is gone.
    Callers,
    /// Calls ringing or up.
    Calls,
    /// Campaigns that are not finished.
    Campaigns,
    /// The viewer's own desk: their row of [`Topic::Agents`].
    Me,
    /// Why a campaign dials as it does.
    Pacing(CampaignId),
    /// Queues, and how many wait in them.
    Queues,
    /// The installation.
    System,
    /// Trunks and what they carry.
    Trunks,
}

/// A table of [`super::Tables`]. A topic is a table, or the rows of it that concern somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TableName {
    Agents,
    Alerts,
    Callers,
    Calls,
    Campaigns,
    Pacing,
    Queues,
    System,
    Trunks,
}

impl TableName {
    pub(super) const ALL: [Self; 9] = [
        Self::Agents,
        Self::Alerts,
        Self::Callers,
        Self::Calls,
        Self::Campaigns,
        Self::Pacing,
        Self::Queues,
        Self::System,
        Self::Trunks,
    ];

    /// The word for the table, in topics and in [`cadran_engine::view::LiveView`].
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Agents => "agents",
            Self::Alerts => "alerts",
            Self::Callers => "callers",
            Self::Calls => "calls",
            Self::Campaigns => "campaigns",
            Self::Pacing => "pacing",
            Self::Queues => "queues",
            Self::System => "system",
            Self::Trunks => "trunks",
        }
    }

    /// Columns that hold a telephone number, which few may see whole. A test looks for numbers that escape it.
    pub(super) const fn numbers(self) -> &'static [&'static str] {
        match self {
            Self::Callers | Self::Calls => &["phone"],
            Self::Agents
            | Self::Alerts
            | Self::Campaigns
            | Self::Pacing
            | Self::Queues
            | Self::System
            | Self::Trunks => &[],
        }
    }
}

impl TableName {
    /// Columns that are not for those who see the rows of their own desk alone: what an agent is told of who listens,
    /// their own row of agents says.
    pub(super) const fn for_staff(self) -> &'static [&'static str] {
        match self {
            Self::Calls => &["listeners"],
            Self::Agents
            | Self::Alerts
            | Self::Callers
            | Self::Campaigns
            | Self::Pacing
            | Self::Queues
            | Self::System
            | Self::Trunks => &[],
        }
    }
}

impl Topic {
    pub(super) const fn table(&self) -> TableName {
        match self {
            Self::Agents | Self::Me => TableName::Agents,
            Self::Alerts => TableName::Alerts,
            Self::Callers => TableName::Callers,
            Self::Calls => TableName::Calls,
            Self::Campaigns => TableName::Campaigns,
            Self::Pacing(_) => TableName::Pacing,
            Self::Queues => TableName::Queues,
            Self::System => TableName::System,
            Self::Trunks => TableName::Trunks,
        }
    }

    /// The columns that a filter may name. Never one that is masked: whoever may filter by it can guess it.
    pub(super) const fn filters(&self) -> &'static [&'static str] {
        match self {
            Self::Agents => &["agent", "campaigns", "state"],
            Self::Alerts => &["agent", "campaign", "part", "queue", "severity", "what"],
            Self::Callers => &["agent", "did", "queue", "state"],
            Self::Calls => &["agent", "campaign", "lead", "state"],
            Self::Campaigns => &["campaign"],
            Self::System => &["health", "part", "what"],
            Self::Trunks => &["reachable", "state", "trunk"],
            Self::Queues => &["queue"],
            Self::Me | Self::Pacing(_) => &[],
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Pacing(campaign) => write!(f, "pacing:{campaign}"),
            Self::Agents
            | Self::Alerts
            | Self::Callers
            | Self::Calls
            | Self::Campaigns
            | Self::Queues
            | Self::System
            | Self::Trunks => f.write_str(self.table().as_str()),
        }
    }
}

/// There is no such topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchTopic;

impl FromStr for Topic {
    type Err = NoSuchTopic;

    fn from_str(text: &str) -> Result<Self, NoSuchTopic> {
        Ok(match text {
            "agents" => Self::Agents,
            "alerts" => Self::Alerts,
            "callers" => Self::Callers,
            "calls" => Self::Calls,
            "campaigns" => Self::Campaigns,
            "me" => Self::Me,
            "queues" => Self::Queues,
            "system" => Self::System,
            "trunks" => Self::Trunks,
            _ => {
                let campaign = text.strip_prefix("pacing:").ok_or(NoSuchTopic)?;
                Self::Pacing(campaign.parse().map_err(|_| NoSuchTopic)?)
            }
        })
    }
}
