//! A file of leads, from the upload to the leads and back as a file of refused rows.

use std::time::Duration;

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::world::World;

const FILE: &str = "Téléphone;Nom;Prénom;Société\r\n\
    01 99 00 00 01;Durand;Hélène;Café de l'Œuvre\r\n\
    ${SHELL(id)};=cmd();;\r\n\
    0199000002;Petit;Jean;\r\n\
    0199000001;Durand;Hélène;Café neuf\r\n\
    1&PJSIP/x;Pirate;;\r\n";

async fn list(world: &World, token: &str) -> String {
    let campaign = json!({ "name": "Spring", "mode": { "kind": "preview" } });
    let campaign =
        world.call("POST", "/api/campaigns").token(token).json(&campaign).send().await.expect(201).json();
    let list = json!({ "name": "leads", "campaign": campaign["id"] });
    let reply = world.call("POST", "/api/lists").token(token).json(&list).send().await.expect(201);
    reply.header("location").to_owned()
}

async fn upload(world: &World, token: &str, file: Vec<u8>) -> Value {
    world.call("POST", "/api/uploads").token(token).bytes(file).send().await.expect(201).json()
}

/// Imports a waiting file and waits until every row is stored.
async fn import(world: &World, token: &str, list: &str, upload: &Value) -> Value {
    let body = json!({ "upload": upload["id"], "file_name": "leads.csv" });
    let reply =
        world.call("POST", &format!("{list}/imports")).token(token).json(&body).send().await.expect(201);
    let address = reply.header("location").to_owned();
    let done = async {
        loop {
            let import = world.call("GET", &address).token(token).send().await.expect(200).json();
            if import["state"] != "running" {
                return import;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), done).await.unwrap()
}

#[tokio::test]
async fn a_french_file_becomes_leads_and_its_bad_rows_come_back_with_reasons() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = list(&world, &manager).await;
    let bytes = encoding_rs::WINDOWS_1252.encode(FILE).0.into_owned();
    let sent = upload(&world, &manager, bytes).await;
    assert_eq!(
        (&sent["reading"]["encoding"], &sent["reading"]["delimiter"]),
        (&"windows-1252".into(), &";".into())
    );
    assert_eq!(sent["header"], json!(["Téléphone", "Nom", "Prénom", "Société"]));
    assert_eq!(sent["reading"]["columns"][0]["kind"], "phone");

    let path = format!("/api/uploads/{}/check", sent["id"].as_str().unwrap());
    let check = world
        .call("POST", &path)
        .token(&manager)
        .header("accept-language", "fr")
        .json(&json!({}))
        .send()
        .await;
    let checked = check.expect(200).json();
    let counts = ["rows", "accepted", "merged", "refused"].map(|name| checked[name].as_u64().unwrap());
    assert_eq!(counts, [5, 2, 1, 2]);
    assert_eq!(checked["reasons"]["phone_characters"]["count"], 2);
    assert!(checked["examples"][0]["words"].as_str().unwrap().starts_with("Le numéro contient"));

    let done = import(&world, &manager, &list, &sent).await;
    assert_eq!(done["state"], "finished", "{done}");
    let counts = ["rows", "accepted", "merged", "refused"].map(|name| done[name].as_u64().unwrap());
    assert_eq!(counts, [5, 2, 1, 2]);
    world
        .call("GET", &format!("/api/uploads/{}", sent["id"].as_str().unwrap()))
        .token(&manager)
        .send()
        .await
        .expect(404);

    let leads = world.call("GET", "/api/leads").token(&manager).send().await.expect(200).json();
    assert_eq!(leads["rows"][0]["phone"], "+33199000001");
    assert_eq!(leads["rows"][0]["name"], "Hélène Durand");
    assert_eq!(leads["rows"][0]["zone"], "Europe/Paris");
    assert_eq!(leads["rows"][0]["fields"]["company"], "Café neuf");

    let rows = format!("/api/imports/{}/rows?refused=true", done["id"]);
    let report = world.call("GET", &rows).token(&manager).send().await.expect(200).json();
    assert_eq!(report["rows"][1]["cells"], json!(["1&PJSIP/x", "Pirate", "", ""]));
    assert_eq!(report["rows"][1]["remarks"][0]["reason"], "phone_characters");
}

#[tokio::test]
async fn refused_rows_can_be_mended_and_imported_again() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = list(&world, &manager).await;
    let sent = upload(&world, &manager, FILE.into()).await;
    let done = import(&world, &manager, &list, &sent).await;
    let path = format!("/api/imports/{}/refused.csv", done["id"]);
    let file = world.call("GET", &path).token(&manager).send().await.expect(200);
    assert!(file.header("content-disposition").contains("attachment"));
    let text = file.text();
    assert!(text.contains("'=cmd()"), "a formula is taken the edge off: {text}");
    let mended = text.replace("${SHELL(id)}", "01 99 00 00 09").replace("1&PJSIP/x", "01 99 00 00 10");
    let sent = upload(&world, &manager, mended.into()).await;
    assert_eq!(sent["reading"]["columns"][4]["kind"], "ignore");
    let done = import(&world, &manager, &list, &sent).await;
    assert_eq!((&done["accepted"], &done["refused"]), (&2.into(), &0.into()), "{done}");
    let lead =
        world.call("GET", "/api/leads?phone=%2B33199000009").token(&manager).send().await.expect(200).json();
    assert_eq!(lead["rows"][0]["fields"]["last_name"], "=cmd()");
}

#[tokio::test]
async fn a_plan_that_cannot_work_is_refused_before_anything_is_stored() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = list(&world, &manager).await;
    let sent = upload(&world, &manager, FILE.into()).await;
    let reading = json!({
        "encoding": "klingon", "delimiter": "x", "region": "XX", "zone": "Mars", "columns": [{ "kind": "ignore" }],
    });
    let body = json!({ "upload": sent["id"], "file_name": "leads.csv", "reading": reading });
    let reply = world.call("POST", &format!("{list}/imports")).token(&manager).json(&body).send().await;
    let rules: Vec<Value> =
        reply.json()["errors"].as_array().unwrap().iter().map(|fault| fault["rule"].clone()).collect();
    assert_eq!(rules, ["encoding", "delimiter", "zone", "region", "phone_columns"]);
    let imports = world.call("GET", "/api/imports").token(&manager).send().await.expect(200).json();
    assert_eq!(imports["rows"], json!([]));
}

#[tokio::test]
async fn only_so_many_files_wait_and_none_is_found_by_guessing() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let first = upload(&world, &manager, b"tel\n0199000001\n".to_vec()).await;
    for _ in 1..20 {
        upload(&world, &manager, b"tel\n0199000001\n".to_vec()).await;
    }
    let reply = world.call("POST", "/api/uploads").token(&manager).bytes("tel\n").send().await;
    assert_eq!(reply.problem(), (409, "too_many_uploads".to_owned()));
    let path = format!("/api/uploads/{}", first["id"].as_str().unwrap());
    world.call("DELETE", &path).token(&manager).send().await.expect(204);
    upload(&world, &manager, b"tel\n".to_vec()).await;
    for name in ["..%2f..%2fcadran.sqlite", "upl_..", "upl_%00", "upl_0123456789ABCDEF0123456789ABCDEF"] {
        let reply = world.call("GET", &format!("/api/uploads/{name}")).token(&manager).send().await;
        assert_eq!(reply.problem().0, 404, "{name}");
    }
}

#[tokio::test]
async fn consents_of_a_file_go_to_the_ledger_and_the_report_says_whom_the_law_lets_be_called() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let file = "Téléphone;Version du texte;Source du consentement;Date du consentement;Preuve\r\n\
        01 99 00 00 01;v3;formulaire web;01/03/2026 10:30;form-17\r\n\
        01 99 00 00 02;;;;\r\n\
        01 99 00 00 03;v3;formulaire web;bientôt;form-18\r\n";
    let sent = upload(&world, &manager, file.as_bytes().to_vec()).await;
    let kinds: Vec<&Value> =
        sent["reading"]["columns"].as_array().unwrap().iter().map(|column| &column["kind"]).collect();
    assert_eq!(kinds, ["phone", "consent", "consent", "consent", "consent"]);

    // Nobody can have consented to a campaign that calls on nobody's behalf.
    let nobodys = list(&world, &manager).await;
    let body = json!({ "upload": sent["id"], "file_name": "leads.csv" });
    let refused = world.call("POST", &format!("{nobodys}/imports")).token(&manager).json(&body).send().await;
    assert_eq!(refused.json()["errors"][0]["rule"], "consent_needs_seller", "{}", refused.text());

    let lawful = world.lawful(&manager).await;
    let settings = json!({ "name": "Autumn", "mode": { "kind": "preview" }, "compliance": lawful,
        "caller_ids": ["+33162001122"] });
    let campaign =
        world.call("POST", "/api/campaigns").token(&manager).json(&settings).send().await.expect(201).json();
    let new = json!({ "name": "leads", "campaign": campaign["id"] });
    let list = world.call("POST", "/api/lists").token(&manager).json(&new).send().await.expect(201);
    let done = import(&world, &manager, list.header("location"), &sent).await;
    assert_eq!((&done["accepted"], &done["callable"], &done["denied"]), (&3.into(), &3.into(), &json!({})));

    let consents = world.call("GET", "/api/consents").token(&manager).send().await.expect(200).json();
    let consents = consents["rows"].as_array().unwrap();
    assert_eq!(consents.len(), 1, "{consents:?}");
    let told =
        ["phone", "purpose", "text_version", "channel", "evidence"].map(|key| consents[0][key].as_str());
    let expected = ["+33199000001", "phone_marketing", "v3", "formulaire web", "form-17"].map(Some);
    assert_eq!((told, &consents[0]["seller"]), (expected, &lawful["seller"]));
    assert_eq!(consents[0]["given_at"], 1_772_357_400_000_i64);
    let rows = format!("/api/imports/{}/rows", done["id"]);
    let rows = world.call("GET", &rows).token(&manager).send().await.expect(200).json();
    assert_eq!(rows["rows"][2]["remarks"][0]["reason"], "consent_time", "{rows}");
}
