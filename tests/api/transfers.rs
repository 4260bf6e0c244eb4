//! Hold and transfer over the API.

use cadran_engine::command::Refusal;
use cadran_engine::input::{Request, TransferKind, TransferTo};
use cadran_engine::model::{AgentId, CallId, FlowId, QueueId, Role};
use cadran_engine::view::{CallView, CallerView};
use serde_json::json;
use uuid::Uuid;

use super::world::{World, now};

#[tokio::test]
async fn an_agent_holds_and_gives_away_the_call_in_hand_and_no_other() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let (colleague, other) = world.agent(&admin, "agent-2").await;
    let call = CallId::from_uuid(Uuid::from_u128(1));
    world.script().view.calls = vec![in_conversation(call, agent)];
    let give = |kind: &str| json!({ "agent": colleague, "kind": kind });
    let to = TransferTo::Agent(colleague);
    let asked = [
        ("hold", json!({}), Request::Hold { call }),
        ("resume", json!({}), Request::Resume { call }),
        ("transfer", give("attended"), Request::Transfer { call, to, kind: TransferKind::Attended }),
        ("conference", json!({}), Request::JoinAll { call }),
        ("complete", json!({}), Request::CompleteTransfer { call }),
        ("transfer", give("blind"), Request::Transfer { call, to, kind: TransferKind::Blind }),
    ];
    for (what, body, request) in asked {
        let path = format!("/api/calls/{call}/{what}");
        world.call("POST", &path).token(&token).json(&body).send().await.expect(202);
        assert_eq!(world.script().asked.last(), Some(&request));
        let reply = world.call("POST", &path).token(&other).json(&body).send().await;
        assert_eq!(reply.problem(), (403, "not_yours".to_owned()));
    }

    let path = format!("/api/calls/{call}/transfer");
    let unknown = world.call("POST", &path).token(&token).json(&give("warm")).send().await;
    assert_eq!(unknown.problem(), (422, "bad_body".to_owned()));
    for (refusal, code) in [
        (Refusal::ColleagueIs("paused"), "refusal_colleague_is"),
        (Refusal::TransferIs("held"), "refusal_transfer_is"),
    ] {
        world.script().refusal = Some(refusal);
        let reply = world.call("POST", &path).token(&token).json(&give("blind")).send().await;
        assert_eq!(reply.problem(), (409, code.to_owned()));
    }
}

#[tokio::test]
async fn a_caller_is_given_to_queues_flows_and_numbers_by_whoever_has_them() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let (_, other) = world.agent(&admin, "agent-2").await;
    let call = CallId::from_uuid(Uuid::from_u128(2));
    world.script().view.callers = vec![caller_in_conversation(call, agent)];
    let path = format!("/api/calls/{call}/transfer");
    let blind = TransferKind::Blind;
    let asked = [
        (json!({ "queue": "q_3", "kind": "blind" }), TransferTo::Queue(QueueId::from_i64(3))),
        (json!({ "flow": "flw_4", "kind": "blind" }), TransferTo::Flow(FlowId::from_i64(4))),
        (
            json!({ "number": "+33199004110", "kind": "blind" }),
            TransferTo::Number("+33199004110".parse().unwrap()),
        ),
    ];
    for (body, to) in asked {
        world.call("POST", &path).token(&token).json(&body).send().await.expect(202);
        assert_eq!(world.script().asked.last(), Some(&Request::Transfer { call, to, kind: blind }));
        let reply = world.call("POST", &path).token(&other).json(&body).send().await;
        assert_eq!(reply.problem(), (403, "not_yours".to_owned()));
    }
    for body in [json!({ "kind": "blind" }), json!({ "kind": "blind", "queue": "q_3", "flow": "flw_4" })] {
        let reply = world.call("POST", &path).token(&token).json(&body).send().await;
        assert_eq!(reply.problem(), (422, "invalid".to_owned()), "{body}");
    }
    for (refusal, status, code) in [
        (Refusal::OnlyBlind, 422, "refusal_only_blind"),
        (Refusal::QueueTakesNobody("full"), 409, "refusal_queue_takes_nobody"),
        (Refusal::NumberForbidden, 403, "refusal_number_forbidden"),
        (Refusal::UnknownQueue, 404, "refusal_unknown_queue"),
        (Refusal::UnknownFlow, 404, "refusal_unknown_flow"),
    ] {
        world.script().refusal = Some(refusal);
        let body = json!({ "queue": "q_3", "kind": "blind" });
        let reply = world.call("POST", &path).token(&token).json(&body).send().await;
        assert_eq!(reply.problem(), (status, code.to_owned()));
    }
}

pub(super) fn caller_in_conversation(call: CallId, agent: AgentId) -> CallerView {
    CallerView {
        call,
        did: None,
        phone: None,
        state: "connected",
        since: now(),
        queue: None,
        waiting_since: None,
        offered: Vec::new(),
        agent: Some(agent),
        callback: None,
        recording: "none",
        listeners: Vec::new(),
        transfer: None,
    }
}

fn in_conversation(call: CallId, agent: AgentId) -> CallView {
    CallView {
        obligations: Vec::new(),
        call,
        attempt: format!("att_{}", Uuid::from_u128(3).simple()).parse().unwrap(),
        campaign: "cmp_1".parse().unwrap(),
        lead: "led_1".parse().unwrap(),
        phone: "+33199001234".parse().unwrap(),
        state: "connected",
        since: now(),
        agent: Some(agent),
        recording: "none",
        listeners: Vec::new(),
        transfer: None,
    }
}
