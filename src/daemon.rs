//! The loop: wait, handle, carry out. It owns the engine and the only clock.
//!
//! Everything that happens reaches the engine here, one thing after the other, and everything that the engine wants
//! leaves from here, in order. Nothing in the loop waits for the network or the disk.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cadran_engine::Engine;
use cadran_engine::command::{Answer, Command, Refusal, Write};
use cadran_engine::input::{Input, RequestId, StoreEvent, SwitchEvent};
use cadran_engine::model::{CampaignId, RateLimit, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::asterisk::{Fatal, Switch};
use crate::inbox::{Inbox, Item};
use crate::notices;
use crate::store::{QueueFull, Store, WriteQueue};

/// How often Asterisk is asked what is there, so that a lost event is found within this time.
const LOOK_EVERY: Duration = Duration::from_secs(10);

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
    /// Settings and leads.
    pub store: Store,
    /// Writes, in order.
    pub writes: WriteQueue,
    /// The Asterisk server, under whose name leads are claimed: whoever drives it next finds them.
    pub holder: String,
    /// How much the Asterisk server may carry.
    pub switch_limit: RateLimit,
    /// Where requests wait for their answers.
    pub inbox: Inbox,
    /// The way back for what background tasks find.
    pub store_news: mpsc::Sender<StoreEvent>,
    /// Whether Asterisk may have lost what it was told of trunks and phones.
    pub must_provision: bool,
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
}

impl Daemon {
    /// Runs until it is told to stop, or must not go on. Calls go on in either case.
    pub async fn run(mut self, mut inlets: Inlets, stop: CancellationToken) -> Ended {
        let mut look = interval(LOOK_EVERY);
        let mut clock_check = interval(CLOCK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock_check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let switch = self.switch.clone();
        loop {
            let due_in = self.due_in();
            let input = tokio::select! {
                () = stop.cancelled() => return Ended::Stopped,
                reason = switch.fatal() => return reason.into(),
                event = inlets.switch.recv() => match event {
                    Some(event) => Input::Switch(event),
                    None => return Ended::Broken("link to Asterisk"),
                },
                event = inlets.store.recv() => match event {
                    Some(event) => Input::Store(event),
                    None => return Ended::Broken("database writer"),
                },
                item = inlets.items.recv() => match item {
                    Some(Item::Input(input)) => input,
                    Some(Item::Reload(done)) => {
                        self.reload(done);
                        continue;
                    }
                    None => return Ended::Broken("inbox"),
                },
                _ = look.tick() => {
                    self.switch.look();
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
        self.provision_after_a_break(&input);
        let mut wrote = false;
        for command in self.engine.handle(self.clock.now(), input) {
            match command {
                Command::Switch(command) => self.switch.carry_out(command),
                Command::Write(write) => {
                    wrote |= !matches!(write, Write::SaveAttempt(_));
                    self.writes.write(write)?;
                }
                Command::FetchLeads { campaign, count } => self.fetch_leads(campaign, count),
                Command::Reply { to, answer } if wrote => self.answer_when_durable(to, answer)?,
                Command::Reply { to, answer } => self.inbox.answer(to, answer),
                Command::Notice(notice) => notices::tell(&notice),
            }
        }
        Ok(())
    }

    /// Asterisk may have been restarted, or settings may have changed, while there was no link.
    fn provision_after_a_break(&mut self, input: &Input) {
        match input {
            Input::Switch(SwitchEvent::LinkDown) => self.must_provision = true,
            Input::Switch(SwitchEvent::Snapshot(_)) if self.must_provision => {
                self.must_provision = false;
                self.reload(oneshot::channel().0);
            }
            _ => {}
        }
    }

    fn answer_when_durable(&self, to: RequestId, answer: Result<Answer, Refusal>) -> Result<(), QueueFull> {
        let (done, durable) = oneshot::channel();
        self.writes.then(done)?;
        let inbox = self.inbox.clone();
        tokio::spawn(async move {
            // Without the signal the daemon is stopping, and the asker hears that from the inbox.
            if durable.await.is_ok() {
                inbox.answer(to, answer);
            }
        });
        Ok(())
    }

    fn fetch_leads(&self, campaign: CampaignId, count: u16) {
        let (store, holder, news) = (self.store.clone(), self.holder.clone(), self.store_news.clone());
        tokio::spawn(async move {
            let (leads, next_due_at) =
                store.claim_leads(campaign, count, wall_clock(), &holder).await.unwrap_or_else(|error| {
                    warn!(campaign.id = %campaign, %error, "No leads could be fetched");
                    (Vec::new(), None)
                });
            let fetched = StoreEvent::LeadsFetched { campaign, leads, next_due_at };
            // A closed stream means that the daemon is stopping; the claim lapses by itself.
            let _ = news.send(fetched).await;
        });
    }

    /// Reads the settings, gives them to the engine, and makes Asterisk know the trunks and phones.
    fn reload(&self, done: oneshot::Sender<Result<(), String>>) {
        let (store, inbox, switch) = (self.store.clone(), self.inbox.clone(), self.switch.clone());
        let limit = self.switch_limit;
        tokio::spawn(async move {
            let outcome = apply_settings(&store, &inbox, &switch, limit).await;
            if let Err(problem) = &outcome {
                error!(%problem, "Settings could not be applied");
            }
            // Nobody waits when the reload came from the daemon itself.
            let _ = done.send(outcome);
        });
    }
}

/// The engine gets what the store has, whatever Asterisk makes of it: a phone or trunk that Asterisk refused is one
/// that cannot be reached, which the engine knows how to live with. Whoever changed the settings hears of it.
async fn apply_settings(
    store: &Store,
    inbox: &Inbox,
    switch: &Switch,
    limit: RateLimit,
) -> Result<(), String> {
    let mut settings = store.settings().await.map_err(|error| error.to_string())?;
    settings.switch_limit = Some(limit);
    let (trunks, accounts) = store.sip().await.map_err(|error| error.to_string())?;
    // Asterisk should know a trunk or a phone before the engine uses it. Without a link that comes when it is back.
    let provisioned = match switch.is_connected() {
        true => switch.provision(&trunks, &accounts).await.map(drop).map_err(|error| error.to_string()),
        false => Ok(()),
    };
    inbox.put(Input::Settings(Box::new(settings))).await.map_err(|error| error.to_string())?;
    provisioned
}
