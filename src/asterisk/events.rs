//! What Asterisk reports, in the engine's words.

use ari::{Channel, ChannelState, Event, PlaybackState};
use cadran_engine::input::{LegPurpose, SwitchEvent};
use cadran_engine::model::{HangupCause, LegId};

use super::callers::{self, Callers};
use super::names::Names;
use super::{resync, screening};

/// The event types that the adapter reads. Asterisk is asked to send no others: of a call's 16 events, seven report
/// variables and four steps in the dialplan. `ChannelStateChange` is read for callers only: of legs that we
/// dialled, `Dial` reports ringing and answer in the same instant.
pub(super) const TYPES: &[&str] = &[
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelEnteredBridge",
    "ChannelStateChange",
    "ChannelUserevent",
    "Dial",
    "PlaybackFinished",
    "RecordingFailed",
    "RecordingFinished",
    "RecordingStarted",
    "StasisEnd",
    "StasisStart",
];

/// What an event means to the engine: nothing, one thing, or for a leg that enters already answered, two.
///
/// The same thing may be said twice (`Dial` and `StasisStart` both tell of an answer); the engine takes it.
pub(super) fn news(callers: &Callers, event: &Event) -> Vec<SwitchEvent> {
    let names = &callers.names;
    match event {
        Event::StasisStart(start) => match screening::heard(names, start) {
            Some(news) => vec![news],
            None => match callers::arrival(callers, &start.channel, &start.args) {
                Some(news) => vec![news],
                None => entered(names, &start.channel),
            },
        },
        Event::Dial(dial) => dialled(names, &dial.peer, &dial.dialstatus).into_iter().collect(),
        Event::ChannelDestroyed(end) => {
            if let Some(ear) = names.ear(&end.channel.id) {
                return vec![SwitchEvent::EarEnded { ear }];
            }
            if let Some(part) = names.tap_part(&end.channel.id) {
                return vec![SwitchEvent::TapEnded { tap: part.tap }];
            }
            let cause = cause(end.cause, end.tech_cause);
            let leg = callers.leg(&end.channel.id);
            leg.map(|leg| SwitchEvent::LegEnded { leg, cause }).into_iter().collect()
        }
        // Asterisk ends what it tells of a caller's channel when that leaves us, so its end may not be told: callers
        // leave us in no other way.
        Event::StasisEnd(end) if names.leg(&end.channel.id).is_none() => {
            let leg = callers.leg(&end.channel.id);
            leg.map(|leg| SwitchEvent::LegEnded { leg, cause: HangupCause::default() }).into_iter().collect()
        }
        Event::ChannelDtmfReceived(pressed) => {
            let leg = callers.leg(&pressed.channel.id);
            let key = pressed.digit.chars().next();
            leg.zip(key).map(|(leg, key)| SwitchEvent::KeyPressed { leg, key }).into_iter().collect()
        }
        // A leg that we pick up for tells of it so; legs that we dialled tell by `Dial`.
        Event::ChannelStateChange(change) if change.channel.state == ChannelState::Up => {
            let leg = callers.leg(&change.channel.id).filter(|_| names.leg(&change.channel.id).is_none());
            leg.map(|leg| SwitchEvent::LegUp { leg }).into_iter().collect()
        }
        Event::ChannelEnteredBridge(join) => {
            let (Some(channel), Some(room)) = (&join.channel, names.room(&join.bridge.id)) else {
                return Vec::new();
            };
            if let Some(ear) = names.ear(&channel.id) {
                return vec![SwitchEvent::EarOpened { ear }];
            }
            callers.leg(&channel.id).map(|leg| SwitchEvent::LegJoined { leg, room }).into_iter().collect()
        }
        Event::PlaybackFinished(end) => match names.clips_of(&end.playback.id) {
            Some((leg, playing)) => {
                let played = end.playback.state != PlaybackState::Failed;
                vec![SwitchEvent::ClipsEnded { leg, playing, played }]
            }
            None => names
                .listener(&end.playback.id)
                .map(|leg| SwitchEvent::MessageEnded { leg })
                .into_iter()
                .collect(),
        },
        _ => Vec::new(),
    }
}

/// The channel that came to us and is nobody's that we know: an incoming call, for one.
pub(super) fn stranger<'e>(names: &Names, event: &'e Event) -> Option<&'e Channel> {
    match event {
        Event::StasisStart(start) => Some(&start.channel)
            .filter(|channel| !names.is_ours(&channel.id) && !callers::is_arrival(&start.args)),
        _ => None,
    }
}

fn entered(names: &Names, channel: &Channel) -> Vec<SwitchEvent> {
    let mut news = of_leg(names, channel, |leg| SwitchEvent::LegEntered { leg });
    if channel.state == ChannelState::Up {
        news.extend(of_leg(names, channel, |leg| SwitchEvent::LegUp { leg }));
    }
    news
}

/// How far a dial has come. Refusals are not read here: `ChannelDestroyed` follows and carries the causes.
fn dialled(names: &Names, peer: &Channel, status: &str) -> Option<SwitchEvent> {
    let leg = names.leg(&peer.id)?;
    match status {
        "ANSWER" => Some(SwitchEvent::LegUp { leg }),
        "PROGRESS" | "RINGING" => Some(SwitchEvent::LegRinging { leg }),
        _ => None,
    }
}

/// Whether a customer's leg is gone, told by the mark that the leg carries.
pub(super) fn is_end_of_customer(names: &Names, event: &Event) -> bool {
    match event {
        Event::ChannelDestroyed(end) => {
            matches!(resync::purpose(names, &end.channel), Some(LegPurpose::Customer { .. }))
        }
        _ => false,
    }
}

fn of_leg(names: &Names, channel: &Channel, says: impl FnOnce(LegId) -> SwitchEvent) -> Vec<SwitchEvent> {
    names.leg(&channel.id).map(says).into_iter().collect()
}

/// The causes of a hang-up. A number outside its range is no cause: 0 and none.
///
/// Asterisk gives the SIP status as `tech_cause`. Only final ones (200 to 699, RFC 3261 §21) say how a call ended.
fn cause(q850: i64, tech: Option<i64>) -> HangupCause {
    HangupCause {
        q850: u16::try_from(q850).ok().filter(|cause| *cause <= 127).unwrap_or_default(),
        sip: tech.and_then(|status| u16::try_from(status).ok()).filter(|status| (200..700).contains(status)),
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::RoomId;
    use uuid::Uuid;

    use super::*;

    fn news(event: &Event) -> Vec<SwitchEvent> {
        super::news(&Callers::default(), event)
    }

    fn stranger(event: &Event) -> Option<&Channel> {
        super::stranger(&Names::default(), event)
    }

    const LEG: &str = "cadran-leg-0192f0c1a2b3c4d5e6f708192a3b4c5d";
    const STRANGER: &str = "1795000000.12";

    fn leg() -> LegId {
        LegId::from_uuid(Uuid::from_u128(0x0192f0c1a2b3c4d5e6f708192a3b4c5d))
    }

    fn event(type_name: &str, fields: &str) -> Event {
        let json = format!(
            r#"{{"type":"{type_name}","timestamp":"2026-11-20T13:40:00.123+0000","application":"cadran",{fields}}}"#
        );
        let event = Event::from_json(&json).unwrap();
        assert!(!matches!(event, Event::Unknown(_)), "{event:?}");
        event
    }

    /// A channel as Asterisk 22.10.1 writes it.
    fn channel(id: &str, state: &str) -> String {
        format!(
            r#"{{"id":"{id}","name":"PJSIP/cadran-trk-1-00000004","state":"{state}","protocol_id":"b6c5d1c8",
            "caller":{{"name":"","number":""}},"connected":{{"name":"","number":""}},"accountcode":"",
            "dialplan":{{"context":"from-trunk","exten":"","priority":1,"app_name":"","app_data":""}},
            "creationtime":"2026-11-20T13:39:58.001+0000","language":"en"}}"#
        )
    }

    #[test]
    fn every_type_that_is_read_exists() {
        for name in TYPES {
            assert!(Event::TYPES.contains(name), "{name}");
        }
    }

    #[test]
    fn a_leg_that_enters_answered_is_up() {
        let start = |state| event("StasisStart", &format!(r#""args":[],"channel":{}"#, channel(LEG, state)));
        assert_eq!(
            news(&start("Up")),
            [SwitchEvent::LegEntered { leg: leg() }, SwitchEvent::LegUp { leg: leg() }]
        );
        assert_eq!(news(&start("Down")), [SwitchEvent::LegEntered { leg: leg() }]);
        assert!(stranger(&start("Up")).is_none());
    }

    #[test]
    fn ringing_and_answer_are_told_by_the_dial() {
        let dial = |status| {
            event(
                "Dial",
                &format!(
                    r#""dialstatus":"{status}","forward":"","dialstring":"","peer":{}"#,
                    channel(LEG, "Down")
                ),
            )
        };
        for ringing in ["RINGING", "PROGRESS"] {
            assert_eq!(news(&dial(ringing)), [SwitchEvent::LegRinging { leg: leg() }]);
        }
        assert_eq!(news(&dial("ANSWER")), [SwitchEvent::LegUp { leg: leg() }]);
        for nothing in ["", "BUSY"] {
            assert_eq!(news(&dial(nothing)), []);
        }
    }

    #[test]
    fn the_end_carries_both_causes() {
        let end = event(
            "ChannelDestroyed",
            &format!(
                r#""cause":17,"cause_txt":"User busy","tech_cause":486,"channel":{}"#,
                channel(LEG, "Down")
            ),
        );
        let cause = HangupCause { q850: 17, sip: Some(486) };
        assert_eq!(news(&end), [SwitchEvent::LegEnded { leg: leg(), cause }]);
    }

    #[test]
    fn causes_out_of_range_are_none() {
        assert_eq!(cause(-1, None), HangupCause::default());
        assert_eq!(cause(200, Some(0)), HangupCause::default());
        assert_eq!(cause(16, Some(180)), HangupCause { q850: 16, sip: None });
        assert_eq!(cause(i64::MAX, Some(i64::MIN)), HangupCause::default());
    }

    #[test]
    fn joins_count_only_between_ours() {
        let joined = |bridge: &str, id: &str| {
            event(
                "ChannelEnteredBridge",
                &format!(
                    r#""bridge":{{"id":"{bridge}","technology":"simple_bridge","bridge_type":"mixing",
                    "bridge_class":"stasis","creator":"Stasis","name":"","channels":["{id}"],
                    "creationtime":"2026-11-20T13:39:58.001+0000","video_mode":"none"}},"channel":{}"#,
                    channel(id, "Up")
                ),
            )
        };
        let bridge = "cadran-rom-00000000000000000000000000000007";
        let room = RoomId::from_uuid(Uuid::from_u128(7));
        assert_eq!(news(&joined(bridge, LEG)), [SwitchEvent::LegJoined { leg: leg(), room }]);
        assert_eq!(news(&joined("7f", LEG)), []);
        assert_eq!(news(&joined(bridge, STRANGER)), []);
    }

    #[test]
    fn a_message_ends_whether_it_was_heard_or_not() {
        for state in ["done", "failed"] {
            let end = event(
                "PlaybackFinished",
                &format!(
                    r#""playback":{{"id":"cadran-msg-0192f0c1a2b3c4d5e6f708192a3b4c5d","media_uri":"sound:beep",
                    "target_uri":"channel:{LEG}","language":"en","state":"{state}"}}"#
                ),
            );
            assert_eq!(news(&end), [SwitchEvent::MessageEnded { leg: leg() }]);
        }
    }

    #[test]
    fn strangers_are_seen_and_not_told() {
        let start =
            event("StasisStart", &format!(r#""args":["other"],"channel":{}"#, channel(STRANGER, "Ring")));
        assert_eq!(news(&start), []);
        assert_eq!(stranger(&start).map(|channel| channel.id.as_str()), Some(STRANGER));

        let snoop = "cadran-snp-0192f0c1a2b3c4d5e6f708192a3b4c5d-1-agent";
        let start = event("StasisStart", &format!(r#""args":[],"channel":{}"#, channel(snoop, "Up")));
        assert_eq!(news(&start), []);
        assert!(stranger(&start).is_none());
    }
}
