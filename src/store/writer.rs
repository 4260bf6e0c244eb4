//! The task that keeps what the engine says: in order, in groups, and through times without a database.
//!
//! Here -> (commit fails) -> Away -> (ping succeeds, everything that waited is stored) -> Here
//! Invariant: a write leaves the backlog only when it is durable or when the database refuses it for good.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use cadran_engine::command::Write;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{Attempt, CampaignId, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use super::attempt::Saving;
use super::db::{Db, Lane, Tx};
use super::lease::Lease;
use super::person::{self, Persons, each_once};
use super::webhook::{self, EventKind};
use super::write::{Desk, apply, subject};
use super::{Error, Store, attempt, claim, event, supervision};

/// Writes that may wait. Without dialling only the calls in progress and the agents at work cause any, so this lasts
/// for hours without a database; it takes 30 MB at most.
pub const WRITES_MAX: usize = 65_536;
/// Writes in one transaction. One `fsync` for all of them; a larger group would only delay the first.
const GROUP_MAX: usize = 256;
/// How long the first write of a group waits for others. Nobody notices it before a dial, and at fifty calls a second
/// there are a tenth as many transactions.
const GROUP_WAIT: Duration = Duration::from_millis(20);
/// A group that is not durable by then counts as failed, and the database as away.
const COMMIT_DEADLINE: Duration = Duration::from_secs(5);
/// When a lead is due again whose attempt the database refused for good: long enough for somebody to see why.
const REFUSED_FOR: Duration = Duration::from_secs(600);
/// Between two looks at a database that is away: the first, doubled until the last.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// What one look may take.
const LOOK_DEADLINE: Duration = Duration::from_secs(2);

/// More writes wait than may. They are [`WRITES_MAX`]; the daemon cannot keep its promises any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{WRITES_MAX} writes wait for the database, and no more may; bring the database back")]
pub struct QueueFull;

/// The way to the writer. Cheap to clone. The writer ends when every clone is gone and all that waited is durable.
#[derive(Clone, Debug)]
pub struct WriteQueue(mpsc::Sender<Job>);

#[derive(Debug)]
enum Job {
    /// What the engine wants kept.
    Write(Write),
    /// Leads that were claimed then without an answer are free again.
    FreeClaim { campaign: CampaignId, claimed_at: Timestamp },
    /// An attempt that was refused while the database was away, and must leave no trace.
    TakeBack(Box<Attempt>),
    /// Somebody waits for all that is before this.
    Then(oneshot::Sender<()>),
}

impl Job {
    /// The attempt that is to be made durable, if that is the job.
    const fn attempt(&self) -> Option<&Attempt> {
        match self {
            Self::Write(Write::SaveAttempt(attempt)) => Some(attempt),
            Self::Write(_) | Self::FreeClaim { .. } | Self::TakeBack(_) | Self::Then(_) => None,
        }
    }

    /// Whether the law must hear of it before the next attempt.
    const fn tells_of_a_person(&self) -> bool {
        matches!(self, Self::Write(Write::SaveDisposition(_)))
    }
}

/// Locks everybody whom a group of jobs would call, before anything else: two daemons that take the same persons in
/// the same order never wait for each other in a circle.
async fn lock_persons(tx: &mut Tx, jobs: &[&Job]) -> Result<Persons, Error> {
    let attempts: Vec<&Attempt> = jobs.iter().filter_map(|job| job.attempt()).collect();
    match attempts.iter().map(|attempt| attempt.started_at).max() {
        Some(now) => person::lock(tx, &each_once(attempts.iter().map(|attempt| attempt.phone)), now).await,
        None => Ok(Persons::new()),
    }
}

/// Ends acts of supervision, last of all: two daemons that take the audit log's turn when they hold everything else never
/// wait for each other in a circle.
async fn end_supervision(tx: &mut Tx, jobs: &[&Job]) -> Result<(), Error> {
    for job in jobs {
        if let Job::Write(Write::CloseSupervision { act, at, end }) = job {
            supervision::close(tx, *act, *at, *end).await?;
        }
    }
    Ok(())
}

impl WriteQueue {
    /// Queues a write behind all earlier ones. Never waits.
    pub fn write(&self, write: Write) -> Result<(), QueueFull> {
        self.0.try_send(Job::Write(write)).map_err(|_| QueueFull)
    }

    /// Queues that leads are free again which a claim of the daemon's own holder took at `claimed_at`, if it did
    /// although it failed.
    pub fn free_claim(&self, campaign: CampaignId, claimed_at: Timestamp) -> Result<(), QueueFull> {
        self.0.try_send(Job::FreeClaim { campaign, claimed_at }).map_err(|_| QueueFull)
    }

    /// Fires `done` when everything that was queued before is durable, or refused.
    pub fn then(&self, done: oneshot::Sender<()>) -> Result<(), QueueFull> {
        self.0.try_send(Job::Then(done)).map_err(|_| QueueFull)
    }
}

impl Store {
    /// Starts the writer of the daemon that drives the Asterisk server `holder` by `lease`. Once the lease has
    /// changed hands, attempts are refused as [`AttemptRefusal::LeadGone`]; all else happened and is kept.
    ///
    /// `events` gets the answers to attempts, `Away` and `Back`.
    pub fn writer(
        &self,
        holder: &str,
        lease: Option<Lease>,
        events: mpsc::Sender<StoreEvent>,
    ) -> (WriteQueue, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(WRITES_MAX);
        let writer = Writer {
            db: self.db.clone(),
            desk: Desk { holder: holder.to_owned(), lease, packs: self.packs.clone() },
            jobs,
            events,
            backlog: VecDeque::new(),
            away: false,
        };
        (WriteQueue(queue), tokio::spawn(writer.run()))
    }
}

struct Writer {
    db: Db,
    desk: Desk,
    jobs: mpsc::Receiver<Job>,
    events: mpsc::Sender<StoreEvent>,
    /// Taken from the queue and not durable yet.
    backlog: VecDeque<Job>,
    away: bool,
}

impl Writer {
    async fn run(mut self) {
        while self.fill_backlog().await {
            match self.store(GROUP_MAX).await {
                Ok(answers) => self.stored(answers).await,
                Err(error) if error.is_away() => self.wait_until_back(&error).await,
                Err(_) => self.store_one_by_one().await,
            }
        }
    }

    /// Waits for work. False: there is none, and there will be none.
    async fn fill_backlog(&mut self) -> bool {
        if self.backlog.is_empty() {
            match self.jobs.recv().await {
                Some(job) => self.take_in(job).await,
                None => return false,
            }
            tokio::time::sleep(GROUP_WAIT).await;
        }
        while self.backlog.len() < GROUP_MAX {
            match self.jobs.try_recv() {
                Ok(job) => self.take_in(job).await,
                Err(_) => break,
            }
        }
        true
    }

    async fn take_in(&mut self, job: Job) {
        let job = if self.away { self.refuse_attempt(job).await } else { job };
        self.backlog.push_back(job);
    }

    /// Makes the first jobs of the backlog durable, in one transaction. They stay there.
    async fn store(&self, count: usize) -> Result<Vec<Option<StoreEvent>>, Error> {
        let group = async {
            let mut tx = self.db.begin(Lane::Calls).await?;
            let jobs: Vec<&Job> = self.backlog.iter().take(count).collect();
            let persons = lock_persons(&mut tx, &jobs).await?;
            let told = webhook::told_of(&mut tx).await?;
            let mut answers = Vec::with_capacity(jobs.len());
            for part in jobs.chunk_by(|_, next| !next.tells_of_a_person()) {
                let attempts: Vec<&Attempt> = part.iter().filter_map(|job| job.attempt()).collect();
                let mut saving = Saving::open(&mut tx, &attempts, &persons, &self.desk).await?;
                for job in part {
                    answers.push(match (&mut saving, job.attempt()) {
                        (Some(saving), Some(attempt)) => Some(saving.save(&mut tx, attempt).await?),
                        (None, _) | (_, None) => {
                            self.carry_out(&mut tx, job, &told).await?;
                            None
                        }
                    });
                }
                if let Some(saving) = saving {
                    saving.close(&mut tx).await?;
                }
            }
            end_supervision(&mut tx, &jobs).await?;
            tx.commit().await?;
            Ok(answers)
        };
        tokio::time::timeout(COMMIT_DEADLINE, group)
            .await
            .map_err(|_| Error::Slow { deadline: COMMIT_DEADLINE })?
    }

    /// Carries out a job that is no attempt, and has those hear of it who are told of such events.
    async fn carry_out(&self, tx: &mut Tx, job: &Job, told: &BTreeSet<EventKind>) -> Result<(), Error> {
        match job {
            Job::Write(write) => {
                apply(tx, write, &self.desk).await?;
                event::tell(tx, write, told).await
            }
            Job::FreeClaim { campaign, claimed_at } => {
                claim::free(tx, *campaign, &self.desk.holder, *claimed_at).await
            }
            Job::TakeBack(attempt) => attempt::take_back(tx, attempt).await,
            Job::Then(_) => Ok(()),
        }
    }

    /// The first jobs are durable: answers those who wait for them, in order.
    async fn stored(&mut self, answers: Vec<Option<StoreEvent>>) {
        for answer in answers {
            if let Some(Job::Then(done)) = self.backlog.pop_front() {
                // Whoever waited may have given up.
                let _ = done.send(());
            }
            if let Some(event) = answer {
                self.tell(event).await;
            }
        }
        if self.away && self.backlog.is_empty() {
            self.away = false;
            info!("The database is back, and everything that waited is stored");
            self.tell(StoreEvent::Back).await;
        }
    }

    /// A group holds a write that the database will never take. Stores the others and drops that one.
    async fn store_one_by_one(&mut self) {
        for _ in 0..self.backlog.len().min(GROUP_MAX) {
            match self.store(1).await {
                Ok(answers) => self.stored(answers).await,
                Err(error) if error.is_away() => return,
                Err(error) => self.drop_refused(&error).await,
            }
        }
    }

    async fn drop_refused(&mut self, cause: &Error) {
        let Some(Job::Write(write)) = self.backlog.pop_front() else {
            return;
        };
        error!(write = subject(&write), error = %cause, "The database refuses a write for good; it is lost");
        if let Write::SaveAttempt(attempt) = write {
            let due_at = attempt.started_at + REFUSED_FOR;
            self.backlog.push_front(Job::Write(Write::ReleaseLead { lead: attempt.lead, due_at }));
            let (attempt, refusal) = (attempt.id, AttemptRefusal::LeadGone);
            self.tell(StoreEvent::AttemptRefused { attempt, refusal }).await;
        }
    }

    /// Refuses attempts at once and looks again and again, until the database takes writes.
    async fn wait_until_back(&mut self, cause: &Error) {
        if !self.away {
            self.away = true;
            warn!(error = %cause, "The database is away: nothing is dialled, everything else is kept until it is back");
            self.tell(StoreEvent::Away).await;
        }
        for job in std::mem::take(&mut self.backlog) {
            let job = self.refuse_attempt(job).await;
            self.backlog.push_back(job);
        }
        let db = self.db.clone();
        let look = back_again(&db);
        tokio::pin!(look);
        loop {
            tokio::select! {
                () = &mut look => return,
                Some(job) = self.jobs.recv(), if self.backlog.len() < WRITES_MAX => self.take_in(job).await,
            }
        }
    }

    /// An attempt is not dialled later, when nobody waits for it any more.
    async fn refuse_attempt(&self, job: Job) -> Job {
        match job {
            Job::Write(Write::SaveAttempt(attempt)) => {
                let (id, refusal) = (attempt.id, AttemptRefusal::StoreAway);
                self.tell(StoreEvent::AttemptRefused { attempt: id, refusal }).await;
                Job::TakeBack(attempt)
            }
            Job::Write(_) | Job::FreeClaim { .. } | Job::TakeBack(_) | Job::Then(_) => job,
        }
    }

    async fn tell(&self, event: StoreEvent) {
        if self.events.send(event).await.is_err() {
            warn!("Nobody listens to the store any more: the daemon is stopping");
        }
    }
}

/// Returns when the database takes writes.
async fn back_again(db: &Db) {
    let (mut pause, longest) = LOOK_AGAIN;
    loop {
        tokio::time::sleep(pause).await;
        if db.ping(Lane::Calls, LOOK_DEADLINE).await.is_ok() {
            return;
        }
        pause = (pause * 2).min(longest);
    }
}
