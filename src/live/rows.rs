//! What of the engine's view is a row of which table. A table more is an implementation here and a line in
//! [`super::Tables::show`].

use std::collections::BTreeMap;
use std::fmt::Display;

use cadran_engine::command::Hold;
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::model::{AgentId, CallId, CampaignId, QueueId, TrunkId};
use cadran_engine::view::{AgentView, CallView, CallerView, CampaignView, LiveView, QueueView, TrunkView};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::check::{Check, Part};
use super::topic::TableName;
use crate::sentences;
use crate::words::Language;

/// A row of a table.
pub(super) trait Show: PartialEq + Serialize + Sized {
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

impl Show for CallerView {
    type Id = CallId;
    const TABLE: TableName = TableName::Callers;
    fn id(&self) -> CallId {
        self.call
    }
}

impl Show for QueueView {
    type Id = QueueId;
    const TABLE: TableName = TableName::Queues;
    fn id(&self) -> QueueId {
        self.queue
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
pub(super) struct PacingRow<'a> {
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
        let why = BTreeMap::from(Language::ALL.map(sentence));
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

/// The installation as a whole.
#[derive(PartialEq, Serialize)]
pub(super) struct SystemRow {
    part: &'static str,
    held_by: Option<Hold>,
}

impl Show for SystemRow {
    type Id = &'static str;
    const TABLE: TableName = TableName::System;
    fn id(&self) -> &'static str {
        DAEMON
    }
}

/// The part of the installation that everybody may see.
pub(super) const DAEMON: &str = "daemon";

impl Show for Check {
    type Id = Part;
    const TABLE: TableName = TableName::System;
    fn id(&self) -> Part {
        self.part
    }
    fn fields(&self) -> Map<String, Value> {
        let mut fields = fields(self);
        fields.insert("part".to_owned(), json!("check"));
        fields
    }
}

/// The rows of pacing: each campaign's line.
pub(super) fn pacing(view: &LiveView) -> Vec<PacingRow<'_>> {
    let rows = view.campaigns.iter();
    rows.map(|row| PacingRow { campaign: row.campaign, line: &row.line }).collect()
}

/// The one row of the installation.
pub(super) const fn system(view: &LiveView) -> [SystemRow; 1] {
    [SystemRow { part: DAEMON, held_by: view.held_by }]
}

/// The fields of a row, or of a whole view.
pub(super) fn fields(row: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(row) {
        Ok(Value::Object(fields)) => fields,
        other => {
            tracing::error!(?other, "a row of the live view is no JSON object");
            Map::new()
        }
    }
}
