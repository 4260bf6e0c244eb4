//! Channels that Asterisk named: those of callers.
//!
//! A caller's channel has an id of Asterisk's own. The leg's id is derived from it, so that every daemon derives the
//! same, and the way back is remembered for as long as the channel is there; snapshots fill it again after a restart.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ari::Channel;
use cadran_engine::input::{LegPurpose, SwitchEvent};
use cadran_engine::model::{LegId, TrunkId};
use sha2::{Digest, Sha256};
use uuid::Builder;

use super::names::Names;
use super::resync;

/// The first argument of `Stasis()` in the dialplan for calls from outside.
const INBOUND: &str = "inbound";

/// The channels of callers, by their legs.
#[derive(Debug, Default)]
pub(super) struct Callers {
    /// What tells the channels that we named.
    pub(super) names: Names,
    known: Mutex<HashMap<LegId, String>>,
}

impl Callers {
    pub(super) fn new(names: Names) -> Self {
        Self { names, known: Mutex::default() }
    }

    /// The channel of a leg, whether it is ours or a caller's.
    pub(super) fn channel(&self, leg: LegId) -> String {
        self.known().get(&leg).cloned().unwrap_or_else(|| self.names.channel(leg))
    }

    /// The leg that a channel is, whether it is ours or a caller's whom we have met.
    pub(super) fn leg(&self, channel: &str) -> Option<LegId> {
        let derived = || Some(leg_of(channel)).filter(|leg| self.known().contains_key(leg));
        self.names.leg(channel).or_else(derived)
    }

    /// The leg that a channel is or was, if it is or was one of ours.
    pub(super) fn leg_now_or_before(&self, channel: &str) -> LegId {
        self.names.leg(channel).unwrap_or_else(|| leg_of(channel))
    }

    /// The leg of a caller's channel, which is remembered from here on.
    pub(super) fn meet(&self, channel: &str) -> LegId {
        let leg = leg_of(channel);
        self.known().insert(leg, channel.to_owned());
        leg
    }

    /// The channel is gone.
    pub(super) fn forget(&self, leg: LegId) {
        self.known().remove(&leg);
    }

    /// The leg of a channel that carries our mark, remembered if it is a caller's.
    pub(super) fn marked(&self, channel: &Channel) -> Option<LegId> {
        let is_caller = matches!(resync::purpose(&self.names, channel), Some(LegPurpose::Caller { .. }));
        self.names.leg(&channel.id).or_else(|| is_caller.then(|| self.meet(&channel.id)))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<LegId, String>> {
        // Whoever panicked while holding the lock left a whole map: each change is one call.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The arrival that a channel with these arguments of `Stasis()` is, if it comes from outside.
pub(super) fn arrival(callers: &Callers, channel: &Channel, arguments: &[String]) -> Option<SwitchEvent> {
    match arguments {
        [inbound, dialled] if inbound == INBOUND => Some(SwitchEvent::CallerArrived {
            leg: callers.meet(&channel.id),
            dialled: dialled.clone(),
            caller: channel.caller.number.clone(),
            trunk: trunk(&callers.names, &channel.name),
        }),
        _ => None,
    }
}

/// Whether these arguments of `Stasis()` are those of a call from outside.
pub(super) fn is_arrival(arguments: &[String]) -> bool {
    matches!(arguments, [inbound, _] if inbound == INBOUND)
}

/// A caller who is in our application and whom nobody has marked: their arrival was not heard of.
pub(super) fn unheard(callers: &Callers, app: &str, channel: &Channel) -> Option<SwitchEvent> {
    let names = &callers.names;
    let is_strange = names.leg(&channel.id).is_none() && resync::purpose(names, channel).is_none();
    if !is_strange || channel.dialplan.app_name != resync::STASIS {
        return None;
    }
    // The application's data is what the dialplan line says: its name, then its arguments.
    let mut data = channel.dialplan.app_data.split(',').map(str::to_owned);
    if data.next().as_deref() != Some(app) {
        return None;
    }
    arrival(callers, channel, &data.collect::<Vec<String>>())
}

/// A UUID of version 8 (RFC 9562 §5.8) from the first 128 bits of the digest of the channel's id.
fn leg_of(channel: &str) -> LegId {
    let digest = Sha256::digest(channel.as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(byte, digested)| *byte = *digested);
    LegId::from_uuid(Builder::from_custom_bytes(bytes).into_uuid())
}

/// The trunk whose endpoint a channel belongs to: `PJSIP/cadran-trk-3-00000004`.
fn trunk(names: &Names, channel_name: &str) -> Option<TrunkId> {
    let endpoint = channel_name.strip_prefix("PJSIP/")?.rsplit_once('-')?.0;
    names.trunk(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_the_same_for_every_daemon_and_leads_back_to_its_channel() {
        let callers = Callers::default();
        assert_eq!(callers.leg("1795000000.12"), None, "nobody we have met");
        let leg = callers.meet("1795000000.12");
        assert_eq!(Callers::default().meet("1795000000.12"), leg);
        assert_ne!(callers.meet("1795000000.13"), leg);
        assert_eq!(callers.leg("1795000000.12"), Some(leg));
        assert_eq!(callers.channel(leg), "1795000000.12");
        callers.forget(leg);
        assert_eq!(callers.leg("1795000000.12"), None);
        assert_eq!(callers.channel(leg), Names::default().channel(leg));
    }

    #[test]
    fn the_trunk_is_read_from_the_name_of_the_channel() {
        let names = Names::default();
        assert_eq!(trunk(&names, "PJSIP/cadran-trk-3-00000004"), Some(TrunkId::from_i64(3)));
        assert_eq!(trunk(&names, "PJSIP/cadran_acme_trk-3-00000004"), None);
        assert_eq!(trunk(&names, "PJSIP/ada-00000004"), None);
        assert_eq!(trunk(&names, "Local/1@x-0001;1"), None);
    }
}
