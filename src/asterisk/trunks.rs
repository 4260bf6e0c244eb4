//! Whether the trunks' far ends answer.
//!
//! Asterisk sends each trunk an OPTIONS request every few seconds and keeps the result as the state of its endpoint.
//! The states are asked for, because a subscription to an endpoint brings every event of every call on it as well: a
//! second time, for those calls are ours.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ari::{Client, EndpointState};
use cadran_engine::input::SwitchEvent;
use cadran_engine::model::TrunkId;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use super::names;

/// How often the states are asked for. One short request per trunk.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The trunks that are provisioned, and what was last told of each.
#[derive(Debug, Default)]
pub(super) struct Trunks {
    told: Mutex<BTreeMap<TrunkId, Option<bool>>>,
}

impl Trunks {
    /// These are the trunks. What was told of those that stay is remembered.
    pub(super) fn are(&self, trunks: impl Iterator<Item = TrunkId>) {
        let mut told = self.told();
        *told = trunks
            .map(|trunk| (trunk, told.get(&trunk).copied().flatten()))
            .collect();
    }

    /// Watches the trunks, and tells of changes through `news` until nobody listens.
    pub(super) async fn watch(&self, client: &Client, news: &mpsc::Sender<SwitchEvent>) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let trunks: Vec<TrunkId> = self.told().keys().copied().collect();
            for trunk in trunks {
                if let Some(reachable) = reachable(client, trunk).await
                    && self.changed(trunk, reachable)
                    && news
                        .send(SwitchEvent::TrunkReachable { trunk, reachable })
                        .await
                        .is_err()
                {
                    return;
                }
            }
        }
    }

    /// Whether this was not told yet. It counts as told from here on.
    fn changed(&self, trunk: TrunkId, reachable: bool) -> bool {
        self.told()
            .get_mut(&trunk)
            .is_some_and(|told| told.replace(reachable) != Some(reachable))
    }

    /// The map is whole even after a panic elsewhere: no change to it has two steps.
    fn told(&self) -> MutexGuard<'_, BTreeMap<TrunkId, Option<bool>>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the far end answers; none when Asterisk does not know or cannot be asked.
async fn reachable(client: &Client, trunk: TrunkId) -> Option<bool> {
    match client
        .send(ari::endpoints::Get::new("PJSIP", names::trunk_endpoint(trunk)))
        .await
    {
        Ok(endpoint) => match endpoint.state? {
            EndpointState::Online => Some(true),
            EndpointState::Offline => Some(false),
            EndpointState::Unknown | EndpointState::Other(_) => None,
        },
        Err(problem) if problem.is_not_found() => Some(false),
        Err(problem) => {
            debug!(trunk.id = %trunk, "The state of a trunk could not be asked for: {problem}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_of_known_trunks_are_told() {
        let (first, second) = (TrunkId::from_i64(1), TrunkId::from_i64(2));
        let trunks = Trunks::default();
        trunks.are([first].into_iter());
        assert!(trunks.changed(first, true));
        assert!(!trunks.changed(first, true));
        assert!(trunks.changed(first, false));
        assert!(!trunks.changed(second, true));

        trunks.are([first, second].into_iter());
        assert!(!trunks.changed(first, false));
        assert!(trunks.changed(second, true));
    }
}
