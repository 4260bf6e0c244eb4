//! Agents as settings describe them. What they do all day is in [`super::desk`].

use std::time::Duration;

use axum::extract::State;
use cadran_engine::model::{Agent, AgentId, PhoneKind, QueueId, RecordingPolicy, Right, RingMode, Skills};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Anyone, EditsAgents, SignedIn, Staff, new_token};
use super::check::{Check, is_plain_name};
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NamedQuery, NoContent, Path, Query, Versioned, page};
use super::teams;
use crate::store::{Kept, NameOrder};

const NOUN: &str = "agent";

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(super) struct AgentBody {
    id: AgentId,
    name: String,
    /// The SIP account on Asterisk.
    sip_account: String,
    phone_kind: PhoneKind,
    ring_mode: RingMode,
    /// How long their phone rings before they count as absent, in milliseconds.
    ring_timeout: u64,
    /// The queues whose callers they take.
    queues: Vec<QueueId>,
    /// What they know: a level from 1 to 100 for each skill.
    #[schema(value_type = BTreeMap<String, u8>)]
    skills: Skills,
    /// Which of their calls are recorded, unless campaign or queue records nothing; none: as those say.
    recording: Option<RecordingPolicy>,
}

/// What can be set of an agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentSettings {
    name: String,
    /// The SIP account on Asterisk: letters, digits, `-` and `_`.
    sip_account: String,
    /// Its password. Without it a new account gets a random one, a known one keeps its own.
    #[schema(value_type = Option<String>, format = Password)]
    sip_password: Option<SecretString>,
    phone_kind: PhoneKind,
    #[serde(default = "nailed_up")]
    ring_mode: RingMode,
    /// How long their phone rings before they count as absent, in milliseconds.
    #[serde(default = "ring_timeout")]
    ring_timeout: u64,
    /// The queues whose callers they take.
    #[serde(default)]
    queues: Vec<QueueId>,
    /// What they know: a level from 1 to 100 for each skill.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, u8>)]
    skills: Skills,
    /// Which of their calls are recorded, unless campaign or queue records nothing; none: as those say.
    recording: Option<RecordingPolicy>,
}

/// Queues of one agent.
const QUEUES_MAX: usize = 50;
/// Skills of one agent.
const SKILLS_MAX: usize = 50;

const fn nailed_up() -> RingMode {
    RingMode::NailedUp
}
const fn ring_timeout() -> u64 {
    20_000
}

/// What an agent's phone needs to know.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PhoneAccount {
    /// User name of the SIP account.
    user: String,
    /// Its password.
    password: String,
    phone_kind: PhoneKind,
}

fn body(agent: Agent) -> AgentBody {
    AgentBody {
        id: agent.id,
        name: agent.name,
        sip_account: agent.sip_account,
        phone_kind: agent.phone_kind,
        ring_mode: agent.ring_mode,
        ring_timeout: u64::try_from(agent.ring_timeout.as_millis()).unwrap_or(u64::MAX),
        queues: agent.queues,
        skills: agent.skills,
        recording: agent.recording,
    }
}

impl AgentSettings {
    fn check(&self) -> Result<(), Error> {
        let mut check = Check::default();
        check
            .name(&self.name, "/name")
            .that(is_plain_name(&self.sip_account), "/sip_account", "sip_name")
            .duration(self.ring_timeout, 5_000..=60_000, "/ring_timeout")
            .count(self.queues.len(), QUEUES_MAX, "/queues")
            .count(self.skills.len(), SKILLS_MAX, "/skills")
            .recording(self.recording, "/recording");
        for (skill, level) in &self.skills {
            check.name(skill, "/skills").that(
                (1..=100).contains(level),
                format!("/skills/{skill}"),
                "percent",
            );
        }
        if let Some(password) = &self.sip_password {
            let fine = (12..=64).contains(&password.expose_secret().len())
                && password.expose_secret().bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
            check.that(fine, "/sip_password", "password_length");
        }
        check.done()
    }

    fn into_agent(self, id: AgentId) -> (Agent, Option<SecretString>) {
        let agent = Agent {
            id,
            name: self.name,
            sip_account: self.sip_account,
            phone_kind: self.phone_kind,
            ring_mode: self.ring_mode,
            ring_timeout: Duration::from_millis(self.ring_timeout),
            queues: self.queues,
            skills: self.skills,
            recording: self.recording,
        };
        (agent, self.sip_password)
    }
}

/// Lists agents, in the order in which they were added unless told otherwise.
#[utoipa::path(get, path = "/api/agents", tag = "agents", params(NamedQuery<AgentId>),
    responses((status = 200, body = Listing<Versioned<AgentBody>>)))]
pub(super) async fn list(
    session: SignedIn<Staff>,
    State(app): State<App>,
    Query(query): Query<NamedQuery<AgentId>>,
) -> Result<Json<Listing<Versioned<AgentBody>>>, Error> {
    let page = page(query.after, query.limit);
    let agents = session.store(&app).agents(query.order.unwrap_or(NameOrder::Added), page).await?;
    Ok(Listing::of(&page, agents, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds an agent, with a SIP account on Asterisk.
#[utoipa::path(post, path = "/api/agents", tag = "agents", responses((status = 201, body = Versioned<AgentBody>)))]
pub(super) async fn create(
    _: SignedIn<EditsAgents>,
    State(app): State<App>,
    Json(settings): Json<AgentSettings>,
) -> Result<Created<Versioned<AgentBody>>, Error> {
    settings.check()?;
    let (agent, secret) = settings.into_agent(AgentId::from_i64(0));
    let secret = match secret {
        Some(secret) => secret,
        None => new_token()?,
    };
    let kept = app.store.create_agent(&agent, &secret, app.now()).await?;
    app.inbox.reload().await?;
    Ok(Created { location: format!("/api/agents/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One agent.
#[utoipa::path(get, path = "/api/agents/{agent}", tag = "agents", params(("agent" = AgentId, Path)),
    responses((status = 200, body = Versioned<AgentBody>)))]
pub(super) async fn read(
    _: SignedIn<Staff>,
    State(app): State<App>,
    Path(id): Path<AgentId>,
) -> Result<Versioned<AgentBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes an agent, on Asterisk too.
#[utoipa::path(put, path = "/api/agents/{agent}", tag = "agents", params(("agent" = AgentId, Path)),
    responses((status = 200, body = Versioned<AgentBody>)))]
pub(super) async fn update(
    _: SignedIn<EditsAgents>,
    State(app): State<App>,
    Path(id): Path<AgentId>,
    if_match: IfMatch,
    Json(settings): Json<AgentSettings>,
) -> Result<Versioned<AgentBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    settings.check()?;
    let (agent, secret) = settings.into_agent(id);
    let kept = app.store.update_agent(&agent, secret.as_ref(), rev, app.now()).await?;
    app.inbox.reload().await?;
    // A team has the queues that its agents serve.
    teams::tell(&app, app.store.users_over_agent(id).await?).await?;
    Ok(Versioned::of(kept, body))
}

/// Removes an agent who has no history and no console account.
#[utoipa::path(delete, path = "/api/agents/{agent}", tag = "agents", params(("agent" = AgentId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsAgents>,
    State(app): State<App>,
    Path(id): Path<AgentId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    app.store.delete_agent(id, rev).await?;
    app.inbox.reload().await?;
    Ok(NoContent)
}

/// The SIP account of one's own phone, for the phone in the browser. Nobody sees another's but those who edit agents.
#[utoipa::path(get, path = "/api/agents/{agent}/phone", tag = "agents", params(("agent" = AgentId, Path)),
    responses((status = 200, body = PhoneAccount)))]
pub(super) async fn phone(
    session: SignedIn<Anyone>,
    State(app): State<App>,
    Path(id): Path<AgentId>,
) -> Result<Json<PhoneAccount>, Error> {
    if !session.may(Right::EditAgents) {
        session.needs(Right::Work).map_err(|_| Error::Forbidden(Right::EditAgents))?;
        if session.user.value.agent != Some(id) {
            return Err(Error::NotYours);
        }
    }
    let account = app.store.sip_account(id).await?.ok_or_else(|| Error::not_found(NOUN, id))?;
    tracing::info!(target: "audit", { user.id = %session.id(), agent.id = %id }, "SIP account read");
    Ok(Json(PhoneAccount {
        user: format!("{}{}", account.name, app.phones),
        password: account.secret.expose_secret().to_owned(),
        phone_kind: account.phone_kind,
    }))
}

async fn find(app: &App, id: AgentId) -> Result<Kept<Agent>, Error> {
    app.store.agent(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}
