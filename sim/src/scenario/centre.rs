//! The call centre of a scenario, as settings describe it: one campaign, one trunk, and the agents.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::dialer::compliance::{CountedFrom, PaceLaw};
use cadran_engine::input::Settings;
use cadran_engine::model::{
    Agent, AgentId, CallingHours, Campaign, CampaignId, CampaignSettings, CampaignState, Disposition,
    DispositionEffect, OnMachine, Outcome, PhoneKind, RateLimit, RecordingPolicy, RetryRule, RingMode,
    Screening, Timestamp, Trunk, TrunkId, Window,
};

use super::algorithm::Algorithm;
use super::format::{Amd, Scenario};
use super::leads;

/// Midnight before the day: Monday 5 January 2026, UTC, where everybody lives.
const MIDNIGHT: Timestamp = Timestamp::from_millis(1_767_571_200_000);

/// The one campaign.
pub(crate) const CAMPAIGN: CampaignId = CampaignId::from_i64(1);
const TRUNK: TrunkId = TrunkId::from_i64(1);

/// What every agent says of a conversation with a person, and of a machine.
pub(crate) const DISPOSITIONS: [&str; 2] = ["done", "machine"];

/// Share of drops that no campaign may pass: the law of most countries.
pub(crate) const DROP_LIMIT: f64 = 0.03;

/// Calls per second where nothing limits them.
const ANY_RATE: f64 = 1e6;

/// Agents end their wrap-up themselves; no timer does it before.
const WRAP_UP_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A ring that no timeout ends.
const RING_WITHOUT_END: Duration = Duration::from_secs(60 * 60);

/// Seconds as a span of time, to the millisecond.
pub(crate) fn span(seconds: f64) -> Duration {
    Duration::from_millis((seconds.max(0.0) * 1000.0).round() as u64)
}

/// When the day begins.
pub(crate) fn start(scenario: &Scenario) -> Timestamp {
    MIDNIGHT + span(scenario.clock_start * 3600.0)
}

/// Everything that the engine works by.
pub(crate) fn settings(scenario: &Scenario, algorithm: Algorithm) -> Settings {
    Settings {
        agents: (0..scenario.agents).map(agent).collect(),
        campaigns: vec![campaign(scenario, algorithm)],
        trunks: vec![Trunk {
            id: TRUNK,
            name: "Trunk".to_owned(),
            enabled: true,
            caller_ids: vec![leads::phone(0)],
            limit: RateLimit { calls_per_second: ANY_RATE, concurrent_calls: scenario.trunks },
        }],
        ..Settings::default()
    }
}

/// The agent of this place in the roster.
pub(crate) const fn agent_id(place: usize) -> AgentId {
    AgentId::from_i64(place as i64 + 1)
}

/// Which place in the roster this agent has.
pub(crate) fn place_of(agent: AgentId) -> usize {
    usize::try_from(agent.as_i64() - 1).unwrap_or(usize::MAX)
}

fn agent(place: u32) -> Agent {
    let id = agent_id(place as usize);
    Agent {
        id,
        name: id.to_string(),
        sip_account: id.to_string(),
        phone_kind: PhoneKind::Sip,
        ring_mode: RingMode::NailedUp,
        ring_timeout: Duration::from_secs(20),
        queues: Vec::new(),
        skills: BTreeMap::new(),
        recording: None,
    }
}

fn campaign(scenario: &Scenario, algorithm: Algorithm) -> Campaign {
    Campaign {
        id: CAMPAIGN,
        state: CampaignState::Running,
        settings: CampaignSettings {
            name: scenario.name.clone(),
            mode: algorithm.mode(),
            trunks: vec![TRUNK],
            caller_ids: vec![leads::phone(0)],
            ring_timeout: ring_timeout(scenario),
            drop_after: span(scenario.grace),
            drop_message: "sound:sorry".to_owned(),
            drop_limit: DROP_LIMIT,
            drop_limit_month: DROP_LIMIT,
            screening: screening(scenario),
            hours: hours(scenario),
            retry: retry(scenario),
            recording: RecordingPolicy::Never,
            wrap_up: WRAP_UP_MAX,
            dispositions: DISPOSITIONS.map(disposition).to_vec(),
            limit: RateLimit { calls_per_second: ANY_RATE, concurrent_calls: u32::MAX },
            ..CampaignSettings::default()
        },
    }
}

/// Agents know a machine when they hear one.
fn disposition(code: &str) -> Disposition {
    Disposition {
        code: code.to_owned(),
        label_fr: code.to_owned(),
        label_en: code.to_owned(),
        effect: DispositionEffect::Final,
        success: false,
        machine: code == DISPOSITIONS[1],
    }
}

/// A detection that takes its time, and needs so much silence after a person's greeting.
fn screening(scenario: &Scenario) -> Screening {
    Screening {
        enabled: scenario.amd.on,
        time_max: span(Amd::LISTENS_MAX),
        silence: span(Amd::DECISION),
        on_machine: OnMachine::HangUp,
        sample: 0.0,
        ..Screening::default()
    }
}

/// No rule pack binds the day but by the limit on drops; where answers are screened, the time until an agent must be
/// there begins at the end of a person's greeting.
pub(crate) const LAW: PaceLaw = PaceLaw {
    day_max: DROP_LIMIT,
    month_max: DROP_LIMIT,
    ratio_max: f64::MAX,
    counted_from: CountedFrom::GreetingEnd,
    machines_estimated: true,
    agent_within: Duration::MAX,
    ring_min: Duration::ZERO,
};

/// Whoever does not answer is dialled again, where the list is to be used up.
fn retry(scenario: &Scenario) -> Vec<RetryRule> {
    let Some(list) = &scenario.list else { return Vec::new() };
    let rule = |outcome| RetryRule {
        outcome,
        delay: span(list.retry_after),
        attempts_max: list.attempts,
        alternate_number: false,
    };
    [Outcome::Busy, Outcome::Congestion, Outcome::NoAnswer].map(rule).to_vec()
}

/// The engine gives a dial up at the scenario's timeout.
fn ring_timeout(scenario: &Scenario) -> Duration {
    if scenario.ring.cv < 0.0 { RING_WITHOUT_END } else { span(scenario.ring.timeout) }
}

/// The day itself, so that pacing knows when it ends; without an end where the day goes past midnight.
fn hours(scenario: &Scenario) -> CallingHours {
    let minute = |hours: f64| (hours * 60.0) as u16;
    let until = scenario.clock_start + scenario.hours;
    if until > 24.0 {
        return CallingHours::always();
    }
    let window =
        Window { days: (1..=7).collect(), from: minute(scenario.clock_start), until: minute(until).max(1) };
    CallingHours { windows: vec![window], closed_days: Vec::new() }
}
