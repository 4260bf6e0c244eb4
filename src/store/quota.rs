//! Quotas: how many successes there are, and what is not dialled any more.
//!
//! Successes are counted in the transaction that keeps the agent's word. Who may be dialled is looked up at the claim
//! and again when an attempt becomes durable: what goes beyond a quota was ringing or talking when it was reached.

use std::time::Duration;

use cadran_engine::model::{CallId, CampaignId, LeadId, ListId, Quota, QuotaPart, Timestamp};

use super::db::{Sql, Tx};
use super::value::{args, json};
use super::{Error, Store};

/// When a lead is looked at again whose part of the campaign has reached its quota: the quota may have been raised.
const REACHED_WAIT: Duration = Duration::from_secs(24 * 3600);

const INSERT: &str = "insert into quota (campaign_id, place, list_id, field, value, wanted, reached) \
    values ($1, $2, $3, $4, $5, $6, 0)";

const COUNT_AGAIN: &str = "update quota set reached = (select count(*) from success \
    join lead on lead.lead_id = success.lead_id where success.campaign_id = quota.campaign_id \
    and (quota.list_id is null or success.list_id = quota.list_id) \
    and (quota.field is null or lead.fields ->> quota.field = quota.value)) where campaign_id = $1";

/// Settings of the campaign cannot change meanwhile, and so neither can its quotas.
const HOLD_SETTINGS: Sql = Sql {
    postgres: "select 1 as one from campaign where campaign_id = $1 for share",
    sqlite: "select 1 as one from campaign where campaign_id = $1",
};

const SUCCEED: &str = "insert into success (call_id, campaign_id, list_id, lead_id) \
    select $1, $2, list_id, lead_id from lead where lead_id = $3 on conflict do nothing";

const COUNT: &str = "update quota set reached = reached + $3 where campaign_id = $1 and exists \
    (select 1 from lead where lead.lead_id = $2 and (quota.list_id is null or lead.list_id = quota.list_id) \
    and (quota.field is null or lead.fields ->> quota.field = quota.value))";

const PUT_OFF: Sql = Sql {
    postgres: "update lead set due_at = $3, ripe = false where lead_id in \
        (select cast(id as bigint) from jsonb_array_elements_text($1) as id) and exists (select 1 from quota \
        where quota.campaign_id = $2 and reached >= wanted and lead.fields ->> quota.field = quota.value) \
        returning lead_id",
    sqlite: "update lead set due_at = $3, ripe = false where lead_id in (select value from json_each($1)) \
        and exists (select 1 from quota where quota.campaign_id = $2 and reached >= wanted \
        and lead.fields ->> quota.field = quota.value) returning lead_id",
};

const GIVE_BACK: &str = "update lead set state = 'waiting', ripe = false, claimed_by = null, claimed_until = null \
    where lead_id = $1 and (not exists (select 1 from dialled_list where dialled_list.list_id = lead.list_id) \
    or exists (select 1 from quota where quota.campaign_id = lead.campaign_id and reached >= wanted \
        and lead.fields ->> quota.field = quota.value))";

/// A quota and how far it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaStand {
    /// What is wanted.
    pub quota: Quota,
    /// Successes so far.
    pub reached: u32,
}

impl Store {
    /// The quotas of a campaign, in the order of its settings, with the successes so far.
    pub async fn quotas(&self, campaign: CampaignId) -> Result<Vec<QuotaStand>, Error> {
        let sql = "select * from quota where campaign_id = $1 order by place";
        let rows = self.db.rows(sql, args![campaign]).await?;
        let stands = rows.iter().map(|row| {
            let list = row.get::<Option<i64>>("list_id")?;
            let of = match (list, row.get("field")?, row.get("value")?) {
                (_, Some(field), Some(value)) => QuotaPart::Field { field, value },
                (Some(list), _, _) => QuotaPart::List { list: ListId::from_i64(list) },
                (None, _, _) => QuotaPart::Campaign,
            };
            let quota = Quota { of, successes: row.get("wanted")? };
            Ok(QuotaStand { quota, reached: row.get("reached")? })
        });
        stands.collect()
    }
}

/// Takes over the quotas of a campaign's settings and counts afresh.
pub(super) async fn set(tx: &mut Tx, campaign: CampaignId, quotas: &[Quota]) -> Result<(), Error> {
    tx.execute("delete from quota where campaign_id = $1", args![campaign]).await?;
    for (place, quota) in (0_i64..).zip(quotas) {
        let (list, field, value) = match &quota.of {
            QuotaPart::Campaign => (None, None, None),
            QuotaPart::Field { field, value } => (None, Some(field.as_str()), Some(value.as_str())),
            QuotaPart::List { list } => (Some(list.as_i64()), None, None),
        };
        tx.execute(INSERT, args![campaign, place, list, field, value, quota.successes]).await?;
    }
    tx.execute(COUNT_AGAIN, args![campaign]).await.map(drop)
}

/// Counts the latest word on a call: a success once, and no longer when it is corrected.
pub(super) async fn count(
    tx: &mut Tx,
    call: CallId,
    campaign: CampaignId,
    lead: LeadId,
    success: bool,
) -> Result<(), Error> {
    tx.rows(HOLD_SETTINGS, args![campaign]).await?;
    let (changed, by) = if success {
        (tx.execute(SUCCEED, args![call, campaign, lead]).await?, 1_i64)
    } else {
        (tx.execute("delete from success where call_id = $1", args![call]).await?, -1_i64)
    };
    if changed > 0 {
        tx.execute(COUNT, args![campaign, lead, by]).await?;
    }
    Ok(())
}

/// Puts off those of the leads whose part of the campaign has reached its quota; gives those that are left.
pub(super) async fn without_reached(
    tx: &mut Tx,
    leads: Vec<LeadId>,
    campaign: CampaignId,
    now: Timestamp,
) -> Result<Vec<LeadId>, Error> {
    let ids: Vec<i64> = leads.iter().map(|lead| lead.as_i64()).collect();
    let rows = tx.rows(PUT_OFF, args![json(&ids)?, campaign, now + REACHED_WAIT]).await?;
    let put_off: Vec<LeadId> = rows.iter().map(|row| row.get("lead_id")).collect::<Result<_, _>>()?;
    Ok(leads.into_iter().filter(|lead| !put_off.contains(lead)).collect())
}

/// The last look before a dial: gives the lead back when its list is switched off or its quota is reached.
pub(super) async fn give_back_if_reached(tx: &mut Tx, lead: LeadId) -> Result<bool, Error> {
    Ok(tx.execute(GIVE_BACK, args![lead]).await? > 0)
}
