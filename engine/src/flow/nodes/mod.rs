//! The fields of every kind of node.
//!
//! A field that holds an expression says so; every other text in which `{{expression}}` may stand is a template.

mod asking;
mod connecting;
mod deciding;
mod fetching;
mod recording;
mod script;

pub use asking::{
    Collect, CollectCheck, Language, LanguageSource, Menu, Play, Question, QuestionType, RetryPrompts,
    SpeechInput, Survey,
};
pub use connecting::{
    Ai, Announcements, Answer, Callback, Destination, Dial, DialMode, Handoff, Hangup, HangupReason, LEAVING,
    MUSIC, Queue, SkillNeed, Slots,
};
pub use deciding::{
    Assignment, Branch, CallerCheck, Case, CheckCaller, Goto, Hours, Return, Revision, Set, Split, Subflow,
    Tag,
};
pub use fetching::{Fetched, Http, Lookup, LookupSource, Method};
pub use recording::{Channels, Consent, Record, Recording, RecordingAction, Voicemail};
pub use script::{Choice, Field, Level, Outcome, Page};
