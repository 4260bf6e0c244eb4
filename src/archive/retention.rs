//! How long recordings are kept: once a day every one that is old enough is held against the rule packs.

use std::time::Duration;

use cadran_engine::dialer::compliance::{Artifact, Pack, Retention, retention_by_all};
use cadran_engine::model::Timestamp;
use jiff::tz::TimeZone;
use metrics::counter;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::store::{self, DeletionOrder, Expiring, Store};

/// How often the rules are applied.
const APPLY_EVERY: Duration = Duration::from_secs(24 * 3600);
/// After the start of the daemon, so that a restart does not cost its first minutes.
const APPLY_AFTER: Duration = Duration::from_secs(5 * 60);

/// Rules count in whole months, so nothing younger than the shortest month can be due.
const AGE_MIN: Duration = Duration::from_secs(28 * 24 * 3600);

/// Recordings that are held against the rules at a time.
const BATCH: u16 = 500;

/// What the rule packs call a recording.
const KIND: &str = "recording";

/// Which rules apply to recordings.
#[derive(Clone, Debug, Default)]
pub struct Keeper {
    /// All of them together; the strictest counts.
    pub packs: Vec<Pack>,
    /// What recordings are for, in the words of the packs.
    pub purpose: String,
}

impl Keeper {
    /// Whether law orders a recording from `started_at` to be kept against the wish of the person: for what, and until
    /// which day.
    pub fn ordered(&self, started_at: Timestamp, now: Timestamp) -> Option<(String, String)> {
        let artifact = Artifact { erasure_request: true, ..self.artifact(started_at)? };
        match retention_by_all(&artifact, now, &self.packs).0 {
            Retention::Keep { until: Some(until), obligation: true } => {
                Some((self.purpose.clone(), until.to_string()))
            }
            Retention::Keep { .. } | Retention::Delete | Retention::Hold => None,
        }
    }

    fn artifact(&self, started_at: Timestamp) -> Option<Artifact> {
        let instant = jiff::Timestamp::from_millisecond(started_at.as_millis()).ok()?;
        Some(Artifact {
            kind: KIND.to_owned(),
            purpose: Some(self.purpose.clone()),
            created: Some(instant.to_zoned(TimeZone::UTC).date()),
            ..Artifact::default()
        })
    }

    /// Whether a recording from `started_at` is to go at `now`, and by which rule.
    fn verdict(&self, started_at: Timestamp, now: Timestamp) -> Option<String> {
        let artifact = self.artifact(started_at)?;
        match retention_by_all(&artifact, now, &self.packs) {
            (Retention::Delete, Some(pack)) => Some(format!("{}: {}", pack.id(), self.purpose)),
            (Retention::Delete | Retention::Hold | Retention::Keep { .. }, _) => None,
        }
    }
}

/// Applies the rules, once a day.
#[derive(Debug)]
pub struct Retainer {
    store: Store,
    holder: String,
    keeper: Keeper,
    clock: fn() -> Timestamp,
}

impl Retainer {
    /// Applies the rules of `keeper` to the recordings of `holder`, an Asterisk server.
    pub fn new(store: Store, holder: String, keeper: Keeper, clock: fn() -> Timestamp) -> Self {
        Self { store, holder, keeper, clock }
    }

    /// Works until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut pause = APPLY_AFTER;
        while tokio::time::timeout(pause, stop.cancelled()).await.is_err() {
            pause = APPLY_EVERY;
            match self.apply((self.clock)()).await {
                Ok(deleted) => info!(deleted, "The retention of recordings was applied"),
                Err(error) => {
                    warn!(%error, "The retention of recordings could not be applied to all; trying again soon");
                    pause = APPLY_AFTER;
                }
            }
        }
    }

    /// Orders the deletion of every recording that is due at `now`; gives how many.
    pub async fn apply(&self, now: Timestamp) -> Result<u64, store::Error> {
        let before = now - AGE_MIN;
        let (mut after, mut ordered) = (None, 0);
        loop {
            let batch = self.store.expiring_recordings(&self.holder, before, after, BATCH).await?;
            for expiring in &batch {
                ordered += u64::from(self.judge(expiring, now).await?);
            }
            if batch.len() < usize::from(BATCH) {
                return Ok(ordered);
            }
            after = batch.last().copied();
        }
    }

    async fn judge(&self, expiring: &Expiring, now: Timestamp) -> Result<bool, store::Error> {
        let Some(rule) = self.keeper.verdict(expiring.started_at, now) else { return Ok(false) };
        let recording = expiring.recording;
        let order = DeletionOrder {
            recording,
            at: now,
            rule: Some(rule.clone()),
            reason: "its retention is over".to_owned(),
            by: None,
        };
        // Since the batch was read a hold may have come; then it stays.
        let ordered = self.store.delete_recording(&order).await? == store::Ordered::Yes;
        if ordered {
            counter!("cadran_recordings_expired_total").increment(1);
            info!(target: "audit", { recording.id = %recording, rule }, "recording deleted by its retention");
        }
        Ok(ordered)
    }
}
