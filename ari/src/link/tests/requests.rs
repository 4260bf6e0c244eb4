//! Requests over the WebSocket: many at once, matched by id, each with an end.

use std::time::Duration;

use serde_json::json;

use super::server::{Server, channel};
use crate::error::{Error, Interruption};
use crate::requests::{bridges, channels};

#[tokio::test(start_paused = true)]
async fn replies_find_their_requests_in_any_order() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let asked: Vec<_> = (0..50)
        .map(|id| {
            let client = client.clone();
            tokio::spawn(async move { client.send(channels::Get::new(id.to_string())).await })
        })
        .collect();
    let mut requests = Vec::new();
    for _ in 0..50 {
        requests.push(socket.request().await);
    }
    for request in requests.iter().rev() {
        let id = request["uri"].as_str().unwrap().trim_start_matches("channels/");
        socket.reply(request, 200, &channel(id)).await;
    }
    for (id, answer) in asked.into_iter().enumerate() {
        assert_eq!(answer.await.unwrap().unwrap().id, id.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_travels_with_its_query_and_body() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let originate = channels::Originate {
        endpoint: "PJSIP/+33199000001@trunk".to_owned(),
        caller_id: Some("\"A & B\" <+33199000002>".to_owned()),
        variables: [("NAME".to_owned(), "value".into())].into(),
        ..Default::default()
    };
    let asking = tokio::spawn(async move { client.send(originate).await });
    let request = socket.request().await;
    assert_eq!(request["type"], "RESTRequest");
    assert_eq!(request["method"], "POST");
    assert_eq!(
        request["uri"],
        "channels?endpoint=PJSIP%2F%2B33199000001%40trunk&callerId=%22A%20%26%20B%22%20%3C%2B33199000002%3E"
    );
    assert_eq!(request["content_type"], "application/json");
    assert_eq!(request["message_body"], r#"{"variables":{"NAME":"value"}}"#);
    socket.reply(&request, 200, &channel("one")).await;
    assert_eq!(asking.await.unwrap().unwrap().id, "one");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_carries_status_and_words() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let asking = {
        let client = client.clone();
        tokio::spawn(async move {
            client.send(bridges::AddChannel::new("b", ["one".to_owned(), "two".to_owned()])).await
        })
    };
    let request = socket.request().await;
    assert_eq!(request["uri"], "bridges/b/addChannel?channel=one%2Ctwo");
    socket.reply(&request, 409, &json!({ "message": "Channel not in Stasis application" })).await;
    let error = asking.await.unwrap().unwrap_err();
    assert!(error.is_conflict());
    assert_eq!(
        error.to_string(),
        "Asterisk refused `POST /bridges/{bridgeId}/addChannel`: 409 Channel not in Stasis application"
    );

    let asking = tokio::spawn(async move { client.find(channels::Get::new("gone")).await });
    let request = socket.request().await;
    socket.reply(&request, 404, &json!({ "message": "Channel not found" })).await;
    assert_eq!(asking.await.unwrap().unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_does_no_harm() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let (outcome, late) = tokio::join!(
        client.send_within(channels::Answer::new("one"), Duration::from_millis(100)),
        socket.request()
    );
    assert!(
        matches!(outcome, Err(Error::OutcomeUnknown { interruption: Interruption::Deadline, .. })),
        "{outcome:?}"
    );
    socket.reply(&late, 204, &json!(null)).await;

    let (outcome, ()) = tokio::join!(client.send(channels::Ring::new("one")), async {
        let request = socket.request().await;
        assert_ne!(request["request_id"], late["request_id"]);
        socket.reply(&request, 204, &json!(null)).await;
    });
    outcome.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_cannot_be_decoded_is_an_unknown_outcome() {
    let (mut server, client, mut events) = Server::with_client();
    let (mut socket, _) = server.connect(&mut events).await;

    let (outcome, ()) = tokio::join!(client.send(channels::Get::new("one")), async {
        let request = socket.request().await;
        socket.reply(&request, 200, &json!({ "id": 7 })).await;
    });
    assert!(matches!(outcome, Err(Error::UnexpectedReply { .. })), "{outcome:?}");
}
