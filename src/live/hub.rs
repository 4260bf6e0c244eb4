//! What the daemon and the viewers share.
//!
//! The daemon puts what the engine shows on the [`Board`] and never waits. One task compares it with what was there
//! and gives revisions; nobody else writes, so no revision can appear late. Viewers read.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use cadran_engine::model::Timestamp;
use cadran_engine::view::LiveView;
use tokio::sync::watch;

use super::alerts::PauseLimits;
use super::check::Check;
use super::facts::{Fact, Facts};
use super::tables::Tables;

/// What there is to be told: the latest revision and the latest fact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// The revision of the tables.
    pub rev: u64,
    /// The number of the fact.
    pub fact: u64,
}

/// What the engine showed last, and when Asterisk was heard.
#[derive(Clone, Debug, Default)]
struct Shown {
    view: Arc<LiveView>,
    source: Timestamp,
}

/// Tells the time.
pub type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The viewers' side. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Shared>);

struct Shared {
    clock: Clock,
    tables: RwLock<Tables>,
    facts: Mutex<Facts>,
    edition: watch::Sender<Edition>,
    checks: watch::Sender<Arc<[Check]>>,
    pauses: watch::Sender<Arc<PauseLimits>>,
}

/// The daemon's side.
#[derive(Debug)]
pub struct Board {
    shown: watch::Sender<Shown>,
    /// Whether what is shown may be out of date.
    stale: bool,
    hub: Hub,
}

impl Hub {
    /// Empty tables, and the task that fills them, which must be run. `run` names this run of the daemon, other than
    /// any before it; `clock` tells the time that the engine works by.
    pub fn new(run: &str, clock: Clock) -> (Self, Board, impl Future<Output = ()> + Send + use<>) {
        let hub = Self(Arc::new(Shared {
            tables: RwLock::new(Tables::new(run)),
            facts: Mutex::new(Facts::new(clock())),
            clock,
            edition: watch::Sender::default(),
            checks: watch::Sender::default(),
            pauses: watch::Sender::default(),
        }));
        let (shown, showing) = watch::channel(Shown::default());
        (hub.clone(), Board { shown, stale: true, hub: hub.clone() }, hub.compare(showing))
    }

    /// The time that rows and messages are stamped with.
    pub fn now(&self) -> Timestamp {
        (self.0.clock)()
    }

    /// The tables as they stand. Not to be held across an `await`.
    pub fn tables(&self) -> RwLockReadGuard<'_, Tables> {
        // The writer leaves whole rows behind, whatever happens to it.
        self.0.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The facts of late. Not to be held across an `await`.
    pub fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of each edition, the latest only.
    pub fn editions(&self) -> watch::Receiver<Edition> {
        self.0.edition.subscribe()
    }

    /// Tells a fact.
    pub fn tell(&self, fact: &Fact) {
        let told = {
            let mut facts = self.facts();
            facts.tell(self.now(), fact);
            facts.last()
        };
        self.0.edition.send_modify(|edition| edition.fact = told);
    }

    /// Shows what was found of the parts of the installation.
    pub fn put_checks(&self, checks: Arc<[Check]>) {
        self.0.checks.send_replace(checks);
    }

    /// Pauses should last so long at most; whoever stays longer is an alert.
    pub fn put_pauses(&self, pauses: PauseLimits) {
        self.0.pauses.send_if_modified(|known| {
            let news = **known != pauses;
            *known = Arc::new(pauses);
            news
        });
    }

    /// Runs until the board is gone.
    async fn compare(self, mut showing: watch::Receiver<Shown>) {
        let (mut checks, mut pauses) = (self.0.checks.subscribe(), self.0.pauses.subscribe());
        loop {
            tokio::select! {
                shown = showing.changed() => if shown.is_err() { return },
                // The senders are our own.
                _ = checks.changed() => {}
                _ = pauses.changed() => {}
            }
            let Shown { view, source } = showing.borrow_and_update().clone();
            let found = checks.borrow_and_update().clone();
            let limits = pauses.borrow_and_update().clone();
            let rev = {
                let mut tables = self.0.tables.write().unwrap_or_else(PoisonError::into_inner);
                tables.hear(source);
                tables.show(view);
                tables.show_checks(found);
                tables.show_pauses(limits);
                tables.alert(self.now());
                tables.rev()
            };
            self.0.edition.send_if_modified(|edition| std::mem::replace(&mut edition.rev, rev) != rev);
        }
    }
}

impl Board {
    /// Something happened: what is shown may be out of date.
    pub fn stir(&mut self) {
        self.stale = true;
    }

    /// Shows what is going on, if anything happened since it was shown last, and that Asterisk was heard at `source`.
    pub fn refresh(&mut self, source: Timestamp, view: impl FnOnce() -> LiveView) {
        let view = std::mem::take(&mut self.stale).then(|| Arc::new(view()));
        self.shown.send_if_modified(|shown| {
            let news = view.is_some() || shown.source != source;
            shown.source = source;
            shown.view = view.unwrap_or_else(|| shown.view.clone());
            news
        });
    }

    /// Tells a fact.
    pub fn tell(&self, fact: &Fact) {
        self.hub.tell(fact);
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("edition", &*self.0.edition.borrow()).finish_non_exhaustive()
    }
}
