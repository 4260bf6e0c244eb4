//! Opening the WebSocket.

use std::io;
use std::pin::Pin;

use reqwest::Url;
use reqwest::header::AUTHORIZATION;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request as Upgrade;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::Error;
use crate::config::{Config, Credentials};
use crate::request::Request;
use crate::requests::events::OpenWebSocket;

/// Longest message from Asterisk, in bytes: a list of some 50,000 channels.
const MESSAGE_MAX: usize = 64 * 1024 * 1024;

/// A byte stream to Asterisk: TCP, or a pipe in tests.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) type Socket = WebSocketStream<MaybeTlsStream<Box<dyn Stream>>>;

type Dialled = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// Opens byte streams to one Asterisk.
pub(crate) struct Dialler {
    url: Url,
    credentials: Credentials,
    dial: Box<dyn Fn() -> Dialled + Send + Sync>,
}

impl Dialler {
    /// Dials over TCP.
    pub(crate) fn tcp(config: &Config, base: &Url) -> Result<Self, Error> {
        let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = base.port_or_known_default().unwrap_or(80);
        Self::over(config, base, move || {
            let host = host.clone();
            Box::pin(async move {
                let stream = TcpStream::connect((host.as_str(), port)).await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream) as Box<dyn Stream>)
            })
        })
    }

    /// Dials as told.
    pub(crate) fn over(
        config: &Config,
        base: &Url,
        dial: impl Fn() -> Dialled + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let open = OpenWebSocket {
            app: vec![config.app.clone()],
            subscribe_all: config.subscribe_all.then_some(true),
        };
        let target = open.encode().path_and_query();
        let text = format!("{base}{}", target.trim_start_matches('/')).replacen("http", "ws", 1);
        let url = Url::parse(&text).map_err(|problem| Error::Config(format!("`{text}`: {problem}")))?;
        Ok(Self { url, credentials: config.credentials.clone(), dial: Box::new(dial) })
    }

    /// Connects and upgrades.
    pub(super) async fn open(&self) -> Result<Socket, String> {
        let stream = (self.dial)().await.map_err(|problem| problem.to_string())?;
        let mut request = self.url.as_str().into_client_request().map_err(|problem| problem.to_string())?;
        request.headers_mut().insert(AUTHORIZATION, self.credentials.header());
        let config =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX)).max_frame_size(Some(MESSAGE_MAX));
        upgrade(request, stream, config).await.map_err(|problem| problem.to_string())
    }
}

/// Upgrades, with TLS for `wss`.
#[cfg(feature = "tls")]
async fn upgrade(
    request: Upgrade,
    stream: Box<dyn Stream>,
    config: WebSocketConfig,
) -> tungstenite::Result<Socket> {
    let upgraded = tokio_tungstenite::client_async_tls_with_config(request, stream, Some(config), None).await;
    upgraded.map(|(socket, _)| socket)
}

/// Upgrades.
#[cfg(not(feature = "tls"))]
async fn upgrade(
    request: Upgrade,
    stream: Box<dyn Stream>,
    config: WebSocketConfig,
) -> tungstenite::Result<Socket> {
    let stream = MaybeTlsStream::Plain(stream);
    let upgraded = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    upgraded.map(|(socket, _)| socket)
}
