//! What agents can say of a call: the dispositions of a campaign or queue itself, or those of the group that it names.
//!
//! The engine knows no groups: it gets the dispositions that count. A group that is gone counts for nothing, so that a
//! campaign or queue that named it has its own again.

use std::collections::BTreeMap;

use cadran_engine::model::{Campaign, Disposition, DispositionGroupId, Queue};

use super::setting::DispositionGroup;
use super::{Error, Store};

/// The dispositions of each group.
#[derive(Debug, Default)]
pub(super) struct Groups(BTreeMap<DispositionGroupId, Vec<Disposition>>);

impl Groups {
    /// Puts the dispositions that count in the place of a campaign's or queue's own.
    fn settle(&self, group: Option<DispositionGroupId>, dispositions: &mut Vec<Disposition>) {
        if let Some(shared) = group.and_then(|group| self.0.get(&group)) {
            dispositions.clone_from(shared);
        }
    }
}

impl Store {
    async fn groups(&self) -> Result<Groups, Error> {
        let groups = self.all_settings::<DispositionGroup>().await?;
        Ok(Groups(groups.into_iter().map(|group| (group.id, group.dispositions)).collect()))
    }

    /// What can be said of a call: the dispositions of the group, or else its own.
    pub async fn dispositions_that_count(
        &self,
        group: Option<DispositionGroupId>,
        own: Vec<Disposition>,
    ) -> Result<Vec<Disposition>, Error> {
        let mut dispositions = own;
        if group.is_some() {
            self.groups().await?.settle(group, &mut dispositions);
        }
        Ok(dispositions)
    }

    /// Every campaign, with the dispositions that count.
    pub(super) async fn campaigns_at_work(&self) -> Result<Vec<Campaign>, Error> {
        let (groups, mut campaigns) = (self.groups().await?, self.all_campaigns().await?);
        for Campaign { settings, .. } in &mut campaigns {
            groups.settle(settings.disposition_group, &mut settings.dispositions);
        }
        Ok(campaigns)
    }

    /// Every queue, with the dispositions that count.
    pub(super) async fn queues_at_work(&self) -> Result<Vec<Queue>, Error> {
        let (groups, mut queues) = (self.groups().await?, self.all_settings::<Queue>().await?);
        for Queue { settings, .. } in &mut queues {
            groups.settle(settings.disposition_group, &mut settings.dispositions);
        }
        Ok(queues)
    }

    /// Which campaigns and queues have the dispositions of a group, by their names.
    pub async fn users_of_dispositions(&self, group: DispositionGroupId) -> Result<Vec<String>, Error> {
        let has = |named: Option<DispositionGroupId>| named == Some(group);
        let campaigns = self.all_campaigns().await?.into_iter().map(|campaign| campaign.settings);
        let campaigns = campaigns.filter(|settings| has(settings.disposition_group));
        let queues = self.all_settings::<Queue>().await?.into_iter().map(|queue| queue.settings);
        let queues = queues.filter(|settings| has(settings.disposition_group));
        Ok(campaigns.map(|settings| settings.name).chain(queues.map(|settings| settings.name)).collect())
    }
}
