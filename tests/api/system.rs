//! Which part is sick, and why.

use cadran_engine::command::Hold;
use cadran_engine::model::{Role, Timestamp, TrunkId, TrunkState};
use cadran_engine::view::TrunkView;
use serde_json::{Value, json};

use super::world::World;

async fn checks(world: &World, token: &str) -> Value {
    world.call("GET", "/api/system/checks").token(token).send().await.expect(200).json()
}

fn find<'a>(checks: &'a Value, what: &str) -> &'a Value {
    checks["checks"].as_array().unwrap().iter().find(|check| check["what"] == what).unwrap()
}

fn trunk(row: i64, state: TrunkState) -> TrunkView {
    TrunkView {
        trunk: TrunkId::from_i64(row),
        state,
        since: Timestamp::default(),
        reachable: state != TrunkState::Down,
        probe: None,
        calls: 0,
        calls_max: 30,
    }
}

#[tokio::test]
async fn what_is_sick_is_named_with_its_cause() {
    let world = World::new().await;
    let viewer = world.signed_in(Role::Viewer).await;
    world.show(Default::default());
    tokio::task::yield_now().await;
    let well = checks(&world, &viewer).await;
    for what in ["archive", "asterisk", "clock", "database", "engine", "recordings"] {
        assert_eq!(find(&well, what)["health"], "up", "{well}");
    }
    for what in ["agi", "mail"] {
        assert_eq!(find(&well, what)["health"], "off", "{well}");
        assert!(find(&well, what)["fix"].is_string());
    }
    assert!(find(&well, "database")["latency"].is_u64() && find(&well, "recordings")["disk_days"].is_null());

    world.script().view.trunks = vec![trunk(6, TrunkState::Up), trunk(7, TrunkState::Down)];
    let degraded = checks(&world, &viewer).await;
    assert_eq!(degraded["health"], "degraded");
    let found = degraded["checks"].as_array().unwrap();
    let sick = found.iter().find(|check| check["which"] == "trk_7").unwrap();
    assert_eq!(sick["health"], "down");
    assert!(sick["cause"].as_str().unwrap().contains("OPTIONS"));
    assert!(sick["fix"].as_str().unwrap().contains("pjsip show contacts"));
    world.script().view.trunks.remove(0);
    assert_eq!(checks(&world, &viewer).await["health"], "down", "no trunk is left");

    world.script().view.held_by = Some(Hold::SwitchAway);
    let down = checks(&world, &viewer).await;
    assert_eq!((&down["health"], &find(&down, "asterisk")["health"]), (&json!("down"), &json!("down")));
    world.script().view.held_by = Some(Hold::ClockWentBack);
    assert_eq!(find(&checks(&world, &viewer).await, "clock")["health"], "down");
}
