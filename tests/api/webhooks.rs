//! Events reach their receiver: signed, at least once, and nobody's private network.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::post;
use cadran::safe::Safe;
use cadran::store::{Delivery, DeliveryState, Page};
use cadran::webhooks::{Private, Sender, secret_bytes, sign};
use cadran_engine::model::{Role, Timestamp, WebhookId};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::recordings::record;
use super::world::{World, now};

/// What a receiver was told, and what it answers.
#[derive(Clone, Default)]
struct Receiver {
    told: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    answers: Arc<Mutex<Vec<StatusCode>>>,
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> impl IntoResponse {
    receiver.told.lock().unwrap().push((headers, body));
    receiver.answers.lock().unwrap().pop().unwrap_or(StatusCode::NO_CONTENT)
}

impl Receiver {
    async fn listen(&self) -> String {
        let away = || async { Redirect::temporary("http://127.0.0.1:9/") };
        let router =
            Router::new().route("/hook", post(hear)).route("/away", post(away)).with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, router).into_future());
        format!("http://{at}")
    }
}

fn sender(world: &World, private: Private, clock: fn() -> Timestamp) -> Sender {
    Sender::new(world.store.clone(), Safe::parse(&"11".repeat(32)).unwrap(), private, clock).unwrap()
}

/// A webhook at an address; gives its identifier and its secret.
async fn webhook(world: &World, admin: &str, url: &str, numbers: bool) -> (WebhookId, String) {
    let settings = json!({ "name": url, "url": url, "events": ["lead.settled"], "numbers": numbers });
    let made =
        world.call("POST", "/api/webhooks").token(admin).json(&settings).send().await.expect(201).json();
    (made["id"].as_str().unwrap().parse().unwrap(), made["secret"].as_str().unwrap().to_owned())
}

async fn deliveries(world: &World, id: WebhookId) -> Vec<Delivery> {
    world.store.deliveries(id, None, Page::first()).await.unwrap()
}

#[tokio::test]
async fn an_event_arrives_signed_and_again_after_a_refusal() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let (id, secret) = webhook(&world, &admin, &format!("{url}/hook"), false).await;
    receiver.answers.lock().unwrap().push(StatusCode::INTERNAL_SERVER_ERROR);
    record(&world, &admin, "a.wav").await;

    let at_once = sender(&world, Private::Allowed, now);
    assert_eq!(at_once.round().await.unwrap(), 1);
    assert_eq!(at_once.round().await.unwrap(), 0, "a pause follows a refusal");
    let waiting = deliveries(&world, id).await.remove(0);
    assert_eq!((waiting.state, waiting.status, waiting.attempts), (DeliveryState::Waiting, Some(500), 1));
    let later = sender(&world, Private::Allowed, || now() + Duration::from_secs(5));
    assert_eq!(later.round().await.unwrap(), 1);
    let delivered = deliveries(&world, id).await.remove(0);
    assert_eq!((delivered.state, delivered.status), (DeliveryState::Delivered, Some(204)));

    let told = receiver.told.lock().unwrap().clone();
    assert_eq!(told.len(), 2);
    let header = |index: usize, name: &str| told[index].0[name].to_str().unwrap().to_owned();
    assert_eq!(header(0, "webhook-id"), header(1, "webhook-id"));
    let at = Timestamp::from_millis(header(1, "webhook-timestamp").parse::<i64>().unwrap() * 1000);
    let expected = sign(&[secret_bytes(&secret).unwrap()], &header(1, "webhook-id"), at, &told[1].1);
    assert_eq!(header(1, "webhook-signature"), expected);
    let message: Value = serde_json::from_str(&told[1].1).unwrap();
    assert_eq!((&message["type"], &message["data"]["outcome"]), (&json!("lead.settled"), &json!("answered")));
    assert!(!told[1].1.contains("3399"), "{}", told[1].1);
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one_for_a_day() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let (id, old) = webhook(&world, &admin, &format!("{url}/hook"), false).await;
    let path = format!("/api/webhooks/{id}/rotate");
    let rotated = world.call("POST", &path).token(&admin).send().await.expect(200).json();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, old);
    record(&world, &admin, "a.wav").await;
    sender(&world, Private::Allowed, now).round().await.unwrap();
    world.store.replay_delivery(id, deliveries(&world, id).await[0].id, now()).await.unwrap();
    let next_day = || now() + Duration::from_secs(24 * 60 * 60 + 1);
    sender(&world, Private::Allowed, next_day).round().await.unwrap();
    let told = receiver.told.lock().unwrap().clone();
    let signatures = |index: usize| told[index].0["webhook-signature"].to_str().unwrap().split(' ').count();
    assert_eq!((signatures(0), signatures(1)), (2, 1));
}

#[tokio::test]
async fn nothing_is_sent_into_a_private_network_or_after_a_redirection() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let port = url.rsplit(':').next().unwrap().to_owned();
    let mut ids = Vec::new();
    for address in [
        format!("{url}/hook"),
        format!("http://localhost:{port}/hook"),
        format!("http://[::1]:{port}/hook"),
        format!("http://[::ffff:127.0.0.1]:{port}/hook"),
        format!("http://2130706433:{port}/hook"),
        format!("http://0x7f.1:{port}/hook"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        ids.push((webhook(&world, &admin, &address, false).await.0, address));
    }
    record(&world, &admin, "a.wav").await;
    sender(&world, Private::Refused, now).round().await.unwrap();
    for (id, address) in ids {
        let delivery = deliveries(&world, id).await.remove(0);
        assert_eq!((delivery.state, delivery.status), (DeliveryState::Waiting, None), "{address}");
        assert!(delivery.problem.unwrap().contains("not on the open network"), "{address}");
    }
    assert!(receiver.told.lock().unwrap().is_empty());

    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let (id, _) = webhook(&world, &admin, &format!("{url}/away"), false).await;
    record(&world, &admin, "a.wav").await;
    sender(&world, Private::Allowed, now).round().await.unwrap();
    assert_eq!(deliveries(&world, id).await[0].status, Some(307));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone_and_a_dead_message_comes_back_on_request() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let receiver = Receiver::default();
    let url = receiver.listen().await;
    let (id, _) = webhook(&world, &admin, &format!("{url}/hook"), false).await;
    receiver.answers.lock().unwrap().push(StatusCode::GONE);
    record(&world, &admin, "a.wav").await;
    sender(&world, Private::Allowed, now).round().await.unwrap();
    let path = format!("/api/webhooks/{id}");
    let kept = world.call("GET", &path).token(&admin).send().await.expect(200).json();
    assert_eq!((&kept["enabled"], &kept["rev"]), (&json!(false), &json!(2)));
    let rows =
        world.call("GET", &format!("{path}/deliveries?state=dead")).token(&admin).send().await.expect(200);
    let dead = rows.json()["rows"][0].clone();
    assert_eq!(dead["status"], 410);
    let replay = format!("{path}/deliveries/{}/replay", dead["id"]);
    world.call("POST", &replay).token(&admin).send().await.expect(204);
    assert_eq!(sender(&world, Private::Allowed, now).round().await.unwrap(), 0, "it is switched off");
    let mut on = kept.clone();
    for field in ["id", "rev", "updated_at"] {
        on.as_object_mut().unwrap().remove(field);
    }
    on["enabled"] = true.into();
    world.call("PUT", &path).token(&admin).header("if-match", "2").json(&on).send().await.expect(200);
    assert_eq!(sender(&world, Private::Allowed, now).round().await.unwrap(), 1);
    assert_eq!(deliveries(&world, id).await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_webhook_is_given_no_number_by_whoever_does_not_see_it_and_no_odd_address() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let role = json!({ "name": "hooks", "rights": ["edit_webhooks"] });
    world.call("POST", "/api/roles").token(&admin).json(&role).send().await.expect(201);
    let key = json!({ "name": "hooks", "rights": ["edit_webhooks"] });
    let key = world.call("POST", "/api/keys").token(&admin).json(&key).send().await.expect(201).json();
    let token = key["token"].as_str().unwrap();
    let settings = |url: &str, numbers: bool| json!({ "name": "x", "url": url, "events": ["call.ended"], "numbers": numbers });
    let ask = |settings: Value| world.call("POST", "/api/webhooks").token(token).json(&settings).send();
    assert_eq!(ask(settings("https://example.org", true)).await.problem(), (403, "forbidden".to_owned()));
    for url in ["ftp://example.org", "https://user:secret@example.org/", "javascript:alert(1)", "https://a b"]
    {
        let reply = ask(settings(url, false)).await;
        assert_eq!(reply.json()["errors"][0]["rule"], "webhook_url", "{url}");
    }
    let made = ask(settings("https://example.org", false)).await.expect(201);
    let path = made.header("location").to_owned();
    let shown = world.call("GET", &path).token(token).send().await.expect(200).text();
    assert!(!shown.contains("whsec_") && !shown.contains("secret"), "{shown}");
}
