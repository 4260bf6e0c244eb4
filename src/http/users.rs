//! Console accounts.

use std::collections::BTreeSet;

use axum::extract::State;
use cadran_engine::model::{AgentId, Right, Rights, Role, RoleName, TeamId, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsAccounts, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NamedQuery, NoContent, Path, Query, Versioned, page};
use super::session::hash_new;
use super::supervision;
use crate::accounts::is_login;
use crate::store::{Kept, NameOrder, Page, User};

const NOUN: &str = "user";

/// A console account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserBody {
    id: UserId,
    login: String,
    role: RoleName,
    /// The teams that the user looks after; none: all there is.
    teams: Option<BTreeSet<TeamId>>,
    /// The agent whose desk it is, for a role with the right `work`.
    agent: Option<AgentId>,
    must_change_password: bool,
    enabled: bool,
}

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// What the person types to sign in. Kept in lower case.
    login: String,
    /// A password for the first sign-in, which replaces it.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    role: RoleName,
    /// The teams that the user looks after; without it all there is.
    teams: Option<BTreeSet<TeamId>>,
    /// The agent whose desk it is, for a role with the right `work`, or whose phone a supervisor listens with.
    agent: Option<AgentId>,
}

/// What can be changed of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    role: RoleName,
    /// The teams that the user looks after; without it all there is.
    teams: Option<BTreeSet<TeamId>>,
    agent: Option<AgentId>,
    enabled: bool,
    /// A password for the next sign-in, which replaces it.
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

fn body(user: User) -> UserBody {
    UserBody {
        id: user.id,
        login: user.login,
        role: user.role,
        teams: user.teams,
        agent: user.agent,
        must_change_password: user.must_change_password,
        enabled: user.enabled,
    }
}

/// Looks at what an account is to be, and whether whoever asks may give that much.
async fn check_standing(
    app: &App,
    session: &SignedIn<EditsAccounts>,
    role: &RoleName,
    teams: Option<&BTreeSet<TeamId>>,
    agent: Option<AgentId>,
) -> Result<Check, Error> {
    let mut check = Check::default();
    let known = app.store.role(role).await?;
    check.that(known.is_some(), "/role", "exists");
    let rights = known.map_or(Rights::NONE, |kept| kept.value.rights);
    session.may_give(rights)?;
    // A supervisor takes part in conversations through an agent record of their own.
    let may_have_desk = rights.has(Right::Work) || supervision::ways(rights).next().is_some();
    let must = role.built_in() == Some(Role::Agent);
    check.that(if agent.is_some() { may_have_desk } else { !must }, "/agent", "agent_role");
    if let Some(agent) = agent {
        check.that(app.store.agent(agent).await?.is_some(), "/agent", "exists");
    }
    for team in teams.into_iter().flatten() {
        check.that(app.store.team(*team).await?.is_some(), "/teams", "exists");
    }
    Ok(check)
}

/// Lists accounts, in the order in which they were added unless told otherwise.
#[utoipa::path(get, path = "/api/users", tag = "users", params(NamedQuery<UserId>),
    responses((status = 200, body = Listing<Versioned<UserBody>>)))]
pub(super) async fn list(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Query(query): Query<NamedQuery<UserId>>,
) -> Result<Json<Listing<Versioned<UserBody>>>, Error> {
    let page = page(query.after, query.limit);
    let users = app.store.users(query.order.unwrap_or(NameOrder::Added), page).await?;
    Ok(Listing::of(&page, users, |user| user.value.id, |user| Versioned::of(user, body)))
}

/// Adds an account. Its password must be replaced at the first sign-in.
#[utoipa::path(post, path = "/api/users", tag = "users",
    responses((status = 201, body = Versioned<UserBody>)))]
pub(super) async fn create(
    session: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Json(new): Json<NewUser>,
) -> Result<Created<Versioned<UserBody>>, Error> {
    let mut check = check_standing(&app, &session, &new.role, new.teams.as_ref(), new.agent).await?;
    check.that(is_login(&new.login), "/login", "login").done()?;
    let login = new.login.to_lowercase();
    let user = User {
        id: UserId::from_i64(0),
        password_hash: hash_new(new.password, &login, "/password").await?,
        login,
        role: new.role,
        teams: new.teams,
        agent: new.agent,
        must_change_password: true,
        enabled: true,
    };
    let kept = app.store.create_user(&user, app.now()).await?;
    Ok(Created { location: format!("/api/users/{}", kept.value.id), body: Versioned::of(kept, body) })
}

/// One account.
#[utoipa::path(get, path = "/api/users/{user}", tag = "users", params(("user" = UserId, Path)),
    responses((status = 200, body = Versioned<UserBody>)))]
pub(super) async fn read(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<UserId>,
) -> Result<Versioned<UserBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes an account and ends its sign-ins.
#[utoipa::path(put, path = "/api/users/{user}", tag = "users", params(("user" = UserId, Path)),
    responses((status = 200, body = Versioned<UserBody>)))]
pub(super) async fn update(
    session: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Json(change): Json<UserChange>,
) -> Result<Versioned<UserBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let known = may_edit(&app, &session, id).await?;
    let mut check = check_standing(&app, &session, &change.role, change.teams.as_ref(), change.agent).await?;
    let stays_admin = is_admin(&change.role, change.teams.as_ref()) && change.enabled;
    check.that(stays_admin || another_admin(&app, id).await?, "/role", "last_admin");
    check.done()?;
    let (password_hash, must_change_password) = match change.password {
        Some(password) => (hash_new(password, &known.login, "/password").await?, true),
        None => (known.password_hash.clone(), known.must_change_password),
    };
    let user = User {
        id,
        login: known.login.clone(),
        password_hash,
        role: change.role,
        teams: change.teams,
        agent: change.agent,
        must_change_password,
        enabled: change.enabled,
    };
    let kept = app.store.update_user(&user, rev, app.now()).await?;
    app.store.sign_out_everywhere(id).await?;
    supervision::rights_changed(&app, id, known.agent == user.agent).await?;
    Ok(Versioned::of(kept, body))
}

/// Removes an account.
#[utoipa::path(delete, path = "/api/users/{user}", tag = "users", params(("user" = UserId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    session: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(id): Path<UserId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    may_edit(&app, &session, id).await?;
    let mut check = Check::default();
    check.that(another_admin(&app, id).await?, "", "last_admin").done()?;
    app.store.delete_user(id, rev).await?;
    supervision::rights_changed(&app, id, false).await?;
    Ok(NoContent)
}

async fn find(app: &App, id: UserId) -> Result<Kept<User>, Error> {
    app.store.user(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

/// An account that whoever asks may change: whoever takes one over has what it has.
pub(super) async fn may_edit(
    app: &App,
    session: &SignedIn<EditsAccounts>,
    id: UserId,
) -> Result<User, Error> {
    let user = find(app, id).await?.value;
    let role = app.store.role(&user.role).await?;
    session.may_give(role.map_or(Rights::NONE, |kept| kept.value.rights))?;
    Ok(user)
}

fn is_admin(role: &RoleName, teams: Option<&BTreeSet<TeamId>>) -> bool {
    role.built_in() == Some(Role::Admin) && teams.is_none()
}

/// Whether an enabled admin is left without this account.
async fn another_admin(app: &App, without: UserId) -> Result<bool, Error> {
    let mut page = Page::first();
    loop {
        let users = app.store.users(NameOrder::Added, page).await?;
        let is_other_admin = |user: &Kept<User>| {
            let user = &user.value;
            user.id != without && user.enabled && is_admin(&user.role, user.teams.as_ref())
        };
        if users.iter().any(is_other_admin) {
            return Ok(true);
        }
        page.after = match users.last() {
            Some(last) => Some(last.value.id),
            None => return Ok(false),
        };
    }
}
