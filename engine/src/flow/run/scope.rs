//! What the expressions of a running flow can read.

use super::Facts;
use crate::flow::expression::{Readable, Scope};
use crate::flow::prepared::Prepared;
use crate::flow::scope::INPUT;
use crate::flow::value::Value;
use crate::model::Timestamp;

/// The variables of one flow in one call, and what is known of the call.
pub(super) struct CallScope<'a> {
    pub(super) flow: &'a Prepared,
    pub(super) variables: &'a [Option<Value>],
    pub(super) facts: &'a Facts,
    pub(super) locale: &'a str,
    pub(super) now: Timestamp,
    /// What was typed, while it is being checked.
    pub(super) input: Option<&'a str>,
}

impl Scope for CallScope<'_> {
    fn find(&self, name: &str) -> Option<Readable<'_>> {
        if let Some(slot) = self.flow.slot(name) {
            return self.variables.get(slot)?.as_ref().map(Readable::Value);
        }
        Some(match name {
            INPUT => Readable::Text(self.input?),
            "caller" => Readable::Text(&self.facts.caller),
            "did" => Readable::Text(&self.facts.did),
            "locale" => Readable::Text(self.locale),
            "time" => Readable::Made(self.clock()?.strftime("%H:%M").to_string()),
            "today" => Readable::Made(self.clock()?.date().to_string()),
            "weekday" => Readable::Int(self.clock()?.date().weekday().to_monday_one_offset().into()),
            _ => return None,
        })
    }
}

impl CallScope<'_> {
    /// What clocks show in the flow's zone.
    fn clock(&self) -> Option<jiff::civil::DateTime> {
        let instant = jiff::Timestamp::from_millisecond(self.now.as_millis()).ok()?;
        Some(self.flow.envelope.zone.rules().to_datetime(instant))
    }
}
