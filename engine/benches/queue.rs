//! The processor time that it takes to give a caller to an agent with 10,000 callers waiting and 500 agents at work, and
//! whether memory stays as it is while callers come and go.
//!
//! `cargo bench -p cadran-engine --bench queue`. The goals are 1 ms and no growth.

use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use cadran_engine::Engine;
use cadran_engine::command::{Command, Notice, SwitchCommand};
use cadran_engine::flow::driver::Driver;
use cadran_engine::input::{
    Input, Recovery, Request, RequestId, Settings, Snapshot, StoreEvent, SwitchEvent,
};
use cadran_engine::model::{
    Agent, AgentId, CallId, Did, DidId, FlowId, FlowPublished, HangupCause, LegId, PhoneKind, Queue, QueueId,
    QueueSettings, RingMode, Side, Timestamp, Track,
};
use uuid::Uuid;

mod processor;

const AGENTS: usize = 500;
const WAITING: usize = 10_000;
/// Callers who are served before memory is looked at for the first time, more than the engine remembers who spoke with
/// whom, and after that.
const WARM_UP: usize = 60_000;
const SERVED: usize = 100_000;
const START: Timestamp = Timestamp::from_millis(1_795_165_200_000);
/// Between two conversations that end: 500 agents who talk for three minutes each.
const PACE: Duration = Duration::from_millis(360);
/// Of the kernel, in bytes.
const PAGE: usize = 4_096;

const FLOW: &str = r#"{"v":1,"id":"flw_1","kind":"ivr","locales":["fr-FR"],"tz":"UTC","start":"n_queue","nodes":{
    "n_queue":{"kind":"queue","queue":"q_1","next":{"left_by_key":"n_end"}},"n_end":{"kind":"hangup"}}}"#;

/// A switch and a database that answer at once.
struct Centre {
    engine: Engine,
    now: Timestamp,
    pending: VecDeque<Input>,
    callers: u128,
    /// Conversations of callers with an agent, the earliest first.
    talking: VecDeque<CallId>,
    requests: u64,
    /// The processor time that the engine took over each input by which a caller was given to an agent.
    handed_out: Vec<Duration>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut centre = Centre::new();
    for _ in 0..AGENTS + WAITING {
        centre.call();
    }
    centre.serve(WARM_UP);
    // Room for every time, and the kernel has given it: what is measured is the engine's memory, not the bench's.
    centre.handed_out.resize(2 * SERVED, Duration::from_nanos(1));
    centre.handed_out.clear();
    let before = resident()?;
    centre.serve(SERVED);
    let after = resident()?;
    let times = &mut centre.handed_out;
    if times.len() < SERVED {
        return Err(format!("only {} of {SERVED} callers were given to an agent", times.len()).into());
    }
    times.sort_unstable();
    let micros = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_micros();
    writeln!(
        io::stdout(),
        "{} hand-outs with {WAITING} callers waiting and {AGENTS} agents: median {} µs, 99.9 % within {} µs, longest {} µs; \
         {} kB of memory before, {} kB more after",
        times.len(),
        micros(0.5),
        micros(0.999),
        micros(1.0),
        before / 1_000,
        after.saturating_sub(before) / 1_000,
    )?;
    Ok(())
}

/// Memory of this process, in bytes.
fn resident() -> Result<usize, Box<dyn Error>> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = statm.split(' ').nth(1).ok_or("a line of memory without its second word")?.parse()?;
    Ok(pages * PAGE)
}

impl Centre {
    fn new() -> Self {
        let mut centre = Self {
            engine: Engine::new(1),
            now: START,
            pending: VecDeque::from([
                Input::Settings(Box::new(settings())),
                Input::WallClock(START),
                Input::Store(StoreEvent::Recovered(Recovery::default())),
                Input::Switch(SwitchEvent::Snapshot(Snapshot::default())),
            ]),
            callers: 0,
            talking: VecDeque::new(),
            requests: 0,
            handed_out: Vec::new(),
        };
        for agent in agents().map(|agent| agent.id) {
            centre.ask(Request::LogIn { agent, campaigns: Vec::new() });
            centre.ask(Request::Ready { agent });
        }
        centre.settle();
        centre
    }

    fn ask(&mut self, request: Request) {
        self.requests += 1;
        self.pending.push_back(Input::Request { id: RequestId(self.requests), request });
    }

    fn call(&mut self) {
        self.callers += 1;
        let leg = LegId::from_uuid(Uuid::from_u128(self.callers));
        let caller = format!("+336399{:05}", 80_000 + self.callers % 10_000);
        let dialled = "+33199009000".to_owned();
        self.switch(SwitchEvent::CallerArrived { leg, dialled, caller, trunk: None });
        self.settle();
    }

    /// So many conversations end, one after the other, and as many callers arrive.
    fn serve(&mut self, callers: usize) {
        for _ in 0..callers {
            self.now = self.now + PACE;
            if let Some(call) = self.talking.pop_front() {
                self.ask(Request::HangUp { call, by: Side::Agent });
            }
            self.settle();
            self.call();
        }
    }

    fn switch(&mut self, event: SwitchEvent) {
        self.pending.push_back(Input::Switch(event));
    }

    fn settle(&mut self) {
        while let Some(input) = self.pending.pop_front() {
            let before = processor::used();
            let commands: Vec<Command> = self.engine.handle(self.now, input).into_iter().collect();
            let took = processor::used() - before;
            let joins = |command: &Command| matches!(command, Command::Switch(SwitchCommand::Join { leg, .. }) if is_caller(*leg));
            if commands.iter().any(joins) {
                self.handed_out.push(took);
            }
            commands.into_iter().for_each(|command| self.carry_out(command));
        }
    }

    fn carry_out(&mut self, command: Command) {
        let command = match command {
            Command::Notice(Notice::Connected { call, .. }) => return self.talking.push_back(call),
            Command::Switch(command) => command,
            _ => return,
        };
        match command {
            SwitchCommand::Originate { leg, .. } => {
                self.switch(SwitchEvent::LegEntered { leg });
                self.switch(SwitchEvent::LegUp { leg });
            }
            SwitchCommand::PickUp { leg } => self.switch(SwitchEvent::LegUp { leg }),
            SwitchCommand::Join { room, leg } => {
                self.switch(SwitchEvent::LegJoined { leg, room });
            }
            SwitchCommand::HangUp { leg } => {
                self.switch(SwitchEvent::LegEnded { leg, cause: HangupCause::default() });
            }
            _ => {}
        }
    }
}

/// Callers are counted from 1; the engine's own legs have identifiers with the time in front.
fn is_caller(leg: LegId) -> bool {
    leg.as_uuid().as_u128() < u128::from(u64::MAX)
}

fn agents() -> impl Iterator<Item = Agent> {
    (1..=AGENTS as i64).map(|row| Agent {
        id: AgentId::from_i64(row),
        name: String::new(),
        sip_account: format!("agent-{row}"),
        phone_kind: PhoneKind::Sip,
        ring_mode: RingMode::NailedUp,
        ring_timeout: Duration::from_secs(20),
        queues: vec![QueueId::from_i64(1)],
        skills: BTreeMap::new(),
        recording: None,
    })
}

fn settings() -> Settings {
    let queue = QueueSettings { wrap_up: Duration::ZERO, ..QueueSettings::default() };
    Settings {
        agents: agents().collect(),
        queues: vec![Queue { id: QueueId::from_i64(1), settings: queue }],
        dids: vec![Did {
            id: DidId::from_i64(1),
            number: "+33199009000".parse().expect("eleven digits"),
            also_written: Vec::new(),
            flow: FlowId::from_i64(1),
            track: Track::Live,
            canary: None,
            locale: None,
            fallback: None,
            via: Driver::Ari,
            recording: None,
        }],
        flows: vec![FlowPublished {
            id: FlowId::from_i64(1),
            live: Some(1),
            test: None,
            revisions: BTreeMap::from([(1, FLOW.to_owned())]),
        }],
        ..Settings::default()
    }
}
