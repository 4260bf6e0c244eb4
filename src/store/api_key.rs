//! Keys of programs: they open what their owner may do, as far as the key itself goes.

use std::time::Duration;

use cadran_engine::model::{Rights, Timestamp, UserId};

use super::db::Select;
use super::value::{Row, args, json};
use super::{Error, Page, SignIn, Store, TokenHash, only};

/// The number of a key.
pub type ApiKeyId = i64;

/// How often it is written down that a key is in use, at most.
const USED_EVERY: Duration = Duration::from_secs(60);

/// A key of a program. The key itself is kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// The row.
    pub id: ApiKeyId,
    /// Whose it is.
    pub user: UserId,
    /// What it is for.
    pub name: String,
    /// What it opens at most. What its owner may not do, it never opens.
    pub rights: Rights,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it opens anything; none: until it is removed.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the minute.
    pub used_at: Option<Timestamp>,
}

impl Store {
    /// Keeps a key. The id in `key` is not used.
    pub async fn create_api_key(&self, key: &ApiKey, token: TokenHash) -> Result<ApiKey, Error> {
        let sql = "insert into api_key (token_hash, user_id, name, rights, created_at, expires_at) \
                   values ($1, $2, $3, $4, $5, $6) returning *";
        let values =
            args![token.0.to_vec(), key.user, &key.name, json(&key.rights)?, key.created_at, key.expires_at];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// Keys, of one user or of all, the latest first.
    pub async fn api_keys(&self, user: Option<UserId>, page: Page<ApiKeyId>) -> Result<Vec<ApiKey>, Error> {
        let select = Select::new("select * from api_key")
            .narrow("user_id = ?", user)
            .narrow("api_key_id < ?", page.after);
        select.page(&self.db, "api_key_id desc", page.limit()).await?.iter().map(read).collect()
    }

    /// One key.
    pub async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, Error> {
        let row = self.db.row("select * from api_key where api_key_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Removes a key: it opens nothing from this moment on. Removing it again changes nothing.
    pub async fn delete_api_key(&self, id: ApiKeyId) -> Result<(), Error> {
        self.db.change("delete from api_key where api_key_id = $1", args![id]).await.map(drop)
    }

    /// What a key opens.
    pub(super) async fn presented_key(
        &self,
        token: TokenHash,
        now: Timestamp,
    ) -> Result<Option<SignIn>, Error> {
        let sql = "select console_user.*, role.rights, api_key_id, api_key.rights as key_rights, expires_at, used_at \
                   from api_key join console_user using (user_id) join role on role.name = role_name \
                   where token_hash = $1 and (expires_at is null or expires_at > $2) and enabled";
        let Some(row) = self.db.row(sql, args![token.0.to_vec(), now]).await? else {
            return Ok(None);
        };
        let id: ApiKeyId = row.get("api_key_id")?;
        let used =
            "update api_key set used_at = $2 where api_key_id = $1 and (used_at is null or used_at < $3)";
        let due = now - USED_EVERY;
        if row.get::<Option<Timestamp>>("used_at")?.is_none_or(|at| at < due)
            // A database that takes no writes for a moment shuts nobody out.
            && let Err(error) = self.db.execute(used, args![id, now, due]).await
        {
            tracing::warn!(%error, "that a key is in use could not be written down");
        }
        let standing = self.standing(&row).await?;
        Ok(Some(SignIn {
            rights: standing.rights.and(row.json("key_rights")?),
            expires_at: row.get::<Option<Timestamp>>("expires_at")?.unwrap_or(Timestamp::MAX),
            key: Some(id),
            ..standing
        }))
    }
}

fn read(row: &Row) -> Result<ApiKey, Error> {
    Ok(ApiKey {
        id: row.get("api_key_id")?,
        user: row.get("user_id")?,
        name: row.get("name")?,
        rights: row.json("rights")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
    })
}
