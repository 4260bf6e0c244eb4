//! Console accounts.

use axum::extract::State;
use cadran_engine::model::{AgentId, Role, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{Admin, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::session::{LOGIN_CHARS_MAX, hash_new};
use super::supervision;
use crate::store::{Kept, Page, User};

const NOUN: &str = "user";

/// A console account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserBody {
    id: UserId,
    login: String,
    role: Role,
    /// The agent whose desk it is, for the role agent.
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
    role: Role,
    /// The agent whose desk it is: needed for the role agent, and for whoever supervises.
    agent: Option<AgentId>,
}

/// What can be changed of an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    role: Role,
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
        agent: user.agent,
        must_change_password: user.must_change_password,
        enabled: user.enabled,
    }
}

fn is_login(login: &str) -> bool {
    (1..=LOGIN_CHARS_MAX).contains(&login.len())
        && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@'))
}

async fn check_agent(app: &App, check: &mut Check, role: Role, agent: Option<AgentId>) -> Result<(), Error> {
    // A supervisor works through an agent record of their own, an agent through nothing else.
    let fits = match role {
        Role::Agent => agent.is_some(),
        Role::Admin | Role::Supervisor => true,
        Role::CampaignManager => agent.is_none(),
    };
    check.that(fits, "/agent", "agent_role");
    if let Some(agent) = agent {
        check.that(app.store.agent(agent).await?.is_some(), "/agent", "exists");
    }
    Ok(())
}

/// Lists accounts, in the order in which they were added.
#[utoipa::path(get, path = "/api/users", tag = "users", params(PageQuery<UserId>),
    responses((status = 200, body = Listing<Versioned<UserBody>>)))]
pub(super) async fn list(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Query(query): Query<PageQuery<UserId>>,
) -> Result<Json<Listing<Versioned<UserBody>>>, Error> {
    let page = query.page();
    let users = app.store.users(page).await?;
    Ok(Listing::of(&page, users, |user| user.value.id, |user| Versioned::of(user, body)))
}

/// Adds an account. Its password must be replaced at the first sign-in.
#[utoipa::path(post, path = "/api/users", tag = "users",
    responses((status = 201, body = Versioned<UserBody>)))]
pub(super) async fn create(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Json(new): Json<NewUser>,
) -> Result<Created<Versioned<UserBody>>, Error> {
    let mut check = Check::default();
    check.that(is_login(&new.login), "/login", "login");
    check_agent(&app, &mut check, new.role, new.agent).await?;
    check.done()?;
    let login = new.login.to_lowercase();
    let user = User {
        id: UserId::from_i64(0),
        password_hash: hash_new(new.password, &login, "/password").await?,
        login,
        role: new.role,
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
    _: SignedIn<Admin>,
    State(app): State<App>,
    Path(id): Path<UserId>,
) -> Result<Versioned<UserBody>, Error> {
    Ok(Versioned::of(find(&app, id).await?, body))
}

/// Changes an account and ends its sign-ins.
#[utoipa::path(put, path = "/api/users/{user}", tag = "users", params(("user" = UserId, Path)),
    responses((status = 200, body = Versioned<UserBody>)))]
pub(super) async fn update(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Path(id): Path<UserId>,
    if_match: IfMatch,
    Json(change): Json<UserChange>,
) -> Result<Versioned<UserBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let known = find(&app, id).await?.value;
    let mut check = Check::default();
    check_agent(&app, &mut check, change.role, change.agent).await?;
    let stays_admin = change.role == Role::Admin && change.enabled;
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
        agent: change.agent,
        must_change_password,
        enabled: change.enabled,
    };
    let kept = app.store.update_user(&user, rev, app.now()).await?;
    app.store.sign_out_everywhere(id).await?;
    app.sockets.rights_changed(id);
    supervision::rights_changed(&app, &known, Some(&user)).await?;
    Ok(Versioned::of(kept, body))
}

/// Removes an account.
#[utoipa::path(delete, path = "/api/users/{user}", tag = "users", params(("user" = UserId, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<Admin>,
    State(app): State<App>,
    Path(id): Path<UserId>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    let known = find(&app, id).await?.value;
    let mut check = Check::default();
    check.that(another_admin(&app, id).await?, "", "last_admin").done()?;
    app.store.delete_user(id, rev).await?;
    app.sockets.rights_changed(id);
    supervision::rights_changed(&app, &known, None).await?;
    Ok(NoContent)
}

async fn find(app: &App, id: UserId) -> Result<Kept<User>, Error> {
    app.store.user(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

/// Whether an enabled admin is left without this account.
async fn another_admin(app: &App, without: UserId) -> Result<bool, Error> {
    let mut page = Page::first();
    loop {
        let users = app.store.users(page).await?;
        let is_other_admin = |user: &Kept<User>| {
            user.value.id != without && user.value.enabled && user.value.role == Role::Admin
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
