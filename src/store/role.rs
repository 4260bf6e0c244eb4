//! Roles: bundles of rights.

use cadran_engine::model::{Rights, Role, RoleName, Timestamp};

use super::db::Select;
use super::value::{Row, args, json};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "role";
const EXISTS: &str = "select 1 as one from role where name = $1";

/// A bundle of rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRecord {
    /// What it is called; it never changes.
    pub name: RoleName,
    /// What those may do who have it.
    pub rights: Rights,
}

impl Store {
    /// Makes the roles that every tenant has, as far as they are missing. That of whoever looks after the installation
    /// is the first tenant's alone.
    pub(super) async fn have_roles(&self) -> Result<(), Error> {
        let platform = Role::PlatformAdmin.as_str();
        self.db.execute("delete from role where name = $1", args![platform]).await?;
        for role in Role::ALL.into_iter().filter(|role| *role != Role::PlatformAdmin) {
            let sql = "insert into role (name, rights, updated_at) values ($1, $2, 0) on conflict do nothing";
            self.db.execute(sql, args![role.as_str(), json(&role.rights())?]).await?;
        }
        Ok(())
    }

    /// Keeps a role.
    pub async fn create_role(&self, role: &RoleRecord, now: Timestamp) -> Result<Kept<RoleRecord>, Error> {
        let sql = "insert into role (name, rights, updated_at) values ($1, $2, $3) returning *";
        let values = args![role.name.as_str(), json(&role.rights)?, now];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// One role.
    pub async fn role(&self, name: &RoleName) -> Result<Option<Kept<RoleRecord>>, Error> {
        let row = self.db.row("select * from role where name = $1", args![name.as_str()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Roles, in the order of their names.
    pub async fn roles(&self, page: Page<RoleName>) -> Result<Vec<Kept<RoleRecord>>, Error> {
        let after = page.after.as_ref().map(RoleName::as_str);
        let select = Select::new("select * from role").narrow("name > ?", after);
        select.page(&self.db, "name", page.limit()).await?.iter().map(read).collect()
    }

    /// Replaces what a role may do, if nobody changed it since `rev`.
    pub async fn update_role(
        &self,
        role: &RoleRecord,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<RoleRecord>, Error> {
        let sql = "update role set rights = $3, updated_at = $4, rev = rev + 1 where name = $1 and rev = $2 \
                   returning *";
        let values = args![role.name.as_str(), rev, json(&role.rights)?, now];
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, role.name.as_str()).await),
        }
    }

    /// Removes a role that nobody has.
    pub async fn delete_role(&self, name: &RoleName, rev: i64) -> Result<(), Error> {
        let sql = "delete from role where name = $1 and rev = $2 returning name";
        match self.db.change(sql, args![name.as_str(), rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, name.as_str()).await),
        }
    }
}

fn read(row: &Row) -> Result<Kept<RoleRecord>, Error> {
    let name: RoleName = row.get("name")?;
    let rights = rights(row, &name)?;
    Kept::read(row, RoleRecord { name, rights })
}

/// The rights of a role, from a row that has the columns of `role`.
pub(super) fn rights(row: &Row, name: &RoleName) -> Result<Rights, Error> {
    match name.built_in() {
        Some(Role::Admin) => Ok(Rights::OF_A_TENANT),
        Some(_) | None => row.json("rights"),
    }
}
