//! A supervisor becomes the agent of a call: the customer, the record and its disposition are theirs, the recording
//! goes on in a part of its own, and the first agent finishes with a note of it.
//!
//! Until Asterisk says that the customer is in the supervisor's room, the call is the first agent's, and whatever goes
//! wrong brings the customer back to them.

use crate::agents::session::TakenOver;
use crate::command::Notice;
use crate::conversation::supervising::Part;
use crate::engine::Engine;
use crate::input::Snapshot;
use crate::model::{AgentId, CallId, RoomId, SupervisionEnd, SupervisionMode};
use crate::resync::TRAVEL_TIME_MAX;

impl Engine {
    /// The supervisor to whom the customer of a call is on the way.
    pub(crate) fn heir(&self, call: CallId) -> Option<AgentId> {
        let takes_over = |part: &Part| part.call == call && part.mode == SupervisionMode::TakeOver;
        let mut heirs =
            self.supervising.iter().filter(|(_, known)| known.part.as_ref().is_some_and(takes_over));
        heirs.next().map(|(supervisor, _)| *supervisor)
    }

    pub(crate) fn joined_an_heir(&mut self, id: CallId, room: RoomId) {
        let heir = self.heir(id);
        match heir.filter(|heir| self.sessions.get(heir).is_some_and(|session| session.room == room)) {
            Some(heir) => self.taken_over(id, heir),
            None => {
                self.cx.unexpected(format!("the customer of {id} joined {room}, which is not their agent's"))
            }
        }
    }

    pub(crate) fn not_joined_an_heir(&mut self, id: CallId, room: RoomId) {
        if self.holds.is_switch_away() {
            return;
        }
        let heir = self.heir(id);
        if let Some(heir) =
            heir.filter(|heir| self.sessions.get(heir).is_some_and(|session| session.room == room))
        {
            self.part_ended(heir, SupervisionEnd::Failed);
        }
    }

    fn taken_over(&mut self, id: CallId, heir: AgentId) {
        let Ok(talk) = self.conversation(id) else { return };
        if let Some(part) = self.supervising.remove(&heir).and_then(|known| known.part) {
            self.close_act(heir, part, SupervisionEnd::Done);
        }
        if let Some(session) = self.sessions.get_mut(&talk.agent) {
            session.taken_over = Some(TakenOver { call: id, by: heir });
        }
        self.change_hands(talk, heir);
        self.cx.notice(Notice::TakenOver { call: id, from: talk.agent, by: heir });
    }

    /// Compares what supervisors should hear with what a snapshot shows.
    pub(crate) fn settle_supervision(&mut self, snapshot: &Snapshot) {
        for ear in &snapshot.ears {
            self.ear_opened(*ear);
        }
        let parts: Vec<(AgentId, Part)> = self
            .supervising
            .iter()
            .filter_map(|(supervisor, known)| Some((*supervisor, known.part?)))
            .collect();
        for (supervisor, part) in parts {
            self.settle_part(supervisor, part, snapshot);
        }
    }

    fn settle_part(&mut self, supervisor: AgentId, part: Part, snapshot: &Snapshot) {
        let established = part.since + TRAVEL_TIME_MAX < snapshot.asked_at;
        let room_of = |agent: AgentId| self.sessions.get(&agent).map(|session| session.room);
        match (part.ear, part.mode) {
            (Some(ear), _) => {
                if self.is_established(ear.as_uuid(), snapshot) && !snapshot.ears.contains(&ear) {
                    self.cx.repaired(format!("{ear} is gone"));
                    self.ear_failed(ear);
                }
            }
            (None, SupervisionMode::TakeOver) => {
                let customer = self.conversation(part.call).ok().map(|talk| talk.customer);
                let own_room = room_of(supervisor);
                let arrived = own_room.zip(customer).is_some_and(|(room, leg)| snapshot.holds(room, leg));
                match own_room.filter(|_| arrived) {
                    Some(room) => self.joined_an_heir(part.call, room),
                    None if established => self.part_ended(supervisor, SupervisionEnd::Failed),
                    None => {}
                }
            }
            // `mend_rooms` puts the supervisor where they belong.
            (None, _) => {
                let leg = self.sessions.get(&supervisor).and_then(|session| session.phone.leg());
                let inside = room_of(part.agent).zip(leg);
                if let Some((room, _)) = inside.filter(|(room, leg)| snapshot.holds(*room, *leg)) {
                    self.supervisor_joined(supervisor, room);
                }
            }
        }
    }
}
