//! What an earlier daemon left unfinished.

use std::time::Duration;

use cadran_engine::input::{OpenRecording, OpenSession, Recovery};
use cadran_engine::model::{Attempt, CampaignId, Lead, RecordingId, Timestamp};

use super::db::{Lane, Tx};
use super::lead::{histories_in, read_lead};
use super::value::args;
use super::{Error, Store, attempt, learnt, recording, session, supervision};

/// Over which the drop rate is counted (`Campaign::drop_limit`).
const DROPS_SPAN: Duration = Duration::from_secs(24 * 3600);

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
    join attempt on attempt.call_id = recording.call_id \
    where recording.state = 'open' and holder = $1 order by recording.started_at";

const LATEST_RECORDINGS: &str = "select recording.call_id, max(part) as part from recording \
    join attempt on attempt.call_id = recording.call_id \
    where outcome is null and holder = $1 group by recording.call_id order by recording.call_id";

/// Ten minutes are 600,000 ms. A dropped person has answered too.
const DROPS: &str = "select attempt.campaign_id, coalesce(answered_at, attempt.ended_at) / 600000 * 600000 as since, \
    count(*) as answered, count(case when outcome = 'dropped' then 1 end) as dropped \
    from attempt left join call on call.call_id = attempt.call_id \
    where attempt.ended_at >= $1 and outcome in ('answered', 'dropped') group by 1, 2 order by 1, 2";

impl Store {
    /// What was unfinished when the daemon that drove `holder`'s Asterisk server stopped. Leads in its hopper are
    /// released; attempts, sessions and recordings stay open until the engine has compared them with Asterisk.
    pub async fn recover(&self, holder: &str, now: Timestamp) -> Result<Recovery, Error> {
        let mut tx = self.db.begin(Lane::Calls).await?;
        tx.execute(RELEASE_CLAIMED, args![holder, now]).await?;
        supervision::close_all(&mut tx, holder, now).await?;
        let recovery = Recovery {
            attempts: open_attempts(&mut tx, holder).await?,
            sessions: open_sessions(&mut tx, holder).await?,
            recordings: open_recordings(&mut tx, holder).await?,
            latest_recordings: latest_recordings(&mut tx, holder).await?,
            drops: drops(&mut tx, now).await?,
            learnt: learnt::all(&mut tx).await?,
        };
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

async fn latest_recordings(tx: &mut Tx, holder: &str) -> Result<Vec<RecordingId>, Error> {
    let rows = tx.rows(LATEST_RECORDINGS, args![holder]).await?;
    rows.iter().map(recording::read_id).collect()
}

async fn drops(tx: &mut Tx, now: Timestamp) -> Result<Vec<(CampaignId, Timestamp, u32, u32)>, Error> {
    let rows = tx.rows(DROPS, args![now - DROPS_SPAN]).await?;
    let drops = rows.iter().map(|row| {
        Ok((row.get("campaign_id")?, row.get("since")?, row.get("answered")?, row.get("dropped")?))
    });
    drops.collect()
}
