//! Leads that agents dial by hand: found by their number or made for it, judged beforehand, and taken in the transaction
//! that makes the attempt durable.
//!
//! Nothing that is refused moves a lead: it stays where it was for everybody else.

use cadran_engine::dialer::compliance::{Mode, Obligation, Reason};
use cadran_engine::input::AttemptRefusal;
use cadran_engine::model::{AgentId, Attempt, CallId, CampaignId, LeadId, ListId, Phone, Timestamp, Zone};

use super::db::{Lane, Sql, Tx, upsert};
use super::hearing::{Hearing, Question};
use super::lead::{self, LeadRecord};
use super::terms::Terms;
use super::value::{args, json};
use super::{Error, Store, erasure, only, person};

/// A lead as an agent who dials by hand describes it.
#[derive(Clone, Debug)]
pub struct HandDialled<'a> {
    /// On whose behalf.
    pub campaign: CampaignId,
    /// Where it goes when no list of the campaign has the number; none: to the campaign's own list for such numbers.
    pub list: Option<ListId>,
    /// How that list is called when it is made.
    pub list_name: &'a str,
    /// Whom to call.
    pub phone: Phone,
    /// How they are called. May be empty.
    pub name: &'a str,
    /// Where they live.
    pub zone: &'a Zone,
}

/// Why the law does not let an agent call somebody by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandDenied {
    /// Why.
    pub reason: Reason,
    /// The rule, as its pack names it.
    pub rule: String,
    /// When time alone opens the way.
    pub until: Option<Timestamp>,
}

/// The lead of a number in a campaign: one that may be dialled before one that was taken back, the latest first.
const FIND: Sql = Sql {
    postgres: "select * from lead where campaign_id = $1 and (phone = $2 or (phone in (select phone from person_phone \
        where person_id = (select person_id from person_phone where phone = $2)) and alternates ? $2)) \
        order by withdrawn, lead_id desc limit 1",
    sqlite: "select * from lead where campaign_id = $1 and (phone = $2 or (phone in (select phone from person_phone \
        where person_id = (select person_id from person_phone where phone = $2)) \
        and exists (select 1 from json_each(alternates) where value = $2))) \
        order by withdrawn, lead_id desc limit 1",
};

const FIND_LIST: &str = "select list_id from list where campaign_id = $1 and by_hand";

/// Two agents who dial the first such number of a campaign at once get one list.
const MAKE_LIST: &str = "insert into list (campaign_id, name, enabled, by_hand, updated_at) \
    values ($1, $2, true, true, $3) on conflict do nothing returning list_id";

/// A lead that is there only because an agent dials it is done from the outset: no machine dials it, unless the agent
/// says what follows.
const MAKE_LEAD: Sql = upsert!(
    "insert into lead (list_id, campaign_id, phone, alternates, name, zone, fields, priority, state, \
    done_reason, ripe, due_at, created_at, updated_at) \
    values ($1, $2, $3, $4, $5, $6, $7, 0, 'done', 'outcome', false, $8, $8, $8)",
    "list_id, phone",
    "set updated_at = lead.updated_at returning lead_id"
);

const REPEATED: &str = "select lead_id, call_id from attempt where agent_id = $1 and request_key = $2";

const LOOK: Sql = Sql {
    postgres: "select zone from lead where lead_id = $1 and campaign_id = $2 and not withdrawn \
        and (state in ('waiting', 'done') or (state = 'claimed' and claimed_by = $3)) for update",
    sqlite: "select zone from lead where lead_id = $1 and campaign_id = $2 and not withdrawn \
        and (state in ('waiting', 'done') or (state = 'claimed' and claimed_by = $3))",
};

const TAKE: &str = "update lead set state = 'in_attempt', done_reason = null, held_because = null, claimed_by = $2, \
    claimed_until = null, updated_at = $3 where lead_id = $1";

impl Store {
    /// What was dialled by hand for this agent under this key: whom, and as which call.
    pub async fn dialled_by_hand(
        &self,
        agent: AgentId,
        key: &str,
    ) -> Result<Option<(LeadId, CallId)>, Error> {
        let row = self.db.row(REPEATED, args![agent, key]).await?;
        row.map(|row| Ok((row.get("lead_id")?, row.get("call_id")?))).transpose()
    }

    /// The lead of a number in a campaign, if some list has it.
    pub async fn lead_to_dial(
        &self,
        campaign: CampaignId,
        phone: Phone,
    ) -> Result<Option<LeadRecord>, Error> {
        let rows = self.db.rows(FIND, args![campaign, phone]).await?;
        Ok(self.lead_records(&rows).await?.pop())
    }

    /// Makes a lead for a number that no list of the campaign has.
    pub async fn make_lead_to_dial(&self, new: &HandDialled<'_>, now: Timestamp) -> Result<LeadId, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        erasure::refuse(&mut tx, &[new.phone]).await?;
        let list = match new.list {
            Some(list) => list,
            None => own_list(&mut tx, new, now).await?,
        };
        person::resolve(&mut tx, &[vec![new.phone]], now).await?;
        let (alternates, fields) = (json(&serde_json::json!([]))?, json(&serde_json::json!({}))?);
        let zone = new.zone.name();
        let values = args![list, new.campaign, new.phone, alternates, new.name, zone, fields, now];
        let lead = only(tx.rows(MAKE_LEAD, values).await?)?.get("lead_id")?;
        tx.commit().await?;
        Ok(lead)
    }

    /// Whether the law lets an agent call a lead on one of its numbers by hand; asked again before the dial.
    ///
    /// Errors: [`Error::NotFound`] when the campaign has no seller, on whose behalf it could call.
    pub async fn may_dial_by_hand(
        &self,
        record: &LeadRecord,
        phone: Phone,
        now: Timestamp,
    ) -> Result<Result<(), HandDenied>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let persons = person::behind(&mut tx, &[phone]).await?;
        let hearing = Hearing::open(&mut tx, persons, [record.campaign], self.packs(), now).await?;
        tx.commit().await?;
        let terms = hearing.terms(record.campaign).ok_or(Error::NotFound("seller of the campaign"))?;
        let question = Question { lead: record.lead.id, phone, zone: &record.lead.zone, at: now };
        let (_, decision) = hearing.consider(question, &by_hand(terms));
        let denied = decision.reason().map(|reason| HandDenied {
            reason,
            rule: decision.rule_id().unwrap_or_default().to_owned(),
            until: decision.until(),
        });
        Ok(denied.map_or(Ok(()), Err))
    }
}

async fn own_list(tx: &mut Tx, new: &HandDialled<'_>, now: Timestamp) -> Result<ListId, Error> {
    let made = match tx.row(FIND_LIST, args![new.campaign]).await? {
        Some(row) => Some(row),
        None => tx.row(MAKE_LIST, args![new.campaign, new.list_name, now]).await?,
    };
    match made {
        Some(row) => row.get("list_id"),
        // Somebody else made it in between, or a list that people made has its name.
        None => match tx.row(FIND_LIST, args![new.campaign]).await? {
            Some(row) => row.get("list_id"),
            None => Err(Error::Taken(new.list_name.to_owned())),
        },
    }
}

/// A campaign's terms for a call that an agent dials by hand.
fn by_hand(terms: &Terms) -> Terms {
    Terms { mode: Mode::Manual, ..terms.clone() }
}

/// Takes the lead of an attempt that an agent makes by hand, if it may be dialled.
pub(super) async fn begin(
    tx: &mut Tx,
    hearing: &mut Hearing<'_>,
    attempt: &Attempt,
    terms: &Terms,
    holder: &str,
) -> Result<Result<Vec<Obligation>, AttemptRefusal>, Error> {
    let (lead, phone, at) = (attempt.lead, attempt.phone, attempt.started_at);
    let key = attempt.by_hand.as_ref().and_then(|by_hand| by_hand.key.as_deref());
    if let (Some(agent), Some(key)) = (attempt.agent, key)
        && tx.row(REPEATED, args![agent, key]).await?.is_some()
    {
        return Ok(Err(AttemptRefusal::LeadGone));
    }
    let Some(row) = tx.row(LOOK, args![lead, attempt.campaign, holder]).await? else {
        return Ok(Err(AttemptRefusal::LeadGone));
    };
    let zone: Zone = row.get("zone")?;
    let question = Question { lead, phone, zone: &zone, at };
    let heard = hearing.ask_by_hand(question, &by_hand(terms), attempt.id, attempt.caller_id)?;
    if heard.is_ok() {
        tx.execute(TAKE, args![lead, holder, at]).await?;
    }
    Ok(heard.map_err(AttemptRefusal::Forbidden))
}

/// Puts a lead back where it was whose attempt by hand was taken back.
pub(super) async fn put_back(tx: &mut Tx, attempt: &Attempt, was_done: bool) -> Result<(), Error> {
    let state = if was_done { "done" } else { "waiting" };
    let reason = was_done.then_some(lead::DoneReason::Outcome.as_str());
    let sql = "update lead set state = $2, done_reason = $3, ripe = false, claimed_by = null, claimed_until = null \
        where lead_id = $1 and state = 'in_attempt' \
        and not exists (select 1 from attempt where attempt.lead_id = lead.lead_id and outcome is null)";
    tx.execute(sql, args![attempt.lead, state, reason]).await.map(drop)
}
