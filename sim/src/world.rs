//! Virtual time: what happens next, and to whom.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::command::SwitchCommand;
use cadran_engine::input::{Input, Request, Snapshot, SwitchEvent};
use cadran_engine::model::{CampaignId, Lead, LegId, Phone, RecordingId, RoomId, SessionId, Timestamp};
use cadran_engine::view::LiveView;

use crate::chance::Chance;
use crate::checks::Checks;
use crate::daemon::Daemon;
use crate::faults::{Fault, Link};
use crate::network::{Network, Step};
use crate::plan::{self, Plan};
use crate::report::Report;
use crate::store::Store;
use crate::watcher::Watcher;

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Happening {
    /// News reaches the daemon of this life.
    News { life: u32, input: Box<Input> },
    /// An event of Asterisk reaches the daemon, if the link has not broken since.
    Event { link: u32, event: SwitchEvent },
    /// Leads reach the daemon of this life, if the database has been there all the while.
    Leads {
        life: u32,
        departures: u32,
        campaign: CampaignId,
        leads: Vec<Lead>,
        next_due_at: Option<Timestamp>,
    },
    /// A command of the daemon of this life reaches Asterisk.
    Order { number: u64, command: SwitchCommand },
    /// What Asterisk holds is looked at.
    Look { link: u32, asked_at: Timestamp },
    /// What was found reaches the daemon.
    Looked { link: u32, snapshot: Box<Snapshot> },
    /// A leg does something by itself.
    Leg(LegId, Step),
    /// A finished recording is read back.
    ReadBack(RecordingId),
    /// The database takes what waits.
    Commit,
    /// A timer of the engine is due.
    Tick,
    /// A second has passed.
    Second,
    /// Somebody asks something of the engine.
    Asks(Request),
    /// Something breaks.
    Fault(Fault),
    /// Something works again.
    Mended(Fault),
}

/// A call centre, the people it calls, and everything that can go wrong.
pub(crate) struct World<'a> {
    /// True time. Clocks of the daemon are derived from it and may be wrong.
    pub(crate) now: Timestamp,
    pub(crate) chance: Chance,
    pub(crate) plan: Plan,
    pub(crate) daemon: Daemon,
    pub(crate) link: Link,
    pub(crate) network: Network,
    pub(crate) store: Store,
    pub(crate) checks: Checks,
    /// How far the wall clock is ahead of true time, in milliseconds.
    pub(crate) wall_error: i64,
    pub(crate) trace: Option<Vec<String>>,
    pub(crate) last_view: LiveView,
    /// Numbers of callers who show them.
    pub(crate) callers_numbers: BTreeMap<LegId, Phone>,
    pub(crate) watcher: Option<&'a mut dyn Watcher>,
    /// Which session a room was opened for, by the legs that were to join it.
    pub(crate) rooms_of_sessions: BTreeMap<RoomId, SessionId>,
    agenda: BTreeMap<(Timestamp, u64), Happening>,
    planned: u64,
}

/// `at`, as seen by a clock that is `error` milliseconds ahead.
pub(crate) const fn on_clock(at: Timestamp, error: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis() + error)
}

impl<'a> World<'a> {
    fn new(seed: u64, trace: bool, watcher: Option<&'a mut dyn Watcher>) -> Self {
        let mut chance = Chance::new(seed);
        let plan = Plan::draw(&mut chance);
        Self {
            now: plan::START,
            store: Store::new(&plan.leads, plan::START),
            checks: Checks::new(&plan),
            chance,
            plan,
            daemon: Daemon::default(),
            link: Link::default(),
            network: Network::default(),
            wall_error: 0,
            trace: trace.then(Vec::new),
            last_view: LiveView::default(),
            callers_numbers: BTreeMap::new(),
            watcher,
            rooms_of_sessions: BTreeMap::new(),
            agenda: BTreeMap::new(),
            planned: 0,
        }
    }

    pub(crate) fn wall(&self) -> Timestamp {
        on_clock(self.now, self.wall_error)
    }

    pub(crate) fn after(&mut self, span: Duration, happening: Happening) {
        self.at(self.now + span, happening);
    }

    pub(crate) fn at(&mut self, at: Timestamp, happening: Happening) {
        self.agenda.insert((at, self.planned), happening);
        self.planned += 1;
    }

    /// Plans something for some time between `low` and `high` milliseconds from this moment.
    pub(crate) fn later(&mut self, low: u64, high: u64, happening: impl FnOnce(&mut Self) -> Happening) {
        let span = self.chance.millis(low, high);
        let happening = happening(self);
        self.after(span, happening);
    }

    pub(crate) fn note(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let seconds = self.now.since(plan::START).as_secs_f64();
            trace.push(format!("{seconds:9.3} {}", what()));
        }
    }

    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::News { life, input } if life == self.daemon.life() => self.feed(*input),
            Happening::News { .. } => {}
            Happening::Event { link, event } if link == self.link.number => self.feed(Input::Switch(event)),
            Happening::Event { .. } => {}
            Happening::Leads { life, departures, campaign, leads, next_due_at } => {
                self.leads_arrive(life, departures, campaign, leads, next_due_at);
            }
            Happening::Order { number, command } => self.order_arrives(number, command),
            Happening::Look { link, asked_at } => self.look(link, asked_at),
            Happening::Looked { link, snapshot } if link == self.link.number => {
                let unmarked = snapshot.unmarked.clone();
                self.feed(Input::Switch(SwitchEvent::Snapshot(*snapshot)));
                for leg in unmarked {
                    self.arrives(leg);
                }
            }
            Happening::Looked { .. } => {}
            Happening::Leg(leg, step) => self.leg_steps(leg, step),
            Happening::ReadBack(recording) => self.read_back(recording),
            Happening::Commit => self.commit(),
            Happening::Tick => self.tick(),
            Happening::Second => self.second(),
            Happening::Asks(request) => self.ask(request),
            Happening::Fault(fault) => self.break_something(fault),
            Happening::Mended(fault) => self.mend(fault),
        }
    }

    /// Once a second: the clock is read, people act, faults are drawn, everything is looked over.
    fn second(&mut self) {
        let seconds = self.now.since(plan::START).as_secs();
        let wall = self.wall();
        self.feed(Input::WallClock(wall));
        if self.now < plan::FAULTS_END {
            self.draw_faults();
        }
        if seconds.is_multiple_of(10) {
            self.ask_for_look();
        }
        self.people_call();
        self.ask(Request::View);
        self.after(Duration::from_secs(1), Happening::Second);
    }

    fn is_broken(&self) -> bool {
        !self.checks.violations.is_empty()
    }

    fn run(&mut self) {
        self.start_daemon();
        self.after(Duration::from_secs(1), Happening::Second);
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            if at > plan::DAY_END || self.is_broken() {
                break;
            }
            self.now = at;
            self.happens(happening);
        }
        if !self.is_broken() {
            self.check_closing();
        }
    }
}

/// Plays one seed.
pub fn run(seed: u64, trace: bool) -> Report {
    play(seed, World::new(seed, trace, None))
}

/// Plays one seed before somebody's eyes.
pub fn run_watched(seed: u64, watcher: &mut dyn Watcher) -> Report {
    play(seed, World::new(seed, false, Some(watcher)))
}

fn play(seed: u64, mut world: World<'_>) -> Report {
    world.run();
    Report {
        seed,
        ended_after: world.now.since(plan::START),
        tally: world.checks.tally,
        violations: world.checks.violations,
        trace: world.trace.unwrap_or_default(),
    }
}
