//! Who somebody is.

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::inbound::post;
use super::leads::a_list;
use super::world::{Reply, World};

async fn look(world: &World, token: &str, query: &str) -> Reply {
    world.call("GET", &format!("/api/contacts?{query}")).token(token).send().await
}

fn count(body: &Value, what: &str) -> usize {
    body[what].as_array().unwrap_or_else(|| panic!("no {what}: {body}")).len()
}

#[tokio::test]
async fn whoever_has_a_number_is_told_with_all_that_is_known() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (one, other) = (a_list(&world, &admin).await, a_list(&world, &admin).await);
    let first = json!({ "list": one, "phone": "0199000001", "alternates": ["0639980001"], "name": "Durand" });
    let first = post(&world, &admin, "/api/leads", first).await;
    post(&world, &admin, "/api/leads", json!({ "list": other, "phone": "0639980001" })).await;
    post(&world, &admin, "/api/leads", json!({ "list": other, "phone": "0199000002" })).await;
    post(&world, &admin, "/api/do-not-call", json!({ "phone": "0639980001", "reason": "asked" })).await;

    let by_phone = look(&world, &admin, "phone=%2B33639980001").await.expect(200).json();
    assert_eq!((count(&by_phone, "leads"), count(&by_phone, "do_not_call")), (2, 1), "{by_phone}");
    assert_eq!(
        (count(&by_phone, "consents"), count(&by_phone, "attempts"), count(&by_phone, "caller_calls")),
        (0, 0, 0)
    );
    assert_eq!(by_phone["phones"], json!(["+33199000001", "+33639980001"]));
    let by_lead =
        look(&world, &admin, &format!("lead={}", first["id"].as_str().unwrap())).await.expect(200).json();
    assert_eq!(by_lead, by_phone);
    let stranger = look(&world, &admin, "phone=%2B33199000099").await.expect(200).json();
    assert_eq!((&stranger["person"], count(&stranger, "leads")), (&Value::Null, 0));

    for query in ["", "phone=%2B33639980001&lead=led_1"] {
        let refused = look(&world, &admin, query).await.expect(422).json();
        assert_eq!(refused["errors"][0]["rule"], "phone_or_lead");
    }
    assert_eq!(look(&world, &admin, "lead=led_999").await.problem(), (404, "not_found".to_owned()));
    let viewer = world.signed_in(Role::Viewer).await;
    let masked = look(&world, &viewer, "phone=%2B33639980001").await.expect(200);
    assert!(!masked.text().contains("3998000"), "{}", masked.text());
    assert_eq!((&masked.json()["consents"], &masked.json()["relationships"]), (&Value::Null, &Value::Null));
    let log =
        world.call("GET", "/api/audit?action=GET%20/api/contacts").token(&admin).send().await.expect(200);
    assert!(count(&log.json(), "rows") >= 4, "{}", log.text());
}

#[tokio::test]
async fn what_another_team_knows_of_somebody_is_not_told() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (ours, theirs) = (a_list(&world, &admin).await, a_list(&world, &admin).await);
    let of_ours = json!({ "list": ours, "phone": "0199000001" });
    let of_ours = post(&world, &admin, "/api/leads", of_ours).await;
    let of_theirs = json!({ "list": theirs, "phone": "0199000001", "alternates": ["0639980001"] });
    let of_theirs = post(&world, &admin, "/api/leads", of_theirs).await;
    let team = json!({ "name": "North", "campaigns": [of_ours["campaign"]] });
    let team = post(&world, &admin, "/api/teams", team).await["id"].as_str().unwrap().parse().unwrap();
    world.add_user_of("north", Role::CampaignManager, Some([team].into()), None).await;
    let north = world.sign_in("north").await;

    let known = look(&world, &north, "phone=%2B33199000001").await.expect(200);
    assert_eq!((count(&known.json(), "leads"), &known.json()["phones"]), (1, &json!(["+33199000001"])));
    assert!(!known.text().contains("639980001"), "{}", known.text());
    let unknown = look(&world, &north, "phone=%2B33639980001").await.expect(200).json();
    assert_eq!((&unknown["phones"], count(&unknown, "leads")), (&json!(["+33639980001"]), 0), "{unknown}");
    assert_eq!(unknown["person"], Value::Null);
    let theirs = format!("lead={}", of_theirs["id"].as_str().unwrap());
    assert_eq!(look(&world, &north, &theirs).await.problem(), (404, "not_found".to_owned()));
}
