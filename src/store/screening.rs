//! What answering machine detection said of a campaign's dials, and what agents said of the same calls.

use cadran_engine::model::{CampaignId, ListId, Verdict};

use super::value::{Row, args};
use super::{Error, Store};

/// Calls of one list with one verdict and one disposition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScreenedCalls {
    /// Where their leads came from.
    pub list: ListId,
    /// What detection said.
    pub verdict: Verdict,
    /// What the agent said, the last time; none where no agent had the call, or said anything.
    pub code: Option<String>,
    /// How many.
    pub calls: u64,
}

/// The latest disposition counts, as everywhere.
const COUNTS: &str = "select list_id, amd_verdict, code, count(*) as calls from \
    (select list_id, amd_verdict, (select code from disposition where disposition.call_id = attempt.call_id \
        order by said_at desc limit 1) as code \
    from attempt where campaign_id = $1 and amd_verdict is not null) screened \
    group by list_id, amd_verdict, code order by list_id, amd_verdict, coalesce(code, '')";

impl Store {
    /// A campaign's screened dials, counted by list, verdict and disposition. Dials that go on are not among them.
    pub async fn screened_calls(&self, campaign: CampaignId) -> Result<Vec<ScreenedCalls>, Error> {
        self.db.rows(COUNTS, args![campaign]).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<ScreenedCalls, Error> {
    Ok(ScreenedCalls {
        list: row.get("list_id")?,
        verdict: row.get("amd_verdict")?,
        code: row.get("code")?,
        calls: row.get("calls")?,
    })
}
