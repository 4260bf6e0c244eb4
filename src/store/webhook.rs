//! Webhooks: where events are sent, and what became of each.
//!
//! An event is put in the outbox in the transaction that makes it true, so that none is lost and none is told of what
//! never was. Sending is [`crate::webhooks`].

use std::collections::BTreeSet;
use std::time::Duration;

use cadran_engine::model::{Timestamp, WebhookId};
use serde_json::Value as Json;

use super::db::{Lane, Select, Sql, Tx};
use super::value::{Row, args, json};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "webhook";
const EXISTS: &str = "select 1 as one from webhook where webhook_id = $1";

/// Deliveries of one webhook that wait. Beyond it the oldest are given up: a target that is away for days must not
/// fill the disk.
pub const WAITING_MAX: u32 = 10_000;

/// For how long it is kept what became of a delivery.
const DELIVERIES_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What happens that a webhook can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// An agent's state changed.
    AgentState,
    /// An answered call is over.
    CallEnded,
    /// A campaign was started, paused or finished.
    CampaignState,
    /// A dial of a lead is over.
    LeadSettled,
    /// A recording is on the disk, or it is known why not.
    RecordingReady,
}

impl EventKind {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::AgentState, Self::CallEnded, Self::CampaignState, Self::LeadSettled, Self::RecordingReady];

    /// The word in events, the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentState => "agent.state",
            Self::CallEnded => "call.ended",
            Self::CampaignState => "campaign.state",
            Self::LeadSettled => "lead.settled",
            Self::RecordingReady => "recording.ready",
        }
    }

    /// The kind that [`EventKind::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Where events are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The row.
    pub id: WebhookId,
    /// What it is for.
    pub name: String,
    /// The address.
    pub url: String,
    /// What it is told of.
    pub events: BTreeSet<EventKind>,
    /// Whether it is told telephone numbers.
    pub numbers: bool,
    /// Whether anything is sent.
    pub enabled: bool,
    /// What its messages are signed with, sealed.
    pub secret: String,
    /// What they are signed with too, until the moment: the secret before.
    pub secret_before: Option<(String, Timestamp)>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    /// Names it for good: the same event has the same name however often it is written.
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) data: Json,
    /// The same with telephone numbers, for those who are told them.
    pub(super) data_with_numbers: Option<Json>,
}

/// A message on its way, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The row.
    pub id: i64,
    /// To whom.
    pub webhook: WebhookId,
    /// The event's name, which the receiver knows a repetition by.
    pub event: String,
    /// What happened.
    pub kind: String,
    /// The message.
    pub body: String,
    /// When it happened.
    pub at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// Not tried before.
    pub due_at: Timestamp,
    /// What the receiver said last: an HTTP status.
    pub status: Option<u16>,
    /// Why it did not arrive, the last time.
    pub problem: Option<String>,
    /// When it arrived, or was given up.
    pub ended_at: Option<Timestamp>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be tried, perhaps again.
    Waiting,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Dead,
}

impl DeliveryState {
    /// The word in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// The state that [`DeliveryState::as_str`] names so.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::Dead].into_iter().find(|state| state.as_str() == word)
    }
}

/// Takes what is due out of the line for a while: nobody else sends it meanwhile, and it comes back if nobody says what
/// became of it.
const TAKE: Sql = Sql {
    postgres: "update webhook_delivery set due_at = $2, attempts = attempts + 1 where webhook_delivery_id in \
        (select webhook_delivery_id from webhook_delivery join webhook using (webhook_id) \
        where state = 'waiting' and due_at <= $1 and enabled order by due_at limit $3 \
        for update of webhook_delivery skip locked) returning *",
    sqlite: "update webhook_delivery set due_at = $2, attempts = attempts + 1 where webhook_delivery_id in \
        (select webhook_delivery_id from webhook_delivery join webhook using (webhook_id) \
        where state = 'waiting' and due_at <= $1 and enabled order by due_at limit $3) returning *",
};

const PUT: &str = "insert into webhook_delivery (webhook_id, event, kind, body, at, due_at, state) \
    select webhook_id, $1, $2, case when numbers then $4 else $3 end, $5, $5, 'waiting' \
    from webhook join webhook_event using (webhook_id) where kind = $2 and enabled \
    on conflict do nothing";

/// What anybody is told of. Asked once for each transaction of the engine's writes: mostly nothing, and then events cost
/// nothing.
pub(super) async fn told_of(tx: &mut Tx) -> Result<BTreeSet<EventKind>, Error> {
    let sql = "select distinct kind from webhook_event join webhook using (webhook_id) where enabled";
    let rows = tx.rows(sql, args![]).await?;
    let words = rows.iter().map(|row| row.get::<String>("kind")).collect::<Result<Vec<_>, _>>()?;
    Ok(words.iter().filter_map(|word| EventKind::from_word(word)).collect())
}

/// Puts an event in the outbox of whoever wants to be told of it. Twice changes nothing.
pub(super) async fn put(tx: &mut Tx, event: &Event) -> Result<(), Error> {
    let body = message(event, &event.data);
    let with_numbers = message(event, event.data_with_numbers.as_ref().unwrap_or(&event.data));
    let values = args![&event.id, event.kind.as_str(), &body, &with_numbers, event.at];
    tx.execute(PUT, values).await.map(drop)
}

/// The body that the Standard Webhooks specification asks for.
fn message(event: &Event, data: &Json) -> String {
    serde_json::json!({ "type": event.kind.as_str(), "timestamp": event.at.to_string(), "data": data })
        .to_string()
}

impl Store {
    /// Keeps a webhook. The id in `webhook` is not used.
    pub async fn create_webhook(&self, webhook: &Webhook, now: Timestamp) -> Result<Kept<Webhook>, Error> {
        let sql = "insert into webhook (name, url, events, numbers, enabled, secret, updated_at) \
                   values ($1, $2, $3, $4, $5, $6, $7) returning *";
        let values = args![
            &webhook.name,
            &webhook.url,
            json(&words(webhook))?,
            webhook.numbers,
            webhook.enabled,
            &webhook.secret,
            now
        ];
        let mut tx = self.db.begin(Lane::People).await?;
        let kept = read(&only(tx.rows(sql, values).await?)?)?;
        subscribe(&mut tx, &kept.value).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// One webhook.
    pub async fn webhook(&self, id: WebhookId) -> Result<Option<Kept<Webhook>>, Error> {
        let row = self.db.row("select * from webhook where webhook_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Webhooks, in the order in which they were added.
    pub async fn webhooks(&self, page: Page<WebhookId>) -> Result<Vec<Kept<Webhook>>, Error> {
        let select = Select::new("select * from webhook").narrow("webhook_id > ?", page.after);
        select.page(&self.db, "webhook_id", page.limit()).await?.iter().map(read).collect()
    }

    /// Replaces a webhook, if nobody changed it since `rev`.
    pub async fn update_webhook(
        &self,
        webhook: &Webhook,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<Webhook>, Error> {
        let sql = "update webhook set name = $3, url = $4, events = $5, numbers = $6, enabled = $7, secret = $8, \
                   secret_before = $9, secret_before_until = $10, updated_at = $11, rev = rev + 1 \
                   where webhook_id = $1 and rev = $2 returning *";
        let (before, until) = webhook.secret_before.clone().unzip();
        let values = args![
            webhook.id,
            rev,
            &webhook.name,
            &webhook.url,
            json(&words(webhook))?,
            webhook.numbers,
            webhook.enabled,
            &webhook.secret,
            before.as_deref(),
            until,
            now,
        ];
        let mut tx = self.db.begin(Lane::People).await?;
        let Some(row) = tx.row(sql, values).await? else {
            drop(tx);
            return Err(self.why_unchanged(NOUN, EXISTS, webhook.id).await);
        };
        tx.execute("delete from webhook_event where webhook_id = $1", args![webhook.id]).await?;
        subscribe(&mut tx, webhook).await?;
        tx.commit().await?;
        read(&row)
    }

    /// Removes a webhook with what waits for it.
    pub async fn delete_webhook(&self, id: WebhookId, rev: i64) -> Result<(), Error> {
        let sql = "delete from webhook where webhook_id = $1 and rev = $2 returning webhook_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id).await),
        }
    }

    /// Takes up to `limit` deliveries that are due. They come back at `again_at` unless it is said what became of them.
    pub async fn take_deliveries(
        &self,
        now: Timestamp,
        again_at: Timestamp,
        limit: u16,
    ) -> Result<Vec<Delivery>, Error> {
        self.db.change(TAKE, args![now, again_at, limit]).await?.iter().map(read_delivery).collect()
    }

    /// Says what became of a delivery: its state, when to try again, what the receiver said.
    pub async fn settle_delivery(&self, delivery: &Delivery) -> Result<(), Error> {
        let sql = "update webhook_delivery set state = $2, due_at = $3, status = $4, problem = $5, ended_at = $6 \
                   where webhook_delivery_id = $1";
        let Delivery { id, state, due_at, status, ref problem, ended_at, .. } = *delivery;
        let values = args![id, state.as_str(), due_at, status, problem.as_deref(), ended_at];
        self.db.execute(sql, values).await.map(drop)
    }

    /// Deliveries of a webhook, the latest first; only those in a state if so wished.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        state: Option<DeliveryState>,
        page: Page<i64>,
    ) -> Result<Vec<Delivery>, Error> {
        let select = Select::new("select * from webhook_delivery")
            .narrow("webhook_id = ?", Some(webhook))
            .narrow("state = ?", state.map(DeliveryState::as_str))
            .narrow("webhook_delivery_id < ?", page.after);
        select
            .page(&self.db, "webhook_delivery_id desc", page.limit())
            .await?
            .iter()
            .map(read_delivery)
            .collect()
    }

    /// Sends a delivery again, whatever became of it. False when the webhook has no such.
    pub async fn replay_delivery(&self, webhook: WebhookId, id: i64, now: Timestamp) -> Result<bool, Error> {
        let sql = "update webhook_delivery set state = 'waiting', due_at = $3, attempts = 0, ended_at = null \
                   where webhook_delivery_id = $2 and webhook_id = $1";
        Ok(self.db.execute(sql, args![webhook, id, now]).await? > 0)
    }

    /// Forgets what became of deliveries long ago, and gives up the oldest of a line that is too long.
    pub async fn tidy_deliveries(&self, now: Timestamp) -> Result<(), Error> {
        let forget = "delete from webhook_delivery where ended_at < $1";
        self.db.execute(forget, args![now - DELIVERIES_KEPT]).await?;
        let give_up = "update webhook_delivery set state = 'dead', ended_at = $1, problem = 'too many wait' \
                       where state = 'waiting' and webhook_delivery_id <= \
                       (select max(later.webhook_delivery_id) from webhook_delivery as later \
                       where later.webhook_id = webhook_delivery.webhook_id and later.state = 'waiting') - $2";
        self.db.execute(give_up, args![now, WAITING_MAX]).await.map(drop)
    }
}

async fn subscribe(tx: &mut Tx, webhook: &Webhook) -> Result<(), Error> {
    for kind in &webhook.events {
        let sql = "insert into webhook_event (webhook_id, kind) values ($1, $2)";
        tx.execute(sql, args![webhook.id, kind.as_str()]).await?;
    }
    Ok(())
}

fn words(webhook: &Webhook) -> Vec<&'static str> {
    webhook.events.iter().map(|kind| kind.as_str()).collect()
}

fn read(row: &Row) -> Result<Kept<Webhook>, Error> {
    let events: Vec<String> = row.json("events")?;
    let before: Option<String> = row.get("secret_before")?;
    let webhook = Webhook {
        id: row.get("webhook_id")?,
        name: row.get("name")?,
        url: row.get("url")?,
        events: events.iter().filter_map(|word| EventKind::from_word(word)).collect(),
        numbers: row.get("numbers")?,
        enabled: row.get("enabled")?,
        secret: row.get("secret")?,
        secret_before: before.zip(row.get("secret_before_until")?),
    };
    Kept::read(row, webhook)
}

fn read_delivery(row: &Row) -> Result<Delivery, Error> {
    let state: String = row.get("state")?;
    let state = DeliveryState::from_word(&state);
    let status: Option<i64> = row.get("status")?;
    Ok(Delivery {
        id: row.get("webhook_delivery_id")?,
        webhook: row.get("webhook_id")?,
        event: row.get("event")?,
        kind: row.get("kind")?,
        body: row.get("body")?,
        at: row.get("at")?,
        state: state.ok_or(Error::Corrupt { what: "state", problem: "no state of a delivery".to_owned() })?,
        attempts: row.get("attempts")?,
        due_at: row.get("due_at")?,
        status: status.and_then(|status| u16::try_from(status).ok()),
        problem: row.get("problem")?,
        ended_at: row.get("ended_at")?,
    })
}
