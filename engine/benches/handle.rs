//! How many inputs a second `Engine::handle` takes on one core, with 500 agents and 5,000 live calls.
//!
//! `cargo bench -p cadran-engine --bench handle`. The goal is 200,000.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write as _};
use std::time::Duration;

use cadran_engine::Engine;
use cadran_engine::command::{Answer, Command, Destination, SwitchCommand, Write};
use cadran_engine::dialer::compliance::PaceLaw;
use cadran_engine::input::{
    Input, Recovery, Request, RequestId, Settings, Snapshot, StoreEvent, SwitchEvent,
};
use cadran_engine::model::{
    Agent, AgentId, CallId, CallingHours, Campaign, CampaignId, CampaignSettings, CampaignState, DialMode,
    HangupCause, Lead, LeadId, LegId, ListId, Outcome, PhoneKind, RateLimit, RecordingPolicy, RetryRule,
    RingMode, Side, Timestamp, Trunk, TrunkId, Zone,
};

mod processor;

const AGENTS: i64 = 500;
const LIVE_CALLS: usize = 5_000;
const INPUTS: u64 = 2_000_000;
const START: Timestamp = Timestamp::from_millis(1_795_165_200_000);
const NO_LIMIT: RateLimit = RateLimit { calls_per_second: 1e6, concurrent_calls: LIVE_CALLS as u32 };

/// A network and a database that answer at once, and in which nine of ten dials ring for long and end as busy.
struct Centre {
    engine: Engine,
    now: Timestamp,
    inputs: u64,
    pending: VecDeque<Input>,
    ringing: VecDeque<LegId>,
    talking: VecDeque<(CallId, LegId)>,
    leads: i64,
    requests: u64,
}

fn main() -> io::Result<()> {
    let mut centre = Centre::new();
    centre.staff();
    centre.run(LIVE_CALLS as u64 * 20);
    let before = centre.inputs;
    let begun = processor::used();
    centre.run(before + INPUTS);
    let seconds = (processor::used() - begun).as_secs_f64();
    let inputs = centre.inputs - before;
    writeln!(
        io::stdout(),
        "{:.0} inputs/s: {inputs} inputs in {seconds:.2} s, {AGENTS} agents, {} calls live at the end",
        inputs as f64 / seconds,
        centre.live_calls()
    )
}

impl Centre {
    fn new() -> Self {
        Self {
            engine: Engine::new(1),
            now: START,
            inputs: 0,
            pending: VecDeque::from([
                Input::Settings(Box::new(settings())),
                Input::WallClock(START),
                Input::Store(StoreEvent::Recovered(Recovery::default())),
                Input::Switch(SwitchEvent::Snapshot(Snapshot::default())),
            ]),
            ringing: VecDeque::new(),
            talking: VecDeque::new(),
            leads: 0,
            requests: 0,
        }
    }

    fn staff(&mut self) {
        for row in 1..=AGENTS {
            let agent = AgentId::from_i64(row);
            let campaigns = vec![campaign_of(row)];
            self.ask(Request::LogIn { agent, campaigns });
            self.ask(Request::Ready { agent });
        }
    }

    fn ask(&mut self, request: Request) {
        self.requests += 1;
        let id = RequestId(self.requests);
        self.pending.push_back(Input::Request { id, request });
    }

    /// Feeds inputs until `until` have been taken in all. A millisecond passes every two hundred.
    fn run(&mut self, until: u64) {
        while self.inputs < until {
            match self.pending.pop_front() {
                Some(input) => self.feed(input),
                None => self.something_happens(),
            }
            if self.inputs.is_multiple_of(200) {
                self.now = self.now + Duration::from_millis(1);
            }
        }
    }

    /// A call of long ago ends, and the oldest dial is answered or busy.
    fn something_happens(&mut self) {
        let agents = usize::try_from(AGENTS).unwrap_or(usize::MAX);
        if self.talking.len() > agents / 2
            && let Some((call, _)) = self.talking.pop_front()
        {
            let by = Side::Agent;
            self.ask(Request::HangUp { call, by });
        }
        let Some(leg) = self.ringing.pop_front() else {
            return self.feed(Input::Tick);
        };
        if self.inputs.is_multiple_of(10) {
            self.switch(SwitchEvent::LegEntered { leg });
            self.switch(SwitchEvent::LegUp { leg });
        } else {
            let cause = HangupCause { q850: 17, sip: Some(486) };
            self.switch(SwitchEvent::LegRinging { leg });
            self.switch(SwitchEvent::LegEnded { leg, cause });
        }
    }

    fn switch(&mut self, event: SwitchEvent) {
        self.pending.push_back(Input::Switch(event));
    }

    fn feed(&mut self, input: Input) {
        self.inputs += 1;
        for command in self.engine.handle(self.now, input) {
            self.carry_out(command);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Switch(SwitchCommand::Originate { leg, to, .. }) => match to {
                Destination::Account(_) => {
                    self.switch(SwitchEvent::LegEntered { leg });
                    self.switch(SwitchEvent::LegUp { leg });
                }
                Destination::Named { .. } | Destination::Number { .. } => self.ringing.push_back(leg),
            },
            Command::Switch(SwitchCommand::Join { room, leg }) => {
                self.switch(SwitchEvent::LegJoined { leg, room });
            }
            Command::Switch(SwitchCommand::HangUp { leg }) => {
                let cause = HangupCause::default();
                self.switch(SwitchEvent::LegEnded { leg, cause });
            }
            Command::Switch(SwitchCommand::Play { leg, .. }) => {
                self.switch(SwitchEvent::MessageEnded { leg })
            }
            Command::Switch(SwitchCommand::StartRecording { recording, customer, .. }) => {
                self.talking.push_back((recording.call, customer));
            }
            Command::Switch(SwitchCommand::CollectRecording { recording }) => {
                let found = Err("no disk in this bench".to_owned());
                self.switch(SwitchEvent::RecordingCollected { recording, found });
            }
            Command::Write(Write::SaveAttempt(attempt)) => {
                let attempt = attempt.id;
                self.pending
                    .push_back(Input::Store(StoreEvent::AttemptSaved { attempt, obligations: Vec::new() }));
            }
            Command::FetchLeads { campaign, count } => {
                let leads = (0..count).map(|_| self.lead()).collect();
                let next_due_at = None;
                self.pending.push_back(Input::Store(StoreEvent::LeadsFetched {
                    campaign,
                    leads,
                    next_due_at,
                    denied: None,
                    law: Some(PaceLaw {
                        day_max: 1.0,
                        month_max: 1.0,
                        ratio_max: 100.0,
                        ..PaceLaw::default()
                    }),
                }));
            }
            Command::LookUp { .. }
            | Command::Switch(_)
            | Command::Write(_)
            | Command::Reply { .. }
            | Command::Notice(_) => {}
        }
    }

    fn lead(&mut self) -> Lead {
        self.leads += 1;
        Lead {
            id: LeadId::from_i64(self.leads),
            list: ListId::from_i64(1),
            phone: format!("+3363998{:04}", self.leads % 10_000).parse().expect("eleven digits"),
            alternates: Vec::new(),
            next_phone: 0,
            zone: Zone::utc(),
            history: Vec::new(),
            promise: None,
        }
    }

    /// Calls as the engine counts them.
    fn live_calls(&mut self) -> usize {
        let input = Input::Request { id: RequestId(0), request: Request::View };
        let commands = self.engine.handle(self.now, input);
        let views = commands.iter().filter_map(|command| match command {
            Command::Reply { answer: Ok(Answer::View(view)), .. } => Some(view.calls.len()),
            _ => None,
        });
        views.sum()
    }
}

fn campaign_of(row: i64) -> CampaignId {
    CampaignId::from_i64(row % 5 + 1)
}

fn settings() -> Settings {
    let caller_id = "+33199000001".parse().expect("eleven digits");
    let agent = |row| Agent {
        id: AgentId::from_i64(row),
        name: String::new(),
        sip_account: format!("agent-{row}"),
        phone_kind: PhoneKind::Sip,
        ring_mode: RingMode::NailedUp,
        ring_timeout: Duration::from_secs(20),
        queues: Vec::new(),
        skills: BTreeMap::new(),
        recording: None,
    };
    let campaign = |row| Campaign {
        id: CampaignId::from_i64(row),
        state: CampaignState::Running,
        settings: CampaignSettings {
            name: String::new(),
            mode: DialMode::Power { ratio: 40.0 },
            trunks: vec![TrunkId::from_i64(1)],
            caller_ids: vec![caller_id],
            ring_timeout: Duration::from_secs(3_600),
            drop_message: "sound:drop".to_owned(),
            drop_limit: 1.0,
            drop_limit_month: 1.0,
            hours: CallingHours::always(),
            retry: vec![RetryRule {
                outcome: Outcome::Busy,
                delay: Duration::from_secs(600),
                attempts_max: 3,
                alternate_number: false,
            }],
            recording: RecordingPolicy::All,
            recording_notice: None,
            keep_wav: false,
            wrap_up: Duration::ZERO,
            dispositions: Vec::new(),
            limit: NO_LIMIT,
            ..CampaignSettings::default()
        },
    };
    Settings {
        agents: (1..=AGENTS).map(agent).collect(),
        campaigns: (1..=5).map(campaign).collect(),
        trunks: vec![Trunk {
            id: TrunkId::from_i64(1),
            name: String::new(),
            enabled: true,
            caller_ids: vec![caller_id],
            limit: NO_LIMIT,
        }],
        switch_limit: Some(NO_LIMIT),
        ..Settings::default()
    }
}
