//! What wants a person: a row of `alerts` for as long as it does. Found in what the engine shows and in the checks of the
//! installation, never told by anybody, so that none can stay behind and none can be forgotten.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use cadran_engine::dialer::obstacle::{Obstacle, Standing};
use cadran_engine::model::{AgentId, CampaignId, PauseReason, QueueId, Timestamp};
use cadran_engine::view::{AgentView, CampaignView, LiveView, QueueView};
use serde::Serialize;

use super::check::{Check, Health, Part};
use super::rows::Show;
use super::topic::TableName;
use crate::sentences;
use crate::words::{Language, fill};

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Severity {
    /// Work goes on, with less.
    Warning,
    /// Somebody cannot work, or nobody is called, or a caller has nobody.
    Critical,
}

/// What an alert is about. There is one alert at most about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    /// An agent.
    Agent(AgentId),
    /// A campaign.
    Campaign(CampaignId),
    /// All dialling.
    Dialling,
    /// A part of the installation.
    Part(Part),
    /// A queue.
    Queue(QueueId),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(agent) => agent.fmt(f),
            Self::Campaign(campaign) => campaign.fmt(f),
            Self::Dialling => f.write_str("dialling"),
            Self::Part(part) => part.fmt(f),
            Self::Queue(queue) => queue.fmt(f),
        }
    }
}

/// Something that wants a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Alert {
    #[serde(skip)]
    subject: Subject,
    severity: Severity,
    /// `agent_lost`, `campaign_held`, `dialling_held`, `part_unwell`, `pause_long` or `queue_unattended`.
    what: &'static str,
    since: Timestamp,
    agent: Option<AgentId>,
    campaign: Option<CampaignId>,
    queue: Option<QueueId>,
    part: Option<String>,
    /// A sentence in each language.
    why: BTreeMap<&'static str, String>,
    /// What to do about it, where that is known.
    fix: Option<String>,
}

/// How long a pause of one code should last at most, and how people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PauseLimit {
    /// Its end, from its beginning.
    pub pause_max: Duration,
    /// What English agents read.
    pub label_en: String,
    /// What French agents read.
    pub label_fr: String,
}

/// By the code of the pause; pauses that take as long as they take are not in it.
pub type PauseLimits = BTreeMap<String, PauseLimit>;

impl Show for Alert {
    type Id = Subject;
    const TABLE: TableName = TableName::Alerts;
    fn id(&self) -> Subject {
        self.subject
    }
}

impl Alert {
    fn of(subject: Subject, severity: Severity, since: Timestamp, why: impl Fn(Language) -> String) -> Self {
        let mut alert = Self {
            subject,
            severity,
            what: "",
            since,
            agent: None,
            campaign: None,
            queue: None,
            part: None,
            why: Language::ALL.map(|language| (language.tag(), why(language))).into(),
            fix: None,
        };
        alert.what = match subject {
            Subject::Agent(agent) => {
                alert.agent = Some(agent);
                "agent_lost"
            }
            Subject::Campaign(campaign) => {
                alert.campaign = Some(campaign);
                "campaign_held"
            }
            Subject::Dialling => "dialling_held",
            Subject::Part(part) => {
                alert.part = Some(part.to_string());
                "part_unwell"
            }
            Subject::Queue(queue) => {
                alert.queue = Some(queue);
                "queue_unattended"
            }
        };
        alert
    }
}

/// All that wants a person at this moment. What `stands` already keeps its beginning, where nothing else tells it.
pub(super) fn alerts(
    view: &LiveView,
    checks: &[Check],
    limits: &PauseLimits,
    stands: &[Alert],
    now: Timestamp,
) -> Vec<Alert> {
    let dialling = view.held_by.map(|hold| {
        let since =
            stands.iter().find(|alert| alert.subject == Subject::Dialling).map_or(now, |alert| alert.since);
        Alert::of(Subject::Dialling, Severity::Critical, since, |language| {
            sentences::hold(hold, language).to_owned()
        })
    });
    let agents =
        view.agents.iter().filter_map(|row| agent_lost(row).or_else(|| pause_long(row, limits, now)));
    let campaigns = view.campaigns.iter().filter_map(campaign_held);
    let queues = view.queues.iter().filter_map(queue_unattended);
    let parts = checks.iter().filter_map(part_unwell);
    dialling.into_iter().chain(agents).chain(campaigns).chain(queues).chain(parts).collect()
}

fn agent_lost(row: &AgentView) -> Option<Alert> {
    let is_lost = row.state == "lost";
    is_lost.then(|| {
        let subject = Subject::Agent(row.agent);
        Alert::of(subject, Severity::Warning, row.since, |language| language.alert("agent_lost").to_owned())
    })
}

/// An agent is still in a pause that should be over. It stands since that moment.
fn pause_long(row: &AgentView, limits: &PauseLimits, now: Timestamp) -> Option<Alert> {
    let PauseReason::Chosen(code) = row.reason.as_ref().filter(|_| row.state == "paused")? else {
        return None;
    };
    let limit = limits.get(code)?;
    let over = row.since + limit.pause_max;
    let minutes = limit.pause_max.as_secs().div_ceil(60).to_string();
    (over <= now).then(|| {
        let alert = Alert::of(Subject::Agent(row.agent), Severity::Warning, over, |language| {
            let pause = match language {
                Language::English => &limit.label_en,
                Language::French => &limit.label_fr,
            };
            let values = [("pause", pause.clone()), ("minutes", minutes.clone())];
            fill(language.alert("pause_long"), &values)
        });
        Alert { what: "pause_long", ..alert }
    })
}

/// What stands in a campaign's way and goes away by nobody's work alone.
fn campaign_held(row: &CampaignView) -> Option<Alert> {
    let grave: Vec<(Severity, &Standing)> = row
        .line
        .held_by
        .iter()
        .filter_map(|standing| Some((gravity(&standing.obstacle)?, standing)))
        .collect();
    let severity = grave.iter().map(|(severity, _)| *severity).max()?;
    let since = grave.iter().map(|(_, standing)| standing.since).min()?;
    Some(Alert::of(Subject::Campaign(row.campaign), severity, since, |language| {
        // As at its beginning: a time that runs would be news every second.
        let told = grave.iter().map(|(_, standing)| sentences::standing(standing, standing.since, language));
        told.collect::<Vec<_>>().join(", ")
    }))
}

const fn gravity(obstacle: &Obstacle) -> Option<Severity> {
    match obstacle {
        Obstacle::NoTrunk
        | Obstacle::Tripped { .. }
        | Obstacle::TrunkDown { .. }
        | Obstacle::TrunkShowsNone { .. } => Some(Severity::Critical),
        Obstacle::DropLimit { .. } | Obstacle::Slowed { .. } => Some(Severity::Warning),
        // The day's work, what an alert about dialling says already, and what somebody has switched off.
        Obstacle::AgentsDecide
        | Obstacle::Burst
        | Obstacle::Full { .. }
        | Obstacle::Held { .. }
        | Obstacle::LeadsComing
        | Obstacle::NoAgentReady(_)
        | Obstacle::NoLeadDue { .. }
        | Obstacle::NotRunning { .. }
        | Obstacle::OutsideHours { .. }
        | Obstacle::Refused { .. }
        | Obstacle::Resting { .. }
        | Obstacle::Risk { .. }
        | Obstacle::TooFast { .. }
        | Obstacle::TrunkOff { .. }
        | Obstacle::UnderWay { .. } => None,
    }
}

/// Callers wait for agents who are not there.
fn queue_unattended(row: &QueueView) -> Option<Alert> {
    let since = row.oldest_since.filter(|_| row.waiting > 0 && !row.has_agents)?;
    let subject = Subject::Queue(row.queue);
    Some(Alert::of(subject, Severity::Critical, since, |language| {
        language.alert("queue_unattended").to_owned()
    }))
}

fn part_unwell(check: &Check) -> Option<Alert> {
    let severity = match check.health {
        Health::Off | Health::Up => return None,
        Health::Degraded => Severity::Warning,
        Health::Down => Severity::Critical,
    };
    let why = |_: Language| check.cause.clone().unwrap_or_default();
    let alert = Alert::of(Subject::Part(check.part), severity, check.since, why);
    Some(Alert { fix: check.fix.clone(), ..alert })
}
