//! The law through the API: who may be called, why not, and what would be before the first call.

use std::time::Duration;

use cadran_engine::command::Write;
use cadran_engine::model::attempt::CallRecord;
use cadran_engine::model::{HangupCause, Role, Side};
use serde_json::{Value, json};

use super::recordings::{record, store};
use super::world::World;

/// A campaign that sells to consumers, with one lead for each number.
async fn selling(world: &World, token: &str, numbers: &str) -> String {
    let mut law = world.lawful(token).await;
    law["purpose"] = "marketing".into();
    let campaign = json!({
        "name": "Spring", "mode": { "kind": "preview" }, "caller_ids": ["+33162001122"], "compliance": law,
    });
    let campaign =
        world.call("POST", "/api/campaigns").token(token).json(&campaign).send().await.expect(201).json();
    let list = json!({ "name": "leads", "campaign": campaign["id"] });
    let list = world.call("POST", "/api/lists").token(token).json(&list).send().await.expect(201).json();
    let upload = world
        .call("POST", "/api/uploads")
        .token(token)
        .bytes(numbers.to_owned())
        .send()
        .await
        .expect(201)
        .json();
    let import = json!({ "upload": upload["id"], "file_name": "leads.csv" });
    let path = format!("/api/lists/{}/imports", list["id"].as_str().unwrap());
    let reply = world.call("POST", &path).token(token).json(&import).send().await.expect(201);
    let address = reply.header("location").to_owned();
    while world.call("GET", &address).token(token).send().await.json()["state"] == "running" {
        tokio::task::yield_now().await;
    }
    campaign["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_number_is_explained_and_a_campaign_is_tried_out() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let campaign = selling(&world, &manager, "phone,tel2\n+33199000001,+33199000002\n+33199000003,\n").await;
    let entry = json!({ "phone": "+33199000002", "reason": "asked by letter" });
    world.call("POST", "/api/do-not-call").token(&manager).json(&entry).send().await.expect(201);

    let path = format!("/api/campaigns/{campaign}/dry-run");
    let found = world.call("POST", &path).token(&manager).send().await.expect(200).json();
    assert_eq!((&found["leads"], &found["callable"]), (&json!(2), &json!(0)));
    assert_eq!(found["denied"]["INTERNAL_DNC"]["leads"], 1, "{found}");
    assert_eq!(found["denied"]["CONSENT_MISSING"]["leads"], 1, "{found}");

    let path = "/api/compliance/why?phone=%2B33199000001";
    let request = world.call("GET", path).token(&manager).header("accept-language", "fr");
    let why = request.send().await.expect(200).json();
    assert_eq!(why["phones"], json!(["+33199000001", "+33199000002"]));
    assert_eq!(why["do_not_call"][0]["phone"], "+33199000002");
    let standing = &why["standings"][0];
    assert_eq!(
        (&standing["campaign_state"], &standing["kept_by"]),
        (&json!("draft"), &json!("due")),
        "{why}"
    );
    let verdict = &why["verdicts"][0];
    assert_eq!((&verdict["verdict"], &verdict["reason"]), (&json!("deny"), &json!("INTERNAL_DNC")));
    assert_eq!(verdict["words"], "Un numéro de la personne figure sur notre liste d'opposition.");
    assert_eq!((&verdict["caps"][0]["counted"], &verdict["caps"][0]["max"]), (&json!(0), &json!(4)));
    assert_eq!(verdict["inquiry"]["lead"]["number"], "+33199000001");
}

#[tokio::test]
async fn a_consent_is_written_down_and_taken_back() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let seller = world.lawful(&manager).await["seller"].clone();
    let mut consent = json!({
        "seller": seller, "phone": "+33199000001", "text_version": "2026-08", "channel": "form", "evidence": "",
        "given_at": 1_790_000_000_000_i64,
    });
    let reply = world.call("POST", "/api/consents").token(&manager).json(&consent).send().await;
    assert_eq!(reply.json()["errors"][0]["pointer"], "/evidence", "without proof it is none");
    consent["evidence"] = "form 4711".into();
    let reply = world.call("POST", "/api/consents").token(&manager).json(&consent).send().await.expect(201);
    let address = reply.header("location").to_owned();
    assert_eq!(reply.json()["purpose"], "phone_marketing");
    let revoke = || world.call("POST", &format!("{address}/revoke")).token(&manager).send();
    let revoked: Value = revoke().await.expect(200).json();
    assert!(revoked["revoked_at"].is_number());
    assert_eq!(revoke().await.expect(200).json(), revoked, "once is enough");
    let path = "/api/consents?phone=%2B33199000001";
    let listed = world.call("GET", path).token(&manager).send().await.expect(200).json();
    assert_eq!(listed["rows"], json!([revoked]));
}

#[tokio::test]
async fn a_register_is_taken_in_by_number_or_by_digest() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let digest = cadran::store::digest("+33199000002".parse().unwrap());
    let file = format!("01 99 00 00 01\r\n{digest}\n\nnonsense\n+33199000001\n");
    let scrub = |checked_at: i64| {
        let path = format!("/api/registers/bloctel/scrubs?version=2026-11&checked_at={checked_at}");
        world.call("POST", &path).token(&manager).bytes(file.clone()).send()
    };
    let reply = scrub(i64::MAX).await;
    assert_eq!(reply.json()["errors"][0]["rule"], "not_later");
    let taken_in = scrub(1_790_000_000_000).await.expect(201).json();
    assert_eq!(taken_in, json!({ "entries": 2, "unusable": 1 }));
    let registers = world.call("GET", "/api/registers").token(&manager).send().await.expect(200).json();
    assert_eq!(registers["rows"][0]["name"], "bloctel");
    assert_eq!(registers["rows"][0]["entries"], 2);
}

/// Nobody came for a person who stayed for five seconds: every pack calls that abandoned, and silent.
#[tokio::test]
async fn what_the_law_saw_in_answered_calls_is_listed() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let viewer = world.signed_in(Role::Viewer).await;
    let call = record(&world, &admin, "a.wav").await.call;
    let attempt = world.store.call_story(call).await.unwrap().unwrap().attempt.attempt;
    let record = CallRecord {
        id: call,
        attempt: attempt.id,
        campaign: attempt.campaign,
        lead: attempt.lead,
        phone: attempt.phone,
        agent: None,
        answered_at: attempt.started_at + Duration::from_secs(9),
        connected_at: None,
        message_at: None,
        ended_at: attempt.started_at + Duration::from_secs(14),
        ended_by: Side::Customer,
        cause: HangupCause::default(),
    };
    store(&world.store, [Write::SaveCall(Box::new(record))]).await;

    let listed = async |token: &str, query: &str| {
        let path = format!("/api/campaigns/{}/abandonments?{query}", attempt.campaign);
        world.call("GET", &path).token(token).send().await.expect(200).json()["rows"].clone()
    };
    let found = listed(&admin, "abandoned=true").await;
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["attempt"], attempt.id.to_string());
    assert_eq!((&found[0]["live"], &found[0]["silent"]), (&json!(true), &json!(true)), "{found}");
    assert_eq!(found[0]["phone"], "+33199000001");
    assert_ne!(listed(&viewer, "").await[0]["phone"], "+33199000001");
    assert_eq!(listed(&admin, "abandoned=false").await, json!([]));
    let dialled = attempt.started_at.as_millis();
    assert_eq!(listed(&admin, &format!("until={dialled}")).await, json!([]));
    assert_eq!(listed(&admin, &format!("from={dialled}")).await, found);
    let missing = world.call("GET", "/api/campaigns/cmp_99/abandonments").token(&admin).send().await;
    assert_eq!(missing.problem().0, 404);
}
