//! Nouns whose settings are one document under a name: queues, opening hours, numbers, skills, mailboxes, reasons for
//! pauses, groups of dispositions.
//!
//! Each has a table of its own with the same columns, so that their statements are written once.

use std::time::Duration;

use cadran_engine::flow::calendar::{Calendar, OpeningHours};
use cadran_engine::model::{
    CalendarId, Did, DidId, Disposition, DispositionGroupId, Mailbox, MailboxId, PauseReasonId, Queue,
    QueueId, SkillId, Timestamp,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::db::Select;
use super::value::{Row, args, json};
use super::{Error, Kept, Page, Store, only};

/// Opening hours as they are kept: with a name for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NamedHours {
    /// The row.
    pub id: CalendarId,
    /// How managers call them.
    pub name: String,
    /// The hours.
    pub calendar: Calendar,
}

/// Something that agents know and callers may need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// The row.
    pub id: SkillId,
    /// What agents, queues and flows call it, such as `french`.
    pub name: String,
    /// What it means, for managers.
    pub description: String,
}

/// A reason for which agents pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseChoice {
    /// The row.
    pub id: PauseReasonId,
    /// What an agent's pause names, and what their time sheet keeps, such as `lunch`.
    pub code: String,
    /// What French agents read.
    pub label_fr: String,
    /// What English agents read.
    pub label_en: String,
    /// Whether the time counts as working time.
    pub paid: bool,
    /// How long such a pause should last at most. None: as long as it takes.
    pub pause_max: Option<Duration>,
}

/// Dispositions that several campaigns and queues share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispositionGroup {
    /// The row.
    pub id: DispositionGroupId,
    /// How managers call it.
    pub name: String,
    /// What an agent can say of a call.
    pub dispositions: Vec<Disposition>,
}

/// The statements of one table.
#[derive(Debug)]
pub struct Statements {
    key: &'static str,
    after: &'static str,
    exists: &'static str,
    insert: &'static str,
    one: &'static str,
    page: &'static str,
    all: &'static str,
    update: &'static str,
    delete: &'static str,
}

/// A noun whose settings are one document under a name.
pub trait Setting: Serialize + DeserializeOwned + Send {
    /// Its identifier.
    type Id: Copy + Send;
    /// What people call it in an address or a refusal.
    const NOUN: &'static str;
    /// The statements of its table.
    const STATEMENTS: &'static Statements;

    /// The name that no other row of its table has.
    fn name(&self) -> String;
    /// Which row it is.
    fn id(&self) -> Self::Id;
    /// The same under the id that the database gave.
    fn under(self, id: Self::Id) -> Self;
    /// The number of a row.
    fn row_of(id: Self::Id) -> i64;
    /// The id of a row.
    fn id_of(row: i64) -> Self::Id;
}

macro_rules! setting {
    ($type:ty, $id:ty, $table:literal, $noun:literal, |$value:ident| $name:expr) => {
        impl Setting for $type {
            type Id = $id;
            const NOUN: &'static str = $noun;
            const STATEMENTS: &'static Statements = &Statements {
                key: concat!($table, "_id"),
                after: concat!($table, "_id > ?"),
                exists: concat!("select 1 as one from ", $table, " where ", $table, "_id = $1"),
                insert: concat!(
                    "insert into ",
                    $table,
                    " (name, settings, updated_at) values ($1, $2, $3) returning *"
                ),
                one: concat!("select * from ", $table, " where ", $table, "_id = $1"),
                page: concat!("select * from ", $table),
                all: concat!("select * from ", $table, " order by ", $table, "_id"),
                update: concat!(
                    "update ",
                    $table,
                    " set name = $3, settings = $4, updated_at = $5, rev = rev + 1 where ",
                    $table,
                    "_id = $1 and rev = $2 returning *"
                ),
                delete: concat!(
                    "delete from ",
                    $table,
                    " where ",
                    $table,
                    "_id = $1 and rev = $2 returning ",
                    $table,
                    "_id"
                ),
            };

            fn name(&self) -> String {
                let $value = self;
                $name
            }
            fn id(&self) -> $id {
                self.id
            }
            fn under(self, id: $id) -> Self {
                Self { id, ..self }
            }
            fn row_of(id: $id) -> i64 {
                id.as_i64()
            }
            fn id_of(row: i64) -> $id {
                <$id>::from_i64(row)
            }
        }
    };
}

setting!(Did, DidId, "did", "number", |did| did.number.e164());
setting!(DispositionGroup, DispositionGroupId, "disposition_group", "disposition group", |group| {
    group.name.clone()
});
setting!(Mailbox, MailboxId, "mailbox", "mailbox", |mailbox| mailbox.name.clone());
setting!(NamedHours, CalendarId, "calendar", "calendar", |hours| hours.name.clone());
setting!(PauseChoice, PauseReasonId, "pause_reason", "pause reason", |reason| reason.code.clone());
setting!(Queue, QueueId, "queue", "queue", |queue| queue.settings.name.clone());
setting!(Skill, SkillId, "skill", "skill", |skill| skill.name.clone());

impl Store {
    /// Keeps settings. Their id is not used.
    pub async fn create_setting<S: Setting>(&self, value: &S, now: Timestamp) -> Result<Kept<S>, Error> {
        let values = args![&value.name(), json(value)?, now];
        read(&only(self.db.change(S::STATEMENTS.insert, values).await?)?)
    }

    /// One row of settings.
    pub async fn setting<S: Setting>(&self, id: S::Id) -> Result<Option<Kept<S>>, Error> {
        let row = self.db.row(S::STATEMENTS.one, args![S::row_of(id)]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Rows of settings, in the order in which they were added.
    pub async fn settings_page<S: Setting>(&self, page: Page<S::Id>) -> Result<Vec<Kept<S>>, Error> {
        let select = Select::new(S::STATEMENTS.page).narrow(S::STATEMENTS.after, page.after.map(S::row_of));
        let rows = select.page(&self.db, S::STATEMENTS.key, page.limit()).await?;
        rows.iter().map(read).collect()
    }

    /// The same, of those rows alone that are `wanted`.
    pub async fn settings_page_of<S: Setting>(
        &self,
        page: Page<S::Id>,
        wanted: impl Fn(&S) -> bool,
    ) -> Result<Vec<Kept<S>>, Error> {
        let limit = usize::from(page.limit());
        let (mut found, mut after) = (Vec::new(), page.after);
        loop {
            let rows = self.settings_page::<S>(Page { after, limit: page.limit }).await?;
            after = rows.last().map(|row| row.value.id());
            let is_last = rows.len() < limit;
            found.extend(rows.into_iter().filter(|row| wanted(&row.value)));
            if is_last || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// Every row of settings of a noun.
    pub async fn all_settings<S: Setting>(&self) -> Result<Vec<S>, Error> {
        let rows = self.db.rows(S::STATEMENTS.all, args![]).await?;
        rows.iter().map(|row| Ok(read::<S>(row)?.value)).collect()
    }

    /// Replaces settings, if nobody changed them since `rev`. Their own id names the row.
    pub async fn update_setting<S: Setting>(
        &self,
        value: &S,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<S>, Error> {
        let row = S::row_of(value.id());
        let values = args![row, rev, &value.name(), json(value)?, now];
        match self.db.change(S::STATEMENTS.update, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(S::NOUN, S::STATEMENTS.exists, row).await),
        }
    }

    /// Removes settings that nothing else refers to.
    pub async fn delete_setting<S: Setting>(&self, id: S::Id, rev: i64) -> Result<(), Error> {
        let row = S::row_of(id);
        match self.db.change(S::STATEMENTS.delete, args![row, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(S::NOUN, S::STATEMENTS.exists, row).await),
        }
    }

    /// Every calendar, as flows and queues ask it.
    pub(super) async fn all_calendars(&self) -> Result<Vec<OpeningHours>, Error> {
        let hours = self.all_settings::<NamedHours>().await?;
        Ok(hours.into_iter().map(|hours| OpeningHours { id: hours.id, calendar: hours.calendar }).collect())
    }
}

/// The id in the document is that of the row: a row that was just made did not know its own.
fn read<S: Setting>(row: &Row) -> Result<Kept<S>, Error> {
    let id: i64 = row.get(S::STATEMENTS.key)?;
    let value: S = row.json("settings")?;
    Kept::read(row, value.under(S::id_of(id)))
}
