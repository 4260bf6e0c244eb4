//! All tables, and how they follow what the engine shows.
//!
//! A row gets its revision when it is seen to differ from the row before. So the rules need not know that anybody
//! watches, no change can be forgotten, and a new field of a view is on every screen without a word here.

use std::collections::BTreeMap;
use std::sync::Arc;

use cadran_engine::model::Timestamp;
use cadran_engine::view::LiveView;
use serde::Serialize;
use serde_json::Value;

use super::alerts::{Alert, PauseLimits, alerts};
use super::check::Check;
use super::rights::Rights;
use super::rows::{Show, SystemRow, fields, pacing, system};
use super::table::{Key, Table, mask};
use super::topic::TableName;

/// All tables at one moment.
#[derive(Debug)]
pub struct Tables {
    /// Names the run of the daemon: revisions of another one mean nothing here.
    run: String,
    rev: u64,
    /// When Asterisk was heard last.
    source: Timestamp,
    view: Option<Arc<LiveView>>,
    checks: Arc<[Check]>,
    pauses: Arc<PauseLimits>,
    alerts: Vec<Alert>,
    tables: BTreeMap<TableName, Table>,
}

impl Tables {
    /// Empty tables. `run` must differ from that of every daemon before.
    pub fn new(run: impl Into<String>) -> Self {
        let tables = TableName::ALL.map(|name| (name, Table::new(name.numbers()))).into();
        Self {
            run: run.into(),
            rev: 0,
            source: Timestamp::default(),
            view: None,
            checks: Arc::default(),
            pauses: Arc::default(),
            alerts: Vec::new(),
            tables,
        }
    }

    /// Takes over what the engine shows. All that differs gets the same next revision, so that a viewer has either
    /// all of it or nothing.
    pub fn show(&mut self, view: Arc<LiveView>) {
        if self.view.as_ref().is_some_and(|before| Arc::ptr_eq(before, &view)) {
            return;
        }
        let before = self.view.take();
        let none = LiveView::default();
        let old = before.as_deref().unwrap_or(&none);
        let old_system: &[SystemRow] = if before.is_some() { &system(old) } else { &[] };
        let mut changed = self.compare(&old.agents, &view.agents);
        changed |= self.compare(&old.calls, &view.calls);
        changed |= self.compare(&old.callers, &view.callers);
        changed |= self.compare(&old.queues, &view.queues);
        changed |= self.compare(&old.campaigns, &view.campaigns);
        changed |= self.compare(&pacing(old), &pacing(&view));
        changed |= self.compare(old_system, &system(&view));
        changed |= self.compare(&old.trunks, &view.trunks);
        self.rev += u64::from(changed);
        self.view = Some(view);
    }

    /// Takes over what was found of the parts of the installation.
    pub fn show_checks(&mut self, checks: Arc<[Check]>) {
        let before = std::mem::replace(&mut self.checks, checks.clone());
        let changed = self.compare(&before, &checks);
        self.rev += u64::from(changed);
    }

    /// Takes over how long pauses should last at most. What comes of it is found by [`Tables::alert`].
    pub fn show_pauses(&mut self, pauses: Arc<PauseLimits>) {
        self.pauses = pauses;
    }

    /// Finds what wants a person in what was taken over.
    pub fn alert(&mut self, now: Timestamp) {
        let none = LiveView::default();
        let view = self.view.clone();
        let view = view.as_deref().unwrap_or(&none);
        let found = alerts(view, &self.checks, &self.pauses, &self.alerts, now);
        let before = std::mem::take(&mut self.alerts);
        let changed = self.compare(&before, &found);
        self.alerts = found;
        self.rev += u64::from(changed);
    }

    /// Asterisk was heard at this moment, whether or not anything changed.
    pub fn hear(&mut self, source: Timestamp) {
        self.source = source;
    }

    /// The revision of the latest change of any table.
    pub const fn rev(&self) -> u64 {
        self.rev
    }

    /// When Asterisk was heard last.
    pub const fn source(&self) -> Timestamp {
        self.source
    }

    pub(super) fn run(&self) -> &str {
        &self.run
    }

    pub(super) fn table(&self, name: TableName) -> &Table {
        &self.tables[&name]
    }

    /// Keeps what differs between two states of a table under the next revision. Says whether anything does.
    fn compare<T: Show>(&mut self, old: &[T], new: &[T]) -> bool {
        let Some(table) = self.tables.get_mut(&T::TABLE) else { return false };
        let rev = self.rev + 1;
        let (old, new) = (by_id(old), by_id(new));
        let mut old = old.into_iter().peekable();
        let mut changed = false;
        for row in new {
            while let Some(gone) = old.next_if(|before| before.id() < row.id()) {
                table.remove(rev, &gone.id().to_string());
                changed = true;
            }
            if old.next_if(|before| before.id() == row.id()).is_none_or(|before| row.differs(before)) {
                table.put(rev, Key::from(row.id().to_string()), &row.fields());
                changed = true;
            }
        }
        for gone in old {
            table.remove(rev, &gone.id().to_string());
            changed = true;
        }
        changed
    }
}

/// Rows in the order of their ids. The engine gives them so already, which makes this one pass.
fn by_id<T: Show>(rows: &[T]) -> Vec<&T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_key(|row| row.id());
    rows
}

/// A view as JSON for somebody with these rights: what [`Tables`] would show them of it.
pub fn masked(view: &impl Serialize, rights: &Rights) -> Value {
    let mut view = Value::Object(fields(view));
    for name in TableName::ALL {
        let Some(rows) = view.get_mut(name.as_str()).and_then(Value::as_array_mut) else { continue };
        if let Ok(topic) = name.as_str().parse() {
            rows.retain(|row| rights.shows(&topic, row));
        }
        for row in rows.iter_mut().filter(|_| !rights.numbers) {
            for column in name.numbers() {
                row[*column] = mask(&row[*column]);
            }
        }
    }
    view
}
