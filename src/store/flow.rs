//! Flows: the draft that people work on, and which revisions callers get.

use cadran_engine::model::{FlowId, Timestamp};

use super::db::Select;
use super::value::{Row, args};
use super::{Error, Kept, Page, Store, only};

const NOUN: &str = "flow";
const EXISTS: &str = "select 1 as one from flow where flow_id = $1";

/// A flow with its draft. Its revisions are rows of their own ([`super::FlowRevision`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The row; its text is also the `id` of the document.
    pub id: FlowId,
    /// What managers call it: the `name` of the document.
    pub name: String,
    /// What it is for: the `kind` of the document.
    pub kind: String,
    /// The document that is being worked on, as text. It is a JSON object; everything else may be wrong with it.
    pub draft: String,
    /// The revision for everybody, once there is one.
    pub live: Option<u32>,
    /// The revision that is being tried out.
    pub test: Option<u32>,
}

/// Which of a flow's pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointer {
    /// The revision for everybody.
    Live,
    /// The revision that is being tried out.
    Test,
}

/// Which flows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowFilter {
    /// For this purpose, as in `ivr`.
    pub kind: Option<String>,
    /// Those that have, or have not, a revision for everybody.
    pub live: Option<bool>,
}

impl Store {
    /// Keeps a flow. `document` writes its draft, given the id that the flow gets: the document names itself.
    pub async fn create_flow(
        &self,
        (name, kind): (&str, &str),
        document: impl FnOnce(FlowId) -> String + Send,
        now: Timestamp,
    ) -> Result<Kept<Flow>, Error> {
        let mut tx = self.db.begin(super::db::Lane::People).await?;
        let sql =
            "insert into flow (name, kind, draft, updated_at) values ($1, $2, '{}', $3) returning flow_id";
        let id = only(tx.rows(sql, args![name, kind, now]).await?)?.get("flow_id")?;
        let sql = "update flow set draft = $2 where flow_id = $1 returning *";
        let row = only(tx.rows(sql, args![id, &document(id)]).await?)?;
        tx.commit().await?;
        read(&row)
    }

    /// One flow.
    pub async fn flow(&self, id: FlowId) -> Result<Option<Kept<Flow>>, Error> {
        let row = self.db.row("select * from flow where flow_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// Flows, in the order in which they were added.
    pub async fn flows(&self, filter: &FlowFilter, page: Page<FlowId>) -> Result<Vec<Kept<Flow>>, Error> {
        let select = Select::new("select * from flow")
            .narrow("flow_id > ?", page.after)
            .narrow("kind = ?", filter.kind.as_deref())
            .narrow("(live is not null) = ?", filter.live);
        select.page(&self.db, "flow_id", page.limit()).await?.iter().map(read).collect()
    }

    /// Replaces the draft, if nobody changed it since `rev`. `flow.id` names it; its pointers are left alone.
    pub async fn update_draft(&self, flow: &Flow, rev: i64, now: Timestamp) -> Result<Kept<Flow>, Error> {
        let sql = "update flow set name = $3, kind = $4, draft = $5, updated_at = $6, rev = rev + 1 \
                   where flow_id = $1 and rev = $2 returning *";
        let values = args![flow.id, rev, &flow.name, &flow.kind, &flow.draft, now];
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, flow.id.as_i64()).await),
        }
    }

    /// Has a pointer point at a revision, or at none. Calls that are going on keep the revision they began with.
    pub async fn point(
        &self,
        id: FlowId,
        pointer: Pointer,
        revision: Option<u32>,
    ) -> Result<Kept<Flow>, Error> {
        let sql = match pointer {
            Pointer::Live => {
                "update flow set live = $2 where flow_id = $1 and ($2 is null or exists \
                 (select 1 from flow_revision where flow_id = $1 and revision = $2)) returning *"
            }
            Pointer::Test => {
                "update flow set test = $2 where flow_id = $1 and ($2 is null or exists \
                 (select 1 from flow_revision where flow_id = $1 and revision = $2)) returning *"
            }
        };
        match self.db.change(sql, args![id, revision.map(i64::from)]).await?.first() {
            Some(row) => read(row),
            None => Err(Error::NotFound("revision")),
        }
    }

    /// Removes a flow that was never published and that no number leads to.
    pub async fn delete_flow(&self, id: FlowId, rev: i64) -> Result<(), Error> {
        let used = "select name from did where settings ->> 'flow' = $1 limit 1";
        if self.db.row(used, args![&id.to_string()]).await?.is_some() {
            return Err(Error::Linked("a number leads to it".to_owned()));
        }
        let sql = "delete from flow where flow_id = $1 and rev = $2 returning flow_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn read(row: &Row) -> Result<Kept<Flow>, Error> {
    let flow = Flow {
        id: row.get("flow_id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        draft: row.get("draft")?,
        live: row.get("live")?,
        test: row.get("test")?,
    };
    Kept::read(row, flow)
}
