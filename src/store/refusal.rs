//! Refusals: people who did not want a seller's call, as agents said of calls.

use cadran_engine::command::DispositionRecord;
use cadran_engine::model::{AttemptId, CampaignId, Phone, SellerId, Timestamp};

use super::Error;
use super::db::{Sql, Tx, upsert};
use super::value::{Row, args, json};

/// A refusal that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The dial that reached the person.
    pub(super) attempt: AttemptId,
    /// The number that was called.
    pub(super) phone: Phone,
    /// On whose behalf the person was called.
    pub(super) seller: Option<SellerId>,
    /// The campaign that called.
    pub(super) campaign: CampaignId,
    /// When it was said.
    pub(super) at: Timestamp,
}

const KEEP: Sql = upsert!(
    "insert into refusal (call_id, phone, seller_id, campaign_id, said_at) \
    select call_id, phone, seller_id, campaign_id, $2 from attempt where call_id = $1",
    "call_id",
    "set said_at = excluded.said_at, withdrawn_at = null"
);

const WITHDRAW: &str = "update refusal set withdrawn_at = $2 where call_id = $1 and withdrawn_at is null";

const OF: Sql = Sql {
    postgres: "select attempt_id, refusal.* from refusal join attempt using (call_id) \
        where refusal.phone in (select jsonb_array_elements_text($1)) and withdrawn_at is null order by said_at",
    sqlite: "select attempt_id, refusal.* from refusal join attempt using (call_id) \
        where refusal.phone in (select value from json_each($1)) and withdrawn_at is null order by said_at",
};

/// Keeps what the latest word on a call says: that the person refused, or that an earlier word to that effect was wrong.
pub(super) async fn follow(tx: &mut Tx, said: &DispositionRecord) -> Result<(), Error> {
    let sql = if said.refused { KEEP } else { WITHDRAW.into() };
    tx.execute(sql, args![said.call, said.at]).await.map(drop)
}

/// The refusals that stand of these numbers, the oldest first.
pub(super) async fn of(tx: &mut Tx, phones: &[Phone]) -> Result<Vec<Refusal>, Error> {
    tx.rows(OF, args![json(&phones)?]).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Refusal, Error> {
    Ok(Refusal {
        attempt: row.get("attempt_id")?,
        phone: row.get("phone")?,
        seller: row.get("seller_id")?,
        campaign: row.get("campaign_id")?,
        at: row.get("said_at")?,
    })
}
