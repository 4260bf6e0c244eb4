//! A conversation as sound over a real socket: who gets it, what arrives, and when it ends.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cadran::tap::{FRAME, Feeder, Frame};
use cadran_engine::input::Request;
use cadran_engine::model::{Role, SupervisionMode, TapId};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use super::world::{SOON, World};

/// A right that is gone ends what it opened within this time.
const WITHDRAWN_MAX: Duration = Duration::from_secs(1);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn path(format: &str) -> String {
    format!("/api/calls/cal_{}/audio?format={format}", Uuid::nil().simple())
}

async fn open(at: SocketAddr, token: &str, format: &str) -> Socket {
    let mut request = format!("ws://{at}{}", path(format)).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    connect_async(request).await.unwrap().0
}

/// The telephone side of the world's only tap: 20 ms of two constant voices every 20 ms.
fn speak(world: &World) -> tokio::task::JoinHandle<()> {
    let feeder: Feeder = world.taps.feeder(a_tap());
    tokio::spawn(async move {
        let frame = Frame { customer: vec![100; FRAME], agent: vec![-200; FRAME] };
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while feeder.feed(frame.clone()).is_ok() {
            ticks.tick().await;
        }
    })
}

pub(super) fn a_tap() -> TapId {
    TapId::from_uuid(Uuid::from_u128(5))
}

async fn next(socket: &mut Socket) -> Message {
    loop {
        let message =
            tokio::time::timeout(SOON, socket.next()).await.expect("something comes").unwrap().unwrap();
        if !message.is_ping() {
            return message;
        }
    }
}

/// The code of the close frame.
async fn end(mut socket: Socket) -> u16 {
    loop {
        if let Message::Close(close) = next(&mut socket).await {
            return close.unwrap().code.into();
        }
    }
}

/// Waits until the engine was told that a tap is over; says whether its right was withdrawn.
async fn until_closed(world: &World) -> bool {
    let closed = |request: &Request| match request {
        Request::CloseTap { tap, withdrawn } if *tap == a_tap() => Some(*withdrawn),
        _ => None,
    };
    world.until_asked(closed).await
}

#[tokio::test]
async fn both_voices_arrive_and_the_engine_is_told_at_the_end() {
    let world = World::new().await;
    let supervisor = world.signed_in(Role::Supervisor).await;
    let at = world.listen().await;
    speak(&world);
    let mut socket = open(at, &supervisor, "pcm").await;
    let hello: Value = serde_json::from_str(next(&mut socket).await.to_text().unwrap()).unwrap();
    let expected = json!({
        "op": "audio", "call": format!("cal_{}", Uuid::nil().simple()), "format": "pcm", "rate": 16_000,
        "channels": ["customer", "agent"], "frame": FRAME,
    });
    assert_eq!(hello, expected);
    for _ in 0..10 {
        let frame = next(&mut socket).await.into_data();
        assert_eq!(frame.len(), 4 * FRAME);
        assert_eq!(frame[..4], [100, 0, 0x38, 0xff]);
    }
    let asked = world.script().asked.last().cloned();
    let Some(Request::OpenTap { by, .. }) = asked else { panic!("{asked:?}") };
    assert_eq!((by.name.as_str(), by.agent), ("supervisor", None));
    drop(socket);
    assert!(!until_closed(&world).await);
}

#[tokio::test]
async fn nobody_hears_without_the_right_and_not_for_a_second_after_it() {
    let world = World::new().await;
    let admin = world.signed_in(Role::Admin).await;
    let viewer = world.signed_in(Role::Viewer).await;
    world.call("GET", &path("pcm")).token(&viewer).send().await.expect(403);
    world.call("GET", &path("pcm")).send().await.expect(401);
    world.call("GET", &path("pcm")).token(&admin).send().await.expect(426);
    let user = world.add_user("sup", Role::Supervisor, None).await;
    let supervisor = world.sign_in("sup").await;
    let at = world.listen().await;
    speak(&world);
    let mut socket = open(at, &supervisor, "opus").await;
    for _ in 0..10 {
        next(&mut socket).await;
    }
    let user = format!("/api/users/{user}");
    let rev = world.call("GET", &user).token(&admin).send().await.expect(200).json()["rev"].to_string();
    let change = json!({ "role": "viewer", "agent": null, "enabled": true });
    let request = world.call("PUT", &user).token(&admin).header("if-match", &format!("\"{rev}\""));
    let withdrawn = Instant::now();
    request.json(&change).send().await.expect(200);
    // A change of role ends the sign-in as well.
    assert_eq!(end(socket).await, 4401);
    assert!(withdrawn.elapsed() <= WITHDRAWN_MAX, "{:?}", withdrawn.elapsed());
    assert!(until_closed(&world).await);
    let told = world.script().asked.iter().any(|request| {
        matches!(request, Request::WithdrawSupervision { left, .. } if !left.contains(&SupervisionMode::Listen))
    });
    assert!(told, "the engine withdraws by itself too");
}

#[tokio::test]
async fn a_listener_that_stops_reading_is_let_go() {
    let world = World::new().await;
    let supervisor = world.signed_in(Role::Supervisor).await;
    let at = world.listen().await;
    let speaking = speak(&world);
    let mut socket = open(at, &supervisor, "pcm").await;
    next(&mut socket).await;
    assert!(!until_closed(&world).await);
    tokio::time::timeout(SOON, speaking).await.expect("nothing is fed to nobody").unwrap();
}

#[tokio::test]
async fn the_end_of_the_conversation_is_told() {
    let world = World::new().await;
    let supervisor = world.signed_in(Role::Supervisor).await;
    let at = world.listen().await;
    let speaking = speak(&world);
    let mut socket = open(at, &supervisor, "pcm").await;
    for _ in 0..5 {
        next(&mut socket).await;
    }
    speaking.abort();
    assert_eq!(end(socket).await, 1000);
    until_closed(&world).await;
}
