//! Console accounts.

use std::collections::BTreeSet;

use cadran_engine::model::{AgentId, RoleName, TeamId, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};

use super::db::{Lane, Select, Tx};
use super::name_order::in_order;
use super::value::{Row, Value, args};
use super::{Error, Kept, NameOrder, Page, Store, only};

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
    pub role: RoleName,
    /// The teams that the user looks after; none: all there is, in teams or not.
    pub teams: Option<BTreeSet<TeamId>>,
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
        let sql = "insert into console_user (login, password_hash, role_name, agent_id, must_change_password, \
                   enabled, sees_all, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8) returning *";
        let mut tx = self.db.begin(Lane::People).await?;
        let kept = read(&only(tx.rows(sql, columns(user, now)).await?)?, user.teams.clone())?;
        put_teams(&mut tx, &kept.value).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// One account.
    pub async fn user(&self, id: UserId) -> Result<Option<Kept<User>>, Error> {
        self.read_user(self.db.row("select * from console_user where user_id = $1", args![id]).await?).await
    }

    /// The account that somebody signs in to.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<Kept<User>>, Error> {
        self.read_user(self.db.row("select * from console_user where login = $1", args![login]).await?).await
    }

    /// A page of accounts. Their name is the login.
    pub async fn users(&self, order: NameOrder, page: Page<UserId>) -> Result<Vec<Kept<User>>, Error> {
        let (behind, by) = in_order!(order, "console_user", "user_id", "login");
        let select = Select::new("select * from console_user").narrow(behind, page.after);
        let mut users = Vec::new();
        for row in select.page(&self.db, by, page.limit()).await? {
            users.extend(self.read_user(Some(row)).await?);
        }
        Ok(users)
    }

    /// Replaces an account, if nobody changed it since `rev`.
    pub async fn update_user(&self, user: &User, rev: i64, now: Timestamp) -> Result<Kept<User>, Error> {
        let sql = "update console_user set login = $1, password_hash = $2, role_name = $3, agent_id = $4, \
                   must_change_password = $5, enabled = $6, sees_all = $7, updated_at = $8, rev = rev + 1 \
                   where user_id = $9 and rev = $10 returning *";
        let mut values = columns(user, now);
        values.extend(args![user.id, rev]);
        let mut tx = self.db.begin(Lane::People).await?;
        let Some(row) = tx.row(sql, values).await? else {
            drop(tx);
            return Err(self.why_unchanged(NOUN, EXISTS, user.id).await);
        };
        tx.execute("delete from user_team where user_id = $1", args![user.id]).await?;
        put_teams(&mut tx, user).await?;
        tx.commit().await?;
        read(&row, user.teams.clone())
    }

    /// Removes an account and its sign-ins.
    pub async fn delete_user(&self, id: UserId, rev: i64) -> Result<(), Error> {
        let sql = "delete from console_user where user_id = $1 and rev = $2 returning user_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id).await),
        }
    }

    /// Who has a role.
    pub async fn users_with_role(&self, role: &RoleName) -> Result<Vec<UserId>, Error> {
        let sql = "select user_id from console_user where role_name = $1";
        let rows = self.db.rows(sql, args![role.as_str()]).await?;
        rows.iter().map(|row| row.get("user_id")).collect()
    }

    /// Who looks after a team.
    pub async fn users_of_team(&self, team: TeamId) -> Result<Vec<UserId>, Error> {
        let rows = self.db.rows("select user_id from user_team where team_id = $1", args![team]).await?;
        rows.iter().map(|row| row.get("user_id")).collect()
    }

    /// Who looks after a team that an agent is in.
    pub async fn users_over_agent(&self, agent: AgentId) -> Result<Vec<UserId>, Error> {
        let sql =
            "select distinct user_id from user_team join team_agent using (team_id) where agent_id = $1";
        let rows = self.db.rows(sql, args![agent]).await?;
        rows.iter().map(|row| row.get("user_id")).collect()
    }

    async fn read_user(&self, row: Option<Row>) -> Result<Option<Kept<User>>, Error> {
        let Some(row) = row else { return Ok(None) };
        let teams = match row.get("sees_all")? {
            true => None,
            false => Some(self.teams_of(row.get("user_id")?).await?),
        };
        read(&row, teams).map(Some)
    }
}

async fn put_teams(tx: &mut Tx, user: &User) -> Result<(), Error> {
    for team in user.teams.iter().flatten() {
        let sql = "insert into user_team (user_id, team_id) values ($1, $2)";
        tx.execute(sql, args![user.id, *team]).await?;
    }
    Ok(())
}

fn columns(user: &User, now: Timestamp) -> Vec<Value> {
    let (hash, role) = (user.password_hash.expose_secret(), user.role.as_str());
    let sees_all = user.teams.is_none();
    args![&user.login, hash, role, user.agent, user.must_change_password, user.enabled, sees_all, now]
}

/// Reads an account from a row that has all columns of `console_user`.
pub(super) fn read(row: &Row, teams: Option<BTreeSet<TeamId>>) -> Result<Kept<User>, Error> {
    let user = User {
        id: row.get("user_id")?,
        login: row.get("login")?,
        password_hash: row.get::<String>("password_hash")?.into(),
        role: row.get("role_name")?,
        teams,
        agent: row.get("agent_id")?,
        must_change_password: row.get("must_change_password")?,
        enabled: row.get("enabled")?,
    };
    Kept::read(row, user)
}
