//! Dialling by hand, through the API: what reaches the engine, and what an agent reads when nothing does.

use cadran_engine::input::Request;
use cadran_engine::model::{AgentId, Role};
use cadran_engine::view::{AgentView, LiveView};
use serde_json::{Value, json};
use uuid::Uuid;

use super::world::{Reply, World, now};

struct Desk {
    world: World,
    agent: AgentId,
    token: String,
    manager: String,
    campaign: String,
}

impl Desk {
    async fn new() -> Self {
        let world = World::new().await;
        let admin = world.signed_in(Role::Admin).await;
        let manager = world.signed_in(Role::CampaignManager).await;
        let (agent, token) = world.agent(&admin, "agent-1").await;
        let trunk = json!({ "name": "Carrier", "host": "sip.example.net", "caller_ids": ["+33162001122"],
            "limit": { "calls_per_second": 5, "concurrent_calls": 30 } });
        let trunk =
            world.call("POST", "/api/trunks").token(&admin).json(&trunk).send().await.expect(201).json();
        let settings = json!({
            "name": "By hand", "mode": { "kind": "manual" }, "trunks": [trunk["id"]],
            "caller_ids": ["+33162001122"], "compliance": world.lawful(&manager).await,
        });
        let campaign =
            world.call("POST", "/api/campaigns").token(&manager).json(&settings).send().await.expect(201);
        let campaign = campaign.json()["id"].as_str().unwrap().to_owned();
        Self { world, agent, token, manager, campaign }
    }

    /// The agent is logged in for these campaigns.
    fn at_work(&self, campaigns: &[&str]) {
        let view = AgentView {
            listeners: Vec::new(),
            supervising: None,
            taken_over_by: None,
            agent: self.agent,
            session: format!("ses_{}", Uuid::nil().simple()).parse().unwrap(),
            state: "paused",
            reason: None,
            since: now(),
            call: None,
            preview: None,
            refused: None,
            phone_up: true,
            campaigns: campaigns.iter().map(|campaign| campaign.parse().unwrap()).collect(),
        };
        self.world.script().view = LiveView { agents: vec![view], ..LiveView::default() };
    }

    async fn dial(&self, body: Value) -> Reply {
        let path = format!("/api/agents/{}/dial-by-hand", self.agent);
        self.world.call("POST", &path).token(&self.token).json(&body).send().await
    }

    fn dialled(&self) -> Vec<Request> {
        let asked = self.world.script().asked.clone();
        asked.into_iter().filter(|request| matches!(request, Request::DialByHand { .. })).collect()
    }
}

#[tokio::test]
async fn a_number_becomes_a_lead_and_a_request_to_the_engine() {
    let desk = Desk::new().await;
    desk.at_work(&[&desk.campaign]);
    let body = json!({ "campaign": desk.campaign, "phone": "+33199000001", "name": "Ada" });
    for _ in 0..2 {
        let call = desk.dial(body.clone()).await.expect(200).json();
        assert!(call["call"].as_str().unwrap().starts_with("cal_"), "{call}");
    }
    let leads = desk.world.call("GET", "/api/leads").token(&desk.manager).send().await.expect(200).json();
    let leads = leads["rows"].as_array().unwrap().clone();
    assert_eq!(leads.len(), 1, "{leads:?}");
    assert_eq!((&leads[0]["name"], &leads[0]["zone"]), (&"Ada".into(), &"Europe/Paris".into()));
    let asked = desk.dialled();
    assert_eq!(asked.len(), 2);
    let Request::DialByHand { agent, lead, by_hand, .. } = &asked[0] else { panic!("{asked:?}") };
    assert_eq!(
        (*agent, lead.phone.e164().as_str(), by_hand.lead_was_done),
        (desk.agent, "+33199000001", true)
    );

    // By its lead, and on a number that the lead has not.
    let lead = leads[0]["id"].clone();
    desk.dial(json!({ "campaign": desk.campaign, "lead": lead })).await.expect(200);
    let other = desk.dial(json!({ "campaign": desk.campaign, "lead": lead, "phone": "+33199000009" })).await;
    assert_eq!((other.problem().0, &other.json()["errors"][0]["rule"]), (422, &"not_of_lead".into()));
}

#[tokio::test]
async fn what_cannot_be_dialled_is_told_and_leaves_nothing() {
    let desk = Desk::new().await;
    let known = json!({ "campaign": desk.campaign, "phone": "+33199000001" });
    assert_eq!(desk.dial(known.clone()).await.problem(), (409, "refusal_not_logged_in".to_owned()));
    desk.at_work(&["cmp_999"]);
    let reply = desk.dial(known.clone()).await;
    assert_eq!(reply.problem(), (409, "refusal_not_in_campaign".to_owned()));
    desk.at_work(&[&desk.campaign]);
    assert_eq!(desk.dial(json!({ "campaign": desk.campaign })).await.problem().0, 422);
    let unknown_zone = desk.dial(json!({ "campaign": desk.campaign, "phone": "+61412345678" })).await;
    assert_eq!(unknown_zone.json()["errors"][0]["rule"], "zone_needed", "{}", unknown_zone.text());
    let path = format!("/api/agents/{}/dial-by-hand", desk.agent);
    let bad_key = desk.world.call("POST", &path).token(&desk.token).header("idempotency-key", "");
    assert_eq!(bad_key.json(&known).send().await.problem(), (400, "bad_idempotency_key".to_owned()));
    let leads = desk.world.call("GET", "/api/leads").token(&desk.manager).send().await.expect(200).json();
    assert_eq!(leads["rows"], json!([]));

    let entry = json!({ "phone": "+33199000001", "reason": "asked by letter" });
    desk.world.call("POST", "/api/do-not-call").token(&desk.manager).json(&entry).send().await.expect(201);
    let denied = desk.dial(known).await;
    assert_eq!(denied.problem(), (409, "dial_denied".to_owned()));
    assert!(denied.json()["detail"].as_str().unwrap().contains("INTERNAL_DNC"), "{}", denied.text());
    assert_eq!(desk.dialled(), []);
}
