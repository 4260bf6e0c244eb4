//! What a replayed day came to, by campaign.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cadran_engine::command::{Command, Notice, Write};
use cadran_engine::input::{Input, StoreEvent};
use cadran_engine::model::{AgentId, CallId, CampaignId, Outcome, Timestamp};

/// Counts of a day.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    campaigns: BTreeMap<CampaignId, Figures>,
    calls: BTreeMap<CallId, CampaignId>,
    talking: BTreeMap<CallId, Timestamp>,
    agents: BTreeMap<AgentId, Agent>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    dials: u64,
    connected: u64,
    dropped: u64,
    talk: Duration,
    idle: Duration,
}

#[derive(Clone, Debug, Default)]
struct Agent {
    campaigns: Vec<CampaignId>,
    idle_since: Option<Timestamp>,
}

impl Tally {
    /// What an earlier daemon left is known from what was recovered.
    pub(super) fn input(&mut self, input: &Input) {
        if let Input::Store(StoreEvent::Recovered(recovery)) = input {
            for session in &recovery.sessions {
                self.agents.entry(session.agent).or_default().campaigns.clone_from(&session.campaigns);
            }
            let calls = recovery.attempts.iter().map(|(attempt, _)| (attempt.call, attempt.campaign));
            self.calls.extend(calls);
        }
    }

    /// Dials, conversations and drops of every campaign together.
    pub(super) fn sums(&self) -> (u64, u64, u64) {
        let all = self.campaigns.values();
        all.fold((0, 0, 0), |(dials, connected, dropped), figures| {
            (dials + figures.dials, connected + figures.connected, dropped + figures.dropped)
        })
    }

    pub(super) fn command(&mut self, at: Timestamp, command: &Command) {
        match command {
            Command::Write(Write::SaveAttempt(attempt)) => {
                self.calls.insert(attempt.call, attempt.campaign);
            }
            Command::Write(Write::OpenSession { agent, campaigns, .. }) => {
                self.agents.entry(*agent).or_default().campaigns.clone_from(campaigns);
            }
            Command::Notice(notice) => self.notice(at, notice),
            Command::Write(_)
            | Command::Switch(_)
            | Command::FetchLeads { .. }
            | Command::LookUp { .. }
            | Command::Reply { .. } => {}
        }
    }

    fn notice(&mut self, at: Timestamp, notice: &Notice) {
        match notice {
            Notice::Dialled { campaign, .. } => self.figures(*campaign).dials += 1,
            Notice::AttemptEnded { campaign, outcome: Outcome::Dropped, .. } => {
                self.figures(*campaign).dropped += 1;
            }
            Notice::Connected { call, .. } => {
                self.talking.insert(*call, at);
                if let Some(campaign) = self.calls.get(call).copied() {
                    self.figures(campaign).connected += 1;
                }
            }
            Notice::CallEnded { call, .. } => {
                if let Some((began, campaign)) = self.talking.remove(call).zip(self.calls.remove(call)) {
                    self.figures(campaign).talk += at.since(began);
                }
            }
            Notice::AgentState { agent, state } => self.agent_is(at, *agent, state),
            _ => {}
        }
    }

    /// An agent who is ready idles for every campaign that they work for.
    fn agent_is(&mut self, at: Timestamp, agent: AgentId, state: &str) {
        let agent = self.agents.entry(agent).or_default();
        let idled = agent.idle_since.take().map_or(Duration::ZERO, |since| at.since(since));
        agent.idle_since = (state == "ready").then_some(at);
        for campaign in agent.campaigns.clone() {
            self.figures(campaign).idle += idled;
        }
    }

    /// The replay ends while agents idle and people talk.
    pub(super) fn close(&mut self, at: Timestamp) {
        for agent in self.agents.keys().copied().collect::<Vec<_>>() {
            self.agent_is(at, agent, "replayed");
        }
        for (call, began) in std::mem::take(&mut self.talking) {
            if let Some(campaign) = self.calls.get(&call).copied() {
                self.figures(campaign).talk += at.since(began);
            }
        }
    }

    fn figures(&mut self, campaign: CampaignId) -> &mut Figures {
        self.campaigns.entry(campaign).or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>10}  {:>7}  {:>9}  {:>7}  {:>8}  {:>8}",
            "campaign", "dials", "connected", "dropped", "talk h", "idle h"
        )?;
        for (campaign, figures) in &self.campaigns {
            let hours = |span: Duration| span.as_secs_f64() / 3600.0;
            let Figures { dials, connected, dropped, .. } = figures;
            let (talk, idle) = (hours(figures.talk), hours(figures.idle));
            write!(
                f,
                "\n{:>10}  {dials:>7}  {connected:>9}  {dropped:>7}  {talk:>8.2}  {idle:>8.2}",
                campaign.to_string()
            )?;
        }
        Ok(())
    }
}
