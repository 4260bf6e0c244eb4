//! Sign-ins that failed of late, by account and by address, so that nobody can try passwords at will.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cadran_engine::model::Timestamp;

/// Failures of one account before it is locked. A person who forgot their password tries fewer.
const ACCOUNT_FAILURES: u32 = 5;

/// Failures from one address before it is locked. A whole call centre may share one.
const ADDRESS_FAILURES: u32 = 50;

/// The first lock; each further failure doubles it.
const LOCK_MIN: Duration = Duration::from_secs(30);

/// The longest lock. Longer would let anybody keep a person out for good.
const LOCK_MAX: Duration = Duration::from_secs(15 * 60);

/// After so long without a failure all is forgotten.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// Accounts and addresses that are remembered: about a megabyte. The oldest make room.
const ENTRIES_MAX: usize = 10_000;

/// Who tries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Trier {
    /// An account, existing or not.
    Account(String),
    /// A network address.
    Address(IpAddr),
}

impl Trier {
    /// An address; of IPv6 the network alone, because one host may use 2^64 addresses.
    pub(super) fn address(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        })
    }

    const fn failures_free(&self) -> u32 {
        match self {
            Self::Account(_) => ACCOUNT_FAILURES,
            Self::Address(_) => ADDRESS_FAILURES,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
    locked_until: Timestamp,
}

/// Sign-ins that failed of late.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    failures: Mutex<HashMap<Trier, Failures>>,
}

impl Throttle {
    /// How long these have to wait, if at all.
    pub(super) fn wait(&self, triers: &[Trier], now: Timestamp) -> Option<Duration> {
        let failures = self.failures();
        let wait = |trier| failures.get(trier).map(|past| past.locked_until.since(now));
        triers.iter().filter_map(wait).max().filter(|wait| !wait.is_zero())
    }

    /// A sign-in failed.
    pub(super) fn failed(&self, triers: &[Trier], now: Timestamp) {
        let mut failures = self.failures();
        for trier in triers {
            make_room(&mut failures, now);
            let past = failures.get(trier).filter(|past| now.since(past.last) < MEMORY);
            let count = past.map_or(0, |past| past.count).saturating_add(1);
            let over = count.saturating_sub(trier.failures_free());
            let lock = match over {
                0 if count < trier.failures_free() => Duration::ZERO,
                over => LOCK_MIN.saturating_mul(2u32.saturating_pow(over)).min(LOCK_MAX),
            };
            let entry = Failures { count, last: now, locked_until: now + lock };
            failures.insert(trier.clone(), entry);
        }
    }

    /// A sign-in that was counted as failed succeeded after all: the account's failures are forgotten, of the
    /// address's only this one, or one's own account would open the way to others.
    pub(super) fn succeeded(&self, triers: &[Trier], now: Timestamp) {
        let mut failures = self.failures();
        for trier in triers {
            match trier {
                Trier::Account(_) => {
                    failures.remove(trier);
                }
                Trier::Address(_) => {
                    if let Some(past) = failures.get_mut(trier) {
                        past.count = past.count.saturating_sub(1);
                        if past.count < trier.failures_free() {
                            past.locked_until = now;
                        }
                    }
                }
            }
        }
    }

    fn failures(&self) -> MutexGuard<'_, HashMap<Trier, Failures>> {
        // Every change of the map is whole by itself, so that a panic elsewhere leaves nothing half done.
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make_room(failures: &mut HashMap<Trier, Failures>, now: Timestamp) {
    if failures.len() < ENTRIES_MAX {
        return;
    }
    failures.retain(|_, past| now.since(past.last) < MEMORY);
    while failures.len() >= ENTRIES_MAX {
        let Some(oldest) = failures.iter().min_by_key(|(_, past)| past.last).map(|(trier, _)| trier.clone())
        else {
            return;
        };
        failures.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_lock() {
        let throttle = Throttle::default();
        let account = [Trier::Account("marie".to_owned())];
        for _ in 1..ACCOUNT_FAILURES {
            throttle.failed(&account, at(0));
            assert_eq!(throttle.wait(&account, at(0)), None);
        }
        throttle.failed(&account, at(0));
        assert_eq!(throttle.wait(&account, at(0)), Some(LOCK_MIN));
        assert_eq!(throttle.wait(&account, at(30)), None);
        throttle.failed(&account, at(30));
        assert_eq!(throttle.wait(&account, at(30)), Some(LOCK_MIN * 2));
        for _ in 0..100 {
            throttle.failed(&account, at(90));
        }
        assert_eq!(throttle.wait(&account, at(90)), Some(LOCK_MAX));
        throttle.succeeded(&account, at(90));
        assert_eq!(throttle.wait(&account, at(90)), None);
    }

    #[test]
    fn an_hour_later_all_is_forgotten() {
        let throttle = Throttle::default();
        let account = [Trier::Account("marie".to_owned())];
        for _ in 0..ACCOUNT_FAILURES {
            throttle.failed(&account, at(0));
        }
        throttle.failed(&account, at(3600));
        assert_eq!(throttle.wait(&account, at(3600)), None);
    }

    #[test]
    fn a_whole_call_centre_may_sign_in_from_one_address() {
        let throttle = Throttle::default();
        let address = [Trier::address([192, 0, 2, 1].into())];
        for _ in 0..10 * ADDRESS_FAILURES {
            assert_eq!(throttle.wait(&address, at(0)), None);
            throttle.failed(&address, at(0));
            throttle.succeeded(&address, at(0));
        }
    }

    #[test]
    fn addresses_of_one_network_count_together_and_memory_is_bounded() {
        let throttle = Throttle::default();
        let one = Trier::address("2001:db8::1".parse().unwrap());
        assert_eq!(one, Trier::address("2001:db8::2".parse().unwrap()));
        assert_ne!(one, Trier::address("2001:db8:0:1::1".parse().unwrap()));
        for number in 0..u32::try_from(ENTRIES_MAX).unwrap() + 10 {
            let address = Trier::address(std::net::Ipv4Addr::from_bits(number).into());
            throttle.failed(&[address], at(i64::from(number)));
        }
        assert!(throttle.failures().len() <= ENTRIES_MAX);
    }
}
