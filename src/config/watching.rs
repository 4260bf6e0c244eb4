//! What is watched beside the calls.

use std::fmt;
use std::net::IpAddr;
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
