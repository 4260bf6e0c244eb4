//! Public do-not-call registers: the numbers of the last comparison with each, and when that was.
//!
//! A comparison is imported in batches beside the one before, and takes its place as a whole when it is complete.

use std::collections::BTreeMap;

use cadran_engine::dialer::compliance::RegisterCheck;
use cadran_engine::model::{Phone, Timestamp};
use sha2::{Digest as _, Sha256};

use super::db::{Lane, Sql, Tx, upsert};
use super::value::{Row, args, json};
use super::{Error, Store, only};

/// The number of a comparison.
pub type ScrubId = i64;

/// Numbers that one batch of a comparison may have.
pub const SCRUB_BATCH_MAX: usize = 10_000;

/// Entries of a replaced comparison that one statement removes.
const REMOVE_AT_ONCE: i64 = 50_000;

/// A register, and the comparison with it that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Register {
    /// The name that rule packs use, such as `bloctel`.
    pub name: String,
    /// The edition that we have.
    pub version: String,
    /// When the register was consulted.
    pub checked_at: Timestamp,
    /// How many numbers it lists.
    pub entries: u64,
    /// Who brought it.
    pub created_by: String,
}

const REGISTERS: &str = "select name, version, checked_at, entries, created_by from register \
    join register_scrub using (scrub_id) order by name";

const NAME: Sql = upsert!(
    "insert into register (name, updated_at) values ($1, $2)",
    "name",
    "set updated_at = excluded.updated_at returning register_id"
);

const BEGIN: &str = "insert into register_scrub (register_id, version, checked_at, state, created_by, created_at) \
    values ($1, $2, $3, 'running', $4, $5) returning scrub_id";

const ADD: Sql = Sql {
    postgres: "insert into register_entry (scrub_id, digest) select $1, jsonb_array_elements_text($2) \
        on conflict do nothing",
    sqlite: "insert into register_entry (scrub_id, digest) select $1, value from json_each($2) where true \
        on conflict do nothing",
};

const COUNT: &str = "update register_scrub set state = 'current', \
    entries = (select count(*) from register_entry where register_entry.scrub_id = register_scrub.scrub_id) \
    where scrub_id = $1 and state = 'running' returning register_id";

const REMOVE: &str = "delete from register_entry where (scrub_id, digest) in (select scrub_id, digest \
    from register_entry join register_scrub using (scrub_id) where state = 'replaced' limit $1)";

const LISTED: Sql = Sql {
    postgres: "select name, checked_at, digest from register join register_scrub using (scrub_id) \
        left join register_entry on register_entry.scrub_id = register.scrub_id \
        and digest in (select jsonb_array_elements_text($1))",
    sqlite: "select name, checked_at, digest from register join register_scrub using (scrub_id) \
        left join register_entry on register_entry.scrub_id = register.scrub_id \
        and digest in (select value from json_each($1))",
};

/// The SHA-256 of a number's E.164 form, in hexadecimal: how registers and the decision log know a number.
pub fn digest(phone: Phone) -> String {
    Sha256::digest(phone.e164()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Store {
    /// The registers that were ever consulted, by name.
    pub async fn registers(&self) -> Result<Vec<Register>, Error> {
        self.db.rows(REGISTERS, args![]).await?.iter().map(read).collect()
    }

    /// Begins to take in a comparison with the register `name` that was made at `checked_at`.
    pub async fn begin_scrub(
        &self,
        name: &str,
        version: &str,
        checked_at: Timestamp,
        by: &str,
        now: Timestamp,
    ) -> Result<ScrubId, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let register: i64 = only(tx.rows(NAME, args![name, now]).await?)?.get("register_id")?;
        let scrub = only(tx.rows(BEGIN, args![register, version, checked_at, by, now]).await?)?;
        tx.commit().await?;
        scrub.get("scrub_id")
    }

    /// Takes in listed numbers, as [`digest`]s, [`SCRUB_BATCH_MAX`] at most. The same one again changes nothing.
    pub async fn add_listed(&self, scrub: ScrubId, digests: &[String]) -> Result<(), Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        tx.execute(ADD, args![scrub, json(&digests)?]).await?;
        tx.commit().await
    }

    /// From here on the comparison counts, and the one before does not. Gives the number of listed numbers.
    pub async fn end_scrub(&self, scrub: ScrubId) -> Result<u64, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let register = tx.row(COUNT, args![scrub]).await?.ok_or(Error::NotFound("running comparison"))?;
        let register: i64 = register.get("register_id")?;
        let replace =
            "update register_scrub set state = 'replaced' where register_id = $1 and scrub_id <> $2";
        tx.execute(replace, args![register, scrub]).await?;
        tx.execute("update register set scrub_id = $2 where register_id = $1", args![register, scrub])
            .await?;
        let counted = tx.rows("select entries from register_scrub where scrub_id = $1", args![scrub]).await?;
        let entries = only(counted)?.get("entries")?;
        tx.commit().await?;
        self.remove_replaced().await?;
        Ok(entries)
    }

    /// Removes what replaced comparisons held, in pieces, so that no dial waits for it.
    async fn remove_replaced(&self) -> Result<(), Error> {
        loop {
            let mut tx = self.db.begin(Lane::People).await?;
            let removed = tx.execute(REMOVE, args![REMOVE_AT_ONCE]).await?;
            tx.commit().await?;
            if removed == 0 {
                return Ok(());
            }
        }
    }
}

/// What the registers say of some numbers.
#[derive(Debug, Default)]
pub(super) struct Listings {
    /// When each register was consulted.
    checked: BTreeMap<String, Timestamp>,
    /// Which register lists which number.
    listed: Vec<(String, String)>,
}

impl Listings {
    /// What every register says of a number.
    pub(super) fn of(&self, phone: Phone) -> BTreeMap<String, RegisterCheck> {
        let digest = digest(phone);
        let check = |(name, checked_at): (&String, &Timestamp)| {
            let is_listed =
                self.listed.iter().any(|(register, number)| register == name && *number == digest);
            (name.clone(), RegisterCheck { listed: Some(is_listed), checked_at: Some(*checked_at) })
        };
        self.checked.iter().map(check).collect()
    }
}

/// Looks some numbers up in every register.
pub(super) async fn look_up(tx: &mut Tx, phones: &[Phone]) -> Result<Listings, Error> {
    let digests: Vec<String> = phones.iter().copied().map(digest).collect();
    let mut listings = Listings::default();
    for row in tx.rows(LISTED, args![json(&digests)?]).await? {
        let name: String = row.get("name")?;
        let found: Option<String> = row.get("digest")?;
        listings.listed.extend(found.map(|digest| (name.clone(), digest)));
        listings.checked.insert(name, row.get("checked_at")?);
    }
    Ok(listings)
}

fn read(row: &Row) -> Result<Register, Error> {
    Ok(Register {
        name: row.get("name")?,
        version: row.get("version")?,
        checked_at: row.get("checked_at")?,
        entries: row.get("entries")?,
        created_by: row.get("created_by")?,
    })
}
