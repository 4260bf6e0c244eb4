//! Values on their way into the database and out of it again, the same for both databases.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::types::{Json, Uuid};
use sqlx::{Arguments, Database, Decode, Postgres, Row as _, Sqlite, Type};

use cadran_engine::model::{
    AgentId, AttemptId, CallId, CampaignId, ErasureId, FlowId, FlowTestId, LeadId, LegId, ListId, MailboxId,
    MediumId, MessageId, Outcome, PersonId, Phone, RoleName, SellerId, SessionId, Slug, SupervisionId,
    TeamId, TenantId, Timestamp, TrunkId, UserId, Verdict, WebhookId, Zone,
};

use super::Error;

/// One argument of a statement. Null keeps its type, because PostgreSQL wants to know it.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bool(bool),
    Bytes(Vec<u8>),
    Int(Option<i64>),
    Json(Option<serde_json::Value>),
    Text(Option<String>),
    Uuid(Option<Uuid>),
}

/// The arguments of a statement, in the order of `$1`, `$2`...
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::value::Value::from($value)),*] };
}
pub(super) use args;

/// A value that is kept as JSON: what is read and written as a whole.
pub(super) fn json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value)
        .map(|value| Value::Json(Some(value)))
        .map_err(|error| Error::Corrupt { what: "a value to be kept as JSON", problem: error.to_string() })
}

/// PostgreSQL's texts cannot hold a NUL character (§8.3 of its manual). What people write must not fail for that.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(super) fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    values.into_iter().try_for_each(|value| add(&mut arguments, value))?;
    Ok(arguments)
}

pub(super) fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    values.into_iter().try_for_each(|value| add(&mut arguments, value))?;
    Ok(arguments)
}

fn add<A>(arguments: &mut A, value: Value) -> Result<(), sqlx::Error>
where
    A: Arguments,
    bool: Bindable<A::Database>,
    Vec<u8>: Bindable<A::Database>,
    Option<i64>: Bindable<A::Database>,
    Option<Json<serde_json::Value>>: Bindable<A::Database>,
    Option<String>: Bindable<A::Database>,
    Option<Uuid>: Bindable<A::Database>,
{
    match value {
        Value::Bool(value) => arguments.add(value),
        Value::Bytes(value) => arguments.add(value),
        Value::Int(value) => arguments.add(value),
        Value::Json(value) => arguments.add(value.map(Json)),
        Value::Text(value) => arguments.add(value),
        Value::Uuid(value) => arguments.add(value),
    }
    .map_err(sqlx::Error::Encode)
}

/// What one database can take as an argument.
trait Bindable<DB: Database>: for<'t> sqlx::Encode<'t, DB> + Type<DB> {}
impl<DB: Database, T: for<'t> sqlx::Encode<'t, DB> + Type<DB>> Bindable<DB> for T {}

macro_rules! value_from {
    ($($variant:ident($($inner:ident)?) <- $type:ty: $convert:expr;)*) => { $(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let convert: fn($type) -> _ = $convert;
                Self::$variant($($inner)?(convert(value)))
            }
        }
    )* };
}

value_from! {
    Bool() <- bool: |value| value;
    Bytes() <- Vec<u8>: |value| value;
    Int(Some) <- i64: |value| value;
    Int() <- Option<i64>: |value| value;
    Int(Some) <- u8: i64::from;
    Int(Some) <- u16: i64::from;
    Int(Some) <- u32: i64::from;
    Int() <- Option<u16>: |value| value.map(i64::from);
    Int(Some) <- Timestamp: Timestamp::as_millis;
    Int() <- Option<Timestamp>: |value| value.map(Timestamp::as_millis);
    Int(Some) <- AgentId: AgentId::as_i64;
    Int() <- Option<AgentId>: |value| value.map(AgentId::as_i64);
    Int(Some) <- CampaignId: CampaignId::as_i64;
    Int() <- Option<CampaignId>: |value| value.map(CampaignId::as_i64);
    Int(Some) <- FlowId: FlowId::as_i64;
    Int(Some) <- FlowTestId: FlowTestId::as_i64;
    Int(Some) <- LeadId: LeadId::as_i64;
    Int(Some) <- ListId: ListId::as_i64;
    Int(Some) <- MailboxId: MailboxId::as_i64;
    Int(Some) <- MediumId: MediumId::as_i64;
    Int(Some) <- PersonId: PersonId::as_i64;
    Int(Some) <- SellerId: SellerId::as_i64;
    Int() <- Option<SellerId>: |value| value.map(SellerId::as_i64);
    Int(Some) <- TeamId: TeamId::as_i64;
    Int() <- Option<TeamId>: |value| value.map(TeamId::as_i64);
    Int(Some) <- TenantId: TenantId::as_i64;
    Int() <- Option<TenantId>: |value| value.map(TenantId::as_i64);
    Int(Some) <- TrunkId: TrunkId::as_i64;
    Int(Some) <- UserId: UserId::as_i64;
    Int() <- Option<UserId>: |value| value.map(UserId::as_i64);
    Int(Some) <- WebhookId: WebhookId::as_i64;
    Int() <- Option<WebhookId>: |value| value.map(WebhookId::as_i64);
    Text(Some) <- &str: without_nul;
    Text(Some) <- &String: |value| without_nul(value);
    Text() <- Option<&str>: |value| value.map(without_nul);
    Text(Some) <- Phone: Phone::e164;
    Uuid(Some) <- AttemptId: AttemptId::as_uuid;
    Uuid(Some) <- CallId: CallId::as_uuid;
    Uuid() <- Option<CallId>: |value| value.map(CallId::as_uuid);
    Uuid(Some) <- ErasureId: ErasureId::as_uuid;
    Uuid(Some) <- LegId: LegId::as_uuid;
    Uuid(Some) <- MessageId: MessageId::as_uuid;
    Uuid(Some) <- SessionId: SessionId::as_uuid;
    Uuid(Some) <- SupervisionId: SupervisionId::as_uuid;
}

/// One row of an answer.
#[derive(Debug)]
pub(super) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl Row {
    /// The value in a column. An error names the column; it means that the database holds what we never wrote.
    pub(super) fn get<T: Field>(&self, column: &'static str) -> Result<T, Error> {
        T::read(self, column)
    }

    fn native<T>(&self, column: &'static str) -> Result<T, Error>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
        .map_err(|error| Error::Corrupt { what: column, problem: error.to_string() })
    }

    /// A column that holds JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Error> {
        let value = self.native::<Json<serde_json::Value>>(column)?.0;
        serde_json::from_value(value).map_err(|error| corrupt(column, error))
    }

    /// A column that may hold JSON.
    pub(super) fn json_if_any<T: DeserializeOwned>(&self, column: &'static str) -> Result<Option<T>, Error> {
        let value = self.native::<Option<Json<serde_json::Value>>>(column)?;
        value
            .map(|Json(value)| serde_json::from_value(value))
            .transpose()
            .map_err(|error| corrupt(column, error))
    }

    /// A column that holds one of the words that serde knows for `T`, such as an enum's variants.
    pub(super) fn word<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, Error> {
        let word: String = self.get(column)?;
        T::deserialize(serde::de::value::StringDeserializer::<serde::de::value::Error>::new(word))
            .map_err(|error| corrupt(column, error))
    }
}

fn corrupt(column: &'static str, problem: impl std::fmt::Display) -> Error {
    Error::Corrupt { what: column, problem: problem.to_string() }
}

/// What can be read from a column.
pub(super) trait Field: Sized {
    fn read(row: &Row, column: &'static str) -> Result<Self, Error>;
}

macro_rules! native_field {
    ($($type:ty),*) => { $(
        impl Field for $type {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                row.native(column)
            }
        }
    )* };
}

/// Fields that are kept as another field, with the way back; `Option` of each comes along.
macro_rules! field_from {
    ($($type:ty: $inner:ty => $convert:expr;)*) => { $(
        impl Field for $type {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                let convert: fn($inner) -> Result<$type, String> = $convert;
                convert(row.native(column)?).map_err(|problem| corrupt(column, problem))
            }
        }

        impl Field for Option<$type> {
            fn read(row: &Row, column: &'static str) -> Result<Self, Error> {
                let convert: fn($inner) -> Result<$type, String> = $convert;
                let value: Option<$inner> = row.native(column)?;
                value.map(convert).transpose().map_err(|problem| corrupt(column, problem))
            }
        }
    )* };
}

native_field!(bool, i64, Option<i64>, String, Option<String>, Vec<u8>);

field_from! {
    AgentId: i64 => |row| Ok(AgentId::from_i64(row));
    CampaignId: i64 => |row| Ok(CampaignId::from_i64(row));
    FlowId: i64 => |row| Ok(FlowId::from_i64(row));
    FlowTestId: i64 => |row| Ok(FlowTestId::from_i64(row));
    LeadId: i64 => |row| Ok(LeadId::from_i64(row));
    ListId: i64 => |row| Ok(ListId::from_i64(row));
    MailboxId: i64 => |row| Ok(MailboxId::from_i64(row));
    MediumId: i64 => |row| Ok(MediumId::from_i64(row));
    PersonId: i64 => |row| Ok(PersonId::from_i64(row));
    SellerId: i64 => |row| Ok(SellerId::from_i64(row));
    TeamId: i64 => |row| Ok(TeamId::from_i64(row));
    TenantId: i64 => |row| Ok(TenantId::from_i64(row));
    TrunkId: i64 => |row| Ok(TrunkId::from_i64(row));
    UserId: i64 => |row| Ok(UserId::from_i64(row));
    WebhookId: i64 => |row| Ok(WebhookId::from_i64(row));
    Timestamp: i64 => |ms| Ok(Timestamp::from_millis(ms));
    [u8; 32]: Vec<u8> => |bytes| bytes.try_into().map_err(|_| "not 32 bytes".to_owned());
    u8: i64 => |value| u8::try_from(value).map_err(|error| error.to_string());
    u16: i64 => |value| u16::try_from(value).map_err(|error| error.to_string());
    u32: i64 => |value| u32::try_from(value).map_err(|error| error.to_string());
    u64: i64 => |value| u64::try_from(value).map_err(|error| error.to_string());
    AttemptId: Uuid => |uuid| Ok(AttemptId::from_uuid(uuid));
    CallId: Uuid => |uuid| Ok(CallId::from_uuid(uuid));
    ErasureId: Uuid => |uuid| Ok(ErasureId::from_uuid(uuid));
    LegId: Uuid => |uuid| Ok(LegId::from_uuid(uuid));
    MessageId: Uuid => |uuid| Ok(MessageId::from_uuid(uuid));
    SessionId: Uuid => |uuid| Ok(SessionId::from_uuid(uuid));
    SupervisionId: Uuid => |uuid| Ok(SupervisionId::from_uuid(uuid));
    Phone: String => |text| text.parse().map_err(|error: cadran_engine::model::phone::BadPhone| error.to_string());
    Zone: String => |name| name.parse().map_err(|error: cadran_engine::model::calendar::UnknownZone| error.to_string());
    RoleName: String => |name| name.parse().map_err(|error: cadran_engine::model::user::BadRoleName| error.to_string());
    Slug: String => |text| text.parse().map_err(|error: cadran_engine::model::tenant::BadSlug| error.to_string());
    Verdict: String => |word| Verdict::from_word(&word).ok_or_else(|| format!("`{word}` is no verdict"));
    Outcome: String => |word| Outcome::from_word(&word).ok_or_else(|| format!("`{word}` is no outcome"));
}
