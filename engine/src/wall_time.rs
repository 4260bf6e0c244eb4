//! The times of history. The engine reckons in steady time, so that a step of the clock disturbs neither a timer nor a
//! duration; people compare rows with the clock on the wall.
//!
//! Every write passes here on its way out ([`crate::cx::Cx::write`]), and nowhere else is a time of history made. What
//! is written together is moved together: durations within a row stay true.

use crate::command::Write;
use crate::model::Timestamp;

/// `write` with its times of history, which are steady, as the wall shows them at the steady moment `now`. Times at
/// which something falls due are wall time from the outset.
pub(crate) fn on_the_wall(mut write: Write, now: Timestamp, wall: Timestamp) -> Write {
    let ahead = wall.as_millis().saturating_sub(now.as_millis());
    let shift = |at: &mut Timestamp| *at = Timestamp::from_millis(at.as_millis().saturating_add(ahead));
    match &mut write {
        Write::SaveAttempt(attempt) => shift(&mut attempt.started_at),
        Write::CloseAttempt { ended_at, .. } => shift(ended_at),
        Write::SaveCall(call) => {
            shift(&mut call.answered_at);
            call.connected_at.iter_mut().for_each(shift);
            call.message_at.iter_mut().for_each(shift);
            shift(&mut call.ended_at);
        }
        Write::SaveCaller(call) => {
            shift(&mut call.arrived_at);
            call.answered_at.iter_mut().for_each(shift);
            call.connected_at.iter_mut().for_each(shift);
            shift(&mut call.ended_at);
            // The path is in wall time from the outset: flows compare it with opening hours.
            call.waits.iter_mut().for_each(|wait| shift(&mut wait.since));
        }
        Write::SaveCallerDisposition(said) => shift(&mut said.at),
        Write::SaveMessage(message) => shift(&mut message.at),
        Write::SaveAnswers { at, .. } | Write::SaveCallback { at, .. } => shift(at),
        Write::OpenRecording { started_at, .. } => shift(started_at),
        Write::OpenGap { at, .. } | Write::CloseGap { at, .. } => shift(at),
        Write::SaveDisposition(said) => shift(&mut said.at),
        Write::OpenSupervision(act) => shift(&mut act.began_at),
        Write::CloseSupervision { at, .. } => shift(at),
        Write::OpenSession { at, .. } | Write::SaveAgentState { at, .. } | Write::CloseSession { at, .. } => {
            shift(at);
        }
        Write::SavePacing { line, .. } => shift(&mut line.at),
        Write::SaveLearnt { at, .. } => shift(at),
        Write::ReleaseLead { .. } | Write::TagCall { .. } | Write::CloseRecording { .. } => {}
    }
    write
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;
    use crate::command::Command;
    use crate::engine::Engine;
    use crate::input::{Input, Request, RequestId, Settings};
    use crate::model::{Agent, AgentId, PhoneKind, RingMode};

    /// The clock was an hour slow at the start and is set right: rows show the right time, timers notice nothing.
    #[test]
    fn rows_show_the_time_of_the_wall() {
        let steady = Timestamp::from_millis(1_700_000_000_000);
        let mut engine = Engine::new(1);
        let agent = Agent {
            id: AgentId::from_i64(1),
            name: "Agent One".to_owned(),
            sip_account: "agent-1".to_owned(),
            phone_kind: PhoneKind::Sip,
            ring_mode: RingMode::PerCall,
            ring_timeout: Duration::from_secs(20),
            queues: Vec::new(),
            skills: BTreeMap::new(),
            recording: None,
        };
        let settings = Settings { agents: vec![agent], ..Settings::default() };
        engine.handle(steady, Input::Settings(Box::new(settings)));
        let mut logged_in_at = |now: Timestamp, request| {
            let input = Input::Request { id: RequestId(1), request };
            engine.handle(now, Input::WallClock(now + Duration::from_secs(3600)));
            engine.handle(now + Duration::from_millis(5), input).into_iter().find_map(|command| match command
            {
                Command::Write(Write::OpenSession { at, .. }) => Some(at),
                _ => None,
            })
        };
        let request = Request::LogIn { agent: AgentId::from_i64(1), campaigns: vec![] };
        let expected = steady + Duration::from_millis(3_600_005);
        assert_eq!(logged_in_at(steady, request), Some(expected));
    }
}
