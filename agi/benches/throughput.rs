//! Requests per second on loopback, beside two other FastAGI servers for Rust in the same run:
//! `cargo bench -p cadran-agi --bench throughput`.
//!
//! One request is a new connection, the header that Asterisk sends, one `SET VARIABLE` with its reply, and the end
//! of the connection. The pretend Asterisk runs in this process too, so the machine does the work of both sides. The
//! servers take turns, round by round, so that a machine that slows down slows all of them.

#![allow(clippy::print_stdout, reason = "printing the result is what it is for")]

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use agi::{Connection, Request, Server};
use asterisk_rs_agi::{AgiChannel, AgiHandler, AgiRequest, AgiServer};
use blazing_agi::command::SetVariable;
use blazing_agi::router::Router;
use blazing_agi::{AGIError, AGIRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const CALLERS: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);

const HEADER: &[u8] = b"agi_network: yes\nagi_network_script: route?x=1\n\
    agi_request: agi://127.0.0.1:4573/route?x=1\nagi_channel: PJSIP/trunk-0000002a\nagi_language: en\n\
    agi_type: PJSIP\nagi_uniqueid: 1700000000.42\nagi_version: 22.10.1\nagi_callerid: +33199000001\n\
    agi_calleridname: unknown\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n\
    agi_callingtns: 0\nagi_dnid: +33199000002\nagi_rdnis: unknown\nagi_context: from-trunk\n\
    agi_extension: 33199000002\nagi_priority: 2\nagi_enhanced: 0.0\nagi_accountcode: \n\
    agi_threadid: 140000000000000\nagi_arg_1: one\n\n";

/// What every server's script sends; some quote where none is needed.
const COMMANDS: [&[u8]; 2] =
    [b"SET VARIABLE DESTINATION 33199000002\n", b"SET VARIABLE \"DESTINATION\" \"33199000002\"\n"];

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let servers = [
        ("agi", ours().await?),
        ("asterisk-rs-agi", asterisk_rs().await?),
        ("blazing_agi", blazing().await?),
    ];
    for round in 1..=ROUNDS {
        for (name, address) in servers {
            let rate = requests_per_second(address).await?;
            println!(
                "{name}: {rate:.0} requests/s with {CALLERS} callers at once, round {round} of {ROUNDS}"
            );
        }
    }
    Ok(())
}

async fn ours() -> Result<SocketAddr, Failure> {
    let server = Server::bind("127.0.0.1:0").await?;
    let address = server.local_addr()?;
    tokio::spawn(server.serve(route, std::future::pending()));
    Ok(address)
}

async fn route(request: Request, mut connection: Connection) -> agi::Result<()> {
    connection.set_variable("DESTINATION", request.extension()).await
}

struct AsteriskRsRoute;

impl AgiHandler for AsteriskRsRoute {
    async fn handle(
        &self,
        request: AgiRequest,
        mut channel: AgiChannel,
    ) -> asterisk_rs_agi::error::Result<()> {
        let extension = request.extension().unwrap_or_default().to_owned();
        channel.set_variable("DESTINATION", &extension).await?;
        Ok(())
    }
}

async fn asterisk_rs() -> Result<SocketAddr, Failure> {
    let (server, shutdown) =
        AgiServer::builder().bind("127.0.0.1:0").handler(AsteriskRsRoute).build().await?;
    let address = server.local_addr()?;
    tokio::spawn(async move {
        // Dropping the handle would stop the server.
        let _shutdown = shutdown;
        server.run().await
    });
    Ok(address)
}

#[derive(Debug)]
struct BlazingRoute;

#[async_trait::async_trait]
impl blazing_agi::handler::AGIHandler for BlazingRoute {
    async fn handle(
        &self,
        connection: &mut blazing_agi::connection::Connection,
        request: &AGIRequest,
    ) -> Result<(), AGIError> {
        let extension = request.variables.extension.clone();
        connection.send_command(SetVariable::new("DESTINATION".to_owned(), extension)).await?;
        Ok(())
    }
}

async fn blazing() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/route", BlazingRoute);
    // It ends with the process; its error cannot leave the task.
    tokio::spawn(async move { drop(blazing_agi::serve::serve(listener, router).await) });
    Ok(address)
}

async fn requests_per_second(address: SocketAddr) -> Result<f64, Failure> {
    let begun = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call_until(address, begun + ROUND));
    }
    let mut requests = 0;
    while let Some(caller) = callers.join_next().await {
        requests += caller??;
    }
    Ok(f64::from(requests) / begun.elapsed().as_secs_f64())
}

async fn call_until(address: SocketAddr, end: Instant) -> Result<u32, Failure> {
    let mut requests = 0;
    while Instant::now() < end {
        call(address).await?;
        requests += 1;
    }
    Ok(requests)
}

/// One request, as Asterisk makes it.
async fn call(address: SocketAddr) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(HEADER).await?;
    let mut received = [0; 128];
    let count = stream.read(&mut received).await?;
    if !COMMANDS.contains(&&received[..count]) {
        return Err(format!("the script sent {:?}", String::from_utf8_lossy(&received[..count])).into());
    }
    stream.write_all(b"200 result=1\n").await?;
    match stream.read(&mut received).await {
        Ok(0) => Ok(()),
        Ok(_) => Err("the script did not end".into()),
        // A server that closes with our reply unread resets the connection: an end all the same.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => Ok(()),
        Err(error) => Err(error.into()),
    }
}
