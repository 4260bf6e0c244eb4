//! How many calls to place at this moment.

use crate::model::DialMode;

/// What the decision depends on, for one campaign at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// How the campaign decides.
    pub mode: DialMode,
    /// Agents who could take a call at once.
    pub ready: u32,
    /// Dials in flight, and answers that wait, which were not made for one agent in particular.
    pub on_their_way: u32,
    /// People who answered within the last 24 hours.
    pub answered: u32,
    /// Of these, dropped.
    pub dropped: u32,
    /// Share of drops at which dialling ahead ends.
    pub drop_limit: f64,
    /// Dials in flight, and answers that wait, of other campaigns that will take this one's agents.
    pub rivals: u32,
    /// Calls that the forecast of a predictive campaign allows ([`super::predictive`]).
    pub predicted: u32,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Place this many calls for whoever is free when somebody answers.
    Ahead(u32),
    /// Place one call for each of this many ready agents, who are kept free for it: nobody can be dropped.
    PerAgent(u32),
}

/// How many calls to place now, and for whom.
///
/// Never dials ahead once the drop rate has reached its limit: the limit is law, speed is a wish.
pub fn decide(s: &Situation) -> Decision {
    match s.mode {
        DialMode::Predictive { .. } => Decision::Ahead(s.predicted),
        DialMode::Manual | DialMode::Preview => Decision::PerAgent(0),
        DialMode::Progressive => Decision::PerAgent(s.ready.saturating_sub(s.on_their_way)),
        DialMode::Power { ratio } => {
            if budget_is_spent(s) {
                return Decision::PerAgent(s.ready.saturating_sub(s.on_their_way));
            }
            let wanted = f64::from(s.ready) * ratio.max(1.0);
            Decision::Ahead((wanted as u32).saturating_sub(s.on_their_way.saturating_add(s.rivals)))
        }
    }
}

/// Whether one more drop would pass the limit.
///
/// The first drop of a day is allowed: a share of a few calls says nothing, and a limit of 3 % would otherwise
/// forbid dialling ahead until 33 people have answered.
pub(crate) fn budget_is_spent(s: &Situation) -> bool {
    const FIRST_DROPS: u32 = 1;
    s.dropped >= FIRST_DROPS && f64::from(s.dropped + 1) > s.drop_limit * f64::from(s.answered + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Situation = Situation {
        mode: DialMode::Progressive,
        ready: 0,
        on_their_way: 0,
        answered: 1000,
        dropped: 0,
        drop_limit: 0.03,
        rivals: 0,
        predicted: 0,
    };

    #[test]
    fn each_mode_answers_the_situation() {
        let power = DialMode::Power { ratio: 2.5 };
        let predictive = DialMode::Predictive { target_drop_rate: 0.028, target_wait: None };
        let cases = [
            (QUIET, Decision::PerAgent(0)),
            (Situation { mode: predictive, ready: 3, predicted: 2, ..QUIET }, Decision::Ahead(2)),
            (Situation { ready: 3, ..QUIET }, Decision::PerAgent(3)),
            (Situation { ready: 3, on_their_way: 4, ..QUIET }, Decision::PerAgent(0)),
            (Situation { mode: DialMode::Manual, ready: 3, ..QUIET }, Decision::PerAgent(0)),
            (Situation { mode: DialMode::Preview, ready: 3, ..QUIET }, Decision::PerAgent(0)),
            (Situation { mode: power, ready: 3, ..QUIET }, Decision::Ahead(7)),
            (Situation { mode: power, ready: 3, on_their_way: 5, ..QUIET }, Decision::Ahead(2)),
            (Situation { mode: power, ready: 3, on_their_way: 3, rivals: 2, ..QUIET }, Decision::Ahead(2)),
            (Situation { mode: power, ready: 3, dropped: 29, ..QUIET }, Decision::Ahead(7)),
            (Situation { mode: power, ready: 3, dropped: 30, ..QUIET }, Decision::PerAgent(3)),
            (Situation { mode: power, ready: 3, answered: 2, dropped: 1, ..QUIET }, Decision::PerAgent(3)),
        ];
        for (situation, decision) in cases {
            assert_eq!(decide(&situation), decision, "{situation:?}");
        }
    }
}
