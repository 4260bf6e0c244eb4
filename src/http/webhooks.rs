//! Webhooks: who is told of what, and what became of each message.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::State;
use cadran_engine::model::{Right, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{EditsWebhooks, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned, page};
use crate::store::{Delivery, DeliveryState, EventKind, Kept, Webhook};
use crate::webhooks::{PLACE, SECRET_BYTES, secret_text};

const NOUN: &str = "webhook";

/// The longest address.
const URL_CHARS_MAX: usize = 2_000;

/// How long messages are signed with the secret before too, so that a receiver has time to take over the next.
const SECRETS_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// Where events are sent. Its secret is shown when it is made, and never again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(super) struct WebhookBody {
    id: WebhookId,
    #[serde(flatten)]
    settings: WebhookSettings,
}

/// What can be set of a webhook.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookSettings {
    /// What it is for.
    name: String,
    /// Where to: `https://`, on the open network.
    url: String,
    /// What of: `agent.state`, `call.ended`, `campaign.state`, `lead.settled`, `recording.ready`.
    events: BTreeSet<String>,
    /// Whether telephone numbers are told. Only those who see them whole can have them told.
    #[serde(default)]
    numbers: bool,
    /// Whether anything is sent.
    #[serde(default = "yes")]
    enabled: bool,
}

const fn yes() -> bool {
    true
}

/// A webhook with what its messages are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookWithSecret {
    /// What messages are signed with, shown this once.
    secret: String,
    #[serde(flatten)]
    webhook: WebhookBody,
}

fn body(webhook: Webhook) -> WebhookBody {
    let settings = WebhookSettings {
        name: webhook.name,
        url: webhook.url,
        events: webhook.events.iter().map(|kind| kind.as_str().to_owned()).collect(),
        numbers: webhook.numbers,
        enabled: webhook.enabled,
    };
    WebhookBody { id: webhook.id, settings }
}

impl WebhookSettings {
    fn check(&self, session: &SignedIn<EditsWebhooks>) -> Result<BTreeSet<EventKind>, Error> {
        if self.numbers {
            session.needs(Right::SeeFullNumbers)?;
        }
        let mut check = Check::default();
        let kinds: Vec<Option<EventKind>> =
            self.events.iter().map(|word| EventKind::from_word(word)).collect();
        check.name(&self.name, "/name").that(is_address(&self.url), "/url", "webhook_url").that(
            !kinds.is_empty() && kinds.iter().all(Option::is_some),
            "/events",
            "event",
        );
        check.done()?;
        Ok(kinds.into_iter().flatten().collect())
    }
}

/// An address that messages can be sent to. Whether it is on the open network is looked at when they are sent: names
/// lead elsewhere tomorrow.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    url.len() <= URL_CHARS_MAX
        && url.bytes().all(|byte| byte.is_ascii_graphic())
        && host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
}

/// Lists webhooks, in the order in which they were added.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", params(PageQuery<WebhookId>),
    responses((status = 200, body = Listing<Versioned<WebhookBody>>)))]
pub(super) async fn list(
    _: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Query(query): Query<PageQuery<WebhookId>>,
) -> Result<Json<Listing<Versioned<WebhookBody>>>, Error> {
    let page = query.page();
    let webhooks = app.store.webhooks(page).await?;
    Ok(Listing::of(&page, webhooks, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a webhook.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", responses((status = 201, body = WebhookWithSecret)))]
pub(super) async fn create(
    session: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Json(settings): Json<WebhookSettings>,
) -> Result<Created<Json<WebhookWithSecret>>, Error> {
    let events = settings.check(&session)?;
    let (secret, sealed) = new_secret(&app)?;
    let webhook = Webhook {
        id: WebhookId::from_i64(0),
        name: settings.name,
        url: settings.url,
        events,
        numbers: settings.numbers,
        enabled: settings.enabled,
        secret: sealed,
        secret_before: None,
    };
    let kept = app.store.create_webhook(&webhook, app.now()).await?.value;
    let location = format!("/api/webhooks/{}", kept.id);
    Ok(Created { location, body: Json(WebhookWithSecret { secret, webhook: body(kept) }) })
}

/// One webhook.
#[utoipa::path(get, path = "/api/webhooks/{webhook}", tag = "webhooks", params(("webhook" = WebhookId, Path)),
    responses((status = 200, body = Versioned<WebhookBody>)))]
pub(super) async fn read(
    _: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
) -> Result<Versioned<WebhookBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes a webhook. Its secret stays.
#[utoipa::path(put, path = "/api/webhooks/{webhook}", tag = "webhooks", params(("webhook" = WebhookId, Path)),
    responses((status = 200, body = Versioned<WebhookBody>)))]
pub(super) async fn update(
    session: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
    if_match: IfMatch,
    Json(settings): Json<WebhookSettings>,
) -> Result<Versioned<WebhookBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let events = settings.check(&session)?;
    let WebhookSettings { name, url, numbers, enabled, .. } = settings;
    let known = find(&app, id).await?.value;
    let webhook = Webhook { name, url, events, numbers, enabled, ..known };
    Ok(Versioned::of(app.store.update_webhook(&webhook, rev, app.now()).await?, body))
}

/// Removes a webhook with what waits for it.
#[utoipa::path(delete, path = "/api/webhooks/{webhook}", tag = "webhooks", params(("webhook" = WebhookId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    app.store.delete_webhook(id, if_match.rev(NOUN)?).await?;
    Ok(NoContent)
}

/// Gives a webhook another secret. For a day messages are signed with the one before too.
#[utoipa::path(post, path = "/api/webhooks/{webhook}/rotate", tag = "webhooks", params(("webhook" = WebhookId, Path)),
    responses((status = 200, body = WebhookWithSecret)))]
pub(super) async fn rotate(
    _: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
) -> Result<Json<WebhookWithSecret>, Error> {
    let Kept { value: known, rev, .. } = find(&app, id).await?;
    let (secret, sealed) = new_secret(&app)?;
    let now = app.now();
    let secret_before = Some((known.secret, now + SECRETS_OVERLAP));
    let webhook = Webhook { secret: sealed, secret_before, ..known };
    let kept = app.store.update_webhook(&webhook, rev, now).await?.value;
    Ok(Json(WebhookWithSecret { secret, webhook: body(kept) }))
}

/// A message on its way, or what became of it. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(super) struct DeliveryBody {
    id: i64,
    /// The event, in the header `webhook-id`: whoever gets it twice knows it by this.
    event: String,
    /// What happened, such as `call.ended`.
    kind: String,
    /// When it happened.
    at: i64,
    /// `waiting`, `delivered` or `dead`.
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next, while it waits.
    due_at: i64,
    /// The HTTP status that the receiver gave last.
    status: Option<u16>,
    /// Why it did not arrive, the last time.
    problem: Option<String>,
    /// When it arrived, or was given up.
    ended_at: Option<i64>,
}

fn delivery_body(delivery: Delivery) -> DeliveryBody {
    DeliveryBody {
        id: delivery.id,
        event: delivery.event,
        kind: delivery.kind,
        at: delivery.at.as_millis(),
        state: delivery.state.as_str(),
        attempts: delivery.attempts,
        due_at: delivery.due_at.as_millis(),
        status: delivery.status,
        problem: delivery.problem,
        ended_at: delivery.ended_at.map(Timestamp::as_millis),
    }
}

/// Which messages are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliveryQuery {
    /// `waiting`, `delivered` or `dead`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<i64>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists the messages of a webhook, the latest first.
#[utoipa::path(get, path = "/api/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(("webhook" = WebhookId, Path), DeliveryQuery), responses((status = 200, body = Listing<DeliveryBody>)))]
pub(super) async fn deliveries(
    _: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Path(id): Path<WebhookId>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Listing<DeliveryBody>>, Error> {
    find(&app, id).await?;
    let state = match query.state.as_deref() {
        None => None,
        Some(word) => Some(
            DeliveryState::from_word(word)
                .ok_or_else(|| Error::BadQuery("`state` must be waiting, delivered or dead".to_owned()))?,
        ),
    };
    let page = page(query.after, query.limit);
    let deliveries = app.store.deliveries(id, state, page).await?;
    Ok(Listing::of(&page, deliveries, |delivery| delivery.id, delivery_body))
}

/// Sends a message again, whatever became of it.
#[utoipa::path(post, path = "/api/webhooks/{webhook}/deliveries/{delivery}/replay", tag = "webhooks",
    params(("webhook" = WebhookId, Path), ("delivery" = i64, Path)),
    responses((status = 204, description = "In line again")))]
pub(super) async fn replay(
    _: SignedIn<EditsWebhooks>,
    State(app): State<App>,
    Path((id, delivery)): Path<(WebhookId, i64)>,
) -> Result<NoContent, Error> {
    if app.store.replay_delivery(id, delivery, app.now()).await? {
        Ok(NoContent)
    } else {
        Err(Error::not_found("delivery", delivery))
    }
}

/// A secret for its receiver, and the same as it is kept.
fn new_secret(app: &App) -> Result<(String, String), Error> {
    let mut bits = [0; SECRET_BYTES];
    getrandom::fill(&mut bits).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    let text = secret_text(&bits);
    let sealed = app.settings.safe.seal(text.as_bytes(), PLACE);
    Ok((text, sealed.map_err(|error| Error::Internal(error.to_string()))?))
}

async fn find(app: &App, id: WebhookId) -> Result<Kept<Webhook>, Error> {
    app.store.webhook(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_is_one_of_the_web_and_carries_no_password() {
        for fine in ["https://example.org/hook?x=1", "http://192.0.2.1:8080"] {
            assert!(is_address(fine), "{fine}");
        }
        let long = format!("https://example.org/{}", "a".repeat(2_000));
        for bad in ["", "https://", "ftp://example.org", "https://user:pw@example.org", "https://a b", &long]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
