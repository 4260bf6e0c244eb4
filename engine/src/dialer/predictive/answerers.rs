//! Who turned out to have answered, by the word of the agents who took the calls: people or machines.
//!
//! Machines pick up at other times than people, and detection takes another time over them. What agents found of the
//! answers that they took tells how likely a person was among the answers that nobody took, which ring and detection
//! describe as well. Which answers find an agent is a matter of agents, not of who answers.

use serde::{Deserialize, Serialize};

use super::Pickup;
use super::hazard::recalled;
use super::ring::{RING_MAX, SCREEN_BINS, SCREEN_STEPS};

/// Half-life of what is known of one second of ring, or one step of detection, in answers; and of all together.
const HALF_LIFE: f64 = 300.0;
const HALF_LIFE_ALL: f64 = 1_000.0;
/// Answers that the first belief is worth: whoever answers is a person until agents say otherwise.
const PRIOR_PEOPLE: f64 = 5.0;
/// Answers of all seconds together that one second, or one step, borrows.
const BORROWED: f64 = 2.0;

/// Answers, and people among them.
type Found = (f64, f64);

/// People and machines per second of ring, and per quarter of a second of detection where answers are screened.
#[derive(Clone, Debug)]
pub(crate) struct Answerers {
    all: Found,
    by_ring: [Found; RING_MAX],
    by_delay: [Found; SCREEN_BINS],
}

/// What was learnt of who answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnswererLessons {
    all: [Vec<f32>; 2],
    by_ring: [Vec<f32>; 2],
    by_delay: [Vec<f32>; 2],
}

impl Answerers {
    /// Whoever answers is a person until somebody says otherwise.
    pub(crate) const fn new() -> Self {
        let all = (PRIOR_PEOPLE, PRIOR_PEOPLE);
        Self { all, by_ring: [(0.0, 0.0); RING_MAX], by_delay: [(0.0, 0.0); SCREEN_BINS] }
    }

    /// An agent found out who had picked up so.
    pub(crate) fn note(&mut self, Pickup { rang, screened }: Pickup, person: bool) {
        note(&mut self.all, person, HALF_LIFE_ALL);
        note(&mut self.by_ring[second(rang)], person, HALF_LIFE);
        if let Some(delay) = screened {
            note(&mut self.by_delay[step(delay)], person, HALF_LIFE);
        }
    }

    /// Share of people among those who answer in a second of ring and are not found to be machines by detection.
    pub(crate) fn people(&self, second: usize) -> f64 {
        self.share(self.by_ring[second])
    }

    /// Share of people among those whom detection lets pass in a quarter of a second of its own.
    pub(crate) fn people_screened(&self, step: usize) -> f64 {
        self.share(self.by_delay[step])
    }

    /// Chance that a person picked up so.
    pub(crate) fn person_chance(&self, Pickup { rang, screened }: Pickup) -> f64 {
        self.share(match screened {
            Some(delay) => self.by_delay[step(delay)],
            None => self.by_ring[second(rang)],
        })
    }

    pub(crate) fn lessons(&self) -> AnswererLessons {
        AnswererLessons {
            all: kept(&[self.all]),
            by_ring: kept(&self.by_ring),
            by_delay: kept(&self.by_delay),
        }
    }

    /// Goes on from what was learnt earlier. None where that does not fit.
    pub(crate) fn recall(&mut self, lessons: &AnswererLessons) -> Option<()> {
        let [all] = read(&lessons.all)?;
        let (by_ring, by_delay) = (read(&lessons.by_ring)?, read(&lessons.by_delay)?);
        if all.0 <= 0.0 {
            return None;
        }
        *self = Self { all, by_ring, by_delay };
        Some(())
    }

    fn share(&self, (answers, people): Found) -> f64 {
        let (all, people_of_all) = self.all;
        (people + BORROWED * people_of_all / all) / (answers + BORROWED)
    }
}

fn second(rang: f64) -> usize {
    (rang as usize).min(RING_MAX - 1)
}

fn step(delay: f64) -> usize {
    ((delay * SCREEN_STEPS) as usize).min(SCREEN_BINS - 1)
}

fn note((answers, people): &mut Found, person: bool, half_life: f64) {
    let kept = 0.5_f64.powf(1.0 / half_life);
    *answers = *answers * kept + 1.0;
    *people = *people * kept + f64::from(u8::from(person));
}

fn kept(found: &[Found]) -> [Vec<f32>; 2] {
    [
        found.iter().map(|(answers, _)| *answers as f32).collect(),
        found.iter().map(|(_, people)| *people as f32).collect(),
    ]
}

fn read<const LENGTH: usize>([answers, people]: &[Vec<f32>; 2]) -> Option<[Found; LENGTH]> {
    let (answers, people) = (recalled(answers, LENGTH)?, recalled(people, LENGTH)?);
    let fits = answers.iter().zip(&people).all(|(answers, people)| people <= answers);
    fits.then(|| std::array::from_fn(|index| (answers[index], people[index])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(rang: f64, screened: Option<f64>) -> Pickup {
        Pickup { rang, screened }
    }

    #[test]
    fn whoever_answers_is_a_person_until_agents_say_otherwise() {
        let mut answerers = Answerers::new();
        assert_eq!(answerers.person_chance(after(9.5, None)), 1.0);
        for _ in 0..99 {
            answerers.note(after(19.5, None), false);
            answerers.note(after(9.5, None), true);
        }
        let chance = |rang, screened| answerers.person_chance(after(rang, screened));
        assert!(chance(19.5, None) < 0.02);
        assert!(chance(9.5, None) > 0.98);
        let unknown = chance(3.5, None);
        assert!((0.5..0.55).contains(&unknown), "as often as all together: {unknown}");
        assert_eq!(chance(19.5, Some(1.0)), unknown, "screened answers are another matter");
    }

    #[test]
    fn the_time_that_detection_took_tells_more_than_the_ring() {
        let mut answerers = Answerers::new();
        for _ in 0..50 {
            answerers.note(after(9.5, Some(0.6)), true);
            answerers.note(after(9.5, Some(1.1)), false);
        }
        assert!(answerers.person_chance(after(9.5, Some(0.6))) > 0.97);
        assert!(answerers.person_chance(after(9.5, Some(1.1))) < 0.05);
    }

    #[test]
    fn lessons_are_taken_up_again_and_impossible_ones_are_not() {
        let mut answerers = Answerers::new();
        (0..20).for_each(|case| answerers.note(after(f64::from(case), Some(0.3)), case % 3 == 0));
        let mut lessons = answerers.lessons();
        let mut other = Answerers::new();
        assert!(other.recall(&lessons).is_some());
        assert!(
            (other.person_chance(after(4.0, None)) - answerers.person_chance(after(4.0, None))).abs() < 1e-6
        );
        lessons.by_ring[1][3] = 9.0;
        assert!(other.recall(&lessons).is_none());
    }
}
