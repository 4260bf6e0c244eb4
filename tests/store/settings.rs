//! Rows of settings: kept, changed, removed.

use cadran::store::{Error, NameOrder, Page, TokenHash, User};
use cadran_engine::model::{AgentId, CampaignState, Role, UserId};
use secrecy::{ExposeSecret as _, SecretString};

use super::database::Database;
use super::world::{Desk, NOW, World, a_campaign, a_trunk, an_agent, at};

pub(crate) async fn what_was_kept_is_read_back(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let settings = store.settings().await.unwrap();
    let mut campaign = a_campaign(world.trunk, world.seller);
    campaign.id = world.campaign;
    assert_eq!(settings.campaigns, [campaign.clone()]);
    let mut agent = an_agent("agent-1");
    agent.id = world.agent;
    assert_eq!(settings.agents, [agent]);
    let (mut trunk, _) = a_trunk();
    trunk.id = world.trunk;
    assert_eq!(settings.trunks, [trunk.clone()]);

    let (trunks, accounts) = store.sip().await.unwrap();
    let (name, secret) = trunks[0].credentials.as_ref().unwrap();
    assert_eq!((name.as_str(), secret.expose_secret()), ("cadran", "not-a-secret"));
    assert_eq!((trunks[0].port, trunks[0].register), (5060, true));
    assert_eq!((accounts[0].agent, accounts[0].name.as_str()), (world.agent, "agent-1"));

    campaign.state = CampaignState::Finished;
    let kept = store.update_campaign(&campaign, 1, at(1)).await.unwrap();
    assert_eq!((kept.rev, kept.updated_at), (2, at(1)));
    trunk.enabled = false;
    let (_, sip) = store.trunk(world.trunk).await.unwrap().unwrap().value;
    store.update_trunk(&trunk, &sip, 1, at(1)).await.unwrap();
    assert_eq!(
        store.settings().await.unwrap().campaigns,
        [],
        "the engine has no use for a finished campaign"
    );
    assert!(store.sip().await.unwrap().0.is_empty(), "Asterisk has no use for a trunk that is switched off");
}

pub(crate) async fn a_change_that_did_not_see_the_last_one_is_refused(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 0).await;
    let mut agent = store.agent(world.agent).await.unwrap().unwrap().value;
    agent.name = "Agent Uno".to_owned();
    let kept = store.update_agent(&agent, None, 1, at(1)).await.unwrap();
    assert_eq!((kept.value.name.as_str(), kept.rev), ("Agent Uno", 2));
    assert!(matches!(store.update_agent(&agent, None, 1, at(2)).await, Err(Error::Changed("agent"))));
    let secret = store.sip_account(world.agent).await.unwrap().unwrap().secret;
    assert_eq!(secret.expose_secret(), "not-a-secret", "the password stays when none is given");
    agent.id = AgentId::from_i64(4711);
    assert!(matches!(store.update_agent(&agent, None, 1, at(2)).await, Err(Error::NotFound("agent"))));
    assert!(matches!(store.delete_agent(world.agent, 1).await, Err(Error::Changed("agent"))));
    store.delete_agent(world.agent, 2).await.unwrap();
    assert_eq!(store.agents(NameOrder::Added, Page::first()).await.unwrap(), []);
}

/// Names are taken once; what history refers to cannot be removed; what does not exist cannot be referred to.
pub(crate) async fn rows_that_hang_together_stay(database: &Database) {
    let store = &database.store;
    let world = World::with_leads(store, 1).await;
    let again = store.create_campaign(&a_campaign(world.trunk, world.seller), NOW).await.unwrap_err();
    assert!(matches!(again, Error::Taken(_)), "{again}");
    Desk::of(store).dial(&world, store).await;
    for refused in [
        store.delete_trunk(world.trunk, 1).await,
        store.delete_list(world.list, 1).await,
        store.delete_campaign(world.campaign, 1).await,
    ] {
        assert!(matches!(refused, Err(Error::Linked(_))), "{refused:?}");
    }
    let orphan = User { agent: Some(AgentId::from_i64(4711)), ..a_user() };
    assert!(matches!(store.create_user(&orphan, NOW).await, Err(Error::Linked(_))));
}

pub(crate) async fn a_sign_in_ends(database: &Database) {
    let store = &database.store;
    let user = store.create_user(&a_user(), NOW).await.unwrap();
    assert!(!format!("{user:?}").contains("argon2"), "the hash is not for logs");
    let (desk, phone) = (TokenHash([1; 32]), TokenHash([2; 32]));
    store.sign_in(desk, user.value.id, at(0), at(100)).await.unwrap();
    store.sign_in(phone, user.value.id, at(0), at(200)).await.unwrap();
    let valid = store.signed_in(desk, at(99)).await.unwrap().unwrap();
    assert_eq!((valid.user.value.login.as_str(), valid.expires_at), ("manager", at(100)));
    assert!(store.signed_in(desk, at(100)).await.unwrap().is_none());
    let until = async |token, now| store.signed_in_until(token, now).await.unwrap();
    assert_eq!((until(desk, at(99)).await, until(desk, at(100)).await), (Some(at(100)), None));
    assert_eq!(until(TokenHash([3; 32]), at(1)).await, None);
    assert!(store.signed_in(TokenHash([3; 32]), at(1)).await.unwrap().is_none());
    store.sign_out(phone).await.unwrap();
    assert!(store.signed_in(phone, at(1)).await.unwrap().is_none());

    let off = User { enabled: false, ..store.user_by_login("manager").await.unwrap().unwrap().value };
    store.update_user(&off, 1, at(1)).await.unwrap();
    assert!(
        store.signed_in(desk, at(1)).await.unwrap().is_none(),
        "a user who is switched off is signed out"
    );
    store.sign_out_everywhere(off.id).await.unwrap();
    store.delete_user(off.id, 2).await.unwrap();
    assert!(store.user(off.id).await.unwrap().is_none());
    assert!(store.users(NameOrder::Added, Page::first()).await.unwrap().is_empty());
}

pub(crate) fn a_user() -> User {
    User {
        id: UserId::from_i64(0),
        login: "manager".to_owned(),
        password_hash: SecretString::from("$argon2id$v=19$stub"),
        role: Role::CampaignManager.into(),
        teams: None,
        agent: None,
        must_change_password: true,
        enabled: true,
    }
}
