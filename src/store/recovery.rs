//! What an earlier daemon left unfinished.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cadran_engine::dialer::drop_ledger::{DropCounts, DropLedger};
use cadran_engine::input::{OpenRecording, OpenSession, Recovery};
use cadran_engine::model::{Attempt, CallId, CampaignId, Lead, Outcome, RecordingId, Timestamp};

use super::db::{Lane, Tx};
use super::lead::{histories_in, read_lead};
use super::value::args;
use super::{Error, Store, attempt, caller_callback, learnt, recording, session, supervision};

const RELEASE_CLAIMED: &str = "update lead set state = 'waiting', claimed_by = null, claimed_until = null, \
    updated_at = $2 where state = 'claimed' and claimed_by = $1";

const OPEN_ATTEMPTS: &str = "select * from attempt where outcome is null and holder = $1 \
    order by started_at, attempt_id";

/// In the same order: an open attempt has its lead to itself.
const THEIR_LEADS: &str = "select lead.* from attempt join lead using (lead_id) \
    where outcome is null and holder = $1 order by started_at, attempt_id";

/// With the last state that was saved: whoever was paused or supervised, or whose phone was
/// gone, takes no calls.
const OPEN_SESSIONS: &str = "select agent_session.*, coalesce((select state not in ('paused', 'lost', 'supervising') \
    from agent_state where agent_state.session_id = agent_session.session_id \
    order by agent_state_id desc limit 1), false) as ready \
    from agent_session where ended_at is null and holder = $1 order by began_at, session_id";

/// A gap without an end is being written.
const OPEN_RECORDINGS: &str = "select recording.call_id, part, recording.started_at, \
    (select max(began_at) from recording_gap where recording_gap.call_id = recording.call_id \
    and recording_gap.part = recording.part and recording_gap.ended_at is null) as masked_since from recording \
    where recording.state = 'open' and holder = $1 order by recording.started_at";

/// Of calls that may go on. A caller's call has a row when it is over; one that was lost has none, and is old some day.
const LATEST_RECORDINGS: &str = "select recording.call_id, max(part) as part from recording \
    left join attempt on attempt.call_id = recording.call_id \
    left join caller_call on caller_call.call_id = recording.call_id \
    where recording.holder = $1 and case when attempt.call_id is null \
        then caller_call.call_id is null and recording.started_at >= $2 else outcome is null end \
    group by recording.call_id order by recording.call_id";

const SAID_OF_OPEN: &str = "select call_id, campaign_id, (select code from disposition \
    where disposition.call_id = attempt.call_id order by said_at desc limit 1) as code \
    from attempt where outcome is null and holder = $1 order by started_at, attempt_id";

/// Ten minutes ([`DropLedger::BUCKET`]) are 600,000 ms; persons are counted in thousandths. Of what agents said of a call the latest word counts.
const DROPS: &str = "select campaign_id, since, outcome, code, count(*) as answers, \
    cast(sum(person) as bigint) as permille, cast(sum(person * (1000 - person)) as bigint) as doubt from \
    (select attempt.campaign_id, coalesce(answered_at, attempt.ended_at) / 600000 * 600000 as since, outcome, \
        coalesce(person_permille, 1000) as person, case when outcome = 'answered' then (select code from disposition \
        where disposition.call_id = attempt.call_id order by said_at desc limit 1) end as code \
    from attempt left join call on call.call_id = attempt.call_id \
    where attempt.ended_at >= $1 and outcome in ('answered', 'dropped')) answered \
    group by campaign_id, since, outcome, code order by since, campaign_id";

/// No caller's call goes on for longer.
const CALL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Store {
    /// What was unfinished when the daemon that drove `holder`'s Asterisk server stopped. Leads in its hopper are
    /// released; attempts, sessions and recordings stay open until the engine has compared them with Asterisk.
    pub async fn recover(&self, holder: &str, now: Timestamp) -> Result<Recovery, Error> {
        let machines = self.machine_codes().await?;
        let mut tx = self.db.begin(Lane::Calls).await?;
        tx.execute(RELEASE_CLAIMED, args![holder, now]).await?;
        let recovery = Recovery {
            attempts: open_attempts(&mut tx, holder).await?,
            sessions: open_sessions(&mut tx, holder).await?,
            recordings: open_recordings(&mut tx, holder).await?,
            latest_recordings: latest_recordings(&mut tx, holder, now).await?,
            drops: drops(&mut tx, now, &machines).await?,
            machines: said_to_be_machines(&mut tx, holder, &machines).await?,
            learnt: learnt::all(&mut tx).await?,
            callbacks: caller_callback::open(&mut tx, holder, now).await?,
        };
        // Behind all else: it takes the audit log's turn.
        supervision::close_all(&mut tx, holder, now).await?;
        tx.commit().await?;
        Ok(recovery)
    }
}

async fn open_attempts(tx: &mut Tx, holder: &str) -> Result<Vec<(Attempt, Lead)>, Error> {
    let attempts = tx.rows(OPEN_ATTEMPTS, args![holder]).await?;
    let leads = tx.rows(THEIR_LEADS, args![holder]).await?;
    let mut histories = histories_in(tx, &leads).await?;
    let pairs = attempts.iter().zip(&leads);
    pairs
        .map(|(attempt, lead)| Ok((attempt::read(attempt)?.attempt, read_lead(lead, &mut histories)?)))
        .collect()
}

async fn open_sessions(tx: &mut Tx, holder: &str) -> Result<Vec<OpenSession>, Error> {
    let rows = tx.rows(OPEN_SESSIONS, args![holder]).await?;
    let open = rows.iter().map(|row| {
        let session = session::read_session(row)?;
        let (agent, campaigns, ready) = (session.agent, session.campaigns, row.get("ready")?);
        Ok(OpenSession { session: session.id, agent, campaigns, ready })
    });
    open.collect()
}

async fn open_recordings(tx: &mut Tx, holder: &str) -> Result<Vec<OpenRecording>, Error> {
    let rows = tx.rows(OPEN_RECORDINGS, args![holder]).await?;
    let open = rows.iter().map(|row| {
        let (started_at, masked_since) = (row.get("started_at")?, row.get("masked_since")?);
        Ok(OpenRecording { recording: recording::read_id(row)?, started_at, masked_since })
    });
    open.collect()
}

async fn latest_recordings(tx: &mut Tx, holder: &str, now: Timestamp) -> Result<Vec<RecordingId>, Error> {
    let rows = tx.rows(LATEST_RECORDINGS, args![holder, now - CALL_MAX]).await?;
    rows.iter().map(recording::read_id).collect()
}

/// The dispositions that say of a call that a machine had answered.
type MachineCodes = BTreeMap<CampaignId, BTreeSet<String>>;

impl Store {
    async fn machine_codes(&self) -> Result<MachineCodes, Error> {
        let codes = self.campaigns_at_work().await?.into_iter().map(|campaign| {
            let machines = campaign.settings.dispositions.into_iter().filter(|choice| choice.machine);
            (campaign.id, machines.map(|choice| choice.code).collect())
        });
        Ok(codes.collect())
    }
}

async fn said_to_be_machines(
    tx: &mut Tx,
    holder: &str,
    machines: &MachineCodes,
) -> Result<Vec<CallId>, Error> {
    let mut calls = Vec::new();
    for row in tx.rows(SAID_OF_OPEN, args![holder]).await? {
        let (campaign, code): (CampaignId, Option<String>) = (row.get("campaign_id")?, row.get("code")?);
        if code.is_some_and(|code| machines.get(&campaign).is_some_and(|codes| codes.contains(&code))) {
            calls.push(row.get("call_id")?);
        }
    }
    Ok(calls)
}

/// People who answered and people who were dropped, as [`DropLedger`] counts them.
async fn drops(
    tx: &mut Tx,
    now: Timestamp,
    machines: &MachineCodes,
) -> Result<Vec<(CampaignId, Timestamp, DropCounts)>, Error> {
    let mut buckets: BTreeMap<(Timestamp, CampaignId), DropCounts> = BTreeMap::new();
    for row in tx.rows(DROPS, args![now - DropLedger::MONTH]).await? {
        let campaign: CampaignId = row.get("campaign_id")?;
        let counts = buckets.entry((row.get("since")?, campaign)).or_default();
        let (outcome, answers): (Outcome, u32) = (row.get("outcome")?, row.get("answers")?);
        let code: Option<String> = row.get("code")?;
        let is_machine = |code: &String| machines.get(&campaign).is_some_and(|codes| codes.contains(code));
        if outcome == Outcome::Dropped {
            counts.unserved += answers;
            counts.persons += row.get::<i64>("permille")? as f64 / 1e3;
            counts.doubt += row.get::<i64>("doubt")? as f64 / 1e6;
        } else if !code.as_ref().is_some_and(is_machine) {
            counts.served += answers;
        }
    }
    Ok(buckets.into_iter().map(|((since, campaign), counts)| (campaign, since, counts)).collect())
}
