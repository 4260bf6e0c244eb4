//! The loop: wait, handle, carry out. It owns the engine and the only clock.
//!
//! Everything that happens reaches the engine here, one thing after the other, and everything that the engine wants
//! leaves from here, in order. Nothing in the loop waits for the network or the disk.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cadran_engine::Engine;
use cadran_engine::command::{Answer, Command, Refusal, Write};
use cadran_engine::inbound::inquiry::{Finding, LookUpId};
use cadran_engine::input::{Input, RequestId, StoreEvent, SwitchEvent};
use cadran_engine::model::{CampaignId, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::asterisk::{Fatal, Switch};
use crate::inbox::{Inbox, Item};
use crate::journal::Journal;
use crate::live::{Board, Fact};
use crate::look_ups::LookUps;
use crate::notices;
use crate::reload::Reloader;
use crate::store::{Claim, QueueFull, Store, WriteQueue};

/// How often Asterisk is asked what is there, so that a lost event is found within this time.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often people are shown what changed. Half of the shortest time that a screen may ask for would be wasted work,
/// twice of it would be felt.
const SHOW_EVERY: Duration = Duration::from_millis(50);

/// How often the wall clock is read.
const CLOCK_EVERY: Duration = Duration::from_secs(1);

/// The longest sleep without a timer; it bounds what a defect in the timers could cost.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// Steady time: the wall clock as it was at the start, and what has passed since. It never goes backwards.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    started_at: Timestamp,
}

impl Clock {
    /// A clock that agrees with the wall at this moment.
    pub fn start() -> Self {
        Self { started: Instant::now(), started_at: wall_clock() }
    }

    /// The time that the engine works by.
    pub fn now(&self) -> Timestamp {
        self.started_at + self.started.elapsed()
    }
}

/// The wall clock, which people and time servers may step.
pub fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Why the loop ended.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// It was asked to.
    #[error("asked to stop")]
    Stopped,
    /// This daemon must not drive Asterisk any more.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// More waits for the database than can be kept.
    #[error(transparent)]
    QueueFull(#[from] QueueFull),
    /// A task that the loop needs has ended, which only a defect can cause.
    #[error("the {0} has stopped; see the messages before this one")]
    Broken(&'static str),
}

/// What the loop needs.
#[derive(Debug)]
pub struct Daemon {
    /// The rules.
    pub engine: Engine,
    /// The time.
    pub clock: Clock,
    /// The telephone side.
    pub switch: Arc<Switch>,
    /// Leads.
    pub store: Store,
    /// Settings.
    pub settings: Reloader,
    /// Writes, in order.
    pub writes: WriteQueue,
    /// The Asterisk server, under whose name leads are claimed: whoever drives it next finds them.
    pub holder: String,
    /// Where requests wait for their answers.
    pub inbox: Inbox,
    /// What people watch.
    pub board: Board,
    /// The way back for what background tasks find.
    pub store_news: mpsc::Sender<StoreEvent>,
    /// Where what flows want to know is looked for.
    pub look_ups: LookUps,
    /// What the engine was told.
    pub journal: Journal,
}

/// Where everything that happens comes in.
#[derive(Debug)]
pub struct Inlets {
    /// Requests, and changes of settings.
    pub items: mpsc::Receiver<Item>,
    /// From the telephone side.
    pub switch: mpsc::Receiver<SwitchEvent>,
    /// From the database side.
    pub store: mpsc::Receiver<StoreEvent>,
    /// What was found for flows.
    pub found: mpsc::Receiver<(LookUpId, Finding)>,
}

impl Daemon {
    /// Runs until it is told to stop, or must not go on. Calls go on in either case.
    pub async fn run(mut self, mut inlets: Inlets, stop: CancellationToken) -> Ended {
        let mut look = interval(LOOK_EVERY);
        let mut clock_check = interval(CLOCK_EVERY);
        let mut show = interval(SHOW_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        show.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let switch = self.switch.clone();
        loop {
            let due_in = self.due_in();
            let input = tokio::select! {
                () = stop.cancelled() => {
                    let kept = self.handle(Input::Stopping);
                    return kept.map_or_else(Into::into, |()| Ended::Stopped);
                }
                reason = switch.fatal() => return reason.into(),
                event = inlets.switch.recv() => match event {
                    Some(event) => Input::Switch(event),
                    None => return Ended::Broken("link to Asterisk"),
                },
                event = inlets.store.recv() => match event {
                    Some(event) => Input::Store(event),
                    None => return Ended::Broken("database writer"),
                },
                found = inlets.found.recv() => match found {
                    Some((id, finding)) => Input::LookedUp { id, finding },
                    None => return Ended::Broken("look-ups of flows"),
                },
                item = inlets.items.recv() => match item {
                    Some(Item::Input(input)) => input,
                    Some(Item::Reload(done)) => {
                        self.settings.begin(done);
                        continue;
                    }
                    None => return Ended::Broken("inbox"),
                },
                _ = look.tick() => {
                    self.switch.look();
                    continue;
                }
                _ = show.tick() => {
                    self.board.refresh(self.switch.heard_at(), || self.engine.view());
                    continue;
                }
                _ = clock_check.tick() => Input::WallClock(wall_clock()),
                () = sleep(due_in) => Input::Tick,
            };
            if let Err(full) = self.handle(input) {
                return full.into();
            }
        }
    }

    fn due_in(&self) -> Duration {
        let due = self.engine.next_due();
        due.map_or(SLEEP_MAX, |at| at.since(self.clock.now()).min(SLEEP_MAX))
    }

    /// Gives one input to the engine and has its commands carried out.
    pub fn handle(&mut self, input: Input) -> Result<(), QueueFull> {
        self.keep_asterisk_up_to_date(&input);
        let now = self.clock.now();
        let copy = self.journal.copy(&input);
        let commands = self.engine.handle(now, input);
        self.journal.note(now, copy, &commands);
        self.board.stir();
        let mut wrote = false;
        for command in commands {
            match command {
                Command::Switch(command) => self.switch.carry_out(command),
                Command::Write(write) => {
                    wrote |= !matches!(write, Write::SaveAttempt(_));
                    let is_message = matches!(write, Write::SaveMessage(_));
                    self.writes.write(write)?;
                    if is_message {
                        self.show_message_when_durable()?;
                    }
                }
                Command::LookUp { id, inquiry } => self.look_ups.begin(id, *inquiry),
                Command::FetchLeads { campaign, count } => self.fetch_leads(campaign, count),
                Command::Reply { to, answer } if wrote => self.answer_when_durable(to, answer)?,
                Command::Reply { to, answer } => self.inbox.answer(to, answer),
                Command::Notice(notice) => {
                    notices::tell(&notice);
                    Fact::of(&notice).iter().for_each(|fact| self.board.tell(fact));
                }
            }
        }
        Ok(())
    }

    fn keep_asterisk_up_to_date(&self, input: &Input) {
        match input {
            Input::Switch(SwitchEvent::LinkDown) => self.settings.asterisk_may_be_behind(),
            Input::Switch(SwitchEvent::Snapshot(_)) => self.settings.catch_up(),
            _ => {}
        }
    }

    /// A message of a caller is being kept: once it is, the lamp of a telephone shows that it waits.
    fn show_message_when_durable(&self) -> Result<(), QueueFull> {
        let (done, durable) = oneshot::channel();
        self.writes.then(done)?;
        let settings = self.settings.clone();
        tokio::spawn(async move {
            if durable.await.is_ok() {
                settings.begin(oneshot::channel().0);
            }
        });
        Ok(())
    }

    fn answer_when_durable(&self, to: RequestId, answer: Result<Answer, Refusal>) -> Result<(), QueueFull> {
        let (done, durable) = oneshot::channel();
        self.writes.then(done)?;
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            // Without the signal the daemon is stopping, and the asker hears that when the inbox closes.
            if durable.await.is_ok() {
                inbox.answer(to, answer);
            }
        });
        Ok(())
    }

    fn fetch_leads(&self, campaign: CampaignId, count: u16) {
        let (store, writes, holder) = (self.store.clone(), self.writes.clone(), self.holder.clone());
        let news = self.store_news.clone();
        let claimed_at = wall_clock();
        tokio::spawn(async move {
            let claim = store.claim_leads(campaign, count, claimed_at, &holder);
            let claim = claim.await.unwrap_or_else(|error| {
                warn!(campaign.id = %campaign, %error, "No leads could be fetched");
                // Without room for it the daemon ends, and the next one frees all claims.
                let _ = writes.free_claim(campaign, claimed_at);
                Claim::default()
            });
            notices::count_denied(&claim.denied);
            let denied = claim.denied_because();
            let Claim { leads, next_due_at, law, .. } = claim;
            let fetched = StoreEvent::LeadsFetched { campaign, leads, next_due_at, denied, law };
            // A closed stream means that the daemon is stopping; the next one frees the claim.
            let _ = news.send(fetched).await;
        });
    }
}
