//! What campaigns' settings mean to the law, read in the transaction that relies on it.

use std::collections::BTreeMap;

use cadran_engine::dialer::compliance::{Intent, Mode};
use cadran_engine::model::{CampaignId, ComplianceSettings, DialMode, Phone, Screening, SellerId};

use super::Error;
use super::db::{Sql, Tx};
use super::value::{Row, args, json};

/// A campaign as the law sees it.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) campaign: CampaignId,
    pub(super) seller: SellerId,
    pub(super) mode: Mode,
    pub(super) compliance: ComplianceSettings,
    /// The numbers that it may show, the preferred one first.
    pub(super) caller_ids: Vec<Phone>,
}

const READ: Sql = Sql {
    postgres: "select campaign_id, seller_id, settings from campaign where seller_id is not null \
        and campaign_id in (select cast(id as bigint) from jsonb_array_elements_text($1) as id)",
    sqlite: "select campaign_id, seller_id, settings from campaign where seller_id is not null \
        and campaign_id in (select value from json_each($1))",
};

/// The terms of these campaigns. One without a seller has none, and calls nobody.
pub(super) async fn of(
    tx: &mut Tx,
    campaigns: impl IntoIterator<Item = CampaignId>,
) -> Result<BTreeMap<CampaignId, Terms>, Error> {
    let ids: Vec<i64> = campaigns.into_iter().map(CampaignId::as_i64).collect();
    let rows = tx.rows(READ, args![json(&ids)?]).await?;
    rows.iter().filter_map(|row| read(row).transpose()).collect()
}

impl Terms {
    /// What a call that shows this number is for.
    pub(super) fn intent(&self, caller_id: Option<Phone>) -> Intent {
        let Self { campaign, seller, mode, compliance, .. } = self;
        Intent {
            id: Some(campaign.to_string()),
            tenant: None,
            seller: seller.to_string(),
            purpose: compliance.purpose,
            sector: compliance.sector.clone(),
            subject: compliance.subject.clone(),
            dial_mode: *mode,
            cli: caller_id.map(Phone::e164),
            // A trunk carries only numbers that its carrier has agreed to; the engine chooses among these.
            cli_authorised: Some(caller_id.is_some()),
            packs: compliance.packs.clone(),
        }
    }
}

fn read(row: &Row) -> Result<Option<(CampaignId, Terms)>, Error> {
    #[derive(serde::Deserialize)]
    struct Part {
        mode: DialMode,
        #[serde(default)]
        screening: Screening,
        caller_ids: Vec<Phone>,
        compliance: ComplianceSettings,
    }
    let campaign = row.get("campaign_id")?;
    let Part { mode, screening, caller_ids, compliance } = row.json("settings")?;
    // A message that is left on a machine is a prerecorded one, and nobody knows beforehand who picks up.
    let mode = if screening.leaves_messages_in(mode) { Mode::IvrMessage } else { mode.into() };
    let terms = |seller| Terms { campaign, seller, mode, compliance, caller_ids };
    let seller: Option<SellerId> = row.get("seller_id")?;
    Ok(seller.map(|seller| (campaign, terms(seller))))
}
