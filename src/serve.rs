//! From a configuration to a running daemon, and back to a clean stop.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use cadran_engine::dialer::compliance::Pack;
use cadran_engine::model::RateLimit;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::info;
use uuid::Uuid;

use crate::asterisk::Addresses;
use crate::config::Config;
use crate::daemon::wall_clock;
use crate::fastagi::{self, Desks, FastAgi};
use crate::http::Front;
use crate::rule_packs;
use crate::store::{Database, Store, Tenant};

mod figures;
mod house;
mod houses;
mod looking_after;
mod parts;
mod runtime;

use houses::{Houses, Wished, Wishes};

/// How long conversations of the dialplan may take to come to their end.
const CONVERSATIONS_DEADLINE: Duration = Duration::from_secs(10);
/// How long the last answers of the API may take.
const LAST_ANSWERS_DEADLINE: Duration = Duration::from_secs(2);

/// What the houses of all tenants share.
#[derive(Debug)]
struct Installation {
    config: Config,
    daemon_id: String,
    database: Database,
    packs: Vec<Pack>,
    figures: PrometheusHandle,
    front: Front,
    desks: Desks,
    /// Which address calls come from is whose.
    addresses: Addresses,
    /// How much of the Asterisk server each tenant may use.
    share: watch::Sender<RateLimit>,
    /// Where a change of the list of tenants is told, so that it need not wait for the next look.
    wishes: Wishes,
}

impl Installation {
    /// The way to a tenant's rows, under the rule packs of the installation. `config` is the tenant's.
    async fn store(&self, tenant: &Tenant, config: &Config) -> anyhow::Result<Store> {
        let store = self.database.store(tenant).await.context("the database cannot be opened")?;
        let sounds = config.asterisk.sounds.clone().unwrap_or_else(|| config.files.sounds());
        Ok(store.with_sounds_at(&sounds).under(self.packs.clone()))
    }
}

/// Runs the daemon until it is told to stop by SIGTERM or SIGINT.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    create_directory(&config.files.data)?;
    let _only_one = lock(&config.files.data)?;
    let (wishes, wished) = Wishes::new();
    let installation = Arc::new(Installation {
        daemon_id: daemon_id(&config.files.data)?,
        database: open_database(&config).await?,
        packs: packs(&config)?,
        figures: figures::keep(&stop)?,
        front: Front::default(),
        desks: Desks::default(),
        addresses: Addresses::default(),
        share: watch::Sender::new(config.asterisk.limit()),
        wishes,
        config,
    });
    let outcome = serve(&installation, wished, &stop).await;
    stop.cancel();
    installation.database.close().await;
    outcome
}

/// Opens the first tenant's house, works, and closes all houses.
async fn serve(
    installation: &Arc<Installation>,
    wished: Wished,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let houses = Houses::new(installation.clone());
    let outcome = match houses.open_first(stop).await {
        Ok(()) if !stop.is_cancelled() => work(installation, &houses, wished, stop).await,
        early => early,
    };
    stop.cancel();
    houses.close().await.and(outcome)
}

/// Has the doors open until told to stop, or until the first tenant's house ends.
async fn work(
    installation: &Installation,
    houses: &Houses,
    wished: Wished,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut callers = serve_callers(&installation.config, &installation.desks, stop).await?;
    let server = serve_http(&installation.config, &installation.front, stop).await?;
    houses.run(wished, stop).await;
    stop.cancel();
    let outcome = houses.close().await;
    while let Ok(Some(_)) = timeout(CONVERSATIONS_DEADLINE, callers.join_next()).await {}
    finish_http(server).await;
    outcome
}

/// Opens the configured database and brings it up to date.
async fn open_database(config: &Config) -> anyhow::Result<Database> {
    create_directory(&config.files.data)?;
    let url = config.database.url.as_ref().map(|url| url.expose_secret());
    let database = Database::open(url, &config.files.data).await.context("the database cannot be opened")?;
    database.migrate().await.context("the database cannot be brought up to date")?;
    Ok(database)
}

/// Opens the rows of one tenant in the configured database, which is brought up to date: the tenant that `slug` names,
/// or the first. They are under the rule packs of the installation. Gives the tenant's configuration, too.
pub async fn open_store(config: &Config, slug: Option<&str>) -> anyhow::Result<(Store, Config)> {
    let database = open_database(config).await?;
    let tenant = houses::find(&database, slug).await?;
    let own = if tenant.id.is_first() { config.clone() } else { config.of_tenant(&tenant.slug) };
    let store = database.store(&tenant).await.context("the database cannot be opened")?;
    database.close().await;
    let sounds = own.asterisk.sounds.clone().unwrap_or_else(|| own.files.sounds());
    Ok((store.with_sounds_at(&sounds).under(packs(config)?), own))
}

fn packs(config: &Config) -> anyhow::Result<Vec<Pack>> {
    let packs = rule_packs::of_installation(config.compliance.packs.as_deref());
    packs.context("`compliance.packs`: the rule packs cannot be used")
}

/// One of the directories of `[files]`.
fn create_directory(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path)
        .with_context(|| format!("`files`: the directory {} cannot be created", path.display()))
}

fn stop_on_signals(stop: &CancellationToken) -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be watched")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be watched")?;
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// Two daemons on one data directory would claim the same leads under the same name. The kernel frees the lock when
/// the process ends, however it ends.
fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join("lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be created", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!(
                "another Cadran runs on {}; stop that one first, or set another `files.data`",
                data.display()
            )
        }
        Err(std::fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("{} cannot be locked", path.display()))
        }
    }
}

/// The name of this installation, which survives restarts: a restarted daemon renews the lease that it had.
fn daemon_id(data: &Path) -> anyhow::Result<String> {
    let path = data.join("daemon-id");
    match std::fs::read_to_string(&path) {
        Ok(name) if !name.trim().is_empty() => return Ok(name.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
    let name = Uuid::new_v4().simple().to_string();
    std::fs::write(&path, &name).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(name)
}

/// Answers the dialplan over FastAGI, where that is configured.
async fn serve_callers(
    config: &Config,
    desks: &Desks,
    stop: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let Some(fastagi) = &config.fastagi else { return Ok(tasks) };
    let wanted = fastagi::Config {
        listen: fastagi.listen,
        peers: fastagi.peers(),
        key: fastagi.read_key()?,
        connections_max: fastagi.connections_max,
    };
    let server = FastAgi::bind(wanted, desks.clone(), wall_clock).await;
    let server = server.with_context(|| format!("`fastagi.listen`: cannot listen on {}", fastagi.listen))?;
    let stop = stop.clone();
    tasks.spawn(async move {
        let stopped = server.serve(stop).await;
        info!(cut_off = stopped.cut_off, "FastAGI has stopped");
    });
    Ok(tasks)
}

async fn serve_http(
    config: &Config,
    front: &Front,
    stop: &CancellationToken,
) -> anyhow::Result<JoinHandle<std::io::Result<()>>> {
    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| format!("`http.listen`: cannot listen on {}", config.http.listen))?;
    info!("The API is at http://{}/api/docs", config.http.listen);
    let router = front.router().into_make_service_with_connect_info::<std::net::SocketAddr>();
    let stopped = stop.clone().cancelled_owned();
    Ok(tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await }))
}

/// Lets people have the answers that are on their way to them.
async fn finish_http(mut server: JoinHandle<std::io::Result<()>>) {
    if timeout(LAST_ANSWERS_DEADLINE, &mut server).await.is_err() {
        server.abort();
    }
}
