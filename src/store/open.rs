//! Opening the database, bringing it to this version's layout, and giving each tenant its own way in.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use cadran_engine::model::{Scope, TenantId};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::db::Db;
use super::tenant::Tenant;
use super::{Error, Store};

static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");

/// The SQLite file in the data directory, unless the configuration names another.
const FILE: &str = "cadran.sqlite";

/// The connection's setting that says whose it is, and what it acts as where the account is above row-level security
/// (`migrations/postgres/0016_tenants.sql`).
const TENANT: &str = "cadran.tenant";
const TENANT_ROLE: &str = "cadran_tenant";

/// How long a statement waits for a connection. Beyond it the database counts as away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long SQLite waits for another program's lock on the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// Pages that the writer keeps in memory, in KiB. The indexes that a claim walks and changes lie far apart in a large
/// file; SQLite's own 2 MB hold a small part of them (https://sqlite.org/pragma.html#pragma_cache_size).
const WRITER_CACHE_KIB: &str = "-65536";
/// A statement that takes longer has gone wrong; every one of ours reads or writes a bounded number of rows.
const STATEMENT_TIMEOUT_MS: &str = "10000";
/// The call path has the writer, one claim and a look at the lease at a time.
const CALLS_CONNECTIONS_MAX: u32 = 4;
/// API requests in the database at a time; the others wait for [`ACQUIRE_TIMEOUT`].
const PEOPLE_CONNECTIONS_MAX: u32 = 8;
/// The list of tenants is read now and then, and changed by hand.
const PLATFORM_CONNECTIONS_MAX: u32 = 2;

/// The database of an installation: the list of its tenants, and the way to each one's rows. Cheap to clone.
///
/// It gives no way to the rows of all tenants: each [`Store`] is one tenant's. On PostgreSQL all of them are in one
/// database, and the connections of a store see the rows of its tenant alone; on SQLite each tenant has a file.
#[derive(Clone, Debug)]
pub struct Database {
    /// Where the list of tenants is. On SQLite it is the first tenant's file.
    pub(super) list: Db,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    /// `acts_as` is what a tenant's connection must become, unless row-level security holds for it as it is.
    Postgres { options: Box<PgConnectOptions>, acts_as: Option<&'static str> },
    /// Below `tenants` each tenant but the first has a directory.
    Sqlite { tenants: PathBuf },
}

impl Database {
    /// Opens the database: PostgreSQL for `postgres://...`, the file of `sqlite:FILE` (relative to `data_dir`), or
    /// without a `url` the file `cadran.sqlite` in `data_dir`, which is created when it is missing.
    ///
    /// Errors: [`Error::Url`], or [`Error::Away`] when PostgreSQL does not answer or the file cannot be opened.
    pub async fn open(url: Option<&str>, data_dir: &Path) -> Result<Self, Error> {
        let sqlite = async |file: PathBuf| {
            let kind = Kind::Sqlite { tenants: data_dir.join("tenants") };
            Ok(Self { list: open_sqlite(&file).await?, kind })
        };
        match url.and_then(|url| url.split_once(':')) {
            None if url.is_none() => sqlite(data_dir.join(FILE)).await,
            Some(("sqlite", file)) => sqlite(data_dir.join(file.trim_start_matches("//"))).await,
            Some(("postgres" | "postgresql", _)) => open_postgres(url.unwrap_or_default()).await,
            None | Some(_) => Err(Error::Url("unknown kind of database".to_owned())),
        }
    }

    /// Applies the migrations that are missing, each as a whole or not at all. On SQLite this is about the first
    /// tenant's file; those of others follow when they are opened.
    ///
    /// Errors: [`Error::Newer`] when a newer Cadran has used the database; [`Error::Migration`] otherwise.
    pub async fn migrate(&self) -> Result<(), Error> {
        migrate(&self.list).await
    }

    /// The way to a tenant's rows, and to nobody else's. The database must have this version's layout.
    ///
    /// Errors: [`Error::Away`]; on SQLite those of [`Database::migrate`] too.
    pub async fn store(&self, tenant: &Tenant) -> Result<Store, Error> {
        let store = match &self.kind {
            Kind::Postgres { options, acts_as } => {
                let settings = std::iter::once((TENANT, tenant.id.as_i64().to_string()))
                    .chain(acts_as.map(|role| ("role", role.to_owned())));
                let options = options.as_ref().clone().options(settings);
                let pool = |most| postgres_pool(&options, most);
                let (calls, people) =
                    (pool(CALLS_CONNECTIONS_MAX).await?, pool(PEOPLE_CONNECTIONS_MAX).await?);
                Store::new(Db::Postgres { calls, people })
            }
            Kind::Sqlite { .. } if tenant.id.is_first() => return Ok(Store::new(self.list.clone())),
            Kind::Sqlite { tenants } => {
                let directory = tenants.join(tenant.slug.as_str());
                std::fs::create_dir_all(&directory).map_err(|error| Error::Away(sqlx::Error::Io(error)))?;
                let db = open_sqlite(&directory.join(FILE)).await?;
                migrate_apart(db.clone()).await?;
                Store::new(db)
            }
        };
        if !tenant.id.is_first() {
            store.have_roles().await?;
        }
        Ok(store)
    }

    /// The way to the rows of the tenant that every installation has.
    pub async fn first(&self) -> Result<Store, Error> {
        let first = self.tenant(TenantId::FIRST).await?.ok_or(Error::NotFound("tenant"))?;
        self.store(&first.value).await
    }

    /// Closes what the list of tenants is read by. Stores are closed by themselves.
    pub async fn close(&self) {
        match &self.kind {
            Kind::Postgres { .. } => self.list.close().await,
            // It is the first tenant's as well.
            Kind::Sqlite { .. } => {}
        }
    }
}

impl Store {
    fn new(db: Db) -> Self {
        let (scope, sounds) = (Arc::new(Scope::Everything), Arc::from(""));
        Self { db, packs: Arc::default(), scope, sounds, audit_turn: Arc::default() }
    }

    /// The same database, with the directory of sounds as Asterisk sees it.
    pub fn with_sounds_at(self, directory: &Path) -> Self {
        Self { sounds: directory.display().to_string().into(), ..self }
    }

    /// Waits until running statements are over and closes every connection.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// The same on a thread of its own: the future of a migration cannot move between threads, and houses do.
async fn migrate_apart(db: Db) -> Result<(), Error> {
    let runtime = tokio::runtime::Handle::current();
    let migrated = tokio::task::spawn_blocking(move || runtime.block_on(migrate(&db))).await;
    migrated.unwrap_or_else(|broken| Err(Error::Away(sqlx::Error::Io(std::io::Error::other(broken)))))
}

async fn migrate(db: &Db) -> Result<(), Error> {
    match db {
        Db::Postgres { people, .. } => {
            let mut connection = people.acquire().await?.detach();
            // A migration of a large table may take minutes.
            sqlx::query("set statement_timeout = 0").execute(&mut connection).await?;
            POSTGRES.run(&mut connection).await.map_err(|error| migration_error(error, &POSTGRES))
        }
        Db::Sqlite { writer, .. } => {
            SQLITE.run(writer).await.map_err(|error| migration_error(error, &SQLITE))
        }
    }
}

fn migration_error(error: MigrateError, known: &Migrator) -> Error {
    match error {
        MigrateError::VersionMissing(found) => {
            let known = known.iter().map(|migration| migration.version).max().unwrap_or(0);
            Error::Newer { found, known }
        }
        other => Error::Migration(other),
    }
}

async fn open_postgres(url: &str) -> Result<Database, Error> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::Url(error.to_string()))?
        .options([("statement_timeout", STATEMENT_TIMEOUT_MS)])
        .application_name("cadran");
    let pool = postgres_pool(&options, PLATFORM_CONNECTIONS_MAX).await?;
    let sql = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user";
    let is_above: bool = sqlx::query_scalar(sql).fetch_one(&pool).await?;
    let kind = Kind::Postgres { options: Box::new(options), acts_as: is_above.then_some(TENANT_ROLE) };
    Ok(Database { list: Db::Postgres { calls: pool.clone(), people: pool }, kind })
}

async fn postgres_pool(options: &PgConnectOptions, connections_max: u32) -> Result<PgPool, Error> {
    let pool = PgPoolOptions::new().max_connections(connections_max).acquire_timeout(ACQUIRE_TIMEOUT);
    Ok(pool.connect_with(options.clone()).await?)
}

async fn open_sqlite(file: &Path) -> Result<Db, Error> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode anything less may lose acknowledged writes when the power goes (https://sqlite.org/pragma.html).
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT);
    let pool = |connections_max| {
        SqlitePoolOptions::new().max_connections(connections_max).acquire_timeout(ACQUIRE_TIMEOUT)
    };
    let writer = pool(1).connect_with(options.clone().pragma("cache_size", WRITER_CACHE_KIB)).await?;
    let readers = pool(PEOPLE_CONNECTIONS_MAX).connect_with(options.read_only(true)).await?;
    Ok(Db::Sqlite { writer, readers })
}
