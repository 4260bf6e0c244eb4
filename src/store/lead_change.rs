//! Leads as people change them: one is added, corrected, or begins again.
//!
//! What dialling writes and what people write are different columns of a lead, so that neither undoes the other: a
//! correction leaves state, due time and history alone, and [`super::LeadRecord::rev`] counts corrections only.

use cadran_engine::dialer::compliance::{Pack, Reason};
use cadran_engine::model::{CampaignId, LeadId, LeadState, ListId, Phone, Timestamp, Zone};

use super::db::{Lane, Sql, Tx};
use super::denial::Denied;
use super::hearing::{Hearing, Question};
use super::import::{NewLead, known, store_leads};
use super::value::{Row, Value, args, json, without_nul};
use super::{Error, Store, erasure, person};

/// What people may correct of a lead. The preferred number stays: it is what the list knows the lead by.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadChange {
    /// Other numbers of the same person, in the order in which they are tried; none: as they are.
    pub alternates: Option<Vec<Phone>>,
    /// How the person or company is called. May be empty.
    pub name: String,
    /// Where the lead lives, for calling hours.
    pub zone: Zone,
    /// Higher is dialled earlier.
    pub priority: i64,
    /// What else is known.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

/// Why a lead does not begin again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReset {
    /// The law forbids the call, or a do-not-call list, and time does not help.
    Denied {
        /// Why.
        reason: Reason,
        /// The rule that says so.
        rule: String,
    },
    /// It is not done.
    Is(LeadState),
}

const LOCK_LIST: Sql = Sql {
    postgres: "select campaign_id from list where list_id = $1 for no key update",
    sqlite: "select campaign_id from list where list_id = $1",
};

/// Another number in the place of the one that was next is not the one that was next.
const CHANGE: &str = "update lead set name = $3, zone = $4, priority = $5, fields = $6, \
    next_phone = case when coalesce($7, alternates) = alternates then next_phone else 0 end, \
    alternates = coalesce($7, alternates), rev = rev + 1, updated_at = $8 where lead_id = $1 and rev = $2 returning *";

const LOCK: Sql = Sql {
    postgres: "select * from lead where lead_id = $1 for update",
    sqlite: "select * from lead where lead_id = $1",
};

const RESET: &str = "update lead set state = 'waiting', done_reason = null, withdrawn = false, held_because = null, \
    due_at = $2, ripe = false, next_phone = 0, attempts = 0, reset_at = $2, updated_at = $2 \
    where lead_id = $1 and state = 'done'";

const GIVE_BACK: &str = "update lead set state = 'waiting', ripe = false, claimed_by = null, claimed_until = null \
    where lead_id = $1 and state = 'in_attempt'";

impl Store {
    /// Adds a lead to a list, or brings the one with its number up to date, as an import would. Says whether it is
    /// there for the first time.
    pub async fn add_lead(
        &self,
        list: ListId,
        lead: NewLead,
        now: Timestamp,
    ) -> Result<(LeadId, bool), Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let row = tx.row(LOCK_LIST, args![list]).await?.ok_or(Error::NotFound("list"))?;
        let campaign: CampaignId = row.get("campaign_id")?;
        let phones: Vec<Phone> = lead.phones().collect();
        erasure::refuse(&mut tx, &phones).await?;
        let is_new = known(&mut tx, list, &[lead.phone]).await?.is_empty();
        let lead = NewLead { name: without_nul(&lead.name), ..lead };
        let stored = store_leads(&mut tx, (list, campaign), None, &[lead], now).await?;
        let id = stored.first().copied().ok_or(Error::NotFound("lead"))?;
        tx.commit().await?;
        Ok((id, is_new))
    }

    /// Corrects a lead, if nobody did since `rev`. A dial that is under way goes on; one that waits in a hopper for a
    /// number that the lead no longer has is not placed.
    pub async fn change_lead(
        &self,
        id: LeadId,
        rev: i64,
        change: &LeadChange,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let name = without_nul(&change.name);
        let alternates = change.alternates.as_ref().map_or(Ok(Value::Json(None)), json)?;
        let fields = json(&change.fields)?;
        let values = args![id, rev, &name, change.zone.name(), change.priority, fields, alternates, now];
        let Some(row) = tx.row(CHANGE, values).await? else {
            drop(tx);
            let exists = "select 1 as one from lead where lead_id = $1";
            return Err(self.why_unchanged("lead", exists, id).await);
        };
        let numbers = numbers(&row)?;
        erasure::refuse(&mut tx, &numbers).await?;
        if erasure::has_erased(&row)? {
            return Err(Error::Erased);
        }
        person::resolve(&mut tx, &[numbers], now).await?;
        tx.commit().await
    }

    /// Has a lead that is done begin again, unless the law forbids to call it for good: it waits, is due, and its
    /// attempts are counted anew for the retry rules. What the law counts, it counts as before.
    pub async fn reset_lead(&self, id: LeadId, now: Timestamp) -> Result<Result<(), NotReset>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let row = tx.row(LOCK, args![id]).await?.ok_or(Error::NotFound("lead"))?;
        if let Some(refused) = self.why_not_reset(&mut tx, id, &row, now).await? {
            tx.roll_back().await?;
            return Ok(Err(refused));
        }
        tx.execute(RESET, args![id, now]).await?;
        tx.commit().await?;
        Ok(Ok(()))
    }

    /// What stands against it, whatever the time is. Nothing is known of a campaign without a seller, which calls nobody.
    async fn why_not_reset(
        &self,
        tx: &mut Tx,
        lead: LeadId,
        row: &Row,
        now: Timestamp,
    ) -> Result<Option<NotReset>, Error> {
        let state: LeadState = row.word("state")?;
        if state != LeadState::Done {
            return Ok(Some(NotReset::Is(state)));
        }
        if erasure::has_erased(row)? {
            let (reason, rule) = (Reason::Erased, Pack::CORE.to_owned());
            return Ok(Some(NotReset::Denied { reason, rule }));
        }
        let (campaign, zone): (CampaignId, Zone) = (row.get("campaign_id")?, row.get("zone")?);
        let persons = person::resolve(tx, &[numbers(row)?], now).await?;
        let hearing = Hearing::open(tx, persons, [campaign], self.packs(), now).await?;
        let Some(terms) = hearing.terms(campaign) else {
            return Ok(None);
        };
        let question = Question { lead, phone: row.get("phone")?, zone: &zone, at: now };
        let (inquiry, decision) = hearing.consider(question, terms);
        let denied = Denied::by(&decision, &inquiry, lead).filter(Denied::is_for_good);
        let rule = decision.rule_id().unwrap_or_default();
        Ok(denied.map(|denied| NotReset::Denied { reason: denied.reason, rule: rule.to_owned() }))
    }
}

/// The last look before a dial: gives the lead back when somebody took the number from it that is about to be dialled.
/// `row` has its numbers.
pub(super) async fn give_back_without(
    tx: &mut Tx,
    lead: LeadId,
    row: &Row,
    phone: Phone,
) -> Result<bool, Error> {
    if numbers(row)?.contains(&phone) {
        return Ok(false);
    }
    tx.execute(GIVE_BACK, args![lead]).await?;
    Ok(true)
}

fn numbers(row: &Row) -> Result<Vec<Phone>, Error> {
    let alternates: Vec<Phone> = row.json("alternates")?;
    Ok(std::iter::once(row.get("phone")?).chain(alternates).collect())
}
