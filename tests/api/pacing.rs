//! What pacing says of itself.

use cadran_engine::dialer::obstacle::{AgentCounts, Obstacle, Standing};
use cadran_engine::dialer::pacing_line::PacingLine;
use cadran_engine::model::{DialMode, Role};
use cadran_engine::view::CampaignView;
use serde_json::json;

use super::world::{World, now};

#[tokio::test]
async fn every_reason_is_told_in_the_language_of_the_reader() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let created =
        world.call("POST", "/api/campaigns").token(&admin).json(&json!({ "name": "Summer" })).send().await;
    let campaign = created.expect(201).json()["id"].as_str().unwrap().to_owned();
    let idle = format!("/api/campaigns/{campaign}/why-idle");

    // The engine of the script does not know it.
    let reply = world.call("GET", &idle).token(&admin).send().await.expect(200).json();
    assert_eq!(reply["reasons"][0]["obstacle"]["kind"], "not_running");
    assert_eq!(reply["reasons"][0]["text"], "the campaign is a draft and has not been started");

    let nobody = Obstacle::NoAgentReady(AgentCounts { paused: 2, on_call: 1, ..AgentCounts::default() });
    let standing = |obstacle| Standing { obstacle, since: now() };
    let line = PacingLine {
        at: now(),
        mode: DialMode::Progressive,
        level: 0.0,
        ready: 0,
        dialling: 0,
        waiting: 0,
        talking: 1,
        hopper: 0,
        answer_rate: 0.25,
        answer_rate_deviation: 0.1,
        answered: 0,
        dropped: 0,
        drop_limit: 0.03,
        forecast: None,
        held_by: vec![standing(nobody), standing(Obstacle::LeadsComing)],
    };
    world.script().view.campaigns = vec![CampaignView { campaign: campaign.parse().unwrap(), line }];
    let reply = world.call("GET", &idle).token(&admin).header("accept-language", "fr").send().await;
    let reply = reply.expect(200).json();
    assert_eq!(
        reply["reasons"][0]["text"],
        "aucun agent ne peut prendre d'appel : 1 en appel, 0 en post-appel, 0 réservés, 2 en pause, 0 sans téléphone"
    );
    assert_eq!(reply["reasons"][0]["obstacle"]["paused"], 2);
    assert_eq!(reply["reasons"][1]["obstacle"]["kind"], "leads_coming");
    assert_eq!(reply["leads"], json!([]));

    let live = world.call("GET", "/api/live/snapshot").token(&admin).send().await.expect(200).json();
    let sentence = live["campaigns"][0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("0 agents ready") && sentence.contains("2 paused"), "{sentence}");
    let history = world.call("GET", &format!("/api/campaigns/{campaign}/pacing?every=60")).token(&admin);
    assert_eq!(history.send().await.expect(200).json(), json!({ "rows": [], "next": null }));
}

#[tokio::test]
async fn a_campaign_of_vicidial_is_translated_with_a_word_on_every_setting() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let given = json!({ "vicidial": {
        "campaign_name": "Summer", "dial_method": "RATIO", "auto_dial_level": "2.0", "hopper_level": "100",
    }});
    let call = world.call("POST", "/api/vicidial/campaign").token(&admin).header("accept-language", "fr");
    let reply = call.json(&given).send().await.expect(200).json();
    assert_eq!(reply["settings"]["mode"], json!({ "kind": "power", "ratio": 2.0 }));
    let report = reply["report"].as_array().unwrap();
    assert_eq!(report.len(), 4);
    let hopper = report.iter().find(|line| line["name"] == "hopper_level").unwrap();
    assert_eq!(hopper["understood"], false);
    assert_eq!(hopper["text"], "La réserve se remplit d'elle-même, selon les besoins.");
    let created = world.call("POST", "/api/campaigns").token(&admin).json(&reply["settings"]).send().await;
    assert_eq!(created.expect(201).json()["name"], "Summer");
}
