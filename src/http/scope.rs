//! Whatever an address names must be within the scope of whoever asks. Looked at here for every address, so that no
//! handler can forget it.

use axum::extract::{FromRequestParts as _, RawPathParams};
use axum::http::request::Parts;
use cadran_engine::model::{
    AgentId, CallId, CampaignId, LeadId, ListId, Mailbox, MailboxId, MessageId, QueueId, RecordingId, Scope,
};
use cadran_engine::view::CallerView;

use super::app::App;
use super::error::Error;
use super::live;
use crate::store::{CallerCallbackFilter, ImportId, Owner, Page, Store};

/// What addresses name that belongs to teams. Everything else belongs to the installation, or to whoever knows its id.
const NOUNS: [&str; 11] = [
    "agent",
    "call",
    "callback",
    "campaign",
    "import",
    "lead",
    "list",
    "mailbox",
    "message",
    "queue",
    "recording",
];

/// Refuses an address that names what is outside `scope`, in the words for what does not exist. `own` is the agent of
/// the account itself.
pub(super) async fn look(
    scope: &Scope,
    own: Option<AgentId>,
    parts: &mut Parts,
    app: &App,
) -> Result<(), Error> {
    if scope.is_everything() {
        return Ok(());
    }
    // An address without names has nothing to look at.
    let Ok(names) = RawPathParams::from_request_parts(parts, app).await else { return Ok(()) };
    for (name, id) in &names {
        if let Some(noun) = NOUNS.into_iter().find(|noun| *noun == name)
            && !reaches(scope, own, app, noun, id).await?
        {
            return Err(Error::not_found(noun, id));
        }
    }
    Ok(())
}

/// Whether `scope` reaches to a row. What is no identifier is told by the handler.
async fn reaches(
    scope: &Scope,
    own: Option<AgentId>,
    app: &App,
    noun: &str,
    id: &str,
) -> Result<bool, Error> {
    let store = &app.store;
    let campaign = match noun {
        "agent" => {
            let agent = id.parse::<AgentId>();
            return Ok(agent.map_or(true, |agent| own == Some(agent) || scope.has_agent(agent)));
        }
        "call" => match id.parse::<CallId>() {
            Ok(call) => return reaches_call(scope, own, app, call).await,
            Err(_) => return Ok(true),
        },
        "callback" => match id.parse::<CallId>() {
            Ok(call) => return reaches_callback(scope, own, app, call).await,
            Err(_) => return Ok(true),
        },
        "campaign" => match id.parse::<CampaignId>() {
            Ok(campaign) => Some(campaign),
            Err(_) => return Ok(true),
        },
        "import" => match id.parse::<ImportId>() {
            Ok(import) => match store.import(import).await? {
                Some(import) => campaign_of(store, import.list).await?,
                None => None,
            },
            Err(_) => return Ok(true),
        },
        "lead" => match id.parse::<LeadId>() {
            Ok(lead) => store.lead(lead).await?.map(|lead| lead.campaign),
            Err(_) => return Ok(true),
        },
        "list" => match id.parse::<ListId>() {
            Ok(list) => campaign_of(store, list).await?,
            Err(_) => return Ok(true),
        },
        "mailbox" => match id.parse::<MailboxId>() {
            Ok(mailbox) => return reaches_mailbox(scope, app, mailbox).await,
            Err(_) => return Ok(true),
        },
        "message" => match id.parse::<MessageId>() {
            Ok(message) => match store.message(message).await? {
                Some(message) => return reaches_mailbox(scope, app, message.mailbox).await,
                None => None,
            },
            Err(_) => return Ok(true),
        },
        "queue" => return Ok(id.parse::<QueueId>().map_or(true, |queue| scope.has_queue(queue))),
        "recording" => match id.parse::<RecordingId>() {
            Ok(recording) => return reaches_call(scope, own, app, recording.call).await,
            Err(_) => return Ok(true),
        },
        _ => return Ok(false),
    };
    Ok(campaign.is_some_and(|campaign| scope.has_campaign(campaign)))
}

async fn reaches_call(scope: &Scope, own: Option<AgentId>, app: &App, call: CallId) -> Result<bool, Error> {
    let is_own = |owner| matches!(owner, Owner::Caller { agent: Some(agent), .. } if own == Some(agent));
    let owner = owner_of(app, call).await?;
    Ok(owner.is_some_and(|owner| owner.is_within(scope) || is_own(owner)))
}

/// A callback is of the queue in which it waits, and of the agent who promised it; one that is not booked yet, of its
/// call.
async fn reaches_callback(
    scope: &Scope,
    own: Option<AgentId>,
    app: &App,
    call: CallId,
) -> Result<bool, Error> {
    let filter = CallerCallbackFilter { call: Some(call), ..CallerCallbackFilter::default() };
    let Some(record) = app.store.caller_callbacks(filter, Page::first()).await?.pop() else {
        return reaches_call(scope, own, app, call).await;
    };
    let callback = record.callback;
    let is_own = own.is_some() && own == callback.agent;
    Ok(is_own || scope.has_queue(callback.queue))
}

async fn reaches_mailbox(scope: &Scope, app: &App, id: MailboxId) -> Result<bool, Error> {
    let mailbox = app.store.setting::<Mailbox>(id).await?;
    Ok(mailbox.is_some_and(|kept| has_mailbox(scope, &kept.value)))
}

/// A mailbox is of the team of its agent; one that is nobody's, of those alone who look after everything.
pub(super) fn has_mailbox(scope: &Scope, mailbox: &Mailbox) -> bool {
    scope.is_everything() || mailbox.agent.is_some_and(|agent| scope.has_agent(agent))
}

/// Whose a call is. Of a caller who is still there the live view knows it.
pub(super) async fn owner_of(app: &App, call: CallId) -> Result<Option<Owner>, Error> {
    match app.store.owner_of_call(call).await? {
        Some(Owner::Campaign(campaign)) => Ok(Some(Owner::Campaign(campaign))),
        written => {
            let view = live::view(app).await?;
            let caller = view.callers.iter().find(|caller| caller.call == call);
            let of_caller = |caller: &CallerView| Owner::Caller { queue: caller.queue, agent: caller.agent };
            Ok(caller.map(of_caller).or(written))
        }
    }
}

async fn campaign_of(store: &Store, list: ListId) -> Result<Option<CampaignId>, Error> {
    Ok(store.list(list).await?.map(|kept| kept.value.campaign))
}
