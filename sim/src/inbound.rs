//! People who call, what they hear, and what must hold for them.

use std::collections::BTreeMap;
use std::time::Duration;

use cadran_engine::command::SwitchCommand;
use cadran_engine::flow::driver::Driver;
use cadran_engine::inbound::callbacks::TRIES_MAX;
use cadran_engine::inbound::inquiry::{Finding, Inquiry, LookUpId};
use cadran_engine::input::{Input, LegPurpose, QueuePlace, Settings, SwitchEvent};
use cadran_engine::model::incoming::{CallbackStanding, CallerCallback};
use cadran_engine::model::{
    AgentId, CallId, CallbackOffer, Did, DidId, FlowId, FlowPublished, LegId, NoAgents, Queue, QueueId,
    QueueSettings, Strategy, Timestamp, Track,
};
use cadran_engine::view::{CallerView, LiveView};

use crate::callers::{Fate, NORMAL, Then};
use crate::chance::Chance;
use crate::network::{NOT_FOUND, NetLeg, Step, Verdict};
use crate::plan::{self, phone};
use crate::world::{Happening, World};

/// I16: no caller hears nothing for longer than this.
const SILENCE_MAX: Duration = Duration::from_secs(4);
/// For so long at most where the end of what they heard was not told.
const UNTOLD_MAX: Duration = Duration::from_secs(20);
/// What is on its way between the world and the daemon when a second ends.
const TRAVEL: Duration = Duration::from_secs(2);
/// Callers come until the centre is told to be done, with time left to serve them.
const CALLERS_PER_SECOND: f64 = 0.04;

/// The most patient caller has hung up before the centre is looked at for the last time.
const PATIENCE_MAX: Duration = Duration::from_secs(120);
/// By how much a callback may be late, at the end of a day without disturbance.
const CALLBACK_LATE_MAX: Duration = Duration::from_secs(60);
/// The call of a caller whom the daemon has not marked.
const NOBODY: &str = "cal_00000000000000000000000000000000";

/// The flow of every caller here: a word, a key, and the queue that the key names, or somebody who is called.
const FLOW: &str = r#"{"v":1,"id":"flw_1","kind":"ivr","locales":["fr-FR"],"tz":"Europe/Paris","start":"n_menu",
  "defaults":{"timeout_ms":2000,"tries":2},"nodes":{
    "n_menu":{"kind":"menu","prompt":[{"tts":{"fr-FR":"Tapez un chiffre."}}],"keys":["1","2","3","4"],
      "next":{"1":"n_first","2":"n_second","3":"n_agent","4":"n_number","no_input":"n_first","no_match":"n_end"}},
    "n_first":{"kind":"queue","queue":"q_1","max_wait_s":120,"wait_flow":"flw_2","announce":{"position":true,"every_s":10},
      "next":{"timeout":"n_end","full":"n_end","no_agents":"n_end","left_by_key":"n_second"}},
    "n_second":{"kind":"queue","queue":"q_2","priority":3,"max_wait_s":60,
      "next":{"timeout":"n_box","full":"n_box","no_agents":"n_box","left_by_key":"n_end"}},
    "n_agent":{"kind":"dial","to":{"agent":"agt_1"},"whisper":[{"tts":{"fr-FR":"Un client."}}],"confirm_key":"1",
      "next":{"done":"n_first","busy":"n_number","no_answer":"n_second","rejected":"n_end"}},
    "n_number":{"kind":"dial","to":{"number":"+33199009777"},"ring_s":20,"whisper":[{"tts":{"fr-FR":"Un client."}}],
      "confirm_key":"1","record":true,"next":{"done":"n_box","busy":"n_end","no_answer":"n_second","rejected":"n_end"}},
    "n_box":{"kind":"voicemail","box":"vm_1","greeting":[{"tts":{"fr-FR":"Parlez."}}],"max_s":20},
    "n_end":{"kind":"hangup","prompt":[{"tts":{"fr-FR":"Au revoir."}}]}}}"#;

/// What the first queue's callers hear: words, a key by which they leave, and after some rounds music.
const WAIT_FLOW: &str = r#"{"v":1,"id":"flw_2","kind":"queue_wait","locales":["fr-FR"],"tz":"Europe/Paris","start":"n_word",
  "vars":[{"name":"rounds","type":"int","default":0}],"nodes":{
    "n_word":{"kind":"play","prompt":[{"tts":{"fr-FR":"Merci de patienter."}}],"next":{"next":"n_ask"}},
    "n_ask":{"kind":"menu","prompt":[{"tts":{"fr-FR":"Tapez 9."}}],"keys":["9"],"timeout_ms":9000,"tries":1,
      "next":{"9":"n_leave","no_input":"n_count","no_match":"n_count"}},
    "n_count":{"kind":"set","assign":[{"var":"rounds","expr":"rounds + 1"}],"next":{"next":"n_enough"}},
    "n_enough":{"kind":"branch","cases":[{"id":"yes","when":"rounds > 2"}],"next":{"yes":"n_music","else":"n_word"}},
    "n_leave":{"kind":"return","name":"left_by_key"},
    "n_music":{"kind":"return","name":"music"}}}"#;

/// What a caller hears at this moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hears {
    playing: Option<u32>,
    music: bool,
    speaks: bool,
    /// Since when nothing is heard.
    silent_since: Option<Timestamp>,
}

impl Hears {
    /// In a room there are others to be heard.
    pub(crate) const fn in_company(&mut self) {
        self.silent_since = None;
    }
}

/// Numbers, flows and queues of a centre that people call, in some of the seeds.
pub(crate) fn settings(settings: &mut Settings, chance: &mut Chance) {
    let queue = |chance: &mut Chance, row| Queue {
        id: QueueId::from_i64(row),
        settings: QueueSettings {
            name: format!("Queue {row}"),
            strategy: chance.pick(&[
                (Strategy::FewestCalls, 0.2),
                (Strategy::LongestIdle, 0.2),
                (Strategy::RingAll, 0.2),
                (Strategy::RoundRobin, 0.2),
                (Strategy::Skills, 0.2),
            ]),
            ring_timeout: Duration::from_secs(8),
            misses_max: 2,
            max_length: chance.happens(0.3).then_some(3),
            no_agents: NoAgents { may_enter: chance.happens(0.5), must_leave: chance.happens(0.5) },
            wrap_up: Duration::from_secs(5),
            callback: chance.happens(0.6).then_some(CallbackOffer { after: Duration::from_millis(500) }),
            ..QueueSettings::default()
        },
    };
    settings.queues = (1..=2).map(|row| queue(chance, row)).collect();
    let number = phone(33_199_009_000, 1);
    settings.dids = vec![Did {
        id: DidId::from_i64(1),
        number,
        also_written: Vec::new(),
        flow: FlowId::from_i64(1),
        track: Track::Live,
        via: Driver::Ari,
        canary: None,
        locale: None,
        fallback: None,
        recording: None,
    }];
    settings.flows = [(1, FLOW), (2, WAIT_FLOW)]
        .map(|(row, document)| FlowPublished {
            id: FlowId::from_i64(row),
            live: Some(1),
            test: None,
            revisions: BTreeMap::from([(1, document.to_owned())]),
        })
        .into();
    for agent in &mut settings.agents {
        if chance.happens(0.6) {
            agent.queues = settings.queues.iter().map(|queue| queue.id).collect();
        }
    }
}

impl NetLeg {
    /// A caller's whom nobody has marked.
    pub(crate) fn is_unmarked(&self) -> bool {
        matches!(self.purpose, LegPurpose::Caller { call, .. } if call.to_string() == NOBODY)
    }
}

impl World<'_> {
    /// Now and then somebody calls. While the daemon is not connected the dialplan answers.
    pub(crate) fn people_call(&mut self) {
        if self.plan.settings.dids.is_empty() || self.now > plan::WORK_END || !self.link.up {
            return;
        }
        if !self.chance.happens(CALLERS_PER_SECOND) {
            return;
        }
        let (high, low) = (self.chance.bits(), self.chance.bits());
        let Ok(leg) = format!("leg_{high:016x}{low:016x}").parse::<LegId>() else { return };
        let patience = self.chance.about(Duration::from_secs(60)).min(PATIENCE_MAX);
        let Ok(call) = NOBODY.parse::<CallId>() else { return };
        let purpose = LegPurpose::Caller {
            call,
            did: None,
            phone: None,
            trunk: None,
            queue: None,
            language: None,
            course: None,
        };
        let fate = Fate { rings_after: None, then: Then::PicksUp { after: Duration::ZERO, patience } };
        self.network.legs.insert(
            leg,
            NetLeg {
                purpose,
                trunk: None,
                up: false,
                listened_to: false,
                room: None,
                ending: false,
                fate,
                hears: Hears::default(),
            },
        );
        self.after(patience, Happening::Leg(leg, Step::Ends(NORMAL)));
        if self.chance.happens(0.7) {
            let offset = self.callers_numbers.len() as i64;
            self.callers_numbers.insert(leg, phone(33_199_010_000, offset));
        }
        if self.chance.happens(0.5) {
            // Whoever is offered to be called back by then takes it.
            self.later(2_000, 15_000, |_| Happening::Leg(leg, Step::Presses('1')));
        }
        if self.chance.happens(0.7) {
            let key = self.chance.pick(&[('1', 0.4), ('2', 0.3), ('3', 0.1), ('4', 0.1), ('9', 0.1)]);
            self.later(500, 6_000, |_| Happening::Leg(leg, Step::Presses(key)));
        }
        if self.chance.happens(0.2) {
            self.later(10_000, 60_000, |_| Happening::Leg(leg, Step::Presses('9')));
        }
        self.arrives(leg);
    }

    /// What the database finds. While it is away, or slow, callers are promised callbacks all the same.
    pub(crate) fn look_up(&mut self, id: LookUpId, inquiry: Inquiry) {
        let finding = match inquiry {
            Inquiry::Barred { .. } if self.store.away => Finding::Failed,
            Inquiry::Barred { phone } => Finding::Barred(self.store.do_not_call.contains_key(&phone)),
            Inquiry::Booking { callback, .. } => {
                let is_kept = !self.store.away;
                if is_kept {
                    self.store
                        .callbacks
                        .insert(callback.id, (CallerCallback::clone(&callback), CallbackStanding::Open));
                }
                let is_on_record = is_kept && self.chance.happens(0.8);
                Finding::Booked { callback, is_on_record }
            }
            // The flows of this world ask nothing else.
            Inquiry::Caller { .. } | Inquiry::Http(_) | Inquiry::Rows { .. } => return,
        };
        self.news(2, 300, Input::LookedUp { id, finding });
    }

    /// Promises to callers that should be known by now: nothing is lost.
    pub(crate) fn lost_callbacks(&self) -> Vec<String> {
        let wall = self.wall();
        let is_due = |callback: &CallerCallback| {
            callback.tries < TRIES_MAX && callback.due_at + CALLBACK_LATE_MAX < wall
        };
        let open = self.store.callbacks.values().filter(|(_, standing)| *standing == CallbackStanding::Open);
        let known = |id: CallId| self.last_view.callers.iter().any(|caller| caller.callback == Some(id));
        let lost = open.filter(|(callback, _)| is_due(callback) && !known(callback.id));
        lost.map(|(callback, _)| format!("I14: {} was to be called back, and is forgotten", callback.id))
            .collect()
    }

    /// A caller is heard of, for the first time or again.
    pub(crate) fn arrives(&mut self, leg: LegId) {
        let number = self.plan.settings.dids.first().map(|did| did.number.e164()).unwrap_or_default();
        let caller = self.callers_numbers.get(&leg).map(|phone| phone.e164()).unwrap_or_default();
        self.tell(SwitchEvent::CallerArrived { leg, dialled: number, caller, trunk: None });
    }

    /// What Asterisk does for a caller.
    pub(crate) fn obey_for_caller(&mut self, command: &SwitchCommand) -> Verdict {
        let now = self.now;
        let leg_of = match command {
            SwitchCommand::Ring { leg }
            | SwitchCommand::PickUp { leg }
            | SwitchCommand::Mark { leg, .. }
            | SwitchCommand::PlayClips { leg, .. }
            | SwitchCommand::LetGo { leg }
            | SwitchCommand::StopClips { leg, .. }
            | SwitchCommand::PlayMusic { leg, .. }
            | SwitchCommand::StopMusic { leg }
            | SwitchCommand::TakeMessage { leg, .. }
            | SwitchCommand::EndMessage { leg, .. }
            | SwitchCommand::TurnAway { leg, .. } => *leg,
            _ => return NOT_FOUND,
        };
        let Some(leg) = self.network.legs.get_mut(&leg_of) else { return NOT_FOUND };
        match command {
            SwitchCommand::PickUp { .. } => {
                leg.up = true;
                leg.hears.silent_since.get_or_insert(now);
                self.tell(SwitchEvent::LegUp { leg: leg_of });
            }
            SwitchCommand::Mark { purpose, .. } => {
                // The dial is over, and what the person does from here on is a caller's.
                if matches!(leg.purpose, LegPurpose::Customer { .. }) {
                    self.checks.dial_over(leg_of, now);
                }
                leg.purpose = purpose.clone();
            }
            SwitchCommand::PlayClips { playing, .. } => {
                leg.hears.playing = Some(*playing);
                let playing = *playing;
                let is_caller = matches!(leg.purpose, LegPurpose::Caller { .. });
                self.later(800, 3_000, |_| Happening::Leg(leg_of, Step::ClipsOver(playing)));
                // Most of those who are asked to take a call do.
                if !is_caller && self.chance.happens(0.7) {
                    self.later(500, 5_000, |_| Happening::Leg(leg_of, Step::Presses('1')));
                }
            }
            SwitchCommand::StopClips { playing, .. } if leg.hears.playing == Some(*playing) => {
                let playing = *playing;
                self.later(1, 5, |_| Happening::Leg(leg_of, Step::ClipsOver(playing)));
            }
            SwitchCommand::StopClips { .. } => {}
            SwitchCommand::PlayMusic { .. } => leg.hears.music = true,
            SwitchCommand::StopMusic { .. } => leg.hears.music = false,
            SwitchCommand::TakeMessage { message, length_max, .. } => {
                leg.hears.speaks = true;
                let message = *message;
                let longest = u64::try_from(length_max.as_millis()).unwrap_or(1_000);
                self.later(500, longest, |_| Happening::Leg(leg_of, Step::Spoken(message)));
            }
            SwitchCommand::EndMessage { message, .. } => {
                let message = *message;
                self.later(1, 20, |_| Happening::Leg(leg_of, Step::Spoken(message)));
            }
            SwitchCommand::LetGo { .. } | SwitchCommand::TurnAway { .. } => {
                leg.ending = true;
                self.later(5, 60, |_| Happening::Leg(leg_of, Step::Ends(NORMAL)));
            }
            _ => {}
        }
        self.note_silence(leg_of);
        Ok(())
    }

    /// A caller does something, or what they heard is over.
    pub(crate) fn caller_steps(&mut self, id: LegId, step: Step) {
        let Some(leg) = self.network.legs.get_mut(&id) else { return };
        match step {
            Step::ClipsOver(playing) => {
                if leg.hears.playing == Some(playing) {
                    leg.hears.playing = None;
                    self.tell(SwitchEvent::ClipsEnded { leg: id, playing, played: true });
                }
            }
            Step::Presses(key) => self.tell(SwitchEvent::KeyPressed { leg: id, key }),
            Step::Spoken(message) => {
                if std::mem::take(&mut leg.hears.speaks) {
                    self.tell(SwitchEvent::MessageTaken { leg: id, message, ms: Some(4_000) });
                }
            }
            Step::Rings | Step::PicksUp | Step::MessageOver | Step::Heard(..) | Step::Ends(_) => {}
        }
        self.note_silence(id);
    }

    /// Notes since when a caller hears nothing.
    pub(crate) fn note_silence(&mut self, id: LegId) {
        let now = self.now;
        if let Some(leg) = self.network.legs.get_mut(&id) {
            let hears = leg.hears.playing.is_some() || leg.hears.music || leg.hears.speaks;
            leg.hears.silent_since = match hears || !leg.up {
                true => None,
                false => Some(leg.hears.silent_since.unwrap_or(now)),
            };
        }
    }

    /// What must hold for callers, once a second.
    pub(crate) fn check_callers(&mut self, view: &LiveView) {
        let before = std::mem::take(&mut self.checks.places);
        let calm_since = self.now - SILENCE_MAX - TRAVEL;
        if !self.link.up || !self.checks.undisturbed_since(calm_since) {
            return;
        }
        // I16. Who listens for a key hears nothing for as long as their flow says.
        let waits = |leg: &LegId| {
            let call = match self.network.legs.get(leg).map(|leg| &leg.purpose) {
                Some(LegPurpose::Caller { call, .. }) => *call,
                Some(_) | None => return false,
            };
            let waits = |state: &str| matches!(state, "dialling" | "queued");
            view.callers.iter().any(|caller| caller.call == call && waits(caller.state))
        };
        // An end of a clip that was never told is noticed after a while.
        let is_silent = |since: Timestamp| {
            let span = self.now.since(since);
            span > UNTOLD_MAX || span > SILENCE_MAX && self.checks.undisturbed_since(since - TRAVEL)
        };
        let silent = self.network.legs.iter().find(|(id, leg)| {
            leg.hears.silent_since.is_some_and(is_silent) && !leg.ending && leg.room.is_none() && waits(id)
        });
        if let Some((leg, _)) = silent {
            self.checks.broken(self.now, format!("I16: {leg} hears nothing for more than 4 s"));
        }
        let mut called_back: Vec<CallId> = view.callers.iter().filter_map(|caller| caller.callback).collect();
        called_back.sort_unstable();
        if let Some(pair) = called_back.windows(2).find(|pair| pair[0] == pair[1]) {
            self.checks.broken(self.now, format!("I2: {} is called back twice at once", pair[0]));
        }
        let places = self.places(view);
        if let Some(overtaken) = Self::overtaken(&before, &places, view) {
            self.checks.broken(self.now, overtaken);
        }
        self.checks.places = places;
        // I19: nobody who could be served waits while somebody could serve them.
        for queue in &view.queues {
            let waiting = |caller: &&CallerView| {
                caller.queue == Some(queue.queue)
                    && caller.state == "queued"
                    // Whoever waits at home also waits for a trunk.
                    && caller.callback.is_none()
                    && caller.offered.is_empty()
                    && self.now.since(caller.since) > TRAVEL
            };
            let idle = view.agents.iter().find(|agent| {
                agent.state == "ready"
                    && self.now.since(agent.since) > TRAVEL
                    && self.serves(agent.agent, queue.queue)
            });
            if let (Some(caller), Some(agent)) = (view.callers.iter().find(waiting), idle) {
                self.checks
                    .broken(self.now, format!("I19: {} waits while {} is ready", caller.call, agent.agent));
            }
        }
    }

    /// Who waits for an agent and is offered to none: since when by the daemon's own clock, and how urgently as their leg
    /// tells.
    fn places(&self, view: &LiveView) -> BTreeMap<CallId, QueuePlace> {
        let since = |call: CallId| {
            let seen = view.callers.iter().find(|caller| caller.call == call)?;
            // Whoever waits at home also waits for a trunk.
            let waits = seen.state == "queued" && seen.offered.is_empty() && seen.callback.is_none();
            seen.waiting_since.filter(|_| waits)
        };
        let place = |leg: &NetLeg| match &leg.purpose {
            LegPurpose::Caller { call, queue: Some(place), .. } => {
                Some((*call, QueuePlace { since: since(*call)?, ..*place }))
            }
            _ => None,
        };
        self.network.legs.values().filter_map(place).collect()
    }

    /// I19: nobody got an agent within a second who came later than somebody of the same urgency who waits still. Nobody
    /// here needs skills.
    fn overtaken(
        before: &BTreeMap<CallId, QueuePlace>,
        after: &BTreeMap<CallId, QueuePlace>,
        view: &LiveView,
    ) -> Option<String> {
        let served =
            view.callers.iter().filter(|caller| caller.agent.is_some() || !caller.offered.is_empty());
        let mut served = served.filter_map(|caller| {
            let place = before.get(&caller.call).filter(|place| caller.queue == Some(place.queue))?;
            Some((caller.call, place))
        });
        served.find_map(|(served, place)| {
            let is_before = |other: &QueuePlace| {
                (other.queue, other.priority) == (place.queue, place.priority) && other.since < place.since
            };
            let mut stayed = after.iter().filter(|(call, place)| before.get(call) == Some(place));
            let (passed, _) = stayed.find(|(_, other)| is_before(other))?;
            Some(format!("I19: {served} got an agent before {passed}, who came earlier"))
        })
    }

    fn serves(&self, agent: AgentId, queue: QueueId) -> bool {
        let agents = &self.plan.settings.agents;
        agents.iter().any(|known| known.id == agent && known.queues.contains(&queue))
    }
}
