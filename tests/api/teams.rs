//! Whoever is confined to teams reaches nothing of the others: no address, no listing, no byte.

use cadran::store::{HistoryOrder, Page};
use cadran_engine::input::Request;
use cadran_engine::model::{RecordingId, Right, Role, TeamId};
use cadran_engine::view::{CallView, LiveView};
use serde_json::{Value, json};

use super::recordings::record;
use super::routes::table;
use super::world::{World, now};

/// What a team has, by the name that addresses have for it.
pub(super) struct Belongings(pub(super) Vec<(&'static str, String)>);

impl Belongings {
    pub(super) async fn new(world: &World, admin: &str, name: &str) -> Self {
        let (agent, _) = world.agent(admin, name).await;
        let recording: RecordingId = record(world, admin, "a.wav").await;
        let story = world.store.call_story(recording.call).await.unwrap().unwrap();
        let attempt = story.attempt.attempt;
        let import =
            world.store.imports(Some(attempt.list), HistoryOrder::default(), Page::first()).await.unwrap()[0]
                .id;
        world.script().view.calls.push(CallView {
            listeners: Vec::new(),
            obligations: Vec::new(),
            transfer: None,
            call: recording.call,
            attempt: attempt.id,
            campaign: attempt.campaign,
            lead: attempt.lead,
            phone: attempt.phone,
            state: "connected",
            since: now(),
            agent: Some(agent),
            recording: "none",
        });
        Self(vec![
            ("agent", agent.to_string()),
            ("call", recording.call.to_string()),
            ("callback", recording.call.to_string()),
            ("campaign", attempt.campaign.to_string()),
            ("import", import.to_string()),
            ("lead", attempt.lead.to_string()),
            ("list", attempt.list.to_string()),
            ("recording", recording.to_string()),
        ])
    }

    pub(super) fn id(&self, noun: &str) -> &str {
        &self.0.iter().find(|(name, _)| *name == noun).unwrap().1
    }

    /// The address with these names; none when it names nothing that belongs to a team.
    fn address(&self, path: &str) -> Option<String> {
        let named = self.0.iter().find(|(name, _)| path.contains(&format!("{{{name}}}")));
        named.map(|(name, id)| path.replace(&format!("{{{name}}}"), id))
    }
}

async fn team(world: &World, admin: &str, name: &str, of: &Belongings) -> TeamId {
    let team = json!({ "name": name, "agents": [of.id("agent")], "campaigns": [of.id("campaign")] });
    let reply = world.call("POST", "/api/teams").token(admin).json(&team).send().await.expect(201);
    reply.json()["id"].as_str().unwrap().parse().unwrap()
}

/// Signs somebody in who has a role in one team alone.
async fn of_team(world: &World, role: Role, team: TeamId) -> String {
    let login = format!("{}-of-{team}", role.as_str());
    world.add_user_of(&login, role, Some([team].into()), None).await;
    world.sign_in(&login).await
}

#[tokio::test]
async fn each_address_of_what_is_another_teams_leads_nowhere() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let ours = Belongings::new(&world, &admin, "agent-1").await;
    let theirs = Belongings::new(&world, &admin, "agent-2").await;
    let team = team(&world, &admin, "North", &ours).await;
    let mut asked = 0;
    for role in [Role::Admin, Role::CampaignManager, Role::Qa, Role::Supervisor, Role::Viewer] {
        let token = of_team(&world, role, team).await;
        for route in table() {
            let Some(path) = theirs.address(route.path) else { continue };
            let reply = world.call(route.method, &path).token(&token).json(&json!({})).send().await;
            let rights: Vec<Right> = route.who.iter().filter_map(|word| Right::from_word(word)).collect();
            let may = rights.iter().any(|right| role.rights().has(*right) && !right.is_for_all_teams());
            let told = format!("{} {path} as {role:?} of another team: {}", route.method, reply.text());
            let nothing_there = reply.status == 404;
            assert!(nothing_there || !may && reply.status == 403, "{told}");
            asked += 1;

            let quiet = route.method == "GET" && may && !path.contains("/recordings/");
            if quiet {
                let path = ours.address(route.path).unwrap();
                let reply = world.call("GET", &path).token(&token).send().await;
                // What speaks WebSocket says so to whoever may.
                let expected = if path.ends_with("/audio") { 426 } else { 200 };
                assert_eq!(reply.status, expected, "{path} as {role:?} of the team: {}", reply.text());
            }
        }
    }
    assert!(asked > 150, "only {asked} questions were asked");
}

#[tokio::test]
async fn no_listing_has_a_byte_of_another_team() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let ours = Belongings::new(&world, &admin, "agent-1").await;
    let theirs = Belongings::new(&world, &admin, "agent-2").await;
    let team = team(&world, &admin, "North", &ours).await;
    let token = of_team(&world, Role::Admin, team).await;
    let mut seen = String::new();
    for route in table() {
        if route.method != "GET" || route.path.contains('{') || !route.path.starts_with("/api/") {
            continue;
        }
        let reply = world.call("GET", route.path).token(&token).send().await;
        let text = reply.text();
        for noun in ["agent", "call", "campaign", "lead", "list", "recording"] {
            let id = format!("\"{}\"", theirs.id(noun));
            assert!(!text.contains(&id), "{} tells of {id}: {text}", route.path);
        }
        seen.push_str(&text);
    }
    for noun in ["agent", "call", "campaign", "lead", "list", "recording"] {
        assert!(seen.contains(&format!("\"{}\"", ours.id(noun))), "nothing told of {noun}");
    }
    let snapshot = world.call("GET", "/api/live/snapshot").token(&token).send().await.expect(200).json();
    assert_eq!(snapshot["calls"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_belongs_to_all_teams_is_not_for_one() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let ours = Belongings::new(&world, &admin, "agent-1").await;
    let theirs = Belongings::new(&world, &admin, "agent-2").await;
    let team = team(&world, &admin, "North", &ours).await;
    let token = of_team(&world, Role::Admin, team).await;
    for path in ["/api/users", "/api/roles", "/api/teams", "/api/recording-deletions"] {
        let reply = world.call("GET", path).token(&token).send().await;
        assert_eq!(reply.problem(), (403, "confined_to_teams".to_owned()), "{path}");
    }
    let why = world.call("GET", "/api/compliance/why?phone=%2B33199000001").token(&token).send().await;
    assert_eq!(why.problem().0, 403);
    let list = json!({ "name": "theirs", "campaign": theirs.id("campaign") });
    let reply = world.call("POST", "/api/lists").token(&token).json(&list).send().await;
    assert_eq!(reply.json()["errors"][0]["rule"], "exists");
    let wanted = json!({ "recordings": [theirs.id("recording")] });
    world.call("POST", "/api/recordings/export").token(&token).json(&wanted).send().await.expect(404);
    let log_in = json!({ "campaigns": [theirs.id("campaign")] });
    let path = format!("/api/agents/{}/log-in", ours.id("agent"));
    world.call("POST", &path).token(&token).json(&log_in).send().await.expect(404);
}

#[tokio::test]
async fn a_team_that_grows_is_seen_at_once_and_one_that_goes_leaves_nothing() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let ours = Belongings::new(&world, &admin, "agent-1").await;
    let theirs = Belongings::new(&world, &admin, "agent-2").await;
    let team = team(&world, &admin, "North", &ours).await;
    let token = of_team(&world, Role::Supervisor, team).await;
    let campaigns = || async {
        let reply = world.call("GET", "/api/campaigns").token(&token).send().await.expect(200).json();
        reply["rows"].as_array().unwrap().len()
    };
    assert_eq!(campaigns().await, 1);
    let path = format!("/api/teams/{team}");
    let both = json!({ "name": "North", "campaigns": [ours.id("campaign"), theirs.id("campaign")] });
    world.call("PUT", &path).token(&admin).header("if-match", "1").json(&both).send().await.expect(200);
    assert_eq!(campaigns().await, 2);
    let kept = world.call("GET", &path).token(&admin).send().await.expect(200).json();
    assert_eq!((&kept["agents"], kept["campaigns"].as_array().unwrap().len()), (&json!([]), 2));
    world.call("DELETE", &path).token(&admin).header("if-match", "2").send().await.expect(204);
    assert_eq!(campaigns().await, 0);
}

#[tokio::test]
async fn rights_are_given_by_those_who_have_them_and_count_at_once() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let rights = json!(["edit_accounts", "view"]);
    let role = json!({ "name": "office", "rights": rights });
    world.call("POST", "/api/roles").token(&admin).json(&role).send().await.expect(201);
    let clerk = json!({ "login": "clerk", "password": super::world::PASSWORD, "role": "office" });
    let made = world.call("POST", "/api/users").token(&admin).json(&clerk).send().await.expect(201).json();
    let clerk = world.sign_in("clerk").await;
    let change = json!({ "old": super::world::PASSWORD, "new": "another fine secret" });
    world.call("PUT", "/api/me/password").token(&clerk).json(&change).send().await.expect(204);

    let more = json!({ "name": "more", "rights": ["listen"] });
    let reply = world.call("POST", "/api/roles").token(&clerk).json(&more).send().await;
    assert_eq!(reply.problem(), (403, "beyond_your_rights".to_owned()));
    let chief = json!({ "login": "chief", "password": super::world::PASSWORD, "role": "admin" });
    let reply = world.call("POST", "/api/users").token(&clerk).json(&chief).send().await;
    assert_eq!(reply.problem(), (403, "beyond_your_rights".to_owned()));
    let own = format!("/api/users/{}", made["id"].as_str().unwrap());
    let body = json!({ "role": "admin", "enabled": true });
    let reply = world.call("PUT", &own).token(&clerk).header("if-match", "2").json(&body).send().await;
    assert_eq!(reply.problem(), (403, "beyond_your_rights".to_owned()));

    let me = world.call("GET", "/api/me").token(&clerk).send().await.expect(200).json();
    assert_eq!(me["rights"], rights);
    let less = json!({ "rights": ["edit_accounts"] });
    world
        .call("PUT", "/api/roles/office")
        .token(&admin)
        .header("if-match", "1")
        .json(&less)
        .send()
        .await
        .expect(200);
    let reply = world.call("GET", "/api/campaigns").token(&clerk).send().await;
    assert_eq!(reply.problem(), (403, "forbidden".to_owned()));
    let remove = |name: &'static str, rev: &'static str| {
        let path = format!("/api/roles/{name}");
        let (world, admin) = (&world, &admin);
        async move { world.call("DELETE", &path).token(admin).header("if-match", rev).send().await }
    };
    assert_eq!(remove("office", "2").await.problem(), (409, "in_use".to_owned()));
    assert_eq!(remove("viewer", "1").await.json()["errors"][0]["rule"], "built_in_role");
    let reply =
        world.call("PUT", "/api/roles/admin").token(&admin).header("if-match", "1").json(&less).send().await;
    assert_eq!(reply.json()["errors"][0]["rule"], "admin_role");
}

#[tokio::test]
async fn one_rule_hides_numbers_here_and_on_the_live_stream() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    Belongings::new(&world, &admin, "agent-1").await;
    let supervisor = world.signed_in(Role::Supervisor).await;
    let paths = ["/api/leads", "/api/attempts", "/api/recordings", "/api/live/snapshot", "/api/live/calls"];
    let ask = |token: String| {
        let world = &world;
        async move {
            let mut told = Vec::new();
            for path in paths {
                told.push(world.call("GET", path).token(&token).send().await.expect(200).text());
            }
            told
        }
    };
    for text in ask(admin.clone()).await {
        assert!(text.contains("+33199000001"), "{text}");
    }
    for text in ask(supervisor.clone()).await {
        assert!(text.contains("…01") && !text.contains("33199000001"), "{text}");
    }
    for path in ["/api/consents", "/api/relationships", "/api/compliance/why?phone=%2B33199000001"] {
        let reply = world.call("GET", path).token(&supervisor).send().await;
        assert_eq!(reply.problem(), (403, "forbidden".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_key_opens_what_it_says_and_its_owner_may_and_no_more() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let key = json!({ "name": "CRM", "rights": ["view", "listen"] });
    let reply = world.call("POST", "/api/keys").token(&manager).json(&key).send().await;
    assert_eq!(reply.problem(), (403, "beyond_your_rights".to_owned()));
    let key = json!({ "name": "CRM", "rights": ["view"] });
    let made = world.call("POST", "/api/keys").token(&manager).json(&key).send().await.expect(201);
    let address = made.header("location").to_owned();
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("cadran_") && token.len() > 64);

    world.call("GET", "/api/campaigns").token(&token).send().await.expect(200);
    let refused = world.call("POST", "/api/campaigns").token(&token).json(&json!({})).send().await;
    assert_eq!(refused.problem(), (403, "forbidden".to_owned()));
    for (method, path, body) in [
        ("POST", "/api/keys", json!({ "name": "more", "rights": ["view"] })),
        ("PUT", "/api/me/password", json!({ "old": "x", "new": "another fine secret" })),
    ] {
        let reply = world.call(method, path).token(&token).json(&body).send().await;
        assert_eq!(reply.problem(), (403, "not_by_key".to_owned()), "{path}");
    }
    let listed = world.call("GET", "/api/keys").token(&manager).send().await.expect(200).json();
    assert_eq!(listed["rows"][0]["name"], "CRM");
    assert!(listed["rows"][0]["used_at"].is_i64());
    assert!(!listed.to_string().contains(&token));
    let viewer = world.signed_in(Role::Viewer).await;
    world.call("DELETE", &address).token(&viewer).send().await.expect(404);
    assert_eq!(
        world.call("GET", "/api/keys").token(&viewer).send().await.json()["rows"],
        Value::from(Vec::<i64>::new())
    );
    world.call("DELETE", &address).token(&admin).send().await.expect(204);
    assert_eq!(world.call("GET", "/api/campaigns").token(&token).send().await.problem().0, 401);
}

#[tokio::test]
async fn nothing_is_seen_by_whoever_is_in_no_team() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    Belongings::new(&world, &admin, "agent-1").await;
    world.add_user_of("nobody", Role::Supervisor, Some([].into()), None).await;
    let token = world.sign_in("nobody").await;
    for path in ["/api/campaigns", "/api/lists", "/api/leads", "/api/agents", "/api/calls", "/api/recordings"]
    {
        let reply = world.call("GET", path).token(&token).send().await.expect(200).json();
        assert_eq!(reply["rows"], json!([]), "{path}");
    }
    let LiveView { calls, .. } = world.script().view.clone();
    assert_eq!(calls.len(), 1);
    let live = world.call("GET", "/api/live/calls").token(&token).send().await.expect(200).json();
    assert_eq!(live, json!([]));
}

#[tokio::test]
async fn a_team_has_the_queues_that_its_agents_serve() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for name in ["Sales", "Service"] {
        world
            .call("POST", "/api/queues")
            .token(&admin)
            .json(&json!({ "name": name }))
            .send()
            .await
            .expect(201);
    }
    let (agent, _) = world.agent(&admin, "agent-1").await;
    let team = json!({ "name": "North", "agents": [agent] });
    let team = world.call("POST", "/api/teams").token(&admin).json(&team).send().await.expect(201).json();
    let team: TeamId = team["id"].as_str().unwrap().parse().unwrap();
    let token = of_team(&world, Role::Supervisor, team).await;
    let seen = async || -> Vec<String> {
        let listed = world.call("GET", "/api/queues").token(&token).send().await.expect(200).json();
        listed["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    assert!(seen().await.is_empty());
    world.call("GET", "/api/queues/q_2").token(&token).send().await.expect(404);

    let path = format!("/api/agents/{agent}");
    let serves =
        json!({ "name": "agent-1", "sip_account": "agent-1", "phone_kind": "sip", "queues": ["q_2"] });
    world.call("PUT", &path).token(&admin).header("if-match", "1").json(&serves).send().await.expect(200);
    assert_eq!(seen().await, ["q_2"]);
    world.call("GET", "/api/queues/q_2").token(&token).send().await.expect(200);
    world.call("GET", "/api/queues/q_1").token(&token).send().await.expect(404);
    // Whoever follows one of the team hears its callers from here on.
    let told = world.script().asked.last().cloned();
    let Some(Request::WithdrawSupervision { scope, .. }) = told else { panic!("{told:?}") };
    assert!(scope.has_queue("q_2".parse().unwrap()) && !scope.has_queue("q_1".parse().unwrap()));
}
