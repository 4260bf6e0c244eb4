//! What campaigns' dialling has learnt: one document each, replaced as a whole.

use cadran_engine::dialer::learnt::Learnt;
use cadran_engine::model::{CampaignId, Timestamp};
use tracing::warn;

use super::Error;
use super::db::{Tx, upsert};
use super::value::{args, json};

/// Keeps what a campaign has learnt in place of what it had learnt before.
pub(super) async fn save(
    tx: &mut Tx,
    campaign: CampaignId,
    at: Timestamp,
    learnt: &Learnt,
) -> Result<(), Error> {
    let sql = upsert!(
        "insert into learnt (campaign_id, learnt, saved_at) values ($1, $2, $3)",
        "campaign_id",
        "set learnt = excluded.learnt, saved_at = excluded.saved_at \
               where excluded.saved_at >= learnt.saved_at"
    );
    tx.execute(sql, args![campaign, json(learnt)?, at]).await.map(drop)
}

/// What campaigns had learnt. What another version wrote, and this one cannot read, is told and left out.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<(CampaignId, Learnt)>, Error> {
    let mut all = Vec::new();
    for row in tx.rows("select campaign_id, learnt from learnt order by campaign_id", args![]).await? {
        let campaign: CampaignId = row.get("campaign_id")?;
        match row.json::<Learnt>("learnt") {
            Ok(learnt) => all.push((campaign, learnt)),
            Err(error) => {
                warn!(campaign.id = %campaign, %error, "{campaign} learns anew: what it had learnt cannot be read");
            }
        }
    }
    Ok(all)
}
