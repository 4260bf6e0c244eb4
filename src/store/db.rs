//! The connection pools, and how a statement reaches either database.

use std::collections::BTreeSet;
use std::time::Duration;

use cadran_engine::model::{AgentId, QueueId, Scope};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

use super::Error;
use super::value::{Row, Value, postgres_arguments, sqlite_arguments};

/// A statement in the words of both databases. Most are the same in both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sql {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

impl From<&'static str> for Sql {
    fn from(both: &'static str) -> Self {
        Self { postgres: both, sqlite: both }
    }
}

/// An `insert` that changes the row that is there already, if its key is: the statement up to there, the columns of the
/// key, and what follows `do update`. On PostgreSQL a key has the tenant in it.
macro_rules! upsert {
    ($insert:expr, $key:expr, $update:expr $(,)?) => {
        $crate::store::db::Sql {
            postgres: concat!($insert, " on conflict (tenant_id, ", $key, ") do update ", $update),
            sqlite: concat!($insert, " on conflict (", $key, ") do update ", $update),
        }
    };
}
pub(super) use upsert;

/// Who waits for a transaction. The call path has connections of its own, so that nobody's report delays a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// The daemon, between two dials.
    Calls,
    /// People and programs behind the API.
    People,
}

/// The database.
#[derive(Clone, Debug)]
pub(super) enum Db {
    /// PostgreSQL, with a pool for each lane.
    Postgres { calls: PgPool, people: PgPool },
    /// SQLite has one writer at a time; giving it one connection makes writers wait in line instead of failing.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
}

/// A transaction. Dropped without [`Tx::commit`], it never happened.
#[derive(Debug)]
pub(super) enum Tx {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

/// Runs one statement with `$values` on a connection of whichever database it is.
macro_rules! run {
    ($sql:expr, $values:expr, $arguments:path, $fetch:ident, $connection:expr) => {
        sqlx::query_with(AssertSqlSafe($sql), $arguments($values)?).$fetch($connection).await
    };
}

impl Db {
    /// The statement in the words of this database.
    pub(super) fn words(&self, sql: impl Into<Sql>) -> &'static str {
        let sql = sql.into();
        match self {
            Self::Postgres { .. } => sql.postgres,
            Self::Sqlite { .. } => sql.sqlite,
        }
    }

    /// Reads rows, outside any transaction.
    pub(super) async fn rows(&self, sql: impl Into<Sql>, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let sql = sql.into();
        Ok(match self {
            Self::Postgres { people, .. } => {
                run!(sql.postgres, values, postgres_arguments, fetch_all, people)?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect()
            }
            Self::Sqlite { readers, .. } => run!(sql.sqlite, values, sqlite_arguments, fetch_all, readers)?
                .into_iter()
                .map(Row::Sqlite)
                .collect(),
        })
    }

    /// Reads at most one row, outside any transaction.
    pub(super) async fn row(&self, sql: impl Into<Sql>, values: Vec<Value>) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Changes something with a single statement; gives what it returns.
    pub(super) async fn change(&self, sql: impl Into<Sql>, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let mut tx = self.begin(Lane::People).await?;
        let rows = tx.rows(sql, values).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Changes something with a single statement; gives the number of rows it touched.
    pub(super) async fn execute(&self, sql: impl Into<Sql>, values: Vec<Value>) -> Result<u64, Error> {
        let mut tx = self.begin(Lane::People).await?;
        let touched = tx.execute(sql, values).await?;
        tx.commit().await?;
        Ok(touched)
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self, lane: Lane) -> Result<Tx, Error> {
        Ok(match self {
            Self::Postgres { calls, people } => {
                Tx::Postgres(if lane == Lane::Calls { calls } else { people }.begin().await?)
            }
            // A deferred transaction that reads first and writes later fails at once when another process wrote in
            // between (https://sqlite.org/lang_transaction.html §2.2); an immediate one waits its turn at the start.
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("begin immediate").await?),
        })
    }

    /// Waits until running statements are over and closes every connection.
    pub(super) async fn close(&self) {
        match self {
            Self::Postgres { calls, people } => {
                calls.close().await;
                people.close().await;
            }
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }

    /// Whether the database takes writes, within `deadline`.
    pub(super) async fn ping(&self, lane: Lane, deadline: Duration) -> Result<(), Error> {
        let look = async {
            let mut tx = self.begin(lane).await?;
            tx.rows("select 1 as one", Vec::new()).await?;
            tx.commit().await
        };
        tokio::time::timeout(deadline, look).await.map_err(|_| Error::Slow { deadline })?
    }
}

impl Tx {
    /// The rows that a statement gives.
    pub(super) async fn rows(&mut self, sql: impl Into<Sql>, values: Vec<Value>) -> Result<Vec<Row>, Error> {
        let sql = sql.into();
        Ok(match self {
            Self::Postgres(tx) => run!(sql.postgres, values, postgres_arguments, fetch_all, &mut **tx)?
                .into_iter()
                .map(Row::Postgres)
                .collect(),
            Self::Sqlite(tx) => run!(sql.sqlite, values, sqlite_arguments, fetch_all, &mut **tx)?
                .into_iter()
                .map(Row::Sqlite)
                .collect(),
        })
    }

    /// The first row that a statement gives, if any.
    pub(super) async fn row(
        &mut self,
        sql: impl Into<Sql>,
        values: Vec<Value>,
    ) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Carries out a statement; gives the number of rows it touched.
    pub(super) async fn execute(&mut self, sql: impl Into<Sql>, values: Vec<Value>) -> Result<u64, Error> {
        let sql = sql.into();
        Ok(match self {
            Self::Postgres(tx) => {
                run!(sql.postgres, values, postgres_arguments, execute, &mut **tx)?.rows_affected()
            }
            Self::Sqlite(tx) => {
                run!(sql.sqlite, values, sqlite_arguments, execute, &mut **tx)?.rows_affected()
            }
        })
    }

    /// Gives up what it holds before this returns. Dropped, it does so a little later, and locks are in the way until then.
    pub(super) async fn roll_back(self) -> Result<(), Error> {
        match self {
            Self::Postgres(tx) => tx.rollback().await?,
            Self::Sqlite(tx) => tx.rollback().await?,
        }
        Ok(())
    }

    /// Makes it durable.
    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Postgres(tx) => tx.commit().await?,
            Self::Sqlite(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A `select` that grows with the filters that were given. Only its own fixed words become part of the text; what
/// people asked for goes into the arguments.
#[derive(Debug)]
pub(super) struct Select {
    text: String,
    values: Vec<Value>,
    narrowed: bool,
}

impl Select {
    /// `select ... from ...`, without `where`.
    pub(super) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new(), narrowed: false }
    }

    /// Adds `condition`, in which `?` stands for `value`, when there is a value.
    pub(super) fn narrow<T: Into<Value>>(self, condition: &'static str, value: Option<T>) -> Self {
        self.narrow_all(condition, value.map(|value| vec![value.into()]))
    }

    /// Adds `condition`, in which each `?` stands for the next of `values`, when there are values.
    pub(super) fn narrow_all(mut self, condition: &'static str, values: Option<Vec<Value>>) -> Self {
        let Some(values) = values else { return self };
        self.text += if self.narrowed { " and " } else { " where " };
        self.narrowed = true;
        let mut values = values.into_iter();
        for (index, part) in condition.split('?').enumerate() {
            if index > 0 {
                self.values.extend(values.next());
                self.text += &format!("${}", self.values.len());
            }
            self.text += part;
        }
        self
    }

    /// Leaves out rows whose `column` names a campaign outside `scope`.
    pub(super) fn of_campaigns(self, column: &'static str, scope: &Scope) -> Self {
        match scope {
            Scope::Everything => self,
            Scope::Teams { campaigns, .. } => {
                self.one_of(column, campaigns.iter().map(|id| Value::from(*id)))
            }
        }
    }

    /// Leaves out rows whose `column` names an agent outside `scope`.
    pub(super) fn of_agents(self, column: &'static str, scope: &Scope) -> Self {
        match scope {
            Scope::Everything => self,
            Scope::Teams { agents, .. } => self.one_of(column, agents.iter().map(|id| Value::from(*id))),
        }
    }

    /// Leaves out rows whose `column` names a queue outside `scope`.
    pub(super) fn of_queues(self, column: &'static str, scope: &Scope) -> Self {
        match scope {
            Scope::Everything => self,
            Scope::Teams { queues, .. } => {
                self.one_of(column, queues.iter().map(|id| Value::from(id.as_i64())))
            }
        }
    }

    /// Leaves out callers' rows outside `scope`: those of which neither `queue` nor `agent` is within it.
    pub(super) fn of_callers(mut self, queue: &'static str, agent: &'static str, scope: &Scope) -> Self {
        let Scope::Teams { agents, queues, .. } = scope else { return self };
        let of_caller = self.caller(queue, agent, queues, agents);
        self.and(&of_caller)
    }

    /// Leaves out rows outside `scope`: by their `campaign`, or as a caller's where they are of no campaign.
    pub(super) fn of_teams(
        mut self,
        campaign: &'static str,
        queue: &'static str,
        agent: &'static str,
        scope: &Scope,
    ) -> Self {
        let Scope::Teams { agents, campaigns, queues } = scope else { return self };
        let of_campaign = self.list(campaign, campaigns.iter().map(|id| Value::from(*id)));
        let of_caller = self.caller(queue, agent, queues, agents);
        self.and(&format!("({of_campaign} or ({campaign} is null and {of_caller}))"))
    }

    fn caller(
        &mut self,
        queue: &'static str,
        agent: &'static str,
        queues: &BTreeSet<QueueId>,
        agents: &BTreeSet<AgentId>,
    ) -> String {
        let of_queue = self.list(queue, queues.iter().map(|id| Value::from(id.as_i64())));
        let of_agent = self.list(agent, agents.iter().map(|id| Value::from(*id)));
        format!("({of_queue} or {of_agent})")
    }

    fn and(mut self, condition: &str) -> Self {
        self.text += if self.narrowed { " and " } else { " where " };
        self.narrowed = true;
        self.text += condition;
        self
    }

    /// Adds that `column` has one of `values`; without any, that no row is wanted.
    fn one_of(mut self, column: &'static str, values: impl Iterator<Item = Value>) -> Self {
        let condition = self.list(column, values);
        self.and(&condition)
    }

    /// The condition that `column` has one of `values`.
    fn list(&mut self, column: &'static str, values: impl Iterator<Item = Value>) -> String {
        let first = self.values.len() + 1;
        self.values.extend(values);
        let places: Vec<String> = (first..=self.values.len()).map(|place| format!("${place}")).collect();
        match places.is_empty() {
            true => "1 = 0".to_owned(),
            false => format!("{column} in ({})", places.join(", ")),
        }
    }

    /// Adds the order and the size of the page, and reads it.
    pub(super) async fn page(mut self, db: &Db, order: &'static str, limit: u16) -> Result<Vec<Row>, Error> {
        self.values.push(Value::from(limit));
        self.text += &format!(" order by {order} limit ${}", self.values.len());
        Ok(match db {
            Db::Postgres { people, .. } => {
                run!(self.text, self.values, postgres_arguments, fetch_all, people)?
                    .into_iter()
                    .map(Row::Postgres)
                    .collect()
            }
            Db::Sqlite { readers, .. } => run!(self.text, self.values, sqlite_arguments, fetch_all, readers)?
                .into_iter()
                .map(Row::Sqlite)
                .collect(),
        })
    }
}
