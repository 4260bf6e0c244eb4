//! When an agent at work will be free.
//!
//! Machines are soon hung up on, people are not, and how somebody picked up tells much of which it was before the first
//! word: so both are learnt apart, and a conversation whose other end is not known yet counts as either with its chance,
//! which its own length goes on to change.

use serde::{Deserialize, Serialize};

use super::conversations::{ConversationLessons, Conversations};
use super::{LAGS, WorkStage};

/// First beliefs in mean seconds of talk and wrap-up.
const WITH_PEOPLE: (f64, f64) = (90.0, 12.0);
const WITH_MACHINES: (f64, f64) = (10.0, 5.0);

/// What is known of conversations, with people and with machines.
#[derive(Clone, Debug)]
pub(crate) struct WorkModel {
    people: Conversations,
    machines: Conversations,
}

/// What was learnt of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WorkLessons {
    people: ConversationLessons,
    machines: ConversationLessons,
}

impl WorkModel {
    pub(crate) fn new() -> Self {
        Self {
            people: Conversations::new(WITH_PEOPLE.0, WITH_PEOPLE.1),
            machines: Conversations::new(WITH_MACHINES.0, WITH_MACHINES.1),
        }
    }

    /// What was learnt.
    pub(crate) fn lessons(&self) -> WorkLessons {
        WorkLessons { people: self.people.lessons(), machines: self.machines.lessons() }
    }

    /// Goes on from what was learnt earlier. None where that does not fit.
    pub(crate) fn recall(&mut self, lessons: &WorkLessons) -> Option<()> {
        self.people.recall(&lessons.people)?;
        self.machines.recall(&lessons.machines)
    }

    /// Takes over a little of what others have learnt. None where that does not fit.
    pub(crate) fn begin_like(&mut self, others: &[&WorkLessons]) -> Option<()> {
        let of = |kind: fn(&WorkLessons) -> &ConversationLessons| -> Vec<&ConversationLessons> {
            others.iter().map(|lessons| kind(lessons)).collect()
        };
        self.people.begin_like(&of(|lessons| &lessons.people))?;
        self.machines.begin_like(&of(|lessons| &lessons.machines))
    }

    /// An agent was kept for so long.
    pub(crate) fn expose(&mut self, stage: WorkStage, seconds: f64) {
        let person = self.person(stage);
        for (kind, share) in [(&mut self.people, person), (&mut self.machines, 1.0 - person)] {
            match stage {
                WorkStage::Talking { age, .. } => kind.expose_talk(age, seconds * share),
                WorkStage::WrappingUp { talked, age, .. } => {
                    kind.expose_wrap_up(talked, age, seconds * share);
                }
            }
        }
    }

    /// A conversation and its wrap-up were over: with a person by this chance.
    pub(crate) fn ended(&mut self, person: f64, talked: f64, wrapped: f64) {
        let person = self.person(WorkStage::WrappingUp { person, talked, age: wrapped });
        for (kind, share) in [(&mut self.people, person), (&mut self.machines, 1.0 - person)] {
            if share > 0.0 {
                kind.ended(talked, wrapped, share);
            }
        }
    }

    /// Chance that an agent who took a call so many seconds ago, from a person with this chance, still has it.
    pub(crate) fn holds(&self, person: f64, since: f64) -> f64 {
        person * self.people.holds(since) + (1.0 - person) * self.machines.holds(since)
    }

    /// Chances that a busy agent is done within each horizon.
    pub(crate) fn done(&self, stage: WorkStage) -> [f64; LAGS] {
        let person = self.person(stage);
        let done = |kind: &Conversations| match stage {
            WorkStage::Talking { age, .. } => kind.over_from_talk(age),
            WorkStage::WrappingUp { talked, age, .. } => kind.over_from_wrap_up(talked, age),
        };
        if person >= 1.0 {
            return done(&self.people);
        }
        let (people, machines) = (done(&self.people), done(&self.machines));
        std::array::from_fn(|lag| person * people[lag] + (1.0 - person) * machines[lag])
    }

    /// Chance that it is a person who keeps an agent, now that the talk has lasted, or did last, so long.
    fn person(&self, stage: WorkStage) -> f64 {
        let (person, likely): (f64, [f64; 2]) = match stage {
            WorkStage::Talking { person, age } => {
                (person, [&self.people, &self.machines].map(|kind| kind.lasts(age)))
            }
            WorkStage::WrappingUp { person, talked, .. } => {
                (person, [&self.people, &self.machines].map(|kind| kind.ends_at(talked)))
            }
        };
        let (people, machines) = (person * likely[0], (1.0 - person) * likely[1]);
        if people + machines > 0.0 { people / (people + machines) } else { person }
    }

    /// Brings the tables up to date for these horizons, in seconds.
    pub(crate) fn rebuild(&mut self, horizons: &[f64; LAGS]) {
        self.people.rebuild(horizons);
        self.machines.rebuild(horizons);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HORIZONS: [f64; LAGS] = [2.0, 4.0, 7.0, 10.0, 15.0, 24.0];

    #[test]
    fn an_agent_with_a_likely_machine_is_soon_free_until_the_talk_outlasts_one() {
        let mut work = WorkModel::new();
        for _ in 0..200 {
            for (person, talked) in [(1.0, 200.0), (0.0, 7.0)] {
                for tick in 0..(talked * 4.0) as u32 {
                    work.expose(WorkStage::Talking { person: 0.5, age: f64::from(tick) / 4.0 }, 0.25);
                }
                work.ended(person, talked, 0.0);
            }
        }
        work.rebuild(&HORIZONS);
        let done = |person, age| work.done(WorkStage::Talking { person, age })[LAGS - 1];
        assert!(done(0.1, 1.0) > 0.7, "{}", done(0.1, 1.0));
        assert!(done(0.9, 1.0) < 0.3, "{}", done(0.9, 1.0));
        assert!(done(0.1, 60.0) < 0.2, "{}", done(0.1, 60.0));
        assert!(work.holds(0.1, 20.0) < work.holds(0.9, 20.0));
    }

    proptest! {
        #[test]
        fn every_chance_is_one_and_grows_with_time(
            calls in prop::collection::vec((0.0..=1.0_f64, 0.0..2_000.0_f64, 0.0..400.0_f64), 0..40),
            person in 0.0..=1.0_f64,
            age in 0.0..3_000.0_f64,
        ) {
            let mut work = WorkModel::new();
            for (person, talked, wrapped) in calls {
                work.expose(WorkStage::Talking { person, age: talked }, 0.25);
                work.expose(WorkStage::WrappingUp { person, talked, age: wrapped }, 0.25);
                work.ended(person, talked, wrapped);
            }
            work.rebuild(&HORIZONS);
            for stage in [
                WorkStage::Talking { person, age },
                WorkStage::WrappingUp { person, talked: age, age },
            ] {
                let done = work.done(stage);
                prop_assert!(done.iter().all(|chance| (-1e-9..=1.0 + 1e-9).contains(chance)), "{done:?}");
                prop_assert!(done.windows(2).all(|two| two[0] <= two[1] + 1e-9), "{done:?}");
            }
            prop_assert!((0.0..=1.0).contains(&work.holds(person, age)));
        }
    }
}
