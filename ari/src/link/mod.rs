//! The event WebSocket: connected, watched, and connected again.
//!
//! One task per client. It owns the socket, queues what it hears, and decides nothing else:
//! connect -> set up -> `Connected` -> events -> `Gap` -> back off -> connect ...

mod backoff;
mod reader;
mod session;
mod setup;
mod socket;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep};
use tracing::warn;

pub(crate) use socket::Dialler;

use crate::config::{EventFilter, Limits};
use crate::delivery::{ConsumerGone, Delivery, Gap, Outlet};
use crate::wire::{Outgoing, Pending, Wire};
use backoff::Backoff;

/// What every new connection is set up with.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) event_filter: Option<EventFilter>,
    pub(crate) subscriptions: Vec<String>,
}

/// The setup, which the client changes while the link reads it.
pub(crate) type SharedSetup = Arc<Mutex<Setup>>;

/// Looks at the setup. It is whole even after a panic elsewhere: no change to it has two steps.
pub(crate) fn with_setup<T>(setup: &SharedSetup, look: impl FnOnce(&mut Setup) -> T) -> T {
    look(&mut setup.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Where the link stands.
#[derive(Debug, Clone)]
pub(crate) enum State {
    /// Being connected. Says why the last attempt failed.
    Down { problem: Option<String> },
    /// In order; with the way to the writer if Asterisk takes requests over the WebSocket.
    Up { socket: Option<mpsc::Sender<Outgoing>> },
    /// Another client took over.
    Replaced,
    /// The consumer is gone.
    Stopped,
}

/// How a session ended.
enum Ended {
    /// It was never in order.
    Failed(String),
    /// It was in order, and broke.
    Lost(Gap),
    /// Another client took over.
    Replaced,
}

/// The task behind a client.
pub(crate) struct Link {
    pub(crate) app: String,
    pub(crate) limits: Limits,
    pub(crate) dialler: Dialler,
    pub(crate) setup: SharedSetup,
    pub(crate) wire: Wire,
    pub(crate) pending: Arc<Pending>,
    pub(crate) state: watch::Sender<State>,
    pub(crate) outlet: Outlet,
    /// Rung when the client wants the link connected anew.
    pub(crate) again: Arc<Notify>,
    pub(crate) was_connected: bool,
}

impl Link {
    /// Runs until another client takes over or the consumer is gone.
    pub(crate) async fn run(mut self) {
        let consumer_gone = self.outlet.consumer_gone();
        let state = self.state.clone();
        let last = tokio::select! {
            () = consumer_gone => State::Stopped,
            last = self.sessions() => last,
        };
        self.pending.cut();
        state.send_replace(last);
    }

    async fn sessions(&mut self) -> State {
        let mut backoff = Backoff::new(&self.limits);
        loop {
            let begun = Instant::now();
            let delivered = match self.session().await {
                Ended::Failed(problem) => {
                    warn!(app = %self.app, "Cannot connect to Asterisk: {problem}");
                    self.state.send_replace(State::Down { problem: Some(problem) });
                    Ok(())
                }
                Ended::Lost(gap) => {
                    warn!(app = %self.app, "Lost Asterisk: {gap}");
                    if begun.elapsed() >= self.limits.backoff_max {
                        backoff.reset();
                    }
                    self.outlet.ended(Delivery::Gap(gap)).await
                }
                Ended::Replaced => {
                    warn!(app = %self.app, "Another client took over the application");
                    self.state.send_replace(State::Replaced);
                    let _ = self.outlet.ended(Delivery::Replaced).await;
                    return State::Replaced;
                }
            };
            if let Err(ConsumerGone) = delivered {
                return State::Stopped;
            }
            sleep(backoff.pause()).await;
        }
    }
}
