//! Whether the trunks' far ends answer.
//!
//! Asterisk sends each trunk an OPTIONS request every few seconds and keeps the result as the state of its endpoint.
//! The states are asked for, because a subscription to an endpoint brings every event of every call on it as well: a
//! second time, for those calls are ours.

use std::collections::BTreeMap;
use std::time::Duration;

use ari::{Client, EndpointState};
use cadran_engine::input::SwitchEvent;
use cadran_engine::model::TrunkId;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tracing::debug;

use super::names::Names;

/// How often the states are asked for. One short request per trunk.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks in a row that must find a trunk silent before that is told. One lost packet is no outage, and a trunk that was
/// just written is offline until its first answer (measured: up to 4 s).
const SILENT_LOOKS: u32 = 3;

/// Watches the trunks and tells of them through `news`, until nobody listens.
///
/// What is seen is told every time, changed or not: the engine may have learnt of a trunk only after the last telling.
pub(super) async fn watch(
    client: Client,
    names: Names,
    trunks: watch::Receiver<Vec<TrunkId>>,
    news: mpsc::Sender<SwitchEvent>,
) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent_looks: BTreeMap<TrunkId, u32> = BTreeMap::new();
    loop {
        looks.tick().await;
        let known = trunks.borrow().clone();
        silent_looks.retain(|trunk, _| known.contains(trunk));
        for trunk in known {
            let Some(answers) = answers(&client, &names, trunk).await else { continue };
            let silent = silent_looks.entry(trunk).or_default();
            *silent = if answers { 0 } else { *silent + 1 };
            let told = match *silent {
                0 => true,
                SILENT_LOOKS.. => false,
                _ => continue,
            };
            if news.send(SwitchEvent::TrunkReachable { trunk, reachable: told }).await.is_err() {
                return;
            }
        }
    }
}

/// Whether the far end answers; none when Asterisk does not know or cannot be asked.
async fn answers(client: &Client, names: &Names, trunk: TrunkId) -> Option<bool> {
    match client.find(ari::endpoints::Get::new("PJSIP", names.trunk_endpoint(trunk))).await {
        Ok(found) => match found.map_or(Some(EndpointState::Offline), |endpoint| endpoint.state)? {
            EndpointState::Online => Some(true),
            EndpointState::Offline => Some(false),
            EndpointState::Unknown | EndpointState::Other(_) => None,
        },
        Err(problem) => {
            debug!(trunk.id = %trunk, "The state of a trunk could not be asked for: {problem}");
            None
        }
    }
}
