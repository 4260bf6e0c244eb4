//! The crate against what a real Asterisk 22.10 said during three calls.

use ari::{ChannelState, Event};

const FRAMES: &str = include_str!("../benches/frames.jsonl");

#[test]
fn every_recorded_event_is_understood_in_full() {
    let mut answered = 0;
    for frame in FRAMES.lines() {
        let event = Event::from_json(frame).unwrap();
        let shown = format!("{event:?}");
        assert!(!matches!(event, Event::Unknown(_)), "{shown}");
        assert!(
            !shown.contains("extra: {\"") && !shown.contains("Other(\""),
            "something is unknown in {shown}"
        );
        assert_eq!(event.application(), "rec");
        assert!(event.timestamp().is_some());
        if let Event::StasisStart(start) = &event {
            answered += u32::from(start.channel.state == ChannelState::Up);
            assert_eq!(event.channel(), Some(&start.channel));
        }
    }
    assert_eq!(answered, 3, "two calls were answered and one snoop began");
}

#[test]
fn a_busy_call_says_why() {
    let busy = FRAMES.lines().filter_map(|frame| match Event::from_json(frame).unwrap() {
        Event::ChannelDestroyed(destroyed) if destroyed.channel.id == "call-3" => Some(destroyed),
        _ => None,
    });
    let causes: Vec<_> = busy.map(|destroyed| (destroyed.cause, destroyed.tech_cause)).collect();
    assert_eq!(causes, [(17, Some(486))]); // Q.850 user busy, SIP 486
}
