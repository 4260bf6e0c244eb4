//! What a viewer can cost, and what becomes of one that costs more.

use std::time::Duration;

use cadran::live::{Close, Fact, Facts, Frame, HEARTBEAT, Rights, Tables, UNDRAINED_MAX, Viewer};
use cadran_engine::command::{Hold, Notice};
use cadran_engine::model::{Role, Timestamp};
use serde_json::json;

use super::centre::Centre;
use super::screen::Screen;

fn admin() -> Rights {
    Rights::of(Role::Admin, None)
}

/// A viewer who follows agents and calls of a busy centre.
fn busy(centre: &Centre, facts: &Facts) -> (Tables, Viewer) {
    let mut tables = Tables::new("run");
    tables.show(centre.shown());
    let mut viewer = Viewer::new(1, admin(), None, centre.now, facts);
    for (id, topic) in ["agents", "calls"].iter().enumerate() {
        let sub = json!({ "op": "sub", "id": id, "topic": topic }).to_string();
        viewer.said(&sub, centre.now, &tables).unwrap();
    }
    (tables, viewer)
}

#[test]
fn a_viewer_that_stops_reading_is_sent_nothing_more_and_goes_after_ten_seconds() {
    let mut centre = Centre::new(1, 500);
    let facts = Facts::new(centre.now);
    let (mut tables, mut viewer) = busy(&centre, &facts);
    let began = centre.now;
    let mut bytes_late = 0;
    let end = loop {
        centre.now = centre.now + Duration::from_millis(50);
        centre.happen(4);
        tables.show(centre.shown());
        let frames = viewer.serve(centre.now, &tables, &facts);
        if let Some(Frame::Close(close)) = frames.last() {
            break *close;
        }
        if centre.now.since(began) > HEARTBEAT + Duration::from_millis(50) {
            bytes_late += frames.iter().map(size).sum::<usize>();
        }
        assert!(centre.now.since(began) < 2 * UNDRAINED_MAX);
    };
    assert_eq!(end, Close::Undrained);
    assert_eq!(bytes_late, 0, "what it does not read is not sent, and merges");
}

#[test]
fn a_viewer_that_was_slow_gets_each_row_once_however_often_it_changed() {
    let mut centre = Centre::new(2, 500);
    let facts = Facts::new(centre.now);
    let (mut tables, mut viewer) = busy(&centre, &facts);
    viewer.serve(centre.now, &tables, &facts);
    for _ in 0..160 {
        centre.now = centre.now + Duration::from_millis(50);
        centre.happen(400);
        tables.show(centre.shown());
        viewer.serve(centre.now, &tables, &facts);
    }
    viewer.drained();
    let frames = viewer.serve(centre.now, &tables, &facts);
    let sent: usize = frames.iter().map(size).sum();
    let table: usize = json!(centre.view).to_string().len();
    assert!(sent < 3 * table, "{sent} bytes for tables of {table}");
}

#[test]
fn a_large_table_comes_in_parts_that_make_a_whole() {
    let mut centre = Centre::new(3, 2_000);
    let facts = Facts::new(centre.now);
    let mut tables = Tables::new("run");
    tables.show(centre.shown());
    let mut screen = Screen::new(admin(), vec![("agents", None)]);
    screen.connect(centre.now, &tables, &facts);
    let mut parts = 0;
    while !screen.replica.copies[&0].whole {
        for frame in screen.serve(centre.now, &tables, &facts, || true) {
            assert!(size(&frame) < 128 * 1024, "{} bytes", size(&frame));
            parts += 1;
        }
        // Rows of the parts already sent change, come and go meanwhile.
        centre.happen(50);
        tables.show(centre.shown());
    }
    assert!(parts > 7, "{parts}");
    centre.now = centre.now + Duration::from_secs(1);
    screen.serve(centre.now, &tables, &facts, || true);
    assert_eq!(screen.replica.copies[&0].rows.len(), centre.view.agents.len());
}

#[test]
fn a_hidden_tab_is_served_at_its_own_rate() {
    let mut centre = Centre::new(4, 50);
    let facts = Facts::new(centre.now);
    let (mut tables, mut viewer) = busy(&centre, &facts);
    viewer.said(r#"{"op":"rate","id":0,"hz":0.2}"#, centre.now, &tables).unwrap();
    viewer.said(r#"{"op":"rate","id":1,"hz":0.2}"#, centre.now, &tables).unwrap();
    let mut deltas = 0;
    for _ in 0..400 {
        centre.now = centre.now + Duration::from_millis(50);
        centre.happen(4);
        tables.show(centre.shown());
        viewer.drained();
        let frames = viewer.serve(centre.now, &tables, &facts);
        deltas += frames
            .iter()
            .filter(|frame| matches!(frame, Frame::Text(text) if text.contains(r#""op":"d""#)))
            .count();
    }
    assert_eq!(deltas, 2 * 3, "two topics in twenty seconds, every five after the snapshot");
}

#[test]
fn facts_arrive_in_order_and_once_over_a_cut() {
    let centre = Centre::new(5, 1);
    let (tables, mut facts) = (Tables::new("run"), Facts::new(centre.now));
    let mut screen = Screen::new(admin(), Vec::new());
    screen.connect(centre.now, &tables, &facts);
    let tell = |facts: &mut Facts, held_by| {
        facts.tell(centre.now, &Fact::of(&Notice::Dialling { held_by }).unwrap());
    };
    tell(&mut facts, Some(Hold::StoreAway));
    screen.serve(centre.now, &tables, &facts, || true);
    screen.cut();
    tell(&mut facts, None);
    tell(&mut facts, Some(Hold::SwitchAway));
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    let held: Vec<_> = screen.replica.facts.iter().map(|fact| fact["data"]["held_by"].clone()).collect();
    assert_eq!(held, [json!("store_away"), json!(null), json!("switch_away")]);
    assert_eq!(screen.replica.resets, []);

    // The daemon restarts: what happened in between is lost, and that is said.
    let facts = Facts::new(centre.now + Duration::from_secs(1));
    screen.connect(centre.now, &tables, &facts);
    screen.serve(centre.now, &tables, &facts, || true);
    assert_eq!(screen.replica.resets, [(json!("evt"), "horizon".to_owned())]);
}

#[test]
fn whoever_acknowledges_no_facts_is_told_that_they_may_lack_some() {
    let centre = Centre::new(6, 1);
    let (tables, mut facts) = (Tables::new("run"), Facts::new(centre.now));
    let mut screen = Screen::new(admin(), Vec::new());
    screen.connect(centre.now, &tables, &facts);
    let fact = Fact::of(&Notice::Dialling { held_by: None }).unwrap();
    for number in 1..=257 {
        facts.tell(centre.now, &fact);
        screen.serve(centre.now, &tables, &facts, || true);
        assert_eq!(screen.replica.resets.is_empty(), number <= 256, "{number}");
    }
    assert_eq!(screen.replica.resets, [(json!("evt"), "unacked".to_owned())]);

    // Whoever does gets all of them.
    let last = facts.last();
    for _ in 0..1_000 {
        facts.tell(centre.now, &fact);
    }
    let mut screen = Screen::new(admin(), Vec::new());
    screen.connect(centre.now, &tables, &facts);
    let mut now = centre.now;
    for _ in 0..300 {
        now = now + Duration::from_secs(1);
        facts.tell(now, &fact);
        screen.serve(now, &tables, &facts, || true);
        let ack = json!({ "op": "ack", "lane": "evt", "seq": facts.last() }).to_string();
        screen.viewer.as_mut().unwrap().said(&ack, now, &tables).unwrap();
    }
    assert!(facts.last() > last);
    assert_eq!((screen.replica.facts.len(), screen.replica.resets.len()), (300, 0));
}

#[test]
fn messages_that_mean_nothing_or_come_too_often_end_the_viewer() {
    let (tables, facts) = (Tables::new("run"), Facts::new(Timestamp::default()));
    let now = Timestamp::from_millis(0);
    let nonsense = [
        "",
        "{}",
        "[]",
        r#"{"op":"shout"}"#,
        r#"{"op":"sub","id":-1,"topic":"agents"}"#,
        r#"{"op":"sub","id":1}"#,
        r#"{"op":"sub","id":1,"topic":"agents","surprise":true}"#,
        r#"{"op":"ack","lane":"other","seq":1}"#,
    ];
    for text in nonsense {
        let mut viewer = Viewer::new(1, admin(), None, now, &facts);
        assert_eq!(viewer.said(text, now, &tables), Err(Close::NotUnderstood), "{text}");
    }
    let mut viewer = Viewer::new(1, admin(), None, now, &facts);
    let mut said = 0;
    let end = loop {
        match viewer.said(r#"{"op":"ping","t":1}"#, now, &tables) {
            Ok(()) => said += 1,
            Err(close) => break close,
        }
    };
    assert_eq!((said, end), (100, Close::TooMuch));

    let mut viewer = Viewer::new(1, admin(), None, now, &facts);
    for id in 0..64 {
        let sub = json!({ "op": "sub", "id": id, "topic": "agents" }).to_string();
        assert_eq!(viewer.said(&sub, now, &tables), Ok(()));
    }
    let sub = json!({ "op": "sub", "id": 64, "topic": "agents" }).to_string();
    assert_eq!(viewer.said(&sub, now, &tables), Err(Close::TooMuch));
}

#[test]
fn topics_that_do_not_exist_are_refused_and_those_that_are_empty_are_there() {
    let (tables, facts) = (Tables::new("run"), Facts::new(Timestamp::default()));
    let topics = vec![("queues", None), ("alerts", None), ("weather", None), ("pacing:", None)];
    let mut screen = Screen::new(admin(), topics);
    screen.connect(Timestamp::from_millis(1), &tables, &facts);
    screen.serve(Timestamp::from_millis(1), &tables, &facts, || true);
    assert!([0, 1].iter().all(|id| screen.replica.copies[id].whole));
    let refused = "no_such_topic".to_owned();
    assert_eq!(screen.replica.resets, [(json!(2), refused.clone()), (json!(3), refused)]);
}

fn size(frame: &Frame) -> usize {
    match frame {
        Frame::Text(text) => text.len(),
        Frame::Ping | Frame::Close(_) => 0,
    }
}
