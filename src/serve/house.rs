//! A house: all that works for one tenant, from the first look at Asterisk until the last write is durable.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use cadran_engine::Engine;
use cadran_engine::input::{Input, StoreEvent};
use cadran_engine::model::RateLimit;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::looking_after::{mailer, prober, surroundings};
use super::parts::{app, begin_journal, connect, keep_recordings, on_asterisk, open_depot, requests, speech};
use super::runtime::OwnRuntime;
use super::{Installation, create_directory};
use crate::asterisk::{Names, Switch};
use crate::config::Config;
use crate::daemon::{Clock, Daemon, Ended, Inlets, wall_clock};
use crate::erasures::ErasureList;
use crate::inbox::Inbox;
use crate::live::Hub;
use crate::look_ups::LookUps;
use crate::reload::Reloader;
use crate::store::{Acquired, Lease, Store, Tenant};
use crate::tap::Taps;
use crate::webhooks::{Private, Sender};
use crate::{erasures, fastagi, http, journal};

/// News of one side that may wait for the engine. Behind a full one the adapter waits, and its own bounds apply.
const NEWS_MAX: usize = 8_192;

/// How long a lease lasts unless it is renewed. Shorter than it takes a person to start another daemon by hand.
const LEASE_TTL: Duration = Duration::from_secs(10);
/// How often the lease is renewed, and how long that may take.
const LEASE_RENEWAL: Duration = Duration::from_secs(2);

/// How long the last writes may take.
const FLUSH_DEADLINE: Duration = Duration::from_secs(10);
/// How long the last answers of the API may take.
const LAST_ANSWERS_DEADLINE: Duration = Duration::from_secs(2);
/// How long the database may take to let go.
const GIVE_BACK_DEADLINE: Duration = Duration::from_secs(5);

/// A house that is open, or on its way to be.
#[derive(Debug)]
pub(super) struct House {
    /// Whose.
    pub(super) tenant: Tenant,
    /// Told when it works.
    works: watch::Receiver<bool>,
    stop: CancellationToken,
    /// Told when it has ended.
    over: CancellationToken,
    life: JoinHandle<anyhow::Result<()>>,
    /// Where it lives. Gone with it.
    _runtime: OwnRuntime,
}

impl House {
    /// Begins to open a house.
    pub(super) fn open(installation: &Arc<Installation>, tenant: Tenant) -> anyhow::Result<Self> {
        let runtime = OwnRuntime::new(&tenant.slug, tenant.id.is_first())?;
        let (stop, over) = (CancellationToken::new(), CancellationToken::new());
        let (tell, works) = watch::channel(false);
        let (installation, whose) = (installation.clone(), tenant.clone());
        let (stopping, ending) = (stop.clone(), over.clone().drop_guard());
        let life = runtime.spawn(async move {
            let _ending = ending;
            live(&installation, &whose, tell, &stopping).await
        });
        Ok(Self { tenant, works, stop, over, life, _runtime: runtime })
    }

    /// Told when it has ended, by itself or because it was closed.
    pub(super) fn over(&self) -> CancellationToken {
        self.over.clone()
    }

    /// Told whether it works.
    pub(super) fn works(&self) -> watch::Receiver<bool> {
        self.works.clone()
    }

    /// Closes it: calls go on, and everything that was to be written is. Gives why it ended, when it did so by itself.
    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.life.await.unwrap_or_else(|broken| Err(anyhow::Error::new(broken).context("a house broke down")))
    }
}

/// Lives for a tenant until told to stop.
async fn live(
    installation: &Installation,
    tenant: &Tenant,
    works: watch::Sender<bool>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let is_first = tenant.id.is_first();
    let names = if is_first { Names::default() } else { Names::of(tenant.slug.clone()) };
    let config =
        if is_first { installation.config.clone() } else { installation.config.of_tenant(&tenant.slug) };
    create_directory(&config.files.data)?;
    let server = format!("{}#{}", config.asterisk.url, names.app(&config.asterisk.app));
    let store = installation.store(tenant, &config).await?;
    let lease = acquire_lease(&store, &server, &installation.daemon_id).await?;
    let renewal = tokio::spawn(renew_lease(store.clone(), lease.clone(), stop.clone()));
    let plan = Plan { installation, tenant, config: &config, names: &names, store: &store, lease: &lease };
    let outcome = plan.drive(works, stop).await;
    stop.cancel();
    // The task ends by itself when it sees the stop.
    let _ = renewal.await;
    give_back(&store, &lease).await;
    outcome
}

/// What a house is built by.
struct Plan<'a> {
    installation: &'a Installation,
    tenant: &'a Tenant,
    config: &'a Config,
    names: &'a Names,
    store: &'a Store,
    lease: &'a Lease,
}

impl Plan<'_> {
    /// Drives the Asterisk server that the lease is on, from the first look at it until the last write is durable.
    async fn drive(&self, works: watch::Sender<bool>, stop: &CancellationToken) -> anyhow::Result<()> {
        let Plan { installation, tenant, config, names, store, lease } = self;
        // Before anything dials, and before anybody looks.
        let erasures = ErasureList::of(&config.files.data);
        erasures::apply_again(store, &erasures, &config.files.messages(), wall_clock())
            .await
            .context("persons who were erased cannot be erased again")?;
        let clock = Clock::start();
        let (switch_news, switch_inlet) = mpsc::channel(NEWS_MAX);
        let (store_news, store_inlet) = mpsc::channel(NEWS_MAX);
        let (found, found_inlet) = mpsc::channel(NEWS_MAX);
        let (inbox, items) = Inbox::new();
        let epoch = Uuid::new_v4().simple().to_string();
        let (hub, board, compare) = Hub::new(&epoch, Box::new(move || clock.now()));
        tokio::spawn(compare);

        let speech = speech(config)?;
        let prober = prober(config, &switch_news);
        let taps = Taps::default();
        let daemon_id = &installation.daemon_id;
        let wanted = on_asterisk(
            config,
            names,
            installation.addresses.clone(),
            clock,
            daemon_id,
            speech.clone(),
            &taps,
        )?;
        let switch = connect(wanted, switch_news, stop).await?;
        let Some(switch) = switch else {
            return Ok(());
        };
        let switch = Arc::new(switch);
        let (writes, writer) = store.writer(&lease.name, Some((*lease).clone()), store_news.clone());
        let share = installation.share.subscribe();
        tokio::spawn(follow_share(share.clone(), inbox.clone(), stop.clone()));
        let settings = Reloader::new((*store).clone(), switch.clone(), inbox.clone(), share);
        if let Some(prober) = prober {
            tokio::spawn(prober.run(settings.far_ends(), stop.clone()));
        }
        let seed = seed()?;
        let (journal, journal_writer) = begin_journal(config, seed)?;
        let mut daemon = Daemon {
            engine: Engine::new(seed),
            clock,
            switch: switch.clone(),
            store: (*store).clone(),
            settings,
            writes,
            holder: lease.name.clone(),
            inbox: inbox.clone(),
            board,
            store_news,
            look_ups: LookUps::new(
                (*store).clone(),
                lease.name.clone(),
                requests(config)?,
                wall_clock,
                found,
            ),
            journal,
        };
        prime(&mut daemon).await?;
        store.end_cut_imports(wall_clock()).await.context("cut imports cannot be ended")?;

        let depot = open_depot(config)?;
        let archive = keep_recordings(config, store, &depot, &lease.name, stop)?;
        let mailer = mailer(config, store)?;
        let around = surroundings(config, &lease.name, &switch, mailer.as_ref());
        installation.desks.open(
            tenant,
            fastagi::Desk {
                names: (*names).clone(),
                store: (*store).clone(),
                inbox: inbox.clone(),
                speech: speech.clone(),
                requests: requests(config)?,
                messages_dir: config.files.messages(),
                clock: wall_clock,
            },
        );
        let mut tasks = JoinSet::new();
        if let Some(mailer) = mailer {
            tasks.spawn(mailer.run(stop.clone()));
        }
        let figures = installation.figures.clone();
        let app =
            app(config, figures, inbox.clone(), hub, (*store).clone(), depot)?.within(around).tapping(taps);
        tokio::spawn(app.checker().run(stop.clone()));
        let sender = Sender::new((*store).clone(), config.secrets.safe()?, Private::Refused, wall_clock)
            .context("webhooks cannot be sent")?;
        let sender = tokio::spawn(sender.run(stop.clone()));
        let app = speech.into_iter().fold(app, http::App::speaking);
        let app = if tenant.id.is_first() {
            app.over(http::Platform {
                database: installation.database.clone(),
                houses: Arc::new(installation.wishes.clone()),
            })
        } else {
            app.of_tenant(tenant.slug.clone(), &names.account(""))
        };
        let router = http::router(app.clone());
        installation.front.open(tenant, router, tokio::runtime::Handle::current());
        works.send_replace(true);
        info!("The house of `{}` is open", tenant.slug);

        let inlets = Inlets { items, switch: switch_inlet, store: store_inlet, found: found_inlet };
        let ended = daemon.run(inlets, stop.clone()).await;
        info!("Stopping: {ended}");
        works.send_replace(false);
        stop.cancel();
        installation.desks.close(tenant.id);
        leave_asterisk(&switch).await;
        flush(writer).await;
        // They end by themselves when they see the stop; what they were at is begun anew by the next daemon.
        archive.join_all().await;
        // What was on its way comes back into the line by itself.
        sender.abort();
        while let Ok(Some(_)) = timeout(FLUSH_DEADLINE, tasks.join_next()).await {}
        inbox.close();
        // Each socket has a deadline of its own for the last word.
        app.close_sockets().await;
        // Whoever has no answer by then gets none.
        let _ = timeout(LAST_ANSWERS_DEADLINE, installation.front.close(tenant.id)).await;
        finish_journal(journal_writer).await;
        match ended {
            Ended::Stopped => Ok(()),
            Ended::Fatal(_) | Ended::QueueFull(_) | Ended::Broken(_) => Err(ended.into()),
        }
    }
}

/// Has the engine hear when the tenant's share of the Asterisk server changes.
async fn follow_share(mut share: watch::Receiver<RateLimit>, inbox: Inbox, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = share.changed() => match changed {
                Ok(()) => drop(inbox.reload().await),
                Err(_) => return,
            },
        }
    }
}

async fn acquire_lease(store: &Store, server: &str, daemon_id: &str) -> anyhow::Result<Lease> {
    match store.acquire_lease(server, daemon_id, wall_clock(), LEASE_TTL).await? {
        Acquired::Ours(lease) => Ok(lease),
        Acquired::Held { by, until } => bail!(
            "the Asterisk `{server}` is driven by the daemon `{by}` (lease until {until}); stop that one first"
        ),
    }
}

/// A daemon that cannot renew its lease is refused every attempt by the database; here it also ends by itself when
/// another one has taken over.
async fn renew_lease(store: Store, lease: Lease, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(LEASE_RENEWAL) => {}
        }
        match timeout(LEASE_RENEWAL, store.renew_lease(&lease, wall_clock(), LEASE_TTL)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                warn!("Another daemon has taken over the lease on this Asterisk; stopping");
                return stop.cancel();
            }
            Ok(Err(error)) => warn!(%error, "The lease could not be renewed; trying again"),
            Err(_) => warn!("The database is too slow to renew the lease; trying again"),
        }
    }
}

fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(u64::from_le_bytes(bytes))
}

/// What the engine must know before it hears of the first leg.
async fn prime(daemon: &mut Daemon) -> anyhow::Result<()> {
    let settings = daemon.settings.read().await.context("the settings cannot be read")?;
    let recovery = daemon.store.recover(&daemon.holder, wall_clock()).await;
    let recovery = recovery.context("what was unfinished cannot be read")?;
    daemon.handle(Input::WallClock(wall_clock()))?;
    daemon.handle(Input::Settings(Box::new(settings)))?;
    daemon.handle(Input::Store(StoreEvent::Recovered(recovery)))?;
    Ok(())
}

async fn leave_asterisk(switch: &Switch) {
    if let Err(error) = switch.close().await {
        warn!(%error, "Asterisk could not be told that nobody drives it any more");
    }
}

async fn flush(writer: JoinHandle<()>) {
    if timeout(FLUSH_DEADLINE, writer).await.is_err() {
        warn!("Not every write was durable within {} s", FLUSH_DEADLINE.as_secs());
    }
}

/// Lets the journal reach the disk. The daemon, and with it the other end of the journal, is gone by then.
async fn finish_journal(writer: Option<journal::Writer>) {
    let Some(writer) = writer else { return };
    let finish = tokio::task::spawn_blocking(move || writer.finish());
    if timeout(FLUSH_DEADLINE, finish).await.is_err() {
        warn!("The journal was not on the disk within {} s", FLUSH_DEADLINE.as_secs());
    }
}

/// Lets the next daemon begin at once. Without a database the lease ends by itself.
async fn give_back(store: &Store, lease: &Lease) {
    let give_back = async {
        if let Err(error) = store.release_lease(lease).await {
            warn!(%error, "The lease on Asterisk could not be given back; it ends by itself");
        }
        store.close().await;
    };
    if timeout(GIVE_BACK_DEADLINE, give_back).await.is_err() {
        warn!("The database did not let go within {} s", GIVE_BACK_DEADLINE.as_secs());
    }
}
