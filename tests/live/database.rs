//! A look into the daemon's database, past its API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sqlx::{Connection, PgConnection, SqliteConnection};

use super::pair::{demand_success, script_command};

/// Which database the daemon keeps its history in.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// The address of a PostgreSQL, without any proxy in between.
    Postgres(String),
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Database {
    /// The number that a query gives.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        match self {
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }
            Self::Sqlite(file) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
                let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
            }
        }
    }

    /// Locks a SQLite file against writing, as a backup program may.
    pub(crate) async fn lock(&self) -> Lock {
        let Self::Sqlite(file) = self else { panic!("PostgreSQL has no file to lock") };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query("begin immediate").execute(&mut connection).await.unwrap();
        Lock(connection)
    }
}

/// Keeps everybody else from writing to a SQLite file.
#[derive(Debug)]
pub(crate) struct Lock(SqliteConnection);

impl Lock {
    pub(crate) async fn release(mut self) {
        sqlx::query("rollback").execute(&mut self.0).await.unwrap();
    }
}

/// A PostgreSQL of a story's own, stopped and deleted with it.
#[derive(Debug)]
pub(crate) struct Postgres {
    directory: PathBuf,
    pub(crate) url: String,
}

impl Postgres {
    /// Starts one in `directory`, which its own user must be able to reach.
    pub(crate) fn up(directory: &Path) -> Self {
        let output = script_command("postgres.sh").arg("up").arg(directory).output().unwrap();
        demand_success(&output, "postgres.sh");
        let said = String::from_utf8(output.stdout).unwrap();
        Self {
            directory: directory.to_owned(),
            url: said.trim().strip_prefix("DATABASE_URL=").unwrap().to_owned(),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let (_, behind) = self.url.split_once('@').unwrap();
        let (address, _database) = behind.split_once('/').unwrap();
        address.parse().unwrap()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let output = script_command("postgres.sh").arg("down").arg(&self.directory).output();
        // A panic here while a test fails would hide why it failed.
        if let Err(error) = output {
            eprintln!("{} is not stopped: {error}", self.directory.display());
        }
    }
}
