//! Who hung up: the customer, the agent by phone, the agent at the desk, a supervisor.

use serde_json::json;

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_ends_the_call() {
    let world = World::start().await;
    let agent = world.agent("talks").await;
    let campaign = world.campaign(json!({})).await;
    let [phone, desk, supervisor, customer] =
        ["+33199000101", "+33199000102", "+33199000103", "+33199000201"];
    world.leads(&campaign, &[phone, desk, supervisor, customer]).await;
    world.start_campaign(&campaign).await;
    let agent_console = world.sign_in_as("agent", Some(&agent)).await;
    let supervisor_console = world.sign_in_as("supervisor", None).await;
    world.to_work(std::slice::from_ref(&agent), &campaign).await;

    let call = world.until_connected_to(phone).await;
    let (channel, _) = world.pair.carrier().channel_of(&agent.account).await.unwrap();
    world.pair.carrier().hang_up(&channel).await;
    assert_eq!(world.until_over(&call.call).await.ended_by, "agent");

    // Their phone is rung again, and they are ready as before.
    let call = world.until_connected_to(desk).await;
    let somebody_elses = agent_console.try_ask("/api/calls/cal_00000000000000000000000000000000/hang-up");
    assert_eq!(somebody_elses.await.unwrap_err().status, 403);
    agent_console.ask(&format!("/api/calls/{}/hang-up", call.call)).await;
    assert_eq!(world.until_over(&call.call).await.ended_by, "agent");

    let call = world.until_connected_to(supervisor).await;
    supervisor_console.ask(&format!("/api/calls/{}/hang-up", call.call)).await;
    let over = world.until_over(&call.call).await;
    assert_eq!(over.ended_by, "operator");
    assert_eq!(over.agent.as_ref(), Some(&agent.id));

    let call = world.until_connected_to(customer).await;
    assert_eq!(world.until_over(&call.call).await.ended_by, "customer");

    let calls = world.until_network_saw(4).await;
    let ended_by: Vec<String> = calls.into_iter().map(|call| call.ended_by).collect();
    assert_eq!(ended_by, ["pbx", "pbx", "pbx", "network"]);
    world.close().await;
}
