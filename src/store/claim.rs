//! Claiming leads for a hopper.
//!
//! Invariant: a lead is claimed by one holder at a time. A claim that is not used ends after [`CLAIM_TIME`], but only
//! another holder may then take the lead: what a running daemon has in its hopper is never handed to it twice.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::dialer::compliance::{PaceLaw, Pack, Reason};
use cadran_engine::model::{CampaignId, DialOrder, Lead, Phone, Timestamp};

use super::db::{Lane, Sql, Tx};
use super::hearing::{Hearing, Question};
use super::lead::{histories_in, read_lead};
use super::value::{args, json};
use super::{Error, Store, callback, lead_order, person, quota};

/// How long a claim holds against other holders. Far longer than a lead stays in a hopper, far shorter than a day.
pub const CLAIM_TIME: Duration = Duration::from_secs(15 * 60);

/// How long a claim may take. One that took longer counts as failed.
const CLAIM_DEADLINE: Duration = Duration::from_secs(5);

/// Rounds of one claim: more are needed only when whole rounds fall to the do-not-call list. The next claim goes on.
const ROUNDS_MAX: u8 = 10;

/// What came of a claim.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claim {
    /// Leads that may be called.
    pub leads: Vec<Lead>,
    /// With fewer leads than asked for: when the next one falls due, if any will.
    pub next_due_at: Option<Timestamp>,
    /// How many others were due but may not be called, by reason.
    pub denied: BTreeMap<Reason, u32>,
    /// What the packs that let the leads pass say of dialling ahead; none where there are no leads.
    pub law: Option<PaceLaw>,
}

impl Claim {
    /// The most frequent reason for which leads may not be called.
    pub fn denied_because(&self) -> Option<Reason> {
        self.denied.iter().max_by_key(|(_, count)| **count).map(|(reason, _)| *reason)
    }
}

const CLAIM: Sql = Sql {
    postgres: "update lead set state = 'claimed', claimed_by = $2, claimed_until = $3, held_because = null, updated_at = $4 \
        where lead_id in (select cast(id as bigint) from jsonb_array_elements_text($1) as id)",
    sqlite: "update lead set state = 'claimed', claimed_by = $2, claimed_until = $3, held_because = null, updated_at = $4 \
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
    ) -> Result<Claim, Error> {
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
    ) -> Result<Claim, Error> {
        let mut tx = self.db.begin(Lane::Calls).await?;
        tx.execute(FREE_EXPIRED, args![campaign, holder, now]).await?;
        lead_order::ripen(&mut tx, campaign, count, now).await?;
        let order = lead_order::wanted(&mut tx, campaign).await?;
        let mut claim = Claim::default();
        for _ in 0..ROUNDS_MAX {
            let wanted = usize::from(count).saturating_sub(claim.leads.len());
            let (candidates, found) = due(&mut tx, campaign, &order, wanted, now).await?;
            if found == 0 {
                break;
            }
            let law = (self.packs(), now);
            let callable = without_denied(&mut tx, candidates, campaign, law, &mut claim).await?;
            let ids: Vec<i64> = callable.iter().map(|lead| lead.id.as_i64()).collect();
            tx.execute(CLAIM, args![json(&ids)?, holder, now + CLAIM_TIME, now]).await?;
            claim.leads.extend(callable);
            if claim.leads.len() == usize::from(count) || found < wanted {
                break;
            }
        }
        if claim.leads.len() < usize::from(count) {
            claim.next_due_at = lead_order::next_due(&mut tx, campaign).await?;
        }
        tx.commit().await?;
        Ok(claim)
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

/// Takes out and settles the leads that may not be called, and counts them by reason; notes what binds the others.
async fn without_denied(
    tx: &mut Tx,
    leads: Vec<Lead>,
    campaign: CampaignId,
    (packs, now): (&[Pack], Timestamp),
    claim: &mut Claim,
) -> Result<Vec<Lead>, Error> {
    let numbers: Vec<Vec<Phone>> = leads.iter().map(|lead| lead.phones().collect()).collect();
    let persons = person::resolve(tx, &numbers, now).await?;
    let mut hearing = Hearing::open(tx, persons, [campaign], packs, now).await?;
    // A campaign that calls on nobody's behalf calls nobody.
    let Some(terms) = hearing.terms(campaign).cloned() else {
        return Ok(Vec::new());
    };
    let mut callable = Vec::with_capacity(leads.len());
    for lead in leads {
        let (id, phone) = (lead.id, lead.phone_to_dial());
        match hearing.ask_to_claim(Question { lead: id, phone, zone: &lead.zone, at: now }, &terms)? {
            Ok(()) => callable.push(lead),
            Err(reason) => *claim.denied.entry(reason).or_default() += 1,
        }
    }
    claim.law = claim.law.into_iter().chain(hearing.pace_law()).reduce(PaceLaw::and);
    hearing.close(tx, now).await?;
    Ok(callable)
}
