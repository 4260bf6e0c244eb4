//! Callers of a story: who calls which number, what they press, and what Asterisk does for them.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::command::{Clip, SwitchCommand};
use cadran_engine::flow::calendar::OpeningHours;
use cadran_engine::flow::driver::Driver;
use cadran_engine::input::{Input, LegPurpose, SwitchEvent};
use cadran_engine::model::*;

use crate::centre::Centre;
use crate::furniture::seconds;

/// How long every playback lasts.
const CLIPS: u64 = 2_000;

/// The flow that callers come to: one word, then the queue.
const FLOW: &str = r#"{"v":1,"id":"flw_1","kind":"ivr","locales":["fr-FR"],"tz":"UTC","start":"n_queue","nodes":{
    "n_queue":{"kind":"queue","queue":"q_1","next":{"left_by_key":"n_end"}},
    "n_end":{"kind":"hangup"}}}"#;

/// A queue in which everybody serves.
pub(crate) fn queue(row: i64) -> Queue {
    let settings = QueueSettings {
        name: format!("Queue {row}"),
        ring_timeout: Duration::from_secs(5),
        wrap_up: Duration::from_secs(10),
        service_level: Duration::from_secs(5),
        dispositions: vec![Disposition {
            success: false,
            code: "helped".to_owned(),
            label_fr: "helped".to_owned(),
            label_en: "helped".to_owned(),
            effect: DispositionEffect::Final,
            machine: false,
        }],
        ..QueueSettings::default()
    };
    Queue { id: QueueId::from_i64(row), settings }
}

/// The number of the centre, and the flow that it leads to.
pub(crate) fn did() -> Did {
    Did {
        id: DidId::from_i64(1),
        number: "+33199009000".parse().unwrap(),
        also_written: vec!["0199009000".to_owned()],
        flow: FlowId::from_i64(1),
        track: Track::Live,
        via: Driver::Ari,
        canary: None,
        locale: None,
        fallback: None,
        recording: None,
    }
}

pub(crate) fn flow(document: &str) -> FlowPublished {
    FlowPublished {
        id: FlowId::from_i64(1),
        live: Some(1),
        test: None,
        revisions: BTreeMap::from([(1, document.to_owned())]),
    }
}

impl Centre {
    /// Settings of a story with callers, word by word.
    pub(crate) fn prepare_inbound(&mut self, words: &[&str]) {
        if self.settings.queues.is_empty() {
            self.settings.queues = (1..=2).map(queue).collect();
            self.settings.dids = vec![did()];
            self.settings.flows = vec![flow(FLOW)];
            for agent in &mut self.settings.agents {
                agent.queues = vec![QueueId::from_i64(1)];
            }
        }
        let rules = &mut self.settings.queues[0].settings;
        match words {
            [] => {}
            ["strategy", word] => {
                rules.strategy = serde_json::from_value(serde_json::json!(word)).unwrap();
            }
            ["misses", most] => rules.misses_max = most.parse().unwrap(),
            ["max-wait", span] => rules.max_wait = Some(seconds(span)),
            ["max-length", most] => rules.max_length = Some(most.parse().unwrap()),
            ["overflow", "queue"] => {
                rules.overflow = Some(Overflow::Queue { queue: QueueId::from_i64(2) });
            }
            ["overflow", "voicemail"] => {
                rules.overflow = Some(Overflow::Voicemail { mailbox: MailboxId::from_i64(1) });
            }
            ["anybody", "may", "enter"] => rules.no_agents.may_enter = true,
            ["nobody", "may", "stay"] => rules.no_agents.must_leave = true,
            ["announce", every] => {
                rules.announce = Announce { position: true, wait: true, every: Some(seconds(every)) };
            }
            ["sticky", within, wait] => {
                rules.sticky = Some(Sticky { within: seconds(within), wait: seconds(wait) });
            }
            ["yield-after", span] => rules.blending.yield_after = seconds(span),
            ["kept-free", count] => rules.blending.kept_free = count.parse().unwrap(),
            ["needs", skill, min, relax @ ..] => {
                let relax = relax
                    .chunks(2)
                    .map(|step| Relaxation { after: seconds(step[0]), min: step[1].parse().unwrap() });
                rules.skills.push(SkillRule {
                    skill: (*skill).to_owned(),
                    min: min.parse().unwrap(),
                    relax: relax.collect(),
                });
            }
            ["agent", row, "knows", skill, level] => {
                let agent = &mut self.settings.agents[row.parse::<usize>().unwrap() - 1];
                agent.skills.insert((*skill).to_owned(), level.parse().unwrap());
            }
            ["agent", row, "serves", queue] => {
                let agent = &mut self.settings.agents[row.parse::<usize>().unwrap() - 1];
                agent.queues = vec![queue.parse().unwrap()];
            }
            ["open", from, until] => {
                let calendar = serde_json::json!({ "tz": "Europe/Paris",
                    "open": [{ "days": [1, 2, 3, 4, 5, 6, 7], "from": from, "to": until }] });
                let id = CalendarId::from_i64(1);
                rules.calendar = Some(id);
                let calendar = serde_json::from_value(calendar).unwrap();
                self.settings.calendars.push(OpeningHours { id, calendar });
            }
            ["callback", after] => rules.callback = Some(CallbackOffer { after: seconds(after) }),
            ["survey", flow] => rules.survey = Some(flow.parse().unwrap()),
            ["record", "all"] => rules.recording = RecordingPolicy::All,
            ["outsider", word, after] => self.outsiders.push_back(((*word).to_owned(), seconds(after))),
            ["second-flow", document @ ..] => {
                let second = FlowPublished { id: FlowId::from_i64(2), ..flow(&document.join(" ")) };
                self.settings.flows.push(second);
            }
            ["flow", document @ ..] => self.settings.flows = vec![flow(&document.join(" "))],
            other => panic!("`{other:?}` is no setting of inbound work"),
        }
    }

    /// A revision of the flow of callers is published.
    pub(crate) fn publish(&mut self, document: &str) -> Input {
        let flow = &mut self.settings.flows[0];
        let revision = flow.revisions.keys().max().map_or(1, |latest| latest + 1);
        flow.revisions.insert(revision, document.to_owned());
        flow.live = Some(revision);
        Input::Settings(Box::new(self.settings.clone()))
    }

    /// Revisions that no pointer names cannot be read any more.
    pub(crate) fn forget_old_revisions(&mut self) -> Input {
        for flow in &mut self.settings.flows {
            let live = flow.live;
            flow.revisions.retain(|revision, _| Some(*revision) == live);
        }
        Input::Settings(Box::new(self.settings.clone()))
    }

    /// Somebody calls; `number` names them in the story.
    pub(crate) fn caller_calls(&mut self, number: u128, dialled: &str, out: &mut String) {
        let leg = caller_leg(number);
        let purpose = LegPurpose::Caller {
            call: CallId::from_uuid(leg.as_uuid()),
            did: None,
            phone: None,
            trunk: None,
            queue: None,
            language: None,
            course: None,
        };
        self.legs.insert(leg, (purpose, false));
        let event = SwitchEvent::CallerArrived {
            leg,
            dialled: dialled.to_owned(),
            caller: caller_phone(number).e164(),
            trunk: Some(TrunkId::from_i64(1)),
        };
        self.names_leg(leg, &format!("caller-{number}"));
        self.happens(event, out);
    }

    /// What Asterisk does for a caller.
    pub(crate) fn switch_for_caller(&mut self, command: SwitchCommand) {
        match command {
            SwitchCommand::PickUp { leg } => {
                if let Some((_, up)) = self.legs.get_mut(&leg) {
                    *up = true;
                }
                self.event(5, SwitchEvent::LegUp { leg });
            }
            SwitchCommand::Mark { leg, purpose } => {
                if let Some((known, _)) = self.legs.get_mut(&leg) {
                    *known = purpose;
                }
            }
            SwitchCommand::PlayClips { leg, playing, clips, .. } => {
                let broken =
                    clips.iter().any(|clip| matches!(clip, Clip::Sound(uri) if uri.contains("broken")));
                let after = if broken { 5 } else { CLIPS };
                self.event(after, SwitchEvent::ClipsEnded { leg, playing, played: !broken });
            }
            SwitchCommand::TakeMessage { leg, message, .. } => {
                self.event(4_000, SwitchEvent::MessageTaken { leg, message, ms: Some(4_000) });
            }
            SwitchCommand::LetGo { leg } | SwitchCommand::TurnAway { leg, .. } => {
                self.end_leg(leg, HangupCause { q850: 17, sip: None }, Duration::from_millis(50));
            }
            SwitchCommand::StopClips { .. }
            | SwitchCommand::Ring { .. }
            | SwitchCommand::PlayMusic { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::EndMessage { .. } => {}
            other => panic!("{other:?} is not for callers"),
        }
    }
}

/// The number of the nth caller.
pub(crate) fn caller_phone(number: u128) -> Phone {
    format!("+3363998{number:04}").parse().unwrap()
}

/// The leg of the nth caller.
pub(crate) fn caller_leg(number: u128) -> LegId {
    format!("leg_{:032x}", 0xca11_0000_u128 + number).parse().unwrap()
}
