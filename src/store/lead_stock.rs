//! How many leads a campaign has left, how fast it uses them up, and what keeps the others.

use std::time::Duration;

use cadran_engine::dialer::compliance::Reason;
use cadran_engine::dialer::exhaustion::{HORIZON, Stock};
use cadran_engine::model::{CampaignId, LeadId, Timestamp};

use super::value::{Row, args};
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

/// Leads that wait, each with what keeps it at the moment `$2`. A callback is dialled whatever becomes of its list.
macro_rules! judged {
    ($of:literal) => {
        concat!(
            "(select lead.lead_id, due_at, case when due_at > $2 then held_because end as reason, case \
                when due_at > $2 and held_because is not null then 'forbidden' \
                when callback and due_at > $2 then 'later' when callback then 'due' \
                when not list.enabled then 'list_off' \
                when dialled_list.list_id is null or exists (select 1 from quota \
                    where quota.campaign_id = lead.campaign_id \
                    and reached >= wanted and lead.fields ->> quota.field = quota.value) then 'quota_reached' \
                when due_at > $2 then 'later' else 'due' end as why \
            from lead join list on list.list_id = lead.list_id \
                left join dialled_list on dialled_list.list_id = lead.list_id \
            where lead.state = 'waiting' and ",
            $of,
            ") as judged"
        )
    };
}

const WAITING: &str = concat!(
    "select count(*) as leads, min(due_at) as next_due_at, why, reason from ",
    judged!("lead.campaign_id = $1"),
    " group by why, reason order by leads desc, why, reason"
);

const WAITS: &str =
    concat!("select 1 as leads, due_at as next_due_at, why, reason from ", judged!("lead.lead_id = $1"));

/// What keeps a lead that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing: it is dialled next.
    Nothing,
    /// A rule, or a do-not-call list, forbade the call at the last look.
    Forbidden(Reason),
    /// It falls due later: a retry, a callback.
    Later,
    /// Its list is switched off.
    ListOff,
    /// Its list, its part of the campaign or the campaign has as many successes as were wanted.
    QuotaReached,
}

/// Leads that wait for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingLeads {
    /// Why.
    pub keeps: Keeps,
    /// How many.
    pub leads: u64,
    /// When the first of them is looked at again.
    pub next_due_at: Timestamp,
}

impl Store {
    /// A campaign's leads that wait, by what keeps them, the largest group first.
    ///
    /// Reads every lead that waits: for somebody who asks, not for a loop.
    pub async fn waiting_leads(
        &self,
        campaign: CampaignId,
        now: Timestamp,
    ) -> Result<Vec<WaitingLeads>, Error> {
        self.db.rows(WAITING, args![campaign, now]).await?.iter().map(read).collect()
    }

    /// What keeps one lead, if it waits.
    pub async fn waiting_lead(&self, lead: LeadId, now: Timestamp) -> Result<Option<WaitingLeads>, Error> {
        self.db.row(WAITS, args![lead, now]).await?.as_ref().map(read).transpose()
    }

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

fn read(row: &Row) -> Result<WaitingLeads, Error> {
    let why: String = row.get("why")?;
    let keeps = match why.as_str() {
        "forbidden" => Keeps::Forbidden(row.word("reason")?),
        "later" => Keeps::Later,
        "list_off" => Keeps::ListOff,
        "quota_reached" => Keeps::QuotaReached,
        _ => Keeps::Nothing,
    };
    Ok(WaitingLeads { keeps, leads: row.get("leads")?, next_due_at: row.get("next_due_at")? })
}
