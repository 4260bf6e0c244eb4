//! Calls of callers over the API: listed, told whole, and at the desk of whoever has one.

use std::slice::from_ref;
use std::time::Duration;

use cadran_engine::command::Write;
use cadran_engine::model::incoming::{CallerDisposition, CallerRecord, PathStep, QueueExit, QueueWait};
use cadran_engine::model::{AgentId, CallId, DidId, HangupCause, QueueId, Role, Side, TeamId};
use cadran_engine::view::{AgentView, CallerView};
use serde_json::{Value, json};
use uuid::Uuid;

use super::recordings::store;
use super::transfers::caller_in_conversation;
use super::world::{World, now};

fn call(number: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(number))
}

/// A call of `+33199001234` that waited in a queue and was had by an agent.
fn record(number: u128, queue: i64, agent: AgentId) -> CallerRecord {
    let wait = QueueWait {
        queue: QueueId::from_i64(queue),
        since: now(),
        waited: Duration::from_millis(1_500),
        exit: QueueExit::Answered,
    };
    let step =
        PathStep { at: now(), flow: "Accueil".to_owned(), node: "n_menu".to_owned(), outlet: "1".to_owned() };
    CallerRecord {
        id: call(number),
        did: Some(DidId::from_i64(7)),
        trunk: None,
        phone: Some("+33199001234".parse().unwrap()),
        flow: None,
        path: vec![step],
        waits: vec![wait],
        before: None,
        agent: Some(agent),
        arrived_at: now(),
        answered_at: Some(now()),
        connected_at: Some(now()),
        ended_at: now(),
        ended_by: Side::Customer,
        cause: HangupCause::default(),
    }
}

async fn ids(world: &World, token: &str, query: &str) -> Vec<String> {
    let path = format!("/api/caller-calls{query}");
    let listed = world.call("GET", &path).token(token).send().await.expect(200).json();
    listed["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_callers_call_is_listed_and_told_whole_to_those_whose_it_is() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (ours, token) = world.agent(&admin, "agent-1").await;
    let (theirs, _) = world.agent(&admin, "agent-2").await;
    let said = CallerDisposition {
        call: call(1),
        queue: QueueId::from_i64(1),
        agent: ours,
        code: "helped".to_owned(),
        note: "calls again".to_owned(),
        at: now(),
    };
    let labels = vec!["vip".to_owned()];
    let writes = [
        Write::SaveCaller(Box::new(record(1, 1, ours))),
        Write::SaveCaller(Box::new(record(2, 2, theirs))),
        Write::TagCall { call: call(1), outcome: Some("sold".to_owned()), labels },
        Write::SaveCallerDisposition(Box::new(said)),
    ];
    store(&world.store, writes).await;
    let (first, second) = (call(1).to_string(), call(2).to_string());
    assert_eq!(ids(&world, &admin, "?queue=q_2").await, from_ref(&second));
    assert_eq!(ids(&world, &admin, "?did=did_7&order=earliest&limit=1").await.len(), 1);
    assert_eq!(ids(&world, &token, "").await, from_ref(&first), "an agent sees their own");
    let unknown = world.call("GET", "/api/caller-calls?order=phone").token(&admin).send().await;
    assert_eq!(unknown.status, 400, "{}", unknown.text());

    let team = json!({ "name": "North", "agents": [ours] });
    let team = world.call("POST", "/api/teams").token(&admin).json(&team).send().await.expect(201).json();
    let team: TeamId = team["id"].as_str().unwrap().parse().unwrap();
    world.add_user_of("sup", Role::Supervisor, Some([team].into()), None).await;
    let chief = world.sign_in("sup").await;
    assert_eq!(ids(&world, &chief, "").await, from_ref(&first));
    world.call("GET", &format!("/api/calls/{second}")).token(&chief).send().await.expect(404);

    let path = format!("/api/calls/{first}");
    for (token, phone) in [(&chief, "…34"), (&admin, "+33199001234")] {
        let story = world.call("GET", &path).token(token).send().await.expect(200).json();
        let caller = &story["caller"];
        assert_eq!((&story["attempt"], &caller["phone"]), (&Value::Null, &json!(phone)));
        assert_eq!((&caller["outcome"], &caller["tags"]), (&json!("sold"), &json!(["vip"])));
        assert_eq!(caller["dispositions"][0]["note"], "calls again");
        assert_eq!((&caller["path"][0]["node"], &caller["queue"]), (&json!("n_menu"), &json!("q_1")));
        assert_eq!(
            (&caller["waits"][0]["waited"], &caller["waits"][0]["exit"]),
            (&json!(1_500), &json!("answered"))
        );
    }
    world.call("GET", &path).token(&token).send().await.expect(200);
    let reply = world.call("GET", &format!("/api/calls/{second}")).token(&token).send().await;
    assert_eq!(reply.problem(), (403, "not_yours".to_owned()));
}

#[tokio::test]
async fn the_caller_in_hand_is_at_the_desk_with_what_can_be_said_of_them() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let queue = json!({ "name": "Sales" });
    let queue = world.call("POST", "/api/queues").token(&admin).json(&queue).send().await;
    let queue: QueueId = queue.expect(201).json()["id"].as_str().unwrap().parse().unwrap();
    world.script().view.agents = vec![AgentView {
        refused: None,
        agent,
        session: format!("ses_{}", Uuid::nil().simple()).parse().unwrap(),
        state: "on_call",
        reason: None,
        since: now(),
        call: Some(call(1)),
        preview: None,
        phone_up: true,
        campaigns: Vec::new(),
        supervising: None,
        listeners: Vec::new(),
        taken_over_by: None,
    }];
    world.script().view.callers = vec![CallerView {
        queue: Some(queue),
        phone: Some("+33199001234".parse().unwrap()),
        ..caller_in_conversation(call(1), agent)
    }];
    let desk = async |token: &str| {
        let path = format!("/api/agents/{agent}/desk");
        world.call("GET", &path).token(token).send().await.expect(200).json()
    };
    let seen = desk(&token).await;
    assert_eq!((&seen["call"], &seen["caller"]["phone"]), (&Value::Null, &json!("+33199001234")));
    assert_eq!(seen["dispositions"][0]["code"], "success");
    let supervisor = world.signed_in(Role::Supervisor).await;
    assert_eq!(desk(&supervisor).await["caller"]["phone"], "…34");

    // The call is over and is being wrapped up.
    world.script().view.callers.clear();
    store(&world.store, [Write::SaveCaller(Box::new(record(1, queue.as_i64(), agent)))]).await;
    let seen = desk(&token).await;
    assert_eq!((&seen["caller"], &seen["dispositions"][0]["code"]), (&Value::Null, &json!("success")));
}
