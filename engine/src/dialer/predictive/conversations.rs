//! How long conversations of one kind keep an agent: talk and wrap-up.
//!
//! Refusals after ten seconds and conversations of four minutes need no model of their own: the hazard falls with
//! age, and the wrap-up is learnt per length of the talk before it.

use serde::{Deserialize, Serialize};

use super::LAGS;
use super::hazard::{Ages, Counts, Hazards};

/// Half-life of what is known of talk and wrap-up, in calls.
const HALF_LIFE_CALLS: f64 = 1_500.0;
/// Calls that the first belief is worth.
const PRIOR_CALLS: f64 = 4.0;
/// Talk lengths, in seconds, between which wrap-up is learnt apart.
const TALK_CLASSES: [f64; 3] = [12.0, 40.0, 120.0];
const CLASSES: usize = TALK_CLASSES.len() + 1;
/// Wrap-ups of all classes together that one class borrows.
const POOLED_CALLS: f64 = 6.0;
/// Calls of other campaigns that a new one borrows.
const BORROWED_CALLS: f32 = 40.0;
/// Longest horizon, in seconds. No ring lasts longer.
const HORIZON_MAX: usize = 80;
/// Beyond this a talk is told apart from longer ones no more, in seconds.
const TALK_MAX: usize = 1_200;
const WRAP_UP_MAX: usize = 300;

/// What is known of talk and wrap-up, and what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Conversations {
    talk: Hazards<1>,
    pooled: Hazards<1>,
    wrap_up: Vec<Hazards<1>>,
    tables: Tables,
}

#[derive(Clone, Debug)]
struct Tables {
    /// Chance that a talk lasts longer than each whole second.
    talk_survival: Vec<f64>,
    /// The same for wrap-up, per class of talk.
    wrap_up_survival: [Vec<f64>; CLASSES],
    /// Per bin of talk and lag: chance to be free.
    talking: Vec<[f64; LAGS]>,
    horizons: [f64; LAGS],
    /// Chance that talk and wrap-up are over after each whole second from the start.
    over: Vec<f64>,
}

fn class(talked: f64) -> usize {
    TALK_CLASSES.partition_point(|edge| *edge <= talked)
}

/// A curve on whole seconds, read in between. Beyond its end it stays.
fn read(curve: &[f64], at: f64) -> f64 {
    let at = at.clamp(0.0, curve.len() as f64 - 1.001);
    let second = at as usize;
    curve[second] + (at - second as f64) * (curve[second + 1] - curve[second])
}

/// What was learnt of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConversationLessons {
    talk: Counts,
    pooled: Counts,
    wrap_up: Vec<Counts>,
}

impl Conversations {
    /// What was learnt.
    pub(crate) fn lessons(&self) -> ConversationLessons {
        ConversationLessons {
            talk: self.talk.counts(),
            pooled: self.pooled.counts(),
            wrap_up: self.wrap_up.iter().map(Hazards::counts).collect(),
        }
    }

    /// Goes on from what was learnt earlier. None where that does not fit.
    pub(crate) fn recall(&mut self, lessons: &ConversationLessons) -> Option<()> {
        if lessons.wrap_up.len() != self.wrap_up.len() {
            return None;
        }
        self.talk.recall(&lessons.talk)?;
        self.pooled.recall(&lessons.pooled)?;
        self.wrap_up.iter_mut().zip(&lessons.wrap_up).try_for_each(|(own, lesson)| own.recall(lesson))
    }

    /// Takes over a little of what others have learnt. None where that does not fit.
    pub(crate) fn begin_like(&mut self, others: &[&ConversationLessons]) -> Option<()> {
        let pool = |hazards: &mut Hazards<1>, counts: &dyn Fn(&ConversationLessons) -> Option<&Counts>| {
            let counts: Option<Vec<&Counts>> = others.iter().map(|lessons| counts(lessons)).collect();
            hazards.recall(&Counts::pooled(counts?, BORROWED_CALLS)?)
        };
        pool(&mut self.talk, &|lessons| Some(&lessons.talk))?;
        pool(&mut self.pooled, &|lessons| Some(&lessons.pooled))?;
        let mut classes = self.wrap_up.iter_mut().enumerate();
        classes.try_for_each(|(class, own)| pool(own, &|lessons| lessons.wrap_up.get(class)))
    }

    /// Starts from a belief in mean lengths of talk and wrap-up, in seconds.
    pub(crate) fn new(talk_mean: f64, wrap_up_mean: f64) -> Self {
        let talk_ages = Ages::new(&[(20, 1), (60, 2), (120, 5), (300, 10), (TALK_MAX as u32, 50)]);
        let wrap_ages = || Ages::new(&[(20, 1), (40, 2), (100, 5), (WRAP_UP_MAX as u32, 25)]);
        let talk = Hazards::new(talk_ages, PRIOR_CALLS, HALF_LIFE_CALLS, |_, _| talk_mean.recip());
        let bins = talk.ages().len();
        let wrap_up = |cases| Hazards::new(wrap_ages(), cases, HALF_LIFE_CALLS, |_, _| wrap_up_mean.recip());
        Self {
            talk,
            pooled: wrap_up(PRIOR_CALLS),
            wrap_up: (0..CLASSES).map(|_| wrap_up(0.0)).collect(),
            tables: Tables {
                talk_survival: vec![1.0; TALK_MAX + 2 * HORIZON_MAX],
                wrap_up_survival: std::array::from_fn(|_| vec![1.0; WRAP_UP_MAX + 2 * HORIZON_MAX]),
                talking: vec![[0.0; LAGS]; bins + 1],
                horizons: [0.0; LAGS],
                over: vec![0.0; HORIZON_MAX + 1],
            },
        }
    }

    /// Part of a talk of this age went on for so long.
    pub(crate) fn expose_talk(&mut self, age: f64, seconds: f64) {
        self.talk.expose(age, seconds);
    }

    /// Part of a wrap-up did.
    pub(crate) fn expose_wrap_up(&mut self, talked: f64, age: f64, seconds: f64) {
        self.pooled.expose(age, seconds);
        self.wrap_up[class(talked)].expose(age, seconds);
    }

    /// A conversation was over: one of these with the chance `share`.
    pub(crate) fn ended(&mut self, talked: f64, wrapped: f64, share: f64) {
        self.talk.ended_in_part(0, talked, share);
        self.pooled.ended_in_part(0, wrapped, share);
        self.wrap_up[class(talked)].ended_in_part(0, wrapped, share);
    }

    /// Chance that a talk lasts so long.
    pub(crate) fn lasts(&self, talked: f64) -> f64 {
        read(&self.tables.talk_survival, talked)
    }

    /// Chance that a talk ends within a second around this age.
    pub(crate) fn ends_at(&self, talked: f64) -> f64 {
        self.lasts(talked) * self.talk.rate(0, self.talk.ages().bin(talked))
    }

    /// Chance that an agent who took a call so many seconds ago still has it.
    pub(crate) fn holds(&self, since: f64) -> f64 {
        if since < 0.0 { 1.0 } else { 1.0 - read(&self.tables.over, since) }
    }

    /// Chances that a talk of this age, and its wrap-up, are over within each horizon.
    pub(crate) fn over_from_talk(&self, age: f64) -> [f64; LAGS] {
        let (bin, into) = self.talk.ages().place(age);
        let (low, high) = (&self.tables.talking[bin], &self.tables.talking[bin + 1]);
        std::array::from_fn(|lag| low[lag] + into * (high[lag] - low[lag]))
    }

    /// The same for a wrap-up of this age.
    pub(crate) fn over_from_wrap_up(&self, talked: f64, age: f64) -> [f64; LAGS] {
        let alive = &self.tables.wrap_up_survival[class(talked)];
        let age = age.min(WRAP_UP_MAX as f64);
        let still = read(alive, age).max(1e-300);
        self.tables.horizons.map(|within| 1.0 - read(alive, age + within) / still)
    }

    /// Brings the tables up to date for these horizons, in seconds.
    pub(crate) fn rebuild(&mut self, horizons: &[f64; LAGS]) {
        self.tables.horizons = horizons.map(|within| within.min(HORIZON_MAX as f64 - 1.0));
        self.set_survival();
        self.set_talking();
        self.set_over();
    }

    fn set_survival(&mut self) {
        let talk = &self.talk;
        survive(&mut self.tables.talk_survival, talk.ages(), |bin| talk.rate(0, bin));
        for (class, own) in self.wrap_up.iter().enumerate() {
            let pooled = &self.pooled;
            survive(&mut self.tables.wrap_up_survival[class], own.ages(), |bin| {
                let borrowed = POOLED_CALLS * own.ages().width(bin);
                (own.count(0, bin) + borrowed * pooled.rate(0, bin)) / (own.seconds(bin) + borrowed)
            });
        }
    }

    fn set_talking(&mut self) {
        let longest = self.tables.horizons[LAGS - 1] as usize + 1;
        // Per class and second of the horizon: chance that a wrap-up which begins then is over at the horizon.
        let wrapped: Vec<[[f64; LAGS]; CLASSES]> = (0..longest)
            .map(|second| {
                std::array::from_fn(|class| {
                    self.tables.horizons.map(|within| {
                        let left = within - second as f64 - 0.5;
                        if left <= 0.0 { 0.0 } else { 1.0 - read(&self.tables.wrap_up_survival[class], left) }
                    })
                })
            })
            .collect();
        let bins = self.talk.ages().len();
        for bin in 0..=bins {
            let age = if bin < bins { self.talk.ages().start(bin) as usize } else { TALK_MAX + 50 };
            let alive = &self.tables.talk_survival[age..];
            let still = alive[0].max(1e-300);
            let mut done = [0.0; LAGS];
            for (second, wrapped) in wrapped.iter().enumerate() {
                let ends = (alive[second] - alive[second + 1]) / still;
                let wrapped = &wrapped[class((age + second) as f64 + 0.5)];
                for lag in 0..LAGS {
                    done[lag] += ends * wrapped[lag];
                }
            }
            self.tables.talking[bin] = done;
        }
    }

    fn set_over(&mut self) {
        let alive = &self.tables.talk_survival;
        // Per class and second: chance that a wrap-up which begins in the middle of the second before it is over.
        let wrapped: [[f64; HORIZON_MAX]; CLASSES] = std::array::from_fn(|class| {
            let alive = &self.tables.wrap_up_survival[class];
            std::array::from_fn(|second| 1.0 - read(alive, second as f64 + 0.5))
        });
        // Per second of talk: chance that it ends within it, and the wrap-ups that follow then.
        let ends: [(f64, &[f64; HORIZON_MAX]); HORIZON_MAX] = std::array::from_fn(|talked| {
            (alive[talked] - alive[talked + 1], &wrapped[class(talked as f64 + 0.5)])
        });
        for (second, over) in self.tables.over.iter_mut().enumerate() {
            let after = |(talked, (ends, wrapped)): (usize, &(f64, &[f64; HORIZON_MAX]))| {
                ends * wrapped[second - talked - 1]
            };
            *over = ends[..second].iter().enumerate().map(after).sum();
        }
    }
}

/// Fills a survival curve on whole seconds from rates per bin. Bins begin and end on whole seconds.
fn survive(curve: &mut [f64], ages: &Ages, rate: impl Fn(usize) -> f64) {
    let mut alive = 1.0;
    let mut second = 0;
    for bin in 0..ages.len() {
        let kept = (-rate(bin)).exp();
        let until = if bin + 1 < ages.len() { ages.start(bin + 1) as usize } else { curve.len() };
        while second < until.min(curve.len()) {
            curve[second] = alive;
            alive *= kept;
            second += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HORIZONS: [f64; LAGS] = [2.0, 4.0, 7.0, 10.0, 15.0, 24.0];

    fn live(conversations: &mut Conversations, talked: f64, wrapped: f64) {
        for tick in 0..(talked * 4.0) as u32 {
            conversations.expose_talk(f64::from(tick) / 4.0, 0.25);
        }
        for tick in 0..(wrapped * 4.0) as u32 {
            conversations.expose_wrap_up(talked, f64::from(tick) / 4.0, 0.25);
        }
        conversations.ended(talked, wrapped, 1.0);
    }

    #[test]
    fn wrap_up_is_learnt_per_length_of_the_talk_before() {
        let mut conversations = Conversations::new(90.0, 12.0);
        for _ in 0..200 {
            live(&mut conversations, 8.0, 3.0);
            live(&mut conversations, 200.0, 40.0);
        }
        conversations.rebuild(&HORIZONS);
        let after = |talked| conversations.over_from_wrap_up(talked, 1.0)[1];
        assert!(after(8.0) > 0.8, "{}", after(8.0));
        assert!(after(200.0) < 0.2, "{}", after(200.0));
    }

    #[test]
    fn a_conversation_that_outlasts_a_refusal_lasts() {
        let mut conversations = Conversations::new(90.0, 12.0);
        for _ in 0..200 {
            live(&mut conversations, 10.5, 2.0);
            live(&mut conversations, 240.5, 2.0);
        }
        conversations.rebuild(&HORIZONS);
        let done = |age| conversations.over_from_talk(age)[LAGS - 1];
        assert!((0.35..0.65).contains(&done(1.0)), "{}", done(1.0));
        assert!(done(60.0) < 0.1, "{}", done(60.0));
    }
}
