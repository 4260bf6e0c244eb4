//! What machines that watch over Cadran see.

use cadran_engine::command::Hold;
use cadran_engine::model::Role;

use super::world::World;

#[tokio::test]
async fn readiness_follows_the_database_and_asterisk() {
    let world = World::new().await;
    world.call("GET", "/healthz").send().await.expect(200);
    world.call("GET", "/readyz").send().await.expect(200);

    world.script().view.held_by = Some(Hold::SwitchAway);
    let reply = world.call("GET", "/readyz").send().await.expect(503).json();
    assert_eq!((&reply["database"], &reply["asterisk"]), (&true.into(), &false.into()));

    world.store.close().await;
    let reply = world.call("GET", "/readyz").send().await.expect(503).json();
    assert_eq!(reply["database"], false);
    world.call("GET", "/healthz").send().await.expect(200);
}

#[tokio::test]
async fn without_a_database_every_request_says_so() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    world.store.close().await;
    let reply = world.call("GET", "/api/campaigns").token(&admin).send().await;
    assert_eq!(reply.problem(), (503, "database_away".to_owned()));
}

#[tokio::test]
async fn every_answer_keeps_browsers_out_of_trouble_and_has_a_name() {
    let world = World::new().await;
    for path in ["/healthz", "/api/me", "/nowhere"] {
        let reply = world.call("GET", path).send().await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert!(reply.header("content-security-policy").starts_with("default-src 'none'"));
        assert!(reply.header("x-request-id").starts_with("req_"));
    }
    world.call("GET", "/metrics").send().await.expect(200);
}
