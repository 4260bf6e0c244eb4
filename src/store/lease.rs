//! Who drives which Asterisk server.
//!
//! A lease ends by itself, so that another daemon can take over from one that died. The token grows with each change
//! of hands; a daemon that was only slow finds its own token outdated at the next attempt and dials no more
//! (Kleppmann, "How to do distributed locking", 2016: fencing).

use std::time::Duration;

use cadran_engine::model::Timestamp;

use super::db::{Lane, Sql, Tx, upsert};
use super::value::args;
use super::{Error, Store};

/// The right to drive an Asterisk server, for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The Asterisk server.
    pub name: String,
    /// Grows with each change of hands.
    pub token: i64,
}

/// A lease, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseHeld {
    /// The Asterisk server.
    pub name: String,
    /// Until when somebody drives it, unless they renew it.
    pub until: Timestamp,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// Somebody else has it.
    Held {
        /// Who.
        by: String,
        /// Until when, unless they renew it.
        until: Timestamp,
    },
    /// It is the asker's.
    Ours(Lease),
}

const TAKE: Sql = upsert!(
    "insert into lease (name, holder, token, held_until) values ($1, $2, 1, $3)",
    "name",
    "set holder = excluded.holder, token = lease.token + 1, held_until = excluded.held_until \
    where lease.held_until <= $4 or lease.holder = excluded.holder returning token"
);

const STILL_OURS: Sql = Sql {
    postgres: "select 1 as one from lease where name = $1 and token = $2 for share",
    sqlite: "select 1 as one from lease where name = $1 and token = $2",
};

impl Store {
    /// Asks for the lease `name` until `ttl` from `now`. A holder that asks again gets a new token: its earlier
    /// process, should it still run, is shut out.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Acquired, Error> {
        let mut tx = self.db.begin(Lane::Calls).await?;
        let acquired = match tx.row(TAKE, args![name, holder, now + ttl, now]).await? {
            Some(row) => Acquired::Ours(Lease { name: name.to_owned(), token: row.get("token")? }),
            None => {
                let sql = "select holder, held_until from lease where name = $1";
                let row = tx.row(sql, args![name]).await?.ok_or(Error::NotFound("lease"))?;
                Acquired::Held { by: row.get("holder")?, until: row.get("held_until")? }
            }
        };
        tx.commit().await?;
        Ok(acquired)
    }

    /// Prolongs the lease until `ttl` from `now`. False: it was lost, and nothing may be dialled any more.
    pub async fn renew_lease(&self, lease: &Lease, now: Timestamp, ttl: Duration) -> Result<bool, Error> {
        let mut tx = self.db.begin(Lane::Calls).await?;
        let sql = "update lease set held_until = $3 where name = $1 and token = $2";
        let renewed = tx.execute(sql, args![&lease.name, lease.token, now + ttl]).await?;
        tx.commit().await?;
        Ok(renewed == 1)
    }

    /// The Asterisk servers of all daemons, and until when each is driven.
    pub async fn leases(&self) -> Result<Vec<LeaseHeld>, Error> {
        let rows = self.db.rows("select name, held_until from lease order by name", args![]).await?;
        rows.iter()
            .map(|row| Ok(LeaseHeld { name: row.get("name")?, until: row.get("held_until")? }))
            .collect()
    }

    /// Gives the lease back, so that another daemon need not wait for its end.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), Error> {
        let sql = "update lease set held_until = 0 where name = $1 and token = $2";
        self.db.change(sql, args![&lease.name, lease.token]).await.map(drop)
    }
}

/// Whether the lease has not changed hands. On PostgreSQL it cannot until the transaction is over.
pub(super) async fn still_ours(tx: &mut Tx, lease: Option<&Lease>) -> Result<bool, Error> {
    match lease {
        Some(lease) => Ok(tx.row(STILL_OURS, args![&lease.name, lease.token]).await?.is_some()),
        None => Ok(true),
    }
}
