//! The limit is law: whatever the network does, drops never pass it by more than one and the calls that were ringing
//! then.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use cadran_engine::dialer::compliance::{CountedFrom, PaceLaw};
use cadran_engine::dialer::predictive::{
    DialEnd, Dialled, HeldBy, Pacer, Situation, Spent, Target, WorkStage, Working,
};
use proptest::prelude::*;

const LIMIT: f64 = 0.03;
/// Drops past the limit at which not even the smallest risk is taken.
const OVERSPENT: f64 = 1.0;
const LOOK: f64 = 0.25;
const LAW: PaceLaw = PaceLaw {
    day_max: LIMIT,
    month_max: LIMIT,
    ratio_max: f64::MAX,
    counted_from: CountedFrom::Answer,
    machines_estimated: false,
    agent_within: Duration::MAX,
    ring_min: Duration::ZERO,
};

/// A centre in the hands of an adversary, who decides for every ringing dial at every look whether it is answered, and
/// for every conversation whether it ends.
struct Centre {
    pacer: Pacer,
    law: PaceLaw,
    agents: usize,
    ringing: Vec<f64>,
    talking: Vec<f64>,
    answered: u32,
    dropped: u32,
    /// Dials in flight when a risk was allowed last.
    in_flight: usize,
}

impl Centre {
    fn new(agents: usize) -> Self {
        Self {
            pacer: Pacer::new(Target::below(LIMIT)),
            law: LAW,
            agents,
            ringing: Vec::new(),
            talking: Vec::new(),
            answered: 0,
            dropped: 0,
            in_flight: 0,
        }
    }

    fn spent(&self) -> Spent {
        Spent { people: f64::from(self.answered), dropped: f64::from(self.dropped) }
    }

    fn idle(&self) -> usize {
        self.agents - self.talking.len()
    }

    /// A quarter of a second: `whim` says how many dials are answered at once and how many conversations end.
    fn look(&mut self, answers: usize, endings: usize) {
        for age in self.ringing.iter_mut().chain(&mut self.talking) {
            *age += LOOK;
        }
        for _ in 0..endings.min(self.talking.len()) {
            let talked = self.talking.remove(0);
            self.pacer.conversation_ended(1.0, talked, 0.0);
        }
        for _ in 0..answers.min(self.ringing.len()) {
            let rang = self.ringing.remove(0);
            self.pacer.dial_ended(rang, 1.0, DialEnd::Presented { screened: None });
            self.answered += 1;
            if self.idle() > 0 {
                self.talking.push(0.0);
                self.pacer.person_served();
            } else {
                self.dropped += 1;
                self.pacer.person_dropped(1.0);
            }
        }
        while self.ringing.first().is_some_and(|age| *age > 30.0) {
            let rang = self.ringing.remove(0);
            self.pacer.dial_ended(rang, 1.0, DialEnd::Unanswered);
        }
        self.place();
    }

    fn place(&mut self) {
        let dialled: Vec<Dialled> =
            self.ringing.iter().map(|age| Dialled::Ringing { age: *age, odds: 1.0 }).collect();
        let working: Vec<Working> = self
            .talking
            .iter()
            .map(|age| Working { stage: WorkStage::Talking { person: 1.0, age: *age }, leaves: false })
            .collect();
        let decision = self.pacer.calls_to_place(&Situation {
            idle: self.idle(),
            waiting: 0,
            dialled: &dialled,
            rivals: &[],
            next_odds: 1.0,
            working: &working,
            day: self.spent(),
            month: self.spent(),
            law: self.law,
            lines_free: 1_000,
            elapsed: LOOK,
            time_left: None,
        });
        self.ringing.extend(vec![0.0; decision.place]);
        let may_risk = f64::from(self.dropped) - OVERSPENT <= LIMIT * f64::from(self.answered + 1);
        if may_risk {
            self.in_flight = self.ringing.len();
        } else if decision.place > 0 {
            assert!(
                self.ringing.len() <= self.idle(),
                "it dials ahead on a spent budget: {:?}",
                decision.why
            );
        } else if self.idle() == 0 {
            assert_eq!(decision.why.held_by, HeldBy::DropLimit);
        }
    }

    /// What may have been dropped at the most: the share of those who answered, and whoever was rung then.
    fn drops_max(&self) -> f64 {
        LIMIT * f64::from(self.answered + 1) + OVERSPENT + self.in_flight as f64
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_sequence_of_answers_passes_the_limit_by_more_than_what_was_ringing(
        agents in 1..25_usize,
        whims in prop::collection::vec((0..6_usize, 0..4_usize), 200..1_500),
    ) {
        let mut centre = Centre::new(agents);
        for (answers, endings) in whims {
            centre.look(answers, endings);
            let (dropped, most) = (f64::from(centre.dropped), centre.drops_max());
            prop_assert!(dropped <= most, "{dropped} dropped of {}, at most {most}", centre.answered);
        }
    }

    /// Everybody answers at once exactly when nobody is free: the worst that can happen, again and again.
    #[test]
    fn an_adversary_who_waits_for_the_worst_moment_gains_nothing_more(
        agents in 1..25_usize,
        patience in 1..40_usize,
    ) {
        let mut centre = Centre::new(agents);
        for look in 0..2_000 {
            let ambush = look % patience == 0 && centre.idle() == 0;
            let answers = if ambush { centre.ringing.len() } else { usize::from(centre.idle() > 0) };
            centre.look(answers, usize::from(look % 7 == 0));
            let (dropped, most) = (f64::from(centre.dropped), centre.drops_max());
            prop_assert!(dropped <= most, "{dropped} dropped of {}, at most {most}", centre.answered);
        }
    }
}

/// Few answer, so that the forecast bears many dials.
#[test]
fn a_level_holds_however_much_the_forecast_bears() {
    let most = |agents: usize, level| {
        let mut centre = Centre::new(agents);
        centre.law.ratio_max = level;
        let in_flight = (0..800).map(|look| {
            centre.look(usize::from(look % 40 == 0), usize::from(look % 20 == 0));
            centre.ringing.len()
        });
        in_flight.max().unwrap()
    };
    for agents in [5, 12] {
        for level in [1.0, 1.7, 2.5] {
            assert_eq!(
                most(agents, level),
                (level * agents as f64) as usize,
                "{agents} agents, level {level}"
            );
        }
        assert!(most(agents, f64::MAX) > 3 * agents);
    }
}
