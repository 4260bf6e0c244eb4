//! The pretend telephone network: what becomes of a dial.

use cadran_engine::model::HangupCause;

use super::dice::Dice;
use super::format::{Amd, Scenario, Spread};

/// Who picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answerer {
    Machine,
    Person,
}

/// A dial's outcome, drawn when it is placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// Seconds until the ring is over.
    pub(crate) ring: f64,
    /// Who answers then, or why nobody does.
    pub(crate) end: Result<Answerer, HangupCause>,
}

/// Somebody hung up.
pub(crate) const NORMAL: HangupCause = HangupCause { q850: 16, sip: None };
const BUSY: HangupCause = HangupCause { q850: 17, sip: Some(486) };
const CONGESTION: HangupCause = HangupCause { q850: 34, sip: Some(503) };
/// Nobody answered.
const NO_ANSWER: HangupCause = HangupCause { q850: 19, sip: Some(480) };

/// The pretend telephone network.
#[derive(Debug)]
pub(crate) struct Network<'a> {
    scenario: &'a Scenario,
    dice: Dice,
}

impl<'a> Network<'a> {
    pub(crate) fn new(scenario: &'a Scenario, seed: u64) -> Self {
        Self { scenario, dice: Dice::new(seed, 1) }
    }

    /// What becomes of a dial placed at this time.
    pub(crate) fn fate(&mut self, at: f64) -> Fate {
        let ring = &self.scenario.ring;
        let [person, machine, busy, congestion] = self.scenario.chances(at);
        let kind = self.dice.share();
        let (natural, end) = if kind < person {
            let spread = Spread { mean: ring.mean, cv: ring.cv.max(0.0) };
            (ring.off + self.dice.lognormal(&spread), Ok(Answerer::Person))
        } else if kind < person + machine {
            let rings = if self.dice.chance(ring.mach_fast) {
                self.dice.between(2.0, 6.0)
            } else {
                self.dice.normal(ring.mach_mean, ring.mach_sd).max(1.5)
            };
            (rings, Ok(Answerer::Machine))
        } else if kind < person + machine + busy {
            (self.dice.between(1.5, 5.5), Err(BUSY))
        } else if kind < person + machine + busy + congestion {
            (self.dice.between(0.3, 1.5), Err(CONGESTION))
        } else {
            (ring.timeout, Err(NO_ANSWER))
        };
        if ring.cv < 0.0 {
            let ring = self.dice.exponential(ring.mean);
            return Fate { ring, end };
        }
        if natural < ring.timeout {
            Fate { ring: natural, end }
        } else {
            Fate { ring: ring.timeout, end: Err(NO_ANSWER) }
        }
    }

    /// How long answering machine detection listens.
    pub(crate) fn listen(&mut self, answerer: Answerer) -> f64 {
        match answerer {
            Answerer::Person => self.dice.between(0.4, 1.6) + Amd::DECISION,
            Answerer::Machine => self.dice.between(2.2, Amd::LISTENS_MAX),
        }
    }

    /// Whether its verdict is "a person".
    pub(crate) fn passes(&mut self, answerer: Answerer) -> bool {
        match answerer {
            Answerer::Person => !self.dice.chance(self.scenario.amd.fp),
            Answerer::Machine => self.dice.chance(self.scenario.amd.missed),
        }
    }
}
