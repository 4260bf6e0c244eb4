//! What holds all dialling: no settings, no link, no database, no trustworthy clock. No data, no dials.

use std::time::Duration;

use crate::command::{Hold, Notice};
use crate::engine::Engine;
use crate::model::Timestamp;

/// The holds that are in force. At the start nothing is known, so everything holds.
#[derive(Debug)]
pub(crate) struct Holds {
    clock_went_back: bool,
    no_settings: bool,
    store_away: bool,
    switch_away: bool,
    /// The latest wall-clock time ever seen.
    wall_latest: Timestamp,
}

/// Time servers nudge clocks; steps shorter than this are no reason to stop.
const CLOCK_STEP_MAX: Duration = Duration::from_secs(2);

impl Default for Holds {
    fn default() -> Self {
        Self {
            clock_went_back: false,
            no_settings: true,
            store_away: false,
            switch_away: true,
            wall_latest: Timestamp::default(),
        }
    }
}

impl Holds {
    /// The hold that a person should look at first.
    pub(crate) fn first(&self) -> Option<Hold> {
        self.all().next()
    }

    /// Every hold in force, the one that a person should look at first at the beginning.
    pub(crate) fn all(&self) -> impl Iterator<Item = Hold> {
        let holds = [
            (self.switch_away, Hold::SwitchAway),
            (self.store_away, Hold::StoreAway),
            (self.no_settings, Hold::NoSettings),
            (self.clock_went_back, Hold::ClockWentBack),
        ];
        holds.into_iter().filter_map(|(in_force, hold)| in_force.then_some(hold))
    }

    /// Whether the database does not answer.
    pub(crate) const fn is_store_away(&self) -> bool {
        self.store_away
    }

    /// Whether the state of Asterisk is unknown.
    pub(crate) const fn is_switch_away(&self) -> bool {
        self.switch_away
    }

    const fn flag(&mut self, hold: Hold) -> &mut bool {
        match hold {
            Hold::ClockWentBack => &mut self.clock_went_back,
            Hold::NoSettings => &mut self.no_settings,
            Hold::StoreAway => &mut self.store_away,
            Hold::SwitchAway => &mut self.switch_away,
        }
    }
}

impl Engine {
    pub(crate) fn hold(&mut self, hold: Hold) {
        self.set_hold(hold, true);
    }

    pub(crate) fn release_hold(&mut self, hold: Hold) {
        self.set_hold(hold, false);
    }

    fn set_hold(&mut self, hold: Hold, in_force: bool) {
        let before = self.holds.first();
        *self.holds.flag(hold) = in_force;
        let after = self.holds.first();
        if before == after {
            return;
        }
        self.cx.notice(Notice::Dialling { held_by: after });
        if after.is_none() {
            self.stirred.extend(self.runs.keys());
        }
    }

    /// The wall clock may have been stepped. Forwards is believed; backwards holds all dialling until it has caught
    /// up with what was seen before, because calling hours and caps could otherwise be passed twice.
    pub(crate) fn clock_was_read(&mut self, wall: Timestamp) {
        self.cx.wall = wall;
        self.holds.wall_latest = self.holds.wall_latest.max(wall);
        let went_back = wall + CLOCK_STEP_MAX < self.holds.wall_latest;
        self.set_hold(Hold::ClockWentBack, went_back);
    }
}
