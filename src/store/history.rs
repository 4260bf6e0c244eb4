//! Questions about the past: attempts, calls, and the story of one call or one lead.

use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{
    AgentId, AttemptId, CallId, CampaignId, LeadId, Outcome, Phone, QueueId, Scope, Timestamp,
};

use serde::Deserialize;

use super::db::Select;
use super::value::args;
use super::{
    AttemptRecord, CallbackRecord, DispositionKept, Error, LeadRecord, Page, RecordingRecord, Store, attempt,
    call, callback, disposition, recording,
};

/// What is wanted of the past; without a value everything matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Had by this agent. For attempts: placed for this agent.
    pub agent: Option<AgentId>,
    /// On behalf of this campaign.
    pub campaign: Option<CampaignId>,
    /// Begun at this moment or later. For calls: answered.
    pub from: Option<Timestamp>,
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// To this number.
    pub phone: Option<Phone>,
    /// Begun before this moment. For calls: answered.
    pub until: Option<Timestamp>,
}

/// In which order come what has its moment: attempts, imports and acts, by when they began; calls, by when they were
/// answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryOrder {
    /// The first one first.
    Earliest,
    /// The last one first.
    #[default]
    Latest,
}

/// Whose a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A caller's.
    Caller {
        /// The queue in which they waited last.
        queue: Option<QueueId>,
        /// Who had the call last.
        agent: Option<AgentId>,
    },
    /// Of the campaign on whose behalf it was made.
    Campaign(CampaignId),
}

impl Owner {
    /// Whether `scope` reaches to it.
    pub fn is_within(self, scope: &Scope) -> bool {
        match self {
            Self::Caller { queue, agent } => scope.has_caller(queue, agent),
            Self::Campaign(campaign) => scope.has_campaign(campaign),
        }
    }
}

const OWNER_OF_CALLER: &str = "select agent_id, queue_id from (select agent_id, (select queue_id from queue_wait \
    where queue_wait.call_id = caller_call.call_id order by number desc limit 1) as queue_id, 1000 as place \
    from caller_call where call_id = $1 \
    union all select agent_id, queue_id, part from recording where call_id = $1) owners order by place desc limit 1";

/// One call with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallStory {
    /// The dial.
    pub attempt: AttemptRecord,
    /// The conversation; none when nobody answered, or while it goes on.
    pub call: Option<CallRecord>,
    /// Its recordings, in order.
    pub recordings: Vec<RecordingRecord>,
    /// What agents said of it, the latest last.
    pub dispositions: Vec<DispositionKept>,
}

/// One lead with all that happened to it.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadStory {
    /// The lead as it stands.
    pub lead: LeadRecord,
    /// Its attempts, the latest first, [`super::PAGE_MAX`] at most.
    pub attempts: Vec<AttemptRecord>,
    /// What agents said of its calls, in the order in which it was said.
    pub dispositions: Vec<DispositionKept>,
    /// Its callbacks, by their agreed moment.
    pub callbacks: Vec<CallbackRecord>,
}

impl Store {
    /// A page of attempts.
    pub async fn attempts(
        &self,
        filter: HistoryFilter,
        order: HistoryOrder,
        page: Page<AttemptId>,
    ) -> Result<Vec<AttemptRecord>, Error> {
        let (behind, by) = match order {
            HistoryOrder::Earliest => (
                "(started_at, attempt_id) > (select started_at, attempt_id from attempt where attempt_id = ?)",
                "started_at, attempt_id",
            ),
            HistoryOrder::Latest => (
                "(started_at, attempt_id) < (select started_at, attempt_id from attempt where attempt_id = ?)",
                "started_at desc, attempt_id desc",
            ),
        };
        let rows = Select::new("select * from attempt")
            .of_campaigns("campaign_id", &self.scope)
            .narrow("agent_id = ?", filter.agent)
            .narrow("campaign_id = ?", filter.campaign)
            .narrow("started_at >= ?", filter.from)
            .narrow("lead_id = ?", filter.lead)
            .narrow("phone = ?", filter.phone)
            .narrow("started_at < ?", filter.until)
            .narrow(behind, page.after)
            .page(&self.db, by, page.limit())
            .await?;
        rows.iter().map(attempt::read).collect()
    }

    /// A page of calls that are over.
    pub async fn calls(
        &self,
        filter: HistoryFilter,
        order: HistoryOrder,
        page: Page<CallId>,
    ) -> Result<Vec<CallRecord>, Error> {
        let (behind, by) = match order {
            HistoryOrder::Earliest => (
                "(answered_at, call.call_id) > (select answered_at, call_id from call where call_id = ?)",
                "answered_at, call.call_id",
            ),
            HistoryOrder::Latest => (
                "(answered_at, call.call_id) < (select answered_at, call_id from call where call_id = ?)",
                "answered_at desc, call.call_id desc",
            ),
        };
        let rows = Select::new(call::SELECT)
            .of_campaigns("campaign_id", &self.scope)
            .narrow("call.agent_id = ?", filter.agent)
            .narrow("campaign_id = ?", filter.campaign)
            .narrow("answered_at >= ?", filter.from)
            .narrow("lead_id = ?", filter.lead)
            .narrow("phone = ?", filter.phone)
            .narrow("answered_at < ?", filter.until)
            .narrow(behind, page.after)
            .page(&self.db, by, page.limit())
            .await?;
        rows.iter().map(call::read).collect()
    }

    /// All that is known of one call, answered or not.
    pub async fn call_story(&self, id: CallId) -> Result<Option<CallStory>, Error> {
        let Some(row) = self.db.row("select * from attempt where call_id = $1", args![id]).await? else {
            return Ok(None);
        };
        let call = Select::new(call::SELECT).narrow("call.call_id = ?", Some(id));
        let dispositions = "select * from disposition where call_id = $1 order by said_at";
        Ok(Some(CallStory {
            attempt: attempt::read(&row)?,
            call: call.page(&self.db, "call.call_id", 1).await?.first().map(call::read).transpose()?,
            recordings: self.recordings_of_call(id).await?,
            dispositions: rows(&self.db.rows(dispositions, args![id]).await?, disposition::read)?,
        }))
    }

    /// The recordings of a call, in order.
    pub async fn recordings_of_call(&self, id: CallId) -> Result<Vec<RecordingRecord>, Error> {
        let recordings = Select::new(recording::SELECT).narrow("recording.call_id = ?", Some(id));
        // The part of a recording is a `u8`: a page of this size holds them all.
        rows(&recordings.page(&self.db, "part", u16::from(u8::MAX)).await?, recording::read)
    }

    /// Whose a call is or was: none of which nothing is written yet, such as a caller's who is still there and was not
    /// recorded.
    pub async fn owner_of_call(&self, id: CallId) -> Result<Option<Owner>, Error> {
        if let Some(row) =
            self.db.row("select campaign_id from attempt where call_id = $1", args![id]).await?
        {
            return Ok(Some(Owner::Campaign(row.get("campaign_id")?)));
        }
        let row = self.db.row(OWNER_OF_CALLER, args![id]).await?;
        row.map(|row| {
            let queue = row.get::<Option<i64>>("queue_id")?.map(QueueId::from_i64);
            Ok(Owner::Caller { queue, agent: row.get("agent_id")? })
        })
        .transpose()
    }

    /// All that happened to one lead.
    pub async fn lead_story(&self, id: LeadId) -> Result<Option<LeadStory>, Error> {
        let Some(lead) = self.lead(id).await? else {
            return Ok(None);
        };
        let filter = HistoryFilter { lead: Some(id), ..HistoryFilter::default() };
        let dispositions = "select disposition.* from disposition join attempt using (call_id) \
                            where lead_id = $1 order by said_at";
        let callbacks = "select * from callback where lead_id = $1 order by due_at";
        Ok(Some(LeadStory {
            lead,
            attempts: self.attempts(filter, HistoryOrder::Latest, Page::first()).await?,
            dispositions: rows(&self.db.rows(dispositions, args![id]).await?, disposition::read)?,
            callbacks: rows(&self.db.rows(callbacks, args![id]).await?, callback::read)?,
        }))
    }

    /// How many attempts of a campaign ended how. Attempts without an outcome count under none.
    pub async fn outcome_counts(&self, campaign: CampaignId) -> Result<Vec<(Option<Outcome>, u64)>, Error> {
        let sql = "select outcome, count(*) as attempts from attempt where campaign_id = $1 \
                   group by outcome order by outcome";
        let counts = self.db.rows(sql, args![campaign]).await?;
        rows(&counts, |row| Ok((row.get("outcome")?, row.get("attempts")?)))
    }
}

fn rows<T>(
    rows: &[super::value::Row],
    read: impl Fn(&super::value::Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    rows.iter().map(read).collect()
}
