//! Learns, forecasts, decides.

use serde::{Deserialize, Serialize};

use super::super::compliance::PaceGate;
use super::LAGS;
use super::budget::{Budget, Target};
use super::drift::Drift;
use super::explanation::{Explanation, HeldBy};
use super::forecast::Forecast;
use super::ring::{RingLessons, RingModel};
use super::situation::{DialEnd, Dialled, Pickup, Situation};
use super::work::{WorkLessons, WorkModel};

/// How often the tables are brought up to date, in seconds.
const REBUILD_EVERY: f64 = 1.0;
/// Part of the grace that counts on agents who become free while somebody waits already.
const GRACE_SHARE: f64 = 0.75;
/// A dial's odds count as this at the least.
const ODDS_MIN: f64 = 0.1;
/// From answer to drop, in seconds, where nothing else is said.
const GRACE: f64 = 2.0;
/// Share of the agents for whom calls may be placed in one look.
const BURST_SHARE: f64 = 0.25;

/// A risk that falls is worth waiting for: a call waits while waiting would save more than theta in so many seconds,
/// for a single agent. The more agents there are, the shorter they idle between two calls, the fewer drops a second
/// of an agent's time is worth, and the less a call waits: with this power of their number.
const PATIENCE: (f64, f64) = (60.0, -0.75);

/// What to do, and why.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Calls to place at this moment.
    pub place: usize,
    /// Why no more and no fewer.
    pub why: Explanation,
}

/// What a pacer has learnt. Some 15 kB as JSON, however long it was taught.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lessons {
    ring: RingLessons,
    work: WorkLessons,
    drift: Vec<[f32; 3]>,
    budget: [f64; 3],
}

/// The pacing of one campaign: tell it what ended, ask it how many calls to place.
#[derive(Clone, Debug)]
pub struct Pacer {
    ring: RingModel,
    work: WorkModel,
    drift: Drift,
    budget: Budget,
    forecast: Forecast,
    deviation: f64,
    age_of_tables: f64,
    grace: f64,
}

impl Pacer {
    /// Knows nothing yet, and so begins with one call per idle agent.
    pub fn new(target: Target) -> Self {
        Self {
            ring: RingModel::new(),
            work: WorkModel::new(),
            drift: Drift::new(),
            budget: Budget::new(target),
            forecast: Forecast::new(),
            deviation: 0.0,
            age_of_tables: f64::INFINITY,
            grace: GRACE,
        }
    }

    /// What was learnt, to go on from after a restart.
    pub fn lessons(&self) -> Lessons {
        Lessons {
            ring: self.ring.lessons(),
            work: self.work.lessons(),
            drift: self.drift.lessons(),
            budget: self.budget.lessons(),
        }
    }

    /// Goes on from what was learnt earlier. None, and nothing changed, where that does not fit: another version wrote
    /// it, or nobody did.
    pub fn recall(&mut self, lessons: &Lessons) -> Option<()> {
        let mut recalled = self.clone();
        recalled.ring.recall(&lessons.ring)?;
        recalled.work.recall(&lessons.work)?;
        recalled.drift.recall(&lessons.drift)?;
        recalled.budget.recall(lessons.budget)?;
        recalled.age_of_tables = f64::INFINITY;
        *self = recalled;
        Some(())
    }

    /// Begins with a little of what other campaigns have learnt, which its own cases soon outweigh: how long phones ring,
    /// talks and wrap-ups last. None, and nothing changed, where that does not fit, or there are none.
    pub fn begin_like(&mut self, others: &[Lessons]) -> Option<()> {
        let mut begun = self.clone();
        begun.ring.begin_like(&others.iter().map(|lessons| &lessons.ring).collect::<Vec<_>>())?;
        begun.work.begin_like(&others.iter().map(|lessons| &lessons.work).collect::<Vec<_>>())?;
        *self = begun;
        Some(())
    }

    /// Aims at something else from here on; what was learnt stays.
    pub fn set_target(&mut self, target: Target) {
        self.budget.set_target(target);
    }

    /// A dial of these odds ended after ringing for so long.
    pub fn dial_ended(&mut self, rang: f64, odds: f64, end: DialEnd) {
        self.ring.ended(rang, odds.max(ODDS_MIN), end);
        if matches!(end, DialEnd::Presented { .. }) {
            self.drift.answered();
        }
    }

    /// An agent found out who it was that had picked up so. Machines answer at other times than people, and who drops
    /// a machine drops nobody.
    pub fn answered_by(&mut self, pickup: Pickup, person: bool) {
        self.ring.answered_by(pickup, person);
    }

    /// Chance that whoever picked up so is a person, by what agents found of others.
    pub fn person_chance(&self, pickup: Pickup) -> f64 {
        self.ring.person_chance(pickup)
    }

    /// A conversation of this length and the wrap-up after it are over: with a person by this chance.
    pub fn conversation_ended(&mut self, person: f64, talked: f64, wrapped: f64) {
        self.work.ended(person, talked, wrapped);
    }

    /// A person who answered reached an agent in time.
    pub fn person_served(&mut self) {
        self.budget.served();
    }

    /// An agent waited so long between two calls.
    pub fn agent_waited(&mut self, waited: f64) {
        self.budget.agent_waited(waited);
    }

    /// Whoever had reached an agent was a machine.
    pub fn machine_found(&mut self) {
        self.budget.machine_found();
    }

    /// Somebody who answered was dropped: a person with this chance.
    pub fn person_dropped(&mut self, chance: f64) {
        self.budget.dropped(chance);
    }

    /// How many calls to place at this moment.
    pub fn calls_to_place(&mut self, s: &Situation<'_>) -> Decision {
        self.observe(s);
        let at_work = s.idle + s.working.len();
        let [day, month] = self.budget.rates(s.time_left);
        let (one_to_one, dials_max) = match s.law.gate(day, month) {
            PaceGate::OneToOne { .. } => (true, 0),
            PaceGate::Ratio { max } => (false, (max * at_work as f64) as usize),
        };
        let theta = self.budget.theta(s.time_left);
        self.forecast.prepare(s, &self.ring, &self.work, self.deviation);
        let agents = at_work.max(1);
        let burst = (agents as f64 * BURST_SHARE) as usize + 1;
        let is_spent = self.budget.is_spent(s.time_left);
        let is_overspent = self.budget.is_overspent(s.time_left);
        // The limit is law: past it nobody is rung for whom no agent is idle already.
        let one_to_one = one_to_one || is_overspent;
        let rivals = s.rivals.iter().map(|rival| rival.share).sum::<f64>().ceil() as usize;
        let kept_free = s.idle.saturating_sub(s.waiting + s.dialled.len() + rivals);
        let ahead = dials_max.saturating_sub(s.dialled.len());
        let most = burst.min(s.lines_free).min(if one_to_one { kept_free } else { ahead });
        let mut place = 0;
        let patience = PATIENCE.0 * (agents as f64).powf(PATIENCE.1);
        let mut price = self.forecast.price();
        while place < most && price.risk.max(price.waiting * patience) <= theta {
            place += 1;
            self.forecast.place();
            price = self.forecast.price();
        }
        let held_by = if one_to_one && place == kept_free {
            HeldBy::DropLimit
        } else if !one_to_one && place == ahead && at_work > 0 {
            HeldBy::Level
        } else if place == s.lines_free {
            HeldBy::Lines
        } else if place == burst {
            HeldBy::Burst
        } else if at_work == 0 {
            HeldBy::NoAgents
        } else if is_spent {
            HeldBy::DropLimit
        } else {
            HeldBy::Risk
        };
        Decision { place, why: self.explain(s, place, price.risk, held_by) }
    }

    /// Counts the time that dials and agents were at risk, and brings the tables up to date when it is time.
    fn observe(&mut self, s: &Situation<'_>) {
        let mut expected = 0.0;
        for dial in s.dialled {
            if let Dialled::Ringing { age, odds } = *dial {
                expected += odds * self.ring.expose(age, s.elapsed);
            }
        }
        self.drift.expect(expected);
        for working in s.working {
            self.work.expose(working.stage, s.elapsed);
        }
        self.budget.observe(s.day, s.month, s.idle + s.working.len(), s.elapsed);
        self.age_of_tables += s.elapsed;
        if self.age_of_tables >= REBUILD_EVERY {
            self.age_of_tables = 0.0;
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        let (mean, variance) = self.drift.multiplier();
        self.deviation = variance.sqrt() / mean;
        let work = &self.work;
        self.ring.rebuild(mean, |person, since| work.holds(person, since));
        let grace = self.grace * GRACE_SHARE;
        let horizons = self.ring.lags().map(|lag| lag + grace);
        self.work.rebuild(&horizons);
    }

    fn explain(&self, s: &Situation<'_>, place: usize, risk: f64, held_by: HeldBy) -> Explanation {
        let free = self.forecast.free();
        let in_flight = s.dialled.len() + place;
        let answer_rate = (self.ring.answer_chance() * s.next_odds).min(1.0);
        Explanation {
            level: in_flight as f64 / free.max(1.0),
            free,
            horizon: self.ring.lags()[LAGS / 2],
            confidence: 1.0 - risk,
            answer_rate,
            answer_rate_deviation: answer_rate * self.deviation,
            drop_rate: self.budget.drop_rate(),
            drop_limit: self.budget.limit(),
            held_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::super::compliance::{CountedFrom, PaceLaw};
    use super::super::situation::{Rival, Spent, WorkStage, Working};
    use super::*;

    /// As the shipped packs have it, but for the number of dials.
    const LAW: PaceLaw = PaceLaw {
        day_max: 0.03,
        month_max: 0.03,
        ratio_max: f64::MAX,
        counted_from: CountedFrom::Answer,
        machines_estimated: false,
        agent_within: Duration::MAX,
        ring_min: Duration::ZERO,
    };

    const QUIET: Situation<'_> = Situation {
        idle: 0,
        waiting: 0,
        dialled: &[],
        rivals: &[],
        next_odds: 1.0,
        working: &[],
        day: Spent { people: 1_000.0, dropped: 10.0 },
        month: Spent { people: 1_000.0, dropped: 10.0 },
        law: LAW,
        lines_free: 100,
        elapsed: 0.25,
        time_left: None,
    };

    /// Conversations of 60 s and wrap-ups of 5 s, all alike.
    fn used_to_short_calls() -> Pacer {
        let mut pacer = Pacer::new(Target::default());
        for _ in 0..200 {
            for tick in 0..240 {
                pacer.work.expose(WorkStage::Talking { person: 1.0, age: f64::from(tick) / 4.0 }, 0.25);
            }
            for tick in 0..20 {
                let age = f64::from(tick) / 4.0;
                pacer.work.expose(WorkStage::WrappingUp { person: 1.0, talked: 60.0, age }, 0.25);
            }
            pacer.conversation_ended(1.0, 60.0, 5.0);
        }
        pacer
    }

    /// Twenty agents who began to wrap up so long ago.
    fn wrapping_up(age: f64, leaves: bool) -> Vec<Working> {
        vec![Working { stage: WorkStage::WrappingUp { person: 1.0, talked: 60.0, age }, leaves }; 20]
    }

    #[test]
    fn without_experience_it_places_one_call_per_idle_agent() {
        let mut pacer = Pacer::new(Target::default());
        let first = pacer.calls_to_place(&Situation {
            idle: 1,
            day: Spent::default(),
            month: Spent::default(),
            ..QUIET
        });
        assert_eq!(first.place, 1);
        let ringing = [Dialled::Ringing { age: 0.25, odds: 1.0 }];
        let one =
            Situation { idle: 1, day: Spent::default(), month: Spent::default(), dialled: &ringing, ..QUIET };
        assert_eq!(pacer.calls_to_place(&one).place, 0);
    }

    #[test]
    fn agents_about_to_be_free_are_dialled_for_and_others_are_not() {
        let place =
            |working: &[Working]| used_to_short_calls().calls_to_place(&Situation { working, ..QUIET }).place;
        assert!(place(&wrapping_up(4.0, false)) > 0);
        let talking = Working { stage: WorkStage::Talking { person: 1.0, age: 1.0 }, leaves: false };
        assert_eq!(place(&[talking; 20]), 0);
    }

    #[test]
    fn a_neighbours_dials_for_the_same_agents_count() {
        let agents = wrapping_up(4.0, false);
        let alone = Situation { working: &agents, ..QUIET };
        let place = |situation: &Situation<'_>| used_to_short_calls().calls_to_place(situation).place;
        assert!(place(&alone) > 0);
        for dial in [Dialled::Ringing { age: 5.0, odds: 1.0 }, Dialled::Screening { rang: 5.0, age: 0.1 }] {
            let rivals = [Rival { dial, share: 1.0 }; 100];
            assert_eq!(place(&Situation { rivals: &rivals, ..alone }), 0, "{dial:?}");
            let strangers = [Rival { dial, share: 0.0 }; 100];
            assert_eq!(place(&Situation { rivals: &strangers, ..alone }), place(&alone), "{dial:?}");
        }
    }

    #[test]
    fn better_leads_are_dialled_more_sparingly() {
        let idle = |next_odds| Situation { idle: 12, next_odds, ..QUIET };
        let place = |next_odds| {
            let mut pacer = used_to_short_calls();
            let mut dialled = Vec::new();
            for _ in 0..20 {
                let situation = Situation { dialled: &dialled, ..idle(next_odds) };
                let count = pacer.calls_to_place(&situation).place;
                dialled.extend(vec![Dialled::Ringing { age: 0.25, odds: next_odds }; count]);
            }
            dialled.len()
        };
        let (good, ordinary) = (place(2.0), place(1.0));
        assert!(good < ordinary, "{good} of {ordinary}");
    }

    #[test]
    fn an_agent_about_to_pause_is_not_counted() {
        let working = wrapping_up(4.0, true);
        let decision = used_to_short_calls().calls_to_place(&Situation { working: &working, ..QUIET });
        assert_eq!(decision.place, 0);
    }

    #[test]
    fn a_spent_budget_keeps_to_idle_agents_and_says_so() {
        let spent = Situation { day: Spent { people: 1_000.0, dropped: 30.0 }, ..QUIET };
        let mut pacer = used_to_short_calls();
        let talking = [Working { stage: WorkStage::Talking { person: 1.0, age: 57.0 }, leaves: false }; 20];
        let decision = pacer.calls_to_place(&Situation { working: &talking, ..spent });
        assert_eq!((decision.place, decision.why.held_by), (0, HeldBy::DropLimit));
        assert_eq!(pacer.calls_to_place(&Situation { idle: 1, ..spent }).place, 1);
    }

    #[test]
    fn what_was_learnt_is_carried_over_a_restart_as_text() {
        let mut pacer = used_to_short_calls();
        pacer.dial_ended(7.5, 1.0, DialEnd::Presented { screened: None });
        let text = serde_json::to_string(&pacer.lessons()).unwrap();
        assert!(text.len() < 30_000, "{}", text.len());
        let mut restarted = Pacer::new(Target::default());
        restarted.recall(&serde_json::from_str(&text).unwrap()).unwrap();
        let soon_free = wrapping_up(4.0, false);
        let situation = Situation { working: &soon_free, ..QUIET };
        let (before, after) = (pacer.calls_to_place(&situation), restarted.calls_to_place(&situation));
        assert_eq!(before.place, after.place);
        assert!((before.why.free - after.why.free).abs() < 1e-3);
    }

    #[test]
    fn a_new_campaign_begins_with_what_its_neighbours_have_learnt() {
        let soon_free = wrapping_up(4.0, false);
        let free =
            |mut pacer: Pacer| pacer.calls_to_place(&Situation { working: &soon_free, ..QUIET }).why.free;
        let alone = Pacer::new(Target::default());
        let mut pupil = alone.clone();
        pupil.begin_like(&[used_to_short_calls().lessons(), alone.lessons()]).unwrap();
        let (alone, pupil, neighbour) = (free(alone), free(pupil), free(used_to_short_calls()));
        assert!(alone < pupil && pupil - alone > neighbour - pupil, "{alone} < {pupil} ~ {neighbour}");
        assert!(Pacer::new(Target::default()).begin_like(&[]).is_none());
    }

    #[test]
    fn lessons_that_do_not_fit_change_nothing() {
        let mut pacer = used_to_short_calls();
        let before = pacer.lessons();
        for broken in [
            Lessons { drift: Vec::new(), ..before.clone() },
            Lessons { budget: [1.0, 1.0, f64::NAN], ..before.clone() },
            Lessons { drift: vec![[-1.0, 0.0, 0.0]; 4], ..before.clone() },
        ] {
            assert!(pacer.recall(&broken).is_none());
            assert_eq!(pacer.lessons(), before);
        }
    }

    #[test]
    fn full_lines_are_named() {
        let decision =
            Pacer::new(Target::default()).calls_to_place(&Situation { idle: 5, lines_free: 0, ..QUIET });
        assert_eq!((decision.place, decision.why.held_by), (0, HeldBy::Lines));
    }

    proptest! {
        #[test]
        fn nobody_is_called_when_nobody_will_be_free(
            ages in prop::collection::vec(0.0..90.0_f64, 0..40),
            waiting in 0..5_usize,
            leaving in 0..10_usize,
        ) {
            let dialled: Vec<Dialled> = ages.into_iter().map(|age| Dialled::Ringing { age, odds: 1.0 }).collect();
            let working = &wrapping_up(4.0, true)[..leaving];
            let s = Situation { waiting, dialled: &dialled, working, ..QUIET };
            prop_assert_eq!(Pacer::new(Target::default()).calls_to_place(&s).place, 0);
        }

        #[test]
        fn lines_and_the_burst_are_never_passed(
            idle in 0..200_usize,
            busy in 0..200_usize,
            age in 0.0..2_000.0_f64,
            lines_free in 0..50_usize,
        ) {
            let working = vec![Working { stage: WorkStage::Talking { person: 1.0, age }, leaves: false }; busy];
            let s = Situation { idle, working: &working, lines_free, ..QUIET };
            let decision = used_to_short_calls().calls_to_place(&s);
            prop_assert!(decision.place <= lines_free);
            prop_assert!(decision.place <= (idle + busy) / 4 + 1);
            prop_assert!((0.0..=1.0).contains(&decision.why.confidence));
        }
    }
}
