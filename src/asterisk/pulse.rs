//! When Asterisk was heard last, for people who must know whether what they see is of this moment.
//!
//! On a quiet floor nothing happens for minutes, so Asterisk is made to speak: an event of our own that takes the way
//! of all others. A link whose pings are answered while events are lost shows as silence.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ari::Client;
use ari::events::SendUserEvent;
use cadran_engine::model::Timestamp;
use tokio::time::sleep;

use super::Clock;

/// The name of the event.
const NAME: &str = "cadran-pulse";

/// How long Asterisk may be silent before it is made to speak.
const BEAT: Duration = Duration::from_secs(1);

/// When Asterisk was heard last.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    heard_at: AtomicI64,
}

impl Pulse {
    /// Something arrived, and the engine was told.
    pub(super) fn feel(&self, at: Timestamp) {
        self.heard_at.store(at.as_millis(), Ordering::Relaxed);
    }

    /// When something arrived last; the epoch when nothing ever did.
    pub(super) fn heard_at(&self) -> Timestamp {
        Timestamp::from_millis(self.heard_at.load(Ordering::Relaxed))
    }

    /// Makes Asterisk speak whenever it is silent. Never ends.
    pub(super) async fn keep(self: Arc<Self>, client: Client, clock: Clock) {
        loop {
            sleep(BEAT).await;
            if client.is_connected() && clock.now().since(self.heard_at()) >= BEAT {
                // That it failed shows as silence.
                let _ = client.send(SendUserEvent::new(NAME, client.app())).await;
            }
        }
    }
}
