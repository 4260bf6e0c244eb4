//! The ordered stream that a consumer reads, and the bounded buffer behind it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::event::Event;

/// What the consumer of a client receives, in the order in which it happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// The link is up; event filter and subscriptions are in force. Compare what is believed with Asterisk.
    Connected(Connection),
    /// Something happened.
    Event(Event),
    /// Events may have been lost. After a disconnection, [`Delivery::Connected`] follows in time.
    Gap(Gap),
    /// Another client took over the application. Nothing follows, and the client does not fight back.
    Replaced,
}

/// A link that came up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The id of this Asterisk among others.
    pub asterisk_id: String,
    /// The version of Asterisk.
    pub asterisk_version: String,
    /// Whether this client was connected before.
    pub reconnected: bool,
    /// Whether requests travel over the WebSocket; over HTTP otherwise.
    pub rest_over_websocket: bool,
    /// Subscriptions that Asterisk refused to renew, because what they name is gone.
    pub lost_subscriptions: Vec<String>,
}

/// Why events may have been lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
    /// The link broke.
    #[error("the link broke: {0}")]
    Cut(String),
    /// Asterisk sent something that is not a message. The link goes on.
    #[error("Asterisk sent something that is not a message: {0}")]
    Malformed(String),
    /// The consumer was too slow and the buffer was full. The link goes on.
    #[error("{lost} events were lost because the consumer was too slow")]
    Overflow {
        /// How many events were lost.
        lost: u64,
    },
    /// Nothing was heard from Asterisk for so long that the link counts as broken.
    #[error("nothing was heard for {} ms", .0.as_millis())]
    Silence(Duration),
}

impl Gap {
    /// Whether the link is down, so that a [`Delivery::Connected`] follows.
    pub fn is_disconnection(&self) -> bool {
        match self {
            Self::Cut(_) | Self::Silence(_) => true,
            Self::Malformed(_) | Self::Overflow { .. } => false,
        }
    }
}

/// The consumer's end. Dropping it stops the link; requests then travel over HTTP.
#[derive(Debug)]
pub struct Events {
    buffer: mpsc::Receiver<Item>,
}

impl Events {
    /// The next delivery; none after [`Delivery::Replaced`]. Cancel safe.
    pub async fn next(&mut self) -> Option<Delivery> {
        self.buffer.recv().await.map(Item::open)
    }
}

impl Stream for Events {
    type Item = Delivery;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery>> {
        self.buffer.poll_recv(cx).map(|item| item.map(Item::open))
    }
}

/// What waits in the buffer: events are decoded by the consumer, so that the reader only queues.
#[derive(Debug)]
pub(crate) enum Item {
    /// Ready to be delivered.
    Ready(Delivery),
    /// The text of an event, and its type if the crate knows it.
    Event(Option<&'static str>, Utf8Bytes),
}

impl Item {
    fn open(self) -> Delivery {
        match self {
            Self::Ready(delivery) => delivery,
            Self::Event(Some(type_name), json) => Delivery::Event(Event::decode(type_name, &json)),
            Self::Event(None, json) => match Event::from_json(&json) {
                Ok(event) => Delivery::Event(event),
                Err(problem) => Delivery::Gap(Gap::Malformed(problem.to_string())),
            },
        }
    }
}

/// The consumer dropped its [`Events`].
#[derive(Debug)]
pub(crate) struct ConsumerGone;

/// The link's end of the buffer. Whatever does not fit is counted and reported, never silently lost.
#[derive(Debug)]
pub(crate) struct Outlet {
    buffer: mpsc::Sender<Item>,
    /// What came while the link was being set up, waiting for its turn.
    held: VecDeque<Item>,
    /// Whether the link is still being set up.
    holding: bool,
    /// Events lost since the buffer was full.
    lost: u64,
}

impl Outlet {
    pub(crate) fn new(deliveries_max: usize) -> (Self, Events) {
        let (sender, receiver) = mpsc::channel(deliveries_max.max(2));
        (Self { buffer: sender, held: VecDeque::new(), holding: false, lost: 0 }, Events { buffer: receiver })
    }

    /// Queues an item, or counts it as lost. Never waits.
    pub(crate) fn offer(&mut self, item: Item) {
        let waits = self.holding || !self.held.is_empty();
        let fits = match waits {
            _ if self.lost > 0 => false,
            true if self.held.len() < self.buffer.max_capacity() => {
                self.held.push_back(item);
                true
            }
            true => false,
            false => self.buffer.try_send(item).is_ok(),
        };
        self.lost += u64::from(!fits);
    }

    /// Holds events back until [`Outlet::connected`], and forgets those of an attempt that failed.
    pub(crate) fn hold(&mut self) {
        self.held.clear();
        self.holding = true;
        self.lost = 0;
    }

    /// Lets the connection pass, then what happened while it was being set up. Never waits.
    pub(crate) fn connected(&mut self, connection: Connection) {
        self.held.push_front(Item::Ready(Delivery::Connected(connection)));
        self.holding = false;
    }

    /// Whether [`Outlet::catch_up`] has something to do. For a consumer who is gone it has not: it would say so at once,
    /// every time it is asked.
    pub(crate) fn is_behind(&self) -> bool {
        !self.holding && !self.buffer.is_closed() && (self.lost > 0 || !self.held.is_empty())
    }

    /// Moves what was held into the buffer as room comes, then reports what was lost. Cancel safe.
    ///
    /// A loss is reported once half of the buffer is free, so that a consumer who compares everything after each
    /// gap gets the time for it.
    pub(crate) async fn catch_up(&mut self) -> Result<(), ConsumerGone> {
        while !self.held.is_empty() {
            let slot = self.buffer.reserve().await.map_err(|_| ConsumerGone)?;
            if let Some(item) = self.held.pop_front() {
                slot.send(item);
            }
        }
        if self.lost > 0 {
            let half = self.buffer.max_capacity() / 2;
            let mut room = self.buffer.reserve_many(half).await.map_err(|_| ConsumerGone)?;
            if let Some(slot) = room.next() {
                slot.send(Item::Ready(Delivery::Gap(Gap::Overflow { lost: std::mem::take(&mut self.lost) })));
            }
        }
        Ok(())
    }

    /// Delivers the end of a link after all that came before it, waiting for room.
    pub(crate) async fn ended(&mut self, delivery: Delivery) -> Result<(), ConsumerGone> {
        if self.holding {
            self.hold();
            self.holding = false;
        }
        self.catch_up().await?;
        self.buffer.send(Item::Ready(delivery)).await.map_err(|_| ConsumerGone)
    }

    /// Waits until the consumer is gone.
    pub(crate) fn consumer_gone(&self) -> impl Future<Output = ()> + use<> {
        let buffer = self.buffer.clone();
        async move { buffer.closed().await }
    }
}
