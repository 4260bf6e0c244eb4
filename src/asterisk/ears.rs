//! Ears of supervisors: a snoop channel on an agent's leg, in the supervisor's room.
//!
//! The snoop hears both sides of the leg, and what is said to it can be heard by the agent alone. So a supervisor
//! whispers or does not by muting one direction of the snoop, which takes Asterisk 4 ms, and neither the supervisor's
//! leg nor the agent's carries a mark of it that could outlive the ear. The snoop is muted before it comes into the
//! room: whoever only listens is never heard, not even at the beginning.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ari::{Client, Direction, Event, SnoopDirection};
use cadran_engine::input::CommandFailure;
use cadran_engine::model::{EarId, LegId, RoomId};
use tokio::sync::oneshot;

use super::commands::{failure, gone, repeated, sent};
use super::names;

/// How long a snoop channel may take to come under our control.
const SNOOP_ENTERS_MAX: Duration = Duration::from_secs(2);

/// An ear to be opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    pub(super) ear: EarId,
    /// Whom it hears.
    pub(super) agent: LegId,
    /// Who hears it.
    pub(super) room: RoomId,
    /// Whether the agent hears the room.
    pub(super) whispers: bool,
}

/// The ears that are on their way.
#[derive(Debug, Default)]
pub(super) struct Ears {
    awaited: Mutex<HashMap<EarId, oneshot::Sender<()>>>,
}

impl Ears {
    /// Takes note of an ear that came under our control.
    pub(super) fn note(&self, event: &Event) {
        if let Event::StasisStart(start) = event
            && let Some(awaited) = names::ear(&start.channel.id).and_then(|ear| self.awaited().remove(&ear))
        {
            // Whoever waited may have given up.
            let _ = awaited.send(());
        }
    }

    /// Opens an ear, or leaves none behind.
    pub(super) async fn open(
        &self,
        client: &Client,
        app: &str,
        opening: Opening,
    ) -> Result<(), CommandFailure> {
        let outcome = self.try_open(client, app, opening).await;
        self.awaited().remove(&opening.ear);
        if outcome.is_err() {
            // What is left over is found by the next snapshot.
            let _ = close(client, opening.ear).await;
        }
        outcome
    }

    async fn try_open(&self, client: &Client, app: &str, opening: Opening) -> Result<(), CommandFailure> {
        let Opening { ear, agent, room, whispers } = opening;
        let (enters, entered) = oneshot::channel();
        self.awaited().insert(ear, enters);
        let snoop = ari::channels::SnoopWithId {
            spy: Some(SnoopDirection::Both),
            whisper: Some(SnoopDirection::Out),
            ..ari::channels::SnoopWithId::new(names::channel(agent), names::snoop(ear), app)
        };
        sent(client, snoop).await?;
        // Without the news that it entered, the next request says what is wrong.
        let _ = tokio::time::timeout(SNOOP_ENTERS_MAX, entered).await;
        if !whispers {
            set_whisper(client, ear, false).await?;
        }
        sent(client, ari::bridges::AddChannel::new(names::bridge(room), vec![names::snoop(ear)])).await
    }

    /// The map is whole even after a panic elsewhere: no change to it has two steps.
    fn awaited(&self) -> MutexGuard<'_, HashMap<EarId, oneshot::Sender<()>>> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has the agent hear, or no longer hear, what is said on the other side of an ear.
pub(super) async fn set_whisper(client: &Client, ear: EarId, whispers: bool) -> Result<(), CommandFailure> {
    let (snoop, out) = (names::snoop(ear), Some(Direction::Out));
    let outcome = if whispers {
        repeated(client, ari::channels::Unmute { direction: out, ..ari::channels::Unmute::new(snoop) }).await
    } else {
        repeated(client, ari::channels::Mute { direction: out, ..ari::channels::Mute::new(snoop) }).await
    };
    outcome.map_err(|problem| failure(&problem))
}

/// Removes an ear.
pub(super) async fn close(client: &Client, ear: EarId) -> Result<(), CommandFailure> {
    gone(client, ari::channels::Hangup::new(names::snoop(ear))).await
}
