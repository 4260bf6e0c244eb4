//! Supervisors over the API: who may, with which phone, and what agents learn of it.

use std::time::Duration;

use cadran::store::TokenHash;
use cadran_engine::command::Refusal;
use cadran_engine::input::Request;
use cadran_engine::model::{AgentId, CallId, Role, Scope, SupervisionMode, TeamId, UserId};
use cadran_engine::view::{AgentView, CallView, ListenerView};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::teams::Belongings;
use super::world::{World, now};

fn a_call() -> CallId {
    CallId::from_uuid(Uuid::from_u128(1))
}

/// A supervisor with an agent record; gives account, record and token.
async fn supervisor(world: &World, admin: &str) -> (UserId, AgentId, String) {
    let (desk, _) = world.agent(admin, "desk").await;
    let user = world.add_user("sup", Role::Supervisor, Some(desk)).await;
    (user, desk, world.sign_in("sup").await)
}

#[tokio::test]
async fn a_supervisor_takes_part_with_their_own_phone() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (user, desk, token) = supervisor(&world, &admin).await;
    let ways = [
        ("listen", SupervisionMode::Listen),
        ("whisper", SupervisionMode::Whisper),
        ("barge", SupervisionMode::Barge),
        ("take-over", SupervisionMode::TakeOver),
    ];
    for (way, mode) in ways {
        let path = format!("/api/calls/{}/{way}", a_call());
        let why = json!({ "reason": "angry" });
        world.call("POST", &path).token(&token).json(&why).send().await.expect(202);
        let asked = world.script().asked.last().cloned();
        let reason = "angry".to_owned();
        let wanted = Request::Supervise { supervisor: desk, user, call: a_call(), mode, reason };
        assert_eq!(asked, Some(wanted));
    }
    let path = format!("/api/agents/{desk}/follow");
    world.call("POST", &path).token(&token).send().await.expect(202);
    world.call("POST", "/api/supervision/stop").token(&token).send().await.expect(204);
    assert_eq!(
        world.script().asked.last(),
        Some(&Request::StopSupervising { supervisor: desk, withdrawn: false })
    );

    // An admin without an agent record has no phone.
    let path = format!("/api/calls/{}/listen", a_call());
    let reply = world.call("POST", &path).token(&admin).json(&json!({})).send().await;
    assert_eq!(reply.problem(), (409, "no_desk".to_owned()));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (_, _, token) = supervisor(&world, &admin).await;
    let refusals = [
        (Refusal::ListeningNotTold, 409, "refusal_listening_not_told"),
        (Refusal::OwnConversation, 409, "refusal_own_conversation"),
        (Refusal::PhoneDown, 409, "refusal_phone_down"),
        (Refusal::PrivateCall, 409, "refusal_private_call"),
        (Refusal::ReasonNeeded, 422, "refusal_reason_needed"),
        (Refusal::SwitchAway, 503, "refusal_switch_away"),
    ];
    let path = format!("/api/calls/{}/barge", a_call());
    for (refusal, status, code) in refusals {
        world.script().refusal = Some(refusal);
        for language in ["en", "fr"] {
            let reply = world.call("POST", &path).token(&token).header("accept-language", language);
            let reply = reply.json(&json!({})).send().await;
            assert_eq!(reply.problem(), (status, code.to_owned()));
            assert!(reply.json()["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{}", reply.text());
        }
    }
    world.script().refusal = None;
    let long = json!({ "reason": "x".repeat(501) });
    let reply = world.call("POST", &path).token(&token).json(&long).send().await;
    assert_eq!(reply.problem(), (422, "invalid".to_owned()));
}

#[tokio::test]
async fn a_call_is_kept_private_unless_the_law_orders_its_recording() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (_, stranger) = world.agent(&admin, "stranger").await;
    let path = format!("/api/calls/{}/private", a_call());
    world.call("POST", &path).token(&admin).send().await.expect(204);
    assert_eq!(world.script().asked.last(), Some(&Request::MarkPrivate { call: a_call() }));
    let reply = world.call("POST", &path).token(&stranger).send().await;
    assert_eq!(reply.problem().0, 403, "{}", reply.text());
    world.script().refusal = Some(Refusal::RecordingOrdered);
    let reply = world.call("POST", &path).token(&admin).header("accept-language", "fr").send().await;
    assert_eq!(reply.problem(), (409, "refusal_recording_ordered".to_owned()));
    assert_eq!(reply.json()["title"], "Cet appel doit être enregistré");
}

#[tokio::test]
async fn the_period_of_listening_ends_after_it_begins() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let add = async |from: i64, until: i64| {
        let listening = json!({ "from": from, "until": until });
        let queue = json!({ "name": "sales", "supervision": { "listening": listening } });
        world.call("POST", "/api/queues").token(&admin).json(&queue).send().await
    };
    let refused = add(2_000, 2_000).await.expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/supervision/listening/until", "{refused}");
    let made = add(1_000, 2_000).await.expect(201).json();
    assert_eq!(made["supervision"]["listening"], json!({ "from": 1_000, "until": 2_000 }));
}

#[tokio::test]
async fn whoever_loses_the_right_or_the_phone_is_out_at_once() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (user, desk, _) = supervisor(&world, &admin).await;
    let (other, _) = world.agent(&admin, "other").await;
    let path = format!("/api/users/{user}");
    let everything = SupervisionMode::ALL.to_vec();
    let changes = [
        (json!({ "role": "supervisor", "agent": desk, "enabled": true }), everything.clone()),
        (json!({ "role": "supervisor", "agent": other, "enabled": true }), Vec::new()),
        (json!({ "role": "supervisor", "agent": other, "enabled": false }), Vec::new()),
        (json!({ "role": "campaign_manager", "agent": null, "enabled": true }), Vec::new()),
    ];
    for (change, left) in changes {
        let rev = world.call("GET", &path).token(&admin).send().await.expect(200).json()["rev"].to_string();
        let request = world.call("PUT", &path).token(&admin).header("if-match", &format!("\"{rev}\""));
        request.json(&change).send().await.expect(200);
        let scope = Scope::Everything;
        assert_eq!(world.script().asked.last(), Some(&Request::WithdrawSupervision { user, left, scope }));
    }
    let rev = world.call("GET", &path).token(&admin).send().await.expect(200).json()["rev"].to_string();
    let request = world.call("DELETE", &path).token(&admin).header("if-match", &format!("\"{rev}\""));
    request.send().await.expect(204);
    let withdrawn = Request::WithdrawSupervision { user, left: Vec::new(), scope: Scope::Everything };
    assert_eq!(world.script().asked.last(), Some(&withdrawn));
}

/// What a team of these agents and campaigns has, without queues.
fn team_scope(agents: &[AgentId], campaigns: &[&str]) -> Scope {
    Scope::Teams {
        agents: agents.iter().copied().collect(),
        campaigns: campaigns.iter().map(|campaign| campaign.parse().unwrap()).collect(),
        queues: [].into(),
    }
}

#[tokio::test]
async fn whoever_looks_after_a_team_follows_within_it_and_a_change_of_the_team_counts_at_once() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let ours = Belongings::new(&world, &admin, "agent-1").await;
    let (agent, campaign): (AgentId, _) = (ours.id("agent").parse().unwrap(), ours.id("campaign"));
    let (desk, _) = world.agent(&admin, "desk").await;
    let team = json!({ "name": "North", "agents": [agent], "campaigns": [campaign] });
    let made = world.call("POST", "/api/teams").token(&admin).json(&team).send().await.expect(201).json();
    let team: TeamId = made["id"].as_str().unwrap().parse().unwrap();
    let user = world.add_user_of("sup", Role::Supervisor, Some([team].into()), Some(desk)).await;
    let token = world.sign_in("sup").await;

    let path = format!("/api/agents/{agent}/follow?reason=new+here");
    world.call("POST", &path).token(&token).send().await.expect(202);
    let (scope, reason) = (team_scope(&[agent], &[campaign]), "new here".to_owned());
    let followed = Request::Follow { supervisor: desk, user, agent, scope, reason };
    assert_eq!(world.script().asked.last(), Some(&followed));

    let path = format!("/api/teams/{team}");
    let put = async |rev: &str, agents: &[AgentId]| {
        let change = json!({ "name": "North", "agents": agents });
        world.call("PUT", &path).token(&admin).header("if-match", rev).json(&change).send().await.expect(200);
    };
    let left = SupervisionMode::ALL.to_vec();
    let told = |scope| Request::WithdrawSupervision { user, left: left.clone(), scope };
    put("1", &[agent]).await;
    assert_eq!(world.script().asked.last(), Some(&told(team_scope(&[agent], &[]))));
    world.call("DELETE", &path).token(&admin).header("if-match", "2").send().await.expect(204);
    assert_eq!(world.script().asked.last(), Some(&told(team_scope(&[], &[]))));
}

#[tokio::test]
async fn whoever_signs_out_hears_no_more_by_telephone() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (_, desk, token) = supervisor(&world, &admin).await;
    let another = world.sign_in("sup").await;
    let stopped = |request: &Request| {
        (*request == Request::StopSupervising { supervisor: desk, withdrawn: true }).then_some(())
    };
    let listen = format!("/api/calls/{}/listen", a_call());
    for token in [token, another] {
        world.call("POST", &listen).token(&token).json(&json!({})).send().await.expect(202);
        assert!(!world.script().asked.iter().any(|request| stopped(request).is_some()));
        world.call("DELETE", "/api/session").token(&token).send().await.expect(204);
        world.until_asked(stopped).await;
        world.script().asked.clear();
    }
}

#[tokio::test]
async fn what_is_heard_by_telephone_ends_with_the_sign_in() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (user, desk, _) = supervisor(&world, &admin).await;
    let (token, ends_at) = ("short", now() + Duration::from_secs(1));
    let hash = TokenHash(Sha256::digest(token).into());
    world.store.sign_in(hash, user, now(), ends_at).await.unwrap();
    let path = format!("/api/agents/{}/follow", AgentId::from_i64(77));
    world.call("POST", &path).token(token).send().await.expect(202);
    let stopped = Request::StopSupervising { supervisor: desk, withdrawn: true };
    world.until_asked(|request| (*request == stopped).then_some(())).await;
    assert!(now() >= ends_at);
}

#[tokio::test]
async fn an_agent_is_told_what_their_row_says_and_no_more() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let listener = ListenerView {
        supervisor: Some(AgentId::from_i64(7)),
        name: "Sup".to_owned(),
        mode: SupervisionMode::Listen,
        since: now(),
    };
    let session = format!("ses_{}", Uuid::nil().simple());
    for told in [vec![], vec![listener.clone()]] {
        world.script().view.agents = vec![AgentView {
            refused: None,
            agent,
            session: session.parse().unwrap(),
            state: "on_call",
            reason: None,
            since: now(),
            call: Some(a_call()),
            preview: None,
            phone_up: true,
            campaigns: Vec::new(),
            supervising: None,
            listeners: told.clone(),
            taken_over_by: None,
        }];
        world.script().view.calls = vec![CallView {
            obligations: Vec::new(),
            call: a_call(),
            attempt: format!("att_{}", Uuid::from_u128(3).simple()).parse().unwrap(),
            campaign: "cmp_1".parse().unwrap(),
            lead: "led_1".parse().unwrap(),
            phone: "+33199001234".parse().unwrap(),
            state: "connected",
            since: now(),
            agent: Some(agent),
            recording: "none",
            listeners: vec![listener.clone()],
            transfer: None,
        }];
        let desk = world.call("GET", &format!("/api/agents/{agent}/desk")).token(&token).send().await;
        let desk = desk.expect(200).json();
        assert_eq!(desk["agent"]["listeners"].as_array().unwrap().len(), told.len(), "{desk}");
        assert_eq!(desk["call"]["listeners"].as_array().unwrap().len(), told.len(), "{desk}");
    }
    let board = world.call("GET", "/api/live/calls").token(&admin).send().await.expect(200).json();
    assert_eq!(board[0]["listeners"][0]["mode"], "listen");
}

#[tokio::test]
async fn words_reach_one_agent_those_of_a_campaign_or_everybody() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let send =
        async |message: Value| world.call("POST", "/api/messages").token(&admin).json(&message).send().await;
    send(json!({ "text": "Offer B", "agent": "agt_1" })).await.expect(202);
    send(json!({ "text": "Offer B", "campaign": "cmp_1" })).await.expect(202);
    send(json!({ "text": "Fire drill at noon" })).await.expect(202);
    let nothing = send(json!({ "text": " " })).await;
    assert_eq!(nothing.problem(), (422, "invalid".to_owned()));
    let both = send(json!({ "text": "Offer B", "agent": "agt_1", "campaign": "cmp_1" })).await;
    assert_eq!(both.problem(), (422, "invalid".to_owned()));
}

#[tokio::test]
async fn words_to_a_team_are_for_those_who_look_after_it() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, _) = world.agent(&admin, "agent-1").await;
    for (name, agents) in [("North", vec![agent]), ("South", Vec::new())] {
        let team = json!({ "name": name, "agents": agents });
        world.call("POST", "/api/teams").token(&admin).json(&team).send().await.expect(201);
    }
    world.add_user_of("sup", Role::Supervisor, Some(["tem_1".parse().unwrap()].into()), None).await;
    let chief = world.sign_in("sup").await;
    let send = async |token: &str, message: Value| {
        world.call("POST", "/api/messages").token(token).json(&message).send().await
    };
    let north = json!({ "text": "Offer B", "team": "tem_1" });
    send(&admin, north.clone()).await.expect(202);
    send(&chief, north).await.expect(202);
    for (token, team) in [(&chief, "tem_2"), (&admin, "tem_9")] {
        let reply = send(token, json!({ "text": "Offer B", "team": team })).await.expect(422).json();
        let fault = &reply["errors"][0];
        assert_eq!((&fault["pointer"], &fault["rule"]), (&json!("/team"), &json!("exists")));
    }
    let both = send(&admin, json!({ "text": "x", "team": "tem_1", "campaign": "cmp_1" })).await;
    assert_eq!(both.problem(), (422, "invalid".to_owned()));
}

#[tokio::test]
async fn acts_are_listed_for_those_who_supervise() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let acts = world.call("GET", "/api/supervision?mode=barge").token(&admin).send().await.expect(200);
    assert_eq!(acts.json(), json!({ "rows": [], "next": null }));
    let (_, token) = world.agent(&admin, "agent-1").await;
    assert_eq!(world.call("GET", "/api/supervision").token(&token).send().await.status, 403);
}
