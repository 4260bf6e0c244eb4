//! Promises to callers to call them back: booked, tried, kept, and never forgotten.

use cadran_engine::flow::run::Booking;
use cadran_engine::model::incoming::{CallerCallback, KeptPlace};
use cadran_engine::model::{CallId, QueueId, Timestamp};

use super::db::{Select, Sql, Tx, upsert};
use super::value::{Row, args};
use super::{Error, Page, Store};

/// An hour of promises, within which a queue keeps only so many.
const CAPACITY_SPAN_MS: i64 = 3_600_000;

const BOOK: Sql = upsert!(
    "insert into caller_callback (call_id, queue_id, phone, due_at, booked_at, holder, place_since, place_priority) \
    select $1, $2, $3, $4, $5, $8, $9, $10 where (select count(*) from caller_callback where queue_id = $2 \
    and state = 'open' and due_at >= $4 and due_at < $6) < $7",
    "call_id",
    "set due_at = excluded.due_at, phone = excluded.phone"
);

/// A promise without a holder was made before holders were kept: whoever asks first has it.
const ADOPT: &str = "update caller_callback set holder = $1 where holder is null and state = 'open'";

const OPEN: &str =
    "select * from caller_callback where state = 'open' and holder = $1 order by due_at, call_id";

const SAVE: &str = "update caller_callback set due_at = $2, tries = $3, kept_by = $4, changed_at = $5, \
    state = case when $4 is null then state else 'kept' end where call_id = $1 and state = 'open'";

/// A promise, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerCallbackRecord {
    /// The promise as it stands.
    pub callback: CallerCallback,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// The call by which it was kept; none while it is open.
    pub kept_by: Option<CallId>,
}

/// Keeps how a promise stands; one that was kept or withdrawn stays as it is.
pub(super) async fn save(
    tx: &mut Tx,
    callback: &CallerCallback,
    kept_by: Option<CallId>,
    at: Timestamp,
) -> Result<(), Error> {
    let values = args![callback.id, callback.due_at, callback.tries, kept_by, at];
    tx.execute(SAVE, values).await.map(drop)
}

/// What `holder`'s daemon has to keep.
pub(super) async fn open(tx: &mut Tx, holder: &str) -> Result<Vec<CallerCallback>, Error> {
    tx.execute(ADOPT, args![holder]).await?;
    tx.rows(OPEN, args![holder]).await?.iter().map(read).collect()
}

impl Store {
    /// Promises a caller to call them back, unless the queue has promised as many within the hour as it can keep.
    pub async fn book_callback(
        &self,
        callback: &CallerCallback,
        capacity: Option<u32>,
        holder: &str,
        now: Timestamp,
    ) -> Result<Booking, Error> {
        let CallerCallback { id, queue, phone, due_at, place, .. } = callback;
        let until = Timestamp::from_millis(due_at.as_millis().saturating_add(CAPACITY_SPAN_MS));
        let most = capacity.map_or(i64::MAX, i64::from);
        let since = place.map(|place| place.since);
        let priority = place.map(|place| i64::from(place.priority));
        let values = args![*id, queue.as_i64(), *phone, *due_at, now, until, most, holder, since, priority];
        let booked = self.db.execute(BOOK, values).await?;
        Ok(if booked > 0 { Booking::Booked } else { Booking::Full })
    }

    /// Promises to callers, the earliest due first: those that are still to be kept, or all of them.
    pub async fn caller_callbacks(
        &self,
        queue: Option<QueueId>,
        is_open: Option<bool>,
        page: Page<CallId>,
    ) -> Result<Vec<CallerCallbackRecord>, Error> {
        let behind = "(due_at, call_id) > (select due_at, call_id from caller_callback where call_id = ?)";
        let select = Select::new("select * from caller_callback")
            .narrow("queue_id = ?", queue.map(|queue| queue.as_i64()))
            .narrow("(state = 'open') = ?", is_open)
            .narrow(behind, page.after);
        let rows = select.page(&self.db, "due_at, call_id", page.limit()).await?;
        rows.iter()
            .map(|row| {
                let (booked_at, kept_by) = (row.get("booked_at")?, row.get("kept_by")?);
                Ok(CallerCallbackRecord { callback: read(row)?, booked_at, kept_by })
            })
            .collect()
    }
}

fn read(row: &Row) -> Result<CallerCallback, Error> {
    let since: Option<Timestamp> = row.get("place_since")?;
    let priority: Option<u16> = row.get("place_priority")?;
    Ok(CallerCallback {
        id: row.get("call_id")?,
        queue: QueueId::from_i64(row.get("queue_id")?),
        phone: row.get("phone")?,
        due_at: row.get("due_at")?,
        place: since.zip(priority).map(|(since, priority)| KeptPlace { since, priority }),
        tries: row.get("tries")?,
    })
}
