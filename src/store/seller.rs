//! Sellers: on whose behalf people are called. Caps and consents are counted per seller, whoever places the call.

use cadran_engine::model::{SellerId, Timestamp};

use super::db::Select;
use super::value::{Row, args};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "seller";
const EXISTS: &str = "select 1 as one from seller where seller_id = $1";

/// Somebody on whose behalf people are called (the *principal* of law texts).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    /// The row.
    pub id: SellerId,
    /// How managers and the people who are called know it. No two sellers have the same name.
    pub name: String,
    /// Where it is registered, such as a SIREN. May be empty.
    pub registration: String,
}

impl Store {
    /// Keeps a seller. The id in `seller` is not used.
    pub async fn create_seller(&self, seller: &Seller, now: Timestamp) -> Result<Kept<Seller>, Error> {
        let sql = "insert into seller (name, registration, updated_at) values ($1, $2, $3) returning *";
        let values = args![&seller.name, &seller.registration, now];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// One seller.
    pub async fn seller(&self, id: SellerId) -> Result<Option<Kept<Seller>>, Error> {
        let row = self.db.row("select * from seller where seller_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Sellers, in the order in which they were added.
    pub async fn sellers(&self, page: Page<SellerId>) -> Result<Vec<Kept<Seller>>, Error> {
        let select = Select::new("select * from seller").narrow("seller_id > ?", page.after);
        select.page(&self.db, "seller_id", page.limit()).await?.iter().map(read).collect()
    }

    /// Changes a seller, if nobody changed it since `rev`.
    pub async fn update_seller(
        &self,
        seller: &Seller,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<Seller>, Error> {
        let sql = "update seller set name = $3, registration = $4, updated_at = $5, rev = rev + 1 \
                   where seller_id = $1 and rev = $2 returning *";
        let values = args![seller.id, rev, &seller.name, &seller.registration, now];
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, seller.id.as_i64()).await),
        }
    }

    /// Removes a seller that no campaign, consent or attempt names.
    pub async fn delete_seller(&self, id: SellerId, rev: i64) -> Result<(), Error> {
        let sql = "delete from seller where seller_id = $1 and rev = $2 returning seller_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn read(row: &Row) -> Result<Kept<Seller>, Error> {
    let seller =
        Seller { id: row.get("seller_id")?, name: row.get("name")?, registration: row.get("registration")? };
    Kept::read(row, seller)
}
