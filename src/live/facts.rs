//! The second lane: facts that must not be merged away, in order, each with a number.

use std::collections::VecDeque;

use cadran_engine::command::Notice;
use cadran_engine::model::Timestamp;
use serde_json::{Value, json};

use super::protocol;

/// Facts that are remembered for whoever was away. Beyond them a viewer is told that it missed some.
const KEPT_MAX: usize = 1_024;

/// Something that happened and that people must hear of.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    kind: &'static str,
    data: Value,
}

impl Fact {
    /// What a notice means for people who watch, if anything. Ids only, as in the notice.
    pub fn of(notice: &Notice) -> Option<Self> {
        match notice {
            Notice::Dialling { held_by } => {
                Some(Self { kind: "dialling", data: json!({ "held_by": held_by }) })
            }
            Notice::CampaignTripped { campaign, why } => Some(Self {
                kind: "campaign_tripped",
                data: json!({ "campaign": campaign, "why": why.as_str() }),
            }),
            Notice::TrunkTripped { trunk, why } => {
                Some(Self { kind: "trunk_tripped", data: json!({ "trunk": trunk, "why": why.as_str() }) })
            }
            Notice::MaskedLong { recording, masked } => Some(Self {
                kind: "masked_long",
                data: json!({ "call": recording.call, "seconds": masked.as_secs() }),
            }),
            Notice::Repaired { what } => Some(Self { kind: "repaired", data: json!({ "what": what }) }),
            Notice::PromptMissing { call, prompt } => {
                Some(Self { kind: "prompt_missing", data: json!({ "call": call, "prompt": prompt }) })
            }
            // Shown by the rows that they change, or of use to the log alone.
            Notice::AgentMissed { .. }
            | Notice::AgentState { .. }
            | Notice::Answered { .. }
            | Notice::AttemptEnded { .. }
            | Notice::CallEnded { .. }
            | Notice::CallerArrived { .. }
            | Notice::CallerQueued { .. }
            | Notice::CallerUnqueued { .. }
            | Notice::Connected { .. }
            | Notice::DialForbidden { .. }
            | Notice::Dialled { .. }
            | Notice::NodeLeft { .. }
            | Notice::Screened { .. }
            | Notice::Unexpected { .. } => None,
        }
    }
}

/// The facts of late, numbered without holes.
#[derive(Debug)]
pub struct Facts {
    /// The number of the next one.
    next: u64,
    kept: VecDeque<(u64, String)>,
}

impl Facts {
    /// No facts yet. Numbers go on from the microsecond of the start: a restarted daemon cannot have used them, because
    /// facts are much rarer than that, so a viewer of the daemon before is told that it missed some.
    pub fn new(started_at: Timestamp) -> Self {
        let first = u64::try_from(started_at.as_millis()).unwrap_or_default().saturating_mul(1_000);
        Self { next: first + 1, kept: VecDeque::new() }
    }

    /// Keeps a fact.
    pub fn tell(&mut self, at: Timestamp, fact: &Fact) {
        if self.kept.len() >= KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back((self.next, protocol::evt(self.next, at, fact.kind, &fact.data)));
        self.next += 1;
    }

    /// The number of the latest fact.
    pub const fn last(&self) -> u64 {
        self.next - 1
    }

    /// Whether every fact after this number is remembered.
    pub(super) fn reaches_back_to(&self, seq: u64) -> bool {
        let first = self.kept.front().map_or(self.next, |(first, _)| *first);
        (first - 1..self.next).contains(&seq)
    }

    /// Facts after this number, as messages.
    pub(super) fn after(&self, seq: u64) -> impl Iterator<Item = &(u64, String)> {
        let skipped = self.kept.partition_point(|(known, _)| *known <= seq);
        self.kept.range(skipped..)
    }
}
