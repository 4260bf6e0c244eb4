//! Requests that were answered, so that the same one sent again is not carried out again.

use std::time::Duration;

use cadran_engine::model::{Timestamp, UserId};

use super::value::args;
use super::{Error, Store};

/// For how long an answer is remembered.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a request may be at work before another may take its place: longer than any deadline.
const AT_WORK_MAX: Duration = Duration::from_secs(15 * 60);

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: the request is to be carried out, and its answer kept.
    Nothing,
    /// The same request is being carried out.
    AtWork,
    /// Another request had this key.
    Other,
    /// The answer to the same request.
    Answer(KeptAnswer),
}

/// An answer that is given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Where what was made is.
    pub location: Option<String>,
    /// The body, JSON.
    pub body: String,
}

impl Store {
    /// Begins a request with a key, unless it is known. Of two at once one begins.
    pub async fn begin_once(
        &self,
        user: UserId,
        key: &str,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Known, Error> {
        let forget = "delete from idempotency where began_at < $1 or (status is null and began_at < $2)";
        self.db.execute(forget, args![now - REMEMBERED_FOR, now - AT_WORK_MAX]).await?;
        let sql = "insert into idempotency (user_id, idempotency_key, digest, began_at) values ($1, $2, $3, $4) \
                   on conflict do nothing";
        if self.db.execute(sql, args![user, key, digest.to_vec(), now]).await? > 0 {
            return Ok(Known::Nothing);
        }
        let sql = "select * from idempotency where user_id = $1 and idempotency_key = $2";
        let Some(row) = self.db.row(sql, args![user, key]).await? else { return Ok(Known::AtWork) };
        if row.get::<[u8; 32]>("digest")? != *digest {
            return Ok(Known::Other);
        }
        Ok(match row.get::<Option<i64>>("status")? {
            None => Known::AtWork,
            Some(status) => Known::Answer(KeptAnswer {
                status: u16::try_from(status).unwrap_or(500),
                location: row.get("location")?,
                body: row.get("body")?,
            }),
        })
    }

    /// Keeps the answer to a request that was begun.
    pub async fn answer_once(&self, user: UserId, key: &str, answer: &KeptAnswer) -> Result<(), Error> {
        let sql = "update idempotency set status = $3, location = $4, body = $5 \
                   where user_id = $1 and idempotency_key = $2";
        let values = args![user, key, answer.status, answer.location.as_deref(), &answer.body];
        self.db.execute(sql, values).await.map(drop)
    }

    /// Forgets a request that came to nothing: it may be sent again.
    pub async fn forget_once(&self, user: UserId, key: &str) -> Result<(), Error> {
        let sql = "delete from idempotency where user_id = $1 and idempotency_key = $2";
        self.db.execute(sql, args![user, key]).await.map(drop)
    }
}
