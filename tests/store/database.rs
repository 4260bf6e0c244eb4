//! A fresh, migrated database for one story, and ways to take it away for a while.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cadran::rule_packs;
use cadran::store::Store;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use uuid::Uuid;

/// A database that one story has to itself.
pub(crate) struct Database {
    /// The way to all tenants.
    pub(crate) whole: cadran::store::Database,
    /// The first tenant's rows.
    pub(crate) store: Store,
    kind: Kind,
    /// Gone with the story.
    _directory: TempDir,
}

enum Kind {
    Postgres { direct: String, link: Link },
    Sqlite { file: PathBuf },
}

impl Database {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let whole = cadran::store::Database::open(None, directory.path()).await.unwrap();
        whole.migrate().await.unwrap();
        let store = whole.first().await.unwrap().under(rule_packs::shipped().unwrap());
        let kind = Kind::Sqlite { file: directory.path().join("cadran.sqlite") };
        Self { whole, store, kind, _directory: directory }
    }

    pub(crate) async fn postgres() -> Self {
        let server = std::env::var("CADRAN_TEST_POSTGRES_URL").expect(
            "CADRAN_TEST_POSTGRES_URL is not set: start a PostgreSQL with `scripts/postgres.sh up DIR` and give the \
             address that it prints",
        );
        let name = format!("story_{}", Uuid::now_v7().simple());
        let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
        admin.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        admin.close().await.unwrap();

        let (host, _) = server.rsplit_once('/').unwrap();
        let direct = format!("{host}/{name}");
        let options: sqlx::postgres::PgConnectOptions = direct.parse().unwrap();
        let link = Link::to(format!("{}:{}", options.get_host(), options.get_port())).await;
        let through_link = options.host("127.0.0.1").port(link.port).to_url_lossy();
        let directory = tempfile::tempdir().unwrap();
        let whole =
            cadran::store::Database::open(Some(through_link.as_str()), directory.path()).await.unwrap();
        whole.migrate().await.unwrap();
        let store = whole.first().await.unwrap().under(rule_packs::shipped().unwrap());
        Self { whole, store, kind: Kind::Postgres { direct, link }, _directory: directory }
    }

    /// Another daemon's way to the same database.
    pub(crate) async fn second_store(&self) -> Store {
        use cadran::store::Database;
        let whole = match &self.kind {
            Kind::Postgres { direct, .. } => Database::open(Some(direct), Path::new("/")).await,
            Kind::Sqlite { file } => Database::open(None, file.parent().unwrap()).await,
        };
        whole.unwrap().first().await.unwrap().under(rule_packs::shipped().unwrap())
    }

    /// The address of PostgreSQL without anything between; none on SQLite.
    pub(crate) fn direct(&self) -> Option<&str> {
        match &self.kind {
            Kind::Postgres { direct, .. } => Some(direct),
            Kind::Sqlite { .. } => None,
        }
    }

    /// Carries out a statement that no part of the store would.
    pub(crate) async fn meddle(&self, sql: &'static str) {
        self.try_to_meddle(sql).await.unwrap();
    }

    /// The same, when the database may refuse it.
    pub(crate) async fn try_to_meddle(&self, sql: &'static str) -> Result<(), sqlx::Error> {
        match &self.kind {
            Kind::Postgres { direct, .. } => {
                sqlx::PgConnection::connect(direct).await.unwrap().execute(sql).await.map(drop)
            }
            Kind::Sqlite { file } => sqlite(file).await.execute(sql).await.map(drop),
        }
    }

    /// The tables of which some column, whatever its type, holds a text. They are read from the database's own
    /// catalogue, so that a table that a migration adds is looked at as well.
    pub(crate) async fn tables_holding(&self, text: &str) -> BTreeSet<String> {
        let pattern = format!("%{text}%");
        let mut found = BTreeSet::new();
        match &self.kind {
            Kind::Postgres { direct, .. } => {
                let mut connection = sqlx::PgConnection::connect(direct).await.unwrap();
                let sql = "select relname::text from pg_class where relkind = 'r' \
                    and relnamespace = 'public'::regnamespace";
                let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
                assert!(tables.len() > 60, "only {} tables were found", tables.len());
                for table in tables {
                    // A row as text has every column in it.
                    let sql =
                        format!("select count(*) from {table} as whole_row where whole_row::text like $1");
                    let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(&pattern);
                    if query.fetch_one(&mut connection).await.unwrap() > 0 {
                        found.insert(table);
                    }
                }
            }
            Kind::Sqlite { file } => {
                let mut connection = sqlite(file).await;
                let sql = "select tables.name, columns.name from sqlite_master as tables \
                    join pragma_table_info(tables.name) as columns where tables.type = 'table'";
                let columns: Vec<(String, String)> =
                    sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
                assert!(columns.len() > 300, "only {} columns were found", columns.len());
                for (table, column) in columns {
                    let sql =
                        format!(r#"select count(*) from "{table}" where cast("{column}" as text) like $1"#);
                    let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(&pattern);
                    if query.fetch_one(&mut connection).await.unwrap() > 0 {
                        found.insert(table);
                    }
                }
            }
        }
        found
    }

    /// Takes away what has the database itself refuse changes of the audit log.
    pub(crate) async fn let_audit_be_changed(&self) {
        self.meddle(match &self.kind {
            Kind::Postgres { .. } => "drop trigger audit_is_append_only on audit",
            Kind::Sqlite { .. } => "drop trigger audit_is_not_changed; drop trigger audit_is_not_shortened",
        })
        .await;
    }

    /// Takes the database away: PostgreSQL's connections break and no new one is made; SQLite's file is locked by
    /// somebody else.
    pub(crate) async fn take_away(&self) -> Outage<'_> {
        match &self.kind {
            Kind::Postgres { link, .. } => {
                link.up.send_replace(false);
                Outage::Cut(link)
            }
            Kind::Sqlite { file } => {
                let mut other = sqlite(file).await;
                other.execute("begin exclusive").await.unwrap();
                Outage::Locked(Box::new(other))
            }
        }
    }

    /// Lets the next commit take effect and keeps its answer from the store. On SQLite, where no line can break
    /// between a commit and its answer, the database is only taken away.
    pub(crate) async fn swallow_the_next_commit(&self) -> Outage<'_> {
        match &self.kind {
            Kind::Postgres { link, .. } => {
                link.cut_after_commit.store(true, Ordering::SeqCst);
                Outage::Cut(link)
            }
            Kind::Sqlite { .. } => self.take_away().await,
        }
    }
}

/// A time without database. It ends when the story says so.
pub(crate) enum Outage<'a> {
    Cut(&'a Link),
    Locked(Box<sqlx::SqliteConnection>),
}

impl Outage<'_> {
    pub(crate) async fn end(self) {
        match self {
            Self::Cut(link) => {
                link.up.send_replace(true);
            }
            Self::Locked(mut other) => {
                other.execute("rollback").await.unwrap();
                other.close().await.unwrap();
            }
        }
    }
}

async fn sqlite(file: &Path) -> sqlx::SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

/// A line to PostgreSQL that can be cut.
pub(crate) struct Link {
    port: u16,
    up: watch::Sender<bool>,
    cut_after_commit: Arc<AtomicBool>,
}

impl Link {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (up, is_up) = watch::channel(true);
        let cut_after_commit = Arc::new(AtomicBool::new(false));
        let cutting = (up.clone(), cut_after_commit.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *is_up.borrow() {
                    tokio::spawn(carry(near, server.clone(), is_up.clone(), cutting.clone()));
                }
            }
        });
        Self { port, up, cut_after_commit }
    }
}

type Cutting = (watch::Sender<bool>, Arc<AtomicBool>);

/// Carries bytes both ways until a side ends or the link is cut.
async fn carry(near: TcpStream, server: String, mut is_up: watch::Receiver<bool>, cutting: Cutting) {
    let far = TcpStream::connect(server).await.unwrap();
    tokio::select! {
        () = pass(near, far, cutting) => {}
        _ = is_up.wait_for(|up| !up) => {}
    }
}

/// Passes on what comes; cuts the link behind a `COMMIT`, when PostgreSQL has answered it, if that is wished.
async fn pass(mut near: TcpStream, mut far: TcpStream, (up, cut_after_commit): Cutting) {
    let mut request = vec![0; 64 * 1024];
    let mut answer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            read = near.read(&mut request) => {
                let Ok(length @ 1..) = read else { return };
                if far.write_all(&request[..length]).await.is_err() { return }
                let is_commit = request[..length].windows(6).any(|word| word.eq_ignore_ascii_case(b"commit"));
                if is_commit && cut_after_commit.swap(false, Ordering::SeqCst) {
                    let _ = far.read(&mut answer).await;
                    up.send_replace(false);
                    return;
                }
            }
            read = far.read(&mut answer) => {
                let Ok(length @ 1..) = read else { return };
                if near.write_all(&answer[..length]).await.is_err() { return }
            }
        }
    }
}
