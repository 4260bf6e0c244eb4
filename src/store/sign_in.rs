//! Signed-in browsers and programs.

use cadran_engine::model::{Timestamp, UserId};

use super::value::args;
use super::{Error, Kept, Store, User, user};

/// The SHA-256 of a sign-in's opaque token. Whoever reads the database cannot sign in with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A sign-in that is valid, with the account as it stands.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Whose.
    pub user: Kept<User>,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Store {
    /// Keeps a sign-in, and forgets those that have expired.
    pub async fn sign_in(
        &self,
        token: TokenHash,
        user: UserId,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        self.db.change("delete from sign_in where expires_at <= $1", args![now]).await?;
        let sql = "insert into sign_in (token_hash, user_id, created_at, expires_at) values ($1, $2, $3, $4)";
        self.db.change(sql, args![token.0.to_vec(), user, now, expires_at]).await?;
        Ok(())
    }

    /// Who the token belongs to; none when it is unknown, has expired, or the account is switched off.
    pub async fn signed_in(&self, token: TokenHash, now: Timestamp) -> Result<Option<SignIn>, Error> {
        let sql = "select console_user.*, expires_at from sign_in join console_user using (user_id) \
                   where token_hash = $1 and expires_at > $2 and enabled";
        let row = self.db.row(sql, args![token.0.to_vec(), now]).await?;
        row.map(|row| Ok(SignIn { user: user::read(&row)?, expires_at: row.get("expires_at")? })).transpose()
    }

    /// Ends a sign-in. Ending it again changes nothing.
    pub async fn sign_out(&self, token: TokenHash) -> Result<(), Error> {
        self.db.change("delete from sign_in where token_hash = $1", args![token.0.to_vec()]).await?;
        Ok(())
    }

    /// Ends all sign-ins of a user, after a change of password or role.
    pub async fn sign_out_everywhere(&self, user: UserId) -> Result<(), Error> {
        self.db.change("delete from sign_in where user_id = $1", args![user]).await?;
        Ok(())
    }
}
