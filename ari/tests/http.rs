//! Requests over HTTP: while the WebSocket is down, for files, and for an Asterisk that knows no other way.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use ari::{Client, Config, Delivery, Error, Events, Interruption, Limits, asterisk, channels, recordings};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

/// A web server that does what a test tells it to.
struct Server {
    listener: TcpListener,
}

/// One HTTP request: its first line, its `Authorization`, its body.
#[derive(Debug)]
struct Heard {
    line: String,
    authorization: String,
    body: String,
}

impl Server {
    async fn with_client() -> (Self, Client, Events) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (client, events) = Client::connect(Config::new(url, "user", "secret", "app")).unwrap();
        (Self { listener }, client, events)
    }

    /// The next connection that asks for something else than the event stream, and what it asks for.
    ///
    /// Attempts to open the event stream are hung up on.
    async fn next(&self) -> (BufStream<TcpStream>, Heard) {
        loop {
            let (stream, _) = self.listener.accept().await.unwrap();
            let mut stream = BufStream::new(stream);
            let heard = hear(&mut stream).await;
            if !heard.line.starts_with("GET /ari/events?") {
                return (stream, heard);
            }
        }
    }
}

async fn hear(stream: &mut BufStream<TcpStream>) -> Heard {
    let mut heard = Heard { line: String::new(), authorization: String::new(), body: String::new() };
    stream.read_line(&mut heard.line).await.unwrap();
    let mut length = 0;
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.unwrap();
        match header.trim().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                heard.authorization = value.to_owned()
            }
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap()
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    heard.body = String::from_utf8(body).unwrap();
    heard
}

async fn answer(stream: &mut BufStream<TcpStream>, status: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    stream.flush().await.unwrap();
}

#[tokio::test]
async fn requests_go_over_http_while_the_link_is_down() {
    let (server, client, _events) = Server::with_client().await;
    let variables = [("NAME".to_owned(), "value".into())].into();
    let request = channels::SetVariables { channel_id: "a/b".to_owned(), variables };
    let (outcome, ()) = tokio::join!(client.send(request), async {
        let (mut stream, heard) = server.next().await;
        assert_eq!(heard.line, "POST /ari/channels/a%2Fb/variables HTTP/1.1\r\n");
        assert_eq!(heard.authorization, "Basic dXNlcjpzZWNyZXQ=");
        assert_eq!(heard.body, r#"{"variables":{"NAME":"value"}}"#);
        answer(&mut stream, "409 Conflict", br#"{"message":"Channel not in Stasis application"}"#).await;
    });
    let error = outcome.unwrap_err();
    assert!(error.is_conflict());
    assert!(error.to_string().ends_with("Channel not in Stasis application"), "{error}");
    assert!(!client.is_connected());
}

#[tokio::test]
async fn a_recording_is_downloaded_as_it_is() {
    const SOUND: &[u8] = b"RIFF\0\xff\xfe not text";
    let (server, client, _events) = Server::with_client().await;
    let (file, ()) = tokio::join!(client.send(recordings::DownloadStored::new("calls/one")), async {
        let (mut stream, heard) = server.next().await;
        assert_eq!(heard.line, "GET /ari/recordings/stored/calls%2Fone/file HTTP/1.1\r\n");
        answer(&mut stream, "200 OK", SOUND).await;
    });
    assert_eq!(file.unwrap(), SOUND);
}

#[tokio::test]
async fn a_request_that_was_heard_and_not_answered_has_an_unknown_outcome() {
    let (server, client, _events) = Server::with_client().await;
    let (outcome, ()) = tokio::join!(client.send(channels::Answer::new("one")), async {
        drop(server.next().await);
    });
    assert!(
        matches!(outcome, Err(Error::OutcomeUnknown { interruption: Interruption::Cut, .. })),
        "{outcome:?}"
    );

    let hurried = client.send_within(channels::Answer::new("one"), Duration::from_millis(50));
    let (outcome, _held) = tokio::join!(hurried, server.next());
    assert!(
        matches!(outcome, Err(Error::OutcomeUnknown { interruption: Interruption::Deadline, .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_request_that_nobody_hears_was_not_carried_out() {
    let (server, client, _events) = Server::with_client().await;
    drop(server);
    let outcome = client.send(channels::Answer::new("one")).await;
    assert!(matches!(outcome, Err(Error::Unreachable { .. })), "{outcome:?}");
}

/// Asterisk before 20.14, 21.9 and 22.4 reads requests on the WebSocket and says nothing.
#[tokio::test]
async fn an_asterisk_that_takes_no_requests_over_the_websocket_gets_them_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let limits = Limits { request_deadline: Duration::from_millis(200), ..Limits::default() };
    let (client, mut events) =
        Client::connect(Config::new(url, "user", "secret", "app").limits(limits)).unwrap();

    let (stream, _) = listener.accept().await.unwrap();
    let _silent = tokio_tungstenite::accept_async(stream).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufStream::new(stream);
    let heard = hear(&mut stream).await;
    assert_eq!(heard.line, "GET /ari/asterisk/info?only=system HTTP/1.1\r\n");
    answer(&mut stream, "200 OK", br#"{"system":{"version":"18.0.0","entity_id":"here"}}"#).await;

    let Some(Delivery::Connected(connection)) = events.next().await else { panic!("no connection") };
    assert!(!connection.rest_over_websocket);
    assert_eq!(connection.asterisk_version, "18.0.0");

    let (pong, ()) = tokio::join!(client.send(asterisk::Ping::new()), async {
        let heard = hear(&mut stream).await; // on the connection that was kept
        assert_eq!(heard.line, "GET /ari/asterisk/ping HTTP/1.1\r\n");
        answer(&mut stream, "200 OK", br#"{"ping":"pong","asterisk_id":"here","timestamp":""}"#).await;
    });
    assert_eq!(pong.unwrap().ping, "pong");
}

#[tokio::test]
async fn a_configuration_that_cannot_work_says_why() {
    let refusal = |url: &str, app: &str| match Client::connect(Config::new(url, "user", "secret", app)) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{url} was accepted"),
    };
    assert!(refusal("127.0.0.1:8088", "app").contains("cannot be read"));
    assert!(refusal("ftp://127.0.0.1", "app").contains("must begin with `http://` or `https://`"));
    assert!(refusal("http://127.0.0.1", "one,two").contains("is not the name of one application"));
    let with_password = refusal("http://user:secret@127.0.0.1", "app");
    assert!(with_password.contains("must not hold credentials") && !with_password.contains("secret"));
}
