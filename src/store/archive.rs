//! The archive's work list, which is the rows themselves, and the files that it keeps.

use cadran_engine::model::{RecordingId, Timestamp};
use serde::Deserialize;

use super::db::{Lane, Sql, upsert};
use super::recording::read_id;
use super::value::{Row, args};
use super::{Error, Store};

/// Something to do for a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveJob {
    /// Which recording.
    pub recording: RecordingId,
    /// What to do.
    pub step: ArchiveStep,
    /// How often it was tried.
    pub tries: u32,
}

/// What is to be done for a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveStep {
    /// Encode the WAV file of the recordings directory, and put away what is kept.
    Keep {
        /// Where that file lies, relative to the recordings directory.
        path: String,
        /// Whether the WAV file itself is kept too.
        with_wav: bool,
    },
    /// Delete whatever there is.
    Remove,
    /// Remove the WAV file of the recordings directory: all that is kept is in its place.
    Tidy,
}

/// A file that is kept of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// What it holds.
    pub kind: FileKind,
    /// In which store.
    pub place: Place,
    /// Under which name.
    pub name: String,
    /// Size, before it is sealed.
    pub bytes: u64,
    /// SHA-256 in hexadecimal digits, before it is sealed.
    pub sha256: String,
    /// The name of the key that it is sealed with; none when it is kept as it is.
    pub key: Option<String>,
    /// What was found when it was looked at last, if it was not what was kept.
    pub problem: Option<String>,
}

/// What a kept file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// The sound as Ogg Opus.
    Opus,
    /// The sound as it was recorded.
    Wav,
    /// What it looks like, as JSON.
    Waveform,
}

impl FileKind {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opus => "opus",
            Self::Wav => "wav",
            Self::Waveform => "waveform",
        }
    }
}

/// Where kept files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// An object store, by the S3 protocol.
    Bucket,
    /// The archive directory.
    Disk,
}

impl Place {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Disk => "disk",
        }
    }
}

const JOBS: &str = "select call_id, part, path, archive, archive_tries, \
    coalesce(campaign.settings, queue.settings) as settings from recording \
    left join campaign on campaign.campaign_id = recording.campaign_id \
    left join queue on queue.queue_id = recording.queue_id \
    where archive in ('waiting', 'stored', 'deleting') and archive_due_at <= $2 and holder = $1 \
    order by archive_due_at limit $3";

const KEEP: Sql = upsert!(
    "insert into recording_file (call_id, part, kind, place, name, bytes, sha256, key_name, stored_at, \
    checked_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    "call_id, part, kind",
    "set \
    place = excluded.place, name = excluded.name, bytes = excluded.bytes, sha256 = excluded.sha256, \
    key_name = excluded.key_name, stored_at = excluded.stored_at, checked_at = excluded.checked_at, problem = null"
);

const STORED: &str = "update recording set archive = 'stored', archive_tries = 0, archive_problem = null \
    where call_id = $1 and part = $2 and archive = 'waiting'";

const TIDIED: &str = "update recording set archive = 'done', archive_tries = 0, archive_problem = null \
    where call_id = $1 and part = $2 and archive = 'stored'";

const NOT_DONE: &str = "update recording set archive_tries = archive_tries + 1, archive_problem = $3, \
    archive_due_at = $4 where call_id = $1 and part = $2";

const UNCHECKED: &str = "select recording_file.* from recording_file \
    join recording using (call_id, part) \
    where checked_at < $2 and holder = $1 order by checked_at limit $3";

impl Store {
    /// What the archive has to do for recordings of this Asterisk server, the longest due first.
    pub async fn archive_jobs(
        &self,
        holder: &str,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<ArchiveJob>, Error> {
        self.db.rows(JOBS, args![holder, now, limit]).await?.iter().map(read_job).collect()
    }

    /// These files are in their places. False when the recording is to be deleted meanwhile: the files are known
    /// then, and go with it.
    pub async fn archived(&self, id: RecordingId, files: &[KeptFile], now: Timestamp) -> Result<bool, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        for file in files {
            let values = args![
                id.call,
                id.part,
                file.kind.as_str(),
                file.place.as_str(),
                file.name.as_str(),
                i64::try_from(file.bytes).unwrap_or(i64::MAX),
                file.sha256.as_str(),
                file.key.as_deref(),
                now,
            ];
            tx.execute(KEEP, values).await?;
        }
        let stored = tx.execute(STORED, args![id.call, id.part]).await?;
        tx.commit().await?;
        Ok(stored > 0)
    }

    /// The WAV file of the recordings directory is removed.
    pub async fn tidied(&self, id: RecordingId) -> Result<(), Error> {
        self.db.execute(TIDIED, args![id.call, id.part]).await.map(drop)
    }

    /// It could not be done, for this reason, and is tried again then.
    pub async fn not_archived(&self, id: RecordingId, problem: &str, due_at: Timestamp) -> Result<(), Error> {
        self.db.execute(NOT_DONE, args![id.call, id.part, problem, due_at]).await.map(drop)
    }

    /// What is kept of a recording.
    pub async fn kept_files(&self, id: RecordingId) -> Result<Vec<KeptFile>, Error> {
        let sql = "select * from recording_file where call_id = $1 and part = $2 order by kind";
        self.db.rows(sql, args![id.call, id.part]).await?.iter().map(read_file).collect()
    }

    /// Files of this Asterisk server that were looked at last before a moment, the longest ago first.
    pub async fn unchecked_files(
        &self,
        holder: &str,
        before: Timestamp,
        limit: u16,
    ) -> Result<Vec<(RecordingId, KeptFile)>, Error> {
        let rows = self.db.rows(UNCHECKED, args![holder, before, limit]).await?;
        rows.iter().map(|row| Ok((read_id(row)?, read_file(row)?))).collect()
    }

    /// A file was looked at, and this was wrong with it, if anything.
    pub async fn file_checked(
        &self,
        id: RecordingId,
        kind: FileKind,
        now: Timestamp,
        problem: Option<&str>,
    ) -> Result<(), Error> {
        let sql = "update recording_file set checked_at = $4, problem = $5 \
                   where call_id = $1 and part = $2 and kind = $3";
        self.db.execute(sql, args![id.call, id.part, kind.as_str(), now, problem]).await.map(drop)
    }
}

fn read_job(row: &Row) -> Result<ArchiveJob, Error> {
    let word: String = row.get("archive")?;
    let step = match word.as_str() {
        "waiting" => {
            // Campaigns and queues say it in the same word; a queue that is gone says nothing.
            let settings: Option<serde_json::Value> = row.json_if_any("settings")?;
            let with_wav = settings.is_some_and(|settings| {
                // Those of a queue lie in a document with its id.
                let own = settings.get("settings").unwrap_or(&settings);
                own["keep_wav"].as_bool().unwrap_or(false)
            });
            ArchiveStep::Keep { path: row.get("path")?, with_wav }
        }
        "stored" => ArchiveStep::Tidy,
        _ => ArchiveStep::Remove,
    };
    Ok(ArchiveJob { recording: read_id(row)?, step, tries: row.get("archive_tries")? })
}

fn read_file(row: &Row) -> Result<KeptFile, Error> {
    Ok(KeptFile {
        kind: row.word("kind")?,
        place: row.word("place")?,
        name: row.get("name")?,
        bytes: row.get("bytes")?,
        sha256: row.get("sha256")?,
        key: row.get("key_name")?,
        problem: row.get("problem")?,
    })
}
