//! What ties a person to a seller apart from consent: contracts, purchases, enquiries.

use cadran_engine::dialer::compliance;
use cadran_engine::model::{Phone, SellerId, Timestamp};
use serde::{Deserialize, Serialize};

use super::db::{Select, Sql, Tx};
use super::value::{Row, args, json};
use super::{Error, Page, Store, only};

/// The number of an entry.
pub type RelationshipId = i64;

/// A contract, a purchase or an enquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relationship {
    /// The row.
    pub id: RelationshipId,
    /// With whom.
    pub seller: SellerId,
    /// Of whose number. It counts for every number of that person.
    pub phone: Phone,
    /// What it is.
    pub kind: RelationshipKind,
    /// Whether the seller's campaigns offer something related to its object.
    pub related: bool,
    /// Where it is written down, such as the number of the contract. May be empty.
    pub reference: String,
    /// Since when, or when.
    pub began_at: Timestamp,
    /// Until when; none: still.
    pub ended_at: Option<Timestamp>,
    /// Who wrote it down.
    pub recorded_by: String,
    /// When.
    pub recorded_at: Timestamp,
}

/// What a relationship is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationshipKind {
    /// It lasts until it ends.
    Contract,
    /// The person asked about something.
    Inquiry,
    /// The person bought something.
    Purchase,
}

impl RelationshipKind {
    /// The word in the database, the API and the rule packs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Inquiry => "inquiry",
            Self::Purchase => "purchase",
        }
    }
}

const ADD: &str = "insert into relationship (seller_id, phone, kind, related, reference, began_at, ended_at, \
    recorded_by, recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning *";

const OF: Sql = Sql {
    postgres: "select * from relationship where phone in (select jsonb_array_elements_text($1)) order by began_at",
    sqlite: "select * from relationship where phone in (select value from json_each($1)) order by began_at",
};

impl Store {
    /// Writes a relationship down. The id in `relationship` is not used.
    pub async fn add_relationship(&self, relationship: &Relationship) -> Result<Relationship, Error> {
        read(&only(self.db.change(ADD, columns(relationship)).await?)?)
    }

    /// Entries, of one number or of all, the latest first.
    pub async fn relationships(
        &self,
        phone: Option<Phone>,
        page: Page<RelationshipId>,
    ) -> Result<Vec<Relationship>, Error> {
        let select = Select::new("select * from relationship")
            .narrow("phone = ?", phone)
            .narrow("relationship_id < ?", page.after);
        select.page(&self.db, "relationship_id desc", page.limit()).await?.iter().map(read).collect()
    }

    /// Notes that a relationship has ended. It stays as it is when it ended before.
    pub async fn end_relationship(&self, id: RelationshipId, at: Timestamp) -> Result<Relationship, Error> {
        let sql = "update relationship set ended_at = coalesce(ended_at, $2) where relationship_id = $1 returning *";
        match self.db.change(sql, args![id, at]).await?.first() {
            Some(row) => read(row),
            None => Err(Error::NotFound("relationship")),
        }
    }
}

/// Every relationship of one of these numbers, the oldest first.
pub(super) async fn of(tx: &mut Tx, phones: &[Phone]) -> Result<Vec<Relationship>, Error> {
    tx.rows(OF, args![json(&phones)?]).await?.iter().map(read).collect()
}

/// The contract that speaks most for a call of the seller at `now`.
pub(super) fn contract(
    all: &[Relationship],
    seller: SellerId,
    now: Timestamp,
) -> Option<compliance::Contract> {
    let contracts = all.iter().filter(|tie| tie.kind == RelationshipKind::Contract && tie.seller == seller);
    let in_rules = contracts.map(|tie| compliance::Contract {
        seller: seller.to_string(),
        active: tie.began_at <= now && tie.ended_at.is_none_or(|end| now < end),
        related: tie.related,
    });
    in_rules.max_by_key(|contract| (contract.active, contract.related))
}

/// The business relationship that speaks for a call of the seller: its last purchase, or else its last enquiry.
pub(super) fn business(all: &[Relationship], seller: SellerId) -> Option<compliance::Relationship> {
    let last = |kind| all.iter().rev().find(|tie| tie.kind == kind && tie.seller == seller);
    let tie = last(RelationshipKind::Purchase).or_else(|| last(RelationshipKind::Inquiry))?;
    Some(compliance::Relationship {
        seller: seller.to_string(),
        kind: tie.kind.as_str().to_owned(),
        at: tie.began_at,
    })
}

fn columns(tie: &Relationship) -> Vec<super::value::Value> {
    args![
        tie.seller,
        tie.phone,
        tie.kind.as_str(),
        tie.related,
        &tie.reference,
        tie.began_at,
        tie.ended_at,
        &tie.recorded_by,
        tie.recorded_at,
    ]
}

fn read(row: &Row) -> Result<Relationship, Error> {
    Ok(Relationship {
        id: row.get("relationship_id")?,
        seller: row.get("seller_id")?,
        phone: row.get("phone")?,
        kind: row.word("kind")?,
        related: row.get("related")?,
        reference: row.get("reference")?,
        began_at: row.get("began_at")?,
        ended_at: row.get("ended_at")?,
        recorded_by: row.get("recorded_by")?,
        recorded_at: row.get("recorded_at")?,
    })
}
