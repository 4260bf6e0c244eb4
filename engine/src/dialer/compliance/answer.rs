//! What became of one dialled call in the eyes of the law: live, abandoned, silent, given up too soon.

use serde::{Deserialize, Serialize};

use super::number::Number;
use super::{Pack, instant};
use crate::model::Timestamp;

/// A pack's idea of an abandoned call, and how many of them there may be. Seconds and shares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AbandonRule {
    /// Within how many seconds an agent must be there.
    pub agent_within_s: f64,
    /// From when these are counted.
    pub counted_from: CountedFrom,
    /// How long it must ring before the dialler gives up.
    pub ring_s_min: f64,
    /// Or how often.
    pub rings_min: Option<u32>,
    /// Abandoned calls over calls that a person answered, above which a campaign may not dial ahead.
    pub rate_max: f64,
    /// Whether the law calls a campaign below `rate_max` blameless.
    pub safe_harbour: bool,
    /// Over which span the law counts, such as `30d`. Nothing is averaged over campaigns.
    pub period: String,
    /// Dials per ready agent beyond which no prediction is trusted.
    pub ratio_max: f64,
    /// Whether an answer that nobody took may count as less than a person where agents found machines among answers
    /// like it.
    pub machines_estimated: bool,
}

impl AbandonRule {
    /// The strictest of the rules we know, for packs that say nothing.
    const STRICTEST: Self = Self {
        agent_within_s: 2.0,
        counted_from: CountedFrom::Answer,
        ring_s_min: 15.0,
        rings_min: None,
        rate_max: 0.03,
        safe_harbour: false,
        period: String::new(),
        ratio_max: 4.0,
        machines_estimated: false,
    };

    /// The rule of a pack.
    pub(super) fn of(pack: &Pack) -> &Self {
        const STRICTEST: &AbandonRule = &AbandonRule::STRICTEST;
        pack.rules().abandon.as_ref().unwrap_or(STRICTEST)
    }
}

impl Default for AbandonRule {
    fn default() -> Self {
        Self::STRICTEST
    }
}

/// From when the seconds of waiting are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountedFrom {
    /// The person picked up.
    #[default]
    Answer,
    /// The person finished their greeting; where nobody noted that, they picked up.
    GreetingEnd,
}

/// What happened on a call, in seconds from a common zero.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Timeline {
    /// The instant of second zero.
    #[serde(with = "instant::option")]
    pub at: Option<Timestamp>,
    /// Somebody or something picked up; `None`: it only rang.
    pub answered: Option<f64>,
    /// The person finished their greeting.
    pub greeting_end: Option<f64>,
    /// An agent could be heard.
    #[serde(alias = "agent", alias = "agent_at", alias = "agent_connected_at", alias = "bridged")]
    #[serde(alias = "connected", alias = "connected_at")]
    pub agent_connected: Option<f64>,
    /// The message began that says who called and how to object.
    #[serde(alias = "message", alias = "message_at", alias = "message_started")]
    pub message_start: Option<f64>,
    /// We hung up.
    pub hangup_by_us: Option<f64>,
    /// The person hung up.
    #[serde(alias = "hangup_by_caller", alias = "hangup_by_customer", alias = "hangup_by_person")]
    pub hangup_by_callee: Option<f64>,
    /// Whether it was a person in truth, when that is known.
    pub human: Option<bool>,
    /// What the machine detector said: `machine`, or anything else.
    pub amd: Option<String>,
    /// How long it rang.
    pub ring_seconds: Option<f64>,
    /// How often it rang.
    pub rings: Option<u32>,
    /// Whether the dialler gave up.
    pub cancelled_by_us: bool,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Classification {
    /// A person answered.
    pub live: bool,
    /// A person answered, stayed, and no agent was there in time.
    pub abandoned: bool,
    /// A person heard neither an agent nor a message.
    pub silent: bool,
    /// The message was there in time.
    pub safe_harbour_message: bool,
    /// What else was against the rules.
    pub violations: Vec<Violation>,
    /// Until when the person may not be dialled by machine because of this call.
    #[serde(with = "instant::option")]
    pub block_until: Option<Timestamp>,
}

/// What was against the rules, abandonment apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Violation {
    /// The dialler gave up before the person could answer.
    RingTooShort,
}

/// What became of a call under a pack.
///
/// A person taken for a machine is a person: the call is abandoned like any other.
pub fn classify_answer(timeline: &Timeline, pack: &Pack) -> Classification {
    let rule = AbandonRule::of(pack);
    let answered = timeline.answered.filter(|_| timeline.is_person());
    let deadline = answered.map(|answered| rule.counting_from(timeline, answered) + rule.agent_within_s);
    let in_time =
        |moment: Option<f64>| moment.zip(deadline).is_some_and(|(moment, deadline)| moment <= deadline);

    let abandoned =
        answered.is_some() && !in_time(timeline.agent_connected) && !in_time(timeline.hangup_by_callee);
    let was_greeted = timeline.agent_connected.is_some() || timeline.message_start.is_some();
    let cool_off = pack.rules().abandon_cooloff.as_ref();
    Classification {
        live: answered.is_some(),
        abandoned,
        silent: abandoned && !was_greeted,
        safe_harbour_message: in_time(timeline.message_start),
        violations: rule.violations(timeline),
        block_until: timeline
            .at
            .zip(cool_off)
            .filter(|_| abandoned)
            .map(|(at, cool_off)| at + cool_off.span()),
    }
}

/// What became of a call to a number under all packs that were in force for it: the strictest of their answers. `None`
/// when the timeline has no date, or no pack knows the country.
pub fn classify_call(timeline: &Timeline, number: &str, packs: &[Pack]) -> Option<Classification> {
    let at = timeline.at?;
    let country = Number::read(number).ok()?.country?;
    let binding = packs.iter().filter(|pack| pack.is_for_country(country) && pack.is_in_force(at));
    binding.map(|pack| classify_answer(timeline, pack)).reduce(Classification::strictest)
}

impl Classification {
    /// What is wrong by either of two packs.
    fn strictest(mut self, other: Self) -> Self {
        self.violations.extend(other.violations);
        self.violations.dedup();
        Self {
            live: self.live || other.live,
            abandoned: self.abandoned || other.abandoned,
            silent: self.silent || other.silent,
            safe_harbour_message: self.safe_harbour_message && other.safe_harbour_message,
            violations: self.violations,
            block_until: self.block_until.max(other.block_until),
        }
    }
}

impl Timeline {
    /// Whether a person picked up. Who is not known to be a machine is a person.
    fn is_person(&self) -> bool {
        self.human.unwrap_or(self.amd.as_deref() != Some("machine"))
    }
}

impl AbandonRule {
    fn counting_from(&self, timeline: &Timeline, answered: f64) -> f64 {
        match self.counted_from {
            CountedFrom::Answer => answered,
            CountedFrom::GreetingEnd => timeline.greeting_end.unwrap_or(answered),
        }
    }

    fn violations(&self, timeline: &Timeline) -> Vec<Violation> {
        let rang_long = timeline.ring_seconds.is_some_and(|seconds| seconds >= self.ring_s_min);
        let rang_often = timeline.rings.zip(self.rings_min).is_some_and(|(rings, min)| rings >= min);
        let gave_up_early =
            timeline.answered.is_none() && timeline.cancelled_by_us && !rang_long && !rang_often;
        gave_up_early.then_some(Violation::RingTooShort).into_iter().collect()
    }
}
