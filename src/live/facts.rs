//! The second lane: facts that must not be merged away, in order, each with a number.

use std::collections::VecDeque;

use cadran_engine::command::Notice;
use cadran_engine::model::{AgentId, Timestamp, UserId};
use serde_json::{Value, json};

use super::protocol;
use super::rights::{Rights, Sees};

/// Facts that are remembered for whoever was away. Beyond them a viewer is told that it missed some.
const KEPT_MAX: usize = 1_024;

/// Who hears of a fact, beside those who see everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// These agents, at desks and telephones.
    Agents(Vec<AgentId>),
    /// Every desk.
    Everybody,
    /// No desk.
    Staff,
}

impl Audience {
    fn includes(&self, rights: &Rights) -> bool {
        rights.hears_facts()
            || match self {
                Self::Agents(agents) => rights.agent.is_some_and(|agent| agents.contains(&agent)),
                Self::Everybody => rights.sees != Sees::Figures,
                Self::Staff => false,
            }
    }
}

/// Something that happened and that people must hear of.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    kind: &'static str,
    data: Value,
    audience: Audience,
}

/// A fact that is remembered.
#[derive(Debug)]
struct Told {
    seq: u64,
    audience: Audience,
    message: String,
}

impl Fact {
    fn for_staff(kind: &'static str, data: Value) -> Self {
        Self { kind, data, audience: Audience::Staff }
    }

    /// What came of something that somebody did, who is told though they may not hear of everything.
    fn for_staff_and(who: AgentId, kind: &'static str, data: Value) -> Self {
        Self { kind, data, audience: Audience::Agents(vec![who]) }
    }

    /// Words of a supervisor to agents.
    pub fn message(audience: Audience, from: UserId, text: &str) -> Self {
        let agents = match &audience {
            Audience::Agents(agents) => Some(agents.clone()),
            Audience::Everybody | Audience::Staff => None,
        };
        Self { kind: "message", data: json!({ "from": from, "agents": agents, "text": text }), audience }
    }

    /// What a notice means for people who watch, if anything. Ids only, as in the notice.
    pub fn of(notice: &Notice) -> Option<Self> {
        match notice {
            Notice::Dialling { held_by } => Some(Self::for_staff("dialling", json!({ "held_by": held_by }))),
            Notice::CampaignTripped { campaign, why } => Some(Self::for_staff(
                "campaign_tripped",
                json!({ "campaign": campaign, "why": why.as_str() }),
            )),
            Notice::TrunkTripped { trunk, why } => {
                Some(Self::for_staff("trunk_tripped", json!({ "trunk": trunk, "why": why.as_str() })))
            }
            Notice::MaskedLong { recording, masked } => Some(Self::for_staff(
                "masked_long",
                json!({ "call": recording.call, "seconds": masked.as_secs() }),
            )),
            Notice::SupervisionEnded { supervisor, call, mode, end } => Some(Self::for_staff_and(
                *supervisor,
                "supervision_ended",
                json!({ "supervisor": supervisor, "call": call, "mode": mode, "end": end }),
            )),
            Notice::TakenOver { call, from, by } => {
                let data = json!({ "call": call, "from": from, "by": by });
                Some(Self::for_staff_and(*by, "taken_over", data))
            }
            Notice::Repaired { what } => Some(Self::for_staff("repaired", json!({ "what": what }))),
            Notice::PromptMissing { call, prompt } => {
                Some(Self::for_staff("prompt_missing", json!({ "call": call, "prompt": prompt })))
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
            | Notice::GivenOutside { .. }
            | Notice::NodeLeft { .. }
            | Notice::Screened { .. }
            | Notice::SentToFlow { .. }
            | Notice::SentToQueue { .. }
            | Notice::Supervising { .. }
            | Notice::TapEnded { .. }
            | Notice::Tapped { .. }
            | Notice::Transferred { .. }
            | Notice::Unexpected { .. } => None,
        }
    }
}

/// The facts of late, numbered without holes.
#[derive(Debug)]
pub struct Facts {
    /// The number of the next one.
    next: u64,
    kept: VecDeque<Told>,
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
        let message = protocol::evt(self.next, at, fact.kind, &fact.data);
        self.kept.push_back(Told { seq: self.next, audience: fact.audience.clone(), message });
        self.next += 1;
    }

    /// The number of the latest fact.
    pub const fn last(&self) -> u64 {
        self.next - 1
    }

    /// Whether every fact after this number is remembered.
    pub(super) fn reaches_back_to(&self, seq: u64) -> bool {
        let first = self.kept.front().map_or(self.next, |first| first.seq);
        (first - 1..self.next).contains(&seq)
    }

    /// Facts after this number that a viewer with these rights hears of, as messages.
    pub(super) fn after(&self, seq: u64, rights: &Rights) -> impl Iterator<Item = (u64, &str)> {
        let skipped = self.kept.partition_point(|told| told.seq <= seq);
        let heard = self.kept.range(skipped..).filter(|told| told.audience.includes(rights));
        heard.map(|told| (told.seq, told.message.as_str()))
    }
}
