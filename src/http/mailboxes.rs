//! Mailboxes: where callers leave messages. The messages are in [`super::messages`].

use std::collections::BTreeMap;

use axum::extract::State;
use cadran_engine::model::{AgentId, Greeting, Mailbox, MailboxId, MediumId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsInbound, SignedIn, Staff};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::numbers::is_locale;
use super::{scope, setting};

/// E-mail addresses that one mailbox tells.
const NOTIFY_MAX: usize = 20;
/// Languages of one greeting.
const GREETING_LOCALES_MAX: usize = 20;
/// A greeting takes a minute at most to be spoken.
const GREETING_CHARACTERS_MAX: usize = 1_000;

/// A mailbox. Flows name it by the text of its id, `vm_3`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mailbox)]
pub(super) struct MailboxBody {
    id: MailboxId,
    #[serde(flatten)]
    settings: MailboxSettings,
}

/// What can be set of a mailbox.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MailboxSettings {
    name: String,
    /// Whose telephone shows that messages wait.
    agent: Option<AgentId>,
    /// E-mail addresses that get every message, with its sound.
    #[serde(default)]
    notify: Vec<String>,
    /// What callers hear whom a queue or a number sends here.
    #[serde(default)]
    greeting: GreetingSettings,
}

/// What callers hear before they leave a message. Where there is neither sound nor text, a sentence in their language.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Greeting)]
#[serde(deny_unknown_fields)]
pub(super) struct GreetingSettings {
    /// A recorded sound, in the caller's language where it has that.
    media: Option<MediumId>,
    /// What is spoken where there is no sound, by locale such as `fr-FR`.
    #[serde(default)]
    texts: BTreeMap<String, String>,
}

fn body(mailbox: Mailbox) -> MailboxBody {
    let Mailbox { id, name, agent, notify, greeting: Greeting { media, texts } } = mailbox;
    let greeting = GreetingSettings { media, texts };
    MailboxBody { id, settings: MailboxSettings { name, agent, notify, greeting } }
}

async fn mailbox(id: MailboxId, settings: MailboxSettings, app: &App) -> Result<Mailbox, Error> {
    let mut check = Check::default();
    check.name(&settings.name, "/name").count(settings.notify.len(), NOTIFY_MAX, "/notify");
    for (index, address) in settings.notify.iter().enumerate() {
        check.that(crate::mail::is_address(address), format!("/notify/{index}"), "email");
    }
    if let Some(agent) = settings.agent {
        check.that(app.store.agent(agent).await?.is_some(), "/agent", "exists");
    }
    let GreetingSettings { media, texts } = settings.greeting;
    check.count(texts.len(), GREETING_LOCALES_MAX, "/greeting/texts");
    for (locale, text) in &texts {
        let place = format!("/greeting/texts/{locale}");
        check.that(is_locale(locale), &place, "locale").text(text, GREETING_CHARACTERS_MAX, &place);
    }
    if let Some(media) = media {
        check.that(app.store.medium(media).await?.is_some(), "/greeting/media", "exists");
    }
    check.done()?;
    let MailboxSettings { name, agent, notify, .. } = settings;
    Ok(Mailbox { id, name, agent, notify, greeting: Greeting { media, texts } })
}

/// Lists mailboxes, in the order in which they were added. Whoever is confined to teams sees those of their agents.
#[utoipa::path(get, path = "/api/mailboxes", tag = "inbound", params(PageQuery<MailboxId>),
    responses((status = 200, body = Listing<Versioned<MailboxBody>>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<PageQuery<MailboxId>>,
) -> Result<Json<Listing<Versioned<MailboxBody>>>, Error> {
    setting::list_of(&app, query, |mailbox| scope::has_mailbox(&session.scope, mailbox), body).await
}

/// Adds a mailbox.
#[utoipa::path(post, path = "/api/mailboxes", tag = "inbound", responses((status = 201, body = Versioned<MailboxBody>)))]
pub(super) async fn create(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Json(settings): Json<MailboxSettings>,
) -> Result<Created<Versioned<MailboxBody>>, Error> {
    let mailbox = mailbox(MailboxId::from_i64(0), settings, &app).await?;
    setting::create(&app, "/api/mailboxes", &mailbox, body).await
}

/// One mailbox.
#[utoipa::path(get, path = "/api/mailboxes/{mailbox}", tag = "inbound", params(("mailbox" = MailboxId, Path)),
    responses((status = 200, body = Versioned<MailboxBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<MailboxId>,
) -> Result<Versioned<MailboxBody>, Error> {
    setting::read(&app, id, body).await
}

/// Changes a mailbox.
#[utoipa::path(put, path = "/api/mailboxes/{mailbox}", tag = "inbound", params(("mailbox" = MailboxId, Path)),
    responses((status = 200, body = Versioned<MailboxBody>)))]
pub(super) async fn update(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<MailboxId>,
    if_match: IfMatch,
    Json(settings): Json<MailboxSettings>,
) -> Result<Versioned<MailboxBody>, Error> {
    let mailbox = mailbox(id, settings, &app).await?;
    setting::update(&app, if_match, &mailbox, body).await
}

/// Removes a mailbox.
#[utoipa::path(delete, path = "/api/mailboxes/{mailbox}", tag = "inbound", params(("mailbox" = MailboxId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsInbound>,
    State(app): State<App>,
    Path(id): Path<MailboxId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    setting::remove::<Mailbox>(&app, id, if_match).await
}
