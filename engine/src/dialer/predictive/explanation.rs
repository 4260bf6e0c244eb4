//! Why pacing places the calls that it places, for a person to read.

/// What kept pacing from placing one more call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// Not too many at once.
    Burst,
    /// One more drop would pass the limit: one call per idle agent and no more.
    DropLimit,
    /// As many dials for each agent at work as the rule packs trust any forecast with.
    Level,
    /// Lines or limits are full.
    Lines,
    /// Nobody works, or will be free soon.
    NoAgents,
    /// The risk that one more answer finds nobody.
    Risk,
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
