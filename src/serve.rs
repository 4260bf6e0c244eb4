//! From a configuration to a running daemon, and back to a clean stop.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use cadran_engine::Engine;
use cadran_engine::input::{Input, StoreEvent, SwitchEvent};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::archive::{self, Archivist, Depot, Keeper, Keeping, Keys, Retainer};
use crate::asterisk::{self, ClaimError, Switch};
use crate::audit::Anchor;
use crate::config::{Config, SpeechEngine};
use crate::daemon::{Clock, Daemon, Ended, Inlets, wall_clock};
use crate::fastagi::{self, FastAgi};
use crate::flow_requests::FlowRequests;
use crate::inbox::Inbox;
use crate::journal::{self, Journal};
use crate::live::Hub;
use crate::look_ups::LookUps;
use crate::mail::Mailer;
use crate::reload::Reloader;
use crate::speech::{Espeak, Remote, Speaker, Speech, Utterance};
use crate::store::{Acquired, Database, Lease, Store};
use crate::tap::Taps;
use crate::webhooks::{Private, Sender};
use crate::{http, rule_packs};

mod looking_after;

use looking_after::{mailer, prober, surroundings};

/// News of one side that may wait for the engine. Behind a full one the adapter waits, and its own bounds apply.
const NEWS_MAX: usize = 8_192;

/// How long a lease lasts unless it is renewed. Shorter than it takes a person to start another daemon by hand.
const LEASE_TTL: Duration = Duration::from_secs(10);
/// How often the lease is renewed, and how long that may take.
const LEASE_RENEWAL: Duration = Duration::from_secs(2);

/// How long to wait between two tries to reach an Asterisk that is not up yet.
const ASTERISK_WAIT: Duration = Duration::from_secs(2);

/// Upper bounds, in seconds, of the classes that times are counted in.
const TIME_BOUNDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// How often measured times are counted into their classes. Until then each is kept by itself.
const FIGURES_UPKEEP: Duration = Duration::from_secs(5);

/// How long the last writes may take.
const FLUSH_DEADLINE: Duration = Duration::from_secs(10);
/// How long the last answers of the API may take.
const LAST_ANSWERS_DEADLINE: Duration = Duration::from_secs(2);
/// How long the database may take to let go.
const GIVE_BACK_DEADLINE: Duration = Duration::from_secs(5);

/// Runs the daemon until it is told to stop by SIGTERM or SIGINT.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    stop_on_signals(&stop)?;
    let data = &config.files.data;
    create_directory(data)?;
    let _only_one = lock(data)?;
    let daemon_id = daemon_id(data)?;
    let server = format!("{}#{}", config.asterisk.url, config.asterisk.app);

    let store = open_store(&config).await?;
    let lease = acquire_lease(&store, &server, &daemon_id).await?;
    let renewal = tokio::spawn(renew_lease(store.clone(), lease.clone(), stop.clone()));
    let outcome = drive(&config, &store, &lease, &daemon_id, &stop).await;
    stop.cancel();
    // The task ends by itself when it sees the stop.
    let _ = renewal.await;
    give_back(&store, &lease).await;
    outcome
}

/// Drives the Asterisk server that the lease is on, from the first look at it until the last write is durable.
async fn drive(
    config: &Config,
    store: &Store,
    lease: &Lease,
    daemon_id: &str,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let clock = Clock::start();
    let (switch_news, switch_inlet) = mpsc::channel(NEWS_MAX);
    let (store_news, store_inlet) = mpsc::channel(NEWS_MAX);
    let (found, found_inlet) = mpsc::channel(NEWS_MAX);
    let (inbox, items) = Inbox::new();
    let (hub, board, compare) = Hub::new(&Uuid::new_v4().simple().to_string(), Box::new(move || clock.now()));
    tokio::spawn(compare);

    let speech = speech(config)?;
    let prober = prober(config, &switch_news);
    let taps = Taps::default();
    let switch = connect(config, clock, daemon_id, speech.clone(), &taps, switch_news, stop).await?;
    let Some(switch) = switch else {
        return Ok(());
    };
    let switch = Arc::new(switch);
    let (writes, writer) = store.writer(&lease.name, Some(lease.clone()), store_news.clone());
    let settings = Reloader::new(store.clone(), switch.clone(), inbox.clone(), config.asterisk.limit());
    if let Some(prober) = prober {
        tokio::spawn(prober.run(settings.far_ends(), stop.clone()));
    }
    let seed = seed()?;
    let (journal, journal_writer) = begin_journal(config, seed)?;
    let mut daemon = Daemon {
        engine: Engine::new(seed),
        clock,
        switch: switch.clone(),
        store: store.clone(),
        settings,
        writes,
        holder: lease.name.clone(),
        inbox: inbox.clone(),
        board,
        store_news,
        look_ups: LookUps::new(store.clone(), requests(config)?, wall_clock, found),
        journal,
    };
    prime(&mut daemon).await?;
    store.end_cut_imports(wall_clock()).await.context("cut imports cannot be ended")?;

    let depot = open_depot(config)?;
    let archive = keep_recordings(config, store, &depot, &lease.name, stop)?;
    let mailer = mailer(config, store)?;
    let around = surroundings(config, &lease.name, &switch, mailer.as_ref());
    let mut callers = serve_callers(config, &inbox, store, speech.clone(), mailer, stop).await?;
    let app = app(config, inbox.clone(), hub, store.clone(), depot, stop)?.within(around).tapping(taps);
    tokio::spawn(app.checker().run(stop.clone()));
    let sender = Sender::new(store.clone(), config.secrets.safe()?, Private::Refused, wall_clock)
        .context("webhooks cannot be sent")?;
    let sender = tokio::spawn(sender.run(stop.clone()));
    let app = speech.into_iter().fold(app, http::App::speaking);
    let http_server = serve_http(config, app.clone(), stop).await?;
    let inlets = Inlets { items, switch: switch_inlet, store: store_inlet, found: found_inlet };
    let ended = daemon.run(inlets, stop.clone()).await;
    info!("Stopping: {ended}");
    stop.cancel();
    leave_asterisk(&switch).await;
    flush(writer).await;
    // They end by themselves when they see the stop; what they were at is begun anew by the next daemon.
    archive.join_all().await;
    // What was on its way comes back into the line by itself.
    sender.abort();
    finish_callers(&mut callers).await;
    inbox.close();
    finish_http(&app, http_server).await;
    finish_journal(journal_writer).await;
    match ended {
        Ended::Stopped => Ok(()),
        Ended::Fatal(_) | Ended::QueueFull(_) | Ended::Broken(_) => Err(ended.into()),
    }
}

/// Opens the configured database, brings it up to date, and puts it under the rule packs of the installation.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    create_directory(&config.files.data)?;
    let url = config.database.url.as_ref().map(|url| url.expose_secret());
    let database = Database::open(url, &config.files.data).await.context("the database cannot be opened")?;
    database.migrate().await.context("the database cannot be brought up to date")?;
    let store = database.first().await.context("the database cannot be opened")?;
    database.close().await;
    let packs = rule_packs::of_installation(config.compliance.packs.as_deref());
    let sounds = config.asterisk.sounds.clone().unwrap_or_else(|| config.files.sounds());
    let store = store.with_sounds_at(&sounds);
    Ok(store.under(packs.context("`compliance.packs`: the rule packs cannot be used")?))
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

fn seed() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).context("the system gives no random numbers")?;
    Ok(u64::from_le_bytes(bytes))
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

/// Reaches Asterisk, waiting for it as long as it is not up. None when the daemon was told to stop meanwhile.
async fn connect(
    config: &Config,
    clock: Clock,
    daemon_id: &str,
    speech: Option<Speech>,
    taps: &Taps,
    news: mpsc::Sender<SwitchEvent>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Switch>> {
    let config = asterisk::Config {
        url: config.asterisk.url.clone(),
        user: config.asterisk.user.clone(),
        password: config.asterisk.read_password()?,
        app: config.asterisk.app.clone(),
        daemon: format!("{daemon_id}-{}", Uuid::new_v4().simple()),
        recordings: config.files.recordings(),
        messages: config.files.messages(),
        voice: speech.map(|speech| Arc::new(Spoken(speech)) as Arc<dyn asterisk::Voice>),
        tap_address: config.tap.address,
        taps: taps.clone(),
        clock: asterisk::Clock::new(move || clock.now()),
    };
    loop {
        match Switch::connect(config.clone(), news.clone()).await {
            Ok(switch) => return Ok(Some(switch)),
            Err(asterisk::Error::Claim(ClaimError::Asterisk(error))) => {
                warn!(%error, "Asterisk at {} does not answer; waiting for it", config.url);
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = sleep(ASTERISK_WAIT) => {}
        }
    }
}

/// The journal of this run, where one is wanted.
fn begin_journal(config: &Config, seed: u64) -> anyhow::Result<(Journal, Option<journal::Writer>)> {
    let Some(directory) = &config.journal.directory else {
        return Ok((Journal::default(), None));
    };
    let (journal, writer) = Journal::begin(directory, config.journal.limits(), seed, wall_clock())?;
    Ok((journal, Some(writer)))
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

/// Begins to keep figures, in as much memory after a month as after a minute.
fn keep_figures(stop: &CancellationToken) -> anyhow::Result<PrometheusHandle> {
    let builder = PrometheusBuilder::new().set_buckets(&TIME_BOUNDS).context("figures cannot be kept")?;
    let figures = builder.install_recorder().context("figures cannot be kept")?;
    let (upkeep, stop) = (figures.clone(), stop.clone());
    tokio::spawn(async move {
        while timeout(FIGURES_UPKEEP, stop.cancelled()).await.is_err() {
            upkeep.run_upkeep();
        }
    });
    Ok(figures)
}

/// The way to the files of recordings. A bucket is not asked yet: that it is away at the start harms nothing.
fn open_depot(config: &Config) -> anyhow::Result<Depot> {
    let (recordings, directory) = (config.files.recordings(), config.files.archive());
    create_directory(&recordings)?;
    create_directory(&directory)?;
    let disk = archive::disk(&directory).context("`files.archive` cannot be used")?;
    let keys = match &config.recordings.key_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(anyhow::Error::from)
            .and_then(|text| Ok(Keys::parse(&text)?))
            .with_context(|| format!("`recordings.key_file`: {} cannot be used", file.display()))?,
        None => Keys::default(),
    };
    let bucket = config.recordings.bucket.as_ref();
    let bucket = bucket.map(|bucket| {
        let bucket = archive::Bucket {
            endpoint: bucket.endpoint.clone(),
            region: bucket.region.clone(),
            name: bucket.name.clone(),
            access_key: bucket.access_key.clone(),
            secret_key: bucket.read_secret_key()?,
        };
        archive::bucket(&bucket).context("`recordings.bucket` cannot be used")
    });
    Ok(Depot::new(recordings, disk, bucket.transpose()?, keys))
}

/// Begins to archive the recordings of `holder`, and to delete those whose time is over.
fn keep_recordings(
    config: &Config,
    store: &Store,
    depot: &Depot,
    holder: &str,
    stop: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let config = &config.recordings;
    let keeping = Keeping {
        bits_per_second: i32::from(config.kilobits_per_second) * 1000,
        backups: Duration::from_secs(u64::from(config.backup_days) * 24 * 3600),
    };
    let archivist = Archivist::new(store.clone(), depot.clone(), holder.to_owned(), keeping, wall_clock);
    let packs = rule_packs::named(&config.retention).context("`recordings.retention`")?;
    let mut tasks = JoinSet::new();
    tasks.spawn(archivist.run(stop.clone()));
    if !packs.is_empty() {
        let keeper = Keeper { packs, purpose: config.purpose.clone() };
        tasks.spawn(Retainer::new(store.clone(), holder.to_owned(), keeper, wall_clock).run(stop.clone()));
    }
    Ok(tasks)
}

/// What the API works with.
fn app(
    config: &Config,
    inbox: Inbox,
    hub: Hub,
    store: Store,
    depot: Depot,
    stop: &CancellationToken,
) -> anyhow::Result<http::App> {
    let metrics = keep_figures(stop)?;
    let settings = http::HttpSettings {
        uploads_dir: config.files.data.join("uploads"),
        audit_anchor: Anchor::of(&config.files.data),
        safe: config.secrets.safe()?,
        sounds_dir: config.files.sounds(),
        messages_dir: config.files.messages(),
        secrets: config.flows.secrets.keys().cloned().collect(),
        secure_cookies: config.http.secure_cookies,
    };
    create_directory(&settings.uploads_dir)?;
    create_directory(&settings.sounds_dir)?;
    create_directory(&settings.messages_dir)?;
    Ok(http::App::new(inbox, hub, store, depot, metrics, settings, wall_clock))
}

/// Texts of flows, spoken while callers wait for them.
#[derive(Debug)]
struct Spoken(Speech);

#[async_trait]
impl asterisk::Voice for Spoken {
    async fn spoken(&self, text: &str, locale: &str, voice: Option<&str>) -> String {
        let voice = voice.map(str::to_owned);
        let utterance = Utterance { text: text.to_owned(), locale: locale.to_owned(), voice };
        self.0.spoken_or_fallback(&utterance).await.uri
    }
}

/// What speaks texts, where something does.
fn speech(config: &Config) -> anyhow::Result<Option<Speech>> {
    let wanted = &config.speech;
    let speaker: Arc<dyn Speaker> = match wanted.engine {
        SpeechEngine::None => return Ok(None),
        SpeechEngine::Espeak => Arc::new(Espeak::new(&wanted.program)),
        SpeechEngine::Remote => {
            let url = wanted.url.as_deref().unwrap_or_default();
            Arc::new(Remote::new(url, &wanted.model, &wanted.voice, wanted.read_key()?)?)
        }
    };
    let sounds = config.files.sounds();
    let seen_at = config.asterisk.sounds.clone().unwrap_or_else(|| sounds.clone());
    Ok(Some(Speech::new(speaker, &sounds, &seen_at)))
}

/// The way to the servers that flows ask.
fn requests(config: &Config) -> anyhow::Result<FlowRequests> {
    let hosts = config.flows.private_hosts.clone();
    FlowRequests::new(config.flows.read_secrets()?, hosts).context("`flows` cannot be used")
}

/// Begins what callers need beside the engine: FastAGI and mail, where they are configured.
async fn serve_callers(
    config: &Config,
    inbox: &Inbox,
    store: &Store,
    speech: Option<Speech>,
    mailer: Option<Mailer>,
    stop: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    if let Some(fastagi) = &config.fastagi {
        let desk = fastagi::Desk {
            store: store.clone(),
            inbox: inbox.clone(),
            speech,
            requests: requests(config)?,
            messages_dir: config.files.messages(),
            clock: wall_clock,
        };
        let wanted = fastagi::Config {
            listen: fastagi.listen,
            peers: fastagi.peers(),
            key: fastagi.read_key()?,
            connections_max: fastagi.connections_max,
        };
        let server = FastAgi::bind(wanted, desk).await;
        let server =
            server.with_context(|| format!("`fastagi.listen`: cannot listen on {}", fastagi.listen))?;
        let stop = stop.clone();
        tasks.spawn(async move {
            let stopped = server.serve(stop).await;
            info!(cut_off = stopped.cut_off, "FastAGI has stopped");
        });
    }
    if let Some(mailer) = mailer {
        tasks.spawn(mailer.run(stop.clone()));
    }
    Ok(tasks)
}

/// Lets conversations of the dialplan come to an end; their callers are in the dialplan's hands afterwards.
async fn finish_callers(tasks: &mut JoinSet<()>) {
    while let Ok(Some(_)) = timeout(FLUSH_DEADLINE, tasks.join_next()).await {}
}

async fn serve_http(
    config: &Config,
    app: http::App,
    stop: &CancellationToken,
) -> anyhow::Result<JoinHandle<std::io::Result<()>>> {
    let listener = TcpListener::bind(config.http.listen)
        .await
        .with_context(|| format!("`http.listen`: cannot listen on {}", config.http.listen))?;
    info!("The API is at http://{}/api/docs", config.http.listen);
    let router = http::router(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let stopped = stop.clone().cancelled_owned();
    Ok(tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await }))
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

/// Lets people have the answers that are on their way to them.
async fn finish_http(app: &http::App, mut server: JoinHandle<std::io::Result<()>>) {
    // Each socket has a deadline of its own for the last word.
    app.close_sockets().await;
    if timeout(LAST_ANSWERS_DEADLINE, &mut server).await.is_err() {
        server.abort();
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
