//! Somebody who called, from the arrival of their leg until everything about it is settled.
//!
//! Guided -> Queued -> Joining -> Connected -> Ending
//!   |  `-> Dialling -> Beside -> Guided
//!   Queued -> RingingBack -> Joining, for whoever is called back
//!   `-> Ending, and from any state Gone: the leg is gone, and the flow settles what needs no caller.

use std::time::Duration;

use crate::command::Clip;
use crate::conversation::leg::Leg;
use crate::conversation::talk::Talk;
use crate::conversation::transfer::Transfer;
use crate::flow::key::Key;
use crate::flow::run::{Facts, Run};
use crate::inbound::dialling::Asked;
use crate::inbound::queue::{Needs, Place};
use crate::inbound::shelf::EditionId;
use crate::inbound::task::{BookingWish, DialWish, MailboxWish};
use crate::input::QueuePlace;
use crate::model::incoming::{CallerCallback, CallerRecord, KeptPlace, PATH_MAX, PathStep, QueueWait};
use crate::model::{
    AgentId, Announce, CallId, Did, DidId, FlowId, HangupCause, LegId, MessageId, Phone, QueueId, Side,
    Timestamp, TrunkId,
};
use crate::view::CallerView;

/// Queues of one call whose waits are kept, and how often a call may overflow from one to the next.
pub(crate) const WAITS_MAX: usize = 10;

/// Where a caller stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallerState {
    /// In a flow.
    Guided,
    /// Waits for an agent.
    Queued,
    /// Hears music, while somebody is called for them and asked to take the call.
    Dialling,
    /// In conversation with somebody who is no agent at work.
    Beside,
    /// Is called back.
    RingingBack,
    /// Is being joined to an agent.
    Joining,
    /// Caller and agent hear each other.
    Connected,
    /// The leg was told to end.
    Ending,
    /// The leg is gone; the flow settles what needs no caller.
    Gone,
}

/// What is being done for a flow, until its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Nothing; the flow is over or has not begun.
    Nothing,
    /// The telephone rings on, or is being picked up.
    PickingUp,
    /// Clips are being played.
    Playing,
    /// A key is waited for; whoever waits for an agent hears music meanwhile.
    Listening,
    /// A message is being recorded.
    Recording(MessageId),
    /// They are asked whether they want to be called back at this number.
    Confirming(BookingWish),
    /// Something is being looked up, with or without clips meanwhile.
    LookingUp,
    /// Somebody is called, or speaks with the caller while the flow stays with the call.
    Dialling,
    /// An agent is waited for, with music. What a flow has for the caller meanwhile is one of the others.
    Queueing,
}

/// A caller's way through a flow.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) edition: EditionId,
    pub(crate) run: Run,
    /// Whether it began because a queue or a number sent the caller on: it is not left a second time in this way.
    pub(crate) is_overflow: bool,
}

/// The wait of a caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) queue: QueueId,
    pub(crate) place: Place,
    pub(crate) needs: Needs,
    /// The position at the beginning.
    pub(crate) position: u32,
    /// Agents whose phones ring for this caller.
    pub(crate) offered: Vec<AgentId>,
    /// Whether they were offered to be called back.
    pub(crate) is_offered: bool,
    pub(crate) announce: Announce,
    /// The turn in which they came.
    pub(crate) turn: u32,
    /// Whether they are told their place as soon as the prompt is over that they hear.
    pub(crate) is_to_be_told: bool,
    /// They are given to nobody before: a join has just failed, and the next would at once as well.
    pub(crate) not_before: Timestamp,
}

impl Waiting {
    /// A wait that begins in this turn, of which nothing is announced.
    pub(crate) fn new(queue: QueueId, place: Place, needs: Needs, position: u32, turn: u32) -> Self {
        Self {
            queue,
            place,
            needs,
            position,
            offered: Vec::new(),
            is_offered: false,
            announce: Announce::default(),
            turn,
            is_to_be_told: false,
            not_before: place.since,
        }
    }

    /// Where they wait, for the leg to carry. `ahead`: by so many milliseconds wall time is ahead of the engine's.
    pub(crate) fn queue_place(&self, ahead: i64) -> QueuePlace {
        let since = Timestamp::from_millis(self.place.since.as_millis() + ahead);
        QueuePlace { queue: self.queue, since, priority: self.place.priority() }
    }
}

/// Whom an agent who sent them on took a caller from: where they are when that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) agent: AgentId,
    /// The queue that they came from.
    pub(crate) queue: Option<QueueId>,
    /// The call as the agent knows it.
    pub(crate) call: CallId,
    /// Whether they wait to get back there.
    pub(crate) is_sought: bool,
    /// Whether there is no way back: the agent is done with them.
    pub(crate) is_shut: bool,
}

/// What is known of somebody who is called back.
#[derive(Clone, Debug)]
pub(crate) struct CalledBack {
    /// What was promised.
    pub(crate) callback: CallerCallback,
    /// Their telephone, once it rings.
    pub(crate) line: Leg,
}

/// Somebody who called.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) id: CallId,
    pub(crate) leg: LegId,
    /// Whether their call was picked up.
    pub(crate) is_up: bool,
    pub(crate) did: Option<Did>,
    pub(crate) phone: Option<Phone>,
    pub(crate) trunk: Option<TrunkId>,
    pub(crate) state: CallerState,
    pub(crate) since: Timestamp,
    /// The language that they hear.
    pub(crate) locale: String,
    /// The language that they want, as far as it is known: that of their first flow, or the one that they chose. They are
    /// spoken to in it wherever they are sent, if it can be had there.
    pub(crate) language: Option<String>,
    pub(crate) course: Option<Course>,
    pub(crate) flow: Option<(FlowId, u32)>,
    /// Counts what is done for the flow; an answer to an earlier turn is too late.
    pub(crate) turn: u32,
    pub(crate) doing: Doing,
    /// The playback that goes on, counted.
    pub(crate) playing: Option<u32>,
    pub(crate) playings: u32,
    pub(crate) has_music: bool,
    /// Whether another sound is heard in place of one that failed.
    pub(crate) has_fallback: bool,
    /// How often it was told to pick up in vain.
    pub(crate) pick_ups: u8,
    /// The key that ends a message.
    pub(crate) end_key: Option<Key>,
    /// Where a message that is being recorded goes.
    pub(crate) mailbox: Option<MailboxWish>,
    pub(crate) waiting: Option<Waiting>,
    /// The place in a queue that they left by a key.
    pub(crate) left: Option<(QueueId, KeptPlace)>,
    /// Of whoever is called back.
    pub(crate) called_back: Option<CalledBack>,
    /// How the flow has somebody called who is rung, or whom it put through.
    pub(crate) dial: Option<Box<DialWish>>,
    /// Whoever picked up and has not taken the call yet.
    pub(crate) asked: Option<Asked>,
    /// Where the caller goes back to when the way on which an agent sent them fails.
    pub(crate) home: Option<Home>,
    /// The call of ours that it was before.
    pub(crate) before: Option<CallId>,
    pub(crate) talk: Talk,
    /// Whether the flow was told that they do not want to be recorded.
    pub(crate) refuses_recording: bool,
    /// Whether their recording is masked because they type something secret.
    pub(crate) is_typing_secret: bool,
    /// The priority and the beginning of a wait that an earlier daemon saw.
    pub(crate) resumes: Option<(u16, Timestamp)>,
    /// The agent who has the caller, or is kept free for them.
    pub(crate) agent: Option<AgentId>,
    /// The queue that gave the caller to the agent.
    pub(crate) queue: Option<QueueId>,
    pub(crate) joins: u8,
    pub(crate) hang_ups: u8,
    pub(crate) path: Vec<PathStep>,
    pub(crate) waits: Vec<QueueWait>,
    pub(crate) arrived_at: Timestamp,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) connected_at: Option<Timestamp>,
    pub(crate) ended_at: Option<(Timestamp, HangupCause)>,
    pub(crate) ended_by: Option<Side>,
    /// Whether the agent has said what came of the call.
    pub(crate) is_disposed: bool,
}

impl Caller {
    pub(crate) fn new(id: CallId, leg: LegId, now: Timestamp) -> Self {
        Self {
            id,
            leg,
            is_up: false,
            did: None,
            phone: None,
            trunk: None,
            state: CallerState::Guided,
            since: now,
            locale: String::new(),
            language: None,
            course: None,
            flow: None,
            turn: 0,
            doing: Doing::Nothing,
            playing: None,
            playings: 0,
            has_music: false,
            has_fallback: false,
            pick_ups: 0,
            end_key: None,
            mailbox: None,
            waiting: None,
            left: None,
            called_back: None,
            dial: None,
            asked: None,
            home: None,
            before: None,
            talk: Talk::default(),
            refuses_recording: false,
            is_typing_secret: false,
            resumes: None,
            agent: None,
            queue: None,
            joins: 0,
            hang_ups: 0,
            path: Vec::new(),
            waits: Vec::new(),
            arrived_at: now,
            answered_at: None,
            connected_at: None,
            ended_at: None,
            ended_by: None,
            is_disposed: false,
        }
    }

    pub(crate) fn enter(&mut self, state: CallerState, now: Timestamp) {
        self.state = state;
        self.since = now;
    }

    /// What the flow is told of the caller.
    pub(crate) fn facts(&self, chance: u64) -> Facts {
        Facts {
            caller: self.phone.map(Phone::e164).unwrap_or_default(),
            did: self.did.as_ref().map(|did| did.number.e164()).unwrap_or_default(),
            locale: self.language.clone().or_else(|| self.did.as_ref()?.locale.clone()),
            country: None,
            last_locale: None,
            chance,
        }
    }

    /// The language as it may be written on the leg, where strangers read it as well: nothing but a name of one.
    pub(crate) fn language_to_mark(&self) -> Option<String> {
        let is_plain = |name: &&String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        self.language.as_ref().filter(is_plain).cloned()
    }

    /// Whether the leg is there and not on its way out.
    pub(crate) const fn is_here(&self) -> bool {
        !matches!(self.state, CallerState::Ending | CallerState::Gone) && !self.is_at_home()
    }

    /// Whether they wait to be called back, and have not picked up.
    pub(crate) const fn is_at_home(&self) -> bool {
        self.called_back.is_some() && !self.is_up
    }

    /// Something else is done for the flow from here on.
    pub(crate) const fn next_turn(&mut self, doing: Doing) -> u32 {
        self.turn += 1;
        self.doing = doing;
        self.turn
    }

    /// Names the next playback.
    pub(crate) const fn next_playing(&mut self) -> u32 {
        let playing = self.next_playing_of_callee();
        self.playing = Some(playing);
        playing
    }

    /// Names the next playback to whoever is called for them.
    pub(crate) const fn next_playing_of_callee(&mut self) -> u32 {
        self.playings += 1;
        self.playings
    }

    pub(crate) fn note_step(&mut self, step: PathStep) {
        if self.path.len() < PATH_MAX {
            self.path.push(step);
        }
    }

    pub(crate) fn note_wait(&mut self, wait: QueueWait) {
        if self.waits.len() < WAITS_MAX {
            self.waits.push(wait);
        }
    }

    pub(crate) fn did_id(&self) -> Option<DidId> {
        self.did.as_ref().map(|did| did.id)
    }

    /// The row of history.
    pub(crate) fn record(&mut self, now: Timestamp) -> CallerRecord {
        let (ended_at, cause) = self.ended_at.unwrap_or((now, HangupCause::default()));
        CallerRecord {
            id: self.id,
            did: self.did_id(),
            trunk: self.trunk,
            phone: self.phone,
            flow: self.flow,
            path: std::mem::take(&mut self.path),
            waits: std::mem::take(&mut self.waits),
            before: self.before,
            agent: self.connected_at.and(self.agent).or(self.home.map(|home| home.agent)),
            arrived_at: self.arrived_at,
            answered_at: self.answered_at,
            connected_at: self.connected_at,
            ended_at,
            ended_by: self.ended_by.unwrap_or(Side::Customer),
            cause,
        }
    }

    pub(crate) fn view(&self) -> CallerView {
        CallerView {
            call: self.id,
            did: self.did_id(),
            phone: self.phone,
            state: match self.state {
                CallerState::Guided => "guided",
                CallerState::Queued => "queued",
                CallerState::Dialling => "dialling",
                CallerState::Beside => "transferred",
                CallerState::RingingBack => "ringing_back",
                CallerState::Joining => "joining",
                CallerState::Connected => "connected",
                CallerState::Ending => "ending",
                CallerState::Gone => "gone",
            },
            since: self.since,
            queue: self.waiting.as_ref().map(|waiting| waiting.queue).or(self.queue),
            waiting_since: self.waiting.as_ref().map(|waiting| waiting.place.since),
            offered: self.waiting.as_ref().map(|waiting| waiting.offered.clone()).unwrap_or_default(),
            agent: self.agent,
            callback: self.called_back.as_ref().map(|back| back.callback.id),
            recording: self.talk.recording.as_str(),
            listeners: Vec::new(),
            transfer: self.talk.transfer.as_ref().map(Transfer::view),
        }
    }
}

/// How long clips may last that do not end: an announcement of a quarter of an hour is none.
pub(crate) const CLIPS_TIME_MAX: Duration = Duration::from_secs(15 * 60);

/// The sound in place of one that is missing.
pub(crate) fn fallback_clip() -> Clip {
    Clip::Sound("sound:an-error-has-occurred".to_owned())
}
