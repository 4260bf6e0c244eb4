//! Campaigns. What lists are filtered by has a column; the rest is one JSON document, read and written as a whole.

use cadran_engine::model::{Campaign, CampaignId, CampaignSettings, Timestamp};

use super::db::{Lane, Select};
use super::name_order::in_order;
use super::value::{Row, args, json};
use super::{Error, Kept, NameOrder, Page, Store, event, only, quota, webhook};

const NOUN: &str = "campaign";
const EXISTS: &str = "select 1 as one from campaign where campaign_id = $1";

impl Store {
    /// Keeps a campaign. The database numbers it: the id in `campaign` is not used.
    pub async fn create_campaign(
        &self,
        campaign: &Campaign,
        now: Timestamp,
    ) -> Result<Kept<Campaign>, Error> {
        let sql = "insert into campaign (name, state, settings, seller_id, updated_at) values ($1, $2, $3, $4, $5) returning *";
        let Campaign { state, settings, .. } = campaign;
        let seller = settings.compliance.seller;
        let values = args![&settings.name, state.as_str(), json(settings)?, seller, now];
        let mut tx = self.db.begin(Lane::People).await?;
        let kept = read(&only(tx.rows(sql, values).await?)?)?;
        quota::set(&mut tx, kept.value.id, &settings.quotas).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// One campaign.
    pub async fn campaign(&self, id: CampaignId) -> Result<Option<Kept<Campaign>>, Error> {
        let row = self.db.row("select * from campaign where campaign_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of campaigns.
    pub async fn campaigns(
        &self,
        order: NameOrder,
        page: Page<CampaignId>,
    ) -> Result<Vec<Kept<Campaign>>, Error> {
        let (behind, by) = in_order!(order, "campaign", "campaign_id", "name");
        let select = Select::new("select * from campaign")
            .of_campaigns("campaign_id", &self.scope)
            .narrow(behind, page.after);
        select.page(&self.db, by, page.limit()).await?.iter().map(read).collect()
    }

    /// Every campaign, for the engine.
    pub(super) async fn all_campaigns(&self) -> Result<Vec<Campaign>, Error> {
        let rows = self.db.rows("select * from campaign order by campaign_id", args![]).await?;
        rows.iter().map(|row| Ok(read(row)?.value)).collect()
    }

    /// Replaces a campaign's settings, if nobody changed them since `rev`.
    pub async fn update_campaign(
        &self,
        campaign: &Campaign,
        rev: i64,
        now: Timestamp,
    ) -> Result<Kept<Campaign>, Error> {
        let sql = "update campaign set name = $3, state = $4, settings = $5, seller_id = $6, updated_at = $7, rev = rev + 1 \
                   where campaign_id = $1 and rev = $2 returning *";
        let Campaign { id, state, settings } = campaign;
        let seller = settings.compliance.seller;
        let values = args![*id, rev, &settings.name, state.as_str(), json(settings)?, seller, now];
        let mut tx = self.db.begin(Lane::People).await?;
        let was = tx.row("select state from campaign where campaign_id = $1", args![*id]).await?;
        let was = was.map(|row| row.get::<String>("state")).transpose()?;
        let kept = tx.row(sql, values).await?.as_ref().map(read).transpose()?;
        if let Some(kept) = &kept {
            if was.as_deref() != Some(state.as_str()) {
                webhook::put(&mut tx, &event::campaign_state(*id, *state, kept.rev, now)).await?;
            }
            quota::set(&mut tx, campaign.id, &campaign.settings.quotas).await?;
        }
        tx.commit().await?;
        match kept {
            Some(kept) => Ok(kept),
            None => Err(self.why_unchanged(NOUN, EXISTS, campaign.id.as_i64()).await),
        }
    }

    /// Removes a campaign that has neither lists nor history.
    pub async fn delete_campaign(&self, id: CampaignId, rev: i64) -> Result<(), Error> {
        let sql = "delete from campaign where campaign_id = $1 and rev = $2 returning campaign_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }
}

fn read(row: &Row) -> Result<Kept<Campaign>, Error> {
    let settings = CampaignSettings { name: row.get("name")?, ..row.json("settings")? };
    let campaign = Campaign { id: row.get("campaign_id")?, state: row.word("state")?, settings };
    Kept::read(row, campaign)
}
