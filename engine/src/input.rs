//! Everything that can happen to the engine. Nothing else changes its state. What people want is in `request`.

use serde::{Deserialize, Serialize};

use crate::command::SwitchCommand;
use crate::dialer::compliance::{Obligation, PaceLaw, Reason};
use crate::dialer::drop_ledger::DropCounts;
use crate::dialer::learnt::Learnt;
use crate::flow::calendar::OpeningHours;
use crate::flow::run::Bookmark;
use crate::inbound::inquiry::{Finding, LookUpId};
use crate::model::incoming::CallerCallback;
use crate::model::{
    Agent, AgentId, AttemptId, CallId, Campaign, CampaignId, Did, DidId, EarId, FlowId, FlowPublished,
    HangupCause, Lead, LeadId, LegId, Mailbox, Medium, MessageId, Phone, Queue, QueueId, RateLimit,
    RecordingFacts, RecordingId, RoomId, SessionId, TapId, Timestamp, Trunk, TrunkId, TrunkProbe, Verdict,
};

pub use crate::request::{Request, TransferKind, TransferTo};

/// One thing that happened, in the order in which the daemon learnt of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// The telephone side: Asterisk, or the pretend network.
    Switch(SwitchEvent),
    /// The database side.
    Store(StoreEvent),
    /// Somebody wants something. Each request gets exactly one [`crate::command::Command::Reply`].
    Request {
        /// Chosen by the daemon; names the reply.
        id: RequestId,
        /// What is wanted.
        request: Request,
    },
    /// The answer to [`crate::command::Command::LookUp`].
    LookedUp {
        /// Which question.
        id: LookUpId,
        /// What was found.
        finding: Finding,
    },
    /// Settings were read, at start or after a change.
    Settings(Box<Settings>),
    /// The wall clock was read. It differs from the engine's own steady time after a clock step.
    WallClock(Timestamp),
    /// The daemon is about to stop: the last chance to have something kept.
    Stopping,
    /// Time has passed; timers that are due fire.
    Tick,
}

/// Names a request until its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// Settings that the engine works by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// All agents, logged in or not.
    pub agents: Vec<Agent>,
    /// All campaigns that are not finished.
    pub campaigns: Vec<Campaign>,
    /// All trunks.
    pub trunks: Vec<Trunk>,
    /// All queues.
    #[serde(default)]
    pub queues: Vec<Queue>,
    /// All numbers that people dial.
    #[serde(default)]
    pub dids: Vec<Did>,
    /// All flows that are published.
    #[serde(default)]
    pub flows: Vec<FlowPublished>,
    /// All opening hours.
    #[serde(default)]
    pub calendars: Vec<OpeningHours>,
    /// All recorded sounds.
    #[serde(default)]
    pub media: Vec<Medium>,
    /// All mailboxes.
    #[serde(default)]
    pub mailboxes: Vec<Mailbox>,
    /// How fast and how many, for the Asterisk server as a whole.
    pub switch_limit: Option<RateLimit>,
}

/// News from the telephone side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SwitchEvent {
    /// The event stream broke: what happens until the next snapshot is unknown.
    LinkDown,
    /// The event stream is whole again (or for the first time, or it is time for a look), and this is what is there.
    Snapshot(Snapshot),
    /// The far end of a leg rings.
    LegRinging {
        /// Which leg.
        leg: LegId,
    },
    /// A leg is under our control: it can be joined to a room. It may still be ringing.
    LegEntered {
        /// Which leg.
        leg: LegId,
    },
    /// A leg's far end picked up.
    LegUp {
        /// Which leg.
        leg: LegId,
    },
    /// A leg is gone.
    LegEnded {
        /// Which leg.
        leg: LegId,
        /// What the network gave as the reason.
        cause: HangupCause,
    },
    /// A leg hears the others in a room.
    LegJoined {
        /// Which leg.
        leg: LegId,
        /// Which room.
        room: RoomId,
    },
    /// An ear that [`SwitchCommand::OpenEar`] asked for hears.
    EarOpened {
        /// Which ear.
        ear: EarId,
    },
    /// An ear is gone: closed, or the leg that it hung on ended.
    EarEnded {
        /// Which ear.
        ear: EarId,
    },
    /// A tap is gone: closed, nobody takes its sound away, or one of its channels ended.
    TapEnded {
        /// Which tap.
        tap: TapId,
    },
    /// The message that [`SwitchCommand::Play`] asked for is over, or failed.
    MessageEnded {
        /// Who heard it.
        leg: LegId,
    },
    /// Somebody calls. Their leg is under our control; nobody has picked up.
    CallerArrived {
        /// Their leg.
        leg: LegId,
        /// The number that they dialled, as the carrier wrote it.
        dialled: String,
        /// Their own number, as the carrier wrote it; empty when it is withheld.
        caller: String,
        /// By which trunk.
        trunk: Option<TrunkId>,
    },
    /// A caller pressed a key.
    KeyPressed {
        /// Whose leg.
        leg: LegId,
        /// A digit, `*` or `#`.
        key: char,
    },
    /// What [`SwitchCommand::PlayClips`] asked for is over.
    ClipsEnded {
        /// Who heard it.
        leg: LegId,
        /// Which playback.
        playing: u32,
        /// Whether all of it could be played.
        played: bool,
    },
    /// What [`SwitchCommand::TakeMessage`] asked for is over.
    MessageTaken {
        /// Who spoke.
        leg: LegId,
        /// Which message.
        message: MessageId,
        /// How long it is. None: nothing could be recorded.
        ms: Option<u64>,
    },
    /// A leg that [`SwitchCommand::Screen`] was for is under our control again.
    LegScreened {
        /// Which leg.
        leg: LegId,
        /// Machine or person.
        verdict: Verdict,
        /// Why, in Asterisk's words.
        cause: String,
    },
    /// A leg that [`SwitchCommand::AwaitSilence`] was for is under our control again: the greeting is over.
    GreetingOver {
        /// Which leg.
        leg: LegId,
    },
    /// A finished recording was read back.
    RecordingCollected {
        /// Which recording.
        recording: RecordingId,
        /// What was found, or why there is no file.
        found: Result<RecordingFacts, String>,
    },
    /// A trunk's far end answers, or no longer answers, its keep-alive.
    TrunkReachable {
        /// Which trunk.
        trunk: TrunkId,
        /// Whether it answers.
        reachable: bool,
    },
    /// One of our own OPTIONS requests to a trunk's far end has come to its end.
    TrunkProbed {
        /// Which trunk.
        trunk: TrunkId,
        /// How it stands.
        probe: TrunkProbe,
    },
    /// A command was not carried out.
    CommandFailed {
        /// The command as it was given.
        command: SwitchCommand,
        /// What stood in its way.
        failure: CommandFailure,
    },
}

/// Why the telephone side did not carry out a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandFailure {
    /// It said no. The command had no effect.
    Refused {
        /// The HTTP status of the refusal.
        status: u16,
        /// Its words.
        message: String,
    },
    /// No answer came in time, or the link broke meanwhile: it may or may not have had an effect.
    OutcomeUnknown,
    /// There is no link; the command was not sent.
    NotSent,
}

/// What the telephone side holds of ours at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When the question was asked. What the engine began later may be missing without being lost.
    pub asked_at: Timestamp,
    /// Legs that carry our names.
    pub legs: Vec<LegSeen>,
    /// Callers in our application who bear no mark: their arrival was not heard of, or the mark did not take.
    #[serde(default)]
    pub unmarked: Vec<LegId>,
    /// Rooms that carry our names, with the legs in them.
    pub rooms: Vec<(RoomId, Vec<LegId>)>,
    /// Ears of supervisors that are open.
    #[serde(default)]
    pub ears: Vec<EarId>,
    /// Taps of which anything is left.
    #[serde(default)]
    pub taps: Vec<TapId>,
    /// Recordings of ours that are being written.
    pub recordings: Vec<RecordingId>,
}

impl Snapshot {
    /// Whether a leg is in a room.
    pub fn holds(&self, room: RoomId, leg: LegId) -> bool {
        self.rooms.iter().any(|(seen, legs)| *seen == room && legs.contains(&leg))
    }
}

/// A leg as a snapshot shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegSeen {
    /// Which leg.
    pub leg: LegId,
    /// Whether its far end has picked up.
    pub up: bool,
    /// Whether it is under our control.
    pub entered: bool,
    /// What it was created for, as the leg itself carries it. None when the mark is missing or unreadable.
    pub purpose: Option<LegPurpose>,
}

/// What a leg was created for. The leg carries it on Asterisk, so that another daemon can take it over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum LegPurpose {
    /// An agent's phone.
    Agent {
        /// Whose.
        agent: AgentId,
        /// In which working time.
        session: SessionId,
        /// Where the agent's conversations take place.
        room: RoomId,
    },
    /// Somebody who called.
    Caller {
        /// The conversation.
        call: CallId,
        /// The number that they dialled, when it is one of ours.
        did: Option<DidId>,
        /// Their own number, unless it is withheld or unreadable.
        phone: Option<Phone>,
        /// The trunk that carries them: its limits are used up by them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trunk: Option<TrunkId>,
        /// Where they wait, if they wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue: Option<QueuePlace>,
        /// The language that they want, such as `en-GB`, once it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        /// Where they wait in their flow, if they wait in one that was published.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        course: Option<Box<CourseMark>>,
    },
    /// Somebody outside who is called for a caller.
    Outside {
        /// The caller's conversation.
        call: CallId,
    },
    /// A customer.
    Customer {
        /// The conversation.
        call: CallId,
        /// The dial.
        attempt: AttemptId,
        /// On whose behalf.
        campaign: CampaignId,
        /// Who.
        lead: LeadId,
    },
}

/// The place of a waiting caller, as their leg carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuePlace {
    /// Where they wait.
    pub queue: QueueId,
    /// Since when.
    pub since: Timestamp,
    /// With which priority.
    pub priority: u16,
}

/// Where a caller waits in their flow, as their leg carries it: less than 4 kB, and nothing that is secret. It may hold
/// what a flow knows of a person; so it is for the leg and for no log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseMark {
    /// The flow in which they began.
    pub flow: FlowId,
    /// In which revision.
    pub revision: u32,
    /// The revisions of flows that it calls in whichever is live, as they were when the call began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live: Vec<(FlowId, u32)>,
    /// Whether a queue or a number sent them into it.
    #[serde(default)]
    pub is_overflow: bool,
    /// The node at which they wait, with the variables.
    pub place: Bookmark,
}

/// News from the database side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StoreEvent {
    /// What was unfinished when the previous daemon stopped. Comes once, before the first snapshot.
    Recovered(Recovery),
    /// Leads for the hopper. Fewer than asked for means that no more are due.
    LeadsFetched {
        /// For which campaign.
        campaign: CampaignId,
        /// Claimed for this daemon.
        leads: Vec<Lead>,
        /// When the next one falls due, when it is known.
        next_due_at: Option<Timestamp>,
        /// Why others that were due may not be called, the most frequent reason: they were put off or settled.
        denied: Option<Reason>,
        /// What the rule packs that let these leads pass say of dialling ahead; none where there are no leads.
        #[serde(default)]
        law: Option<PaceLaw>,
    },
    /// The attempt is durable: the network may hear of it.
    AttemptSaved {
        /// Which attempt.
        attempt: AttemptId,
        /// What the law asks of the call.
        #[serde(default)]
        obligations: Vec<Obligation>,
    },
    /// The attempt must not be made.
    AttemptRefused {
        /// Which attempt.
        attempt: AttemptId,
        /// Why. The store has already settled the lead accordingly.
        refusal: AttemptRefusal,
    },
    /// The database does not answer. Writes queue up; nothing may be dialled.
    Away,
    /// The database answers again and has taken everything that queued up.
    Back,
}

/// Why the store refused to make an attempt durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttemptRefusal {
    /// The law, or a do-not-call list, forbids the call.
    Forbidden(Reason),
    /// The lead is not ours to dial: settled, withdrawn, claimed by another daemon, or its list is switched off or its
    /// quota reached.
    LeadGone,
    /// The database could not take the write.
    StoreAway,
}

/// What was unfinished when the previous daemon stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Attempts without an outcome, with the lead as it stood.
    pub attempts: Vec<(crate::model::Attempt, Lead)>,
    /// Agents who were logged in.
    pub sessions: Vec<OpenSession>,
    /// Recordings without a verdict.
    pub recordings: Vec<OpenRecording>,
    /// The latest recording of every unfinished call that has one, with or without a verdict.
    pub latest_recordings: Vec<RecordingId>,
    /// People who answered and people who were dropped, per campaign and ten minutes of the last 30 days, the oldest
    /// first.
    pub drops: Vec<(CampaignId, Timestamp, DropCounts)>,
    /// Unfinished calls of which an agent has said that a machine had answered.
    #[serde(default)]
    pub machines: Vec<CallId>,
    /// What campaigns had learnt.
    #[serde(default)]
    pub learnt: Vec<(CampaignId, Learnt)>,
    /// Callers to whom it was promised to call them back.
    #[serde(default)]
    pub callbacks: Vec<CallerCallback>,
}

/// A recording that was being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRecording {
    /// Which recording.
    pub recording: RecordingId,
    /// When it began.
    pub started_at: Timestamp,
    /// Since when silence is written, if it is.
    pub masked_since: Option<Timestamp>,
}

/// An agent's working time that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSession {
    /// The working time.
    pub session: SessionId,
    /// Whose.
    pub agent: AgentId,
    /// For which campaigns.
    pub campaigns: Vec<CampaignId>,
    /// Whether the agent was at work rather than paused, by the last state that was saved.
    pub ready: bool,
}
