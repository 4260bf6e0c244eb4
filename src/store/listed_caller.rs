//! Callers whose numbers are on lists that flows look at.

use std::time::Duration;

use cadran_engine::flow::nodes::CallerCheck;
use cadran_engine::model::{Phone, Timestamp};

use super::db::{Select, Sql, upsert};
use super::value::{Row, args};
use super::{Error, Page, Store, only};

/// The number of an entry.
pub type ListedCallerId = i64;

/// A caller on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCaller {
    /// The row.
    pub id: ListedCallerId,
    /// The list: `block`, `fraud`, `vip`, or one that flows name.
    pub list: String,
    /// Their number.
    pub phone: Phone,
    /// Why, in words.
    pub note: String,
    /// Who said so: the text form of a user's or an agent's id.
    pub added_by: String,
    /// Since when.
    pub at: Timestamp,
}

const ADD: Sql = upsert!(
    "insert into listed_caller (list, phone, note, added_by, added_at) values ($1, $2, $3, $4, $5)",
    "phone, list",
    "set note = excluded.note, added_by = excluded.added_by, added_at = excluded.added_at returning *"
);

impl Store {
    /// Puts a caller on a list, or changes what is said of one who is there. The id in `entry` is not used.
    pub async fn list_caller(&self, entry: &ListedCaller) -> Result<ListedCaller, Error> {
        let values = args![&entry.list, entry.phone, &entry.note, &entry.added_by, entry.at];
        read(&only(self.db.change(ADD, values).await?)?)
    }

    /// Callers on lists: of one list or all, with one number or any, the latest first.
    pub async fn listed_callers(
        &self,
        list: Option<&str>,
        phone: Option<Phone>,
        page: Page<ListedCallerId>,
    ) -> Result<Vec<ListedCaller>, Error> {
        let select = Select::new("select * from listed_caller")
            .narrow("list = ?", list)
            .narrow("phone = ?", phone)
            .narrow("listed_caller_id < ?", page.after);
        select.page(&self.db, "listed_caller_id desc", page.limit()).await?.iter().map(read).collect()
    }

    /// Takes a caller off a list.
    pub async fn unlist_caller(&self, id: ListedCallerId) -> Result<(), Error> {
        let sql = "delete from listed_caller where listed_caller_id = $1 returning listed_caller_id";
        match self.db.change(sql, args![id]).await?.first() {
            Some(_) => Ok(()),
            None => Err(Error::NotFound("listed caller")),
        }
    }

    /// The first of `checks` that is true of a caller whose number is known. `list` is what `blocklist` and `vip` look at
    /// in place of their own.
    pub async fn caller_check(
        &self,
        phone: Phone,
        checks: &[CallerCheck],
        list: Option<&str>,
        repeat_window: Duration,
        now: Timestamp,
    ) -> Result<Option<CallerCheck>, Error> {
        for check in checks {
            let applies = match check {
                CallerCheck::Anonymous => false,
                CallerCheck::Blocklist => self.is_listed(phone, list.unwrap_or("block")).await?,
                CallerCheck::Dnc => self.is_barred(phone, now).await?,
                CallerCheck::Fraud => self.is_listed(phone, "fraud").await?,
                CallerCheck::Repeat => self.has_called_since(phone, now - repeat_window).await?,
                CallerCheck::Vip => self.is_listed(phone, list.unwrap_or("vip")).await?,
            };
            if applies {
                return Ok(Some(*check));
            }
        }
        Ok(None)
    }

    async fn is_listed(&self, phone: Phone, list: &str) -> Result<bool, Error> {
        let sql = "select 1 as one from listed_caller where phone = $1 and list = $2";
        Ok(self.db.row(sql, args![phone, list]).await?.is_some())
    }
}

fn read(row: &Row) -> Result<ListedCaller, Error> {
    Ok(ListedCaller {
        id: row.get("listed_caller_id")?,
        list: row.get("list")?,
        phone: row.get("phone")?,
        note: row.get("note")?,
        added_by: row.get("added_by")?,
        at: row.get("added_at")?,
    })
}
