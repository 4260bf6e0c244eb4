//! Works through the outbox: takes what is due, sends it, and says what became of it.

use std::net::IpAddr;
use std::time::Duration;

use cadran_engine::model::Timestamp;
use futures_util::{StreamExt as _, stream};
use reqwest::{Client, Url, header, redirect};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::address::{self, Private, PublicNames, is_public};
use super::signature::{secret_bytes, sign};
use crate::safe::Safe;
use crate::store::{Delivery, DeliveryState, Error, Store, Webhook};

/// Pauses after each try that failed: half a day of patience by the hour, three days in all. Then it is given up.
pub const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(14 * 60 * 60),
    Duration::from_secs(20 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// How long a receiver may take to answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// How long what was taken stays out of the line, should nobody say what became of it: longer than a round takes.
const TAKEN_FOR: Duration = Duration::from_secs(60);

/// Messages of one round, and how many of them are on their way at once.
const ROUND: u16 = 32;
const AT_ONCE: usize = 8;

/// How often it is looked whether anything is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Rounds between two clearances of what is old.
const TIDY_EVERY: u32 = 600;

/// Sends what is due.
#[derive(Clone, Debug)]
pub struct Sender {
    store: Store,
    safe: Safe,
    client: Client,
    private: Private,
    clock: fn() -> Timestamp,
}

/// What came of one try.
enum Outcome {
    Taken(u16),
    /// The receiver wants no more of it (410, Standard Webhooks).
    Gone,
    Failed {
        status: Option<u16>,
        problem: String,
    },
}

impl Sender {
    /// A sender. `private` says whether messages may go to private addresses, which only tests allow.
    pub fn new(
        store: Store,
        safe: Safe,
        private: Private,
        clock: fn() -> Timestamp,
    ) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .timeout(ANSWER_DEADLINE)
            // A redirection would lead where nobody has looked; the specification counts it as a failure.
            .redirect(redirect::Policy::none())
            .dns_resolver(PublicNames(private))
            .no_proxy()
            .user_agent(concat!("Cadran/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { store, safe, client, private, clock })
    }

    /// Runs until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut round = 0u32;
        loop {
            match self.round().await {
                Ok(sent) if sent == usize::from(ROUND) && !stop.is_cancelled() => continue,
                Ok(_) => {}
                Err(error) => warn!(%error, "Webhooks wait: the outbox cannot be read"),
            }
            round = round.wrapping_add(1);
            if round.is_multiple_of(TIDY_EVERY)
                && let Err(error) = self.store.tidy_deliveries((self.clock)()).await
            {
                warn!(%error, "Old deliveries of webhooks could not be cleared away");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Sends what is due at this moment; gives how many messages that were.
    pub async fn round(&self) -> Result<usize, Error> {
        let now = (self.clock)();
        let taken = self.store.take_deliveries(now, now + TAKEN_FOR, ROUND).await?;
        let sent = taken.len();
        let settled: Vec<Result<(), Error>> = stream::iter(taken)
            .map(|delivery| self.deliver(delivery))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        settled.into_iter().collect::<Result<(), Error>>()?;
        Ok(sent)
    }

    async fn deliver(&self, mut delivery: Delivery) -> Result<(), Error> {
        let Some(webhook) = self.store.webhook(delivery.webhook).await? else { return Ok(()) };
        let (rev, mut webhook) = (webhook.rev, webhook.value);
        let outcome = self.send(&webhook, &delivery).await;
        let now = (self.clock)();
        (delivery.status, delivery.problem) = match &outcome {
            Outcome::Taken(status) => (Some(*status), None),
            Outcome::Gone => (Some(410), Some("the receiver wants no more".to_owned())),
            Outcome::Failed { status, problem } => (*status, Some(problem.clone())),
        };
        let pause =
            usize::try_from(delivery.attempts.saturating_sub(1)).ok().and_then(|tries| PAUSES.get(tries));
        (delivery.state, delivery.due_at) = match (&outcome, pause) {
            (Outcome::Taken(_), _) => (DeliveryState::Delivered, delivery.due_at),
            (Outcome::Failed { .. }, Some(pause)) => (DeliveryState::Waiting, now + *pause),
            (Outcome::Failed { .. }, None) | (Outcome::Gone, _) => (DeliveryState::Dead, delivery.due_at),
        };
        delivery.ended_at = (delivery.state != DeliveryState::Waiting).then_some(now);
        self.store.settle_delivery(&delivery).await?;
        metrics::counter!("cadran_webhook_deliveries_total", "state" => delivery.state.as_str()).increment(1);
        if matches!(outcome, Outcome::Gone) {
            warn!(webhook.id = %webhook.id, "a webhook is switched off: its receiver wants no more");
            webhook.enabled = false;
            match self.store.update_webhook(&webhook, rev, now).await {
                // Somebody changed it meanwhile, and knows better.
                Ok(_) | Err(Error::Changed(_) | Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn send(&self, webhook: &Webhook, delivery: &Delivery) -> Outcome {
        let failed = |problem: String| Outcome::Failed { status: None, problem };
        let Ok(url) = webhook.url.parse::<Url>() else {
            return failed("the address is not one".to_owned());
        };
        if self.private == Private::Refused && literal(&url).is_some_and(|address| !is_public(address)) {
            return failed(address::REFUSED.to_owned());
        }
        let now = (self.clock)();
        let secrets = match self.secrets(webhook, now) {
            Ok(secrets) => secrets,
            Err(problem) => return failed(problem),
        };
        let request = self
            .client
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.event)
            .header("webhook-timestamp", now.as_millis().div_euclid(1000).to_string())
            .header("webhook-signature", sign(&secrets, &delivery.event, now, &delivery.body))
            .body(delivery.body.clone());
        match request.send().await.map(|response| response.status()) {
            Ok(status) if status.is_success() => Outcome::Taken(status.as_u16()),
            Ok(status) if status.as_u16() == 410 => Outcome::Gone,
            Ok(status) => Outcome::Failed {
                status: Some(status.as_u16()),
                problem: format!("the receiver answered {status}"),
            },
            Err(error) => failed(told(&error)),
        }
    }

    /// The secrets that hold at this moment, the present one first.
    fn secrets(&self, webhook: &Webhook, now: Timestamp) -> Result<Vec<Vec<u8>>, String> {
        let before =
            webhook.secret_before.as_ref().filter(|(_, until)| *until > now).map(|(secret, _)| secret);
        let open = |sealed: &String| {
            let text = self.safe.open(sealed, PLACE).map_err(|error| error.to_string())?;
            let text = String::from_utf8(text).ok();
            text.and_then(|text| secret_bytes(&text)).ok_or_else(|| "the secret is not one".to_owned())
        };
        std::iter::once(&webhook.secret).chain(before).map(open).collect()
    }
}

/// What secrets of webhooks are sealed for.
pub const PLACE: &str = "webhook";

/// The address of a host that is no name.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// An error with what lies behind it, without the address, which may hold a secret.
fn told(error: &reqwest::Error) -> String {
    use std::error::Error as _;
    let mut cause = error.source();
    let mut deepest = None;
    while let Some(error) = cause {
        deepest = Some(error.to_string());
        cause = error.source();
    }
    let what = if error.is_timeout() { "no answer in time" } else { "no connection" };
    deepest.map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"))
}
