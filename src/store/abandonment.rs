//! What became of answered calls in the eyes of the law.

use cadran_engine::dialer::compliance::{Pack, Timeline, Violation, classify_call};
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{AttemptId, CampaignId, Phone, Side, Timestamp};

use super::db::{Select, Tx};
use super::value::{Row, args, json};
use super::{Error, Page, Store};

/// An answered call as the packs in force for its number classify it, the strictest of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abandonment {
    /// The dial.
    pub attempt: AttemptId,
    /// On whose behalf.
    pub campaign: CampaignId,
    /// The number that was called.
    pub phone: Phone,
    /// When it was dialled.
    pub at: Timestamp,
    /// A person answered.
    pub live: bool,
    /// A person answered, stayed, and no agent was there in time.
    pub abandoned: bool,
    /// A person heard neither an agent nor a message.
    pub silent: bool,
    /// The message was there in time.
    pub message: bool,
    /// What else was against the rules.
    pub violations: Vec<Violation>,
    /// Until when the person may not be dialled by machine because of this call.
    pub block_until: Option<Timestamp>,
}

/// Which answered calls are wanted; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AbandonmentFilter {
    /// Those that were abandoned, or the others.
    pub abandoned: Option<bool>,
    /// Dialled then or later.
    pub from: Option<Timestamp>,
    /// Dialled before.
    pub until: Option<Timestamp>,
}

const STARTED: &str = "select started_at from attempt where call_id = $1";

const KEEP: &str = "insert into abandonment (attempt_id, campaign_id, phone, at, live, abandoned, silent, message, \
    violations, block_until) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing";

impl Store {
    /// Answered calls of a campaign as the law sees them, in the order in which they were dialled.
    pub async fn abandonments(
        &self,
        campaign: CampaignId,
        filter: AbandonmentFilter,
        page: Page<AttemptId>,
    ) -> Result<Vec<Abandonment>, Error> {
        let select = Select::new("select * from abandonment")
            .narrow("campaign_id = ?", Some(campaign))
            .narrow("abandoned = ?", filter.abandoned)
            .narrow("at >= ?", filter.from)
            .narrow("at < ?", filter.until)
            .narrow("attempt_id > ?", page.after);
        select.page(&self.db, "attempt_id", page.limit()).await?.iter().map(read).collect()
    }
}

/// Classifies an answered call when it is over; the second time nothing.
pub(super) async fn keep(tx: &mut Tx, call: &CallRecord, packs: &[Pack]) -> Result<(), Error> {
    let Some(row) = tx.row(STARTED, args![call.id]).await? else {
        return Ok(());
    };
    let started_at: Timestamp = row.get("started_at")?;
    let Some(found) = classify_call(&timeline(call, started_at), &call.phone.e164(), packs) else {
        return Ok(());
    };
    let values = args![
        call.attempt,
        call.campaign,
        call.phone,
        started_at,
        found.live,
        found.abandoned,
        found.silent,
        found.safe_harbour_message,
        json(&found.violations)?,
        found.block_until,
    ];
    tx.execute(KEEP, values).await.map(drop)
}

/// A machine had answered, as detection found: no person was let down. It is known when the attempt ends, after the
/// call was kept.
pub(super) async fn nobody_answered(tx: &mut Tx, attempt: AttemptId) -> Result<(), Error> {
    let sql = "update abandonment set live = false, abandoned = false, silent = false, message = false, \
               block_until = null where attempt_id = $1";
    tx.execute(sql, args![attempt]).await.map(drop)
}

/// What happened on a call, in seconds since it was dialled.
fn timeline(call: &CallRecord, started_at: Timestamp) -> Timeline {
    let seconds = |at: Timestamp| at.since(started_at).as_secs_f64();
    let ended = |by_customer: bool| {
        ((call.ended_by == Side::Customer) == by_customer).then(|| seconds(call.ended_at))
    };
    Timeline {
        at: Some(started_at),
        answered: Some(seconds(call.answered_at)),
        agent_connected: call.connected_at.map(seconds),
        message_start: call.message_at.map(seconds),
        hangup_by_us: ended(false),
        hangup_by_callee: ended(true),
        ring_seconds: Some(seconds(call.answered_at)),
        ..Timeline::default()
    }
}

fn read(row: &Row) -> Result<Abandonment, Error> {
    Ok(Abandonment {
        attempt: row.get("attempt_id")?,
        campaign: row.get("campaign_id")?,
        phone: row.get("phone")?,
        at: row.get("at")?,
        live: row.get("live")?,
        abandoned: row.get("abandoned")?,
        silent: row.get("silent")?,
        message: row.get("message")?,
        violations: row.json("violations")?,
        block_until: row.get("block_until")?,
    })
}
