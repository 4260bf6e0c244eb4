//! What agents choose from: reasons for pauses, and groups of dispositions.

use cadran_engine::input::Request;
use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::inbound::post;
use super::world::World;

fn lunch() -> Value {
    json!({ "code": "lunch", "label_fr": "Déjeuner", "label_en": "Lunch", "paid": false, "pause_max": 3_600_000 })
}

#[tokio::test]
async fn a_pause_names_one_of_the_reasons_where_there_are_any() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let pause = |code: &str| {
        let body = json!({ "code": code });
        world.call("POST", &format!("/api/agents/{agent}/pause")).token(&token).json(&body).send()
    };
    pause("anything").await.expect(204);
    let made = world.call("POST", "/api/pause-reasons").token(&admin).json(&lunch()).send().await.expect(201);
    let (place, reason) = (made.header("location").to_owned(), made.json());
    assert_eq!(
        (&reason["code"], &reason["pause_max"], &reason["rev"]),
        (&json!("lunch"), &json!(3_600_000), &json!(1))
    );
    // Agents read what they may choose.
    let listed = world.call("GET", "/api/pause-reasons").token(&token).send().await.expect(200).json();
    assert_eq!(listed["rows"], json!([reason]));
    assert_eq!(world.call("GET", &place).token(&token).send().await.expect(200).header("etag"), "\"1\"");

    let refused = pause("anything").await.expect(422).json();
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["rule"]),
        (&json!("/code"), &json!("pause_reason"))
    );
    assert_eq!(refused["errors"][0]["detail"], "is one of lunch");
    pause("lunch").await.expect(204);
    let asked = world.script().asked.clone();
    let codes = asked.iter().filter_map(|asked| match asked {
        Request::Pause { code, .. } => Some(code.as_str()),
        _ => None,
    });
    assert_eq!(codes.collect::<Vec<_>>(), ["anything", "lunch"]);

    let change = |rev: &str, body: &Value| {
        world.call("PUT", &place).token(&admin).header("if-match", rev).json(body).send()
    };
    let mut training = lunch();
    training["code"] = "training".into();
    training["paid"] = true.into();
    assert_eq!(change("1", &training).await.expect(200).json()["paid"], true);
    assert_eq!(change("1", &training).await.problem(), (412, "changed".to_owned()));
    let odd = json!({ "code": "Lunch break", "label_fr": "", "label_en": "x", "paid": true, "pause_max": 5 });
    let faults = change("2", &odd).await.expect(422).json()["errors"].clone();
    let places: Vec<&str> =
        faults.as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/code", "/label_fr", "/pause_max"]);
    let again = world.call("POST", "/api/pause-reasons").token(&admin).json(&training).send().await;
    assert_eq!(again.problem(), (409, "taken".to_owned()));
    let manager = world.signed_in(Role::CampaignManager).await;
    let reply = world.call("POST", "/api/pause-reasons").token(&manager).json(&lunch()).send().await;
    assert_eq!(reply.problem(), (403, "forbidden".to_owned()));
    world.call("DELETE", &place).token(&admin).header("if-match", "2").send().await.expect(204);
    pause("anything").await.expect(204);
}

fn group(code: &str) -> Value {
    let choice =
        json!({ "code": code, "label_fr": "Vente", "label_en": "Sale", "effect": { "kind": "final" } });
    json!({ "name": "Sales", "dispositions": [choice] })
}

#[tokio::test]
async fn a_group_of_dispositions_counts_for_each_campaign_and_queue_that_names_it() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let made = world
        .call("POST", "/api/disposition-groups")
        .token(&admin)
        .json(&group("sale"))
        .send()
        .await
        .expect(201);
    let (place, id) = (made.header("location").to_owned(), made.json()["id"].clone());
    let reloads = world.script().reloads;
    let campaign = json!({ "name": "Spring", "mode": { "kind": "preview" }, "disposition_group": id });
    let campaign = post(&world, &admin, "/api/campaigns", campaign).await;
    assert_eq!(
        (&campaign["disposition_group"], &campaign["dispositions"][0]["code"]),
        (&id, &json!("success"))
    );
    let queue =
        post(&world, &admin, "/api/queues", json!({ "name": "Sales", "disposition_group": id })).await;
    assert_eq!(queue["disposition_group"], id);
    assert!(world.script().reloads > reloads, "the engine learns of it");

    let settings = world.store.settings().await.unwrap();
    let codes = |dispositions: &[cadran_engine::model::Disposition]| {
        dispositions.iter().map(|choice| choice.code.clone()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&settings.campaigns[0].settings.dispositions), ["sale"]);
    assert_eq!(codes(&settings.queues[0].settings.dispositions), ["sale"]);
    let put = |rev: &str, body: &Value| {
        world.call("PUT", &place).token(&admin).header("if-match", rev).json(body).send()
    };
    put("1", &group("sold")).await.expect(200);
    assert_eq!(put("1", &group("sold")).await.problem(), (412, "changed".to_owned()));
    let settings = world.store.settings().await.unwrap();
    assert_eq!(codes(&settings.campaigns[0].settings.dispositions), ["sold"]);

    let kept = world.call("DELETE", &place).token(&admin).header("if-match", "2").send().await;
    assert_eq!(kept.problem(), (409, "in_use".to_owned()));
    assert!(kept.json()["detail"].as_str().unwrap().contains("Spring, Sales"), "{}", kept.text());
    let empty = json!({ "name": "Sales", "dispositions": [] });
    let refused = put("2", &empty).await.expect(422).json();
    assert_eq!(refused["errors"][0]["pointer"], "/dispositions");
    let nowhere = json!({ "name": "Autumn", "mode": { "kind": "preview" }, "disposition_group": "dsg_999" });
    let refused =
        world.call("POST", "/api/campaigns").token(&admin).json(&nowhere).send().await.expect(422).json();
    assert_eq!(
        (&refused["errors"][0]["pointer"], &refused["errors"][0]["rule"]),
        (&json!("/disposition_group"), &json!("exists"))
    );
}

#[tokio::test]
async fn a_group_is_for_all_teams_and_changed_by_nobody_who_is_confined_to_one() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let team = post(&world, &admin, "/api/teams", json!({ "name": "North" })).await;
    let team = team["id"].as_str().unwrap().parse().unwrap();
    world.add_user_of("north", Role::CampaignManager, Some([team].into()), None).await;
    let north = world.sign_in("north").await;
    let reply = world.call("POST", "/api/disposition-groups").token(&north).json(&group("sale")).send().await;
    assert_eq!(reply.problem(), (403, "confined_to_teams".to_owned()));
    world.call("GET", "/api/disposition-groups").token(&north).send().await.expect(200);
}
