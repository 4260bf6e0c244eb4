//! What the handlers work with.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::FromRef;
use cadran_engine::model::{Slug, TenantId, Timestamp};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use super::error::Error;
use super::live::Sockets;
use super::supervisors::Supervisors;
use super::throttle::Throttle;
use crate::archive::{Depot, Keeper};
use crate::audit::Anchor;
use crate::checks::{Checker, Surroundings};
use crate::erasures::ErasureList;
use crate::inbox::Inbox;
use crate::live::Hub;
use crate::safe::Safe;
use crate::speech::Speech;
use crate::store::{Database, Store};
use crate::tap::Taps;

/// What the handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The way to the engine.
    pub inbox: Inbox,
    /// What is going on.
    pub hub: Hub,
    /// Settings and history.
    pub store: Store,
    /// The files of recordings.
    pub depot: Depot,
    /// What the meters show, for `/metrics`.
    pub metrics: PrometheusHandle,
    /// Where things are and how browsers are treated.
    pub settings: Arc<HttpSettings>,
    /// What speaks texts, where something does.
    speech: Option<Speech>,
    /// What looks at every part of the installation.
    checker: Checker,
    /// Where the sound of taps is taken away.
    pub(super) taps: Taps,
    /// Sign-ins that failed of late.
    pub(super) throttle: Arc<Throttle>,
    /// Who simulates: one at a time, because a simulation takes a whole core.
    pub(super) simulations: Arc<Semaphore>,
    /// The live stream's sockets.
    pub(super) sockets: Arc<Sockets>,
    /// Who supervises by telephone.
    pub(super) supervisors: Arc<Supervisors>,
    /// What stands behind the name of an account in what its phone signs in as.
    pub(super) phones: Arc<str>,
    /// The tenant whose figures alone `/metrics` shows; none shows all.
    pub(super) figures_of: Option<Slug>,
    /// The platform, at the first tenant's address alone.
    pub(super) platform: Option<Platform>,
    /// Where the time comes from: the wall clock, or a test's.
    clock: fn() -> Timestamp,
}

/// What whoever looks after the installation works with.
#[derive(Clone, Debug)]
pub struct Platform {
    /// The list of tenants.
    pub database: Database,
    /// What opens and closes their houses.
    pub houses: Arc<dyn Houses>,
}

/// What opens and closes the houses of tenants.
#[async_trait]
pub trait Houses: fmt::Debug + Send + Sync {
    /// Has the houses be as the list of tenants says. Returns when this tenant's is, or says why it is not yet.
    async fn settle(&self, tenant: TenantId) -> Result<(), String>;
}

/// Where things are and how browsers are treated.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// The directory for uploaded files that wait to be imported.
    pub uploads_dir: PathBuf,
    /// Where the last entry of the audit log is noted.
    pub audit_anchor: Anchor,
    /// Where erasures are noted.
    pub erasures: ErasureList,
    /// Which rules have recordings kept.
    pub keeper: Keeper,
    /// What seals second factors and what webhooks sign with.
    pub safe: Safe,
    /// The directory of sounds, which Asterisk reads.
    pub sounds_dir: PathBuf,
    /// The directory of messages that callers left.
    pub messages_dir: PathBuf,
    /// The names of the secrets that flows may use.
    pub secrets: BTreeSet<String>,
    /// Whether the sign-in cookie is for HTTPS only. Off for plain HTTP on loopback.
    pub secure_cookies: bool,
}

impl App {
    /// Handlers that work with these. `clock` reads the wall clock.
    pub fn new(
        inbox: Inbox,
        hub: Hub,
        store: Store,
        depot: Depot,
        metrics: PrometheusHandle,
        settings: HttpSettings,
        clock: fn() -> Timestamp,
    ) -> Self {
        let around = Surroundings::default();
        let checker = Checker::new(store.clone(), depot.clone(), inbox.clone(), hub.clone(), around, clock);
        Self {
            inbox,
            hub,
            store,
            depot,
            metrics,
            settings: Arc::new(settings),
            speech: None,
            checker,
            taps: Taps::default(),
            throttle: Arc::default(),
            simulations: Arc::new(Semaphore::new(1)),
            sockets: Arc::default(),
            supervisors: Arc::default(),
            phones: Arc::from(""),
            figures_of: None,
            platform: None,
            clock,
        }
    }

    /// The same, for a tenant that is not the first: its phones sign in with `phones` behind the account's name.
    #[must_use]
    pub fn of_tenant(self, slug: Slug, phones: &str) -> Self {
        Self { phones: Arc::from(phones), figures_of: Some(slug), ..self }
    }

    /// The same, from where the installation is looked after.
    #[must_use]
    pub fn over(self, platform: Platform) -> Self {
        Self { platform: Some(platform), ..self }
    }

    /// The same, with something that speaks texts.
    #[must_use]
    pub fn speaking(self, speech: Speech) -> Self {
        Self { speech: Some(speech), ..self }
    }

    /// The same, with the sound of conversations.
    #[must_use]
    pub fn tapping(self, taps: Taps) -> Self {
        Self { taps, ..self }
    }

    /// The same, which looks at what else is around it.
    #[must_use]
    pub fn within(self, around: Surroundings) -> Self {
        let (store, depot) = (self.store.clone(), self.depot.clone());
        let checker = Checker::new(store, depot, self.inbox.clone(), self.hub.clone(), around, self.clock);
        Self { checker, ..self }
    }

    /// What looks at every part of the installation.
    pub fn checker(&self) -> Checker {
        self.checker.clone()
    }

    /// What speaks texts.
    pub(super) fn speech(&self) -> Result<&Speech, Error> {
        let none = || Error::NotSpoken("`speech.engine` is `none` in the configuration".to_owned());
        self.speech.as_ref().ok_or_else(none)
    }

    /// Sends everybody away who follows the live stream, and waits until they have gone.
    pub async fn close_sockets(&self) {
        self.sockets.close().await;
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl FromRef<App> for Store {
    fn from_ref(app: &App) -> Self {
        app.store.clone()
    }
}

impl FromRef<App> for Inbox {
    fn from_ref(app: &App) -> Self {
        app.inbox.clone()
    }
}
