//! Persons who had their data erased: the record of each erasure, and the list by which nobody brings them back.
//!
//! The list has digests of numbers, as registers do. How everything else goes is in [`super::erasing`].

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{CallId, ErasureId, Phone, Timestamp};

use super::db::{Db, Lane, Select, Sql, Tx};
use super::deletion::Expiring;
use super::recording::read_id;
use super::register::digest;
use super::value::{Row, args, json};
use super::{Error, Page, Store, person};

/// Numbers that are read at a time when a person is looked for by digests.
const LOOK_AT_ONCE: i64 = 50_000;

/// Who is to be erased, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureOrder {
    /// Names the erasure, in the database and outside of it.
    pub id: ErasureId,
    /// When.
    pub at: Timestamp,
    /// The login of who wants it; none when it is done again.
    pub by: Option<String>,
    /// Why, in their words.
    pub reason: String,
}

/// That a person was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Whose word it was, and when.
    pub order: ErasureOrder,
    /// The numbers of the person, as [`digest`]s.
    pub digests: Vec<String>,
    /// How much of what went, or lost the person.
    pub counts: BTreeMap<String, u64>,
}

const LISTED: Sql = Sql {
    postgres: "select digest from erased_phone where digest in (select jsonb_array_elements_text($1))",
    sqlite: "select digest from erased_phone where digest in (select value from json_each($1))",
};

/// The recordings of conversations with a number.
pub(super) const RECORDINGS: &str = "select call_id, part, started_at, state, hold_reason is not null as held \
    from recording where call_id in (select call_id from attempt where phone = $1 \
    union select call_id from caller_call where phone = $1) \
    union select call_id, part, started_at, state, hold_reason is not null as held from recording \
    where caller_phone = $1";

macro_rules! pages_of {
    ($($table:literal: $column:literal),*) => {
        [$(concat!(
            "select distinct ", $column, " as phone from ", $table, " where ", $column, " > $1 order by phone limit $2"
        )),*]
    };
}

/// Every column in which a number of a person stands by itself, in pages.
const PHONES: [&str; 12] = pages_of![
    "person_phone": "phone", "lead": "phone", "attempt": "phone", "caller_call": "phone", "caller_callback": "phone",
    "consent": "phone", "relationship": "phone", "refusal": "phone", "do_not_call": "phone", "listed_caller": "phone",
    "message": "caller", "recording": "caller_phone"
];

/// Those of these numbers that were erased.
pub(super) async fn among(tx: &mut Tx, phones: &[Phone]) -> Result<BTreeSet<Phone>, Error> {
    if phones.is_empty() {
        return Ok(BTreeSet::new());
    }
    let numbers: BTreeMap<String, Phone> = phones.iter().map(|phone| (digest(*phone), *phone)).collect();
    let digests: Vec<&String> = numbers.keys().collect();
    let rows = tx.rows(LISTED, args![json(&digests)?]).await?;
    let listed = rows.iter().map(|row| row.get::<String>("digest")).collect::<Result<Vec<_>, _>>()?;
    Ok(listed.iter().filter_map(|digest| numbers.get(digest)).copied().collect())
}

/// Refuses to take in somebody who was erased.
pub(super) async fn refuse(tx: &mut Tx, phones: &[Phone]) -> Result<(), Error> {
    if among(tx, phones).await?.is_empty() { Ok(()) } else { Err(Error::Erased) }
}

/// Whether a row of `lead` is what is left of somebody who was erased.
pub(super) fn has_erased(lead: &Row) -> Result<bool, Error> {
    let held_because: Option<String> = lead.get("held_because")?;
    Ok(held_because.as_deref() == Some(Reason::Erased.as_str()))
}

impl Store {
    /// Every number of the person behind this one, the number itself at least.
    pub async fn numbers_of(&self, phone: Phone) -> Result<Vec<Phone>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let known = person::behind(&mut tx, &[phone]).await?;
        Ok(person::each_once(known.into_keys().chain([phone])))
    }

    /// The recordings of conversations with these numbers.
    pub async fn recordings_with(&self, phones: &[Phone]) -> Result<Vec<Expiring>, Error> {
        let mut found = Vec::new();
        for phone in phones {
            for row in self.db.rows(RECORDINGS, args![*phone]).await? {
                found.push(Expiring { recording: read_id(&row)?, started_at: row.get("started_at")? });
            }
        }
        Ok(found)
    }

    /// The promises to call these numbers back that are still to be kept.
    pub async fn promised_to(&self, phones: &[Phone]) -> Result<Vec<CallId>, Error> {
        let mut promised = Vec::new();
        for phone in phones {
            let sql = "select call_id from caller_callback where phone = $1 and state = 'open'";
            for row in self.db.rows(sql, args![*phone]).await? {
                promised.push(row.get("call_id")?);
            }
        }
        Ok(promised)
    }

    /// Erasures, the latest first.
    pub async fn erasures(&self, page: Page<ErasureId>) -> Result<Vec<Erasure>, Error> {
        let select = Select::new("select * from erasure").narrow("erasure_id < ?", page.after);
        let rows = select.page(&self.db, "erasure_id desc", page.limit()).await?;
        let mut erasures = Vec::with_capacity(rows.len());
        for row in &rows {
            erasures.push(read(&self.db, row).await?);
        }
        Ok(erasures)
    }

    /// The numbers that the database knows by these digests, whoever has them.
    pub async fn numbers_with(&self, digests: &BTreeSet<String>) -> Result<BTreeSet<Phone>, Error> {
        let mut found = BTreeSet::new();
        for sql in PHONES {
            let mut after = String::new();
            loop {
                let rows = self.db.rows(sql, args![&after, LOOK_AT_ONCE]).await?;
                for row in &rows {
                    after = row.get("phone")?;
                    found.extend(
                        after.parse::<Phone>().ok().filter(|phone| digests.contains(&digest(*phone))),
                    );
                }
                if rows.len() < usize::try_from(LOOK_AT_ONCE).unwrap_or(usize::MAX) {
                    break;
                }
            }
        }
        Ok(found)
    }
}

async fn read(db: &Db, row: &Row) -> Result<Erasure, Error> {
    let id: ErasureId = row.get("erasure_id")?;
    let sql = "select digest from erased_phone where erasure_id = $1 order by erased_phone_id";
    let digests = db.rows(sql, args![id]).await?;
    Ok(Erasure {
        order: ErasureOrder { id, at: row.get("at")?, by: row.get("asked_by")?, reason: row.get("reason")? },
        digests: digests.iter().map(|row| row.get("digest")).collect::<Result<_, _>>()?,
        counts: row.json("counts")?,
    })
}
