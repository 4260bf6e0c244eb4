//! What may only last for a while: a dial, a join, a message, a wrap-up.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::model::{AgentId, CallId, Timestamp};
use cadran_engine::view::{CallView, LiveView};

use crate::plan::{RING_TIMEOUT, WRAP_UP};
use crate::world::World;

/// What somebody is in the middle of, and since when it has been shown.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    calls: BTreeMap<CallId, (&'static str, Timestamp)>,
    wrap_ups: BTreeMap<(AgentId, CallId), Timestamp>,
}

impl Passing {
    /// An agent does something else. The conversation may come back to them between two looks, and is wrapped up anew.
    pub(crate) fn wrap_up_over(&mut self, agent: AgentId) {
        self.wrap_ups.retain(|(known, _), _| *known != agent);
    }
}

/// The engine's own timers are exact; this much is left for a command's travel.
const SLACK: Duration = Duration::from_secs(1);

/// Two tries of two seconds each, with one agent and, when they are lost meanwhile, with another.
const JOIN_MAX: Duration = Duration::from_secs(9);

/// The longest message, and its travel.
const MESSAGE_MAX: Duration = Duration::from_secs(32);

/// From answer to drop, and the travel of the message.
const WAIT_MAX: Duration = Duration::from_millis(3_500);

/// A write takes milliseconds while the database is there.
const SAVE_MAX: Duration = Duration::from_secs(3);

/// The step that a call is in, and how long it may take.
fn limit_of(call: &CallView) -> Option<(&'static str, Duration)> {
    match call.state {
        "saving" => Some(("saved", SAVE_MAX)),
        "dialling" | "ringing" => Some(("dialled", RING_TIMEOUT + SLACK)),
        "waiting" => Some(("kept waiting", WAIT_MAX)),
        "joining" => Some(("joined", JOIN_MAX)),
        "message" => Some(("told that nobody is there", MESSAGE_MAX)),
        _ => None,
    }
}

impl World<'_> {
    /// I24: nothing stays where it should only pass, while there are link and database to get on with.
    pub(crate) fn check_passing(&mut self, view: &LiveView) {
        if !self.link.up || self.store.away {
            self.checks.passing = Passing::default();
            return;
        }
        let before = std::mem::take(&mut self.checks.passing);
        for call in &view.calls {
            let Some((step, max)) = limit_of(call) else { continue };
            let earlier = before.calls.get(&call.call).filter(|(shown, _)| *shown == step);
            let since = earlier.map_or(self.now, |(_, since)| *since);
            self.checks.passing.calls.insert(call.call, (step, since));
            self.check_lasts(since, max, || format!("{} is still being {step}", call.call));
        }
        for agent in view.agents.iter().filter(|agent| agent.state == "wrap_up") {
            let Some(call) = agent.call else { continue };
            let key = (agent.agent, call);
            let since = before.wrap_ups.get(&key).copied().unwrap_or(self.now);
            self.checks.passing.wrap_ups.insert(key, since);
            self.check_lasts(since, WRAP_UP + SLACK, || format!("{} is still wrapping up", agent.agent));
        }
    }

    fn check_lasts(&mut self, since: Timestamp, max: Duration, what: impl FnOnce() -> String) {
        let lasted = self.now.since(since);
        if lasted > max {
            self.checks.broken(self.now, format!("I24: {} after {lasted:?}", what()));
        }
    }
}
