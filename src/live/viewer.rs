//! One screen: what it follows, and what it is told next.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use cadran_engine::model::Timestamp;

use super::close::Close;
use super::facts::Facts;
use super::protocol::{self, Said, Sub};
use super::rights::Rights;
use super::selection::{Asked, Condition, Selection};
use super::subscription::Subscription;
use super::tables::Tables;
use super::topic::Topic;

/// How often a viewer hears from us even when nothing changes.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long a viewer may read nothing.
pub const UNDRAINED_MAX: Duration = Duration::from_secs(10);

/// Topics that one viewer may follow at once: each screen of a console has fewer than ten.
const SUBSCRIPTIONS_MAX: usize = 64;

/// Facts that a viewer may leave without acknowledgement.
const UNACKED_MAX: usize = 256;

/// Messages that a viewer may send at once, and how many more each second.
const MESSAGES_BURST: u32 = 100;
const MESSAGES_PER_SECOND: u32 = 20;

/// Something to put on the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Text(String),
    /// A ping of the WebSocket, whose answer shows that everything before it has been read.
    Ping,
    /// The end: a last message, then the close frame.
    Close(Close),
}

/// One screen.
#[derive(Debug)]
pub struct Viewer {
    rights: Rights,
    subscriptions: BTreeMap<u32, Subscription>,
    /// Messages to be sent before anything else.
    answers: Vec<Frame>,
    /// The last fact that was sent, and those that were not acknowledged.
    told: u64,
    unacked: VecDeque<u64>,
    beat_at: Timestamp,
    /// When the ping was sent that has not been answered.
    pinged_at: Option<Timestamp>,
    messages_left: u32,
    messages_counted_at: Timestamp,
}

impl Viewer {
    /// Welcomes a viewer who has these rights. `lane_seq` is the last fact it has, when it comes back.
    pub fn new(session: u64, rights: Rights, lane_seq: Option<u64>, now: Timestamp, facts: &Facts) -> Self {
        let mut answers = vec![Frame::Text(protocol::welcome(session, now))];
        let told = lane_seq.filter(|seq| facts.reaches_back_to(*seq)).unwrap_or(facts.last());
        if lane_seq.is_some_and(|seq| seq != told) {
            answers.push(Frame::Text(protocol::reset_lane("horizon")));
        }
        Self {
            rights,
            subscriptions: BTreeMap::new(),
            answers,
            told,
            unacked: VecDeque::new(),
            beat_at: now,
            pinged_at: None,
            messages_left: MESSAGES_BURST,
            messages_counted_at: now,
        }
    }

    /// Takes in a message. An error ends the viewer.
    pub fn said(&mut self, text: &str, now: Timestamp, tables: &Tables) -> Result<(), Close> {
        self.count_message(now)?;
        match protocol::said(text).ok_or(Close::NotUnderstood)? {
            Said::Ack { lane: protocol::Lane::Evt, seq } => {
                let acked = self.unacked.partition_point(|sent| *sent <= seq);
                self.unacked.drain(..acked);
            }
            Said::Ping { t } => self.answers.push(Frame::Text(protocol::pong(&t, now))),
            Said::Rate { id, hz } => {
                if let Some(subscription) = self.subscriptions.get_mut(&id) {
                    subscription.set_rate(hz);
                }
            }
            Said::Sub(sub) => self.subscribe(sub, tables)?,
            Said::Unsub { id } => {
                self.subscriptions.remove(&id);
            }
        }
        Ok(())
    }

    /// The last ping was answered: everything before it has been read.
    pub fn drained(&mut self) {
        self.pinged_at = None;
    }

    /// Takes over changed rights: what was shown under the old ones is forgotten. An error ends the viewer.
    pub fn authorise(&mut self, rights: Rights, tables: &Tables) -> Result<(), Close> {
        if rights == self.rights {
            return Ok(());
        }
        for (id, subscription) in &mut self.subscriptions {
            subscription.begin_again(&rights, tables).ok_or(Close::Forbidden)?;
            self.answers.push(Frame::Text(protocol::reset(*id, "rights")));
        }
        self.rights = rights;
        Ok(())
    }

    /// What the viewer is to be told at this moment. At most one message for each topic, so that a socket which is
    /// slow to take them is not given more than it can hold.
    pub fn serve(&mut self, now: Timestamp, tables: &Tables, facts: &Facts) -> Vec<Frame> {
        let mut frames = std::mem::take(&mut self.answers);
        let silent = self.pinged_at.map_or(Duration::ZERO, |at| now.since(at));
        if silent >= UNDRAINED_MAX {
            return vec![Frame::Close(Close::Undrained)];
        }
        if silent >= HEARTBEAT {
            // It has not read what it was sent: more would only wait on the way. Changes merge meanwhile.
            return frames;
        }
        self.tell(facts, &mut frames);
        let served = self.subscriptions.values_mut().filter_map(|each| each.serve(now, tables));
        frames.extend(served.map(Frame::Text));
        if now >= self.beat_at {
            self.beat_at = now + HEARTBEAT;
            let marks = self.subscriptions.values().filter_map(|each| each.mark(tables.source()));
            frames.extend(marks.map(Frame::Text));
            if self.pinged_at.is_none() {
                self.pinged_at = Some(now);
                frames.push(Frame::Ping);
            }
        }
        frames
    }

    /// When [`Viewer::serve`] has something to say at the latest, should nothing change before.
    pub fn due_at(&self, now: Timestamp, tables: &Tables) -> Timestamp {
        match self.pinged_at {
            Some(at) if now.since(at) >= HEARTBEAT => at + UNDRAINED_MAX,
            Some(_) | None => {
                let due = self.subscriptions.values().filter_map(|each| each.due_at(tables));
                due.min().map_or(self.beat_at, |due| due.min(self.beat_at))
            }
        }
    }

    fn count_message(&mut self, now: Timestamp) -> Result<(), Close> {
        let seconds = now.since(self.messages_counted_at).as_secs();
        if seconds > 0 {
            let more = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(MESSAGES_PER_SECOND);
            self.messages_left = self.messages_left.saturating_add(more).min(MESSAGES_BURST);
            self.messages_counted_at = now;
        }
        self.messages_left = self.messages_left.checked_sub(1).ok_or(Close::TooMuch)?;
        Ok(())
    }

    fn subscribe(&mut self, sub: Sub, tables: &Tables) -> Result<(), Close> {
        let id = sub.id;
        self.subscriptions.remove(&id);
        let Ok(topic) = sub.topic.parse::<Topic>() else { return self.refuse(id, "no_such_topic") };
        let mut asked = Asked { fields: sub.fields, ..Asked::default() };
        for (column, wanted) in sub.filter {
            if !topic.filters().contains(&column.as_str()) {
                return self.refuse(id, "no_such_filter");
            }
            asked.conditions.push(Condition::any(&column, wanted.into_values()));
        }
        if self.subscriptions.len() >= SUBSCRIPTIONS_MAX {
            return Err(Close::TooMuch);
        }
        let selection = Selection::under(&self.rights, &topic, asked).ok_or(Close::Forbidden)?;
        let keys_are_open = self.rights.keys_are_open(&topic);
        let mut subscription = Subscription::new(id, topic, selection, sub.hz, tables);
        if let Some(since) = &sub.since {
            let resumed = if keys_are_open { subscription.resume(since, tables) } else { Err("own_rows") };
            match resumed {
                Ok(()) => self.beat_at = Timestamp::default(),
                Err(reason) => self.answers.push(Frame::Text(protocol::reset(id, reason))),
            }
        }
        self.subscriptions.insert(id, subscription);
        Ok(())
    }

    fn refuse(&mut self, id: u32, reason: &str) -> Result<(), Close> {
        self.answers.push(Frame::Text(protocol::reset(id, reason)));
        Ok(())
    }

    /// Facts that the viewer has not been told. Only those who see everything hear of them.
    fn tell(&mut self, facts: &Facts, frames: &mut Vec<Frame>) {
        if self.told == facts.last() {
            return;
        }
        let hears = self.rights.hears_facts();
        for (seq, message) in facts.after(self.told).filter(|_| hears) {
            if self.unacked.len() >= UNACKED_MAX {
                self.unacked.clear();
                frames.push(Frame::Text(protocol::reset_lane("unacked")));
                break;
            }
            self.unacked.push_back(*seq);
            frames.push(Frame::Text(message.clone()));
        }
        self.told = facts.last();
    }
}
