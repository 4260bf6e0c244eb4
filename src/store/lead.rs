//! Leads as managers see them. Claiming them for dialling is in [`super::claim`].

use std::collections::BTreeMap;

use cadran_engine::command::LeadNext;
use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{CampaignId, Lead, LeadId, LeadState, ListId, Outcome, Phone, Timestamp};
use serde::{Deserialize, Serialize};

use super::db::{Db, Lane, Select, Sql, Tx};
use super::import::ImportId;
use super::value::{Row, Value, args, json};
use super::{Error, Page, Store};

/// A lead with everything that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadRecord {
    /// What dialling needs.
    pub lead: Lead,
    /// On whose behalf it is called.
    pub campaign: CampaignId,
    /// How the person or company is called. May be empty.
    pub name: String,
    /// The columns of the file that Cadran itself does not use.
    pub fields: serde_json::Map<String, serde_json::Value>,
    /// Higher is dialled earlier.
    pub priority: i64,
    /// Where it stands.
    pub state: LeadState,
    /// Why it is done; none while it is not.
    pub done_reason: Option<DoneReason>,
    /// Not dialled before.
    pub due_at: Timestamp,
    /// Why the law put it off, or finished it, when it was looked at last.
    pub held_because: Option<Reason>,
    /// Whether a moment was agreed with the person: dialled before all others, once it is due.
    pub callback: bool,
    /// The import that named it last.
    pub import: Option<ImportId>,
    /// When it was imported.
    pub created_at: Timestamp,
    /// Begins at 1 and grows by one with each change of what people and files say of it. What dialling writes leaves it
    /// alone.
    pub rev: i64,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// Why a lead is never dialled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoneReason {
    /// An agent said so.
    Disposition,
    /// One of its numbers is on a do-not-call list.
    DoNotCall,
    /// The law forbids the call, and time does not help.
    Forbidden,
    /// No retry rule is left for the outcome of the last attempt.
    Outcome,
    /// A manager took it back.
    Withdrawn,
}

impl DoneReason {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disposition => "disposition",
            Self::DoNotCall => "do_not_call",
            Self::Forbidden => "forbidden",
            Self::Outcome => "outcome",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// When it takes effect that a lead is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withdrawal {
    /// It is being dialled or talked to: at the end of the attempt.
    AfterAttempt,
    /// At once.
    AtOnce,
    /// The lead was done before; nothing changes.
    WasDone,
}

/// Which leads are wanted; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeadFilter {
    /// Of one campaign.
    pub campaign: Option<CampaignId>,
    /// Of one list.
    pub list: Option<ListId>,
    /// With this preferred number.
    pub phone: Option<Phone>,
    /// In one state.
    pub state: Option<LeadState>,
}

/// In which order leads come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadOrder {
    /// As they are due, the first one first.
    Due,
    /// As they were imported.
    #[default]
    Imported,
    /// Those dialled last first, those never dialled at the end.
    LastAttempt,
    /// The last one imported first.
    Latest,
}

impl LeadOrder {
    /// What comes after a lead, and the order itself.
    const fn sql(self) -> (&'static str, &'static str) {
        match self {
            Self::Due => (
                "(due_at, lead_id) > (select due_at, lead_id from lead where lead_id = ?)",
                "due_at, lead_id",
            ),
            Self::Imported => ("lead_id > ?", "lead_id"),
            Self::LastAttempt => (
                "(coalesce(last_attempt_at, 0), lead_id) < \
                 (select coalesce(last_attempt_at, 0), lead_id from lead where lead_id = ?)",
                "coalesce(last_attempt_at, 0) desc, lead_id desc",
            ),
            Self::Latest => ("lead_id < ?", "lead_id desc"),
        }
    }
}

/// What has been since the lead was new: a lead that was reset begins again.
const HISTORIES: Sql = Sql {
    postgres: "select lead_id, outcome, count(*) as times from attempt \
        where lead_id in (select cast(id as bigint) from jsonb_array_elements_text($1) as id) \
        and outcome is not null and not exists (select 1 from lead where lead.lead_id = attempt.lead_id \
        and reset_at > started_at) group by lead_id, outcome order by outcome",
    sqlite: "select lead_id, outcome, count(*) as times from attempt \
        where lead_id in (select value from json_each($1)) \
        and outcome is not null and not exists (select 1 from lead where lead.lead_id = attempt.lead_id \
        and reset_at > started_at) group by lead_id, outcome order by outcome",
};

impl Store {
    /// One lead.
    pub async fn lead(&self, id: LeadId) -> Result<Option<LeadRecord>, Error> {
        let rows = self.db.rows("select * from lead where lead_id = $1", args![id]).await?;
        Ok(self.lead_records(&rows).await?.pop())
    }

    /// A page of leads.
    pub async fn leads(
        &self,
        filter: LeadFilter,
        order: LeadOrder,
        page: Page<LeadId>,
    ) -> Result<Vec<LeadRecord>, Error> {
        let (behind, by) = order.sql();
        let select = self.leads_of("select * from lead", filter).narrow(behind, page.after);
        let rows = select.page(&self.db, by, page.limit()).await?;
        self.lead_records(&rows).await
    }

    /// A `select` of leads, confined to those that are wanted and to what this store may list.
    pub(super) fn leads_of(&self, text: impl Into<Sql>, filter: LeadFilter) -> Select {
        Select::new(self.db.words(text))
            .of_campaigns("campaign_id", &self.scope)
            .narrow("campaign_id = ?", filter.campaign)
            .narrow("list_id = ?", filter.list)
            .narrow("phone = ?", filter.phone)
            .narrow("state = ?", filter.state.map(LeadState::as_str))
    }

    /// Takes a lead back: it is not dialled again, and what had been agreed with the person is withdrawn. While it is
    /// being dialled or talked to this takes effect at the end of the attempt, whatever comes of that.
    pub async fn withdraw_lead(&self, id: LeadId, now: Timestamp) -> Result<Withdrawal, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let withdrawal = if tx.execute(WITHDRAW, args![id, now]).await? > 0 {
            withdraw_callbacks(&mut tx, id).await?;
            Withdrawal::AtOnce
        } else if tx.execute(WITHDRAW_AFTER_ATTEMPT, args![id, now]).await? > 0 {
            Withdrawal::AfterAttempt
        } else {
            Withdrawal::WasDone
        };
        tx.commit().await?;
        Ok(withdrawal)
    }

    pub(super) async fn lead_records(&self, rows: &[Row]) -> Result<Vec<LeadRecord>, Error> {
        let mut histories = histories(&self.db, rows).await?;
        rows.iter().map(|row| read(row, &mut histories)).collect()
    }
}

/// Settles a lead after an attempt or a disposition. `in_attempt` says whether the lead is being dialled: only the end
/// of its attempt settles it then, and a disposition that comes earlier waits for that.
pub(super) async fn settle(
    tx: &mut Tx,
    lead: LeadId,
    next: LeadNext,
    reason: DoneReason,
    in_attempt: bool,
    at: Timestamp,
) -> Result<(), Error> {
    let (due_at, phone, reason) = match next {
        LeadNext::Again { due_at, phone } => (Some(due_at), Some(i64::from(phone)), None),
        LeadNext::Done => (None, None, Some(reason.as_str())),
    };
    let moved = tx.execute(SETTLE, args![lead, due_at, phone, reason, at, in_attempt]).await?;
    if moved > 0 { withdraw_callbacks(tx, lead).await } else { Ok(()) }
}

/// If the lead is done, what had been agreed with the person will not come about.
pub(super) async fn withdraw_callbacks(tx: &mut Tx, lead: LeadId) -> Result<(), Error> {
    tx.execute(WITHDRAW_CALLBACKS, args![lead]).await.map(drop)
}

const SETTLE: &str = "update lead set due_at = coalesce($2, due_at), ripe = false, next_phone = coalesce($3, next_phone), \
    state = case when $4 is null and not withdrawn then 'waiting' else 'done' end, \
    done_reason = case when withdrawn then coalesce($4, 'withdrawn') else $4 end, \
    callback = $4 is null and not withdrawn and exists \
        (select 1 from callback where callback.lead_id = lead.lead_id and callback.state = 'open'), \
    attempts = attempts + case when $6 then 1 else 0 end, \
    last_attempt_at = case when $6 then $5 else last_attempt_at end, \
    claimed_by = null, claimed_until = null, updated_at = $5 \
    where lead_id = $1 and (state = 'in_attempt') = $6";

const WITHDRAW_CALLBACKS: &str = "update callback set state = 'withdrawn' where lead_id = $1 and state = 'open' \
    and exists (select 1 from lead where lead.lead_id = $1 and lead.state = 'done')";

const WITHDRAW: &str = "update lead set state = 'done', done_reason = 'withdrawn', withdrawn = true, callback = false, \
    claimed_by = null, claimed_until = null, updated_at = $2 where lead_id = $1 and state in ('waiting', 'claimed')";

const WITHDRAW_AFTER_ATTEMPT: &str = "update lead set withdrawn = true, updated_at = $2 \
    where lead_id = $1 and state = 'in_attempt'";

/// How often each outcome has happened, by lead.
pub(super) type Histories = BTreeMap<LeadId, Vec<(Outcome, u16)>>;

/// The histories of the leads in `rows`, outside a transaction.
async fn histories(db: &Db, rows: &[Row]) -> Result<Histories, Error> {
    collect_histories(&db.rows(HISTORIES, args![ids(rows)?]).await?)
}

/// The histories of the leads in `rows`, within a transaction.
pub(super) async fn histories_in(tx: &mut Tx, rows: &[Row]) -> Result<Histories, Error> {
    collect_histories(&tx.rows(HISTORIES, args![ids(rows)?]).await?)
}

fn ids(rows: &[Row]) -> Result<Value, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.get("lead_id")).collect::<Result<_, _>>()?;
    json(&ids)
}

fn collect_histories(rows: &[Row]) -> Result<Histories, Error> {
    let mut histories = Histories::new();
    for row in rows {
        let past = (row.get("outcome")?, row.get("times")?);
        histories.entry(row.get("lead_id")?).or_default().push(past);
    }
    Ok(histories)
}

/// What dialling needs of a lead's row.
pub(super) fn read_lead(row: &Row, histories: &mut Histories) -> Result<Lead, Error> {
    let id = row.get("lead_id")?;
    Ok(Lead {
        id,
        list: row.get("list_id")?,
        phone: row.get("phone")?,
        alternates: row.json("alternates")?,
        next_phone: row.get("next_phone")?,
        zone: row.get("zone")?,
        history: histories.remove(&id).unwrap_or_default(),
        promise: None,
    })
}

/// Everything that is known of a lead, from a row that has all columns of `lead`.
pub(super) fn read(row: &Row, histories: &mut Histories) -> Result<LeadRecord, Error> {
    let done_reason: Option<String> = row.get("done_reason")?;
    let held_because: Option<String> = row.get("held_because")?;
    Ok(LeadRecord {
        lead: read_lead(row, histories)?,
        campaign: row.get("campaign_id")?,
        name: row.get("name")?,
        fields: row.json("fields")?,
        priority: row.get("priority")?,
        state: row.word("state")?,
        done_reason: done_reason.map(|_| row.word("done_reason")).transpose()?,
        due_at: row.get("due_at")?,
        held_because: held_because.map(|_| row.word("held_because")).transpose()?,
        callback: row.get("callback")?,
        import: row.get("import_id")?,
        created_at: row.get("created_at")?,
        rev: row.get("rev")?,
        updated_at: row.get("updated_at")?,
    })
}
