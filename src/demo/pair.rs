//! The pair of Asterisk servers that `scripts/asterisk-pair.sh` started.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use tokio::process::Command;

use super::DemoAgent;

/// What the demonstration knows of the pair.
#[derive(Debug)]
pub(super) struct Pair {
    directory: PathBuf,
    pub(super) ari_url: String,
    pub(super) ari_user: String,
    pub(super) ari_password: String,
    pub(super) carrier_host: String,
    pub(super) carrier_port: u16,
    calls: PathBuf,
}

/// A call as the telephone network saw it.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct CallSeen {
    /// The final SIP status: 200 when it was answered, 487 when the PBX gave up first.
    pub(super) status: u16,
}

impl Pair {
    /// Reads `pair.env` in the pair's directory.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("pair.env");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read; start the pair first", path.display()))?;
        let values: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
        let value = |name: &str| {
            let found = values.get(name).map(|value| value.trim_matches('"').to_owned());
            found.with_context(|| format!("{} has no {name}", path.display()))
        };
        let carrier = value("CARRIER_SIP_ADDRESS")?;
        let (host, port) = carrier.rsplit_once(':').context("CARRIER_SIP_ADDRESS has no port")?;
        Ok(Self {
            directory: directory.to_owned(),
            ari_url: value("PBX_ARI_URL")?.trim_end_matches("/ari").to_owned(),
            ari_user: value("PBX_ARI_USER")?,
            ari_password: value("PBX_ARI_PASSWORD")?,
            carrier_host: host.to_owned(),
            carrier_port: port.parse().context("CARRIER_SIP_ADDRESS has no port")?,
            calls: value("CARRIER_CALLS")?.into(),
        })
    }

    /// Registers the agents' phones, all at once, and returns when the PBX has accepted them.
    pub(super) async fn register_phones(&self, program: &Path, agents: &[DemoAgent]) -> anyhow::Result<()> {
        let register = |agent: &DemoAgent| {
            let mut command = Command::new(program);
            command
                .arg("add")
                .arg(&self.directory)
                .arg(&agent.account)
                .arg(&agent.secret)
                .stdin(Stdio::null());
            command
        };
        let phones = agents.iter().map(|agent| async move {
            let status = register(agent).status().await.with_context(|| format!("{}", program.display()))?;
            ensure!(status.success(), "the phone {} could not be registered", agent.account);
            anyhow::Ok(())
        });
        try_join_all(phones).await.map(drop)
    }

    /// Every call that the telephone network has seen end.
    pub(super) fn calls_seen(&self) -> anyhow::Result<Vec<CallSeen>> {
        if !self.calls.exists() {
            return Ok(Vec::new());
        }
        let mut reader =
            csv::Reader::from_path(&self.calls).with_context(|| format!("{}", self.calls.display()))?;
        reader.deserialize().collect::<Result<_, _>>().with_context(|| format!("{}", self.calls.display()))
    }
}
