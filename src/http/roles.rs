//! Roles: bundles of rights that people have.

use axum::extract::State;
use cadran_engine::model::{Rights, Role, RoleName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::App;
use super::auth::{EditsAccounts, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, NoContent, PageQuery, Path, Query, Versioned};
use super::supervision;
use crate::store::{Kept, RoleRecord};

const NOUN: &str = "role";

/// A bundle of rights.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleBundle)]
pub(super) struct RoleBody {
    name: RoleName,
    rights: Rights,
    /// Whether every installation has it. Such a role cannot be removed, and the admin's has every right for good.
    built_in: bool,
}

/// A role that is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// Lower-case letters, digits and `_`. It never changes.
    name: RoleName,
    rights: Rights,
}

/// What can be changed of a role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleChange {
    rights: Rights,
}

fn body(role: RoleRecord) -> RoleBody {
    let built_in = role.name.built_in().is_some();
    RoleBody { name: role.name, rights: role.rights, built_in }
}

/// Lists roles, in the order of their names.
#[utoipa::path(get, path = "/api/roles", tag = "users", params(PageQuery<RoleName>),
    responses((status = 200, body = Listing<Versioned<RoleBody>>)))]
pub(super) async fn list(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Query(query): Query<PageQuery<RoleName>>,
) -> Result<Json<Listing<Versioned<RoleBody>>>, Error> {
    let page = query.page();
    let roles = app.store.roles(page.clone()).await?;
    Ok(Listing::of(&page, roles, |row| row.value.name.clone(), |row| Versioned::of(row, body)))
}

/// Adds a role. Nobody puts rights in it that they do not have.
#[utoipa::path(post, path = "/api/roles", tag = "users", responses((status = 201, body = Versioned<RoleBody>)))]
pub(super) async fn create(
    session: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Json(new): Json<NewRole>,
) -> Result<Created<Versioned<RoleBody>>, Error> {
    session.may_give(new.rights)?;
    let role = RoleRecord { name: new.name, rights: new.rights };
    let kept = app.store.create_role(&role, app.now()).await?;
    Ok(Created { location: format!("/api/roles/{}", kept.value.name), body: Versioned::of(kept, body) })
}

/// One role.
#[utoipa::path(get, path = "/api/roles/{role}", tag = "users", params(("role" = RoleName, Path)),
    responses((status = 200, body = Versioned<RoleBody>)))]
pub(super) async fn read(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(name): Path<RoleName>,
) -> Result<Versioned<RoleBody>, Error> {
    Ok(Versioned::of(find(&app, &name).await?, body))
}

/// Changes what a role may do, at once for everybody who has it. The admin's role stays as it is.
#[utoipa::path(put, path = "/api/roles/{role}", tag = "users", params(("role" = RoleName, Path)),
    responses((status = 200, body = Versioned<RoleBody>)))]
pub(super) async fn update(
    session: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(name): Path<RoleName>,
    if_match: IfMatch,
    Json(change): Json<RoleChange>,
) -> Result<Versioned<RoleBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let known = find(&app, &name).await?.value;
    session.may_give(known.rights)?;
    session.may_give(change.rights)?;
    Check::default().that(name.built_in() != Some(Role::Admin), "/rights", "admin_role").done()?;
    let role = RoleRecord { name, rights: change.rights };
    let kept = app.store.update_role(&role, rev, app.now()).await?;
    for user in app.store.users_with_role(&kept.value.name).await? {
        supervision::rights_changed(&app, user, true).await?;
    }
    Ok(Versioned::of(kept, body))
}

/// Removes a role that nobody has, and that not every installation has.
#[utoipa::path(delete, path = "/api/roles/{role}", tag = "users", params(("role" = RoleName, Path)),
    responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    _: SignedIn<EditsAccounts>,
    State(app): State<App>,
    Path(name): Path<RoleName>,
    if_match: IfMatch,
) -> Result<NoContent, Error> {
    let rev = if_match.rev(NOUN)?;
    find(&app, &name).await?;
    Check::default().that(name.built_in().is_none(), "", "built_in_role").done()?;
    app.store.delete_role(&name, rev).await?;
    Ok(NoContent)
}

async fn find(app: &App, name: &RoleName) -> Result<Kept<RoleRecord>, Error> {
    app.store.role(name).await?.ok_or_else(|| Error::not_found(NOUN, name))
}
