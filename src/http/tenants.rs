//! The platform: who has a centre on this installation. Whoever looks after it sees nothing of what tenants have.

use std::collections::BTreeSet;

use axum::extract::State;
use cadran_engine::model::{Role, Slug, TenantId, TenantState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::app::{App, Platform};
use super::auth::{ManagesTenants, SignedIn};
use super::check::Check;
use super::error::Error;
use super::extract::{Created, IfMatch, Json, Listing, PageQuery, Path, Query, Versioned};
use crate::accounts;
use crate::store::{Kept, Tenant};

const NOUN: &str = "tenant";

/// Names of hosts that a tenant may have.
const HOSTS_MAX: usize = 20;

/// The longest name of a host (RFC 1035 §2.3.4).
const HOST_CHARS_MAX: usize = 253;

/// The login of a tenant's first admin, unless another is wanted.
const FIRST_LOGIN: &str = "admin";

/// A company whose centre shares nothing with the others on the installation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(super) struct TenantBody {
    id: TenantId,
    /// What addresses (`/t/{slug}/api/…`), directories and names on Asterisk call it. It never changes.
    slug: Slug,
    name: String,
    /// The names of hosts at which it is found.
    hosts: BTreeSet<String>,
    state: TenantState,
    created_at: i64,
}

/// A new tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTenant {
    /// 1 to 20 lower-case letters, digits and `-`, beginning with a letter. It never changes.
    slug: String,
    name: String,
    /// The names of hosts at which it is found, beside `/t/{slug}`.
    #[serde(default)]
    hosts: BTreeSet<String>,
    /// What its first admin types to sign in; without it `admin`.
    admin: Option<String>,
}

/// What can be changed of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TenantChange {
    name: String,
    /// The names of hosts at which it is found, beside `/t/{slug}`.
    #[serde(default)]
    hosts: BTreeSet<String>,
}

/// A tenant that was made, with the way in for its first admin.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeTenant {
    #[serde(flatten)]
    tenant: TenantBody,
    /// What its first admin types to sign in.
    first_login: String,
    /// Their first password, which opens nothing but its own change. It is shown once; an answer that is repeated for its
    /// `Idempotency-Key` lacks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_password: Option<String>,
}

fn body(tenant: Tenant) -> TenantBody {
    TenantBody {
        id: tenant.id,
        slug: tenant.slug,
        name: tenant.name,
        hosts: tenant.hosts,
        state: tenant.state,
        created_at: tenant.created_at.as_millis(),
    }
}

fn checked(name: &str, hosts: &BTreeSet<String>) -> Check {
    let mut check = Check::default();
    check.name(name, "/name").count(hosts.len(), HOSTS_MAX, "/hosts");
    for (index, host) in hosts.iter().enumerate() {
        check.that(is_host(host), format!("/hosts/{index}"), "host_name");
    }
    check
}

/// A name as browsers send it: labels of letters, digits and hyphens, in lower case.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(plain);
    host.len() <= HOST_CHARS_MAX && host.split('.').all(label)
}

/// The platform, where this is the address of whoever looks after it.
fn platform(app: &App) -> Result<&Platform, Error> {
    app.platform.as_ref().ok_or(Error::NoRoute)
}

/// Lists tenants, in the order in which they were added.
#[utoipa::path(get, path = "/api/platform/tenants", tag = "platform", params(PageQuery<TenantId>),
    responses((status = 200, body = Listing<Versioned<TenantBody>>)))]
pub(super) async fn list(
    _: SignedIn<ManagesTenants>,
    State(app): State<App>,
    Query(query): Query<PageQuery<TenantId>>,
) -> Result<Json<Listing<Versioned<TenantBody>>>, Error> {
    let page = query.page();
    let tenants = platform(&app)?.database.tenants(page).await?;
    Ok(Listing::of(&page, tenants, |row| row.value.id, |row| Versioned::of(row, body)))
}

/// Adds a tenant and opens its centre, with a first admin whose password is in the answer, once.
#[utoipa::path(post, path = "/api/platform/tenants", tag = "platform",
    params(("idempotency-key" = Option<String>, Header, description = "The same request with the same key is carried out once.")),
    responses((status = 201, body = Versioned<MadeTenant>)))]
pub(super) async fn create(
    _: SignedIn<ManagesTenants>,
    State(app): State<App>,
    Json(new): Json<NewTenant>,
) -> Result<Created<Versioned<MadeTenant>>, Error> {
    let platform = platform(&app)?;
    let slug = new.slug.parse::<Slug>();
    let first_login = new.admin.unwrap_or_else(|| FIRST_LOGIN.to_owned()).trim().to_lowercase();
    let mut check = checked(&new.name, &new.hosts);
    check
        .that(slug.is_ok(), "/slug", "tenant_slug")
        .that(accounts::is_login(&first_login), "/admin", "login")
        .done()?;
    let slug = slug.map_err(|_| Error::NoRoute)?;
    let now = app.now();
    // Until it has an admin it does not work: whatever breaks off here leaves nothing half open.
    let tenant = Tenant {
        id: TenantId::from_i64(0),
        slug,
        name: new.name,
        hosts: new.hosts,
        state: TenantState::Suspended,
        created_at: now,
    };
    let made = platform.database.create_tenant(&tenant).await?;
    let store = platform.database.store(&made.value).await?;
    let password = accounts::create(&store, &first_login, Role::Admin).await;
    store.close().await;
    let password =
        password.map_err(|problem| Error::Internal(format!("a tenant's first admin: {problem:#}")))?;
    let tenant = Tenant { state: TenantState::Active, ..made.value };
    let kept = platform.database.update_tenant(&tenant, made.rev, now).await?;
    tracing::info!(tenant.id = %kept.value.id, tenant = %kept.value.slug, "A tenant was added");
    settle(platform, &kept.value).await;
    let location = format!("/api/platform/tenants/{}", kept.value.id);
    let body = Versioned::of(kept, |tenant| MadeTenant {
        tenant: body(tenant),
        first_login,
        first_password: Some(password),
    });
    Ok(Created { location, body })
}

/// One tenant.
#[utoipa::path(get, path = "/api/platform/tenants/{tenant}", tag = "platform", params(("tenant" = TenantId, Path)),
    responses((status = 200, body = Versioned<TenantBody>)))]
pub(super) async fn read(
    _: SignedIn<ManagesTenants>,
    State(app): State<App>,
    Path(id): Path<TenantId>,
) -> Result<Versioned<TenantBody>, Error> {
    Ok(Versioned::of(find(platform(&app)?, id).await?, body))
}

/// Changes a tenant's name and hosts, at once.
#[utoipa::path(put, path = "/api/platform/tenants/{tenant}", tag = "platform", params(("tenant" = TenantId, Path)),
    responses((status = 200, body = Versioned<TenantBody>)))]
pub(super) async fn update(
    _: SignedIn<ManagesTenants>,
    State(app): State<App>,
    Path(id): Path<TenantId>,
    if_match: IfMatch,
    Json(change): Json<TenantChange>,
) -> Result<Versioned<TenantBody>, Error> {
    let rev = if_match.rev(NOUN)?;
    let platform = platform(&app)?;
    let known = find(platform, id).await?.value;
    checked(&change.name, &change.hosts).done()?;
    let tenant = Tenant { name: change.name, hosts: change.hosts, ..known };
    let kept = platform.database.update_tenant(&tenant, rev, app.now()).await?;
    settle(platform, &kept.value).await;
    Ok(Versioned::of(kept, body))
}

/// Closes a tenant's centre: nobody signs in, nothing is dialled, and calls that go on come to their own end. What it has
/// is kept.
#[utoipa::path(post, path = "/api/platform/tenants/{tenant}/suspend", tag = "platform",
    params(("tenant" = TenantId, Path)), responses((status = 200, body = Versioned<TenantBody>)))]
pub(super) async fn suspend(
    _: SignedIn<ManagesTenants>,
    State(app): State<App>,
    Path(id): Path<TenantId>,
) -> Result<Versioned<TenantBody>, Error> {
    let mut check = Check::default();
    check.that(!id.is_first(), "", "first_tenant").done()?;
    set_state(&app, id, TenantState::Suspended).await
}

/// Opens a tenant's centre again.
#[utoipa::path(post, path = "/api/platform/tenants/{tenant}/resume", tag = "platform",
    params(("tenant" = TenantId, Path)), responses((status = 200, body = Versioned<TenantBody>)))]
pub(super) async fn resume(
    _: SignedIn<ManagesTenants>,
    State(app): State<App>,
    Path(id): Path<TenantId>,
) -> Result<Versioned<TenantBody>, Error> {
    set_state(&app, id, TenantState::Active).await
}

/// Doing so again changes nothing.
async fn set_state(app: &App, id: TenantId, state: TenantState) -> Result<Versioned<TenantBody>, Error> {
    let platform = platform(app)?;
    let mut kept = find(platform, id).await?;
    if kept.value.state != state {
        let tenant = Tenant { state, ..kept.value };
        kept = platform.database.update_tenant(&tenant, kept.rev, app.now()).await?;
    }
    settle(platform, &kept.value).await;
    Ok(Versioned::of(kept, body))
}

/// Has the houses follow. One that does not do so in time is seen to by the daemon itself, again and again.
async fn settle(platform: &Platform, tenant: &Tenant) {
    if let Err(problem) = platform.houses.settle(tenant.id).await {
        tracing::warn!(tenant = %tenant.slug, problem, "A tenant's house is not as it should be yet");
    }
}

async fn find(platform: &Platform, id: TenantId) -> Result<Kept<Tenant>, Error> {
    platform.database.tenant(id).await?.ok_or_else(|| Error::not_found(NOUN, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_as_browsers_send_it() {
        for good in ["acme.example", "calls-2.acme.example", "localhost"] {
            assert!(is_host(good), "{good}");
        }
        for bad in
            ["", "Acme.example", "acme.example:443", "a..b", "a b", "acme/x", "é.example", &"a".repeat(64)]
        {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
