//! The history of campaigns' pacing: a line every ten seconds, for a month.

use std::time::Duration;

use cadran_engine::PACING_KEPT;
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::model::{CampaignId, Timestamp};

use super::db::{Select, Tx};
use super::value::{args, json};
use super::{Error, Page, Store};

/// Which lines of a campaign's history are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacingFilter {
    /// Of this moment or later.
    pub from: Option<Timestamp>,
    /// From before this moment.
    pub until: Option<Timestamp>,
    /// One line at most for every span of this length.
    pub every: Option<Duration>,
}

impl Store {
    /// What a campaign's pacing did, the earliest first. A line is named by its moment.
    pub async fn pacing_lines(
        &self,
        campaign: CampaignId,
        filter: PacingFilter,
        page: Page<Timestamp>,
    ) -> Result<Vec<PacingLine>, Error> {
        let every = filter.every.map(|span| i64::try_from(span.as_millis()).unwrap_or(i64::MAX).max(1));
        let rows = Select::new("select line from pacing")
            .narrow("campaign_id = ?", Some(campaign))
            .narrow("at >= ?", filter.from)
            .narrow("at < ?", filter.until)
            .narrow("at > ?", page.after)
            .narrow_all(
                "at in (select min(at) from pacing where campaign_id = ? group by at / ?)",
                every.map(|every| args![campaign, every]),
            )
            .page(&self.db, "at", page.limit())
            .await?;
        rows.iter().map(|row| row.json("line")).collect()
    }
}

/// Keeps a line, the second time nothing, and lets those go that are too old.
pub(super) async fn save(tx: &mut Tx, campaign: CampaignId, line: &PacingLine) -> Result<(), Error> {
    tx.execute("delete from pacing where at < $1", args![line.at - PACING_KEPT]).await?;
    let sql = "insert into pacing (campaign_id, at, line) values ($1, $2, $3) \
               on conflict do nothing";
    tx.execute(sql, args![campaign, line.at, json(line)?]).await.map(drop)
}
