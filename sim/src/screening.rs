//! What Asterisk's dialplan does with a leg that is listened to: it says what it heard and brings the leg back.

use std::time::Duration;

use cadran_engine::input::SwitchEvent;
use cadran_engine::model::{LegId, Verdict};

use crate::callers::NORMAL;
use crate::network::{NOT_FOUND, NOT_IN_STASIS, Step, Verdict as Answer};
use crate::world::{Happening, World};

/// How long the dialplan waits between two looks for a daemon, and how often it looks.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
const LOOKS_MAX: u8 = 5;

/// What was heard of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Who answered.
    Answer(Verdict),
    /// The end of a greeting.
    Silence,
}

impl World<'_> {
    /// Asterisk begins to find out who answered: within its time, a little after it, or at once.
    pub(crate) fn screen(&mut self, leg: LegId) -> Answer {
        let verdict =
            self.chance.pick(&[(Verdict::Machine, 0.4), (Verdict::Person, 0.4), (Verdict::Unsure, 0.2)]);
        let (low, high) = self.chance.pick(&[((300, 1_100), 0.9), ((1_100, 1_300), 0.1)]);
        self.listen(leg, Heard::Answer(verdict), low, high)
    }

    /// Asterisk waits until a greeting is over.
    pub(crate) fn await_silence(&mut self, leg: LegId) -> Answer {
        self.checks.greeting_began(leg);
        let (low, high) = self.chance.pick(&[((1_500, 20_000), 0.9), ((45_000, 46_000), 0.1)]);
        self.listen(leg, Heard::Silence, low, high)
    }

    fn listen(&mut self, id: LegId, heard: Heard, low: u64, high: u64) -> Answer {
        match self.network.legs.get_mut(&id) {
            Some(leg) if leg.is_here() => {
                leg.listened_to = true;
                self.later(low, high, |_| Happening::Leg(id, Step::Heard(heard, LOOKS_MAX)));
                Ok(())
            }
            Some(_) => NOT_IN_STASIS,
            None => NOT_FOUND,
        }
    }

    /// The leg comes back to the daemon. Without one it is told that nobody is there, and ends.
    pub(crate) fn comes_back(&mut self, id: LegId, heard: Heard, looks: u8) {
        if self.link.up {
            if let Some(leg) = self.network.legs.get_mut(&id) {
                leg.listened_to = false;
            }
            let news = match heard {
                Heard::Answer(verdict) => {
                    self.checks.screened(id, verdict);
                    SwitchEvent::LegScreened { leg: id, verdict, cause: "SIMULATED".to_owned() }
                }
                Heard::Silence => SwitchEvent::GreetingOver { leg: id },
            };
            self.tell(news);
        } else if looks > 1 {
            self.after(LOOK_PAUSE, Happening::Leg(id, Step::Heard(heard, looks - 1)));
        } else {
            self.checks.message_began(id, self.now);
            self.later(3_000, 4_000, |_| Happening::Leg(id, Step::Ends(NORMAL)));
        }
    }
}
