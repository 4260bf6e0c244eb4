//! A pretend Asterisk at the other end of a pipe, which does only what a test tells it to.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::client::Client;
use crate::config::{Config, EventFilter, Limits};
use crate::delivery::{Connection, Delivery, Events};
use crate::http::Http;
use crate::link::Dialler;
use crate::link::socket::Stream;

/// Room in a pipe, in bytes: enough that neither side waits unless a test means it to.
const PIPE: usize = 1 << 20;

/// The telephone exchange: where the client's connections arrive.
pub(super) struct Server {
    dialled: mpsc::UnboundedReceiver<DuplexStream>,
}

impl Server {
    /// A client with default limits, and the server it connects to.
    pub(super) fn with_client() -> (Self, Client, Events) {
        Self::with_limits(Limits::default())
    }

    pub(super) fn with_limits(limits: Limits) -> (Self, Client, Events) {
        Self::with_config(config().limits(limits))
    }

    pub(super) fn with_config(config: Config) -> (Self, Client, Events) {
        let (dialled, connections) = mpsc::unbounded_channel();
        let base = config.base_url().unwrap();
        let dialler = Dialler::over(&config, &base, move || {
            let (ours, theirs) = tokio::io::duplex(PIPE);
            let _ = dialled.send(theirs);
            Box::pin(async move { Ok(Box::new(ours) as Box<dyn Stream>) })
        });
        let http = Http::new(base, config.credentials.clone()).unwrap();
        let (client, events) = Client::start(config, dialler.unwrap(), http);
        (Self { dialled: connections }, client, events)
    }

    /// The next connection, before anything is said on it.
    pub(super) async fn dialled(&mut self) -> DuplexStream {
        self.dialled.recv().await.unwrap()
    }

    /// The next connection, upgraded.
    pub(super) async fn accept(&mut self) -> Socket {
        self.accept_with_upgrade().await.0
    }

    /// The next connection, upgraded, and the request that asked for it.
    pub(super) async fn accept_with_upgrade(&mut self) -> (Socket, Request) {
        let stream = self.dialled().await;
        let mut upgrade = None;
        #[allow(clippy::result_large_err, reason = "the signature is given")]
        let callback = |request: &Request, response: Response| {
            upgrade = Some(request.clone());
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, callback).await.unwrap();
        (Socket(socket), upgrade.unwrap())
    }

    /// The next connection, greeted and up.
    pub(super) async fn connect(&mut self, events: &mut Events) -> (Socket, Connection) {
        let mut socket = self.accept().await;
        socket.greet().await;
        match events.next().await {
            Some(Delivery::Connected(connection)) => (socket, connection),
            other => panic!("no connection but {other:?}"),
        }
    }

    /// Whether the client has dialled again.
    pub(super) fn was_dialled(&mut self) -> bool {
        self.dialled.try_recv().is_ok()
    }
}

/// A client of the application `app`; nothing listens at its address for HTTP.
pub(super) fn config() -> Config {
    Config::new("http://127.0.0.1:1", "user", "secret", "app")
}

pub(super) fn config_with_filter() -> Config {
    config().event_filter(EventFilter::only(["StasisStart"])).subscribe("endpoint:PJSIP/alice")
}

/// The server's end of a WebSocket.
pub(super) struct Socket(WebSocketStream<DuplexStream>);

impl Socket {
    /// The next request. Pings before it are answered, as a WebSocket does by itself.
    pub(super) async fn request(&mut self) -> Value {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(json) => return serde_json::from_str(&json).unwrap(),
                Message::Ping(_) => self.0.flush().await.unwrap(),
                other => panic!("no request but {other:?}"),
            }
        }
    }

    /// Answers pings until the client ends the connection.
    pub(super) async fn answer_pings(&mut self) {
        while let Some(Ok(message)) = self.0.next().await {
            assert!(message.is_ping(), "no ping but {message:?}");
            self.0.flush().await.unwrap();
        }
    }

    pub(super) async fn reply(&mut self, request: &Value, status: u16, body: &Value) {
        let reply = json!({
            "type": "RESTResponse",
            "transaction_id": request["transaction_id"],
            "request_id": request["request_id"],
            "status_code": status,
            "reason_phrase": "reason",
            "uri": request["uri"],
            "message_body": body.to_string(),
        });
        self.say(&reply.to_string()).await;
    }

    /// Answers the question that every connection begins with.
    pub(super) async fn greet(&mut self) {
        let request = self.request().await;
        assert_eq!(request["uri"], "asterisk/info?only=system");
        self.reply(&request, 200, &json!({ "system": { "version": "22.10.1", "entity_id": "here" } })).await;
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }
}

/// An event that is easy to tell from others.
pub(super) fn stasis_end(channel: &str) -> String {
    json!({
        "type": "StasisEnd",
        "application": "app",
        "timestamp": "2026-08-11T10:00:00.123+0000",
        "channel": self::channel(channel),
    })
    .to_string()
}

pub(super) fn channel(id: &str) -> Value {
    json!({
        "id": id,
        "name": format!("PJSIP/{id}"),
        "state": "Up",
        "caller": { "name": "", "number": "+33199000001" },
        "connected": { "name": "", "number": "" },
        "accountcode": "",
        "dialplan": { "context": "default", "exten": "s", "priority": 1 },
        "creationtime": "2026-08-11T10:00:00.123+0000",
        "language": "en",
    })
}
