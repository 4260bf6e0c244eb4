//! How a trunk stands after each request, and when the next one is due. Pure.

use std::time::Duration;

use cadran_engine::model::{ProbeSilence, Timestamp, TrunkProbe};

/// Requests in a row that must stay in silence before the far end counts as silent: the restart of a far end takes
/// longer than one of them.
const SILENT_MAX: u32 = 2;

/// After a request in silence the next one does not wait for its turn.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What came of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer, after this time.
    Answered(u16, Duration),
    /// None.
    Silent(ProbeSilence),
}

/// How a trunk stands.
#[derive(Debug, Default)]
pub(super) struct Standing {
    probe: Option<TrunkProbe>,
    silent: u32,
}

impl Standing {
    /// Takes in what came of a request. Says whether the far end began or ceased to answer.
    pub(super) fn take(&mut self, at: Timestamp, outcome: Outcome) -> (TrunkProbe, bool) {
        let before = self.probe;
        let known = before.unwrap_or(TrunkProbe {
            at,
            answers: true,
            since: at,
            code: None,
            latency: None,
            silence: None,
        });
        let probe = match outcome {
            Outcome::Answered(code, took) => {
                self.silent = 0;
                let latency = Some(whole_millis(took));
                TrunkProbe { answers: true, code: Some(code), latency, silence: None, ..known }
            }
            Outcome::Silent(silence) => {
                self.silent = self.silent.saturating_add(1);
                let answers = known.answers && self.silent < SILENT_MAX;
                TrunkProbe { answers, silence: Some(silence), ..known }
            }
        };
        let turned = probe.answers != known.answers;
        let since = if turned { at } else { probe.since };
        let probe = TrunkProbe { at, since, ..probe };
        self.probe = Some(probe);
        let first_answer = probe.silence.is_none() && before.is_none_or(|known| known.code.is_none());
        (probe, turned || first_answer)
    }

    /// When the next request is due after this one.
    pub(super) fn next_in(&self, every: Duration) -> Duration {
        if (1..SILENT_MAX).contains(&self.silent) { every.min(AGAIN_AFTER) } else { every }
    }
}

/// Milliseconds, a part of one counted as one: on a network of one's own answers come within it.
fn whole_millis(span: Duration) -> u32 {
    u32::try_from(span.as_micros().div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(10);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn two_requests_in_silence_are_an_outage_and_one_answer_its_end() {
        let mut standing = Standing::default();
        let silent = Outcome::Silent(ProbeSilence::NoAnswer);
        let (probe, news) = standing.take(at(0), Outcome::Answered(200, Duration::from_micros(300)));
        assert!(news && probe.answers);
        assert_eq!((probe.code, probe.latency, standing.next_in(EVERY)), (Some(200), Some(1), EVERY));

        let (probe, news) = standing.take(at(14), silent);
        assert!(!news && probe.answers && probe.silence == Some(ProbeSilence::NoAnswer));
        assert_eq!(standing.next_in(EVERY), Duration::from_secs(1));
        let (probe, news) = standing.take(at(19), silent);
        assert!(news && !probe.answers);
        assert_eq!((probe.since, probe.code, standing.next_in(EVERY)), (at(19), Some(200), EVERY));
        let (probe, news) = standing.take(at(33), silent);
        assert!(!news && !probe.answers && probe.since == at(19));

        let (probe, news) = standing.take(at(43), Outcome::Answered(503, Duration::from_millis(12)));
        assert!(news && probe.answers && !probe.is_well());
        assert_eq!((probe.since, probe.latency, probe.silence), (at(43), Some(12), None));
    }

    #[test]
    fn a_trunk_that_never_answered_is_silent_after_two_requests_too() {
        let mut standing = Standing::default();
        let (probe, news) = standing.take(at(0), Outcome::Silent(ProbeSilence::Unresolved));
        assert!(!news && probe.answers);
        let (probe, news) = standing.take(at(3), Outcome::Silent(ProbeSilence::Unresolved));
        assert!(news && !probe.answers && probe.code.is_none());
    }
}
