//! One Asterisk, one daemon: whoever comes second says so and ends.

use serde_json::json;

use super::daemon::Setup;
use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_refuses_and_the_first_goes_on() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let campaign = world.campaign(json!({})).await;
    world.leads(&campaign, &["+33199000101", "+33199000102"]).await;
    world.start_campaign(&campaign).await;
    world.to_work(&[agent], &campaign).await;
    let first = world.until_connected_to("+33199000101").await;

    let (status, said) = world.setup.run_in_vain().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("another Cadran runs on"), "{said}");

    let elsewhere = Setup {
        home: world.home.path().join("second"),
        listen: world.setup.listen.replace(":8080", ":8081"),
        ..world.setup.clone()
    };
    elsewhere.write_config();
    let (status, said) = elsewhere.run_in_vain().await;
    assert_eq!(status.code(), Some(1));
    assert!(said.contains("is driven by another daemon"), "{said}");

    // The first has lost neither its calls nor its events.
    world.hang_up(&first.call).await;
    let second = world.until_connected_to("+33199000102").await;
    world.hang_up(&second.call).await;
    assert_eq!(world.until_over(&second.call).await.ended_by, "operator");
    world.close().await;
}
