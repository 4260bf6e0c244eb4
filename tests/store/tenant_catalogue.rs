//! Row-level security, asked of PostgreSQL's own catalogue: a table that a migration adds without it fails here.

use std::str::FromStr as _;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, Row as _};
use uuid::Uuid;

use super::database::Database;

/// What belongs to no tenant.
const OF_NOBODY: [&str; 3] = ["_sqlx_migrations", "tenant", "tenant_host"];

/// A table, with a row that would do for it but for its checks, and that refers to the same row of other tables.
struct Table {
    name: String,
    columns: String,
    values: String,
    /// Whether the row refers to another table's.
    refers: bool,
}

impl Table {
    /// A statement that adds the row; `tenant` is what it says of its tenant, if anything.
    fn insert(&self, tenant: Option<&str>) -> String {
        let (column, value) = match tenant {
            Some(tenant) => (", tenant_id", format!(", {tenant}")),
            None => ("", String::new()),
        };
        let Self { name, columns, values, .. } = self;
        format!("insert into {name} ({columns}{column}) overriding system value values ({values}{value})")
    }
}

async fn tables(admin: &mut PgConnection) -> Vec<Table> {
    let sql = r"select quote_ident(c.relname) as name,
            string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns,
            string_agg(case format_type(a.atttypid, a.atttypmod) when 'bigint' then '1' when 'text' then '''x'''
                when 'jsonb' then '''{}''' when 'boolean' then 'true' when 'bytea' then '''\x00'''
                when 'uuid' then '''00000000-0000-0000-0000-000000000001''' else 'of no known type' end,
                ', ' order by a.attnum) as row_values,
            exists (select from pg_constraint k where k.contype = 'f' and k.conrelid = c.oid) as refers
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> all ($1)
            and a.attname <> 'tenant_id'
        group by c.oid, c.relname order by c.relname";
    let rows = sqlx::query(sql).bind(OF_NOBODY.as_slice()).fetch_all(admin).await.unwrap();
    let table = |row: sqlx::postgres::PgRow| Table {
        name: row.get("name"),
        columns: row.get("columns"),
        values: row.get("row_values"),
        refers: row.get("refers"),
    };
    let tables: Vec<Table> = rows.into_iter().map(table).collect();
    assert!(tables.len() > 60, "only {} tables were found", tables.len());
    tables
}

async fn run(connection: &mut PgConnection, sql: String) -> Result<u64, sqlx::Error> {
    connection.execute(AssertSqlSafe(sql)).await.map(|done| done.rows_affected())
}

/// Takes away what would refuse the rows of [`Table`], for everybody, and triggers for this connection.
async fn let_anything_in(admin: &mut PgConnection) {
    let checks = "select format('alter table %s drop constraint %I', conrelid::regclass, conname) \
        from pg_constraint where contype = 'c' and connamespace = 'public'::regnamespace and conrelid <> 0";
    let drops: Vec<String> = sqlx::query_scalar(checks).fetch_all(&mut *admin).await.unwrap();
    for drop in drops {
        run(admin, drop).await.unwrap();
    }
    run(admin, "set session_replication_role = replica".to_owned()).await.unwrap();
}

async fn connect(database: &Database, settings: &[(&str, &str)]) -> PgConnection {
    let options = PgConnectOptions::from_str(database.direct().unwrap()).unwrap();
    options.options(settings.iter().copied()).connect().await.unwrap()
}

/// What an attempt came to.
fn told(outcome: Result<u64, sqlx::Error>) -> String {
    match outcome {
        Ok(rows) => format!("{rows} rows"),
        Err(error) => {
            error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned()
        }
    }
}

// PostgreSQL's codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
const FOREIGN_KEY_VIOLATION: &str = "23503";
const INSUFFICIENT_PRIVILEGE: &str = "42501";

#[tokio::test]
async fn no_table_lets_a_tenant_see_change_delete_or_name_anothers_row() {
    let database = Database::postgres().await;
    let mut admin = connect(&database, &[]).await;
    let tables = tables(&mut admin).await;
    let_anything_in(&mut admin).await;
    for table in &tables {
        assert_eq!(run(&mut admin, table.insert(Some("2"))).await.unwrap(), 1, "{}", table.name);
    }

    let mut ours = connect(&database, &[("cadran.tenant", "1"), ("role", "cadran_tenant")]).await;
    let mut nobodys = connect(&database, &[("role", "cadran_tenant")]).await;
    for table in &tables {
        let name = &table.name;
        for connection in [&mut ours, &mut nobodys] {
            let sql = format!("select count(*) from {name} where tenant_id is distinct from cadran_tenant()");
            let seen: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *connection).await.unwrap();
            assert_eq!(seen, 0, "{name} shows rows");
            for sql in [
                format!("update {name} set tenant_id = tenant_id where tenant_id = 2"),
                format!("delete from {name} where tenant_id = 2"),
            ] {
                let outcome = told(run(connection, sql.clone()).await);
                // The audit log refuses both to everybody.
                assert!(outcome == "0 rows" || name == "audit", "{sql}: {outcome}");
            }
            let outcome = told(run(connection, table.insert(Some("2"))).await);
            assert_eq!(outcome, INSUFFICIENT_PRIVILEGE, "{name} takes rows for others");
        }
        // The same row again, as ours: its key is free, and what it refers to is not there.
        run(&mut ours, "begin".to_owned()).await.unwrap();
        let expected = if table.refers { FOREIGN_KEY_VIOLATION } else { "1 rows" };
        assert_eq!(told(run(&mut ours, table.insert(None)).await), expected, "{name}");
        run(&mut ours, "rollback".to_owned()).await.unwrap();
        let outcome = told(run(&mut nobodys, table.insert(None)).await);
        assert_eq!(outcome, INSUFFICIENT_PRIVILEGE, "{name} takes rows of nobody");
    }
    for name in OF_NOBODY {
        let outcome = told(run(&mut ours, format!("select * from {name}")).await);
        assert_eq!(outcome, INSUFFICIENT_PRIVILEGE, "{name} is shown to a tenant");
    }
    for table in &tables {
        let sql = format!("select count(*) from {} where tenant_id = 2", table.name);
        let left: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut admin).await.unwrap();
        assert_eq!(left, 1, "{}", table.name);
    }
}

#[tokio::test]
async fn every_key_and_every_reference_has_the_tenant_in_it() {
    let database = Database::postgres().await;
    let mut admin = connect(&database, &[]).await;
    let lacking = [
        // Tables that are not confined, or not for their owner.
        r"select relname::text from pg_class c where relkind = 'r' and relnamespace = 'public'::regnamespace
            and relname <> all ($1) and not (relrowsecurity and relforcerowsecurity and exists (select from pg_policy p
            where p.polrelid = c.oid and p.polcmd = '*' and p.polroles = '{0}'
            and pg_get_expr(p.polqual, p.polrelid) = '(tenant_id = cadran_tenant())'
            and pg_get_expr(p.polwithcheck, p.polrelid) = '(tenant_id = cadran_tenant())'))",
        // A second policy would open what the first one closes.
        "select tablename::text from pg_policies where schemaname = 'public' and tablename <> all ($1)
            group by tablename having count(*) <> 1",
        // Unique indexes in which another tenant's row could be in the way.
        "select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
            where i.indisunique and c.relnamespace = 'public'::regnamespace and c.relname <> all ($1)
            and i.indkey[0] is distinct from
            (select attnum from pg_attribute where attrelid = c.oid and attname = 'tenant_id')",
        // References that could name another tenant's row.
        "select k.conname::text from pg_constraint k join pg_class c on c.oid = k.conrelid where k.contype = 'f'
            and k.connamespace = 'public'::regnamespace and c.relname <> all ($1)
            and (k.conkey[1], k.confkey[1]) is distinct from
            ((select attnum from pg_attribute where attrelid = k.conrelid and attname = 'tenant_id'),
            (select attnum from pg_attribute where attrelid = k.confrelid and attname = 'tenant_id'))",
        // Views that look with the eyes of whoever made them, and functions that act as they may.
        "select relname::text from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace
            and relname <> all ($1) and not coalesce(reloptions @> '{security_invoker=true}', false)",
        "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef
            and proname <> all ($1)",
    ];
    for sql in lacking {
        let found = sqlx::query_scalar(sql).bind(OF_NOBODY.as_slice());
        let found: Vec<String> = found.fetch_all(&mut admin).await.unwrap();
        assert!(found.is_empty(), "{found:?} by: {sql}");
    }
}

/// The name of the first migration that knows tenants.
const TENANTS_BEGIN: &str = "0016_";

#[tokio::test]
async fn all_that_was_there_before_belongs_to_the_first_tenant() {
    let server = std::env::var("CADRAN_TEST_POSTGRES_URL").expect("see database.rs");
    let name = format!("story_{}", Uuid::now_v7().simple());
    let mut admin = PgConnection::connect(&server).await.unwrap();
    run(&mut admin, format!("create database {name}")).await.unwrap();
    let (host, _) = server.rsplit_once('/').unwrap();
    let direct = format!("{host}/{name}");
    let mut admin = PgConnection::connect(&direct).await.unwrap();

    // The layout before there were tenants, with a row in every table.
    let directory = tempfile::tempdir().unwrap();
    let migrations = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    for file in std::fs::read_dir(migrations).unwrap() {
        let file = file.unwrap();
        if file.file_name().to_str().unwrap() < TENANTS_BEGIN {
            std::fs::copy(file.path(), directory.path().join(file.file_name())).unwrap();
        }
    }
    sqlx::migrate::Migrator::new(directory.path()).await.unwrap().run(&mut admin).await.unwrap();
    let tables = tables(&mut admin).await;
    let_anything_in(&mut admin).await;
    for table in &tables {
        run(&mut admin, table.insert(None)).await.unwrap();
    }

    let database = cadran::store::Database::open(Some(&direct), directory.path()).await.unwrap();
    database.migrate().await.unwrap();
    for table in &tables {
        let sql = format!("select count(*) filter (where tenant_id = 1), count(*) from {}", table.name);
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut admin).await.unwrap();
        let (firsts, all) = (row.get::<i64, _>(0), row.get::<i64, _>(1));
        assert!(firsts == all && all > 0, "{}: {firsts} of {all} rows are the first's", table.name);
    }
}
