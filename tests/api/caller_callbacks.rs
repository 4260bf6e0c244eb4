//! What callers are promised over the API: shown, made, changed and taken back.

use cadran_engine::command::{Refusal, Write};
use cadran_engine::input::Request;
use cadran_engine::model::incoming::{CallbackStanding, CallerCallback, KeptPlace};
use cadran_engine::model::{AgentId, CallId, QueueId, Role, Timestamp};
use cadran_engine::view::CallerView;
use serde_json::{Value, json};
use uuid::Uuid;

use super::recordings::store;
use super::transfers::caller_in_conversation;
use super::world::{World, now};

/// Half past two in Paris on 1 July 2030, in summer time.
const AGREED: Timestamp = Timestamp::from_millis(1_909_139_400_000);
/// Eleven in the evening of that day.
const LATE: Timestamp = Timestamp::from_millis(1_909_170_000_000);

async fn queue(world: &World, admin: &str, settings: Value) -> QueueId {
    let reply = world.call("POST", "/api/queues").token(admin).json(&settings).send().await.expect(201);
    reply.json()["id"].as_str().unwrap().parse().unwrap()
}

fn callback(number: u128, queue: QueueId, due_at: Timestamp) -> CallerCallback {
    CallerCallback {
        id: CallId::from_uuid(Uuid::from_u128(number)),
        queue,
        phone: "+33199004110".parse().unwrap(),
        did: None,
        agent: None,
        booked_at: now(),
        due_at,
        place: None,
        tries: 0,
        language: None,
    }
}

async fn keep(world: &World, callback: &CallerCallback, standing: CallbackStanding) {
    let callback = Box::new(callback.clone());
    store(&world.store, [Write::SaveCallback { callback, standing, by: None, at: now() }]).await;
}

async fn listed(world: &World, token: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/caller-callbacks{query}");
    let reply = world.call("GET", &path).token(token).send().await.expect(200);
    reply.json()["rows"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_callback_is_shown() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let hours = json!({ "name": "Office", "calendar": { "tz": "Europe/Paris",
        "open": [{ "days": [6, 7], "from": "09:00", "to": "18:00" }] } });
    let hours =
        world.call("POST", "/api/calendars").token(&admin).json(&hours).send().await.expect(201).json();
    let open = queue(&world, &admin, json!({ "name": "Open" })).await;
    let closed = queue(&world, &admin, json!({ "name": "At weekends", "calendar": hours["id"] })).await;
    let gone = QueueId::from_i64(99);
    let barred = "+33199004111".parse().unwrap();
    let entry = json!({ "phone": "+33199004111", "reason": "asked us" });
    world.call("POST", "/api/do-not-call").token(&admin).json(&entry).send().await.expect(201);
    let place = KeptPlace { since: now(), priority: 0, skills: Vec::new() };
    let cases = [
        (callback(1, open, AGREED), Value::Null),
        (CallerCallback { tries: 3, ..callback(2, open, AGREED) }, json!("not_reached")),
        (callback(3, gone, AGREED), json!("queue_gone")),
        (CallerCallback { phone: barred, ..callback(4, open, AGREED) }, json!("do_not_call")),
        (callback(5, closed, AGREED), json!("queue_closed")),
        (callback(6, open, LATE), json!("outside_hours")),
        // Their place was kept years ago by then.
        (CallerCallback { place: Some(place.clone()), ..callback(7, open, LATE) }, json!("outside_hours")),
    ];
    for (callback, _) in &cases {
        keep(&world, callback, CallbackStanding::Open).await;
    }
    let just_asked = CallerCallback { place: Some(place), ..callback(8, open, now()) };
    keep(&world, &just_asked, CallbackStanding::Open).await;
    keep(&world, &callback(9, gone, AGREED), CallbackStanding::Withdrawn).await;

    let all = listed(&world, &admin, "").await;
    let of = |callback: &CallerCallback| {
        all.iter().find(|row| row["call"] == callback.id.to_string()).unwrap().clone()
    };
    for (callback, conflict) in &cases {
        assert_eq!(of(callback)["conflict"], *conflict, "{:?}", callback.id);
    }
    assert_eq!(of(&just_asked)["conflict"], Value::Null);
    assert_eq!(of(&callback(9, gone, AGREED))["state"], "withdrawn");
    assert_eq!(of(&callback(9, gone, AGREED))["conflict"], Value::Null);
    assert_eq!(of(&cases[0].0)["due_local"], "2030-07-01T14:30:00");
    assert_eq!(listed(&world, &admin, &format!("?queue={closed}")).await.len(), 1);
    assert_eq!(listed(&world, &admin, "?open=false").await.len(), 1);
    let viewer = world.signed_in(Role::Viewer).await;
    assert!(!listed(&world, &viewer, "").await[0]["phone"].as_str().unwrap().contains("99004"));
}

#[tokio::test]
async fn an_agent_promises_changes_and_takes_back() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let (_, other) = world.agent(&admin, "agent-2").await;
    let queue = queue(&world, &admin, json!({ "name": "Sales" })).await;
    let call = CallId::from_uuid(Uuid::from_u128(1));
    let caller = caller_in_conversation(call, agent);
    let phone = Some("+33199004110".parse().unwrap());
    world.script().view.callers = vec![CallerView { phone, queue: Some(queue), ..caller }];
    let path = format!("/api/caller-callbacks/{call}");
    let wish = json!({ "due_local": "2030-07-01T14:30" });

    let reply = world.call("PUT", &path).token(&other).json(&wish).send().await;
    assert_eq!(reply.problem(), (403, "not_yours".to_owned()));
    world.call("PUT", &path).token(&token).json(&wish).send().await.expect(204);
    let (promised, is_change) = booked(&world);
    assert!(!is_change);
    let expected =
        CallerCallback { agent: Some(agent), booked_at: promised.booked_at, ..callback(1, queue, AGREED) };
    assert_eq!(promised, expected);
    for (wish, pointer) in [
        (json!({ "due_local": "2020-07-01T14:30" }), "/due_local"),
        (json!({ "due_local": "2030-07-01T14:30", "queue": "q_99" }), "/queue"),
    ] {
        let reply = world.call("PUT", &path).token(&token).json(&wish).send().await.expect(422).json();
        assert_eq!(reply["errors"][0]["pointer"], pointer, "{reply}");
    }
    let reply = world.call("DELETE", &path).token(&token).send().await;
    assert_eq!(reply.problem(), (404, "not_found".to_owned()), "nothing is on record yet");

    keep(&world, &promised, CallbackStanding::Open).await;
    world.script().view.callers.clear();
    assert_eq!(listed(&world, &token, "").await.len(), 1);
    assert_eq!(listed(&world, &other, "").await.len(), 0);
    let later = json!({ "due_local": "2030-07-01T15:30", "phone": "+447700900123", "zone": "Europe/Paris" });
    world.call("PUT", &path).token(&admin).json(&later).send().await.expect(204);
    let (changed, is_change) = booked(&world);
    let due_at = AGREED + std::time::Duration::from_secs(3600);
    assert_eq!((changed.due_at, changed.agent, changed.queue), (due_at, Some(agent), queue));
    assert!(is_change && changed.phone.e164() == "+447700900123");
    world.call("DELETE", &path).token(&token).send().await.expect(204);
    let asked = world.script().asked.last().cloned();
    assert!(
        matches!(asked, Some(Request::WithdrawCallback { callback, .. }) if callback == call),
        "{asked:?}"
    );
    for (refusal, status, code) in [
        (Refusal::CallbackUnderWay, 409, "refusal_callback_under_way"),
        (Refusal::UnknownCallback, 404, "refusal_unknown_callback"),
    ] {
        world.script().refusal = Some(refusal);
        let reply = world.call("DELETE", &path).token(&token).send().await;
        assert_eq!(reply.problem(), (status, code.to_owned()));
    }
}

fn booked(world: &World) -> (CallerCallback, bool) {
    match world.script().asked.last() {
        Some(Request::BookCallback { callback, is_change, .. }) => {
            (CallerCallback::clone(callback), *is_change)
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_team_changes_the_callbacks_of_the_queues_that_it_serves() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let queue = queue(&world, &admin, json!({ "name": "Sales" })).await;
    let mut tokens = Vec::new();
    for (name, queues) in [("north", json!([queue])), ("south", json!([]))] {
        let settings = json!({ "name": name, "sip_account": name, "phone_kind": "sip", "queues": queues });
        let made = world.call("POST", "/api/agents").token(&admin).json(&settings).send().await.expect(201);
        let agent: AgentId = made.json()["id"].as_str().unwrap().parse().unwrap();
        let team = json!({ "name": name, "agents": [agent], "campaigns": [] });
        let team = world.call("POST", "/api/teams").token(&admin).json(&team).send().await.expect(201).json();
        let teams = [team["id"].as_str().unwrap().parse().unwrap()].into();
        world.add_user_of(name, Role::Supervisor, Some(teams), None).await;
        tokens.push(world.sign_in(name).await);
    }
    let callback = callback(1, queue, AGREED);
    keep(&world, &callback, CallbackStanding::Open).await;
    let path = format!("/api/caller-callbacks/{}", callback.id);
    let wish = json!({ "due_local": "2030-07-02T14:30" });
    for (token, rows, status) in [(&tokens[0], 1, 204), (&tokens[1], 0, 404)] {
        assert_eq!(listed(&world, token, "").await.len(), rows);
        world.call("PUT", &path).token(token).json(&wish).send().await.expect(status);
        world.call("DELETE", &path).token(token).send().await.expect(status);
    }
}
