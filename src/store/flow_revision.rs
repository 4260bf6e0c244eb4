//! Revisions of flows. What was published never changes; publishing adds one and moves a pointer to it.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::model::{Canary, Did, FlowId, FlowPublished, Timestamp};
use serde_json::Value as Json;

use super::db::{Lane, Select};
use super::flow::Pointer;
use super::value::{Row, args, json};
use super::{Error, Page, Store, only};

/// How many of a flow's latest revisions are ready for callers who began in them: a call is in a flow for hours at most
/// (`TIME_MAX` of its run), and more than two corrections within that time are rare.
const LATEST_READY: u32 = 3;

/// A published revision of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowRevision {
    /// Of which flow.
    pub flow: FlowId,
    /// Counts from 1.
    pub revision: u32,
    /// The document, in canonical form.
    pub document: String,
    /// SHA-256 of the document without its layout, in hexadecimal digits.
    pub hash: String,
    /// Who published it.
    pub author: String,
    /// What they said of it.
    pub message: String,
    /// What the check found: warnings only.
    pub report: Json,
    /// What came of the saved tests.
    pub tests: Json,
    /// When.
    pub published_at: Timestamp,
}

impl Store {
    /// Adds a revision and has `pointer` point at it, if nobody changed the draft since `rev`. The number in
    /// `revision` is not used: it is the next one.
    pub async fn publish(
        &self,
        revision: &FlowRevision,
        rev: i64,
        pointer: Pointer,
    ) -> Result<FlowRevision, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        // The row is locked by this change, so that two publishers get two numbers.
        let locked = "update flow set rev = rev where flow_id = $1 returning rev";
        match tx.row(locked, args![revision.flow]).await? {
            None => return Err(Error::NotFound("flow")),
            Some(row) if row.get::<i64>("rev")? != rev => return Err(Error::Changed("flow")),
            Some(_) => {}
        }
        let sql = "insert into flow_revision (flow_id, revision, document, hash, author, message, report, tests, \
                   published_at) select $1, coalesce(max(revision), 0) + 1, $2, $3, $4, $5, $6, $7, $8 \
                   from flow_revision where flow_id = $1 returning *";
        let values = args![
            revision.flow,
            &revision.document,
            &revision.hash,
            &revision.author,
            &revision.message,
            json(&revision.report)?,
            json(&revision.tests)?,
            revision.published_at,
        ];
        let kept = read(&only(tx.rows(sql, values).await?)?)?;
        let point = match pointer {
            Pointer::Live => "update flow set live = $2 where flow_id = $1",
            Pointer::Test => "update flow set test = $2 where flow_id = $1",
        };
        tx.execute(point, args![revision.flow, kept.revision]).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// One revision.
    pub async fn flow_revision(&self, flow: FlowId, revision: u32) -> Result<Option<FlowRevision>, Error> {
        let sql = "select * from flow_revision where flow_id = $1 and revision = $2";
        self.db.row(sql, args![flow, revision]).await?.as_ref().map(read).transpose()
    }

    /// A flow's revisions, the latest first.
    pub async fn flow_revisions(&self, flow: FlowId, page: Page<u32>) -> Result<Vec<FlowRevision>, Error> {
        let select = Select::new("select * from flow_revision")
            .narrow("flow_id = ?", Some(flow))
            .narrow("revision < ?", page.after);
        select.page(&self.db, "revision desc", page.limit()).await?.iter().map(read).collect()
    }

    /// Every flow with the revisions that calls may begin in, that other flows call, or in which callers may still wait
    /// whom an earlier daemon knew: the latest [`LATEST_READY`] of each.
    pub(super) async fn published_flows(&self, dids: &[Did]) -> Result<Vec<FlowPublished>, Error> {
        let sql = "select flow_id, live, test from flow where live is not null or test is not null order by flow_id";
        let mut published = BTreeMap::new();
        let mut wanted = BTreeSet::new();
        for row in self.db.rows(sql, args![]).await? {
            let (id, live, test): (FlowId, Option<u32>, Option<u32>) =
                (row.get("flow_id")?, row.get("live")?, row.get("test")?);
            wanted.extend(live.into_iter().chain(test).map(|revision| (id, revision)));
            published.insert(id, FlowPublished { id, live, test, revisions: BTreeMap::new() });
        }
        let canaries =
            dids.iter().filter_map(|did| did.canary.map(|Canary { revision, .. }| (did.flow, revision)));
        wanted.extend(canaries);
        let latest = "select flow_id, revision from flow_revision newest where revision > (select max(revision) \
                      from flow_revision where flow_id = newest.flow_id) - $1";
        for row in self.db.rows(latest, args![LATEST_READY]).await? {
            wanted.insert((row.get("flow_id")?, row.get("revision")?));
        }
        // Revisions that others are pinned to are found by reading; each is read once, so this ends.
        while let Some((flow, revision)) = wanted.pop_first() {
            let Some(known) = published.get(&flow) else { continue };
            if known.revisions.contains_key(&revision) {
                continue;
            }
            let Some(found) = self.flow_revision(flow, revision).await? else { continue };
            wanted.extend(pinned(&found.document));
            if let Some(known) = published.get_mut(&flow) {
                known.revisions.insert(revision, found.document);
            }
        }
        Ok(published.into_values().collect())
    }
}

/// The revisions of other flows that a document is pinned to.
fn pinned(document: &str) -> Vec<(FlowId, u32)> {
    let called = called_flows(document).into_iter();
    called
        .filter_map(|(flow, pin)| Some((flow.parse().ok()?, pin?.strip_prefix('r')?.parse().ok()?)))
        .collect()
}

/// The flows that a document calls, each with its pin.
pub(super) fn called_flows(document: &str) -> Vec<(String, Option<String>)> {
    let document: Json = serde_json::from_str(document).unwrap_or_default();
    let nodes = document["nodes"].as_object().into_iter().flat_map(|nodes| nodes.values());
    let text = |value: &Json| value.as_str().map(str::to_owned);
    nodes
        .filter_map(|node| match node["kind"].as_str() {
            Some("subflow") => Some((text(&node["flow"])?, text(&node["pin"]))),
            Some("queue") => Some((text(&node["wait_flow"])?, None)),
            _ => None,
        })
        .collect()
}

fn read(row: &Row) -> Result<FlowRevision, Error> {
    Ok(FlowRevision {
        flow: row.get("flow_id")?,
        revision: row.get("revision")?,
        document: row.get("document")?,
        hash: row.get("hash")?,
        author: row.get("author")?,
        message: row.get("message")?,
        report: row.json("report")?,
        tests: row.json("tests")?,
        published_at: row.get("published_at")?,
    })
}
