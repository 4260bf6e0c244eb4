//! Trunks and agents' accounts are on Asterisk as long as they are in the settings.

use serde_json::json;

use super::api::text;
use super::world::{CALLER_ID, World};

#[tokio::test(flavor = "multi_thread")]
async fn trunks_and_accounts_come_and_go_with_the_settings() {
    let world = World::start().await;
    let pbx = world.pair.pbx();

    let agent = world.agent("talks").await;
    for kind in ["endpoint", "auth", "aor"] {
        assert!(pbx.has_sip_object(kind, &agent.account).await, "{kind}");
    }
    let changed = json!({ "name": "Alix", "sip_account": "alix", "sip_password": "another-secret", "phone_kind": "sip" });
    world.api.put(&format!("/api/agents/{}", agent.id), changed).await;
    for kind in ["endpoint", "auth", "aor"] {
        assert!(!pbx.has_sip_object(kind, &agent.account).await, "{kind} under the former name");
        assert!(pbx.has_sip_object(kind, "alix").await, "{kind} under the name of today");
    }
    world.pair.register_phone("alix", "another-secret", "talks").await;
    world.api.delete(&format!("/api/agents/{}", agent.id)).await;
    for kind in ["endpoint", "auth", "aor"] {
        assert!(!pbx.has_sip_object(kind, "alix").await, "{kind} of nobody");
    }

    let trunk = json!({
        "name": "Second network", "host": "127.0.0.9", "user": "centre", "password": "not-a-secret",
        "caller_ids": [CALLER_ID], "limit": { "calls_per_second": 1.0, "concurrent_calls": 1 },
    });
    let trunk = text(&world.api.post("/api/trunks", trunk).await, "id");
    let endpoint = trunk.replace("trk_", "cadran-trk-");
    for kind in ["endpoint", "auth", "aor", "identify"] {
        assert!(pbx.has_sip_object(kind, &endpoint).await, "{kind}");
    }
    world.api.delete(&format!("/api/trunks/{trunk}")).await;
    for kind in ["endpoint", "auth", "aor", "identify"] {
        assert!(!pbx.has_sip_object(kind, &endpoint).await, "{kind} of no trunk");
    }
    let first = world.trunk.replace("trk_", "cadran-trk-");
    assert!(pbx.has_sip_object("endpoint", &first).await, "the other trunk stays");
    world.close().await;
}
