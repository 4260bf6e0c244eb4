//! How many sockets there are, who hears that rights changed, and the end of all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cadran_engine::model::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::tickets::Tickets;
use crate::live::Close;

/// Sockets in all: the desks and screens of two thousand people.
const SOCKETS_MAX: usize = 4_096;

/// Sockets of one user: a few tabs, and those that a lost network left behind.
const PER_USER_MAX: usize = 16;

/// Sockets that have not said who they are.
const GREETING_MAX: usize = 256;

/// Changes of rights that a socket may be behind. One that is further behind looks without being told.
const CHANGES_MAX: usize = 64;

/// What all sockets share.
#[derive(Debug)]
pub(crate) struct Sockets {
    tickets: Mutex<Tickets>,
    taken: Mutex<HashMap<UserId, usize>>,
    greeting: Arc<Semaphore>,
    rights_changed: broadcast::Sender<UserId>,
    sessions: AtomicU64,
    open: TaskTracker,
    closing: CancellationToken,
}

impl Default for Sockets {
    fn default() -> Self {
        Self {
            tickets: Mutex::default(),
            taken: Mutex::default(),
            greeting: Arc::new(Semaphore::new(GREETING_MAX)),
            rights_changed: broadcast::Sender::new(CHANGES_MAX),
            sessions: AtomicU64::new(1),
            open: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }
}

/// A user's place. It is free again when this is dropped.
pub(super) struct Seat<'a> {
    sockets: &'a Sockets,
    user: UserId,
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut taken = self.sockets.taken();
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
        metrics::gauge!("cadran_live_viewers").decrement(1);
    }
}

impl Sockets {
    /// The tickets that wait to be used.
    pub(super) fn tickets(&self) -> MutexGuard<'_, Tickets> {
        // Every change is whole by itself, so that a panic elsewhere leaves nothing half done.
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has every socket of a user look again whether it may go on. To be called when the change is durable.
    pub(crate) fn rights_changed(&self, user: UserId) {
        // Without a socket nobody needs to hear it.
        let _ = self.rights_changed.send(user);
    }

    /// Sends everybody away and waits until they have gone.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.open.close();
        self.open.wait().await;
    }

    /// Tells of changes of rights from this moment on.
    pub(crate) fn changes_of_rights(&self) -> broadcast::Receiver<UserId> {
        self.rights_changed.subscribe()
    }

    /// Returns when everybody is to go.
    pub(crate) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// A place for somebody who has not said who they are.
    pub(super) fn place_to_greet(&self) -> Result<OwnedSemaphorePermit, Close> {
        self.greeting.clone().try_acquire_owned().map_err(|_| Close::TooMuch)
    }

    /// A place for a user.
    pub(super) fn seat(&self, user: UserId) -> Result<Seat<'_>, Close> {
        let mut taken = self.taken();
        let all: usize = taken.values().sum();
        let own = taken.entry(user).or_default();
        if all >= SOCKETS_MAX || *own >= PER_USER_MAX {
            return Err(Close::TooMuch);
        }
        *own += 1;
        metrics::gauge!("cadran_live_viewers").increment(1);
        Ok(Seat { sockets: self, user })
    }

    /// Counts a socket as open until what this gives is dropped.
    pub(super) fn keep_open(&self) -> impl Drop + use<> {
        self.open.token()
    }

    /// A name for a socket, for the log.
    pub(super) fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_so_many_seats_and_gets_them_back() {
        let sockets = Sockets::default();
        let marie = UserId::from_i64(1);
        let seats: Vec<_> = (0..PER_USER_MAX).map(|_| sockets.seat(marie).ok().unwrap()).collect();
        assert_eq!(sockets.seat(marie).err(), Some(Close::TooMuch));
        assert!(sockets.seat(UserId::from_i64(2)).is_ok());
        drop(seats);
        assert!(sockets.seat(marie).is_ok());
        assert!(sockets.taken().is_empty());
    }
}
