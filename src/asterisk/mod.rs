//! The adapter between Asterisk (crate `ari`) and the engine's words: it translates and carries out, and decides
//! nothing.
//!
//! `claim` makes sure that no other daemon drives this Asterisk; `connection` reads the event stream and `events`
//! translates it; `dispatch` hands out `commands` in the order of `lanes`; `recorder` and `stereo` make recordings; `ears`
//! let supervisors hear, `taps` send both voices away as sound; `callers` knows the channels that Asterisk named; `saying` turns clips into media; `messages`
//! fetches what callers leave;
//! `screening` sends legs to answering machine detection and reads what it said; `resync` takes snapshots; `provision`
//! pushes trunks and phones; `trunks` watches the trunks; `addresses` knows whose calls those from an address are; `pulse` knows when Asterisk was heard last, `health` asks it;
//! `names` tells what is ours.

mod addresses;
mod callers;
mod claim;
mod commands;
mod connection;
mod dispatch;
mod ears;
mod echo;
mod events;
mod health;
mod lanes;
mod messages;
mod names;
mod provision;
mod pulse;
mod recorder;
mod resync;
mod saying;
mod screening;
mod stereo;
mod taps;
mod trunks;

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ari::EventFilter;
use cadran_engine::command::SwitchCommand;
use cadran_engine::input::SwitchEvent;
use cadran_engine::model::{MessageLamp, SipAccount, SipTrunk, Timestamp, TrunkId};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub use addresses::Addresses;
pub use claim::ClaimError;
pub use health::Pong;
pub use names::Names;
use provision::Writing;
pub use provision::{ProvisionError, Provisioned};
pub use saying::Voice;

use crate::tap;
use callers::Callers;
use claim::Claim;
use connection::Connection;
use dispatch::{Dispatcher, Look, ORDERS_MAX, Order, Tools};
use ears::Ears;
use echo::Echo;
use messages::Messages;
use pulse::Pulse;
use recorder::Recorder;
use taps::Taps;

/// Tells the time that the engine works by. The daemon owns it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that `tell` reads.
    pub fn new(tell: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Snapshots that wait to be read: one after a gap and one at the usual time.
const SNAPSHOTS_MAX: usize = 2;

/// How Asterisk is reached, and what the adapter is called there.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the HTTP server of Asterisk listens, such as `http://127.0.0.1:8088`.
    pub url: String,
    /// A user of `ari.conf`.
    pub user: String,
    /// That user's password.
    pub password: SecretString,
    /// The Stasis application of the first tenant, as `extensions.conf` names it.
    pub app: String,
    /// Whose names everything gets.
    pub names: Names,
    /// Which address is whose on this Asterisk; the same for all tenants.
    pub addresses: Addresses,
    /// Names this run of the daemon among all others: no two processes may share it, so it should hold something
    /// random. It is shown to whoever starts a second daemon on the same Asterisk.
    pub daemon: String,
    /// Where recordings are kept.
    pub recordings: PathBuf,
    /// Where messages are kept that callers left.
    pub messages: PathBuf,
    /// What speaks texts to callers, if anything does.
    pub voice: Option<Arc<dyn Voice>>,
    /// The address of ours that Asterisk sends the sound of taps to.
    pub tap_address: IpAddr,
    /// Where that sound is taken away.
    pub taps: tap::Taps,
    /// The daemon's clock.
    pub clock: Clock,
}

/// Why the adapter could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(ari::Error),
    /// This daemon must not drive this Asterisk, or Asterisk does not answer.
    #[error(transparent)]
    Claim(#[from] ClaimError),
}

/// Why this daemon must not go on. The link stays down for good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// A task of the adapter has ended, which only a defect can cause.
    #[error("the {task} has stopped; see the messages before this one")]
    Broken {
        /// Which one.
        task: &'static str,
    },
    /// Asterisk gives the events to another client.
    #[error("another client has taken over the events of this Asterisk; only one daemon may drive it")]
    Replaced,
    /// Another daemon has put its name on Asterisk.
    #[error("the daemon `{by}` has taken over this Asterisk; only one daemon may drive it")]
    Superseded {
        /// What it calls itself.
        by: String,
    },
}

/// One Asterisk, driven by this daemon. Dropping it stops every task of the adapter; calls go on.
#[derive(Debug)]
pub struct Switch {
    client: ari::Client,
    names: Names,
    addresses: Addresses,
    claim: Claim,
    clock: Clock,
    pulse: Arc<Pulse>,
    taps: Arc<Taps>,
    news: mpsc::Sender<SwitchEvent>,
    orders: mpsc::Sender<Order>,
    trunks: watch::Sender<Vec<TrunkId>>,
    /// Held while Asterisk is compared with the settings: two at a time would undo each other.
    provisioning: tokio::sync::Mutex<()>,
    fatal: watch::Receiver<Option<Fatal>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Switch {
    /// Takes charge of an Asterisk and begins to connect. What happens there is told through `events`: first a
    /// `Snapshot`, then changes.
    ///
    /// Fails when Asterisk does not answer, or is driven by another daemon. Takes up to two seconds when a daemon
    /// died on this Asterisk a moment ago.
    pub async fn connect(config: Config, events: mpsc::Sender<SwitchEvent>) -> Result<Self, Error> {
        let config = Config { app: config.names.app(&config.app), ..config };
        let names = config.names.clone();
        let claim = Self::claim(&config).await?;
        let filter = EventFilter::only(events::TYPES.iter().copied());
        let ari_config = config.ari(&config.app).event_filter(filter);
        let (client, stream) = ari::Client::connect(ari_config).map_err(Error::Config)?;

        let callers = Arc::new(Callers::new(names.clone()));
        let messages = Messages::new(client.clone(), config.messages, events.clone());
        let recorder = Arc::new(Recorder::new(
            client.clone(),
            config.app,
            names.clone(),
            config.recordings,
            events.clone(),
        ));
        let (trunks, known_trunks) = watch::channel(Vec::new());
        let (orders, ordered) = mpsc::channel(ORDERS_MAX);
        let (looked, snapshots) = mpsc::channel(SNAPSHOTS_MAX);
        let (fatal, fatally) = watch::channel(None);

        let echo = Arc::new(Echo::default());
        let pulse = Arc::new(Pulse::default());
        let ears = Arc::new(Ears::new(names.clone()));
        let taps = Arc::new(Taps::new(config.tap_address, names.clone(), config.taps, events.clone()));

        let mut tasks = JoinSet::new();
        let dispatcher = Dispatcher::new(Tools {
            client: client.clone(),
            app: client.app().to_owned(),
            names: names.clone(),
            recorder: recorder.clone(),
            ears: ears.clone(),
            taps: taps.clone(),
            callers: callers.clone(),
            voice: config.voice,
            echo: echo.clone(),
            news: events.clone(),
            looked,
        });
        tasks.spawn(needed("hand-out of orders to Asterisk", fatal.clone(), dispatcher.run(ordered)));
        let connection = Connection::new(
            events.clone(),
            orders.clone(),
            recorder,
            ears,
            taps.clone(),
            callers,
            messages,
            echo,
            pulse.clone(),
            config.clock.clone(),
            fatal.clone(),
        );
        tasks.spawn(needed("reader of Asterisk's events", fatal.clone(), connection.run(stream, snapshots)));
        let trunks_watch = trunks::watch(client.clone(), names.clone(), known_trunks, events.clone());
        tasks.spawn(needed("watch over the trunks", fatal.clone(), trunks_watch));
        tasks.spawn(pulse.clone().keep(client.clone(), config.clock.clone()));
        tasks.spawn(keep_claim(claim.clone(), client.clone(), fatal));

        let clock = config.clock;
        Ok(Self {
            client,
            names,
            addresses: config.addresses,
            claim,
            clock,
            pulse,
            taps,
            news: events,
            orders,
            trunks,
            fatal: fatally,
            provisioning: tokio::sync::Mutex::default(),
            tasks: Mutex::new(tasks),
        })
    }

    /// Takes charge over a client of its own, under another application: connecting to ours would already take the
    /// events from a daemon that is in charge.
    async fn claim(config: &Config) -> Result<Claim, Error> {
        let ari_config = config.ari(&format!("{}-claim", config.app));
        let (client, stream) = ari::Client::connect(ari_config).map_err(Error::Config)?;
        drop(stream);
        Ok(Claim::take(&client, config.daemon.clone(), config.names.holder()).await?)
    }

    /// Carries out a command. Never waits: one leg's commands in order, different legs side by side. What fails comes
    /// back as `CommandFailed`.
    pub fn carry_out(&self, command: SwitchCommand) {
        let order = Order::Command { command, given_at: self.clock.now() };
        // A closed channel means that the adapter has stopped for good, which `fatal` tells.
        if let Err(TrySendError::Full(Order::Command { command, .. })) = self.orders.try_send(order) {
            dispatch::refuse(&self.news, command);
        }
    }

    /// Asks for a snapshot, which follows unless Asterisk does not answer. Does nothing while the link is down: then
    /// one follows by itself when it is up again.
    pub fn look(&self) {
        let look = Look { asked_at: self.clock.now(), after_gap: None };
        // When so many orders wait that there is no room, the next look is soon enough.
        let _ = self.orders.try_send(Order::Look(look));
    }

    /// Makes Asterisk hold exactly these trunks and accounts of ours. Repeating it changes nothing.
    pub async fn provision(
        &self,
        trunks: &[SipTrunk],
        accounts: &[SipAccount],
    ) -> Result<Provisioned, ProvisionError> {
        let _alone = self.provisioning.lock().await;
        let hosts = trunks.iter().map(|trunk| trunk.host.as_str()).collect();
        let receiving = &self.addresses.of(&self.names, &hosts).await;
        let write = Writing { names: &self.names, app: self.client.app(), receiving };
        let provisioned = provision::provision(&self.client, write, trunks, accounts).await;
        self.trunks.send_replace(trunks.iter().map(|trunk| trunk.id).collect());
        provisioned
    }

    /// Has the lamps of telephones show how many messages wait. Repeating it changes nothing.
    pub async fn light_lamps(&self, lamps: &[MessageLamp]) -> Result<(), ProvisionError> {
        let _alone = self.provisioning.lock().await;
        provision::light_lamps(&self.client, &self.names, lamps).await
    }

    /// Whether the event stream is connected.
    pub fn is_connected(&self) -> bool {
        self.client.is_connected()
    }

    /// Asks Asterisk how it is.
    pub async fn ask(&self) -> Result<Pong, ari::Error> {
        health::ask(&self.client).await
    }

    /// When an event arrived last that the engine was told of. A second ago at most while all is well.
    pub fn heard_at(&self) -> Timestamp {
        self.pulse.heard_at()
    }

    /// Returns when this daemon must not go on, and why.
    pub async fn fatal(&self) -> Fatal {
        let mut fatal = self.fatal.clone();
        let reason = fatal.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// Stops the adapter and gives up charge, so that the next daemon can begin at once. Calls go on.
    pub async fn close(&self) -> Result<(), ari::Error> {
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
        self.taps.close_all(&self.client).await;
        self.claim.release(&self.client).await
    }
}

impl Config {
    fn ari(&self, app: &str) -> ari::Config {
        ari::Config::new(&self.url, &self.user, self.password.expose_secret(), app)
    }
}

/// A task that the adapter needs: should it end before the daemon does, the daemon must not go on.
async fn needed(name: &'static str, fatal: watch::Sender<Option<Fatal>>, task: impl Future<Output = ()>) {
    let _told = TellWhenDropped { task: name, fatal };
    task.await;
}

/// Dropped when its task ends, breaks off or is stopped.
struct TellWhenDropped {
    task: &'static str,
    fatal: watch::Sender<Option<Fatal>>,
}

impl Drop for TellWhenDropped {
    fn drop(&mut self) {
        // The first reason is the one that matters, such as another client that took the events.
        self.fatal.send_if_modified(|reason| {
            let first = reason.is_none();
            reason.get_or_insert(Fatal::Broken { task: self.task });
            first
        });
    }
}

async fn keep_claim(claim: Claim, client: ari::Client, fatal: watch::Sender<Option<Fatal>>) {
    let reason = claim.keep(client).await;
    fatal.send_replace(Some(reason));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_is_told_and_hides_no_earlier_reason() {
        let (fatal, fatally) = watch::channel(None);
        needed("reader", fatal.clone(), async {}).await;
        assert_eq!(*fatally.borrow(), Some(Fatal::Broken { task: "reader" }));
        fatal.send_replace(Some(Fatal::Replaced));
        needed("reader", fatal, async {}).await;
        assert_eq!(*fatally.borrow(), Some(Fatal::Replaced));
    }
}
