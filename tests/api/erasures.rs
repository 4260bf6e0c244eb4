//! Erasing a person through the API: by whom, what stands in the way, what the report says, and who is refused after.

use std::fs;

use cadran::erasures::ERASURES_FILE;
use cadran::store::{CallerCallbackFilter, Page};
use cadran_engine::command::Write;
use cadran_engine::input;
use cadran_engine::model::incoming::{CallerCallback, MessageRecord};
use cadran_engine::model::{CallId, Greeting, Mailbox, MailboxId, MessageId, QueueId, Role};
use cadran_engine::view::CallView;
use serde_json::{Value, json};
use uuid::Uuid;

use super::recordings::{record, store};
use super::world::{Reply, World, now};

const PATH: &str = "/api/compliance/erasures";
const PHONE: &str = "+33199000001";

async fn erase(world: &World, token: &str, phone: &str) -> Reply {
    let body = json!({ "phone": phone, "reason": "asked by letter" });
    world.call("POST", PATH).token(token).json(&body).send().await
}

fn call() -> CallId {
    CallId::from_uuid(Uuid::from_u128(1))
}

/// A message in a mailbox with its sound, and a promise to call back.
async fn left_behind(world: &World) -> std::path::PathBuf {
    let mailbox = Mailbox {
        id: MailboxId::from_i64(0),
        name: "Bureau".to_owned(),
        agent: None,
        notify: Vec::new(),
        greeting: Greeting::default(),
    };
    let mailbox = world.store.create_setting(&mailbox, now()).await.unwrap().value.id;
    let id = MessageId::from_uuid(Uuid::from_u128(2));
    let message = MessageRecord {
        id,
        mailbox,
        call: call(),
        phone: Some(PHONE.parse().unwrap()),
        at: now(),
        length: std::time::Duration::from_secs(4),
        notify: Vec::new(),
        transcribe: false,
    };
    store(&world.store, [Write::SaveMessage(Box::new(message))]).await;
    let promise = CallerCallback {
        id: call(),
        queue: QueueId::from_i64(1),
        phone: PHONE.parse().unwrap(),
        did: None,
        agent: None,
        booked_at: now(),
        due_at: now(),
        place: None,
        tries: 0,
        language: None,
    };
    world.store.book_callback(&promise, None, "test").await.unwrap();
    let sound = world.directory.path().join("messages").join(format!("{id}.wav"));
    fs::create_dir_all(sound.parent().unwrap()).unwrap();
    fs::write(&sound, "sound").unwrap();
    sound
}

#[tokio::test]
async fn a_person_is_erased_and_the_report_says_what_went_and_what_stays() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let recording = record(&world, &admin, "x.wav").await;
    let sound = left_behind(&world).await;

    let body = json!({ "phone": "01 99 00 00 01", "reason": "asked by letter" });
    let request = world.call("POST", PATH).token(&admin).header("accept-language", "fr").json(&body);
    let reply = request.send().await.expect(201);
    let report = reply.json();
    assert!(!reply.text().contains("99000001"), "{report}");
    for (kind, count) in [("leads", 1), ("attempts", 1), ("recordings", 1), ("messages", 1), ("consents", 0)]
    {
        assert_eq!(report["erased"][kind], count, "{kind}: {report}");
    }
    assert_eq!((&report["by"], &report["reason"]), (&json!("admin"), &json!("asked by letter")));
    assert_eq!(report["digests"], json!([cadran::store::digest(PHONE.parse().unwrap())]));
    let kept = report["kept"].as_array().unwrap();
    let audit = kept.iter().find(|kept| kept["what"] == "audit").unwrap();
    assert!(audit["why"].as_str().unwrap().starts_with("Qui a fait quoi"), "{audit}");

    let listed = world.call("GET", PATH).token(&admin).send().await.expect(200).json();
    assert_eq!(listed["rows"][0]["id"], report["id"]);
    assert_eq!(listed["rows"][0]["erased"], report["erased"]);
    let noted = fs::read_to_string(world.directory.path().join(ERASURES_FILE)).unwrap();
    assert!(noted.contains(report["id"].as_str().unwrap()) && !noted.contains("99000001"), "{noted}");
    let audit = world.call("GET", "/api/audit").token(&admin).send().await.expect(200);
    let entries = audit.json();
    let act = entries["rows"].as_array().unwrap().iter().find(|act| act["action"] == format!("POST {PATH}"));
    assert_eq!(act.unwrap()["status"], 201);
    assert!(!audit.text().contains("99000001"), "{entries}");

    assert!(!sound.exists(), "the sound of the message is gone");
    let asked = |request: &input::Request| match request {
        input::Request::WithdrawCallback { callback, .. } => Some(*callback),
        _ => None,
    };
    assert_eq!(world.until_asked(asked).await, call(), "the engine calls nobody back");
    let promises =
        world.store.caller_callbacks(CallerCallbackFilter::default(), Page::first()).await.unwrap();
    assert!(promises[0].callback.phone.starts_with("999"));
    let path = format!("/api/recordings/{recording}");
    let story = world.call("GET", &path).token(&admin).send().await.expect(200).json();
    assert_eq!(story["archive"], "deleting");
    let proof = format!("erasure {}", report["id"].as_str().unwrap());
    assert_eq!((&story["deletion"]["reason"], &story["deletion"]["by"]), (&json!(proof), &json!("admin")));
    let contact = world.call("GET", "/api/contacts?phone=%2B33199000001").token(&admin).send().await;
    assert!(!contact.text().contains("led_"), "{}", contact.text());
}

#[tokio::test]
async fn whoever_was_erased_is_refused_as_a_lead() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    erase(&world, &admin, PHONE).await.expect(201);
    let again = erase(&world, &admin, PHONE).await.expect(201).json();
    assert!(again["erased"].as_object().unwrap().values().all(|count| count == 0), "{again}");

    let campaign = json!({ "name": "Spring", "mode": { "kind": "preview" } });
    let campaign =
        world.call("POST", "/api/campaigns").token(&admin).json(&campaign).send().await.expect(201).json();
    let list = json!({ "name": "leads", "campaign": campaign["id"] });
    let list = world.call("POST", "/api/lists").token(&admin).json(&list).send().await.expect(201).json();
    let lead = json!({ "list": list["id"], "phone": PHONE });
    let refused = world.call("POST", "/api/leads").token(&admin).json(&lead).send().await;
    assert_eq!(refused.problem(), (409, "erased".to_owned()));

    let file = "phone;name\n01 99 00 00 01;Marie\n01 99 00 00 02;Jean\n".to_owned();
    let upload = world.call("POST", "/api/uploads").token(&admin).bytes(file).send().await.expect(201).json();
    let import = json!({ "upload": upload["id"], "file_name": "leads.csv" });
    let path = format!("/api/lists/{}/imports", list["id"].as_str().unwrap());
    let reply = world.call("POST", &path).token(&admin).json(&import).send().await.expect(201);
    let address = reply.header("location").to_owned();
    let import = loop {
        let import = world.call("GET", &address).token(&admin).send().await.expect(200).json();
        if import["state"] != "running" {
            break import;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&import["accepted"], &import["refused"]), (&json!(1), &json!(1)), "{import}");
    let path = format!("{address}/rows?refused=true");
    let request = world.call("GET", &path).token(&admin).header("accept-language", "fr");
    let rows = request.send().await.expect(200).json();
    let row = &rows["rows"][0];
    assert_eq!((&row["row"], &row["cells"]), (&json!(1), &json!([])), "nothing of it is kept: {row}");
    assert_eq!(row["remarks"][0]["reason"], "erased");
    assert!(row["remarks"][0]["words"].as_str().unwrap().starts_with("La personne a fait effacer"), "{row}");
    let file = world.call("GET", &format!("{address}/refused.csv")).token(&admin).send().await.expect(200);
    assert!(!file.text().contains("Marie"), "{}", file.text());
}

#[tokio::test]
async fn what_stands_in_the_way_is_told() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let told = async |body: Value| {
        let reply = world.call("POST", PATH).token(&admin).json(&body).send().await;
        reply.problem()
    };
    let bad = json!({ "phone": PHONE, "reason": " " });
    assert_eq!(told(bad).await, (422, "invalid".to_owned()));
    let long = json!({ "phone": PHONE, "reason": "x".repeat(501) });
    assert_eq!(told(long).await, (422, "invalid".to_owned()));
    let odd = json!({ "phone": "1&PJSIP/x", "reason": "asked" });
    assert_eq!(told(odd).await, (422, "bad_body".to_owned()));

    let wish = json!({ "phone": PHONE, "reason": "asked" });
    let recording = record(&world, &admin, "x.wav").await;
    let path = format!("/api/recordings/{recording}/hold");
    let reason = json!({ "reason": "court" });
    world.call("PUT", &path).token(&admin).json(&reason).send().await.expect(204);
    assert_eq!(told(wish.clone()).await, (409, "erasure_held".to_owned()));
    world.call("DELETE", &path).token(&admin).send().await.expect(204);

    world.script().view.calls = vec![CallView {
        call: call(),
        attempt: format!("att_{}", Uuid::from_u128(3).simple()).parse().unwrap(),
        campaign: "cmp_1".parse().unwrap(),
        lead: "led_1".parse().unwrap(),
        phone: PHONE.parse().unwrap(),
        state: "connected",
        since: now(),
        agent: None,
        obligations: Vec::new(),
        recording: "none",
        listeners: Vec::new(),
        transfer: None,
    }];
    assert_eq!(told(wish.clone()).await, (409, "erasure_live".to_owned()));
    let listed = world.call("GET", PATH).token(&admin).send().await.expect(200).json();
    assert_eq!(listed["rows"], json!([]), "nothing came of it");
    assert!(!world.directory.path().join(ERASURES_FILE).exists());
    world.script().view.calls.clear();

    let german = "+493023125001";
    let seller = world.lawful(&admin).await["seller"].clone();
    let consent = json!({
        "seller": seller, "phone": german, "text_version": "1", "channel": "form", "evidence": "form 4711",
        "given_at": now().as_millis(),
    });
    world.call("POST", "/api/consents").token(&admin).json(&consent).send().await.expect(201);
    let reply = erase(&world, &admin, german).await;
    assert_eq!(reply.problem(), (409, "erasure_ordered".to_owned()), "the proof is kept for five years");
    assert!(reply.json()["detail"].as_str().unwrap().contains("`de`"), "{}", reply.text());
    erase(&world, &admin, PHONE).await.expect(201);
}
