//! Silence on purpose in a recording: when, how long, and why.

use cadran_engine::model::{RecordingId, Timestamp};

use super::db::Tx;
use super::value::args;
use super::{Error, Store};

/// A stretch of silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingGap {
    /// From when.
    pub began_at: Timestamp,
    /// Until when; none when it lasted until the recording ended, or lasts.
    pub ended_at: Option<Timestamp>,
    /// Why, such as `card`.
    pub reason: String,
}

/// Keeps that a gap began; the second time nothing.
pub(super) async fn open(tx: &mut Tx, id: RecordingId, at: Timestamp, reason: &str) -> Result<(), Error> {
    let sql = "insert into recording_gap (call_id, part, began_at, reason) values ($1, $2, $3, $4) \
               on conflict do nothing";
    tx.execute(sql, args![id.call, id.part, at, reason]).await.map(drop)
}

/// Keeps that the gap that is open ended. Repeated when no gap is open, it changes nothing.
pub(super) async fn close(tx: &mut Tx, id: RecordingId, at: Timestamp) -> Result<(), Error> {
    let sql = "update recording_gap set ended_at = $3 \
               where call_id = $1 and part = $2 and ended_at is null and began_at <= $3";
    tx.execute(sql, args![id.call, id.part, at]).await.map(drop)
}

impl Store {
    /// The gaps of a recording, in order.
    pub async fn recording_gaps(&self, id: RecordingId) -> Result<Vec<RecordingGap>, Error> {
        let sql = "select * from recording_gap where call_id = $1 and part = $2 order by began_at";
        let rows = self.db.rows(sql, args![id.call, id.part]).await?;
        rows.iter()
            .map(|row| {
                Ok(RecordingGap {
                    began_at: row.get("began_at")?,
                    ended_at: row.get("ended_at")?,
                    reason: row.get("reason")?,
                })
            })
            .collect()
    }
}
