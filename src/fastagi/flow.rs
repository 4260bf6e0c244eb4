//! `flow/<id>`: a call is carried through a flow, by the interpreter that carries all others.
//!
//! AGI does one thing after the other on one channel. What it cannot do is in
//! [`Driver::cannot`](cadran_engine::flow::driver::Driver::cannot); a flow that comes to it takes its exit for errors.

use std::collections::BTreeMap;
use std::time::Duration;

use agi::{RecordFile, RecordingEnd};
use cadran_engine::dialer::compliance::may_be_dialled;
use cadran_engine::flow::calendar::Calendar;
use cadran_engine::flow::defaults::{
    ANSWER_MAX_S, ANSWER_SILENCE_S, MESSAGE_MAX_S, MESSAGE_MIN_S, MESSAGE_SILENCE_S, REPEAT_WINDOW_S, RING_S,
};
use cadran_engine::flow::key::Key;
use cadran_engine::flow::nodes::{CallerCheck, CheckCaller, Destination, Dial, HangupReason};
use cadran_engine::flow::run::{Dialled, Ending, Event, Facts, Passage, RecordWish, Run, Step, Surroundings};
use cadran_engine::flow::sip_address::SipAddress;
use cadran_engine::flow::world::World;
use cadran_engine::flow::{Library, read};
use cadran_engine::inbound::inquiry::HttpRequest;
use cadran_engine::model::incoming::PATH_MAX;
use cadran_engine::model::{
    Agent, AgentId, CallId, Did, FlowId, Mailbox, MailboxId, MessageId, Phone, Trunk,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::Error;
use super::conversation::Conversation;
use super::prompts::Prompts;
use super::questions::{draw, flow_id, revision_for};
use crate::store::{Message, NamedHours};

/// The silence that Asterisk leaves at the end of a recording, and what is shorter than any word, in milliseconds.
const SILENCE_LEFT_MS: u64 = 1_000;
const NOISE_MS: u64 = 200;
/// Samples of a second of what AGI records.
const SAMPLES_PER_SECOND: u64 = 8_000;

/// What a call runs in, fixed when it begins: publishing does not touch calls that are going on.
struct Loaded {
    library: Library,
    calendars: BTreeMap<String, Calendar>,
    revision: u32,
}

/// What is being done, for events that meant nothing to the flow.
enum Doing {
    /// Something whose end is its answer.
    Acting,
    /// A prompt, which is over.
    Playing,
    /// A wait for a key.
    Waiting { until: Instant },
}

/// Carries the call through a flow to its end, and tells the dialplan how it ended.
pub(super) async fn run(call: &mut Conversation<'_>, id: &str) -> Result<(), Error> {
    let id = flow_id(id)?;
    let loaded = load(call, id).await?.ok_or(Error::Question("flow"))?;
    let around = Surroundings { library: &loaded.library, calendars: &loaded.calendars };
    let now = call.desk.clock;
    let facts = Facts {
        caller: call.caller(),
        did: call.called(),
        locale: call.asked("locale").map(str::to_owned),
        country: None,
        last_locale: None,
        chance: draw(call.request.unique_id()),
    };
    call.set_all(&[("FLOW", id.to_string()), ("REVISION", loaded.revision.to_string())]).await?;
    let mut run = Run::new(around, facts, now());
    let mut prompts = Prompts::new(call.desk.store.playable_media().await?, run.locale());
    let (mut path, mut event, mut doing) = (Vec::new(), Event::Begun, Doing::Acting);
    loop {
        let step = run.handle(around, event, now(), &mut path);
        prompts.speak(run.locale());
        if let Step::End { ending, cause } = step {
            let node = run.node(around).map(ToString::to_string).unwrap_or_default();
            return finish(call, ending, cause, node, in_words(&path)).await;
        }
        path.truncate(PATH_MAX);
        event = match carry_out(call, &mut prompts, step, &mut doing).await {
            Ok(event) => event,
            Err(Error::Agi(agi::Error::Hangup)) => Event::HangUp,
            Err(Error::Agi(agi::Error::Failed { .. })) => Event::Failed,
            Err(error) => return Err(error),
        };
    }
}

/// The flow in the revision that this caller gets, with those that it calls.
async fn load(call: &Conversation<'_>, id: FlowId) -> Result<Option<Loaded>, Error> {
    let store = &call.desk.store;
    let Some(flow) = store.flow(id).await?.map(|kept| kept.value) else { return Ok(None) };
    let revision = match call.asked("revision").map(str::parse) {
        Some(revision) => Some(revision.map_err(|_| Error::Question("revision"))?),
        None => match call.asked("number").and_then(|number| number.parse::<Phone>().ok()) {
            Some(number) => {
                let dids = store.all_settings::<Did>().await?;
                let did = dids.iter().find(|did| did.number == number && did.flow == id);
                let draw = draw(call.request.unique_id());
                did.and_then(|did| revision_for(did, (flow.live, flow.test), draw)).or(flow.live)
            }
            None => flow.live,
        },
    };
    let Some(revision) = revision else { return Ok(None) };
    let Some(found) = store.flow_revision(id, revision).await? else { return Ok(None) };
    // What was published is what could be read.
    let Ok(document) = read(&found.document) else { return Ok(None) };
    let world = World { called: store.called_by(&found.document).await?, ..World::default() };
    let hours = store.all_settings::<NamedHours>().await?.into_iter();
    let calendars = hours.map(|hours| (hours.id.to_string(), hours.calendar)).collect();
    Ok(Some(Loaded { library: world.library(document), calendars, revision }))
}

/// The nodes that the caller passed, each with the way by which it was left.
fn in_words(path: &[Passage<'_>]) -> String {
    let steps: Vec<String> = path.iter().map(|step| format!("{}:{}", step.node, step.outlet)).collect();
    steps.join(",")
}

async fn carry_out(
    call: &mut Conversation<'_>,
    prompts: &mut Prompts,
    step: Step<'_>,
    doing: &mut Doing,
) -> Result<Event, Error> {
    if let Step::GoOn = step {
        return match *doing {
            Doing::Acting => Ok(Event::Failed),
            Doing::Playing => Ok(Event::PlayEnded),
            Doing::Waiting { until } => wait_for_key(call, until).await,
        };
    }
    *doing = Doing::Acting;
    Ok(match step {
        Step::Answer { delay_ms } => {
            pause(call, Duration::from_millis(delay_ms.into())).await?;
            call.connection.answer().await?;
            Event::Done
        }
        Step::CheckCaller(check) => Event::Caller(known_caller(call, check).await?),
        Step::Dial { dial, to, caller_id, .. } => dial_out(call, dial, &to, caller_id).await?,
        Step::Http(request) => {
            let request = HttpRequest::from(&request);
            call.connection.set_music_on(None).await?;
            let answer = call.desk.requests.send(&request).await;
            call.connection.set_music_off().await?;
            answer
        }
        Step::Lookup { lookup, key } => {
            let by = lookup.by.as_deref().unwrap_or("phone");
            match call.desk.store.contacts(&lookup.source, by, &key.to_string()).await? {
                Some(rows) => Event::Found(rows),
                None => Event::Failed,
            }
        }
        Step::Play { clips, listening } => {
            *doing = Doing::Playing;
            match prompts.play(call, &clips, listening).await? {
                Some(key) => Event::Key(key),
                None => Event::PlayEnded,
            }
        }
        Step::Record(wish) => record(call, wish).await?,
        Step::SaveAnswers { survey, answers } => {
            for (question, answer) in answers {
                call.set(&format!("SURVEY_{survey}_{question}"), &answer.to_string()).await?;
            }
            Event::Done
        }
        Step::Tag(tag) => {
            let outcome = tag.outcome.clone().unwrap_or_default();
            call.set_all(&[("OUTCOME", outcome), ("LABELS", tag.labels.join(","))]).await?;
            Event::Done
        }
        Step::WaitKey { timeout_ms, .. } => {
            let until = Instant::now() + Duration::from_millis(timeout_ms.into());
            *doing = Doing::Waiting { until };
            wait_for_key(call, until).await?
        }
        Step::Book { .. }
        | Step::End { .. }
        | Step::GoOn
        | Step::Queue { .. }
        | Step::Recording(_)
        | Step::Show(_)
        | Step::Wait => Event::Failed,
    })
}

async fn wait_for_key(call: &mut Conversation<'_>, until: Instant) -> Result<Event, Error> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(Event::Timeout);
    }
    // Asterisk counts in milliseconds; what is begun counts, because zero would wait for ever.
    let left = Duration::from_millis(u64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX));
    let key = call.connection.wait_for_digit(Some(left)).await?.and_then(Key::read);
    Ok(key.map_or(Event::Timeout, Event::Key))
}

/// Waits, unless the caller hangs up meanwhile.
async fn pause(call: &mut Conversation<'_>, span: Duration) -> Result<(), Error> {
    match tokio::time::timeout(span, call.connection.wait_for_hangup()).await {
        Ok(gone) => {
            gone?;
            Err(agi::Error::Hangup.into())
        }
        Err(_elapsed) => Ok(()),
    }
}

/// The first of the checks that applies. Nothing but that is known of a caller who withholds their number.
async fn known_caller(call: &Conversation<'_>, check: &CheckCaller) -> Result<Option<CallerCheck>, Error> {
    let Ok(phone) = call.caller().parse::<Phone>() else {
        return Ok(Some(CallerCheck::Anonymous).filter(|anonymous| check.checks.contains(anonymous)));
    };
    let window = check.repeat_window_s.map_or(REPEAT_WINDOW_S, |window| window.number());
    let (window, now) = (Duration::from_secs(window.into()), (call.desk.clock)());
    let list = check.list.as_deref();
    Ok(call.desk.store.caller_check(phone, &check.checks, list, window, now).await?)
}

/// Calls somebody by the dialplan's `Dial()`. Asterisk reads its arguments as dialplan, so only digits and names of our
/// own accounts ever come into them.
async fn dial_out(
    call: &mut Conversation<'_>,
    dial: &Dial,
    to: &str,
    caller_id: Option<String>,
) -> Result<Event, Error> {
    let Some(address) = address(call, &dial.to, to).await? else { return Ok(Event::Failed) };
    if let Some(shown) = caller_id {
        let Ok(shown) = shown.parse::<Phone>() else { return Ok(Event::Failed) };
        call.connection.set_variable("CALLERID(num)", &shown.e164()).await?;
    }
    let ring = dial.ring_s.map_or(RING_S, |ring| ring.number());
    call.connection.exec("Dial", &format!("{address},{ring}")).await?;
    let status = call.connection.get_variable("DIALSTATUS").await?.unwrap_or_default();
    Ok(match status.as_str() {
        "ANSWER" => Event::Dialled(Dialled::Done),
        "BUSY" => Event::Dialled(Dialled::Busy),
        "NOANSWER" => Event::Dialled(Dialled::NoAnswer),
        "CANCEL" => Event::HangUp,
        "CHANUNAVAIL" | "CONGESTION" | "DONTCALL" | "TORTURE" => Event::Dialled(Dialled::Rejected),
        _ => Event::Failed,
    })
}

/// Whom `Dial()` calls. `None`: nobody who could be called safely.
async fn address(call: &Conversation<'_>, kind: &Destination, to: &str) -> Result<Option<String>, Error> {
    let store = &call.desk.store;
    Ok(match kind {
        Destination::Agent(_) => {
            let Ok(id) = to.parse::<AgentId>() else { return Ok(None) };
            let agent: Option<Agent> = store.agent(id).await?.map(|kept| kept.value);
            agent.map(|agent| format!("PJSIP/{}", call.desk.names.account(&agent.sip_account)))
        }
        Destination::Extension(_) => {
            let is_extension = (1..=20).contains(&to.len()) && to.bytes().all(|byte| byte.is_ascii_digit());
            let context = call.request.context();
            is_extension.then(|| format!("Local/{to}@{context}"))
        }
        Destination::Number(_) => {
            let phone = to.parse::<Phone>().ok().filter(|phone| may_be_dialled(*phone).is_ok());
            let trunks = store.settings().await?.trunks;
            let trunk = trunks.iter().find(|trunk| trunk.enabled);
            phone.zip(trunk).map(|(phone, trunk)| {
                format!("PJSIP/{}@{}", phone.e164(), call.desk.names.trunk_endpoint(trunk.id))
            })
        }
        Destination::Sip(_) => {
            let Ok(SipAddress { name, trunk }) = SipAddress::read(to) else { return Ok(None) };
            let trunks = store.settings().await?.trunks;
            let is_it = |known: &&Trunk| known.enabled && known.id.to_string() == trunk;
            let trunk = trunks.iter().find(is_it);
            trunk.map(|trunk| format!("PJSIP/{name}@{}", call.desk.names.trunk_endpoint(trunk.id)))
        }
    })
}

async fn record(call: &mut Conversation<'_>, wish: RecordWish<'_>) -> Result<Event, Error> {
    let id = MessageId::from_uuid(Uuid::now_v7());
    let (time_max, silence, end, beep) = match wish {
        RecordWish::Answer(record) => (
            record.max_s.map_or(ANSWER_MAX_S, |max| max.number()),
            record.silence_s.map_or(ANSWER_SILENCE_S, |silence| silence.number()),
            record.end.unwrap_or(Key::HASH),
            record.beep,
        ),
        RecordWish::Survey(_) => (ANSWER_MAX_S, ANSWER_SILENCE_S, Key::HASH, true),
        RecordWish::Voicemail(voicemail) => {
            (voicemail.max_s.map_or(MESSAGE_MAX_S, |max| max.number()), MESSAGE_SILENCE_S, Key::HASH, true)
        }
    };
    let directory = &call.desk.messages_dir;
    tokio::fs::create_dir_all(directory).await.map_err(agi::Error::Io)?;
    let path = directory.join(id.to_string()).display().to_string();
    let wanted = RecordFile {
        escape_digits: end.as_str(),
        time_max: Some(Duration::from_secs(time_max.into())),
        beep,
        silence: Some(Duration::from_secs(silence.into())),
        ..RecordFile::new(&path, "wav")
    };
    let recorded = call.connection.record_file(wanted).await?;
    let samples = u64::try_from(recorded.end_position).unwrap_or_default();
    let ms = spoken_ms(samples * 1_000 / SAMPLES_PER_SECOND, recorded.end, time_max);
    let RecordWish::Voicemail(voicemail) = wish else {
        return Ok(Event::Recorded { name: id.to_string(), ms });
    };
    let long_enough = ms >= u64::from(voicemail.min_s.map_or(MESSAGE_MIN_S, |min| min.number())) * 1_000;
    let file = format!("{id}.wav");
    match voicemail.mailbox.parse::<MailboxId>() {
        Ok(mailbox) if long_enough => keep_message(call, id, mailbox, file, ms, &voicemail.notify).await?,
        Ok(_) | Err(_) => {
            // A message of nobody's is not kept; it may not even have come to a file.
            let _ = tokio::fs::remove_file(directory.join(&file)).await;
        }
    }
    Ok(Event::Recorded { name: id.to_string(), ms })
}

/// How long somebody spoke. Asterisk cuts off the silence that ended a recording but for its last second
/// (`handle_recordfile` in `res_agi.c`), which is no part of what was said.
fn spoken_ms(recorded_ms: u64, end: RecordingEnd, time_max: u32) -> u64 {
    let by_silence =
        end == RecordingEnd::Timeout && recorded_ms + SILENCE_LEFT_MS < u64::from(time_max) * 1_000;
    if !by_silence {
        return recorded_ms;
    }
    let spoken_ms = recorded_ms.saturating_sub(SILENCE_LEFT_MS);
    if spoken_ms < NOISE_MS { 0 } else { spoken_ms }
}

async fn keep_message(
    call: &Conversation<'_>,
    id: MessageId,
    mailbox: MailboxId,
    file: String,
    ms: u64,
    notify: &[String],
) -> Result<(), Error> {
    let store = &call.desk.store;
    let kept = store.setting::<Mailbox>(mailbox).await?;
    let notifies = !notify.is_empty() || kept.is_some_and(|kept| !kept.value.notify.is_empty());
    let now = (call.desk.clock)();
    let message = Message {
        id,
        mailbox,
        // The call is none of the engine's; its name is made of Asterisk's own.
        call: CallId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_OID, call.request.unique_id().as_bytes())),
        caller: call.caller(),
        left_at: now,
        duration: Duration::from_millis(ms),
        file,
        heard_at: None,
        mail_due_at: notifies.then_some(now),
        notify: notify.to_vec(),
        mail_tries: 0,
    };
    store.keep_message(&message).await?;
    // The telephone of the mailbox is told with the other settings. A daemon that is stopping tells it at its start.
    let inbox = call.desk.inbox.clone();
    tokio::spawn(async move { inbox.reload().await });
    Ok(())
}

/// Tells the dialplan how the flow ended. After a hang-up of the flow there is no dialplan any more.
async fn finish(
    call: &mut Conversation<'_>,
    ending: Ending,
    cause: HangupReason,
    node: String,
    path: String,
) -> Result<(), Error> {
    let word = serde_json::to_value(ending).ok().and_then(|word| word.as_str().map(str::to_owned));
    call.set_all(&[("FLOW_END", word.unwrap_or_default()), ("FLOW_NODE", node), ("FLOW_PATH", path)]).await?;
    match ending {
        Ending::Hangup => {
            // Q.850: 16 is a normal end, 17 a busy line, 21 a call that is refused.
            let cause = match cause {
                HangupReason::Busy => "17",
                HangupReason::Normal => "16",
                HangupReason::Reject => "21",
            };
            call.connection.exec("Hangup", cause).await.map(drop).map_err(Error::from)
        }
        Ending::Dialled
        | Ending::Error
        | Ending::Finished
        | Ending::Left
        | Ending::Queued
        | Ending::Voicemail => Ok(()),
    }
}
