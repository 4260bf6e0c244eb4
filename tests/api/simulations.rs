//! What a campaign would come to.

use cadran_engine::model::Role;
use serde_json::{Value, json};

use super::world::World;

fn small() -> Value {
    json!({"agents": 4, "hours": 0.2, "answer_rate": 0.3, "talk": 30_000, "wrap_up": 5_000, "leads": 30,
           "attempts_max": 1})
}

#[tokio::test]
async fn a_manager_learns_what_to_expect_and_how_days_differ() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let asked = world.call("POST", "/api/simulations").token(&manager).json(&small());
    let expected = asked.send().await.expect(200).json();
    // Fewer where the machine is too slow for all of them.
    assert!((1..=11).contains(&expected["days"].as_u64().unwrap()), "{expected}");
    for figure in ["dials", "connected", "talk_hours", "utilisation"] {
        let range = &expected[figure];
        let [p10, p50, p90] = ["p10", "p50", "p90"].map(|rank| range[rank].as_f64().unwrap());
        assert!(0.0 < p10 && p10 <= p50 && p50 <= p90, "{figure}: {range}");
    }
    assert!(expected["dials"]["p90"].as_f64().unwrap() <= 30.0, "{expected}");
    assert_eq!(expected["days_exhausted"], expected["days"], "{expected}");
    let over = expected["exhausted_after"]["p50"].as_f64().unwrap();
    assert!(0.0 < over && over < 720_000.0, "{expected}");
}

#[tokio::test]
async fn what_cannot_be_played_is_told_at_once() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let cases = [
        ("agents", json!(5_000), "/agents"),
        ("agents", json!(0), "/agents"),
        ("hours", json!(100.0), "/hours"),
        ("answer_rate", json!(1.5), "/answer_rate"),
        ("machine_rate", json!(0.9), "/machine_rate"),
        ("talk", json!(0), "/talk"),
        ("leads", json!(0), "/leads"),
        ("mode", json!({"kind": "power", "ratio": 100.0}), "/mode/ratio"),
    ];
    for (key, value, pointer) in cases {
        let mut asked = small();
        asked[key] = value;
        let reply = world.call("POST", "/api/simulations").token(&manager).json(&asked).send().await;
        assert_eq!(reply.problem(), (422, "invalid".to_owned()), "{key}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{key}: {}", reply.text());
    }
}

#[tokio::test]
async fn one_simulation_runs_at_a_time() {
    let world = World::new().await;
    let manager = world.signed_in(Role::CampaignManager).await;
    let asked = small();
    let both = || world.call("POST", "/api/simulations").token(&manager).json(&asked).send();
    let (first, second) = tokio::join!(both(), both());
    let (done, refused) = if first.status == 200 { (first, second) } else { (second, first) };
    done.expect(200);
    assert_eq!(refused.problem(), (429, "simulation_runs".to_owned()));
    assert_eq!(refused.header("retry-after"), "20");
    world.call("POST", "/api/simulations").token(&manager).json(&small()).send().await.expect(200);
}
