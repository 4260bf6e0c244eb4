//! What is left of a recording after it was paused, objected to or forgotten.

use std::time::Duration;

/// A step in the life of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingStep {
    /// The call ended.
    Hangup,
    /// The person does not want to be recorded.
    Objection,
    /// The agent paused it, as for a card number.
    Pause,
    /// The agent let it go on.
    Resume,
    /// It began.
    Start,
    /// Time passed.
    Wait(Duration),
}

/// What is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordingOutcome {
    /// Whether a pause lasted longer than it may. Recording does not resume by itself, because a card number may be
    /// on the line (PCI DSS 3.3.1).
    pub pause_too_long: bool,
    /// Whether there is a gap.
    pub has_gap: bool,
    /// Whether the person objected, so that everything recorded is deleted.
    pub objected: bool,
    /// Whether anything was recorded.
    pub started: bool,
}

/// Follows a recording to its end.
pub fn follow_recording(steps: &[RecordingStep], pause_max: Duration) -> RecordingOutcome {
    let mut outcome = RecordingOutcome::default();
    let mut paused_for: Option<Duration> = None;
    for step in steps {
        match step {
            RecordingStep::Start => outcome.started = true,
            RecordingStep::Objection => outcome.objected = true,
            RecordingStep::Pause => {
                outcome.has_gap = true;
                paused_for = paused_for.or(Some(Duration::ZERO));
            }
            RecordingStep::Resume | RecordingStep::Hangup => paused_for = None,
            RecordingStep::Wait(span) => paused_for = paused_for.map(|paused| paused.saturating_add(*span)),
        }
        outcome.pause_too_long |= paused_for.is_some_and(|paused| paused > pause_max);
    }
    outcome
}
