//! What is going on, for people and programs to read. A copy; changing it changes nothing.

use std::time::Duration;

use serde::Serialize;

use crate::command::Hold;
use crate::dialer::CampaignRun;
use crate::dialer::pacing_line::PacingLine;
use crate::engine::Engine;
use crate::model::{
    AgentId, AttemptId, CallId, CampaignId, DidId, LeadId, PauseReason, Phone, QueueId, SessionId, Timestamp,
    TrunkId,
};
use crate::queue::QueueRun;

/// Everything that is going on at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LiveView {
    /// What holds all dialling, if anything does.
    pub held_by: Option<Hold>,
    /// Agents who are logged in.
    pub agents: Vec<AgentView>,
    /// Calls that are ringing or up.
    pub calls: Vec<CallView>,
    /// Callers, from their arrival until their leg is gone.
    pub callers: Vec<CallerView>,
    /// Queues, and who waits in them.
    pub queues: Vec<QueueView>,
    /// Campaigns that are not finished.
    pub campaigns: Vec<CampaignView>,
    /// Trunks and what they carry.
    pub trunks: Vec<TrunkView>,
}

/// An agent at work.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AgentView {
    /// Who.
    pub agent: AgentId,
    /// The working time.
    pub session: SessionId,
    /// `paused`, `ready`, `reserved`, `on_call`, `wrap_up` or `lost`.
    pub state: &'static str,
    /// Why, when paused.
    pub reason: Option<PauseReason>,
    /// Since when in this state.
    pub since: Timestamp,
    /// The call in hand, or being wrapped up.
    pub call: Option<CallId>,
    /// The lead on show, waiting for their decision.
    pub preview: Option<PreviewView>,
    /// Whether the phone is up.
    pub phone_up: bool,
    /// For which campaigns.
    pub campaigns: Vec<CampaignId>,
}

/// A lead that an agent is shown before it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PreviewView {
    /// Who would be called.
    pub lead: LeadId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// Until when the lead is the agent's.
    pub until: Timestamp,
}

/// A call that is ringing or up.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallView {
    /// The conversation.
    pub call: CallId,
    /// The dial.
    pub attempt: AttemptId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// Who.
    pub lead: LeadId,
    /// The number.
    pub phone: Phone,
    /// `ringing_agent`, `saving`, `dialling`, `ringing`, `screening`, `greeting`, `waiting`, `joining`, `connected`,
    /// `message` or `ending`.
    pub state: &'static str,
    /// Since when in this state.
    pub since: Timestamp,
    /// With whom.
    pub agent: Option<AgentId>,
    /// `none`, `recording` or `paused`.
    pub recording: &'static str,
}

/// Somebody who called.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CallerView {
    /// The conversation.
    pub call: CallId,
    /// The number that they dialled.
    pub did: Option<DidId>,
    /// Their own number, unless it is withheld.
    pub phone: Option<Phone>,
    /// `guided` (in a flow), `queued`, `dialling`, `transferred`, `joining`, `connected`, `ending` or `gone`.
    pub state: &'static str,
    /// Since when in this state.
    pub since: Timestamp,
    /// The queue that they wait in, or that gave them to their agent.
    pub queue: Option<QueueId>,
    /// Since when they wait.
    pub waiting_since: Option<Timestamp>,
    /// Whose phones ring for them.
    pub offered: Vec<AgentId>,
    /// With whom they speak, or are about to.
    pub agent: Option<AgentId>,
}

/// A queue at one moment. Counts are since the daemon started.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct QueueView {
    /// Which.
    pub queue: QueueId,
    /// How many wait.
    pub waiting: u32,
    /// Since when the caller waits who has waited for longest.
    pub oldest_since: Option<Timestamp>,
    /// How long the next caller will wait, in milliseconds, by the latest waits. None: too few to tell.
    #[serde(with = "crate::model::time::optional_millis")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub estimate: Option<Duration>,
    /// How many of its agents are free.
    pub ready: u32,
    /// Whether any of its agents is at work.
    pub has_agents: bool,
    /// Callers whom an agent took.
    pub answered: u32,
    /// Of those, how many within the service level.
    pub answered_in_time: u32,
    /// Callers who left while they waited.
    pub abandoned: u32,
    /// Callers whom the queue did not keep, and those who left by a key.
    pub turned_away: u32,
}

/// A campaign's work at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CampaignView {
    /// Which.
    pub campaign: CampaignId,
    /// What it does, and what stands in its way.
    #[serde(flatten)]
    pub line: PacingLine,
}

/// A trunk's load at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TrunkView {
    /// Which.
    pub trunk: TrunkId,
    /// Whether its far end answers.
    pub reachable: bool,
    /// Calls ringing or up.
    pub calls: u32,
}

impl Engine {
    /// Everything that is going on. Each table is in the order of its identifiers.
    pub fn view(&self) -> LiveView {
        LiveView {
            held_by: self.held_by(),
            agents: self.sessions.values().map(|session| session.view()).collect(),
            calls: self.calls.values().map(|call| call.view()).collect(),
            callers: self.callers.values().map(|caller| caller.view()).collect(),
            queues: self.queues.values().map(|queue| self.queue_view(queue)).collect(),
            campaigns: self.runs.values().map(|run| self.campaign_view(run)).collect(),
            trunks: self.trunks.values().map(|trunk| trunk.view()).collect(),
        }
    }

    fn queue_view(&self, run: &QueueRun) -> QueueView {
        QueueView {
            queue: run.id,
            waiting: run.len(),
            oldest_since: run.waiting().map(|(place, _)| place.since).min(),
            estimate: run.estimate(run.len() + 1),
            ready: u32::try_from(run.ready.len()).unwrap_or(u32::MAX),
            has_agents: self.has_agents_at_work(run.id),
            answered: run.tally.answered,
            answered_in_time: run.tally.answered_in_time,
            abandoned: run.tally.abandoned,
            turned_away: run.tally.turned_away,
        }
    }

    fn campaign_view(&self, run: &CampaignRun) -> CampaignView {
        CampaignView { campaign: run.id, line: self.pacing_line(run) }
    }
}
