//! Attempts: the row that is durable before the network hears of a dial, and how the dial ended.

use std::collections::BTreeSet;
use std::time::Duration;

use cadran_engine::dialer::compliance::Obligation;
use cadran_engine::input::{AttemptRefusal, StoreEvent};
use cadran_engine::model::{
    Attempt, AttemptId, ByHand, CallId, HangupCause, Outcome, Screened, Timestamp, Zone,
};

use super::db::{Sql, Tx};
use super::hearing::{Hearing, Question};
use super::lease::still_ours;
use super::person::Persons;
use super::terms::Terms;
use super::value::{Row, args, json};
use super::write::Desk;
use super::{Error, by_hand, lead_change, quota};

/// A dial and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// What was known when it was placed.
    pub attempt: Attempt,
    /// How it ended; none while it has not.
    pub outcome: Option<Outcome>,
    /// What the network gave as the reason.
    pub cause: HangupCause,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What answering machine detection said; none when it was not asked, or the dial goes on.
    pub screened: Option<Screened>,
}

const INSERT: &str = "insert into attempt (attempt_id, call_id, leg_id, holder, campaign_id, list_id, lead_id, phone, \
    caller_id, trunk_id, agent_id, started_at, seller_id, subject, by_hand, request_key) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

const BEGIN: &str = "update lead set state = 'in_attempt', updated_at = $3 \
    where lead_id = $1 and state = 'claimed' and claimed_by = $2 returning zone, phone, alternates";

const DURABLE: Sql = Sql {
    postgres: "select attempt_id from attempt \
        where attempt_id in (select cast(id as uuid) from jsonb_array_elements_text($1) as id)",
    sqlite: "select attempt_id from attempt where attempt_id in (select unhex(value) from json_each($1))",
};

const CLOSE: &str = "update attempt set outcome = $2, cause_q850 = $3, cause_sip = $4, ended_at = $5, \
    amd_verdict = $6, amd_cause = $7, amd_after = $8, person_permille = $9 \
    where attempt_id = $1 and outcome is null returning call_id";

const CLAIM_AGAIN: &str = "update lead set state = 'claimed' where lead_id = $1 and state = 'in_attempt' \
    and not exists (select 1 from attempt where attempt.lead_id = lead.lead_id and outcome is null)";

/// Making the attempts of a group of writes durable, but for those against which the last look finds a reason.
///
/// What the law must know is read once for all of them. The writes between them may end attempts, which then still
/// count as being under way: the person is called a minute later. A group in which agents speak of people is cut there.
#[derive(Debug)]
pub(super) struct Saving<'d> {
    desk: &'d Desk,
    hearing: Hearing<'d>,
    durable: BTreeSet<AttemptId>,
    is_ours: bool,
    now: Timestamp,
}

impl<'d> Saving<'d> {
    /// Gets ready for these attempts; none when there are none. `persons` are those behind the numbers, locked: nobody
    /// else decides about calls to them until this is durable.
    pub(super) async fn open(
        tx: &mut Tx,
        attempts: &[&Attempt],
        persons: &Persons,
        desk: &'d Desk,
    ) -> Result<Option<Self>, Error> {
        let Some(now) = attempts.iter().map(|attempt| attempt.started_at).max() else {
            return Ok(None);
        };
        let durable = already_durable(tx, attempts).await?;
        let is_ours = still_ours(tx, desk.lease.as_ref()).await?;
        let campaigns = attempts.iter().map(|attempt| attempt.campaign);
        let hearing = Hearing::open(tx, persons.clone(), campaigns, &desk.packs, now).await?;
        Ok(Some(Self { desk, hearing, durable, is_ours, now }))
    }

    /// The answer to one attempt. A repetition gives the same answer.
    pub(super) async fn save(&mut self, tx: &mut Tx, attempt: &Attempt) -> Result<StoreEvent, Error> {
        let id = attempt.id;
        if self.durable.contains(&id) {
            let obligations = self.owed(tx, attempt).await?;
            return Ok(StoreEvent::AttemptSaved { attempt: id, obligations });
        }
        let begun = if self.is_ours { self.begin(tx, attempt).await? } else { Err(AttemptRefusal::LeadGone) };
        Ok(match begun {
            Ok(obligations) => StoreEvent::AttemptSaved { attempt: id, obligations },
            Err(refusal) => StoreEvent::AttemptRefused { attempt: id, refusal },
        })
    }

    /// What the law asks of a call whose attempt is durable.
    async fn owed(&self, tx: &mut Tx, attempt: &Attempt) -> Result<Vec<Obligation>, Error> {
        let sql = "select zone from lead where lead_id = $1";
        let row = tx.row(sql, args![attempt.lead]).await?;
        let zone: Option<Zone> = row.map(|row| row.get("zone")).transpose()?;
        let Some((zone, terms)) = zone.as_ref().zip(self.hearing.terms(attempt.campaign)) else {
            return Ok(Vec::new());
        };
        let question = Question { lead: attempt.lead, phone: attempt.phone, zone, at: attempt.started_at };
        Ok(self.hearing.owed(question, terms))
    }

    /// Makes an attempt durable if the lead is ours and the law allows it. Gives what the law asks of the call.
    async fn begin(
        &mut self,
        tx: &mut Tx,
        attempt: &Attempt,
    ) -> Result<Result<Vec<Obligation>, AttemptRefusal>, Error> {
        let Some(terms) = self.hearing.terms(attempt.campaign).cloned() else {
            return Ok(Err(AttemptRefusal::LeadGone));
        };
        let begun = match attempt.by_hand {
            Some(_) => by_hand::begin(tx, &mut self.hearing, attempt, &terms, &self.desk.holder).await?,
            None => self.begin_claimed(tx, attempt, &terms).await?,
        };
        if begun.is_ok() {
            insert(tx, attempt, &terms, &self.desk.holder).await?;
        }
        Ok(begun)
    }

    /// Takes the lead of an attempt that was chosen for dialling.
    async fn begin_claimed(
        &mut self,
        tx: &mut Tx,
        attempt: &Attempt,
        terms: &Terms,
    ) -> Result<Result<Vec<Obligation>, AttemptRefusal>, Error> {
        let (lead, phone, at) = (attempt.lead, attempt.phone, attempt.started_at);
        let holder = &self.desk.holder;
        let Some(row) = tx.row(BEGIN, args![lead, holder, at]).await? else {
            return Ok(Err(AttemptRefusal::LeadGone));
        };
        if lead_change::give_back_without(tx, lead, &row, phone).await?
            || quota::give_back_if_reached(tx, lead).await?
        {
            return Ok(Err(AttemptRefusal::LeadGone));
        }
        let zone: Zone = row.get("zone")?;
        let question = Question { lead, phone, zone: &zone, at };
        let heard = self.hearing.ask_to_dial(question, terms, attempt.id, attempt.caller_id)?;
        Ok(heard.map_err(AttemptRefusal::Forbidden))
    }

    /// Keeps the decisions, and settles the leads that may not be called.
    pub(super) async fn close(self, tx: &mut Tx) -> Result<(), Error> {
        self.hearing.close(tx, self.now).await
    }
}

async fn insert(tx: &mut Tx, attempt: &Attempt, terms: &Terms, holder: &str) -> Result<(), Error> {
    let by_hand = attempt.by_hand.as_ref();
    let values = args![
        attempt.id,
        attempt.call,
        attempt.leg,
        holder,
        attempt.campaign,
        attempt.list,
        attempt.lead,
        attempt.phone,
        attempt.caller_id,
        attempt.trunk,
        attempt.agent,
        attempt.started_at,
        terms.seller,
        terms.compliance.subject.as_deref(),
        by_hand.map(|by_hand| if by_hand.lead_was_done { DONE } else { OPEN }),
        by_hand.and_then(|by_hand| by_hand.key.as_deref()),
    ];
    tx.execute(INSERT, values).await.map(drop)
}

/// The lead of a dial by hand was done, or still open.
const DONE: &str = "done";
const OPEN: &str = "open";

async fn already_durable(tx: &mut Tx, attempts: &[&Attempt]) -> Result<BTreeSet<AttemptId>, Error> {
    let ids: Vec<String> = attempts.iter().map(|attempt| attempt.id.as_uuid().simple().to_string()).collect();
    let rows = tx.rows(DURABLE, args![json(&ids)?]).await?;
    rows.iter().map(|row| row.get("attempt_id")).collect()
}

/// Takes back an attempt that was refused while the database was away: it may have become durable all the same, when
/// only the answer to the commit was lost. It was never placed, and its lead is in the hopper again, or where it was before
/// an agent dialled it by hand.
pub(super) async fn take_back(tx: &mut Tx, attempt: &Attempt) -> Result<(), Error> {
    tx.execute("delete from attempt where attempt_id = $1 and outcome is null", args![attempt.id]).await?;
    match &attempt.by_hand {
        Some(by_hand) => by_hand::put_back(tx, attempt, by_hand.lead_was_done).await,
        None => tx.execute(CLAIM_AGAIN, args![attempt.lead]).await.map(drop),
    }
}

/// How an attempt ended, as in [`cadran_engine::command::Write::CloseAttempt`].
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    pub(super) outcome: Outcome,
    pub(super) cause: HangupCause,
    pub(super) ended_at: Timestamp,
    pub(super) screened: Option<&'a Screened>,
    pub(super) person_chance: Option<f64>,
}

/// Says how an attempt ended. Gives the call, the first time.
pub(super) async fn close(tx: &mut Tx, attempt: AttemptId, end: End<'_>) -> Result<Option<CallId>, Error> {
    let End { outcome, cause, ended_at, screened, person_chance } = end;
    let values = args![
        attempt,
        outcome.as_str(),
        cause.q850,
        cause.sip,
        ended_at,
        screened.map(|screened| screened.verdict.as_str()),
        screened.map(|screened| screened.cause.as_str()),
        screened.map(|screened| i64::try_from(screened.after.as_millis()).unwrap_or(i64::MAX)),
        // Rounded up: nobody becomes less of a person by being stored.
        person_chance.map(|chance| (chance.clamp(0.0, 1.0) * 1e3).ceil() as i64),
    ];
    let row = tx.row(CLOSE, values).await?;
    row.map(|row| row.get("call_id")).transpose()
}

/// Reads an attempt from a row that has all columns of `attempt`.
pub(super) fn read(row: &Row) -> Result<AttemptRecord, Error> {
    Ok(AttemptRecord {
        attempt: Attempt {
            id: row.get("attempt_id")?,
            call: row.get("call_id")?,
            leg: row.get("leg_id")?,
            campaign: row.get("campaign_id")?,
            list: row.get("list_id")?,
            lead: row.get("lead_id")?,
            phone: row.get("phone")?,
            caller_id: row.get("caller_id")?,
            trunk: row.get("trunk_id")?,
            agent: row.get("agent_id")?,
            started_at: row.get("started_at")?,
            by_hand: read_by_hand(row)?,
        },
        outcome: row.get("outcome")?,
        cause: HangupCause {
            q850: row.get::<Option<u16>>("cause_q850")?.unwrap_or_default(),
            sip: row.get("cause_sip")?,
        },
        ended_at: row.get("ended_at")?,
        screened: read_screened(row)?,
    })
}

fn read_by_hand(row: &Row) -> Result<Option<ByHand>, Error> {
    let lead_was: Option<String> = row.get("by_hand")?;
    let key = row.get("request_key")?;
    Ok(lead_was.map(|lead_was| ByHand { key, lead_was_done: lead_was == DONE }))
}

fn read_screened(row: &Row) -> Result<Option<Screened>, Error> {
    let Some(verdict) = row.get("amd_verdict")? else {
        return Ok(None);
    };
    let after = Duration::from_millis(row.get("amd_after")?);
    Ok(Some(Screened { verdict, cause: row.get("amd_cause")?, after }))
}
