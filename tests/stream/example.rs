//! `docs/live.md`, taken at its word.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cadran::live::{Fact, Facts, Frame, Rights, Tables, Viewer, hello};
use cadran_engine::command::{Hold, Notice};
use cadran_engine::model::{Role, Timestamp};
use cadran_engine::view::LiveView;
use serde_json::{Value, json};

use super::centre::{Centre, trunk};

const PAGE: &str = include_str!("../../docs/live.md");

/// The daemon of the page, and one screen.
struct Story {
    now: Timestamp,
    view: LiveView,
    tables: Tables,
    facts: Facts,
    viewer: Option<Viewer>,
    /// The epoch that stands as `…` on the page.
    epoch: Option<Value>,
    sent: VecDeque<Value>,
}

impl Story {
    fn new() -> Self {
        let centre = Centre::new(1, 2);
        let mut view = LiveView { agents: centre.view.agents.clone(), ..LiveView::default() };
        view.agents[0].state = "ready";
        view.trunks = vec![trunk(1)];
        let mut tables = Tables::new("run");
        tables.show(Arc::new(view.clone()));
        let facts = Facts::new(centre.now);
        Self { now: centre.now, view, tables, facts, viewer: None, epoch: None, sent: VecDeque::new() }
    }

    fn say(&mut self, line: &str) {
        let mut message: Value = serde_json::from_str(line).unwrap();
        if message["since"]["epoch"] == "…" {
            message["since"]["epoch"] = self.epoch.clone().unwrap();
        }
        if message["op"] == "ack" {
            message["seq"] = self.facts.last().into();
        }
        let text = message.to_string();
        match &mut self.viewer {
            None => {
                let hello = hello(&text).expect("a greeting");
                let rights = Rights::of(Role::Admin, None);
                self.viewer = Some(Viewer::new(1, rights, hello.lane_seq, self.now, &self.facts));
            }
            Some(viewer) => {
                if let Err(close) = viewer.said(&text, self.now, &self.tables) {
                    self.sent.push_back(serde_json::from_str(&close.bye(1)).unwrap());
                }
            }
        }
    }

    fn happens(&mut self, what: &str) {
        match what {
            "two calls begin on trk_1" => self.view.trunks[0].calls = 2,
            "trk_1 is removed" => self.view.trunks.clear(),
            "the database goes away" => {
                let notice = Notice::Dialling { held_by: Some(Hold::StoreAway) };
                self.facts.tell(self.now, &Fact::of(&notice).unwrap());
            }
            other => panic!("the page says `{other}`, which this test cannot make happen"),
        }
        self.tables.show(Arc::new(self.view.clone()));
    }

    fn serve(&mut self) {
        self.now = self.now + Duration::from_secs(1);
        self.tables.hear(self.now);
        let viewer = self.viewer.as_mut().unwrap();
        viewer.drained();
        for frame in viewer.serve(self.now, &self.tables, &self.facts) {
            if let Frame::Text(text) = frame {
                self.sent.push_back(serde_json::from_str(&text).unwrap());
            }
        }
    }

    /// The next message, of marks only where they are wanted.
    fn next(&mut self, marks: bool) -> Option<Value> {
        std::iter::from_fn(|| self.sent.pop_front()).find(|message| marks || message["op"] != "mark")
    }

    /// What is sent after something was said or happened. The marks that come every two seconds are left out unless
    /// the page shows them.
    fn hear(&mut self, line: &str) {
        let mut expected: Value = serde_json::from_str(line).unwrap();
        let is_mark = expected["op"] == "mark";
        let mut sent = self.next(is_mark).unwrap_or_else(|| {
            self.serve();
            self.next(is_mark).unwrap_or_else(|| panic!("nothing was sent, and the page says {line}"))
        });
        if sent["epoch"].is_string() {
            self.epoch = Some(sent["epoch"].clone());
        }
        for field in ["epoch", "now", "seq", "src", "ts"] {
            for message in [&mut sent, &mut expected] {
                if !message[field].is_null() {
                    message[field] = json!("any");
                }
            }
        }
        assert_eq!(sent, expected);
    }
}

#[test]
fn every_example_of_the_page_is_true() {
    let mut story = Story::new();
    let mut lines = 0;
    let blocks = PAGE.split("```text\n").skip(1).map(|block| block.split("```").next().unwrap());
    for line in blocks.flat_map(str::lines) {
        match line.split_at(2) {
            ("> ", message) => story.say(message),
            ("< ", message) => story.hear(message),
            ("= ", what) => story.happens(what),
            _ => panic!("this line is neither said, nor heard, nor does it happen: {line}"),
        }
        lines += 1;
    }
    assert!(lines > 25, "{lines}");
    story.sent.retain(|message| message["op"] != "mark");
    assert!(story.sent.is_empty(), "the page leaves out {:?}", story.sent);
}
