//! One topic as one viewer follows it: how far it has come, and what it lacks.
//!
//! Copying -> Following. A subscription keeps a position, no queue: what it lacks is looked up in the table, merged
//! by construction, and bounded by the table's size however long the viewer was away.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use cadran_engine::model::Timestamp;

use super::protocol::{self, Since};
use super::rights::Rights;
use super::selection::Selection;
use super::table::{Key, Row, Table};
use super::tables::Tables;
use super::topic::Topic;

/// Rows of one part of a snapshot: some 50 KB.
const SNAPSHOT_ROWS_MAX: usize = 256;

/// How often a subscription is served unless it asks for something else.
const INTERVAL: Duration = Duration::from_millis(100);
const INTERVAL_MIN: Duration = Duration::from_millis(50);
const INTERVAL_MAX: Duration = Duration::from_secs(5);

/// A subscription that is due within this time is served together with what was shown at this moment, and not with
/// the next: half of what lies between two of them.
const EARLY: Duration = Duration::from_millis(25);

#[derive(Debug)]
enum Position {
    /// The snapshot is on its way. What changes meanwhile has a greater revision than `base` and follows.
    Copying { base: u64, after: Option<Key> },
    /// Everything up to `rev` has been sent; `n` frames since the snapshot.
    Following { rev: u64, n: u64 },
}

/// One topic as one viewer follows it.
#[derive(Debug)]
pub(super) struct Subscription {
    id: u32,
    topic: Topic,
    selection: Selection,
    epoch: String,
    position: Position,
    /// The first frame after a resume shows changed rows whole.
    resumed: bool,
    /// The rows that the viewer holds, when it does not hold all of them: those that leave the selection are removed.
    held: Option<BTreeSet<Key>>,
    interval: Duration,
    served_at: Timestamp,
}

impl Subscription {
    /// A subscription that begins with a snapshot.
    pub(super) fn new(id: u32, topic: Topic, selection: Selection, hz: Option<f64>, tables: &Tables) -> Self {
        let epoch = epoch(tables.run(), &topic, &selection);
        Self {
            id,
            epoch,
            position: Position::Copying { base: tables.rev(), after: None },
            resumed: false,
            held: (!selection.is_everything()).then(BTreeSet::new),
            topic,
            selection,
            interval: hz.map_or(INTERVAL, interval),
            served_at: Timestamp::default(),
        }
    }

    /// Goes on from where the viewer was, if what it holds still means something. Otherwise says why not.
    pub(super) fn resume(&mut self, since: &Since, tables: &Tables) -> Result<(), &'static str> {
        let table = tables.table(self.topic.table());
        if since.epoch != self.epoch || since.rev > tables.rev() {
            return Err("epoch");
        }
        if !table.reaches_back_to(since.rev) {
            return Err("horizon");
        }
        if let Some(held) = &mut self.held {
            let unchanged = table.rows_after(None).filter(|(_, row)| row.rev <= since.rev);
            let selection = &self.selection;
            held.extend(unchanged.filter(|(_, row)| selection.shows(table, row)).map(|(key, _)| key.clone()));
        }
        self.position = Position::Following { rev: since.rev, n: 0 };
        self.resumed = true;
        Ok(())
    }

    /// Begins again with a snapshot of what these rights leave; none when they leave nothing.
    pub(super) fn begin_again(&mut self, rights: &Rights, tables: &Tables) -> Option<()> {
        let selection = self.selection.again_under(rights, &self.topic)?;
        let again = Self::new(self.id, self.topic.clone(), selection, None, tables);
        *self = Self { interval: self.interval, ..again };
        Some(())
    }

    pub(super) fn set_rate(&mut self, hz: f64) {
        self.interval = interval(hz);
    }

    /// When it wants to be served, if it lacks anything.
    pub(super) fn due_at(&self, tables: &Tables) -> Option<Timestamp> {
        match self.position {
            Position::Copying { .. } => Some(self.served_at),
            Position::Following { rev, .. } if rev < tables.rev() => Some(self.served_at + self.interval),
            Position::Following { .. } => None,
        }
    }

    /// The next message, if one is due.
    pub(super) fn serve(&mut self, now: Timestamp, tables: &Tables) -> Option<String> {
        if self.due_at(tables)? > now + EARLY {
            return None;
        }
        let table = tables.table(self.topic.table());
        let message = match self.position {
            Position::Copying { base, ref after } => {
                let after = after.clone();
                Some(self.snapshot(base, after.as_ref(), table))
            }
            Position::Following { rev, n } => self.delta(rev, n, tables.rev(), table),
        };
        if message.is_some() {
            self.served_at = now;
        }
        message
    }

    /// How far the viewer has come, once the snapshot is complete.
    pub(super) fn mark(&self, source: Timestamp) -> Option<String> {
        match self.position {
            Position::Copying { .. } => None,
            Position::Following { rev, .. } => Some(protocol::mark(self.id, rev, source)),
        }
    }

    /// The part of the snapshot from behind `after`.
    fn snapshot(&mut self, base: u64, after: Option<&Key>, table: &Table) -> String {
        let mut rows = String::new();
        let mut shown =
            table.rows_after(after).filter(|(_, row)| self.selection.shows(table, row)).peekable();
        let mut last = None;
        for (key, row) in shown.by_ref().take(SNAPSHOT_ROWS_MAX) {
            // A row of which no wanted field exists is there all the same.
            entry(&mut rows, table, &self.selection, key, row, 0, true);
            last = Some(key.clone());
            if let Some(held) = &mut self.held {
                held.insert(key.clone());
            }
        }
        let more = shown.peek().is_some();
        self.position = if more {
            Position::Copying { base, after: last }
        } else {
            Position::Following { rev: base, n: 0 }
        };
        let (id, epoch) = (self.id, &self.epoch);
        format!(r#"{{"op":"snap","id":{id},"epoch":"{epoch}","rev":{base},"rows":[{rows}],"more":{more}}}"#)
    }

    /// What changed after `rev`; none when nothing did that is shown.
    fn delta(&mut self, rev: u64, n: u64, latest: u64, table: &Table) -> Option<String> {
        let (mut up, mut gone) = (String::new(), String::new());
        for (key, row) in table.changed_since(rev) {
            let shown = self.selection.shows(table, row);
            // On a resume nobody knows whether the viewer held what is not shown any more: it is removed.
            let was_held = self.held.as_ref().is_none_or(|held| self.resumed || held.contains(key));
            if shown {
                let is_fresh = self.held.as_mut().is_some_and(|held| held.insert(key.clone()));
                let known = if is_fresh || self.resumed { 0 } else { rev };
                entry(&mut up, table, &self.selection, key, row, known, is_fresh);
            } else if was_held {
                self.remove(key, &mut gone);
            }
        }
        for key in table.gone_since(rev) {
            if self.held.as_ref().is_none_or(|held| self.resumed || held.contains(key)) {
                self.remove(key, &mut gone);
            }
        }
        let n = n + u64::from(!up.is_empty() || !gone.is_empty());
        self.position = Position::Following { rev: latest, n };
        self.resumed = false;
        if up.is_empty() && gone.is_empty() {
            return None;
        }
        let id = self.id;
        Some(format!(r#"{{"op":"d","id":{id},"n":{n},"rev":{latest},"up":[{up}],"del":[{gone}]}}"#))
    }

    fn remove(&mut self, key: &Key, out: &mut String) {
        if let Some(held) = &mut self.held {
            held.remove(key);
        }
        let comma = if out.is_empty() { "" } else { "," };
        // Writing to a string cannot fail. Keys are identifiers of ours: nothing in them wants escaping.
        let _ = write!(out, r#"{comma}"{key}""#);
    }
}

/// Writes a row's key, revision and what changed in it after `rev`. Leaves rows out of which nothing is shown that
/// changed, unless they must be there.
fn entry(
    out: &mut String,
    table: &Table,
    selection: &Selection,
    key: &Key,
    row: &Row,
    rev: u64,
    must_be_there: bool,
) {
    let begin = out.len();
    let comma = if begin == 0 { "" } else { "," };
    let _ = write!(out, r#"{comma}["{key}",{},"#, row.rev);
    let any = selection.write(table, row, rev, out);
    out.push(']');
    if !any && !must_be_there {
        out.truncate(begin);
    }
}

/// Names the table as the subscription sees it: rows that were sent under another run, filter or right are not those
/// that would be sent again.
fn epoch(run: &str, topic: &Topic, selection: &Selection) -> String {
    let mut hasher = DefaultHasher::new();
    (topic, selection).hash(&mut hasher);
    format!("{run}-{:016x}", hasher.finish())
}

/// The time between two servings for so many a second; what is no number counts as the slowest.
fn interval(hz: f64) -> Duration {
    Duration::try_from_secs_f64(1.0 / hz).unwrap_or(INTERVAL_MAX).clamp(INTERVAL_MIN, INTERVAL_MAX)
}
