//! What Asterisk would do with each command, and the telephone network behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran_engine::command::{Destination, SwitchCommand};
use cadran_engine::input::{LegPurpose, LegSeen, Snapshot, SwitchEvent};
use cadran_engine::model::{
    AgentId, EarId, HangupCause, LegId, MessageId, RecordingFacts, RecordingId, RoomId, TapId, Timestamp,
    TrunkId,
};

use crate::callers::{self, Fate, NORMAL, Then, UNREACHABLE};
use crate::inbound::Hears;
use crate::screening::Heard;
use crate::world::{Happening, World};

/// Everything that is up.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) legs: BTreeMap<LegId, NetLeg>,
    pub(crate) rooms: BTreeMap<RoomId, BTreeSet<LegId>>,
    /// Rooms in which there is music.
    pub(crate) music: BTreeSet<RoomId>,
    /// Ears that are open.
    pub(crate) ears: BTreeMap<EarId, NetEar>,
    /// Taps, and the legs that they hang on.
    pub(crate) taps: BTreeMap<TapId, [LegId; 2]>,
    /// Recordings, also those that ended and were not read back yet.
    pub(crate) recordings: BTreeMap<RecordingId, NetRecording>,
    pub(crate) unreachable: BTreeSet<TrunkId>,
    pub(crate) broken_phones: BTreeSet<AgentId>,
}

#[derive(Clone, Debug)]
pub(crate) struct NetLeg {
    pub(crate) purpose: LegPurpose,
    pub(crate) trunk: Option<TrunkId>,
    pub(crate) up: bool,
    /// In the dialplan, which listens to it: it can be ended, and nothing else.
    pub(crate) listened_to: bool,
    pub(crate) room: Option<RoomId>,
    /// Somebody told it to end; it is on its way out.
    pub(crate) ending: bool,
    pub(crate) fate: Fate,
    /// What a caller hears.
    pub(crate) hears: Hears,
}

#[derive(Clone, Debug)]
pub(crate) struct NetRecording {
    pub(crate) customer: LegId,
    pub(crate) began: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) paused: bool,
}

/// An ear of a supervisor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NetEar {
    /// The agent's leg that it hangs on.
    pub(crate) agent: LegId,
    /// The supervisor's room.
    pub(crate) room: RoomId,
    pub(crate) whispers: bool,
}

/// The next thing that a leg does by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Rings,
    PicksUp,
    MessageOver,
    /// A playback of clips is over.
    ClipsOver(u32),
    /// A caller presses a key.
    Presses(char),
    /// A message has been spoken.
    Spoken(MessageId),
    /// The dialplan has heard enough; it looks for the daemon so many times.
    Heard(Heard, u8),
    Ends(HangupCause),
}

/// Asterisk's answer to a command.
pub(crate) type Verdict = Result<(), (u16, &'static str)>;

pub(crate) const NOT_FOUND: Verdict = Err((404, "not found"));
pub(crate) const NOT_IN_STASIS: Verdict = Err((422, "Channel not in Stasis application"));

impl NetLeg {
    /// Whether it is up and under the daemon's control.
    pub(crate) const fn is_here(&self) -> bool {
        self.up && !self.listened_to
    }
}

impl Network {
    /// A customer and an agent hear each other.
    pub(crate) fn hears_agent(&self, customer: LegId) -> bool {
        let room = self.legs.get(&customer).and_then(|leg| leg.room);
        room.and_then(|room| self.rooms.get(&room)).is_some_and(|legs| {
            legs.iter()
                .filter_map(|leg| self.legs.get(leg))
                .any(|leg| leg.up && matches!(leg.purpose, LegPurpose::Agent { .. }))
        })
    }

    /// A held customer hears music.
    pub(crate) fn hears_music(&self, customer: LegId) -> bool {
        let room = self.legs.get(&customer).and_then(|leg| leg.room);
        room.is_some_and(|room| self.music.contains(&room))
    }

    fn leave_room(&mut self, leg: LegId) {
        for legs in self.rooms.values_mut() {
            legs.remove(&leg);
        }
        if let Some(leg) = self.legs.get_mut(&leg) {
            leg.room = None;
        }
    }

    pub(crate) fn snapshot(&self, asked_at: Timestamp) -> Snapshot {
        let leg = |(leg, seen): (&LegId, &NetLeg)| LegSeen {
            leg: *leg,
            up: seen.up,
            entered: seen.is_here(),
            purpose: Some(seen.purpose.clone()),
        };
        let live = |(id, recording): (&RecordingId, &NetRecording)| recording.ended.is_none().then_some(*id);
        Snapshot {
            asked_at,
            legs: self.legs.iter().filter(|(_, seen)| !seen.is_unmarked()).map(leg).collect(),
            unmarked: self.legs.iter().filter(|(_, seen)| seen.is_unmarked()).map(|(leg, _)| *leg).collect(),
            rooms: self.rooms.iter().map(|(room, legs)| (*room, legs.iter().copied().collect())).collect(),
            ears: self.ears.keys().copied().collect(),
            taps: self.taps.keys().copied().collect(),
            recordings: self.recordings.iter().filter_map(live).collect(),
        }
    }
}

impl World<'_> {
    /// Asterisk carries a command out, or says why not.
    pub(crate) fn obey(&mut self, command: &SwitchCommand) -> Verdict {
        match command {
            SwitchCommand::Originate { leg, to, ring_timeout, purpose, .. } => {
                self.create_leg(*leg, to, *ring_timeout, purpose)
            }
            SwitchCommand::HangUp { leg } => {
                if let Some(told) = self.network.legs.get_mut(leg) {
                    told.ending = true;
                    self.later(5, 60, |_| Happening::Leg(*leg, Step::Ends(NORMAL)));
                }
                Ok(())
            }
            SwitchCommand::OpenRoom { room } => {
                self.network.rooms.entry(*room).or_default();
                Ok(())
            }
            SwitchCommand::Join { room, leg } => self.enter_room(*room, *leg),
            SwitchCommand::Leave { room, leg } => {
                if self.network.legs.get(leg).is_some_and(|inside| inside.room == Some(*room)) {
                    self.network.leave_room(*leg);
                    self.note_silence(*leg);
                }
                Ok(())
            }
            SwitchCommand::StartMusic { room } if self.network.rooms.contains_key(room) => {
                self.network.music.insert(*room);
                Ok(())
            }
            SwitchCommand::StartMusic { .. } => NOT_FOUND,
            SwitchCommand::CloseRoom { room } => {
                self.network.music.remove(room);
                for leg in self.network.rooms.remove(room).into_iter().flatten() {
                    self.network.leave_room(leg);
                    self.note_silence(leg);
                }
                Ok(())
            }
            SwitchCommand::OpenEar { ear, agent, customer, supervisor, room, whispers } => {
                let open = NetEar { agent: *agent, room: *room, whispers: *whispers };
                self.open_ear(*ear, open, [*agent, *customer, *supervisor])
            }
            SwitchCommand::SetWhisper { ear, whispers } => match self.network.ears.get_mut(ear) {
                Some(open) => {
                    open.whispers = *whispers;
                    Ok(())
                }
                None => NOT_FOUND,
            },
            SwitchCommand::OpenTap { tap, customer, agent } => {
                let legs = [*customer, *agent];
                let here = |leg: &LegId| self.network.legs.get(leg).is_some_and(NetLeg::is_here);
                if !legs.iter().all(here) {
                    return NOT_FOUND;
                }
                self.network.taps.insert(*tap, legs);
                Ok(())
            }
            SwitchCommand::CloseTap { tap } => {
                if self.network.taps.remove(tap).is_some() {
                    self.tell(SwitchEvent::TapEnded { tap: *tap });
                }
                Ok(())
            }
            SwitchCommand::CloseEar { ear } => {
                self.end_ears(|open, _| *open == *ear);
                Ok(())
            }
            SwitchCommand::Play { leg, .. } => match self.network.legs.get(leg) {
                Some(hearer) if hearer.is_here() => {
                    self.checks.message_began(*leg, self.now);
                    self.later(2_000, 6_000, |_| Happening::Leg(*leg, Step::MessageOver));
                    Ok(())
                }
                Some(_) => NOT_IN_STASIS,
                None => NOT_FOUND,
            },
            SwitchCommand::Ring { .. }
            | SwitchCommand::PickUp { .. }
            | SwitchCommand::Mark { .. }
            | SwitchCommand::PlayClips { .. }
            | SwitchCommand::LetGo { .. }
            | SwitchCommand::StopClips { .. }
            | SwitchCommand::PlayMusic { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::TakeMessage { .. }
            | SwitchCommand::EndMessage { .. }
            | SwitchCommand::TurnAway { .. } => self.obey_for_caller(command),
            SwitchCommand::Screen { leg, .. } => self.screen(*leg),
            SwitchCommand::AwaitSilence { leg } => self.await_silence(*leg),
            SwitchCommand::StartRecording { recording, customer, agent } => {
                self.begin_recording(*recording, *customer, *agent)
            }
            SwitchCommand::MaskRecording { recording } => self.pause(*recording, true),
            SwitchCommand::UnmaskRecording { recording } => self.pause(*recording, false),
            SwitchCommand::CollectRecording { recording } => {
                if let Some(live) = self.network.recordings.get_mut(recording) {
                    live.ended.get_or_insert(self.now);
                }
                let recording = *recording;
                self.later(100, 3_000, |_| Happening::ReadBack(recording));
                Ok(())
            }
        }
    }

    fn create_leg(
        &mut self,
        id: LegId,
        to: &Destination,
        ring_timeout: Duration,
        purpose: &LegPurpose,
    ) -> Verdict {
        if self.network.legs.contains_key(&id) {
            return Ok(());
        }
        let (trunk, fate) = match to {
            Destination::Account(_) => (None, self.phone_fate(purpose)),
            Destination::Named { trunk, .. } | Destination::Number { trunk, .. } => {
                (Some(*trunk), self.dial_fate(*trunk))
            }
        };
        self.network.legs.insert(
            id,
            NetLeg {
                purpose: purpose.clone(),
                trunk,
                up: false,
                listened_to: false,
                room: None,
                ending: false,
                fate,
                hears: Hears::default(),
            },
        );
        if let LegPurpose::Customer { attempt, lead, .. } = purpose {
            self.checks.dial_seen(id, *attempt, *lead, self.now);
        }
        if let Some(after) = fate.rings_after {
            self.after(after, Happening::Leg(id, Step::Rings));
        }
        match fate.then {
            Then::PicksUp { after, .. } if after < ring_timeout => {
                self.after(after, Happening::Leg(id, Step::PicksUp));
            }
            Then::Ends { after, cause } => self.after(after, Happening::Leg(id, Step::Ends(cause))),
            Then::PicksUp { .. } | Then::Silence => {
                let cause = HangupCause { q850: 19, sip: None };
                self.after(ring_timeout, Happening::Leg(id, Step::Ends(cause)));
            }
        }
        Ok(())
    }

    fn dial_fate(&mut self, trunk: TrunkId) -> Fate {
        if self.network.unreachable.contains(&trunk) {
            return Fate {
                rings_after: None,
                then: Then::Ends { after: Duration::from_millis(300), cause: UNREACHABLE },
            };
        }
        callers::fate(&mut self.chance, self.plan.answer_rate)
    }

    fn phone_fate(&mut self, purpose: &LegPurpose) -> Fate {
        let works = match purpose {
            LegPurpose::Agent { agent, .. } => !self.network.broken_phones.contains(agent),
            LegPurpose::Caller { .. } | LegPurpose::Customer { .. } | LegPurpose::Outside { .. } => true,
        };
        callers::phone_fate(&mut self.chance, works)
    }

    fn enter_room(&mut self, room: RoomId, leg: LegId) -> Verdict {
        match self.network.legs.get(&leg) {
            Some(joiner) if !joiner.is_here() => return NOT_IN_STASIS,
            Some(_) if !self.network.rooms.contains_key(&room) => return NOT_FOUND,
            Some(_) => {}
            None => return NOT_FOUND,
        }
        self.network.leave_room(leg);
        self.network.rooms.entry(room).or_default().insert(leg);
        if let Some(joiner) = self.network.legs.get_mut(&leg) {
            joiner.room = Some(room);
            joiner.hears.in_company();
        }
        self.check_room(room);
        self.tell(SwitchEvent::LegJoined { leg, room });
        Ok(())
    }

    /// Who hears whom in a room after somebody came in.
    fn check_room(&mut self, room: RoomId) {
        let Some(legs) = self.network.rooms.get(&room) else {
            return;
        };
        let is_customer = |leg: &&LegId| {
            self.network.legs.get(leg).is_some_and(|leg| {
                !leg.ending && matches!(leg.purpose, LegPurpose::Caller { .. } | LegPurpose::Customer { .. })
            })
        };
        let customers: Vec<LegId> = legs.iter().filter(is_customer).copied().collect();
        if customers.len() > 1 {
            self.checks.broken(self.now, format!("I6: {} customers in {room}", customers.len()));
        }
        for customer in customers {
            if self.network.hears_agent(customer) {
                self.checks.connected(customer, self.now);
            }
        }
    }

    fn open_ear(&mut self, ear: EarId, open: NetEar, legs: [LegId; 3]) -> Verdict {
        if !self.network.rooms.contains_key(&open.room) {
            return NOT_FOUND;
        }
        for leg in legs {
            match self.network.legs.get(&leg) {
                Some(leg) if leg.is_here() => {}
                Some(_) => return NOT_IN_STASIS,
                None => return NOT_FOUND,
            }
        }
        self.network.ears.insert(ear, open);
        self.tell(SwitchEvent::EarOpened { ear });
        Ok(())
    }

    /// Whoever loses a voice loses the tap.
    fn end_taps_on(&mut self, leg: LegId) {
        let ended = self.network.taps.iter().filter(|(_, legs)| legs.contains(&leg));
        let ended: Vec<TapId> = ended.map(|(tap, _)| *tap).collect();
        for tap in ended {
            self.network.taps.remove(&tap);
            self.tell(SwitchEvent::TapEnded { tap });
        }
    }

    fn end_ears(&mut self, ends: impl Fn(&EarId, &NetEar) -> bool) {
        let ending: Vec<EarId> =
            self.network.ears.iter().filter(|(ear, open)| ends(ear, open)).map(|(ear, _)| *ear).collect();
        for ear in ending {
            self.network.ears.remove(&ear);
            self.tell(SwitchEvent::EarEnded { ear });
        }
    }

    fn begin_recording(&mut self, recording: RecordingId, customer: LegId, agent: Option<LegId>) -> Verdict {
        let up = |leg| self.network.legs.get(leg).is_some_and(|leg: &NetLeg| leg.up);
        if !up(&customer) || agent.as_ref().is_some_and(|agent| !up(agent)) {
            return NOT_FOUND;
        }
        if self.network.recordings.contains_key(&recording) {
            return Err((409, "a recording of this name exists"));
        }
        self.network
            .recordings
            .insert(recording, NetRecording { customer, began: self.now, ended: None, paused: false });
        Ok(())
    }

    fn pause(&mut self, recording: RecordingId, paused: bool) -> Verdict {
        match self.network.recordings.get_mut(&recording) {
            Some(live) if live.ended.is_none() => {
                live.paused = paused;
                Ok(())
            }
            Some(_) | None => NOT_FOUND,
        }
    }

    /// A leg does what it was fated to do, if it is still there.
    pub(crate) fn leg_steps(&mut self, id: LegId, step: Step) {
        let Some(leg) = self.network.legs.get_mut(&id) else {
            return;
        };
        match step {
            Step::Rings => self.tell(SwitchEvent::LegRinging { leg: id }),
            Step::PicksUp if leg.ending => {}
            Step::PicksUp => {
                leg.up = true;
                let customer = matches!(leg.purpose, LegPurpose::Customer { .. });
                if let Then::PicksUp { patience, .. } = leg.fate.then {
                    self.after(patience, Happening::Leg(id, Step::Ends(NORMAL)));
                }
                if customer {
                    self.checks.picked_up(id, self.now);
                }
                self.picked_up(id);
            }
            Step::Heard(heard, looks) => self.comes_back(id, heard, looks),
            Step::ClipsOver(_) | Step::Presses(_) | Step::Spoken(_) => self.caller_steps(id, step),
            Step::MessageOver => self.tell(SwitchEvent::MessageEnded { leg: id }),
            Step::Ends(cause) => self.end_leg(id, cause),
        }
    }

    /// While nobody listens, a leg that picks up finds no application and ends.
    fn picked_up(&mut self, id: LegId) {
        if !self.link.up {
            return self.later(1, 20, |_| Happening::Leg(id, Step::Ends(NORMAL)));
        }
        let mut events = [SwitchEvent::LegEntered { leg: id }, SwitchEvent::LegUp { leg: id }];
        if self.chance.happens(0.5) {
            events.reverse();
        }
        for event in events {
            self.tell(event);
        }
    }

    pub(crate) fn end_leg(&mut self, id: LegId, cause: HangupCause) {
        self.network.leave_room(id);
        let Some(leg) = self.network.legs.remove(&id) else {
            return;
        };
        self.end_ears(|_, open| open.agent == id);
        self.end_taps_on(id);
        for recording in self.network.recordings.values_mut() {
            if recording.customer == id {
                recording.ended.get_or_insert(self.now);
            }
        }
        if matches!(leg.purpose, LegPurpose::Customer { .. }) {
            self.checks.dial_over(id, self.now);
        }
        self.tell(SwitchEvent::LegEnded { leg: id, cause });
    }

    /// A finished recording is read back, or found missing.
    pub(crate) fn read_back(&mut self, recording: RecordingId) {
        let found = match self.network.recordings.remove(&recording) {
            Some(file) => {
                let duration = file.ended.unwrap_or(self.now).since(file.began);
                Ok(RecordingFacts {
                    path: format!("{recording}.wav"),
                    bytes: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX) * 32,
                    duration,
                })
            }
            None => Err("no such file".to_owned()),
        };
        if let Ok(facts) = &found {
            self.checks.files.insert(recording, facts.clone());
        }
        self.tell_surely(SwitchEvent::RecordingCollected { recording, found });
    }

    /// Asterisk dies and comes back with nothing.
    pub(crate) fn restart_asterisk(&mut self) {
        let legs: Vec<LegId> = self.network.legs.keys().copied().collect();
        for leg in legs {
            self.end_leg(leg, HangupCause::default());
        }
        self.network.rooms.clear();
        self.network.music.clear();
    }
}
