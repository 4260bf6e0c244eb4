//! `cadran campaign dry-run`: what the law would say of a campaign's leads, before the first call.

use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use cadran_engine::model::{CampaignId, ListId};

use crate::daemon::wall_clock;
use crate::store::Store;
use crate::words::Language;

/// Asks the law about every lead that is not done, as if it were dialled at this moment, and tells how many could be
/// called and why the others could not. Nobody is called, and nothing is settled.
pub async fn run(store: &Store, campaign: CampaignId, list: Option<ListId>) -> anyhow::Result<String> {
    let kept = store.campaign(campaign).await?.with_context(|| format!("there is no campaign {campaign}"))?;
    ensure!(
        kept.value.settings.compliance.seller.is_some(),
        "{campaign} has no seller; say on whose behalf it calls (`compliance.seller` of its settings)"
    );
    let found = store.dry_run(campaign, list, wall_clock()).await?;
    let mut told =
        format!("{:>9}  leads\n{:>9}  could be called at this moment", found.leads, found.callable);
    for (reason, leads) in found.denied {
        write!(told, "\n{leads:>9}  {reason}: {}", Language::English.reason(reason))?;
    }
    Ok(told)
}
