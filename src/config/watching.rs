//! What is watched beside the calls.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::Error;

/// Our own question to each trunk's far end, beside Asterisk's: OPTIONS over UDP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Probe {
    /// Whether it is asked.
    pub enabled: bool,
    /// Seconds between two questions to a trunk.
    pub every: u16,
    /// The address of this machine to ask from, when the carrier must know it; the system chooses without it.
    pub from: Option<IpAddr>,
}

impl Default for Probe {
    fn default() -> Self {
        Self { enabled: true, every: 10, from: None }
    }
}

impl Probe {
    /// Time between two questions to a trunk.
    pub const fn interval(&self) -> Duration {
        Duration::from_secs(self.every as u64)
    }

    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        if (1..=3600).contains(&self.every) {
            return Ok(());
        }
        let problem = "must be between 1 and 3600 seconds; `probe.enabled = false` switches it off";
        Err(Error::value(path, "probe.every", problem))
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[probe]\nenabled = {}\nevery = {}", self.enabled, self.every)?;
        match self.from {
            Some(from) => write!(f, "\nfrom = \"{from}\""),
            None => Ok(()),
        }
    }
}

/// Where the sound of conversations arrives that programs hear (`GET /api/calls/{call}/audio`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tap {
    /// The address of this machine that Asterisk sends to, by RTP without encryption: loopback, or a network of one's own.
    pub address: IpAddr,
}

impl Default for Tap {
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST.into() }
    }
}

impl Tap {
    pub(super) fn check(&self, path: &Path) -> Result<(), Error> {
        if self.address.is_unspecified() || self.address.is_multicast() {
            let problem = "must be one address of this machine, which Asterisk is told to send to";
            return Err(Error::value(path, "tap.address", problem));
        }
        Ok(())
    }
}

impl fmt::Display for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[tap]\naddress = \"{}\"", self.address)
    }
}
