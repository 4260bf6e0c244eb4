//! Claiming leads for a hopper.
//!
//! Invariant: a lead is claimed by one holder at a time. A claim that is not used ends after [`CLAIM_TIME`], but only
//! another holder may then take the lead: what a running daemon has in its hopper is never handed to it twice.

use std::time::Duration;

use cadran_engine::model::{CampaignId, DialOrder, Lead, LeadId, Phone, Timestamp};

use super::db::{Lane, Sql, Tx};
use super::do_not_call::{Blocked, blocked};
use super::lead::{histories_in, read_lead, withdraw_callbacks};
use super::value::{args, json};
use super::{Error, Store, callback, lead_order, quota};

/// How long a claim holds against other holders. Far longer than a lead stays in a hopper, far shorter than a day.
pub const CLAIM_TIME: Duration = Duration::from_secs(15 * 60);

/// How long a claim may take. One that took longer counts as failed.
const CLAIM_DEADLINE: Duration = Duration::from_secs(5);

/// Rounds of one claim: more are needed only when whole rounds fall to the do-not-call list. The next claim goes on.
const ROUNDS_MAX: u8 = 10;

const CLAIM: Sql = Sql {
    postgres: "update lead set state = 'claimed', claimed_by = $2, claimed_until = $3, updated_at = $4 \
        where lead_id in (select cast(id as bigint) from jsonb_array_elements_text($1) as id)",
    sqlite: "update lead set state = 'claimed', claimed_by = $2, claimed_until = $3, updated_at = $4 \
        where lead_id in (select value from json_each($1))",
};

const FREE_EXPIRED: &str = "update lead set state = 'waiting', claimed_by = null, claimed_until = null \
    where campaign_id = $1 and state = 'claimed' and claimed_by <> $2 and claimed_until <= $3";

const FREE: &str = "update lead set state = 'waiting', claimed_by = null, claimed_until = null \
    where campaign_id = $1 and state = 'claimed' and claimed_by = $2 and claimed_until = $3";

impl Store {
    /// Claims up to `count` leads that are due, for `holder`. A lead with a number on a do-not-call list is left out
    /// and settled. With fewer leads than asked for comes the moment at which the next one falls due, if any will.
    ///
    /// After an error leads may be claimed all the same, when only the answer was lost:
    /// [`super::WriteQueue::free_claim`] makes up for that.
    pub async fn claim_leads(
        &self,
        campaign: CampaignId,
        count: u16,
        now: Timestamp,
        holder: &str,
    ) -> Result<(Vec<Lead>, Option<Timestamp>), Error> {
        tokio::time::timeout(CLAIM_DEADLINE, self.claim(campaign, count, now, holder))
            .await
            .map_err(|_| Error::Slow { deadline: CLAIM_DEADLINE })?
    }

    async fn claim(
        &self,
        campaign: CampaignId,
        count: u16,
        now: Timestamp,
        holder: &str,
    ) -> Result<(Vec<Lead>, Option<Timestamp>), Error> {
        let mut tx = self.db.begin(Lane::Calls).await?;
        tx.execute(FREE_EXPIRED, args![campaign, holder, now]).await?;
        lead_order::ripen(&mut tx, campaign, count, now).await?;
        let order = lead_order::wanted(&mut tx, campaign).await?;
        let mut leads: Vec<Lead> = Vec::new();
        for _ in 0..ROUNDS_MAX {
            let wanted = usize::from(count).saturating_sub(leads.len());
            let (candidates, found) = due(&mut tx, campaign, &order, wanted, now).await?;
            let callable = without_blocked(&mut tx, candidates, campaign, now).await?;
            let ids: Vec<i64> = callable.iter().map(|lead| lead.id.as_i64()).collect();
            tx.execute(CLAIM, args![json(&ids)?, holder, now + CLAIM_TIME, now]).await?;
            leads.extend(callable);
            if leads.len() == usize::from(count) || found < wanted {
                break;
            }
        }
        let next_due_at = if leads.len() < usize::from(count) {
            lead_order::next_due(&mut tx, campaign).await?
        } else {
            None
        };
        tx.commit().await?;
        Ok((leads, next_due_at))
    }
}

/// Frees the leads that `holder` claimed at `claimed_at`, of which it never heard.
pub(super) async fn free(
    tx: &mut Tx,
    campaign: CampaignId,
    holder: &str,
    claimed_at: Timestamp,
) -> Result<(), Error> {
    tx.execute(FREE, args![campaign, holder, claimed_at + CLAIM_TIME]).await.map(drop)
}

/// Leads that are due and wanted, and how many there were before some of them were put off.
async fn due(
    tx: &mut Tx,
    campaign: CampaignId,
    order: &DialOrder,
    wanted: usize,
    now: Timestamp,
) -> Result<(Vec<Lead>, usize), Error> {
    let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
    let next = lead_order::next(tx, campaign, order, wanted, now).await?;
    let found = next.len();
    let next = quota::without_reached(tx, next, campaign, now).await?;
    let rows = lead_order::rows(tx, &next).await?;
    let mut histories = histories_in(tx, &rows).await?;
    let promises = callback::promises(tx, &next).await?;
    let leads = rows.iter().map(|row| {
        let lead = read_lead(row, &mut histories)?;
        Ok(Lead { promise: promises.get(&lead.id).copied(), ..lead })
    });
    Ok((leads.collect::<Result<_, Error>>()?, found))
}

/// Takes out and settles the leads of which a number must not be called.
async fn without_blocked(
    tx: &mut Tx,
    leads: Vec<Lead>,
    campaign: CampaignId,
    now: Timestamp,
) -> Result<Vec<Lead>, Error> {
    let phones: Vec<Phone> = leads.iter().flat_map(numbers).collect();
    let blocked = blocked(tx, &phones, campaign, now).await?;
    let mut callable = Vec::with_capacity(leads.len());
    for lead in leads {
        let hits: Vec<Blocked> = blocked
            .iter()
            .filter(|(phone, _)| numbers(&lead).any(|number| number == *phone))
            .copied()
            .collect();
        if hits.is_empty() {
            callable.push(lead);
        } else {
            settle_blocked(tx, lead.id, &hits, now).await?;
        }
    }
    Ok(callable)
}

fn numbers(lead: &Lead) -> impl Iterator<Item = Phone> + '_ {
    std::iter::once(lead.phone).chain(lead.alternates.iter().copied())
}

/// Settles a lead that must not be called: done when an entry holds for good, else due when the last one ends.
pub(super) async fn settle_blocked(
    tx: &mut Tx,
    lead: LeadId,
    hits: &[Blocked],
    now: Timestamp,
) -> Result<(), Error> {
    let ends: Option<Vec<Timestamp>> = hits.iter().map(|(_, until)| *until).collect();
    match ends.and_then(|ends| ends.into_iter().max()) {
        Some(until) => {
            let sql = "update lead set state = 'waiting', due_at = $2, ripe = false, claimed_by = null, claimed_until = null, \
                       updated_at = $3 where lead_id = $1";
            tx.execute(sql, args![lead, until, now]).await.map(drop)
        }
        None => {
            let sql = "update lead set state = 'done', done_reason = 'do_not_call', callback = false, \
                       claimed_by = null, claimed_until = null, updated_at = $2 where lead_id = $1";
            tx.execute(sql, args![lead, now]).await?;
            withdraw_callbacks(tx, lead).await
        }
    }
}
