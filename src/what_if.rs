//! What a campaign would come to: a manager's question, asked of the simulator.

use std::time::{Duration, Instant};

use cadran_sim::scenario::{
    Algorithm, Amd, Figures, Interpolation, List, Ring, Scenario, Spread, TalkKind, simulate_until,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How long a simulation may take. Days that are not over by then are left out.
pub const WALL_TIME_MAX: Duration = Duration::from_secs(20);

/// Days that are played, each with its own luck. Fewer would tell little of the spread.
const DAYS: u64 = 11;

/// From answer to drop, and from the choice of an agent until the two hear each other, in seconds.
const GRACE: f64 = 2.0;
const GAP: f64 = 0.2;

/// Share of machines that pick up at once, and mean and deviation of the others' rings in seconds.
const MACHINE_FAST: f64 = 0.25;
const MACHINE_RING: (f64, f64) = (19.0, 3.0);

/// A campaign as a manager imagines it. Durations are in milliseconds.
#[derive(Clone, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Imagined)]
pub struct Question {
    /// People at work.
    pub agents: u32,
    /// Length of the working day, in hours.
    pub hours: f64,
    /// How the campaign dials.
    #[serde(default)]
    pub mode: Mode,
    /// Share of dials that a person answers.
    pub answer_rate: f64,
    /// Share of dials that an answering machine answers.
    #[serde(default)]
    pub machine_rate: f64,
    /// Mean conversation.
    pub talk: u64,
    /// Mean wrap-up.
    pub wrap_up: u64,
    /// How long a phone rings before the dial is given up.
    #[serde(default = "default_ring_timeout")]
    pub ring_timeout: u64,
    /// Lines that may be in use at once.
    #[serde(default = "default_lines")]
    pub lines: u32,
    /// Leads of the list; without it the list has no end.
    pub leads: Option<u32>,
    /// How often a lead is dialled whom nobody answers, an hour apart.
    #[serde(default = "default_attempts_max")]
    pub attempts_max: u16,
}

/// How an imagined campaign dials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[schema(as = ImaginedMode)]
pub enum Mode {
    /// A fixed number of dials for each ready agent.
    Power {
        /// Dials in flight for each ready agent.
        ratio: f64,
    },
    /// By forecast, up to the drop limit.
    #[default]
    Predictive,
    /// One dial for each ready agent.
    Progressive,
}

const fn default_ring_timeout() -> u64 {
    25_000
}
const fn default_lines() -> u32 {
    4_000
}
const fn default_attempts_max() -> u16 {
    3
}

/// What is to be expected, over several days that differ by luck alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Expected)]
pub struct Answer {
    /// Days that were played.
    pub days: usize,
    /// Dials of a day.
    pub dials: Range,
    /// People who talked to an agent.
    pub connected: Range,
    /// People who found nobody.
    pub dropped: Range,
    /// Drops over people who answered.
    pub drop_rate: Range,
    /// Hours of conversation, of all agents together.
    pub talk_hours: Range,
    /// Talk and wrap-up over time logged in.
    pub utilisation: Range,
    /// Days on which the list was used up.
    pub days_exhausted: usize,
    /// When it was, in milliseconds since the start, on those days.
    pub exhausted_after: Option<Range>,
}

/// How days differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Spread)]
pub struct Range {
    /// One day of ten stays below.
    pub p10: f64,
    /// Half of the days stay below.
    pub p50: f64,
    /// Nine days of ten stay below.
    pub p90: f64,
}

impl Range {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| values[(share * last as f64).round() as usize];
        Some(Self { p10: at(0.1), p50: at(0.5), p90: at(0.9) })
    }
}

/// Plays the days. None: not even one was over in [`WALL_TIME_MAX`].
pub fn answer(question: &Question) -> Option<Answer> {
    let seeds: Vec<u64> = (1..=DAYS).collect();
    let until = Instant::now() + WALL_TIME_MAX;
    let days = simulate_until(&scenario(question), algorithm(question.mode), &seeds, until).seeds;
    let range = |figure: fn(&Figures) -> f64| Range::of(days.iter().map(figure).collect());
    let exhausted: Vec<f64> = days.iter().filter_map(|day| day.list_over_s).map(|s| s * 1000.0).collect();
    Some(Answer {
        days: days.len(),
        dials: range(|day| day.dials as f64)?,
        connected: range(|day| day.connected as f64)?,
        dropped: range(|day| day.dropped as f64)?,
        drop_rate: range(|day| day.drop_rate)?,
        talk_hours: range(|day| day.talk_hours)?,
        utilisation: range(|day| day.util)?,
        days_exhausted: exhausted.len(),
        exhausted_after: Range::of(exhausted),
    })
}

fn algorithm(mode: Mode) -> Algorithm {
    match mode {
        Mode::Power { ratio } => Algorithm::Power(ratio),
        Mode::Predictive => Algorithm::Predictive,
        Mode::Progressive => Algorithm::Progressive,
    }
}

/// What the question leaves open is as in the scenarios that pacing is measured on.
fn scenario(question: &Question) -> Scenario {
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    let busy = (1.0 - question.answer_rate - question.machine_rate).clamp(0.0, 0.1);
    Scenario {
        name: "what if".to_owned(),
        agents: question.agents,
        hours: question.hours,
        clock_start: 0.0,
        p: vec![[0.0, question.answer_rate, question.machine_rate, busy * 0.8, busy * 0.2]],
        interp: Interpolation::Step,
        ring: Ring {
            off: 2.5,
            mean: 8.5,
            cv: 0.6,
            timeout: seconds(question.ring_timeout),
            mach_fast: MACHINE_FAST,
            mach_mean: MACHINE_RING.0,
            mach_sd: MACHINE_RING.1,
        },
        amd: Amd::default(),
        talk: vec![TalkKind { w: 1.0, mean: seconds(question.talk), cv: 0.9, wrap: None }],
        talk_exp: None,
        wrap: Spread { mean: seconds(question.wrap_up), cv: 0.8 },
        agent_speed_cv: 0.12,
        grace: GRACE,
        gap: GAP,
        trunks: question.lines,
        logins: Vec::new(),
        logouts: Vec::new(),
        breaks: Vec::new(),
        indiv_breaks: None,
        list: question.leads.map(|leads| List {
            leads,
            attempts: question.attempts_max,
            retry_after: 3600.0,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn five_agents() -> Question {
        Question {
            agents: 5,
            hours: 1.0,
            mode: Mode::Predictive,
            answer_rate: 0.25,
            machine_rate: 0.1,
            talk: 90_000,
            wrap_up: 15_000,
            ring_timeout: 25_000,
            lines: 100,
            leads: None,
            attempts_max: 3,
        }
    }

    #[test]
    fn prediction_talks_more_than_progressive_and_neither_drops_many() {
        let predictive = answer(&five_agents()).unwrap();
        let progressive = answer(&Question { mode: Mode::Progressive, ..five_agents() }).unwrap();
        assert!(predictive.talk_hours.p50 > progressive.talk_hours.p50, "{predictive:?} {progressive:?}");
        assert!(predictive.drop_rate.p50 < 0.05 && progressive.drop_rate.p50 < 0.01);
        assert!(predictive.dials.p10 <= predictive.dials.p50 && predictive.dials.p50 <= predictive.dials.p90);
        assert_eq!((predictive.days_exhausted, predictive.exhausted_after), (0, None));
    }

    #[test]
    fn a_short_list_is_used_up_and_a_longer_one_later() {
        let over = |leads| {
            let answer = answer(&Question { leads: Some(leads), attempts_max: 1, ..five_agents() }).unwrap();
            assert_eq!(answer.days_exhausted, answer.days, "{answer:?}");
            assert!(answer.dials.p90 <= f64::from(leads), "{answer:?}");
            answer.exhausted_after.unwrap().p50
        };
        let (short, longer) = (over(40), over(120));
        assert!(0.0 < short && short < longer && longer < 3_600_000.0, "{short} {longer}");
    }

    #[test]
    fn a_range_is_read_from_its_ranks() {
        assert_eq!(Range::of(Vec::new()), None);
        let eleven = Range::of((0..11).map(f64::from).rev().collect());
        assert_eq!(eleven, Some(Range { p10: 1.0, p50: 5.0, p90: 9.0 }));
    }
}
