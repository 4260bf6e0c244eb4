//! The order in which commands are carried out.
//!
//! Each command runs in the lanes of the objects that it touches: a `Join` in the lane of its leg and in that of its
//! room. Within a lane commands run one after the other, in the order in which they were given; commands that share
//! no lane run side by side. So a `HangUp` cannot overtake the `Originate` that it ends, and a `Join` finds its room.

use std::collections::{BTreeMap, HashMap, VecDeque};

use cadran_engine::command::SwitchCommand;
use cadran_engine::model::{EarId, LegId, RecordingId, RoomId, TapId, Timestamp};

/// An object that commands take turns at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    /// An ear. The legs that it hangs on are not waited for.
    Ear(EarId),
    /// A leg, for what changes it.
    Leg(LegId),
    /// A recording. Its legs are not waited for: a leg's end must not wait for a recorder.
    Recording(RecordingId),
    /// A room.
    Room(RoomId),
    /// A tap. Its legs are not waited for.
    Tap(TapId),
}

impl Lane {
    /// The lanes that a command runs in.
    pub(super) fn of(command: &SwitchCommand) -> Vec<Self> {
        match command {
            SwitchCommand::Originate { leg, .. }
            | SwitchCommand::HangUp { leg }
            | SwitchCommand::Screen { leg, .. }
            | SwitchCommand::AwaitSilence { leg }
            | SwitchCommand::Ring { leg }
            | SwitchCommand::PickUp { leg }
            | SwitchCommand::Mark { leg, .. }
            | SwitchCommand::PlayClips { leg, .. }
            | SwitchCommand::LetGo { leg }
            | SwitchCommand::StopClips { leg, .. }
            | SwitchCommand::PlayMusic { leg, .. }
            | SwitchCommand::StopMusic { leg }
            | SwitchCommand::TakeMessage { leg, .. }
            | SwitchCommand::EndMessage { leg, .. }
            | SwitchCommand::TurnAway { leg, .. }
            | SwitchCommand::Play { leg, .. } => vec![Self::Leg(*leg)],
            SwitchCommand::OpenRoom { room }
            | SwitchCommand::StartMusic { room }
            | SwitchCommand::CloseRoom { room } => vec![Self::Room(*room)],
            SwitchCommand::Join { room, leg } | SwitchCommand::Leave { room, leg } => {
                vec![Self::Room(*room), Self::Leg(*leg)]
            }
            // Whoever goes into the room before hears it from the beginning.
            SwitchCommand::OpenEar { ear, room, .. } => vec![Self::Ear(*ear), Self::Room(*room)],
            SwitchCommand::SetWhisper { ear, .. } | SwitchCommand::CloseEar { ear } => vec![Self::Ear(*ear)],
            SwitchCommand::OpenTap { tap, .. } | SwitchCommand::CloseTap { tap } => vec![Self::Tap(*tap)],
            SwitchCommand::StartRecording { recording, .. }
            | SwitchCommand::MaskRecording { recording }
            | SwitchCommand::UnmaskRecording { recording }
            | SwitchCommand::CollectRecording { recording } => vec![Self::Recording(*recording)],
        }
    }
}

/// Names a command from its entry to its end. Counts up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

/// A command that has not ended.
#[derive(Debug)]
struct Entry {
    command: SwitchCommand,
    given_at: Timestamp,
    /// In how many of its lanes another command is before it. Zero means that it runs, or could.
    behind: usize,
}

/// Commands that run or wait.
///
/// Invariant: a ticket is in `entries` if and only if it is in each of its command's lanes.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    entries: BTreeMap<Ticket, Entry>,
    queues: HashMap<Lane, VecDeque<Ticket>>,
    /// First in every lane, and not yet taken by [`Lanes::next`].
    ready: VecDeque<Ticket>,
    entered: u64,
}

impl Lanes {
    /// Commands that run or wait.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts a command behind those that touch the same objects.
    pub(super) fn enter(&mut self, command: SwitchCommand, given_at: Timestamp) {
        let ticket = Ticket(self.entered);
        self.entered += 1;
        let mut behind = 0;
        for lane in Lane::of(&command) {
            let queue = self.queues.entry(lane).or_default();
            behind += usize::from(!queue.is_empty());
            queue.push_back(ticket);
        }
        if behind == 0 {
            self.ready.push_back(ticket);
        }
        self.entries.insert(ticket, Entry { command, given_at, behind });
    }

    /// The next command whose turn it is. It keeps its lanes until [`Lanes::leave`].
    pub(super) fn next(&mut self) -> Option<(Ticket, SwitchCommand)> {
        let ticket = self.ready.pop_front()?;
        self.entries.get(&ticket).map(|entry| (ticket, entry.command.clone()))
    }

    /// A command has ended; those behind it move up.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        let Some(ended) = self.entries.remove(&ticket) else {
            return;
        };
        for lane in Lane::of(&ended.command) {
            let Some(queue) = self.queues.get_mut(&lane) else {
                continue;
            };
            queue.pop_front();
            match queue.front().and_then(|next| Some((next, self.entries.get_mut(next)?))) {
                Some((next, entry)) => {
                    entry.behind -= 1;
                    if entry.behind == 0 {
                        self.ready.push_back(*next);
                    }
                }
                None => {
                    self.queues.remove(&lane);
                }
            }
        }
    }

    /// When the oldest command that creates something and has not ended was given.
    pub(super) fn oldest_creation(&self) -> Option<Timestamp> {
        let creates = |entry: &&Entry| match entry.command {
            SwitchCommand::Originate { .. }
            | SwitchCommand::OpenEar { .. }
            | SwitchCommand::OpenRoom { .. }
            | SwitchCommand::OpenTap { .. }
            | SwitchCommand::StartRecording { .. } => true,
            SwitchCommand::HangUp { .. }
            | SwitchCommand::Join { .. }
            | SwitchCommand::Leave { .. }
            | SwitchCommand::StartMusic { .. }
            | SwitchCommand::CloseRoom { .. }
            | SwitchCommand::SetWhisper { .. }
            | SwitchCommand::CloseEar { .. }
            | SwitchCommand::CloseTap { .. }
            | SwitchCommand::Play { .. }
            | SwitchCommand::Screen { .. }
            | SwitchCommand::AwaitSilence { .. }
            | SwitchCommand::Ring { .. }
            | SwitchCommand::PickUp { .. }
            | SwitchCommand::Mark { .. }
            | SwitchCommand::PlayClips { .. }
            | SwitchCommand::LetGo { .. }
            | SwitchCommand::StopClips { .. }
            | SwitchCommand::PlayMusic { .. }
            | SwitchCommand::StopMusic { .. }
            | SwitchCommand::TakeMessage { .. }
            | SwitchCommand::EndMessage { .. }
            | SwitchCommand::TurnAway { .. }
            | SwitchCommand::MaskRecording { .. }
            | SwitchCommand::UnmaskRecording { .. }
            | SwitchCommand::CollectRecording { .. } => false,
        };
        self.entries.values().find(creates).map(|entry| entry.given_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn leg(number: u128) -> LegId {
        LegId::from_uuid(Uuid::from_u128(number))
    }

    fn room(number: u128) -> RoomId {
        RoomId::from_uuid(Uuid::from_u128(number))
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// Everything whose turn it is.
    fn turn(lanes: &mut Lanes) -> Vec<(Ticket, SwitchCommand)> {
        std::iter::from_fn(|| lanes.next()).collect()
    }

    #[test]
    fn one_leg_in_order_different_legs_side_by_side() {
        let mut lanes = Lanes::default();
        let play = SwitchCommand::Play { leg: leg(1), media: "sound:beep".into() };
        lanes.enter(play.clone(), at(1));
        lanes.enter(SwitchCommand::HangUp { leg: leg(1) }, at(2));
        lanes.enter(SwitchCommand::HangUp { leg: leg(2) }, at(3));

        let first = turn(&mut lanes);
        assert_eq!(
            first.iter().map(|(_, command)| command).collect::<Vec<_>>(),
            [&play, &SwitchCommand::HangUp { leg: leg(2) }]
        );
        lanes.leave(first[0].0);
        let second = turn(&mut lanes);
        assert_eq!(second[0].1, SwitchCommand::HangUp { leg: leg(1) });
        lanes.leave(second[0].0);
        lanes.leave(first[1].0);
        assert_eq!((lanes.len(), lanes.queues.len()), (0, 0));
    }

    #[test]
    fn a_join_waits_for_its_room_and_for_its_leg() {
        let mut lanes = Lanes::default();
        lanes.enter(SwitchCommand::OpenRoom { room: room(1) }, at(1));
        lanes.enter(SwitchCommand::Play { leg: leg(1), media: String::new() }, at(2));
        lanes.enter(SwitchCommand::Join { room: room(1), leg: leg(1) }, at(3));
        lanes.enter(SwitchCommand::CloseRoom { room: room(1) }, at(4));

        let first = turn(&mut lanes);
        assert_eq!(first.len(), 2);
        lanes.leave(first[1].0);
        assert!(turn(&mut lanes).is_empty(), "the room is not open yet");
        lanes.leave(first[0].0);
        let join = turn(&mut lanes);
        assert!(matches!(join[..], [(_, SwitchCommand::Join { .. })]));
        lanes.leave(join[0].0);
        assert!(matches!(turn(&mut lanes)[..], [(_, SwitchCommand::CloseRoom { .. })]));
    }

    #[test]
    fn the_oldest_creation_counts_until_it_ends() {
        let mut lanes = Lanes::default();
        lanes.enter(SwitchCommand::HangUp { leg: leg(1) }, at(1));
        lanes.enter(SwitchCommand::OpenRoom { room: room(1) }, at(2));
        assert_eq!(lanes.oldest_creation(), Some(at(2)));
        for (ticket, _) in turn(&mut lanes) {
            lanes.leave(ticket);
        }
        assert_eq!(lanes.oldest_creation(), None);
    }
}
