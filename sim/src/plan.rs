//! What a seed decides before the run begins: the centre, its leads, and how much goes wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::input::Settings;
use cadran_engine::model::{
    Agent, AgentId, Breakers, CallingHours, Campaign, CampaignId, CampaignSettings, CampaignState, DialMode,
    Disposition, DispositionEffect, Lead, LeadId, ListId, OnMachine, Outcome, Phone, PhoneKind, RateLimit,
    RecordingPolicy, RetryRule, RingMode, Screening, Timestamp, Trunk, TrunkId, Window, Zone,
};

use crate::chance::Chance;
use crate::inbound;
use crate::supervision::SUPERVISORS;

/// Friday 20 November 2026, 11:52 UTC: 12:52 in Paris, shortly before the midday break of half of the seeds.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_175_520_000);

/// Faults happen until then.
pub(crate) const FAULTS_END: Timestamp = Timestamp::from_millis(START.as_millis() + 8 * 60_000);
/// Work goes on until then, undisturbed: long enough for everything to come right again.
pub(crate) const WORK_END: Timestamp = Timestamp::from_millis(START.as_millis() + 11 * 60_000);
/// Everybody has gone home and everything has ended.
pub(crate) const DAY_END: Timestamp = Timestamp::from_millis(START.as_millis() + 14 * 60_000);

/// How long a customer's phone rings.
pub(crate) const RING_TIMEOUT: Duration = Duration::from_secs(14);
/// The longest wrap-up of any campaign.
pub(crate) const WRAP_UP: Duration = Duration::from_secs(12);

/// Eight who take calls, and two who supervise.
const AGENTS: i64 = 10;
const LEADS_PER_CAMPAIGN: i64 = 220;

/// Probabilities of what may go wrong with one command or one event, while faults happen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Odds {
    /// An event is never delivered.
    pub(crate) event_lost: f64,
    /// An event is delivered seconds later, behind others.
    pub(crate) event_late: f64,
    /// An event is delivered twice.
    pub(crate) event_doubled: f64,
    /// A command is refused without effect.
    pub(crate) refused: f64,
    /// No answer to a command comes; it has an effect in half of the cases.
    pub(crate) unknown: f64,
    /// Per second: a fault of each of the larger kinds.
    pub(crate) fault: f64,
}

/// A call centre, its leads, and its luck.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) leads: Vec<(CampaignId, Lead)>,
    pub(crate) odds: Odds,
    pub(crate) answer_rate: f64,
}

impl Plan {
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let campaigns: Vec<Campaign> = (1..=3).map(|row| campaign(chance, row)).collect();
        let leads = campaigns.iter().flat_map(|campaign| leads(chance, campaign.id)).collect();
        let mut settings = Settings {
            agents: (1..=AGENTS).map(|row| agent(chance, row)).collect(),
            campaigns,
            trunks: (1..=2).map(|row| trunk(chance, row)).collect(),
            switch_limit: chance
                .happens(0.5)
                .then_some(RateLimit { calls_per_second: 4.0, concurrent_calls: 14 }),
            ..Settings::default()
        };
        let (odds, answer_rate) = (odds(chance), 0.15 + 0.6 * chance.unit());
        if chance.happens(0.5) {
            inbound::settings(&mut settings, chance);
        }
        Self { settings, leads, odds, answer_rate }
    }

    pub(crate) fn campaign(&self, id: CampaignId) -> Option<&Campaign> {
        self.settings.campaigns.iter().find(|campaign| campaign.id == id)
    }
}

/// A swarm: each kind of trouble is switched on in some seeds only, so that none hides another.
fn odds(chance: &mut Chance) -> Odds {
    let mut some = |probability| if chance.happens(0.5) { probability } else { 0.0 };
    Odds {
        event_lost: some(0.004),
        event_late: some(0.01),
        event_doubled: some(0.02),
        refused: some(0.02),
        unknown: some(0.01),
        fault: some(0.004),
    }
}

fn agent(chance: &mut Chance, row: i64) -> Agent {
    let drawn = chance.pick(&[(RingMode::NailedUp, 0.7), (RingMode::PerCall, 0.3)]);
    // Most supervisors have a phone that stays up; one whose does not is refused.
    let stays_up = SUPERVISORS.contains(&row) && chance.happens(0.8);
    let ring_mode = if stays_up { RingMode::NailedUp } else { drawn };
    Agent {
        id: AgentId::from_i64(row),
        name: format!("Agent {row}"),
        sip_account: format!("agent-{row}"),
        phone_kind: PhoneKind::Sip,
        ring_mode,
        ring_timeout: Duration::from_secs(12),
        queues: Vec::new(),
        skills: BTreeMap::new(),
        recording: None,
    }
}

fn trunk(chance: &mut Chance, row: i64) -> Trunk {
    Trunk {
        id: TrunkId::from_i64(row),
        name: format!("Trunk {row}"),
        enabled: true,
        caller_ids: vec![phone(33_199_000_000, row)],
        limit: RateLimit {
            calls_per_second: 1.0 + 4.0 * chance.unit(),
            concurrent_calls: chance.pick(&[(2, 0.2), (6, 0.4), (20, 0.4)]),
        },
    }
}

fn campaign(chance: &mut Chance, row: i64) -> Campaign {
    let rule = |outcome, seconds, attempts_max| RetryRule {
        outcome,
        delay: Duration::from_secs(seconds),
        attempts_max,
        alternate_number: outcome == Outcome::NoAnswer,
    };
    Campaign {
        id: CampaignId::from_i64(row),
        state: CampaignState::Running,
        settings: CampaignSettings {
            name: format!("Campaign {row}"),
            mode: match row {
                1 => DialMode::Progressive,
                2 if chance.happens(0.5) => {
                    DialMode::Predictive { target_drop_rate: 0.028, target_wait: None, level_max: None }
                }
                2 => DialMode::Power { ratio: 1.0 + 2.0 * chance.unit() },
                _ => DialMode::Preview,
            },
            trunks: vec![TrunkId::from_i64(1), TrunkId::from_i64(2)],
            caller_ids: vec![phone(33_199_000_000, 1), phone(33_199_000_000, 2)],
            ring_timeout: RING_TIMEOUT,
            drop_limit: chance.pick(&[(0.03, 0.5), (0.5, 0.5)]),
            drop_limit_month: 1.0,
            screening: screening(chance),
            hours: hours(chance),
            retry: vec![
                rule(Outcome::Busy, 30, 3),
                rule(Outcome::NoAnswer, 60, 3),
                rule(Outcome::Congestion, 20, 3),
                rule(Outcome::Failed, 40, 4),
                rule(Outcome::Dropped, 300, 2),
                rule(Outcome::Machine, 50, 3),
            ],
            recording: chance.pick(&[
                (RecordingPolicy::All, 0.6),
                (RecordingPolicy::OnDemand, 0.2),
                (RecordingPolicy::Share { share: 0.5 }, 0.2),
            ]),
            wrap_up: chance.pick(&[(Duration::ZERO, 0.5), (WRAP_UP, 0.5)]),
            dispositions: dispositions(),
            limit: RateLimit { calls_per_second: 3.0, concurrent_calls: 12 },
            breakers: quick_breakers(),
            ..CampaignSettings::default()
        },
    }
}

/// In half of the campaigns whoever answers is screened, and machines end in every way there is.
fn screening(chance: &mut Chance) -> Screening {
    let actions = [
        OnMachine::HangUp,
        OnMachine::LeaveMessage { message: "sound:cadran/message".to_owned() },
        OnMachine::GiveToAgent,
    ];
    let action = chance.pick(&[(0, 0.4), (1, 0.4), (2, 0.2)]);
    Screening {
        enabled: chance.happens(0.5),
        on_machine: actions[action].clone(),
        sample: chance.pick(&[(0.0, 0.5), (0.2, 0.5)]),
        ..Screening::default()
    }
}

/// Breakers that trip and heal within the minutes of a run, and only on what the pretend network never does by itself.
fn quick_breakers() -> Breakers {
    Breakers {
        window: 12,
        congestion: 0.7,
        failed: 0.9,
        rest: Duration::from_secs(4),
        ramp: Duration::from_secs(12),
        ..Breakers::default()
    }
}

/// Always, or with a midday break that begins eight minutes after the start in Paris and lasts two.
fn hours(chance: &mut Chance) -> CallingHours {
    if chance.happens(0.5) {
        return CallingHours::always();
    }
    let window = |from, until| Window { days: (1..=7).collect(), from, until };
    CallingHours {
        windows: vec![window(10 * 60, 13 * 60), window(13 * 60 + 2, 20 * 60)],
        closed_days: Vec::new(),
    }
}

/// What agents say of a machine.
pub(crate) const MACHINE: &str = "machine";

fn dispositions() -> Vec<Disposition> {
    let one = |code: &str, effect| Disposition {
        success: false,
        code: code.to_owned(),
        label_fr: code.to_owned(),
        label_en: code.to_owned(),
        effect,
        machine: code == MACHINE,
    };
    vec![
        one("sale", DispositionEffect::Final),
        one("callback", DispositionEffect::Callback),
        one("do-not-call", DispositionEffect::DoNotCall),
        one("later", DispositionEffect::Retry { delay: Duration::from_secs(45) }),
        one(MACHINE, DispositionEffect::Retry { delay: Duration::from_secs(60) }),
    ]
}

/// Most leads live where it is calling time; some where it is night, in the way of the others. Everybody is a lead of
/// every campaign, so that a number may be barred while another campaign has it in hand.
fn leads(chance: &mut Chance, campaign: CampaignId) -> Vec<(CampaignId, Lead)> {
    let zone = |name: &str| name.parse().unwrap_or_else(|_| Zone::utc());
    let zones = [zone("Europe/Paris"), zone("Indian/Reunion"), zone("Pacific/Noumea")];
    let first = campaign.as_i64() * 1_000;
    let far = chance.pick(&[(0.0, 0.5), (0.3, 0.5)]);
    let mut lead = |row: i64| Lead {
        id: LeadId::from_i64(row),
        list: ListId::from_i64(campaign.as_i64()),
        phone: phone(33_639_980_000, row % 1_000),
        alternates: (row % 5 == 0).then(|| phone(33_199_000_000, row)).into_iter().collect(),
        next_phone: 0,
        zone: zones[chance.pick(&[(0, 0.6), (1, 0.4), (2, far)])].clone(),
        history: Vec::new(),
        promise: None,
    };
    (first..first + LEADS_PER_CAMPAIGN).map(|row| (campaign, lead(row))).collect()
}

pub(crate) fn phone(base: i64, offset: i64) -> Phone {
    // Always eleven digits that begin with 33.
    format!("+{}", base + offset).parse().expect("eleven digits are a number")
}
