//! Leads one by one: added, corrected, begun again, taken away as a file.

use cadran_engine::model::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{PASSWORD, Reply, World};

/// A list of a campaign that may call; gives its identifier.
pub(super) async fn a_list(world: &World, token: &str) -> Value {
    let lawful = world.lawful(token).await;
    let campaign = json!({ "name": Uuid::now_v7(), "mode": { "kind": "preview" }, "compliance": lawful,
        "caller_ids": ["+33162001122"] });
    let campaign =
        world.call("POST", "/api/campaigns").token(token).json(&campaign).send().await.expect(201).json();
    let list = json!({ "name": "leads", "campaign": campaign["id"] });
    world.call("POST", "/api/lists").token(token).json(&list).send().await.expect(201).json()["id"].clone()
}

async fn add(world: &World, token: &str, lead: &Value) -> Reply {
    world.call("POST", "/api/leads").token(token).json(lead).send().await
}

async fn post(world: &World, token: &str, path: &str) -> Reply {
    world.call("POST", path).token(token).json(&json!({})).send().await
}

fn rules(reply: &Reply) -> Vec<(String, String)> {
    let problem = reply.json();
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{problem}"));
    let word = |fault: &Value, key: &str| fault[key].as_str().unwrap().to_owned();
    errors.iter().map(|fault| (word(fault, "pointer"), word(fault, "rule"))).collect()
}

#[tokio::test]
async fn a_lead_is_read_as_a_row_of_a_file_is_and_is_there_once() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = a_list(&world, &manager).await;
    let new = json!({ "list": list, "phone": "01 99 00 00 01", "alternates": ["06 39 98 00 01", "0199000001"],
        "priority": 7, "fields": { "first_name": "Hélène", "last_name": "Durand", "city": " Lyon ", "empty": "" } });
    let send = || {
        let call = world.call("POST", "/api/leads").token(&manager).header("idempotency-key", "crm-17");
        call.json(&new).send()
    };
    let made = send().await.expect(201);
    let lead = made.json();
    assert_eq!((&lead["phone"], &lead["alternates"]), (&json!("+33199000001"), &json!(["+33639980001"])));
    assert_eq!((&lead["name"], &lead["zone"]), (&json!("Hélène Durand"), &json!("Europe/Paris")));
    assert_eq!(lead["fields"], json!({ "first_name": "Hélène", "last_name": "Durand", "city": "Lyon" }));
    assert_eq!((&lead["priority"], &lead["rev"], &lead["state"]), (&json!(7), &json!(1), &json!("waiting")));
    let place = made.header("location").to_owned();
    let read = world.call("GET", &place).token(&manager).send().await.expect(200);
    assert_eq!((read.json(), read.header("etag")), (lead.clone(), "\"1\""));

    // The same request again is the same act; another of the same number brings the lead up to date.
    assert_eq!(send().await.expect(201).header("idempotency-replayed"), "true");
    let more =
        json!({ "list": list, "phone": "+33 1 99 00 00 01", "name": "H. Durand", "fields": { "size": "3" } });
    let merged = add(&world, &manager, &more).await.expect(200);
    let told = merged.json();
    assert_eq!((&told["id"], &told["rev"], &told["name"]), (&lead["id"], &json!(2), &json!("H. Durand")));
    assert_eq!((&told["fields"]["city"], &told["fields"]["size"]), (&json!("Lyon"), &json!("3")));
    let all = world.call("GET", "/api/leads").token(&manager).send().await.expect(200).json();
    assert_eq!(all["rows"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_wrong_with_a_lead_is_named_with_its_place_and_cure() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = a_list(&world, &manager).await;
    let new = json!({ "list": list, "phone": "1&PJSIP/x", "alternates": ["0199000002", "0899 12 34 56"],
        "zone": "Mars", "fields": {} });
    let reply = add(&world, &manager, &new).await.expect(422);
    assert_eq!(rules(&reply), [("/zone".to_owned(), "zone_unknown".to_owned())]);
    let new = json!({ "list": list, "phone": "1&PJSIP/x", "alternates": ["0199000002", "0899 12 34 56"] });
    let call = world.call("POST", "/api/leads").token(&manager).header("accept-language", "fr");
    let reply = call.json(&new).send().await.expect(422);
    let expected = [("/phone", "phone_characters"), ("/alternates/1", "phone_premium")];
    assert_eq!(rules(&reply), expected.map(|(place, rule)| (place.to_owned(), rule.to_owned())));
    assert!(reply.json()["errors"][0]["detail"].as_str().unwrap().starts_with("Le numéro contient"));

    let odd = json!({ "list": "lst_999", "phone": "0199000001", "priority": 10_000_000,
        "fields": { "Bad Name": "x" } });
    let reply = add(&world, &manager, &odd).await.expect(422);
    let expected = [("/priority", "between"), ("/fields/Bad Name", "field_name"), ("/list", "exists")];
    assert_eq!(rules(&reply), expected.map(|(place, rule)| (place.to_owned(), rule.to_owned())));
    let long = json!({ "list": list, "phone": "0199000001", "fields": { "note": "x".repeat(5000) } });
    let reply = add(&world, &manager, &long).await.expect(422);
    assert_eq!(rules(&reply), [("/fields/note".to_owned(), "text_too_long".to_owned())]);
    let unknown = json!({ "list": list, "phone": "0199000001", "colour": "red" });
    assert_eq!(add(&world, &manager, &unknown).await.problem(), (422, "bad_body".to_owned()));
    let all = world.call("GET", "/api/leads").token(&manager).send().await.expect(200).json();
    assert_eq!(all["rows"], json!([]));
}

#[tokio::test]
async fn a_lead_is_corrected_by_whoever_saw_the_last_correction() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = a_list(&world, &manager).await;
    let new = json!({ "list": list, "phone": "0199000001", "alternates": ["0639980001"], "name": "Durand" });
    let place = add(&world, &manager, &new).await.expect(201).header("location").to_owned();
    let change =
        json!({ "name": "Durant", "zone": "Europe/Berlin", "priority": 3, "fields": { "city": "Nice" } });
    let send = |token: &str, rev: &str, change: &Value| {
        world.call("PUT", &place).token(token).header("if-match", rev).json(change).send()
    };
    let changed = send(&manager, "\"1\"", &change).await.expect(200);
    let lead = changed.json();
    assert_eq!(
        (&lead["name"], &lead["zone"], changed.header("etag")),
        (&json!("Durant"), &json!("Europe/Berlin"), "\"2\"")
    );
    assert_eq!(lead["alternates"], json!(["+33639980001"]), "what is not given stays");
    assert_eq!(send(&manager, "\"1\"", &change).await.problem(), (412, "changed".to_owned()));
    let bare = world.call("PUT", &place).token(&manager).json(&change).send().await;
    assert_eq!(bare.problem(), (428, "revision_missing".to_owned()));

    let other = json!({ "alternates": ["+44 7700 900123", "x"], "name": "", "zone": " ", "priority": 0, "fields": {} });
    let reply = send(&manager, "2", &other).await.expect(422);
    assert_eq!(rules(&reply), [("/zone".to_owned(), "zone".to_owned())]);
    let other = json!({ "alternates": ["+44 7700 900123", "x"], "name": "", "zone": "Europe/Paris", "priority": 0, "fields": {} });
    let reply = send(&manager, "2", &other).await.expect(422);
    assert_eq!(rules(&reply), [("/alternates/1".to_owned(), "phone_characters".to_owned())]);
    let none = json!({ "alternates": [], "name": "", "zone": "Europe/Paris", "priority": 0, "fields": {} });
    let lead = send(&manager, "2", &none).await.expect(200).json();
    assert_eq!((&lead["alternates"], &lead["name"]), (&json!([]), &json!("")));

    let viewer = world.signed_in(Role::Viewer).await;
    assert_eq!(send(&viewer, "3", &none).await.problem(), (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn a_finished_lead_begins_again_unless_it_must_never_be_called() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = a_list(&world, &manager).await;
    let mut places = Vec::new();
    for phone in ["0199000001", "0199000002"] {
        let new = json!({ "list": list, "phone": phone });
        places.push(add(&world, &manager, &new).await.expect(201).header("location").to_owned());
    }
    let waiting = post(&world, &manager, &format!("{}/reset", places[0])).await;
    assert_eq!(waiting.problem(), (409, "lead_is".to_owned()));
    for place in &places {
        post(&world, &manager, &format!("{place}/withdraw")).await.expect(200);
    }
    let entry = json!({ "phone": "0199000002", "reason": "asked" });
    world.call("POST", "/api/do-not-call").token(&manager).json(&entry).send().await.expect(201);
    let parts: Vec<Value> =
        places.iter().map(|place| json!({ "method": "POST", "path": format!("{place}/reset") })).collect();
    let answer =
        world.call("POST", "/api/bulk").token(&manager).json(&json!({ "requests": parts })).send().await;
    let rows = answer.expect(200).json()["rows"].clone();
    assert_eq!((&rows[0]["status"], &rows[0]["body"]["state"]), (&json!(200), &json!("waiting")), "{rows}");
    assert_eq!((&rows[1]["status"], &rows[1]["body"]["state"]), (&json!(409), &Value::Null), "{rows}");
    assert!(rows[1]["body"]["type"].as_str().unwrap().ends_with("#dial_denied"), "{rows}");
    assert!(rows[1]["body"]["detail"].as_str().unwrap().contains("INTERNAL_DNC"), "{rows}");
}

#[tokio::test]
async fn leads_leave_as_a_file_that_no_spreadsheet_runs_and_an_import_reads() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let list = a_list(&world, &manager).await;
    for (number, city) in [("0199000001", "=cmd()"), ("0199000002", "Lyon; Nice")] {
        let new = json!({ "list": list, "phone": number, "alternates": ["0639980009"],
            "fields": { "last_name": "Durand", "city": city, "state": "x" } });
        add(&world, &manager, &new).await.expect(201);
    }
    let elsewhere = a_list(&world, &manager).await;
    add(&world, &manager, &json!({ "list": elsewhere, "phone": "0199000003" })).await.expect(201);
    let export = |token: &str| {
        let wanted = json!({ "list": list, "order": "latest" });
        world.call("POST", "/api/leads/export").token(token).json(&wanted).send()
    };
    let file = export(&manager).await.expect(200);
    assert!(file.header("content-type").starts_with("text/csv"));
    assert!(file.header("content-disposition").contains("attachment"));
    let text = file.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("\u{feff}lead;campaign;list;state;"), "{text}");
    assert!(lines[0].ends_with(";name;zone;phone;phone_2;city;last_name;field_state"), "{text}");
    assert!(
        lines[1].ends_with(";Durand;Europe/Paris;'+33199000002;'+33639980009;\"Lyon; Nice\";Durand;x"),
        "{text}"
    );
    assert!(lines[2].ends_with(";'+33199000001;'+33639980009;'=cmd();Durand;x"), "{text}");
    let sent = world
        .call("POST", "/api/uploads")
        .token(&manager)
        .bytes(text.clone())
        .send()
        .await
        .expect(201)
        .json();
    let phones =
        sent["reading"]["columns"].as_array().unwrap().iter().filter(|column| column["kind"] == "phone");
    assert_eq!(phones.count(), 2, "{sent}");

    // Numbers are whole for whom the right says so; taking leads away is a right of its own, and an act.
    let admin = world.signed_in(Role::Admin).await;
    let role = json!({ "name": "blind", "rights": ["view", "export_leads"] });
    world.call("POST", "/api/roles").token(&admin).json(&role).send().await.expect(201);
    let blind = json!({ "login": "blind", "password": PASSWORD, "role": "blind" });
    world.call("POST", "/api/users").token(&admin).json(&blind).send().await.expect(201);
    let blind = world.sign_in("blind").await;
    let new = json!({ "old": PASSWORD, "new": "another fine secret" });
    world.call("PUT", "/api/me/password").token(&blind).json(&new).send().await.expect(204);
    let masked = export(&blind).await.expect(200).text();
    assert!(masked.contains(";…02;…09;") && !masked.contains("9900000"), "{masked}");
    let viewer = world.signed_in(Role::Viewer).await;
    assert_eq!(export(&viewer).await.problem(), (403, "forbidden".to_owned()));
    let log = world.call("GET", "/api/audit?action=POST%20/api/leads/export").token(&admin).send().await;
    assert_eq!(
        log.expect(200).json()["rows"].as_array().map(Vec::len),
        Some(3),
        "two exports, and one that was refused"
    );
}

#[tokio::test]
async fn nobody_adds_to_or_takes_away_from_another_team() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (ours, theirs) = (a_list(&world, &admin).await, a_list(&world, &admin).await);
    for (list, phone) in [(&ours, "0199000001"), (&theirs, "0199000002")] {
        add(&world, &admin, &json!({ "list": list, "phone": phone })).await.expect(201);
    }
    let path = format!("/api/lists/{}", ours.as_str().unwrap());
    let campaign = world.call("GET", &path).token(&admin).send().await.expect(200).json()["campaign"].clone();
    let team = json!({ "name": "North", "campaigns": [campaign] });
    let team = world.call("POST", "/api/teams").token(&admin).json(&team).send().await.expect(201).json();
    let team = team["id"].as_str().unwrap().parse().unwrap();
    world.add_user_of("north", Role::CampaignManager, Some([team].into()), None).await;
    let north = world.sign_in("north").await;

    let reply = add(&world, &north, &json!({ "list": theirs, "phone": "0199000003" })).await.expect(422);
    assert_eq!(rules(&reply), [("/list".to_owned(), "exists".to_owned())]);
    add(&world, &north, &json!({ "list": ours, "phone": "0199000003" })).await.expect(201);
    let reply = world.call("POST", "/api/leads/export").token(&north).json(&json!({})).send().await;
    let file = reply.expect(200).text();
    assert!(file.contains("+33199000001") && !file.contains("+33199000002"), "{file}");
    let wanted = json!({ "list": theirs });
    let none = world.call("POST", "/api/leads/export").token(&north).json(&wanted).send().await;
    assert_eq!(none.expect(200).text().lines().count(), 1);
}
