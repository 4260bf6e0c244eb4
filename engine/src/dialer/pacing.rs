//! How many calls to place at this moment.

use super::compliance::PaceGate;
use super::drop_ledger::DropCounts;
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
    /// People who answered within the last 24 hours and the last 30 days, each with the share of drops at which
    /// dialling ahead ends.
    pub windows: [(DropCounts, f64); 2],
    /// How far the rule packs let it dial ahead.
    pub gate: PaceGate,
    /// What other campaigns dial for this one's ready agents.
    pub rivals: Rivals,
    /// Calls that the forecast of a predictive campaign allows ([`super::predictive`]).
    pub predicted: u32,
}

/// Dials of other campaigns that may take a campaign's ready agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rivals {
    /// How many are likely to, if they are answered.
    pub dials: u32,
    /// The ready agents who work for another campaign too: nobody else can be taken.
    pub shared: u32,
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
            let one_to_one = Decision::PerAgent(s.ready.saturating_sub(s.on_their_way));
            let PaceGate::Ratio { max } = s.gate else { return one_to_one };
            if spent_window(s).is_some() {
                return one_to_one;
            }
            let ratio = ratio.min(max).max(1.0);
            let wanted = |agents: u32| (f64::from(agents) * ratio) as u32;
            let rivals = s.rivals.dials.min(wanted(s.rivals.shared));
            Decision::Ahead(wanted(s.ready).saturating_sub(s.on_their_way.saturating_add(rivals)))
        }
    }
}

/// The window in which one more drop would pass the limit, and that limit.
///
/// The first drop of a window is allowed: a share of a few calls says nothing, and a limit of 3 % would otherwise
/// forbid dialling ahead until 33 people have answered.
pub(crate) fn spent_window(s: &Situation) -> Option<(DropCounts, f64)> {
    let is_spent = |(counts, limit): &(DropCounts, f64)| {
        counts.unserved > 0 && counts.dropped() + 1.0 > limit * (counts.people() + 1.0)
    };
    s.windows.into_iter().find(is_spent)
}

#[cfg(test)]
mod tests {
    use super::super::compliance::PaceReason;
    use super::*;

    const fn of(answered: u32, dropped: u32) -> DropCounts {
        DropCounts { served: answered - dropped, unserved: dropped, persons: dropped as f64, doubt: 0.0 }
    }

    const QUIET: Situation = Situation {
        mode: DialMode::Progressive,
        ready: 0,
        on_their_way: 0,
        windows: [(of(1_000, 0), 0.03); 2],
        gate: PaceGate::Ratio { max: 4.0 },
        rivals: Rivals { dials: 0, shared: 0 },
        predicted: 0,
    };

    #[test]
    fn each_mode_answers_the_situation() {
        let power = DialMode::Power { ratio: 2.5 };
        let predictive = DialMode::Predictive { target_drop_rate: 0.028, target_wait: None, level_max: None };
        let dropped = |day, month| Situation {
            mode: power,
            ready: 3,
            windows: [(of(1_000, day), 0.03), (of(1_000, month), 0.03)],
            ..QUIET
        };
        let no_data = PaceGate::OneToOne { reason: PaceReason::NoData };
        let cases = [
            (QUIET, Decision::PerAgent(0)),
            (Situation { mode: predictive, ready: 3, predicted: 2, ..QUIET }, Decision::Ahead(2)),
            (Situation { ready: 3, ..QUIET }, Decision::PerAgent(3)),
            (Situation { ready: 3, on_their_way: 4, ..QUIET }, Decision::PerAgent(0)),
            (Situation { mode: DialMode::Manual, ready: 3, ..QUIET }, Decision::PerAgent(0)),
            (Situation { mode: DialMode::Preview, ready: 3, ..QUIET }, Decision::PerAgent(0)),
            (Situation { mode: power, ready: 3, ..QUIET }, Decision::Ahead(7)),
            (Situation { mode: power, ready: 3, on_their_way: 5, ..QUIET }, Decision::Ahead(2)),
            (
                Situation { on_their_way: 3, rivals: Rivals { dials: 2, shared: 3 }, ..dropped(0, 0) },
                Decision::Ahead(2),
            ),
            (Situation { rivals: Rivals { dials: 9, shared: 1 }, ..dropped(0, 0) }, Decision::Ahead(5)),
            (Situation { rivals: Rivals { dials: 9, shared: 0 }, ..dropped(0, 0) }, Decision::Ahead(7)),
            (dropped(29, 0), Decision::Ahead(7)),
            (dropped(30, 0), Decision::PerAgent(3)),
            (dropped(0, 30), Decision::PerAgent(3)),
            (Situation { windows: [(of(2, 1), 0.03); 2], ..dropped(0, 0) }, Decision::PerAgent(3)),
            (Situation { mode: DialMode::Power { ratio: 9.0 }, ..dropped(0, 0) }, Decision::Ahead(12)),
            (Situation { gate: no_data, ..dropped(0, 0) }, Decision::PerAgent(3)),
        ];
        for (situation, decision) in cases {
            assert_eq!(decide(&situation), decision, "{situation:?}");
        }
    }
}
