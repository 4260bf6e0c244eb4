//! A screen and its viewer in the daemon, with a wire between them that can be cut.

use cadran::live::{Facts, Frame, Rights, Tables, Viewer};
use cadran_engine::model::Timestamp;
use serde_json::Value;

use super::replica::{Hole, Replica};

/// A screen.
pub(crate) struct Screen {
    pub(crate) rights: Rights,
    /// Topic and filter of each subscription; its id is the place.
    pub(crate) topics: Vec<(&'static str, Option<Value>)>,
    pub(crate) replica: Replica,
    pub(crate) viewer: Option<Viewer>,
    /// Everything that was ever sent.
    pub(crate) heard: String,
}

impl Screen {
    pub(crate) fn new(rights: Rights, topics: Vec<(&'static str, Option<Value>)>) -> Self {
        Self { rights, topics, replica: Replica::default(), viewer: None, heard: String::new() }
    }

    pub(crate) fn connect(&mut self, now: Timestamp, tables: &Tables, facts: &Facts) {
        let last = self.replica.facts.last().and_then(|fact| fact["seq"].as_u64());
        self.viewer = Some(Viewer::new(1, self.rights.clone(), last, now, facts));
        for id in 0..self.topics.len() {
            self.follow(u64::try_from(id).unwrap(), now, tables);
        }
    }

    pub(crate) fn cut(&mut self) {
        self.viewer = None;
    }

    pub(crate) fn follow(&mut self, id: u64, now: Timestamp, tables: &Tables) {
        let (topic, filter) = &self.topics[usize::try_from(id).unwrap()];
        let text = self.replica.subscribe(id, topic, filter.as_ref());
        self.viewer.as_mut().unwrap().said(&text, now, tables).unwrap();
    }

    /// Serves the viewer once; of its messages those get through that `arrives` says. Without a viewer nothing happens.
    pub(crate) fn serve(
        &mut self,
        now: Timestamp,
        tables: &Tables,
        facts: &Facts,
        mut arrives: impl FnMut() -> bool,
    ) -> Vec<Frame> {
        let Some(viewer) = &mut self.viewer else { return Vec::new() };
        let frames = viewer.serve(now, tables, facts);
        let mut holes = Vec::new();
        for frame in &frames {
            match frame {
                Frame::Text(text) => {
                    self.heard.push_str(text);
                    if arrives()
                        && let Err(Hole(id)) = self.replica.hear(text)
                    {
                        holes.push(id);
                    }
                }
                Frame::Ping => viewer.drained(),
                Frame::Close(_) => {}
            }
        }
        for id in holes {
            self.follow(id, now, tables);
        }
        frames
    }
}
