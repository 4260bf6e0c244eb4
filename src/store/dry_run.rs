//! What the law would say of the leads of a campaign at one moment, before anybody is called.

use std::collections::BTreeMap;

use cadran_engine::dialer::compliance::Reason;
use cadran_engine::model::{CampaignId, Lead, LeadId, ListId, Phone, Timestamp};

use super::db::{Lane, Tx};
use super::hearing::{Hearing, Question};
use super::import::ImportId;
use super::lead::{histories_in, read_lead};
use super::value::args;
use super::{Error, Store, person};

/// Leads that are looked at in one transaction. Few enough that no dial waits for it on SQLite's only writer.
const BATCH: u16 = 500;

/// What the law would say of leads that are not done, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Leads that were looked at.
    pub leads: u64,
    /// Those that could be called.
    pub callable: u64,
    /// The others, by reason.
    pub denied: BTreeMap<Reason, u64>,
}

/// Some leads that are not done, `$3` of them behind `$2`.
#[derive(Clone, Copy, Debug)]
enum Of {
    Import(ImportId),
    List(ListId),
}

impl Of {
    const fn leads(self) -> (&'static str, i64) {
        match self {
            Self::Import(import) => (
                "select * from lead where import_id = $1 and lead_id > $2 and state <> 'done' order by lead_id limit $3",
                import,
            ),
            Self::List(list) => (
                "select * from lead where list_id = $1 and lead_id > $2 and state <> 'done' order by lead_id limit $3",
                list.as_i64(),
            ),
        }
    }
}

impl Store {
    /// Asks the law about every lead of a campaign, or of one of its lists, as if it were dialled at `now`. Nothing is
    /// dialled or settled, and no more than [`BATCH`] leads are in memory.
    ///
    /// Errors: [`Error::NotFound`] when the campaign has no seller, on whose behalf it could call.
    pub async fn dry_run(
        &self,
        campaign: CampaignId,
        list: Option<ListId>,
        now: Timestamp,
    ) -> Result<DryRun, Error> {
        let sql = "select list_id from list where campaign_id = $1 order by list_id";
        let rows = self.db.rows(sql, args![campaign]).await?;
        let lists: Result<Vec<ListId>, Error> = rows.iter().map(|row| row.get("list_id")).collect();
        let mut found = DryRun::default();
        for id in lists?.into_iter().filter(|id| list.is_none_or(|wanted| wanted == *id)) {
            self.dry_run_all(campaign, Of::List(id), now, &mut found).await?;
        }
        Ok(found)
    }

    /// The same of the leads of an import; none when its campaign has no seller.
    pub(super) async fn dry_run_of_import(
        &self,
        import: ImportId,
        now: Timestamp,
    ) -> Result<Option<DryRun>, Error> {
        let sql = "select campaign_id from import join list using (list_id) join campaign using (campaign_id) \
            where import_id = $1 and seller_id is not null";
        let Some(row) = self.db.row(sql, args![import]).await? else {
            return Ok(None);
        };
        let mut found = DryRun::default();
        self.dry_run_all(row.get("campaign_id")?, Of::Import(import), now, &mut found).await?;
        Ok(Some(found))
    }

    async fn dry_run_all(
        &self,
        campaign: CampaignId,
        of: Of,
        now: Timestamp,
        found: &mut DryRun,
    ) -> Result<(), Error> {
        let mut after = LeadId::from_i64(0);
        while let Some(last) = self.dry_run_batch(campaign, of, after, now, found).await? {
            after = last;
        }
        Ok(())
    }

    /// Counts the next leads; gives the last of them, if there was any.
    async fn dry_run_batch(
        &self,
        campaign: CampaignId,
        of: Of,
        after: LeadId,
        now: Timestamp,
        found: &mut DryRun,
    ) -> Result<Option<LeadId>, Error> {
        let mut tx = self.db.begin(Lane::People).await?;
        let leads = read(&mut tx, of, after).await?;
        let numbers: Vec<Vec<Phone>> = leads.iter().map(|lead| lead.phones().collect()).collect();
        let persons = person::resolve(&mut tx, &numbers, now).await?;
        let hearing = Hearing::open(&mut tx, persons, [campaign], self.packs(), now).await?;
        tx.commit().await?;
        let terms = hearing.terms(campaign).ok_or(Error::NotFound("seller of the campaign"))?;
        for lead in &leads {
            let (id, phone) = (lead.id, lead.phone_to_dial());
            let question = Question { lead: id, phone, zone: &lead.zone, at: now };
            found.leads += 1;
            match hearing.consider(question, terms).1.reason() {
                None => found.callable += 1,
                Some(reason) => *found.denied.entry(reason).or_default() += 1,
            }
        }
        Ok(leads.last().map(|lead| lead.id))
    }
}

async fn read(tx: &mut Tx, of: Of, after: LeadId) -> Result<Vec<Lead>, Error> {
    let (sql, id) = of.leads();
    let rows = tx.rows(sql, args![id, after, BATCH]).await?;
    let mut histories = histories_in(tx, &rows).await?;
    rows.iter().map(|row| read_lead(row, &mut histories)).collect()
}
