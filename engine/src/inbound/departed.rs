//! Legs of callers who have hung up of late: a snapshot that was asked for before may still show them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::{LegId, Timestamp};

/// No snapshot takes longer than this from its question to its answer.
const SNAPSHOT_TIME_MAX: Duration = Duration::from_secs(5 * 60);

/// The legs with the times when they went, the earliest first.
#[derive(Debug, Default)]
pub(crate) struct Departed(VecDeque<(Timestamp, LegId)>);

impl Departed {
    /// A leg has gone. What went so long ago that no snapshot can show it is forgotten.
    pub(crate) fn note(&mut self, leg: LegId, now: Timestamp) {
        self.forget_before(now - SNAPSHOT_TIME_MAX);
        self.0.push_back((now, leg));
    }

    /// Nobody will be told any more of legs that went before this moment.
    pub(crate) fn forget_before(&mut self, moment: Timestamp) {
        while self.0.front().is_some_and(|(at, _)| *at < moment) {
            self.0.pop_front();
        }
    }

    /// Whether a leg went of late.
    pub(crate) fn holds(&self, leg: LegId) -> bool {
        self.0.iter().any(|(_, gone)| *gone == leg)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_no_snapshot_can_show_takes_no_room() {
        let (mut departed, start) = (Departed::default(), Timestamp::from_millis(1_800_000_000_000));
        let leg = |number| LegId::from_uuid(Uuid::from_u128(number));
        for second in 0..10_000 {
            departed.note(leg(second.into()), start + Duration::from_secs(second));
        }
        assert!(departed.holds(leg(9_999)) && departed.holds(leg(9_700)) && !departed.holds(leg(9_600)));
        assert!(departed.0.len() <= 301, "{}", departed.0.len());
        departed.forget_before(start + Duration::from_secs(9_990));
        assert!(departed.holds(leg(9_990)) && !departed.holds(leg(9_989)));
    }
}
