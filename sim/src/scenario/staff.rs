//! The agents: when they come, pause and leave, how long they talk.

use cadran_engine::model::{CallId, Timestamp};

use super::dice::Dice;
use super::format::{Scenario, Spread};
use super::network::Answerer;

/// Agents log in within this time where the scenario says nothing else.
const FIRST_MINUTE: f64 = 60.0;

/// A machine that reached an agent.
const MACHINE_TALK: Spread = Spread { mean: 7.0, cv: 0.4 };
const MACHINE_WRAP_UP: Spread = Spread { mean: 4.0, cv: 0.5 };

/// What an agent is doing, as far as their time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Logged out, or on a break.
    Away,
    /// Ready, or kept free for a call.
    Idle,
    /// In conversation.
    Talking,
    /// Finishing a conversation.
    WrappingUp,
}

/// A change of an agent's presence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Coming {
    In,
    /// Back after so many seconds, or not at all.
    Out(Option<f64>),
}

/// The call that an agent has in hand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Work {
    pub(crate) call: CallId,
    /// Whom they have on the line.
    pub(crate) answerer: Answerer,
    /// How long the wrap-up will be.
    pub(crate) wrap_up: f64,
}

/// One agent.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) doing: Doing,
    pub(crate) since: Timestamp,
    /// Factor on the length of conversations.
    speed: f64,
    pub(crate) work: Option<Work>,
    /// Set while the agent is to leave after the call in hand, with when they come back.
    pub(crate) leaves: Option<Option<f64>>,
    /// Whether they have logged in today.
    pub(crate) came: bool,
    /// Logged out for the day.
    pub(crate) gone: bool,
}

/// Draws what agents do.
#[derive(Debug)]
pub(crate) struct Staff {
    scenario: Scenario,
    dice: Dice,
    talks: Dice,
}

impl Staff {
    pub(crate) fn new(scenario: &Scenario, seed: u64) -> Self {
        Self { scenario: scenario.clone(), dice: Dice::new(seed, 2), talks: Dice::new(seed, 3) }
    }

    pub(crate) fn agents(&mut self) -> Vec<Agent> {
        let spread = Spread { mean: 1.0, cv: self.scenario.agent_speed_cv };
        (0..self.scenario.agents)
            .map(|_| Agent {
                doing: Doing::Away,
                since: Timestamp::default(),
                speed: self.dice.lognormal(&spread),
                work: None,
                leaves: None,
                came: false,
                gone: false,
            })
            .collect()
    }

    /// Every coming and going of the day: when, who, what.
    pub(crate) fn roster(&mut self) -> Vec<(f64, usize, Coming)> {
        let mut roster = self.arrivals();
        roster.extend(self.departures());
        roster.extend(self.common_breaks());
        roster.extend(self.single_breaks());
        roster
    }

    fn arrivals(&mut self) -> Vec<(f64, usize, Coming)> {
        let logins = if self.scenario.logins.is_empty() {
            vec![(0.0, self.scenario.agents, FIRST_MINUTE)]
        } else {
            self.scenario.logins.clone()
        };
        let mut next = 0;
        let mut arrivals = Vec::new();
        for (at, count, jitter) in logins {
            for _ in 0..count {
                if next < self.scenario.agents as usize {
                    arrivals.push((at + self.dice.between(0.0, jitter), next, Coming::In));
                    next += 1;
                }
            }
        }
        arrivals
    }

    fn departures(&mut self) -> Vec<(f64, usize, Coming)> {
        let mut next = 0;
        let mut departures = Vec::new();
        for (at, count, jitter) in self.scenario.logouts.clone() {
            for _ in 0..count {
                if next < self.scenario.agents as usize {
                    departures.push((at + self.dice.between(0.0, jitter), next, Coming::Out(None)));
                    next += 1;
                }
            }
        }
        departures
    }

    fn common_breaks(&mut self) -> Vec<(f64, usize, Coming)> {
        let mut breaks = Vec::new();
        for pause in self.scenario.breaks.clone() {
            let mut agents: Vec<usize> = (0..self.scenario.agents as usize).collect();
            let count = (pause.frac * agents.len() as f64).round() as usize;
            for _ in 0..count.min(self.scenario.agents as usize) {
                let picked = self.dice.pick(agents.iter().map(|_| 1.0));
                let agent = agents.swap_remove(picked);
                let at = pause.t + self.dice.between(0.0, pause.jitter);
                breaks.push((at, agent, Coming::Out(Some(pause.dur))));
            }
        }
        breaks
    }

    fn single_breaks(&mut self) -> Vec<(f64, usize, Coming)> {
        let mut breaks = Vec::new();
        let Some(pauses) = self.scenario.indiv_breaks.clone().filter(|pauses| pauses.per_hour > 0.0) else {
            return breaks;
        };
        for agent in 0..self.scenario.agents as usize {
            let mut at = 0.0;
            loop {
                at += self.dice.exponential(3600.0 / pauses.per_hour);
                if at >= self.scenario.seconds() {
                    break;
                }
                let length = self.dice.exponential(pauses.mean_dur);
                breaks.push((at, agent, Coming::Out(Some(length))));
            }
        }
        breaks
    }

    /// Talk and wrap-up with a person.
    pub(crate) fn conversation(&mut self, agent: &Agent) -> (f64, f64) {
        let (talk, wrap_mean) = match self.scenario.talk_exp {
            Some(mean) => (self.talks.exponential(mean), None),
            None => {
                let kinds = &self.scenario.talk;
                let kind = &kinds[self.talks.pick(kinds.iter().map(|kind| kind.w))];
                let spread = Spread { mean: kind.mean, cv: kind.cv };
                (self.talks.lognormal(&spread), kind.wrap)
            }
        };
        let wrap = Spread { mean: wrap_mean.unwrap_or(self.scenario.wrap.mean), cv: self.scenario.wrap.cv };
        (talk * agent.speed, self.talks.lognormal(&wrap))
    }

    /// Talk and wrap-up with a machine.
    pub(crate) fn machine(&mut self) -> (f64, f64) {
        (self.talks.lognormal(&MACHINE_TALK), self.talks.lognormal(&MACHINE_WRAP_UP))
    }
}
