//! Our names on Asterisk.
//!
//! Everything that the daemon creates there carries an id of ours behind a prefix: `cadran-` for the first tenant,
//! `cadran_acme_` for the tenant `acme`. So any daemon can tell from the name alone what an object is and whose.
//! Whatever reads otherwise is somebody else's and is never touched. A short name of a tenant holds no `_` and no `.`,
//! and names of accounts no `.`, so no two tenants' names can be the same.

mod parts;

use std::fmt::Display;
use std::sync::Arc;

use cadran_engine::model::{EarId, LegId, MailboxId, MessageId, RoomId, Slug, TapId, TrunkId};

pub(super) use parts::{EarPart, Half, Speaker, TapPart};
use parts::{digits, tap_and_speaker};

/// The snoop channels and the bridge of an ear.
const EAR: &str = "ear";
/// The channel of a leg.
const LEG: &str = "leg";
/// The mailbox of a telephone's lamp.
const MAILBOX: &str = "vm";
/// The playback of a message to a leg.
const MESSAGE: &str = "msg";
/// The recording of what a caller leaves in a mailbox.
const LEFT: &str = "vml";
/// A playback of clips to a caller.
const CLIPS: &str = "ply";
/// The recording of one speaker.
const RECORDING: &str = "rec";
/// The bridge of a room.
const ROOM: &str = "rom";
/// The snoop channel that hears one speaker.
const SNOOP: &str = "snp";
/// A bridge of a tap.
const TAP_BRIDGE: &str = "tpb";
/// The channel by which a voice of a tap leaves.
const TAP_MEDIA: &str = "tpm";
/// The snoop channel of a tap, which hears one voice.
const TAP_SNOOP: &str = "tps";
/// The endpoint of a trunk.
const TRUNK: &str = "trk";

/// The global variable of Asterisk in which the daemon in charge says so.
const HOLDER: &str = "CADRAN_HOLDER";

/// The names of one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Names {
    /// What all of them begin with, but for accounts.
    own: Arc<str>,
    /// None for the first tenant.
    tenant: Option<Slug>,
}

impl Default for Names {
    /// Those of the first tenant.
    fn default() -> Self {
        Self { own: "cadran-".into(), tenant: None }
    }
}

impl Names {
    /// Those of a tenant that is not the first.
    pub fn of(tenant: Slug) -> Self {
        Self { own: format!("cadran_{tenant}_").into(), tenant: Some(tenant) }
    }

    /// What the endpoints that we write carry as their account code, before a digest.
    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// The Stasis application, of the one that the configuration names.
    pub fn app(&self, first: &str) -> String {
        self.tenant.as_ref().map_or_else(|| first.to_owned(), |tenant| format!("{first}_{tenant}"))
    }

    /// The application that the dialplan must be told of; none where it knows by itself.
    pub(super) fn app_to_tell(&self, app: &str) -> Option<String> {
        self.tenant.as_ref().map(|_| app.to_owned())
    }

    /// The global variable of Asterisk that names the daemon in charge.
    pub(super) fn holder(&self) -> String {
        let tenant = self.tenant.as_ref();
        tenant
            .map_or_else(|| HOLDER.to_owned(), |slug| format!("{HOLDER}_{}", slug.as_str().replace('-', "_")))
    }

    /// The endpoint of an agent's account, which is also what its phone signs in as.
    pub fn account(&self, account: &str) -> String {
        self.tenant.as_ref().map_or_else(|| account.to_owned(), |tenant| format!("{account}.{tenant}"))
    }

    /// What a channel carries of ours in a variable, told apart from other tenants'.
    pub(super) fn mark(&self, text: &str) -> String {
        self.tenant.as_ref().map_or_else(|| text.to_owned(), |tenant| format!("{tenant} {text}"))
    }

    /// What [`Names::mark`] was given; none of another tenant's mark.
    pub(super) fn read_mark<'t>(&self, mark: &'t str) -> Option<&'t str> {
        match &self.tenant {
            // Ours is an object of JSON, which no short name begins like.
            None => Some(mark).filter(|mark| mark.starts_with('{')),
            Some(tenant) => mark.strip_prefix(tenant.as_str())?.strip_prefix(' '),
        }
    }

    fn name(&self, noun: &str, rest: impl Display) -> String {
        format!("{}{noun}-{rest}", self.own)
    }

    /// What stands behind the noun in a name of ours.
    fn rest<'t>(&self, noun: &str, name: &'t str) -> Option<&'t str> {
        name.strip_prefix(&*self.own)?.strip_prefix(noun)?.strip_prefix('-')
    }

    /// Name of the recording of a half on Asterisk.
    pub(super) fn recording(&self, half: Half) -> String {
        self.name(RECORDING, half.text())
    }

    /// Id of the snoop channel of a half.
    pub(super) fn snoop(&self, half: Half) -> String {
        self.name(SNOOP, half.text())
    }

    /// The half that a recording on Asterisk holds.
    pub(super) fn half_of_recording(&self, name: &str) -> Option<Half> {
        Half::read(self.rest(RECORDING, name)?)
    }

    /// The half that a snoop channel hears.
    pub(super) fn half_of_snoop(&self, channel: &str) -> Option<Half> {
        Half::read(self.rest(SNOOP, channel)?)
    }

    /// Id of a snoop channel of an ear.
    pub(super) fn ear_part(&self, ear: EarId, part: EarPart) -> String {
        format!("{}-{}", self.ear_bridge(ear), part.as_str())
    }

    /// Which part of which ear a channel is.
    pub(super) fn part_of_ear(&self, channel: &str) -> Option<(EarId, EarPart)> {
        let (ear, part) = self.rest(EAR, channel)?.split_once('-')?;
        let part = EarPart::ALL.into_iter().find(|known| known.as_str() == part)?;
        Some((EarId::from_uuid(digits(ear)?), part))
    }

    /// Id of the bridge in which an ear hears the supervisor and has the agent hear them.
    pub(super) fn ear_bridge(&self, ear: EarId) -> String {
        self.name(EAR, ear.as_uuid().simple())
    }

    /// The ear whose bridge this is.
    pub(super) fn ear_of_bridge(&self, bridge: &str) -> Option<EarId> {
        self.rest(EAR, bridge).and_then(digits).map(EarId::from_uuid)
    }

    /// The ear that a channel is: what hears the agent stands for the whole of it.
    pub(super) fn ear(&self, channel: &str) -> Option<EarId> {
        self.part_of_ear(channel).filter(|(_, part)| *part == EarPart::Agent).map(|(ear, _)| ear)
    }

    /// Id of a channel of a tap.
    pub(super) fn tap_channel(&self, part: TapPart) -> String {
        self.of_tap(if part.is_media { TAP_MEDIA } else { TAP_SNOOP }, part.tap, part.speaker)
    }

    /// The part of a tap that a channel is.
    pub(super) fn tap_part(&self, channel: &str) -> Option<TapPart> {
        let read = |noun| self.rest(noun, channel).and_then(tap_and_speaker);
        let media = read(TAP_MEDIA).map(|(tap, speaker)| TapPart::media(tap, speaker));
        media.or_else(|| read(TAP_SNOOP).map(|(tap, speaker)| TapPart::snoop(tap, speaker)))
    }

    /// Id of the bridge that joins the two channels of a voice.
    pub(super) fn tap_bridge(&self, tap: TapId, speaker: Speaker) -> String {
        self.of_tap(TAP_BRIDGE, tap, speaker)
    }

    /// The tap that a bridge belongs to.
    pub(super) fn tap_of_bridge(&self, bridge: &str) -> Option<TapId> {
        self.rest(TAP_BRIDGE, bridge).and_then(tap_and_speaker).map(|(tap, _)| tap)
    }

    fn of_tap(&self, noun: &str, tap: TapId, speaker: Speaker) -> String {
        self.name(noun, format_args!("{}-{}", tap.as_uuid().simple(), speaker.as_str()))
    }

    /// Id of the channel of a leg.
    pub(super) fn channel(&self, leg: LegId) -> String {
        self.name(LEG, leg.as_uuid().simple())
    }

    /// The leg that a channel is.
    pub(super) fn leg(&self, channel: &str) -> Option<LegId> {
        self.rest(LEG, channel).and_then(digits).map(LegId::from_uuid)
    }

    /// Whether a channel is one of ours.
    pub(super) fn is_ours(&self, channel: &str) -> bool {
        self.leg(channel).is_some()
            || self.part_of_ear(channel).is_some()
            || self.tap_part(channel).is_some()
            || self.half_of_snoop(channel).is_some()
    }

    /// Id of the bridge of a room.
    pub(super) fn bridge(&self, room: RoomId) -> String {
        self.name(ROOM, room.as_uuid().simple())
    }

    /// The room that a bridge is.
    pub(super) fn room(&self, bridge: &str) -> Option<RoomId> {
        self.rest(ROOM, bridge).and_then(digits).map(RoomId::from_uuid)
    }

    /// Id of the playback of a message. A leg hears one message at a time.
    pub(super) fn playback(&self, leg: LegId) -> String {
        self.name(MESSAGE, leg.as_uuid().simple())
    }

    /// The leg that hears a playback.
    pub(super) fn listener(&self, playback: &str) -> Option<LegId> {
        self.rest(MESSAGE, playback).and_then(digits).map(LegId::from_uuid)
    }

    /// Id of a playback of clips to a leg, which counts them.
    pub(super) fn clips(&self, leg: LegId, playing: u32) -> String {
        self.name(CLIPS, format_args!("{}-{playing}", leg.as_uuid().simple()))
    }

    /// The leg that hears clips, and which of its playbacks it is.
    pub(super) fn clips_of(&self, playback: &str) -> Option<(LegId, u32)> {
        let (leg, playing) = self.rest(CLIPS, playback)?.split_once('-')?;
        Some((LegId::from_uuid(digits(leg)?), playing.parse().ok()?))
    }

    /// Name of the recording of a message.
    pub(super) fn message(&self, message: MessageId) -> String {
        self.name(LEFT, message.as_uuid().simple())
    }

    /// The message that a recording is.
    pub(super) fn message_of(&self, recording: &str) -> Option<MessageId> {
        self.rest(LEFT, recording).and_then(digits).map(MessageId::from_uuid)
    }

    /// The trunk that an endpoint belongs to.
    pub(super) fn trunk(&self, endpoint: &str) -> Option<TrunkId> {
        self.rest(TRUNK, endpoint)?.parse().ok().map(TrunkId::from_i64)
    }

    /// Name of the endpoint of a trunk, and of the SIP objects that belong to it.
    pub fn trunk_endpoint(&self, trunk: TrunkId) -> String {
        self.name(TRUNK, trunk.as_i64())
    }

    /// The mailbox whose messages a telephone's lamp shows, with the context that names of mailboxes have.
    pub(super) fn mailbox(&self, mailbox: MailboxId) -> String {
        format!("{}@cadran", self.name(MAILBOX, mailbox.as_i64()))
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::{CallId, RecordingId};
    use uuid::Uuid;

    use super::*;

    const DIGITS: &str = "0192f0c1a2b3c4d5e6f708192a3b4c5d";

    fn ours() -> Names {
        Names::default()
    }

    fn acmes() -> Names {
        Names::of("acme".parse().unwrap())
    }

    fn id() -> Uuid {
        Uuid::try_parse(DIGITS).unwrap()
    }

    #[test]
    fn names_read_back_and_are_nobody_elses() {
        for (names, others) in
            [(ours(), acmes()), (acmes(), ours()), (acmes(), Names::of("acme-2".parse().unwrap()))]
        {
            let leg = LegId::from_uuid(id());
            assert_eq!(names.leg(&names.channel(leg)), Some(leg));
            assert_eq!(others.leg(&names.channel(leg)), None);
            let room = RoomId::from_uuid(id());
            assert_eq!(names.room(&names.bridge(room)), Some(room));
            assert_eq!(others.room(&names.bridge(room)), None);
            let whole = EarId::from_uuid(id());
            for part in EarPart::ALL {
                let channel = names.ear_part(whole, part);
                assert_eq!(names.part_of_ear(&channel), Some((whole, part)));
                assert_eq!(names.ear_of_bridge(&channel), None);
                assert_eq!(names.ear(&channel), Some(whole).filter(|_| part == EarPart::Agent));
                assert!(names.is_ours(&channel) && !others.is_ours(&channel));
            }
            assert_eq!(names.ear_of_bridge(&names.ear_bridge(whole)), Some(whole));
            assert_eq!(others.ear_of_bridge(&names.ear_bridge(whole)), None);
            assert_eq!(names.listener(&names.playback(leg)), Some(leg));
            assert_eq!(others.listener(&names.playback(leg)), None);
            assert_eq!(names.clips_of(&names.clips(leg, 12)), Some((leg, 12)));
            assert_eq!(others.clips_of(&names.clips(leg, 12)), None);
            let message = MessageId::from_uuid(id());
            assert_eq!(names.message_of(&names.message(message)), Some(message));
            assert_eq!(others.message_of(&names.message(message)), None);
            let trunk = TrunkId::from_i64(12);
            assert_eq!(names.trunk(&names.trunk_endpoint(trunk)), Some(trunk));
            assert_eq!(others.trunk(&names.trunk_endpoint(trunk)), None);
            let tap = TapId::from_uuid(id());
            for speaker in Speaker::BOTH {
                for part in [TapPart::media(tap, speaker), TapPart::snoop(tap, speaker)] {
                    let channel = names.tap_channel(part);
                    assert_eq!(names.tap_part(&channel), Some(part));
                    assert!(names.is_ours(&channel) && !others.is_ours(&channel));
                }
                assert_eq!(names.tap_of_bridge(&names.tap_bridge(tap, speaker)), Some(tap));
                assert_eq!(others.tap_of_bridge(&names.tap_bridge(tap, speaker)), None);
            }
            let recording = RecordingId { call: CallId::from_uuid(id()), part: 200 };
            for half in Half::both(recording) {
                assert_eq!(names.half_of_recording(&names.recording(half)), Some(half));
                assert_eq!(others.half_of_recording(&names.recording(half)), None);
                assert_eq!(names.half_of_snoop(&names.snoop(half)), Some(half));
                assert!(!others.is_ours(&names.snoop(half)));
            }
            assert_eq!(names.read_mark(&names.mark("{}")), Some("{}"));
            assert_eq!(others.read_mark(&names.mark("{}")), None);
            assert_ne!(names.account("ada"), others.account("ada"));
            assert_ne!(names.app("cadran"), others.app("cadran"));
            assert_ne!(names.holder(), others.holder());
            assert!(!names.own().starts_with(others.own()) && !others.own().starts_with(names.own()));
        }
    }

    #[test]
    fn names_are_as_documented() {
        let leg = LegId::from_uuid(id());
        assert_eq!(ours().channel(leg), format!("cadran-leg-{DIGITS}"));
        assert_eq!(acmes().channel(leg), format!("cadran_acme_leg-{DIGITS}"));
        let [customer, agent] = Half::both(RecordingId { call: CallId::from_uuid(id()), part: 2 });
        assert_eq!(ours().recording(customer), format!("cadran-rec-{DIGITS}-2-customer"));
        assert_eq!(ours().snoop(agent), format!("cadran-snp-{DIGITS}-2-agent"));
        let whisper = ours().ear_part(EarId::from_uuid(id()), EarPart::Whisper);
        assert_eq!(whisper, format!("cadran-ear-{DIGITS}-whisper"));
        assert_eq!(ours().trunk_endpoint(TrunkId::from_i64(12)), "cadran-trk-12");
        assert_eq!(
            (ours().account("ada"), acmes().account("ada")),
            ("ada".to_owned(), "ada.acme".to_owned())
        );
        assert_eq!(
            (ours().app("cadran"), acmes().app("cadran")),
            ("cadran".to_owned(), "cadran_acme".to_owned())
        );
        assert_eq!((ours().holder().as_str(), acmes().holder().as_str()), (HOLDER, "CADRAN_HOLDER_acme"));
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
            "cadran_acme_leg-0192f0c1a2b3c4d5e6f708192a3b4c5d",
            "x-cadran-leg-0192f0c1a2b3c4d5e6f708192a3b4c5d",
        ] {
            assert_eq!(ours().leg(name), None, "{name}");
        }
        for name in [
            "cadran-ear-0192f0c1a2b3c4d5e6f708192a3b4c5d",
            "cadran-ear-0192f0c1a2b3c4d5e6f708192a3b4c5d-nose",
        ] {
            assert_eq!(ours().part_of_ear(name), None, "{name}");
        }
        for name in [
            "cadran-rec-0192f0c1a2b3c4d5e6f708192a3b4c5d-2-customer",
            "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-2",
            "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-256-agent",
            "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-2-both",
            "cadran-snp-2-agent",
        ] {
            assert_eq!(ours().half_of_snoop(name), None, "{name}");
            assert_eq!(ours().tap_part(name), None, "{name}");
        }
    }
}
