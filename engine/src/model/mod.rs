//! The nouns of a call centre. No rules here: rules read these and live in the engine.

pub mod agent;
pub mod attempt;
pub mod breakers;
pub mod calendar;
pub mod campaign;
pub mod compliance;
pub mod did;
pub mod disposition;
pub mod flow;
pub mod id;
pub mod incoming;
pub mod lead;
pub mod mailbox;
pub mod order;
pub mod phone;
pub mod queue;
pub mod quota;
pub mod recording;
pub mod right;
#[cfg(feature = "schema")]
mod schema;
pub mod screening;
pub mod sip;
pub mod supervision;
pub mod tenant;
pub mod time;
pub mod trunk;
pub mod user;

pub use agent::{Agent, PauseReason, PhoneKind, RingMode};
pub use attempt::{Attempt, ByHand, HangupCause, Outcome, Side};
pub use breakers::{Breakers, Trip};
pub use calendar::{CallingHours, Window, Zone};
pub use campaign::{
    CallbackRules, Campaign, CampaignSettings, CampaignState, DialMode, RateLimit, RecordingPolicy, RetryRule,
};
pub use compliance::{ComplianceSettings, LegalBasis, Party, Purpose};
pub use did::{Canary, Did, Track};
pub use disposition::{Disposition, DispositionEffect};
pub use flow::{FlowPublished, Medium, Sound};
pub use id::*;
pub use lead::{Lead, LeadState, Promise};
pub use mailbox::{Greeting, Mailbox};
pub use order::{DialOrder, Direction, ListShare, OrderKey};
pub use phone::Phone;
pub use queue::{
    Announce, Blending, CallbackOffer, NoAgents, Overflow, Queue, QueueSettings, Relaxation, SkillRule,
    Skills, Sticky, Strategy,
};
pub use quota::{Quota, QuotaPart};
pub use recording::{RecordingFacts, RecordingState};
pub use right::{Right, Rights};
pub use screening::{OnMachine, SCREENING_TIME_MAX, Screened, Screening, Verdict};
pub use sip::{MessageLamp, SipAccount, SipTrunk};
pub use supervision::{
    AgentsHear, ListeningPeriod, Supervised, SupervisionEnd, SupervisionMode, SupervisionRules,
};
pub use tenant::{Slug, TenantState};
pub use time::Timestamp;
pub use trunk::{ProbeSilence, Trunk, TrunkProbe, TrunkState};
pub use user::{Role, RoleName, Scope};
