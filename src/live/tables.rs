//! All tables, and how they follow what the engine shows.
//!
//! A row gets its revision when it is seen to differ from the row before. So the rules need not know that anybody
//! watches, no change can be forgotten, and a new field of a view is on every screen without a word here.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use cadran_engine::command::Hold;
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::model::{AgentId, CallId, CampaignId, Timestamp, TrunkId};
use cadran_engine::view::{AgentView, CallView, CampaignView, LiveView, TrunkView};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::rights::Rights;
use super::table::{Key, Table, mask};
use super::topic::TableName;
use crate::sentences;
use crate::words::Language;

/// A row of a table.
trait Show: PartialEq + Serialize {
    /// What names it.
    type Id: Copy + Display + Ord;
    /// Where it stands.
    const TABLE: TableName;
    fn id(&self) -> Self::Id;
    /// Whether it shows something else than before.
    fn differs(&self, before: &Self) -> bool {
        self != before
    }
    /// What it shows.
    fn fields(&self) -> Map<String, Value> {
        fields(self)
    }
}

impl Show for AgentView {
    type Id = AgentId;
    const TABLE: TableName = TableName::Agents;
    fn id(&self) -> AgentId {
        self.agent
    }
}

impl Show for CallView {
    type Id = CallId;
    const TABLE: TableName = TableName::Calls;
    fn id(&self) -> CallId {
        self.call
    }
}

impl Show for CampaignView {
    type Id = CampaignId;
    const TABLE: TableName = TableName::Campaigns;
    fn id(&self) -> CampaignId {
        self.campaign
    }
    fn differs(&self, before: &Self) -> bool {
        lines_differ(&self.line, &before.line)
    }
    fn fields(&self) -> Map<String, Value> {
        without_moment(fields(self))
    }
}

impl Show for TrunkView {
    type Id = TrunkId;
    const TABLE: TableName = TableName::Trunks;
    fn id(&self) -> TrunkId {
        self.trunk
    }
}

/// Why a campaign dials as it does: its figures, and a sentence of them in each language.
#[derive(PartialEq, Serialize)]
struct PacingRow<'a> {
    campaign: CampaignId,
    #[serde(flatten)]
    line: &'a PacingLine,
}

impl Show for PacingRow<'_> {
    type Id = CampaignId;
    const TABLE: TableName = TableName::Pacing;
    fn id(&self) -> CampaignId {
        self.campaign
    }
    fn differs(&self, before: &Self) -> bool {
        lines_differ(self.line, before.line)
    }
    fn fields(&self) -> Map<String, Value> {
        let mut fields = without_moment(fields(self));
        let sentence = |language: Language| (language.tag(), sentences::pacing(self.line, language));
        let why = BTreeMap::from([Language::English, Language::French].map(sentence));
        fields.insert("why".to_owned(), json!(why));
        fields
    }
}

/// A line of pacing is of another moment each time that it is looked at, which is no news.
fn lines_differ(one: &PacingLine, other: &PacingLine) -> bool {
    PacingLine { at: other.at, ..one.clone() } != *other
}

fn without_moment(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.remove("at");
    fields
}

/// The installation.
#[derive(PartialEq, Serialize)]
struct SystemRow {
    held_by: Option<Hold>,
}

impl Show for SystemRow {
    type Id = &'static str;
    const TABLE: TableName = TableName::System;
    fn id(&self) -> &'static str {
        "daemon"
    }
}

fn pacing(view: &LiveView) -> Vec<PacingRow<'_>> {
    let rows = view.campaigns.iter();
    rows.map(|row| PacingRow { campaign: row.campaign, line: &row.line }).collect()
}

const fn system(view: &LiveView) -> [SystemRow; 1] {
    [SystemRow { held_by: view.held_by }]
}

/// All tables at one moment.
#[derive(Debug)]
pub struct Tables {
    /// Names the run of the daemon: revisions of another one mean nothing here.
    run: String,
    rev: u64,
    /// When Asterisk was heard last.
    source: Timestamp,
    view: Option<Arc<LiveView>>,
    tables: BTreeMap<TableName, Table>,
}

impl Tables {
    /// Empty tables. `run` must differ from that of every daemon before.
    pub fn new(run: impl Into<String>) -> Self {
        let tables = TableName::ALL.map(|name| (name, Table::new(name.numbers()))).into();
        Self { run: run.into(), rev: 0, source: Timestamp::default(), view: None, tables }
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
        changed |= self.compare(&old.campaigns, &view.campaigns);
        changed |= self.compare(&pacing(old), &pacing(&view));
        changed |= self.compare(old_system, &system(&view));
        changed |= self.compare(&old.trunks, &view.trunks);
        self.rev += u64::from(changed);
        self.view = Some(view);
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

fn fields(row: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        other => {
            tracing::error!(?other, "a row of the live view is no JSON object");
            Map::new()
        }
    }
}

/// A view as JSON for somebody with these rights: what [`Tables`] would show them of it.
pub fn masked(view: &impl Serialize, rights: &Rights) -> Value {
    let mut view = Value::Object(fields(view));
    if !rights.numbers {
        for name in TableName::ALL {
            let rows = view.get_mut(name.as_str()).and_then(Value::as_array_mut);
            for row in rows.into_iter().flatten() {
                for column in name.numbers() {
                    row[*column] = mask(&row[*column]);
                }
            }
        }
    }
    view
}
