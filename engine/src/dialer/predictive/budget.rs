//! How many drops may be spent, and at which risk a call is still placed.
//!
//! `theta` is the exchange rate between drops and idle time: the highest risk, that one more answer finds nobody, at
//! which a call is placed. It moves until the drops that it costs are those that may be spent.

use super::Spent;

/// What the campaign may spend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Drops over persons who answered within 24 hours, at which dialling ahead ends: the law, or less.
    pub limit: f64,
    /// The same within 30 days.
    pub month_limit: f64,
    /// Drops over persons to aim at, below the limits.
    pub aim: f64,
    /// Seconds between two calls of an agent that are short enough: fewer drops are spent where they are reached.
    pub wait: Option<f64>,
}

impl Default for Target {
    /// 3 %, the limit of most countries.
    fn default() -> Self {
        Self::below(0.03)
    }
}

impl Target {
    /// Aims a little below a limit that holds for both windows.
    pub fn below(limit: f64) -> Self {
        Self::within(limit, limit)
    }

    /// Aims a little below the limits for 24 hours and for 30 days.
    pub fn within(limit: f64, month_limit: f64) -> Self {
        Self { limit, month_limit, aim: limit.min(month_limit) * AIM, wait: None }
    }
}

/// Part of the limit that is aimed at. The rest is for what no forecast sees.
const AIM: f64 = 0.95;
const THETA_FIRST: f64 = 0.05;
/// At this risk only dials for agents who are idle pass.
const THETA_MIN: f64 = 0.002;
const THETA_MAX: f64 = 0.7;
/// Drops that it takes to move theta by a factor of e: first and later.
const INERTIA: (f64, f64) = (10.0, 80.0);
/// Waits it takes to move theta by a factor of e, and the longest that one wait counts, in terms of the aim.
const WAIT_INERTIA: f64 = 60.0;
const WAIT_MAX: f64 = 5.0;
/// Drops past the limit at which not even the smallest risk is taken: the risk at the floor of theta is small, and not
/// nothing.
const OVERSPENT: f64 = 1.0;
/// Part of the people who may still answer today that a drop may count on.
const REST_SHARE: f64 = 0.5;
/// How far the budget that is left may bend theta.
const BEND: f64 = 3.0;

/// What was spent, and the risk that follows.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    target: Target,
    day: Spent,
    month: Spent,
    /// At work.
    agents: f64,
    /// People since the beginning, and seconds in which they came.
    seen: f64,
    seconds: f64,
    log_theta: f64,
    /// The same by the agents' waiting, where that is aimed at.
    log_theta_by_wait: f64,
}

impl Budget {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            day: Spent::default(),
            month: Spent::default(),
            agents: 0.0,
            seen: 0.0,
            seconds: 0.0,
            log_theta: THETA_FIRST.ln(),
            log_theta_by_wait: THETA_FIRST.ln(),
        }
    }

    /// Where the controller stands: people seen, seconds in which they came, log of theta.
    pub(crate) fn lessons(&self) -> [f64; 3] {
        [self.seen, self.seconds, self.log_theta]
    }

    /// Goes on from where it stood earlier. None where that is not possible.
    pub(crate) fn recall(&mut self, [seen, seconds, log_theta]: [f64; 3]) -> Option<()> {
        let possible = seen.is_finite() && seconds.is_finite() && log_theta.is_finite();
        if !possible || seen < 0.0 || seconds < 0.0 {
            return None;
        }
        (self.seen, self.seconds) = (seen, seconds);
        self.log_theta = log_theta.clamp(THETA_MIN.ln(), THETA_MAX.ln());
        Some(())
    }

    pub(crate) fn set_target(&mut self, target: Target) {
        self.target = target;
    }

    /// Time passed, the windows hold these people, and so many agents are at work.
    pub(crate) fn observe(&mut self, day: Spent, month: Spent, agents: usize, elapsed: f64) {
        (self.day, self.month) = (day, month);
        self.agents = agents as f64;
        self.seconds += elapsed;
    }

    /// A person was served.
    pub(crate) fn served(&mut self) {
        self.move_theta(self.target.aim, 1.0);
    }

    /// Whoever was served was no person.
    pub(crate) fn machine_found(&mut self) {
        self.move_theta(-self.target.aim, -1.0);
    }

    /// Somebody was dropped who was a person with this chance.
    pub(crate) fn dropped(&mut self, person: f64) {
        self.move_theta(person * (self.target.aim - 1.0), person);
    }

    /// An agent waited so long between two calls: longer than is aimed at lets the risk grow, shorter has it shrink.
    pub(crate) fn agent_waited(&mut self, waited: f64) {
        if let Some(wait) = self.target.wait.filter(|wait| *wait > 0.0) {
            let by = ((waited - wait) / wait).clamp(-1.0, WAIT_MAX) / WAIT_INERTIA;
            self.log_theta_by_wait = (self.log_theta_by_wait + by).clamp(THETA_MIN.ln(), THETA_MAX.ln());
        }
    }

    fn move_theta(&mut self, by: f64, people: f64) {
        let inertia = (INERTIA.0 + self.target.aim * self.seen).min(INERTIA.1);
        self.log_theta = (self.log_theta + by / inertia).clamp(THETA_MIN.ln(), THETA_MAX.ln());
        self.seen = (self.seen + people).max(0.0);
    }

    /// Drops over people in the shorter window.
    pub(crate) fn drop_rate(&self) -> f64 {
        if self.day.people > 0.0 { self.day.dropped / self.day.people } else { 0.0 }
    }

    /// The highest that may become.
    pub(crate) fn limit(&self) -> f64 {
        self.target.limit
    }

    /// Whether one more drop would pass the limit. Nobody is risked either before every agent could have had one person
    /// within the month, or before so many have answered that the limit allows one drop among them: forecasts are
    /// learnt on them, and those who are still to come cannot make up for what a guess has cost.
    pub(crate) fn is_spent(&self, time_left: Option<f64>) -> bool {
        let people = self.month.people;
        let is_proved = people >= self.agents || self.target.month_limit * (people + 1.0) >= 1.0;
        !is_proved || self.left(time_left) < 1.0
    }

    /// Whether the limit is passed by so much that not even the smallest risk may be taken.
    pub(crate) fn is_overspent(&self, time_left: Option<f64>) -> bool {
        self.left(time_left) < -OVERSPENT
    }

    /// Drops that may be spent, with only part of the people counted who may still answer.
    fn left(&self, time_left: Option<f64>) -> f64 {
        let rest = REST_SHARE * self.expected(time_left);
        let left = |window: Spent, limit: f64| limit * (window.people + rest + 1.0) - window.dropped;
        left(self.day, self.target.limit).min(left(self.month, self.target.month_limit))
    }

    /// Drops over people in each window, with those counted who may still be counted on today; none where nobody
    /// answered.
    pub(crate) fn rates(&self, time_left: Option<f64>) -> [Option<f64>; 2] {
        [self.day, self.month].map(|window| {
            let people = window.people + REST_SHARE * self.expected(time_left);
            (window.people > 0.0).then(|| window.dropped / people)
        })
    }

    /// The highest risk at which a call is placed.
    pub(crate) fn theta(&self, time_left: Option<f64>) -> f64 {
        if self.is_spent(time_left) {
            return THETA_MIN;
        }
        let rest = self.target.aim * self.expected(time_left);
        let bend = if rest > 0.0 {
            let left = |window: Spent| self.target.aim * window.people + rest - window.dropped;
            (left(self.day).min(left(self.month)) / rest).clamp(BEND.recip(), BEND)
        } else {
            1.0
        };
        let by_drops = (self.log_theta.exp() * bend).clamp(THETA_MIN, THETA_MAX);
        match self.target.wait {
            Some(_) => by_drops.min(self.log_theta_by_wait.exp()),
            None => by_drops,
        }
    }

    /// People who may still answer today, at the rate of those before.
    fn expected(&self, time_left: Option<f64>) -> f64 {
        match time_left {
            Some(left) if self.seconds > 0.0 => self.seen * left.max(0.0) / self.seconds,
            Some(_) | None => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(people: u32, dropped: u32) -> Spent {
        Spent { people: f64::from(people), dropped: f64::from(dropped) }
    }

    #[test]
    fn a_month_that_is_spent_is_spent_whatever_the_day_was_like() {
        let mut budget = Budget::new(Target::default());
        budget.observe(of(1_000, 0), of(10_000, 300), 10, 60.0);
        assert!(budget.is_spent(None));
        budget.observe(of(1_000, 30), of(10_000, 100), 10, 60.0);
        assert!(budget.is_spent(None));
        budget.observe(of(1_000, 10), of(10_000, 100), 10, 60.0);
        assert!(!budget.is_spent(None));
    }

    #[test]
    fn a_machine_that_was_served_was_nobody() {
        let mut budget = Budget::new(Target::default());
        budget.served();
        budget.machine_found();
        assert!(budget.seen.abs() < 1e-9);
        let first = budget.log_theta;
        budget.dropped(0.0);
        assert_eq!(budget.log_theta, first);
    }

    #[test]
    fn a_spent_budget_leaves_the_floor_until_people_make_up_for_it() {
        let mut budget = Budget::new(Target::default());
        budget.observe(of(100, 3), of(100, 3), 10, 60.0);
        assert!(budget.is_spent(None));
        assert_eq!(budget.theta(None), THETA_MIN);
        budget.observe(of(134, 3), of(134, 3), 10, 60.0);
        assert!(!budget.is_spent(None));
        assert!(budget.theta(None) > THETA_MIN);
    }

    #[test]
    fn without_a_single_answer_no_drop_can_be_afforded() {
        assert!(Budget::new(Target::default()).is_spent(None));
    }

    #[test]
    fn who_is_served_raises_theta_and_who_is_dropped_lowers_it() {
        let mut budget = Budget::new(Target::default());
        let first = budget.log_theta;
        budget.served();
        assert!(budget.log_theta > first);
        budget.dropped(1.0);
        assert!(budget.log_theta < first);
    }

    #[test]
    fn agents_who_wait_less_than_need_be_cost_no_drops() {
        let mut budget = Budget::new(Target { wait: Some(10.0), ..Target::default() });
        budget.observe(of(1_000, 0), of(1_000, 0), 10, 60.0);
        let first = budget.theta(None);
        (0..100).for_each(|_| budget.agent_waited(2.0));
        let patient = budget.theta(None);
        assert!(patient < first, "{patient}");
        (0..400).for_each(|_| budget.agent_waited(40.0));
        assert!(budget.theta(None) > patient);
    }

    proptest! {
        #[test]
        fn theta_keeps_its_bounds(
            fates in prop::collection::vec(any::<bool>(), 0..2_000),
            answered in 0..100_000_u32,
            dropped in 0..5_000_u32,
            left in prop::option::of(-10.0..1e6_f64),
        ) {
            let mut budget = Budget::new(Target::default());
            for dropped in fates {
                if dropped { budget.dropped(1.0) } else { budget.served() }
            }
            budget.observe(of(answered, dropped), of(answered, dropped), 10, 1.0);
            let theta = budget.theta(left);
            prop_assert!((THETA_MIN..=THETA_MAX).contains(&theta));
        }
    }
}
