//! Console accounts.

use cadran_engine::model::{AgentId, Role, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};

use super::db::Select;
use super::value::{Row, Value, args};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "user";
const EXISTS: &str = "select 1 as one from console_user where user_id = $1";

/// A console account.
#[derive(Clone, Debug)]
pub struct User {
    /// The row.
    pub id: UserId,
    /// What the person types to sign in. Compared as it is: the caller brings it to one spelling.
    pub login: String,
    /// The Argon2 hash of the password, in PHC text form. Kept out of logs like the password itself.
    pub password_hash: SecretString,
    /// What the user may do.
    pub role: Role,
    /// The agent whose desk it is, for the role of an agent.
    pub agent: Option<AgentId>,
    /// Whether the password was given by somebody else, so that the first sign-in replaces it.
    pub must_change_password: bool,
    /// Whether the user may sign in.
    pub enabled: bool,
}

impl Store {
    /// Keeps an account. The id in `user` is not used.
    pub async fn create_user(&self, user: &User, now: Timestamp) -> Result<Kept<User>, Error> {
        let sql = "insert into console_user (login, password_hash, role, agent_id, must_change_password, enabled, \
                   updated_at) values ($1, $2, $3, $4, $5, $6, $7) returning *";
        read(&only(self.db.change(sql, columns(user, now)).await?)?)
    }

    /// One account.
    pub async fn user(&self, id: UserId) -> Result<Option<Kept<User>>, Error> {
        let row = self.db.row("select * from console_user where user_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The account that somebody signs in to.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<Kept<User>>, Error> {
        let row = self.db.row("select * from console_user where login = $1", args![login]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Accounts, in the order in which they were added.
    pub async fn users(&self, page: Page<UserId>) -> Result<Vec<Kept<User>>, Error> {
        let select = Select::new("select * from console_user").narrow("user_id > ?", page.after);
        select.page(&self.db, "user_id", page.limit()).await?.iter().map(read).collect()
    }

    /// Replaces an account, if nobody changed it since `rev`.
    pub async fn update_user(&self, user: &User, rev: i64, now: Timestamp) -> Result<Kept<User>, Error> {
        let sql = "update console_user set login = $1, password_hash = $2, role = $3, agent_id = $4, \
                   must_change_password = $5, enabled = $6, updated_at = $7, rev = rev + 1 \
                   where user_id = $8 and rev = $9 returning *";
        let mut values = columns(user, now);
        values.extend(args![user.id, rev]);
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, user.id.as_i64()).await),
        }
    }

    /// Removes an account and its sign-ins.
    pub async fn delete_user(&self, id: UserId, rev: i64) -> Result<(), Error> {
        let sql = "delete from console_user where user_id = $1 and rev = $2 returning user_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn columns(user: &User, now: Timestamp) -> Vec<Value> {
    let (hash, role) = (user.password_hash.expose_secret(), user.role.as_str());
    args![&user.login, hash, role, user.agent, user.must_change_password, user.enabled, now]
}

/// Reads an account from a row that has all columns of `console_user`.
pub(super) fn read(row: &Row) -> Result<Kept<User>, Error> {
    let user = User {
        id: row.get("user_id")?,
        login: row.get("login")?,
        password_hash: row.get::<String>("password_hash")?.into(),
        role: row.word("role")?,
        agent: row.get("agent_id")?,
        must_change_password: row.get("must_change_password")?,
        enabled: row.get("enabled")?,
    };
    Kept::read(row, user)
}
