//! Changes of settings on their way from the store to the engine and to Asterisk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use cadran_engine::input::{Input, Settings};
use cadran_engine::model::{MessageLamp, RateLimit};
use tokio::sync::{Mutex, oneshot, watch};
use tracing::error;

use crate::asterisk::{ProvisionError, Switch};
use crate::inbox::{Inbox, RequestError};
use crate::probe::Target;
use crate::store::{self, Store};

/// Makes settings effective. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Reloader {
    store: Store,
    switch: Arc<Switch>,
    inbox: Inbox,
    /// How much the Asterisk server may carry for this tenant.
    limit: watch::Receiver<RateLimit>,
    /// Held from the reading of settings until the engine has them: what was read before a change must not arrive
    /// after it.
    turn: Arc<Mutex<()>>,
    /// Whether Asterisk may lack something of the trunks and phones that it should know.
    asterisk_is_behind: Arc<AtomicBool>,
    /// The far ends that are asked whether they answer.
    far_ends: watch::Sender<Vec<Target>>,
    /// The lamps as Asterisk shows them, as far as it is known to.
    lit: Arc<std::sync::Mutex<Vec<MessageLamp>>>,
}

/// Why settings are not effective, or not everywhere.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Inbox(#[from] RequestError),
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Reloader {
    /// For a daemon that has just taken charge of `switch`, which may hold anything.
    pub fn new(store: Store, switch: Arc<Switch>, inbox: Inbox, limit: watch::Receiver<RateLimit>) -> Self {
        let (turn, asterisk_is_behind) = (Arc::default(), Arc::new(AtomicBool::new(true)));
        let (far_ends, lit) = (watch::Sender::default(), Arc::default());
        Self { store, switch, inbox, limit, turn, asterisk_is_behind, far_ends, lit }
    }

    /// The far ends of the trunks, as the settings name them.
    pub fn far_ends(&self) -> watch::Receiver<Vec<Target>> {
        self.far_ends.subscribe()
    }

    /// What the engine works by.
    pub async fn read(&self) -> Result<Settings, store::Error> {
        let limit = *self.limit.borrow();
        Ok(Settings { switch_limit: Some(limit), ..self.store.settings().await? })
    }

    /// Begins to make effective what the store holds; `done` hears how it went.
    pub fn begin(&self, done: oneshot::Sender<Result<(), String>>) {
        let reloader = self.clone();
        tokio::spawn(async move {
            let outcome = reloader.apply().await;
            if let Err(problem) = &outcome {
                error!(%problem, "Settings could not be applied");
                if problem.may_pass() {
                    reloader.asterisk_may_be_behind();
                }
            }
            // Nobody waits when the daemon itself wanted it.
            let _ = done.send(outcome.map_err(|problem| problem.to_string()));
        });
    }

    /// Asterisk may have been restarted, or settings may have changed while there was no link.
    pub fn asterisk_may_be_behind(&self) {
        self.asterisk_is_behind.store(true, Ordering::Relaxed);
        self.lit().clear();
    }

    /// Asterisk has answered: it gets what it may lack.
    pub fn catch_up(&self) {
        if self.asterisk_is_behind.swap(false, Ordering::Relaxed) {
            self.begin(oneshot::channel().0);
        }
    }

    /// The engine gets what the store has, whatever Asterisk makes of it: a phone or trunk that Asterisk refused is
    /// one that cannot be reached, which the engine knows how to live with. Whoever changed the settings hears of it.
    async fn apply(&self) -> Result<(), Problem> {
        let _turn = self.turn.lock().await;
        let settings = self.read().await?;
        // Asterisk should know a trunk or a phone before the engine uses it.
        let provisioned = self.provision().await;
        self.inbox.put(Input::Settings(Box::new(settings))).await?;
        provisioned
    }

    async fn provision(&self) -> Result<(), Problem> {
        let (trunks, accounts) = self.store.sip().await?;
        let far_ends: Vec<Target> = trunks.iter().map(Target::from).collect();
        self.far_ends.send_if_modified(|known| std::mem::replace(known, far_ends.clone()) != far_ends);
        if self.switch.is_connected() {
            self.switch.provision(&trunks, &accounts).await?;
            self.light_lamps().await?;
        } else {
            // It follows when there is a link.
            self.asterisk_may_be_behind();
        }
        Ok(())
    }
}

impl Reloader {
    /// Has the lamps show what waits that do not show it yet.
    async fn light_lamps(&self) -> Result<(), Problem> {
        let lamps = self.store.message_lamps().await?;
        let lit = std::mem::take(&mut *self.lit());
        let changed: Vec<MessageLamp> = lamps.iter().filter(|lamp| !lit.contains(lamp)).copied().collect();
        self.switch.light_lamps(&changed).await?;
        if !self.asterisk_is_behind.load(Ordering::Relaxed) {
            *self.lit() = lamps;
        }
        Ok(())
    }

    fn lit(&self) -> std::sync::MutexGuard<'_, Vec<MessageLamp>> {
        // Whoever panicked while holding the lock left a whole list: each change is one assignment.
        self.lit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Problem {
    /// Whether trying again may help, without anybody changing the settings.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Inbox(_) | Self::Store(_) | Self::Provision(ProvisionError::Asterisk { .. }) => true,
            Self::Provision(ProvisionError::NameTaken(_) | ProvisionError::Unusable { .. }) => false,
        }
    }
}
