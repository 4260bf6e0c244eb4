//! The scenario file: agents, answer rates, ring, talk and wrap-up times of one day.
//!
//! Seconds and probabilities throughout. Unknown keys are refused, so that a misspelt key is an error and not a
//! silent default.

use serde::Deserialize;

use super::error::ScenarioError;

/// One day of one call centre.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What reports call it.
    #[serde(default)]
    pub name: String,
    /// People, at most.
    pub agents: u32,
    /// Length of the day.
    #[serde(default = "default_hours")]
    pub hours: f64,
    /// Hour of the day when the scenario starts.
    #[serde(default = "default_clock_start")]
    pub clock_start: f64,
    /// `[t, human, machine, busy, congestion]`, by time; the rest is no answer.
    pub p: Vec<[f64; 5]>,
    /// How the rows of `p` join.
    #[serde(default)]
    pub interp: Interpolation,
    /// From dial to answer.
    pub ring: Ring,
    /// Answering machine detection.
    #[serde(default)]
    pub amd: Amd,
    /// Conversations: a mixture of lognormals.
    #[serde(default)]
    pub talk: Vec<TalkKind>,
    /// Mean of exponential conversations, in place of `talk`.
    #[serde(default)]
    pub talk_exp: Option<f64>,
    /// After the conversation.
    pub wrap: Spread,
    /// Spread of each agent's own factor on talk time.
    #[serde(default = "default_agent_speed_cv")]
    pub agent_speed_cv: f64,
    /// From answer to drop.
    #[serde(default = "default_grace")]
    pub grace: f64,
    /// From the choice of an agent until the two hear each other.
    #[serde(default = "default_gap")]
    pub gap: f64,
    /// Lines that may be in use at once.
    #[serde(default = "default_trunks")]
    pub trunks: u32,
    /// `[t, count, jitter]`: agents who come. Default: all within the first minute.
    #[serde(default)]
    pub logins: Vec<(f64, u32, f64)>,
    /// `[t, count, jitter]`: agents who leave after the call in hand.
    #[serde(default)]
    pub logouts: Vec<(f64, u32, f64)>,
    /// Pauses of many agents at once.
    #[serde(default)]
    pub breaks: Vec<Break>,
    /// Pauses of single agents at random.
    #[serde(default)]
    pub indiv_breaks: Option<IndividualBreaks>,
    /// The list of leads; without it leads never run out.
    #[serde(default)]
    pub list: Option<List>,
}

/// Leads that can be used up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// How many.
    pub leads: u32,
    /// How often a lead is dialled whom nobody answers.
    pub attempts: u16,
    /// Time between two dials of a lead.
    pub retry_after: f64,
}

/// How a table by time is read between its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// On a straight line from row to row.
    Linear,
    /// A row holds until the next one.
    #[default]
    Step,
}

/// How long it rings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// Least time to a person's answer.
    pub off: f64,
    /// Mean of what comes on top.
    pub mean: f64,
    /// Its coefficient of variation; below zero every ring is exponential with `mean`.
    pub cv: f64,
    /// When the dial ends as no answer.
    pub timeout: f64,
    /// Share of machines that answer after 2 to 6 s.
    #[serde(default = "default_mach_fast")]
    pub mach_fast: f64,
    /// Mean ring of the other machines.
    #[serde(default = "default_mach_mean")]
    pub mach_mean: f64,
    /// Its standard deviation.
    #[serde(default = "default_mach_sd")]
    pub mach_sd: f64,
}

/// Answering machine detection.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amd {
    /// Whether answers are screened at all.
    #[serde(default)]
    pub on: bool,
    /// Chance that a person is taken for a machine.
    #[serde(default)]
    pub fp: f64,
    /// Chance that a machine is taken for a person.
    #[serde(default, rename = "fn")]
    pub missed: f64,
}

impl Amd {
    /// Part of the grace that a verdict takes after a person's greeting, in seconds.
    pub(crate) const DECISION: f64 = 0.6;
    /// Longest time from answer to verdict, in seconds.
    pub(crate) const LISTENS_MAX: f64 = 4.0;
}

/// One kind of conversation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TalkKind {
    /// Weight.
    pub w: f64,
    /// Mean.
    pub mean: f64,
    /// Coefficient of variation.
    pub cv: f64,
    /// Mean wrap-up after it, in place of the scenario's.
    #[serde(default)]
    pub wrap: Option<f64>,
}

/// A lognormal length.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Coefficient of variation.
    pub cv: f64,
}

/// A share of the agents pauses.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// From when on.
    pub t: f64,
    /// Share of the agents.
    pub frac: f64,
    /// How long each is away.
    pub dur: f64,
    /// They go within this time.
    #[serde(default)]
    pub jitter: f64,
}

/// Pauses at random.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndividualBreaks {
    /// Pauses an agent takes per hour.
    pub per_hour: f64,
    /// Mean length, exponential.
    pub mean_dur: f64,
}

fn default_hours() -> f64 {
    8.0
}
fn default_clock_start() -> f64 {
    9.0
}
fn default_agent_speed_cv() -> f64 {
    0.12
}
fn default_grace() -> f64 {
    2.0
}
fn default_gap() -> f64 {
    0.2
}
fn default_trunks() -> u32 {
    4000
}
fn default_mach_fast() -> f64 {
    0.25
}
fn default_mach_mean() -> f64 {
    19.0
}
fn default_mach_sd() -> f64 {
    3.0
}

impl Scenario {
    /// Most agents of a scenario, so that a slip of the keyboard does not fill the memory.
    pub const AGENTS_MAX: u32 = 5_000;
    /// Longest day.
    pub const HOURS_MAX: f64 = 48.0;

    /// Reads and checks a scenario.
    pub fn parse(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = serde_json::from_str(text).map_err(ScenarioError::Malformed)?;
        scenario.check()?;
        Ok(scenario)
    }

    /// Length of the day, in seconds.
    pub fn seconds(&self) -> f64 {
        self.hours * 3600.0
    }

    /// `[human, machine, busy, congestion]` of a dial at this time.
    pub fn chances(&self, at: f64) -> [f64; 4] {
        let next = self.p.partition_point(|row| row[0] <= at);
        let row = self.p[next.saturating_sub(1)];
        let share = match (self.interp, self.p.get(next)) {
            (Interpolation::Linear, Some(after)) if next > 0 => (at - row[0]) / (after[0] - row[0]),
            (Interpolation::Linear | Interpolation::Step, _) => 0.0,
        };
        let after = self.p.get(next).unwrap_or(&row);
        std::array::from_fn(|kind| row[kind + 1] + share * (after[kind + 1] - row[kind + 1]))
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let wrong = |key, why| Err(ScenarioError::Impossible { key, why });
        if self.agents == 0 || self.agents > Self::AGENTS_MAX {
            return wrong("agents", "give between 1 and 5000");
        }
        if !(self.hours > 0.0 && self.hours <= Self::HOURS_MAX) {
            return wrong("hours", "give more than 0 and at most 48");
        }
        if self.p.is_empty() || !self.p.is_sorted_by(|a, b| a[0] < b[0]) {
            return wrong("p", "give at least one row, with rising times");
        }
        let adds_up = |row: &[f64; 5]| {
            row[1..].iter().all(|share| (0.0..=1.0).contains(share))
                && row[1..].iter().sum::<f64>() <= 1.0 + 1e-9
        };
        if !self.p.iter().all(adds_up) {
            return wrong("p", "the chances of a row lie between 0 and 1 and so does their sum");
        }
        if !(self.ring.mean > 0.0 && self.ring.off >= 0.0 && self.ring.timeout > 0.0) {
            return wrong("ring", "mean and timeout lie above 0, off at or above 0");
        }
        if ![self.ring.mach_fast, self.amd.fp, self.amd.missed]
            .iter()
            .all(|share| (0.0..=1.0).contains(share))
        {
            return wrong("amd", "mach_fast, fp and fn lie between 0 and 1");
        }
        if self.talk.is_empty() == self.talk_exp.is_none() {
            return wrong("talk", "give either talk or talk_exp");
        }
        let sound = |mean: f64, cv: f64| mean > 0.0 && mean.is_finite() && cv >= 0.0 && cv.is_finite();
        let talk_is_sound = self.talk.iter().all(|kind| {
            kind.w > 0.0 && sound(kind.mean, kind.cv) && kind.wrap.is_none_or(|mean| sound(mean, 0.0))
        });
        if !talk_is_sound || self.talk_exp.is_some_and(|mean| !sound(mean, 0.0)) {
            return wrong("talk", "weights and means lie above 0, cv at or above 0");
        }
        if !sound(self.wrap.mean, self.wrap.cv) || !sound(1.0, self.agent_speed_cv) {
            return wrong("wrap", "means lie above 0, cv at or above 0");
        }
        if self
            .list
            .as_ref()
            .is_some_and(|list| list.leads == 0 || list.retry_after.is_nan() || list.retry_after < 0.0)
        {
            return wrong("list", "leads lie above 0, retry_after at or above 0");
        }
        if !(self.grace > 0.0 && self.gap >= 0.0) {
            return wrong("grace", "grace lies above 0, gap at or above 0");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"{"agents":3,"p":[[0,0.2,0.1,0.1,0.0],[100,0.4,0.1,0.1,0.0]],
        "ring":{"off":2.5,"mean":8.5,"cv":0.6,"timeout":25},
        "talk":[{"w":1,"mean":60,"cv":0.5}],"wrap":{"mean":10,"cv":0.8}}"#;

    #[test]
    fn a_misspelt_key_is_refused_by_name() {
        let text = SMALL.replace("\"wrap\"", "\"rwap\"");
        let error = Scenario::parse(&text).unwrap_err().to_string();
        assert!(error.contains("rwap"), "{error}");
    }

    #[test]
    fn a_table_is_read_by_steps_or_on_a_line() {
        let mut scenario = Scenario::parse(SMALL).unwrap();
        assert_eq!(scenario.chances(50.0)[0], 0.2);
        assert_eq!(scenario.chances(100.0)[0], 0.4);
        scenario.interp = Interpolation::Linear;
        assert!((scenario.chances(50.0)[0] - 0.3).abs() < 1e-12);
        assert_eq!(scenario.chances(500.0)[0], 0.4);
    }

    #[test]
    fn chances_above_one_are_refused() {
        let text = SMALL.replace("0.2,0.1,0.1,0.0", "0.9,0.9,0.1,0.0");
        assert!(Scenario::parse(&text).is_err());
    }
}
