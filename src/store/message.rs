//! Messages that callers leave in mailboxes.

use std::time::Duration;

use cadran_engine::model::{CallId, MailboxId, MessageId, MessageLamp, Timestamp};

use super::db::Select;
use super::value::{Row, args, json};
use super::{Error, Page, Store};

/// A message in a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which one.
    pub id: MessageId,
    /// Where it was left.
    pub mailbox: MailboxId,
    /// In which call.
    pub call: CallId,
    /// The caller's number, empty when it was withheld.
    pub caller: String,
    /// When.
    pub left_at: Timestamp,
    /// How long it is.
    pub duration: Duration,
    /// Its file in the directory of messages.
    pub file: String,
    /// Since when somebody has listened to it.
    pub heard_at: Option<Timestamp>,
    /// When it is to be sent by e-mail; none: nobody is told, or everybody has been.
    pub mail_due_at: Option<Timestamp>,
    /// Who gets it by e-mail, beside those whom the mailbox tells.
    pub notify: Vec<String>,
    /// How often sending it has failed.
    pub mail_tries: u32,
}

impl Store {
    /// Keeps a message. A message that is kept already stays as it is.
    pub async fn keep_message(&self, message: &Message) -> Result<(), Error> {
        let sql = "insert into message (message_id, mailbox_id, call_id, caller, left_at, duration, file, mail_due_at, notify) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing";
        let duration = i64::try_from(message.duration.as_millis()).unwrap_or(i64::MAX);
        let values = args![
            message.id,
            message.mailbox,
            message.call,
            &message.caller,
            message.left_at,
            duration,
            &message.file,
            message.mail_due_at,
            json(&message.notify)?,
        ];
        self.db.execute(sql, values).await.map(drop)
    }

    /// One message.
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, Error> {
        let row = self.db.row("select * from message where message_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// The messages of a mailbox, the latest first.
    pub async fn messages(
        &self,
        mailbox: MailboxId,
        heard: Option<bool>,
        page: Page<MessageId>,
    ) -> Result<Vec<Message>, Error> {
        let select = Select::new("select * from message")
            .narrow("mailbox_id = ?", Some(mailbox))
            .narrow("(heard_at is not null) = ?", heard)
            .narrow(
                "(left_at, message_id) < (select left_at, message_id from message where message_id = ?)",
                page.after,
            );
        let rows = select.page(&self.db, "left_at desc, message_id desc", page.limit()).await?;
        rows.iter().map(read).collect()
    }

    /// Notes that somebody has listened to a message. The first time counts.
    pub async fn message_heard(&self, id: MessageId, now: Timestamp) -> Result<Message, Error> {
        let sql = "update message set heard_at = coalesce(heard_at, $2) where message_id = $1 returning *";
        match self.db.change(sql, args![id, now]).await?.first() {
            Some(row) => read(row),
            None => Err(Error::NotFound("message")),
        }
    }

    /// Removes a message; gives it, so that its file can go as well.
    pub async fn delete_message(&self, id: MessageId) -> Result<Message, Error> {
        let sql = "delete from message where message_id = $1 returning *";
        match self.db.change(sql, args![id]).await?.first() {
            Some(row) => read(row),
            None => Err(Error::NotFound("message")),
        }
    }

    /// What the lamp of every mailbox shows.
    pub async fn message_lamps(&self) -> Result<Vec<MessageLamp>, Error> {
        let sql = "select mailbox.mailbox_id, count(message_id) filter (where heard_at is null) as fresh, \
                   count(heard_at) as heard from mailbox left join message on message.mailbox_id = mailbox.mailbox_id \
                   group by mailbox.mailbox_id order by mailbox.mailbox_id";
        let lamp = |row: &Row| {
            let mailbox = row.get("mailbox_id")?;
            Ok(MessageLamp { mailbox, fresh: row.get("fresh")?, heard: row.get("heard")? })
        };
        self.db.rows(sql, args![]).await?.iter().map(lamp).collect()
    }

    /// The message that has waited for longest to be sent by e-mail.
    pub async fn message_to_mail(&self, now: Timestamp) -> Result<Option<Message>, Error> {
        let sql = "select * from message where mail_due_at <= $1 order by mail_due_at, message_id limit 1";
        self.db.row(sql, args![now]).await?.as_ref().map(read).transpose()
    }

    /// Notes how sending a message went: it is due again at `again_at`, or done with.
    pub async fn message_mailed(
        &self,
        id: MessageId,
        again_at: Option<Timestamp>,
        problem: Option<&str>,
    ) -> Result<(), Error> {
        let sql = "update message set mail_due_at = $2, mail_problem = $3, mail_tries = mail_tries + 1 \
                   where message_id = $1";
        self.db.execute(sql, args![id, again_at, problem]).await.map(drop)
    }
}

fn read(row: &Row) -> Result<Message, Error> {
    Ok(Message {
        id: row.get("message_id")?,
        mailbox: row.get("mailbox_id")?,
        call: row.get("call_id")?,
        caller: row.get("caller")?,
        left_at: row.get("left_at")?,
        duration: Duration::from_millis(row.get("duration")?),
        file: row.get("file")?,
        heard_at: row.get("heard_at")?,
        mail_due_at: row.get("mail_due_at")?,
        notify: row.json("notify")?,
        mail_tries: row.get("mail_tries")?,
    })
}
