//! Lists: sets of leads that belong to one campaign.

use cadran_engine::model::{CampaignId, LeadState, ListId, Timestamp};

use super::db::Select;
use super::name_order::in_order;
use super::value::{Row, args};
use super::{Error, Kept, NameOrder, Page, Store, only};

const NOUN: &str = "list";
const EXISTS: &str = "select 1 as one from list where list_id = $1";

/// A set of leads, usually one imported file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// The row.
    pub id: ListId,
    /// The campaign that dials it. Fixed: its leads carry it too.
    pub campaign: CampaignId,
    /// How managers call it. No two lists of a campaign have the same name.
    pub name: String,
    /// Whether its leads are dialled.
    pub enabled: bool,
}

impl Store {
    /// Keeps a list. The id in `list` is not used.
    pub async fn create_list(&self, list: &List, now: Timestamp) -> Result<Kept<List>, Error> {
        let sql =
            "insert into list (campaign_id, name, enabled, updated_at) values ($1, $2, $3, $4) returning *";
        let values = args![list.campaign, &list.name, list.enabled, now];
        read(&only(self.db.change(sql, values).await?)?)
    }

    /// One list.
    pub async fn list(&self, id: ListId) -> Result<Option<Kept<List>>, Error> {
        let row = self.db.row("select * from list where list_id = $1", args![id]).await?;
        row.as_ref().map(read).transpose()
    }

    /// A page of lists, of one campaign or of all.
    pub async fn lists(
        &self,
        campaign: Option<CampaignId>,
        order: NameOrder,
        page: Page<ListId>,
    ) -> Result<Vec<Kept<List>>, Error> {
        let (behind, by) = in_order!(order, "list", "list_id", "name");
        let select = Select::new("select * from list")
            .of_campaigns("campaign_id", &self.scope)
            .narrow("campaign_id = ?", campaign)
            .narrow(behind, page.after);
        select.page(&self.db, by, page.limit()).await?.iter().map(read).collect()
    }

    /// Renames a list or switches it on or off, if nobody changed it since `rev`.
    pub async fn update_list(&self, list: &List, rev: i64, now: Timestamp) -> Result<Kept<List>, Error> {
        let sql = "update list set name = $3, enabled = $4, updated_at = $5, rev = rev + 1 \
                   where list_id = $1 and rev = $2 returning *";
        let values = args![list.id, rev, &list.name, list.enabled, now];
        match self.db.change(sql, values).await?.first() {
            Some(row) => read(row),
            None => Err(self.why_unchanged(NOUN, EXISTS, list.id.as_i64()).await),
        }
    }

    /// Removes a list with its leads and imports, if none of its leads was ever dialled.
    pub async fn delete_list(&self, id: ListId, rev: i64) -> Result<(), Error> {
        let sql = "delete from list where list_id = $1 and rev = $2 returning list_id";
        match self.db.change(sql, args![id, rev]).await?.first() {
            Some(_) => Ok(()),
            None => Err(self.why_unchanged(NOUN, EXISTS, id.as_i64()).await),
        }
    }

    /// How many leads of a list are in each state. States without leads are left out.
    pub async fn lead_counts(&self, list: ListId) -> Result<Vec<(LeadState, u64)>, Error> {
        let sql =
            "select state, count(*) as leads from lead where list_id = $1 group by state order by state";
        let rows = self.db.rows(sql, args![list]).await?;
        rows.iter().map(|row| Ok((row.word("state")?, row.get("leads")?))).collect()
    }
}

fn read(row: &Row) -> Result<Kept<List>, Error> {
    let list = List {
        id: row.get("list_id")?,
        campaign: row.get("campaign_id")?,
        name: row.get("name")?,
        enabled: row.get("enabled")?,
    };
    Kept::read(row, list)
}
