//! What a journal tells of a day that would have been so whatever the settings: who works when, who is on the lists, how
//! people take a call, and how agents finish one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cadran_engine::command::{Agreed, Command, SwitchCommand, Write};
use cadran_engine::dialer::compliance::PaceLaw;
use cadran_engine::input::{
    AttemptRefusal, Input, LegPurpose, Recovery, Request, Settings, StoreEvent, SwitchEvent,
};
use cadran_engine::model::{
    AgentId, AttemptId, CallId, CampaignId, HangupCause, Lead, LeadId, LegId, Timestamp, TrunkId, Verdict,
};

/// How somebody takes a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// They pick up.
    Answers {
        /// After so much ringing.
        after: Duration,
        /// What machine detection makes of them, and after how long; none when it was not asked.
        screened: Option<(Verdict, String, Duration)>,
        /// How long they wait for an agent by themselves; none: for as long as they did.
        patience: Option<Duration>,
        /// How long they talk with one; none when they never did.
        talks: Option<Duration>,
    },
    /// The network ends the dial.
    Fails {
        /// After so long.
        after: Duration,
        /// For this reason.
        cause: HangupCause,
    },
    /// It rings for as long as we let it.
    Rings,
    /// The store refuses the attempt.
    Refused(AttemptRefusal),
}

/// How an agent finished a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Finish {
    /// How long after its end they said what came of it; at once when they said so before.
    pub(super) after: Duration,
    /// One of the campaign's dispositions.
    pub(super) code: String,
    /// After how long they call again, when they agreed to.
    pub(super) callback: Option<(Duration, bool)>,
}

/// What was going on apart from calls.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    Request(Request),
    Settings(Settings),
    Trunk(TrunkId, bool),
    WallClock(Timestamp),
}

/// A day.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) recovery: Option<Recovery>,
    /// In the order of time.
    pub(super) happenings: Vec<(Timestamp, Happening)>,
    /// In the order in which they were fetched.
    pub(super) leads: BTreeMap<CampaignId, Vec<Lead>>,
    /// How far the rule packs let each campaign dial ahead, by its latest leads.
    pub(super) laws: BTreeMap<CampaignId, PaceLaw>,
    /// What became of the dials of each lead, the first first.
    pub(super) fates: BTreeMap<LeadId, VecDeque<Fate>>,
    /// The leads of each campaign's dials, in the order of the dials.
    pub(super) dialled: BTreeMap<CampaignId, Vec<LeadId>>,
    pub(super) finishes: BTreeMap<AgentId, Vec<Finish>>,
}

/// Gathers the facts while a journal is replayed.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathering {
    facts: Facts,
    dials: BTreeMap<LegId, Dial>,
    /// Leads of attempts that are being made durable.
    attempts: BTreeMap<AttemptId, (CampaignId, LeadId)>,
    /// When the calls of agents ended.
    ended: BTreeMap<CallId, Timestamp>,
}

/// A dial under way.
#[derive(Clone, Debug)]
struct Dial {
    lead: LeadId,
    /// Its place among the fates of the lead.
    place: usize,
    placed_at: Timestamp,
    up_at: Option<Timestamp>,
    joined_at: Option<Timestamp>,
    screened: Option<(Verdict, String, Duration)>,
    /// We told it to end, or played a message.
    is_ours: bool,
}

impl Gathering {
    /// Takes in one input and what the engine made of it.
    pub(super) fn note(&mut self, at: Timestamp, input: &Input, commands: &[Command]) {
        self.input(at, input);
        commands.iter().for_each(|command| self.command(at, command));
    }

    /// The day, when all of it was taken in.
    pub(super) fn facts(self) -> Facts {
        self.facts
    }

    fn input(&mut self, at: Timestamp, input: &Input) {
        match input {
            Input::Switch(event) => self.switch_event(at, event),
            Input::Store(StoreEvent::Recovered(recovery)) => {
                // What was up when the day began cannot go on in another one.
                let recovery = Recovery {
                    attempts: Vec::new(),
                    recordings: Vec::new(),
                    latest_recordings: Vec::new(),
                    ..recovery.clone()
                };
                self.facts.recovery.get_or_insert(recovery);
            }
            Input::Store(StoreEvent::LeadsFetched { campaign, leads, law, .. }) => {
                self.facts.laws.extend(law.map(|law| (*campaign, law)));
                let known = self.facts.leads.entry(*campaign).or_default();
                for lead in leads {
                    if !known.iter().any(|other| other.id == lead.id) {
                        known.push(lead.clone());
                    }
                }
            }
            Input::Store(StoreEvent::AttemptRefused { attempt, refusal }) => {
                let lawful = matches!(refusal, AttemptRefusal::StoreAway);
                if let Some((_, lead)) = self.attempts.remove(attempt).filter(|_| !lawful) {
                    self.facts.fates.entry(lead).or_default().push_back(Fate::Refused(*refusal));
                }
            }
            Input::Request { request, .. } => self.request(at, request),
            Input::Settings(settings) => self.happens(at, Happening::Settings(Settings::clone(settings))),
            Input::WallClock(wall) => self.happens(at, Happening::WallClock(*wall)),
            // What callers looked up belongs to their calls.
            Input::LookedUp { .. } | Input::Store(_) | Input::Stopping | Input::Tick => {}
        }
    }

    fn request(&mut self, at: Timestamp, request: &Request) {
        match request {
            Request::Dispose { agent, call, code, callback, .. } => {
                let after = self.ended.get(call).map_or(Duration::ZERO, |ended| at.since(*ended));
                let wait = |agreed: &Agreed| (agreed.at.since(at), agreed.personal);
                let finish = Finish { after, code: code.clone(), callback: callback.as_ref().map(wait) };
                self.facts.finishes.entry(*agent).or_default().push(finish);
            }
            Request::DialByHand { .. }
            | Request::DialPreview { .. }
            | Request::KeepPreview { .. }
            | Request::LogIn { .. }
            | Request::LogOut { .. }
            | Request::NextLead { .. }
            | Request::Pause { .. }
            | Request::Ready { .. }
            | Request::SkipPreview { .. }
            | Request::StopDialling { .. } => self.happens(at, Happening::Request(request.clone())),
            // They are about one call, which another day does not have.
            Request::BookCallback { .. }
            | Request::CloseTap { .. }
            | Request::CompleteTransfer { .. }
            | Request::Follow { .. }
            | Request::HangUp { .. }
            | Request::Hold { .. }
            | Request::JoinAll { .. }
            | Request::MarkPrivate { .. }
            | Request::MaskRecording { .. }
            | Request::OpenTap { .. }
            | Request::Resume { .. }
            | Request::StartRecording { .. }
            | Request::StopRecording { .. }
            | Request::StopSupervising { .. }
            | Request::Supervise { .. }
            | Request::Transfer { .. }
            | Request::UnmaskRecording { .. }
            | Request::WithdrawCallback { .. }
            | Request::WithdrawSupervision { .. }
            | Request::View => {}
        }
    }

    fn switch_event(&mut self, at: Timestamp, event: &SwitchEvent) {
        match event {
            SwitchEvent::LegUp { leg } => {
                if let Some(dial) = self.dials.get_mut(leg) {
                    dial.up_at.get_or_insert(at);
                }
            }
            SwitchEvent::LegJoined { leg, .. } => {
                if let Some(dial) = self.dials.get_mut(leg) {
                    dial.joined_at.get_or_insert(at);
                }
            }
            SwitchEvent::LegScreened { leg, verdict, cause } => {
                if let Some(dial) = self.dials.get_mut(leg) {
                    let after = dial.up_at.map_or(Duration::ZERO, |up| at.since(up));
                    dial.screened = Some((*verdict, cause.clone(), after));
                }
            }
            SwitchEvent::LegEnded { leg, cause } => {
                if let Some(dial) = self.dials.remove(leg) {
                    let fates = self.facts.fates.get_mut(&dial.lead);
                    if let Some(known) = fates.and_then(|fates| fates.get_mut(dial.place)) {
                        *known = dial.fate(at, *cause);
                    }
                }
            }
            SwitchEvent::TrunkReachable { trunk, reachable } => {
                self.happens(at, Happening::Trunk(*trunk, *reachable));
            }
            _ => {}
        }
    }

    fn command(&mut self, at: Timestamp, command: &Command) {
        match command {
            Command::Write(Write::SaveAttempt(attempt)) => {
                self.attempts.insert(attempt.id, (attempt.campaign, attempt.lead));
            }
            Command::Write(Write::SaveCall(record)) => {
                self.ended.insert(record.id, at);
            }
            Command::Switch(SwitchCommand::Originate {
                leg,
                purpose: LegPurpose::Customer { lead, attempt, campaign, .. },
                ..
            }) => {
                self.attempts.remove(attempt);
                self.facts.dialled.entry(*campaign).or_default().push(*lead);
                let fates = self.facts.fates.entry(*lead).or_default();
                let place = fates.len();
                // Until its end is known.
                fates.push_back(Fate::Rings);
                let dial = Dial {
                    lead: *lead,
                    place,
                    placed_at: at,
                    up_at: None,
                    joined_at: None,
                    screened: None,
                    is_ours: false,
                };
                self.dials.insert(*leg, dial);
            }
            Command::Switch(SwitchCommand::HangUp { leg } | SwitchCommand::Play { leg, .. }) => {
                if let Some(dial) = self.dials.get_mut(leg) {
                    dial.is_ours = true;
                }
            }
            _ => {}
        }
    }

    fn happens(&mut self, at: Timestamp, happening: Happening) {
        self.facts.happenings.push((at, happening));
    }
}

impl Dial {
    fn fate(self, ended_at: Timestamp, cause: HangupCause) -> Fate {
        match self.up_at {
            None if self.is_ours => Fate::Rings,
            None => Fate::Fails { after: ended_at.since(self.placed_at), cause },
            Some(up) => Fate::Answers {
                after: up.since(self.placed_at),
                screened: self.screened,
                patience: (!self.is_ours && self.joined_at.is_none()).then(|| ended_at.since(up)),
                talks: self.joined_at.map(|joined| ended_at.since(joined)),
            },
        }
    }
}
