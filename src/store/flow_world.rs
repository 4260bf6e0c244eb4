//! What a flow may refer to, as the rows of settings have it.

use std::collections::{BTreeMap, BTreeSet};

use cadran_engine::flow::driver::Driver;
use cadran_engine::flow::nodes::Revision;
use cadran_engine::flow::world::{Flows, Medium, World};
use cadran_engine::flow::{Prepared, read};
use cadran_engine::input::Settings;
use cadran_engine::model::{Did, FlowId, Mailbox, Queue};

use super::flow_revision::called_flows;
use super::value::args;
use super::{Error, NamedHours, Store};

/// Flows that one call can be in. Flows call each other eight deep; a wide tree is cut here.
const CALLED_MAX: usize = 64;

impl Store {
    /// What a document of `flow` may refer to. Secrets are no rows: their names come from the configuration.
    pub async fn flow_world(
        &self,
        flow: FlowId,
        document: &str,
        secrets: BTreeSet<String>,
    ) -> Result<World, Error> {
        let Settings { agents, trunks, .. } = self.settings().await?;
        let queues = self.all_settings::<Queue>().await?;
        let hours = self.all_settings::<NamedHours>().await?;
        let boxes = self.all_settings::<Mailbox>().await?;
        let tests = self.flow_tests(flow).await?.into_iter();
        // A test that was kept is one that could be read.
        let tests = tests.filter_map(|test| {
            Some((test.value.id.to_string(), serde_json::from_value(test.value.test).ok()?))
        });
        let media = self.all_sounds().await?.into_iter();
        let media = media.filter_map(|(id, sounds)| {
            let longest = sounds.values().max_by_key(|sound| sound.duration)?;
            let ms = u64::try_from(longest.duration.as_millis()).unwrap_or(u64::MAX);
            Some((id.to_string(), Medium { rate: longest.rate, channels: 1, ms }))
        });
        Ok(World {
            agents: Some(agents.iter().map(|agent| agent.id.to_string()).collect()),
            trunks: Some(trunks.iter().map(|trunk| trunk.id.to_string()).collect()),
            overflows: queues
                .iter()
                .filter(|queue| queue.settings.overflow.is_some())
                .map(|queue| queue.id.to_string())
                .collect(),
            queues: Some(queues.iter().map(|queue| queue.id.to_string()).collect()),
            calendars: Some(hours.into_iter().map(|hours| (hours.id.to_string(), hours.calendar)).collect()),
            media: Some(media.collect()),
            flows: Some(Flows::Calling(self.flows_calling().await?)),
            wait_flows: Some(self.wait_flows().await?),
            secrets: Some(secrets),
            boxes: Some(boxes.into_iter().map(|mailbox| mailbox.id.to_string()).collect()),
            speech: BTreeMap::new(),
            tests: Some(tests.collect()),
            drivers: self.drivers_of(flow).await?,
            called: self.called_by(document).await?,
        })
    }

    /// How calls reach a flow: by the numbers that lead to it; one that no number leads to is reached from others over
    /// ARI.
    pub async fn drivers_of(&self, flow: FlowId) -> Result<BTreeSet<Driver>, Error> {
        let dids = self.all_settings::<Did>().await?.into_iter();
        let drivers: BTreeSet<Driver> = dids.filter(|did| did.flow == flow).map(|did| did.via).collect();
        Ok(if drivers.is_empty() { [Driver::Ari].into() } else { drivers })
    }

    /// The published flows, each with those that its live revision calls.
    async fn flows_calling(&self) -> Result<BTreeMap<String, BTreeSet<String>>, Error> {
        let sql = "select flow.flow_id, document from flow \
                   join flow_revision on flow_revision.flow_id = flow.flow_id and revision = live";
        let mut flows = BTreeMap::new();
        for row in self.db.rows(sql, args![]).await? {
            let (id, document): (FlowId, String) = (row.get("flow_id")?, row.get("document")?);
            flows.insert(
                id.to_string(),
                called_flows(&document).into_iter().map(|(called, _)| called).collect(),
            );
        }
        Ok(flows)
    }

    /// The published flows that entertain whoever waits.
    async fn wait_flows(&self) -> Result<BTreeSet<String>, Error> {
        let sql = "select flow_id from flow where kind = 'queue_wait' and live is not null";
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter().map(|row| Ok(row.get::<FlowId>("flow_id")?.to_string())).collect()
    }

    /// The flows that a call in `document` can come to, each in the revision that holds at this moment.
    pub async fn called_by(&self, document: &str) -> Result<Vec<(Revision, Prepared)>, Error> {
        let (mut called, mut seen) = (Vec::new(), BTreeSet::new());
        let mut ahead = called_flows(document);
        while let Some((flow, pin)) = ahead.pop() {
            if seen.len() == CALLED_MAX || !seen.insert((flow.clone(), pin.clone())) {
                continue;
            }
            let Some((pin, document)) = self.pinned_document(&flow, pin.as_deref()).await? else { continue };
            // What was published is what could be read.
            let Ok(flow) = read(&document) else { continue };
            ahead.extend(called_flows(&document));
            called.push((pin, Prepared::new(flow)));
        }
        Ok(called)
    }

    async fn pinned_document(
        &self,
        flow: &str,
        pin: Option<&str>,
    ) -> Result<Option<(Revision, String)>, Error> {
        let Ok(id) = flow.parse::<FlowId>() else { return Ok(None) };
        let pinned = pin.and_then(|pin| pin.strip_prefix('r')?.parse::<u32>().ok());
        let revision = match pinned {
            Some(revision) => Some(revision),
            None => self.flow(id).await?.and_then(|flow| flow.value.live),
        };
        let Some(revision) = revision else { return Ok(None) };
        let found = self.flow_revision(id, revision).await?;
        let pin = pinned.map_or(Revision::Live, Revision::Numbered);
        Ok(found.map(|found| (pin, found.document)))
    }
}
