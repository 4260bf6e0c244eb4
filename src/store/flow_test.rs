//! Saved tests of flows: simulated calls with what must come of them.

use cadran_engine::model::{FlowId, FlowTestId, Timestamp};
use serde_json::Value as Json;

use super::value::{Row, args, json};
use super::{Error, Kept, Store, only};

const NOUN: &str = "test";
const EXISTS: &str = "select 1 as one from flow_test where test_id = $1";

/// Tests that one flow may have; each is run at every publishing.
pub const FLOW_TESTS_MAX: usize = 200;

/// A saved test of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowTest {
    /// The row. Its text stands in `tests` of the document.
    pub id: FlowTestId,
    /// Of which flow.
    pub flow: FlowId,
    /// What people call it.
    pub name: String,
    /// The call and what must come of it, in the form of the command line.
    pub test: Json,
}

impl Store {
    /// Keeps a test. The id in `test` is not used.
    pub async fn create_flow_test(&self, test: &FlowTest, now: Timestamp) -> Result<Kept<FlowTest>, Error> {
        let sql =
            "insert into flow_test (flow_id, name, settings, updated_at) values ($1, $2, $3, $4) returning *";
        let values = args![test.flow, &test.name, json(&test.test)?, now];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// All tests of a flow, in the order in which they were added.
    pub async fn flow_tests(&self, flow: FlowId) -> Result<Vec<Kept<FlowTest>>, Error> {
        let sql = "select * from flow_test where flow_id = $1 order by test_id";
        self.db.rows(sql, args![flow]).await?.iter().map(read).collect()
    }

    /// Replaces a test, if nobody changed it since `rev`. Its own id and flow name it.
    pub async fn update_flow_test(
        &self,
        test: &FlowTest,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<FlowTest>, Error> {
        let sql = "update flow_test set name = $4, settings = $5, updated_at = $6, rev = rev + 1 \
                   where test_id = $1 and flow_id = $2 and rev = $3 returning *";
        let values = args![test.id, test.flow, rev, &test.name, json(&test.test)?, now];
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, test.id.as_i64()).await),
        }
    }

    /// Removes a test, if nobody changed it since `rev`.
    pub async fn delete_flow_test(&self, flow: FlowId, id: FlowTestId, rev: i64) -> Result<(), Error> {
        let sql = "delete from flow_test where test_id = $1 and flow_id = $2 and rev = $3 returning test_id";
        match self.db.change(sql, args![id, flow, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn read(row: &Row) -> Result<Kept<FlowTest>, Error> {
    let test = FlowTest {
        id: row.get("test_id")?,
        flow: row.get("flow_id")?,
        name: row.get("name")?,
        test: row.json("settings")?,
    };
    Kept::read(row, test)
}
