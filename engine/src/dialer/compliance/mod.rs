//! Whether, when and how the law lets a call be placed. Pure functions of facts, packs and the clock's reading.
//!
//! A law is a set of parameters in a [`Pack`]; when it moves, the pack changes and not the code. All packs that are
//! in force for a call apply together and the strictest wins, so a further pack can only forbid more. Whatever is
//! not known, such as a country, a zone or the age of a register, forbids the call.
//!
//! - [`may_dial`]: may this person be called?
//! - [`classify_answer`]: was an answered call abandoned, or silent?
//! - [`pace_gate`]: may a campaign dial ahead of its agents?
//! - [`retention`](retention()): how long is something kept?
//!
//! None of this is legal advice: the sources stand beside each parameter in `config/compliance/`.

mod answer;
mod callee;
mod caller_id;
mod calling_codes;
mod caps;
pub mod check;
mod consent;
mod decision;
mod dialling;
mod history;
mod inquiry;
mod instant;
mod intent;
mod number;
mod pace;
mod pack;
mod recording_control;
mod register;
mod retention;
mod schedule;
mod situation;
mod supervision;

pub use crate::almanac::{Holidays, Windows};
pub use answer::{
    AbandonRule, Classification, CountedFrom, Timeline, Violation, classify_answer, classify_call,
};
pub use callee::{
    Callee, Consent, Contract, LineType, Reassignment, ReassignmentResult, Relationship, RequestedCallback,
    Whereabouts,
};
pub use caller_id::CallerIdRule;
pub use caps::{AbandonCoolOff, FrequencyCap};
pub use consent::{ConsentNeed, ConsentRule};
pub use decision::{Decision, Obligation, Reason};
pub use dialling::{CapCount, may_dial};
pub use history::{PastAttempt, PastOutcome};
pub use inquiry::Inquiry;
pub use intent::{Intent, Mode};
pub use number::may_be_dialled;
pub use pace::{CampaignStats, PaceGate, PaceLaw, PaceReason, pace_gate};
pub use pack::{Applies, Detection, Pack, PackError, PackRules, Scope};
pub use recording_control::{RecordingOutcome, RecordingStep, follow_recording};
pub use register::{DoNotCall, RegisterCheck, RegisterRule, Registers};
pub use retention::{
    Artifact, Retention, RetentionRule, RetentionStart, ordered_until, retention, retention_by_all,
};
pub use supervision::{Listened, Listener, SupervisionRule, may_supervise};
