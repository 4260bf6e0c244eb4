//! What goes wrong, and how it comes right again.

use std::time::Duration;

use cadran_engine::input::{Input, LegPurpose, StoreEvent, SwitchEvent};
use cadran_engine::model::{AgentId, CampaignId, CampaignState, DialMode, LegId, TrunkId};

use crate::callers::NORMAL;
use crate::network::Step;
use crate::plan::{FAULTS_END, Odds};
use crate::world::{Happening, World};

/// The link between the daemon and Asterisk.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Counts connections.
    pub(crate) number: u32,
    pub(crate) up: bool,
    /// The daemon knows that it is cut.
    pub(crate) noticed: bool,
}

/// Something that breaks for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Asterisk dies and starts again, empty.
    Asterisk,
    /// The wall clock is stepped by this many milliseconds.
    Clock(i64),
    /// The daemon dies and starts again.
    Daemon,
    /// The link is cut.
    Link,
    /// The daemon notices that the link is cut.
    LinkNoticed,
    /// An agent's phone goes dead.
    Phone(AgentId),
    /// A campaign is paused, or its mode changes.
    Settings(CampaignId),
    /// The database does not answer.
    Store,
    /// A trunk's far end does not answer.
    Trunk(TrunkId),
}

impl World<'_> {
    /// What may go wrong at this moment.
    pub(crate) fn odds(&self) -> Odds {
        if self.now < FAULTS_END { self.plan.odds } else { Odds::default() }
    }

    /// Once a second, each kind of fault has its chance.
    pub(crate) fn draw_faults(&mut self) {
        let agent = AgentId::from_i64(self.chance.number(1, 10).cast_signed());
        let step = self.chance.number(0, 180_000).cast_signed() - 90_000;
        let trunk = TrunkId::from_i64(self.chance.number(1, 2).cast_signed());
        let campaign = CampaignId::from_i64(self.chance.number(1, 3).cast_signed());
        let kinds = [
            (Fault::Asterisk, 0.5),
            (Fault::Clock(step), 0.3),
            (Fault::Daemon, 1.0),
            (Fault::Link, 2.0),
            (Fault::Phone(agent), 4.0),
            (Fault::Settings(campaign), 1.0),
            (Fault::Store, 1.0),
            (Fault::Trunk(trunk), 1.0),
        ];
        for (fault, weight) in kinds {
            if self.chance.happens(self.plan.odds.fault * weight) {
                self.later(0, 999, |_| Happening::Fault(fault));
            }
        }
    }

    pub(crate) fn break_something(&mut self, fault: Fault) {
        self.note(|| format!("FAULT {fault:?}"));
        match fault {
            Fault::Asterisk => {
                self.link_is_cut();
                self.restart_asterisk();
                self.later(0, 1_000, |_| Happening::Fault(Fault::LinkNoticed));
                self.later(2_000, 10_000, |_| Happening::Mended(Fault::Link));
            }
            Fault::Clock(step) => {
                self.wall_error += step;
                let wall = self.wall();
                self.feed(Input::WallClock(wall));
            }
            Fault::Daemon if self.daemon.is_alive() => {
                self.kill_daemon();
                self.later(200, 8_000, |_| Happening::Mended(fault));
            }
            Fault::Daemon => {}
            Fault::Link if self.link.up => {
                self.link_is_cut();
                self.later(0, 5_000, |_| Happening::Fault(Fault::LinkNoticed));
                self.later(5_000, 9_000, |_| Happening::Mended(fault));
            }
            Fault::Link => {}
            Fault::LinkNoticed => self.notice_cut(),
            Fault::Phone(agent) => {
                self.network.broken_phones.insert(agent);
                self.end_phone(agent);
                self.later(1_000, 40_000, |_| Happening::Mended(fault));
            }
            Fault::Settings(campaign) => {
                self.change_settings(campaign);
                self.later(1_000, 20_000, |_| Happening::Mended(fault));
            }
            Fault::Store if !self.store.away => {
                let committed = self.chance.happens(0.5);
                for event in self.store.go_away(committed) {
                    self.news(1, 1, Input::Store(event));
                }
                self.later(500, 20_000, |_| Happening::Mended(fault));
            }
            Fault::Store => {}
            Fault::Trunk(trunk) => {
                self.network.unreachable.insert(trunk);
                self.tell_surely(SwitchEvent::TrunkReachable { trunk, reachable: false });
                self.later(5_000, 40_000, |_| Happening::Mended(fault));
            }
        }
    }

    pub(crate) fn mend(&mut self, fault: Fault) {
        self.note(|| format!("MENDED {fault:?}"));
        match fault {
            Fault::Asterisk | Fault::Clock(_) | Fault::LinkNoticed => {}
            Fault::Daemon if !self.daemon.is_alive() => self.start_daemon(),
            Fault::Daemon => {}
            Fault::Link => {
                self.notice_cut();
                self.connect();
            }
            Fault::Phone(agent) => {
                self.network.broken_phones.remove(&agent);
            }
            Fault::Settings(campaign) => self.restore_settings(campaign),
            Fault::Store => self.store_comes_back(),
            Fault::Trunk(trunk) => {
                self.network.unreachable.remove(&trunk);
                self.tell_surely(SwitchEvent::TrunkReachable { trunk, reachable: true });
            }
        }
    }

    /// Cut without a word: nobody knows yet.
    pub(crate) fn link_is_cut(&mut self) {
        self.link.up = false;
        self.link.number += 1;
        self.link.noticed = false;
        self.checks.disturbed(self.now);
    }

    fn notice_cut(&mut self) {
        if !self.link.up && !self.link.noticed {
            self.link.noticed = true;
            self.feed(Input::Switch(SwitchEvent::LinkDown));
        }
    }

    /// The daemon connects, says which trunks answer, and looks what is there.
    pub(crate) fn connect(&mut self) {
        if self.link.up || !self.daemon.is_alive() {
            return;
        }
        self.link.up = true;
        self.link.number += 1;
        self.checks.disturbed(self.now);
        for trunk in 1..=2 {
            let trunk = TrunkId::from_i64(trunk);
            let reachable = !self.network.unreachable.contains(&trunk);
            self.feed(Input::Switch(SwitchEvent::TrunkReachable { trunk, reachable }));
        }
        self.ask_for_look();
    }

    fn store_comes_back(&mut self) {
        if self.store.away {
            self.store.away = false;
            self.commit();
            self.news(2, 3, Input::Store(StoreEvent::Back));
        }
    }

    fn end_phone(&mut self, agent: AgentId) {
        let of_agent = |purpose: &LegPurpose| matches!(purpose, LegPurpose::Agent { agent: whose, .. } if *whose == agent);
        let legs: Vec<LegId> =
            self.network.legs.iter().filter(|(_, leg)| of_agent(&leg.purpose)).map(|(leg, _)| *leg).collect();
        for leg in legs {
            self.later(0, 20, |_| Happening::Leg(leg, Step::Ends(NORMAL)));
        }
    }

    /// A manager pauses the campaign, or changes how it dials.
    fn change_settings(&mut self, campaign: CampaignId) {
        let paused = self.chance.happens(0.5);
        for found in self.plan.settings.campaigns.iter_mut().filter(|found| found.id == campaign) {
            if paused {
                found.state = CampaignState::Paused;
            } else if found.settings.mode == DialMode::Progressive {
                found.settings.mode = DialMode::Power { ratio: 1.5 };
            } else if found.settings.mode != DialMode::Preview {
                found.settings.mode = DialMode::Progressive;
            }
        }
        self.feed(Input::Settings(Box::new(self.plan.settings.clone())));
    }

    fn restore_settings(&mut self, campaign: CampaignId) {
        for found in self.plan.settings.campaigns.iter_mut().filter(|found| found.id == campaign) {
            found.state = CampaignState::Running;
        }
        self.feed(Input::Settings(Box::new(self.plan.settings.clone())));
    }

    /// Asterisk reports an event. On the way it may be lost, come late or come twice.
    pub(crate) fn tell(&mut self, event: SwitchEvent) {
        if !self.link.up {
            return;
        }
        let odds = self.odds();
        if self.chance.happens(odds.event_lost) {
            self.note(|| format!("LOST {event:?}"));
            return self.checks.disturbed(self.now);
        }
        if self.chance.happens(odds.event_doubled) {
            self.deliver(event.clone(), self.link.number, Duration::from_millis(900));
        }
        let late = if self.chance.happens(odds.event_late) {
            self.checks.disturbed(self.now + Duration::from_secs(3));
            self.chance.millis(100, 3_000)
        } else {
            Duration::ZERO
        };
        self.deliver(event, self.link.number, late);
    }

    /// News that no single fault loses: it is asked for again until it comes.
    pub(crate) fn tell_surely(&mut self, event: SwitchEvent) {
        if self.link.up {
            self.deliver(event, self.link.number, Duration::ZERO);
        }
    }

    fn deliver(&mut self, event: SwitchEvent, link: u32, late: Duration) {
        // A stream keeps its order: what is not late travels for the same time.
        const TRAVEL: Duration = Duration::from_millis(3);
        self.after(TRAVEL + late, Happening::Event { link, event });
    }
}
