//! What must hold at every step, whatever went wrong. The numbers are those of the list of invariants (I1 ...).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran_engine::command::{Answer, Command, Destination, Refusal, SwitchCommand, Write};
use cadran_engine::dialer::calling_hours::{self, Hours};
use cadran_engine::input::{Input, LegPurpose, QueuePlace, Request, StoreEvent, SwitchEvent};
use cadran_engine::model::{
    AgentId, Attempt, AttemptId, CallId, Campaign, CampaignId, LeadId, LegId, Outcome, QueueId,
    RecordingFacts, RecordingId, RecordingState, Timestamp, TrunkId, Verdict,
};

use crate::passing::Passing;

use crate::plan::{self, Plan};
use crate::rates::Rates;
use crate::report::Tally;
use crate::store::Store;
use crate::supervision::Wrongs;

/// How long after the drop time somebody who answered may have heard nothing: a join and its travel.
const SERVED_SLACK: Duration = Duration::from_millis(500);

/// The news that somebody was joined takes no longer to reach the daemon.
const NEWS_TIME_MAX: Duration = Duration::from_millis(100);

/// A wall clock that goes back by more than this was stepped.
const CLOCK_STEP_MAX: Duration = Duration::from_secs(2);

/// As many attempts may be under way for one agent each.
const AGENTS: usize = 8;

/// More commands than this from one input would be a flood.
const COMMANDS_MAX: usize = 500;

/// What is known of the truth, and what the engine made of it.
#[derive(Debug)]
pub(crate) struct Checks {
    pub(crate) violations: Vec<(Duration, String)>,
    pub(crate) tally: Tally,
    /// When faults last touched what the daemon can know.
    disturbed_at: Timestamp,
    /// What the daemon was told: whether it knows the link, and the database, to be whole.
    knows_link: bool,
    knows_store: bool,
    /// Attempts that were begun since the daemon knew that link or database were away.
    blind_attempts: usize,
    campaigns: Vec<Campaign>,
    pub(crate) dials: BTreeMap<LegId, Dial>,
    dialled: BTreeSet<AttemptId>,
    pub(crate) last_dial: BTreeMap<CampaignId, Timestamp>,
    rates: Rates,
    /// Calls whose recording was paused, by word of the engine.
    pub(crate) paused: BTreeMap<CallId, Timestamp>,
    /// Since when something has been up that the engine does not know.
    pub(crate) orphans: BTreeMap<String, Timestamp>,
    /// Since when somebody has been about to hear an agent.
    pub(crate) joining_since: BTreeMap<CallId, Timestamp>,
    /// Since when an agent has been ready.
    pub(crate) ready_since: BTreeMap<AgentId, Timestamp>,
    /// Where callers waited when they were looked at last, whom no agent was offered.
    pub(crate) places: BTreeMap<CallId, QueuePlace>,
    /// What is not as it should be with supervisors and customers.
    pub(crate) wrongs: Wrongs,
    /// What is under way.
    pub(crate) passing: Passing,
    /// Files that were read back.
    pub(crate) files: BTreeMap<RecordingId, RecordingFacts>,
    /// The wall clock as the daemon was told it: the latest time ever, and the last.
    wall_latest: Timestamp,
    wall: Timestamp,
}

/// A dial as the network saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dial {
    attempt: AttemptId,
    pub(crate) lead: LeadId,
    placed: Timestamp,
    picked_up: Option<Timestamp>,
    connected: Option<Timestamp>,
    message: Option<Timestamp>,
    /// What the network told of it after the answer.
    verdict: Option<Verdict>,
    /// A machine, as the engine was told; it is left a message once it has greeted.
    greets: bool,
    pub(crate) over: Option<Timestamp>,
}

impl Checks {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            violations: Vec::new(),
            tally: Tally::default(),
            disturbed_at: Timestamp::default(),
            knows_link: false,
            knows_store: true,
            blind_attempts: 0,
            campaigns: plan.settings.campaigns.clone(),
            dials: BTreeMap::new(),
            dialled: BTreeSet::new(),
            last_dial: BTreeMap::new(),
            rates: Rates::new(&plan.settings),
            paused: BTreeMap::new(),
            orphans: BTreeMap::new(),
            joining_since: BTreeMap::new(),
            ready_since: BTreeMap::new(),
            places: BTreeMap::new(),
            wrongs: Wrongs::default(),
            passing: Passing::default(),
            files: BTreeMap::new(),
            wall_latest: Timestamp::default(),
            wall: Timestamp::default(),
        }
    }

    pub(crate) fn broken(&mut self, now: Timestamp, what: String) {
        self.violations.push((now.since(plan::START), what));
    }

    /// A fault touched what the daemon can know, at this time or until this time.
    pub(crate) fn disturbed(&mut self, at: Timestamp) {
        self.disturbed_at = self.disturbed_at.max(at);
    }

    pub(crate) fn undisturbed_since(&self, at: Timestamp) -> bool {
        self.disturbed_at < at
    }

    /// An agent did not answer for a caller of a queue: while that was found out, others may have got one.
    pub(crate) fn missed(&mut self, queue: QueueId) {
        self.places.retain(|_, place| place.queue != queue);
    }

    pub(crate) fn daemon_started(&mut self) {
        self.tally.starts += 1;
        self.knows_link = false;
        self.knows_store = true;
        self.rates.forget();
        self.paused.clear();
        self.passing = Passing::default();
        self.places.clear();
        self.wrongs = Wrongs::default();
        self.wall_latest = Timestamp::default();
    }

    pub(crate) fn input(&mut self, input: &Input) {
        self.tally.inputs += 1;
        match input {
            Input::Switch(SwitchEvent::LinkDown) => self.knows_link = false,
            Input::Switch(SwitchEvent::Snapshot(_)) => self.knows_link = true,
            Input::Store(StoreEvent::Away) => self.knows_store = false,
            Input::Store(StoreEvent::Back) => self.knows_store = true,
            Input::WallClock(wall) => {
                self.wall = *wall;
                self.wall_latest = self.wall_latest.max(*wall);
            }
            _ => {}
        }
    }

    pub(crate) fn step(&mut self, commands: &[Command], now: Timestamp) {
        if commands.len() > COMMANDS_MAX {
            self.broken(now, format!("I23: {} commands from one input", commands.len()));
        }
    }

    /// A command that leaves the daemon for Asterisk.
    pub(crate) fn sent(&mut self, command: &SwitchCommand, store: &Store, now: Timestamp, wall: Timestamp) {
        let SwitchCommand::Originate {
            to: Destination::Number { trunk, phone },
            purpose: LegPurpose::Customer { attempt, campaign, .. },
            ..
        } = command
        else {
            return;
        };
        self.last_dial.insert(*campaign, now);
        if !self.knows_link || !self.knows_store {
            self.broken(now, format!("I18: {attempt} is dialled without link or database"));
        }
        if self.wall + CLOCK_STEP_MAX < self.wall_latest {
            self.broken(now, format!("I18: {attempt} is dialled though the clock went back"));
        }
        if !self.dialled.insert(*attempt) {
            self.broken(now, format!("I5: {attempt} is dialled twice"));
        }
        let Some(row) = store.attempts.get(attempt).filter(|row| row.ended.is_none()) else {
            return self.broken(now, format!("I3: {attempt} is dialled, but not durable"));
        };
        if row.attempt.trunk != *trunk || row.attempt.phone != *phone {
            self.broken(now, format!("I3: {attempt} is dialled other than it was saved"));
        }
        self.promise_is_kept(&row.attempt, store, now, wall);
        if store.do_not_call.get(phone).is_some_and(|barred| *barred < row.saved) {
            self.broken(
                now,
                format!("I4: {attempt} is dialled though its number is on the do-not-call list"),
            );
        }
        let zone = store.leads.get(&row.attempt.lead).map(|row| &row.lead.zone);
        let hours =
            self.campaigns.iter().find(|found| found.id == *campaign).map(|found| &found.settings.hours);
        if let Some((zone, hours)) = zone.zip(hours)
            && calling_hours::at(hours, zone, wall) != Hours::Open
        {
            self.broken(now, format!("I4: {attempt} is dialled outside calling hours"));
        }
    }

    /// A lead that an agent promised to call themself waits for that agent first. Whoever dials by hand knows better.
    fn promise_is_kept(&mut self, attempt: &Attempt, store: &Store, now: Timestamp, wall: Timestamp) {
        let promise = store.leads.get(&attempt.lead).and_then(|row| row.lead.promise);
        let campaign = self.campaigns.iter().find(|found| found.id == attempt.campaign);
        let Some((promise, campaign)) = promise.zip(campaign) else { return };
        let alone_until = promise.due_at + campaign.settings.callbacks.grace;
        if wall < alone_until && attempt.agent != Some(promise.agent) && attempt.by_hand.is_none() {
            let what =
                format!("I25: {} was promised by {}, and is dialled without", attempt.id, promise.agent);
            self.broken(now, what);
        }
    }

    /// A write that leaves the daemon for the database.
    pub(crate) fn write(&mut self, write: &Write, now: Timestamp) {
        match write {
            Write::SaveAttempt(attempt) => {
                self.count_blind(now);
                if let Some(limit) = self.rates.placed(attempt.campaign, attempt.trunk, now) {
                    self.broken(now, format!("calls per second of {limit} are over the limit"));
                }
            }
            Write::CloseAttempt { attempt, outcome, .. } => {
                self.tally.drops += u64::from(*outcome == Outcome::Dropped);
                self.judge_outcome(*attempt, *outcome, now);
            }
            Write::CloseRecording { recording, state, .. } => {
                self.tally.recordings += 1;
                self.judge_recording(*recording, state, now);
            }
            Write::SaveAgentState { agent, state, .. } if *state != "wrap_up" => {
                self.passing.wrap_up_over(*agent);
            }
            _ => {}
        }
    }

    /// I11: what is called verified was read back, and is what was found.
    fn judge_recording(&mut self, recording: RecordingId, state: &RecordingState, now: Timestamp) {
        if let RecordingState::Verified(facts) = state
            && self.files.get(&recording) != Some(facts)
        {
            self.broken(now, format!("I11: {recording} is called verified, but there is no such file"));
        }
    }

    /// Agents whose phones were ringing first may still come to their turn; nobody else begins to dial.
    fn count_blind(&mut self, now: Timestamp) {
        if self.knows_link && self.knows_store {
            self.blind_attempts = 0;
            return;
        }
        self.blind_attempts += 1;
        if self.blind_attempts > AGENTS {
            self.broken(now, "I18: attempts are begun without link or database".to_owned());
        }
    }

    /// The outcome that was written is the truth, where nothing kept the daemon from knowing it.
    fn judge_outcome(&mut self, attempt: AttemptId, outcome: Outcome, now: Timestamp) {
        let Some(dial) = self.dials.values().find(|dial| dial.attempt == attempt).copied() else {
            return;
        };
        if outcome == Outcome::Machine && dial.verdict != Some(Verdict::Machine) {
            self.broken(now, format!("I25: {attempt} counts as a machine: {dial:?}"));
        }
        if !self.undisturbed_since(dial.placed) {
            return;
        }
        let machine = outcome == Outcome::Machine;
        let right = match (dial.picked_up, dial.connected, dial.message) {
            (None, _, _) => !outcome.was_answered(),
            // Who is told to end while the news of their joining is on its way is counted as if they had met nobody.
            (Some(_), Some(joined), None) if outcome == Outcome::Dropped => {
                dial.over.is_some_and(|over| over.since(joined) < NEWS_TIME_MAX)
            }
            (Some(_), Some(_), None) => outcome == Outcome::Answered,
            (Some(_), _, Some(_)) => machine || outcome == Outcome::Dropped,
            (Some(_), None, None) => machine || outcome.was_answered(),
        };
        if !right {
            self.broken(now, format!("I7: {attempt} closed as {}: {dial:?}", outcome.as_str()));
        }
    }

    pub(crate) fn dial_seen(&mut self, leg: LegId, attempt: AttemptId, lead: LeadId, now: Timestamp) {
        self.tally.dials += 1;
        let twin = self.dials.values().find(|dial| dial.lead == lead && dial.over.is_none()).copied();
        if let Some(twin) = twin.filter(|twin| self.undisturbed_since(twin.placed)) {
            self.broken(now, format!("I2: {lead} is in {attempt} and {}", twin.attempt));
        }
        let dial = Dial {
            attempt,
            lead,
            placed: now,
            picked_up: None,
            connected: None,
            message: None,
            verdict: None,
            greets: false,
            over: None,
        };
        self.dials.insert(leg, dial);
    }

    pub(crate) fn picked_up(&mut self, leg: LegId, now: Timestamp) {
        self.tally.answers += 1;
        if let Some(dial) = self.dials.get_mut(&leg) {
            dial.picked_up = Some(now);
        }
    }

    pub(crate) fn connected(&mut self, leg: LegId, now: Timestamp) {
        if let Some(dial) = self.dials.get_mut(&leg) {
            self.tally.connected += u64::from(dial.connected.is_none());
            dial.connected.get_or_insert(now);
        }
    }

    pub(crate) fn message_began(&mut self, leg: LegId, now: Timestamp) {
        if let Some(dial) = self.dials.get_mut(&leg) {
            dial.message.get_or_insert(now);
        }
    }

    pub(crate) fn screened(&mut self, leg: LegId, verdict: Verdict) {
        if let Some(dial) = self.dials.get_mut(&leg) {
            dial.verdict = Some(verdict);
        }
    }

    pub(crate) fn greeting_began(&mut self, leg: LegId) {
        if let Some(dial) = self.dials.get_mut(&leg) {
            dial.greets = true;
        }
    }

    /// Somebody who answered heard an agent or the message in time, or left before. A machine that greets may take
    /// its time.
    pub(crate) fn dial_over(&mut self, leg: LegId, now: Timestamp) {
        let Some(dial) = self.dials.get_mut(&leg) else {
            return;
        };
        dial.over = Some(now);
        let dial = *dial;
        let Some(picked_up) = dial.picked_up else { return };
        let served = [dial.connected, dial.message, Some(now)].into_iter().flatten().min();
        let waited = served.unwrap_or(now).since(picked_up);
        let in_time = dial.greets || waited <= Duration::from_secs(2) + SERVED_SLACK;
        if !in_time && self.undisturbed_since(dial.placed) {
            self.broken(now, format!("I7: waited {waited:?} for anybody: {dial:?}"));
        }
    }

    /// Trunks that carry more calls than they may, by what is up in the network.
    pub(crate) fn trunk_load(&mut self, trunk: TrunkId, calls: u32, now: Timestamp) {
        if self.undisturbed_since(now - Duration::from_secs(40))
            && let Some(max) = self.rates.concurrent_max(trunk).filter(|max| calls > *max)
        {
            self.broken(now, format!("{trunk} carries {calls} calls of {max}"));
        }
    }

    /// What the engine answered to a person.
    pub(crate) fn answered(&mut self, request: &Request, answer: &Result<Answer, Refusal>, now: Timestamp) {
        if answer.is_err() {
            return;
        }
        match request {
            Request::MaskRecording { call, .. } => {
                self.paused.insert(*call, now);
            }
            Request::StartRecording { call }
            | Request::UnmaskRecording { call }
            | Request::StopRecording { call } => {
                self.paused.remove(call);
            }
            _ => {}
        }
    }
}
