//! Supervisors in other people's conversations, and words to agents.
//!
//! A supervisor works through an agent record of their own, whose phone stays up. What they ask for shows on the live
//! stream, where it also shows when it failed.

use axum::extract::State;
use axum::http::StatusCode;
use cadran_engine::input::Request;
use cadran_engine::model::{
    AgentId, CallId, CampaignId, Right, Rights, Scope, SupervisionEnd, SupervisionId, SupervisionMode,
    TeamId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::app::App;
use super::auth::{ActsForAgents, Barges, Listens, SignedIn, Supervises, TakesOver, Whispers};
use super::because::{Because, BecauseQuery, REASON_CHARS_MAX};
use super::check::Check;
use super::error::Error;
use super::extract::{Json, Listing, NoContent, Path, Query, page};
use super::witness::Witness;
use super::{live, supervisors};
use crate::live::{Audience, Fact};
use crate::store::{SupervisionFilter, SupervisionRecord};

/// The longest message to an agent.
const TEXT_CHARS_MAX: usize = 500;

/// The right that a way of taking part asks for.
const fn right(mode: SupervisionMode) -> Right {
    match mode {
        SupervisionMode::Barge => Right::Barge,
        SupervisionMode::Listen => Right::Listen,
        SupervisionMode::TakeOver => Right::TakeOver,
        SupervisionMode::Whisper => Right::Whisper,
    }
}

/// The ways in which whoever has these rights may take part in conversations of others.
pub(super) fn ways(rights: Rights) -> impl Iterator<Item = SupervisionMode> {
    SupervisionMode::ALL.into_iter().filter(move |mode| rights.has(right(*mode)))
}

/// Ends at once what an account may see, hear and do no longer. `stays` says whether the phone that it began with is
/// still its own; if it is not, it hears nothing any more.
pub(super) async fn rights_changed(app: &App, user: UserId, stays: bool) -> Result<(), Error> {
    app.sockets.rights_changed(user);
    let (mut rights, mut scope) = (Rights::NONE, Scope::Everything);
    if let Some(account) = app.store.user(user).await?.filter(|account| stays && account.value.enabled) {
        let role = app.store.role(&account.value.role).await?;
        rights = role.map_or(Rights::NONE, |role| role.value.rights);
        scope = app.store.scope(&account.value).await?;
    }
    app.inbox.request(Request::WithdrawSupervision { user, left: ways(rights).collect(), scope }).await?;
    Ok(())
}

/// The agent whose phone the supervisor uses.
fn desk<G>(session: &SignedIn<G>) -> Result<AgentId, Error> {
    session.user.value.agent.ok_or(Error::NoDesk)
}

/// Why a supervisor takes part in a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SupervisionReason)]
pub(super) struct Why {
    /// In their own words. Many campaigns ask for it before their customers hear a supervisor.
    #[serde(default)]
    reason: String,
}

impl Why {
    /// The reason, which the audit log gets too.
    fn heard_by(self, witness: &Witness) -> Result<String, Error> {
        Check::default().text(&self.reason, REASON_CHARS_MAX, "/reason").done()?;
        witness.heard(&self.reason);
        Ok(self.reason)
    }
}

/// Hears both; is heard by nobody. In a conversation in which the supervisor takes part already, this and its siblings
/// change how.
#[utoipa::path(post, path = "/api/calls/{call}/listen", tag = "supervision", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn listen(
    session: SignedIn<Listens>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    witness: Witness,
    Json(why): Json<Why>,
) -> Result<StatusCode, Error> {
    supervise(&session, &app, call, SupervisionMode::Listen, why.heard_by(&witness)?).await
}

/// Is heard by the agent and not by the customer.
#[utoipa::path(post, path = "/api/calls/{call}/whisper", tag = "supervision", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn whisper(
    session: SignedIn<Whispers>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    witness: Witness,
    Json(why): Json<Why>,
) -> Result<StatusCode, Error> {
    supervise(&session, &app, call, SupervisionMode::Whisper, why.heard_by(&witness)?).await
}

/// Everybody hears everybody.
#[utoipa::path(post, path = "/api/calls/{call}/barge", tag = "supervision", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn barge(
    session: SignedIn<Barges>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    witness: Witness,
    Json(why): Json<Why>,
) -> Result<StatusCode, Error> {
    supervise(&session, &app, call, SupervisionMode::Barge, why.heard_by(&witness)?).await
}

/// Becomes the agent of the call: customer, record, recording and disposition. The agent who had it wraps up. Should
/// it fail, the customer is back with that agent.
#[utoipa::path(post, path = "/api/calls/{call}/take-over", tag = "supervision", params(("call" = CallId, Path)),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn take_over(
    session: SignedIn<TakesOver>,
    State(app): State<App>,
    Path(call): Path<CallId>,
    witness: Witness,
    Json(why): Json<Why>,
) -> Result<StatusCode, Error> {
    supervise(&session, &app, call, SupervisionMode::TakeOver, why.heard_by(&witness)?).await
}

async fn supervise<G>(
    session: &SignedIn<G>,
    app: &App,
    call: CallId,
    mode: SupervisionMode,
    reason: String,
) -> Result<StatusCode, Error> {
    let (supervisor, user) = (desk(session)?, session.id());
    app.inbox.request(Request::Supervise { supervisor, user, call, mode, reason }).await?;
    supervisors::look_after(app, supervisor, session.token);
    Ok(StatusCode::ACCEPTED)
}

/// Listens to an agent's conversation, and to each one that follows. What is not of the supervisor's teams is left out.
#[utoipa::path(post, path = "/api/agents/{agent}/follow", tag = "supervision",
    params(("agent" = AgentId, Path), BecauseQuery),
    responses((status = 202, description = "Under way; the live stream shows it")))]
pub(super) async fn follow(
    session: SignedIn<Listens>,
    State(app): State<App>,
    Path(agent): Path<AgentId>,
    Because(reason): Because,
) -> Result<StatusCode, Error> {
    let (supervisor, user) = (desk(&session)?, session.id());
    let scope = session.scope.clone();
    app.inbox.request(Request::Follow { supervisor, user, agent, scope, reason }).await?;
    supervisors::look_after(&app, supervisor, session.token);
    Ok(StatusCode::ACCEPTED)
}

/// Takes no part in conversations of others any more. After a take-over there is nothing to stop: the call is theirs.
#[utoipa::path(post, path = "/api/supervision/stop", tag = "supervision",
    responses((status = 204, description = "Stopped")))]
pub(super) async fn stop(session: SignedIn<Supervises>, State(app): State<App>) -> Result<NoContent, Error> {
    app.inbox.request(Request::StopSupervising { supervisor: desk(&session)?, withdrawn: false }).await?;
    Ok(NoContent)
}

/// An act of supervision. Times are in milliseconds since 1970.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Supervision)]
pub(super) struct SupervisionBody {
    id: SupervisionId,
    /// The account that asked.
    user: UserId,
    /// The agent whose phone the supervisor used, or who the listener without a phone is; none when they are no agent.
    supervisor: Option<AgentId>,
    /// Whose conversation it was.
    agent: AgentId,
    call: CallId,
    mode: SupervisionMode,
    /// In the supervisor's words.
    reason: String,
    began_at: i64,
    /// None while it goes on.
    ended_at: Option<i64>,
    /// How long it was, in seconds; none while it goes on.
    seconds: Option<f64>,
    /// Why it ended.
    end: Option<SupervisionEnd>,
}

impl SupervisionBody {
    fn of(SupervisionRecord { act, ended_at, end }: SupervisionRecord) -> Self {
        Self {
            id: act.id,
            user: act.user,
            supervisor: act.supervisor,
            agent: act.agent,
            call: act.call,
            mode: act.mode,
            reason: act.reason,
            began_at: act.began_at.as_millis(),
            ended_at: ended_at.map(Timestamp::as_millis),
            seconds: ended_at.map(|ended_at| ended_at.since(act.began_at).as_secs_f64()),
            end,
        }
    }
}

/// Which acts are wanted. Times are in milliseconds since 1970.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct SupervisionQuery {
    /// In this agent's conversations.
    agent: Option<AgentId>,
    /// In this conversation.
    call: Option<CallId>,
    /// Begun then or later.
    from: Option<i64>,
    /// Of this kind.
    mode: Option<SupervisionMode>,
    /// With this agent's phone.
    supervisor: Option<AgentId>,
    /// Begun before.
    until: Option<i64>,
    /// `next` of the page before.
    after: Option<SupervisionId>,
    /// Rows at most, 1 to 500.
    limit: Option<u16>,
}

/// Lists acts of supervision, the latest first: who, in whose conversation, how, how long and why.
#[utoipa::path(get, path = "/api/supervision", tag = "supervision", params(SupervisionQuery),
    responses((status = 200, body = Listing<SupervisionBody>)))]
pub(super) async fn list(
    session: SignedIn<Supervises>,
    State(app): State<App>,
    Query(query): Query<SupervisionQuery>,
) -> Result<Json<Listing<SupervisionBody>>, Error> {
    let filter = SupervisionFilter {
        agent: query.agent,
        call: query.call,
        from: query.from.map(Timestamp::from_millis),
        mode: query.mode,
        supervisor: query.supervisor,
        until: query.until.map(Timestamp::from_millis),
    };
    let page = page(query.after, query.limit);
    let acts = session.store(&app).supervision(filter, page).await?;
    Ok(Listing::of(&page, acts, |row| row.act.id, SupervisionBody::of))
}

/// Words to agents.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AgentMessage)]
pub(super) struct Message {
    text: String,
    /// To this agent alone.
    agent: Option<AgentId>,
    /// To the agents who work for this campaign at the moment.
    campaign: Option<CampaignId>,
    /// To the agents of this team. Without any of the three, to everybody.
    team: Option<TeamId>,
}

/// Shows words on the screens of an agent, of those who work for a campaign, of a team, or of everybody: the fact `message` of
/// the live stream. Whoever has no screen open does not get them later.
#[utoipa::path(post, path = "/api/messages", tag = "supervision", request_body = Message,
    responses((status = 202, description = "On its way")))]
pub(super) async fn send_message(
    session: SignedIn<ActsForAgents>,
    State(app): State<App>,
    Json(message): Json<Message>,
) -> Result<StatusCode, Error> {
    let Message { text, agent, campaign, team } = message;
    let team = match team {
        Some(team) => Some(members(&session, &app, team).await?),
        None => None,
    };
    let audiences = [agent.is_some(), campaign.is_some(), team.is_some()];
    let named = audiences.into_iter().filter(|named| *named).count();
    Check::default()
        .that(!text.trim().is_empty(), "/text", "name")
        .text(&text, TEXT_CHARS_MAX, "/text")
        .that(named <= 1, "", "one_of")
        .that(team.as_ref().is_none_or(Option::is_some), "/team", "exists")
        .that(agent.is_none_or(|agent| session.scope.has_agent(agent)), "/agent", "exists")
        .that(campaign.is_none_or(|campaign| session.sees_campaign(campaign)), "/campaign", "exists")
        .done()?;
    if named == 0 {
        session.needs_all_teams()?;
    }
    let audience = match (agent, campaign, team.flatten()) {
        (Some(agent), _, _) => Audience::Agents(vec![agent]),
        (None, _, Some(agents)) => Audience::Agents(agents),
        (None, Some(campaign), None) => {
            let at_work = live::view(&app).await?.agents.into_iter();
            Audience::Agents(
                at_work.filter(|live| live.campaigns.contains(&campaign)).map(|live| live.agent).collect(),
            )
        }
        (None, None, None) => Audience::Everybody,
    };
    let user = session.id();
    app.hub.tell(&Fact::message(audience, user, &text));
    Ok(StatusCode::ACCEPTED)
}

/// Who is in a team; none when the supervisor does not look after it.
async fn members<G>(session: &SignedIn<G>, app: &App, team: TeamId) -> Result<Option<Vec<AgentId>>, Error> {
    if session.user.value.teams.as_ref().is_some_and(|teams| !teams.contains(&team)) {
        return Ok(None);
    }
    let team = app.store.team(team).await?;
    Ok(team.map(|team| team.value.agents.into_iter().collect()))
}
