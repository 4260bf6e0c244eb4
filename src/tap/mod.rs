//! A live conversation as sound for a program: two voices, each by itself, a frame every 20 ms.
//!
//! The telephone side feeds packets of RTP, the API takes frames away; they meet here by the tap's name. `rtp` reads
//! packets, `jitter` puts them in order and in time, `conceal` makes up for those that are lost, `encoding` is what
//! leaves. All but [`Taps`] is pure. Nothing waits for a listener: what is not taken away in time is lost.

mod conceal;
mod encoding;
mod jitter;
mod rtp;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cadran_engine::model::TapId;
use tokio::sync::mpsc;

pub use encoding::{Encoder, Encoding, EncodingError};
pub use jitter::{Counts, Jitter};
pub use rtp::{Packet, read};

/// Samples of a voice in a second. Twice what a telephone carries: browser phones send more.
pub const RATE: u32 = 16_000;

/// Samples of a voice in a frame: 20 ms.
pub const FRAME: usize = 320;

/// Frames that may wait for a listener: two seconds. Later ones are lost.
const WAITING_MAX: usize = 100;

/// 20 ms of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The customer's voice.
    pub customer: Vec<i16>,
    /// The agent's voice.
    pub agent: Vec<i16>,
}

impl Frame {
    /// The samples of both in turn, the customer's first.
    pub fn interleaved(&self) -> Vec<i16> {
        self.customer.iter().zip(&self.agent).flat_map(|(customer, agent)| [*customer, *agent]).collect()
    }
}

/// Where both sides of each tap meet. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Taps(Arc<Mutex<HashMap<TapId, Meeting>>>);

/// The sides that have not come yet.
#[derive(Debug)]
enum Meeting {
    /// The telephone side is there, the listener is not.
    Heard(mpsc::Receiver<Frame>),
    /// The listener is there, the telephone side is not.
    Listened(mpsc::Sender<Frame>),
}

/// The end that is fed.
#[derive(Debug)]
pub struct Feeder(mpsc::Sender<Frame>);

/// Nobody listens any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Feeder {
    /// Gives a frame away, or loses it when the listener is too slow.
    pub fn feed(&self, frame: Frame) -> Result<(), Gone> {
        match self.0.try_send(frame) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Gone),
        }
    }
}

/// The end that is listened to. The tap is over when no frame comes any more.
#[derive(Debug)]
pub struct Listener(mpsc::Receiver<Frame>);

impl Listener {
    /// The next frame; none when the tap is over.
    pub async fn next(&mut self) -> Option<Frame> {
        self.0.recv().await
    }
}

impl Taps {
    /// The end of a tap that the telephone side feeds. To be asked for once.
    pub fn feeder(&self, tap: TapId) -> Feeder {
        let mut meetings = self.meetings();
        match meetings.remove(&tap) {
            Some(Meeting::Listened(sender)) => Feeder(sender),
            Some(Meeting::Heard(_)) | None => {
                let (sender, receiver) = mpsc::channel(WAITING_MAX);
                meetings.insert(tap, Meeting::Heard(receiver));
                Feeder(sender)
            }
        }
    }

    /// The end of a tap that is listened to. To be asked for once.
    pub fn listener(&self, tap: TapId) -> Listener {
        let mut meetings = self.meetings();
        match meetings.remove(&tap) {
            Some(Meeting::Heard(receiver)) => Listener(receiver),
            Some(Meeting::Listened(_)) | None => {
                let (sender, receiver) = mpsc::channel(WAITING_MAX);
                meetings.insert(tap, Meeting::Listened(sender));
                Listener(receiver)
            }
        }
    }

    /// Nobody needs to meet by this name any more. Ends that met already stay.
    pub fn forget(&self, tap: TapId) {
        self.meetings().remove(&tap);
    }

    /// The map is whole even after a panic elsewhere: no change to it has two steps.
    fn meetings(&self) -> MutexGuard<'_, HashMap<TapId, Meeting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn frame(sample: i16) -> Frame {
        Frame { customer: vec![sample; FRAME], agent: vec![-sample; FRAME] }
    }

    #[tokio::test]
    async fn both_sides_meet_whoever_comes_first() {
        let taps = Taps::default();
        for (number, listener_first) in [(1, true), (2, false)] {
            let tap = TapId::from_uuid(Uuid::from_u128(number));
            let (feeder, mut listener) = if listener_first {
                let listener = taps.listener(tap);
                (taps.feeder(tap), listener)
            } else {
                let feeder = taps.feeder(tap);
                (feeder, taps.listener(tap))
            };
            feeder.feed(frame(1)).unwrap();
            assert_eq!(listener.next().await, Some(frame(1)));
            drop(feeder);
            assert_eq!(listener.next().await, None);
        }
        assert!(taps.meetings().is_empty());
    }

    #[tokio::test]
    async fn a_listener_that_stops_costs_a_bounded_number_of_frames() {
        let taps = Taps::default();
        let tap = TapId::from_uuid(Uuid::from_u128(3));
        let (feeder, mut listener) = (taps.feeder(tap), taps.listener(tap));
        for sample in 0..1_000 {
            feeder.feed(frame(sample)).unwrap();
        }
        drop(feeder);
        let mut kept = 0;
        while listener.next().await.is_some() {
            kept += 1;
        }
        assert_eq!(kept, WAITING_MAX);
        let feeder = taps.feeder(tap);
        taps.forget(tap);
        assert_eq!(feeder.feed(frame(0)), Err(Gone));
    }

    #[test]
    fn the_customer_is_on_the_left() {
        assert_eq!(frame(7).interleaved()[..4], [7, -7, 7, -7]);
    }
}
