//! What watches over the installation: the probe of the trunks, and the checks.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use cadran_engine::input::SwitchEvent;
use tokio::sync::mpsc;

use crate::asterisk::Switch;
use crate::checks::{Asterisk, Pong, Surroundings};
use crate::config::Config;
use crate::daemon::wall_clock;
use crate::mail::{self, Mailer};
use crate::probe::Prober;
use crate::store::Store;

/// What asks the trunks' far ends, unless nobody wants it.
pub(super) fn prober(config: &Config, news: &mpsc::Sender<SwitchEvent>) -> Option<Prober> {
    let probe = &config.probe;
    probe.enabled.then(|| Prober::new(probe.interval(), probe.from, news, wall_clock))
}

/// What sends mail, where it is configured.
pub(super) fn mailer(config: &Config, store: &Store) -> anyhow::Result<Option<Mailer>> {
    let Some(mail) = &config.mail else { return Ok(None) };
    let server = mail::Server {
        host: mail.host.clone(),
        port: mail.port,
        security: mail.security,
        credentials: mail.read_credentials()?,
        from: mail.from.clone(),
        language: mail.language.into(),
    };
    let mailer = Mailer::new(store.clone(), server, config.files.messages(), wall_clock);
    mailer.context("`mail` cannot be used").map(Some)
}

/// What the checks look at, beside the database and the engine.
pub(super) fn surroundings(
    config: &Config,
    server: &str,
    switch: &Arc<Switch>,
    mailer: Option<&Mailer>,
) -> Surroundings {
    Surroundings {
        asterisk: Some((server.to_owned(), Arc::new(Driven(switch.clone())))),
        agi: config.fastagi.as_ref().map(|fastagi| fastagi.listen),
        mail: mailer.map(Mailer::line),
    }
}

/// The Asterisk server that this daemon drives.
#[derive(Debug)]
struct Driven(Arc<Switch>);

#[async_trait]
impl Asterisk for Driven {
    async fn ask(&self) -> Result<Pong, String> {
        match self.0.ask().await {
            Ok(pong) => Ok(Pong { version: pong.version, at: pong.at }),
            Err(problem) => Err(problem.to_string()),
        }
    }
}
