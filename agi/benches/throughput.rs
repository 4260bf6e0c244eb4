//! Requests per second on loopback, beside two other FastAGI servers for Rust in the same run:
//! `cargo bench -p cadran-agi --bench throughput`.
//!
//! One request is a new connection, the header that Asterisk sends, one `SET VARIABLE` with its reply, and the end
//! of the connection. Each server has a thread of its own, and the pretend Asterisk another. Two figures are told of
//! each server: what went through by the clock, which a busy machine slows down, and what its thread does in a second
//! of processor time, which says who needs less for the same. The servers take turns in many short rounds, so that
//! whatever happens to the machine happens to all of them.

#![allow(clippy::print_stdout, reason = "printing the result is what it is for")]

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use agi::{Connection, Request, Server};
use asterisk_rs_agi::{AgiChannel, AgiHandler, AgiRequest, AgiServer};
use blazing_agi::command::SetVariable;
use blazing_agi::router::Router;
use blazing_agi::{AGIError, AGIRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::task::JoinSet;

const CALLERS: u32 = 64;
const ROUNDS: usize = 15;
/// Of each caller in a round.
const REQUESTS: u32 = 250;

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let servers = [
        ("agi", Served::start(ours)?),
        ("asterisk-rs-agi", Served::start(asterisk_rs)?),
        ("blazing_agi", Served::start(blazing)?),
    ];
    for round in 1..=ROUNDS {
        for (name, server) in &servers {
            let (by_clock, by_processor) = server.requests_per_second().await?;
            println!(
                "{name}: {by_clock:.0} requests/s, {by_processor:.0} per second of processor time, round {round}"
            );
        }
    }
    Ok(())
}

/// A server on a thread of its own.
struct Served {
    address: SocketAddr,
    /// What the kernel says of its thread.
    schedstat: PathBuf,
}

impl Served {
    fn start<F>(serve: fn(mpsc::Sender<SocketAddr>) -> F) -> Result<Served, Failure>
    where
        F: Future<Output = Result<(), Failure>> + 'static,
    {
        let (tell_thread, thread) = mpsc::channel();
        let (tell_address, address) = mpsc::channel();
        thread::spawn(move || -> Result<(), Failure> {
            tell_thread.send(fs::read_link("/proc/thread-self")?)?;
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(serve(tell_address))
        });
        let schedstat = PathBuf::from("/proc").join(thread.recv()?).join("schedstat");
        Ok(Served { address: address.recv()?, schedstat })
    }

    /// By the clock, and by the processor time of its thread.
    async fn requests_per_second(&self) -> Result<(f64, f64), Failure> {
        let (begun, used) = (Instant::now(), self.processor_time()?);
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(requests(self.address));
        }
        while let Some(caller) = callers.join_next().await {
            caller??;
        }
        let requests = f64::from(CALLERS * REQUESTS);
        Ok((
            requests / begun.elapsed().as_secs_f64(),
            requests / (self.processor_time()? - used).as_secs_f64(),
        ))
    }

    /// Of the whole life of its thread; exact whenever it waits.
    fn processor_time(&self) -> Result<Duration, Failure> {
        let stat = fs::read_to_string(&self.schedstat)?;
        let nanoseconds = stat.split_whitespace().next().ok_or("an empty schedstat")?;
        Ok(Duration::from_nanos(nanoseconds.parse()?))
    }
}

async fn requests(address: SocketAddr) -> Result<(), Failure> {
    for _ in 0..REQUESTS {
        request(address).await?;
    }
    Ok(())
}

/// One request, as Asterisk makes it.
async fn request(address: SocketAddr) -> Result<(), Failure> {
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

async fn ours(tell: mpsc::Sender<SocketAddr>) -> Result<(), Failure> {
    let server = Server::bind("127.0.0.1:0").await?;
    tell.send(server.local_addr()?)?;
    let stopped = server.serve(route, std::future::pending()).await;
    Err(format!("agi ended: {stopped:?}").into())
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

async fn asterisk_rs(tell: mpsc::Sender<SocketAddr>) -> Result<(), Failure> {
    // Dropping the handle would stop the server.
    let (server, _stop) = AgiServer::builder().bind("127.0.0.1:0").handler(AsteriskRsRoute).build().await?;
    tell.send(server.local_addr()?)?;
    Ok(server.run().await?)
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

async fn blazing(tell: mpsc::Sender<SocketAddr>) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    tell.send(listener.local_addr()?)?;
    blazing_agi::serve::serve(listener, Router::new().route("/route", BlazingRoute))
        .await
        .map_err(|error| format!("blazing_agi ended: {error:?}").into())
}
