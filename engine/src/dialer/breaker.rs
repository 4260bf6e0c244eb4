//! A circuit breaker: stops dialling when too much goes wrong, and lets it begin again slowly.
//!
//! Closed -> Open -> Ramping -> Closed      (what stops)
//! Closed ---------> Ramping -> Closed      (what slows down)
//!
//! It does not flap: a trip needs a whole window of dials, or half of one while it ramps; each trip before it has
//! healed doubles the rest, up to [`REST_FACTOR_MAX`]; and dials begun before a trip are not judged after it.

use std::collections::VecDeque;
use std::time::Duration;

use super::admission::{Closed, Gate};
use crate::model::{Breakers, Outcome, RateLimit, Timestamp, Trip};

/// The share of the calls per second that a ramp begins with.
const RAMP_FROM: f64 = 0.1;
/// How often the rest may be doubled, as a factor.
const REST_FACTOR_MAX: u32 = 8;
/// Part of the window that is enough to trip once more.
const PROBE: u32 = 2;
/// Answers after which older ones weigh half in the usual share of machines.
const USUAL_HALF_LIFE: f64 = 1_000.0;
/// Windows of answers without which nothing is known to be usual.
const USUAL_WINDOWS: f64 = 2.0;

/// A breaker of one campaign or one trunk.
#[derive(Clone, Debug)]
pub struct Breaker {
    state: State,
    /// Whether each of the last dials could not be carried, and whether it failed in any way.
    dials: VecDeque<(bool, bool)>,
    /// Whether each of the last conversations was short.
    talks: VecDeque<bool>,
    /// Whether each of the last people was dropped.
    people: VecDeque<bool>,
    /// Whether each of the last answers was a machine's.
    answers: VecDeque<bool>,
    /// Answers, and machines among them, over a long time.
    usual: (f64, f64),
    tripped_at: Timestamp,
    rest_factor: u32,
    /// How long the next ramp is.
    ramp: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { why: Trip, until: Timestamp },
    Ramping { why: Trip, since: Timestamp, ramp: Duration, gate: Gate },
}

/// What happened to a dial or a call, as far as a breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A dial ended, or was answered.
    Dial {
        /// When it was begun.
        begun: Timestamp,
        /// How it ended.
        outcome: Outcome,
    },
    /// Somebody or something answered.
    Answer {
        /// Whether it was a machine, as far as one can tell.
        machine: bool,
    },
    /// A person who answered was served in time, or not.
    Person {
        /// Whether nobody was there for them.
        dropped: bool,
    },
    /// A conversation ended.
    Talk {
        /// How long it was.
        talked: Duration,
    },
}

/// What a breaker does at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// Nothing is dialled.
    Open {
        /// Why.
        why: Trip,
        /// Until when.
        until: Timestamp,
    },
    /// A part of the calls per second may be dialled.
    Ramping {
        /// Why.
        why: Trip,
        /// Which part.
        share: f64,
        /// When it is over.
        until: Timestamp,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: State::Closed,
            dials: VecDeque::new(),
            talks: VecDeque::new(),
            people: VecDeque::new(),
            answers: VecDeque::new(),
            usual: (0.0, 0.0),
            tripped_at: Timestamp::default(),
            rest_factor: 1,
            ramp: Duration::ZERO,
        }
    }
}

impl Breaker {
    /// Takes in what happened, by these settings. Says so when it trips.
    #[must_use]
    pub fn saw(&mut self, seen: Seen, settings: &Breakers, now: Timestamp) -> Option<Trip> {
        self.pass_time(now);
        let window = settings.window.max(1) as usize;
        match seen {
            Seen::Dial { begun, .. } if begun < self.tripped_at => return None,
            Seen::Dial { outcome: Outcome::Cancelled, .. } => return None,
            Seen::Dial { outcome, .. } => keep(&mut self.dials, verdict(outcome), window),
            Seen::Person { dropped } => keep(&mut self.people, dropped, window),
            Seen::Talk { talked } => keep(&mut self.talks, talked < settings.short_call, window),
            Seen::Answer { machine } => {
                keep(&mut self.answers, machine, window);
                let kept = 0.5_f64.powf(1.0 / USUAL_HALF_LIFE);
                self.usual.0 = self.usual.0 * kept + 1.0;
                self.usual.1 = self.usual.1 * kept + f64::from(u8::from(machine));
            }
        }
        if matches!(self.state, State::Open { .. }) {
            return None;
        }
        let why = self.fault(settings)?;
        self.trip(why, settings, now);
        Some(why)
    }

    /// Whether one more call may be placed, where `calls_per_second` may be without this breaker.
    pub fn check(&mut self, calls_per_second: f64, now: Timestamp) -> Result<(), Closed> {
        self.pass_time(now);
        let share = match self.standing(now) {
            None => return Ok(()),
            Some(Standing::Open { until, .. }) => return Err(Closed::TooFast(until.since(now))),
            Some(Standing::Ramping { share, .. }) => share,
        };
        match &mut self.state {
            State::Ramping { gate, .. } => {
                gate.set_limit(rate(calls_per_second * share));
                gate.check(now)
            }
            State::Closed | State::Open { .. } => Ok(()),
        }
    }

    /// One call passes. Only after a [`Breaker::check`] at the same moment said yes.
    pub fn enter(&mut self) {
        if let State::Ramping { gate, .. } = &mut self.state {
            gate.enter();
        }
    }

    /// What it does at this moment; none while it is closed.
    pub fn standing(&self, now: Timestamp) -> Option<Standing> {
        match self.state {
            State::Closed => None,
            State::Open { why, until } if now < until => Some(Standing::Open { why, until }),
            State::Open { why, until } => ramping(why, until, self.ramp, now),
            State::Ramping { why, since, ramp, .. } => ramping(why, since, ramp, now),
        }
    }

    fn pass_time(&mut self, now: Timestamp) {
        if let State::Open { why, until } = self.state
            && now >= until
        {
            self.begin_ramp(why, until);
        }
        if let State::Ramping { since, ramp, .. } = self.state
            && now >= since + ramp
        {
            self.state = State::Closed;
            self.rest_factor = 1;
        }
    }

    fn fault(&self, settings: &Breakers) -> Option<Trip> {
        let window = settings.window.max(1);
        let needed = match self.state {
            State::Ramping { .. } => (window / PROBE).max(1),
            State::Closed | State::Open { .. } => window,
        };
        let congested = self.dials.iter().map(|(congested, _)| *congested);
        let failed = self.dials.iter().map(|(_, failed)| *failed);
        let reached = |share: Option<f64>, mark: f64| mark > 0.0 && share.is_some_and(|share| share >= mark);
        let usual =
            if self.usual.0 >= USUAL_WINDOWS * f64::from(window) { self.usual.1 / self.usual.0 } else { 1.0 };
        if reached(share(congested, needed), settings.congestion) {
            Some(Trip::Congestion)
        } else if reached(share(failed, needed), settings.failed) {
            Some(Trip::Failed)
        } else if reached(share(self.people.iter().copied(), needed), settings.drops) {
            Some(Trip::Drops)
        } else if reached(share(self.talks.iter().copied(), needed), settings.short) {
            Some(Trip::Short)
        } else if settings.machines > 0.0
            && reached(share(self.answers.iter().copied(), needed), usual + settings.machines)
        {
            Some(Trip::Machines)
        } else {
            None
        }
    }

    fn trip(&mut self, why: Trip, settings: &Breakers, now: Timestamp) {
        let again = !matches!(self.state, State::Closed);
        self.rest_factor = if again { (self.rest_factor * 2).min(REST_FACTOR_MAX) } else { 1 };
        self.tripped_at = now;
        self.ramp = settings.ramp;
        self.dials.clear();
        self.talks.clear();
        self.people.clear();
        self.answers.clear();
        if why.stops() {
            self.state = State::Open { why, until: now + settings.rest * self.rest_factor };
        } else {
            self.begin_ramp(why, now);
        }
    }

    fn begin_ramp(&mut self, why: Trip, since: Timestamp) {
        self.state = State::Ramping { why, since, ramp: self.ramp, gate: Gate::new(rate(0.0), since) };
    }
}

/// A limit on the rate alone.
const fn rate(calls_per_second: f64) -> RateLimit {
    RateLimit { calls_per_second, concurrent_calls: u32::MAX }
}

fn ramping(why: Trip, since: Timestamp, ramp: Duration, now: Timestamp) -> Option<Standing> {
    let passed = now.since(since).as_secs_f64() / ramp.as_secs_f64().max(1e-3);
    let share = RAMP_FROM + (1.0 - RAMP_FROM) * passed;
    (share < 1.0).then_some(Standing::Ramping { why, share, until: since + ramp })
}

/// Whether a dial could not be carried, and whether it failed in any way.
const fn verdict(outcome: Outcome) -> (bool, bool) {
    match outcome {
        Outcome::Congestion => (true, true),
        Outcome::Failed | Outcome::Rejected => (false, true),
        Outcome::Answered
        | Outcome::Busy
        | Outcome::Cancelled
        | Outcome::Dropped
        | Outcome::Machine
        | Outcome::NoAnswer
        | Outcome::Unallocated => (false, false),
    }
}

fn keep<T>(window: &mut VecDeque<T>, item: T, length: usize) {
    window.push_back(item);
    while window.len() > length {
        window.pop_front();
    }
}

/// The share of hits, if there are enough cases.
fn share(cases: impl ExactSizeIterator<Item = bool>, needed: u32) -> Option<f64> {
    let count = cases.len();
    let hits = cases.filter(|hit| *hit).count();
    (count >= needed as usize).then(|| hits as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);
    const CALLS_PER_SECOND: f64 = 10.0;

    fn at(seconds: u64) -> Timestamp {
        START + Duration::from_secs(seconds)
    }

    fn dial(outcome: Outcome, now: Timestamp) -> Seen {
        Seen::Dial { begun: now, outcome }
    }

    /// Dials as fast as it may for so long; `outcome` says how a dial ends that is placed at a time. Gives the number
    /// of dials, and when it tripped.
    fn drive(
        breaker: &mut Breaker,
        seconds: std::ops::Range<u64>,
        outcome: impl Fn(u64) -> Outcome,
    ) -> (u32, Vec<u64>) {
        let (mut dials, mut trips) = (0, Vec::new());
        for second in seconds {
            for tenth in 0..10 {
                let now = at(second) + Duration::from_millis(tenth * 100);
                if breaker.check(CALLS_PER_SECOND, now).is_ok() {
                    breaker.enter();
                    dials += 1;
                    if breaker.saw(dial(outcome(second), now), &Breakers::default(), now).is_some() {
                        trips.push(second);
                    }
                }
            }
        }
        (dials, trips)
    }

    #[test]
    fn a_network_that_carries_nothing_stops_dialling_and_one_that_heals_has_it_grow_again() {
        let mut breaker = Breaker::default();
        let fault = |second| if second < 300 { Outcome::Congestion } else { Outcome::NoAnswer };
        let (wasted, trips) = drive(&mut breaker, 0..300, fault);
        assert!(wasted <= 100, "{wasted} dials into a network that carries nothing");
        assert!(trips.len() <= 3, "it flaps: {trips:?}");
        let (_, again) = drive(&mut breaker, 300..1_500, fault);
        assert!(again.is_empty(), "a healthy network tripped it: {again:?}");
        assert_eq!(breaker.standing(at(1_500)), None);
        assert_eq!(drive(&mut breaker, 1_500..1_510, fault).0, 100, "everything is as before");
    }

    #[test]
    fn each_trip_before_it_has_healed_doubles_the_rest() {
        let mut breaker = Breaker::default();
        let (_, trips) = drive(&mut breaker, 0..4_000, |_| Outcome::Failed);
        let gaps: Vec<u64> = trips.windows(2).map(|two| two[1] - two[0]).collect();
        let rests = [120, 240, 480, 960, 960];
        assert!(gaps.iter().zip(rests).all(|(gap, rest)| (rest..rest + 60).contains(gap)), "{gaps:?}");
    }

    #[test]
    fn short_calls_drops_and_machines_slow_down_without_a_rest() {
        let short = Seen::Talk { talked: Duration::from_secs(1) };
        let machine = |machine| Seen::Answer { machine };
        let cases = [
            (Trip::Short, vec![short; 40]),
            (
                Trip::Drops,
                [vec![Seen::Person { dropped: false }; 32], vec![Seen::Person { dropped: true }; 8]].concat(),
            ),
            (Trip::Machines, [vec![machine(false); 200], vec![machine(true); 20]].concat()),
        ];
        for (why, seen) in cases {
            let mut breaker = Breaker::default();
            let mut trips = seen.iter().filter_map(|seen| breaker.saw(*seen, &Breakers::default(), START));
            assert_eq!(trips.next(), Some(why));
            assert!(matches!(breaker.standing(START), Some(Standing::Ramping { .. })), "{why:?}");
            assert_eq!(breaker.check(CALLS_PER_SECOND, START), Ok(()), "slower, not stopped");
        }
    }

    #[test]
    fn a_centre_where_most_answers_are_machines_is_nothing_unusual() {
        let mut breaker = Breaker::default();
        let trips = (0..2_000).filter_map(|answer| {
            breaker.saw(Seen::Answer { machine: answer % 3 != 0 }, &Breakers::default(), START)
        });
        assert_eq!(trips.count(), 0);
    }

    proptest! {
        /// Whatever the network does, nothing passes while it rests, and it never trips twice within a rest.
        #[test]
        fn no_sequence_of_outcomes_makes_it_flap(outcomes in prop::collection::vec(0..9_usize, 600)) {
            let mut breaker = Breaker::default();
            let (_, trips) = drive(&mut breaker, 0..600, |second| Outcome::ALL[outcomes[second as usize]]);
            let rest = Breakers::default().rest.as_secs();
            prop_assert!(trips.windows(2).all(|two| two[1] - two[0] >= rest), "{:?}", trips);
        }
    }
}
