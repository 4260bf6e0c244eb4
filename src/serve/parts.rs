//! What a house is made of, by what a person wrote down.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use cadran_engine::input::SwitchEvent;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use super::create_directory;
use crate::archive::{self, Archivist, Depot, Keeper, Keeping, Keys, Retainer};
use crate::asterisk::{self, Addresses, ClaimError, Names, Switch};
use crate::audit::Anchor;
use crate::config::{Config, SpeechEngine};
use crate::daemon::{Clock, wall_clock};
use crate::erasures::ErasureList;
use crate::flow_requests::FlowRequests;
use crate::inbox::Inbox;
use crate::journal::{self, Journal};
use crate::live::Hub;
use crate::speech::{Espeak, Remote, Speaker, Speech, Utterance};
use crate::store::Store;
use crate::tap::Taps;
use crate::{http, rule_packs};

/// How long to wait between two tries to reach an Asterisk that is not up yet.
const ASTERISK_WAIT: Duration = Duration::from_secs(2);

/// How Asterisk is reached, and what everything of the tenant is called there.
pub(super) fn on_asterisk(
    config: &Config,
    names: &Names,
    addresses: Addresses,
    clock: Clock,
    daemon_id: &str,
    speech: Option<Speech>,
    taps: &Taps,
) -> anyhow::Result<asterisk::Config> {
    Ok(asterisk::Config {
        url: config.asterisk.url.clone(),
        user: config.asterisk.user.clone(),
        password: config.asterisk.read_password()?,
        app: config.asterisk.app.clone(),
        names: names.clone(),
        addresses,
        daemon: format!("{daemon_id}-{}", Uuid::new_v4().simple()),
        recordings: config.files.recordings(),
        messages: config.files.messages(),
        voice: speech.map(|speech| Arc::new(Spoken(speech)) as Arc<dyn asterisk::Voice>),
        tap_address: config.tap.address,
        taps: taps.clone(),
        clock: asterisk::Clock::new(move || clock.now()),
    })
}

/// Reaches Asterisk, waiting for it as long as it is not up. None when the daemon was told to stop meanwhile.
pub(super) async fn connect(
    config: asterisk::Config,
    news: mpsc::Sender<SwitchEvent>,
    stop: &CancellationToken,
) -> anyhow::Result<Option<Switch>> {
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
pub(super) fn begin_journal(
    config: &Config,
    seed: u64,
) -> anyhow::Result<(Journal, Option<journal::Writer>)> {
    let Some(directory) = &config.journal.directory else {
        return Ok((Journal::default(), None));
    };
    let (journal, writer) = Journal::begin(directory, config.journal.limits(), seed, wall_clock())?;
    Ok((journal, Some(writer)))
}

/// The way to the files of recordings. A bucket is not asked yet: that it is away at the start harms nothing.
pub(super) fn open_depot(config: &Config) -> anyhow::Result<Depot> {
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
            prefix: bucket.prefix.clone(),
        };
        archive::bucket(&bucket).context("`recordings.bucket` cannot be used")
    });
    Ok(Depot::new(recordings, disk, bucket.transpose()?, keys))
}

/// Begins to archive the recordings of `holder`, and to delete those whose time is over.
pub(super) fn keep_recordings(
    config: &Config,
    store: &Store,
    depot: &Depot,
    holder: &str,
    stop: &CancellationToken,
) -> anyhow::Result<JoinSet<()>> {
    let keeping = Keeping {
        bits_per_second: i32::from(config.recordings.kilobits_per_second) * 1000,
        backups: Duration::from_secs(u64::from(config.recordings.backup_days) * 24 * 3600),
    };
    let archivist = Archivist::new(store.clone(), depot.clone(), holder.to_owned(), keeping, wall_clock);
    let keeper = keeper(config)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(archivist.run(stop.clone()));
    if !keeper.packs.is_empty() {
        tasks.spawn(Retainer::new(store.clone(), holder.to_owned(), keeper, wall_clock).run(stop.clone()));
    }
    Ok(tasks)
}

/// The rules by which recordings are kept.
fn keeper(config: &Config) -> anyhow::Result<Keeper> {
    let config = &config.recordings;
    let packs = rule_packs::named(&config.retention).context("`recordings.retention`")?;
    Ok(Keeper { packs, purpose: config.purpose.clone() })
}

/// What the API works with.
pub(super) fn app(
    config: &Config,
    figures: PrometheusHandle,
    inbox: Inbox,
    hub: Hub,
    store: Store,
    depot: Depot,
) -> anyhow::Result<http::App> {
    let settings = http::HttpSettings {
        uploads_dir: config.files.data.join("uploads"),
        audit_anchor: Anchor::of(&config.files.data),
        erasures: ErasureList::of(&config.files.data),
        keeper: keeper(config)?,
        safe: config.secrets.safe()?,
        sounds_dir: config.files.sounds(),
        messages_dir: config.files.messages(),
        secrets: config.flows.secrets.keys().cloned().collect(),
        secure_cookies: config.http.secure_cookies,
    };
    create_directory(&settings.uploads_dir)?;
    create_directory(&settings.sounds_dir)?;
    create_directory(&settings.messages_dir)?;
    Ok(http::App::new(inbox, hub, store, depot, figures, settings, wall_clock))
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
pub(super) fn speech(config: &Config) -> anyhow::Result<Option<Speech>> {
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
pub(super) fn requests(config: &Config) -> anyhow::Result<FlowRequests> {
    let hosts = config.flows.private_hosts.clone();
    FlowRequests::new(config.flows.read_secrets()?, hosts).context("`flows` cannot be used")
}
