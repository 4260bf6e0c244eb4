//! Second factors: what an account asks for beside its password.

use cadran_engine::model::{Timestamp, UserId};

use super::db::{Lane, upsert};
use super::value::args;
use super::{Error, Store, TokenHash};

/// The second factor of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactor {
    /// The secret, sealed.
    pub secret: String,
    /// Since when it is asked for; none while no code has shown that the app has the secret.
    pub confirmed_at: Option<Timestamp>,
    /// The last step of the clock whose code was used.
    pub last_step: i64,
}

impl Store {
    /// The second factor of an account.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>, Error> {
        let row = self.db.row("select * from second_factor where user_id = $1", args![user]).await?;
        row.map(|row| {
            Ok(SecondFactor {
                secret: row.get("secret")?,
                confirmed_at: row.get("confirmed_at")?,
                last_step: row.get("last_step")?,
            })
        })
        .transpose()
    }

    /// Keeps a secret that no code has confirmed yet, in place of another such. One that is in use stays: then false.
    pub async fn offer_second_factor(&self, user: UserId, secret: &str) -> Result<bool, Error> {
        let sql = upsert!(
            "insert into second_factor (user_id, secret) values ($1, $2)",
            "user_id",
            "set secret = excluded.secret, last_step = 0 where second_factor.confirmed_at is null"
        );
        Ok(self.db.execute(sql, args![user, secret]).await? > 0)
    }

    /// The app has the secret: from this moment on it is asked for, or one of `codes`, each once.
    pub async fn confirm_second_factor(
        &self,
        user: UserId,
        step: i64,
        codes: &[TokenHash],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let sql = "update second_factor set confirmed_at = $2, last_step = $3 where user_id = $1";
        tx.execute(sql, args![user, now, step]).await?;
        tx.execute("delete from recovery_code where user_id = $1", args![user]).await?;
        for code in codes {
            let sql = "insert into recovery_code (user_id, code_hash) values ($1, $2)";
            tx.execute(sql, args![user, code.0.to_vec()]).await?;
        }
        tx.commit().await
    }

    /// Uses up the code of a step. False when that or a later one was used before: of two at once one wins.
    pub async fn use_step(&self, user: UserId, step: i64) -> Result<bool, Error> {
        let sql = "update second_factor set last_step = $2 where user_id = $1 and last_step < $2";
        Ok(self.db.execute(sql, args![user, step]).await? > 0)
    }

    /// Uses up a recovery code. False when there is no such.
    pub async fn use_recovery_code(&self, user: UserId, code: TokenHash) -> Result<bool, Error> {
        let sql = "delete from recovery_code where user_id = $1 and code_hash = $2";
        Ok(self.db.execute(sql, args![user, code.0.to_vec()]).await? > 0)
    }

    /// Asks for the password alone. False when there was no second factor.
    pub async fn remove_second_factor(&self, user: UserId) -> Result<bool, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        tx.execute("delete from recovery_code where user_id = $1", args![user]).await?;
        let removed = tx.execute("delete from second_factor where user_id = $1", args![user]).await?;
        tx.commit().await?;
        Ok(removed > 0)
    }
}
