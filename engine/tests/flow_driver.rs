//! The ARI driver and the plain interpreter lead a call the same way: random flows and callers, through the engine
//! before a pretended switch on one side and through the simulation of flows on the other.
//!
//! Left out is `split`, which the engine draws for each call. 2,000 calls, which take
//! less than a minute; `make soak` plays ten thousand (`PROPTEST_CASES`).

#[path = "flow_support/random_flows.rs"]
mod random_flows;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cadran_engine::Engine;
use cadran_engine::command::{Clip, Command, Notice, SwitchCommand};
use cadran_engine::flow::calendar::Calendar;
use cadran_engine::flow::driver::Driver;
use cadran_engine::flow::nodes::Revision;
use cadran_engine::flow::simulation::{Input as Written, simulate};
use cadran_engine::flow::world::{SAY_MS_PER_ITEM, World, speech_ms};
use cadran_engine::flow::{Library, Prepared, read};
use cadran_engine::inbound::inquiry::{Finding, Inquiry};
use cadran_engine::input::{Input, LegPurpose, Settings, Snapshot, StoreEvent, SwitchEvent};
use cadran_engine::model::*;
use proptest::prelude::*;
use random_flows::{WAIT_FLOW, document};
use serde_json::{Value as Json, json};

const AT: &str = "2026-03-07T19:45:00+01:00";
const CALLER: &str = "+33199000001";
const DID: &str = "+33199009000";
/// A call that goes on for longer than this is cut on both sides.
const CALL_MS_MAX: u64 = 300_000;

fn calendar() -> Calendar {
    serde_json::from_value(json!({"tz": "Europe/Paris", "holidays": "fr"})).expect("it is a calendar")
}

/// The way that the plain interpreter takes. In every queue nobody is there, and no agent is at work; whoever else is
/// called takes the call.
fn plain(document: &Json, keys: &[(u64, char)], hangup: u64) -> Vec<(String, String)> {
    let nodes = document["nodes"].as_object().expect("a flow has nodes");
    let queues: BTreeMap<&String, Json> = nodes.keys().map(|node| (node, json!({"ready": 0}))).collect();
    let is_agent = |node: &&String| document["nodes"][node.as_str()]["to"]["agent"].is_string();
    let dials: BTreeMap<&String, &str> =
        nodes.keys().filter(is_agent).map(|node| (node, "no_answer")).collect();
    let keys: Vec<Json> = keys.iter().map(|(at, key)| json!({"t_ms": at, "dtmf": key.to_string()})).collect();
    let written: Written = serde_json::from_value(json!({
        "caller": CALLER, "did": DID, "at": AT, "keys": keys, "hangup_t_ms": hangup, "mocks": {"queue": queues, "dial": dials},
    }))
    .expect("it is an input");
    let world =
        World { calendars: Some(BTreeMap::from([("cln_1".to_owned(), calendar())])), ..World::default() };
    let prepared = |text: &str| Prepared::new(read(text).expect("it can be read"));
    let mut library = Library::new(prepared(&document.to_string()));
    library.add(Revision::Live, prepared(WAIT_FLOW));
    let trace = simulate(&library, &world, &written);
    trace.passages.into_iter().map(|line| (line.node, line.outlet)).collect()
}

fn published((row, document): (i64, String)) -> FlowPublished {
    let revisions = BTreeMap::from([(1, document)]);
    FlowPublished { id: FlowId::from_i64(row), live: Some(1), test: None, revisions }
}

/// The engine before a switch that does at once what the simulation does at once.
struct Driven {
    engine: Engine,
    begin: Timestamp,
    now_ms: u64,
    /// What is going to happen, in order of time.
    agenda: VecDeque<(u64, Input)>,
    path: Vec<(String, String)>,
    /// Whoever is called for the caller. They press the key that they may have to press.
    callee: Option<LegId>,
    /// Whether keys are heeded: not while something other than a prompt or a wait is going on.
    is_busy: bool,
    is_over: bool,
}

impl Driven {
    fn new(document: &Json) -> Self {
        let at: jiff::Timestamp = AT.parse().expect("it is a time");
        let begin = Timestamp::from_millis(at.as_millisecond());
        let number: Phone = DID.parse().expect("it is a number");
        let settings = Settings {
            agents: vec![Agent {
                id: AgentId::from_i64(1),
                name: String::new(),
                sip_account: "ada".to_owned(),
                phone_kind: PhoneKind::Sip,
                ring_mode: RingMode::NailedUp,
                ring_timeout: Duration::from_secs(10),
                queues: Vec::new(),
                skills: BTreeMap::new(),
                recording: None,
            }],
            trunks: vec![Trunk {
                id: TrunkId::from_i64(1),
                name: String::new(),
                enabled: true,
                caller_ids: vec![number],
                limit: RateLimit { calls_per_second: 1e6, concurrent_calls: 1_000_000 },
            }],
            queues: vec![Queue {
                id: QueueId::from_i64(1),
                settings: QueueSettings {
                    no_agents: NoAgents { may_enter: true, must_leave: false },
                    ..QueueSettings::default()
                },
            }],
            dids: vec![Did {
                id: DidId::from_i64(1),
                number,
                also_written: Vec::new(),
                flow: FlowId::from_i64(1),
                track: Track::Live,
                via: Driver::Ari,
                canary: None,
                locale: None,
                fallback: None,
                recording: None,
            }],
            flows: [(1, document.to_string()), (9, WAIT_FLOW.to_owned())].map(published).into(),
            calendars: vec![
                serde_json::from_value(json!({"id": "cln_1", "calendar": calendar()}))
                    .expect("they are hours"),
            ],
            ..Settings::default()
        };
        let mut driven = Self {
            engine: Engine::new(1),
            begin,
            now_ms: 0,
            agenda: VecDeque::new(),
            path: Vec::new(),
            callee: None,
            is_busy: false,
            is_over: false,
        };
        driven.feed(Input::Settings(Box::new(settings)));
        driven.feed(Input::WallClock(begin));
        driven.feed(Input::Store(StoreEvent::Recovered(Default::default())));
        driven
            .feed(Input::Switch(SwitchEvent::Snapshot(Snapshot { asked_at: begin, ..Snapshot::default() })));
        driven
    }

    fn leg() -> LegId {
        format!("leg_{:032x}", 7).parse().expect("it is a leg")
    }

    /// The way that the engine takes.
    fn play(mut self, keys: &[(u64, char)], hangup: u64) -> Vec<(String, String)> {
        let leg = Self::leg();
        let arrival = SwitchEvent::CallerArrived {
            leg,
            dialled: DID.to_owned(),
            caller: CALLER.to_owned(),
            trunk: None,
        };
        self.feed(Input::Switch(arrival));
        let mut keys: VecDeque<(u64, char)> = keys.iter().copied().collect();
        while !self.is_over {
            let due = self.engine.next_due().map(|due| {
                u64::try_from(due.as_millis() - self.begin.as_millis()).unwrap_or(0).max(self.now_ms)
            });
            let event = self.agenda.front().map(|(at, _)| *at);
            let key = keys.front().map(|(at, _)| *at).filter(|_| !self.is_busy).map(|at| at.max(self.now_ms));
            let next = [due, event, key].into_iter().flatten().min().unwrap_or(CALL_MS_MAX);
            if next >= hangup.max(self.now_ms) || next >= CALL_MS_MAX {
                self.now_ms = hangup.max(self.now_ms);
                self.feed(Input::Switch(SwitchEvent::LegEnded { leg, cause: HangupCause::default() }));
                // What needs no caller is settled at once.
                while let Some((_, input)) = self.agenda.pop_front() {
                    self.feed(input);
                }
                break;
            }
            self.now_ms = next;
            // As in the simulation, somebody who acts at the same moment comes before the time that runs out.
            if key == Some(next) {
                if let Some((_, key)) = keys.pop_front() {
                    self.feed(Input::Switch(SwitchEvent::KeyPressed { leg, key }));
                }
            } else if event == Some(next) {
                let was_busy = self.is_busy;
                if let Some((_, input)) = self.agenda.pop_front() {
                    self.feed(input);
                }
                if was_busy && !self.is_busy {
                    // What was pressed while nobody listened is lost.
                    keys.retain(|(at, _)| *at >= self.now_ms);
                }
            } else {
                self.feed(Input::Tick);
            }
        }
        self.path
    }

    fn after(&mut self, ms: u64, input: Input) {
        let at = self.now_ms + ms;
        let place = self.agenda.iter().position(|(other, _)| *other > at).unwrap_or(self.agenda.len());
        self.agenda.insert(place, (at, input));
    }

    fn event(&mut self, ms: u64, event: SwitchEvent) {
        self.after(ms, Input::Switch(event));
    }

    fn feed(&mut self, input: Input) {
        if let Input::Switch(SwitchEvent::LegEnded { leg, .. }) = &input {
            self.callee.take_if(|callee| callee == leg);
        }
        self.is_busy = self.callee.is_some();
        let now = self.begin + Duration::from_millis(self.now_ms);
        for command in self.engine.handle(now, input) {
            match command {
                Command::Switch(command) => self.switch(command),
                Command::LookUp { id, inquiry } => {
                    self.is_busy = true;
                    let finding = match *inquiry {
                        Inquiry::Barred { .. } => Finding::Barred(false),
                        Inquiry::Booking { callback, .. } => Finding::Booked { callback, is_on_record: true },
                        Inquiry::Caller { .. } => Finding::Caller(None),
                        Inquiry::Http(_) => Finding::Reply { status: 200, body: Json::Null },
                        Inquiry::Rows { .. } => Finding::Rows(Vec::new()),
                    };
                    self.after(0, Input::LookedUp { id, finding });
                }
                Command::Notice(Notice::NodeLeft { node, outlet, .. }) => self.path.push((node, outlet)),
                Command::Write(_)
                | Command::FetchLeads { .. }
                | Command::Reply { .. }
                | Command::Notice(_) => {}
            }
        }
    }

    fn switch(&mut self, command: SwitchCommand) {
        match command {
            SwitchCommand::PickUp { leg } => self.event(0, SwitchEvent::LegUp { leg }),
            SwitchCommand::PlayClips { leg, playing, clips, .. } => {
                let is_caller = leg == Self::leg();
                let ms = clips.iter().map(length_ms).filter(|_| is_caller).sum();
                self.event(ms, SwitchEvent::ClipsEnded { leg, playing, played: true });
            }
            SwitchCommand::TakeMessage { leg, message, .. } => {
                self.is_busy = true;
                self.event(0, SwitchEvent::MessageTaken { leg, message, ms: Some(0) });
            }
            SwitchCommand::Originate { leg, purpose: LegPurpose::Outside { .. }, .. } => {
                self.is_busy = true;
                self.callee = Some(leg);
                self.event(0, SwitchEvent::LegEntered { leg });
                self.event(0, SwitchEvent::LegUp { leg });
                self.event(0, SwitchEvent::KeyPressed { leg, key: '1' });
            }
            SwitchCommand::Join { leg, room } if leg == Self::leg() => {
                self.event(0, SwitchEvent::LegJoined { leg, room });
                if let Some(leg) = self.callee {
                    self.event(0, SwitchEvent::LegEnded { leg, cause: HangupCause { q850: 16, sip: None } });
                }
            }
            SwitchCommand::HangUp { leg } | SwitchCommand::TurnAway { leg, .. } if leg == Self::leg() => {
                self.is_over = true;
            }
            _ => {}
        }
    }
}

fn length_ms(clip: &Clip) -> u64 {
    match clip {
        Clip::Speech { text, .. } => speech_ms(text),
        Clip::Digits(digits) => digits.chars().count() as u64 * SAY_MS_PER_ITEM,
        Clip::Date(_) | Clip::Money(_) | Clip::Number(_) => SAY_MS_PER_ITEM,
        Clip::Sound(_) => 0,
    }
}

/// How many random calls are made.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(2_000, |cases| cases.parse().expect("PROPTEST_CASES is a number"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

    #[test]
    fn the_driver_goes_where_the_interpreter_goes(
        document in document(), keys in prop::collection::vec((0..40_000_u64, "[0-9*#]"), 0..12),
        hangup in 1..60_000_u64,
    ) {
        let nodes = document["nodes"].as_object().expect("a flow has nodes");
        prop_assume!(nodes.values().all(|node| node["kind"] != "split"));
        let mut keys: Vec<(u64, char)> =
            keys.into_iter().map(|(at, key)| (at, key.chars().next().unwrap_or('0'))).collect();
        keys.sort_by_key(|(at, _)| *at);
        let expected = plain(&document, &keys, hangup);
        let driven = Driven::new(&document).play(&keys, hangup);
        prop_assert_eq!(driven, expected, "{}", document);
    }
}
