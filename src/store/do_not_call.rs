//! Numbers that must not be called.

use cadran_engine::dialer::compliance;
use cadran_engine::model::{CampaignId, PersonId, Phone, SellerId, Timestamp};

use super::db::{Select, Sql, Tx, upsert};
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
    /// The campaign that must not call it; none: whichever campaign.
    pub campaign: Option<CampaignId>,
    /// The seller that must not call it; none: whichever seller.
    pub seller: Option<SellerId>,
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
const ADD: Sql = upsert!(
    "insert into do_not_call (phone, campaign_id, seller_id, reason, valid_until, added_by, added_at) \
    values ($1, $2, $3, $4, $5, $6, $7)",
    "phone, coalesce(campaign_id, 0), coalesce(seller_id, 0)",
    "set valid_until = \
    case when do_not_call.valid_until > excluded.valid_until then do_not_call.valid_until \
         when do_not_call.valid_until is null then null else excluded.valid_until end \
    returning *"
);

const OF: Sql = Sql {
    postgres: "select * from do_not_call where phone in (select jsonb_array_elements_text($1))",
    sqlite: "select * from do_not_call where phone in (select value from json_each($1))",
};

const BARRED: &str = "select 1 as one from do_not_call where phone = $1 and campaign_id is null and seller_id is null \
    and (valid_until is null or valid_until > $2) limit 1";

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

    /// Whether a number must not be called on anybody's behalf.
    pub async fn is_barred(&self, phone: Phone, now: Timestamp) -> Result<bool, Error> {
        Ok(self.db.row(BARRED, args![phone, now]).await?.is_some())
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

/// Every entry of one of these numbers.
pub(super) async fn of(tx: &mut Tx, phones: &[Phone]) -> Result<Vec<DoNotCall>, Error> {
    tx.rows(OF, args![json(&phones)?]).await?.iter().map(read).collect()
}

/// An entry as the rules look at it: one for any number of a person is for the person.
pub(super) fn in_rules(entry: &DoNotCall, person: PersonId) -> compliance::DoNotCall {
    compliance::DoNotCall {
        person_id: Some(person.to_string()),
        seller: entry.seller.map(|seller| seller.to_string()),
        campaign: entry.campaign.map(|campaign| campaign.to_string()),
        until: entry.until,
        ..compliance::DoNotCall::default()
    }
}

fn columns(entry: &DoNotCall) -> Vec<super::value::Value> {
    args![entry.phone, entry.campaign, entry.seller, &entry.reason, entry.until, &entry.added_by, entry.at]
}

fn read(row: &Row) -> Result<DoNotCall, Error> {
    Ok(DoNotCall {
        id: row.get("do_not_call_id")?,
        phone: row.get("phone")?,
        campaign: row.get("campaign_id")?,
        seller: row.get("seller_id")?,
        reason: row.get("reason")?,
        until: row.get("valid_until")?,
        added_by: row.get("added_by")?,
        at: row.get("added_at")?,
    })
}
