//! Opening the database and bringing it to this version's layout.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use cadran_engine::model::Scope;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::db::Db;
use super::{Error, Store};

static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");

/// The SQLite file in the data directory, unless the configuration names another.
const FILE: &str = "cadran.sqlite";

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

impl Store {
    /// Opens the database: PostgreSQL for `postgres://...`, the file of `sqlite:FILE` (relative to `data_dir`), or
    /// without a `url` the file `cadran.sqlite` in `data_dir`, which is created when it is missing.
    ///
    /// Errors: [`Error::Url`], or [`Error::Away`] when PostgreSQL does not answer or the file cannot be opened.
    pub async fn open(url: Option<&str>, data_dir: &Path) -> Result<Self, Error> {
        let db = match url.and_then(|url| url.split_once(':')) {
            None if url.is_none() => open_sqlite(&data_dir.join(FILE)).await?,
            Some(("sqlite", file)) => open_sqlite(&data_dir.join(file.trim_start_matches("//"))).await?,
            Some(("postgres" | "postgresql", _)) => open_postgres(url.unwrap_or_default()).await?,
            None | Some(_) => return Err(Error::Url("unknown kind of database".to_owned())),
        };
        let (scope, sounds) = (Arc::new(Scope::Everything), Arc::from(""));
        Ok(Self { db, packs: Arc::default(), scope, sounds, audit_turn: Arc::default() })
    }

    /// The same database, with the directory of sounds as Asterisk sees it.
    pub fn with_sounds_at(self, directory: &Path) -> Self {
        Self { sounds: directory.display().to_string().into(), ..self }
    }

    /// Applies the migrations that are missing, each as a whole or not at all.
    ///
    /// Errors: [`Error::Newer`] when a newer Cadran has used the database; [`Error::Migration`] otherwise.
    pub async fn migrate(&self) -> Result<(), Error> {
        match &self.db {
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

    /// Waits until running statements are over and closes every connection.
    pub async fn close(&self) {
        match &self.db {
            Db::Postgres { calls, people } => {
                calls.close().await;
                people.close().await;
            }
            Db::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
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

async fn open_postgres(url: &str) -> Result<Db, Error> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::Url(error.to_string()))?
        .options([("statement_timeout", STATEMENT_TIMEOUT_MS)])
        .application_name("cadran");
    let pool = |connections_max| {
        PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.clone())
    };
    Ok(Db::Postgres {
        calls: pool(CALLS_CONNECTIONS_MAX).await?,
        people: pool(PEOPLE_CONNECTIONS_MAX).await?,
    })
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
