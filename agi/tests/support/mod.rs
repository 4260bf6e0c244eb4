//! A pretend Asterisk on a real loopback socket.

#![allow(dead_code, unreachable_pub, reason = "every test file includes this module and uses a part of it")]

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use agi::{Connection, Handler, Request, Server, ServerBuilder, Stopped};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here takes; reaching it means that something hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The header that Asterisk 22 sends for `AGI(agi://127.0.0.1:4573/flow/42?x=1,one,two)`.
pub const HEADER: &str = "agi_network: yes\n\
    agi_network_script: flow/42?x=1\n\
    agi_request: agi://127.0.0.1:4573/flow/42?x=1\n\
    agi_channel: PJSIP/alice-00000001\n\
    agi_language: en\n\
    agi_type: PJSIP\n\
    agi_uniqueid: 1700000000.1\n\
    agi_version: 22.10.1\n\
    agi_callerid: +33199000001\n\
    agi_calleridname: unknown\n\
    agi_callingpres: 0\n\
    agi_callingani2: 0\n\
    agi_callington: 0\n\
    agi_callingtns: 0\n\
    agi_dnid: +33199000002\n\
    agi_rdnis: unknown\n\
    agi_context: from-trunk\n\
    agi_extension: 100\n\
    agi_priority: 3\n\
    agi_enhanced: 0.0\n\
    agi_accountcode: \n\
    agi_threadid: 140000000000000\n\
    agi_arg_1: one\n\
    agi_arg_2: two\n\
    \n";

/// The other side of a conversation.
pub struct Asterisk {
    stream: BufReader<TcpStream>,
}

impl Asterisk {
    pub async fn connect(address: SocketAddr) -> Self {
        Asterisk { stream: BufReader::new(TcpStream::connect(address).await.unwrap()) }
    }

    pub async fn send(&mut self, text: impl AsRef<[u8]>) {
        assert!(self.try_send(text).await, "the server still listens");
    }

    /// False once the server has closed the connection.
    pub async fn try_send(&mut self, text: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(text.as_ref()).await.is_ok()
    }

    /// The next command, without its line end; empty at the end of the stream.
    pub async fn command(&mut self) -> String {
        let mut line = String::new();
        timeout(PATIENCE, self.stream.read_line(&mut line)).await.expect("a command arrives").unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Expects one command and sends the reply.
    pub async fn answer(&mut self, command: &str, reply: &str) {
        assert_eq!(self.command().await, command);
        self.send(format!("{reply}\n")).await;
    }

    /// Waits until the server has closed the connection, and returns what it sent before.
    pub async fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end as well: the server closed with something of ours unread.
        let end = timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await;
        let _ = end.expect("the server closes the connection");
        rest
    }
}

/// A server with its handler at work.
pub struct Running {
    pub address: SocketAddr,
    pub stop: oneshot::Sender<()>,
    pub stopped: JoinHandle<Stopped>,
}

pub async fn serve(settings: ServerBuilder, handler: impl Handler) -> Running {
    let server = settings.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let (stop, asked) = oneshot::channel::<()>();
    let asked = async move {
        match asked.await {
            Ok(()) => {}
            Err(_) => pending().await,
        }
    };
    Running { address, stop, stopped: tokio::spawn(server.serve(handler, asked)) }
}

/// A handler that hands each connection to the test.
pub fn hand_over() -> (impl Handler, mpsc::UnboundedReceiver<(Request, Connection)>) {
    let (give, take) = mpsc::unbounded_channel();
    let handler = move |request, connection| {
        let given = give.send((request, connection));
        async move { given.map_err(|_| "the test is over") }
    };
    (handler, take)
}

/// One conversation, with the test in the place of the script.
pub async fn conversation_with(settings: ServerBuilder, header: &str) -> (Request, Connection, Asterisk) {
    let (handler, mut taken) = hand_over();
    let running = serve(settings, handler).await;
    let mut asterisk = Asterisk::connect(running.address).await;
    asterisk.send(header).await;
    let (request, connection) = timeout(PATIENCE, taken.recv()).await.expect("the request arrives").unwrap();
    (request, connection, asterisk)
}

pub async fn conversation() -> (Request, Connection, Asterisk) {
    conversation_with(Server::builder(), HEADER).await
}
