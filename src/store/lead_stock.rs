//! How many leads a campaign has left, and how fast it uses them up.

use std::time::Duration;

use cadran_engine::dialer::exhaustion::{HORIZON, Stock};
use cadran_engine::model::{CampaignId, Timestamp};

use super::value::args;
use super::{Error, Store};

/// The dials that say how fast a campaign dials. Long enough to even out a break of a few agents, short enough to follow
/// the hour.
pub const PACE_SPAN: Duration = Duration::from_secs(15 * 60);

/// Each part is counted within an index. What is in hand counts as due.
const DUE: &str = "select cast(sum(leads) as bigint) as leads from ( \
    select count(*) as leads from list join lead on lead.list_id = list.list_id \
        where list.campaign_id = $1 and enabled and lead.state = 'waiting' and ripe \
    union all select count(*) from list join lead on lead.list_id = list.list_id \
        where list.campaign_id = $1 and enabled and lead.state = 'waiting' and not ripe and not callback \
        and due_at <= $2 \
    union all select count(*) from lead where campaign_id = $1 and state = 'waiting' and callback and due_at <= $2 \
    union all select count(*) from lead where campaign_id = $1 and claimed_by is not null and state = 'claimed' \
    ) as parts";

/// An hour is 3,600,000 ms.
const FALLING_DUE: &str = "select (due_at - $2) / 3600000 as hour, count(*) as leads from ( \
    select due_at from list join lead on lead.list_id = list.list_id \
        where list.campaign_id = $1 and enabled and lead.state = 'waiting' and not ripe and not callback \
        and due_at > $2 and due_at < $3 \
    union all select due_at from lead \
        where campaign_id = $1 and state = 'waiting' and callback and due_at > $2 and due_at < $3 \
    ) as parts group by 1 order by 1";

const PACE: &str = "select count(*) as dials, \
    count(case when lead.state = 'waiting' and ended_at is not null then 1 end) as repeated, \
    cast(coalesce(avg(case when lead.state = 'waiting' and ended_at is not null then due_at - ended_at end), 0) \
        as bigint) as repeat_after \
    from attempt join lead on lead.lead_id = attempt.lead_id \
    where attempt.campaign_id = $1 and started_at >= $2 and (outcome is null or outcome <> 'cancelled')";

impl Store {
    /// A campaign's leads and last dials, for [`cadran_engine::dialer::exhaustion::forecast`].
    pub async fn lead_stock(&self, campaign: CampaignId, now: Timestamp) -> Result<Stock, Error> {
        let due = self.db.row(DUE, args![campaign, now]).await?;
        let due = due.map(|row| row.get::<Option<i64>>("leads")).transpose()?.flatten().unwrap_or(0);
        let rows = self.db.rows(FALLING_DUE, args![campaign, now, now + HORIZON]).await?;
        let mut falling_due = vec![0; 24];
        for row in &rows {
            let hour: u64 = row.get("hour")?;
            let hour = usize::try_from(hour).unwrap_or(usize::MAX);
            if let Some(leads) = falling_due.get_mut(hour) {
                *leads = row.get("leads")?;
            }
        }
        let mut stock = Stock { due: due.unsigned_abs(), falling_due, span: PACE_SPAN, ..Stock::default() };
        if let Some(row) = self.db.row(PACE, args![campaign, now - PACE_SPAN]).await? {
            stock.dials = row.get("dials")?;
            stock.repeated = row.get("repeated")?;
            let repeat_after: i64 = row.get("repeat_after")?;
            stock.repeat_after = Duration::from_millis(repeat_after.max(0).unsigned_abs());
        }
        Ok(stock)
    }
}
