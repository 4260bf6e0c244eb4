//! Tenants: the list of them, and that the rows of one are nobody else's.

use cadran::store::{Error, LeadFilter, LeadOrder, Page, Store, Tenant, TokenHash, User};
use cadran_engine::model::{Role, TenantId, TenantState, UserId};

use super::database::Database;
use super::world::{NOW, World, at};

fn tenant(slug: &str, hosts: &[&str]) -> Tenant {
    Tenant {
        id: TenantId::from_i64(0),
        slug: slug.parse().unwrap(),
        name: format!("The {slug} company"),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        state: TenantState::Active,
        created_at: NOW,
    }
}

async fn ada(store: &Store) -> UserId {
    let user = User {
        id: UserId::from_i64(0),
        login: "ada".to_owned(),
        password_hash: "not-a-hash".into(),
        role: Role::Admin.into(),
        teams: None,
        agent: None,
        must_change_password: false,
        enabled: true,
    };
    store.create_user(&user, NOW).await.unwrap().value.id
}

async fn leads(store: &Store) -> usize {
    store.leads(LeadFilter::default(), LeadOrder::Imported, Page::first()).await.unwrap().len()
}

/// Both tenants do the same, with the same names, and neither finds anything of the other.
pub(crate) async fn each_has_rows_of_its_own(database: &Database) {
    let other = database.whole.create_tenant(&tenant("acme", &[])).await.unwrap().value;
    let (ours, theirs) = (&database.store, database.whole.store(&other).await.unwrap());
    let theirs = theirs.under(cadran::rule_packs::shipped().unwrap());
    let their_world = World::with_leads(&theirs, 3).await;
    assert_eq!((leads(ours).await, leads(&theirs).await), (0, 3));
    assert_eq!(ours.campaign(their_world.campaign).await.unwrap(), None);
    assert!(ours.settings().await.unwrap().trunks.is_empty());
    assert!(ours.claim_leads(their_world.campaign, 9, NOW, "a").await.unwrap().leads.is_empty());

    let our_world = World::with_leads(ours, 2).await;
    assert_eq!((leads(ours).await, leads(&theirs).await), (2, 3));
    our_world.claim(ours).await;
    assert_eq!(theirs.claim_leads(their_world.campaign, 9, NOW, "a").await.unwrap().leads.len(), 3);

    let (token, user) = (TokenHash([7; 32]), ada(&theirs).await);
    ada(ours).await;
    theirs.sign_in(token, user, NOW, at(600)).await.unwrap();
    assert!(ours.signed_in(token, at(1)).await.unwrap().is_none());
    let known = theirs.signed_in(token, at(1)).await.unwrap().unwrap();
    assert_eq!(known.rights, Role::Admin.rights());
    assert_eq!(theirs.roles(Page::first()).await.unwrap().len(), Role::ALL.len() - 1);
    assert!(theirs.role(&Role::PlatformAdmin.into()).await.unwrap().is_none());
    assert!(ours.role(&Role::PlatformAdmin.into()).await.unwrap().is_some());
    theirs.close().await;

    // What was kept is there when it is opened again.
    let again = database.whole.store(&other).await.unwrap();
    assert_eq!((leads(ours).await, leads(&again).await), (2, 3));
}

pub(crate) async fn the_list_of_tenants_is_kept_and_no_name_is_there_twice(database: &Database) {
    let whole = &database.whole;
    let first = whole.tenant(TenantId::FIRST).await.unwrap().unwrap();
    assert_eq!((first.value.slug.as_str(), first.value.state), ("main", TenantState::Active));
    let acme = whole.create_tenant(&tenant("acme", &["calls.acme.example"])).await.unwrap();
    for twice in [tenant("acme", &[]), tenant("other", &["calls.acme.example"]), tenant("main", &[])] {
        let refused = whole.create_tenant(&twice).await.unwrap_err();
        assert!(matches!(refused, Error::Taken(_)), "{refused}");
    }
    let all = whole.tenants(Page::first()).await.unwrap();
    assert_eq!(all, [first, acme.clone()]);
    let page = Page { after: Some(TenantId::FIRST), limit: 1 };
    assert_eq!(whole.tenants(page).await.unwrap().first(), Some(&acme));

    // The short name stays what it is, whatever is asked for.
    let changed = Tenant {
        name: "Acme Ltd".to_owned(),
        hosts: ["voice.acme.example".to_owned()].into(),
        state: TenantState::Suspended,
        slug: "anything".parse().unwrap(),
        ..acme.value.clone()
    };
    let kept = whole.update_tenant(&changed, acme.rev, at(5)).await.unwrap();
    assert_eq!((kept.rev, kept.updated_at, kept.value.slug.as_str()), (2, at(5), "acme"));
    assert_eq!(whole.tenant(acme.value.id).await.unwrap().unwrap(), kept);
    let late = whole.update_tenant(&changed, acme.rev, at(6)).await.unwrap_err();
    assert!(matches!(late, Error::Changed(_)), "{late}");
    let nobody = Tenant { id: TenantId::from_i64(99), ..changed };
    assert!(matches!(whole.update_tenant(&nobody, 1, at(6)).await.unwrap_err(), Error::NotFound(_)));
    // The host that was given up is free.
    whole.create_tenant(&tenant("other", &["calls.acme.example"])).await.unwrap();
}
