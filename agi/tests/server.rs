//! The server as a whole: bad peers, limits, panics, stopping.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use agi::{Connection, Error, Request, Server, Stopped};
use support::{Asterisk, HEADER, PATIENCE, Running, hand_over, serve};
use tokio::time::timeout;

const SOON: Duration = Duration::from_millis(50);

async fn say_hello(request: Request, mut connection: Connection) -> Result<(), Error> {
    connection.verbose(request.extension(), 1).await
}

/// A whole conversation with [`say_hello`].
async fn hello(address: std::net::SocketAddr) {
    let mut asterisk = Asterisk::connect(address).await;
    asterisk.send(HEADER).await;
    asterisk.answer("VERBOSE 100 1", "200 result=1").await;
    assert!(asterisk.closed().await.is_empty());
}

async fn stop(running: Running) -> Stopped {
    running.stop.send(()).unwrap();
    timeout(PATIENCE, running.stopped).await.expect("the server stops").unwrap()
}

#[tokio::test]
async fn a_bad_peer_loses_its_own_connection_only() {
    let settings = Server::builder().header_time_max(Duration::from_millis(300));
    let running = serve(settings, say_hello).await;
    let mut patient = Asterisk::connect(running.address).await;
    patient.send(HEADER).await;
    assert_eq!(patient.command().await, "VERBOSE 100 1");

    let long_line = format!("agi_request: {}", "x".repeat(agi::limits::LINE_BYTES_MAX));
    let many: String = (0..=agi::limits::VARIABLES_MAX).map(|n| format!("agi_x{n}: y\n")).collect();
    let large = format!("agi_a: {}\n", "x".repeat(8000)).repeat(9);
    let bad_openings: [&[u8]; 10] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"agi_request: \0\n\n",
        b"agi_request: x\nagi_request: y\n\n",
        b"\n",
        b"agi_request: half a li",
        b"",
        long_line.as_bytes(),
        many.as_bytes(),
        large.as_bytes(),
    ];
    for opening in bad_openings {
        let mut peer = Asterisk::connect(running.address).await;
        // The server may close before it has all.
        peer.try_send(opening).await;
        assert!(peer.closed().await.is_empty(), "{}", String::from_utf8_lossy(opening));
        hello(running.address).await;
    }

    patient.send("200 result=1\n").await;
    assert!(patient.closed().await.is_empty());
    assert_eq!(stop(running).await, Stopped { cut_off: 0 });
}

#[tokio::test]
async fn a_header_byte_by_byte_is_refused_after_the_deadline_of_the_whole() {
    let running = serve(Server::builder().header_time_max(SOON * 4), say_hello).await;
    let mut loris = Asterisk::connect(running.address).await;
    let dripping = async {
        let mut pace = tokio::time::interval(SOON);
        let mut number = 0;
        while loris.try_send(format!("agi_x{number}: y\n")).await {
            number += 1;
            pace.tick().await;
        }
    };
    timeout(PATIENCE, dripping).await.expect("the drip is cut off");
    hello(running.address).await;
}

#[tokio::test]
async fn a_peer_that_leaves_half_way_is_forgotten() {
    let running = serve(Server::builder(), say_hello).await;
    for bytes in [0, 10, HEADER.len() - 1, HEADER.len()] {
        let mut asterisk = Asterisk::connect(running.address).await;
        asterisk.send(&HEADER[..bytes]).await;
        drop(asterisk);
    }
    hello(running.address).await;
    assert_eq!(stop(running).await, Stopped { cut_off: 0 });
}

#[tokio::test]
async fn a_panic_ends_that_conversation_only() {
    let handler = async |request: Request, mut connection: Connection| {
        assert_ne!(request.context(), "panic", "as the test wants");
        connection.noop().await
    };
    let running = serve(Server::builder(), handler).await;
    let mut unlucky = Asterisk::connect(running.address).await;
    unlucky.send(HEADER.replace("from-trunk", "panic")).await;
    assert!(unlucky.closed().await.is_empty());

    let mut other = Asterisk::connect(running.address).await;
    other.send(HEADER).await;
    other.answer("NOOP", "200 result=0").await;
}

#[tokio::test]
async fn one_conversation_too_many_is_closed_at_once() {
    let (handler, mut taken) = {
        let (give, take) = tokio::sync::mpsc::unbounded_channel();
        let handler = move |_request: Request, mut connection: Connection| {
            give.send(()).unwrap();
            async move { connection.wait_for_hangup().await }
        };
        (handler, take)
    };
    let running = serve(Server::builder().connections_max(1), handler).await;
    let mut first = Asterisk::connect(running.address).await;
    first.send(HEADER).await;
    taken.recv().await.unwrap();
    assert_eq!(Asterisk::connect(running.address).await.closed().await, b"failure\n");

    first.send("HANGUP\n").await;
    first.closed().await;
    let mut second = Asterisk::connect(running.address).await;
    second.send(HEADER).await;
    timeout(PATIENCE, taken.recv()).await.expect("there is room again").unwrap();
}

#[tokio::test]
async fn only_allowed_peers_are_heard() {
    let running = serve(Server::builder().allow(["127.0.0.2".parse().unwrap()]), say_hello).await;
    assert!(Asterisk::connect(running.address).await.closed().await.is_empty());
    let running = serve(Server::builder().allow(["::ffff:127.0.0.1".parse().unwrap()]), say_hello).await;
    hello(running.address).await;
}

#[tokio::test]
async fn a_script_that_sends_nothing_is_ended() {
    let handler =
        async |_request: Request, _connection: Connection| std::future::pending::<Result<(), Error>>().await;
    let running = serve(Server::builder().idle_time_max(SOON), handler).await;
    let mut asterisk = Asterisk::connect(running.address).await;
    asterisk.send(HEADER).await;
    assert!(asterisk.closed().await.is_empty());
}

#[tokio::test]
async fn a_command_under_way_is_not_idleness() {
    let running = serve(Server::builder().idle_time_max(SOON), say_hello).await;
    let mut asterisk = Asterisk::connect(running.address).await;
    asterisk.send(HEADER).await;
    assert_eq!(asterisk.command().await, "VERBOSE 100 1");
    timeout(SOON * 5, asterisk.command()).await.expect_err("the connection stays open and silent");
    asterisk.send("200 result=1\n").await;
    assert!(asterisk.closed().await.is_empty());
}

#[tokio::test]
async fn stopping_lets_conversations_finish() {
    let running = serve(Server::builder(), say_hello).await;
    let mut asterisk = Asterisk::connect(running.address).await;
    asterisk.send(HEADER).await;
    assert_eq!(asterisk.command().await, "VERBOSE 100 1");

    let Running { address, stop, stopped } = running;
    stop.send(()).unwrap();
    until_refused(address).await;
    assert!(!stopped.is_finished());
    asterisk.send("200 result=1\n").await;
    assert_eq!(timeout(PATIENCE, stopped).await.unwrap().unwrap(), Stopped { cut_off: 0 });
}

#[tokio::test]
async fn stopping_cuts_off_what_takes_too_long() {
    let handler =
        async |_request: Request, mut connection: Connection| connection.wait_for_digit(None).await.map(drop);
    let running = serve(Server::builder().stop_time_max(SOON), handler).await;
    let mut asterisk = Asterisk::connect(running.address).await;
    asterisk.send(HEADER).await;
    assert_eq!(asterisk.command().await, "WAIT FOR DIGIT -1");
    assert_eq!(stop(running).await, Stopped { cut_off: 1 });
    assert!(asterisk.closed().await.is_empty());
}

#[tokio::test]
async fn many_conversations_at_once_do_not_mix() {
    let (handler, mut taken) = hand_over();
    let running = serve(Server::builder(), handler).await;
    let mut pairs = Vec::new();
    for number in 0..100 {
        let mut asterisk = Asterisk::connect(running.address).await;
        asterisk.send(HEADER.replace("agi_extension: 100", &format!("agi_extension: {number}"))).await;
        let (request, connection) = taken.recv().await.unwrap();
        assert_eq!(request.extension(), number.to_string());
        pairs.push((number, connection, asterisk));
    }
    for (number, connection, asterisk) in &mut pairs {
        let reply = format!("200 result=1 ({number})");
        let (value, ()) =
            tokio::join!(connection.get_variable("X"), asterisk.answer("GET VARIABLE X", &reply));
        assert_eq!(value.unwrap(), Some(number.to_string()));
    }
}

/// Waits until nobody listens any more.
async fn until_refused(address: std::net::SocketAddr) {
    let refused = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, refused).await.expect("the server stops listening");
}
