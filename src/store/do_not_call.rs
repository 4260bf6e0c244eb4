//! Numbers that must not be called.

use cadran_engine::model::{CampaignId, Phone, Timestamp};

use super::db::{Select, Sql, Tx};
use super::value::{Row, args, json};
use super::{Error, Page, Store, only};

/// The number of an entry.
pub type DoNotCallId = i64;

/// A number that must not be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoNotCall {
    /// The row.
    pub id: DoNotCallId,
    /// The number.
    pub phone: Phone,
    /// The campaign that must not call it; none: no campaign may.
    pub campaign: Option<CampaignId>,
    /// Why, in words.
    pub reason: String,
    /// Until when; none: for good.
    pub until: Option<Timestamp>,
    /// Who said so: the text form of a user's or an agent's id.
    pub added_by: String,
    /// Since when.
    pub at: Timestamp,
}

/// An entry stays when it is added again, except that the later end holds.
const ADD: &str = "insert into do_not_call (phone, campaign_id, reason, valid_until, added_by, added_at) \
    values ($1, $2, $3, $4, $5, $6) on conflict (phone, coalesce(campaign_id, 0)) do update set valid_until = \
    case when do_not_call.valid_until > excluded.valid_until then do_not_call.valid_until \
         when do_not_call.valid_until is null then null else excluded.valid_until end \
    returning *";

const THAT_APPLY: Sql = Sql {
    postgres: "select phone, valid_until from do_not_call \
        where phone in (select jsonb_array_elements_text($1)) \
        and (campaign_id is null or campaign_id = $2) and (valid_until is null or valid_until > $3)",
    sqlite: "select phone, valid_until from do_not_call \
        where phone in (select value from json_each($1)) \
        and (campaign_id is null or campaign_id = $2) and (valid_until is null or valid_until > $3)",
};

/// A number that applies, and until when; none: for good.
pub(super) type Blocked = (Phone, Option<Timestamp>);

impl Store {
    /// Adds an entry, or prolongs the one that is there. The id in `entry` is not used.
    pub async fn add_do_not_call(&self, entry: &DoNotCall) -> Result<DoNotCall, Error> {
        read(&only(self.db.change(ADD, columns(entry)).await?)?)
    }

    /// Adds many entries, all or none.
    pub async fn add_do_not_call_all(&self, entries: &[DoNotCall]) -> Result<(), Error> {
        let mut tx = self.db.begin(super::db::Lane::People).await?;
        for entry in entries {
            add(&mut tx, entry).await?;
        }
        tx.commit().await
    }

    /// Entries, of one number or of all, the latest first.
    pub async fn do_not_call(
        &self,
        phone: Option<Phone>,
        page: Page<DoNotCallId>,
    ) -> Result<Vec<DoNotCall>, Error> {
        let select = Select::new("select * from do_not_call")
            .narrow("phone = ?", phone)
            .narrow("do_not_call_id < ?", page.after);
        select.page(&self.db, "do_not_call_id desc", page.limit()).await?.iter().map(read).collect()
    }

    /// Removes an entry. Leads that it has finished stay finished.
    pub async fn remove_do_not_call(&self, id: DoNotCallId) -> Result<(), Error> {
        let sql = "delete from do_not_call where do_not_call_id = $1 returning do_not_call_id";
        match self.db.change(sql, args![id]).await?.first() {
            Some(_) => Ok(()),
            None => Err(Error::NotFound("do-not-call entry")),
        }
    }
}

pub(super) async fn add(tx: &mut Tx, entry: &DoNotCall) -> Result<(), Error> {
    tx.rows(ADD, columns(entry)).await.map(drop)
}

/// Which of the numbers a campaign must not call at `now`.
pub(super) async fn blocked(
    tx: &mut Tx,
    phones: &[Phone],
    campaign: CampaignId,
    now: Timestamp,
) -> Result<Vec<Blocked>, Error> {
    let rows = tx.rows(THAT_APPLY, args![json(&phones)?, campaign, now]).await?;
    rows.iter().map(|row| Ok((row.get("phone")?, row.get("valid_until")?))).collect()
}

fn columns(entry: &DoNotCall) -> Vec<super::value::Value> {
    args![entry.phone, entry.campaign, &entry.reason, entry.until, &entry.added_by, entry.at]
}

fn read(row: &Row) -> Result<DoNotCall, Error> {
    Ok(DoNotCall {
        id: row.get("do_not_call_id")?,
        phone: row.get("phone")?,
        campaign: row.get("campaign_id")?,
        reason: row.get("reason")?,
        until: row.get("valid_until")?,
        added_by: row.get("added_by")?,
        at: row.get("added_at")?,
    })
}
