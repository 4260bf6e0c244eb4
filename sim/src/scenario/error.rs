//! What can be wrong with a scenario.

/// A scenario that cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// A key has an impossible value.
    #[error("the scenario's `{key}` is impossible: {why}")]
    Impossible {
        /// Which key.
        key: &'static str,
        /// What would do.
        why: &'static str,
    },
    /// Not the JSON of a scenario.
    #[error("{0}; the keys of a scenario are in docs/pacing.md")]
    Malformed(serde_json::Error),
}
