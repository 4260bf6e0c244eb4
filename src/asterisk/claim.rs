//! One Asterisk, one daemon.
//!
//! Asterisk gives the events of an application to whoever connected last and tells the one before only that it was
//! replaced. Two daemons on one Asterisk would each believe to be in charge. So before a daemon connects it looks at a
//! global variable of Asterisk, `CADRAN_HOLDER` (each further tenant has one of its own), which holds the name of the daemon in charge and a count that the
//! daemon raises all the time. A count that stands still belongs to a daemon that died: that one is succeeded. Clocks
//! are not compared, for two machines may disagree. The variable dies with Asterisk, and so does the need for it.
//!
//! Two daemons that look at the very same moment may both find nobody. Then Asterisk itself decides: the one that
//! connects second gets the events, the first is told `ApplicationReplaced` and stops for good.

use std::time::Duration;

use ari::Client;
use tokio::time::{Instant, interval, sleep};
use tracing::{debug, error, info};

use super::Fatal;

/// How often the daemon in charge raises its count.
const BEAT: Duration = Duration::from_millis(500);

/// After standing still for so long a count belongs to the dead: four beats. A restarted daemon waits this long, and
/// calls are taken over 3 s after a crash at the latest.
const LOST_AFTER: Duration = Duration::from_secs(2);

/// How often a daemon that wants to take charge looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why this daemon must not take charge of Asterisk.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Another daemon is in charge.
    #[error(
        "Asterisk is driven by another daemon, `{by}`; stop that one first, or give this one another Asterisk: \
         one Asterisk, one daemon"
    )]
    Held {
        /// What it calls itself.
        by: String,
    },
    /// Asterisk could not be asked.
    #[error("Asterisk could not be asked which daemon drives it: {0}")]
    Asterisk(#[from] ari::Error),
}

/// This daemon's name in the variable.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    daemon: String,
    /// The global variable of Asterisk: `<daemon> <count>`.
    variable: String,
}

impl Claim {
    /// Looks whether another daemon is in charge, and takes charge if none is.
    ///
    /// `client` must not have connected to the application: that alone would take the events from another daemon.
    /// Takes [`LOST_AFTER`] when a daemon died on this Asterisk, no time when none did.
    pub(super) async fn take(client: &Client, daemon: String, variable: String) -> Result<Self, ClaimError> {
        let claim = Self { daemon, variable };
        let found = claim.read(client).await?;
        if !found.is_empty() {
            claim.outlast(client, &found).await?;
        }
        claim.write(client, 0).await?;
        Ok(claim)
    }

    /// Returns when `found` has not changed for long enough.
    async fn outlast(&self, client: &Client, found: &str) -> Result<(), ClaimError> {
        let began = Instant::now();
        while began.elapsed() < LOST_AFTER {
            sleep(LOOK_EVERY).await;
            let now = self.read(client).await?;
            if now != found && !now.is_empty() {
                return Err(ClaimError::Held { by: holder(&now).to_owned() });
            }
        }
        info!(daemon = holder(found), "Succeeding a daemon that is gone");
        Ok(())
    }

    /// Keeps charge. Returns only when another daemon took it.
    pub(super) async fn keep(self, client: Client) -> Fatal {
        let mut beat = interval(BEAT);
        for count in 1_u64.. {
            beat.tick().await;
            match self.renew(&client, count).await {
                Ok(None) => {}
                Ok(Some(by)) => {
                    error!(daemon = by, "Another daemon has taken over this Asterisk");
                    return Fatal::Superseded { by };
                }
                // The link's own watch reports it and waits for Asterisk to come back.
                Err(problem) => debug!("Could not renew the claim on Asterisk: {problem}"),
            }
        }
        std::future::pending().await
    }

    /// Raises the count, unless another daemon is found in charge.
    async fn renew(&self, client: &Client, count: u64) -> Result<Option<String>, ari::Error> {
        let found = self.read(client).await?;
        let by = holder(&found);
        if !by.is_empty() && by != self.daemon {
            return Ok(Some(by.to_owned()));
        }
        self.write(client, count).await.map(|()| None)
    }

    /// Gives up charge, so that the next daemon need not wait. What another daemon wrote meanwhile stays.
    pub(super) async fn release(&self, client: &Client) -> Result<(), ari::Error> {
        if holder(&self.read(client).await?) == self.daemon {
            self.set(client, String::new()).await
        } else {
            Ok(())
        }
    }

    async fn write(&self, client: &Client, count: u64) -> Result<(), ari::Error> {
        self.set(client, format!("{} {count}", self.daemon)).await
    }

    async fn set(&self, client: &Client, value: String) -> Result<(), ari::Error> {
        client
            .send(ari::asterisk::SetVariable {
                value: Some(value),
                ..ari::asterisk::SetVariable::new(self.variable.clone())
            })
            .await
    }

    /// The variable; empty when it is not set.
    async fn read(&self, client: &Client) -> Result<String, ari::Error> {
        let found = client.find(ari::asterisk::GetVariable::new(self.variable.clone())).await?;
        Ok(found.map(|variable| variable.value).unwrap_or_default())
    }
}

/// The daemon's name in the variable.
fn holder(value: &str) -> &str {
    value.rsplit_once(' ').map_or(value, |(daemon, _count)| daemon)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_what_stands_before_the_count() {
        assert_eq!(holder("calls-1 0192 17"), "calls-1 0192");
        assert_eq!(holder("calls-1"), "calls-1");
        assert_eq!(holder(""), "");
    }
}
