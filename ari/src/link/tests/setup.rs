//! What is in force before a link counts as connected.

use serde_json::json;

use super::server::{Server, config, config_with_filter, stasis_end};
use crate::delivery::{Delivery, Gap};
use crate::event::Event;

/// Answers the requests of `config_with_filter` after the greeting, the subscription with this status.
async fn set_up(socket: &mut super::server::Socket, status: u16) {
    let application = json!({
        "name": "app", "channel_ids": [], "bridge_ids": [], "endpoint_ids": [], "device_names": [],
    });
    let filter = socket.request().await;
    assert_eq!(
        (filter["method"].as_str(), filter["uri"].as_str()),
        (Some("PUT"), Some("applications/app/eventFilter"))
    );
    // Replies are events to Asterisk's filter: without their type here, none would arrive.
    assert_eq!(
        filter["message_body"],
        r#"{"allowed":[{"type":"StasisStart"},{"type":"ApplicationReplaced"},{"type":"RESTResponse"}],"disallowed":[]}"#
    );
    socket.reply(&filter, 200, &application).await;
    let subscribe = socket.request().await;
    assert_eq!(subscribe["uri"], "applications/app/subscription?eventSource=endpoint%3APJSIP%2Falice");
    socket.reply(&subscribe, status, &application).await;
}

#[tokio::test(start_paused = true)]
async fn credentials_travel_in_the_header_only() {
    let (mut server, client, events) = Server::with_config(config().subscribe_all());
    let (_socket, upgrade) = server.accept_with_upgrade().await;
    assert_eq!(upgrade.headers()["authorization"], "Basic dXNlcjpzZWNyZXQ=");
    assert_eq!(upgrade.uri(), "/ari/events?app=app&subscribeAll=true");
    for shown in [format!("{:?}", config()), format!("{client:?}"), format!("{events:?}")] {
        assert!(!shown.contains("secret") && !shown.contains("dXNlcjpzZWNyZXQ"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn filter_and_subscriptions_come_before_connected_each_time() {
    let (mut server, client, mut events) = Server::with_config(config_with_filter());
    for reconnected in [false, true] {
        let mut socket = server.accept().await;
        socket.say(&stasis_end("early")).await;
        socket.greet().await;
        assert!(!client.is_connected());
        set_up(&mut socket, 200).await;

        let Some(Delivery::Connected(connection)) = events.next().await else { panic!("no connection") };
        assert_eq!(connection.asterisk_version, "22.10.1");
        assert_eq!(connection.asterisk_id, "here");
        assert_eq!(connection.reconnected, reconnected);
        assert!(connection.rest_over_websocket);
        assert_eq!(connection.lost_subscriptions, [""; 0]);
        // What happened during the set-up is not lost.
        let early = events.next().await;
        assert!(matches!(early, Some(Delivery::Event(Event::StasisEnd(_)))), "{early:?}");

        drop(socket);
        assert!(matches!(events.next().await, Some(Delivery::Gap(Gap::Cut(_)))));
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_gone_does_not_keep_the_link_down() {
    let (mut server, _client, mut events) = Server::with_config(config_with_filter());
    let mut socket = server.accept().await;
    socket.greet().await;
    set_up(&mut socket, 422).await;
    let Some(Delivery::Connected(connection)) = events.next().await else { panic!("no connection") };
    assert_eq!(connection.lost_subscriptions, ["endpoint:PJSIP/alice"]);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_made_later_are_renewed() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;
    let application = json!({
        "name": "app", "channel_ids": [], "bridge_ids": [], "endpoint_ids": [], "device_names": [],
    });
    for (source, status) in [("bridge:kept", 200), ("bridge:refused", 422)] {
        let (_outcome, ()) = tokio::join!(client.subscribe(source), async {
            let request = socket.request().await;
            socket.reply(&request, status, &application).await;
        });
    }
    drop(socket);
    assert!(matches!(events.next().await, Some(Delivery::Gap(Gap::Cut(_)))));

    let mut socket = server.accept().await;
    socket.greet().await;
    let renewed = socket.request().await;
    assert_eq!(renewed["uri"], "applications/app/subscription?eventSource=bridge%3Akept");
    socket.reply(&renewed, 200, &application).await;
    assert!(matches!(events.next().await, Some(Delivery::Connected(_))));
}
