//! Flows: drafted by several people, checked, tried, published, rolled back, carried elsewhere.

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::world::{Reply, World};

/// A flow that asks for one key, and hangs up.
fn menu(next: &Value) -> Value {
    json!({
        "v": 1, "id": "x", "kind": "ivr", "name": "Accueil", "locales": ["fr-FR"], "tz": "Europe/Paris",
        "start": "n_menu", "defaults": { "on_error": "n_end" },
        "nodes": {
            "n_menu": { "kind": "menu", "prompt": [{ "tts": { "fr-FR": "Tapez 1." } }], "keys": ["1"], "next": next },
            "n_sales": { "kind": "play", "prompt": [{ "tts": { "fr-FR": "Ventes." } }], "next": { "next": "n_end" } },
            "n_end": { "kind": "hangup" },
        },
    })
}

fn whole() -> Value {
    menu(&json!({ "1": "n_sales", "no_input": "n_end", "no_match": "n_end" }))
}

/// The rules that keep a flow from being published.
fn errors(refused: &Value) -> Vec<&str> {
    let findings = refused["findings"].as_array().unwrap().iter();
    let errors = findings.filter(|finding| finding["severity"] == "error");
    errors.map(|finding| finding["code"].as_str().unwrap()).collect()
}

struct Centre {
    world: World,
    token: String,
}

impl Centre {
    async fn new() -> Self {
        let world = World::new().await;
        let token = world.signed_in(Role::CampaignManager).await;
        Self { world, token }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> Reply {
        self.world.call(method, path).token(&self.token).json(&body).send().await
    }

    async fn get(&self, path: &str) -> Value {
        self.world.call("GET", path).token(&self.token).send().await.expect(200).json()
    }

    /// A flow with this draft; its address.
    async fn flow(&self, document: Value) -> String {
        let wanted = json!({ "name": document["name"], "kind": document["kind"], "document": document });
        let reply = self.send("POST", "/api/flows", wanted).await.expect(201);
        reply.header("location").to_owned()
    }

    async fn publish(&self, flow: &str, pointer: &str) -> Reply {
        let rev = self.get(flow).await["rev"].clone();
        let wanted = json!({ "rev": rev, "message": "as agreed", "pointer": pointer });
        self.send("POST", &format!("{flow}/publish"), wanted).await
    }

    async fn draft(&self, flow: &str, document: Value) -> Reply {
        let rev = self.get(flow).await["rev"].clone();
        self.send("PUT", &format!("{flow}/draft"), json!({ "rev": rev, "document": document })).await
    }
}

#[tokio::test]
async fn the_second_of_two_people_at_a_draft_is_told_so() {
    let centre = Centre::new().await;
    let flow = centre.flow(whole()).await;
    let first = centre.get(&flow).await;
    assert_eq!((&first["draft"]["id"], &first["rev"]), (&first["id"], &json!(1)));
    let change = |name: &str| {
        let mut document = whole();
        document["name"] = name.into();
        json!({ "rev": 1, "document": document })
    };
    let kept = centre.send("PUT", &format!("{flow}/draft"), change("Réception")).await.expect(200).json();
    assert_eq!((&kept["name"], &kept["rev"]), (&json!("Réception"), &json!(2)));
    let refused = centre.send("PUT", &format!("{flow}/draft"), change("Autre")).await;
    assert_eq!(refused.problem(), (409, "draft_changed".to_owned()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("revision 2"), "{}", refused.text());
    assert_eq!(centre.get(&flow).await["name"], "Réception", "nothing of the second change was kept");

    let taken = json!({ "name": "Réception", "kind": "ivr" });
    assert_eq!(centre.send("POST", "/api/flows", taken).await.problem(), (409, "taken".to_owned()));
    let odd = json!({ "name": "x", "kind": "poem" });
    assert_eq!(centre.send("POST", "/api/flows", odd).await.json()["errors"][0]["pointer"], "/kind");
}

#[tokio::test]
async fn a_wait_flow_is_one_and_a_sip_address_leads_through_a_trunk() {
    let centre = Centre::new().await;
    let ivr = centre.flow(whole()).await;
    centre.publish(&ivr, "live").await.expect(201);
    let wait = json!({ "v": 1, "id": "x", "kind": "queue_wait", "name": "Attente", "locales": ["fr-FR"],
        "start": "n_play", "nodes": { "n_play": { "kind": "play", "prompt": [{ "tts": { "fr-FR": "Patience." } }],
            "next": { "next": "n_play" } } } });
    let mut hasty = wait.clone();
    hasty["nodes"]["n_play"] = json!({ "kind": "dial", "to": { "number": "+33199000010" }, "next": {} });
    let wait_flow = centre.flow(hasty).await;
    let refused = centre.publish(&wait_flow, "live").await;
    assert!(errors(&refused.json()).contains(&"unknown_kind"), "{}", refused.text());
    centre.draft(&wait_flow, wait).await.expect(200);
    centre.publish(&wait_flow, "live").await.expect(201);

    let id = |flow: &str| flow.rsplit('/').next().unwrap().to_owned();
    for (wait_flow, sip, wrong) in [
        (id(&ivr), "reception@sip.example", &["/nodes/n_dial/to/sip", "/nodes/n_queue/wait_flow"][..]),
        (id(&wait_flow), "reception@trk_99", &["/nodes/n_dial/to/sip"]),
    ] {
        let document = json!({ "v": 1, "id": "x", "kind": "ivr", "name": format!("Vers {sip}"), "locales": ["fr-FR"],
            "start": "n_queue", "defaults": { "on_error": "n_end" }, "nodes": {
                "n_queue": { "kind": "queue", "queue": "q_1", "wait_flow": wait_flow,
                    "next": { "timeout": "n_dial", "full": "n_dial", "no_agents": "n_dial" } },
                "n_dial": { "kind": "dial", "to": { "sip": sip },
                    "next": { "busy": "n_end", "no_answer": "n_end", "rejected": "n_end" } },
                "n_end": { "kind": "hangup" } } });
        let flow = centre.flow(document).await;
        let report = centre.send("POST", &format!("{flow}/check"), json!({})).await.expect(200).json();
        let paths =
            report["findings"].as_array().unwrap().iter().map(|finding| finding["path"].as_str().unwrap());
        let paths: Vec<&str> = paths.filter(|path| *path != "/nodes/n_queue/queue").collect();
        assert_eq!(paths, wrong, "{report}");
    }
}

#[tokio::test]
async fn a_flow_with_errors_is_not_published_and_says_what_to_do() {
    let centre = Centre::new().await;
    let flow = centre.flow(menu(&json!({ "1": "n_nowhere", "no_input": "n_end" }))).await;
    let refused = centre.publish(&flow, "live").await;
    assert_eq!(refused.problem(), (422, "flow_not_publishable".to_owned()));
    let findings = refused.json()["findings"].as_array().unwrap().clone();
    let dangling = findings.iter().find(|finding| finding["code"] == "dangling_target").unwrap();
    assert_eq!((&dangling["path"], &dangling["node"]), (&json!("/nodes/n_menu/next/1"), &json!("n_menu")));
    assert_eq!(dangling["field"], "next");
    assert!(dangling["message"].as_str().unwrap().contains("n_nowhere"), "{dangling}");
    assert!(!dangling["advice"].as_str().unwrap().is_empty());

    let report = centre.send("POST", &format!("{flow}/check"), json!({})).await.expect(200).json();
    assert_eq!(
        (&report["publishable"], report["findings"].as_array().unwrap().len()),
        (&json!(false), findings.len())
    );

    let mut ai = whole();
    ai["nodes"]["n_sales"] = json!({ "kind": "ai", "assistant": "ada", "next": {
        "resolved": "n_end", "handoff": "n_end", "failed": "n_end", "no_input": "n_end" } });
    centre.draft(&flow, ai).await.expect(200);
    let refused = centre.publish(&flow, "live").await.expect(422).json();
    let messages: Vec<&str> =
        refused["findings"].as_array().unwrap().iter().map(|f| f["message"].as_str().unwrap()).collect();
    assert!(messages.contains(&"No assistant is configured."), "{messages:?}");
    let unknown = centre.send("POST", &format!("{flow}/draft"), json!({})).await;
    assert_eq!(unknown.problem(), (405, "method".to_owned()));
    assert_eq!(centre.get(&flow).await["live"], Value::Null);
}

#[tokio::test]
async fn revisions_stay_as_they_are_and_pointers_move() {
    let centre = Centre::new().await;
    let flow = centre.flow(whole()).await;
    let first = centre.publish(&flow, "live").await.expect(201);
    assert_eq!(first.header("location"), format!("{flow}/revisions/1"));
    let first = first.json();
    assert_eq!((&first["author"], &first["message"]), (&json!("campaign_manager"), &json!("as agreed")));
    assert!(
        first["report"].as_array().unwrap().iter().any(|finding| finding["code"] == "no_person"),
        "{first}"
    );

    let mut moved = whole();
    moved["layout"] = json!({ "n_menu": [10, 20] });
    centre.draft(&flow, moved.clone()).await.expect(200);
    let second = centre.publish(&flow, "test").await.expect(201).json();
    assert_eq!(second["hash"], first["hash"], "where nodes are drawn means nothing");
    moved["nodes"]["n_sales"]["prompt"][0]["tts"]["fr-FR"] = "Bienvenue aux ventes.".into();
    centre.draft(&flow, moved).await.expect(200);
    let third = centre.publish(&flow, "live").await.expect(201).json();
    assert_ne!(third["hash"], first["hash"]);

    let seen = centre.get(&flow).await;
    assert_eq!((&seen["live"], &seen["test"]), (&json!(3), &json!(2)));
    let listed = centre.get(&format!("{flow}/revisions?limit=2")).await;
    let revisions: Vec<i64> =
        listed["rows"].as_array().unwrap().iter().map(|row| row["revision"].as_i64().unwrap()).collect();
    assert_eq!((revisions, &listed["next"]), (vec![3, 2], &json!("2")));
    let diff = centre.get(&format!("{flow}/diff?from=r1&to=live")).await;
    assert_eq!((diff.as_array().unwrap().len(), &diff[0]["path"]), (1, &json!("/nodes/n_sales/prompt")));

    let back =
        centre.send("PUT", &format!("{flow}/pointers/live"), json!({ "revision": 1 })).await.expect(200);
    assert_eq!(back.json()["live"], 1);
    assert_eq!(centre.get(&format!("{flow}/revisions/3")).await["hash"], third["hash"]);
    let nowhere = centre.send("PUT", &format!("{flow}/pointers/live"), json!({ "revision": 9 })).await;
    assert_eq!(nowhere.problem().0, 404);
    let settings = centre.world.store.settings().await.unwrap();
    assert_eq!(
        settings.flows[0].revisions.keys().copied().collect::<Vec<_>>(),
        [1, 2, 3],
        "what calls may begin in, and where callers of an earlier daemon may wait"
    );
    let rev = centre.get(&flow).await["rev"].to_string();
    let removed =
        centre.world.call("DELETE", &flow).token(&centre.token).header("if-match", &rev).send().await;
    assert_eq!(removed.problem(), (409, "in_use".to_owned()), "what was published is history");
}

#[tokio::test]
async fn saved_tests_guard_what_is_published() {
    let centre = Centre::new().await;
    let flow = centre.flow(whole()).await;
    let input = json!({ "caller": "+33199001234", "at": "2026-03-06T10:00:00+01:00",
        "keys": [{ "at_node": "n_menu", "after_ms": 800, "dtmf": "1" }] });
    let played =
        centre.send("POST", &format!("{flow}/simulate"), json!({ "input": input })).await.expect(200).json();
    let nodes: Vec<&str> =
        played["trace"].as_array().unwrap().iter().map(|line| line["node"].as_str().unwrap()).collect();
    assert_eq!(nodes, ["n_menu", "n_sales"]);
    assert_eq!((&played["end"]["end"], &played["end"]["t_ms"]), (&json!("hangup"), &json!(800 + 7 * 60)));
    assert_eq!(played["coverage"], json!({ "taken": ["n_menu:1", "n_sales:next"], "of": 4 }));

    let test =
        json!({ "name": "Ventes", "input": input, "expect": { "path": ["n_menu:1", "n_sales:next"] } });
    let saved = centre.send("POST", &format!("{flow}/tests"), test.clone()).await.expect(201);
    let (id, address) = (saved.json()["id"].clone(), saved.header("location").to_owned());
    let mut document = whole();
    document["tests"] = json!([id]);
    centre.draft(&flow, document.clone()).await.expect(200);
    let ran = centre.send("POST", &format!("{flow}/tests/run"), json!({})).await.expect(200).json();
    assert_eq!((&ran[0]["id"], &ran[0]["passed"]), (&id, &json!(true)));
    let published = centre.publish(&flow, "live").await.expect(201).json();
    assert_eq!(published["tests"], json!([{ "id": id, "name": "Ventes", "passed": true }]));

    document["nodes"]["n_menu"]["next"]["1"] = "n_end".into();
    centre.draft(&flow, document).await.expect(200);
    let refused = centre.publish(&flow, "live").await.expect(422).json();
    assert_eq!(errors(&refused), ["test_failed"]);
    let bad = centre.send("POST", &format!("{flow}/tests"), json!({ "input": {} })).await.expect(422).json();
    assert_eq!(bad["errors"][0]["rule"], "flow_test");
    let rev = saved.header("etag").to_owned();
    centre
        .world
        .call("DELETE", &address)
        .token(&centre.token)
        .header("if-match", &rev)
        .send()
        .await
        .expect(204);
    let refused = centre.publish(&flow, "live").await.expect(422).json();
    assert_eq!(errors(&refused), ["unknown_reference"]);
}

#[tokio::test]
async fn a_flow_goes_to_a_file_and_comes_back_as_another() {
    let centre = Centre::new().await;
    let flow = centre.flow(whole()).await;
    let test =
        json!({ "name": "Rien", "input": { "at": "2026-03-06T10:00:00Z" }, "expect": { "end": "hangup" } });
    let test = centre.send("POST", &format!("{flow}/tests"), test).await.expect(201).json();
    let mut document = whole();
    document["tests"] = json!([test["id"]]);
    centre.draft(&flow, document).await.expect(200);
    let file =
        centre.world.call("GET", &format!("{flow}/export")).token(&centre.token).send().await.expect(200);
    assert!(
        file.header("content-disposition").contains("flw_1.json"),
        "{}",
        file.header("content-disposition")
    );
    let mut file = file.json();
    file["document"]["name"] = "Accueil, copie".into();
    let copy = centre.send("POST", "/api/flows/import", file.clone()).await.expect(201).json();
    assert_ne!(copy["id"], centre.get(&flow).await["id"]);
    assert_eq!(copy["draft"]["id"], copy["id"]);
    assert_ne!(copy["draft"]["tests"][0], test["id"], "its tests are its own");
    let copied = format!("/api/flows/{}", copy["id"].as_str().unwrap());
    centre.publish(&copied, "live").await.expect(201);
    file["cadran_flow"] = 99.into();
    let refused = centre.send("POST", "/api/flows/import", file).await.expect(422).json();
    assert_eq!(refused["errors"][0]["rule"], "export_version");
}

#[tokio::test]
async fn a_flow_calls_another_in_the_revision_that_is_live() {
    let centre = Centre::new().await;
    let inner = json!({
        "v": 1, "id": "x", "kind": "subflow", "name": "Choix", "locales": ["fr-FR"], "start": "n_back",
        "nodes": { "n_back": { "kind": "return", "name": "chosen" } },
    });
    let inner = centre.flow(inner).await;
    let id = inner.rsplit('/').next().unwrap();
    let mut outer = whole();
    outer["name"] = "Dehors".into();
    outer["nodes"]["n_sales"] = json!({ "kind": "subflow", "flow": id, "next": { "chosen": "n_end" } });
    let flow = centre.flow(outer).await;
    let refused = centre.publish(&flow, "live").await.expect(422).json();
    assert_eq!(errors(&refused), ["unknown_reference"], "an unpublished flow cannot be called");
    centre.publish(&inner, "live").await.expect(201);
    centre.publish(&flow, "live").await.expect(201);
    let input = json!({ "at": "2026-03-06T10:00:00Z", "keys": [{ "at_node": "n_menu", "dtmf": "1" }] });
    let played =
        centre.send("POST", &format!("{flow}/simulate"), json!({ "input": input, "of": "live" })).await;
    let trace = played.expect(200).json()["trace"].clone();
    assert!(trace.as_array().unwrap().iter().any(|line| line["outlet"] == "chosen"), "{trace}");
}
