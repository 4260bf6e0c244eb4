//! The end of a recording: legal holds, what may have to go, and the proof that it is gone.

use cadran_engine::model::{CallId, RecordingId, Timestamp};

use super::db::{Lane, Select, Tx};
use super::recording::{LegalHold, read_id};
use super::value::{Row, args};
use super::{Error, Page, Store};

/// Why a recording is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionOrder {
    /// Which recording.
    pub recording: RecordingId,
    /// When that was decided.
    pub at: Timestamp,
    /// The rule that says so, such as `fr-2026: training_quality`; none when a person does.
    pub rule: Option<String>,
    /// Why, for people to read.
    pub reason: String,
    /// Who says so: the login of a user; none when a rule does.
    pub by: Option<String>,
}

/// What is known of a deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// What was decided.
    pub order: DeletionOrder,
    /// Since when nothing is left; none while a file may still be there.
    pub deleted_at: Option<Timestamp>,
    /// SHA-256 of the sound that was played, in hexadecimal digits; none when none was kept.
    pub sha256: Option<String>,
    /// Size of that.
    pub bytes: Option<u64>,
    /// Until when backups may hold it; none while it is not deleted.
    pub backups_until: Option<Timestamp>,
}

/// What came of the wish to delete a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// It is being deleted, or has been.
    Yes,
    /// A legal hold is on it.
    Held,
    /// It is still being written.
    Open,
    /// There is no such recording.
    Unknown,
}

/// A recording that rules may want deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// Which recording.
    pub recording: RecordingId,
    /// When it began.
    pub started_at: Timestamp,
}

/// The hold is looked at in the statement itself: one that is set at the same moment either comes first or too late.
const ORDER: &str = "update recording set archive = 'deleting', archive_due_at = $3, archive_tries = 0, \
    archive_problem = null where call_id = $1 and part = $2 and state <> 'open' and hold_reason is null \
    and archive not in ('deleting', 'deleted')";

const KEEP_ORDER: &str = "insert into recording_deletion (call_id, part, asked_at, rule, reason, asked_by, sha256, bytes) \
    select recording.call_id, recording.part, $3, $4, $5, $6, file.sha256, coalesce(file.bytes, recording.bytes) \
    from recording left join recording_file file on file.call_id = recording.call_id \
    and file.part = recording.part and file.kind = 'opus' \
    where recording.call_id = $1 and recording.part = $2 on conflict do nothing";

const EXPIRING: &str = "select recording.call_id, part, recording.started_at from recording \
    where recording.started_at < $2 and (recording.started_at, recording.call_id, part) > ($3, $4, $5) \
    and recording.state <> 'open' and hold_reason is null and archive not in ('deleting', 'deleted') \
    and holder = $1 order by recording.started_at, recording.call_id, part limit $6";

/// Orders a recording to be deleted, unless something is in the way or it was ordered before.
pub(super) async fn order(tx: &mut Tx, order: &DeletionOrder) -> Result<bool, Error> {
    let id = order.recording;
    if tx.execute(ORDER, args![id.call, id.part, order.at]).await? == 0 {
        return Ok(false);
    }
    let (rule, by) = (order.rule.as_deref(), order.by.as_deref());
    let values = args![id.call, id.part, order.at, rule, order.reason.as_str(), by];
    tx.execute(KEEP_ORDER, values).await?;
    Ok(true)
}

impl Store {
    /// Puts a legal hold on a recording, or lifts it. False when there is no such recording, or it is already being
    /// deleted.
    pub async fn hold_recording(&self, id: RecordingId, hold: Option<&LegalHold>) -> Result<bool, Error> {
        let sql = "update recording set hold_reason = $3, held_by = $4, held_at = $5 \
                   where call_id = $1 and part = $2 and archive not in ('deleting', 'deleted')";
        let (reason, by) = (hold.map(|hold| hold.reason.as_str()), hold.map(|hold| hold.by.as_str()));
        let values = args![id.call, id.part, reason, by, hold.map(|hold| hold.at)];
        Ok(self.db.execute(sql, values).await? > 0)
    }

    /// Orders a recording to be deleted; the archive does so. Ordering it again changes nothing.
    pub async fn delete_recording(&self, order: &DeletionOrder) -> Result<Ordered, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        if !self::order(&mut tx, order).await? {
            drop(tx);
            return self.why_not_ordered(order.recording).await;
        }
        tx.commit().await?;
        Ok(Ordered::Yes)
    }

    async fn why_not_ordered(&self, id: RecordingId) -> Result<Ordered, Error> {
        let sql =
            "select state, hold_reason is not null as held from recording where call_id = $1 and part = $2";
        let Some(row) = self.db.row(sql, args![id.call, id.part]).await? else { return Ok(Ordered::Unknown) };
        let state: String = row.get("state")?;
        Ok(match (state.as_str(), row.get("held")?) {
            ("open", _) => Ordered::Open,
            (_, true) => Ordered::Held,
            (_, false) => Ordered::Yes,
        })
    }

    /// Nothing is left of a recording but the row; backups may hold it until then.
    pub async fn recording_deleted(
        &self,
        id: RecordingId,
        at: Timestamp,
        backups_until: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let gone = "update recording set archive = 'deleted', archive_problem = null \
                    where call_id = $1 and part = $2 and archive = 'deleting'";
        tx.execute("delete from recording_file where call_id = $1 and part = $2", args![id.call, id.part])
            .await?;
        tx.execute(gone, args![id.call, id.part]).await?;
        let proof = "update recording_deletion set deleted_at = $3, backups_until = $4 \
                     where call_id = $1 and part = $2 and deleted_at is null";
        tx.execute(proof, args![id.call, id.part, at, backups_until]).await?;
        tx.commit().await
    }

    /// Recordings of this Asterisk server from before a moment that rules may want deleted, the oldest first.
    pub async fn expiring_recordings(
        &self,
        holder: &str,
        before: Timestamp,
        after: Option<Expiring>,
        limit: u16,
    ) -> Result<Vec<Expiring>, Error> {
        let nil = CallId::from_uuid(sqlx::types::Uuid::nil());
        let none = Expiring {
            recording: RecordingId { call: nil, part: 0 },
            started_at: Timestamp::from_millis(i64::MIN),
        };
        let last = after.unwrap_or(none);
        let id = last.recording;
        let values = args![holder, before, last.started_at, id.call, id.part, limit];
        let rows = self.db.rows(EXPIRING, values).await?;
        rows.iter()
            .map(|row| Ok(Expiring { recording: read_id(row)?, started_at: row.get("started_at")? }))
            .collect()
    }

    /// Deletions, the latest first.
    pub async fn deletions(&self, page: Page<RecordingId>) -> Result<Vec<Deletion>, Error> {
        let after = match page.after {
            Some(id) => self.deletion(id).await?.map(|last| args![last.order.at, id.call, id.part]),
            None => None,
        };
        let select = Select::new("select * from recording_deletion")
            .narrow_all("(asked_at, call_id, part) < (?, ?, ?)", after);
        let rows = select.page(&self.db, "asked_at desc, call_id desc, part desc", page.limit()).await?;
        rows.iter().map(read).collect()
    }

    /// The deletion of one recording, if it was ordered.
    pub async fn deletion(&self, id: RecordingId) -> Result<Option<Deletion>, Error> {
        let sql = "select * from recording_deletion where call_id = $1 and part = $2";
        self.db.row(sql, args![id.call, id.part]).await?.as_ref().map(read).transpose()
    }
}

fn read(row: &Row) -> Result<Deletion, Error> {
    let bytes: Option<i64> = row.get("bytes")?;
    Ok(Deletion {
        order: DeletionOrder {
            recording: read_id(row)?,
            at: row.get("asked_at")?,
            rule: row.get("rule")?,
            reason: row.get("reason")?,
            by: row.get("asked_by")?,
        },
        deleted_at: row.get("deleted_at")?,
        sha256: row.get("sha256")?,
        bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        backups_until: row.get("backups_until")?,
    })
}
