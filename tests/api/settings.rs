//! Settings: what is checked, how two people's changes meet, and how refusals read.

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::world::World;

fn trunk() -> Value {
    json!({
        "name": "carrier", "host": "sip.example.net", "user": "cadran", "password": "a secret of the trunk",
        "caller_ids": ["+33199001234"], "limit": { "calls_per_second": 10.0, "concurrent_calls": 30 },
    })
}

#[tokio::test]
async fn a_campaign_is_drafted_started_paused_and_finished() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let trunk =
        world.call("POST", "/api/trunks").token(&admin).json(&trunk()).send().await.expect(201).json();

    let draft = json!({ "name": "Spring", "mode": { "kind": "progressive" } });
    let reply = world.call("POST", "/api/campaigns").token(&admin).json(&draft).send().await.expect(201);
    let address = reply.header("location").to_owned();
    assert_eq!((reply.header("etag"), &reply.json()["state"]), ("\"1\"", &"draft".into()));
    let act = |what: &str| world.call("POST", &format!("{address}/{what}")).token(&admin).send();

    let pointers: Vec<Value> = act("start").await.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].clone())
        .collect();
    assert_eq!(pointers, ["/trunks", "/caller_ids", "/compliance/seller", "/compliance/legal_basis"]);
    let ready = json!({
        "name": "Spring", "mode": { "kind": "power", "ratio": 1.5 }, "trunks": [trunk["id"]], "caller_ids": ["+33199001234"],
        "compliance": world.lawful(&admin).await,
    });
    let update = |rev: &'static str| {
        world.call("PUT", &address).token(&admin).header("if-match", rev).json(&ready).send()
    };
    update("\"1\"").await.expect(200);

    assert_eq!(act("start").await.expect(200).json()["state"], "running");
    assert_eq!(act("start").await.expect(200).json()["state"], "running");
    assert_eq!(act("pause").await.expect(200).json()["state"], "paused");
    assert_eq!(act("finish").await.expect(200).json()["state"], "finished");
    assert_eq!(act("start").await.problem(), (409, "campaign_is".to_owned()));
    assert!(world.script().reloads >= 5, "changes reach the engine");
}

#[tokio::test]
async fn the_second_of_two_changes_is_told_so() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let address = {
        let draft = json!({ "name": "Spring", "mode": { "kind": "preview" } });
        let reply = world.call("POST", "/api/campaigns").token(&admin).json(&draft).send().await.expect(201);
        reply.header("location").to_owned()
    };
    let body = json!({ "name": "Summer", "mode": { "kind": "preview" } });
    let change = || world.call("PUT", &address).token(&admin).json(&body);
    let reply = change().send().await;
    assert_eq!(reply.problem(), (428, "revision_missing".to_owned()));
    change().header("if-match", "\"1\"").send().await.expect(200);
    let reply = change().header("if-match", "\"1\"").send().await;
    assert_eq!(reply.problem(), (412, "changed".to_owned()));
    let reply = world.call("POST", "/api/campaigns").token(&admin).json(&body).send().await;
    assert_eq!(reply.problem(), (409, "taken".to_owned()));
}

#[tokio::test]
async fn every_fault_is_told_at_once_in_the_readers_language() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let bad = json!({
        "name": "", "mode": { "kind": "power", "ratio": 99.0 }, "drop_limit": 0.5, "trunks": ["trk_9"],
        "drop_message": "sound:../../etc/passwd", "hours": { "windows": [{ "days": [8], "from": 9, "until": 5 }] },
        "order": { "by": "name", "direction": "up", "mix": [{ "list": "lst_9", "percent": 0 }] },
    });
    let send = |language: &str| {
        world
            .call("POST", "/api/campaigns")
            .token(&admin)
            .header("accept-language", language)
            .json(&bad)
            .send()
    };
    let french = send("fr-FR").await;
    assert_eq!(french.header("content-language"), "fr");
    let document = french.json();
    assert_eq!(document["title"], "Certaines valeurs ne sont pas possibles");
    let rules: Vec<&str> =
        document["errors"].as_array().unwrap().iter().map(|fault| fault["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["name", "media", "drop_limit", "ratio", "exists", "window", "percent", "exists"]);
    let english = send("de, en;q=0.5").await;
    assert_eq!(english.json()["title"], "Some values are not possible");
    assert!(english.json()["request_id"].as_str().unwrap().starts_with("req_"));
}

#[tokio::test]
async fn screening_must_fit_into_its_time_and_begins_with_nothing_known() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let campaign = |drop_after: u32, screening: Value| {
        json!({
            "name": "Spring", "mode": { "kind": "progressive" }, "drop_after": drop_after, "screening": screening,
        })
    };
    let create =
        async |body: Value| world.call("POST", "/api/campaigns").token(&admin).json(&body).send().await;
    let climbing = json!({ "kind": "leave_message", "message": "sound:../../etc/passwd" });
    let bad = json!({
        "enabled": true, "greeting": 5000, "silence": 0, "words": 1, "sample": 2.0, "on_machine": climbing,
    });
    let faults = create(campaign(1_000, bad)).await.expect(422).json()["errors"].clone();
    let pointers: Vec<&str> =
        faults.as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    let of_screening = ["greeting", "silence", "words", "sample", "on_machine/message"];
    let expected: Vec<String> = of_screening.iter().map(|name| format!("/screening/{name}")).collect();
    assert_eq!(pointers, [expected.iter().map(String::as_str).collect(), vec!["/drop_after"]].concat());

    let reply = create(campaign(2_000, json!({ "enabled": true }))).await.expect(201);
    assert_eq!(reply.json()["screening"]["on_machine"], json!({ "kind": "hang_up" }));
    let address = format!("{}/screening", reply.header("location"));
    let told = world.call("GET", &address).token(&admin).send().await.expect(200).json();
    assert_eq!((&told["machine"], &told["lists"]), (&json!(0), &json!([])));
    let nothing = json!({ "found": 0, "of": 0, "rate": null, "low": null, "high": null });
    assert_eq!(told["machines_taken_for_people"], nothing);
    let nobody = world.call("GET", "/api/campaigns/cmp_9/screening").token(&admin).send().await;
    assert_eq!(nobody.problem().0, 404);
}

#[tokio::test]
async fn what_nobody_asked_for_is_refused() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let unknown = json!({ "name": "x", "mode": { "kind": "preview" }, "state": "running", "tenant_id": 2 });
    let reply = world.call("POST", "/api/campaigns").token(&admin).json(&unknown).send().await;
    assert_eq!(reply.problem(), (422, "bad_body".to_owned()));
    assert!(reply.json()["detail"].as_str().unwrap().contains("state"), "{}", reply.text());

    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let call = world
        .call("POST", "/api/campaigns")
        .token(&admin)
        .bytes(deep)
        .header("content-type", "application/json");
    assert!(call.send().await.status.is_client_error());
    let huge = json!({ "name": "x".repeat(300_000), "mode": { "kind": "preview" } });
    let reply = world.call("POST", "/api/campaigns").token(&admin).json(&huge).send().await;
    assert_eq!(reply.problem(), (413, "body_too_large".to_owned()));
    let reply = world.call("GET", "/api/campaigns?limit=1&order=name;drop").token(&admin).send().await;
    assert_eq!(reply.problem(), (400, "bad_query".to_owned()));
    let reply = world.call("GET", "/api/campaigns/lst_1").token(&admin).send().await;
    assert_eq!(reply.problem(), (404, "bad_id".to_owned()));
}

#[tokio::test]
async fn a_trunk_never_shows_its_password_and_keeps_it() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let reply = world.call("POST", "/api/trunks").token(&admin).json(&trunk()).send().await.expect(201);
    assert!(!reply.text().contains("secret"), "{}", reply.text());
    let address = reply.header("location").to_owned();
    let mut without = trunk();
    without.as_object_mut().unwrap().remove("password");
    let reply = world.call("PUT", &address).token(&admin).header("if-match", "1").json(&without).send().await;
    let reply = reply.expect(200);
    let id = reply.json()["id"].as_str().unwrap().parse().unwrap();
    let (_, sip) = world.store.trunk(id).await.unwrap().unwrap().value;
    let secret = sip.credentials.map(|(_, secret)| secrecy::ExposeSecret::expose_secret(&secret).to_owned());
    assert_eq!(secret.as_deref(), Some("a secret of the trunk"));

    for host in ["evil.example\n[global]", "a b", "", "host;x"] {
        let mut bad = trunk();
        bad["host"] = host.into();
        let reply = world.call("POST", "/api/trunks").token(&admin).json(&bad).send().await;
        assert_eq!(reply.json()["errors"][0]["rule"], "host", "{host:?}");
    }
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    for number in 0..5 {
        let draft = json!({ "name": format!("campaign {number}"), "mode": { "kind": "preview" } });
        world.call("POST", "/api/campaigns").token(&admin).json(&draft).send().await.expect(201);
    }
    let (mut names, mut after) = (Vec::new(), String::new());
    loop {
        let page = world
            .call("GET", &format!("/api/campaigns?limit=2{after}"))
            .token(&admin)
            .send()
            .await
            .expect(200)
            .json();
        names.extend(
            page["rows"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(names, ["campaign 4", "campaign 3", "campaign 2", "campaign 1", "campaign 0"]);
}

#[tokio::test]
async fn a_number_is_put_on_the_do_not_call_list_and_taken_off_with_a_reason() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let entry = json!({ "phone": "01 99 00 12 34", "reason": "asked by letter" });
    let reply = world.call("POST", "/api/do-not-call").token(&manager).json(&entry).send().await.expect(201);
    assert_eq!(reply.json()["phone"], "+33199001234");
    let address = reply.header("location").to_owned();
    let found =
        world.call("GET", "/api/do-not-call?phone=%2B33199001234").token(&manager).send().await.expect(200);
    assert_eq!(found.json()["rows"].as_array().unwrap().len(), 1);
    world.call("DELETE", &address).token(&manager).send().await.expect(400);
    world.call("DELETE", &format!("{address}?reason=mistake")).token(&manager).send().await.expect(204);
    world.call("DELETE", &format!("{address}?reason=mistake")).token(&manager).send().await.expect(404);
    let bad = json!({ "phone": "1&PJSIP/x", "reason": "x" });
    assert!(
        world
            .call("POST", "/api/do-not-call")
            .token(&manager)
            .json(&bad)
            .send()
            .await
            .status
            .is_client_error()
    );
}
