//! Queues: where callers wait for an agent, and by which rules they get one.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    CalendarId, Disposition, DispositionGroupId, FlowId, MailboxId, Phone, QueueId, RecordingPolicy,
    SupervisionRules,
};

/// A place where callers wait. Its live side is `crate::inbound::queue::QueueRun`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// The row. Flows name a queue by the text of its id, `q_12`.
    pub id: QueueId,
    /// What its manager can set.
    pub settings: QueueSettings,
}

/// What a manager can set of a queue. What is not said is as in [`QueueSettings::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// How managers call it.
    pub name: String,
    /// Which of the free agents gets a caller.
    pub strategy: Strategy,
    /// From 0 to 100. An agent of several queues takes callers of the higher one first; a flow may add to it for one
    /// caller.
    pub priority: u8,
    /// How long an agent's phone rings for a caller before the next agent is tried.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub ring_timeout: Duration,
    /// After how many callers missed in a row an agent is paused; 0: never.
    pub misses_max: u8,
    /// How long a caller waits at most, in milliseconds. None: as long as they like, up to
    /// `crate::inbound::queue::WAIT_MAX`.
    #[serde(with = "super::time::optional_millis")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub max_wait: Option<Duration>,
    /// How many wait at most; who comes then is turned away as `full`. None: up to `crate::inbound::queue::LENGTH_MAX`.
    pub max_length: Option<u32>,
    /// What becomes of callers when no agent of the queue is at work.
    pub no_agents: NoAgents,
    /// How long an agent may take after a call before they are ready again.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub wrap_up: Duration,
    /// What callers hear while they wait: a class of music on hold of Asterisk.
    pub music: String,
    /// What is told to whoever waits.
    pub announce: Announce,
    /// An answer within this time counts as within the service level.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub service_level: Duration,
    /// Whether callers are offered to be called back. None: no.
    pub callback: Option<CallbackOffer>,
    /// Where a caller goes whom the queue does not keep, when the flow has no way of its own for it. None: the flow's
    /// exit for errors.
    pub overflow: Option<Overflow>,
    /// What an agent must know, and how that relaxes with the waiting time.
    pub skills: Vec<SkillRule>,
    /// Whether callers get the agent again with whom they spoke last. None: no.
    pub sticky: Option<Sticky>,
    /// When campaigns give their agents up to this queue.
    pub blending: Blending,
    /// Which calls are recorded.
    pub recording: RecordingPolicy,
    /// What the caller hears when a recording begins: an Asterisk media URI. Nothing when absent.
    pub recording_notice: Option<String>,
    /// What is asked of supervisors who take part in conversations with its callers.
    pub supervision: SupervisionRules,
    /// Whether the WAV file of a recording is kept beside the encoded one.
    pub keep_wav: bool,
    /// When the queue is open; closed, it turns callers away as `no_agents`. None: always.
    pub calendar: Option<CalendarId>,
    /// The flow that asks callers how it was, once the agent has hung up; it must be live. None: nobody is asked.
    pub survey: Option<FlowId>,
    /// What an agent can say of a call.
    pub dispositions: Vec<Disposition>,
    /// The group whose dispositions count in the place of its own. None: its own count.
    pub disposition_group: Option<DispositionGroupId>,
}

impl Default for QueueSettings {
    /// Whoever has been ready for longest, half a minute of wrap-up, and no limit on waiting.
    fn default() -> Self {
        Self {
            name: String::new(),
            strategy: Strategy::LongestIdle,
            priority: 0,
            ring_timeout: Duration::from_secs(15),
            misses_max: 2,
            max_wait: None,
            max_length: None,
            no_agents: NoAgents::default(),
            wrap_up: Duration::from_secs(30),
            music: "default".to_owned(),
            announce: Announce::default(),
            service_level: Duration::from_secs(20),
            callback: None,
            overflow: None,
            skills: Vec::new(),
            sticky: None,
            blending: Blending::default(),
            recording: RecordingPolicy::OnDemand,
            recording_notice: None,
            supervision: SupervisionRules::default(),
            keep_wav: false,
            calendar: None,
            survey: None,
            dispositions: Disposition::usual(),
            disposition_group: None,
        }
    }
}

/// Which of the free agents gets a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Whoever has had the fewest calls of this queue since they logged in.
    FewestCalls,
    /// Whoever has been ready for longest.
    #[default]
    LongestIdle,
    /// Every free agent's phone rings; who picks up first has the call.
    RingAll,
    /// Each in turn, in the order of their ids, beginning after the one who was asked last.
    RoundRobin,
    /// Whoever knows best what the caller needs; among equals, whoever has been ready for longest.
    Skills,
}

/// What becomes of callers when no agent of the queue is at work: logged in, and not paused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NoAgents {
    /// Whether a caller may enter all the same.
    pub may_enter: bool,
    /// Whether those who wait leave, as `no_agents`, when the last agent has gone.
    pub must_leave: bool,
}

/// What is told to whoever waits, beside the music.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Announce {
    /// Their place in the queue.
    pub position: bool,
    /// How long it will take, as this queue's own history has it.
    pub wait: bool,
    /// How often, in milliseconds, from 10 seconds on. None: once, at the beginning.
    #[serde(with = "super::time::optional_millis")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<u64>))]
    pub every: Option<Duration>,
}

/// The offer to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CallbackOffer {
    /// After how long a wait it is made.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub after: Duration,
}

/// Where a caller goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum Overflow {
    /// Another flow, in its live revision.
    Flow {
        /// Which.
        flow: FlowId,
    },
    /// A telephone number outside.
    Number {
        /// Which.
        phone: Phone,
    },
    /// Another queue, with the time waited so far.
    Queue {
        /// Which.
        queue: QueueId,
    },
    /// A mailbox.
    Voicemail {
        /// Which.
        mailbox: MailboxId,
    },
}

/// A skill that agents of a queue must have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SkillRule {
    /// Which skill.
    pub skill: String,
    /// The least level, from 0 to 100.
    pub min: u8,
    /// The least level after a wait, the shortest wait first.
    #[serde(default)]
    pub relax: Vec<Relaxation>,
}

impl SkillRule {
    /// The least level for a caller who has waited so long.
    pub fn min_after(&self, waited: Duration) -> u8 {
        self.relax.iter().filter(|step| step.after <= waited).map(|step| step.min).fold(self.min, u8::min)
    }
}

/// How far a skill relaxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Relaxation {
    /// From which wait on.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub after: Duration,
    /// The least level from then on.
    pub min: u8,
}

/// Callers get the agent again with whom they spoke last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Sticky {
    /// How long ago they may have spoken.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub within: Duration,
    /// How long the caller waits for that agent alone; then anybody takes the call.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub wait: Duration,
}

/// When campaigns give up agents who serve both a campaign and a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Blending {
    /// Blended agents go to a caller only when one has waited so long; until then agents without a campaign serve.
    #[serde(with = "super::time::millis")]
    #[cfg_attr(feature = "schema", schema(value_type = u64))]
    pub yield_after: Duration,
    /// How many ready agents of the queue campaigns leave alone, so that the next callers do not wait.
    pub kept_free: u16,
}

/// What an agent knows, from 0 to 100 for each skill. A skill that is not named is not known.
pub type Skills = BTreeMap<String, u8>;
