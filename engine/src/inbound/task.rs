//! A step of a flow as the ARI driver carries it out: with all that it needs, and without what it was read from.

use std::time::Duration;

use crate::command::{Clip, TurnAway};
use crate::flow::defaults::{
    ANSWER_MAX_S, ANSWER_SILENCE_S, MESSAGE_MAX_S, MESSAGE_MIN_S, MESSAGE_SILENCE_S, REPEAT_WINDOW_S, RING_S,
};
use crate::flow::key::Key;
use crate::flow::nodes::{
    CallerCheck, Destination, Dial, DialMode, HangupReason, LookupSource, Queue, RecordingAction, SkillNeed,
};
use crate::flow::run::{self, Ending, RecordWish, Step};
use crate::flow::sip_address::SipAddress;
use crate::inbound::inquiry::{HttpRequest, Inquiry};
use crate::inbound::shelf::Shelf;
use crate::model::{AgentId, Announce, MailboxId, Phone, QueueId, SkillRule, Timestamp, TrunkId};

/// What is to be done for a flow.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Task {
    Answer {
        delay: Duration,
    },
    Book(BookingWish),
    /// `missing` names the prompts of the whisper in whose place another sound is heard.
    Dial {
        wish: Box<DialWish>,
        missing: Vec<String>,
    },
    End {
        ending: Ending,
        turn_away: Option<TurnAway>,
    },
    /// Nothing: the event meant nothing.
    GoOn,
    /// This driver cannot do it: the flow takes its exit for errors.
    Impossible,
    /// The answer is known without asking anybody.
    Known(run::Event),
    LookUp {
        inquiry: Box<Inquiry>,
        meanwhile: Vec<Clip>,
    },
    /// `missing` names the prompts in whose place another sound is heard.
    Play {
        clips: Vec<Clip>,
        missing: Vec<String>,
    },
    Queue(Box<QueueWish>),
    Record(RecordTask),
    /// Switches the recording of the call. Where there is none, there is nothing to pause, resume or stop.
    Recording(RecordingAction),
    SaveAnswers {
        survey: String,
        answers: Vec<(String, serde_json::Value)>,
    },
    Tag {
        outcome: Option<String>,
        labels: Vec<String>,
    },
    /// Music, until somebody is free or the wait is over.
    Wait,
    WaitKey {
        timeout: Duration,
    },
}

/// A wish to be called back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BookingWish {
    pub(crate) queue: QueueId,
    pub(crate) phone: Phone,
    /// How many may be promised within an hour.
    pub(crate) capacity: Option<u32>,
    pub(crate) not_before: Timestamp,
    /// Whether the place that the caller has left is kept.
    pub(crate) keeps_place: bool,
    /// Whether the caller is asked first.
    pub(crate) is_confirmed: bool,
}

/// A wish to call somebody for the caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DialWish {
    pub(crate) to: Callee,
    /// The number that is shown, where it may be.
    pub(crate) caller_id: Option<Phone>,
    pub(crate) ring: Duration,
    pub(crate) mode: DialMode,
    /// What whoever picks up hears first.
    pub(crate) whisper: Vec<Clip>,
    pub(crate) is_recorded: bool,
    /// The key by which they take the call.
    pub(crate) confirm_key: Option<Key>,
}

/// Whom a flow calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Callee {
    Agent(AgentId),
    /// A telephone of the house, by its account.
    Extension(String),
    Number(Phone),
    /// Somebody by name, behind a trunk.
    Sip {
        trunk: TrunkId,
        name: String,
    },
}

/// A wish to wait in a queue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct QueueWish {
    pub(crate) queue: QueueId,
    pub(crate) priority: u16,
    /// Beside those of the queue.
    pub(crate) skills: Vec<SkillRule>,
    pub(crate) prefer_agent: Option<String>,
    pub(crate) max_wait: Option<Duration>,
    /// In place of the queue's, where the flow says anything.
    pub(crate) announce: Option<Announce>,
    pub(crate) callback_after: Option<Duration>,
}

/// A recording of a caller.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordTask {
    pub(crate) length_max: Duration,
    pub(crate) silence_max: Duration,
    pub(crate) end: Option<Key>,
    pub(crate) beep: bool,
    /// Where it is kept, if it is a message.
    pub(crate) mailbox: Option<MailboxWish>,
}

/// A message for a mailbox.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MailboxWish {
    pub(crate) mailbox: MailboxId,
    /// A shorter message is not kept.
    pub(crate) length_min: Duration,
    pub(crate) notify: Vec<String>,
    pub(crate) transcribe: bool,
}

impl Task {
    /// Whether it can be done for somebody who waits for an agent.
    pub(crate) const fn suits_waiting(&self) -> bool {
        match self {
            Self::Answer { .. }
            | Self::Book(_)
            | Self::Dial { .. }
            | Self::Record(_)
            | Self::Recording(_) => false,
            Self::End { .. }
            | Self::GoOn
            | Self::Impossible
            | Self::Known(_)
            | Self::LookUp { .. }
            | Self::Play { .. }
            | Self::Queue(_)
            | Self::SaveAnswers { .. }
            | Self::Tag { .. }
            | Self::Wait
            | Self::WaitKey { .. } => true,
        }
    }

    /// What a step asks for of a caller who speaks this language and has this number.
    pub(crate) fn of(
        step: Step<'_>,
        shelf: &Shelf,
        locale: &str,
        caller: Option<Phone>,
        wall: Timestamp,
    ) -> Self {
        match step {
            Step::Answer { delay_ms } => Self::Answer { delay: Duration::from_millis(delay_ms.into()) },
            Step::Book { callback, number } => {
                let (Ok(phone), Ok(queue)) = (number.parse(), callback.queue.parse()) else {
                    return Self::Impossible;
                };
                let slots = callback.slots.as_ref();
                let delay = slots.and_then(|slots| slots.min_delay_s).map_or(0, |delay| delay.number());
                let calendar = slots.and_then(|slots| shelf.calendar(&slots.calendar));
                let soonest = wall + Duration::from_secs(delay.into());
                let not_before = calendar.map_or(Some(soonest), |calendar| calendar.opening(soonest));
                let Some(not_before) = not_before else {
                    return Self::Known(run::Event::Booking(run::Booking::Full));
                };
                Self::Book(BookingWish {
                    queue,
                    phone,
                    capacity: slots.and_then(|slots| slots.capacity).map(|capacity| capacity.number()),
                    not_before,
                    keeps_place: callback.keep_place,
                    is_confirmed: callback.confirm,
                })
            }
            Step::CheckCaller(check) => match caller {
                None => {
                    let anonymous = check.checks.contains(&CallerCheck::Anonymous);
                    Self::Known(run::Event::Caller(anonymous.then_some(CallerCheck::Anonymous)))
                }
                Some(phone) => {
                    let window = check.repeat_window_s.map_or(REPEAT_WINDOW_S, |window| window.number());
                    let repeat_window = Duration::from_secs(window.into());
                    let (checks, list) = (check.checks.clone(), check.list.clone());
                    Self::ask(Inquiry::Caller { phone, checks, list, repeat_window })
                }
            },
            Step::Dial { dial, to, caller_id, whisper } => {
                let Some(to) = Callee::read(&dial.to, &to) else { return Self::Impossible };
                let (whisper, missing) = clips(&whisper, shelf, locale);
                let wish = DialWish::new(to, dial, caller_id, whisper, locale);
                Self::Dial { wish: Box::new(wish), missing }
            }
            Step::End { ending, cause } => Self::End {
                ending,
                turn_away: match cause {
                    HangupReason::Busy => Some(TurnAway::Busy),
                    HangupReason::Reject => Some(TurnAway::Rejected),
                    HangupReason::Normal => None,
                },
            },
            Step::GoOn => Self::GoOn,
            Step::Http(request) => {
                let (meanwhile, _) = clips(&request.while_playing, shelf, locale);
                let inquiry = Box::new(Inquiry::Http(HttpRequest::from(&request)));
                Self::LookUp { inquiry, meanwhile }
            }
            Step::Lookup { lookup, key } => {
                let source = match &lookup.source {
                    LookupSource::Contacts => "contacts".to_owned(),
                    LookupSource::List(list) => format!("list:{list}"),
                    LookupSource::Table(table) => format!("table:{table}"),
                };
                let by = lookup.by.clone().unwrap_or_else(|| "phone".to_owned());
                Self::ask(Inquiry::Rows { source, by, key: key.to_string() })
            }
            Step::Play { clips: wanted, .. } => {
                let (clips, missing) = clips(&wanted, shelf, locale);
                Self::Play { clips, missing }
            }
            Step::Queue { queue, prefer_agent } => match queue.queue.parse() {
                Ok(id) => Self::Queue(Box::new(QueueWish::new(id, queue, prefer_agent))),
                Err(_) => Self::Impossible,
            },
            Step::Record(wish) => RecordTask::of(wish).map_or(Self::Impossible, Self::Record),
            Step::SaveAnswers { survey, answers } => Self::SaveAnswers {
                survey: survey.to_owned(),
                answers: answers
                    .into_iter()
                    .map(|(name, value)| {
                        (name.to_string(), serde_json::to_value(value).unwrap_or(serde_json::Value::Null))
                    })
                    .collect(),
            },
            Step::Recording(recording) => Self::Recording(recording.action),
            // There are no pages here.
            Step::Show(_) => Self::Impossible,
            Step::Tag(tag) => Self::Tag { outcome: tag.outcome.clone(), labels: tag.labels.clone() },
            Step::Wait => Self::Wait,
            Step::WaitKey { timeout_ms, .. } => {
                Self::WaitKey { timeout: Duration::from_millis(timeout_ms.into()) }
            }
        }
    }

    fn ask(inquiry: Inquiry) -> Self {
        Self::LookUp { inquiry: Box::new(inquiry), meanwhile: Vec::new() }
    }
}

/// Clips as Asterisk plays them, and the names of those that are missing.
fn clips(wanted: &[run::Clip<'_>], shelf: &Shelf, locale: &str) -> (Vec<Clip>, Vec<String>) {
    let mut clips = Vec::with_capacity(wanted.len());
    let mut missing = Vec::new();
    for clip in wanted {
        match shelf.clip(clip, locale) {
            Ok(clip) => clips.push(clip),
            Err(name) => {
                missing.push(name);
                clips.push(crate::inbound::caller::fallback_clip());
            }
        }
    }
    (clips, missing)
}

/// How long the account of a telephone may be.
const ACCOUNT_CHARACTERS_MAX: usize = 20;

impl Callee {
    /// Whom a filled text means. None: nobody who could be called safely.
    fn read(kind: &Destination, to: &str) -> Option<Self> {
        Some(match kind {
            Destination::Agent(_) => Self::Agent(to.parse().ok()?),
            Destination::Extension(_) => {
                let is_plain = |sign: char| sign.is_ascii_alphanumeric() || "-_".contains(sign);
                let is_account = (1..=ACCOUNT_CHARACTERS_MAX).contains(&to.len()) && to.chars().all(is_plain);
                if !is_account {
                    return None;
                }
                Self::Extension(to.to_owned())
            }
            Destination::Number(_) => Self::Number(to.parse().ok()?),
            Destination::Sip(_) => {
                let address = SipAddress::read(to).ok()?;
                Self::Sip { trunk: address.trunk.parse().ok()?, name: address.name.to_owned() }
            }
        })
    }
}

impl DialWish {
    fn new(to: Callee, dial: &Dial, caller_id: Option<String>, mut whisper: Vec<Clip>, locale: &str) -> Self {
        if let Some(key) = dial.confirm_key.filter(|_| whisper.is_empty()) {
            whisper.push(confirmation(key, locale));
        }
        Self {
            to,
            caller_id: caller_id.and_then(|number| number.parse().ok()),
            ring: Duration::from_secs(dial.ring_s.map_or(RING_S, |ring| ring.number()).into()),
            mode: dial.mode,
            whisper,
            is_recorded: dial.record,
            confirm_key: dial.confirm_key,
        }
    }
}

/// What whoever picks up is told who has to press a key, where the flow tells them nothing.
fn confirmation(key: Key, locale: &str) -> Clip {
    let text = if locale.starts_with("fr") {
        format!("Pour prendre l'appel, tapez {key}.")
    } else {
        format!("To take the call, press {key}.")
    };
    Clip::Speech { text, locale: locale.to_owned(), voice: None }
}

impl QueueWish {
    fn new(id: QueueId, queue: &Queue, prefer_agent: Option<String>) -> Self {
        let rule = |need: &SkillNeed| SkillRule {
            skill: need.skill.clone(),
            min: need.min.map_or(1, |min| u8::try_from(min.number()).unwrap_or(u8::MAX)),
            relax: Vec::new(),
        };
        let said = &queue.announce;
        let seconds = |count: u32| Duration::from_secs(count.into());
        Self {
            queue: id,
            priority: queue.priority.map_or(0, |priority| u16::try_from(priority.number()).unwrap_or(0)),
            skills: queue.skills.iter().map(rule).collect(),
            prefer_agent,
            max_wait: queue.max_wait_s.map(|wait| seconds(wait.number())),
            announce: (said.position || said.wait).then(|| Announce {
                position: said.position,
                wait: said.wait,
                every: said.every_s.map(|every| seconds(every.number())),
            }),
            callback_after: queue.callback_after_s.map(|after| seconds(after.number())),
        }
    }
}

impl RecordTask {
    fn of(wish: RecordWish<'_>) -> Option<Self> {
        let seconds = |count: u32| Duration::from_secs(count.into());
        Some(match wish {
            RecordWish::Answer(record) => Self {
                length_max: seconds(record.max_s.map_or(ANSWER_MAX_S, |max| max.number())),
                silence_max: seconds(record.silence_s.map_or(ANSWER_SILENCE_S, |silence| silence.number())),
                end: Some(record.end.unwrap_or(Key::HASH)),
                beep: record.beep,
                mailbox: None,
            },
            RecordWish::Survey(_) => Self {
                length_max: seconds(ANSWER_MAX_S),
                silence_max: seconds(ANSWER_SILENCE_S),
                end: Some(Key::HASH),
                beep: true,
                mailbox: None,
            },
            RecordWish::Voicemail(voicemail) => Self {
                length_max: seconds(voicemail.max_s.map_or(MESSAGE_MAX_S, |max| max.number())),
                silence_max: seconds(MESSAGE_SILENCE_S),
                end: Some(Key::HASH),
                beep: true,
                mailbox: Some(MailboxWish {
                    mailbox: voicemail.mailbox.parse().ok()?,
                    length_min: seconds(voicemail.min_s.map_or(MESSAGE_MIN_S, |min| min.number())),
                    notify: voicemail.notify.clone(),
                    transcribe: voicemail.transcribe,
                }),
            },
        })
    }
}
