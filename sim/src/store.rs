//! A database in memory, with the meaning of the real one: claims, write-before-dial, refusals, recovery.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cadran_engine::command::{DispositionRecord, LeadNext, Write};
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::dialer::drop_ledger::{DropCounts, DropLedger};
use cadran_engine::input::{AttemptRefusal, OpenRecording, OpenSession, Recovery, StoreEvent};
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::incoming::{CallbackStanding, CallerCallback, CallerRecord};
use cadran_engine::model::{
    AgentId, Attempt, AttemptId, ByHand, CallId, CampaignId, Lead, LeadId, LeadState, Outcome, Phone,
    Promise, RecordingId, RecordingState, SessionId, Supervised, SupervisionEnd, SupervisionId, Timestamp,
};

use crate::plan::MACHINE;

/// Everything that is durable.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) leads: BTreeMap<LeadId, LeadRow>,
    pub(crate) attempts: BTreeMap<AttemptId, AttemptRow>,
    pub(crate) calls: BTreeMap<CallId, CallRecord>,
    pub(crate) callers: BTreeMap<CallId, CallerRecord>,
    /// Promises to callers, and how they stand.
    pub(crate) callbacks: BTreeMap<CallId, (CallerCallback, CallbackStanding)>,
    pub(crate) sessions: BTreeMap<SessionId, SessionRow>,
    pub(crate) recordings: BTreeMap<RecordingId, RecordingRow>,
    /// Acts of supervision.
    pub(crate) acts: BTreeMap<SupervisionId, ActRow>,
    pub(crate) dispositions: BTreeMap<CallId, DispositionRecord>,
    /// Numbers that must not be called, each with the count of changes at which it was barred.
    pub(crate) do_not_call: BTreeMap<Phone, u64>,
    /// Counts attempts that were saved and numbers that were barred, in order.
    changes: u64,
    /// It does not answer.
    pub(crate) away: bool,
    /// How often it has gone away.
    pub(crate) departures: u32,
    /// Written by the daemon, not durable yet. Lost with the daemon.
    queue: VecDeque<Job>,
}

#[derive(Clone, Debug)]
pub(crate) struct LeadRow {
    pub(crate) lead: Lead,
    pub(crate) campaign: CampaignId,
    pub(crate) state: LeadState,
    pub(crate) due_at: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct AttemptRow {
    pub(crate) attempt: Attempt,
    /// The count of changes at which it became durable.
    pub(crate) saved: u64,
    pub(crate) ended: Option<(Outcome, Timestamp)>,
    /// That whoever answered and found nobody was a person.
    person_chance: f64,
}

#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub(crate) open: OpenSession,
    pub(crate) closed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ActRow {
    pub(crate) act: Supervised,
    pub(crate) ended: Option<SupervisionEnd>,
}

#[derive(Clone, Debug)]
pub(crate) struct RecordingRow {
    pub(crate) started_at: Timestamp,
    pub(crate) masked_since: Option<Timestamp>,
    pub(crate) state: RecordingState,
}

#[derive(Debug)]
enum Job {
    Write(Write),
    /// An attempt that was refused while the database was away, and must leave no trace.
    TakeBack(Attempt),
}

impl Store {
    pub(crate) fn new(leads: &[(CampaignId, Lead)], now: Timestamp) -> Self {
        let row = |(campaign, lead): &(CampaignId, Lead)| {
            let row =
                LeadRow { lead: lead.clone(), campaign: *campaign, state: LeadState::Waiting, due_at: now };
            (lead.id, row)
        };
        Self { leads: leads.iter().map(row).collect(), ..Self::default() }
    }

    /// Takes a write in. While away, an attempt is refused at once.
    pub(crate) fn take(&mut self, write: Write) -> Option<StoreEvent> {
        match write {
            Write::SaveAttempt(attempt) if self.away => {
                let event = refused(&attempt, AttemptRefusal::StoreAway);
                self.queue.push_back(Job::TakeBack(*attempt));
                Some(event)
            }
            other => {
                self.queue.push_back(Job::Write(other));
                None
            }
        }
    }

    /// Makes durable what waits. Answers attempts, in order.
    pub(crate) fn commit(&mut self, faults: &mut Vec<String>) -> Vec<StoreEvent> {
        let mut answers = Vec::new();
        while !self.away
            && let Some(job) = self.queue.pop_front()
        {
            match job {
                Job::Write(write) => answers.extend(self.apply(write, faults)),
                Job::TakeBack(attempt) => self.take_back(&attempt),
            }
        }
        answers
    }

    /// The database goes away. Attempts that wait are refused; `committed` says that they had become durable and
    /// only the answer was lost.
    pub(crate) fn go_away(&mut self, committed: bool) -> Vec<StoreEvent> {
        let mut answers = Vec::new();
        for job in std::mem::take(&mut self.queue) {
            let kept = match job {
                Job::Write(Write::SaveAttempt(attempt)) => {
                    if committed {
                        self.save_attempt(&attempt, &mut Vec::new());
                    }
                    answers.push(refused(&attempt, AttemptRefusal::StoreAway));
                    Job::TakeBack(*attempt)
                }
                other => other,
            };
            self.queue.push_back(kept);
        }
        self.away = true;
        self.departures += 1;
        answers.push(StoreEvent::Away);
        answers
    }

    /// The daemon died: what it had not made durable is lost, what it had claimed is free.
    pub(crate) fn recover(&mut self) -> Recovery {
        self.queue.clear();
        for row in self.leads.values_mut().filter(|row| row.state == LeadState::Claimed) {
            row.state = LeadState::Waiting;
        }
        for row in self.acts.values_mut() {
            row.ended.get_or_insert(SupervisionEnd::Restart);
        }
        let open = self.attempts.values().filter(|row| row.ended.is_none());
        Recovery {
            attempts: open
                .filter_map(|row| {
                    Some((row.attempt.clone(), self.leads.get(&row.attempt.lead)?.lead.clone()))
                })
                .collect(),
            sessions: self.sessions.values().filter(|row| !row.closed).map(|row| row.open.clone()).collect(),
            recordings: self
                .recordings
                .iter()
                .filter(|(_, row)| row.state == RecordingState::Open)
                .map(|(recording, row)| OpenRecording {
                    recording: *recording,
                    started_at: row.started_at,
                    masked_since: row.masked_since,
                })
                .collect(),
            latest_recordings: self.latest_recordings(),
            drops: self.drops(),
            machines: self.machines(),
            learnt: Vec::new(),
            callbacks: self
                .callbacks
                .values()
                .filter(|(_, standing)| *standing == CallbackStanding::Open)
                .map(|(callback, _)| callback.clone())
                .collect(),
        }
    }

    fn mask(&mut self, recording: RecordingId, since: Option<Timestamp>) {
        if let Some(row) = self.recordings.get_mut(&recording) {
            row.masked_since = since;
        }
    }

    fn latest_recordings(&self) -> Vec<RecordingId> {
        let open = self.attempts.values().filter(|row| row.ended.is_none());
        let of_call = |call| self.recordings.keys().rfind(|recording| recording.call == call).copied();
        let of_attempts = open.filter_map(|row| of_call(row.attempt.call));
        // Of callers, by their last part, who may be there yet.
        let dialled: BTreeSet<CallId> = self.attempts.values().map(|row| row.attempt.call).collect();
        let theirs = self.recordings.keys().map(|recording| recording.call);
        let theirs: BTreeSet<CallId> =
            theirs.filter(|call| !dialled.contains(call) && !self.callers.contains_key(call)).collect();
        of_attempts.chain(theirs.into_iter().filter_map(of_call)).collect()
    }

    /// Whether the agent said, the last time, that a machine had answered.
    fn was_machine(&self, row: &AttemptRow) -> bool {
        self.dispositions.get(&row.attempt.call).is_some_and(|record| record.code == MACHINE)
    }

    fn machines(&self) -> Vec<CallId> {
        let open = self.attempts.values().filter(|row| row.ended.is_none());
        open.filter(|row| self.was_machine(row)).map(|row| row.attempt.call).collect()
    }

    fn drops(&self) -> Vec<(CampaignId, Timestamp, DropCounts)> {
        let bucket = i64::try_from(DropLedger::BUCKET.as_millis()).unwrap_or(i64::MAX);
        let mut sums: BTreeMap<(CampaignId, i64), DropCounts> = BTreeMap::new();
        for row in self.attempts.values() {
            let Some((_, at)) = row.ended.filter(|(outcome, _)| outcome.was_answered()) else { continue };
            let start = at.as_millis() / bucket * bucket;
            self.count(row, sums.entry((row.attempt.campaign, start)).or_default());
        }
        sums.into_iter()
            .map(|((campaign, start), counts)| (campaign, Timestamp::from_millis(start), counts))
            .collect()
    }

    /// Everybody who answered calls of a campaign, as the rows say.
    pub(crate) fn counts(&self, campaign: CampaignId) -> DropCounts {
        let mut counts = DropCounts::default();
        for row in self.attempts.values().filter(|row| row.attempt.campaign == campaign) {
            self.count(row, &mut counts);
        }
        counts
    }

    fn count(&self, row: &AttemptRow, counts: &mut DropCounts) {
        match row.ended {
            Some((Outcome::Dropped, _)) => counts.add_unserved(row.person_chance),
            Some((outcome, _)) if outcome.was_answered() && !self.was_machine(row) => counts.served += 1,
            Some(_) | None => {}
        }
    }

    /// A lead was claimed, and the daemon never heard of it.
    pub(crate) fn free_claim(&mut self, lead: LeadId) {
        if let Some(row) = self.leads.get_mut(&lead).filter(|row| row.state == LeadState::Claimed) {
            row.state = LeadState::Waiting;
        }
    }

    /// Leads for a hopper: `count` at most, and if fewer, when the next one falls due.
    pub(crate) fn claim(
        &mut self,
        campaign: CampaignId,
        count: u16,
        wall: Timestamp,
    ) -> (Vec<Lead>, Option<Timestamp>) {
        let mut leads = Vec::new();
        for row in self.leads.values_mut() {
            let waits = row.campaign == campaign && row.state == LeadState::Waiting && row.due_at <= wall;
            if !waits || leads.len() >= usize::from(count) {
                continue;
            }
            if self.do_not_call.contains_key(&row.lead.phone_to_dial()) {
                row.state = LeadState::Done;
                continue;
            }
            row.state = LeadState::Claimed;
            leads.push(row.lead.clone());
        }
        let waiting =
            self.leads.values().filter(|row| row.campaign == campaign && row.state == LeadState::Waiting);
        let next = waiting.map(|row| row.due_at).min();
        let fewer = leads.len() < usize::from(count);
        (leads, next.filter(|_| fewer))
    }

    fn apply(&mut self, write: Write, faults: &mut Vec<String>) -> Option<StoreEvent> {
        match write {
            Write::SaveAttempt(attempt) => return Some(self.save_attempt(&attempt, faults)),
            Write::CloseAttempt { attempt, outcome, ended_at, person_chance, lead, next, .. } => {
                if let (Some(row), Some(chance)) = (self.attempts.get_mut(&attempt), person_chance) {
                    row.person_chance = chance;
                }
                self.close_attempt(attempt, outcome, ended_at, lead, next, faults)
            }
            Write::SaveCall(record) => {
                self.calls.insert(record.id, *record);
            }
            Write::ReleaseLead { lead, due_at } => {
                if let Some(row) = self.leads.get_mut(&lead).filter(|row| row.state == LeadState::Claimed) {
                    row.state = LeadState::Waiting;
                    row.due_at = due_at;
                } else {
                    faults.push(format!("I1: {lead} released, but not claimed"));
                }
            }
            Write::OpenRecording { recording, started_at, .. } => {
                let row = RecordingRow { started_at, masked_since: None, state: RecordingState::Open };
                if self.recordings.insert(recording, row).is_some() {
                    faults.push(format!("I11: {recording} opened twice"));
                }
            }
            Write::OpenGap { recording, at, .. } => self.mask(recording, Some(at)),
            Write::CloseGap { recording, .. } => self.mask(recording, None),
            Write::CloseRecording { recording, state, .. } => match self.recordings.get_mut(&recording) {
                Some(row) => row.state = state,
                None => faults.push(format!("I11: {recording} closed, but never opened")),
            },
            Write::SaveDisposition(record) => self.save_disposition(*record),
            Write::OpenSupervision(act) => {
                let id = act.id;
                if self.acts.insert(id, ActRow { act: *act, ended: None }).is_some() {
                    faults.push(format!("I13: {id} opened twice"));
                }
            }
            Write::CloseSupervision { act, end, .. } => match self.acts.get_mut(&act) {
                Some(row) if row.ended.is_none() => row.ended = Some(end),
                Some(_) => faults.push(format!("I13: {act} closed twice")),
                None => faults.push(format!("I13: {act} closed, but never opened")),
            },
            Write::SaveCaller(record) => {
                self.callers.insert(record.id, *record);
            }
            Write::SaveCallback { callback, standing, .. } => {
                self.callbacks.insert(callback.id, (*callback, standing));
            }
            Write::SaveCallerDisposition(_)
            | Write::SaveMessage(_)
            | Write::SaveAnswers { .. }
            | Write::TagCall { .. }
            | Write::SavePacing { .. }
            | Write::SaveLearnt { .. } => {}
            Write::OpenSession { session, agent, campaigns, .. } => {
                let open = OpenSession { session, agent, campaigns, ready: false };
                self.sessions.insert(session, SessionRow { open, closed: false });
            }
            Write::SaveAgentState { session, state, .. } => {
                if let Some(row) = self.sessions.get_mut(&session) {
                    row.open.ready = !matches!(state, "paused" | "lost" | "supervising");
                }
            }
            Write::CloseSession { session, .. } => {
                if let Some(row) = self.sessions.get_mut(&session) {
                    row.closed = true;
                }
            }
        }
        None
    }

    fn save_attempt(&mut self, attempt: &Attempt, faults: &mut Vec<String>) -> StoreEvent {
        let repeats = |by_hand: &ByHand| by_hand.key.is_some() && self.is_known(attempt.agent, by_hand);
        if attempt.by_hand.as_ref().is_some_and(repeats) {
            return refused(attempt, AttemptRefusal::LeadGone);
        }
        let is_by_hand = attempt.by_hand.is_some();
        let may_be_taken = |row: &&mut LeadRow| match row.state {
            LeadState::Claimed => true,
            LeadState::Waiting | LeadState::Done => is_by_hand,
            LeadState::InAttempt => false,
        };
        let Some(row) = self.leads.get_mut(&attempt.lead).filter(may_be_taken) else {
            return refused(attempt, AttemptRefusal::LeadGone);
        };
        if self.do_not_call.contains_key(&attempt.phone) {
            // Whom an agent may not dial by hand stays where they were.
            row.state = if is_by_hand { row.state } else { LeadState::Done };
            return refused(attempt, AttemptRefusal::Forbidden(Reason::InternalDnc));
        }
        let open = |row: &&AttemptRow| row.attempt.lead == attempt.lead && row.ended.is_none();
        if let Some(other) = self.attempts.values().find(open) {
            faults.push(format!("I2: {} has {} and {}", attempt.lead, other.attempt.id, attempt.id));
        }
        row.state = LeadState::InAttempt;
        self.changes += 1;
        let kept =
            AttemptRow { attempt: attempt.clone(), saved: self.changes, ended: None, person_chance: 1.0 };
        self.attempts.insert(attempt.id, kept);
        StoreEvent::AttemptSaved { attempt: attempt.id, obligations: Vec::new() }
    }

    /// Whether an attempt of this agent has this key.
    fn is_known(&self, agent: Option<AgentId>, by_hand: &ByHand) -> bool {
        let same = |row: &AttemptRow| {
            let known = row.attempt.by_hand.as_ref();
            row.attempt.agent == agent && known.is_some_and(|known| known.key == by_hand.key)
        };
        self.attempts.values().any(same)
    }

    fn take_back(&mut self, attempt: &Attempt) {
        if self.attempts.remove(&attempt.id).is_some()
            && let Some(row) = self.leads.get_mut(&attempt.lead)
        {
            row.state = match &attempt.by_hand {
                Some(ByHand { lead_was_done: true, .. }) => LeadState::Done,
                Some(ByHand { lead_was_done: false, .. }) => LeadState::Waiting,
                None => LeadState::Claimed,
            };
        }
    }

    fn close_attempt(
        &mut self,
        attempt: AttemptId,
        outcome: Outcome,
        ended_at: Timestamp,
        lead: LeadId,
        next: LeadNext,
        faults: &mut Vec<String>,
    ) {
        let Some(row) = self.attempts.get_mut(&attempt) else {
            return faults.push(format!("I5: {attempt} closed, but never saved"));
        };
        if row.ended.is_some() {
            return faults.push(format!("I5: {attempt} closed twice"));
        }
        row.ended = Some((outcome, ended_at));
        let call = row.attempt.call;
        if let Some(row) = self.leads.get_mut(&lead) {
            match row.lead.history.iter_mut().find(|(past, _)| *past == outcome) {
                Some((_, count)) => *count += 1,
                None => row.lead.history.push((outcome, 1)),
            }
        }
        if outcome == Outcome::Answered
            && !self.dispositions.contains_key(&call)
            && let Some(row) = self.leads.get_mut(&lead)
        {
            row.lead.promise = None;
        }
        let next = self.dispositions.get(&call).map_or(next, |said| said.next);
        self.settle(lead, next);
    }

    /// What the agent says counts at the end of the attempt, or at once when it has ended.
    fn save_disposition(&mut self, record: DispositionRecord) {
        if record.do_not_call {
            self.changes += 1;
            self.do_not_call.entry(record.phone).or_insert(self.changes);
        }
        let (call, lead, next) = (record.call, record.lead, record.next);
        let promise = record.callback.filter(|agreed| agreed.personal);
        let promise = promise.map(|agreed| Promise { agent: record.agent, due_at: agreed.at });
        // A lead in hand keeps its course.
        if let Some(row) = self.leads.get_mut(&lead).filter(|row| row.state != LeadState::Claimed) {
            row.lead.promise = promise;
        }
        self.dispositions.insert(call, record);
        let open = |row: &AttemptRow| row.attempt.lead == lead && row.ended.is_none();
        if !self.attempts.values().any(open) {
            self.settle(lead, next);
        }
    }

    fn settle(&mut self, lead: LeadId, next: LeadNext) {
        let Some(row) = self.leads.get_mut(&lead).filter(|row| row.state != LeadState::Claimed) else {
            return;
        };
        match next {
            LeadNext::Done => row.state = LeadState::Done,
            LeadNext::Again { due_at, phone } => {
                row.state = LeadState::Waiting;
                row.due_at = due_at;
                row.lead.next_phone = phone;
            }
        }
    }
}

fn refused(attempt: &Attempt, refusal: AttemptRefusal) -> StoreEvent {
    StoreEvent::AttemptRefused { attempt: attempt.id, refusal }
}
