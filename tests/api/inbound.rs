//! What callers meet: numbers, queues, opening hours, sounds, mailboxes.

use std::f64::consts::PI;
use std::io::Cursor;
use std::time::Duration;

use cadran::store::Message;
use cadran_engine::model::{CallId, MessageId, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{World, now};

pub(super) async fn post(world: &World, token: &str, path: &str, body: Value) -> Value {
    world.call("POST", path).token(token).json(&body).send().await.expect(201).json()
}

/// A published flow that hangs up, or waits in a queue first.
pub(super) async fn flow(world: &World, token: &str, name: &str, queue: Option<&str>) -> String {
    let end = json!({ "kind": "hangup" });
    let nodes = match queue {
        None => json!({ "n_start": end }),
        Some(queue) => {
            let next =
                json!({ "timeout": "n_end", "full": "n_end", "no_agents": "n_end", "callback": "n_end" });
            json!({ "n_start": { "kind": "queue", "queue": queue, "max_wait_s": 60, "next": next }, "n_end": end })
        }
    };
    published(world, token, name, "ivr", nodes).await
}

/// A published flow with these nodes, of which the first is `n_start`.
async fn published(world: &World, token: &str, name: &str, kind: &str, nodes: Value) -> String {
    let document = json!({ "v": 1, "locales": ["fr-FR"], "start": "n_start", "nodes": nodes });
    let wanted = json!({ "name": name, "kind": kind, "document": document });
    let flow = post(world, token, "/api/flows", wanted).await;
    let id = flow["id"].as_str().unwrap().to_owned();
    post(world, token, &format!("/api/flows/{id}/publish"), json!({ "rev": flow["rev"] })).await;
    id
}

/// A message of five seconds that nobody has listened to.
pub(crate) fn message(mailbox: &str, caller: &str) -> Message {
    Message {
        id: MessageId::from_uuid(Uuid::now_v7()),
        mailbox: mailbox.parse().unwrap(),
        call: CallId::from_uuid(Uuid::now_v7()),
        caller: caller.to_owned(),
        left_at: now(),
        duration: Duration::from_secs(5),
        file: "a.wav".to_owned(),
        heard_at: None,
        mail_due_at: None,
        notify: Vec::new(),
        mail_tries: 0,
    }
}

#[tokio::test]
async fn a_number_leads_to_a_flow_and_a_flow_to_a_queue() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let hours = json!({ "name": "Bureau", "calendar": { "tz": "Europe/Paris", "holidays": "fr",
        "open": [{ "days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00" }],
        "exceptions": [{ "date": "2026-12-24", "open": [{ "from": "09:00", "to": "12:00" }] }] } });
    let hours = post(&world, &manager, "/api/calendars", hours).await;
    assert_eq!(hours["id"], "cln_1");
    post(&world, &manager, "/api/skills", json!({ "name": "french", "description": "Parle français" })).await;
    let queue = json!({ "name": "Ventes", "strategy": "skills", "calendar": "cln_1", "max_wait": 120_000,
        "announce": { "position": true, "every": 30_000 },
        "skills": [{ "skill": "french", "min": 50, "relax": [{ "after": 20_000, "min": 10 }] }] });
    let queue = post(&world, &manager, "/api/queues", queue).await;
    assert_eq!((&queue["id"], &queue["ring_timeout"]), (&json!("q_1"), &json!(15_000)));
    let flow = flow(&world, &manager, "Accueil", Some("q_1")).await;
    let number = json!({ "number": "+33199005678", "also_written": ["0199005678"], "flow": flow,
        "canary": { "revision": 1, "share": 10 }, "fallback": { "to": "queue", "queue": "q_1" } });
    let number = post(&world, &manager, "/api/numbers", number).await;
    assert_eq!(
        (&number["id"], &number["track"], &number["via"]),
        (&json!("did_1"), &json!("live"), &json!("ari"))
    );

    let settings = world.store.settings().await.unwrap();
    assert_eq!((settings.queues.len(), settings.dids.len(), settings.flows.len()), (1, 1, 1));
    assert_eq!(settings.calendars[0].id.to_string(), "cln_1");
    assert!(world.script().reloads >= 4, "changes reach the engine");
    let removed =
        world.call("DELETE", &format!("/api/flows/{flow}")).token(&manager).header("if-match", "1").send();
    assert_eq!(removed.await.problem(), (409, "in_use".to_owned()));
}

#[tokio::test]
async fn what_leads_nowhere_is_refused_with_its_place() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let pointers = async |path: &str, body: Value| -> Vec<String> {
        let reply = world.call("POST", path).token(&manager).json(&body).send().await.expect(422).json();
        let faults = reply["errors"].as_array().unwrap_or_else(|| panic!("{reply}")).clone();
        faults.iter().map(|fault| fault["pointer"].as_str().unwrap().to_owned()).collect()
    };
    let number = json!({ "number": "+33199005678", "flow": "flw_9", "also_written": ["+33"], "locale": "x",
        "canary": { "revision": 1, "share": 0 }, "fallback": { "to": "voicemail", "mailbox": "vm_9" } });
    let expected = ["/also_written/0", "/locale", "/flow", "/canary/revision", "/canary/share", "/fallback"];
    assert_eq!(pointers("/api/numbers", number).await, expected);
    let queue = json!({ "name": "", "ring_timeout": 1, "music": "a;b", "announce": { "every": 500 }, "calendar": "cln_9",
        "skills": [{ "skill": "Not a name", "min": 200 }], "overflow": { "to": "flow", "flow": "flw_9" } });
    let expected = [
        "/name",
        "/ring_timeout",
        "/music",
        "/announce/every",
        "/skills/0/skill",
        "/skills/0/min",
        "/calendar",
        "/overflow",
    ];
    assert_eq!(pointers("/api/queues", queue).await, expected);
    let mailbox = json!({ "name": "x", "agent": "agt_9", "notify": ["no address"] });
    assert_eq!(pointers("/api/mailboxes", mailbox).await, ["/notify/0", "/agent"]);
    let greeting = json!({ "media": "med_9", "texts": { "french": "Bonjour." } });
    let mailbox = json!({ "name": "x", "greeting": greeting });
    assert_eq!(pointers("/api/mailboxes", mailbox).await, ["/greeting/texts/french", "/greeting/media"]);
    let odd = json!({ "name": "x", "calendar": { "tz": "Mars/Olympus" } });
    let reply = world.call("POST", "/api/calendars").token(&manager).json(&odd).send().await;
    assert_eq!(reply.problem(), (422, "bad_body".to_owned()));
    assert!(reply.json()["detail"].as_str().unwrap().contains("Mars/Olympus"), "{}", reply.text());
}

#[tokio::test]
async fn a_number_over_fastagi_takes_no_flow_that_fastagi_cannot_do() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    post(&world, &manager, "/api/queues", json!({ "name": "Ventes" })).await;
    let queued = flow(&world, &manager, "En file", Some("q_1")).await;
    let number = |flow: &str| json!({ "number": "+33199005678", "flow": flow, "via": "fastagi" });
    let refused = world.call("POST", "/api/numbers").token(&manager).json(&number(&queued)).send().await;
    assert_eq!(refused.problem(), (422, "flow_not_publishable".to_owned()));
    let finding = refused.json()["findings"][0].clone();
    assert_eq!(
        (&finding["code"], &finding["path"]),
        (&json!("unsupported_node"), &json!("/nodes/n_start/kind"))
    );

    let plain = flow(&world, &manager, "Simple", None).await;
    post(&world, &manager, "/api/numbers", number(&plain)).await;
    let draft =
        world.call("GET", &format!("/api/flows/{queued}")).token(&manager).send().await.json()["draft"]
            .clone();
    let mut draft = draft;
    draft["name"] = "Simple".into();
    let change = json!({ "rev": 1, "document": draft });
    let path = format!("/api/flows/{plain}");
    world.call("PUT", &format!("{path}/draft")).token(&manager).json(&change).send().await.expect(200);
    let publish = world
        .call("POST", &format!("{path}/publish"))
        .token(&manager)
        .json(&json!({ "rev": 2 }))
        .send()
        .await;
    let finding = publish.expect(422).json()["findings"][0].clone();
    assert_eq!(finding["code"], "unsupported_node", "refused at publishing too: {finding}");
}

#[tokio::test]
async fn neither_a_called_flow_nor_an_older_revision_brings_what_fastagi_cannot_do() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    post(&world, &manager, "/api/queues", json!({ "name": "Ventes" })).await;
    let back = ["timeout", "full", "no_agents", "callback"].map(|outlet| (outlet, "n_back"));
    let back: serde_json::Map<String, Value> =
        back.into_iter().map(|(outlet, node)| (outlet.to_owned(), node.into())).collect();
    let waits = json!({
        "n_start": { "kind": "queue", "queue": "q_1", "max_wait_s": 60, "next": back },
        "n_back": { "kind": "return", "name": "done" }
    });
    let called = published(&world, &manager, "Attente", "subflow", waits).await;
    let calls = json!({
        "n_start": { "kind": "subflow", "flow": called, "pin": "live", "next": { "done": "n_end" } },
        "n_end": { "kind": "hangup" }
    });
    let calling = published(&world, &manager, "Accueil", "ivr", calls).await;
    let number = |flow: &str, via: &str| json!({ "number": "+33199005678", "flow": flow, "via": via });
    let number_over = async |flow: &str, via: &str| {
        world.call("POST", "/api/numbers").token(&manager).json(&number(flow, via)).send().await
    };
    let refused = number_over(&calling, "fastagi").await;
    assert_eq!(refused.problem(), (422, "flow_not_publishable".to_owned()));
    let finding = refused.json()["findings"][0].clone();
    assert_eq!(
        (&finding["code"], &finding["path"], &finding["args"]["node"]),
        (&json!("unsupported_node"), &json!("/nodes/n_start/flow"), &json!("n_start"))
    );
    assert!(finding["message"].as_str().unwrap().contains(&called), "{finding}");

    // The first revision waits in a queue, the second does not; a number over FastAGI leads to the second.
    let changed = flow(&world, &manager, "Remanié", Some("q_1")).await;
    let path = format!("/api/flows/{changed}");
    let mut draft = world.call("GET", &path).token(&manager).send().await.json()["draft"].clone();
    draft["nodes"] = json!({ "n_start": { "kind": "hangup" } });
    let change = json!({ "rev": 1, "document": draft });
    world.call("PUT", &format!("{path}/draft")).token(&manager).json(&change).send().await.expect(200);
    post(&world, &manager, &format!("{path}/publish"), json!({ "rev": 2 })).await;
    number_over(&changed, "fastagi").await.expect(201);
    let point = async |revision: u32| {
        let target = json!({ "revision": revision });
        world.call("PUT", &format!("{path}/pointers/live")).token(&manager).json(&target).send().await
    };
    assert_eq!(point(1).await.problem(), (422, "flow_not_publishable".to_owned()));
    point(2).await.expect(200);
}

/// A WAV file with a tone, in a studio's form.
fn studio(hertz: f64, level: f64, seconds: u32) -> Vec<u8> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 44_100,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for index in 0..44_100 * seconds {
        let sample = level * (2.0 * PI * hertz * f64::from(index) / 44_100.0).sin();
        for _ in 0..2 {
            writer.write_sample((sample * f64::from(i16::MAX)) as i16).unwrap();
        }
    }
    writer.finalize().unwrap();
    file.into_inner()
}

#[tokio::test]
async fn a_sound_is_kept_as_telephones_carry_it_and_as_loud_as_all_others() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let medium = post(&world, &manager, "/api/media", json!({ "name": "Bienvenue" })).await;
    assert_eq!((&medium["id"], &medium["sounds"]), (&json!("med_1"), &json!({})));
    let path = "/api/media/med_1/sounds/fr-FR";
    let put = async |bytes: Vec<u8>| world.call("PUT", path).token(&manager).bytes(bytes).send().await;
    for (level, seconds) in [(0.02, 2), (0.9, 3)] {
        let kept = put(studio(440.0, level, seconds)).await.expect(200).json();
        let sound = &kept["sounds"]["fr-FR"];
        assert_eq!((&sound["rate"], &sound["duration"]), (&json!(16_000), &json!(seconds * 1_000)));
        let loudness = sound["loudness"].as_f64().unwrap();
        assert!((loudness + 23.0).abs() < 0.3, "{loudness} LUFS from a level of {level}");
    }
    let wav = world.call("GET", path).token(&manager).send().await.expect(200);
    assert_eq!(wav.header("content-type"), "audio/wav");
    let mut reader = hound::WavReader::new(Cursor::new(wav.body)).unwrap();
    assert_eq!((reader.spec().sample_rate, reader.spec().channels), (8_000, 1));
    let samples: Vec<f64> = reader.samples::<i16>().map(|sample| f64::from(sample.unwrap())).collect();
    let tone = |index: usize| (2.0 * PI * 440.0 * index as f64 / 8_000.0).sin();
    let (dot, power) = samples.iter().enumerate().fold((0.0, 0.0), |(dot, power), (index, sample)| {
        (dot + sample * tone(index), power + sample * sample)
    });
    let alike = dot / (power * samples.len() as f64 / 2.0).sqrt();
    assert!(alike > 0.99, "what is heard correlates with what was uploaded by {alike}");
    let files = std::fs::read_dir(world.directory.path().join("sounds")).unwrap().count();
    assert_eq!(files, 2, "the files of the first upload are gone");

    for (bytes, why) in [
        (b"MZ this is a program".to_vec(), "neither WAV"),
        (studio(440.0, 0.0, 1), "nothing can be heard"),
        (studio(440.0, 0.5, 1)[..40].to_vec(), ""),
        (Vec::new(), "neither WAV"),
    ] {
        let refused = put(bytes).await;
        assert_eq!(refused.problem(), (422, "no_sound".to_owned()));
        assert!(refused.json()["detail"].as_str().unwrap().contains(why), "{}", refused.text());
    }
    let settings = world.store.settings().await.unwrap();
    assert_eq!(settings.media[0].sounds["fr-FR"].length, Duration::from_secs(3));
}

#[tokio::test]
async fn a_machine_speaks_a_text_in_both_languages() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    post(&world, &manager, "/api/media", json!({ "name": "Parlé" })).await;
    for (locale, text) in
        [("fr-FR", "Bonjour, vous êtes bien chez nous."), ("en-GB", "Hello, you have reached us.")]
    {
        let path = format!("/api/media/med_1/sounds/{locale}/speak");
        let kept = world.call("POST", &path).token(&manager).json(&json!({ "text": text })).send().await;
        let sound = kept.expect(200).json()["sounds"][locale].clone();
        assert_eq!(sound["spoken"], text);
        let (ms, loudness) = (sound["duration"].as_u64().unwrap(), sound["loudness"].as_f64().unwrap());
        assert!((800..6_000).contains(&ms), "{locale} lasts {ms} ms");
        assert!((loudness + 23.0).abs() < 1.0, "{locale} is at {loudness} LUFS");
    }
    let odd = json!({ "text": "x", "voice": "--punct; rm" });
    let refused =
        world.call("POST", "/api/media/med_1/sounds/fr-FR/speak").token(&manager).json(&odd).send().await;
    assert_eq!(refused.problem(), (502, "not_spoken".to_owned()));
}

#[tokio::test]
async fn a_message_is_listened_to_and_removed_by_those_who_may() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (own, agent) = world.agent(&admin, "agent-1").await;
    let (_, stranger) = world.agent(&admin, "agent-2").await;
    let mailbox = json!({ "name": "Bureau", "agent": own, "notify": ["office@example.org"] });
    post(&world, &admin, "/api/mailboxes", mailbox).await;
    let directory = world.directory.path().join("messages");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("a.wav"), b"RIFF").unwrap();
    let message = message("vm_1", "+33199001234");
    world.store.keep_message(&message).await.unwrap();
    world.store.keep_message(&message).await.unwrap();
    let list =
        |token: &str| world.call("GET", "/api/mailboxes/vm_1/messages?heard=false").token(token).send();
    let rows = list(&agent).await.expect(200).json()["rows"].clone();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["duration"]), (1, &json!(5_000)));
    assert_eq!(list(&stranger).await.problem(), (403, "not_yours".to_owned()));
    let audio = format!("/api/messages/{}/audio", message.id);
    assert_eq!(world.call("GET", &audio).token(&stranger).send().await.status, 403);
    assert_eq!(world.call("GET", &audio).token(&agent).send().await.expect(200).body, b"RIFF");
    assert_eq!(list(&admin).await.json()["rows"], json!([]), "it was listened to");
    let path = format!("/api/messages/{}", message.id);
    world.call("DELETE", &path).token(&agent).send().await.expect(204);
    assert!(!directory.join("a.wav").exists());
    assert_eq!(world.call("DELETE", &path).token(&agent).send().await.problem().0, 404);
}

#[tokio::test]
async fn a_caller_is_put_on_a_list_and_taken_off() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let entry = json!({ "list": "vip", "phone": "01 99 00 12 34", "note": "since 1998" });
    let reply =
        world.call("POST", "/api/listed-callers").token(&manager).json(&entry).send().await.expect(201);
    assert_eq!(reply.json()["phone"], "+33199001234");
    let address = reply.header("location").to_owned();
    let found = async |query: &str| {
        let path = format!("/api/listed-callers{query}");
        world.call("GET", &path).token(&manager).send().await.expect(200).json()["rows"].clone()
    };
    assert_eq!(found("?list=vip&phone=%2B33199001234").await[0]["note"], "since 1998");
    assert_eq!(found("?list=block").await, json!([]));
    let odd = json!({ "list": "Not a name", "phone": "+33199001234" });
    let refused = world.call("POST", "/api/listed-callers").token(&manager).json(&odd).send().await;
    assert_eq!(refused.status, 422);
    let odd = json!({ "list": "vip", "phone": "1&PJSIP/x" });
    let refused = world.call("POST", "/api/listed-callers").token(&manager).json(&odd).send().await;
    assert!(refused.status.is_client_error());
    world.call("DELETE", &address).token(&manager).send().await.expect(204);
    world.call("DELETE", &address).token(&manager).send().await.expect(404);
}
