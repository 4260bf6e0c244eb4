//! Everything that the engine can want done. The adapters carry it out; failure comes back as an input.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialer::learnt::Learnt;
use crate::dialer::pacing_line::{LineSpan, PacingLine};
use crate::inbound::inquiry::{Inquiry, LookUpId};
use crate::input::{LegPurpose, RequestId};
use crate::model::attempt::CallRecord;
pub use crate::model::incoming::CallerRecorded;
use crate::model::incoming::{
    CallbackStanding, CallerCallback, CallerDisposition, CallerRecord, MessageRecord,
};
use crate::model::{
    AgentId, Attempt, AttemptId, CallId, CampaignId, EarId, HangupCause, LeadId, LegId, MessageId, Outcome,
    PauseReason, Phone, RecordingId, RecordingState, RoomId, Screened, SessionId, Supervised, SupervisionEnd,
    SupervisionId, TapId, Timestamp, TrunkId, UserId,
};
pub use crate::notice::{Hold, Notice};
pub use crate::refusal::Refusal;
use crate::view::LiveView;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// For the telephone side. Commands for one leg are carried out in order.
    Switch(SwitchCommand),
    /// For the database, in order. Kept and retried while the database is away.
    Write(Write),
    /// Leads are wanted: answered by [`crate::input::StoreEvent::LeadsFetched`].
    FetchLeads {
        /// For which campaign.
        campaign: CampaignId,
        /// How many at most.
        count: u16,
    },
    /// Something that a flow wants to know of the world outside: answered by [`crate::input::Input::LookedUp`], within
    /// [`Inquiry::time_max`].
    LookUp {
        /// Names the answer.
        id: LookUpId,
        /// What is wanted.
        inquiry: Box<Inquiry>,
    },
    /// The answer to a request. Given only when every write of the same input before it is durable.
    Reply {
        /// The request.
        to: RequestId,
        /// What came of it.
        answer: Result<Answer, Refusal>,
    },
    /// Something that a person or a meter may want to see. Carries ids only.
    Notice(Notice),
}

/// For the telephone side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SwitchCommand {
    /// Create a leg and ring its far end.
    Originate {
        /// Its name.
        leg: LegId,
        /// Whom to ring.
        to: Destination,
        /// The number shown.
        caller_id: Option<Phone>,
        /// After which Asterisk gives up by itself, should the engine not have done so.
        ring_timeout: Duration,
        /// Travels with the leg.
        purpose: LegPurpose,
    },
    /// End a leg.
    HangUp {
        /// Which leg.
        leg: LegId,
    },
    /// Create a place where legs hear each other.
    OpenRoom {
        /// Its name.
        room: RoomId,
    },
    /// Have whoever is in a room hear music.
    StartMusic {
        /// Which room.
        room: RoomId,
    },
    /// Put a leg in a room.
    Join {
        /// Which room.
        room: RoomId,
        /// Which leg.
        leg: LegId,
    },
    /// Take a leg out of a room. It stays up, alone: what is played to it is heard only then.
    Leave {
        /// Which room.
        room: RoomId,
        /// Which leg.
        leg: LegId,
    },
    /// Remove a room. Legs in it stay up, alone.
    CloseRoom {
        /// Which room.
        room: RoomId,
    },
    /// Let a supervisor hear what an agent and their customer say; [`crate::input::SwitchEvent::EarOpened`] follows, and
    /// [`crate::input::SwitchEvent::EarEnded`] at its end, which is that of the agent's leg at the latest.
    OpenEar {
        /// Its name.
        ear: EarId,
        /// The agent.
        agent: LegId,
        /// The customer.
        customer: LegId,
        /// Who listens.
        supervisor: LegId,
        /// Where they do.
        room: RoomId,
        /// Whether the agent, and not the customer, hears what they say.
        whispers: bool,
    },
    /// Have an agent hear, or no longer hear, what is said on the other side of an ear.
    SetWhisper {
        /// Which ear.
        ear: EarId,
        /// Whether the agent hears it.
        whispers: bool,
    },
    /// Send both voices of a conversation away as sound; [`crate::input::SwitchEvent::TapEnded`] follows at its end.
    OpenTap {
        /// Its name.
        tap: TapId,
        /// Who speaks on the left.
        customer: LegId,
        /// Who speaks on the right.
        agent: LegId,
    },
    /// Remove a tap, and whatever is left of it.
    CloseTap {
        /// Which tap.
        tap: TapId,
    },
    /// Remove an ear.
    CloseEar {
        /// Which ear.
        ear: EarId,
    },
    /// Play a message to a leg; [`crate::input::SwitchEvent::MessageEnded`] follows.
    Play {
        /// Who hears it.
        leg: LegId,
        /// An Asterisk media URI.
        media: String,
    },
    /// Let a caller's telephone ring on.
    Ring {
        /// Whose.
        leg: LegId,
    },
    /// Pick up for a caller; [`crate::input::SwitchEvent::LegUp`] follows.
    PickUp {
        /// For whom.
        leg: LegId,
    },
    /// Say on the leg itself what it is for, so that another daemon can take it over. Legs that we create are born
    /// with it.
    Mark {
        /// Which leg.
        leg: LegId,
        /// What it is for.
        purpose: LegPurpose,
    },
    /// Play clips one after the other; [`crate::input::SwitchEvent::ClipsEnded`] follows.
    PlayClips {
        /// Who hears them.
        leg: LegId,
        /// Counts what the leg is played, so that the end of one playback is not taken for that of the next.
        playing: u32,
        /// What, in order. Never empty.
        clips: Vec<Clip>,
        /// The language of numbers and spoken text, such as `fr-FR`.
        locale: String,
    },
    /// Send a caller who is not ours back to the dialplan, which says that nobody can answer.
    LetGo {
        /// Whose leg.
        leg: LegId,
    },
    /// End what [`SwitchCommand::PlayClips`] began, at once.
    StopClips {
        /// Who heard it.
        leg: LegId,
        /// Which playback.
        playing: u32,
    },
    /// Play music on hold, beneath clips, until told otherwise.
    PlayMusic {
        /// Who hears it.
        leg: LegId,
        /// A class of music on hold of Asterisk.
        class: String,
    },
    /// End the music.
    StopMusic {
        /// Who heard it.
        leg: LegId,
    },
    /// Record what a caller says; [`crate::input::SwitchEvent::MessageTaken`] follows.
    TakeMessage {
        /// Who speaks.
        leg: LegId,
        /// Its name.
        message: MessageId,
        /// With this length it ends.
        #[serde(with = "crate::model::time::millis")]
        length_max: Duration,
        /// With so long a silence it ends.
        #[serde(with = "crate::model::time::millis")]
        silence_max: Duration,
        /// Whether a tone says that it begins.
        beep: bool,
    },
    /// End what [`SwitchCommand::TakeMessage`] began; what was said is kept.
    EndMessage {
        /// Who spoke.
        leg: LegId,
        /// Which message.
        message: MessageId,
    },
    /// End a leg that has not been picked up, and say why.
    TurnAway {
        /// Which leg.
        leg: LegId,
        /// What its telephone is told.
        reason: TurnAway,
    },
    /// Find out whether a leg that has just answered is a machine; [`crate::input::SwitchEvent::LegScreened`] follows.
    /// Until then the leg is out of reach: it can be ended, but not joined or played to.
    Screen {
        /// Which leg.
        leg: LegId,
        /// Speech without a pause that lasts this long is a machine's.
        greeting: Duration,
        /// Silence after speech that lasts this long is a person's.
        silence: Duration,
        /// So many words before such a silence are a machine's.
        words: u8,
    },
    /// Wait until a machine's greeting and its tone are over; [`crate::input::SwitchEvent::GreetingOver`] follows.
    /// Until then the leg is out of reach, as in `Screen`.
    AwaitSilence {
        /// Which leg.
        leg: LegId,
    },
    /// Record two sides of a call, one channel each.
    StartRecording {
        /// Its name.
        recording: RecordingId,
        /// The left channel.
        customer: LegId,
        /// The right channel. None: nobody speaks with the customer, and what they hear is written in its place.
        agent: Option<LegId>,
    },
    /// Write silence.
    MaskRecording {
        /// Which recording.
        recording: RecordingId,
    },
    /// Write sound again.
    UnmaskRecording {
        /// Which recording.
        recording: RecordingId,
    },
    /// Stop writing, if it is still being written, and read the file back:
    /// [`crate::input::SwitchEvent::RecordingCollected`] follows.
    CollectRecording {
        /// Which recording.
        recording: RecordingId,
    },
}

/// Something that a caller hears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clip {
    /// A day, as `2026-03-07`.
    Date(String),
    /// One digit after the other.
    Digits(String),
    /// An amount in euros, as `12.50`.
    Money(String),
    /// A whole number.
    Number(String),
    /// A sound, by its Asterisk media URI.
    Sound(String),
    /// A text that is spoken by a machine.
    Speech {
        /// The text.
        text: String,
        /// In which language.
        locale: String,
        /// The voice, other than that of the language.
        voice: Option<String>,
    },
}

/// What the telephone of a caller is told who is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnAway {
    /// The line is in use.
    Busy,
    /// The call is refused.
    Rejected,
}

/// Whom to ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// The SIP account of a telephone of the house, mostly an agent's.
    Account(String),
    /// Somebody by name, behind a trunk.
    Named {
        /// The carrier connection.
        trunk: TrunkId,
        /// The name: letters, digits and `-_.+`.
        name: String,
    },
    /// A number, through a trunk.
    Number {
        /// The carrier connection.
        trunk: TrunkId,
        /// The number.
        phone: Phone,
    },
}

impl Destination {
    /// The trunk that the call goes through; none inside the house.
    pub const fn trunk(&self) -> Option<TrunkId> {
        match self {
            Self::Account(_) => None,
            Self::Named { trunk, .. } | Self::Number { trunk, .. } => Some(*trunk),
        }
    }
}

/// For the database.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Write {
    /// Make an attempt durable, in one transaction with the lead's claim and the last look at what the law
    /// says.
    /// Answered by [`crate::input::StoreEvent::AttemptSaved`] or `AttemptRefused`. Not retried: refused while away.
    SaveAttempt(Box<Attempt>),
    /// Say how an attempt ended, and settle its lead in the same transaction.
    CloseAttempt {
        /// Which attempt.
        attempt: AttemptId,
        /// How it ended.
        outcome: Outcome,
        /// What the network gave as the reason.
        cause: HangupCause,
        /// When.
        ended_at: Timestamp,
        /// What answering machine detection said, where the campaign asks it.
        screened: Option<Screened>,
        /// Of a drop: the chance that it was a person who was dropped.
        person_chance: Option<f64>,
        /// Who was called.
        lead: LeadId,
        /// What becomes of the lead.
        next: LeadNext,
    },
    /// Keep an answered call. Saving it again changes nothing.
    SaveCall(Box<CallRecord>),
    /// A lead leaves the hopper undialled.
    ReleaseLead {
        /// Which lead.
        lead: LeadId,
        /// From when it may be claimed again.
        due_at: Timestamp,
    },
    /// Keep a caller's call, answered or not. Saving it again changes nothing.
    SaveCaller(Box<CallerRecord>),
    /// What an agent said of a caller's call. A second one for the same call is a correction and kept beside the first.
    SaveCallerDisposition(Box<CallerDisposition>),
    /// Keep a message that a caller left.
    SaveMessage(Box<MessageRecord>),
    /// Keep the answers of a survey.
    SaveAnswers {
        /// The call that the survey was part of.
        call: CallId,
        /// Under which name.
        survey: String,
        /// The answers, by the names of their questions.
        answers: Vec<(String, serde_json::Value)>,
        /// When.
        at: Timestamp,
    },
    /// Put marks on a call.
    TagCall {
        /// Which call.
        call: CallId,
        /// An outcome, where the flow names one.
        outcome: Option<String>,
        /// Labels.
        labels: Vec<String>,
    },
    /// A promise to call somebody back stands otherwise.
    SaveCallback {
        /// The promise.
        callback: Box<CallerCallback>,
        /// How it stands.
        standing: CallbackStanding,
        /// Who wanted it so; none when it came about by itself.
        by: Option<UserId>,
        /// Since when.
        at: Timestamp,
    },
    /// A recording began.
    OpenRecording {
        /// Which recording.
        recording: RecordingId,
        /// Of a caller's call: whom it belongs to. None: its attempt tells.
        caller: Option<CallerRecorded>,
        /// When.
        started_at: Timestamp,
    },
    /// Silence is written on purpose from here on.
    OpenGap {
        /// In which recording.
        recording: RecordingId,
        /// Since when.
        at: Timestamp,
        /// Why, such as `card`.
        reason: String,
    },
    /// Sound is written again. An end at the beginning says that no silence was written after all.
    CloseGap {
        /// In which recording.
        recording: RecordingId,
        /// Since when.
        at: Timestamp,
    },
    /// A recording ended, and this is what there is.
    CloseRecording {
        /// Which recording.
        recording: RecordingId,
        /// What was found.
        state: RecordingState,
        /// How long the call was recorded.
        #[serde(with = "crate::model::time::millis")]
        expected: Duration,
    },
    /// What an agent said of a call. A second one for the same call is a correction and kept beside the first.
    SaveDisposition(Box<DispositionRecord>),
    /// A supervisor began to take part in a conversation in one way.
    OpenSupervision(Box<Supervised>),
    /// A supervisor no longer takes part in that way.
    CloseSupervision {
        /// Which act.
        act: SupervisionId,
        /// When.
        at: Timestamp,
        /// Why.
        end: SupervisionEnd,
    },
    /// An agent's working time began.
    OpenSession {
        /// The working time.
        session: SessionId,
        /// Whose.
        agent: AgentId,
        /// For which campaigns.
        campaigns: Vec<CampaignId>,
        /// When.
        at: Timestamp,
    },
    /// An agent's state changed; the sum of these rows is the time sheet.
    SaveAgentState {
        /// The working time.
        session: SessionId,
        /// Whose.
        agent: AgentId,
        /// The word for the state, with the pause reason where there is one.
        state: &'static str,
        /// Why, when paused.
        reason: Option<PauseReason>,
        /// Since when.
        at: Timestamp,
    },
    /// A line of a campaign's pacing, for its history. Lines older than [`LineSpan::kept`] go.
    SavePacing {
        /// Which campaign.
        campaign: CampaignId,
        /// How much time it stands for.
        span: LineSpan,
        /// What it did, and what stood in its way.
        line: Box<PacingLine>,
    },
    /// What a campaign has learnt, in place of what it had learnt before.
    SaveLearnt {
        /// Which campaign.
        campaign: CampaignId,
        /// When.
        at: Timestamp,
        /// What.
        learnt: Box<Learnt>,
    },
    /// An agent's working time ended.
    CloseSession {
        /// The working time.
        session: SessionId,
        /// When.
        at: Timestamp,
    },
}

/// What becomes of a lead after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeadNext {
    /// Never dialled again.
    Done,
    /// Dialled again.
    Again {
        /// Not before.
        due_at: Timestamp,
        /// Which of its numbers.
        phone: u8,
    },
}

/// What an agent and a person agreed on the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// The moment.
    pub at: Timestamp,
    /// Whether the agent promised to call themself, rather than anybody.
    pub personal: bool,
}

/// What an agent said of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DispositionRecord {
    /// Which call.
    pub call: CallId,
    /// On whose behalf it was made.
    pub campaign: CampaignId,
    /// Who was called.
    pub lead: LeadId,
    /// The number that was called.
    pub phone: Phone,
    /// Who says so.
    pub agent: AgentId,
    /// One of the campaign's dispositions.
    pub code: String,
    /// Free text.
    pub note: String,
    /// When it was said.
    pub at: Timestamp,
    /// What becomes of the lead.
    pub next: LeadNext,
    /// What was agreed on the next call.
    pub callback: Option<Agreed>,
    /// The number goes on the do-not-call list.
    pub do_not_call: bool,
    /// The call counts as a success.
    pub success: bool,
    /// The person does not want the seller's calls.
    pub refused: bool,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Answer {
    /// It is done, or under way.
    Done,
    /// Begun under this name.
    LoggedIn(SessionId),
    /// The lead on show.
    Preview {
        /// Who would be called.
        lead: LeadId,
        /// On whose behalf.
        campaign: CampaignId,
        /// Until when it is the agent's.
        until: Timestamp,
    },
    /// The call that was begun.
    Dialling(CallId),
    /// The tap that is on its way; its sound leaves by this name.
    Tapped(TapId),
    /// Everything that is going on.
    View(Box<LiveView>),
}
