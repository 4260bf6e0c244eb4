//! Ears of supervisors: snoop channels on the legs of a conversation.
//!
//! Two of them stand in the supervisor's room; each hears what one leg says. Two more stand in a bridge of the ear's
//! own: one hears the supervisor, the other says it to the agent, by mixing it into what Asterisk reads from the
//! customer. A supervisor whispers or does not by muting what hears them, which takes Asterisk 4 ms, and no leg carries
//! a mark of it that could outlive the ear. It is muted before it comes into the bridge: whoever only listens is never
//! heard, not even at the beginning.
//!
//! Whoever is with the customer hears a whisper, so there is none in a conference. Nothing here depends on what is
//! *written* to a leg. Debian's Asterisk takes frames for late whose sequence number is
//! less than 2^15 ahead of the last one's, whoever sent that, and a snoop does not hear a leg's other side any more once
//! its source has changed: half of the time after a conference, a consultation or music.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ari::{Bridge, Channel, Client, Direction, Event, SnoopDirection};
use cadran_engine::input::CommandFailure;
use cadran_engine::model::{EarId, RoomId};
use tokio::sync::oneshot;

use super::commands::{failure, gone, open_bridge, repeated, sent};
use super::names::{EarPart, Names};

/// How long a snoop channel may take to come under our control.
const SNOOP_ENTERS_MAX: Duration = Duration::from_secs(2);

/// An ear to be opened.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) ear: EarId,
    /// The channels of those whom it hears.
    pub(super) agent: String,
    pub(super) customer: String,
    /// The channel of the one who hears it.
    pub(super) supervisor: String,
    /// Where they are.
    pub(super) room: RoomId,
    /// Whether the agent hears them.
    pub(super) whispers: bool,
}

/// The ears of this daemon.
#[derive(Debug)]
pub(super) struct Ears {
    names: Names,
    known: Mutex<HashMap<EarId, Parts>>,
}

/// The parts of an ear that are on their way.
type Parts = HashMap<EarPart, oneshot::Sender<()>>;

impl Ears {
    pub(super) fn new(names: Names) -> Self {
        Self { names, known: Mutex::default() }
    }

    /// Takes note of a part of an ear that came under our control.
    pub(super) fn note(&self, event: &Event) {
        if let Event::StasisStart(start) = event
            && let Some((ear, part)) = self.names.part_of_ear(&start.channel.id)
            && let Some(awaited) = self.known().get_mut(&ear).and_then(|parts| parts.remove(&part))
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
        opening: &Opening,
    ) -> Result<(), CommandFailure> {
        self.known().insert(opening.ear, Parts::new());
        let outcome = self.try_open(client, app, opening).await;
        if outcome.is_err() {
            // What is left over is found by the next snapshot.
            let _ = self.close(client, opening.ear).await;
        }
        outcome
    }

    /// Removes an ear.
    pub(super) async fn close(&self, client: &Client, ear: EarId) -> Result<(), CommandFailure> {
        self.known().remove(&ear);
        let mut outcome = Ok(());
        for part in EarPart::ALL {
            outcome =
                outcome.and(gone(client, ari::channels::Hangup::new(self.names.ear_part(ear, part))).await);
        }
        outcome.and(gone(client, ari::bridges::Destroy::new(self.names.ear_bridge(ear))).await)
    }

    /// Has the agent hear, or no longer hear, what is said on the other side of an ear.
    pub(super) async fn set_whisper(
        &self,
        client: &Client,
        ear: EarId,
        whispers: bool,
    ) -> Result<(), CommandFailure> {
        let (snoop, heard) = (self.names.ear_part(ear, EarPart::Supervisor), Some(Direction::In));
        let outcome = if whispers {
            repeated(client, ari::channels::Unmute { direction: heard, ..ari::channels::Unmute::new(snoop) })
                .await
        } else {
            repeated(client, ari::channels::Mute { direction: heard, ..ari::channels::Mute::new(snoop) })
                .await
        };
        outcome.map_err(|problem| failure(&problem))
    }

    /// Removes what other daemons have left of ears; see [`whole_and_torn`].
    pub(super) async fn sweep(&self, client: &Client, torn: Vec<EarId>) {
        for ear in torn {
            // The engine closes those of this daemon.
            if !self.known().contains_key(&ear) {
                // What resists is found by the next snapshot.
                let _ = self.close(client, ear).await;
            }
        }
    }

    /// What hears the agent comes last: once it is in the room, the ear is whole.
    async fn try_open(&self, client: &Client, app: &str, opening: &Opening) -> Result<(), CommandFailure> {
        let Opening { ear, agent, customer, supervisor, room, whispers } = opening;
        let own = self.names.ear_bridge(*ear);
        tokio::try_join!(
            open_bridge(client, own.clone()),
            self.snoop(client, app, *ear, EarPart::Supervisor, supervisor),
            self.snoop(client, app, *ear, EarPart::Whisper, customer),
            self.snoop(client, app, *ear, EarPart::Customer, customer),
            self.snoop(client, app, *ear, EarPart::Agent, agent),
        )?;
        if !whispers {
            self.set_whisper(client, *ear, false).await?;
        }
        let into = [
            (own, [EarPart::Whisper, EarPart::Supervisor]),
            (self.names.bridge(*room), [EarPart::Customer, EarPart::Agent]),
        ];
        for (bridge, parts) in into {
            let parts = parts.map(|part| self.names.ear_part(*ear, part)).to_vec();
            sent(client, ari::bridges::AddChannel::new(bridge, parts)).await?;
        }
        Ok(())
    }

    /// Hangs a part of an ear on a channel and waits until it is under our control.
    async fn snoop(
        &self,
        client: &Client,
        app: &str,
        ear: EarId,
        part: EarPart,
        channel: &str,
    ) -> Result<(), CommandFailure> {
        let (enters, entered) = oneshot::channel();
        if let Some(parts) = self.known().get_mut(&ear) {
            parts.insert(part, enters);
        }
        let speaks = part == EarPart::Whisper;
        let snoop = ari::channels::SnoopWithId {
            spy: (!speaks).then_some(SnoopDirection::In),
            whisper: speaks.then_some(SnoopDirection::In),
            ..ari::channels::SnoopWithId::new(channel, self.names.ear_part(ear, part), app)
        };
        sent(client, snoop).await?;
        // Without the news that it entered, the next request says what is wrong.
        let _ = tokio::time::timeout(SNOOP_ENTERS_MAX, entered).await;
        Ok(())
    }

    /// The map is whole even after a panic elsewhere: no change to it has two steps.
    fn known(&self) -> MutexGuard<'_, HashMap<EarId, Parts>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ears that Asterisk has, of all its channels and bridges: those that are whole, and those of which something is
/// left.
pub(super) fn whole_and_torn(
    names: &Names,
    channels: &[Channel],
    bridges: &[Bridge],
) -> (Vec<EarId>, Vec<EarId>) {
    let mut seen: BTreeMap<EarId, usize> = BTreeMap::new();
    for ear in bridges.iter().filter_map(|bridge| names.ear_of_bridge(&bridge.id)) {
        seen.entry(ear).or_default();
    }
    for (ear, _) in channels.iter().filter_map(|channel| names.part_of_ear(&channel.id)) {
        *seen.entry(ear).or_default() += 1;
    }
    let (whole, torn): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|(_, parts)| *parts == EarPart::ALL.len());
    let ids = |seen: Vec<(EarId, usize)>| seen.into_iter().map(|(ear, _)| ear).collect();
    (ids(whole), ids(torn))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_ear_is_whole_with_all_its_parts() {
        let names = Names::default();
        let [whole, torn, bare] = [1, 2, 3].map(|digit| EarId::from_uuid(Uuid::from_u128(digit)));
        let channel = |part: EarPart, ear| -> Channel {
            serde_json::from_value(serde_json::json!({
                "id": names.ear_part(ear, part), "name": "Snoop/x", "state": "Up", "protocol_id": "",
                "caller": {"name": "", "number": ""}, "connected": {"name": "", "number": ""}, "accountcode": "",
                "dialplan": {"context": "", "exten": "", "priority": 1, "app_name": "Stasis", "app_data": ""},
                "creationtime": "2026-11-20T13:39:58.001+0000", "language": "en",
            }))
            .unwrap()
        };
        let bridge: Bridge = serde_json::from_value(serde_json::json!({
            "id": names.ear_bridge(bare), "technology": "simple_bridge", "bridge_type": "mixing",
            "bridge_class": "stasis", "creator": "Stasis", "name": "", "channels": [],
            "creationtime": "2026-11-20T13:39:58.001+0000", "video_mode": "none",
        }))
        .unwrap();
        let mut channels = EarPart::ALL.map(|part| channel(part, whole)).to_vec();
        channels.push(channel(EarPart::Agent, torn));
        assert_eq!(whole_and_torn(&names, &channels, &[bridge]), (vec![whole], vec![torn, bare]));
    }
}
