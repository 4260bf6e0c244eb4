//! What the engine wants, in words short enough to read a whole story on a page.

use std::collections::BTreeMap;
use std::fmt::Display;

use cadran_engine::command::{Answer, Clip, Command, Destination, LeadNext, Notice, SwitchCommand, Write};
use cadran_engine::inbound::inquiry::Inquiry;
use cadran_engine::input::LegPurpose;
use cadran_engine::model::incoming::CallbackStanding;
use cadran_engine::model::{CallId, LegId, RoomId, Timestamp};
use uuid::Uuid;

/// Names for ids, in the order of their appearance.
#[derive(Debug, Default)]
pub(crate) struct Names {
    words: BTreeMap<String, String>,
    calls: Vec<CallId>,
    recordings: BTreeMap<String, String>,
    ears: u32,
    taps: u32,
}

impl Names {
    pub(crate) fn call(&mut self, id: CallId) -> String {
        let index = self.calls.iter().position(|known| *known == id).unwrap_or_else(|| {
            self.calls.push(id);
            self.calls.len() - 1
        });
        format!("call-{}", index + 1)
    }

    /// The call that a script means by `call-1`.
    pub(crate) fn call_named(&self, name: &str) -> CallId {
        let number = name.strip_prefix("call-").and_then(|number| number.parse::<usize>().ok());
        self.calls[number.unwrap_or_else(|| panic!("`{name}` is no call")) - 1]
    }

    fn name(&self, id: impl Display) -> String {
        let id = id.to_string();
        self.words.get(&id).cloned().unwrap_or(id)
    }

    pub(crate) fn give(&mut self, id: impl Display, name: &str) {
        self.words.insert(id.to_string(), name.to_owned());
    }

    fn leg(&mut self, leg: LegId, purpose: &LegPurpose) -> String {
        let name = match purpose {
            LegPurpose::Agent { agent, room, .. } => {
                self.give(room, &format!("room of {agent}"));
                let beside = Uuid::from_u128(room.as_uuid().as_u128() ^ 1);
                self.give(RoomId::from_uuid(beside), &format!("room beside {agent}"));
                format!("phone of {agent}")
            }
            LegPurpose::Caller { call, .. } | LegPurpose::Customer { call, .. } => self.call(*call),
            LegPurpose::Outside { call } => format!("somebody outside for {}", self.call(*call)),
        };
        self.give(leg, &name);
        name
    }

    /// Text in which ids are replaced by their names.
    fn rename(&mut self, text: &str) -> String {
        let calls = self.calls.clone();
        let mut text =
            calls.into_iter().fold(text.to_owned(), |text, id| text.replace(&id.to_string(), &self.call(id)));
        for (id, name) in &self.words {
            text = text.replace(id, name);
        }
        text.split(' ')
            .map(|word| if word.len() > 32 { "a session" } else { word })
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// What a command says; none for what only repeats another.
    pub(crate) fn tell(&mut self, command: &Command, start: Timestamp) -> Option<String> {
        match command {
            Command::Switch(command) => Some(self.switch(command)),
            Command::Write(write) => self.write(write, start),
            Command::Notice(notice) => self.notice(notice),
            Command::Reply { answer: Ok(Answer::Preview { lead, .. }), .. } => Some(format!("shows {lead}")),
            Command::Reply { answer: Ok(_), .. } | Command::FetchLeads { .. } => None,
            Command::LookUp { inquiry, .. } => Some(match &**inquiry {
                Inquiry::Barred { .. } => "may they be called?".to_owned(),
                Inquiry::Booking { callback, .. } => {
                    let place = if callback.place.is_some() { "in their place" } else { "in no place" };
                    format!(
                        "book a callback of {}, due {}, {place}",
                        self.call(callback.id),
                        at(callback.due_at, start)
                    )
                }
                other => format!("look up {other:?}"),
            }),
            Command::Reply { answer: Err(refusal), .. } => Some(format!("refused: {refusal}")),
        }
    }

    pub(crate) fn switch(&mut self, command: &SwitchCommand) -> String {
        match command {
            SwitchCommand::Originate {
                leg,
                to: Destination::Account(account),
                purpose: purpose @ LegPurpose::Outside { .. },
                ..
            } => format!("ring {account} as {}", self.leg(*leg, purpose)),
            SwitchCommand::Originate { leg, to: Destination::Account(_), purpose, .. } => {
                format!("ring {}", self.leg(*leg, purpose))
            }
            SwitchCommand::Originate { leg, to: Destination::Named { trunk, name }, purpose, .. } => {
                format!("dial {name} on {trunk} as {}", self.leg(*leg, purpose))
            }
            SwitchCommand::Originate { leg, to: Destination::Number { trunk, phone }, purpose, .. } => {
                format!("dial {phone} on {trunk} as {}", self.leg(*leg, purpose))
            }
            SwitchCommand::HangUp { leg } => format!("hang up {}", self.name(leg)),
            SwitchCommand::OpenRoom { room } => match self.words.get(&room.to_string()) {
                Some(name) if name.starts_with("room beside") => format!("open {name}"),
                Some(name) => format!("open {name} again"),
                None => {
                    self.give(room, "a room of their own");
                    "open a room".to_owned()
                }
            },
            SwitchCommand::StartMusic { room } => format!("start music in {}", self.name(room)),
            SwitchCommand::Join { room, leg } => format!("join {} to {}", self.name(leg), self.name(room)),
            SwitchCommand::Leave { room, leg } => {
                format!("take {} out of {}", self.name(leg), self.name(room))
            }
            SwitchCommand::CloseRoom { room } => format!("close {}", self.name(room)),
            SwitchCommand::OpenEar { ear, agent, customer, room, whispers, .. } => {
                if !self.words.contains_key(&ear.to_string()) {
                    self.ears += 1;
                    let name = format!("ear {}", self.ears);
                    self.give(ear, &name);
                }
                let name = self.name(ear);
                let [agent, customer] = [self.name(agent), self.name(customer)];
                let room = self.name(room);
                format!(
                    "open {name} on {agent} and {customer} for {room}, {}",
                    if *whispers { "whispering" } else { "silent" }
                )
            }
            SwitchCommand::SetWhisper { ear, whispers } => {
                format!("{} {}", self.name(ear), if *whispers { "whispers" } else { "falls silent" })
            }
            SwitchCommand::OpenTap { tap, customer, agent } => {
                if !self.words.contains_key(&tap.to_string()) {
                    self.taps += 1;
                    let name = format!("tap {}", self.taps);
                    self.give(tap, &name);
                }
                format!("open {} on {} and {}", self.name(tap), self.name(customer), self.name(agent))
            }
            SwitchCommand::CloseTap { tap } => format!("close {}", self.name(tap)),
            SwitchCommand::CloseEar { ear } => format!("close {}", self.name(ear)),
            SwitchCommand::Play { leg, media } => format!("play {media} to {}", self.name(leg)),
            SwitchCommand::Ring { leg } => format!("let {} ring", self.name(leg)),
            SwitchCommand::PickUp { leg } => format!("pick up for {}", self.name(leg)),
            SwitchCommand::Mark { leg, purpose: LegPurpose::Caller { queue: Some(place), .. } } => {
                format!("mark {}: in {} with priority {}", self.name(leg), place.queue, place.priority)
            }
            SwitchCommand::Mark { leg, purpose: purpose @ LegPurpose::Agent { .. } } => {
                format!("mark {}", self.leg(*leg, purpose))
            }
            SwitchCommand::Mark { leg, .. } => format!("mark {}", self.name(leg)),
            SwitchCommand::PlayClips { leg, clips, .. } => {
                let clips: Vec<String> = clips.iter().map(clip).collect();
                format!("play {} to {}", clips.join(", "), self.name(leg))
            }
            SwitchCommand::LetGo { leg } => format!("let {} go", self.name(leg)),
            SwitchCommand::StopClips { leg, .. } => format!("stop what {} hears", self.name(leg)),
            SwitchCommand::PlayMusic { leg, class } => format!("music {class} for {}", self.name(leg)),
            SwitchCommand::StopMusic { leg } => format!("stop the music of {}", self.name(leg)),
            SwitchCommand::TakeMessage { leg, .. } => format!("take a message of {}", self.name(leg)),
            SwitchCommand::EndMessage { leg, .. } => format!("end the message of {}", self.name(leg)),
            SwitchCommand::TurnAway { leg, reason } => format!("turn {} away: {reason:?}", self.name(leg)),
            SwitchCommand::Screen { leg, .. } => format!("screen {}", self.name(leg)),
            SwitchCommand::AwaitSilence { leg } => format!("hear the greeting of {} out", self.name(leg)),
            SwitchCommand::StartRecording { recording, .. } => {
                let name = format!("recording {} of {}", recording.part, self.call(recording.call));
                self.recordings.insert(recording.to_string(), name.clone());
                self.give(recording, &name);
                format!("start {name}")
            }
            SwitchCommand::MaskRecording { recording } => format!("mask {}", self.name(recording)),
            SwitchCommand::UnmaskRecording { recording } => format!("unmask {}", self.name(recording)),
            SwitchCommand::CollectRecording { recording } => format!("collect {}", self.name(recording)),
        }
    }

    fn write(&mut self, write: &Write, start: Timestamp) -> Option<String> {
        match write {
            Write::SaveAttempt(attempt) => {
                let call = self.call(attempt.call);
                self.give(attempt.id, &format!("attempt of {call}"));
                Some(format!("save attempt of {call} on {}", attempt.lead))
            }
            Write::CloseAttempt { outcome, screened, lead, next, .. } => {
                let heard = screened.as_ref().map_or(String::new(), |screened| {
                    format!(
                        " ({} {}, {} ms)",
                        screened.verdict.as_str(),
                        screened.cause,
                        screened.after.as_millis()
                    )
                });
                Some(format!("{lead} {}{heard}: {}", outcome.as_str(), again(*next, start)))
            }
            Write::SaveCall(record) => {
                let call = self.call(record.id);
                let with = record.agent.map_or("nobody".to_owned(), |agent| agent.to_string());
                let talked = record.talk_time().as_secs_f64();
                Some(format!("save {call} with {with}, {talked:.1} s, ended by {}", record.ended_by.as_str()))
            }
            Write::ReleaseLead { lead, due_at } => {
                Some(format!("release {lead}, due {}", at(*due_at, start)))
            }
            Write::CloseRecording { recording, state, .. } => {
                Some(format!("{} is {}", self.name(recording), state.as_str()))
            }
            Write::OpenGap { recording, reason, .. } => {
                Some(format!("gap in {} for {reason}", self.name(recording)))
            }
            Write::CloseGap { recording, .. } => Some(format!("end of gap in {}", self.name(recording))),
            Write::SaveDisposition(said) => Some(format!(
                "{} says {}: {}{}{}",
                said.agent,
                said.code,
                again(said.next, start),
                if said.do_not_call { ", do not call" } else { "" },
                if said.refused { ", refused" } else { "" }
            )),
            Write::SaveCaller(record) => {
                let call = self.call(record.id);
                let with = record.agent.map_or("nobody".to_owned(), |agent| agent.to_string());
                let waits = record.waits.iter().map(|wait| {
                    format!(", {} s in {}: {}", wait.waited.as_secs_f64(), wait.queue, wait.exit.as_str())
                });
                let waits: String = waits.collect();
                Some(format!("save {call} with {with}{waits}, ended by {}", record.ended_by.as_str()))
            }
            Write::SaveCallerDisposition(said) => {
                Some(format!("{} says {} of {}", said.agent, said.code, self.call(said.call)))
            }
            Write::SaveMessage(message) => {
                Some(format!("save a message of {} in {}", self.call(message.call), message.mailbox))
            }
            Write::SaveAnswers { survey, .. } => Some(format!("save answers of {survey}")),
            Write::SaveCallback { callback, standing, .. } => Some(match standing {
                CallbackStanding::Open => {
                    let (call, due) = (self.call(callback.id), at(callback.due_at, start));
                    format!("callback of {call} due {due}, tried {} times", callback.tries)
                }
                CallbackStanding::Kept(by) => {
                    format!("callback of {} kept by {}", self.call(callback.id), self.call(*by))
                }
                CallbackStanding::Withdrawn => format!("callback of {} withdrawn", self.call(callback.id)),
            }),
            Write::TagCall { labels, .. } => Some(format!("tag {labels:?}")),
            Write::OpenRecording { .. }
            | Write::OpenSession { .. }
            | Write::OpenSupervision(_)
            | Write::CloseSupervision { .. }
            | Write::SaveAgentState { .. }
            | Write::CloseSession { .. }
            | Write::SaveLearnt { .. }
            | Write::SavePacing { .. } => None,
        }
    }

    fn notice(&mut self, notice: &Notice) -> Option<String> {
        match notice {
            Notice::Answered { call } => Some(format!("{} answered", self.call(*call))),
            Notice::Connected { call, agent, waited } => {
                Some(format!("{} connected to {agent} after {} ms", self.call(*call), waited.as_millis()))
            }
            Notice::CallerArrived { call, .. } => Some(format!("{} comes in", self.call(*call))),
            Notice::NodeLeft { node, outlet, .. } => Some(format!("{node} left by {outlet}")),
            Notice::PromptMissing { prompt, .. } => Some(format!("missing: {prompt}")),
            Notice::CallerQueued { call, queue } => Some(format!("{} waits in {queue}", self.call(*call))),
            Notice::CallerUnqueued { call, queue, exit, waited } => Some(format!(
                "{} leaves {queue} after {} ms: {}",
                self.call(*call),
                waited.as_millis(),
                exit.as_str()
            )),
            Notice::AgentMissed { agent, queue } => Some(format!("{agent} missed a caller of {queue}")),
            Notice::AgentState { agent, state } => Some(format!("{agent} {state}")),
            Notice::Supervising { supervisor, call, mode } => {
                Some(format!("{supervisor} takes part in {}: {}", self.call(*call), mode.as_str()))
            }
            Notice::Tapped { user, call } => Some(format!("{user} taps {}", self.call(*call))),
            Notice::TapEnded { user, call, end } => {
                Some(format!("{user} no longer taps {}: {}", self.call(*call), end.as_str()))
            }
            Notice::SupervisionEnded { supervisor, call, mode, end } => {
                let call = self.call(*call);
                Some(format!(
                    "{supervisor} no longer takes part in {call} ({}): {}",
                    mode.as_str(),
                    end.as_str()
                ))
            }
            Notice::Transferred { call, from, to } => {
                Some(format!("{} is given by {from} to {to}", self.call(*call)))
            }
            Notice::GivenOutside { call, from } => {
                Some(format!("{} is given by {from} to somebody outside", self.call(*call)))
            }
            Notice::SentToFlow { call, from, flow } => {
                Some(format!("{} is sent by {from} through {flow}", self.call(*call)))
            }
            Notice::SentToQueue { call, from, queue } => {
                Some(format!("{} is sent by {from} to {queue}", self.call(*call)))
            }
            Notice::TakenOver { call, from, by } => {
                Some(format!("{} goes from {from} to {by}", self.call(*call)))
            }
            Notice::Dialling { held_by: Some(hold) } => Some(format!("dialling held: {hold:?}")),
            Notice::Dialling { held_by: None } => Some("dialling goes on".to_owned()),
            Notice::MaskedLong { recording, masked } => {
                Some(format!("{} masked for {} s", self.name(recording), masked.as_secs()))
            }
            Notice::Repaired { what } => Some(format!("repaired: {}", self.rename(what))),
            Notice::Unexpected { what } => Some(format!("unexpected: {}", self.rename(what))),
            Notice::Dialled { .. }
            | Notice::Screened { .. }
            | Notice::AttemptEnded { .. }
            | Notice::CallEnded { .. } => None,
            Notice::CampaignTripped { campaign, why } => {
                Some(format!("the breaker of {campaign} trips: {}", why.as_str()))
            }
            Notice::TrunkTripped { trunk, why } => {
                Some(format!("the breaker of {trunk} trips: {}", why.as_str()))
            }
            Notice::DialForbidden { attempt, reason, .. } => {
                Some(format!("{} may not be dialled: {reason}", self.name(attempt)))
            }
        }
    }
}

fn clip(clip: &Clip) -> String {
    match clip {
        Clip::Date(text)
        | Clip::Digits(text)
        | Clip::Money(text)
        | Clip::Number(text)
        | Clip::Sound(text) => text.clone(),
        Clip::Speech { text, .. } => format!("\u{201c}{text}\u{201d}"),
    }
}

fn again(next: LeadNext, start: Timestamp) -> String {
    match next {
        LeadNext::Done => "done".to_owned(),
        LeadNext::Again { due_at, phone } => format!("again {}, number {phone}", at(due_at, start)),
    }
}

fn at(due_at: Timestamp, start: Timestamp) -> String {
    format!("at {:.1}s", due_at.since(start).as_secs_f64())
}
