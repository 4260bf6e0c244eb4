//! The sound of recordings: whole, in part, and never anything else on the disk.

use std::fs;
use std::time::Duration;

use cadran::archive::{Archivist, Keeping};
use cadran::store::{ImportRow, List, NewLead, RowContent, Store};
use cadran_engine::command::{LeadNext, Write};
use cadran_engine::model::{
    Attempt, AttemptId, CallId, CampaignId, HangupCause, LeadId, LegId, ListId, Outcome, RecordingFacts,
    RecordingId, RecordingState, Role,
};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::world::{World, now};

const SOUND: &[u8] = b"RIFF0123456789";

/// A call with a recording whose row says that its file lies at `path`.
pub(super) async fn record(world: &World, token: &str, path: &str) -> RecordingId {
    let campaign = json!({
        "name": Uuid::now_v7(), "mode": { "kind": "preview" }, "caller_ids": ["+33162001122"],
        "compliance": world.lawful(token).await,
    });
    let campaign =
        world.call("POST", "/api/campaigns").token(token).json(&campaign).send().await.expect(201).json();
    let campaign: CampaignId = campaign["id"].as_str().unwrap().parse().unwrap();
    let list = List { id: ListId::from_i64(0), campaign, name: "leads".to_owned(), enabled: true };
    let list = world.store.create_list(&list, now()).await.unwrap().value.id;
    let trunk = json!({
        "name": Uuid::now_v7(), "host": "192.0.2.1", "caller_ids": ["+33162001122"],
        "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 },
    });
    let trunk = world.call("POST", "/api/trunks").token(token).json(&trunk).send().await.expect(201).json();
    let trunk = trunk["id"].as_str().unwrap().parse().unwrap();
    let call = CallId::from_uuid(Uuid::now_v7());
    let recording = RecordingId { call, part: 1 };
    let attempt = Attempt {
        id: AttemptId::from_uuid(Uuid::now_v7()),
        call,
        leg: LegId::from_uuid(Uuid::now_v7()),
        campaign,
        list,
        lead: lead(&world.store, list, campaign).await,
        phone: "+33199000001".parse().unwrap(),
        caller_id: "+33162001122".parse().unwrap(),
        trunk,
        agent: None,
        started_at: now(),
        by_hand: None,
    };
    let facts = RecordingFacts { path: path.to_owned(), bytes: 14, duration: Duration::from_secs(1) };
    let close = Write::CloseAttempt {
        attempt: attempt.id,
        outcome: Outcome::Answered,
        cause: HangupCause::default(),
        ended_at: now(),
        screened: None,
        person_chance: None,
        lead: attempt.lead,
        next: LeadNext::Done,
    };
    let writes = [
        Write::SaveAttempt(Box::new(attempt)),
        Write::OpenRecording { recording, caller: None, started_at: now() },
        Write::CloseRecording {
            recording,
            state: RecordingState::Verified(facts),
            expected: Duration::from_secs(1),
        },
        close,
    ];
    store(&world.store, writes).await;
    recording
}

/// A lead, claimed for this test.
async fn lead(store: &Store, list: ListId, campaign: CampaignId) -> LeadId {
    let import = store.begin_import(list, "leads.csv", "", None, now()).await.unwrap().id;
    let lead = NewLead {
        phone: "+33199000001".parse().unwrap(),
        alternates: Vec::new(),
        name: String::new(),
        zone: "Europe/Paris".parse().unwrap(),
        priority: 0,
        fields: serde_json::Map::new(),
        consent: None,
    };
    let row = ImportRow { number: 1, text: String::new(), content: RowContent::Lead(lead), remark: None };
    store.import_rows(import, vec![row], now()).await.unwrap();
    store.claim_leads(campaign, 1, now(), "test").await.unwrap().leads[0].id
}

/// Makes writes durable.
pub(super) async fn store(store: &Store, writes: impl IntoIterator<Item = Write>) {
    let (events, _kept) = mpsc::channel(16);
    let (queue, _writer) = store.writer("test", None, events);
    for write in writes {
        queue.write(write).unwrap();
    }
    let (done, durable) = oneshot::channel();
    queue.then(done).unwrap();
    durable.await.unwrap();
}

#[tokio::test]
async fn a_player_hears_the_whole_or_a_part() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    fs::create_dir_all(world.directory.path().join("recordings/2026")).unwrap();
    fs::write(world.directory.path().join("recordings/2026/a.wav"), SOUND).unwrap();
    let recording = record(&world, &admin, "2026/a.wav").await;
    let path = format!("/api/recordings/{recording}/audio");
    let get = || world.call("GET", &path).token(&admin);

    let whole = get().send().await.expect(200);
    assert_eq!((whole.body.as_slice(), whole.header("content-type")), (SOUND, "audio/wav"));
    assert_eq!((whole.header("accept-ranges"), whole.header("content-length")), ("bytes", "14"));
    let tag = whole.header("etag").to_owned();
    let cases = [
        ("bytes=4-7", 206, &SOUND[4..8], "bytes 4-7/14"),
        ("bytes=10-", 206, &SOUND[10..], "bytes 10-13/14"),
        ("bytes=-4", 206, &SOUND[10..], "bytes 10-13/14"),
        ("bytes=0-1,3-4", 200, SOUND, ""),
        ("lines=1-2", 200, SOUND, ""),
    ];
    for (range, status, body, place) in cases {
        let part = get().header("range", range).send().await.expect(status);
        assert_eq!((part.body.as_slice(), part.header("content-range")), (body, place), "{range}");
    }
    let reply = get().header("range", "bytes=14-").send().await;
    assert_eq!(reply.problem(), (416, "bad_range".to_owned()));
    get().header("if-none-match", &tag).send().await.expect(304);
    get().header("range", "bytes=4-7").header("if-range", "\"other\"").send().await.expect(200);
    get().header("range", "bytes=4-7").header("if-range", &tag).send().await.expect(206);
}

/// A recording of a second that the archive has put away.
async fn archived(world: &World, token: &str) -> RecordingId {
    let recording = record(world, token, "a.wav").await;
    let place = world.directory.path().join("recordings/a.wav");
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&place, spec).unwrap();
    (0..16_000).for_each(|sample: i32| wav.write_sample((sample % 80 * 100) as i16).unwrap());
    wav.finalize().unwrap();
    let keeping = Keeping { bits_per_second: 32_000, backups: Duration::ZERO };
    let archivist = Archivist::new(world.store.clone(), world.depot.clone(), "test".to_owned(), keeping, now);
    assert_eq!(archivist.round(now()).await.unwrap(), 1);
    recording
}

#[tokio::test]
async fn what_is_archived_is_played_drawn_and_exported() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let recording = archived(&world, &admin).await;
    let path = format!("/api/recordings/{recording}");
    let get = |end: &str| world.call("GET", &format!("{path}{end}")).token(&admin);

    let story = get("").send().await.expect(200).json();
    assert_eq!((&story["archive"], &story["gaps"]), (&json!("done"), &json!([])));
    let kinds: Vec<&str> =
        story["files"].as_array().unwrap().iter().map(|file| file["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opus", "waveform"]);
    assert_eq!(story["files"][0]["is_sealed"], true);

    let whole = get("/audio").send().await.expect(200);
    assert_eq!((&whole.body[..4], whole.header("content-type")), (b"OggS".as_slice(), "audio/ogg"));
    let part = get("/audio").header("range", "bytes=4-7").send().await.expect(206);
    assert_eq!(part.body, whole.body[4..8]);
    assert_eq!(get("/audio?format=wav").send().await.problem(), (404, "not_found".to_owned()));
    let drawing = get("/waveform").send().await.expect(200).json();
    assert_eq!(drawing["agent"].as_array().unwrap().len(), 100);

    let nothing = RecordingId { call: CallId::from_uuid(Uuid::now_v7()), part: 1 };
    let wanted = json!({ "recordings": [recording, nothing] });
    let tar =
        world.call("POST", "/api/recordings/export").token(&admin).json(&wanted).send().await.expect(200);
    let mut archive = tar::Archive::new(tar.body.as_slice());
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        let name = entry.path().unwrap().display().to_string();
        if name == "index.json" {
            let index: serde_json::Value = serde_json::from_slice(&content).unwrap();
            assert_eq!(index[1]["problem"], "there is no file that can be read");
        } else {
            assert_eq!(content, whole.body);
        }
        names.push(name);
    }
    assert_eq!(names, [format!("{recording}.opus"), "index.json".to_owned()]);
    let many = json!({ "recordings": vec![nothing; 501] });
    let reply = world.call("POST", "/api/recordings/export").token(&admin).json(&many).send().await;
    assert_eq!(reply.problem(), (422, "invalid".to_owned()));
}

#[tokio::test]
async fn a_changed_file_is_not_played() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let recording = archived(&world, &admin).await;
    let file = world.directory.path().join("archive").join(recording.place("opus"));
    let mut bytes = fs::read(&file).unwrap();
    bytes[100] ^= 1;
    fs::write(&file, bytes).unwrap();
    let path = format!("/api/recordings/{recording}/audio");
    let reply = world.call("GET", &path).token(&admin).send().await;
    assert_eq!(reply.problem(), (409, "file_tampered".to_owned()));
    fs::remove_file(&file).unwrap();
    let reply = world.call("GET", &path).token(&admin).send().await;
    assert_eq!(reply.problem(), (404, "file_unreadable".to_owned()));
}

#[tokio::test]
async fn a_hold_is_lifted_before_a_recording_is_deleted() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let recording = archived(&world, &admin).await;
    let path = format!("/api/recordings/{recording}");
    let reason = json!({ "reason": "asked for by the court" });
    let ask = |method: &str, path: &str| world.call(method, path).token(&admin).json(&reason);
    ask("PUT", &format!("{path}/hold")).send().await.expect(204);
    let held = world.call("GET", "/api/recordings?is_held=true").token(&admin).send().await.expect(200);
    assert_eq!(held.json()["rows"][0]["is_held"], true);
    let reply = ask("DELETE", &path).send().await;
    assert_eq!(reply.problem(), (409, "recording_held".to_owned()));
    ask("DELETE", &format!("{path}/hold")).send().await.expect(204);
    let nameless = json!({ "reason": "" });
    let reply = world.call("DELETE", &path).token(&admin).json(&nameless).send().await;
    assert_eq!(reply.problem(), (422, "invalid".to_owned()));
    ask("DELETE", &path).send().await.expect(202);

    let story = world.call("GET", &path).token(&admin).send().await.expect(200).json();
    assert_eq!((&story["archive"], &story["deletion"]["by"]), (&json!("deleting"), &json!("admin")));
    let listed = world.call("GET", "/api/recording-deletions").token(&admin).send().await.expect(200).json();
    assert_eq!(listed["rows"][0]["reason"], reason["reason"]);
    let reply = world.call("GET", &format!("{path}/audio")).token(&admin).send().await;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_mask_needs_a_reason_that_is_a_code() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let path = format!("/api/calls/cal_{}/recording/mask", Uuid::from_u128(1).simple());
    let mask = |body| world.call("POST", &path).token(&admin).json(&body).send();
    assert_eq!(mask(json!({ "reason": "the card's number" })).await.problem(), (422, "invalid".to_owned()));
    mask(json!({})).await.expect(204);
    let asked = format!("{:?}", world.script().asked);
    assert!(asked.contains("MaskRecording") && asked.contains("card"), "{asked}");
}

#[tokio::test]
async fn no_path_leads_out_of_the_directory() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let recordings = world.directory.path().join("recordings");
    fs::create_dir_all(&recordings).unwrap();
    fs::write(world.directory.path().join("secret.wav"), "secret").unwrap();
    std::os::unix::fs::symlink(world.directory.path().join("secret.wav"), recordings.join("link.wav"))
        .unwrap();
    let absolute = world.directory.path().join("secret.wav");
    for path in ["../secret.wav", "link.wav", absolute.to_str().unwrap(), "missing.wav"] {
        let recording = record(&world, &admin, path).await;
        let reply =
            world.call("GET", &format!("/api/recordings/{recording}/audio")).token(&admin).send().await;
        assert_eq!(reply.problem(), (404, "file_unreadable".to_owned()), "{path}");
        assert!(!reply.text().contains("secret"), "{}", reply.text());
    }
    for id in ["..%2f..%2fsecret.wav", "rec_%00", "rec_1-1", "link.wav"] {
        let reply = world.call("GET", &format!("/api/recordings/{id}/audio")).token(&admin).send().await;
        assert_eq!(reply.problem(), (404, "bad_id".to_owned()), "{id}");
    }
}

#[tokio::test]
async fn an_agent_sees_the_last_digits_of_the_past_only() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let recording = record(&world, &admin, "a.wav").await;
    let path = format!("/api/calls/{}", recording.call);
    let story = world.call("GET", &path).token(&admin).send().await.expect(200).json();
    assert_eq!(story["attempt"]["phone"], "+33199000001");
    assert_eq!(story["recordings"][0]["state"], "verified");
    let (_, agent) = world.agent(&admin, "agent-1").await;
    let reply = world.call("GET", &path).token(&agent).send().await;
    assert_eq!(reply.problem(), (403, "not_yours".to_owned()));
    let own = world.call("GET", "/api/recordings").token(&agent).send().await.expect(200).json();
    assert_eq!(own["rows"], json!([]));
}
