//! Rules for values that people send. A check collects every fault, so that a form can show them all at once.

use cadran_engine::model::{RateLimit, RecordingPolicy, SupervisionRules};

use super::error::{Error, Fault};
use crate::import::columns;

/// The faults found so far.
#[derive(Debug, Default)]
pub(super) struct Check {
    faults: Vec<Fault>,
}

impl Check {
    /// Says that the value at `pointer` breaks `rule` unless it holds.
    pub(super) fn that(&mut self, holds: bool, pointer: impl Into<String>, rule: &'static str) -> &mut Self {
        self.fill(holds, pointer, rule, &[])
    }

    /// The same, with values for the places in the rule's words.
    pub(super) fn fill(
        &mut self,
        holds: bool,
        pointer: impl Into<String>,
        rule: &'static str,
        values: &[(&'static str, String)],
    ) -> &mut Self {
        if !holds {
            self.faults.push(Fault { pointer: pointer.into(), rule, values: values.to_vec() });
        }
        self
    }

    /// Something's name, for people.
    pub(super) fn name(&mut self, name: &str, pointer: &str) -> &mut Self {
        let fine = !name.trim().is_empty() && name.chars().count() <= 100 && !name.contains(char::is_control);
        self.that(fine, pointer, "name")
    }

    /// Free text of at most `max` characters.
    pub(super) fn text(&mut self, text: &str, max: usize, pointer: &str) -> &mut Self {
        self.fill(text.chars().count() <= max, pointer, "text", &[("max", max.to_string())])
    }

    /// Milliseconds within bounds.
    pub(super) fn duration(
        &mut self,
        ms: u64,
        bounds: std::ops::RangeInclusive<u64>,
        pointer: &str,
    ) -> &mut Self {
        let values = [("min", bounds.start().to_string()), ("max", bounds.end().to_string())];
        self.fill(bounds.contains(&ms), pointer, "duration", &values)
    }

    /// No more than `max` of something.
    pub(super) fn count(&mut self, count: usize, max: usize, pointer: &str) -> &mut Self {
        self.fill(count <= max, pointer, "too_many", &[("max", max.to_string())])
    }

    /// How fast and how many.
    pub(super) fn limit(&mut self, limit: RateLimit, pointer: &str) -> &mut Self {
        let speed = limit.calls_per_second;
        let max = |max: u32| [("max", max.to_string())];
        self.fill(
            speed > 0.0 && speed <= 1000.0,
            format!("{pointer}/calls_per_second"),
            "positive",
            &max(1000),
        )
        .fill(
            (1..=100_000).contains(&limit.concurrent_calls),
            format!("{pointer}/concurrent_calls"),
            "positive",
            &max(100_000),
        )
    }

    /// Which calls are recorded.
    pub(super) fn recording(&mut self, policy: Option<RecordingPolicy>, pointer: &str) -> &mut Self {
        let is_share = |policy| match policy {
            RecordingPolicy::Share { share } => (0.0..=1.0).contains(&share),
            RecordingPolicy::All | RecordingPolicy::Never | RecordingPolicy::OnDemand => true,
        };
        self.that(policy.is_none_or(is_share), format!("{pointer}/share"), "share")
    }

    /// What a campaign or queue asks of its supervisors.
    pub(super) fn supervision(&mut self, rules: SupervisionRules) -> &mut Self {
        let in_order = rules.listening.is_none_or(|period| period.from < period.until);
        self.that(in_order, "/supervision/listening/until", "period")
    }

    /// Nothing, or every fault at once.
    pub(super) fn done(&mut self) -> Result<(), Error> {
        match std::mem::take(&mut self.faults) {
            faults if faults.is_empty() => Ok(()),
            faults => Err(Error::Invalid(faults)),
        }
    }
}

/// Letters, digits, `-` and `_`, up to 40: what is safe in Asterisk's names and in file names alike.
pub(super) fn is_plain_name(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Lower-case letters, digits and `_`: the name of a column that Cadran itself does not use.
pub(super) fn is_field_name(name: &str) -> bool {
    (1..=columns::FIELD_NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
