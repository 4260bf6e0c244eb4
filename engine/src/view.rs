//! What is going on, for people and programs to read. A copy; changing it changes nothing.

use std::time::Duration;

use serde::Serialize;

use crate::agents::session::AgentSession;
use crate::command::Hold;
use crate::dialer::CampaignRun;
use crate::dialer::compliance::Obligation;
use crate::dialer::pacing_line::PacingLine;
use crate::engine::Engine;
use crate::inbound::caller::Caller;
use crate::inbound::queue::QueueRun;
use crate::input::AttemptRefusal;
use crate::model::{
    AgentId, AttemptId, CallId, CampaignId, DidId, LeadId, PauseReason, Phone, QueueId, SessionId,
    SupervisionMode, Timestamp, TrunkId, TrunkProbe, TrunkState,
};
use crate::outbound::call::Call;

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
    /// `paused`, `ready`, `reserved`, `on_call`, `consulted`, `wrap_up`, `supervising` or `lost`.
    pub state: &'static str,
    /// Why, when paused.
    pub reason: Option<PauseReason>,
    /// Since when in this state.
    pub since: Timestamp,
    /// The call in hand, or being wrapped up.
    pub call: Option<CallId>,
    /// The lead on show, waiting for their decision.
    pub preview: Option<PreviewView>,
    /// The last dial that they asked for, when it was not placed after all.
    pub refused: Option<RefusedView>,
    /// Whether the phone is up.
    pub phone_up: bool,
    /// For which campaigns.
    pub campaigns: Vec<CampaignId>,
    /// What they do as a supervisor.
    pub supervising: Option<SupervisingView>,
    /// Who takes part in their conversation, as far as they are told.
    pub listeners: Vec<ListenerView>,
    /// Who took over the conversation that they finish.
    pub taken_over_by: Option<String>,
}

/// A supervisor at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SupervisingView {
    /// The agent to each of whose conversations they listen.
    pub follows: Option<AgentId>,
    /// The conversation in which they take part; none between those of an agent whom they follow.
    pub call: Option<CallId>,
    /// Whose it is.
    pub agent: Option<AgentId>,
    /// How they take part.
    pub mode: Option<SupervisionMode>,
    /// Whether they can be known to hear it.
    pub hears: bool,
    /// Since when.
    pub since: Timestamp,
}

/// A supervisor in a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ListenerView {
    /// The agent whose phone they use; whoever listens without a phone may be none.
    pub supervisor: Option<AgentId>,
    /// How colleagues call them.
    pub name: String,
    /// How they take part.
    pub mode: SupervisionMode,
    /// Since when.
    pub since: Timestamp,
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

/// A dial that an agent asked for and that was not placed after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RefusedView {
    /// Who would have been called.
    pub lead: LeadId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// Why not.
    pub refusal: AttemptRefusal,
    /// When.
    pub at: Timestamp,
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
    /// What the law asks of it.
    pub obligations: Vec<Obligation>,
    /// `none`, `recording` or `masked`.
    pub recording: &'static str,
    /// Supervisors who take part.
    pub listeners: Vec<ListenerView>,
    /// The customer is held, or on the way to a colleague.
    pub transfer: Option<TransferView>,
}

/// A customer who is held, or on the way to a colleague.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TransferView {
    /// `held` (music), `calling` (music, while somebody outside is called), `consulting` (music, while agent and
    /// colleague talk), `conference` or `handing`.
    pub stage: &'static str,
    /// The colleague who was asked.
    pub to: Option<AgentId>,
    /// Whether somebody outside was called instead.
    pub outside: bool,
    /// Since when in this stage.
    pub since: Timestamp,
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
    /// `guided` (in a flow), `queued`, `dialling`, `transferred`, `ringing_back`, `joining`, `connected`, `ending` or
    /// `gone`.
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
    /// The call in which it was promised to call them back, while that is being done.
    pub callback: Option<CallId>,
    /// `none`, `recording` or `masked`.
    pub recording: &'static str,
    /// Supervisors who take part.
    pub listeners: Vec<ListenerView>,
    /// They are held, or on the way to somebody else.
    pub transfer: Option<TransferView>,
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
    /// How well it is, by its setting, by Asterisk and by our own probe.
    pub state: TrunkState,
    /// Since when.
    pub since: Timestamp,
    /// Whether its far end answers Asterisk. Only then calls are placed on it.
    pub reachable: bool,
    /// What our own OPTIONS requests came to; none before the first, and while they are switched off.
    pub probe: Option<TrunkProbe>,
    /// Calls ringing or up.
    pub calls: u32,
    /// Calls that may be ringing or up.
    pub calls_max: u32,
}

impl Engine {
    /// Everything that is going on. Each table is in the order of its identifiers.
    pub fn view(&self) -> LiveView {
        LiveView {
            held_by: self.held_by(),
            agents: self.sessions.values().map(|session| self.agent_view(session)).collect(),
            calls: self.calls.values().map(|call| self.call_view(call)).collect(),
            callers: self.callers.values().map(|caller| self.caller_view(caller)).collect(),
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

    fn agent_view(&self, session: &AgentSession) -> AgentView {
        let view = session.view();
        let taken_over = session.taken_over.filter(|taken| view.call == Some(taken.call));
        AgentView {
            supervising: self.supervising_view(view.agent),
            listeners: self.badge(view.agent),
            taken_over_by: taken_over
                .and_then(|taken| self.agents.get(&taken.by))
                .map(|supervisor| supervisor.name.clone()),
            ..view
        }
    }

    fn call_view(&self, call: &Call) -> CallView {
        CallView { listeners: self.listeners(call.attempt.call), ..call.view() }
    }

    fn caller_view(&self, caller: &Caller) -> CallerView {
        CallerView { listeners: self.listeners(caller.id), ..caller.view() }
    }

    fn campaign_view(&self, run: &CampaignRun) -> CampaignView {
        CampaignView { campaign: run.id, line: self.pacing_line(run) }
    }
}
