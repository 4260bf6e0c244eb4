//! The list of tenants: no tenant's own rows, and out of reach of every [`Store`](super::Store).

use std::collections::BTreeSet;

use cadran_engine::model::{Slug, TenantId, TenantState, Timestamp};

use super::db::{Lane, Select, Tx};
use super::open::Database;
use super::value::{Row, args};
use super::{Error, Kept, Page, only};

const NOUN: &str = "tenant";
const EXISTS: &str = "select 1 as one from tenant where tenant_id = $1";

/// A company whose centre shares nothing with the others on the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The row.
    pub id: TenantId,
    /// What addresses, directories and names on Asterisk call it. It never changes.
    pub slug: Slug,
    /// How people call it.
    pub name: String,
    /// The names of hosts at which it is found, in lower case. No two tenants have the same.
    pub hosts: BTreeSet<String>,
    /// Whether it works.
    pub state: TenantState,
    /// Since when it is there.
    pub created_at: Timestamp,
}

impl Database {
    /// Keeps a tenant. The id in `tenant` is not used.
    ///
    /// Errors: [`Error::Taken`] when another has its short name or one of its hosts.
    pub async fn create_tenant(&self, tenant: &Tenant) -> Result<Kept<Tenant>, Error> {
        let mut tx = self.list.begin(Lane::People).await?;
        let sql = "insert into tenant (slug, name, state, created_at, updated_at) values ($1, $2, $3, $4, $4) \
                   returning *";
        let values = args![tenant.slug.as_str(), &tenant.name, tenant.state.as_str(), tenant.created_at];
        let row = only(tx.rows(sql, values).await?)?;
        let tenant = Tenant { id: row.get("tenant_id")?, ..tenant.clone() };
        put_hosts(&mut tx, &tenant).await?;
        tx.commit().await?;
        Kept::read(&row, tenant)
    }

    /// One tenant.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Kept<Tenant>>, Error> {
        match self.list.row("select * from tenant where tenant_id = $1", args![id]).await? {
            Some(row) => Ok(Some(self.read_tenant(&row).await?)),
            None => Ok(None),
        }
    }

    /// Tenants, in the order in which they were added.
    pub async fn tenants(&self, page: Page<TenantId>) -> Result<Vec<Kept<Tenant>>, Error> {
        let select = Select::new("select * from tenant").narrow("tenant_id > ?", page.after);
        let mut tenants = Vec::new();
        for row in select.page(&self.list, "tenant_id", page.limit()).await? {
            tenants.push(self.read_tenant(&row).await?);
        }
        Ok(tenants)
    }

    /// Replaces a tenant's name, hosts and state, if nobody changed it since `rev`.
    ///
    /// Errors: [`Error::Changed`], [`Error::NotFound`], [`Error::Taken`].
    pub async fn update_tenant(
        &self,
        tenant: &Tenant,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<Tenant>, Error> {
        let mut tx = self.list.begin(Lane::People).await?;
        let sql = "update tenant set name = $3, state = $4, updated_at = $5, rev = rev + 1 \
                   where tenant_id = $1 and rev = $2 returning *";
        let values = args![tenant.id, rev, &tenant.name, tenant.state.as_str(), now];
        let Some(row) = tx.row(sql, values).await? else {
            drop(tx);
            return Err(match self.list.row(EXISTS, args![tenant.id]).await? {
                Some(_) => Error::Changed(NOUN),
                None => Error::NotFound(NOUN),
            });
        };
        tx.execute("delete from tenant_host where tenant_id = $1", args![tenant.id]).await?;
        put_hosts(&mut tx, tenant).await?;
        tx.commit().await?;
        Kept::read(&row, Tenant { slug: slug(&row)?, created_at: row.get("created_at")?, ..tenant.clone() })
    }

    async fn read_tenant(&self, row: &Row) -> Result<Kept<Tenant>, Error> {
        let id = row.get("tenant_id")?;
        let sql = "select host from tenant_host where tenant_id = $1";
        let hosts = self.list.rows(sql, args![id]).await?;
        let hosts: Result<BTreeSet<String>, Error> = hosts.iter().map(|row| row.get("host")).collect();
        let tenant = Tenant {
            id,
            slug: slug(row)?,
            name: row.get("name")?,
            hosts: hosts?,
            state: row.word("state")?,
            created_at: row.get("created_at")?,
        };
        Kept::read(row, tenant)
    }
}

async fn put_hosts(tx: &mut Tx, tenant: &Tenant) -> Result<(), Error> {
    for host in &tenant.hosts {
        tx.execute("insert into tenant_host (host, tenant_id) values ($1, $2)", args![host, tenant.id])
            .await?;
    }
    Ok(())
}

fn slug(row: &Row) -> Result<Slug, Error> {
    row.get("slug")
}
