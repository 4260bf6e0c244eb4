//! What Asterisk and the telephone network do with a leg.

use cadran_engine::input::{LegPurpose, SwitchEvent};
use cadran_engine::model::{CallId, LegId, RoomId, Verdict};

use super::centre;
use super::network::{Answerer, Fate, NORMAL};
use super::staff::Work;
use super::world::{Event, World};

/// Who is at the far end of a leg.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    Agent,
    Customer(Dial),
}

/// A dial, from the network's side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dial {
    call: CallId,
    fate: Fate,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ringing,
    Screening(Answerer),
    Waiting(Answerer),
    Joining(Answerer),
    Talking,
    Dropped,
}

impl World<'_> {
    /// Agents pick up at once.
    pub(crate) fn originate(&mut self, leg: LegId, purpose: LegPurpose) {
        match purpose {
            LegPurpose::Agent { agent, room, .. } => {
                self.rooms.insert(room, centre::place_of(agent));
                self.lines.insert(leg, Line::Agent);
                self.picks_up(leg);
            }
            // Nobody calls in here.
            LegPurpose::Caller { .. } | LegPurpose::Outside { .. } => {}
            LegPurpose::Customer { call, .. } => {
                let fate = self.network.fate(self.seconds());
                self.tally.dials += 1;
                self.lines.insert(leg, Line::Customer(Dial { call, fate, stage: Stage::Ringing }));
                self.switch_event(SwitchEvent::LegRinging { leg });
                self.after(fate.ring, Event::RingOver(leg));
            }
        }
    }

    pub(crate) fn ring_over(&mut self, leg: LegId) {
        let Some(Line::Customer(dial)) = self.lines.get(&leg) else { return };
        match dial.fate.end {
            Ok(answerer) => {
                self.enter(leg, Stage::Waiting(answerer));
                self.picks_up(leg);
            }
            Err(cause) => {
                self.lines.remove(&leg);
                self.switch_event(SwitchEvent::LegEnded { leg, cause });
            }
        }
    }

    /// Asterisk listens for an answering machine.
    pub(crate) fn screen(&mut self, leg: LegId) {
        if let Some(Line::Customer(Dial { stage: Stage::Waiting(answerer), .. })) = self.lines.get(&leg) {
            let answerer = *answerer;
            self.enter(leg, Stage::Screening(answerer));
            let listens = self.network.listen(answerer);
            self.after(listens, Event::Verdict(leg));
        }
    }

    pub(crate) fn verdict(&mut self, leg: LegId) {
        let Some(Line::Customer(Dial { stage: Stage::Screening(answerer), .. })) = self.lines.get(&leg)
        else {
            return;
        };
        let answerer = *answerer;
        let verdict = if self.network.passes(answerer) {
            self.enter(leg, Stage::Waiting(answerer));
            Verdict::Person
        } else {
            self.tally.amd_false += u64::from(answerer == Answerer::Person);
            Verdict::Machine
        };
        self.switch_event(SwitchEvent::LegScreened { leg, verdict, cause: "SCENARIO".to_owned() });
    }

    fn picks_up(&mut self, leg: LegId) {
        self.switch_event(SwitchEvent::LegEntered { leg });
        self.switch_event(SwitchEvent::LegUp { leg });
    }

    /// Somebody is put in a room. A customer hears the agent after the scenario's gap.
    pub(crate) fn join(&mut self, leg: LegId, room: RoomId) {
        match self.lines.get(&leg) {
            Some(Line::Customer(Dial { stage: Stage::Waiting(answerer), .. })) => {
                self.enter(leg, Stage::Joining(*answerer));
                self.after(self.scenario.gap, Event::Joined(leg, room));
            }
            Some(Line::Agent) => self.switch_event(SwitchEvent::LegJoined { leg, room }),
            Some(Line::Customer(_)) | None => {}
        }
    }

    pub(crate) fn joined(&mut self, leg: LegId, room: RoomId) {
        let Some(Line::Customer(Dial { call, stage: Stage::Joining(answerer), .. })) = self.lines.get(&leg)
        else {
            return;
        };
        let (call, answerer) = (*call, *answerer);
        let Some(agent) = self.rooms.get(&room).copied() else { return };
        let (talk, wrap_up) = match answerer {
            Answerer::Person => {
                self.tally.people.push((self.seconds(), false));
                self.staff.conversation(&self.agents[agent])
            }
            Answerer::Machine => {
                self.tally.machines += 1;
                self.staff.machine()
            }
        };
        self.agents[agent].work = Some(Work { call, answerer, wrap_up });
        self.enter(leg, Stage::Talking);
        self.switch_event(SwitchEvent::LegJoined { leg, room });
        self.after(talk, Event::TalkOver(leg));
    }

    /// Nobody is there for whoever answered.
    pub(crate) fn play(&mut self, leg: LegId) {
        self.count_drop(leg);
        self.enter(leg, Stage::Dropped);
        self.switch_event(SwitchEvent::MessageEnded { leg });
    }

    /// A leg is gone, whoever ended it.
    pub(crate) fn end(&mut self, leg: LegId) {
        self.count_drop(leg);
        if self.lines.remove(&leg).is_some() {
            self.switch_event(SwitchEvent::LegEnded { leg, cause: NORMAL });
        }
    }

    /// A person who waits is told that nobody comes, or hung up on. A machine is no drop.
    fn count_drop(&mut self, leg: LegId) {
        if let Some(Line::Customer(Dial { stage: Stage::Waiting(Answerer::Person), .. })) =
            self.lines.get(&leg)
        {
            self.tally.people.push((self.seconds(), true));
            self.tally.dropped += 1;
        }
    }

    fn enter(&mut self, leg: LegId, stage: Stage) {
        if let Some(Line::Customer(dial)) = self.lines.get_mut(&leg) {
            dial.stage = stage;
        }
    }

    /// Seconds since the day began.
    pub(crate) fn seconds(&self) -> f64 {
        self.now.since(self.start).as_secs_f64()
    }
}
