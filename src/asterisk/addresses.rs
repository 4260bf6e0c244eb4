//! Whose calls those from an address are, where several tenants have a trunk to it.
//!
//! Asterisk knows a trunk by the address that calls come from, and has one answer for each address. So an address is
//! that tenant's who had it first. A trunk of another tenant to the same address dials, and no calls come by it: nobody
//! takes another's callers by naming their carrier.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::names::Names;

/// How long the name of a host may take to be found. Asterisk looks it up itself all the same.
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// Which address is whose, on one Asterisk. Shared by all tenants; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Addresses(Arc<Mutex<BTreeMap<IpAddr, String>>>);

impl Addresses {
    /// Of the hosts that a tenant has trunks to, those whose calls are its. What it had and names no more is free.
    pub(super) async fn of(&self, names: &Names, hosts: &BTreeSet<&str>) -> BTreeSet<String> {
        let mut found = Vec::with_capacity(hosts.len());
        for host in hosts {
            let addresses = timeout(LOOK_UP_MAX, lookup_host((*host, 0))).await;
            // Calls come from no host that has no address.
            let addresses: Vec<IpAddr> = addresses
                .map_or_else(|_| Vec::new(), |found| found.into_iter().flatten().map(|at| at.ip()).collect());
            found.push((*host, addresses));
        }
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted: BTreeSet<IpAddr> =
            found.iter().flat_map(|(_, addresses)| addresses.iter().copied()).collect();
        owners.retain(|address, owner| owner != names.own() || wanted.contains(address));
        let mut ours = BTreeSet::new();
        for (host, addresses) in found {
            let is_free = |address: &IpAddr| owners.get(address).is_none_or(|owner| owner == names.own());
            if addresses.iter().all(is_free) {
                owners.extend(addresses.into_iter().map(|address| (address, names.own().to_owned())));
                ours.insert(host.to_owned());
            }
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_whose_it_was_first_until_they_give_it_up() {
        let addresses = Addresses::default();
        let (first, acme) = (Names::default(), Names::of("acme".parse().unwrap()));
        let ask = async |names: &Names, hosts: &[&'static str]| {
            let ours = addresses.of(names, &hosts.iter().copied().collect()).await;
            ours.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(ask(&first, &["192.0.2.1", "192.0.2.2"]).await, ["192.0.2.1", "192.0.2.2"]);
        assert_eq!(ask(&acme, &["192.0.2.2", "192.0.2.3"]).await, ["192.0.2.3"]);
        assert_eq!(ask(&first, &["192.0.2.2", "192.0.2.3"]).await, ["192.0.2.2"]);
        assert_eq!(ask(&first, &[]).await, [""; 0]);
        assert_eq!(ask(&acme, &["192.0.2.1", "192.0.2.2"]).await, ["192.0.2.1", "192.0.2.2"]);
        // The same address by another name is the same address.
        assert_eq!(ask(&first, &["127.0.0.1"]).await, ["127.0.0.1"]);
        assert_eq!(ask(&acme, &["localhost"]).await, [""; 0]);
        // What has no address is nobody's.
        assert_eq!(ask(&acme, &["no-such-host.invalid"]).await, ["no-such-host.invalid"]);
    }
}
