//! Which part is sick, and why.

use cadran_engine::command::Hold;
use cadran_engine::model::Role;
use cadran_engine::view::TrunkView;
use serde_json::{Value, json};

use super::world::World;

async fn checks(world: &World, token: &str) -> Value {
    world.call("GET", "/api/system/checks").token(token).send().await.expect(200).json()
}

fn find<'a>(checks: &'a Value, what: &str) -> &'a Value {
    checks["checks"].as_array().unwrap().iter().find(|check| check["what"] == what).unwrap()
}

#[tokio::test]
async fn what_is_sick_is_named_with_its_cause() {
    let world = World::new().await;
    let viewer = world.signed_in(Role::Viewer).await;
    world.show(Default::default());
    tokio::task::yield_now().await;
    let well = checks(&world, &viewer).await;
    for what in ["database", "engine", "clock", "recordings"] {
        assert_eq!(find(&well, what)["health"], "up", "{well}");
    }
    assert!(find(&well, "database")["latency"].is_u64() && find(&well, "recordings")["disk_days"].is_null());

    world.script().view.trunks =
        vec![TrunkView { trunk: "trk_7".parse().unwrap(), reachable: false, calls: 0 }];
    let degraded = checks(&world, &viewer).await;
    assert_eq!(degraded["health"], "degraded");
    let trunk = find(&degraded, "trunk");
    assert_eq!((&trunk["which"], &trunk["health"]), (&json!("trk_7"), &json!("degraded")));
    assert!(trunk["cause"].as_str().unwrap().contains("OPTIONS"));

    world.script().view.held_by = Some(Hold::SwitchAway);
    let down = checks(&world, &viewer).await;
    assert_eq!((&down["health"], &find(&down, "asterisk")["health"]), (&json!("down"), &json!("down")));
    world.script().view.held_by = Some(Hold::ClockWentBack);
    assert_eq!(find(&checks(&world, &viewer).await, "clock")["health"], "down");
}
