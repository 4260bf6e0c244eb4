//! Messages that callers left in mailboxes: listed, listened to, removed.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use cadran_engine::model::{CallId, Mailbox, MailboxId, MessageId, Phone, Right};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{DeletesMessages, HearsMessages, SeesCalls, SignedIn};
use super::error::Error;
use super::extract::{Json, Listing, NoContent, Path, Query, page};
use super::privacy::shown;
use super::setting;
use super::uploads::remove_file;
use crate::store::Message;

const NOUN: &str = "message";

/// A message in a mailbox. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub(super) struct MessageBody {
    id: MessageId,
    mailbox: MailboxId,
    call: CallId,
    /// The caller's number, empty when it was withheld; its last digits without the right `see_full_numbers`, but for
    /// the agent whose mailbox it is.
    caller: String,
    left_at: i64,
    /// In milliseconds.
    duration: u64,
    /// Since when somebody has listened to it; none: nobody has.
    heard_at: Option<i64>,
}

/// Which messages are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageQuery {
    /// `next` of the page before; without it the first page.
    after: Option<MessageId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
    /// Those that somebody has listened to, or that nobody has.
    heard: Option<bool>,
}

fn body(message: Message, whole: bool) -> MessageBody {
    MessageBody {
        id: message.id,
        mailbox: message.mailbox,
        call: message.call,
        caller: message.caller.parse::<Phone>().map_or_else(|_| String::new(), |phone| shown(phone, whole)),
        left_at: message.left_at.as_millis(),
        duration: u64::try_from(message.duration.as_millis()).unwrap_or(u64::MAX),
        heard_at: message.heard_at.map(|heard| heard.as_millis()),
    }
}

/// Lists the messages of a mailbox, the latest first. An agent sees their own mailbox only.
#[utoipa::path(get, path = "/api/mailboxes/{mailbox}/messages", tag = "inbound",
    params(("mailbox" = MailboxId, Path), MessageQuery), responses((status = 200, body = Listing<MessageBody>)))]
pub(super) async fn list(
    session: SignedIn<SeesCalls>,
    State(app): State<App>,
    Path(mailbox): Path<MailboxId>,
    Query(query): Query<MessageQuery>,
) -> Result<Json<Listing<MessageBody>>, Error> {
    let is_theirs = is_theirs_or(Right::View, &session, &app, mailbox).await?;
    let whole = is_theirs || session.sees_numbers();
    let page = page(query.after, query.limit);
    let messages = app.store.messages(mailbox, query.heard, page).await?;
    Ok(Listing::of(&page, messages, |row| row.id, |row| body(row, whole)))
}

/// The sound of a message. Whoever fetches it has listened to it: the telephone of its mailbox is told.
#[utoipa::path(get, path = "/api/messages/{message}/audio", tag = "inbound", params(("message" = MessageId, Path)),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
pub(super) async fn listen(
    session: SignedIn<HearsMessages>,
    State(app): State<App>,
    Path(id): Path<MessageId>,
) -> Result<Response, Error> {
    let message = find(Right::PlayRecordings, &session, &app, id).await?;
    let sound = sound(&app, &message.file).await?;
    app.store.message_heard(id, app.now()).await?;
    app.inbox.reload().await?;
    Ok(sound)
}

/// What callers have said when they were asked to speak lies in one directory, in a mailbox or not.
pub(super) async fn sound(app: &App, file: &str) -> Result<Response, Error> {
    let wav = tokio::fs::read(app.settings.messages_dir.join(file)).await;
    let wav = wav.map_err(|_| Error::FileUnreadable(NOUN))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"))], wav).into_response())
}

/// Removes a message and its sound.
#[utoipa::path(delete, path = "/api/messages/{message}", tag = "inbound", params(("message" = MessageId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    session: SignedIn<DeletesMessages>,
    State(app): State<App>,
    Path(id): Path<MessageId>,
) -> Result<NoContent, Error> {
    find(Right::DeleteRecordings, &session, &app, id).await?;
    let message = app.store.delete_message(id).await?;
    remove_file(&app.settings.messages_dir.join(&message.file));
    app.inbox.reload().await?;
    Ok(NoContent)
}

async fn find<G>(right: Right, session: &SignedIn<G>, app: &App, id: MessageId) -> Result<Message, Error> {
    let message = app.store.message(id).await?.ok_or_else(|| Error::not_found(NOUN, id))?;
    is_theirs_or(right, session, app, message.mailbox).await?;
    Ok(message)
}

/// Refuses whoever has neither the right nor the mailbox; says whether it is their own. An agent does everything in their
/// own mailbox.
async fn is_theirs_or<G>(
    right: Right,
    session: &SignedIn<G>,
    app: &App,
    id: MailboxId,
) -> Result<bool, Error> {
    let mailbox = setting::find::<Mailbox>(app, id).await?.value;
    let is_theirs =
        session.may(Right::Work) && mailbox.agent.is_some() && mailbox.agent == session.user.value.agent;
    if is_theirs || session.may(right) { Ok(is_theirs) } else { Err(Error::NotYours) }
}
