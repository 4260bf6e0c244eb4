//! What every story finds there: agents, a trunk, a campaign, leads.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::input::Settings;
use cadran_engine::model::*;

/// A neighbouring campaign, where a story has one. Nobody is on its lists.
pub(crate) const NEXT_DOOR: CampaignId = CampaignId::from_i64(2);

pub(crate) fn settings() -> Settings {
    let phone = |text: &str| text.parse::<Phone>().unwrap();
    let agent = |row| Agent {
        id: AgentId::from_i64(row),
        name: format!("Agent {row}"),
        sip_account: format!("agent-{row}"),
        phone_kind: PhoneKind::Sip,
        ring_mode: RingMode::NailedUp,
        ring_timeout: Duration::from_secs(10),
        queues: Vec::new(),
        skills: BTreeMap::new(),
        recording: None,
    };
    let says = |code: &str, effect| Disposition {
        success: false,
        code: code.to_owned(),
        label_fr: code.to_owned(),
        label_en: code.to_owned(),
        effect,
        machine: false,
    };
    let rule = |outcome, seconds| RetryRule {
        outcome,
        delay: Duration::from_secs(seconds),
        attempts_max: 3,
        alternate_number: outcome == Outcome::NoAnswer,
    };
    Settings {
        agents: (1..=4).map(agent).collect(),
        trunks: vec![Trunk {
            id: TrunkId::from_i64(1),
            name: "Trunk".to_owned(),
            enabled: true,
            caller_ids: vec![phone("+33199000001")],
            limit: RateLimit { calls_per_second: 50.0, concurrent_calls: 50 },
        }],
        campaigns: vec![Campaign {
            id: CampaignId::from_i64(1),
            state: CampaignState::Running,
            settings: CampaignSettings {
                name: "Campaign".to_owned(),
                mode: DialMode::Progressive,
                trunks: vec![TrunkId::from_i64(1)],
                caller_ids: vec![phone("+33199000001")],
                ring_timeout: Duration::from_secs(20),
                drop_message: "sound:drop".to_owned(),
                hours: CallingHours::always(),
                retry: vec![
                    rule(Outcome::Busy, 30),
                    rule(Outcome::NoAnswer, 60),
                    rule(Outcome::Dropped, 300),
                    rule(Outcome::Machine, 600),
                ],
                recording: RecordingPolicy::OnDemand,
                recording_notice: None,
                keep_wav: false,
                wrap_up: Duration::from_secs(10),
                dispositions: vec![
                    says("sale", DispositionEffect::Final),
                    says("callback", DispositionEffect::Callback),
                    says("stop", DispositionEffect::DoNotCall),
                    says("refusal", DispositionEffect::Refusal),
                ],
                limit: RateLimit { calls_per_second: 50.0, concurrent_calls: 50 },
                ..CampaignSettings::default()
            },
        }],
        ..Settings::default()
    }
}

/// The account of whoever works with this agent record.
pub(crate) fn account_of(agent: AgentId) -> UserId {
    UserId::from_i64(100 + agent.as_i64())
}

/// Screening that does `then` with machines.
pub(crate) fn screening(then: &[&str]) -> Screening {
    let on_machine = match then {
        ["give", "to", "agent"] => OnMachine::GiveToAgent,
        ["hang", "up"] => OnMachine::HangUp,
        ["leave", message] => OnMachine::LeaveMessage { message: (*message).to_owned() },
        other => panic!("`{other:?}` is nothing to do with a machine"),
    };
    Screening { enabled: true, on_machine, sample: 0.0, ..Screening::default() }
}

pub(crate) fn lead(row: i64) -> Lead {
    Lead {
        id: LeadId::from_i64(row),
        list: ListId::from_i64(1),
        phone: format!("+336399800{row:02}").parse().unwrap(),
        alternates: vec![format!("+331990000{:02}", row + 50).parse().unwrap()],
        next_phone: 0,
        zone: Zone::utc(),
        history: Vec::new(),
        promise: None,
    }
}

pub(crate) fn seconds(text: &str) -> Duration {
    Duration::from_secs_f64(text.trim_end_matches([',', 's']).parse().unwrap())
}
