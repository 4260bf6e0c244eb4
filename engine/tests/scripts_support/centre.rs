//! A tiny call centre: a network that answers as the script says, and a database that never fails by itself.

mod asking;
mod preparation;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use cadran_engine::Engine;
use cadran_engine::command::{Command, Destination, LeadNext, SwitchCommand, Write};
use cadran_engine::dialer::compliance::{Obligation, Reason};
use cadran_engine::inbound::inquiry::{Finding, Inquiry};
use cadran_engine::input::{
    AttemptRefusal, CommandFailure, Input, LegPurpose, LegSeen, OpenRecording, OpenSession, Recovery,
    Request, RequestId, Settings, Snapshot, StoreEvent, SwitchEvent,
};
use cadran_engine::model::incoming::{CallbackStanding, CallerCallback};
use cadran_engine::model::*;

use crate::callers::{caller_leg, caller_phone};
use crate::furniture::{NEXT_DOOR, lead, seconds, settings};
use crate::transcript::Names;

/// Friday 20 November 2026, 09:00 UTC.
const START: Timestamp = Timestamp::from_millis(1_795_165_200_000);

/// The centre of one story.
pub(crate) struct Centre {
    engine: Engine,
    pub(crate) settings: Settings,
    started: bool,
    now: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), Input>,
    planned: u64,
    names: Names,
    /// What becomes of the dials of each lead, in turn: a word, and after how long.
    fates: BTreeMap<LeadId, VecDeque<(String, Duration)>>,
    /// Legs that ring and are not picked up.
    silent: BTreeSet<LegId>,
    /// What becomes of the calls to somebody outside, in turn.
    pub(crate) outsiders: VecDeque<(String, Duration)>,
    waiting: Vec<(Timestamp, Lead)>,
    attempts: BTreeMap<AttemptId, (Attempt, Lead)>,
    leads: BTreeMap<LeadId, Lead>,
    sessions: BTreeMap<AgentId, OpenSession>,
    recordings: BTreeMap<RecordingId, Timestamp>,
    masked: BTreeMap<RecordingId, Timestamp>,
    pub(crate) legs: BTreeMap<LegId, (LegPurpose, bool)>,
    rooms: BTreeMap<RoomId, Vec<LegId>>,
    /// Open ears, with the agent's leg that each hangs on.
    ears: BTreeMap<EarId, LegId>,
    taps: BTreeSet<TapId>,
    /// What Asterisk refuses.
    refused: Vec<String>,
    phones_off: Vec<AgentId>,
    /// Leads in the hopper.
    claimed: BTreeSet<LeadId>,
    do_not_call: Vec<LeadId>,
    /// Numbers of callers on the do-not-call list.
    barred: BTreeSet<Phone>,
    /// Open promises to callers.
    pub(crate) callbacks: BTreeMap<CallId, CallerCallback>,
    /// What the law asks of every call.
    obligations: Vec<Obligation>,
    database_away: bool,
}

impl Default for Centre {
    fn default() -> Self {
        Self {
            engine: Engine::new(1),
            settings: settings(),
            started: false,
            now: START,
            agenda: BTreeMap::new(),
            planned: 0,
            names: Names::default(),
            fates: BTreeMap::new(),
            silent: BTreeSet::new(),
            outsiders: VecDeque::new(),
            waiting: Vec::new(),
            attempts: BTreeMap::new(),
            leads: BTreeMap::new(),
            sessions: BTreeMap::new(),
            recordings: BTreeMap::new(),
            masked: BTreeMap::new(),
            legs: BTreeMap::new(),
            rooms: BTreeMap::new(),
            ears: BTreeMap::new(),
            taps: BTreeSet::new(),
            refused: Vec::new(),
            phones_off: Vec::new(),
            claimed: BTreeSet::new(),
            do_not_call: Vec::new(),
            barred: BTreeSet::new(),
            callbacks: BTreeMap::new(),
            obligations: Vec::new(),
            database_away: false,
        }
    }
}

impl Centre {
    /// Plays one line. A line that begins with a time first lets the time pass.
    pub(crate) fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut out = String::new();
        let Some(time) = words.first().filter(|word| !word.starts_with('#')) else {
            return format!("{line}\n");
        };
        let Some(seconds) = time.strip_suffix('s').and_then(|text| text.parse::<f64>().ok()) else {
            self.prepare(&words);
            return format!("{line}\n");
        };
        if !self.started {
            self.start(&mut String::new(), Recovery::default());
        }
        self.pass_time(START + Duration::from_secs_f64(seconds), &mut out);
        writeln!(out, "{line}").unwrap();
        self.act(&words[1..], &mut out);
        self.pass_time(self.now, &mut out);
        out
    }

    fn start(&mut self, out: &mut String, recovery: Recovery) {
        self.started = true;
        self.feed(Input::Settings(Box::new(self.settings.clone())), out);
        self.feed(Input::WallClock(self.now), out);
        self.feed(Input::Store(StoreEvent::Recovered(recovery)), out);
        self.feed(Input::Switch(SwitchEvent::Snapshot(self.snapshot())), out);
    }

    fn act(&mut self, words: &[&str], out: &mut String) {
        let input = match words {
            ["agent", row, act @ ..] => {
                let id = RequestId(self.planned);
                let request = self.request(AgentId::from_i64(row.parse().unwrap()), act);
                Input::Request { id, request }
            }
            ["customer", "hangs", "up", call] => {
                let leg = self.leg_of_call(call);
                return self.end_leg(leg, HangupCause { q850: 16, sip: None }, Duration::ZERO);
            }
            ["caller", number, "calls"] => {
                return self.caller_calls(number.parse().unwrap(), "+33199009000", out);
            }
            ["caller", number, "calls", dialled] => {
                return self.caller_calls(number.parse().unwrap(), dialled, out);
            }
            ["caller", number, "presses", key] => {
                let leg = caller_leg(number.parse().unwrap());
                Input::Switch(SwitchEvent::KeyPressed { leg, key: key.chars().next().unwrap() })
            }
            ["caller", number, "hangs", "up"] => {
                let leg = caller_leg(number.parse().unwrap());
                return self.end_leg(leg, HangupCause { q850: 16, sip: None }, Duration::ZERO);
            }
            ["caller", number, "is", "barred"] => {
                let phone = caller_phone(number.parse().unwrap());
                self.barred.insert(phone);
                let request = Request::StopDialling { phone, campaign: None };
                Input::Request { id: RequestId(self.planned), request }
            }
            ["caller", number, "is", "barred", "no", "more"] => {
                self.barred.remove(&caller_phone(number.parse().unwrap()));
                return;
            }
            ["called", "back", "hangs", "up"] => {
                let leg = self.leg_where(|purpose| {
                    matches!(purpose, LegPurpose::Caller { did: None, phone: Some(_), .. })
                });
                return self.end_leg(leg, HangupCause { q850: 16, sip: None }, Duration::ZERO);
            }
            ["outsider", "hangs", "up"] => {
                let leg = self.leg_where(|purpose| matches!(purpose, LegPurpose::Outside { .. }));
                return self.end_leg(leg, HangupCause { q850: 16, sip: None }, Duration::ZERO);
            }
            ["outsider", "presses", key] => {
                let leg = self.leg_where(|purpose| matches!(purpose, LegPurpose::Outside { .. }));
                Input::Switch(SwitchEvent::KeyPressed { leg, key: key.chars().next().unwrap() })
            }
            ["phone", row, "presses", key] => {
                let leg = self.leg_of_agent(AgentId::from_i64(row.parse().unwrap()));
                Input::Switch(SwitchEvent::KeyPressed { leg, key: key.chars().next().unwrap() })
            }
            ["phone", row, "lost"] => {
                let leg = self.leg_of_agent(AgentId::from_i64(row.parse().unwrap()));
                return self.end_leg(leg, HangupCause::default(), Duration::ZERO);
            }
            ["phone", row, "off"] => return self.phones_off.push(AgentId::from_i64(row.parse().unwrap())),
            ["asterisk", "refuses", what @ ..] => return self.refused.push(what.join(" ")),
            ["asterisk", "obeys"] => return self.refused.clear(),
            ["phones", "on"] => return self.phones_off.clear(),
            ["link", "down"] => Input::Switch(SwitchEvent::LinkDown),
            ["link", "up"] => Input::Switch(SwitchEvent::Snapshot(self.snapshot())),
            ["database", "away"] => {
                self.database_away = true;
                Input::Store(StoreEvent::Away)
            }
            ["database", "back"] => {
                self.database_away = false;
                Input::Store(StoreEvent::Back)
            }
            ["clock", "steps", "by", span] => Input::WallClock(self.now + seconds(span)),
            ["stop", "dialling", row] => {
                let phone = lead(row.parse().unwrap()).phone;
                let request = Request::StopDialling { phone, campaign: None };
                Input::Request { id: RequestId(self.planned), request }
            }
            ["block", row] => return self.do_not_call.push(LeadId::from_i64(row.parse().unwrap())),
            ["publish", document @ ..] => self.publish(&document.join(" ")),
            ["old", "revisions", "are", "gone"] => self.forget_old_revisions(),
            ["restart"] => return self.restart(out),
            ["nothing"] => return,
            other => panic!("`{other:?}` is nothing that happens"),
        };
        self.feed(input, out);
    }

    /// The daemon dies and starts again.
    fn restart(&mut self, out: &mut String) {
        self.engine = Engine::new(2);
        self.agenda.clear();
        self.claimed.clear();
        let in_hand = |lead: &&Lead| self.attempts.values().any(|(_, dialled)| dialled.id == lead.id);
        let free = self.leads.values().filter(|lead| !in_hand(lead));
        self.waiting.extend(free.map(|lead| (self.now, lead.clone())));
        let recovery = Recovery {
            attempts: self.attempts.values().cloned().collect(),
            sessions: self.sessions.values().cloned().collect(),
            recordings: self.open_recordings(),
            latest_recordings: self.recordings.keys().copied().collect(),
            drops: Vec::new(),
            machines: Vec::new(),
            learnt: Vec::new(),
            callbacks: self.callbacks.values().cloned().collect(),
        };
        self.start(out, recovery);
    }

    fn pass_time(&mut self, until: Timestamp, out: &mut String) {
        loop {
            let timer = self.engine.next_due().map(|due| due.max(self.now));
            let event = self.agenda.first_key_value().map(|((at, _), _)| *at);
            let Some(next) = timer.into_iter().chain(event).min().filter(|next| *next <= until) else {
                break;
            };
            self.now = next;
            if event == Some(next) {
                if let Some((_, input)) = self.agenda.pop_first() {
                    self.feed(input, out);
                }
            } else {
                self.feed(Input::Tick, out);
            }
        }
        self.now = until;
    }

    fn feed(&mut self, input: Input, out: &mut String) {
        for command in self.engine.handle(self.now, input) {
            if let Some(told) = self.names.tell(&command, START) {
                writeln!(out, "> {:>6.2}s {told}", self.now.since(START).as_secs_f64()).unwrap();
            }
            self.carry_out(command);
        }
    }

    fn later(&mut self, ms: u64, input: Input) {
        self.agenda.insert((self.now + Duration::from_millis(ms), self.planned), input);
        self.planned += 1;
    }

    pub(crate) fn happens(&mut self, event: SwitchEvent, out: &mut String) {
        self.feed(Input::Switch(event), out);
    }

    pub(crate) fn names_leg(&mut self, leg: LegId, name: &str) {
        self.names.give(leg, name);
    }

    pub(crate) fn event(&mut self, ms: u64, event: SwitchEvent) {
        self.later(ms, Input::Switch(event));
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Switch(command) if self.is_refused(&command) => {
                let failure = CommandFailure::Refused { status: 500, message: String::new() };
                self.event(1, SwitchEvent::CommandFailed { command, failure });
            }
            Command::Switch(command) => self.switch(command),
            Command::Write(write) => self.write(write),
            Command::FetchLeads { campaign, .. } => {
                let (due, later): (Vec<_>, Vec<_>) =
                    self.waiting.drain(..).partition(|(at, _)| campaign != NEXT_DOOR && *at <= self.now);
                self.waiting = later;
                let leads: Vec<Lead> = due.into_iter().map(|(_, lead)| lead).collect();
                self.claimed.extend(leads.iter().map(|lead| lead.id));
                let next_due_at = self.waiting.iter().map(|(at, _)| *at).min();
                let (denied, law) = (None, None);
                let fetched = StoreEvent::LeadsFetched { campaign, leads, next_due_at, denied, law };
                self.later(10, Input::Store(fetched));
            }
            Command::LookUp { id, inquiry } => {
                let finding = match *inquiry {
                    Inquiry::Barred { phone } => Finding::Barred(self.barred.contains(&phone)),
                    Inquiry::Booking { callback, .. } => {
                        let is_on_record = !self.database_away;
                        if is_on_record {
                            self.callbacks.insert(callback.id, CallerCallback::clone(&callback));
                        }
                        Finding::Booked { callback, is_on_record }
                    }
                    Inquiry::Caller { .. } | Inquiry::Http(_) | Inquiry::Rows { .. } => return,
                };
                self.later(5, Input::LookedUp { id, finding });
            }
            Command::Reply { .. } | Command::Notice(_) => {}
        }
    }

    /// Whether the words for this command begin as something that Asterisk refuses.
    fn is_refused(&mut self, command: &SwitchCommand) -> bool {
        let told = self.names.switch(command);
        self.refused.iter().any(|refused| told.starts_with(refused))
    }

    fn switch(&mut self, command: SwitchCommand) {
        match command {
            SwitchCommand::Originate { leg, to, purpose, .. } => self.originate(leg, &to, purpose),
            SwitchCommand::HangUp { leg } => {
                self.end_leg(leg, HangupCause { q850: 16, sip: None }, Duration::from_millis(50))
            }
            SwitchCommand::OpenRoom { room } => drop(self.rooms.entry(room).or_default()),
            SwitchCommand::Join { room, leg } => {
                self.rooms.values_mut().for_each(|legs| legs.retain(|inside| *inside != leg));
                self.rooms.entry(room).or_default().push(leg);
                self.event(10, SwitchEvent::LegJoined { leg, room });
            }
            SwitchCommand::Leave { room, leg } => {
                self.rooms.entry(room).or_default().retain(|inside| *inside != leg);
            }
            SwitchCommand::StartMusic { .. } => {}
            SwitchCommand::CloseRoom { room } => drop(self.rooms.remove(&room)),
            SwitchCommand::OpenEar { ear, agent, .. } => {
                self.ears.insert(ear, agent);
                self.event(20, SwitchEvent::EarOpened { ear });
            }
            SwitchCommand::SetWhisper { .. } => {}
            SwitchCommand::OpenTap { tap, .. } => {
                self.taps.insert(tap);
            }
            SwitchCommand::CloseTap { tap } => {
                if self.taps.remove(&tap) {
                    self.event(10, SwitchEvent::TapEnded { tap });
                }
            }
            SwitchCommand::CloseEar { ear } => self.end_ears(|open, _| open == ear),
            SwitchCommand::Screen { leg, .. } => self.screen(leg),
            SwitchCommand::AwaitSilence { leg } => self.await_silence(leg),
            SwitchCommand::Play { leg, .. } => self.event(4_000, SwitchEvent::MessageEnded { leg }),
            SwitchCommand::StartRecording { recording, .. } => {
                self.recordings.insert(recording, self.now);
            }
            SwitchCommand::CollectRecording { recording } => {
                let began = self.recordings.get(&recording).copied().unwrap_or(self.now);
                let duration = self.now.since(began);
                let found = Ok(RecordingFacts { path: "call.wav".to_owned(), bytes: 32_000, duration });
                self.event(1_000, SwitchEvent::RecordingCollected { recording, found });
            }
            SwitchCommand::MaskRecording { .. } | SwitchCommand::UnmaskRecording { .. } => {}
            command @ (SwitchCommand::Ring { .. }
            | SwitchCommand::PickUp { .. }
            | SwitchCommand::Mark { .. }
            | SwitchCommand::PlayClips { .. }
            | SwitchCommand::LetGo { .. }
            | SwitchCommand::StopClips { .. }
            | SwitchCommand::PlayMusic { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::TakeMessage { .. }
            | SwitchCommand::EndMessage { .. }
            | SwitchCommand::TurnAway { .. }) => self.switch_for_caller(command),
        }
    }

    fn originate(&mut self, leg: LegId, to: &Destination, purpose: LegPurpose) {
        let fate = match (&purpose, to) {
            (LegPurpose::Agent { agent, .. }, _) if self.phones_off.contains(agent) => None,
            (LegPurpose::Agent { .. }, _) => Some(("answers".to_owned(), Duration::from_millis(100))),
            // Whoever is called for a customer answers, unless it was said otherwise.
            (LegPurpose::Caller { .. } | LegPurpose::Outside { .. }, _) => {
                let usual = ("answers".to_owned(), Duration::from_secs(1));
                Some(self.outsiders.pop_front().unwrap_or(usual))
            }
            (LegPurpose::Customer { lead, .. }, _) => self.fates.get_mut(lead).and_then(VecDeque::pop_front),
        };
        self.legs.insert(leg, (purpose, false));
        let Some((word, after)) = fate else { return };
        let cause = |q850, sip| HangupCause { q850, sip: Some(sip) };
        let ms = u64::try_from(after.as_millis()).unwrap();
        match word.as_str() {
            "answers" => {
                self.event(ms, SwitchEvent::LegEntered { leg });
                self.event(ms, SwitchEvent::LegUp { leg });
            }
            "busy" => self.end_leg(leg, cause(17, 486), after),
            "silent" => drop(self.silent.insert(leg)),
            "unallocated" => self.end_leg(leg, cause(1, 404), after),
            other => panic!("`{other}` is no fate"),
        }
    }

    /// What the next word of the lead's fate says was heard, and when.
    fn screen(&mut self, leg: LegId) {
        let Some((LegPurpose::Customer { lead, .. }, _)) = self.legs.get(&leg) else { return };
        let Some((word, after)) = self.fates.get_mut(lead).and_then(VecDeque::pop_front) else { return };
        let (verdict, cause) = match word.as_str() {
            "machine" => (Verdict::Machine, "LONGGREETING-900-900"),
            "person" => (Verdict::Person, "HUMAN-303-300"),
            "unsure" => (Verdict::Unsure, "TOOLONG-1100"),
            "leaves" => return self.end_leg(leg, HangupCause { q850: 16, sip: None }, after),
            "fails" => {
                let (greeting, silence) = (Duration::ZERO, Duration::ZERO);
                let command = SwitchCommand::Screen { leg, greeting, silence, words: 0 };
                let failure = CommandFailure::Refused { status: 501, message: String::new() };
                return self.event(1, SwitchEvent::CommandFailed { command, failure });
            }
            other => panic!("`{other}` is not heard"),
        };
        let ms = u64::try_from(after.as_millis()).unwrap();
        self.event(ms, SwitchEvent::LegScreened { leg, verdict, cause: cause.to_owned() });
    }

    /// A greeting lasts for as long as the next word of the lead's fate says.
    fn await_silence(&mut self, leg: LegId) {
        let Some((LegPurpose::Customer { lead, .. }, _)) = self.legs.get(&leg) else { return };
        let Some((_greets, after)) = self.fates.get_mut(lead).and_then(VecDeque::pop_front) else { return };
        self.event(u64::try_from(after.as_millis()).unwrap(), SwitchEvent::GreetingOver { leg });
    }

    pub(crate) fn end_leg(&mut self, leg: LegId, cause: HangupCause, after: Duration) {
        let ms = u64::try_from(after.as_millis()).unwrap();
        if self.legs.remove(&leg).is_some() {
            self.end_ears(|_, agent| agent == leg);
            self.rooms.values_mut().for_each(|legs| legs.retain(|inside| *inside != leg));
            self.event(ms, SwitchEvent::LegEnded { leg, cause });
        }
    }

    fn end_ears(&mut self, ends: impl Fn(EarId, LegId) -> bool) {
        let ending: Vec<EarId> =
            self.ears.iter().filter(|(ear, leg)| ends(**ear, **leg)).map(|(ear, _)| *ear).collect();
        for ear in ending {
            self.ears.remove(&ear);
            self.event(10, SwitchEvent::EarEnded { ear });
        }
    }

    fn write(&mut self, write: Write) {
        match write {
            Write::SaveAttempt(attempt) => self.save_attempt(*attempt),
            Write::CloseAttempt { attempt, lead, next, .. } => {
                self.attempts.remove(&attempt);
                let mut lead = self.leads[&lead].clone();
                if let LeadNext::Again { due_at, phone } = next {
                    lead.next_phone = phone;
                    self.wait(due_at, lead);
                }
            }
            Write::ReleaseLead { lead, due_at } => {
                self.claimed.remove(&lead);
                self.wait(due_at, self.leads[&lead].clone());
            }
            Write::SaveDisposition(said) => {
                let promise = said.callback.filter(|agreed| agreed.personal);
                let promise = promise.map(|agreed| Promise { agent: said.agent, due_at: agreed.at });
                self.leads.get_mut(&said.lead).unwrap().promise = promise;
                if let LeadNext::Again { due_at, .. } = said.next {
                    self.wait(due_at, self.leads[&said.lead].clone());
                }
            }
            Write::OpenSession { session, agent, campaigns, .. } => {
                self.sessions.insert(agent, OpenSession { session, agent, campaigns, ready: false });
            }
            Write::SaveAgentState { agent, state, .. } => {
                if let Some(open) = self.sessions.get_mut(&agent) {
                    open.ready = !matches!(state, "paused" | "lost" | "supervising");
                }
            }
            Write::CloseSession { session, .. } => self.sessions.retain(|_, open| open.session != session),
            Write::CloseRecording { recording, .. } => drop(self.recordings.remove(&recording)),
            Write::OpenGap { recording, at, .. } => drop(self.masked.insert(recording, at)),
            Write::CloseGap { recording, .. } => drop(self.masked.remove(&recording)),
            Write::SaveCallback { callback, standing: CallbackStanding::Open, .. } => {
                self.callbacks.insert(callback.id, *callback);
            }
            Write::SaveCallback { callback, .. } => drop(self.callbacks.remove(&callback.id)),
            Write::SaveCall(_)
            | Write::OpenRecording { .. }
            | Write::OpenSupervision(_)
            | Write::CloseSupervision { .. }
            | Write::SaveLearnt { .. }
            | Write::SaveCaller(_)
            | Write::SaveCallerDisposition(_)
            | Write::SaveMessage(_)
            | Write::SaveAnswers { .. }
            | Write::TagCall { .. }
            | Write::SavePacing { .. } => {}
        }
    }

    fn open_recordings(&self) -> Vec<OpenRecording> {
        let open = self.recordings.iter().map(|(recording, at)| OpenRecording {
            recording: *recording,
            started_at: *at,
            masked_since: self.masked.get(recording).copied(),
        });
        open.collect()
    }

    fn wait(&mut self, due_at: Timestamp, lead: Lead) {
        self.waiting.retain(|(_, waiting)| waiting.id != lead.id);
        self.waiting.push((due_at, lead));
    }

    fn save_attempt(&mut self, attempt: Attempt) {
        let refusal = match () {
            () if self.database_away => Some(AttemptRefusal::StoreAway),
            () if attempt.by_hand.is_none() && !self.claimed.contains(&attempt.lead) => {
                Some(AttemptRefusal::LeadGone)
            }
            () if self.do_not_call.contains(&attempt.lead) => {
                Some(AttemptRefusal::Forbidden(Reason::InternalDnc))
            }
            () => None,
        };
        let id = attempt.id;
        let event = match refusal {
            Some(refusal) => StoreEvent::AttemptRefused { attempt: id, refusal },
            None => {
                let lead = self.leads[&attempt.lead].clone();
                self.claimed.remove(&lead.id);
                self.waiting.retain(|(_, waiting)| waiting.id != lead.id);
                self.attempts.insert(id, (attempt, lead));
                StoreEvent::AttemptSaved { attempt: id, obligations: self.obligations.clone() }
            }
        };
        self.later(5, Input::Store(event));
    }

    fn snapshot(&self) -> Snapshot {
        let seen = |(leg, (purpose, _)): (&LegId, &(LegPurpose, bool))| {
            let answers = Input::Switch(SwitchEvent::LegUp { leg: *leg });
            let up = !self.silent.contains(leg) && !self.agenda.values().any(|input| *input == answers);
            LegSeen { leg: *leg, up, entered: up, purpose: Some(purpose.clone()) }
        };
        Snapshot {
            asked_at: self.now,
            legs: self.legs.iter().map(seen).collect(),
            unmarked: Vec::new(),
            rooms: self.rooms.iter().map(|(room, legs)| (*room, legs.clone())).collect(),
            ears: self.ears.keys().copied().collect(),
            taps: self.taps.iter().copied().collect(),
            recordings: self.recordings.keys().copied().collect(),
        }
    }

    fn leg_of_call(&self, name: &str) -> LegId {
        let id = self.names.call_named(name);
        self.leg_where(|purpose| matches!(purpose, LegPurpose::Customer { call, .. } if *call == id))
    }

    fn leg_of_agent(&self, id: AgentId) -> LegId {
        self.leg_where(|purpose| matches!(purpose, LegPurpose::Agent { agent, .. } if *agent == id))
    }

    fn leg_where(&self, wanted: impl Fn(&LegPurpose) -> bool) -> LegId {
        let mut found = self.legs.iter().filter(|(_, (purpose, _))| wanted(purpose));
        *found.next().expect("a leg that is up").0
    }
}
