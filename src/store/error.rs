//! What can go wrong between Cadran and its database. No message ever holds a password or a telephone number.

use std::time::Duration;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, or cannot take writes at the moment. Trying again later may help.
    #[error(
        "the database does not answer: {0}; see that it runs, that `database.url` names it and that its disk has room"
    )]
    Away(#[source] sqlx::Error),
    /// The row is not what the caller saw when they decided on the change.
    #[error("{0} was changed by somebody else in the meantime; read it again and repeat the change")]
    Changed(&'static str),
    /// The database holds something that no version of Cadran writes, or a value that does not fit.
    #[error(
        "the database holds an unusable value in `{what}`: {problem}; restore it from a backup or correct the row"
    )]
    Corrupt {
        /// The column or the kind of value.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Somebody who had their data erased is on the list of those who are not brought back.
    #[error("the person had their data erased; leave them out")]
    Erased,
    /// A row that is named does not exist, or a row that is to be removed is named elsewhere.
    #[error(
        "rows hang together ({0}): either it names a row that is not there, or history and settings still name it; create that row first, or switch this one off instead of removing it"
    )]
    Linked(String),
    /// A migration could not be applied. The ones before it are in place.
    #[error(
        "the database could not be brought to this version's layout: {0}; nothing of the failed step was kept, mend the cause and run `cadran migrate` again"
    )]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A newer Cadran has used this database.
    #[error(
        "the database has layout {found}, this Cadran knows up to {known}: a newer Cadran has used it; install that version or restore the backup from before the upgrade"
    )]
    Newer {
        /// The layout of the database.
        found: i64,
        /// The last layout that this program knows.
        known: i64,
    },
    /// There is no such row.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The database refuses the value for good.
    #[error("the database refuses it: {0}")]
    Refused(#[source] sqlx::Error),
    /// No answer in time.
    #[error("the database gave no answer within {} ms; see whether it is overloaded, or its file is locked by another program", deadline.as_millis())]
    Slow {
        /// How long was waited.
        deadline: Duration,
    },
    /// Another row has the name or the number already.
    #[error("the name or number is taken ({0}); choose another")]
    Taken(String),
    /// The address of the database cannot be understood. It is not repeated here: it may hold a password.
    #[error("`database.url` is not usable: {0}; write sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE")]
    Url(String),
}

impl Error {
    /// Whether the same write may succeed later, without anybody changing it.
    pub const fn is_away(&self) -> bool {
        match self {
            Self::Away(_) | Self::Slow { .. } => true,
            Self::Changed(_)
            | Self::Corrupt { .. }
            | Self::Erased
            | Self::Linked(_)
            | Self::Migration(_)
            | Self::Newer { .. }
            | Self::NotFound(_)
            | Self::Refused(_)
            | Self::Taken(_)
            | Self::Url(_) => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    /// Sorts the driver's errors by what helps: another name, another value, or another moment.
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;
        match &error {
            sqlx::Error::Database(answer) => match answer.kind() {
                ErrorKind::UniqueViolation => Self::Taken(rule(answer.as_ref())),
                ErrorKind::ForeignKeyViolation => Self::Linked(rule(answer.as_ref())),
                _ if is_final(answer.as_ref()) => Self::Refused(error),
                _ => Self::Away(error),
            },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::TypeNotFound { .. } => Self::Refused(error),
            _ => Self::Away(error),
        }
    }
}

/// Which rule says so. SQLite names the columns in its message, PostgreSQL names the constraint.
fn rule(answer: &dyn sqlx::error::DatabaseError) -> String {
    match answer.constraint() {
        Some(constraint) => constraint.to_owned(),
        None => answer.message().trim_start_matches("UNIQUE constraint failed: ").to_owned(),
    }
}

/// Whether the statement or its values are at fault, so that a repetition would fail alike.
///
/// PostgreSQL's classes 22 (data), 23 (constraint) and 42 (statement):
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>. SQLite's primary codes 1 (statement),
/// 18 (too big), 19 (constraint), 20 (mismatch), 25 (range): <https://sqlite.org/rescode.html>.
fn is_final(answer: &dyn sqlx::error::DatabaseError) -> bool {
    let code = answer.code().unwrap_or_default();
    if answer.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return ["22", "23", "42"].iter().any(|class| code.starts_with(class));
    }
    let primary = code.parse::<i32>().map(|code| code & 0xff);
    matches!(primary, Ok(1 | 18 | 19 | 20 | 25))
}
