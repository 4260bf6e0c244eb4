//! What Asterisk holds of ours at one moment.

use std::collections::BTreeSet;

use ari::{Bridge, Channel, ChannelState, Client};
use cadran_engine::input::{LegPurpose, LegSeen, Snapshot, SwitchEvent};
use cadran_engine::model::{EarId, LegId, RecordingId, RoomId, TapId, Timestamp};

use super::callers::{self, Callers};
use super::ears;
use super::names::Names;

/// The channel variable that says what a leg was created for. `channelvars` of `ari.conf` makes Asterisk report it.
pub(super) const PURPOSE_VARIABLE: &str = "CADRAN_LEG";

/// The dialplan application that a channel runs while it is under our control.
pub(super) const STASIS: &str = "Stasis";

/// What Asterisk was found to hold.
pub(super) struct Found {
    pub(super) snapshot: Snapshot,
    /// The callers whose arrival was not heard of.
    pub(super) unheard: Vec<SwitchEvent>,
    /// Ears of which something is left.
    pub(super) torn: Vec<EarId>,
}

/// Asks Asterisk what it holds of ours.
///
/// `asked_at` is carried through: what was begun later may be missing.
pub(super) async fn snapshot(
    client: &Client,
    app: &str,
    callers: &Callers,
    asked_at: Timestamp,
) -> Result<Found, ari::Error> {
    let channels = client.send(ari::channels::List::new()).await?;
    let bridges = client.send(ari::bridges::List::new()).await?;
    let (whole, torn) = ears::whole_and_torn(&callers.names, &channels, &bridges);
    let unheard: Vec<SwitchEvent> =
        channels.iter().filter_map(|channel| callers::unheard(callers, app, channel)).collect();
    let snapshot = Snapshot {
        asked_at,
        legs: channels.iter().filter_map(|channel| leg_seen(callers, channel)).collect(),
        unmarked: unheard.iter().filter_map(arrived).collect(),
        rooms: bridges.iter().filter_map(|bridge| room_seen(callers, bridge)).collect(),
        ears: whole,
        taps: taps(&callers.names, &channels, &bridges),
        recordings: recordings(&callers.names, &channels),
    };
    Ok(Found { snapshot, unheard, torn })
}

/// Whose arrival it is.
fn arrived(event: &SwitchEvent) -> Option<LegId> {
    match event {
        SwitchEvent::CallerArrived { leg, .. } => Some(*leg),
        _ => None,
    }
}

fn leg_seen(callers: &Callers, channel: &Channel) -> Option<LegSeen> {
    Some(LegSeen {
        leg: callers.marked(channel)?,
        up: channel.state == ChannelState::Up,
        entered: channel.dialplan.app_name == STASIS,
        purpose: purpose(&callers.names, channel),
    })
}

/// What a leg was created for, if it is one of ours and its mark can be read.
pub(super) fn purpose(names: &Names, channel: &Channel) -> Option<LegPurpose> {
    channel.channelvars.get(PURPOSE_VARIABLE).and_then(|text| read_purpose(names, text))
}

fn room_seen(callers: &Callers, bridge: &Bridge) -> Option<(RoomId, Vec<LegId>)> {
    let legs = bridge.channels.iter().filter_map(|channel| callers.leg(channel)).collect();
    callers.names.room(&bridge.id).map(|room| (room, legs))
}

/// Taps of which a channel or a bridge is there.
fn taps(names: &Names, channels: &[Channel], bridges: &[Bridge]) -> Vec<TapId> {
    let of_channels = channels.iter().filter_map(|channel| names.tap_part(&channel.id)).map(|part| part.tap);
    let of_bridges = bridges.iter().filter_map(|bridge| names.tap_of_bridge(&bridge.id));
    of_channels.chain(of_bridges).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Recordings of which at least one half is being written. ARI has no list of them; but each half has a snoop channel
/// for as long as it is written.
fn recordings(names: &Names, channels: &[Channel]) -> Vec<RecordingId> {
    let live: BTreeSet<_> = channels
        .iter()
        .filter_map(|channel| names.half_of_snoop(&channel.id))
        .map(|half| half.recording)
        .collect();
    live.into_iter().collect()
}

/// The purpose of a leg as the value of [`PURPOSE_VARIABLE`], in which nothing is a variable of the dialplan.
pub(super) fn purpose_text(names: &Names, purpose: &LegPurpose) -> String {
    // Ids and values only, so this cannot fail; an empty mark would read back as none.
    let text = serde_json::to_string(purpose).unwrap_or_default();
    // The sign stands in texts alone, where JSON knows an escape for it.
    names.mark(&text.replace('$', "\\u0024"))
}

fn read_purpose(names: &Names, text: &str) -> Option<LegPurpose> {
    serde_json::from_str(names.read_mark(text)?).ok()
}

#[cfg(test)]
mod tests {
    use cadran_engine::input::CourseMark;
    use cadran_engine::model::{AgentId, AttemptId, CallId, CampaignId, LeadId, SessionId};
    use uuid::Uuid;

    use super::*;

    fn leg_seen(channel: &Channel) -> Option<LegSeen> {
        super::leg_seen(&Callers::default(), channel)
    }

    const DIGITS: &str = "0192f0c1a2b3c4d5e6f708192a3b4c5d";

    fn uuid() -> Uuid {
        Uuid::try_parse(DIGITS).unwrap()
    }

    fn channel(id: &str, state: &str, app: &str, variables: serde_json::Value) -> Channel {
        serde_json::from_value(serde_json::json!({
            "id": id, "name": "PJSIP/cadran-trk-1-00000004", "state": state, "protocol_id": "b6c5d1c8",
            "caller": {"name": "", "number": ""}, "connected": {"name": "", "number": ""}, "accountcode": "",
            "dialplan": {"context": "from-trunk", "exten": "", "priority": 1, "app_name": app, "app_data": ""},
            "creationtime": "2026-11-20T13:39:58.001+0000", "language": "en", "channelvars": variables,
        }))
        .unwrap()
    }

    /// The course of a caller who waits two flows deep, of whom a flow knows a name with a dollar.
    fn waiting() -> CourseMark {
        serde_json::from_value(serde_json::json!({
            "flow": "flw_4", "revision": 3, "live": [["flw_5", 2]],
            "place": { "began": 1_795_000_000_000_i64, "since": 1_795_000_004_000_i64, "locale": "en-GB",
                "chance": u64::MAX, "passages_left": 9_990, "frames": [
                    { "node": "n_ask", "vars": { "name": "${Zoé}", "credit": 12.5, "items": ["a", "b"] } },
                    { "flow": "flw_5", "node": "n_queue" },
                ] },
        }))
        .unwrap()
    }

    #[test]
    fn marks_of_earlier_versions_read_back() {
        let mark = format!(
            r#"{{"role":"caller","call":"{}","did":null,"phone":"+33199001234",
                "queue":{{"queue":"q_1","since":1795000000000,"priority":3}}}}"#,
            CallId::from_uuid(uuid())
        );
        let Some(LegPurpose::Caller { queue: Some(place), language: None, course: None, .. }) =
            read_purpose(&Names::default(), &mark)
        else {
            panic!("{mark} is not read")
        };
        assert_eq!(place.priority, 3);
    }

    #[test]
    fn purposes_read_back_and_hold_no_word_of_the_dialplan() {
        let agent = LegPurpose::Agent {
            agent: AgentId::from_i64(7),
            session: SessionId::from_uuid(uuid()),
            room: RoomId::from_uuid(uuid()),
        };
        let customer = LegPurpose::Customer {
            call: CallId::from_uuid(uuid()),
            attempt: AttemptId::from_uuid(uuid()),
            campaign: CampaignId::from_i64(12),
            lead: LeadId::from_i64(4_711),
        };
        let caller = LegPurpose::Caller {
            call: CallId::from_uuid(uuid()),
            did: None,
            phone: Some("+33199001234".parse().unwrap()),
            trunk: None,
            queue: None,
            language: Some("en-GB".to_owned()),
            course: Some(Box::new(waiting())),
        };
        for purpose in [agent, customer, caller] {
            let text = purpose_text(&Names::default(), &purpose);
            assert_eq!(read_purpose(&Names::default(), &text), Some(purpose));
            assert!(!text.contains('$'), "{text}");
        }
    }

    #[test]
    fn a_leg_is_seen_as_far_as_it_has_come() {
        let id = format!("cadran-leg-{DIGITS}");
        let ringing = leg_seen(&channel(&id, "Ringing", "AppDial2", serde_json::json!({}))).unwrap();
        assert_eq!((ringing.up, ringing.entered, ringing.purpose), (false, false, None));

        let agent = LegPurpose::Agent {
            agent: AgentId::from_i64(7),
            session: SessionId::from_uuid(uuid()),
            room: RoomId::from_uuid(uuid()),
        };
        let variables = serde_json::json!({ PURPOSE_VARIABLE: purpose_text(&Names::default(), &agent) });
        let up = leg_seen(&channel(&id, "Up", "Stasis", variables)).unwrap();
        assert_eq!((up.up, up.entered, up.purpose), (true, true, Some(agent)));

        let marked = serde_json::json!({ PURPOSE_VARIABLE: "something else" });
        assert_eq!(leg_seen(&channel(&id, "Up", "Stasis", marked)).unwrap().purpose, None);
        assert_eq!(leg_seen(&channel("1795000000.1", "Up", "Stasis", serde_json::json!({}))), None);
    }

    #[test]
    fn a_recording_is_live_while_a_snoop_of_it_is() {
        let snoop = |side: &str| {
            channel(&format!("cadran-snp-{DIGITS}-2-{side}"), "Up", "Stasis", serde_json::json!({}))
        };
        let recording = RecordingId { call: CallId::from_uuid(uuid()), part: 2 };
        let recordings = |channels: &[Channel]| recordings(&Names::default(), channels);
        assert_eq!(recordings(&[snoop("agent"), snoop("customer")]), [recording]);
        assert_eq!(recordings(&[snoop("agent")]), [recording]);
        assert_eq!(recordings(&[]), []);
    }
}
