//! Outbound work: who is called, how fast, when, and what is kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Breakers, CallingHours, CampaignId, ComplianceSettings, DialOrder, Disposition, DispositionGroupId,
    FlowId, Outcome, Phone, Quota, Screening, SupervisionRules, TrunkId,
};

/// Outbound work for which agents log in. Its live side is [`crate::dialer::CampaignRun`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// The row.
    pub id: CampaignId,
    /// Whether it dials.
    pub state: CampaignState,
    /// What its manager can set.
    pub settings: CampaignSettings,
}

/// What a manager can set of a campaign. What is not said is as in [`CampaignSettings::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CampaignSettings {
    /// How managers call it.
    pub name: String,
    /// How it decides when to dial.
    pub mode: DialMode,
    /// Carrier connections, the preferred one first.
    pub trunks: Vec<TrunkId>,
    /// Numbers that may be shown, the preferred one first. A trunk's allow-list narrows them.
    pub caller_ids: Vec<Phone>,
    /// How long a customer's phone rings before the dial ends as no answer. It rings for longer where a rule pack asks
    /// for that.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub ring_timeout: Duration,
    /// How long a person who answered may wait for an agent before they are dropped. They wait no longer than the rule
    /// packs let them, whatever is set.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub drop_after: Duration,
    /// What a dropped person hears: an Asterisk media URI such as `sound:cadran/drop-fr`.
    pub drop_message: String,
    /// Drops over answered people, counted over 24 hours, at which dialling ahead ends: one dial per ready agent.
    pub drop_limit: f64,
    /// The same, counted over 30 days.
    pub drop_limit_month: f64,
    /// Whether those who answer are screened for answering machines.
    pub screening: Screening,
    /// When calls may be placed, in the lead's own time.
    pub hours: CallingHours,
    /// What becomes of a callback that an agent promised to make themself.
    pub callbacks: CallbackRules,
    /// In which order leads are dialled.
    pub order: DialOrder,
    /// After how many successes a part of the campaign is dialled no more.
    pub quotas: Vec<Quota>,
    /// What follows each outcome. An outcome without a rule is final.
    pub retry: Vec<RetryRule>,
    /// Which calls are recorded.
    pub recording: RecordingPolicy,
    /// What the customer hears when a recording begins, a message or a beep: an Asterisk media URI such as
    /// `sound:beep`. Nothing when absent.
    pub recording_notice: Option<String>,
    /// Whether the WAV file of a recording is kept beside the encoded one.
    pub keep_wav: bool,
    /// How long an agent may take after a call before they are ready again.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub wrap_up: Duration,
    /// The flow that asks customers how it was, once the agent has hung up; it must be live. None: nobody is asked.
    pub survey: Option<FlowId>,
    /// What an agent can say of a call.
    pub dispositions: Vec<Disposition>,
    /// The group whose dispositions count in the place of its own. None: its own count.
    pub disposition_group: Option<DispositionGroupId>,
    /// How fast and how many.
    pub limit: RateLimit,
    /// When dialling stops by itself because something is wrong with it.
    pub breakers: Breakers,
    /// Campaigns whose ready agents take a person who answered when none of this campaign's own agents is there.
    pub surplus_to: Vec<CampaignId>,
    /// What it asks of its supervisors.
    pub supervision: SupervisionRules,
    /// What the law asks of it.
    pub compliance: ComplianceSettings,
}

impl Default for CampaignSettings {
    /// One dial per ready agent in the hours of French consumers. Without trunks and numbers it cannot run yet.
    fn default() -> Self {
        Self {
            name: String::new(),
            mode: DialMode::Progressive,
            trunks: Vec::new(),
            caller_ids: Vec::new(),
            ring_timeout: Duration::from_secs(30),
            drop_after: Duration::from_secs(2),
            drop_message: "sound:cadran/drop-fr".to_owned(),
            drop_limit: 0.03,
            drop_limit_month: 0.03,
            screening: Screening::default(),
            hours: CallingHours::french_consumers(),
            callbacks: CallbackRules::default(),
            order: DialOrder::default(),
            quotas: Vec::new(),
            retry: Vec::new(),
            recording: RecordingPolicy::OnDemand,
            recording_notice: None,
            keep_wav: false,
            wrap_up: Duration::from_secs(30),
            survey: None,
            dispositions: Disposition::usual(),
            disposition_group: None,
            limit: RateLimit { calls_per_second: 5.0, concurrent_calls: 100 },
            breakers: Breakers::default(),
            surplus_to: Vec::new(),
            supervision: SupervisionRules::default(),
            compliance: ComplianceSettings::default(),
        }
    }
}

impl CampaignSettings {
    /// Whether those who answer are screened for answering machines.
    pub fn screens(&self) -> bool {
        self.screening.is_done_in(self.mode)
    }
}

/// A campaign's life, set by its manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Being prepared; never dialled yet.
    Draft,
    /// Dials.
    Running,
    /// Does not dial; calls in progress go on.
    Paused,
    /// Over; kept for its history.
    Finished,
}

impl CampaignState {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
        }
    }
}

/// How a campaign decides when to dial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum DialMode {
    /// Agents dial by hand, whom they choose.
    Manual,
    /// A fixed number of dials per ready agent, 1.0 or more, not whole of necessity.
    Power {
        /// Dials in flight for each ready agent.
        ratio: f64,
    },
    /// As many dials as the forecast of free agents and answers bears.
    Predictive {
        /// Drops over answered people to aim at; never above the campaign's drop limit.
        target_drop_rate: f64,
        /// How long an agent may wait between two calls on average, in milliseconds: where less is reached, fewer
        /// drops are spent. None: as short as the drops allow.
        #[serde(default)]
        target_wait: Option<u32>,
        /// The highest level: dials in flight for each agent at work, 1.0 or more, whatever the forecast bears. None:
        /// as many as the rule packs allow.
        #[serde(default)]
        level_max: Option<f64>,
    },
    /// The agent sees the lead first and decides.
    Preview,
    /// One dial per ready agent.
    Progressive,
}

impl DialMode {
    /// Dials in flight for each agent at work at which its manager has a forecast stop.
    pub(crate) const fn level_max(self) -> Option<f64> {
        match self {
            Self::Predictive { level_max, .. } => level_max,
            Self::Manual | Self::Power { .. } | Self::Preview | Self::Progressive => None,
        }
    }

    /// Whether agents decide for themselves when somebody is called.
    pub const fn is_agents_choice(self) -> bool {
        matches!(self, Self::Manual | Self::Preview)
    }
}

/// What becomes of a callback that an agent promised to make themself, when they are not ready at the agreed moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CallbackRules {
    /// How long it waits for them alone.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub grace: Duration,
    /// Whether anybody calls after that. Otherwise it goes on waiting, and is shown as overdue.
    pub then_anyone: bool,
}

impl Default for CallbackRules {
    /// Five minutes; then the person is called by whoever is there rather than by nobody.
    fn default() -> Self {
        Self { grace: Duration::from_secs(300), then_anyone: true }
    }
}

/// What follows an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetryRule {
    /// The outcome that the rule is for.
    pub outcome: Outcome,
    /// Time until the next attempt.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub delay: Duration,
    /// Attempts of one lead that may end in this outcome before it is left alone; with `alternate_number`, of each of
    /// its numbers.
    pub attempts_max: u16,
    /// Whether the next attempt goes to the lead's next number, when it has one.
    pub alternate_number: bool,
}

/// Which calls are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum RecordingPolicy {
    /// Every call that reaches an agent.
    All,
    /// No call, and none on demand.
    Never,
    /// When the agent or a supervisor asks.
    OnDemand,
    /// A share of the calls, drawn at random; the others on demand.
    Share {
        /// Between 0 and 1.
        share: f64,
    },
}

/// How fast calls may be placed and how many may be up at once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Dials per second, averaged over a second.
    pub calls_per_second: f64,
    /// Calls ringing or up at once.
    pub concurrent_calls: u32,
}
