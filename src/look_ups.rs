//! What flows want to know of the world outside: asked of the database and of the servers of others, while the engine
//! goes on.

use cadran_engine::flow::nodes::LookupSource;
use cadran_engine::flow::run::Event;
use cadran_engine::inbound::inquiry::{Finding, Inquiry, LookUpId};
use cadran_engine::model::Timestamp;
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as NoSource;
use tokio::sync::mpsc;
use tracing::warn;

use crate::flow_requests::FlowRequests;
use crate::store::{Error, Store};

/// The way to what flows want to know. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LookUps {
    store: Store,
    holder: String,
    requests: FlowRequests,
    clock: fn() -> Timestamp,
    found: mpsc::Sender<(LookUpId, Finding)>,
}

impl LookUps {
    /// A way whose answers come out at `found`, for the daemon that drives the Asterisk server `holder`.
    pub const fn new(
        store: Store,
        holder: String,
        requests: FlowRequests,
        clock: fn() -> Timestamp,
        found: mpsc::Sender<(LookUpId, Finding)>,
    ) -> Self {
        Self { store, holder, requests, clock, found }
    }

    /// Looks for an answer, which comes within the inquiry's own time. Does not wait.
    pub fn begin(&self, id: LookUpId, inquiry: Inquiry) {
        let look_ups = self.clone();
        tokio::spawn(async move {
            let time_max = inquiry.time_max();
            let booking = match &inquiry {
                Inquiry::Booking { callback, .. } => Some(callback.clone()),
                Inquiry::Barred { .. } | Inquiry::Caller { .. } | Inquiry::Http(_) | Inquiry::Rows { .. } => {
                    None
                }
            };
            let finding = match tokio::time::timeout(time_max, look_ups.find(id, inquiry)).await {
                Ok(finding) => finding,
                Err(_elapsed) => Finding::Timeout,
            };
            let finding = match (finding, booking) {
                (Finding::Failed | Finding::Timeout, Some(callback)) => {
                    Finding::Booked { callback, is_on_record: false }
                }
                (finding, _) => finding,
            };
            // Nobody listens only when the daemon stops.
            let _ = look_ups.found.send((id, finding)).await;
        });
    }

    async fn find(&self, id: LookUpId, inquiry: Inquiry) -> Finding {
        let found = match inquiry {
            Inquiry::Http(request) => return heard(self.requests.send(&request).await),
            Inquiry::Barred { phone } => {
                self.store.is_barred(phone, (self.clock)()).await.map(Finding::Barred)
            }
            Inquiry::Booking { callback, capacity } => {
                let booked = self.store.book_callback(&callback, capacity, &self.holder).await;
                booked.map(|booked| match booked {
                    true => Finding::Booked { callback, is_on_record: true },
                    false => Finding::Full,
                })
            }
            Inquiry::Caller { phone, checks, list, repeat_window } => {
                let (list, now) = (list.as_deref(), (self.clock)());
                self.store.caller_check(phone, &checks, list, repeat_window, now).await.map(Finding::Caller)
            }
            Inquiry::Rows { source, by, key } => self.rows(&source, &by, &key).await,
        };
        found.unwrap_or_else(|error| {
            warn!(call.id = %id.call, %error, "A look-up of a flow failed");
            Finding::Failed
        })
    }

    async fn rows(&self, source: &str, by: &str, key: &str) -> Result<Finding, Error> {
        let source: Result<_, NoSource> = LookupSource::deserialize(source.into_deserializer());
        let Ok(source) = source else { return Ok(Finding::Failed) };
        let rows = self.store.contacts(&source, by, key).await?;
        Ok(rows.map_or(Finding::Failed, Finding::Rows))
    }
}

/// What a server's answer is to the engine.
fn heard(event: Event) -> Finding {
    match event {
        Event::HttpReply { status, body } => Finding::Reply { status, body },
        Event::Timeout => Finding::Timeout,
        _ => Finding::Failed,
    }
}
