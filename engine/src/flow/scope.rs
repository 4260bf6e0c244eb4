//! The names that expressions can use without declaring them.

/// What expressions can read in every flow: `caller` and `did` are numbers, `locale` is the language being spoken,
/// `today` a date, `time` as `HH:MM`, `weekday` 1 for Monday to 7 for Sunday.
pub const BUILT_IN: [&str; 6] = ["caller", "did", "locale", "time", "today", "weekday"];

/// What the check of an input calls the input.
pub const INPUT: &str = "value";
