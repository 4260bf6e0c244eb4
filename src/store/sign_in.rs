//! Signed-in browsers and programs.

use std::time::Duration;

use cadran_engine::model::{Rights, Scope, Timestamp, UserId};

use super::api_key::ApiKeyId;
use super::value::{Row, args};
use super::{Error, Kept, Store, User, role, user};

/// A browser that was not heard of for so long is signed out: a long lunch, not a night.
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(2 * 60 * 60);

/// How often it is written down that a sign-in is in use, at most.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// The SHA-256 of a sign-in's opaque token. Whoever reads the database cannot sign in with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenHash(pub [u8; 32]);

/// A sign-in that is valid, with the account as it stands.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Whose.
    pub user: Kept<User>,
    /// What they may do this way.
    pub rights: Rights,
    /// Of what.
    pub scope: Scope,
    /// Until when.
    pub expires_at: Timestamp,
    /// The key of a program; none for a person who gave a password.
    pub key: Option<ApiKeyId>,
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
        let sql = "insert into sign_in (token_hash, user_id, created_at, expires_at, seen_at) \
                   values ($1, $2, $3, $4, $3)";
        self.db.change(sql, args![token.0.to_vec(), user, now, expires_at]).await?;
        Ok(())
    }

    /// Who the token belongs to; none when it is unknown, has expired, was not used for [`IDLE_TIME_MAX`], or the
    /// account is switched off.
    pub async fn signed_in(&self, token: TokenHash, now: Timestamp) -> Result<Option<SignIn>, Error> {
        let sql = "select console_user.*, rights, expires_at, seen_at from sign_in \
                   join console_user using (user_id) join role on role.name = role_name \
                   where token_hash = $1 and expires_at > $2 and seen_at > $3 and enabled";
        let row = self.db.row(sql, args![token.0.to_vec(), now, now - IDLE_TIME_MAX]).await?;
        let Some(row) = row else {
            return self.presented_key(token, now).await;
        };
        if row.get::<Timestamp>("seen_at")? <= now - SEEN_EVERY {
            let seen = "update sign_in set seen_at = $2 where token_hash = $1";
            // A database that takes no writes for a moment signs nobody out.
            if let Err(error) = self.db.execute(seen, args![token.0.to_vec(), now]).await {
                tracing::warn!(%error, "that a sign-in is in use could not be written down");
            }
        }
        let sign_in = self.standing(&row).await?;
        Ok(Some(SignIn { expires_at: row.get("expires_at")?, ..sign_in }))
    }

    /// Until when the token holds if it is not used meanwhile; none when it does not. Asking is no use of it.
    pub async fn signed_in_until(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let sql = "select expires_at, seen_at from sign_in join console_user using (user_id) \
                   where token_hash = $1 and enabled \
                   union all select expires_at, null as seen_at from api_key join console_user using (user_id) \
                   where token_hash = $1 and enabled";
        let Some(row) = self.db.row(sql, args![token.0.to_vec()]).await? else { return Ok(None) };
        let expires_at = row.get::<Option<Timestamp>>("expires_at")?.unwrap_or(Timestamp::MAX);
        let seen_at: Option<Timestamp> = row.get("seen_at")?;
        let until = seen_at.map_or(expires_at, |seen_at| expires_at.min(seen_at + IDLE_TIME_MAX));
        Ok(Some(until).filter(|until| *until > now))
    }

    /// What an account sees.
    pub async fn scope(&self, user: &User) -> Result<Scope, Error> {
        match user.teams {
            None => Ok(Scope::Everything),
            Some(_) => self.scope_of(user.id).await,
        }
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

    /// What an account is good for, from a row that has all columns of `console_user` and the rights of its role.
    pub(super) async fn standing(&self, row: &Row) -> Result<SignIn, Error> {
        let id = row.get("user_id")?;
        let (teams, scope) = match row.get("sees_all")? {
            true => (None, Scope::Everything),
            false => (Some(self.teams_of(id).await?), self.scope_of(id).await?),
        };
        let user = user::read(row, teams)?;
        let rights = role::rights(row, &user.value.role)?;
        Ok(SignIn { user, rights, scope, expires_at: Timestamp::MAX, key: None })
    }
}
