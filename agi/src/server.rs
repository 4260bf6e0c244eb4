//! Accepting connections, one task each, until asked to stop.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout, timeout_at};
use tracing::{debug, error, warn};

use crate::activity::Activity;
use crate::connection::FAILURE;
use crate::header::HeaderScan;
use crate::inbound::Inbound;
use crate::{Connection, Error, Handler, HandlerError, Limits, Request, RequestError};

/// Pause after a failed `accept`. It fails when the process has no file descriptor left; trying again at once
/// would only burn the processor until a conversation ends.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A FastAGI server that listens and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    limits: Limits,
    allowed: Option<Vec<IpAddr>>,
}

/// Settings of a [`Server`]; the default of each is the constant in [`crate::limits`] that it names.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ServerBuilder {
    limits: Limits,
    allowed: Option<Vec<IpAddr>>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Stopped {
    /// Conversations that did not finish within [`crate::limits::STOP_TIME_MAX`] and were cut off.
    pub cut_off: usize,
}

/// Why a connection ended before its handler began.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("the peer sent nothing")]
    Nothing,
    #[error("the header did not arrive within {0:?}")]
    TooLate(Duration),
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Server {
    /// Listens with the default limits. FastAGI has no authentication: listen on loopback, or allow certain peers
    /// only ([`ServerBuilder::allow`]) and let the dialplan pass a secret.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::builder().bind(address).await
    }

    /// Begins with the default settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Where it listens; tells the port if port 0 was asked for.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers requests until `stop` is done, then lets the conversations under way finish.
    ///
    /// ```no_run
    /// # async fn run() -> std::io::Result<()> {
    /// let server = agi::Server::bind("127.0.0.1:4573").await?;
    /// let greet = |_request, mut connection: agi::Connection| async move {
    ///     connection.answer().await?;
    ///     connection.stream_file("hello-world", "", 0).await?;
    ///     Ok::<(), agi::Error>(())
    /// };
    /// let stopped = server.serve(greet, std::future::pending()).await;
    /// # Ok(()) }
    /// ```
    pub async fn serve(self, handler: impl Handler, stop: impl Future<Output = ()>) -> Stopped {
        let handler = Arc::new(handler);
        let mut stop = pin!(stop);
        let mut conversations = JoinSet::new();
        let mut at_limit = false;
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = self.listener.accept() => {
                    // Not when each ends: that would wake this task once more for every conversation.
                    while let Some(ended) = conversations.try_join_next() {
                        report_panic(ended);
                        at_limit = false;
                    }
                    match accepted {
                        Ok((_, peer)) if !self.allows(peer) => debug!(%peer, "Refused a peer that is not allowed"),
                        Ok((stream, peer)) if conversations.len() >= self.limits.connections_max => {
                            refuse(stream);
                            // One line tells of a whole rush.
                            if !std::mem::replace(&mut at_limit, true) {
                                warn!(%peer, max = self.limits.connections_max, "Refusing: too many conversations");
                            }
                        }
                        Ok((stream, peer)) => {
                            conversations.spawn(converse(stream, peer, self.limits, Arc::clone(&handler)));
                        }
                        Err(error) => {
                            warn!(%error, "Cannot accept connections");
                            sleep(ACCEPT_PAUSE).await;
                        }
                    }
                }
            }
        }
        drop(self.listener);
        finish(conversations, self.limits.stop_time_max).await
    }

    fn allows(&self, peer: SocketAddr) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.contains(&peer.ip().to_canonical()))
    }
}

impl ServerBuilder {
    /// Sets all limits at once.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// See [`crate::limits::LINE_BYTES_MAX`].
    pub fn line_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.line_bytes_max = bytes;
        self
    }

    /// See [`crate::limits::VARIABLES_MAX`].
    pub fn variables_max(mut self, count: usize) -> Self {
        self.limits.variables_max = count;
        self
    }

    /// See [`crate::limits::HEADER_BYTES_MAX`].
    pub fn header_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.header_bytes_max = bytes;
        self
    }

    /// See [`crate::limits::HEADER_TIME_MAX`].
    pub fn header_time_max(mut self, time: Duration) -> Self {
        self.limits.header_time_max = time;
        self
    }

    /// See [`crate::limits::REPLY_BYTES_MAX`].
    pub fn reply_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.reply_bytes_max = bytes;
        self
    }

    /// See [`crate::limits::REPLY_TIME_MAX`].
    pub fn reply_time_max(mut self, time: Duration) -> Self {
        self.limits.reply_time_max = time;
        self
    }

    /// See [`crate::limits::WAITING_REPLY_TIME_MAX`].
    pub fn waiting_reply_time_max(mut self, time: Duration) -> Self {
        self.limits.waiting_reply_time_max = time;
        self
    }

    /// See [`crate::limits::IDLE_TIME_MAX`].
    pub fn idle_time_max(mut self, time: Duration) -> Self {
        self.limits.idle_time_max = time;
        self
    }

    /// See [`crate::limits::CONNECTIONS_MAX`].
    pub fn connections_max(mut self, count: usize) -> Self {
        self.limits.connections_max = count;
        self
    }

    /// See [`crate::limits::STOP_TIME_MAX`].
    pub fn stop_time_max(mut self, time: Duration) -> Self {
        self.limits.stop_time_max = time;
        self
    }

    /// Accepts connections from these addresses only; an IPv4 address also stands for its IPv6-mapped form.
    pub fn allow(mut self, peers: impl IntoIterator<Item = IpAddr>) -> Self {
        self.allowed = Some(peers.into_iter().map(|peer| peer.to_canonical()).collect());
        self
    }

    /// Listens.
    pub async fn bind(self, address: impl ToSocketAddrs) -> io::Result<Server> {
        let listener = TcpListener::bind(address).await?;
        Ok(Server { listener, limits: self.limits, allowed: self.allowed })
    }
}

/// Lets the dialplan go on at once, with `AGISTATUS` telling that the script did not run.
fn refuse(stream: TcpStream) {
    // A peer that cannot take eight bytes learns the same from the end of the connection.
    let _ = stream.into_std().and_then(|mut stream| stream.write(FAILURE));
}

/// One connection, from its first byte to its last.
async fn converse(stream: TcpStream, peer: SocketAddr, limits: Limits, handler: Arc<impl Handler>) {
    let (request, connection, activity) = match open(stream, peer, limits).await {
        Ok(opened) => opened,
        // Monitoring probes connect and leave; that is no reason to warn.
        Err(refusal @ Refusal::Nothing) => return debug!(%peer, "Closed: {refusal}"),
        Err(refusal) => return warn!(%peer, "Closed: {refusal}"),
    };
    // In a box, because a task is moved several times while it is spawned, and a script can be some kilobytes.
    let script = Box::pin(handler.handle(request, connection));
    match activity.unless_idle(limits.idle_time_max, script).await {
        Some(answered) => report_end(peer, answered),
        None => {
            warn!(%peer, idle_time_max = ?limits.idle_time_max, "Closed: the script sent nothing for too long");
        }
    }
}

async fn open(
    mut stream: TcpStream,
    peer: SocketAddr,
    limits: Limits,
) -> Result<(Request, Connection, Arc<Activity>), Refusal> {
    // Nagle's algorithm holds no command back: each is written when the reply to the last has been read.
    let mut inbound = Inbound::new();
    let request = timeout(limits.header_time_max, read_request(&mut stream, &mut inbound, &limits))
        .await
        .map_err(|_| Refusal::TooLate(limits.header_time_max))??;
    let activity = Activity::new();
    let connection = Connection::new(stream, peer, inbound, limits, Arc::clone(&activity));
    Ok((request, connection, activity))
}

async fn read_request(
    stream: &mut TcpStream,
    inbound: &mut Inbound,
    limits: &Limits,
) -> Result<Request, Refusal> {
    let mut scan = HeaderScan::default();
    loop {
        if !inbound.fill(stream).await? {
            let nothing = inbound.unread().is_empty();
            return Err(if nothing { Refusal::Nothing } else { RequestError::Incomplete.into() });
        }
        if let Some(end) = scan.advance(inbound.unread(), limits)? {
            let request = Request::read(&inbound.unread()[..end])?;
            inbound.consume(end);
            return Ok(request);
        }
    }
}

/// Waits for the conversations, and cuts off those that take too long.
async fn finish(mut conversations: JoinSet<()>, time_max: Duration) -> Stopped {
    let deadline = tokio::time::Instant::now() + time_max;
    while let Ok(Some(ended)) = timeout_at(deadline, conversations.join_next()).await {
        report_panic(ended);
    }
    let cut_off = conversations.len();
    conversations.shutdown().await;
    if cut_off > 0 {
        warn!(cut_off, "Stopped before all conversations were finished");
    }
    Stopped { cut_off }
}

fn report_end(peer: SocketAddr, answered: Result<(), HandlerError>) {
    match answered {
        Ok(()) => {}
        Err(error) if error.downcast_ref::<Error>().is_some_and(Error::is_hangup) => {
            debug!(%peer, "The caller hung up");
        }
        Err(error) => warn!(%peer, error, "The script failed: {error}"),
    }
}

fn report_panic(ended: Result<(), JoinError>) {
    if let Err(panic) = ended {
        error!(%panic, "A script panicked; its connection is closed");
    }
}
