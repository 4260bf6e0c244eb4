//! The one ordered, bounded stream of inputs to the engine.
//!
//! Adapters put in what happened; requests from people wait here for the engine's answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cadran_engine::command::{Answer, Refusal};
use cadran_engine::input::{Input, Request, RequestId};
use tokio::sync::{mpsc, oneshot};

/// Inputs that may wait for the engine. At 200,000 a second this is less than a tenth of a second of work; an
/// adapter that finds the stream full waits, and what is behind it (a socket) notices.
pub const INPUTS_MAX: usize = 16_384;

/// How long a person waits for an answer that must be durable first.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// What the daemon's loop takes out of the inbox.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are for the engine: a box for each would save nothing"
)]
pub enum Item {
    /// For the engine.
    Input(Input),
    /// Settings changed in the store: read them, give them to the engine, provision Asterisk, then say so.
    Reload(oneshot::Sender<Result<(), String>>),
}

/// Why a request got no answer from the engine's rules.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No durable answer in time.
    #[error("no answer within {} s: the database or the engine is behind; look before you repeat it", ANSWER_DEADLINE.as_secs())]
    Late,
    /// The daemon is on its way out.
    #[error("Cadran is stopping; try again when it is back")]
    Stopping,
    /// Settings could not be applied.
    #[error("the settings could not be applied: {0}")]
    Settings(String),
}

type Waiting = Arc<Mutex<HashMap<RequestId, oneshot::Sender<Result<Answer, Refusal>>>>>;

/// The way in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbox {
    items: mpsc::Sender<Item>,
    next_request: Arc<AtomicU64>,
    waiting: Waiting,
}

impl Inbox {
    /// An empty inbox and the end that the daemon's loop reads.
    pub fn new() -> (Self, mpsc::Receiver<Item>) {
        let (items, outlet) = mpsc::channel(INPUTS_MAX);
        (Self { items, next_request: Arc::default(), waiting: Waiting::default() }, outlet)
    }

    /// Puts in what happened; waits while the stream is full. An error means that the daemon is stopping.
    pub async fn put(&self, input: Input) -> Result<(), RequestError> {
        self.items.send(Item::Input(input)).await.map_err(|_| RequestError::Stopping)
    }

    /// Asks for something and waits for the answer, which comes when all that it wrote is durable.
    pub async fn request(&self, request: Request) -> Result<Answer, RequestError> {
        let id = RequestId(self.next_request.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(id, answer);
        let outcome = match self.put(Input::Request { id, request }).await {
            Ok(()) => tokio::time::timeout(ANSWER_DEADLINE, answered).await,
            Err(stopping) => {
                self.waiting().remove(&id);
                return Err(stopping);
            }
        };
        match outcome {
            Ok(Ok(answer)) => answer.map_err(RequestError::Refused),
            Ok(Err(_closed)) => Err(RequestError::Stopping),
            Err(_elapsed) => {
                self.waiting().remove(&id);
                Err(RequestError::Late)
            }
        }
    }

    /// Hands the engine's answer to whoever waits for it.
    pub fn answer(&self, to: RequestId, answer: Result<Answer, Refusal>) {
        if let Some(waiting) = self.waiting().remove(&to) {
            // The asker may have given up; then nobody needs the answer.
            let _ = waiting.send(answer);
        }
    }

    /// Tells everybody who still waits that no answer will come: the daemon has stopped.
    pub fn close(&self) {
        self.waiting().clear();
    }

    /// Makes a change of settings effective, on the engine and on Asterisk.
    pub async fn reload(&self) -> Result<(), RequestError> {
        let (done, outcome) = oneshot::channel();
        self.items.send(Item::Reload(done)).await.map_err(|_| RequestError::Stopping)?;
        match outcome.await {
            Ok(applied) => applied.map_err(RequestError::Settings),
            Err(_closed) => Err(RequestError::Stopping),
        }
    }

    fn waiting(
        &self,
    ) -> std::sync::MutexGuard<'_, HashMap<RequestId, oneshot::Sender<Result<Answer, Refusal>>>> {
        // A panic while the map is held cannot leave it half changed: every access is one insert or remove.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_waits_hears_that_the_daemon_stops() {
        let (inbox, mut items) = Inbox::new();
        let close = async {
            assert!(matches!(items.recv().await, Some(Item::Input(Input::Request { .. }))));
            inbox.close();
        };
        let (answer, ()) = tokio::join!(inbox.request(Request::View), close);
        assert!(matches!(answer, Err(RequestError::Stopping)), "{answer:?}");
    }
}
