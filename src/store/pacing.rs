//! The history of campaigns' pacing: a line every second for two days, and one every ten seconds for a month.

use std::time::Duration;

use cadran_engine::dialer::pacing_line::{LineSpan, PacingLine};
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

/// A line of history.
#[derive(Clone, Debug, PartialEq)]
pub struct PastPacing {
    /// For how many seconds up to its moment it stands: one or ten.
    pub seconds: i64,
    /// What pacing did at that moment, and whatever stood in its way in any of these seconds.
    pub line: PacingLine,
}

impl Store {
    /// What a campaign's pacing did, the earliest first. A line is named by its moment.
    pub async fn pacing_lines(
        &self,
        campaign: CampaignId,
        filter: PacingFilter,
        page: Page<Timestamp>,
    ) -> Result<Vec<PastPacing>, Error> {
        let (from, until) = (filter.from, filter.until);
        let first_of_each = filter.every.map(|every| {
            // Lines of ten seconds tell what stood in the way in all of them.
            let seconds =
                if every < LineSpan::TenSeconds.length() { 1 } else { seconds(LineSpan::TenSeconds) };
            let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX).max(1);
            let (earliest, latest) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
            args![campaign, from.unwrap_or(earliest), until.unwrap_or(latest), seconds, every]
        });
        let rows = Select::new("select seconds, line from pacing")
            .narrow("campaign_id = ?", Some(campaign))
            .narrow("at >= ?", from)
            .narrow("at < ?", until)
            .narrow("at > ?", page.after)
            .narrow_all(
                "at in (select min(at) from pacing where campaign_id = ? and at >= ? and at < ? and seconds >= ? \
                 group by at / ?)",
                first_of_each,
            )
            .page(&self.db, "at", page.limit())
            .await?;
        rows.iter()
            .map(|row| Ok(PastPacing { seconds: row.get("seconds")?, line: row.json("line")? }))
            .collect()
    }
}

/// Keeps a line, the second time nothing, and lets those go that are too old.
pub(super) async fn save(
    tx: &mut Tx,
    campaign: CampaignId,
    span: LineSpan,
    line: &PacingLine,
) -> Result<(), Error> {
    if span == LineSpan::TenSeconds {
        let [second, tenth] = [LineSpan::Second, LineSpan::TenSeconds].map(|span| line.at - span.kept());
        tx.execute("delete from pacing where at < $1 and seconds = 1", args![second]).await?;
        tx.execute("delete from pacing where at < $1", args![tenth]).await?;
    }
    let sql = "insert into pacing (campaign_id, at, seconds, line) values ($1, $2, $3, $4) \
               on conflict do nothing";
    tx.execute(sql, args![campaign, line.at, seconds(span), json(line)?]).await.map(drop)
}

fn seconds(span: LineSpan) -> i64 {
    i64::try_from(span.length().as_secs()).unwrap_or(i64::MAX)
}
