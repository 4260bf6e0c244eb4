//! What was promised to people, and what is known of leads.

use cadran_engine::command::{Agreed, DispositionRecord, LeadNext, Write};
use cadran_engine::input::Request;
use cadran_engine::model::{AgentId, CallId, Phone, Role, Timestamp};
use serde_json::{Value, json};

use super::recordings::{record, store};
use super::world::{World, now};

/// Half past two in Paris on 1 July 2030, in summer time.
const AGREED: Timestamp = Timestamp::from_millis(1_909_139_400_000);

/// A call in which `agent` promised to call back themself.
async fn promised(world: &World, admin: &str, agent: AgentId) -> CallId {
    let call = record(world, admin, "a.wav").await.call;
    let attempt = world.store.call_story(call).await.unwrap().unwrap().attempt.attempt;
    let said = DispositionRecord {
        call,
        campaign: attempt.campaign,
        lead: attempt.lead,
        phone: attempt.phone,
        agent,
        code: "callback".to_owned(),
        note: String::new(),
        at: now(),
        next: LeadNext::Again { due_at: AGREED, phone: 0 },
        callback: Some(Agreed { at: AGREED, personal: true }),
        refused: false,
        do_not_call: false,
        success: false,
    };
    store(&world.store, [Write::SaveDisposition(Box::new(said))]).await;
    call
}

#[tokio::test]
async fn a_moment_is_agreed_in_the_time_of_the_person() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (agent, token) = world.agent(&admin, "agent-1").await;
    let call = record(&world, &admin, "a.wav").await.call;
    let said = json!({
        "call": call, "code": "callback", "callback_local": "2030-07-01T14:30", "callback_personal": true,
    });
    let path = format!("/api/agents/{agent}/disposition");
    world.call("POST", &path).token(&token).json(&said).send().await.expect(204);
    let asked = world.script().asked.last().cloned();
    let agreed = match asked {
        Some(Request::Dispose { callback, .. }) => callback,
        other => panic!("{other:?}"),
    };
    assert_eq!(agreed, Some(Agreed { at: AGREED, personal: true }));
}

#[tokio::test]
async fn a_promise_is_shown_with_its_conflict_and_handed_on_by_those_who_may() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let supervisor = world.signed_in(Role::Supervisor).await;
    let (own, token) = world.agent(&admin, "agent-1").await;
    let (other, others_token) = world.agent(&admin, "agent-2").await;
    let call = promised(&world, &admin, own).await;

    let open = async |token: &str| -> Vec<Value> {
        let reply = world.call("GET", "/api/callbacks").token(token).send().await.expect(200).json();
        reply["rows"].as_array().unwrap().clone()
    };
    let shown = open(&token).await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["due_local"], "2030-07-01T14:30:00");
    assert_eq!((&shown[0]["zone"], &shown[0]["personal"]), (&json!("Europe/Paris"), &json!(true)));
    assert_eq!(shown[0]["conflict"], "campaign_not_running");
    assert_eq!(open(&others_token).await, [] as [Value; 0]);

    let change = async |token: &str, agent: AgentId, due_local: &str| {
        let body = json!({ "agent": agent, "personal": true, "due_local": due_local });
        let path = format!("/api/callbacks/{call}");
        world.call("PUT", &path).token(token).json(&body).send().await
    };
    change(&token, own, "2030-07-02T09:00").await.expect(204);
    assert_eq!(change(&token, other, "2030-07-02T09:00").await.problem(), (403, "not_yours".to_owned()));
    assert_eq!(change(&others_token, other, "2030-07-02T09:00").await.problem().0, 403);
    assert_eq!(change(&supervisor, other, "2020-07-02T09:00").await.problem().0, 422);
    change(&supervisor, other, "2030-07-02T10:00").await.expect(204);
    assert_eq!(open(&others_token).await[0]["due_local"], "2030-07-02T10:00:00");

    let lead = shown[0]["lead"].as_str().unwrap();
    let withdraw = || world.call("POST", &format!("/api/leads/{lead}/withdraw")).token(&admin).send();
    assert_eq!(withdraw().await.expect(200).json(), json!({ "takes_effect": "at_once" }));
    assert_eq!(withdraw().await.expect(200).json(), json!({ "takes_effect": "was_done" }));
    assert_eq!(open(&others_token).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_number_that_must_not_be_called_stops_ringing() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let entry = json!({ "phone": "+33199000001", "reason": "asked by letter" });
    world.call("POST", "/api/do-not-call").token(&admin).json(&entry).send().await.expect(201);
    let phone: Phone = "+33199000001".parse().unwrap();
    assert_eq!(world.script().asked, [Request::StopDialling { phone, campaign: None }]);
}

#[tokio::test]
async fn a_campaign_says_how_far_its_quotas_are_and_how_long_its_leads_last() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let quota = json!({ "of": { "kind": "field", "field": "city", "value": "Lyon" }, "successes": 5 });
    let campaign = json!({ "name": "Spring", "quotas": [quota] });
    let created = world.call("POST", "/api/campaigns").token(&admin).json(&campaign).send().await.expect(201);
    let address = created.header("location").to_owned();
    let read = |what: &str| world.call("GET", &format!("{address}/{what}")).token(&admin).send();
    let quotas = read("quotas").await.expect(200).json();
    assert_eq!((&quotas[0]["of"]["value"], &quotas[0]["reached"]), (&json!("Lyon"), &json!(0)));
    let forecast = read("forecast").await.expect(200).json();
    assert_eq!((&forecast["empty_at"], &forecast["unknown_because"]), (&Value::Null, &json!("no_pace")));

    let bad = json!({ "name": "Summer", "quotas": [{ "of": { "kind": "list", "list": "lst_9" }, "successes": 0 }] });
    let reply = world.call("POST", "/api/campaigns").token(&admin).json(&bad).send().await.expect(422).json();
    let rules: Vec<&str> =
        reply["errors"].as_array().unwrap().iter().map(|fault| fault["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["positive", "exists"]);
}
