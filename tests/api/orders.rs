//! Listings come in the order that is asked for, page after page without gap or overlap.

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::inbound::post;
use super::world::World;

/// What a listing tells of its rows, read in pages of two.
async fn pages(world: &World, token: &str, path: &str, field: &str) -> Vec<String> {
    let (mut told, mut after) = (Vec::new(), String::new());
    loop {
        let page = world
            .call("GET", &format!("{path}&limit=2{after}").replace("?&", "?"))
            .token(token)
            .send()
            .await
            .expect(200)
            .json();
        let text = |row: &Value| row[field].as_str().map_or_else(|| row[field].to_string(), str::to_owned);
        told.extend(page["rows"].as_array().unwrap().iter().map(text));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return told,
        }
    }
}

#[tokio::test]
async fn what_has_a_name_comes_by_name_or_by_age() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let names = ["Bern", "Aix", "Caen", "Aix"];
    let mut campaign = Value::Null;
    for (index, name) in names.into_iter().enumerate() {
        // Names of campaigns and of lists are there once; of agents not.
        let once = if index == 3 { "Dax" } else { name };
        campaign = post(&world, &admin, "/api/campaigns", json!({ "name": once })).await["id"].clone();
        let agent = json!({ "name": name, "sip_account": format!("agent-{index}"), "phone_kind": "sip" });
        post(&world, &admin, "/api/agents", agent).await;
        world.add_user(&format!("user-{once}"), Role::Viewer, None).await;
    }
    for name in ["Bern", "Aix", "Caen"] {
        post(&world, &admin, "/api/lists", json!({ "name": name, "campaign": campaign })).await;
    }
    let cases: [(&str, &str, &[&str]); 9] = [
        ("/api/campaigns?order=name", "name", &["Aix", "Bern", "Caen", "Dax"]),
        ("/api/campaigns?order=added", "name", &["Bern", "Aix", "Caen", "Dax"]),
        ("/api/campaigns?order=latest", "name", &["Dax", "Caen", "Aix", "Bern"]),
        ("/api/lists?order=name", "name", &["Aix", "Bern", "Caen"]),
        ("/api/lists?order=added", "name", &["Bern", "Aix", "Caen"]),
        ("/api/agents?order=name", "name", &["Aix", "Aix", "Bern", "Caen"]),
        ("/api/agents?order=latest", "name", &["Aix", "Caen", "Aix", "Bern"]),
        ("/api/users?order=name", "login", &["admin", "user-Aix", "user-Bern", "user-Caen", "user-Dax"]),
        ("/api/users?order=latest", "login", &["user-Dax", "user-Caen", "user-Aix", "user-Bern", "admin"]),
    ];
    for (path, field, expected) in cases {
        assert_eq!(pages(&world, &admin, path, field).await, expected, "{path}");
    }
    let latest = pages(&world, &admin, "/api/campaigns?", "name").await;
    assert_eq!(latest, ["Dax", "Caen", "Aix", "Bern"], "as ever, unless told otherwise");
    let odd = world.call("GET", "/api/agents?order=sip_account").token(&admin).send().await;
    assert_eq!(odd.problem(), (400, "bad_query".to_owned()));

    let forth = pages(&world, &admin, "/api/audit?order=earliest", "id").await;
    let mut back = pages(&world, &admin, "/api/audit?order=latest", "id").await;
    back.reverse();
    assert!(forth.len() > 10, "{forth:?}");
    assert_eq!(forth, back);
}
