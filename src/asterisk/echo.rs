//! Whether events arrive at all.
//!
//! A link that fell silent leaves an old connection behind, which Asterisk closes when it notices. When that happens
//! just as the link is connected anew, Asterisk may switch the application off for the new connection too: the socket
//! is up, requests are answered, no event comes, and a channel that enters the application is hung up (seen on 22.10.1).
//! So the adapter sends itself an event before every snapshot. If it does not arrive, the link is connected anew.

use std::time::Duration;

use ari::{Client, Event};
use tokio::sync::watch;
use tokio::time::timeout;

/// The name of the event.
const NAME: &str = "cadran-echo";

/// How long the event may take: it waits its turn behind all others.
const HEARD_WITHIN: Duration = Duration::from_secs(3);

/// Counts the events that came back.
#[derive(Debug, Default)]
pub(super) struct Echo {
    heard: watch::Sender<u64>,
}

impl Echo {
    /// Takes note of an event, if it is ours.
    pub(super) fn hear(&self, event: &Event) {
        if matches!(event, Event::ChannelUserevent(sent) if sent.eventname == NAME) {
            self.heard.send_modify(|count| *count += 1);
        }
    }

    /// Whether an event that is sent at this moment arrives.
    pub(super) async fn answers(&self, client: &Client) -> bool {
        let mut heard = self.heard.subscribe();
        let before = *heard.borrow();
        let sent = client.send(ari::events::SendUserEvent::new(NAME, client.app())).await;
        if let Err(problem) = sent {
            // Without an outcome it may be on its way all the same.
            if !problem.is_outcome_unknown() {
                return false;
            }
        }
        let arrival = timeout(HEARD_WITHIN, heard.wait_for(|count| *count > before)).await;
        matches!(arrival, Ok(Ok(_)))
    }
}
