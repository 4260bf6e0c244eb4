//! The houses of all tenants that are to work: opened and closed as the list of tenants says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use async_trait::async_trait;
use cadran_engine::model::{RateLimit, TenantId, TenantState};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::Installation;
use super::house::House;
use crate::http;
use crate::store::{self, Database, Page, Tenant};

/// How often the list of tenants is read: another daemon, on the same database, may have changed it. A house that ended by
/// itself is opened again after that time.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long whoever changed the list waits for a house to work: long enough for a claim on Asterisk.
const OPENS_WITHIN: Duration = Duration::from_secs(10);

/// Changes of the list that may wait to be looked at. Each is made by hand.
const WISHES_MAX: usize = 64;

/// The wish that a tenant's house be as the list says, and who hears when it is.
type Wish = (TenantId, oneshot::Sender<Result<(), String>>);

/// Where such wishes are put.
#[derive(Clone, Debug)]
pub(super) struct Wishes(mpsc::Sender<Wish>);

/// Where they come out.
pub(super) type Wished = mpsc::Receiver<Wish>;

impl Wishes {
    pub(super) fn new() -> (Self, Wished) {
        let (wishes, wished) = mpsc::channel(WISHES_MAX);
        (Self(wishes), wished)
    }
}

#[async_trait]
impl http::Houses for Wishes {
    async fn settle(&self, tenant: TenantId) -> Result<(), String> {
        let stopping = || "the daemon is stopping".to_owned();
        let (done, outcome) = oneshot::channel();
        self.0.send((tenant, done)).await.map_err(|_| stopping())?;
        outcome.await.unwrap_or_else(|_| Err(stopping()))
    }
}

/// The houses.
#[derive(Debug)]
pub(super) struct Houses {
    installation: Arc<Installation>,
    open: Mutex<BTreeMap<TenantId, House>>,
}

impl Houses {
    pub(super) fn new(installation: Arc<Installation>) -> Self {
        Self { installation, open: Mutex::default() }
    }

    /// Opens the first tenant's house. Returns when it works, or when it was told to stop before that.
    pub(super) async fn open_first(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let tenants =
            tenants(&self.installation.database).await.context("the list of tenants cannot be read")?;
        self.share(&tenants);
        let first = tenants.into_iter().find(|tenant| tenant.id.is_first());
        let first = first.ok_or_else(|| anyhow!("the first tenant is missing from the database"))?;
        let house = House::open(&self.installation, first)?;
        let (over, mut works) = (house.over(), house.works());
        tokio::select! {
            _ = works.wait_for(|works| *works) => {}
            () = over.cancelled() => {}
            () = stop.cancelled() => {}
        }
        if over.is_cancelled() {
            return house.close().await;
        }
        self.open.lock().await.insert(TenantId::FIRST, house);
        Ok(())
    }

    /// Keeps the houses as the list of tenants says, until told to stop or until the first tenant's house has ended.
    pub(super) async fn run(&self, mut wished: Wished, stop: &CancellationToken) {
        let first = self.open.lock().await.get(&TenantId::FIRST).map(House::over);
        let Some(first_over) = first else { return };
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let wish = tokio::select! {
                () = stop.cancelled() => return,
                () = first_over.cancelled() => return,
                wish = wished.recv() => wish,
                _ = looks.tick() => None,
            };
            let settled = self.settle().await;
            if let Err(problem) = &settled {
                warn!(%problem, "The list of tenants cannot be read; trying again");
            }
            if let Some((tenant, done)) = wish {
                match settled {
                    Ok(()) => self.tell_when_open(tenant, done).await,
                    Err(problem) => drop(done.send(Err(problem.to_string()))),
                }
            }
        }
    }

    /// Opens and closes houses as the list of tenants says. Does not wait until those that it opens work.
    async fn settle(&self) -> Result<(), store::Error> {
        let mut open = self.open.lock().await;
        let tenants = tenants(&self.installation.database).await?;
        self.share(&tenants);
        tenants.iter().for_each(|tenant| self.installation.front.know(tenant));
        for tenant in tenants.into_iter().filter(|tenant| !tenant.id.is_first()) {
            let house = open.remove(&tenant.id);
            let is_wanted = tenant.state == TenantState::Active;
            match house {
                Some(house) if is_wanted && !house.over().is_cancelled() => {
                    open.insert(tenant.id, house);
                }
                Some(house) => {
                    if let Err(problem) = house.close().await {
                        error!(tenant = %tenant.slug, "The house ended: {problem:#}");
                    }
                    info!(tenant = %tenant.slug, "The house is closed");
                }
                None if is_wanted => match House::open(&self.installation, tenant.clone()) {
                    Ok(house) => {
                        open.insert(tenant.id, house);
                    }
                    Err(problem) => error!(tenant = %tenant.slug, "No house can be opened: {problem:#}"),
                },
                None => {}
            }
        }
        Ok(())
    }

    /// Tells when a tenant's house works, if it is to.
    async fn tell_when_open(&self, tenant: TenantId, done: oneshot::Sender<Result<(), String>>) {
        let house = self.open.lock().await.get(&tenant).map(|house| (house.works(), house.over()));
        let Some((mut works, over)) = house else { return drop(done.send(Ok(()))) };
        tokio::spawn(async move {
            let outcome = tokio::select! {
                opened = timeout(OPENS_WITHIN, works.wait_for(|works| *works)) => match opened {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(_)) => Err("it ended; the log says why".to_owned()),
                    Err(_) => Err(format!("it was not open within {} s", OPENS_WITHIN.as_secs())),
                },
                () = over.cancelled() => Err("it ended; the log says why".to_owned()),
            };
            // Nobody waits when the request was given up.
            let _ = done.send(outcome);
        });
    }

    /// Closes all houses. Gives why the first tenant's ended, when it did so by itself.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        let houses = std::mem::take(&mut *self.open.lock().await);
        let mut outcome = Ok(());
        let closing =
            houses.into_iter().map(async |(id, house)| (id, house.tenant.slug.clone(), house.close().await));
        for (id, slug, ended) in futures_util::future::join_all(closing).await {
            match ended {
                Err(problem) if id.is_first() => outcome = Err(problem),
                Err(problem) => error!(tenant = %slug, "The house ended: {problem:#}"),
                Ok(()) => {}
            }
        }
        outcome
    }

    /// Tenants that work have equal shares of the Asterisk server, so that all together never pass its limit.
    fn share(&self, tenants: &[Tenant]) {
        let at_work = tenants.iter().filter(|tenant| tenant.state == TenantState::Active).count();
        let parts = u32::try_from(at_work).unwrap_or(u32::MAX).max(1);
        let whole = self.installation.config.asterisk.limit();
        let share = RateLimit {
            calls_per_second: whole.calls_per_second / f64::from(parts),
            concurrent_calls: whole.concurrent_calls / parts,
        };
        let known = &self.installation.share;
        known.send_if_modified(|known| std::mem::replace(known, share) != share);
    }
}

/// Every tenant.
async fn tenants(database: &Database) -> Result<Vec<Tenant>, store::Error> {
    let (mut all, mut page) = (Vec::new(), Page::first());
    loop {
        let rows = database.tenants(page).await?;
        let Some(last) = rows.last() else { return Ok(all) };
        page.after = Some(last.value.id);
        all.extend(rows.into_iter().map(|kept| kept.value));
    }
}

/// The tenant that `slug` names, or the first.
pub(super) async fn find(database: &Database, slug: Option<&str>) -> anyhow::Result<Tenant> {
    let all = tenants(database).await.context("the list of tenants cannot be read")?;
    let is_meant = |tenant: &&Tenant| match slug {
        Some(slug) => tenant.slug.as_str() == slug,
        None => tenant.id.is_first(),
    };
    let known = || all.iter().map(|tenant| tenant.slug.as_str()).collect::<Vec<_>>().join(", ");
    all.iter()
        .find(is_meant)
        .cloned()
        .ok_or_else(|| anyhow!("there is no such tenant; there are: {}", known()))
}
