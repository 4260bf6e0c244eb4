//! The live stream over real sockets: who gets on, what they are sent, and when they are sent away.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cadran_engine::model::{AgentId, Role};
use cadran_engine::view::{AgentView, LiveView};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use uuid::Uuid;

use super::world::{World, now};

/// Longer than anything here takes on a machine with other work to do.
const SOON: Duration = Duration::from_secs(20);

/// A screen.
pub(super) struct Screen(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Screen {
    pub(super) async fn open(at: SocketAddr) -> Self {
        Self(connect_async(format!("ws://{at}/api/live")).await.unwrap().0)
    }

    /// Opens a socket and greets with a ticket of this sign-in.
    pub(super) async fn welcome(world: &World, at: SocketAddr, token: &str) -> Self {
        let mut screen = Self::open(at).await;
        screen.hello(&ticket(world, token).await).await;
        assert_eq!(screen.hear("welcome").await["hb"], 2000);
        screen
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(super) async fn hello(&mut self, ticket: &str) {
        self.say(json!({ "op": "hello", "ticket": ticket, "proto": 1 })).await;
    }

    /// The next message of this kind.
    async fn hear(&mut self, op: &str) -> Value {
        let hear = async {
            loop {
                let message = self.0.next().await.expect("the socket is open").unwrap();
                if let Message::Text(text) = message {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["op"] == op {
                        return message;
                    }
                }
            }
        };
        tokio::time::timeout(SOON, hear).await.unwrap_or_else(|_| panic!("no `{op}`"))
    }

    /// The code of the last message, which the close frame repeats.
    pub(super) async fn end(&mut self) -> u16 {
        let end = async {
            let mut said = None;
            while let Some(Ok(message)) = self.0.next().await {
                match message {
                    Message::Text(text) if text.contains(r#""op":"bye""#) => {
                        let bye: Value = serde_json::from_str(&text).unwrap();
                        said = bye["code"].as_u64();
                    }
                    Message::Close(Some(close)) => {
                        assert_eq!(said, Some(u64::from(u16::from(close.code))));
                        return close.code.into();
                    }
                    _ => {}
                }
            }
            panic!("the socket ended without a word")
        };
        tokio::time::timeout(SOON, end).await.expect("the socket ends")
    }
}

pub(super) async fn ticket(world: &World, token: &str) -> String {
    let reply = world.call("POST", "/api/live/tickets").token(token).send().await.expect(201);
    reply.json()["ticket"].as_str().unwrap().to_owned()
}

fn floor(state: &'static str) -> LiveView {
    let agent = |row| AgentView {
        agent: AgentId::from_i64(row),
        session: format!("ses_{}", Uuid::nil().simple()).parse().unwrap(),
        state,
        reason: None,
        since: now(),
        call: None,
        preview: None,
        refused: None,
        phone_up: true,
        campaigns: Vec::new(),
        supervising: None,
        listeners: Vec::new(),
        taken_over_by: None,
    };
    LiveView { agents: vec![agent(1), agent(2)], ..LiveView::default() }
}

#[tokio::test]
async fn a_screen_is_shown_what_is_there_and_then_what_changes() {
    let world = World::new().await;
    let at = world.listen().await;
    let token = world.signed_in(Role::Supervisor).await;
    world.show(floor("paused"));
    let mut screen = Screen::welcome(&world, at, &token).await;
    screen.say(json!({ "op": "sub", "id": 1, "topic": "agents" })).await;
    let mut known = screen.hear("snap").await["rows"].as_array().unwrap().len();
    if known == 0 {
        known = screen.hear("d").await["up"].as_array().unwrap().len();
    }
    assert_eq!(known, 2);
    world.show(floor("ready"));
    let delta = screen.hear("d").await;
    assert_eq!(delta["up"][0][2]["state"], "ready");
    assert_eq!(delta["up"][0][2]["campaigns"], Value::Null, "only what changed");
    screen.say(json!({ "op": "ping", "t": 12.5 })).await;
    let pong = screen.hear("pong").await;
    assert_eq!(pong["t"], 12.5);
    assert!(screen.hear("mark").await["src"].is_number());
}

#[tokio::test]
async fn a_ticket_opens_one_socket_of_the_user_it_was_given_to() {
    let world = World::new().await;
    let at = world.listen().await;
    let marie = world.signed_in(Role::Supervisor).await;
    let jean = world.signed_in(Role::CampaignManager).await;
    let used = ticket(&world, &marie).await;
    let mut first = Screen::open(at).await;
    first.hello(&used).await;
    first.hear("welcome").await;
    for wrong in [&used, "", "0123", &marie] {
        let mut screen = Screen::open(at).await;
        screen.hello(wrong).await;
        assert_eq!(screen.end().await, 4401, "{wrong:?}");
    }

    // A browser that is signed in as Jean shows the ticket of Marie.
    let mut request = format!("ws://{at}/api/live").into_client_request().unwrap();
    let cookie = format!("__Host-cadran={jean}").parse().unwrap();
    request.headers_mut().insert("cookie", cookie);
    let mut screen = Screen(connect_async(request).await.unwrap().0);
    screen.hello(&ticket(&world, &marie).await).await;
    assert_eq!(screen.end().await, 4401);

    // A ticket outlives no sign-in.
    let stale = ticket(&world, &jean).await;
    world.call("DELETE", "/api/session").token(&jean).send().await.expect(204);
    let mut screen = Screen::open(at).await;
    screen.hello(&stale).await;
    assert_eq!(screen.end().await, 4401);
}

#[tokio::test]
async fn whoever_loses_role_or_sign_in_is_sent_away_within_a_second() {
    let world = World::new().await;
    let at = world.listen().await;
    let admin = world.signed_in(Role::Admin).await;
    let user = world.add_user("marie", Role::Supervisor, None).await;
    let path = format!("/api/users/{user}");
    for step in ["role", "switched off", "signed out", "removed"] {
        let on = json!({ "role": "supervisor", "agent": null, "enabled": true, "password": null });
        let rev = |reply: super::world::Reply| reply.header("etag").to_owned();
        let etag = rev(world.call("GET", &path).token(&admin).send().await.expect(200));
        world.call("PUT", &path).token(&admin).header("if-match", &etag).json(&on).send().await.expect(200);
        let token = world.sign_in("marie").await;
        let mut screen = Screen::welcome(&world, at, &token).await;
        screen.say(json!({ "op": "sub", "id": 1, "topic": "agents" })).await;
        screen.hear("snap").await;

        let etag = rev(world.call("GET", &path).token(&admin).send().await.expect(200));
        let change = |role: &str, enabled: bool| {
            let body = json!({ "role": role, "agent": null, "enabled": enabled, "password": null });
            world.call("PUT", &path).token(&admin).header("if-match", &etag).json(&body).send()
        };
        match step {
            "role" => drop(change("campaign_manager", true).await.expect(200)),
            "switched off" => drop(change("supervisor", false).await.expect(200)),
            "signed out" => drop(world.call("DELETE", "/api/session").token(&token).send().await.expect(204)),
            _ => {
                let remove = world.call("DELETE", &path).token(&admin).header("if-match", &etag);
                remove.send().await.expect(204);
            }
        }
        let changed = Instant::now();
        assert_eq!(screen.end().await, 4401, "{step}");
        assert!(changed.elapsed() < Duration::from_secs(1), "{step}: {:?}", changed.elapsed());
    }
}

#[tokio::test]
async fn a_change_of_password_ends_the_other_sockets() {
    let world = World::new().await;
    let at = world.listen().await;
    world.add_user("marie", Role::Supervisor, None).await;
    let (here, elsewhere) = (world.sign_in("marie").await, world.sign_in("marie").await);
    let mut screen = Screen::welcome(&world, at, &here).await;
    let mut other = Screen::welcome(&world, at, &elsewhere).await;
    let change = json!({ "old": super::world::PASSWORD, "new": "another correct battery" });
    world.call("PUT", "/api/me/password").token(&here).json(&change).send().await.expect(204);
    assert_eq!(other.end().await, 4401);
    screen.say(json!({ "op": "ping", "t": 1 })).await;
    screen.hear("pong").await;
}

#[tokio::test]
async fn nobody_gets_on_from_another_site_or_without_a_socket() {
    let world = World::new().await;
    let at = world.listen().await;
    let reply = world.call("GET", "/api/live").send().await;
    assert_eq!((reply.problem(), reply.header("upgrade")), ((426, "not_web_socket".to_owned()), "websocket"));
    let mut request = format!("ws://{at}/api/live").into_client_request().unwrap();
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    let refused = connect_async(request).await.unwrap_err().to_string();
    assert!(refused.contains("403"), "{refused}");
    let reply = world.call("POST", "/api/live/tickets").header("origin", "https://evil.example").send().await;
    assert_eq!(reply.problem(), (403, "cross_site".to_owned()));
}

#[tokio::test]
async fn whoever_asks_for_what_is_not_theirs_or_for_too_much_is_sent_away() {
    let world = World::new().await;
    let at = world.listen().await;
    let admin = world.signed_in(Role::Admin).await;
    let (_, agent) = world.agent(&admin, "agent-1").await;
    let mut screen = Screen::welcome(&world, at, &agent).await;
    screen.say(json!({ "op": "sub", "id": 1, "topic": "campaigns" })).await;
    assert_eq!(screen.end().await, 4403);

    let mut screen = Screen::welcome(&world, at, &agent).await;
    screen.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(screen.end().await, 1002);

    // Ten megabytes: the socket is dropped before they are read.
    let mut screen = Screen::welcome(&world, at, &agent).await;
    let _ = screen.0.send(Message::text("x".repeat(10_000_000))).await;
    let gone = async { while let Some(Ok(_)) = screen.0.next().await {} };
    tokio::time::timeout(SOON, gone).await.unwrap();

    let mut seats = Vec::new();
    for _ in 0..16 {
        seats.push(Screen::welcome(&world, at, &admin).await);
    }
    let mut one_more = Screen::open(at).await;
    one_more.hello(&ticket(&world, &admin).await).await;
    assert_eq!(one_more.end().await, 4429);
}

#[tokio::test]
async fn a_screen_that_answers_no_ping_is_let_go_of() {
    let world = World::new().await;
    let at = world.listen().await;
    let token = world.signed_in(Role::Supervisor).await;
    let screen = Screen::welcome(&world, at, &token).await;
    // From here on nobody answers: what is read is not understood.
    let MaybeTlsStream::Plain(mut socket) = screen.0.into_inner() else { panic!("no plain socket") };
    let mut heard = Vec::new();
    tokio::time::timeout(SOON, socket.read_to_end(&mut heard)).await.unwrap().unwrap();
    let heard = String::from_utf8_lossy(&heard).into_owned();
    assert!(heard.contains(r#"{"op":"bye","code":4408,"retry_ms":200}"#), "{heard}");
}

#[tokio::test]
async fn everybody_is_told_when_the_daemon_goes() {
    let world = World::new().await;
    let at = world.listen().await;
    let token = world.signed_in(Role::Supervisor).await;
    let mut screen = Screen::welcome(&world, at, &token).await;
    let (code, ()) = tokio::join!(screen.end(), world.app.close_sockets());
    assert_eq!(code, 1001);
}
