//! Our names on Asterisk.
//!
//! Everything that the daemon creates there carries an id of ours behind the prefix `cadran-`, so that any daemon can
//! tell from the name alone what an object is. Whatever reads otherwise is somebody else's and is never touched.

use cadran_engine::model::{CallId, EarId, LegId, MailboxId, MessageId, RecordingId, RoomId, TapId, TrunkId};
use uuid::Uuid;

/// Before the snoop channels and the bridge of an ear.
const EAR: &str = "cadran-ear-";
/// Before the channel of a leg.
const LEG: &str = "cadran-leg-";
/// Before the mailbox of a telephone's lamp.
const MAILBOX: &str = "cadran-vm-";
/// Before the playback of a message to a leg.
const MESSAGE: &str = "cadran-msg-";
/// Before the recording of what a caller leaves in a mailbox.
const LEFT: &str = "cadran-vml-";
/// Before a playback of clips to a caller.
const CLIPS: &str = "cadran-ply-";
/// Before the recording of one speaker.
const RECORDING: &str = "cadran-rec-";
/// Before the bridge of a room.
const ROOM: &str = "cadran-rom-";
/// Before the snoop channel that hears one speaker.
const SNOOP: &str = "cadran-snp-";
/// Before a bridge of a tap.
const TAP_BRIDGE: &str = "cadran-tpb-";
/// Before the channel by which a voice of a tap leaves.
const TAP_MEDIA: &str = "cadran-tpm-";
/// Before the snoop channel of a tap, which hears one voice.
const TAP_SNOOP: &str = "cadran-tps-";
/// Before the endpoint of a trunk.
const TRUNK: &str = "cadran-trk-";

/// Whose voice one half of a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Speaker {
    /// The left channel of the stereo file.
    Customer,
    /// The right channel of the stereo file.
    Agent,
}

impl Speaker {
    /// Both, left first.
    pub(super) const BOTH: [Self; 2] = [Self::Customer, Self::Agent];

    /// The word in names and messages.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
        }
    }
}

/// One speaker's side of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Half {
    /// The recording it belongs to.
    pub(super) recording: RecordingId,
    /// Who speaks.
    pub(super) speaker: Speaker,
}

impl Half {
    /// Both halves of a recording, customer first.
    pub(super) fn both(recording: RecordingId) -> [Self; 2] {
        Speaker::BOTH.map(|speaker| Self { recording, speaker })
    }

    /// Name of the recording on Asterisk.
    pub(super) fn recording_name(self) -> String {
        self.behind(RECORDING)
    }

    /// Id of the snoop channel.
    pub(super) fn snoop(self) -> String {
        self.behind(SNOOP)
    }

    /// The half that a recording on Asterisk holds.
    pub(super) fn of_recording(name: &str) -> Option<Self> {
        Self::read(name.strip_prefix(RECORDING)?)
    }

    /// The half that a snoop channel hears.
    pub(super) fn of_snoop(channel: &str) -> Option<Self> {
        Self::read(channel.strip_prefix(SNOOP)?)
    }

    fn behind(self, prefix: &str) -> String {
        let RecordingId { call, part } = self.recording;
        format!("{prefix}{}-{part}-{}", call.as_uuid().simple(), self.speaker.as_str())
    }

    fn read(text: &str) -> Option<Self> {
        let (rest, speaker) = text.rsplit_once('-')?;
        let (call, part) = rest.rsplit_once('-')?;
        Some(Self {
            recording: RecordingId { call: CallId::from_uuid(digits(call)?), part: part.parse().ok()? },
            speaker: Speaker::BOTH.into_iter().find(|known| known.as_str() == speaker)?,
        })
    }
}

/// What the snoop channels of an ear are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum EarPart {
    /// Hears the agent.
    Agent,
    /// Hears the customer.
    Customer,
    /// Hears the supervisor, unless they only listen.
    Supervisor,
    /// Says to the agent what the supervisor says.
    Whisper,
}

impl EarPart {
    /// All of them, in the order in which they end: first, nobody hears the supervisor any more.
    pub(super) const ALL: [Self; 4] = [Self::Supervisor, Self::Whisper, Self::Agent, Self::Customer];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Customer => "customer",
            Self::Supervisor => "supervisor",
            Self::Whisper => "whisper",
        }
    }

    /// Id of the snoop channel.
    pub(super) fn of(self, ear: EarId) -> String {
        format!("{}-{}", ear_bridge(ear), self.as_str())
    }

    /// Which part of which ear a channel is.
    pub(super) fn read(channel: &str) -> Option<(EarId, Self)> {
        let (ear, part) = channel.strip_prefix(EAR)?.split_once('-')?;
        let part = Self::ALL.into_iter().find(|known| known.as_str() == part)?;
        Some((EarId::from_uuid(digits(ear)?), part))
    }
}

/// Id of the bridge in which an ear hears the supervisor and has the agent hear them.
pub(super) fn ear_bridge(ear: EarId) -> String {
    format!("{EAR}{}", ear.as_uuid().simple())
}

/// The ear whose bridge this is.
pub(super) fn ear_of_bridge(bridge: &str) -> Option<EarId> {
    bridge.strip_prefix(EAR).and_then(digits).map(EarId::from_uuid)
}

/// A channel of a tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TapPart {
    /// The tap it belongs to.
    pub(super) tap: TapId,
    /// Whose voice it carries.
    pub(super) speaker: Speaker,
    /// Whether the voice leaves by it; the other one hears it.
    is_media: bool,
}

impl TapPart {
    /// The channel by which a voice leaves.
    pub(super) const fn media(tap: TapId, speaker: Speaker) -> Self {
        Self { tap, speaker, is_media: true }
    }

    /// The channel that hears a voice.
    pub(super) const fn snoop(tap: TapId, speaker: Speaker) -> Self {
        Self { tap, speaker, is_media: false }
    }

    /// Id of the channel.
    pub(super) fn channel(self) -> String {
        of_tap(if self.is_media { TAP_MEDIA } else { TAP_SNOOP }, self.tap, self.speaker)
    }
}

/// The part of a tap that a channel is.
pub(super) fn tap_part(channel: &str) -> Option<TapPart> {
    let read = |prefix| channel.strip_prefix(prefix).and_then(tap_and_speaker);
    let media = read(TAP_MEDIA).map(|(tap, speaker)| TapPart::media(tap, speaker));
    media.or_else(|| read(TAP_SNOOP).map(|(tap, speaker)| TapPart::snoop(tap, speaker)))
}

/// Id of the bridge that joins the two channels of a voice.
pub(super) fn tap_bridge(tap: TapId, speaker: Speaker) -> String {
    of_tap(TAP_BRIDGE, tap, speaker)
}

/// The tap that a bridge belongs to.
pub(super) fn tap_of_bridge(bridge: &str) -> Option<TapId> {
    bridge.strip_prefix(TAP_BRIDGE).and_then(tap_and_speaker).map(|(tap, _)| tap)
}

fn of_tap(prefix: &str, tap: TapId, speaker: Speaker) -> String {
    format!("{prefix}{}-{}", tap.as_uuid().simple(), speaker.as_str())
}

fn tap_and_speaker(text: &str) -> Option<(TapId, Speaker)> {
    let (tap, speaker) = text.split_once('-')?;
    let speaker = Speaker::BOTH.into_iter().find(|known| known.as_str() == speaker)?;
    Some((TapId::from_uuid(digits(tap)?), speaker))
}

/// Id of the channel of a leg.
pub(super) fn channel(leg: LegId) -> String {
    format!("{LEG}{}", leg.as_uuid().simple())
}

/// The leg that a channel is.
pub(super) fn leg(channel: &str) -> Option<LegId> {
    channel.strip_prefix(LEG).and_then(digits).map(LegId::from_uuid)
}

/// The ear that a channel is: what hears the agent stands for the whole of it.
pub(super) fn ear(channel: &str) -> Option<EarId> {
    EarPart::read(channel).filter(|(_, part)| *part == EarPart::Agent).map(|(ear, _)| ear)
}

/// Whether a channel is one of ours.
pub(super) fn is_ours(channel: &str) -> bool {
    leg(channel).is_some()
        || EarPart::read(channel).is_some()
        || tap_part(channel).is_some()
        || Half::of_snoop(channel).is_some()
}

/// Id of the bridge of a room.
pub(super) fn bridge(room: RoomId) -> String {
    format!("{ROOM}{}", room.as_uuid().simple())
}

/// The room that a bridge is.
pub(super) fn room(bridge: &str) -> Option<RoomId> {
    bridge.strip_prefix(ROOM).and_then(digits).map(RoomId::from_uuid)
}

/// Id of the playback of a message. A leg hears one message at a time.
pub(super) fn playback(leg: LegId) -> String {
    format!("{MESSAGE}{}", leg.as_uuid().simple())
}

/// The leg that hears a playback.
pub(super) fn listener(playback: &str) -> Option<LegId> {
    playback.strip_prefix(MESSAGE).and_then(digits).map(LegId::from_uuid)
}

/// Id of a playback of clips to a leg, which counts them.
pub(super) fn clips(leg: LegId, playing: u32) -> String {
    format!("{CLIPS}{}-{playing}", leg.as_uuid().simple())
}

/// The leg that hears clips, and which of its playbacks it is.
pub(super) fn clips_of(playback: &str) -> Option<(LegId, u32)> {
    let (leg, playing) = playback.strip_prefix(CLIPS)?.split_once('-')?;
    Some((LegId::from_uuid(digits(leg)?), playing.parse().ok()?))
}

/// Name of the recording of a message.
pub(super) fn message(message: MessageId) -> String {
    format!("{LEFT}{}", message.as_uuid().simple())
}

/// The message that a recording is.
pub(super) fn message_of(recording: &str) -> Option<MessageId> {
    recording.strip_prefix(LEFT).and_then(digits).map(MessageId::from_uuid)
}

/// The trunk that an endpoint belongs to.
pub(super) fn trunk(endpoint: &str) -> Option<TrunkId> {
    endpoint.strip_prefix(TRUNK)?.parse().ok().map(TrunkId::from_i64)
}

/// Name of the endpoint of a trunk, and of the SIP objects that belong to it.
pub fn trunk_endpoint(trunk: TrunkId) -> String {
    format!("{TRUNK}{}", trunk.as_i64())
}

/// The mailbox whose messages a telephone's lamp shows.
pub(super) fn mailbox(mailbox: MailboxId) -> String {
    format!("{MAILBOX}{}", mailbox.as_i64())
}

/// The 32 lower-case hexadecimal digits that our names end in, and no other form that a parser of UUIDs takes.
fn digits(text: &str) -> Option<Uuid> {
    let ours = text.len() == uuid::fmt::Simple::LENGTH
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ours.then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "0192f0c1a2b3c4d5e6f708192a3b4c5d";

    fn id() -> Uuid {
        Uuid::try_parse(DIGITS).unwrap()
    }

    #[test]
    fn names_read_back() {
        assert_eq!(leg(&channel(LegId::from_uuid(id()))), Some(LegId::from_uuid(id())));
        assert_eq!(room(&bridge(RoomId::from_uuid(id()))), Some(RoomId::from_uuid(id())));
        let whole = EarId::from_uuid(id());
        for part in EarPart::ALL {
            assert_eq!(EarPart::read(&part.of(whole)), Some((whole, part)));
            assert_eq!(ear_of_bridge(&part.of(whole)), None);
            assert_eq!(ear(&part.of(whole)), Some(whole).filter(|_| part == EarPart::Agent));
        }
        assert_eq!(ear_of_bridge(&ear_bridge(whole)), Some(whole));
        assert_eq!(listener(&playback(LegId::from_uuid(id()))), Some(LegId::from_uuid(id())));
        let leg = LegId::from_uuid(id());
        assert_eq!(clips_of(&clips(leg, 12)), Some((leg, 12)));
        assert_eq!(message_of(&message(MessageId::from_uuid(id()))), Some(MessageId::from_uuid(id())));
        assert_eq!(trunk(&trunk_endpoint(TrunkId::from_i64(12))), Some(TrunkId::from_i64(12)));
        let tap = TapId::from_uuid(id());
        for speaker in Speaker::BOTH {
            for part in [TapPart::media(tap, speaker), TapPart::snoop(tap, speaker)] {
                assert_eq!(tap_part(&part.channel()), Some(part));
                assert!(is_ours(&part.channel()));
            }
            assert_eq!(tap_of_bridge(&tap_bridge(tap, speaker)), Some(tap));
        }
        let recording = RecordingId { call: CallId::from_uuid(id()), part: 200 };
        for half in Half::both(recording) {
            assert_eq!(Half::of_recording(&half.recording_name()), Some(half));
            assert_eq!(Half::of_snoop(&half.snoop()), Some(half));
        }
    }

    #[test]
    fn names_are_as_documented() {
        assert_eq!(channel(LegId::from_uuid(id())), format!("cadran-leg-{DIGITS}"));
        let [customer, agent] = Half::both(RecordingId { call: CallId::from_uuid(id()), part: 2 });
        assert_eq!(customer.recording_name(), format!("cadran-rec-{DIGITS}-2-customer"));
        assert_eq!(agent.snoop(), format!("cadran-snp-{DIGITS}-2-agent"));
        assert_eq!(EarPart::Whisper.of(EarId::from_uuid(id())), format!("cadran-ear-{DIGITS}-whisper"));
        assert_eq!(trunk_endpoint(TrunkId::from_i64(12)), "cadran-trk-12");
    }

    #[test]
    fn what_reads_otherwise_is_not_ours() {
        for name in [
            "",
            "1795000000.12",
            DIGITS,
            "cadran-leg-",
            "cadran-rom-0192f0c1a2b3c4d5e6f708192a3b4c5d",
            "cadran-leg-0192F0C1A2B3C4D5E6F708192A3B4C5D",
            "cadran-leg-0192f0c1a2b3c4d5e6f708192a3b4c5d;2",
            "cadran-leg-0192f0c1-a2b3-c4d5-e6f7-08192a3b4c5d",
            "x-cadran-leg-0192f0c1a2b3c4d5e6f708192a3b4c5d",
        ] {
            assert_eq!(leg(name), None, "{name}");
        }
        for name in [
            "cadran-ear-0192f0c1a2b3c4d5e6f708192a3b4c5d",
            "cadran-ear-0192f0c1a2b3c4d5e6f708192a3b4c5d-nose",
        ] {
            assert_eq!(EarPart::read(name), None, "{name}");
        }
        for name in [
            "cadran-rec-0192f0c1a2b3c4d5e6f708192a3b4c5d-2-customer",
            "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-2",
            "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-256-agent",
            "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-2-both",
            "cadran-snp-2-agent",
        ] {
            assert_eq!(Half::of_snoop(name), None, "{name}");
            assert_eq!(tap_part(name), None, "{name}");
        }
    }
}
