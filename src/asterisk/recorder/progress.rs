//! How far each half of a recording has come, as Asterisk reports it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ari::Event;
use cadran_engine::model::RecordingId;
use tokio::sync::watch;

use super::super::names::{Half, Names};

/// What was reported of one half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Milestones {
    /// The snoop channel came under our control.
    entered: bool,
    /// When the first sample was written, by the clock of Asterisk.
    started_at: Option<jiff::Timestamp>,
    /// The file is closed.
    finished: bool,
}

/// The halves that are followed, from before their snoop is asked for until they are collected.
#[derive(Debug)]
pub(super) struct Progress {
    names: Names,
    halves: Mutex<HashMap<Half, watch::Sender<Milestones>>>,
}

impl Progress {
    pub(super) fn new(names: Names) -> Self {
        Self { names, halves: Mutex::default() }
    }

    /// Begins to follow a half. Must be called before the request whose consequences are waited for.
    pub(super) fn follow(&self, half: Half) {
        self.halves().entry(half).or_default();
    }

    /// Stops following the halves of a recording.
    pub(super) fn forget(&self, recording: RecordingId) {
        let mut followed = self.halves();
        for half in Half::both(recording) {
            followed.remove(&half);
        }
    }

    /// Takes note of an event. Those of halves that nobody follows are passed over.
    pub(super) fn note(&self, event: &Event) {
        match event {
            Event::StasisStart(start) => {
                self.reach(self.names.half_of_snoop(&start.channel.id), |reached| reached.entered = true);
            }
            Event::RecordingStarted(start) => {
                let at = start.timestamp;
                self.reach(self.names.half_of_recording(&start.recording.name), |reached| {
                    reached.started_at = Some(at)
                });
            }
            Event::RecordingFinished(end) => {
                self.reach(self.names.half_of_recording(&end.recording.name), |reached| {
                    reached.finished = true
                });
            }
            Event::RecordingFailed(end) => {
                self.reach(self.names.half_of_recording(&end.recording.name), |reached| {
                    reached.finished = true
                });
            }
            _ => {}
        }
    }

    /// Returns when the half's snoop is under our control; never when nobody follows the half.
    pub(super) async fn entered(&self, half: Half) {
        self.reached(half, |reached| reached.entered).await;
    }

    /// Returns when the half's file is closed; never when nobody follows the half.
    pub(super) async fn finished(&self, half: Half) {
        self.reached(half, |reached| reached.finished).await;
    }

    /// How much later than the other each half began. Nothing for both when one beginning is not known.
    pub(super) fn delays(&self, halves: [Half; 2]) -> [Duration; 2] {
        let followed = self.halves();
        let [left, right] =
            halves.map(|half| followed.get(&half).and_then(|reached| reached.borrow().started_at));
        let (Some(left), Some(right)) = (left, right) else {
            return [Duration::ZERO; 2];
        };
        [later(left, right), later(right, left)]
    }

    fn reach(&self, half: Option<Half>, change: impl FnOnce(&mut Milestones)) {
        if let Some(followed) = half.and_then(|half| self.halves().get(&half).cloned()) {
            followed.send_modify(change);
        }
    }

    async fn reached(&self, half: Half, enough: impl Fn(&Milestones) -> bool) {
        let followed = self.halves().get(&half).map(watch::Sender::subscribe);
        let reached = match followed {
            Some(mut milestones) => milestones.wait_for(enough).await.is_ok(),
            None => false,
        };
        if !reached {
            std::future::pending().await
        }
    }

    /// The map is whole even after a panic elsewhere: no change to it has two steps.
    fn halves(&self) -> MutexGuard<'_, HashMap<Half, watch::Sender<Milestones>>> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much later `this` is than `other`; zero when it is earlier.
fn later(this: jiff::Timestamp, other: jiff::Timestamp) -> Duration {
    Duration::try_from(this.duration_since(other)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::CallId;
    use uuid::Uuid;

    use super::*;

    fn halves() -> [Half; 2] {
        Half::both(RecordingId { call: CallId::from_uuid(Uuid::from_u128(7)), part: 1 })
    }

    fn recording(type_name: &str, half: Half, at: &str) -> Event {
        Event::from_json(&format!(
            r#"{{"type":"{type_name}","timestamp":"2026-11-20T13:40:{at}+0000","application":"cadran",
            "recording":{{"name":"{}","format":"wav","state":"recording","target_uri":"channel:{}"}}}}"#,
            Names::default().recording(half),
            Names::default().snoop(half)
        ))
        .unwrap()
    }

    #[test]
    fn the_later_half_is_late_by_the_difference() {
        let [left, right] = halves();
        let progress = Progress::new(Names::default());
        progress.follow(left);
        progress.follow(right);
        progress.note(&recording("RecordingStarted", left, "00.123"));
        assert_eq!(progress.delays(halves()), [Duration::ZERO; 2]);
        progress.note(&recording("RecordingStarted", right, "00.143"));
        assert_eq!(progress.delays(halves()), [Duration::ZERO, Duration::from_millis(20)]);
    }

    #[tokio::test]
    async fn the_end_is_waited_for() {
        let [left, right] = halves();
        let progress = Progress::new(Names::default());
        progress.follow(left);
        let end = async { progress.note(&recording("RecordingFinished", left, "09.000")) };
        tokio::join!(progress.finished(left), end);
        progress.note(&recording("RecordingFailed", right, "09.000"));
        assert_eq!(progress.halves().len(), 1, "nobody follows the other half");
        progress.forget(left.recording);
        assert!(progress.halves().is_empty());
    }
}
