//! The same day under other settings: the engine in virtual time among the people of a journal.
//!
//! Agents come, pause and go when they did; each lead takes its first call as it took its first, its second as its
//! second. A dial that the journal does not have goes as that of another lead of the campaign, in turn; so does a
//! conversation of somebody who never had one. What is not replayed: broken links, a database that was away, telephones
//! of agents that were lost, and requests about one call, such as masking its recording.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use cadran_engine::Engine;
use cadran_engine::command::{Agreed, Command, LeadNext, SwitchCommand, Write};
use cadran_engine::dialer::compliance::PaceLaw;
use cadran_engine::input::{Input, LegPurpose, Request, RequestId, Snapshot, StoreEvent, SwitchEvent};
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{
    AgentId, AttemptId, CampaignId, HangupCause, Lead, LeadId, LegId, Outcome, Timestamp, Verdict,
};

use super::facts::{Facts, Fate, Finish, Happening};
use super::tally::Tally;

/// How long an agent's telephone rings.
const AGENT_PICKS_UP: Duration = Duration::from_millis(500);
/// How long a join takes, and a hang-up.
const SWITCH_TAKES: Duration = Duration::from_millis(10);
/// How long a message lasts, and a greeting.
const MESSAGE_LASTS: Duration = Duration::from_secs(3);
/// How long detection listens to whom it never heard.
const SCREENING_TAKES: Duration = Duration::from_millis(700);
/// How long somebody talks where nobody in the journal ever did.
const TALK_LASTS: Duration = Duration::from_secs(60);
/// Somebody hung up.
const NORMAL: HangupCause = HangupCause { q850: 16, sip: None };

/// What came of the day.
#[derive(Clone, Debug, Default)]
pub struct OtherDay {
    pub(super) tally: Tally,
    /// Campaigns that dialled everybody whom the journal has fetched, and when.
    pub exhausted: BTreeMap<CampaignId, Timestamp>,
}

impl OtherDay {
    /// Dials, conversations and drops of every campaign together.
    pub fn sums(&self) -> (u64, u64, u64) {
        self.tally.sums()
    }
}

/// Lives through the day of `facts` up to `end`.
pub(super) fn live(facts: Facts, seed: u64, end: Timestamp) -> OtherDay {
    let mut world = World::new(facts, seed);
    while let Some(next) = world.next_at().filter(|at| *at <= end) {
        world.now = next;
        let is_due = world.agenda.first_key_value().is_some_and(|((at, _), _)| *at <= next);
        match is_due.then(|| world.agenda.pop_first()).flatten() {
            Some((_, Coming::Input(input))) => world.tell(*input),
            Some((_, Coming::GivesUp(leg))) => world.gives_up(leg),
            None => world.tell(Input::Tick),
        }
    }
    world.day.tally.close(end);
    world.day
}

/// Somebody at the far end of a leg.
#[derive(Clone, Debug)]
struct Line {
    campaign: CampaignId,
    fate: Fate,
    is_talking: bool,
}

/// What is going to happen.
enum Coming {
    /// The engine hears of it.
    Input(Box<Input>),
    /// Somebody has waited for as long as they did, unless an agent was there.
    GivesUp(LegId),
}

struct World {
    now: Timestamp,
    engine: Engine,
    agenda: BTreeMap<(Timestamp, u64), Coming>,
    planned: u64,
    /// Customers; agents' legs are not kept.
    lines: BTreeMap<LegId, Line>,
    stock: BTreeMap<CampaignId, Stock>,
    laws: BTreeMap<CampaignId, PaceLaw>,
    fates: BTreeMap<LeadId, VecDeque<Fate>>,
    spare: BTreeMap<CampaignId, VecDeque<Fate>>,
    talks: BTreeMap<CampaignId, VecDeque<Duration>>,
    finishes: BTreeMap<AgentId, VecDeque<Finish>>,
    day: OtherDay,
}

/// The leads of a campaign.
#[derive(Clone, Debug, Default)]
struct Stock {
    fresh: VecDeque<Lead>,
    known: BTreeMap<LeadId, Lead>,
    again: BTreeSet<(Timestamp, LeadId)>,
}

impl World {
    fn new(facts: Facts, seed: u64) -> Self {
        let mut world = Self {
            now: Timestamp::default(),
            engine: Engine::new(seed),
            agenda: BTreeMap::new(),
            planned: 0,
            lines: BTreeMap::new(),
            stock: BTreeMap::new(),
            spare: spare(&facts),
            talks: talks(&facts),
            laws: facts.laws,
            fates: facts.fates,
            finishes: facts.finishes.into_iter().map(|(agent, all)| (agent, all.into())).collect(),
            day: OtherDay::default(),
        };
        for (campaign, leads) in facts.leads {
            let known = leads.iter().map(|lead| (lead.id, lead.clone())).collect();
            world.stock.insert(campaign, Stock { fresh: leads.into(), known, again: BTreeSet::new() });
        }
        let mut begins = true;
        for (at, happening) in facts.happenings {
            let input = match happening {
                Happening::Request(request) => Input::Request { id: RequestId(world.planned), request },
                Happening::Settings(settings) => Input::Settings(Box::new(settings)),
                Happening::Trunk(trunk, reachable) => {
                    Input::Switch(SwitchEvent::TrunkReachable { trunk, reachable })
                }
                Happening::WallClock(wall) => Input::WallClock(wall),
            };
            let is_settings = matches!(input, Input::Settings(_));
            world.plan(at, input);
            if is_settings && std::mem::take(&mut begins) {
                let recovery = facts.recovery.clone().unwrap_or_default();
                world.plan(at, Input::Store(StoreEvent::Recovered(recovery)));
                let nothing = Snapshot { asked_at: at, ..Snapshot::default() };
                world.plan(at, Input::Switch(SwitchEvent::Snapshot(nothing)));
            }
        }
        world
    }

    fn next_at(&self) -> Option<Timestamp> {
        let planned = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let due = self.engine.next_due().filter(|_| self.now > Timestamp::default());
        planned.into_iter().chain(due).min().map(|at| at.max(self.now))
    }

    fn plan(&mut self, at: Timestamp, input: Input) {
        self.comes(at, Coming::Input(Box::new(input)));
    }

    fn comes(&mut self, at: Timestamp, coming: Coming) {
        self.agenda.insert((at, self.planned), coming);
        self.planned += 1;
    }

    fn gives_up(&mut self, leg: LegId) {
        if self.lines.get(&leg).is_some_and(|line| !line.is_talking) {
            self.tell(Input::Switch(SwitchEvent::LegEnded { leg, cause: NORMAL }));
        }
    }

    fn later(&mut self, after: Duration, event: SwitchEvent) {
        self.plan(self.now + after, Input::Switch(event));
    }

    fn answer(&mut self, event: StoreEvent) {
        self.plan(self.now + Duration::from_millis(1), Input::Store(event));
    }

    fn tell(&mut self, input: Input) {
        if let Input::Switch(SwitchEvent::LegEnded { leg, .. }) = &input
            && self.lines.remove(leg).is_none()
        {
            return;
        }
        self.day.tally.input(&input);
        for command in self.engine.handle(self.now, input) {
            self.day.tally.command(self.now, &command);
            self.carry_out(command);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Switch(command) => self.obey(command),
            Command::FetchLeads { campaign, count } => self.fetch(campaign, count),
            Command::Write(Write::SaveAttempt(attempt)) => self.save(attempt.id, attempt.lead),
            Command::Write(Write::CloseAttempt { lead, outcome, next, .. }) => {
                self.closed(lead, outcome, next)
            }
            Command::Write(Write::ReleaseLead { lead, due_at }) => self.again(lead, due_at, None),
            Command::Write(Write::SaveDisposition(said)) => {
                if let LeadNext::Again { due_at, phone } = said.next {
                    self.again(said.lead, due_at, Some(phone));
                }
            }
            Command::Write(Write::SaveCall(record)) => self.finish(&record),
            Command::LookUp { .. } | Command::Write(_) | Command::Reply { .. } | Command::Notice(_) => {}
        }
    }

    /// The store refuses what it refused.
    fn save(&mut self, attempt: AttemptId, lead: LeadId) {
        let fates = self.fates.entry(lead).or_default();
        let event = match fates.front() {
            Some(Fate::Refused(refusal)) => {
                let refusal = *refusal;
                fates.pop_front();
                StoreEvent::AttemptRefused { attempt, refusal }
            }
            Some(_) | None => StoreEvent::AttemptSaved { attempt, obligations: Vec::new() },
        };
        self.answer(event);
    }

    fn obey(&mut self, command: SwitchCommand) {
        match command {
            SwitchCommand::Originate { leg, purpose: LegPurpose::Agent { .. }, .. } => {
                self.later(AGENT_PICKS_UP, SwitchEvent::LegEntered { leg });
                self.later(AGENT_PICKS_UP, SwitchEvent::LegUp { leg });
            }
            SwitchCommand::Originate {
                purpose: LegPurpose::Caller { .. } | LegPurpose::Outside { .. },
                ..
            } => {}
            SwitchCommand::Originate {
                leg, purpose: LegPurpose::Customer { lead, campaign, .. }, ..
            } => {
                self.dial(leg, lead, campaign);
            }
            SwitchCommand::HangUp { leg } => {
                self.later(SWITCH_TAKES, SwitchEvent::LegEnded { leg, cause: NORMAL })
            }
            SwitchCommand::Join { room, leg } => {
                self.later(SWITCH_TAKES, SwitchEvent::LegJoined { leg, room });
                self.talk(leg);
            }
            SwitchCommand::Play { leg, .. } => self.later(MESSAGE_LASTS, SwitchEvent::MessageEnded { leg }),
            SwitchCommand::AwaitSilence { leg } => {
                self.later(MESSAGE_LASTS, SwitchEvent::GreetingOver { leg })
            }
            SwitchCommand::Screen { leg, .. } => self.screen(leg),
            SwitchCommand::CollectRecording { recording } => {
                let found = Err("a replay keeps no sound".to_owned());
                self.later(SWITCH_TAKES, SwitchEvent::RecordingCollected { recording, found });
            }
            // The day is lived without callers, supervisors and transfers.
            SwitchCommand::CloseEar { .. }
            | SwitchCommand::CloseTap { .. }
            | SwitchCommand::OpenTap { .. }
            | SwitchCommand::EndMessage { .. }
            | SwitchCommand::Leave { .. }
            | SwitchCommand::LetGo { .. }
            | SwitchCommand::Mark { .. }
            | SwitchCommand::OpenEar { .. }
            | SwitchCommand::PickUp { .. }
            | SwitchCommand::PlayClips { .. }
            | SwitchCommand::PlayMusic { .. }
            | SwitchCommand::Ring { .. }
            | SwitchCommand::SetWhisper { .. }
            | SwitchCommand::StartMusic { .. }
            | SwitchCommand::StopClips { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::TakeMessage { .. }
            | SwitchCommand::TurnAway { .. }
            | SwitchCommand::OpenRoom { .. }
            | SwitchCommand::CloseRoom { .. }
            | SwitchCommand::StartRecording { .. }
            | SwitchCommand::MaskRecording { .. }
            | SwitchCommand::UnmaskRecording { .. } => {}
        }
    }

    fn dial(&mut self, leg: LegId, lead: LeadId, campaign: CampaignId) {
        let own = self.fates.get_mut(&lead).and_then(VecDeque::pop_front);
        let fate = own.or_else(|| next(self.spare.get_mut(&campaign)?)).unwrap_or(Fate::Rings);
        self.later(Duration::ZERO, SwitchEvent::LegRinging { leg });
        match &fate {
            Fate::Answers { after, patience, .. } => {
                self.later(*after, SwitchEvent::LegEntered { leg });
                self.later(*after, SwitchEvent::LegUp { leg });
                if let Some(patience) = patience {
                    self.comes(self.now + *after + *patience, Coming::GivesUp(leg));
                }
            }
            Fate::Fails { after, cause } => self.later(*after, SwitchEvent::LegEnded { leg, cause: *cause }),
            Fate::Rings | Fate::Refused(_) => {}
        }
        self.lines.insert(leg, Line { campaign, fate, is_talking: false });
    }

    fn screen(&mut self, leg: LegId) {
        let heard = match self.lines.get(&leg).map(|line| &line.fate) {
            Some(Fate::Answers { screened: Some(heard), .. }) => heard.clone(),
            Some(_) | None => (Verdict::Person, "REPLAYED".to_owned(), SCREENING_TAKES),
        };
        let (verdict, cause, after) = heard;
        self.later(after, SwitchEvent::LegScreened { leg, verdict, cause });
    }

    /// A customer who is put in an agent's room talks for as long as they did; an agent's leg stays.
    fn talk(&mut self, leg: LegId) {
        let Some(line) = self.lines.get_mut(&leg).filter(|line| !line.is_talking) else { return };
        line.is_talking = true;
        let own = match &line.fate {
            Fate::Answers { talks, .. } => *talks,
            Fate::Fails { .. } | Fate::Refused(_) | Fate::Rings => None,
        };
        let campaign = line.campaign;
        let talks = own.or_else(|| next(self.talks.get_mut(&campaign)?)).unwrap_or(TALK_LASTS);
        self.later(SWITCH_TAKES + talks, SwitchEvent::LegEnded { leg, cause: NORMAL });
    }

    fn fetch(&mut self, campaign: CampaignId, count: u16) {
        let now = self.now;
        let stock = self.stock.entry(campaign).or_default();
        let mut leads = Vec::new();
        while leads.len() < usize::from(count) {
            let due = stock.again.first().copied().filter(|(at, _)| *at <= now);
            let lead = match due {
                Some(first) => {
                    stock.again.remove(&first);
                    stock.known.get(&first.1).cloned()
                }
                None => stock.fresh.pop_front(),
            };
            match lead {
                Some(lead) => leads.push(lead),
                None if due.is_none() => break,
                None => {}
            }
        }
        let next_due_at = stock.again.first().map(|(at, _)| *at);
        let law = self.laws.get(&campaign).copied();
        if leads.len() < usize::from(count) {
            self.day.exhausted.entry(campaign).or_insert(now);
        }
        self.answer(StoreEvent::LeadsFetched { campaign, leads, next_due_at, denied: None, law });
    }

    fn closed(&mut self, lead: LeadId, outcome: Outcome, next: LeadNext) {
        for known in self.stock.values_mut().filter_map(|stock| stock.known.get_mut(&lead)) {
            match known.history.iter_mut().find(|(past, _)| *past == outcome) {
                Some((_, count)) => *count += 1,
                None => known.history.push((outcome, 1)),
            }
        }
        if let LeadNext::Again { due_at, phone } = next {
            self.again(lead, due_at, Some(phone));
        }
    }

    fn again(&mut self, lead: LeadId, due_at: Timestamp, phone: Option<u8>) {
        for stock in self.stock.values_mut() {
            if let Some(known) = stock.known.get_mut(&lead) {
                known.next_phone = phone.unwrap_or(known.next_phone);
                stock.again.retain(|(_, other)| *other != lead);
                stock.again.insert((due_at, lead));
            }
        }
    }

    /// A conversation is over: its agent finishes it as they finished their next one in the journal.
    fn finish(&mut self, record: &CallRecord) {
        let Some(agent) = record.agent else { return };
        let Some(finish) = self.finishes.get_mut(&agent).and_then(next) else { return };
        let at = self.now + finish.after + Duration::from_millis(1);
        let callback = finish.callback.map(|(after, personal)| Agreed { at: at + after, personal });
        let request =
            Request::Dispose { agent, call: record.id, code: finish.code, note: String::new(), callback };
        let id = RequestId(self.planned);
        self.plan(at, Input::Request { id, request });
    }
}

/// The first of a ring, which goes to its end.
fn next<T: Clone>(ring: &mut VecDeque<T>) -> Option<T> {
    let first = ring.pop_front()?;
    ring.push_back(first.clone());
    Some(first)
}

/// How dials of each campaign went, in the order in which they were placed.
fn spare(facts: &Facts) -> BTreeMap<CampaignId, VecDeque<Fate>> {
    let first = |lead: &LeadId| {
        let fates = facts.fates.get(lead)?;
        fates.iter().find(|fate| !matches!(fate, Fate::Refused(_))).cloned()
    };
    let of = |leads: &Vec<LeadId>| leads.iter().filter_map(first).collect();
    facts.dialled.iter().map(|(campaign, leads)| (*campaign, of(leads))).collect()
}

/// How long conversations of each campaign were.
fn talks(facts: &Facts) -> BTreeMap<CampaignId, VecDeque<Duration>> {
    let of = |leads: &Vec<LeadId>| {
        let fates = leads.iter().filter_map(|lead| facts.fates.get(lead)).flatten();
        fates
            .filter_map(|fate| match fate {
                Fate::Answers { talks, .. } => *talks,
                Fate::Fails { .. } | Fate::Refused(_) | Fate::Rings => None,
            })
            .collect()
    };
    facts.dialled.iter().map(|(campaign, leads)| (*campaign, of(leads))).collect()
}
