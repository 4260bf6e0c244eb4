//! Promises to callers to call them back: booked, tried, kept or taken back, and never deleted.

use std::time::Duration;

use cadran_engine::model::incoming::{CallbackStanding, CallerCallback, KeptPlace};
use cadran_engine::model::{AgentId, CallId, DidId, QueueId, Timestamp, UserId};

use super::callback::CallbackState;
use super::db::{Select, Sql, Tx, upsert};
use super::value::{Row, Value, args, json};
use super::{Error, Page, Store};

/// An hour of the clock, within which a queue promises only so many.
const CAPACITY_SPAN_MS: i64 = 60 * 60 * 1000;

/// The promises of an Asterisk server that nobody has driven for this long are kept by whichever daemon starts next.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

const BOOK: Sql = upsert!(
    "insert into caller_callback (call_id, queue_id, phone, did_id, agent_id, booked_at, due_at, place, tries, language, \
    holder) select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 where (select count(*) from caller_callback where queue_id = $2 \
    and call_id <> $1 and state = 'open' and due_at >= $12 and due_at < $13) < $14",
    "call_id",
    "set queue_id = excluded.queue_id, phone = excluded.phone, due_at = excluded.due_at, place = excluded.place, \
    state = 'open'"
);

/// A number of somebody who was erased (`+999`, see [`super::erasure`]) stays what it is: the engine may know the real one
/// for a moment longer.
const SAVE: Sql = upsert!(
    "insert into caller_callback (call_id, queue_id, phone, did_id, agent_id, booked_at, due_at, place, tries, language, \
    holder, state, kept_by, changed_at, changed_by) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    "call_id",
    "set queue_id = excluded.queue_id, phone = case when caller_callback.phone like '+999%' then caller_callback.phone \
    else excluded.phone end, did_id = excluded.did_id, agent_id = excluded.agent_id, \
    due_at = excluded.due_at, place = excluded.place, tries = excluded.tries, holder = excluded.holder, \
    state = excluded.state, kept_by = excluded.kept_by, changed_at = excluded.changed_at, \
    changed_by = coalesce(excluded.changed_by, caller_callback.changed_by)"
);

const ADOPT: &str = "update caller_callback set holder = $1 where state = 'open' \
    and (holder is null or holder not in (select name from lease where held_until > $2))";

const OPEN: &str =
    "select * from caller_callback where state = 'open' and holder = $1 order by due_at, call_id";

/// With the latest end of what bars the number; at the end of time for what has none.
const SELECT: &str = "select caller_callback.*, (select max(coalesce(valid_until, 9223372036854775807)) \
    from do_not_call where do_not_call.phone = caller_callback.phone and campaign_id is null and seller_id is null) \
    as barred_until from caller_callback";

/// A promise, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerCallbackRecord {
    /// The promise as it stands.
    pub callback: CallerCallback,
    /// What became of it.
    pub state: CallbackState,
    /// The call by which it was kept; none while it is open.
    pub kept_by: Option<CallId>,
    /// When it came to stand as it does; none: it stands as it was booked.
    pub changed_at: Option<Timestamp>,
    /// The account that wanted it so; none when it came about by itself.
    pub changed_by: Option<UserId>,
    /// Until when its number must not be called; none: it may.
    pub barred_until: Option<Timestamp>,
}

/// Which promises are wanted; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerCallbackFilter {
    /// Made by this agent.
    pub agent: Option<AgentId>,
    /// Booked in this call.
    pub call: Option<CallId>,
    /// Still to be kept, or not.
    pub is_open: Option<bool>,
    /// Of this queue.
    pub queue: Option<QueueId>,
}

/// Keeps how a promise stands, for `holder`'s daemon.
pub(super) async fn save(
    tx: &mut Tx,
    callback: &CallerCallback,
    standing: CallbackStanding,
    by: Option<UserId>,
    at: Timestamp,
    holder: &str,
) -> Result<(), Error> {
    let (state, kept_by) = match standing {
        CallbackStanding::Open => ("open", None),
        CallbackStanding::Kept(by) => ("kept", Some(by)),
        CallbackStanding::Withdrawn => ("withdrawn", None),
    };
    let mut values = columns(callback, holder)?;
    values.extend(args![state, kept_by, at, by]);
    tx.execute(SAVE, values).await.map(drop)
}

/// What `holder`'s daemon has to keep.
pub(super) async fn open(tx: &mut Tx, holder: &str, now: Timestamp) -> Result<Vec<CallerCallback>, Error> {
    tx.execute(ADOPT, args![holder, now - ABANDONED_AFTER]).await?;
    tx.rows(OPEN, args![holder]).await?.iter().map(read).collect()
}

impl Store {
    /// Promises a caller to call them back, unless the queue has promised as many within the hour as it can keep. Says
    /// whether it did.
    pub async fn book_callback(
        &self,
        callback: &CallerCallback,
        capacity: Option<u32>,
        holder: &str,
    ) -> Result<bool, Error> {
        let mut values = columns(callback, holder)?;
        let from = callback.due_at.as_millis().div_euclid(CAPACITY_SPAN_MS) * CAPACITY_SPAN_MS;
        values.extend(args![from, from + CAPACITY_SPAN_MS, capacity.map_or(i64::MAX, i64::from)]);
        Ok(self.db.execute(BOOK, values).await? > 0)
    }

    /// Promises to callers, the earliest due first. Whoever is confined to teams sees those of the queues that agents of
    /// these serve.
    pub async fn caller_callbacks(
        &self,
        filter: CallerCallbackFilter,
        page: Page<CallId>,
    ) -> Result<Vec<CallerCallbackRecord>, Error> {
        let behind = "(due_at, call_id) > (select due_at, call_id from caller_callback where call_id = ?)";
        let select = Select::new(SELECT)
            .of_queues("queue_id", &self.scope)
            .narrow("agent_id = ?", filter.agent)
            .narrow("call_id = ?", filter.call)
            .narrow("(state = 'open') = ?", filter.is_open)
            .narrow("queue_id = ?", filter.queue.map(|queue| queue.as_i64()))
            .narrow(behind, page.after);
        let rows = select.page(&self.db, "due_at, call_id", page.limit()).await?;
        rows.iter().map(read_record).collect()
    }
}

fn columns(callback: &CallerCallback, holder: &str) -> Result<Vec<Value>, Error> {
    let CallerCallback { id, queue, phone, did, agent, booked_at, due_at, place, tries, language } = callback;
    let place = place.as_ref().map(json).transpose()?.unwrap_or(Value::Json(None));
    let did = did.map(DidId::as_i64);
    Ok(args![
        *id,
        queue.as_i64(),
        *phone,
        did,
        *agent,
        *booked_at,
        *due_at,
        place,
        *tries,
        language.as_deref(),
        holder
    ])
}

fn read(row: &Row) -> Result<CallerCallback, Error> {
    let place: Option<KeptPlace> = row.json_if_any("place")?;
    Ok(CallerCallback {
        id: row.get("call_id")?,
        queue: QueueId::from_i64(row.get("queue_id")?),
        phone: row.get("phone")?,
        did: row.get::<Option<i64>>("did_id")?.map(DidId::from_i64),
        agent: row.get("agent_id")?,
        booked_at: row.get("booked_at")?,
        due_at: row.get("due_at")?,
        place,
        tries: row.get("tries")?,
        language: row.get("language")?,
    })
}

fn read_record(row: &Row) -> Result<CallerCallbackRecord, Error> {
    Ok(CallerCallbackRecord {
        callback: read(row)?,
        state: row.word("state")?,
        kept_by: row.get("kept_by")?,
        changed_at: row.get("changed_at")?,
        changed_by: row.get("changed_by")?,
        barred_until: row.get("barred_until")?,
    })
}
