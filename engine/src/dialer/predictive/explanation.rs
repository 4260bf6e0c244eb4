//! Why pacing places the calls that it places, for a person to read.

use std::fmt;

/// What kept pacing from placing one more call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Not too many at once.
    Burst,
    /// One more drop would pass the limit: one call per idle agent and no more.
    DropLimit,
    /// Lines or limits are full.
    Lines,
    /// Nobody works, or will be free soon.
    NoAgents,
    /// The risk that one more answer finds nobody.
    Risk,
}

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Burst => "the number of calls placed at once",
            Self::DropLimit => "the drop limit",
            Self::Lines => "lines and limits",
            Self::NoAgents => "agents",
            Self::Risk => "the risk of a drop",
        })
    }
}

/// The figures behind a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explanation {
    /// Dials in flight per agent expected to be free within `horizon`.
    pub level: f64,
    /// Agents expected to be free by then.
    pub free: f64,
    /// How far pacing looks ahead: from dial to agent, in the middle, in seconds.
    pub horizon: f64,
    /// Chance that one more answer finds an agent.
    pub confidence: f64,
    /// Share of dials that reach an agent.
    pub answer_rate: f64,
    /// Standard deviation of that share.
    pub answer_rate_deviation: f64,
    /// Drops over answers in the window.
    pub drop_rate: f64,
    /// The highest that may become.
    pub drop_limit: f64,
    /// What held it.
    pub held_by: HeldBy,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "level {:.1}: {:.1} agents free within {:.0} s (p={:.2}), answer rate {:.0} % ± {:.0}, drops {:.1} % of {:.0} %; held by: {}",
            self.level,
            self.free,
            self.horizon,
            self.confidence,
            self.answer_rate * 100.0,
            self.answer_rate_deviation * 100.0,
            self.drop_rate * 100.0,
            self.drop_limit * 100.0,
            self.held_by
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_has_every_figure() {
        let explanation = Explanation {
            level: 2.4,
            free: 3.0,
            horizon: 8.0,
            confidence: 0.7,
            answer_rate: 0.22,
            answer_rate_deviation: 0.04,
            drop_rate: 0.019,
            drop_limit: 0.03,
            held_by: HeldBy::Lines,
        };
        assert_eq!(
            explanation.to_string(),
            "level 2.4: 3.0 agents free within 8 s (p=0.70), answer rate 22 % ± 4, drops 1.9 % of 3 %; held by: \
             lines and limits"
        );
    }
}
