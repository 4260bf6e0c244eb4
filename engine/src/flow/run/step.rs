//! What a flow wants done, and what comes back.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::flow::key::Key;
use crate::flow::name::Name;
use crate::flow::node::Kind;
use crate::flow::nodes::{
    Callback, CallerCheck, CheckCaller, Dial, HangupReason, Lookup, Method, Queue, Record, Recording,
    SpeechInput, Tag, Voicemail,
};
use crate::flow::prompt::SayAs;
use crate::flow::value::Value;

/// What a driver has to do. Unless it says otherwise it is answered by one [`Event`]; whatever was being done ends
/// when the next step comes, but for [`Step::GoOn`].
#[derive(Clone, Debug, PartialEq)]
pub enum Step<'a> {
    /// Pick up after so many milliseconds: [`Event::Done`].
    Answer {
        /// How long it rings before.
        delay_ms: u32,
    },
    /// Promise a callback: [`Event::Booking`].
    Book {
        /// The fields of the node.
        callback: &'a Callback,
        /// The number to call.
        number: String,
    },
    /// Say what is known of the caller: [`Event::Caller`].
    CheckCaller(&'a CheckCaller),
    /// Call somebody: [`Event::Dialled`].
    Dial {
        /// The fields of the node.
        dial: &'a Dial,
        /// Whom.
        to: String,
        /// The number that is shown.
        caller_id: Option<String>,
        /// What the called person hears first.
        whisper: Vec<Clip<'a>>,
    },
    /// The flow has ended. Nothing follows.
    End {
        /// How.
        ending: Ending,
        /// What the caller's telephone is told when it was the flow that hung up.
        cause: HangupReason,
    },
    /// Go on with what is being done: the event meant nothing to it.
    GoOn,
    /// Ask a server: [`Event::HttpReply`] or [`Event::Timeout`].
    Http(Request<'a>),
    /// Look for somebody: [`Event::Found`].
    Lookup {
        /// The fields of the node.
        lookup: &'a Lookup,
        /// The value that is looked for.
        key: Value,
    },
    /// Play to the caller: [`Event::PlayEnded`], or [`Event::Key`] for every key meanwhile.
    Play {
        /// What.
        clips: Vec<Clip<'a>>,
        /// How keys are listened to.
        listening: Listening<'a>,
    },
    /// Have the caller wait for an agent: [`Event::Waiting`] once they do, and [`Event::QueueLeft`] whatever is being
    /// done for them then.
    Queue {
        /// The fields of the node.
        queue: &'a Queue,
        /// The agent to wait for.
        prefer_agent: Option<String>,
    },
    /// Record the caller: [`Event::Recorded`].
    Record(RecordWish<'a>),
    /// Switch the recording of the call: [`Event::Done`] or [`Event::Refused`].
    Recording(&'a Recording),
    /// Keep the answers of a survey: [`Event::Done`].
    SaveAnswers {
        /// Under which name.
        survey: &'a str,
        /// The answers, in order.
        answers: Vec<(Name, Value)>,
    },
    /// Show an agent a page of a script: [`Event::PageLeft`].
    Show(&'a Kind),
    /// Mark the call: [`Event::Done`].
    Tag(&'a Tag),
    /// Have whoever waits for an agent wait on, with nothing of the flow's to hear: [`Event::QueueLeft`], or
    /// [`Event::Key`] for every key meanwhile.
    Wait,
    /// Wait for a key: [`Event::Key`], or [`Event::Timeout`] after so many milliseconds.
    WaitKey {
        /// How long.
        timeout_ms: u32,
        /// How keys are listened to.
        listening: Listening<'a>,
    },
}

impl Step<'_> {
    /// Whether it can be done when the caller has gone.
    pub(super) const fn needs_caller(&self) -> bool {
        match self {
            Self::Book { .. }
            | Self::End { .. }
            | Self::GoOn
            | Self::Http(_)
            | Self::Lookup { .. }
            | Self::SaveAnswers { .. }
            | Self::Tag(_) => false,
            Self::Answer { .. }
            | Self::CheckCaller(_)
            | Self::Dial { .. }
            | Self::Play { .. }
            | Self::Queue { .. }
            | Self::Record(_)
            | Self::Recording(_)
            | Self::Show(_)
            | Self::Wait
            | Self::WaitKey { .. } => true,
        }
    }

    /// Whether what the caller types meanwhile is kept out of recordings. None: it is as it was.
    pub fn is_secret(&self) -> Option<bool> {
        match self {
            Self::GoOn => None,
            Self::Play { listening, .. } | Self::WaitKey { listening, .. } => Some(listening.secret),
            Self::Answer { .. }
            | Self::Book { .. }
            | Self::CheckCaller(_)
            | Self::Dial { .. }
            | Self::End { .. }
            | Self::Http(_)
            | Self::Lookup { .. }
            | Self::Queue { .. }
            | Self::Record(_)
            | Self::Recording(_)
            | Self::SaveAnswers { .. }
            | Self::Show(_)
            | Self::Tag(_)
            | Self::Wait => Some(false),
        }
    }
}

/// How keys are listened to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Listening<'a> {
    /// Whether a key ends what is being played, at once.
    pub barge_in: bool,
    /// Whether what is typed is shown nowhere, and recording pauses.
    pub secret: bool,
    /// How spoken answers are understood, if they are: [`Event::Said`].
    pub speech: Option<&'a SpeechInput>,
}

/// A recording of the caller.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RecordWish<'a> {
    /// For a variable.
    Answer(&'a Record),
    /// For a question of a survey.
    Survey(&'a Name),
    /// For a mailbox.
    Voicemail(&'a Voicemail),
}

/// Something to play.
#[derive(Clone, Debug, PartialEq)]
pub enum Clip<'a> {
    /// A recorded sound.
    Media(&'a str),
    /// A value that is read out.
    Say {
        /// In which manner.
        say: SayAs,
        /// The value.
        value: String,
        /// In which language.
        locale: String,
    },
    /// A text that is spoken.
    Speech {
        /// The text.
        text: Cow<'a, str>,
        /// In which language.
        locale: Cow<'a, str>,
        /// The voice, other than that of the language.
        voice: Option<&'a str>,
    },
}

/// A request to a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'a str, String)>,
    /// What is sent, when it is not null.
    pub body: Json,
    /// The secret for the header `Authorization`.
    pub secret: Option<&'a str>,
    /// How long an answer may take.
    pub timeout_ms: u32,
    /// How often it is tried again after a fault of the server.
    pub retries: u32,
    /// What is heard meanwhile.
    pub while_playing: Vec<Clip<'a>>,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The call is there; the first event of every run.
    Begun,
    /// What came of a promise.
    Booking(Booking),
    /// What is known of the caller: the first of the checks that applies.
    Caller(Option<CallerCheck>),
    /// What came of calling somebody.
    Dialled(Dialled),
    /// The step has been carried out.
    Done,
    /// The step could not be carried out.
    Failed,
    /// The rows that a look-up found.
    Found(Vec<Json>),
    /// The caller has hung up.
    HangUp,
    /// A server has answered.
    HttpReply {
        /// The status of HTTP.
        status: u16,
        /// The body, null when it is no JSON.
        body: Json,
    },
    /// The caller has pressed a key.
    Key(Key),
    /// The agent has left a page of a script.
    PageLeft {
        /// By which outlet.
        outlet: String,
        /// With which value.
        value: Option<Json>,
    },
    /// Everything has been played.
    PlayEnded,
    /// The wait in a queue is over.
    QueueLeft(QueueExit),
    /// A recording has ended.
    Recorded {
        /// What it is called.
        name: String,
        /// How long it is, in milliseconds.
        ms: u64,
    },
    /// The caller, or an agent, has refused.
    Refused,
    /// The call is there again, after [`super::Run::reopen`]: the first event of such a run.
    Resumed,
    /// The caller has said something.
    Said {
        /// What was understood.
        text: String,
        /// How surely, in percent.
        confidence: u32,
    },
    /// The time is over.
    Timeout,
    /// The caller waits for an agent, and nothing is being done for them: what entertains them begins.
    Waiting,
}

/// What came of a promise to call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// It is promised.
    Booked,
    /// The caller does not want it.
    Declined,
    /// No more can be promised.
    Full,
}

/// What came of calling somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// The line is in use.
    Busy,
    /// They have spoken, and the call is over; or the call was handed over.
    Done,
    /// Nobody picked up.
    NoAnswer,
    /// They do not want to.
    Rejected,
}

/// Why the wait in a queue is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueExit {
    /// An agent has the call.
    Answered,
    /// The caller asked for a callback.
    Callback,
    /// The queue takes no more.
    Full,
    /// The caller left by a key.
    LeftByKey,
    /// No agent is logged in.
    NoAgents,
    /// It took too long.
    Timeout,
}

impl QueueExit {
    /// The outlet of the node. `None`: an answered call leaves the flow.
    pub(in crate::flow) const fn outlet(self) -> Option<&'static str> {
        Some(match self {
            Self::Answered => return None,
            Self::Callback => "callback",
            Self::Full => "full",
            Self::LeftByKey => "left_by_key",
            Self::NoAgents => "no_agents",
            Self::Timeout => "timeout",
        })
    }
}

/// How a flow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The call was handed to somebody.
    Dialled,
    /// A node failed, and nothing was left to try.
    Error,
    /// It returned or came to its outcome: the end of a sub-flow or script.
    Finished,
    /// It hung up.
    Hangup,
    /// The caller hung up.
    Left,
    /// An agent took the call out of a queue.
    Queued,
    /// A message was taken.
    Voicemail,
}
