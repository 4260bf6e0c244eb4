//! The Asterisk process.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::models;

models! {
    /// What Asterisk says about itself; parts that were not asked for are absent.
    pub struct AsteriskInfo {
        /// How it was built.
        pub build: Option<BuildInfo>,
        /// Which version is running.
        pub system: Option<SystemInfo>,
        /// How it is configured.
        pub config: Option<ConfigInfo>,
        /// Since when it is running.
        pub status: Option<StatusInfo>,
    }

    /// How Asterisk was built.
    pub struct BuildInfo {
        /// Operating system.
        pub os: String,
        /// Kernel version.
        pub kernel: String,
        /// Compile options; empty for the defaults.
        pub options: String,
        /// Machine architecture.
        pub machine: String,
        /// When it was built, as text.
        pub date: String,
        /// Who built it.
        pub user: String,
    }

    /// Which Asterisk is running.
    pub struct SystemInfo {
        /// Its version, such as `22.10.1`.
        pub version: String,
        /// The id of this Asterisk among others.
        pub entity_id: String,
    }

    /// How Asterisk is configured.
    pub struct ConfigInfo {
        /// System name.
        pub name: String,
        /// Language of prompts unless a channel says otherwise.
        pub default_language: String,
        /// Most channels at the same time, if limited.
        pub max_channels: Option<i64>,
        /// Most open files and sockets, if limited.
        pub max_open_files: Option<i64>,
        /// Highest load average at which calls are accepted, if limited.
        pub max_load: Option<f64>,
        /// User and group it runs as.
        pub setid: SetId,
    }

    /// User and group of the Asterisk process.
    pub struct SetId {
        /// Effective user.
        pub user: String,
        /// Effective group.
        pub group: String,
    }

    /// Since when Asterisk is running.
    pub struct StatusInfo {
        /// When it was started.
        pub startup_time: Timestamp,
        /// When its configuration was last read.
        pub last_reload_time: Timestamp,
    }

    /// The answer to a ping.
    pub struct AsteriskPing {
        /// The id of this Asterisk among others.
        pub asterisk_id: String,
        /// Always `pong`.
        pub ping: String,
        /// When the ping arrived, as text.
        pub timestamp: String,
    }

    /// A module of Asterisk.
    pub struct Module {
        /// File name, such as `res_pjsip.so`.
        pub name: String,
        /// What it is for.
        pub description: String,
        /// How many others use it.
        pub use_count: i64,
        /// `Running` or `Not Running`.
        pub status: String,
        /// How well it is supported: `core`, `extended`, `deprecated`.
        pub support_level: String,
    }

    /// A file or console that Asterisk logs to.
    pub struct LogChannel {
        /// File name.
        pub channel: String,
        /// Kind of log channel.
        #[serde(rename = "type")]
        pub kind: String,
        /// Whether it is enabled.
        pub status: String,
        /// The levels that are logged.
        pub configuration: String,
    }
}

/// One attribute of a dynamic configuration object.
///
/// `Debug` hides the value of attributes that hold a secret.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConfigTuple {
    /// Name of the attribute, such as `context`.
    pub attribute: String,
    /// Its value.
    pub value: String,
}

impl ConfigTuple {
    /// An attribute with its value.
    pub fn new(attribute: impl Into<String>, value: impl Into<String>) -> Self {
        Self { attribute: attribute.into(), value: value.into() }
    }

    /// Whether the attribute holds a password, a digest or a key (`res_pjsip` and the modules like it).
    fn is_secret(&self) -> bool {
        ["pass", "secret", "cred", "token", "key"].iter().any(|word| self.attribute.contains(word))
    }
}

impl fmt::Debug for ConfigTuple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = if self.is_secret() { "[redacted]" } else { &self.value };
        write!(f, "{}={value:?}", self.attribute)
    }
}
