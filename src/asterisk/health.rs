//! Whether Asterisk answers at this moment, for people who look after it.

use ari::Client;
use ari::asterisk::{Info, Ping};
use cadran_engine::model::Timestamp;

/// What Asterisk says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pong {
    /// Its version, such as `22.10.1`.
    pub version: Option<String>,
    /// What its clock showed; none when it cannot be read.
    pub at: Option<Timestamp>,
}

/// Asks Asterisk how it is.
pub(super) async fn ask(client: &Client) -> Result<Pong, ari::Error> {
    // What the clock shows must be as fresh as can be.
    let info = client.send(Info::new()).await?;
    let ping = client.send(Ping::new()).await?;
    Ok(Pong { version: info.system.map(|system| system.version), at: moment(&ping.timestamp) })
}

/// A moment as Asterisk writes it: `2026-11-20T13:39:58.001+0000`.
fn moment(text: &str) -> Option<Timestamp> {
    let moment = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok()?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(moment("2026-11-20T13:39:58.001+0000"), Some(Timestamp::from_millis(1_795_181_998_001)));
        assert_eq!(moment("2026-11-20T14:39:58.001+0100"), moment("2026-11-20T13:39:58.001+0000"));
        assert_eq!(moment("yesterday"), None);
    }
}
