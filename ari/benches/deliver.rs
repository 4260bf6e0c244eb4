//! How many events per second one core takes from a WebSocket to the consumer, decoded.
//!
//! A pretend Asterisk in a thread of its own floods the client with the frames of real calls over loopback TCP. The
//! client has one thread, whose CPU time is what counts. `cargo bench -p cadran-ari --bench deliver`
#![allow(clippy::print_stdout, reason = "the number is the result")]

use std::net::TcpListener;
use std::thread;
use std::time::Instant;

use ari::{Client, Config, Delivery};
use tokio_tungstenite::tungstenite::{self, Message};

const FRAMES: &str = include_str!("frames.jsonl");
const EVENTS: usize = 1_000_000;
const GOAL: f64 = 150_000.0;

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the port just bound");
    thread::spawn(move || flood(&listener));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = Config::new(format!("http://{address}"), "user", "password", "bench");
    let (events, seconds, cpu_seconds) = runtime.block_on(consume(config));
    let rate = events as f64 / cpu_seconds;
    println!("{events} events in {seconds:.2} s, {cpu_seconds:.2} s of CPU: {rate:.0} events/s on one core");
    assert!(rate >= GOAL, "the goal is {GOAL} events/s");
}

/// Takes every event, and says how long it took by the clock and by the CPU.
async fn consume(config: Config) -> (usize, f64, f64) {
    let (_client, mut deliveries) = Client::connect(config).expect("a good configuration");
    let mut received = 0;
    let mut begun = None;
    while received < EVENTS {
        match deliveries.next().await {
            Some(Delivery::Connected(_)) => begun = Some((Instant::now(), cpu_seconds())),
            Some(Delivery::Event(_)) => received += 1,
            other => panic!("not an event: {other:?}"),
        }
    }
    let (clock, cpu) = begun.expect("the connection comes first");
    (received, clock.elapsed().as_secs_f64(), cpu_seconds() - cpu)
}

/// Answers the greeting, then says all it can.
fn flood(listener: &TcpListener) {
    let (stream, _) = listener.accept().expect("the client");
    let mut socket = tungstenite::accept(stream).expect("an upgrade");
    loop {
        let Ok(Message::Text(request)) = socket.read() else {
            continue;
        };
        let request: serde_json::Value = serde_json::from_str(&request).expect("a request");
        let reply = serde_json::json!({
            "type": "RESTResponse", "transaction_id": "", "request_id": request["request_id"],
            "status_code": 200, "reason_phrase": "OK", "uri": request["uri"], "message_body": "{}",
        });
        socket.send(Message::text(reply.to_string())).expect("the greeting");
        break;
    }
    for frame in FRAMES.lines().cycle().take(EVENTS) {
        if socket.write(Message::text(frame)).is_err() {
            return; // the client has what it wanted
        }
    }
    let _ = socket.flush();
    while socket.read().is_ok() {}
}

/// CPU time of this thread in seconds, from the kernel's nanosecond count (proc(5), `schedstat`).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux with schedstat");
    let nanoseconds: u64 =
        text.split_whitespace().next().and_then(|first| first.parse().ok()).expect("a count");
    nanoseconds as f64 / 1e9
}
