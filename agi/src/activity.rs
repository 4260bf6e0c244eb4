//! Since when a connection is idle, so that a script that hangs does not hold a call for ever.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// A command is under way: the reply's deadline watches over it.
const BUSY: u64 = u64::MAX;

/// Shared by a connection and the watch over it.
#[derive(Debug)]
pub(crate) struct Activity {
    opened: Instant,
    /// Microseconds after `opened`, or [`BUSY`]. Guards no other memory, so relaxed order is enough.
    idle_since: AtomicU64,
}

/// While it lives, the connection is not idle.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Activity>);

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Activity { opened: Instant::now(), idle_since: AtomicU64::new(0) })
    }

    pub(crate) fn busy(self: &Arc<Self>) -> Busy {
        self.idle_since.store(BUSY, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Drives a script to its end; `None` if its connection is idle for `max` before.
    ///
    /// While a command is under way the reply's deadline is timer enough, so that a short script costs no second
    /// one. A script that hands its connection to another task is watched from its own next poll on.
    pub(crate) async fn unless_idle<T>(&self, max: Duration, script: impl Future<Output = T>) -> Option<T> {
        let mut script = pin!(script);
        let mut watch = pin!(None);
        poll_fn(|cx| {
            if let Poll::Ready(done) = script.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            if self.idle_since.load(Ordering::Relaxed) == BUSY {
                watch.set(None);
            } else if watch.is_none() {
                watch.set(Some(self.idle_for(max)));
            }
            match watch.as_mut().as_pin_mut() {
                Some(watch) => watch.poll(cx).map(|()| None),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Returns once the connection has been idle for `max`.
    async fn idle_for(&self, max: Duration) {
        let mut left = max;
        while !left.is_zero() {
            sleep(left).await;
            left = max.saturating_sub(self.idle_time());
        }
    }

    fn idle_time(&self) -> Duration {
        match self.idle_since.load(Ordering::Relaxed) {
            BUSY => Duration::ZERO,
            since => self.opened.elapsed().saturating_sub(Duration::from_micros(since)),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let since = u64::try_from(self.0.opened.elapsed().as_micros()).unwrap_or(BUSY - 1);
        self.0.idle_since.store(since, Ordering::Relaxed);
    }
}
