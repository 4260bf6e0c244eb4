//! Which number a call may show.

use serde::{Deserialize, Serialize};

use super::{Intent, Mode, Reason};
use crate::model::Phone;

/// A pack's demands on the number shown. Their presence alone demands that one is shown, and authorised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerIdRule {
    /// The ways of dialling that count as automated; all when absent.
    pub automated_modes: Option<Vec<Mode>>,
    /// The only numbers that automated calls may show, by their first digits in E.164.
    pub automated_allowed_prefixes: Option<Vec<String>>,
    /// Numbers that no call may show.
    #[serde(default)]
    pub never_prefixes: Vec<String>,
    /// The only numbers that any call may show.
    pub only_prefixes: Option<Vec<String>>,
}

impl CallerIdRule {
    /// Why the number may not be shown.
    pub(super) fn denial(&self, intent: &Intent) -> Option<Reason> {
        let Some(shown) = intent.shown_number() else {
            return Some(Reason::CliMissing);
        };
        if intent.cli_authorised != Some(true) {
            return Some(Reason::CliUnauthorised);
        }
        let begins = |prefixes: &[String]| prefixes.iter().any(|prefix| shown.starts_with(prefix.as_str()));
        let is_outside =
            |allowed: &Option<Vec<String>>| allowed.as_deref().is_some_and(|allowed| !begins(allowed));
        let is_forbidden = shown.parse::<Phone>().is_err()
            || begins(&self.never_prefixes)
            || is_outside(&self.only_prefixes)
            || (self.is_automated(intent.dial_mode) && is_outside(&self.automated_allowed_prefixes));
        is_forbidden.then_some(Reason::CliForbidden)
    }

    fn is_automated(&self, mode: Mode) -> bool {
        self.automated_modes.as_ref().is_none_or(|modes| modes.contains(&mode))
    }
}
