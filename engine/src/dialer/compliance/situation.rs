//! All that a decision looks at, gathered once.

use super::consent::withdrawn_at;
use super::{Callee, Intent, PastAttempt, PastOutcome, Registers};
use crate::model::Timestamp;

/// One question, "may this person be called?", with what was worked out from it for every pack.
#[derive(Debug)]
pub(super) struct Situation<'a> {
    pub(super) callee: &'a Callee,
    pub(super) intent: &'a Intent,
    pub(super) now: Timestamp,
    pub(super) history: &'a [PastAttempt],
    pub(super) registers: &'a Registers,
    /// When the person last refused a call of the seller.
    pub(super) refused_at: Option<Timestamp>,
    /// When the person last took back a consent given to the seller.
    pub(super) withdrawn_at: Option<Timestamp>,
}

impl<'a> Situation<'a> {
    pub(super) fn new(
        callee: &'a Callee,
        intent: &'a Intent,
        now: Timestamp,
        history: &'a [PastAttempt],
        registers: &'a Registers,
    ) -> Self {
        let mut situation = Self {
            callee,
            intent,
            now,
            history,
            registers,
            refused_at: None,
            withdrawn_at: withdrawn_at(&callee.consents, &intent.seller),
        };
        situation.refused_at = situation.last(PastOutcome::Refused);
        situation
    }

    /// When an attempt on behalf of the seller last ended so. One dated after the clock counts as well.
    pub(super) fn last(&self, outcome: PastOutcome) -> Option<Timestamp> {
        let attempts = self
            .history
            .iter()
            .filter(|attempt| attempt.outcome == outcome && attempt.is_of(&self.intent.seller));
        attempts.map(|attempt| attempt.at).max()
    }

    /// Whether somebody is trying to reach the person, on whose behalf whatever.
    pub(super) fn is_busy(&self) -> bool {
        self.history.iter().any(|attempt| attempt.outcome == PastOutcome::InProgress)
    }

    /// The date of the last attempt, when the clock stands before it.
    pub(super) fn clock_behind(&self, at: Timestamp) -> Option<Timestamp> {
        self.history.iter().map(|attempt| attempt.at).max().filter(|last| at < *last)
    }

    /// Whether a call at an instant is one that the person asked for.
    pub(super) fn is_asked_for(&self, at: Timestamp) -> bool {
        self.asked_for().is_some_and(|(from, to)| (from..to).contains(&at))
    }

    /// The span in which the person asked the seller to call, unless a later refusal undid the request.
    pub(super) fn asked_for(&self) -> Option<(Timestamp, Timestamp)> {
        let callback = self.callee.requested_callback.as_ref()?;
        let is_ours = callback.seller.as_deref().is_none_or(|seller| seller == self.intent.seller);
        let is_undone = match (callback.requested_at, self.refused_at) {
            (Some(requested_at), Some(refused_at)) => requested_at <= refused_at,
            (None, _) | (_, None) => false,
        };
        (is_ours && !is_undone).then_some((callback.from, callback.to))
    }
}
